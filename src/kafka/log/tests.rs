//! The log against a plain list of records; what crashes leave; the table of sequence checks.

use super::super::time::Time;
use super::super::wire::batch::{Batch, BatchBuilder, BatchOptions, batches};
use super::*;
use bytes::Bytes;

const NOW: i64 = 1_700_000_000_000;

fn small() -> LogConfig {
    LogConfig { segment_bytes: 1000, index_interval_bytes: 150, ..LogConfig::default() }
}

fn batch_with(options: BatchOptions, timestamps: &[i64], size: u32) -> Batch {
    let mut builder = BatchBuilder::new(options);
    for timestamp in timestamps {
        builder.push(*timestamp, Some(b"key"), Some(&vec![7; size as usize]), &[]);
    }
    builder.build()
}

fn batch(records: i64, size: u32) -> Batch {
    let timestamps: Vec<i64> = (0..records).map(|i| NOW + i).collect();
    batch_with(BatchOptions::default(), &timestamps, size)
}

fn from_producer(epoch: i16, sequence: i32, records: i64) -> Batch {
    let options = BatchOptions { producer_id: 5, producer_epoch: epoch, base_sequence: sequence, ..BatchOptions::default() };
    batch_with(options, &vec![NOW; records as usize], 3)
}

fn open(disk: &mut Disk, clean: bool, recovery_point: i64) -> (Log, Recovery) {
    Log::open(disk, "t-0", small(), Time::from_millis(NOW), clean, recovery_point).expect("it opens")
}

fn append(log: &mut Log, disk: &mut Disk, batch: &Batch) -> Result<Appended, LogError> {
    log.append(disk, Time::from_millis(NOW), batch, 3, true)
}

fn code(result: Result<Appended, LogError>) -> i16 {
    result.map_or_else(|error| error.code().code(), |_| 0)
}

/// (base, last) of every batch in the bytes.
fn ranges(bytes: Bytes) -> Vec<(i64, i64)> {
    batches(bytes).map(|batch| batch.expect("whole")).map(|batch| (batch.base_offset(), batch.last_offset())).collect()
}

/// A log of `n` batches of 1, 2, 3, 1, … records over several segments.
fn filled(disk: &mut Disk, n: i64) -> Log {
    let (mut log, _) = open(disk, true, 0);
    for i in 0..n {
        append(&mut log, disk, &batch(i % 3 + 1, 20 + (i as u32 * 37) % 90)).expect("accepted");
    }
    log
}

#[test]
fn batches_get_offsets_in_order_and_read_back_whole() {
    let mut disk = Disk::default();
    let log = filled(&mut disk, 40);
    assert!(log.segments().len() > 3, "{:?}", log.segments());
    let mut offset = 0;
    let mut all = Vec::new();
    while offset < log.end_offset() {
        let bytes = log.read(&disk, offset, log.end_offset(), 450, true).expect("in range");
        assert!(!bytes.is_empty() && bytes.len() <= 450);
        all.extend(ranges(bytes));
        offset = all.last().expect("one at least").1 + 1;
    }
    assert_eq!(all.len(), 40);
    assert!(all.windows(2).all(|pair| pair[0].1 + 1 == pair[1].0));
    assert_eq!(log.bytes_between(&disk, 0, log.end_offset()), log.size());
}

#[test]
fn a_read_is_cut_at_the_high_watermark_and_the_size() {
    let mut disk = Disk::default();
    let (mut log, _) = open(&mut disk, true, 0);
    for _ in 0..3 {
        append(&mut log, &mut disk, &batch(2, 10)).expect("accepted");
    }
    let one = log.size() as u32 / 3;
    let read = |offset, upper, max, min_one| ranges(log.read(&disk, offset, upper, max, min_one).expect("in range"));
    assert_eq!(read(0, 6, 10_000, false), [(0, 1), (2, 3), (4, 5)]);
    assert_eq!(read(0, 4, 10_000, false), [(0, 1), (2, 3)]);
    assert_eq!(read(0, 3, 10_000, false), [(0, 1)], "a batch above the watermark in part is above it");
    assert_eq!(read(3, 6, one, false), [(2, 3)], "from inside a batch: the whole batch");
    assert_eq!(read(0, 6, one * 2 + 5, false), [(0, 1), (2, 3)]);
    assert_eq!(read(2, 6, 1, true), [(2, 3)]);
    assert_eq!(read(2, 6, 1, false), []);
    assert_eq!(read(6, 6, 1000, true), []);
    assert_eq!(log.bytes_between(&disk, 2, 6), u64::from(one) * 2);
    for offset in [-1, 7] {
        let error = log.read(&disk, offset, 6, 1000, true).expect_err("out of range");
        assert_eq!(error.code().code(), 1);
    }
}

