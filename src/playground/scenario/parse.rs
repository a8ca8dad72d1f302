//! From text to a scenario: one verb a line, each with its words checked where they stand.

use super::faults::{fault, process};
use super::token::{Token, duration, hint, rate, tokens};
use super::{Comparison, Condition, Expect, MAX_LINE_BYTES, MAX_LINES, MAX_RUN_US, Scenario, ScenarioError, Subject};
use crate::kafka::sabotage::Sabotage;
use crate::world::MAX_BROKERS;
use crate::world::action::{Action, CommitPolicy, ConsumerSpec, Keys, ProducerSpec};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

const VERBS: [&str; 15] = [
    "tidepool", "title", "seed", "broker", "brokers", "voters", "sabotage", "config", "link", "topic", "producer", "consumer", "at", "run",
    "expect",
];
const TIMED: [&str; 29] = [
    "add",
    "change",
    "topic",
    "delete",
    "partitions",
    "set",
    "config",
    "elect",
    "reassign",
    "stop",
    "crash",
    "restart",
    "pause",
    "resume",
    "rate",
    "handle",
    "send",
    "note",
    "kill",
    "power-loss",
    "wipe",
    "slow-disk",
    "full-disk",
    "skew",
    "links",
    "link",
    "cut",
    "isolate",
    "heal",
];
/// Whom `config` is about when it is about no single broker.
pub(super) const ALL_BROKERS: &str = "brokers";
/// What a run lasts when the file does not say: a minute.
const DEFAULT_RUN_US: i64 = 60_000_000;

pub(super) type Parsed<T> = Result<T, ScenarioError>;

/// A line's words, taken one after the other.
pub(super) struct Line {
    number: u32,
    end: u32,
    words: std::vec::IntoIter<Token>,
}

impl Line {
    pub(super) fn fail<T>(&self, column: u32, message: impl Into<String>) -> Parsed<T> {
        Err(ScenarioError { line: self.number, column, message: message.into() })
    }

    pub(super) fn word(&mut self, expected: &str) -> Parsed<Token> {
        match self.words.next() {
            Some(token) => Ok(token),
            None => self.fail(self.end, format!("{expected} is expected here")),
        }
    }

    pub(super) fn name(&mut self, expected: &str) -> Parsed<Arc<str>> {
        Ok(self.word(expected)?.text.into())
    }

    pub(super) fn checked<T>(&self, token: &Token, result: Result<T, String>) -> Parsed<T> {
        result.or_else(|message| self.fail(token.column, message))
    }

    pub(super) fn duration(&mut self) -> Parsed<i64> {
        let token = self.word("a duration, as in 8s or 250ms,")?;
        let micros = self.checked(&token, duration(&token.text))?;
        if micros > MAX_RUN_US {
            return self.fail(token.column, "a run lasts at most 30 days");
        }
        Ok(micros)
    }

    pub(super) fn number<T: std::str::FromStr>(&mut self, expected: &str) -> Parsed<T> {
        let token = self.word(expected)?;
        self.checked(&token, number(&token.text))
    }

    /// The line may end here, or with this word.
    pub(super) fn flag(&mut self, word: &str) -> Parsed<bool> {
        match self.words.next() {
            None => Ok(false),
            Some(token) if token.text == word => Ok(true),
            Some(token) => self.fail(token.column, format!("{word} or nothing is expected, but there is {:?}", token.text)),
        }
    }

    /// Takes this word, if it comes next.
    pub(super) fn has(&mut self, word: &str) -> bool {
        let is = self.words.as_slice().first().is_some_and(|token| token.text == word);
        if is {
            self.words.next();
        }
        is
    }

    pub(super) fn end(&mut self) -> Parsed<()> {
        match self.words.next() {
            None => Ok(()),
            Some(token) => self.fail(token.column, format!("nothing more is expected here, but there is {:?}", token.text)),
        }
    }

