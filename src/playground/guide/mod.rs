//! The first minute: five things to do, each asked for in a sentence, checked on the run, and retired with what came of it in figures.
//!
//! A new step is a file in this folder that implements `Step`, and its line in `Guide::new`.

mod crash;
mod differently;
mod follow;
mod kill;
mod rewind;
#[cfg(test)]
mod tests;

use crate::kafka::time::Time;
use crate::playground::menu::{MenuTarget, title};
use crate::playground::narrate::tenths;
use crate::playground::scene::{Target, Trail};
use crate::playground::time::Timeline;
use crate::playground::why::on_cards;
use crate::world::view::WorldView;

/// What a step is checked on.
#[derive(Clone, Copy)]
pub struct Look<'a> {
    pub time: &'a Timeline,
    pub view: &'a WorldView,
    /// The stations of the record that is followed.
    pub trail: Option<&'a Trail>,
}

/// What the button beside a question does.
#[derive(Clone, PartialEq, Debug)]
pub enum Offer {
    /// A timed line of the scenario language.
    Line(String),
    Seek(Time),
    Follow(Target),
}

/// What a step asks for.
#[derive(Clone, PartialEq, Debug)]
pub struct Task {
    pub text: String,
    /// Answers to guess among; none: nothing is to be guessed.
    pub guesses: Vec<String>,
    /// The words on its button, and what it does.
    pub offer: Option<(String, Offer)>,
    /// Where on the stage it is to be done.
    pub lit: Option<Target>,
}

/// How far a step is.
#[derive(Clone, PartialEq, Debug)]
enum Progress {
    /// It is to be done; `None`: not here or not now.
    Asked(Option<Task>),
    /// It is done, and this is waited for.
    Waiting(String),
    /// What came of it, and which guess is right.
    Done(String, Option<String>),
}

trait Step: std::fmt::Debug {
    fn observe(&mut self, look: &Look) -> Progress;
}

/// What stands on the page. `done` of `STEPS` steps are behind.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Shown {
    pub done: u32,
    /// What came of the step before.
    pub outcome: String,
    pub task: Option<Task>,
    /// What is waited for; empty: nothing.
    pub waiting: String,
    pub guess: Option<String>,
}

pub const STEPS: u32 = 5;

/// Where a reader is among the steps.
#[derive(Debug)]
pub struct Guide {
    steps: [Box<dyn Step>; STEPS as usize],
    done: usize,
    outcome: String,
    guess: Option<String>,
    /// "Why?" has been pointed out.
    told_of_why: bool,
}

impl Default for Guide {
    fn default() -> Self {
        Self::new()
    }
}

impl Guide {
    pub fn new() -> Self {
        let steps: [Box<dyn Step>; STEPS as usize] = [
            Box::<follow::Follow>::default(),
            Box::<kill::KillBroker>::default(),
            Box::<crash::CrashConsumer>::default(),
            Box::<rewind::Rewind>::default(),
            Box::<differently::Differently>::default(),
        ];
        Self { steps, done: 0, outcome: String::new(), guess: None, told_of_why: false }
    }

    /// Whether the run has what the steps are about: a second broker to take over, and a second member.
    pub fn fits(view: &WorldView) -> bool {
        view.brokers.len() > 1 && view.consumers.iter().filter(|consumer| consumer.group.is_some()).count() > 1
    }

    pub fn guess(&mut self, guess: String) {
        self.guess = Some(guess);
    }

    /// Goes on to the next step without this one.
    pub fn pass(&mut self) {
        self.retire(self.done, String::new());
    }

    fn retire(&mut self, step: usize, outcome: String) {
        (self.done, self.outcome, self.guess) = (step + 1, outcome, None);
    }

    /// Looks at the run. Who is ahead of the question is met there: a later step that is being done is the one that is shown.
    pub fn observe(&mut self, look: &Look) -> Shown {
        let progress: Vec<Progress> = self.steps.iter_mut().map(|step| step.observe(look)).collect();
        let ahead = |(_, progress): &(usize, &Progress)| !matches!(progress, Progress::Asked(_));
        let begun = progress.iter().enumerate().skip(self.done).find(ahead);
        let mut shown = Shown::default();
        match begun {
            Some((step, Progress::Done(outcome, right))) => {
                let outcome = format!("{}{outcome}{}", self.judged(right.as_deref()), self.why(look.view));
                self.retire(step, outcome);
                (shown.done, shown.task) = next(&progress, self.done);
            }
            Some((step, Progress::Waiting(words))) => {
                self.done = step;
                shown.done = u32::try_from(step).unwrap_or(STEPS);
                shown.waiting.clone_from(words);
            }
            _ => (shown.done, shown.task) = next(&progress, self.done),
        }
        Shown { outcome: self.outcome.clone(), guess: self.guess.clone(), ..shown }
    }

    /// Points to "Why?", once: behind the first outcome that leaves a card on which it can be asked.
    fn why(&mut self, view: &WorldView) -> String {
        let Some(name) = asks_why(view).filter(|_| !self.told_of_why) else { return String::new() };
        self.told_of_why = true;
        format!(" \u{201c}Why?\u{201d} on {name} tells how it came about.")
    }

    /// What is said of the reader's guess.
    fn judged(&self, right: Option<&str>) -> String {
        match (&self.guess, right) {
            (Some(guess), Some(right)) if guess == right => "As you guessed: ".to_owned(),
            (Some(guess), Some(_)) => format!("Not \u{201c}{guess}\u{201d}: "),
            _ => String::new(),
        }
    }
}

/// The name of a thing on whose card "Why?" can be asked now.
fn asks_why(view: &WorldView) -> Option<String> {
    let has_card = |what: &Target| match what {
        Target::Partition(topic, n) => {
            view.partitions.iter().any(|state| !state.internal && state.view.topic == *topic && state.view.partition == *n)
        }
        _ => true,
    };
    let what = on_cards(view).into_iter().map(|(what, ..)| what).find(has_card)?;
    Some(title(&MenuTarget::At(what)))
}

/// How many steps are behind and the next task; steps that cannot be done here are passed over, for now.
fn next(progress: &[Progress], done: usize) -> (u32, Option<Task>) {
    let task = |progress: &Progress| if let Progress::Asked(task) = progress { task.clone() } else { None };
    let found = (0..).zip(progress).skip(done).find_map(|(step, progress)| Some((step, task(progress)?)));
    found.map_or((STEPS, None), |(step, task)| (step, Some(task)))
}

/// Microseconds as whole seconds, or with a tenth below ten.
fn seconds(micros: i64) -> String {
    if micros < 10_000_000 { tenths(micros) } else { format!("{} s", micros / 1_000_000) }
}
