//! Everything that can be done to a run: one file for each operation, and one line for it in the list below.
//!
//! An operation has its data, its check, its effect, its line in a scenario (both ways), its words, its items in menus, its draws in the
//! seed search, and what it leaves behind ("why?" blames it for that). `Operation` asks for all of them, so that a missing part does not
//! compile.

mod condition;
mod draw;
mod form;
mod line;
mod lookup;
mod menu;
mod settings;
#[cfg(test)]
mod tests;
mod units;

pub use condition::{Ailment, Condition, Severity};
pub use create_topic::MAX_PARTITIONS;
pub use cut::cut_words;
pub use draw::{Dice, Draw, On, Stream, Trouble, broker};
pub use form::{Field, Form};
pub use line::{Line, LineError, MAX_DURATION_US, Parsed, Token, Words, line_pairs, tokens};
pub use lookup::MAX_CLIENTS;
pub use menu::{Ask, Effect, Group, Menu, MenuItem, MenuTarget, form};
pub use reassign::brokers;
pub use settings::{MAX_CONFIGS, MAX_HANDLE_US, MAX_KEYS, MAX_RATE_PER_1000S, MAX_VALUE_BYTES};
pub use units::{duration, duration_text, hint, number, percent, percent_text, quoted, rate, rate_text};

use super::World;
use super::action::{ActionError, LinkSpec};
use super::event::{EventId, EventKind};
use crate::kafka::sorted_vec::SortedVecSet;
use std::sync::Arc;

/// Actions that a run's history keeps; the next one is refused.
pub const MAX_ACTIONS: u32 = 100_000;

/// One kind of thing that can be done to a run.
pub(in crate::world) trait Operation: Clone + Into<Action> {
    /// What `check` has found and `apply` needs.
    type Checked;

    /// What its line begins with: one word, or two where several operations share the first.
    const KEYWORD: &'static str;
    /// What people read in its place: the word on its button.
    const WORD: &'static str = Self::KEYWORD;
    /// How the seed search does it; none for what only ends something else, or makes the cluster that the search begins with.
    const DRAWS: &'static [Draw];

    /// Reads the words behind the keyword.
    fn read(words: &mut Words) -> Parsed<Self>;
    /// Writes the words behind the keyword; `read` gives the same operation back.
    fn write(&self, line: &mut Line);
    /// Whether it can be done now; changes nothing.
    fn check(&self, world: &World) -> Result<Self::Checked, ActionError>;
    /// Does what has been checked; cannot fail.
    fn apply(self, world: &mut World, checked: Self::Checked);
    /// What the narrator says of it.
    fn describe(&self, world: &World) -> Narration;
    /// To whom it is done.
    fn subjects(&self) -> Vec<Subject<'_>>;
    /// What is so once it is done.
    fn conditions(&self) -> Vec<Condition>;
    /// What takes it back; empty: nothing can, or need.
    fn remedy(&self) -> Vec<Action>;
    /// The name under which the seed search counts it as a fault; `None`: it is none.
    fn fault(&self) -> Option<&'static str>;
    /// It does harm.
    fn hurts(&self) -> bool;
    /// Puts what it offers on the menu's target into the menu.
    fn menu(menu: &mut Menu<'_>);
    /// Any value of it that a line can say, for tests.
    #[cfg(test)]
    fn any() -> proptest::strategy::BoxedStrategy<Self>;
}

/// What the narrator says of an action.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Narration {
    /// At this level (1: everyone should hear it; 3: only who wants to hear everything).
    Says(u8, String),
    /// The event that it leads to at once says this.
    ItsEventSays(String),
    /// Events that come of it say what is to be said.
    LaterEventsSay,
}

