//! One record by hand, from an existing producer app.

use super::form::Form;
use super::prelude::*;
use super::settings::MAX_VALUE_BYTES;
use super::units::quoted;
use crate::world::ProcessState;
use crate::world::nodes::Machine;
use crate::world::target::Target;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Produce {
    pub name: Arc<str>,
    pub key: Option<Arc<str>>,
    /// `None`: a tombstone.
    pub value: Option<Arc<str>>,
}

impl Operation for Produce {
    type Checked = NodeId;

    const KEYWORD: &'static str = "send";
    const DRAWS: &'static [Draw] = &[Draw {
        name: "record by hand",
        on: On::Client,
        exclusive: false,
        profiles: &["swarm", "settings"],
        stream: Stream::Own { one_in: 2 },
        draw: |dice, _| {
            let key = dice.rng.chance(1, 2).then(|| format!("key-{}", dice.between(0, 5)).into());
            dice.producer()
                .map_or_else(Trouble::default, |spec| Trouble::lasting(Self { name: spec.name, key, value: Some("by hand".into()) }))
        },
    }];

    fn read(words: &mut Words) -> Parsed<Self> {
        let name = words.name("the client's name")?;
        let pairs = words.pairs(&["key", "value"], false)?;
        let text = |text: &str| Ok(Arc::from(text));
        Ok(Self { name, key: pairs.get("key", text)?, value: pairs.get("value", text)? })
    }

    fn write(&self, line: &mut Line) {
        line.word(&self.name);
        for (what, text) in [("key", &self.key), ("value", &self.value)] {
            if let Some(text) = text {
                line.pair(what, text);
            }
        }
    }

    fn check(&self, world: &World) -> Result<NodeId, ActionError> {
        let node = world.producer_node(&self.name)?;
        if node.meta.state != ProcessState::Running {
            return Err(wrong_state(node, "only a running producer can send"));
        }
        let bytes = |text: &Option<Arc<str>>| text.as_ref().map_or(0, |text| text.len() as u64);
        if bytes(&self.key) + bytes(&self.value) > u64::from(MAX_VALUE_BYTES) {
            return Err(invalid(format!("key and value have at most {MAX_VALUE_BYTES} bytes")));
        }
        Ok(node.meta.id)
    }

    fn apply(self, world: &mut World, id: NodeId) {
        world.with_node(id, |node, core| {
            let now = node.clock(core.now);
            if let Machine::Producer(app) = &mut node.machine {
                app.by_hand(now, self.key, self.value);
            }
            node.settle(core);
        });
    }

    fn describe(&self, _: &World) -> Narration {
        let text = match &self.key {
            Some(key) => format!("{} is handed one record with the key {key}.", self.name),
            None => format!("{} is handed one record without a key.", self.name),
        };
        Narration::Says(1, text)
    }

    fn subjects(&self) -> Vec<Subject<'_>> {
        vec![Subject::Node(&self.name)]
    }

    fn conditions(&self) -> Vec<Condition> {
        Vec::new()
    }

    fn remedy(&self) -> Vec<Action> {
        Vec::new()
    }

    fn fault(&self) -> Option<&'static str> {
        None
    }

    fn hurts(&self) -> bool {
        false
    }

    fn menu(menu: &mut Menu<'_>) {
        if menu.producer().is_some() && menu.process().is_some_and(|(_, process)| process == Process::Running) {
            menu.ask::<Self>(Group::Records, "Send one record…", "With a key and a value of yours", |_, target| {
                let Target::Producer(name) = target else { return None };
                let rows = [("key", "", "Nothing: no key", &[][..]), ("value", "", "Nothing: a tombstone", &[])];
                Some(Form::new(name, "", format!("{} {}", Self::KEYWORD, quoted(name)), &rows))
            });
        }
    }

    #[cfg(test)]
    fn any() -> BoxedStrategy<Self> {
        (name(), text(), text()).prop_map(|(name, key, value)| Self { name, key, value }).boxed()
    }
}
