//! Menus of the things on the stage: an item is an operation as its line, another menu, or a form that fills in a line.

use super::form::Form;
use super::{Action, Operation};
use crate::kafka::sorted_vec::insert_by_key;
use crate::world::target::Target;
use crate::world::view::{BrokerState, ConsumerState, PartitionState, ProducerState, WorldView};
use crate::world::{ProcessState, World};
use std::sync::Arc;

/// What a menu belongs to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum MenuTarget {
    At(Target),
    /// The links of a node.
    Links(Arc<str>),
}

/// The groups of a menu, in the order in which they stand in it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Group {
    Add,
    Topics,
    Brokers,
    Topic,
    Members,
    Protocol,
    Partitions,
    Leader,
    Replicas,
    ClientSettings,
    Records,
    Handler,
    Process,
    Disk,
    Clock,
    BrokerSettings,
    To,
    Cut,
    Slow,
    Network,
    WholeNetwork,
}

impl Group {
    pub fn name(self) -> &'static str {
        match self {
            Self::Add => "Add",
            Self::Topics => "Topics",
            Self::Brokers => "Brokers",
            Self::Topic => "Topic",
            Self::Members => "Members",
            Self::Protocol => "Protocol",
            Self::Partitions => "Partitions",
            Self::Leader => "Leader",
            Self::Replicas => "Replicas",
            Self::ClientSettings | Self::BrokerSettings => "Settings",
            Self::Records => "Records",
            Self::Handler => "Handler",
            Self::Process => "Process",
            Self::Disk => "Disk",
            Self::Clock => "Clock",
            Self::To => "To",
            Self::Cut => "Cut",
            Self::Slow => "Slow",
            Self::Network => "Network",
            Self::WholeNetwork => "Whole network",
        }
    }
}

/// What choosing a menu item does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Effect {
    /// Does this line of the scenario language, without its `at TIME`.
    Line(String),
    /// Opens another menu.
    Open(MenuTarget),
    /// Opens a form.
    Ask(Ask),
}

/// A form that an operation offers on a target: `form` makes it.
#[derive(Clone, Debug)]
pub struct Ask {
    /// The operation's keyword.
    pub operation: &'static str,
    pub target: Target,
    form: fn(&World, &Target) -> Option<Form>,
}

impl Ask {
    /// The same form of another target.
    pub fn of(&self, target: Target) -> Self {
        Self { target, ..*self }
    }
}

impl PartialEq for Ask {
    fn eq(&self, other: &Self) -> bool {
        (self.operation, &self.target) == (other.operation, &other.target)
    }
}

impl Eq for Ask {}

/// The form to fill in, with what holds now; `None` when its target has gone.
pub fn form(world: &World, ask: &Ask) -> Option<Form> {
    (ask.form)(world, &ask.target)
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MenuItem {
    /// Items of one group stand together under its name.
    pub group: &'static str,
    pub label: String,
    pub description: String,
    /// It does harm: drawn in the colour of errors.
    pub hurts: bool,
    /// It has a button of its own on its target, beside the menu.
    pub quick: bool,
    pub effect: Effect,
}

/// What a process is about, for its menu.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Process {
    Running,
    Paused,
    /// It is about to end: nothing can be done but wait.
    Stopping,
    Down,
}

impl Process {
    fn of(state: ProcessState) -> Self {
        match state {
            ProcessState::Running => Self::Running,
            ProcessState::Paused => Self::Paused,
            ProcessState::Stopping => Self::Stopping,
            _ => Self::Down,
        }
    }

    pub fn is_up(self) -> bool {
        matches!(self, Self::Running | Self::Paused)
    }

    /// Neither frozen nor about to stop.
    pub fn is_settled(self) -> bool {
        matches!(self, Self::Running | Self::Down)
    }
}

/// The menu of one target, while the operations put their items in.
#[derive(Debug)]
pub struct Menu<'a> {
    pub view: &'a WorldView,
    pub target: &'a Target,
    items: Vec<(Group, MenuItem)>,
}

impl<'a> Menu<'a> {
    pub fn new(view: &'a WorldView, target: &'a Target) -> Self {
        Self { view, target, items: Vec::new() }
    }

