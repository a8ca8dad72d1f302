//! What the runs of a search went through: operations and configs, APIs between the nodes, and the marks on odd branches. A row that stays
//! at zero says where the search does not look.

use super::configs::{self, Drawn};
use crate::kafka::marks::Mark;
use crate::kafka::wire::message::ApiKey;
use crate::playground::scenario::Scenario;
use crate::world::World;
use crate::world::event::EventKind;
use crate::world::operations::{
    Action, AddConsumer, AddProducer, ChangeConsumer, ChangeProducer, CreateTopic, SetBrokerConfig, SetTopicConfig, keywords,
};
use std::collections::BTreeMap;
use std::fmt;

/// APIs that nodes of a run speak to each other. The others that a broker answers are for tools: tests with real clients ask for them.
#[rustfmt::skip]
const SPOKEN: &[ApiKey] = &[
    ApiKey::AddPartitionsToTxn, ApiKey::AllocateProducerIds, ApiKey::AlterPartition, ApiKey::AlterPartitionReassignments,
    ApiKey::ApiVersions, ApiKey::BeginQuorumEpoch, ApiKey::BrokerHeartbeat, ApiKey::BrokerRegistration, ApiKey::ConsumerGroupHeartbeat,
    ApiKey::CreatePartitions, ApiKey::CreateTopics, ApiKey::DeleteTopics, ApiKey::ElectLeaders, ApiKey::EndQuorumEpoch, ApiKey::EndTxn,
    ApiKey::Envelope, ApiKey::Fetch, ApiKey::FindCoordinator, ApiKey::Heartbeat,
    ApiKey::IncrementalAlterConfigs, ApiKey::InitProducerId, ApiKey::JoinGroup, ApiKey::LeaveGroup, ApiKey::ListOffsets, ApiKey::Metadata,
    ApiKey::OffsetCommit, ApiKey::OffsetFetch, ApiKey::OffsetForLeaderEpoch, ApiKey::Produce, ApiKey::SyncGroup, ApiKey::TxnOffsetCommit,
    ApiKey::Vote, ApiKey::WriteTxnMarkers,
];

fn name(api: ApiKey) -> String {
    format!("{api:?}")
}

/// Requests of one run, by API.
#[derive(Default)]
pub(crate) struct Requests {
    next: u64,
    sent: BTreeMap<i16, u64>,
}

impl Requests {
    /// Takes in what was sent since the last call.
    pub(crate) fn observe(&mut self, world: &World) {
        let events = world.events();
        let first = events.first().map_or(0, |event| event.id.0);
        let from = usize::try_from(self.next.saturating_sub(first)).unwrap_or(usize::MAX);
        for event in events.get(from..).unwrap_or_default() {
            if let EventKind::FrameSent { api, response: false, .. } = event.kind {
                *self.sent.entry(api as i16).or_insert(0) += 1;
            }
            self.next = event.id.0 + 1;
        }
    }
}

/// One kind of rows, each with how often it was met.
struct Table {
    what: &'static str,
    rows: BTreeMap<String, u64>,
}

impl Table {
    fn new(what: &'static str, rows: impl IntoIterator<Item = String>) -> Self {
        Self { what, rows: rows.into_iter().map(|row| (row, 0)).collect() }
    }

    fn meet(&mut self, row: &str, times: u64) {
        *self.rows.entry(row.to_owned()).or_insert(0) += times;
    }

    fn never(&self) -> impl Iterator<Item = &str> {
        self.rows.iter().filter(|(_, count)| **count == 0).map(|(row, _)| row.as_str())
    }
}

pub(crate) struct Coverage {
    operations: Table,
    requests: Table,
    configs: Table,
}

fn config_rows() -> Vec<String> {
    let tables: [(&str, &[Drawn]); 4] =
        [("broker", configs::BROKER), ("topic", configs::TOPIC), ("producer", configs::PRODUCER), ("consumer", configs::CONSUMER)];
    let row = |of: &'static str| move |(name, _): &Drawn| format!("{of} {name}");
    tables.into_iter().flat_map(|(of, drawn)| drawn.iter().map(row(of))).collect()
}

