//! Booting from a disk.

use super::background::Tasks;
use super::config::BrokerConfig;
use super::files::{self, Checkpoints, Saved, SavedTopic};
use super::init_producer_id::ProducerIds;
use super::metadata::{Topic, Topics};
use super::partition::Partition;
use super::purgatory::Purgatory;
use super::topics::OFFSETS_TOPIC;
use super::{Broker, BrokerEvent, BrokerOptions, OpenError, Output};
use crate::kafka::coordinator::GroupCoordinator;
use crate::kafka::disk::Disk;
use crate::kafka::log::{Log, Recovery};
use crate::kafka::map::{Map, Set};
use crate::kafka::rng::Rng;
use crate::kafka::time::Time;
use crate::kafka::wire::batch::{Batch, batches};
use std::collections::VecDeque;
use std::sync::Arc;

/// Bytes of `__consumer_offsets` that are read at a time.
const LOAD_BYTES: u32 = 5 << 20;

fn disk_error(error: impl ToString) -> OpenError {
    OpenError::Disk(error.to_string())
}

pub fn open(now: Time, mut options: BrokerOptions, mut disk: Disk) -> Result<Broker, OpenError> {
    let mut fixed = options.config.clone();
    fixed.entry("node.id".into()).or_insert_with(|| options.node_id.to_string());
    fixed.entry("advertised.listeners".into()).or_insert_with(|| format!("PLAINTEXT://{}:{}", options.host, options.port));
    let mut config = BrokerConfig::new(fixed)?;
    let mut outputs = VecDeque::new();
    // Streams are salted with the time of the start, so that a restart does not draw the ids of the run before it again.
    let seed = options.seed ^ now.0.cast_unsigned();
    let mut topic_ids = Rng::stream(seed, "topic-ids");

    check_meta(&mut options, &mut disk, &mut topic_ids, &mut outputs)?;
    let clean = disk.len(files::CLEAN_SHUTDOWN).is_some();
    disk.remove(files::CLEAN_SHUTDOWN);
    let saved = match files::read_text(&disk, files::METADATA) {
        Some(text) => files::parse_metadata(&text).map_err(OpenError::Disk)?,
        None => adopt(&disk, &mut outputs),
    };
    config.dynamic = saved.dynamic.clone();
    set_strays_aside(&mut disk, &saved, &mut outputs)?;
    let topics = open_topics(now, &mut disk, &config, saved, clean, &mut outputs)?;

    let reserved = files::read_text(&disk, files::PRODUCER_IDS).and_then(|text| text.lines().nth(1)?.parse().ok()).unwrap_or(0);
    let mut broker = Broker {
        groups: GroupCoordinator::new(config.group_config(), seed),
        waiting: Map::new(),
        next_token: 0,
        connections: Map::new(),
        ready: VecDeque::new(),
        purgatory: Purgatory::default(),
        producer_ids: ProducerIds::after(reserved),
        tasks: Tasks::new(now, &config),
        checkpoints: Checkpoints::default(),
        topic_ids,
        options,
        config,
        disk,
        topics,
        outputs,
    };
    files::save_metadata(&mut broker.disk, &broker.topics, &broker.config).map_err(disk_error)?;
    broker.load_groups(now);
    broker.settle(now);
    Ok(broker)
}

/// The disk says which cluster and node it belongs to. Its cluster id holds; another node's disk is refused.
fn check_meta(options: &mut BrokerOptions, disk: &mut Disk, ids: &mut Rng, outputs: &mut VecDeque<Output>) -> Result<(), OpenError> {
    let Some(meta) = files::read_properties(disk, files::META_PROPERTIES) else {
        return files::write_meta_properties(disk, &options.cluster_id, ids.uuid(), options.node_id).map_err(disk_error);
    };
    if let Some(node) = meta.get("node.id").filter(|node| **node != options.node_id.to_string()) {
        let why = format!("{}: the files belong to node {node}, this is node {}", files::META_PROPERTIES, options.node_id);
        return Err(OpenError::Disk(why));
    }
    if let Some(cluster) = meta.get("cluster.id").filter(|id| id.as_str() != &*options.cluster_id) {
        outputs.push_back(Output::Log(format!("the files belong to cluster {cluster}, not {}: {cluster} it is", options.cluster_id)));
        options.cluster_id = cluster.as_str().into();
    }
    Ok(())
}

fn log_dirs(disk: &Disk) -> Set<String> {
    disk.list("").filter_map(|path| path.split_once('/')).map(|(dir, _)| dir.to_owned()).collect()
}

/// Without a list of topics (a data directory of Apache Kafka's) the directories are taken for what they say.
fn adopt(disk: &Disk, outputs: &mut VecDeque<Output>) -> Saved {
    let mut saved = Saved::default();
    for dir in log_dirs(disk) {
        let Some((topic, partition)) = files::parse_dir(&dir) else { continue };
        let Some(id) = files::read_partition_metadata(disk, &dir) else { continue };
        if topic == "__cluster_metadata" || partition >= super::topics::MAX_PARTITIONS {
            continue;
        }
        outputs.push_back(Output::Log(format!("{dir}: taken over as it was found")));
        let entry = saved.topics.entry(topic.to_owned()).or_insert(SavedTopic { id, ..SavedTopic::default() });
        entry.partitions = entry.partitions.max(partition + 1);
    }
    if let Some(offsets) = saved.topics.get_mut(OFFSETS_TOPIC) {
        offsets.configs.insert("cleanup.policy".into(), "compact".into());
    }
    saved
}