#[test]
fn idempotence_follows_the_table() {
    // (epoch, first sequence, records) → code; offsets of those appended go on from 0.
    #[allow(clippy::type_complexity)]
    let table: &[((i16, i32, i64), i16, bool, &str)] = &[
        ((0, 7, 2), 0, false, "an unknown producer may begin anywhere"),
        ((0, 7, 2), 0, true, "the same batch again"),
        ((0, 10, 1), 45, false, "a gap"),
        ((0, 9, 1), 0, false, "the next"),
        ((0, 7, 1), 45, false, "half of an old batch is no duplicate"),
        ((0, 10, 1), 0, false, "2"),
        ((0, 11, 1), 0, false, "3"),
        ((0, 12, 1), 0, false, "4"),
        ((0, 13, 1), 0, false, "5"),
        ((0, 7, 2), 45, false, "older than five batches"),
        ((0, 9, 1), 0, true, "the oldest of five"),
        ((1, 3, 1), 45, false, "a new epoch begins at 0"),
        ((1, 0, 1), 0, false, "as here"),
        ((0, 14, 1), 47, false, "the old epoch is fenced"),
    ];
    let mut disk = Disk::default();
    let (mut log, _) = open(&mut disk, true, 0);
    for &((epoch, sequence, records), expected, duplicate, why) in table {
        let end = log.end_offset();
        let result = append(&mut log, &mut disk, &from_producer(epoch, sequence, records));
        match &result {
            Ok(appended) => assert_eq!(appended.duplicate, duplicate, "{why}"),
            Err(_) => assert_eq!(log.end_offset(), end, "{why}"),
        }
        if duplicate {
            assert_eq!(log.end_offset(), end, "{why}");
        }
        assert_eq!(code(result), expected, "{why}");
    }
    // The same after a restart, clean or not.
    for clean in [true, false] {
        let mut disk = disk.clone();
        let mut log = log.clone();
        if clean {
            log.close(&mut disk).expect("no limit");
        }
        let (mut log, _) = open(&mut disk, clean, 0);
        assert_eq!(code(append(&mut log, &mut disk, &from_producer(0, 14, 1))), 47);
        assert_eq!(code(append(&mut log, &mut disk, &from_producer(1, 2, 1))), 45);
        assert!(append(&mut log, &mut disk, &from_producer(1, 0, 1)).expect("accepted").duplicate);
        assert_eq!(code(append(&mut log, &mut disk, &from_producer(1, 1, 1))), 0);
    }
}

#[test]
fn sequences_wrap_to_zero() {
    let mut disk = Disk::default();
    let (mut log, _) = open(&mut disk, true, 0);
    append(&mut log, &mut disk, &from_producer(0, i32::MAX - 1, 3)).expect("accepted");
    assert_eq!(code(append(&mut log, &mut disk, &from_producer(0, 2, 1))), 45);
    assert_eq!(code(append(&mut log, &mut disk, &from_producer(0, 1, 1))), 0);
    assert!(append(&mut log, &mut disk, &from_producer(0, i32::MAX - 1, 3)).expect("accepted").duplicate);
}

#[test]
fn what_a_client_may_not_append() {
    let mut disk = Disk::default();
    let (mut log, _) = open(&mut disk, true, 0);
    let good = batch(2, 5);
    let mut damaged = good.bytes().to_vec();
    *damaged.last_mut().expect("bytes") ^= 1;
    let damaged = Batch::split_first(&mut Bytes::from(damaged)).expect("head is whole");
    assert_eq!(code(append(&mut log, &mut disk, &damaged)), 2);
    let control = batch_with(BatchOptions { control: true, ..BatchOptions::default() }, &[NOW], 1);
    assert_eq!(code(append(&mut log, &mut disk, &control)), 87);
    assert_eq!(code(append(&mut log, &mut disk, &from_producer(0, -1, 1))), 87);
    let ahead = batch_with(BatchOptions::default(), &[NOW, NOW + 3_600_001], 1);
    assert_eq!(code(append(&mut log, &mut disk, &ahead)), 32);
    assert_eq!(code(append(&mut log, &mut disk, &batch(1, 995))), 18);
    let mut keyless = BatchBuilder::new(BatchOptions::default());
    keyless.push(NOW, None, Some(b"v"), &[]);
    let keyless = keyless.build();
    assert_eq!(code(append(&mut log, &mut disk, &keyless)), 0);
    log.set_config(LogConfig { compact: true, ..small() });
    assert_eq!(code(append(&mut log, &mut disk, &keyless)), 87);
    log.set_config(LogConfig { max_message_bytes: 50, ..small() });
    assert_eq!(code(append(&mut log, &mut disk, &good)), 10);
    assert_eq!(log.end_offset(), 1);
}