    /// The rest as `key=value`, each at most once, each one of `known` or, with `configs`, a config's name (with a dot).
    pub(super) fn pairs(&mut self, known: &[&str], configs: bool) -> Parsed<Pairs> {
        let mut pairs = Pairs { known: BTreeMap::new(), configs: BTreeMap::new() };
        let mut seen = BTreeSet::new();
        while let Some(token) = self.words.next() {
            let Some((key, sign, value)) = token.pair() else {
                return self.fail(token.column, format!("key=value is expected, but there is {:?}", token.text));
            };
            let (key, value) = (key.to_owned(), value.to_owned());
            if sign != "=" {
                return self.fail(token.column, format!("{key}= is expected, {sign} is for expectations"));
            }
            if !seen.insert(key.clone()) {
                return self.fail(token.column, format!("{key} is given twice"));
            }
            if known.contains(&key.as_str()) {
                let column = token.column + u32::try_from(key.chars().count()).unwrap_or(0) + 1;
                pairs.known.insert(key, Token::plain(column, value));
            } else if configs && (key.contains('.') || matches!(key.as_str(), "acks" | "retries")) {
                pairs.configs.insert(key, value);
            } else {
                let what = if configs { " or a config's name in full" } else { "" };
                let hint = hint(&key, known);
                return self.fail(token.column, format!("{key} is not known here: one of {}{what} is expected{hint}", known.join(", ")));
            }
        }
        Ok(pairs)
    }
}

pub(super) struct Pairs {
    known: BTreeMap<String, Token>,
    configs: BTreeMap<String, String>,
}

impl Pairs {
    pub(super) fn get<T>(&self, line: &Line, key: &str, read: impl FnOnce(&str) -> Result<T, String>) -> Parsed<Option<T>> {
        match self.known.get(key) {
            None => Ok(None),
            Some(token) => line.checked(token, read(&token.text)).map(Some),
        }
    }

    pub(super) fn given(&self) -> bool {
        !self.known.is_empty()
    }

    fn must<T>(&self, line: &Line, key: &str, read: impl FnOnce(&str) -> Result<T, String>) -> Parsed<T> {
        match self.get(line, key, read)? {
            Some(value) => Ok(value),
            None => line.fail(line.end, format!("{key}= is missing")),
        }
    }
}

pub(super) fn number<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("a whole number is expected, {text:?} is none that fits"))
}

fn list(text: &str) -> Result<Vec<Arc<str>>, String> {
    if text.split(',').any(str::is_empty) {
        return Err("names with commas between them are expected, as in a,b,c".into());
    }
    Ok(text.split(',').map(Arc::from).collect())
}

fn keys(text: &str) -> Result<Keys, String> {
    Ok(if text == "none" {
        Keys::None
    } else if let Some(count) = text.strip_prefix("uniform:") {
        Keys::Uniform(number(count)?)
    } else if let Some(count) = text.strip_prefix("skewed:") {
        Keys::Skewed(number(count)?)
    } else {
        Keys::Set(list(text.strip_prefix("set:").unwrap_or(text))?)
    })
}

fn commit(text: &str) -> Result<CommitPolicy, String> {
    match text {
        "auto" => Ok(CommitPolicy::Auto),
        "each-poll" => Ok(CommitPolicy::AfterEachPoll),
        "never" => Ok(CommitPolicy::Never),
        _ => Err(format!("auto, each-poll or never is expected{}", hint(text, &["auto", "each-poll", "never"]))),
    }
}

fn producer(line: &mut Line) -> Parsed<ProducerSpec> {
    let name = line.name("the producer's name")?;
    let pairs = line.pairs(&["topic", "rate", "keys", "value"], true)?;
    Ok(ProducerSpec {
        name,
        topic: pairs.must(line, "topic", |text| Ok(Arc::from(text)))?,
        rate_per_1000s: pairs.get(line, "rate", rate)?.unwrap_or(1000),
        keys: pairs.get(line, "keys", keys)?.unwrap_or(Keys::None),
        value_bytes: pairs.get(line, "value", number)?.unwrap_or(64),
        config: pairs.configs,
    })
}

fn consumer(line: &mut Line) -> Parsed<ConsumerSpec> {
    let name = line.name("the consumer's name")?;
    let pairs = line.pairs(&["group", "topics", "handle", "commit"], true)?;
    Ok(ConsumerSpec {
        name,
        group: pairs.get(line, "group", |text| Ok(Arc::from(text)))?,
        topics: pairs.must(line, "topics", list)?,
        handle_us: pairs.get(line, "handle", duration)?.unwrap_or(0),
        commit: pairs.get(line, "commit", commit)?.unwrap_or(CommitPolicy::Auto),
        config: pairs.configs,
    })
}

