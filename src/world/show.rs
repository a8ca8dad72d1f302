//! The view, made from the machines' own state.

use super::World;
use super::broker_node::BrokerNode;
use super::cargo::{Topics, cargo};
use super::consumer_app::ConsumerApp;
use super::event::EventKind;
use super::nodes::{Machine, Meta};
use super::producer_app::ProducerApp;
use super::queue::NodeId;
use super::sink::Owner;
use super::sink_rows::{MAX_WRITES, SinkRows};
use super::sink_table::SinkTable;
use super::view::{
    APPENDED_US, Appended, BrokerState, ConsumerState, DONE_US, Flight, OutputState, PartitionState, ProducerState, RIBBON_RECORDS,
    RecordState, ReplicaState, SinkState, Torn, TransactionEnd, WorldView,
};
use crate::kafka::broker::{Broker, BrokerEvent, PartitionView};
use crate::kafka::client::consumer::MembershipState;
use crate::kafka::controller::{METADATA_TOPIC, QuorumRole, QuorumView};
use crate::kafka::coordinator::GroupView;
use crate::kafka::coordinator::transactions::TransactionView;
use crate::kafka::disk::Disk;
use crate::kafka::sorted_vec::SortedVecMap;
use crate::kafka::time::Time;
use crate::kafka::wire::batch::batches;
use crate::kafka::wire::marker::Marker;
use bytes::Bytes;
use std::sync::Arc;

/// Bytes that are read from a partition's log at once.
const PEEK_BYTES: u32 = 65_536;
/// Characters of a key that are shown.
const KEY_CHARS: u32 = 64;

pub(super) fn key_text(key: &Bytes) -> Arc<str> {
    String::from_utf8_lossy(key).chars().take(KEY_CHARS as usize).collect::<String>().into()
}

impl World {
    /// Marks the replicas that have truncated their log, however long ago.
    fn truncations(&self, view: &mut WorldView) {
        for cut in self.core.recorder.cuts() {
            let broker = view.brokers.iter().find(|broker| broker.name == cut.node).map(|broker| broker.node_id);
            let same = |r: &&mut ReplicaState| Some(r.broker) == broker && r.partition == cut.partition && r.topic == cut.topic;
            // On a disk that was wiped since then there is nothing of it.
            if let Some(replica) = view.replicas.iter_mut().find(same).filter(|replica| replica.log_start <= cut.to) {
                replica.torn = Some(Torn { at: cut.at, from: cut.from, to: cut.to });
            }
        }
    }

    fn sinks(&self, groups: &[GroupView]) -> Vec<SinkState> {
        let of = |owner: &Owner, table: &SinkTable| {
            let (Owner::Group(name) | Owner::Alone(name)) = owner;
            SinkState {
                owner: name.clone(),
                kind: table.kind,
                rows: table.rows,
                twice: table.twice,
                ignored: table.ignored,
                stale: table.stale(),
                missing: self.missing(groups, owner, table).count() as u64,
            }
        };
        self.core.sinks.tables().map(|(owner, table)| of(owner, table)).collect()
    }