/// To whom or what something is done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Subject<'a> {
    /// A broker or a client.
    Node(&'a Arc<str>),
    /// A client that it makes.
    NewNode(&'a Arc<str>),
    AllBrokers,
    Topic(&'a Arc<str>),
    Partition(&'a Arc<str>, i32),
}

/// An operation's parts that need no value of it.
struct Kind {
    keyword: &'static str,
    read: fn(&mut Words) -> Parsed<Action>,
    menu: fn(&mut Menu<'_>),
    draws: &'static [Draw],
}

macro_rules! operations {
    ($($module:ident::$name:ident,)*) => {
        $(mod $module;)*
        $(pub use $module::$name;)*

        /// An entry of a run's history.
        #[derive(Clone, PartialEq, Eq, Debug)]
        pub enum Action {
            $($name($name),)*
        }

        $(impl From<$name> for Action {
            fn from(operation: $name) -> Self {
                Self::$name(operation)
            }
        })*

        const KINDS: &[Kind] = &[$(Kind {
            keyword: $name::KEYWORD,
            read: |words| $name::read(words).map(Action::$name),
            menu: $name::menu,
            draws: $name::DRAWS,
        },)*];

        /// Any operation that a line can say.
        #[cfg(test)]
        pub(crate) fn any_action() -> proptest::strategy::Union<proptest::strategy::BoxedStrategy<Action>> {
            use proptest::strategy::Strategy;
            proptest::strategy::Union::new([$($name::any().prop_map(Action::$name).boxed(),)*])
        }

        impl Action {
            /// What its line begins with.
            pub fn keyword(&self) -> &'static str {
                match self { $(Self::$name(_) => $name::KEYWORD,)* }
            }

            /// What people read of it: the word on its button.
            pub fn word(&self) -> &'static str {
                match self { $(Self::$name(_) => $name::WORD,)* }
            }

            fn write(&self, line: &mut Line) {
                match self { $(Self::$name(operation) => operation.write(line),)* }
            }

            /// What the narrator says of it.
            pub fn describe(&self, world: &World) -> Narration {
                match self { $(Self::$name(operation) => operation.describe(world),)* }
            }

            /// To whom it is done.
            pub fn subjects(&self) -> Vec<Subject<'_>> {
                match self { $(Self::$name(operation) => operation.subjects(),)* }
            }

            /// What is so once it is done.
            pub fn conditions(&self) -> Vec<Condition> {
                match self { $(Self::$name(operation) => operation.conditions(),)* }
            }

            /// What takes it back; empty: nothing can, or need.
            pub fn remedy(&self) -> Vec<Action> {
                match self { $(Self::$name(operation) => operation.remedy(),)* }
            }

            /// The name under which it is counted as a fault; `None`: it is none.
            pub fn fault(&self) -> Option<&'static str> {
                match self { $(Self::$name(operation) => operation.fault(),)* }
            }

            /// It does harm.
            pub fn hurts(&self) -> bool {
                match self { $(Self::$name(operation) => operation.hurts(),)* }
            }

            /// Does it to the world, or says why it cannot be done.
            pub(in crate::world) fn perform(self, world: &mut World) -> Result<EventId, ActionError> {
                match self { $(Self::$name(operation) => world.perform(operation),)* }
            }
        }
    };
}

// Items of a menu's group stand in this order, and draws on one kind of target are drawn in it.
operations! {
    create_topic::CreateTopic,
    add_partitions::AddPartitions,
    set_topic_config::SetTopicConfig,
    set_broker_config::SetBrokerConfig,
    add_producer::AddProducer,
    add_consumer::AddConsumer,
    delete_topic::DeleteTopic,
    kill::Kill,
    power_loss::PowerLoss,
    wipe::Wipe,
    crash::Crash,
    stop::Stop,
    pause::Pause,
    resume::Resume,
    restart::Restart,
    slow_disk::SlowDisk,
    full_disk::FullDisk,
    skew::Skew,
    jump::Jump,
    links::Links,
    cut::Cut,
    isolate::Isolate,
    link::SetLink,
    heal::Heal,
    elect_leader::ElectLeader,
    reassign::Reassign,
    change_producer::ChangeProducer,
    change_consumer::ChangeConsumer,
    set_group_protocol::SetGroupProtocol,
    produce::Produce,
    set_rate::SetRate,
    set_handle_time::SetHandleTime,
}

impl Action {
    /// Its line as it stands behind `at TIME`.
    pub fn line(&self) -> String {
        let mut line = Line::new(self.keyword());
        self.write(&mut line);
        line.into_text()
    }

    /// Its line as people read it.
    pub fn words(&self) -> String {
        let line = self.line();
        self.word().to_owned() + line.strip_prefix(self.keyword()).unwrap_or_default()
    }

    /// The same in few words: without what is set to which value.
    pub fn label(&self) -> String {
        let words = self.words();
        words.split(' ').take_while(|word| !word.contains('=')).collect::<Vec<&str>>().join(" ")
    }

