//! From a scenario back to text.

use super::Scenario;
use super::token::{duration_text, percent_text, quoted, rate_text};
use crate::world::action::{Action, CommitPolicy, ConsumerSpec, Fault, Keys, LinkSpec, ProducerSpec};
use std::collections::BTreeMap;
use std::fmt::Write as _;

fn configs(config: &BTreeMap<String, String>) -> String {
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

fn link(start: &str, how: &LinkSpec) -> String {
    let (latency, jitter) = (duration_text(how.latency_us), duration_text(how.jitter_us));
    let (loss, duplicate) = (percent_text(how.loss_ppm), percent_text(how.duplicate_ppm));
    format!("{start} latency={latency} jitter={jitter} loss={loss} duplicate={duplicate}")
}

fn between(verb: &str, from: &str, to: &str, one_way: bool) -> String {
    format!("{verb} {} {}{}", quoted(from), quoted(to), if one_way { " one-way" } else { "" })
}

fn fault(fault: &Fault) -> String {
    let (verb, node) = match fault {
        Fault::Kill { node } => ("kill", node),
        Fault::PowerLoss { node } => ("power-loss", node),
        Fault::Wipe { node } => ("wipe", node),
        Fault::Stop { node } => ("stop", node),
        Fault::Restart { node } => ("restart", node),
        Fault::Pause { node } => ("pause", node),
        Fault::Resume { node } => ("resume", node),
        Fault::Isolate { node } => ("isolate", node),
        Fault::SlowDisk { node, delay_us } => return format!("slow-disk {} {}", quoted(node), duration_text(*delay_us)),
        Fault::FullDisk { node, free: Some(free) } => return format!("full-disk {} free={free}", quoted(node)),
        Fault::FullDisk { node, free: None } => return format!("full-disk {} healed", quoted(node)),
        Fault::Skew { node, by_us } => {
            let sign = if *by_us < 0 { "-" } else { "" };
            return format!("skew {} {sign}{}", quoted(node), duration_text(by_us.saturating_abs()));
        }
        Fault::Links { latency_us, jitter_us, loss_ppm, duplicate_ppm } => {
            let (latency_us, jitter_us, loss_ppm, duplicate_ppm) = (*latency_us, *jitter_us, *loss_ppm, *duplicate_ppm);
            return link("links", &LinkSpec { latency_us, jitter_us, loss_ppm, duplicate_ppm });
        }
        Fault::Link { from, to, one_way, how } => {
            let start = between("link", from, to, *one_way);
            return how.map_or_else(|| start.clone(), |how| link(&start, &how));
        }
        Fault::Cut { from, to, one_way } => return between("cut", from, to, *one_way),
        Fault::Heal => return "heal".into(),
    };
    format!("{verb} {}", quoted(node))
}

/// The action as it stands after `at TIME`.
pub fn action(action: &Action) -> String {
    match action {
        Action::SetTopicConfig { topic, config } => format!("set {}{}", quoted(topic), configs(config)),
        Action::SetBrokerConfig { broker, config } => {
            format!("config {}{}", quoted(broker.as_deref().unwrap_or(super::parse::ALL_BROKERS)), configs(config))
        }
        Action::ElectLeader { topic, partition, unclean } => {
            format!("elect {} {partition}{}", quoted(topic), if *unclean { " unclean" } else { "" })
        }
        Action::Reassign { topic, partition, replicas } => {
            let replicas: Vec<String> = replicas.iter().map(i32::to_string).collect();
            format!("reassign {} {partition} {}", quoted(topic), replicas.join(","))
        }
        Action::Fault(what) => fault(what),
        Action::CreateTopic { topic, partitions, replicas, config } => {
            let replicas = if *replicas == -1 { String::new() } else { format!(" replicas={replicas}") };
            format!("topic {} partitions={partitions}{replicas}{}", quoted(topic), configs(config))
        }
        Action::DeleteTopic { topic } => format!("delete {}", quoted(topic)),
        Action::AddPartitions { topic, total } => format!("partitions {} total={total}", quoted(topic)),
        Action::AddProducer(spec) => format!("add {}", producer(spec)),
        Action::AddConsumer(spec) => format!("add {}", consumer(spec)),
        Action::ChangeProducer(spec) => format!("change {}", producer(spec)),
        Action::ChangeConsumer(spec) => format!("change {}", consumer(spec)),
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
    lines.push(format!("brokers {}", genesis.brokers));
    if genesis.voters > 0 {
        lines.push(format!("voters {}", genesis.voters));
    }
    if let Some(sabotage) = genesis.sabotage {
        lines.push(format!("sabotage {}", sabotage.name()));
    }
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