fn topic(line: &mut Line) -> Parsed<Action> {
    let topic = line.name("the topic's name")?;
    let pairs = line.pairs(&["partitions", "replicas"], true)?;
    let partitions = pairs.get(line, "partitions", number)?.unwrap_or(1);
    let replicas = pairs.get(line, "replicas", number)?.unwrap_or(-1);
    Ok(Action::CreateTopic { topic, partitions, replicas, config: pairs.configs })
}

/// What follows `at 8s`; `None` for a note, which is kept apart.
fn timed(line: &mut Line, at: i64, scenario: &mut Scenario) -> Parsed<Option<Action>> {
    let verb = line.word("what happens then")?;
    let client = "the client's name";
    Ok(Some(match verb.text.as_str() {
        what @ ("add" | "change") => {
            let add = what == "add";
            let what = line.word("producer or consumer")?;
            match what.text.as_str() {
                "producer" if add => Action::AddProducer(producer(line)?),
                "producer" => Action::ChangeProducer(producer(line)?),
                "consumer" if add => Action::AddConsumer(consumer(line)?),
                "consumer" => Action::ChangeConsumer(consumer(line)?),
                other => {
                    let hint = hint(other, &["producer", "consumer"]);
                    return line.fail(what.column, format!("producer or consumer is expected, but there is {other:?}{hint}"));
                }
            }
        }
        "topic" => topic(line)?,
        "delete" => Action::DeleteTopic { topic: line.name("the topic's name")? },
        "partitions" => {
            let topic = line.name("the topic's name")?;
            let pairs = line.pairs(&["total"], false)?;
            Action::AddPartitions { topic, total: pairs.must(line, "total", number)? }
        }
        "set" => {
            let topic = line.name("the topic's name")?;
            let config = line.pairs(&[], true)?.configs;
            Action::SetTopicConfig { topic, config }
        }
        "config" => {
            let name = line.name("a broker's name, or brokers for all of them,")?;
            let config = line.pairs(&[], true)?.configs;
            Action::SetBrokerConfig { broker: (&*name != ALL_BROKERS).then_some(name), config }
        }
        "elect" => {
            let (topic, partition) = (line.name("the topic's name")?, line.number("the partition's number")?);
            Action::ElectLeader { topic, partition, unclean: line.flag("unclean")? }
        }
        "reassign" => {
            let (topic, partition) = (line.name("the topic's name")?, line.number("the partition's number")?);
            let token = line.word("broker ids, as in 1,2,4,")?;
            let replicas = line.checked(&token, token.text.split(',').map(number).collect())?;
            Action::Reassign { topic, partition, replicas }
        }
        "crash" => Action::CrashClient { name: line.name(client)? },
        verb @ ("stop" | "restart" | "pause" | "resume") => process(verb, line.name("the broker's or client's name")?),
        "rate" => {
            let name = line.name(client)?;
            let token = line.word("a rate, as in 4/s,")?;
            Action::SetRate { name, rate_per_1000s: line.checked(&token, rate(&token.text))? }
        }
        "handle" => Action::SetHandleTime { name: line.name(client)?, handle_us: line.duration()? },
        "send" => {
            let name = line.name(client)?;
            let pairs = line.pairs(&["key", "value"], false)?;
            let text = |text: &str| Ok(Arc::from(text));
            Action::Produce { name, key: pairs.get(line, "key", text)?, value: pairs.get(line, "value", text)? }
        }
        "note" => {
            let text = line.word("the note, in quotes,")?.text;
            scenario.notes.push((at, text));
            return Ok(None);
        }
        other => {
            if let Some(fault) = fault(line, other, scenario)? {
                return Ok(Some(Action::Fault(fault)));
            }
            let hint = hint(other, &TIMED);
            return line.fail(verb.column, format!("{other:?} cannot happen: one of {} is expected{hint}", TIMED.join(", ")));
        }
    }))
}

fn expect(line: &mut Line) -> Parsed<Expect> {
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
    while let Some(token) = line.words.next() {
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
        return line.fail(line.end, "a condition is expected here, as in members=2");
    }
    Ok(Expect { at, what, name, conditions })
}

