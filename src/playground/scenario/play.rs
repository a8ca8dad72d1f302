//! Playing a scenario: its actions are done through the one door when their times come, its expectations checked.

use super::{Comparison, Expect, Scenario, Subject};
use crate::kafka::time::Time;
use crate::world::action::ActionError;
use crate::world::event::EventId;
use crate::world::operations::Action;
use crate::world::view::{SinkState, WorldView};
use crate::world::{EPOCH, World};
use std::sync::Arc;

/// Microseconds that the brokers have at most to come up, and then the setup's topics to come into being.
const SETUP_LIMIT_US: i64 = 60_000_000;

/// An action of the file that could not be done when its time came.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failure {
    /// Microseconds since the run's beginning.
    pub at: i64,
    pub action: Action,
    pub error: ActionError,
}

/// What came of an expectation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Verdict {
    pub expect: Expect,
    pub held: bool,
    /// What there was instead: `state=Empty members=0`, or that there is no such thing.
    pub found: String,
}

/// A world and how far its scenario has been played. Anyone may act on the world in between; it is the same history.
#[derive(Clone, Debug)]
pub struct Playback {
    scenario: Arc<Scenario>,
    world: World,
    next_action: u32,
    next_expect: u32,
    failures: Vec<Failure>,
    verdicts: Vec<Verdict>,
}

/// The world after the setup: once the controller counts all brokers in, topics are made, and the other actions at 0 follow once the
/// cluster has answered.
pub(super) fn start(scenario: &Scenario) -> Result<(World, Vec<Failure>), ActionError> {
    let mut world = World::new(scenario.genesis.clone())?;
    let mut failures = Vec::new();
    let is_topic = |action: &Action| matches!(action, Action::CreateTopic(_));
    let setup = || scenario.actions.iter().take_while(|(at, _)| *at == 0).map(|(_, action)| action);
    let limit = EPOCH.plus_micros(SETUP_LIMIT_US);
    while !world.brokers_settled() && world.now() < limit && world.step().is_some() {}
    for action in setup().filter(|action| is_topic(action)) {
        act(&mut world, action, &mut failures);
    }
    let limit = world.now().plus_micros(SETUP_LIMIT_US);
    while !world.topics_settled() && world.now() < limit && world.step().is_some() {}
    for action in setup().filter(|action| !is_topic(action)) {
        act(&mut world, action, &mut failures);
    }
    Ok((world, failures))
}

fn act(world: &mut World, action: &Action, failures: &mut Vec<Failure>) {
    if let Err(error) = world.act(action.clone()) {
        failures.push(Failure { at: world.now().micros_since(EPOCH), action: action.clone(), error });
    }
}

impl Playback {
    /// Starts the scenario.
    ///
    /// # Errors
    /// When the world itself cannot be made. Actions that cannot be done are `failures`.
    pub fn new(scenario: Scenario) -> Result<Self, ActionError> {
        let (world, failures) = start(&scenario)?;
        let done = scenario.actions.iter().take_while(|(at, _)| *at == 0).count();
        Ok(Self {
            scenario: Arc::new(scenario),
            world,
            next_action: u32::try_from(done).unwrap_or(u32::MAX),
            next_expect: 0,
            failures,
            verdicts: Vec::new(),
        })
    }

    pub fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    pub fn world(&self) -> &World {
        &self.world
    }

    /// For actions of people beside those of the file.
    pub fn world_mut(&mut self) -> &mut World {
        &mut self.world
    }

    /// Actions of the file that could not be done.
    pub fn failures(&self) -> &[Failure] {
        &self.failures
    }

    /// Expectations whose time has come.
    pub fn verdicts(&self) -> &[Verdict] {
        &self.verdicts
    }

    /// When the file's run ends.
    pub fn end(&self) -> Time {
        EPOCH.plus_micros(self.scenario.run_for)
    }

    /// The latest note whose time has come.
    pub fn note(&self) -> Option<&str> {
        let now = self.world.now().micros_since(EPOCH);
        self.scenario.notes.iter().rev().find(|(at, _)| *at <= now).map(|(_, text)| text.as_str())
    }