    /// What is committed and in no row of the owner's table.
    fn missing<'a>(
        &'a self,
        groups: &'a [GroupView],
        owner: &'a Owner,
        table: &'a SinkTable,
    ) -> impl Iterator<Item = (&'a Arc<str>, i32, i64)> {
        let group = groups.iter().find(|group| matches!(owner, Owner::Group(name) if group.group == *name));
        let committed = move |topic: &str, partition: i32| {
            let stored = || table.resumes_at(topic, partition);
            let found = group.and_then(|group| group.offsets.iter().find(|(t, n, _)| **t == *topic && *n == partition));
            stored().or_else(|| found.map(|(_, _, offset)| *offset))
        };
        let in_hand = move |topic: &str, partition: i32, offset: i64| {
            let mut apps = self.nodes.iter().filter_map(|node| match &node.machine {
                Machine::Consumer(app) if node.meta.state.is_up() && app.owner() == *owner => Some(app),
                _ => None,
            });
            apps.any(|app| app.holds(topic, partition, offset))
        };
        table.missing(committed, in_hand)
    }

    /// What the sink of a group, or of a consumer without one, remembers row by row. `view`: of this moment.
    pub fn sink_rows(&self, view: &WorldView, owner: &str) -> Option<SinkRows> {
        let is_its = |(of, _): &(&Owner, &SinkTable)| matches!(of, Owner::Group(name) | Owner::Alone(name) if **name == *owner);
        let (of, table) = self.core.sinks.tables().find(is_its)?;
        let missing = self.missing(&view.groups, of, table).take(MAX_WRITES as usize);
        Some(SinkRows::new(&table.writes, missing.map(|(topic, n, offset)| (topic.clone(), n, offset)).collect()))
    }

    /// What leaders have appended a moment ago.
    fn appended(&self) -> Vec<Appended> {
        let since = self.core.now.plus_micros(-APPENDED_US);
        let recent = self.events().iter().rev().take_while(|event| event.at >= since);
        let appended = recent.filter_map(|event| match &event.kind {
            EventKind::Broker {
                event: BrokerEvent::Appended { topic, partition, base_offset, last_offset, duplicate: false, .. }, ..
            } => Some(Appended { at: event.at, topic: topic.clone(), partition: *partition, from: *base_offset, to: *last_offset }),
            _ => None,
        });
        appended.collect()
    }

    /// Copies what there is to see. `before`: another moment of the same run; frames and logs that have not changed since are not decoded
    /// again.
    pub(super) fn show(&self, before: &WorldView) -> WorldView {
        let mut view = WorldView { now: self.core.now, next: self.next_deadline(), ..WorldView::default() };
        view.quorum = self.quorum();
        let controller = view.quorum.as_ref().and_then(|quorum| quorum.leader);
        let image = self.image();
        let mut topics = Topics::default();
        let mut known = Vec::new();
        for node in &self.nodes {
            match &node.machine {
                Machine::Broker(machine) => {
                    view.brokers.push(self.broker_state(&node.meta, machine, controller));
                    match &machine.broker {
                        Some(broker) => {
                            groups(&mut view.groups, broker, node.meta.skew_us);
                            transactions(&mut view.transactions, broker, node.meta.skew_us);
                            known.extend(
                                broker.partitions().into_iter().map(|partition| (machine.options.node_id, Some(&**broker), partition)),
                            );
                            topics.brokers.push(broker.disk());
                        }
                        None => {
                            // Topics that were deleted meanwhile are still on its disk, but no longer there.
                            let there = |partition: &&PartitionView| image.is_none_or(|image| image.topics.contains_key(&partition.topic));
                            let left = machine.known.iter().filter(there);
                            known.extend(left.map(|partition| (machine.options.node_id, None, partition.clone())));
                            view.replicas.extend(machine.remains.iter().cloned());
                        }
                    }
                }
                Machine::Producer(app) => view.producers.push(producer_state(&node.meta, app)),
                Machine::Consumer(app) => view.consumers.push(consumer_state(&node.meta, app)),
                Machine::Admin(_) => {}
            }
        }
        let recent = self.history.iter().rev().take_while(|(at, _)| self.core.now.micros_since(*at) < DONE_US);
        // More marks than these at once cannot be read.
        view.done = recent.take(16).cloned().collect();
        (view.holdings, view.owners) = (self.core.recorder.holdings().all(), self.core.recorder.holdings().owners());
        view.sinks = self.sinks(&view.groups);
        partitions(&mut view, known, before);
        self.truncations(&mut view);
        view.appended = self.appended();
        self.flights(&mut view, before, &mut topics);
        let name = |id: &NodeId| self.node(*id).map(|node| node.meta.name.clone());
        let cuts = self.core.cuts.iter().map(|(from, to)| (*from, *to, None));
        let overrides = self.core.link_overrides.iter().copied().filter(|link| link.2.is_some());
        view.link_faults.extend(self.core.isolated.iter().filter_map(|id| Some((name(id)?, "everyone".into(), None))));
        view.link_faults.extend(cuts.chain(overrides).filter_map(|(from, to, how)| Some((name(&from)?, name(&to)?, how))));
        (view.lost, view.duplicated) = (self.core.lost, self.core.duplicated);
        view.waits = self.waits(&view);
        view.next_record = self.next_record();
        view
    }

    fn broker_state(&self, meta: &Meta, machine: &BrokerNode, controller: Option<i32>) -> BrokerState {
        let quorum = machine.broker.as_ref().map(|broker| broker.quorum());
        BrokerState {
            node_id: machine.options.node_id,
            name: meta.name.clone(),
            state: meta.state,
            is_controller: controller == Some(machine.options.node_id),
            fenced: machine.broker.as_ref().is_some_and(|broker| !broker.is_unfenced()),
            role: quorum.as_ref().map(|quorum| quorum.role),
            quorum_epoch: quorum.as_ref().map_or(0, |quorum| quorum.epoch),
            incarnation: meta.incarnation,
            skew_us: meta.skew_us,
            slow_us: machine.slow_us,
            disk_used: machine.disk().used(),
            disk_free: machine.disk().free(),
            isolated: self.core.isolated.contains(&meta.id),
        }
    }

    /// The frames under way. Those that `before` has too are not decoded again.
    fn flights(&self, view: &mut WorldView, before: &WorldView, topics: &mut Topics<'_>) {
        view.flights.reserve(before.flights.len());
        for (message, flight) in &self.core.flights {
            let known = before.flights.binary_search_by_key(message, |flight| flight.message).ok().and_then(|i| before.flights.get(i));
            let cargo = match known {
                Some(known) => known.cargo.clone(),
                None if self.core.links.get(&flight.link).is_some_and(|link| link.controller) => Arc::default(),
                None => cargo(flight, topics).into(),
            };
            view.flights.push(Flight {
                message: *message,
                from: flight.from.clone(),
                to: flight.to.clone(),
                sent: flight.sent,
                arrives: flight.arrives,
                api: flight.api,
                response: !flight.to_listener,
                bytes: u32::try_from(flight.frame.len()).unwrap_or(u32::MAX),
                cargo,
            });
        }
    }

    /// The quorum as the process that leads it with the highest epoch knows it.
    pub(super) fn quorum(&self) -> Option<QuorumView> {
        let mut best: Option<QuorumView> = None;
        for broker in self.brokers() {
            let quorum = broker.quorum();
            if quorum.role == QuorumRole::Leader && best.as_ref().is_none_or(|best| best.epoch < quorum.epoch) {
                best = Some(quorum);
            }
        }
        best
    }
}