pub(super) fn parse(text: &str) -> Parsed<Scenario> {
    let mut scenario = Scenario { run_for: DEFAULT_RUN_US, ..Scenario::default() };
    let mut once = BTreeSet::new();
    let mut begun = false;
    for (content, number_of_line) in text.lines().zip(1_u32..) {
        let wrong = |column: u32, message: String| ScenarioError { line: number_of_line, column, message };
        if number_of_line > MAX_LINES {
            return Err(wrong(1, format!("a file has at most {MAX_LINES} lines")));
        }
        if content.len() as u64 > u64::from(MAX_LINE_BYTES) {
            return Err(wrong(1, format!("a line has at most {MAX_LINE_BYTES} bytes")));
        }
        let bare = content.trim_start();
        if let Some(title) = bare.strip_prefix("title").filter(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace))
            && begun
        {
            if !once.insert("title") {
                return Err(wrong(1, "title is given twice".into()));
            }
            title.trim().clone_into(&mut scenario.title);
            continue;
        }
        let words = tokens(number_of_line, content)?;
        let end = u32::try_from(content.trim_end().chars().count()).unwrap_or(0) + 1;
        let mut line = Line { number: number_of_line, end, words: words.into_iter() };
        let Some(verb) = line.words.next() else { continue };
        if !begun {
            if verb.text != "tidepool" {
                return line.fail(verb.column, "the first line is expected to be: tidepool 1");
            }
            let version = line.word("the format's version, 1,")?;
            if version.text != "1" {
                return line.fail(version.column, format!("format version {:?} is not known, 1 is", version.text));
            }
            line.end()?;
            begun = true;
            continue;
        }
        if let Some(single) =
            ["tidepool", "seed", "broker", "brokers", "voters", "sabotage", "link", "run"].into_iter().find(|name| *name == verb.text)
            && (!once.insert(single) || single == "tidepool")
        {
            return line.fail(verb.column, format!("{single} is given twice"));
        }
        match verb.text.as_str() {
            "seed" => {
                let token = line.word("a number")?;
                scenario.genesis.seed = line.checked(&token, number(&token.text))?;
            }
            "broker" | "brokers" => {
                let token = line.word("their number")?;
                let brokers: u32 = line.checked(&token, number(&token.text))?;
                if !(1..=MAX_BROKERS).contains(&brokers) {
                    return line.fail(token.column, format!("a run has 1 to {MAX_BROKERS} brokers"));
                }
                scenario.genesis.brokers = brokers;
            }
            "voters" => scenario.genesis.voters = line.number("their number")?,
            "sabotage" => {
                let token = line.word("the planted bug's name")?;
                let names = Sabotage::ALL.map(Sabotage::name);
                let Some(found) = Sabotage::ALL.into_iter().find(|bug| bug.name() == token.text) else {
                    let hint = hint(&token.text, &names);
                    return line.fail(token.column, format!("one of {} is expected{hint}", names.join(", ")));
                };
                scenario.genesis.sabotage = Some(found);
            }
            "config" => {
                let pairs = line.pairs(&[], true)?;
                scenario.genesis.broker_config.extend(pairs.configs);
            }
            "link" => {
                let pairs = line.pairs(&["latency", "jitter"], false)?;
                if let Some(latency) = pairs.get(&line, "latency", duration)? {
                    scenario.genesis.latency_us = latency;
                }
                if let Some(jitter) = pairs.get(&line, "jitter", duration)? {
                    scenario.genesis.jitter_us = jitter;
                }
            }
            "topic" => {
                let action = topic(&mut line)?;
                scenario.actions.push((0, action));
            }
            "producer" => {
                let spec = producer(&mut line)?;
                scenario.actions.push((0, Action::AddProducer(spec)));
            }
            "consumer" => {
                let spec = consumer(&mut line)?;
                scenario.actions.push((0, Action::AddConsumer(spec)));
            }
            "at" => {
                let at = line.duration()?;
                if let Some(action) = timed(&mut line, at, &mut scenario)? {
                    scenario.actions.push((at, action));
                }
            }
            "run" => scenario.run_for = line.duration()?,
            "expect" => {
                let expected = expect(&mut line)?;
                scenario.expects.push(expected);
            }
            other => {
                let hint = hint(other, &VERBS);
                let message = format!("{other:?} is no verb: one of {} is expected{hint}", VERBS.join(", "));
                return line.fail(verb.column, message);
            }
        }
        line.end()?;
    }
    if !begun {
        return Err(ScenarioError { line: 1, column: 1, message: "the first line is expected to be: tidepool 1".into() });
    }
    scenario.actions.sort_by_key(|(at, _)| *at);
    scenario.notes.sort_by_key(|(at, _)| *at);
    scenario.expects.sort_by_key(|expect| expect.at);
    Ok(scenario)
}