    pub(crate) fn next_action(&self) -> Option<(Time, &Action)> {
        let (at, action) = self.scenario.actions.get(usize::try_from(self.next_action).ok()?)?;
        Some((EPOCH.plus_micros(*at), action))
    }

    fn next_expect(&self) -> Option<(Time, &Expect)> {
        let expect = self.scenario.expects.get(usize::try_from(self.next_expect).ok()?)?;
        Some((EPOCH.plus_micros(expect.at), expect))
    }

    /// Runs up to and including `until`, with the file's actions and expectations on the way.
    pub fn run_until(&mut self, until: Time) {
        loop {
            let action = self.next_action().map(|(at, _)| at).filter(|at| *at <= until);
            let expect = self.next_expect().map(|(at, _)| at).filter(|at| *at <= until);
            match (action, expect) {
                (Some(at), other) if other.is_none_or(|expect| at <= expect) => self.do_next_action(at),
                (_, Some(at)) => self.check_next(at),
                _ => break,
            }
        }
        self.world.run_until(until);
    }

    /// The next turn, if it comes by `until`: the world's, or what the file does or expects when that comes first.
    pub fn turn(&mut self, until: Time) -> bool {
        let action = self.next_action().map(|(at, _)| at.max(self.world.now()));
        let expect = self.next_expect().map(|(at, _)| at);
        if self.world.turn(earlier(action, expect).map_or(until, |at| at.min(until))) {
            return true;
        }
        match (action.filter(|at| *at <= until), expect.filter(|at| *at <= until)) {
            (Some(at), other) if other.is_none_or(|expect| at <= expect) => self.do_next_action(at),
            (_, Some(at)) => self.check_next(at),
            _ => return false,
        }
        true
    }

    /// `run_until` with a look at the world after each event, for a judge.
    pub fn watch_until(&mut self, until: Time, look: &mut dyn FnMut(&World)) {
        while self.turn(until) {
            look(&self.world);
        }
        self.world.run_until(until);
        look(&self.world);
    }

    /// A copy without the events that the world keeps: `World::restore_events` brings those of a run back.
    pub fn without_events(&self) -> Self {
        Self {
            scenario: self.scenario.clone(),
            world: self.world.without_events(),
            failures: self.failures.clone(),
            verdicts: self.verdicts.clone(),
            ..*self
        }
    }

    /// The next event: the world's, or the file's next action when that comes first.
    pub fn step(&mut self) -> Option<EventId> {
        loop {
            let world = self.world.next_deadline().map(|(at, _)| at);
            let action = self.next_action().map(|(at, _)| at.max(self.world.now()));
            let expect = self.next_expect().map(|(at, _)| at);
            let first_action = action.filter(|at| world.is_none_or(|world| *at < world));
            let next = first_action.or(world);
            if let Some(at) = expect
                && next.is_none_or(|next| at < next)
            {
                self.check_next(at);
                continue;
            }
            let Some(at) = first_action else { return self.world.step() };
            let before = self.world.history().len();
            self.do_next_action(at);
            if self.world.history().len() > before {
                return self.world.events().last().map(|event| event.id);
            }
        }
    }

    fn do_next_action(&mut self, at: Time) {
        self.world.run_until(at);
        if let Some((_, action)) = self.next_action() {
            let action = action.clone();
            act(&mut self.world, &action, &mut self.failures);
        }
        self.next_action += 1;
    }

    fn check_next(&mut self, at: Time) {
        self.world.run_until(at);
        if let Some((_, expect)) = self.next_expect() {
            let verdict = judge(expect, &self.world.view());
            self.verdicts.push(verdict);
        }
        self.next_expect += 1;
    }
}

fn earlier(a: Option<Time>, b: Option<Time>) -> Option<Time> {
    a.into_iter().chain(b).min()
}

