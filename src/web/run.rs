use super::still;
use crate::kafka::time::Time;
use crate::world::EPOCH;
use crate::world::action::Action;
use crate::world::view::WorldView;

pub struct Run {
    now: Time,
}
impl Run {
    pub fn start(_text: &str, _name: &str, _seed: Option<u64>) -> Result<Self, String> {
        Ok(Self { now: EPOCH })
    }
    pub fn title(&self) -> String {
        "First light".into()
    }
    pub fn now(&self) -> Time {
        self.now
    }
    pub fn advance(&mut self, target: Time, _more: &mut dyn FnMut() -> bool) -> bool {
        self.now = target;
        true
    }
    pub fn step(&mut self) {
        self.now = self.now.plus_millis(100);
    }
    pub fn view(&self) -> WorldView {
        still::view(self.now)
    }
    pub fn act(&mut self, a: Action) -> Result<(), String> {
        Err(format!("{a:?}"))
    }
    pub fn line(&mut self, _line: &str) -> Result<(), String> {
        Ok(())
    }
    pub fn sentences(&mut self) -> Vec<String> {
        vec![]
    }
    pub fn seek(&mut self, us: i64) -> Result<(), String> {
        self.now = EPOCH.plus_micros(us);
        Ok(())
    }
    pub fn hash(&self) -> u64 {
        0
    }
    pub fn events(&self) -> u64 {
        0
    }
}