/// Adds a broker's groups by name, with their times by the world's clock. Of a group that several brokers know, the one with the highest
/// generation counts.
fn groups(all: &mut Vec<GroupView>, broker: &Broker, skew_us: i64) {
    for mut group in broker.groups() {
        for member in group.members.iter_mut().filter(|member| member.session_deadline < Time::NEVER) {
            member.session_deadline = member.session_deadline.plus_micros(-skew_us);
        }
        if let Some((at, _)) = &mut group.deadline {
            *at = at.plus_micros(-skew_us);
        }
        match all.binary_search_by(|other| other.group.cmp(&group.group)) {
            Ok(at) if all[at].generation < group.generation => all[at] = group,
            Ok(_) => {}
            Err(at) => all.insert(at, group),
        }
    }
}

/// Adds the transactional ids that a broker coordinates in their order, with their times by the world's clock. Of one that several brokers
/// know, the one with the highest epoch counts.
fn transactions(all: &mut Vec<TransactionView>, broker: &Broker, skew_us: i64) {
    for mut transaction in broker.transactions() {
        if transaction.aborts_at < Time::NEVER {
            transaction.aborts_at = transaction.aborts_at.plus_micros(-skew_us);
        }
        match all.binary_search_by(|other| other.transactional_id.cmp(&transaction.transactional_id)) {
            Ok(at) if (all[at].producer_id, all[at].epoch) < (transaction.producer_id, transaction.epoch) => all[at] = transaction,
            Ok(_) => {}
            Err(at) => all.insert(at, transaction),
        }
    }
}

fn producer_state(meta: &Meta, app: &ProducerApp) -> ProducerState {
    ProducerState {
        name: meta.name.clone(),
        topic: app.spec.topic.clone(),
        state: meta.state,
        rate_per_1000s: app.spec.rate_per_1000s,
        acks: app.acks,
        accumulated: app.client.as_ref().map(|client| client.accumulated()).unwrap_or_default(),
        pending: app.client.as_ref().map_or(0, |client| client.pending()),
        sent: app.sends.count,
        acked: app.sends.acked,
        failed: app.sends.failed,
        transactional_id: app.spec.config.get("transactional.id").map(|id| Arc::from(&**id)),
        producer_id: app.client.as_ref().and_then(|client| client.producer_id()),
        transaction: app.client.as_ref().and_then(|client| client.transaction().cloned()),
    }
}