    /// The broker that the target is.
    pub fn broker(&self) -> Option<&'a BrokerState> {
        let Target::Broker(name) = self.target else { return None };
        self.view.brokers.iter().find(|broker| broker.name == *name)
    }

    pub fn producer(&self) -> Option<&'a ProducerState> {
        let Target::Producer(name) = self.target else { return None };
        self.view.producers.iter().find(|producer| producer.name == *name)
    }

    pub fn consumer(&self) -> Option<&'a ConsumerState> {
        let Target::Consumer(name) = self.target else { return None };
        self.view.consumers.iter().find(|consumer| consumer.name == *name)
    }

    pub fn partition(&self) -> Option<&'a PartitionState> {
        let Target::Partition(topic, n) = self.target else { return None };
        self.view.partitions.iter().find(|p| p.view.topic == *topic && p.view.partition == *n)
    }

    /// The target's process, if it is a broker or a client.
    pub fn process(&self) -> Option<(&'a Arc<str>, Process)> {
        let broker = self.broker().map(|broker| (&broker.name, broker.state));
        let producer = self.producer().map(|producer| (&producer.name, producer.state));
        let consumer = self.consumer().map(|consumer| (&consumer.name, consumer.state));
        broker.or(producer).or(consumer).map(|(name, state)| (name, Process::of(state)))
    }

    /// The process of a broker only.
    pub fn broker_process(&self) -> Option<(&'a BrokerState, Process)> {
        self.broker().map(|broker| (broker, Process::of(broker.state)))
    }

    /// The process of a client only.
    pub fn client_process(&self) -> Option<(&'a Arc<str>, Process)> {
        self.process().filter(|_| self.broker().is_none())
    }

    /// An operation, done as it is.
    pub fn item(&mut self, group: Group, label: &str, description: &str, action: impl Into<Action>) {
        self.push(group, label, description, false, action.into());
    }

    /// The same, with a button of its own.
    pub fn quick(&mut self, group: Group, label: &str, description: &str, action: impl Into<Action>) {
        self.push(group, label, description, true, action.into());
    }

    fn push(&mut self, group: Group, label: &str, description: &str, quick: bool, action: Action) {
        let (hurts, effect) = (action.hurts(), Effect::Line(action.line()));
        self.put(group, MenuItem { group: group.name(), label: label.into(), description: description.into(), hurts, quick, effect });
    }

    /// A form of the operation `O`.
    pub(in crate::world) fn ask<O: Operation>(
        &mut self,
        group: Group,
        label: &str,
        description: &str,
        form: fn(&World, &Target) -> Option<Form>,
    ) {
        let ask = Ask { operation: O::KEYWORD, target: self.target.clone(), form };
        self.plain(group, label, description, Effect::Ask(ask));
    }

    /// Another menu.
    pub fn open(&mut self, group: Group, label: &str, description: &str, target: MenuTarget) {
        self.plain(group, label, description, Effect::Open(target));
    }

    fn plain(&mut self, group: Group, label: &str, description: &str, effect: Effect) {
        let (label, description) = (label.into(), description.into());
        self.put(group, MenuItem { group: group.name(), label, description, hurts: false, quick: false, effect });
    }

    fn put(&mut self, group: Group, item: MenuItem) {
        // Group by group; within one, in the order of the operations.
        insert_by_key(&mut self.items, (group, item), |(group, _)| *group);
    }

    pub fn into_items(self) -> Vec<MenuItem> {
        self.items.into_iter().map(|(_, item)| item).collect()
    }
}

/// Names of clients.
fn clients(view: &WorldView) -> impl Iterator<Item = &Arc<str>> {
    view.producers.iter().map(|p| &p.name).chain(view.consumers.iter().map(|c| &c.name))
}

/// A name that no client has: `stem-3` after `stem-1` and `stem-2`.
pub fn fresh_client(view: &WorldView, stem: &str) -> Arc<str> {
    fresh(stem, &mut clients(view))
}

/// `stem-3` after `stem-1` and `stem-2`.
pub fn fresh(stem: &str, taken: &mut dyn Iterator<Item = &Arc<str>>) -> Arc<str> {
    let taken: Vec<&Arc<str>> = taken.collect();
    let mut n = 1_u32;
    loop {
        let name: Arc<str> = format!("{stem}-{n}").into();
        if !taken.contains(&&name) {
            return name;
        }
        n += 1;
    }
}

/// Topics of users, each once.
pub fn topics(view: &WorldView) -> Vec<Arc<str>> {
    let mut out: Vec<Arc<str>> = Vec::new();
    for p in view.partitions.iter().filter(|p| !p.internal) {
        if !out.contains(&p.view.topic) {
            out.push(p.view.topic.clone());
        }
    }
    out
}
