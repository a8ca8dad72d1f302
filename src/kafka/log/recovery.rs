//! Opening a log: what a clean shutdown left is only looked at, what a crash left is read whole and cut at the first
//! batch that does not hold (`LogLoader`, `LogSegment.recover`).

use super::super::disk::Disk;
use super::super::time::Time;
use super::super::wire::batch::HEADER_BYTES;
use super::super::wire::error::ErrorCode;
use super::epochs::Epochs;
use super::head::Head;
use super::index::{OffsetIndex, TimeIndex};
use super::producer_state::Producers;
use super::segment::{Segment, path};
use super::{Cut, EPOCHS_FILE, Log, LogConfig, LogError, Recovery, aborted, refused};
use std::fmt;
use std::sync::Arc;

impl fmt::Display for Recovery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.cut.is_empty() {
            let (segments, batches, rebuilt) = (self.segments, self.batches_checked, self.indexes_rebuilt);
            return write!(f, "whole: {segments} segments, {batches} batches checked, {rebuilt} indexes rebuilt");
        }
        for (i, cut) in self.cut.iter().enumerate() {
            let (dir, file) = cut.file.rsplit_once('/').unwrap_or(("", &cut.file));
            let separator = if i == 0 { "" } else { "; " };
            let (bytes, position, why) = (cut.bytes, cut.position, &cut.why);
            write!(f, "{separator}{dir}: cut {bytes} bytes off the end of {file} at position {position}: {why}")?;
        }
        Ok(())
    }
}

/// The number in a file's name of twenty digits and this suffix.
fn number(name: &str, suffix: &str) -> Option<i64> {
    let digits = name.strip_suffix(suffix)?;
    let plain = digits.len() == 20 && digits.bytes().all(|byte| byte.is_ascii_digit());
    if plain { digits.parse().ok() } else { None }
}

/// The numbers of all files of this kind, rising.
pub(super) fn numbered(disk: &Disk, dir: &str, suffix: &str) -> Vec<i64> {
    let prefix = format!("{dir}/");
    disk.list(&prefix).filter_map(|path| number(path.strip_prefix(&prefix)?, suffix)).collect()
}

impl Log {
    /// Opens the log in `dir`, making it when there is none. `clean`: the broker shut down cleanly, so only the indexes'
    /// sanity is checked; otherwise the segments from `recovery_point` on are read whole, a torn or corrupt tail is cut at
    /// the last valid batch, and indexes and producer state are rebuilt.
    ///
    /// The log starts at its first segment; a later start, as the broker's checkpoint has it, is set afterwards with
    /// [`Log::advance_start_offset`].
    pub fn open(
        disk: &mut Disk,
        dir: &str,
        config: LogConfig,
        now: Time,
        clean: bool,
        recovery_point: i64,
    ) -> Result<(Self, Recovery), LogError> {
        let mut recovery = Recovery::default();
        remove_strays(disk, dir);
        let bases = numbered(disk, dir, ".log");
        let mut epochs = Epochs::read(disk, &format!("{dir}/{EPOCHS_FILE}")).map_err(|why| refused(ErrorCode::KafkaStorageError, why))?;
        let before = epochs.checkpoint();
        let mut segments: Vec<Arc<Segment>> = Vec::with_capacity(bases.len());
        let mut end_offset = bases.first().copied().unwrap_or(0);
        let mut torn = false;
        let mut recovered = None;
        for (i, &base) in bases.iter().enumerate() {
            let next = bases.get(i + 1).copied();
            let mut segment = Segment::at(dir, base, now.millis());
            segment.size = disk.len(&segment.log).unwrap_or(0);
            if torn || base < end_offset {
                let why = "it follows what was cut".to_owned();
                recovery.cut.push(Cut { file: segment.log.to_string(), position: 0, bytes: segment.size, why });
                segment.remove(disk, dir);
                torn = true;
                continue;
            }
            let suspect = !clean && next.is_none_or(|next| next > recovery_point);
            let sound = !suspect && load_indexes(disk, &mut segment);
            let (offset, whole) = if sound { segment.load_marks(disk, next.is_none()) } else { (base, 0) };
            if sound && whole == segment.size {
                end_offset = next.unwrap_or(offset);
            } else {
                let cuts = recovery.cut.len();
                end_offset = recover(disk, &mut segment, &config, &mut epochs, &mut recovery)?;
                torn = recovery.cut.len() > cuts;
                recovered = recovered.or(Some(base));
            }
            recovery.segments += 1;
            segments.push(Arc::new(segment));
        }
        if segments.is_empty() {
            segments.push(Arc::new(Segment::create(disk, dir, end_offset, now.millis())?));
            recovery.segments = 1;
        }
        let start_offset = segments.first().map_or(0, |segment| segment.base_offset);
        epochs.truncate_from_end(end_offset);
        let mut log = Self {
            dir: Arc::from(dir),
            config,
            segments,
            start_offset,
            end_offset,
            recovery_point: if clean && !torn { end_offset } else { recovery_point.clamp(start_offset, end_offset) },
            epochs,
            producers: Producers::empty_at(start_offset),
            doomed: Vec::new(),
        };
        if log.epochs.checkpoint() != before {
            log.write_epochs(disk)?;
        }
        recovery.dropped = log.load_producers(disk, recovered)?;
        log.producers.expire(now.millis(), log.config.producer_id_expiration_ms);
        Ok((log, recovery))
    }

