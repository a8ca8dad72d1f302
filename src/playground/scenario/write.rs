//! From a scenario back to text.

use super::Scenario;
use super::token::{duration_text, quoted, rate_text};
use crate::kafka::map::Map;
use crate::world::action::{Action, CommitPolicy, ConsumerSpec, Keys, ProducerSpec};
use std::fmt::Write as _;

fn configs(config: &Map<String, String>) -> String {
    config.iter().fold(String::new(), |mut out, (name, value)| {
        let _ = write!(out, " {name}={}", quoted(value));
        out
    })
}

fn keys(keys: &Keys) -> String {
    match keys {
        Keys::None => "none".into(),
        Keys::Uniform(n) => format!("uniform:{n}"),
        Keys::Skewed(n) => format!("skewed:{n}"),
        Keys::Set(set) => {
            let text = set.join(",");
            let ambiguous = text == "none" || ["set:", "uniform:", "skewed:"].iter().any(|prefix| text.starts_with(prefix));
            if ambiguous { quoted(&format!("set:{text}")) } else { quoted(&text) }
        }
    }
}

fn producer(spec: &ProducerSpec) -> String {
    format!(
        "producer {} topic={} rate={} keys={} value={}{}",
        quoted(&spec.name),
        quoted(&spec.topic),
        rate_text(spec.rate_per_1000s),
        keys(&spec.keys),
        spec.value_bytes,
        configs(&spec.config)
    )
}

fn consumer(spec: &ConsumerSpec) -> String {
    let group = spec.group.as_ref().map_or_else(String::new, |group| format!(" group={}", quoted(group)));
    let commit = match spec.commit {
        CommitPolicy::Auto => "auto",
        CommitPolicy::AfterEachPoll => "each-poll",
        CommitPolicy::Never => "never",
    };
    format!(
        "consumer {}{group} topics={} handle={} commit={commit}{}",
        quoted(&spec.name),
        quoted(&spec.topics.join(",")),
        duration_text(spec.handle_us),
        configs(&spec.config)
    )
}

/// The action as it stands after `at TIME`.
fn action(action: &Action) -> String {
    match action {
        Action::SetTopicConfig { .. } | Action::ElectLeader { .. } | Action::Reassign { .. } | Action::Fault(_) => String::new(),
        Action::CreateTopic { topic, partitions, replicas: _, config } => {
            format!("topic {} partitions={partitions}{}", quoted(topic), configs(config))
        }
        Action::DeleteTopic { topic } => format!("delete {}", quoted(topic)),
        Action::AddPartitions { topic, total } => format!("partitions {} total={total}", quoted(topic)),
        Action::AddProducer(spec) => format!("add {}", producer(spec)),
        Action::AddConsumer(spec) => format!("add {}", consumer(spec)),
        Action::StopClient { name } => format!("stop {}", quoted(name)),
        Action::CrashClient { name } => format!("crash {}", quoted(name)),
        Action::RestartClient { name } => format!("restart {}", quoted(name)),
        Action::PauseClient { name } => format!("pause {}", quoted(name)),
        Action::ResumeClient { name } => format!("resume {}", quoted(name)),
        Action::SetRate { name, rate_per_1000s } => format!("rate {} {}", quoted(name), rate_text(*rate_per_1000s)),
        Action::SetHandleTime { name, handle_us } => format!("handle {} {}", quoted(name), duration_text(*handle_us)),
        Action::Produce { name, key, value } => {
            let mut out = format!("send {}", quoted(name));
            for (what, text) in [("key", key), ("value", value)] {
                if let Some(text) = text {
                    let _ = write!(out, " {what}={}", quoted(text));
                }
            }
            out
        }
    }
}

pub(super) fn write(scenario: &Scenario) -> String {
    let genesis = &scenario.genesis;
    let mut lines = vec!["tidepool 1".to_owned()];
    if !scenario.title.is_empty() {
        lines.push(format!("title {}", scenario.title));
    }
    lines.push(format!("seed {}", genesis.seed));
    lines.push(format!("broker {}", genesis.brokers));
    lines.push(format!("link latency={} jitter={}", duration_text(genesis.latency_us), duration_text(genesis.jitter_us)));
    for (name, value) in &genesis.broker_config {
        lines.push(format!("config {name}={}", quoted(value)));
    }
    for (at, what) in &scenario.actions {
        let text = action(what);
        match what {
            Action::CreateTopic { .. } | Action::AddProducer(_) | Action::AddConsumer(_) if *at == 0 => {
                lines.push(text.strip_prefix("add ").unwrap_or(&text).to_owned());
            }
            _ => lines.push(format!("at {} {text}", duration_text(*at))),
        }
    }
    for (at, note) in &scenario.notes {
        lines.push(format!("at {} note {}", duration_text(*at), quoted(note)));
    }
    lines.push(format!("run {}", duration_text(scenario.run_for)));
    for expect in &scenario.expects {
        lines.push(expect.to_string());
    }
    lines.push(String::new());
    lines.join("\n")
}

impl std::fmt::Display for super::Expect {
    /// As it stands in the file.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "expect at {} {} {}", duration_text(self.at), self.what.name(), quoted(&self.name))?;
        for condition in &self.conditions {
            write!(f, " {}{}{}", condition.field, condition.comparison.sign(), quoted(&condition.value))?;
        }
        Ok(())
    }
}
