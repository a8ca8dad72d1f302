//! From text to a scenario: one verb a line, each with its words checked where they stand.

use super::{Comparison, Condition, Contrast, Expect, MAX_LINE_BYTES, MAX_LINES, Scenario, ScenarioError, Subject};
use crate::kafka::sabotage::Sabotage;
use crate::kafka::sorted_vec::{SortedVecSet, insert_by_key};
use crate::world::MAX_BROKERS;
use crate::world::operations::{Action, LineError, Parsed, Token, Words, duration, hint, number};

pub(super) const VERBS: [&str; 17] = [
    "tidepool", "title", "opens", "seed", "broker", "brokers", "voters", "sabotage", "config", "link", "topic", "producer", "consumer",
    "at", "run", "expect", "compare",
];
/// Verbs that stand at most once in a file.
const ONCE: [&str; 10] = ["tidepool", "opens", "compare", "seed", "broker", "brokers", "voters", "sabotage", "link", "run"];
/// What stands behind `at TIME` and is no action.
const NOTE: &str = "note";
/// Verbs of the setup that are actions at the run's beginning, and the keywords of these.
const SETUP: [(&str, &str); 3] = [("topic", "topic"), ("producer", "add producer"), ("consumer", "add consumer")];
/// What a run lasts when the file does not say: a minute.
const DEFAULT_RUN_US: i64 = 60_000_000;
const FIRST_LINE: &str = "the first line is expected to be: tidepool 1";

fn expect(line: &mut Words) -> Parsed<Expect> {
    let at_word = line.word("at")?;
    if at_word.text != "at" {
        return line.fail(at_word.column, "at and a time are expected, as in: expect at 60s group billing state=Stable");
    }
    let at = line.duration()?;
    let names = Subject::ALL.map(Subject::name);
    let word = line.word("group, consumer, producer, topic, partition or broker")?;
    let Some(what) = Subject::ALL.into_iter().find(|subject| subject.name() == word.text) else {
        let hint = hint(&word.text, &names);
        return line.fail(word.column, format!("one of {} is expected{hint}", names.join(", ")));
    };
    let name = line.word("its name")?.text;
    let mut conditions = Vec::new();
    while let Some(token) = line.next_word() {
        let Some((field, sign, value)) = token.pair() else {
            return line.fail(token.column, "a condition is expected, as in members=2 or handled>=10");
        };
        if !what.fields().contains(&field) {
            let fields = what.fields();
            let hint = hint(field, fields);
            let message = format!("a {} has {}, but not {field:?}{hint}", what.name(), fields.join(", "));
            return line.fail(token.column, message);
        }
        let comparison = match sign {
            ">=" => Comparison::AtLeast,
            "<=" => Comparison::AtMost,
            _ => Comparison::Equal,
        };
        if Subject::is_word(field) {
            if comparison != Comparison::Equal {
                return line.fail(token.column, format!("{field} is a word: only = compares it"));
            }
        } else {
            line.checked(&token, number::<i64>(value))?;
        }
        conditions.push(Condition { field: field.to_owned(), comparison, value: value.to_owned() });
    }
    if conditions.is_empty() {
        return line.fail_at_end("a condition is expected here, as in members=2");
    }
    Ok(Expect { at, what, name, conditions })
}

/// What a file has said so far.
struct Reader {
    scenario: Scenario,
    once: SortedVecSet<&'static str>,
    begun: bool,
}