    /// Producer state from the newest good snapshot, and the batches after it. Snapshots beyond the end or damaged go. `recovered`: from
    /// the segment with this base offset on, aborted transactions are to be found again. A line for each that was damaged.
    pub(super) fn load_producers(&mut self, disk: &mut Disk, recovered: Option<i64>) -> Result<Vec<String>, LogError> {
        let mut dropped = Vec::new();
        self.producers = Producers::empty_at(self.segments.first().map_or(0, |segment| segment.base_offset));
        for offset in numbered(disk, &self.dir, ".snapshot").into_iter().rev() {
            let file = path(&self.dir, offset, "snapshot");
            let state = disk.read_all(&file).ok().filter(|_| offset <= self.end_offset);
            match state.and_then(|bytes| Producers::from_snapshot(&bytes, offset)) {
                Some(_) if recovered.is_some_and(|base| offset > base) => {}
                Some(state) => {
                    self.producers = state;
                    break;
                }
                None => {
                    if offset <= self.end_offset {
                        dropped.push(format!("Failed to load producer snapshot from '{file}': it is damaged"));
                    }
                    disk.remove(&file);
                }
            }
        }
        let from = self.producers.map_end();
        let mut state = std::mem::take(&mut self.producers);
        for i in 0..self.segments.len() {
            let next = self.segments.get(i + 1).map_or(self.end_offset, |next| next.base_offset);
            let Some(segment) = self.segments.get_mut(i).filter(|_| next > from) else { continue };
            let again = recovered.is_some_and(|base| segment.base_offset >= base);
            let mut batches = Vec::new();
            segment.heads(disk, segment.position_of(disk, from), |position, head| batches.push((position, *head)));
            for (position, head) in batches {
                let ended = state.update(&segment.batch(disk, position, head)?);
                if let Some(ended) = ended.filter(|ended| again && ended.aborted) {
                    Arc::make_mut(segment).note_aborted(disk, ended.transaction)?;
                }
            }
        }
        state.set_map_end(self.end_offset);
        self.producers = state;
        Ok(dropped)
    }
}

/// Removes the remains of a deletion or a power loss: files marked for deletion, indexes without a log.
fn remove_strays(disk: &mut Disk, dir: &str) {
    let prefix = format!("{dir}/");
    let stray = |path: &&str| {
        let name = path.strip_prefix(&prefix).unwrap_or(path);
        let orphan = [".index", ".timeindex", ".txnindex"]
            .iter()
            .any(|suffix| number(name, suffix).is_some_and(|base| disk.len(&super::segment::path(dir, base, "log")).is_none()));
        orphan || name.ends_with(".deleted") || name.ends_with(".cleaned")
    };
    let strays: Vec<String> = disk.list(&prefix).filter(stray).map(str::to_owned).collect();
    strays.iter().for_each(|path| disk.remove(path));
}

