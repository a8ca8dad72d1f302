//! From a scenario back to text.

use super::Scenario;
use crate::world::operations::{Action, duration_text, quoted};

pub(super) fn write(scenario: &Scenario) -> String {
    let genesis = &scenario.genesis;
    let mut lines = vec!["tidepool 1".to_owned()];
    if !scenario.title.is_empty() {
        lines.push(format!("title {}", scenario.title));
    }
    if scenario.opens_at > 0 {
        lines.push(format!("opens {}", duration_text(scenario.opens_at)));
    }
    if let Some(contrast) = scenario.compares {
        lines.push(format!("compare {}", contrast.name()));
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
        let text = what.line();
        match what {
            Action::CreateTopic(_) | Action::AddProducer(_) | Action::AddConsumer(_) if *at == 0 => {
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