impl Default for Coverage {
    fn default() -> Self {
        Self {
            operations: Table::new("operations", keywords().map(str::to_owned)),
            requests: Table::new("requests", SPOKEN.iter().copied().map(name)),
            configs: Table::new("configs", config_rows()),
        }
    }
}

impl Coverage {
    /// `undone`: actions of the scenario that could not be done.
    pub(crate) fn add(&mut self, scenario: &Scenario, undone: &[(i64, Action)], requests: &Requests) {
        for (api, times) in &requests.sent {
            let name = ApiKey::try_from(*api).map_or_else(|_| api.to_string(), name);
            self.requests.meet(&name, *times);
        }
        let mut set = Vec::new();
        set.extend(scenario.genesis.broker_config.keys().map(|name| ("broker", name)));
        for (at, action) in &scenario.actions {
            if undone.iter().any(|(other, undone)| other == at && undone == action) {
                continue;
            }
            self.operations.meet(action.keyword(), 1);
            let (of, config) = match action {
                Action::SetBrokerConfig(SetBrokerConfig { config, .. }) => ("broker", config),
                Action::CreateTopic(CreateTopic { config, .. }) | Action::SetTopicConfig(SetTopicConfig { config, .. }) => {
                    ("topic", config)
                }
                Action::AddProducer(AddProducer(spec)) | Action::ChangeProducer(ChangeProducer(spec)) => ("producer", &spec.config),
                Action::AddConsumer(AddConsumer(spec)) | Action::ChangeConsumer(ChangeConsumer(spec)) => ("consumer", &spec.config),
                _ => continue,
            };
            set.extend(config.keys().map(|name| (of, name)));
        }
        for (of, name) in set {
            self.configs.meet(&format!("{of} {name}"), 1);
        }
    }
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut marks = Table::new("branches", Mark::ALL.iter().map(|mark| mark.words().to_owned()));
        Mark::ALL.iter().for_each(|mark| marks.meet(mark.words(), mark.count()));
        let tables = [&self.operations, &self.requests, &self.configs, &marks];
        for table in tables {
            writeln!(f, "{}:", table.what)?;
            for (row, count) in &table.rows {
                writeln!(f, "{count:>12}  {row}")?;
            }
        }
        let never: Vec<String> = tables.iter().flat_map(|table| table.never().map(|row| format!("{} {row:?}", table.what))).collect();
        match never.is_empty() {
            true => writeln!(f, "every row was met"),
            false => writeln!(f, "never met: {}", never.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::draw::{PROFILES, draw};
    use super::super::trial;
    use super::*;
    use std::collections::BTreeSet;

    /// A row that is not known would stand for something that the table forgets when nothing meets it.
    #[test]
    fn every_row_that_is_met_is_known() {
        let rows = |coverage: &Coverage| -> BTreeSet<String> {
            [&coverage.operations, &coverage.requests].into_iter().flat_map(|table| table.rows.keys().cloned()).collect()
        };
        let mut coverage = Coverage::default();
        let known = rows(&coverage);
        for seed in 0..3 {
            let scenario = draw(seed, PROFILES[0], None);
            let outcome = trial::run(&scenario, None).expect("it runs");
            coverage.add(&scenario, &outcome.undone, &outcome.requests);
        }
        assert_eq!(rows(&coverage), known);
        assert!(coverage.requests.rows["Produce"] > 0 && coverage.operations.rows["topic"] > 0);
        let text = coverage.to_string();
        assert!(text.contains("never met: ") && Mark::ALL.iter().all(|mark| text.contains(mark.words())), "{text}");
    }

    #[test]
    fn a_drawn_config_has_its_row() {
        let drawn = config_rows();
        let known: BTreeSet<&String> = drawn.iter().collect();
        assert_eq!(known.len(), drawn.len(), "a config is drawn twice");
    }
}
