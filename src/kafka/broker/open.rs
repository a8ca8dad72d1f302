//! Booting from a disk.

use super::background::Tasks;
use super::connections::Connections;
use super::coordinator_appends::CoordinatorAppends;
use super::deletions::Doomed;
use super::fetch_sessions::FetchSessions;
use super::files::{self, Checkpoints};
use super::isr::AlterPartitions;
use super::lifecycle::Life;
use super::partition::Partition;
use super::peers::Peers;
use super::producer_ids::ProducerIds;
use super::purgatory::Purgatory;
use super::replica_fetchers::ReplicaFetchers;
use super::replication_quota::ReplicationQuotas;
use super::topics::Topics;
use super::txn_markers::{MarkerWrites, TxnMarkers};
use super::verification::Verifications;
use super::{Broker, BrokerEvent, BrokerOptions, OpenError, Output};
use crate::kafka::client::net::Node;
use crate::kafka::config::{BrokerConfig, TopicConfig};
use crate::kafka::controller::{Controller, ControllerOptions, METADATA_DIR, Voter};
use crate::kafka::coordinator::transactions::{TransactionConfig, TransactionCoordinator};
use crate::kafka::coordinator::{GroupConfig, GroupCoordinator};
use crate::kafka::disk::Disk;
use crate::kafka::log::{Log, LogConfig, Recovery};
use crate::kafka::marks::mark;
use crate::kafka::rng::Rng;
use crate::kafka::sabotage::Sabotage;
use crate::kafka::sorted_vec::{SortedVecMap, SortedVecSet};
use crate::kafka::time::Time;
use std::collections::VecDeque;
use std::sync::Arc;
use uuid::Uuid;

fn disk_error(error: impl ToString) -> OpenError {
    OpenError::Disk(error.to_string())
}

pub fn open(now: Time, mut options: BrokerOptions, mut disk: Disk) -> Result<Broker, OpenError> {
    if options.voters.is_empty() {
        options.voters.push(Voter { id: options.node_id, host: options.host.clone(), port: options.controller_port });
    }
    let config = BrokerConfig::new(file_of(&options))?;
    let mut outputs = VecDeque::new();
    // Streams are salted with the time of the start, so that a restart does not draw the ids of the run before it again.
    let seed = options.seed ^ now.0.cast_unsigned();
    let mut ids = Rng::stream(seed, "ids");

    let directory = check_meta(&mut options, &mut disk, &mut ids, &mut outputs)?;
    let clean = files::clean_shutdown(&disk);
    disk.remove(files::CLEAN_SHUTDOWN);
    finish_deletions(&mut disk);
    let topics = open_topics(now, &mut disk, &config, clean.is_some(), &mut ids, &mut outputs)?;

    let controller = ControllerOptions {
        node_id: options.node_id,
        cluster_id: options.cluster_id.clone(),
        voters: options.voters.clone(),
        sabotage: options.sabotage,
        seed: Rng::stream(seed, "controller").next_u64(),
    };
    let controller = Controller::open(now, controller, &config, &mut disk).map_err(OpenError::Disk)?;
    let mut peers = Peers::new(options.node_id);
    for voter in &options.voters {
        peers.set_address(Node::Voter(voter.id), &voter.host, voter.port);
        peers.set_address(Node::Controller(voter.id), &voter.host, voter.port);
    }
    let mut broker = Broker {
        controller,
        asked: SortedVecMap::new(),
        forwards: Vec::new(),
        creating: SortedVecSet::new(),
        not_created: SortedVecMap::new(),
        known: SortedVecMap::new(),
        peers,
        life: Life::new(now, ids.uuid(), clean.unwrap_or(-1)),
        directory,
        fetchers: ReplicaFetchers::default(),
        quotas: ReplicationQuotas::new(&config),
        altering: AlterPartitions::default(),
        appends: CoordinatorAppends::default(),
        lag_ms: config.replica_lag_time_max_ms,
        halted: false,
        groups: GroupCoordinator::new(
            GroupConfig {
                two_owners: options.sabotage == Some(Sabotage::TwoOwners),
                takes_any_commit: options.sabotage == Some(Sabotage::GenerationNotChecked),
                ..GroupConfig::new(&config)
            },
            seed,
        ),
        transactions: TransactionCoordinator::new(now, TransactionConfig::new(&config)),
        transaction_askers: SortedVecMap::new(),
        markers: TxnMarkers::default(),
        marker_writes: MarkerWrites::default(),
        verifications: Verifications::default(),
        waiting: SortedVecMap::new(),
        next_token: 0,
        connections: Connections::default(),
        doomed: Doomed::default(),
        ready: VecDeque::new(),
        purgatory: Purgatory::default(),
        sessions: FetchSessions::new(Rng::stream(seed, "fetch-sessions"), config.max_incremental_fetch_session_cache_slots),
        producer_ids: ProducerIds::default(),
        live_broker_draws: Rng::stream(seed, "live-brokers"),
        tasks: Tasks::new(now, &config),
        checkpoints: Checkpoints::default(),
        options,
        config,
        disk,
        topics,
        outputs,
    };
    broker.settle(now);
    Ok(broker)
}

