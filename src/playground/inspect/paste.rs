//! A client's `.properties` file, or such lines for a topic or a broker: all of its configs as one line of the scenario language.

use super::configs::{OF_THE_APP, OF_THE_WORLD};
use crate::kafka::config::{BROKER, CONSUMER, ConfigDef, ConfigTable, PRODUCER, TOPIC};
use crate::kafka::sorted_vec::SortedVecMap;
use crate::world::World;
use crate::world::operations::{Action, ChangeConsumer, ChangeProducer, SetBrokerConfig, SetTopicConfig};
use crate::world::target::Target;

/// What has become of a file.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Pasted {
    /// Sets what can be set; empty where nothing can.
    pub line: String,
    /// What is set, what of it has no effect here, and what is left out, in a sentence each.
    pub words: String,
}

/// The pairs of a file as `java.util.Properties` reads it: `key=value`, `key: value` or `key value`, comments behind `#` and `!`, lines
/// that go on after a backslash. A backslash elsewhere stands for what follows it.
pub fn properties(text: &str) -> Vec<(String, String)> {
    let mut out = Vec::new();
    let mut lines = text.lines();
    while let Some(first) = lines.next() {
        let first = first.trim_start();
        if first.is_empty() || first.starts_with(['#', '!']) {
            continue;
        }
        let mut line = first.to_owned();
        while line.chars().rev().take_while(|c| *c == '\\').count() % 2 == 1 {
            line.pop();
            line += lines.next().unwrap_or_default().trim_start();
        }
        let ends = |c: char| c == '=' || c == ':' || c.is_whitespace();
        let mut escaped = false;
        let separates = |c: char| {
            let plain = !escaped;
            escaped = plain && c == '\\';
            plain && ends(c)
        };
        let at = line.find(separates).unwrap_or(line.len());
        let (key, rest) = line.split_at(at);
        let rest = rest.trim_start();
        let value = rest.strip_prefix(['=', ':']).unwrap_or(rest).trim_start();
        out.push((unescaped(key), unescaped(value.trim_end())));
    }
    out
}

fn unescaped(text: &str) -> String {
    let mut chars = text.chars();
    let mut out = String::new();
    while let Some(c) = chars.next() {
        out.extend(if c == '\\' { chars.next() } else { Some(c) });
    }
    out
}

/// What a file sets on a client, topic (or partition) or broker.
///
/// # Errors
/// Kafka's words for the first value that it does not take; or that there is nothing of this kind.
pub fn paste(world: &World, target: &Target, text: &str) -> Result<Pasted, String> {
    let mut sieve = Sieve::default();
    let pairs = properties(text);
    let action = match target {
        Target::Producer(name) | Target::Consumer(name) => {
            let mut action = world.client(name).ok_or("There is no such client.")?;
            let (table, config) = match &mut action {
                Action::ChangeProducer(ChangeProducer(spec)) => (&PRODUCER, &mut spec.config),
                Action::ChangeConsumer(ChangeConsumer(spec)) => (&CONSUMER, &mut spec.config),
                _ => return Err("There is no such client.".into()),
            };
            config.extend(sieve.take(table, pairs, not_decided)?);
            action
        }
        Target::Topic(topic) | Target::Internal(topic) | Target::Partition(topic, _) => {
            SetTopicConfig { topic: topic.clone(), config: sieve.take(&TOPIC, pairs, |_| Ok(()))? }.into()
        }
        Target::Broker(broker) => {
            let dynamic = |def: &ConfigDef| if def.is_dynamic() { Ok(()) } else { Err("in need of a restart with another file") };
            SetBrokerConfig { broker: Some(broker.clone()), config: sieve.take(&BROKER, pairs, dynamic)? }.into()
        }
        _ => return Err("It has no configs.".into()),
    };
    Ok(Pasted { line: if sieve.set.is_empty() { String::new() } else { action.line() }, words: sieve.words() })
}

fn not_decided(def: &ConfigDef) -> Result<(), &'static str> {
    let is_decided = OF_THE_APP.contains(&def.name) || OF_THE_WORLD.contains(&def.name);
    if is_decided { Err("decided by its app here") } else { Ok(()) }
}

/// Tells what is set from what is left out.
#[derive(Default)]
struct Sieve {
    set: Vec<String>,
    without_effect: Vec<String>,
    /// Names with the reason.
    left_out: Vec<(String, &'static str)>,
}

impl Sieve {
    fn take(
        &mut self,
        table: &'static ConfigTable,
        pairs: Vec<(String, String)>,
        may: impl Fn(&ConfigDef) -> Result<(), &'static str>,
    ) -> Result<SortedVecMap<String, String>, String> {
        let mut out = SortedVecMap::new();
        for (name, value) in pairs {
            let Some(def) = table.get(&name) else {
                self.left_out.push((name, "unknown to Kafka"));
                continue;
            };
            if let Err(why) = may(def) {
                self.left_out.push((name, why));
                continue;
            }
            table.check(&name, &value).map_err(|error| error.kafka_message())?;
            if def.in_force() { &mut self.set } else { &mut self.without_effect }.push(name.clone());
            out.insert(name, value);
        }
        Ok(out)
    }

    fn words(&self) -> String {
        let mut out = match self.set.len() {
            0 => "Nothing is set.".to_owned(),
            _ => format!("Set: {}.", self.set.join(", ")),
        };
        if !self.without_effect.is_empty() {
            out += &format!(" Without effect here: {}.", self.without_effect.join(", "));
        }
        for (name, why) in &self.left_out {
            out += &format!(" Left out: {name}, {why}.");
        }
        out
    }
}