#[test]
fn log_append_time_is_the_brokers() {
    let mut disk = Disk::default();
    let (mut log, _) = open(&mut disk, true, 0);
    log.set_config(LogConfig { log_append_time: true, ..small() });
    let far = batch_with(BatchOptions::default(), &[NOW + 9_000_000], 1);
    assert_eq!(append(&mut log, &mut disk, &far).expect("its time does not matter").log_append_time, NOW);
    assert_eq!(log.max_timestamp(&disk).expect("readable"), Some((0, NOW, 3)));
    batches(log.read(&disk, 0, 1, 999, true).expect("there")).for_each(|batch| batch.expect("whole").check_crc().expect("made anew"));
}

#[test]
fn offsets_are_found_by_timestamp() {
    let mut disk = Disk::default();
    let (mut log, _) = open(&mut disk, true, 0);
    let mut model = Vec::new();
    for i in 0..60i64 {
        let timestamps: Vec<i64> = (0..i % 4 + 1).map(|j| NOW - 5000 + i * 50 + (i * 31 + j * 17) % 90).collect();
        model.extend(&timestamps);
        append(&mut log, &mut disk, &batch_with(BatchOptions::default(), &timestamps, 20)).expect("accepted");
    }
    let greatest = model.iter().copied().max().expect("some");
    for timestamp in (NOW - 5100..greatest + 10).step_by(7).chain(model.clone()) {
        let expected = model.iter().position(|&t| t >= timestamp).map(|i| (i as i64, model[i], 3));
        assert_eq!(log.offset_for_timestamp(&disk, timestamp).expect("readable"), expected, "{timestamp}");
    }
    let first = model.iter().position(|&t| t == greatest).expect("it is there");
    assert_eq!(log.max_timestamp(&disk).expect("readable"), Some((first as i64, greatest, 3)));
}

#[test]
fn a_torn_tail_is_cut_and_said() {
    let mut disk = Disk::default();
    let (mut log, _) = open(&mut disk, true, 0);
    append(&mut log, &mut disk, &batch(1, 30)).expect("accepted");
    let whole = log.size();
    append(&mut log, &mut disk, &batch(1, 30)).expect("accepted");
    disk.truncate("t-0/00000000000000000000.log", whole + 77).expect("there");
    let (log, recovery) = open(&mut disk, false, 0);
    assert_eq!((log.end_offset(), log.size()), (1, whole));
    let expected = format!(
        "t-0: cut 77 bytes off the end of 00000000000000000000.log at position {whole}: the batch says it has {whole} bytes, 77 are there"
    );
    assert_eq!(recovery.to_string(), expected);
}

#[test]
fn a_power_loss_keeps_what_was_flushed() {
    let mut disk = Disk::default();
    let mut log = filled(&mut disk, 20);
    let flushed = log.flush(&mut disk).expect("no limit");
    let kept = log.read(&disk, 0, flushed, u32::MAX, true).expect("there");
    for _ in 0..9 {
        append(&mut log, &mut disk, &batch(2, 60)).expect("accepted");
    }
    let point = log.recovery_point();
    assert!(point > flushed && point < log.end_offset(), "a roll flushes what is before it");
    disk.lose_unflushed();
    let (log, _) = open(&mut disk, false, flushed);
    assert_eq!(log.end_offset(), point);
    assert_eq!(log.read(&disk, 0, flushed, u32::MAX, true).expect("there"), kept);
}

