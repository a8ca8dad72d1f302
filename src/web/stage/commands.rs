//! What a reader or a host page asks of a playground: play, step, seek, act, undo, branches.

use super::{Disks, NODE, Run, ScenarioSource, Stage, now_ms};
use crate::playground::director::Director;
use crate::playground::narrate::plainly;
use crate::playground::time::{TimeError, Timeline};
use crate::web::context::PageStateStoreFields as _;
use crate::web::host::HostEvent;
use crate::web::words::stage as words;
use leptos::prelude::*;

/// A scenario that is edited is shown at the moment at which one was, and at most here: microseconds since the run began.
const FAR_US: i64 = 600_000_000;

impl Stage {
    pub fn toggle(&self) {
        self.stop_seeking();
        if self.ui.playing().get_untracked() {
            self.opening.end();
            // What stands still is told as it is, not as it was a second ago.
            self.judge_anew();
        }
        self.ui.playing().update(|p| *p = !*p);
        self.last.set(now_ms());
        self.refresh();
    }

    pub(super) fn stand_still(&self) {
        self.stop_seeking();
        self.ui.playing().set(false);
        self.judge_anew();
    }

    /// The ledger is that of the moment, not of a second ago.
    fn judge_anew(&self) {
        self.judged.set(f64::NEG_INFINITY);
    }

    pub fn play(&self, on: bool) {
        if self.ui.playing().get_untracked() != on {
            self.toggle();
        }
    }

    pub fn step(&self) {
        self.stand_still();
        self.opening.end();
        let mut run = self.run.borrow_mut();
        run.time.step();
        let said = run.world().events().last().map(|event| plainly(event, run.world()));
        let _ = run.sentences(1);
        drop(run);
        self.said(Ok(said.unwrap_or_default()));
    }

    pub fn step_back(&self) {
        self.moved(|time| time.step_back().map(|_| ()));
    }

    /// Does a timed line of the scenario language now.
    ///
    /// # Errors
    /// What is wrong with it or stands against it; then nothing is done.
    pub fn line(&self, line: &str) -> Result<(), String> {
        self.opening.end();
        let forked = self.run.borrow_mut().line(line)?;
        self.judge_anew();
        self.host.emit(&HostEvent::Deed { time_us: self.now_us(), text: line });
        match forked {
            Some(branch) => self.say(words::forked(&branch)),
            // An admin client has asked the cluster, which has no time to answer in.
            None if !self.ui.playing().get_untracked() && !self.run.borrow().world().topics_settled() => {
                self.say(words::asked(line));
            }
            None => self.refresh(),
        }
        Ok(())
    }

    /// `line`, and what stands against it is said.
    pub fn tell(&self, line: &str) {
        if let Err(why) = self.line(line) {
            self.say(why);
        }
    }

    /// Takes back what was done last, or does it again; time goes on as it did.
    pub fn undo(&self, redo: bool) {
        let (mut done, before) = (None, self.run.borrow().time.branch().name.clone());
        let went = self.go(|time| {
            done = if redo { time.redo()? } else { time.undo()? };
            Ok(())
        });
        let now = self.run.borrow().time.branch().name.clone();
        if let (Ok(_), Some(what)) = (&went, &done) {
            let text = words::deed_again(redo, what);
            self.host.emit(&HostEvent::Deed { time_us: self.now_us(), text: &text });
        }
        self.say(match (went, done) {
            (Err(why), _) => why,
            (_, None) => words::NOTHING_TO_UNDO.to_owned(),
            (_, Some(what)) if redo => words::redone(&now, &what),
            (_, Some(what)) => words::undone(&before, &what),
        });
    }

    /// Where one is, or is about to be.
    pub fn aim(&self) -> i64 {
        self.scrubbed.get().unwrap_or_else(|| self.now_us())
    }

    /// Goes there at the next frame: of all that a hand asks for between two frames only the last counts.
    pub fn scrub(&self, micros: i64) {
        self.stand_still();
        self.scrubbed.set(Some(micros.max(0)));
        self.wake();
    }