/// Finishes interrupted deletions and renames logs that belong to no topic, as Kafka does.
fn set_strays_aside(disk: &mut Disk, saved: &Saved, outputs: &mut VecDeque<Output>) -> Result<(), OpenError> {
    for dir in log_dirs(disk) {
        if dir.ends_with("-delete") {
            files::remove_dir(disk, &dir);
            continue;
        }
        let Some((topic, partition)) = files::parse_dir(&dir) else { continue };
        let id = files::read_partition_metadata(disk, &dir);
        let ours = saved.topics.get(topic).is_some_and(|known| partition < known.partitions && id.is_none_or(|id| id == known.id));
        if ours || topic == "__cluster_metadata" {
            continue;
        }
        let stray = format!("{dir}.{}-stray", id.unwrap_or_default().simple());
        let prefix = format!("{dir}/");
        let names: Vec<String> = disk.list(&prefix).map(str::to_owned).collect();
        for path in names {
            let name = path.strip_prefix(&prefix).unwrap_or(&path);
            disk.rename(&path, &format!("{stray}/{name}")).map_err(disk_error)?;
        }
        outputs.push_back(Output::Log(format!("{dir} belongs to no topic; it is {stray} now")));
    }
    Ok(())
}

fn open_topics(
    now: Time,
    disk: &mut Disk,
    config: &BrokerConfig,
    saved: Saved,
    clean: bool,
    outputs: &mut VecDeque<Output>,
) -> Result<Topics, OpenError> {
    let recovery_points = files::read_checkpoint(disk, files::RECOVERY_POINTS);
    let log_starts = files::read_checkpoint(disk, files::LOG_STARTS);
    let mut topics = Topics::default();
    for (name, SavedTopic { id, partitions: count, configs }) in saved.topics {
        let log_config = config.log_config(&configs);
        let topic_name: Arc<str> = name.as_str().into();
        let mut partitions = Vec::new();
        for index in 0..count {
            let dir = files::partition_dir(&name, index);
            if files::read_partition_metadata(disk, &dir).is_none() {
                let fresh = disk.list(&format!("{dir}/")).next().is_none();
                if fresh {
                    files::write_partition_metadata(disk, &dir, id).map_err(disk_error)?;
                }
            }
            let key = (name.clone(), index);
            let recovery_point = recovery_points.get(&key).copied().unwrap_or(0);
            let (mut log, recovery) = Log::open(disk, &dir, log_config.clone(), now, clean, recovery_point).map_err(disk_error)?;
            if let Some(start) = log_starts.get(&key).filter(|start| (log.start_offset()..=log.end_offset()).contains(start)) {
                log.advance_start_offset(disk, *start).map_err(disk_error)?;
            }
            tell(&recovery, &topic_name, index, outputs);
            let known_good = if clean { log.end_offset() } else { recovery_point };
            partitions.push(Partition::new(log, known_good));
        }
        topics.insert(Topic { name: topic_name, id, configs, partitions });
    }
    Ok(topics)
}

fn tell(recovery: &Recovery, topic: &Arc<str>, partition: i32, outputs: &mut VecDeque<Output>) {
    if recovery.cut.is_empty() && recovery.indexes_rebuilt == 0 {
        return;
    }
    let text = recovery.to_string();
    outputs.push_back(Output::Log(format!("{topic}-{partition}: {text}")));
    if !recovery.cut.is_empty() {
        outputs.push_back(Output::Event(BrokerEvent::Recovered { topic: topic.clone(), partition, text }));
    }
}

impl Broker {
    /// Leads all of `__consumer_offsets` again: its batches make the groups anew.
    fn load_groups(&mut self, now: Time) {
        let Some(topic) = self.topics.get(OFFSETS_TOPIC) else { return };
        for (index, partition) in (0..).zip(&topic.partitions) {
            let log = &partition.log;
            let mut found: Vec<Batch> = Vec::new();
            let mut offset = log.start_offset();
            while offset < log.end_offset() {
                let bytes = log.read(&self.disk, offset, log.end_offset(), LOAD_BYTES, true).unwrap_or_default();
                let next = batches(bytes).map_while(Result::ok).map(|batch| {
                    let next = batch.last_offset().saturating_add(1);
                    found.push(batch);
                    next
                });
                match next.last() {
                    Some(next) if next > offset => offset = next,
                    _ => {
                        self.outputs.push_back(Output::Log(format!("{OFFSETS_TOPIC}-{index} cannot be read from offset {offset} on")));
                        break;
                    }
                }
            }
            self.groups.handle_elected(now, index, found.into_iter());
        }
    }
}