#[test]
fn a_follower_has_the_leaders_files() {
    let (mut disk, mut other) = (Disk::default(), Disk::default());
    let log = filled(&mut disk, 30);
    let (mut follower, _) = open(&mut other, true, 0);
    let now = Time::from_millis(NOW);
    while follower.end_offset() < log.end_offset() {
        let bytes = log.read(&disk, follower.end_offset(), log.end_offset(), 700, true).expect("there");
        follower.append_as_follower(&mut other, now, bytes).expect("it goes on");
    }
    for path in disk.list("t-0/") {
        assert_eq!(other.read_all(path), disk.read_all(path), "{path}");
    }
    let again = log.read(&disk, 0, 1, 700, true).expect("there");
    assert!(follower.append_as_follower(&mut other, now, again).is_err());
    assert_eq!(follower.latest_epoch(), 3);
}

#[test]
fn truncation_leaves_a_log_that_goes_on() {
    let mut disk = Disk::default();
    let log = filled(&mut disk, 40);
    let all = log.end_offset();
    for offset in 0..all {
        let (mut disk, mut log) = (disk.clone(), log.clone());
        log.truncate_to(&mut disk, offset).expect("no limit");
        let end = log.end_offset();
        assert!(end <= offset && end + 2 >= offset, "{end} for {offset}");
        let next = append(&mut log, &mut disk, &batch(1, 10)).expect("accepted");
        assert_eq!(next.base_offset, end);
        let (reopened, recovery) = open(&mut disk, false, 0);
        assert_eq!((recovery.cut.len(), reopened.end_offset()), (0, end + 1));
        assert_eq!(reopened.size(), log.size());
    }
}

#[test]
fn retention_goes_by_start_size_and_time_and_stops_at_the_watermark() {
    let mut disk = Disk::default();
    let log = filled(&mut disk, 40);
    let now = Time::from_millis(NOW);
    let segments = log.segments();
    let run = |config: LogConfig, now: Time, watermark: i64, start: i64| {
        let (mut disk, mut log) = (disk.clone(), log.clone());
        log.set_config(config);
        log.advance_start_offset(&mut disk, start).expect("below the end");
        let gone = log.apply_retention(&mut disk, now, watermark).expect("no limit");
        assert_eq!(disk.list("t-0/").filter(|path| path.ends_with(".log")).count(), log.segments().len());
        (gone.len(), log.start_offset())
    };
    let end = log.end_offset();
    let all = segments.len();
    assert_eq!(run(small(), now, end, 0), (0, 0));
    assert_eq!(run(small(), now, end, segments[2].base_offset + 1), (2, segments[2].base_offset + 1));
    let last_two = (segments[all - 1].size + segments[all - 2].size) as i64;
    let by_size = |bytes| LogConfig { retention_bytes: bytes, ..small() };
    assert_eq!(run(by_size(last_two), now, end, 0), (all - 2, segments[all - 2].base_offset));
    assert_eq!(run(by_size(last_two + 1), now, end, 0).0, all - 3);
    assert_eq!(run(by_size(1), now, end, 0).0, all - 1, "size alone never takes the active segment");
    let later = now.plus_millis(604_800_100);
    assert_eq!(run(small(), later, segments[2].base_offset, 0), (2, segments[2].base_offset));
    assert_eq!(run(small(), later, end, 0), (all, end), "the active one is rolled and goes too");
}

#[test]
fn a_full_disk_refuses_the_append_and_the_log_stays_whole() {
    let mut disk = Disk::default();
    let mut log = filled(&mut disk, 5);
    disk.set_capacity(Some(disk.used() + 300));
    let (end, size) = (log.end_offset(), log.size());
    assert_eq!(code(append(&mut log, &mut disk, &batch(1, 200))), 56);
    assert_eq!((log.end_offset(), log.size()), (end, size));
    disk.set_capacity(None);
    assert_eq!(code(append(&mut log, &mut disk, &batch(1, 200))), 0);
}

