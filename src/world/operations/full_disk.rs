//! A broker's disk has little or no room left.

use super::prelude::*;
use super::units::number;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FullDisk {
    pub node: Arc<str>,
    /// This many bytes are free from now on; `None` heals.
    pub free: Option<u64>,
}

impl Operation for FullDisk {
    type Checked = NodeId;

    const KEYWORD: &'static str = "full-disk";
    const DRAWS: &'static [Draw] = &[Draw {
        name: "full disk",
        on: On::Broker,
        exclusive: true,
        profiles: &["swarm", "power"],
        stream: Stream::Shared,
        draw: |dice, node| {
            let free = dice.between(0, 20_000);
            Trouble::passing(Self { node: node.clone(), free: Some(free) })
        },
    }];

    fn read(words: &mut Words) -> Parsed<Self> {
        let node = words.name("the broker's name")?;
        let token = words.word("free=BYTES or healed")?;
        let free = match (token.text.as_str(), token.pair()) {
            ("healed", _) => None,
            (_, Some(("free", "=", bytes))) => Some(words.checked(&token, number(bytes))?),
            _ => return words.fail(token.column, "free=BYTES or healed is expected"),
        };
        Ok(Self { node, free })
    }

    fn write(&self, line: &mut Line) {
        line.word(&self.node);
        match self.free {
            Some(free) => line.pair("free", &free.to_string()),
            None => line.raw("healed"),
        }
    }

    fn check(&self, world: &World) -> Result<NodeId, ActionError> {
        Ok(world.broker_node(&self.node)?.0.meta.id)
    }

    fn apply(self, world: &mut World, id: NodeId) {
        world.with_broker(id, |broker| {
            let disk = broker.disk_mut();
            disk.set_capacity(self.free.map(|free| disk.used().saturating_add(free)));
        });
    }

    fn describe(&self, _: &World) -> Narration {
        let text = match self.free {
            None => format!("{} has room on its disk again.", self.node),
            Some(free) => format!("{} has {free} bytes left on its disk.", self.node),
        };
        Narration::Says(1, text)
    }

    fn subjects(&self) -> Vec<Subject<'_>> {
        vec![Subject::Node(&self.node)]
    }

    fn conditions(&self) -> Vec<Condition> {
        Condition::hinders(Ailment::DiskSpace(self.node.clone()), self.free.is_some())
    }

    fn remedy(&self) -> Vec<Action> {
        // A broker whose disk has failed has ended.
        let node = self.node.clone();
        vec![Self { node: node.clone(), free: None }.into(), super::Restart { node }.into()]
    }

    fn fault(&self) -> Option<&'static str> {
        Some("full disk")
    }

    fn hurts(&self) -> bool {
        self.free.is_some()
    }

    fn menu(menu: &mut Menu<'_>) {
        let Some((broker, process)) = menu.broker_process() else { return };
        let full = |free| Self { node: broker.name.clone(), free };
        if process.is_settled() {
            menu.item(Group::Disk, "Fill the disk", "Not a byte is free", full(Some(0)));
        }
        if broker.disk_free == 0 {
            menu.item(Group::Disk, "Free the disk", "There is room again", full(None));
        }
    }

    #[cfg(test)]
    fn any() -> BoxedStrategy<Self> {
        (name(), any::<Option<u64>>()).prop_map(|(node, free)| Self { node, free }).boxed()
    }
}