/// A field as the file writes it.
fn field(view: &WorldView, what: Subject, name: &str, field: &str) -> Option<String> {
    match what {
        Subject::Group => {
            let group = view.groups.iter().find(|group| &*group.group == name)?;
            Some(match field {
                "state" => group.state.to_string(),
                "type" => group.group_type.to_owned(),
                "members" => group.members.len().to_string(),
                "generation" => group.generation.to_string(),
                _ => view.group_lag(group).to_string(),
            })
        }
        Subject::Consumer => {
            let consumer = view.consumers.iter().find(|consumer| &*consumer.name == name)?;
            Some(match field {
                "state" => consumer.state.name().to_owned(),
                "client" => consumer.client_state.to_string(),
                "handled" => consumer.handled.to_string(),
                "duplicates" => consumer.duplicates.to_string(),
                "failed" => consumer.failed.to_string(),
                "backlog" => consumer.backlog.to_string(),
                _ => consumer.assignment.len().to_string(),
            })
        }
        Subject::Producer => {
            let producer = view.producers.iter().find(|producer| &*producer.name == name)?;
            Some(match field {
                "state" => producer.state.name().to_owned(),
                "sent" => producer.sent.to_string(),
                "acked" => producer.acked.to_string(),
                "failed" => producer.failed.to_string(),
                _ => producer.pending.to_string(),
            })
        }
        Subject::Topic => {
            let partitions = || view.partitions.iter().filter(|state| &*state.view.topic == name);
            partitions().next()?;
            Some(match field {
                "partitions" => partitions().count().to_string(),
                "isr" => partitions().map(|state| state.view.isr.len()).min().unwrap_or(0).to_string(),
                "leaderless" => partitions().filter(|state| state.view.leader < 0).count().to_string(),
                _ => partitions().map(|state| state.view.end_offset - state.view.log_start_offset).sum::<i64>().to_string(),
            })
        }
        Subject::Partition => {
            let (topic, number) = name.rsplit_once('-')?;
            let number = number.parse::<i32>().ok()?;
            let found = view.partitions.iter().map(|state| &state.view).find(|view| &*view.topic == topic && view.partition == number)?;
            Some(match field {
                "leader" => found.leader.to_string(),
                "isr" => found.isr.len().to_string(),
                "epoch" => found.leader_epoch.to_string(),
                _ => (found.end_offset - found.log_start_offset).to_string(),
            })
        }
        Subject::Broker => {
            let broker = view.brokers.iter().find(|broker| &*broker.name == name)?;
            Some(match field {
                "state" => broker.state.name().to_owned(),
                "fenced" => u8::from(broker.fenced).to_string(),
                _ => u8::from(broker.is_controller).to_string(),
            })
        }
        Subject::Sink => view.sinks.iter().find(|sink| &*sink.owner == name).map(|sink| sink_field(sink, field)),
    }
}

fn sink_field(sink: &SinkState, field: &str) -> String {
    let number = match field {
        "rows" => sink.rows,
        "twice" => sink.twice,
        "ignored" => sink.ignored,
        "stale" => sink.stale,
        _ => sink.missing,
    };
    number.to_string()
}

fn judge(expect: &Expect, view: &WorldView) -> Verdict {
    let mut held = true;
    let mut found = Vec::new();
    for condition in &expect.conditions {
        let Some(value) = field(view, expect.what, &expect.name, &condition.field) else {
            let found = format!("there is no {} {}", expect.what.name(), expect.name);
            return Verdict { expect: expect.clone(), held: false, found };
        };
        let numbers = || Some((value.parse::<i64>().ok()?, condition.value.parse::<i64>().ok()?));
        held &= match condition.comparison {
            Comparison::Equal => numbers().map_or(value == condition.value, |(a, b)| a == b),
            Comparison::AtLeast => numbers().is_some_and(|(a, b)| a >= b),
            Comparison::AtMost => numbers().is_some_and(|(a, b)| a <= b),
        };
        found.push(format!("{}={value}", condition.field));
    }
    Verdict { expect: expect.clone(), held, found: found.join(" ") }
}

/// The event hash of a scenario file, run to its end.
///
/// # Errors
/// The file's error, or the first action that could not be done, in words.
pub fn scenario_hash(text: &str) -> Result<u64, String> {
    let scenario = Scenario::parse(text).map_err(|error| error.to_string())?;
    let mut playback = Playback::new(scenario).map_err(|error| error.to_string())?;
    playback.run_until(playback.end());
    match playback.failures.first() {
        Some(failure) => Err(failure.error.to_string()),
        None => Ok(playback.world.event_hash()),
    }
}
