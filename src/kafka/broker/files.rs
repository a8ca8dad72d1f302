//! The broker's own files beside the logs: Kafka's checkpoints (`OffsetCheckpointFile`), `meta.properties`, `partition.metadata`, and the
//! mark of a clean shutdown.

use super::partition::Partition;
use super::topics::Topics;
use crate::kafka::controller::check_name;
use crate::kafka::disk::{Disk, DiskError};
use crate::kafka::log::{read_checkpoint, whole};
use crate::kafka::sorted_vec::SortedVecMap;
use bytes::Bytes;
use std::fmt::Write as _;
use uuid::Uuid;

pub use crate::kafka::wire::field_map::kafka_uuid as base64;

pub const META_PROPERTIES: &str = "meta.properties";
pub const RECOVERY_POINTS: &str = "recovery-point-offset-checkpoint";
pub const HIGH_WATERMARKS: &str = "replication-offset-checkpoint";
pub const LOG_STARTS: &str = "log-start-offset-checkpoint";
pub const CLEAN_SHUTDOWN: &str = ".kafka_cleanshutdown";

pub fn partition_dir(topic: &str, partition: i32) -> String {
    format!("{topic}-{partition}")
}

/// Topic and partition of a log directory's name.
pub fn parse_dir(dir: &str) -> Option<(&str, i32)> {
    let (topic, partition) = dir.rsplit_once('-')?;
    let number: i32 = partition.parse().ok().filter(|number| *number >= 0)?;
    (check_name(topic).is_ok() && number.to_string() == partition).then_some((topic, number))
}

pub fn remove_dir(disk: &mut Disk, dir: &str) {
    let prefix = format!("{dir}/");
    let files: Vec<String> = disk.list(&prefix).map(str::to_owned).collect();
    files.iter().for_each(|file| disk.remove(file));
}

pub fn rename_dir(disk: &mut Disk, from: &str, to: &str) -> Result<(), DiskError> {
    let prefix = format!("{from}/");
    let names: Vec<String> = disk.list(&prefix).map(str::to_owned).collect();
    for path in names {
        let name = path.strip_prefix(&prefix).unwrap_or(&path);
        disk.rename(&path, &format!("{to}/{name}"))?;
    }
    Ok(())
}

/// Renames the folder of a deleted partition to `NAME.<hex>-delete`; its new name.
pub fn mark_deleted(disk: &mut Disk, dir: &str, id: Uuid) -> Result<String, DiskError> {
    renamed(disk, dir, id, "delete")
}

/// The most bytes of a file's name.
const MAX_NAME_BYTES: usize = 255;

/// Renames a log that nothing is known of to `NAME.<hex>-stray`, beside all that was set aside before it; its new name.
pub fn set_aside(disk: &mut Disk, dir: &str, id: Uuid) -> Result<String, DiskError> {
    renamed(disk, dir, id, "stray")
}

fn renamed(disk: &mut Disk, dir: &str, id: Uuid, what: &str) -> Result<String, DiskError> {
    let (topic, partition) = dir.rsplit_once('-').unwrap_or((dir, "0"));
    let mut id = id.as_u128();
    loop {
        let end = format!("-{partition}.{}-{what}", Uuid::from_u128(id).simple());
        let topic = topic.get(..MAX_NAME_BYTES.saturating_sub(end.len())).unwrap_or(topic);
        let stray = format!("{topic}{end}");
        if disk.list(&format!("{stray}/")).next().is_none() {
            rename_dir(disk, dir, &stray)?;
            return Ok(stray);
        }
        id = id.wrapping_add(1);
    }
}

/// The broker epoch in the mark of a clean shutdown; `None` without a mark, -1 when it cannot be read.
pub fn clean_shutdown(disk: &Disk) -> Option<i64> {
    let text = read_text(disk, CLEAN_SHUTDOWN)?;
    let digits = text.split_once("\"brokerEpoch\":").map_or("", |(_, rest)| rest.trim_end_matches('}'));
    Some(digits.trim().parse().unwrap_or(-1))
}

fn write(disk: &mut Disk, path: &str, text: String) -> Result<(), DiskError> {
    disk.replace(path, Bytes::from(text))?;
    disk.flush(path)
}

/// The file's text; `None` when there is none or it is not UTF-8.
pub fn read_text(disk: &Disk, path: &str) -> Option<String> {
    disk.len(path)?;
    String::from_utf8(disk.read_all(path).ok()?.to_vec()).ok()
}

pub fn parse_base64(text: &str) -> Option<Uuid> {
    let mut bits = 0_u128;
    if text.len() != 22 {
        return None;
    }
    for (index, byte) in text.bytes().enumerate() {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'-' => 62,
            b'_' => 63,
            _ => return None,
        };
        bits = if index < 21 { bits << 6 | u128::from(value) } else { bits << 2 | u128::from(value >> 4) };
    }
    Some(Uuid::from_u128(bits))
}

pub fn write_partition_metadata(disk: &mut Disk, dir: &str, id: Uuid) -> Result<(), DiskError> {
    remove_dir(disk, dir); // what an interrupted deletion may have left
    write(disk, &format!("{dir}/partition.metadata"), format!("version: 0\ntopic_id: {}\n", base64(id)))
}

pub fn read_partition_metadata(disk: &Disk, dir: &str) -> Option<Uuid> {
    let text = read_text(disk, &format!("{dir}/partition.metadata"))?;
    text.lines().find_map(|line| line.strip_prefix("topic_id:")).and_then(|id| parse_base64(id.trim()))
}