/// The configs of a start: those that were given, and those that say who and where this node is, as they would stand in its file.
fn file_of(options: &BrokerOptions) -> SortedVecMap<String, String> {
    let mut fixed = options.config.clone();
    let voters: Vec<String> = options.voters.iter().map(|voter| format!("{}@{}:{}", voter.id, voter.host, voter.port)).collect();
    fixed.insert("controller.quorum.voters".into(), voters.join(","));
    let BrokerOptions { node_id, host, port, controller_port, .. } = options;
    for (name, value) in [
        ("advertised.listeners", format!("PLAINTEXT://{host}:{port}")),
        ("broker.id", node_id.to_string()),
        ("controller.listener.names", "CONTROLLER".into()),
        ("listeners", format!("PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller_port}")),
        ("node.id", node_id.to_string()),
        ("process.roles", "broker,controller".into()),
    ] {
        fixed.entry(name.into()).or_insert_with(|| value);
    }
    fixed
}

/// The disk says which cluster and node it belongs to. Its cluster id holds; another node's disk is refused. Returns the directory's id.
fn check_meta(options: &mut BrokerOptions, disk: &mut Disk, ids: &mut Rng, outputs: &mut VecDeque<Output>) -> Result<Uuid, OpenError> {
    let fresh = ids.uuid();
    let meta = files::read_meta_properties(disk).map_err(|why| disk_error(format!("{}: {why}", files::META_PROPERTIES)))?;
    let Some(meta) = meta else {
        files::write_meta_properties(disk, &options.cluster_id, fresh, options.node_id).map_err(disk_error)?;
        return Ok(fresh);
    };
    if let Some(node) = meta.get("node.id").filter(|node| **node != options.node_id.to_string()) {
        let why = format!("{}: the files belong to node {node}, this is node {}", files::META_PROPERTIES, options.node_id);
        return Err(OpenError::Disk(why));
    }
    if let Some(cluster) = meta.get("cluster.id").filter(|id| id.as_str() != &*options.cluster_id) {
        outputs.push_back(Output::Log(format!("the files belong to cluster {cluster}, not {}: {cluster} it is", options.cluster_id)));
        options.cluster_id = cluster.as_str().into();
    }
    Ok(meta.get("directory.id").and_then(|id| files::parse_base64(id)).unwrap_or(fresh))
}

fn log_dirs(disk: &Disk) -> SortedVecSet<String> {
    disk.list("").filter_map(|path| path.split_once('/')).map(|(dir, _)| dir.to_owned()).collect()
}

/// What an interrupted deletion left.
fn finish_deletions(disk: &mut Disk) {
    for dir in log_dirs(disk).into_iter().filter(|dir| dir.ends_with("-delete")) {
        files::remove_dir(disk, &dir);
    }
}

/// Opens every log that says which topic it belongs to. Whether this broker still has it, and who leads it, the metadata will say.
fn open_topics(
    now: Time,
    disk: &mut Disk,
    config: &BrokerConfig,
    clean: bool,
    ids: &mut Rng,
    outputs: &mut VecDeque<Output>,
) -> Result<Topics, OpenError> {
    let recovery_points = files::read_offsets(disk, files::RECOVERY_POINTS).map_err(disk_error)?;
    let high_watermarks = files::read_offsets(disk, files::HIGH_WATERMARKS).map_err(disk_error)?;
    let log_starts = files::read_offsets(disk, files::LOG_STARTS).map_err(disk_error)?;
    let log_config = LogConfig::new(config, &TopicConfig::new(config, &SortedVecMap::new()));
    let mut topics = Topics::default();
    for dir in log_dirs(disk) {
        let Some((name, index)) = files::parse_dir(&dir) else { continue };
        if dir == METADATA_DIR {
            continue;
        }
        let Some(id) = files::read_partition_metadata(disk, &dir) else {
            let stray = files::set_aside(disk, &dir, ids.uuid()).map_err(disk_error)?;
            outputs.push_back(Output::Log(format!("{dir}: partition.metadata does not say whose log it is; it is {stray} now")));
            continue;
        };
        let key = (name.to_owned(), index);
        let recovery_point = recovery_points.get(&key).copied().unwrap_or(0);
        let (mut log, recovery) = Log::open(disk, &dir, log_config.clone(), now, clean, recovery_point).map_err(disk_error)?;
        if let Some(start) = log_starts.get(&key).filter(|start| (log.start_offset()..=log.end_offset()).contains(start)) {
            log.advance_start_offset(disk, *start).map_err(disk_error)?;
        }
        let name: Arc<str> = name.into();
        tell(&recovery, &name, index, outputs);
        let known_good = if clean { log.end_offset() } else { recovery_point };
        let high_watermark = high_watermarks.get(&key).copied().unwrap_or(0);
        topics.ensure(&name, id).partitions.insert(index, Partition::new(now, log, known_good, high_watermark));
    }
    Ok(topics)
}

fn tell(recovery: &Recovery, topic: &Arc<str>, partition: i32, outputs: &mut VecDeque<Output>) {
    outputs.extend(recovery.dropped.iter().cloned().map(Output::Log));
    if recovery.cut.is_empty() && recovery.indexes_rebuilt == 0 {
        return;
    }
    let text = recovery.to_string();
    outputs.push_back(Output::Log(format!("{topic}-{partition}: {text}")));
    if !recovery.cut.is_empty() {
        mark!(LogCut);
        outputs.push_back(Output::Event(BrokerEvent::Recovered { topic: topic.clone(), partition, text }));
    }
}