fn consumer_state(meta: &Meta, app: &ConsumerApp) -> ConsumerState {
    let client = app.client.as_ref();
    let membership = client.and_then(|client| client.membership());
    ConsumerState {
        name: meta.name.clone(),
        group: app.spec.group.clone(),
        topics: app.topics(),
        state: meta.state,
        client_state: client.map_or(MembershipState::Closed, |client| client.state()),
        generation: membership.as_ref().map_or(-1, |(_, generation)| *generation),
        member: membership.map(|(member, _)| member),
        assignment: client.map(|client| client.assignment()).unwrap_or_default(),
        positions: client.map(|client| client.positions()).unwrap_or_default(),
        handled: app.handled,
        duplicates: app.duplicates,
        backlog: app.backlog.len() as u64,
        failed: app.failed,
        handle_us: app.spec.handle_us,
        reads_committed: app.spec.config.get("isolation.level").is_some_and(|level| level == "read_committed"),
        output: app.output.as_ref().map(|output| OutputState {
            topic: app.spec.handler.output.as_ref().map(|output| output.topic.clone()),
            delivery: app.spec.handler.delivery(),
            sent: app.sends.count,
            acked: app.sends.acked,
            pending: output.client.pending(),
            producer_id: output.client.producer_id(),
            transaction: output.client.transaction().cloned(),
            blocked: app.is_blocked(),
        }),
    }
}

/// The partitions and the replicas of running brokers, from all that brokers know.
fn partitions(view: &mut WorldView, known: Vec<(i32, Option<&Broker>, PartitionView)>, before: &WorldView) {
    // The best source of each partition: one that leads it, then the highest epochs, then one that runs.
    let mut best: SortedVecMap<(bool, Arc<str>, i32), usize> = SortedVecMap::new();
    let rank = |(_, broker, view): &(i32, Option<&Broker>, PartitionView)| {
        (broker.is_some() && view.is_leader, view.leader_epoch, view.partition_epoch, broker.is_some())
    };
    for (index, source) in known.iter().enumerate() {
        let key = (source.2.topic.starts_with("__"), source.2.topic.clone(), source.2.partition);
        let slot = best.entry(key).or_insert(index);
        if known.get(*slot).is_some_and(|other| rank(other) < rank(source)) {
            *slot = index;
        }
    }
    for (node_id, broker, partition) in &known {
        if broker.is_none() {
            continue;
        }
        view.replicas.push(ReplicaState {
            broker: *node_id,
            topic: partition.topic.clone(),
            partition: partition.partition,
            is_leader: partition.is_leader,
            in_isr: false,
            leader_epoch: partition.leader_epoch,
            log_start: partition.log_start_offset,
            high_watermark: partition.high_watermark,
            end_offset: partition.end_offset,
            running: true,
            torn: None,
            records: Vec::new(),
        });
    }
    let mut known: Vec<_> = known.into_iter().map(Some).collect();
    view.replicas.sort_by(|a, b| (&a.topic, a.partition, a.broker).cmp(&(&b.topic, b.partition, b.broker)));
    for ((internal, topic, number), index) in best.iter() {
        let Some((node_id, broker, mut partition)) = known.get_mut(*index).and_then(Option::take) else { continue };
        if broker.is_none() || !partition.is_leader {
            partition.leader = -1;
            partition.is_leader = false;
        }
        // Decoded once, from the log that is shown; not again while its leader has written nothing to it.
        let same = before.partitions.get(view.partitions.len()).filter(|p| partition.is_leader && p.view == partition);
        let mut records = match (same, broker) {
            (Some(same), _) => same.records.clone(),
            (_, Some(broker)) => newest(broker, &partition).into(),
            _ => Arc::default(),
        };
        for replica in view.replicas.iter_mut().filter(|replica| replica.partition == *number && replica.topic == *topic) {
            replica.in_isr = partition.isr.contains(&replica.broker);
            if replica.broker == node_id && broker.is_none() {
                records = replica.records.as_slice().into();
            }
        }
        view.partitions.push(PartitionState { view: partition, records, internal: *internal });
    }
}