    /// Reads a whole line.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn parse(line: &str, first_link: LinkSpec) -> Result<Self, LineError> {
        let mut words = Words::new(line, first_link)?;
        let keyword = words.word("what happens")?;
        let action = Self::read(&keyword, &mut words, &[])?;
        words.end()?;
        Ok(action)
    }

    /// Reads what follows the line's first word. `others`: first words that are no operation's, for the error's list.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn read(first: &Token, words: &mut Words, others: &[&str]) -> Result<Self, LineError> {
        let of_first = || KINDS.iter().filter_map(|kind| after(kind.keyword, &first.text).map(|second| (second, kind)));
        let Some((second, kind)) = of_first().next() else {
            let mut known: SortedVecSet<&str> = KINDS.iter().filter_map(|kind| kind.keyword.split(' ').next()).collect();
            known.extend(others.iter().copied());
            let known: Vec<&str> = known.into_iter().collect();
            let (text, hint) = (&first.text, hint(&first.text, &known));
            return words.fail(first.column, format!("{text:?} cannot happen: one of {} is expected{hint}", known.join(", ")));
        };
        if second.is_empty() {
            return (kind.read)(words);
        }
        let names: Vec<&str> = of_first().map(|(second, _)| second).collect();
        let expected = names.join(" or ");
        let word = words.word(&expected)?;
        match of_first().find(|(second, _)| *second == word.text) {
            Some((_, kind)) => (kind.read)(words),
            None => {
                let (text, hint) = (&word.text, hint(&word.text, &names));
                words.fail(word.column, format!("{expected} is expected, but there is {text:?}{hint}"))
            }
        }
    }

    /// Reads what follows a whole keyword, if it is one.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn read_after(keyword: &str, words: &mut Words) -> Option<Result<Self, LineError>> {
        KINDS.iter().find(|kind| kind.keyword == keyword).map(|kind| (kind.read)(words))
    }

    /// The nodes by name that it is done to, or that it makes.
    pub fn nodes(&self) -> Vec<&Arc<str>> {
        let node = |subject| match subject {
            Subject::Node(name) | Subject::NewNode(name) => Some(name),
            Subject::AllBrokers | Subject::Topic(_) | Subject::Partition(..) => None,
        };
        self.subjects().into_iter().filter_map(node).collect()
    }

    /// Its first word as people read it.
    pub fn verb(&self) -> &'static str {
        self.word().split(' ').next().unwrap_or_default()
    }
}

/// The second word of a keyword whose first this is; empty where it has none.
fn after<'a>(keyword: &'a str, first: &str) -> Option<&'a str> {
    keyword.strip_prefix(first).filter(|rest| rest.is_empty() || rest.starts_with(' ')).map(str::trim_start)
}

/// All that the operations offer on a target now; empty when it is not there any more.
pub fn fill_menu(menu: &mut Menu<'_>) {
    KINDS.iter().for_each(|kind| (kind.menu)(menu));
}

/// The ways in which the seed search does something: those on brokers first, then on clients, then on topics.
pub fn draws() -> Vec<Draw> {
    let mut all: Vec<Draw> = KINDS.iter().flat_map(|kind| kind.draws).copied().collect();
    all.sort_by_key(|draw| draw.on);
    all
}

/// The keywords of all operations, in the list's order.
pub fn keywords() -> impl Iterator<Item = &'static str> {
    KINDS.iter().map(|kind| kind.keyword)
}

impl World {
    /// See `World::act`.
    fn perform<O: Operation>(&mut self, operation: O) -> Result<EventId, ActionError> {
        if self.history.len() as u64 >= u64::from(MAX_ACTIONS) {
            return Err(ActionError::TooMany { limit: MAX_ACTIONS });
        }
        let checked = operation.check(self)?;
        let index = u32::try_from(self.history.len()).unwrap_or(u32::MAX);
        self.core.cause = None;
        let acted = self.core.record(EventKind::Acted { action: index });
        self.core.cause = Some(acted);
        Arc::make_mut(&mut self.history).push((self.core.now, operation.clone().into()));
        operation.apply(self, checked);
        self.core.cause = None;
        Ok(acted)
    }
}

/// What the operations' files use.
mod prelude {
    pub(super) use super::condition::{Ailment, Condition};
    pub(super) use super::draw::{Dice, Draw, On, Stream, Trouble};
    pub(super) use super::line::{Line, Parsed, Words};
    pub(super) use super::lookup::{invalid, is_broker, no_such, wrong_state};
    pub(super) use super::menu::{Group, Menu, Process};
    #[cfg(test)]
    pub(super) use super::tests::{configs, consumer, link_spec, name, producer, text};
    pub(super) use super::{Action, Narration, Operation, Subject};
    pub(super) use crate::world::World;
    pub(super) use crate::world::action::ActionError;
    pub(super) use crate::world::queue::NodeId;
    #[cfg(test)]
    pub(super) use proptest::prelude::{BoxedStrategy, Just, Strategy, any};
    pub(super) use std::sync::Arc;
}