/// Index entries at the end of the file that are held against the log: a write that was cut short damages no others.
const CHECKED_ENTRIES: u32 = 4;

/// Whether both index files are there and can belong to the log file. Kafka compares sizes and order alone (`OffsetIndex.sanityCheck`); an
/// entry that points into a batch would be believed.
fn load_indexes(disk: &Disk, segment: &mut Segment) -> bool {
    let offsets = disk.read_all(&segment.index).ok().and_then(|bytes| OffsetIndex::parse(&bytes, segment.size));
    let times = disk.read_all(&segment.time_index).ok().and_then(|bytes| TimeIndex::parse(&bytes));
    let aborted = disk.read_all(&segment.aborted_index).map_or(Some(Vec::new()), |bytes| aborted::parse(bytes, segment.base_offset));
    let (Some(offsets), Some(times), Some(aborted)) = (offsets, times, aborted) else { return false };
    let points_to_a_batch = |&(relative, position): &(u32, u32)| {
        let head = Head::at(disk, &segment.log, u64::from(position));
        head.is_some_and(|head| head.last_offset == segment.base_offset + i64::from(relative))
    };
    if !offsets.entries.iter().rev().take(CHECKED_ENTRIES as usize).all(points_to_a_batch) {
        return false;
    }
    segment.offsets = offsets;
    segment.times = times;
    segment.aborted = aborted;
    true
}

/// Reads every batch, cuts at the first that does not hold, and writes the indexes anew. The offset after the last batch.
fn recover(
    disk: &mut Disk,
    segment: &mut Segment,
    config: &LogConfig,
    epochs: &mut Epochs,
    recovery: &mut Recovery,
) -> Result<i64, LogError> {
    let size = segment.size;
    let mut fresh = Segment { offsets: OffsetIndex::default(), times: TimeIndex::default(), ..segment.clone() };
    (fresh.max_timestamp, fresh.max_timestamp_offset, fresh.bytes_since_index) = (-1, segment.base_offset, 0);
    let mut position = 0;
    let mut next = segment.base_offset;
    while position < size {
        match checked(disk, segment, position, next) {
            Ok(head) => {
                recovery.batches_checked += 1;
                fresh.note(position, head.size, head.max_timestamp, head.last_offset, config);
                if head.leader_epoch > epochs.latest() {
                    epochs.assign(head.leader_epoch, head.base_offset);
                }
                next = head.last_offset + 1;
                position += head.size;
            }
            Err(why) => {
                recovery.cut.push(Cut { file: segment.log.to_string(), position, bytes: size - position, why });
                disk.truncate(&segment.log, position)?;
                break;
            }
        }
    }
    fresh.size = position;
    fresh.aborted.clear();
    disk.remove(&fresh.aborted_index);
    fresh.bytes_since_index = 0;
    disk.replace(&fresh.index, fresh.offsets.file())?;
    disk.replace(&fresh.time_index, fresh.times.file())?;
    fresh.seal(disk)?;
    recovery.indexes_rebuilt += 1;
    *segment = fresh;
    Ok(next)
}

/// The head of a whole batch with a right CRC, whose offsets go on from `next`; or why it is none.
fn checked(disk: &Disk, segment: &Segment, position: u64, next: i64) -> Result<Head, String> {
    let have = segment.size - position;
    if have < u64::from(HEADER_BYTES) {
        return Err(format!("a batch begins with {HEADER_BYTES} bytes, {have} are there"));
    }
    let head = Head::at(disk, &segment.log, position).ok_or("no batch begins there")?;
    if head.size > have {
        return Err(format!("the batch says it has {} bytes, {have} are there", head.size));
    }
    let batch = segment.batch(disk, position, head).map_err(|error| error.to_string())?;
    batch.check_crc().map_err(|error| error.to_string())?;
    if head.base_offset < next || head.last_offset - segment.base_offset > i64::from(i32::MAX) {
        return Err(format!("the batch has offset {}, at least {next} must come", head.base_offset));
    }
    Ok(head)
}