/// What `meta.properties` says (`MetaProperties`); `None`: there is no such file.
///
/// # Errors
/// It does not say whose the files are. To take it for missing would give them to whoever comes.
pub fn read_meta_properties(disk: &Disk) -> Result<Option<SortedVecMap<String, String>>, String> {
    if disk.len(META_PROPERTIES).is_none() {
        return Ok(None);
    }
    let text = read_text(disk, META_PROPERTIES).ok_or("it is not UTF-8")?;
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    let pairs = lines.filter_map(|line| line.split_once('='));
    let found: SortedVecMap<String, String> = pairs.map(|(key, value)| (key.trim().to_owned(), value.trim().to_owned())).collect();
    let version = found.get("version").ok_or("Failed to find version")?;
    match version.parse() {
        Ok(0) => {}
        Ok(1) => {
            let missing = ["cluster.id", "node.id"].into_iter().find(|name| !found.contains_key(*name));
            missing.map_or(Ok(()), |name| Err(format!("{name} was not found.")))?;
        }
        Ok::<i32, _>(other) => return Err(format!("Unknown meta.properties version number {other}")),
        Err(_) => return Err("Unable to read version as a base-10 number.".into()),
    }
    Ok(Some(found))
}

pub fn write_meta_properties(disk: &mut Disk, cluster_id: &str, directory: Uuid, node_id: i32) -> Result<(), DiskError> {
    let directory = base64(directory);
    write(disk, META_PROPERTIES, format!("cluster.id={cluster_id}\ndirectory.id={directory}\nnode.id={node_id}\nversion=1\n"))
}

/// Offsets by topic and partition.
///
/// # Errors
/// The file is damaged. Kafka marks the log directory as offline then, and a broker without another one ends.
pub fn read_offsets(disk: &Disk, path: &str) -> Result<SortedVecMap<(String, i32), i64>, String> {
    let entry = |words: &[&str]| match words {
        [topic, partition, offset] => Some((((*topic).to_owned(), whole(partition)?), whole(offset)?)),
        _ => None,
    };
    Ok(read_checkpoint(disk, path, entry)?.into_iter().collect())
}

/// Writes the checkpoint files, each only when it changed.
#[derive(Clone, Debug, Default)]
pub struct Checkpoints {
    written: SortedVecMap<&'static str, String>,
}

impl Checkpoints {
    fn write(
        &mut self,
        disk: &mut Disk,
        path: &'static str,
        topics: &Topics,
        offset: impl Fn(&Partition) -> Option<i64>,
    ) -> Result<(), DiskError> {
        let mut lines = String::new();
        let mut count = 0_u32;
        for topic in topics.iter() {
            for (index, partition) in &topic.partitions {
                if let Some(offset) = offset(partition) {
                    let _ = writeln!(lines, "{} {index} {offset}", topic.name);
                    count += 1;
                }
            }
        }
        let text = format!("0\n{count}\n{lines}");
        if self.written.get(path) != Some(&text) {
            write(disk, path, text.clone())?;
            self.written.insert(path, text);
        }
        Ok(())
    }

    pub fn write_recovery_points(&mut self, disk: &mut Disk, topics: &Topics) -> Result<(), DiskError> {
        self.write(disk, RECOVERY_POINTS, topics, |partition| Some(partition.recovery_point))
    }

    pub fn write_high_watermarks(&mut self, disk: &mut Disk, topics: &Topics) -> Result<(), DiskError> {
        self.write(disk, HIGH_WATERMARKS, topics, |partition| Some(partition.high_watermark))
    }

    /// As Kafka: only those that lie after the first segment's start.
    pub fn write_log_starts(&mut self, disk: &mut Disk, topics: &Topics) -> Result<(), DiskError> {
        self.write(disk, LOG_STARTS, topics, |partition| {
            let start = partition.log.start_offset();
            let first = partition.log.segments().first().map_or(0, |segment| segment.base_offset);
            (start > first).then_some(start)
        })
    }

    /// All of them, and the mark of a clean shutdown, with the broker's epoch, if it was one.
    pub fn write_all(&mut self, disk: &mut Disk, topics: &Topics, clean: Option<i64>) -> Result<(), DiskError> {
        self.write_recovery_points(disk, topics)?;
        self.write_high_watermarks(disk, topics)?;
        self.write_log_starts(disk, topics)?;
        match clean {
            Some(epoch) => write(disk, CLEAN_SHUTDOWN, format!("{{\"version\":0,\"brokerEpoch\":{epoch}}}")),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uuids_are_written_as_kafka_writes_them() {
        let id = Uuid::from_u128(0xfbff_0000_0000_0000_0000_0000_0000_0001);
        assert_eq!(base64(id), "-_8AAAAAAAAAAAAAAAAAAQ");
        for id in [id, Uuid::nil(), Uuid::max()] {
            assert_eq!(parse_base64(&base64(id)), Some(id));
        }
    }

    #[test]
    fn directories_name_topic_and_partition() {
        assert_eq!(parse_dir("my-orders-12"), Some(("my-orders", 12)));
        for other in ["orders", "orders-x", "orders-01", "orders-0.f00-delete", "orders-0.f00-stray"] {
            assert_eq!(parse_dir(other), None, "{other}");
        }
    }
}