    pub fn go(&self, go: impl FnOnce(&mut Timeline) -> Result<(), TimeError>) -> Result<String, String> {
        let mut go = Some(go);
        self.went(&mut |time| go.take().map_or(Ok(()), |go| go(time)))
    }

    fn went(&self, go: &mut dyn FnMut(&mut Timeline) -> Result<(), TimeError>) -> Result<String, String> {
        self.opening.end();
        let said = self.run.borrow_mut().go(go)?;
        self.narrator.borrow_mut().clear();
        *self.director.borrow_mut() = Director::default();
        // In another branch the same number may be another frame's.
        self.seen.take();
        self.pace.borrow_mut().restart();
        self.judge_anew();
        self.refresh();
        Ok(said)
    }

    /// Goes to another moment or branch, paused; what stands in the way is said.
    pub fn moved(&self, go: impl FnOnce(&mut Timeline) -> Result<(), TimeError>) {
        self.stand_still();
        self.said(self.go(go));
    }

    /// Does something to the branches that moves nothing.
    pub fn branch(&self, work: impl FnOnce(&mut Timeline) -> Result<(), TimeError>) {
        let done = work(&mut self.run.borrow_mut().time);
        match done {
            Ok(()) => self.refresh(),
            Err(why) => self.say(format!("{why}.")),
        }
    }

    pub(super) fn said(&self, said: Result<String, String>) {
        self.say(said.unwrap_or_else(|why| why));
    }

    /// From the beginning of the scenario, on empty disks.
    pub fn reset(&self) {
        let started = {
            let source = self.source.borrow();
            Run::start(&source.text, &source.name, source.seed, Disks::new())
        };
        match started {
            Ok(run) => {
                self.replace(run);
                self.host.emit(&HostEvent::Deed { time_us: self.now_us(), text: "reset" });
                self.say(words::FROM_BEGINNING.into());
            }
            Err(why) => self.say(why),
        }
    }

    /// Another scenario in the place of this one, at the moment at which it opens.
    ///
    /// # Errors
    /// What is wrong with it, or that this cluster is kept in a store. Then the run stays as it is.
    pub fn open(&self, source: ScenarioSource) -> Result<(), String> {
        if self.store.borrow().is_some() {
            return Err(words::SAVED_NOT_OPENED.into());
        }
        let run = Run::start(&source.text, &source.name, source.seed, Disks::new())?;
        let opening = run.opening_us();
        self.show(source, run, opening);
        self.play(true);
        Ok(())
    }

    /// Another text of the scenario that is shown, at the moment that is shown. Time goes on, or stands still, as before.
    ///
    /// # Errors
    /// As of `open`. Then the run stays as it is.
    pub fn edit(&self, text: String) -> Result<(), String> {
        if self.store.borrow().is_some() {
            return Err(words::SAVED_NOT_EDITED.into());
        }
        let source = ScenarioSource { text, ..self.source.borrow().clone() };
        let run = Run::start(&source.text, &source.name, source.seed, Disks::new())?;
        let here = self.opening.ahead().unwrap_or_else(|| self.aim()).min(FAR_US);
        self.show(source, run, here);
        Ok(())
    }

    fn show(&self, source: ScenarioSource, run: Run, at: i64) {
        self.ui.title().set(run.title());
        self.ui.text().set(source.text.clone());
        self.ui.draft().set(None);
        self.ui.zoomed().set(None);
        self.ui.asked().set(None);
        self.narrator.borrow_mut().clear();
        self.ui.said().set(String::new());
        self.source.replace(source);
        self.replace(run);
        self.open_at(at);
    }

    fn replace(&self, run: Run) {
        self.opening.end();
        *self.run.borrow_mut() = run;
        self.ui.chosen().set(None);
        self.seen.take();
        self.scrubbed.set(None);
        self.pace.borrow_mut().restart();
        *self.director.borrow_mut() = Director::default();
        self.judge_anew();
        if let Some(store) = &*self.store.borrow() {
            store.adopt(NODE, self.run.borrow_mut().keep_journal(NODE));
        }
        self.refresh();
    }
}