/// The newest records of a partition, oldest first.
fn newest(broker: &Broker, partition: &PartitionView) -> Vec<RecordState> {
    let first = (partition.end_offset - i64::from(RIBBON_RECORDS)).max(partition.log_start_offset);
    let mut records = Vec::new();
    let mut at = first;
    while at < partition.end_offset {
        let bytes = broker.peek(&partition.topic, partition.partition, at, PEEK_BYTES);
        let before = at;
        at = at.max(collect(bytes, first, &mut records));
        if at == before {
            break;
        }
    }
    end_transactions(&mut records);
    records
}

/// Gives each record the end of its transaction: the next marker of its producer. The records are the newest ones up to the log's end, so
/// that a transaction without a marker among them is open.
fn end_transactions(records: &mut [RecordState]) {
    let mut ends: SortedVecMap<i64, TransactionEnd> = SortedVecMap::new();
    for record in records.iter_mut().rev() {
        match record.transaction {
            Some(end) if record.control => _ = ends.insert(record.producer_id, end),
            Some(_) => record.transaction = ends.get(&record.producer_id).copied().or(Some(TransactionEnd::Open)),
            None => {}
        }
    }
}

/// Adds the records from offset `first` on; gives back the offset after the last batch.
fn collect(bytes: Bytes, first: i64, records: &mut Vec<RecordState>) -> i64 {
    let mut end = i64::MIN;
    for batch in batches(bytes) {
        let Ok(batch) = batch else { break };
        end = end.max(batch.last_offset().saturating_add(1));
        if end <= first {
            continue;
        }
        let transaction = match Marker::of(&batch) {
            Some(marker) => Some(if marker.commit { TransactionEnd::Committed } else { TransactionEnd::Aborted }),
            None => batch.is_transactional().then_some(TransactionEnd::Open),
        };
        for record in batch.records().unwrap_or_default() {
            if record.offset >= first {
                records.push(RecordState {
                    offset: record.offset,
                    timestamp: record.timestamp,
                    key: record.key.as_ref().map(key_text),
                    tombstone: record.value.is_none(),
                    control: batch.is_control(),
                    value_bytes: record.value.as_ref().map_or(0, |value| u32::try_from(value.len()).unwrap_or(u32::MAX)),
                    producer_id: batch.producer_id(),
                    transaction,
                });
            }
        }
    }
    end
}

/// The replicas on the disk of a broker without a process. `known`: its partitions as the process knew them when it ended.
pub(super) fn remains(broker: i32, disk: &Disk, known: &[PartitionView]) -> Vec<ReplicaState> {
    let mut found: Vec<ReplicaState> = Vec::new();
    for path in disk.list("").filter(|path| path.ends_with(".log")) {
        let Some((folder, file)) = path.rsplit_once('/') else { continue };
        let Some((topic, number)) = folder.rsplit_once('-') else { continue };
        let Ok(partition) = number.parse::<i32>() else { continue };
        if topic == METADATA_TOPIC {
            continue;
        }
        let base = file.trim_end_matches(".log").parse::<i64>().unwrap_or(0);
        if found.last().is_none_or(|last| &*last.topic != topic || last.partition != partition) {
            let view = known.iter().find(|view| &*view.topic == topic && view.partition == partition);
            found.push(ReplicaState {
                broker,
                topic: topic.into(),
                partition,
                is_leader: false,
                in_isr: false,
                leader_epoch: view.map_or(-1, |view| view.leader_epoch),
                log_start: view.map_or(base, |view| view.log_start_offset.max(base)),
                high_watermark: view.map_or(base, |view| view.high_watermark),
                end_offset: base,
                running: false,
                torn: None,
                records: Vec::new(),
            });
        }
        let Some(replica) = found.last_mut() else { continue };
        let bytes = disk.read_all(path).unwrap_or_default();
        let end = batches(bytes.clone()).map_while(Result::ok).map(|batch| batch.last_offset().saturating_add(1)).last();
        replica.end_offset = end.unwrap_or(base);
        replica.high_watermark = replica.high_watermark.min(replica.end_offset);
        let first = (replica.end_offset - i64::from(RIBBON_RECORDS)).max(replica.log_start);
        collect(bytes, first, &mut replica.records);
        replica.records.retain(|record| record.offset >= first);
        end_transactions(&mut replica.records);
    }
    found
}