#[cfg(not(target_arch = "wasm32"))]
mod properties {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn reads_are_slices_of_what_was_appended(
            sizes in prop::collection::vec((1i64..5, 0u32..200), 1..40),
            reads in prop::collection::vec((0u32..1000, 0u32..1000, 0u32..2000, any::<bool>()), 30),
        ) {
            let mut disk = Disk::default();
            let (mut log, _) = open(&mut disk, true, 0);
            let mut model: Vec<(i64, i64, u64)> = Vec::new();
            for (records, size) in sizes {
                let batch = batch(records, size);
                let appended = append(&mut log, &mut disk, &batch).expect("accepted");
                model.push((appended.base_offset, appended.last_offset, u64::from(batch.size())));
            }
            let end = log.end_offset();
            for (offset, upper, max, min_one) in reads {
                let (offset, upper) = (i64::from(offset) % (end + 1), i64::from(upper) % (end + 1));
                let got = ranges(log.read(&disk, offset, upper, max, min_one).expect("in range"));
                let from = model.partition_point(|batch| batch.1 < offset);
                let below: Vec<_> = model[from..].iter().take_while(|batch| batch.1 < upper).collect();
                let expected: Vec<_> = below.iter().map(|batch| (batch.0, batch.1)).collect();
                prop_assert!(expected.starts_with(&got), "{got:?} of {expected:?}");
                if let Some(first) = below.first() {
                    prop_assert_eq!(got.is_empty(), !min_one && first.2 > u64::from(max));
                }
                let bytes: u64 = below.iter().take(got.len()).map(|batch| batch.2).sum();
                prop_assert!(bytes <= u64::from(max) || got.len() == 1);
                if upper > offset {
                    let between = below.iter().map(|batch| batch.2).sum::<u64>();
                    prop_assert_eq!(log.bytes_between(&disk, offset, upper), between);
                }
            }
        }

        #[test]
        fn damage_anywhere_leaves_a_prefix(
            file in 0usize..100,
            at in 0u64..100_000,
            damage in prop::collection::vec(any::<u8>(), 0..20),
            clean in any::<bool>(),
        ) {
            let mut disk = Disk::default();
            let mut log = filled(&mut disk, 25);
            log.close(&mut disk).expect("no limit");
            let before: Vec<(i64, Bytes)> = log.segments().iter().map(|segment| {
                let path = path("t-0", segment.base_offset, "log");
                (segment.base_offset, disk.read_all(&path).expect("there"))
            }).collect();
            let paths: Vec<String> = disk.list("t-0/").map(str::to_owned).collect();
            let hit = &paths[file % paths.len()];
            let length = disk.len(hit).expect("there");
            let at = at % (length + 1);
            // A file that ends with a whole batch looks like one that was compacted: neither Kafka nor we know that there was more.
            let gap = hit.ends_with(".log") && damage.is_empty();
            // Cut there, then garbage.
            disk.truncate(hit, at).expect("there");
            disk.append(hit, Bytes::from(damage)).expect("no limit");
            // A clean mark beside a damaged log file is believed by Kafka too: only indexes are looked at then.
            let clean = clean && !hit.ends_with(".log");
            let opened = Log::open(&mut disk, "t-0", small(), Time::from_millis(NOW), clean, 0);
            if let (Err(error), true) = (&opened, hit.ends_with("leader-epoch-checkpoint")) {
                // The directory is lost to the broker, as to Kafka's; its records are as they were.
                prop_assert!(error.to_string().contains(hit.as_str()), "{error}");
                for (base, bytes) in &before {
                    prop_assert_eq!(&disk.read_all(&path("t-0", *base, "log")).expect("there"), bytes);
                }
                return Ok(());
            }
            let (mut log, recovery) = opened.expect("it opens");
            for segment in log.segments() {
                let bytes = disk.read_all(&path("t-0", segment.base_offset, "log")).expect("there");
                let old = before.iter().find(|(base, _)| *base == segment.base_offset);
                prop_assert!(old.is_some_and(|(_, old)| old.starts_with(&bytes)));
            }
            if !hit.ends_with(".log") {
                prop_assert_eq!(&recovery.cut, &[]);
                prop_assert_eq!(log.size(), before.iter().map(|(_, bytes)| bytes.len() as u64).sum::<u64>());
            }
            let end = log.end_offset();
            prop_assert_eq!(append(&mut log, &mut disk, &batch(1, 1)).expect("it goes on").base_offset, end);
            let mut offset = 0;
            while offset < log.end_offset() {
                let got = ranges(log.read(&disk, offset, log.end_offset(), 500, true).expect("in range"));
                let first = got.first().map_or(-1, |range| range.0);
                prop_assert!(first == offset || gap && first > offset, "{first} is read at {offset}");
                offset = got.last().map_or(i64::MAX, |range| range.1 + 1);
            }
        }
    }
}