impl Reader {
    /// One line.
    fn line(&mut self, content: &str) -> Parsed<()> {
        if content.len() as u64 > u64::from(MAX_LINE_BYTES) {
            return Err(LineError { column: 1, message: format!("a line has at most {MAX_LINE_BYTES} bytes") });
        }
        let title = content.trim_start().strip_prefix("title");
        if let Some(title) = title.filter(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace))
            && self.begun
        {
            if !self.once.insert("title") {
                return Err(LineError { column: 1, message: "title is given twice".into() });
            }
            title.trim().clone_into(&mut self.scenario.title);
            return Ok(());
        }
        let mut words = Words::new(content, self.scenario.genesis.link())?;
        let Some(verb) = words.next_word() else { return Ok(()) };
        if self.begun {
            self.statement(&verb, &mut words)?
        } else {
            self.begin(&verb, &mut words)?
        }
        words.end()
    }

    fn begin(&mut self, verb: &Token, words: &mut Words) -> Parsed<()> {
        if verb.text != "tidepool" {
            return words.fail(verb.column, FIRST_LINE);
        }
        let version = words.word("the format's version, 1,")?;
        if version.text != "1" {
            return words.fail(version.column, format!("format version {:?} is not known, 1 is", version.text));
        }
        self.begun = true;
        Ok(())
    }

    fn statement(&mut self, verb: &Token, words: &mut Words) -> Parsed<()> {
        if let Some(single) = ONCE.into_iter().find(|name| *name == verb.text)
            && (!self.once.insert(single) || single == "tidepool")
        {
            return words.fail(verb.column, format!("{single} is given twice"));
        }
        let setup = SETUP.iter().find(|(name, _)| *name == verb.text);
        if let Some(action) = setup.and_then(|(_, keyword)| Action::read_after(keyword, words)) {
            self.scenario.add_action(0, action?);
            return Ok(());
        }
        let genesis = &mut self.scenario.genesis;
        match verb.text.as_str() {
            "seed" => genesis.seed = words.number("a number")?,
            "broker" | "brokers" => {
                let token = words.word("their number")?;
                genesis.brokers = words.checked(&token, number(&token.text))?;
                if !(1..=MAX_BROKERS).contains(&genesis.brokers) {
                    return words.fail(token.column, format!("a run has 1 to {MAX_BROKERS} brokers"));
                }
            }
            "voters" => genesis.voters = words.number("their number")?,
            "sabotage" => genesis.sabotage = Some(one_of(words, "the planted bug's name", &Sabotage::ALL, Sabotage::name)?),
            "compare" => {
                self.scenario.compares = Some(one_of(words, "what is compared", &Contrast::ALL, Contrast::name)?);
            }
            "config" => genesis.broker_config.extend(words.pairs(&[], true)?.configs),
            "link" => {
                let pairs = words.pairs(&["latency", "jitter"], false)?;
                genesis.latency_us = pairs.get("latency", duration)?.unwrap_or(genesis.latency_us);
                genesis.jitter_us = pairs.get("jitter", duration)?.unwrap_or(genesis.jitter_us);
            }
            "at" => self.timed(words)?,
            "opens" => self.scenario.opens_at = words.duration()?,
            "run" => self.scenario.run_for = words.duration()?,
            "expect" => insert_by_key(&mut self.scenario.expects, expect(words)?, |expect| expect.at),
            other => {
                let hint = hint(other, &VERBS);
                let message = format!("{other:?} is no verb: one of {} is expected{hint}", VERBS.join(", "));
                return words.fail(verb.column, message);
            }
        }
        Ok(())
    }

    /// What follows `at`.
    fn timed(&mut self, words: &mut Words) -> Parsed<()> {
        let at = words.duration()?;
        let verb = words.word("what happens then")?;
        if verb.text == NOTE {
            insert_by_key(&mut self.scenario.notes, (at, words.word("the note, in quotes,")?.text), |(at, _)| *at);
        } else {
            self.scenario.add_action(at, Action::read(&verb, words, &[NOTE])?);
        }
        Ok(())
    }
}

/// One of these, by its name.
fn one_of<T: Copy>(words: &mut Words, what: &str, all: &[T], name: fn(T) -> &'static str) -> Parsed<T> {
    let token = words.word(what)?;
    if let Some(found) = all.iter().find(|one| name(**one) == token.text) {
        return Ok(*found);
    }
    let names: Vec<&str> = all.iter().map(|one| name(*one)).collect();
    let hint = hint(&token.text, &names);
    words.fail(token.column, format!("one of {} is expected{hint}", names.join(", ")))
}

pub(super) fn parse(text: &str) -> Result<Scenario, ScenarioError> {
    let scenario = Scenario { run_for: DEFAULT_RUN_US, ..Scenario::default() };
    let mut reader = Reader { scenario, once: SortedVecSet::new(), begun: false };
    for (content, line) in text.lines().zip(1_u32..) {
        let wrong = |error: LineError| ScenarioError { line, column: error.column, message: error.message };
        if line > MAX_LINES {
            return Err(wrong(LineError { column: 1, message: format!("a file has at most {MAX_LINES} lines") }));
        }
        reader.line(content).map_err(wrong)?;
    }
    if !reader.begun {
        return Err(ScenarioError { line: 1, column: 1, message: FIRST_LINE.into() });
    }
    Ok(reader.scenario)
}
