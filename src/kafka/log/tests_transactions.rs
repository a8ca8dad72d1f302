//! Transactions in a log: the last stable offset, aborted transactions, verification, and all of it over a restart.

use super::super::rng::Rng;
use super::super::time::Time;
use super::super::wire::batch::{Batch, BatchBuilder, BatchOptions};
use super::super::wire::marker::Marker;
use super::*;

const NOW: Time = Time::from_millis(1_700_000_000_000);

fn open(disk: &mut Disk, clean: bool) -> Log {
    let config = LogConfig { segment_bytes: 700, index_interval_bytes: 150, ..LogConfig::default() };
    Log::open(disk, "t-0", config, NOW, clean, 0).expect("it opens").0
}

fn records(producer_id: i64, epoch: i16, sequence: i32, transactional: bool) -> Batch {
    let options = BatchOptions { producer_id, producer_epoch: epoch, base_sequence: sequence, transactional, ..BatchOptions::default() };
    let mut builder = BatchBuilder::new(options);
    builder.push(NOW.millis(), Some(b"key"), Some(&[7; 40]), &[]);
    builder.push(NOW.millis(), Some(b"key"), Some(&[8; 40]), &[]);
    builder.build()
}

fn append(log: &mut Log, disk: &mut Disk, batch: &Batch) -> Result<i64, ErrorCode> {
    let from_client = !batch.is_control();
    log.append(disk, NOW, batch, 0, from_client).map(|appended| appended.base_offset).map_err(|error| error.code())
}

/// A verified batch.
fn write(log: &mut Log, disk: &mut Disk, producer_id: i64, epoch: i16, sequence: i32) -> i64 {
    if !log.in_transaction(producer_id, epoch) {
        log.begin_verification(producer_id, epoch, sequence, false);
        log.verified(producer_id, epoch);
    }
    append(log, disk, &records(producer_id, epoch, sequence, true)).expect("accepted")
}

fn end(log: &mut Log, disk: &mut Disk, producer_id: i64, epoch: i16, commit: bool) -> i64 {
    let marker = Marker { commit, coordinator_epoch: 0 }.batch(NOW.millis(), producer_id, epoch);
    append(log, disk, &marker).expect("accepted")
}

fn aborted(producer_id: i64, first_offset: i64, last_offset: i64, last_stable_offset: i64) -> AbortedTransaction {
    AbortedTransaction { producer_id, first_offset, last_offset, last_stable_offset }
}

#[test]
fn the_last_stable_offset_is_the_oldest_transactions_first_until_its_marker_is_committed() {
    let mut disk = Disk::default();
    let mut log = open(&mut disk, true);
    assert_eq!(write(&mut log, &mut disk, 1, 0, 0), 0);
    assert_eq!(write(&mut log, &mut disk, 2, 0, 0), 2);
    assert_eq!(log.last_stable_offset(1), 0);
    assert_eq!(log.last_stable_offset(4), 0);
    assert_eq!(end(&mut log, &mut disk, 1, 0, true), 4);
    assert_eq!(log.last_stable_offset(4), 0, "the marker is not committed");
    assert_eq!(log.last_stable_offset(5), 2);
    log.handle_high_watermark(5);
    assert_eq!(end(&mut log, &mut disk, 2, 0, false), 5);
    assert_eq!((log.last_stable_offset(5), log.last_stable_offset(6)), (2, 6));
    assert_eq!(log.aborted_transactions(&disk, 0, 10_000), [aborted(2, 2, 5, 6)]);
    assert_eq!(log.aborted_transactions(&disk, 5, 10_000), [aborted(2, 2, 5, 6)]);
    assert_eq!(log.aborted_transactions(&disk, 6, 10_000), []);
    assert_eq!(disk.read_all("t-0/00000000000000000000.txnindex").map(|bytes| bytes.len()).ok(), Some(34));
}

#[test]
fn a_transaction_begins_only_where_it_was_verified() {
    let mut disk = Disk::default();
    let mut log = open(&mut disk, true);
    let first = records(1, 3, 0, true);
    assert_eq!(append(&mut log, &mut disk, &first), Err(ErrorCode::InvalidTxnState));
    log.begin_verification(1, 3, 0, false);
    assert_eq!(append(&mut log, &mut disk, &first), Err(ErrorCode::InvalidTxnState), "not answered yet");
    log.verified(1, 2);
    assert_eq!(append(&mut log, &mut disk, &first), Err(ErrorCode::InvalidTxnState), "another epoch's answer");
    log.verified(1, 3);
    assert_eq!(append(&mut log, &mut disk, &records(1, 3, 2, true)), Err(ErrorCode::OutOfOrderSequenceNumber), "0 came before it");
    assert_eq!(append(&mut log, &mut disk, &first), Ok(0));
    assert_eq!(append(&mut log, &mut disk, &records(1, 3, 2, true)), Ok(2), "it is in the transaction");
    assert_eq!(append(&mut log, &mut disk, &records(1, 3, 4, false)), Err(ErrorCode::InvalidTxnState), "outside of it");
    end(&mut log, &mut disk, 1, 4, true);
    assert_eq!(append(&mut log, &mut disk, &records(1, 3, 4, true)), Err(ErrorCode::InvalidProducerEpoch), "it has ended");
    assert_eq!(append(&mut log, &mut disk, &records(1, 3, 4, false)), Err(ErrorCode::InvalidProducerEpoch), "the end has raised the epoch");
    assert_eq!(append(&mut log, &mut disk, &records(1, 4, 0, false)), Ok(5));
}

#[test]
fn a_transaction_of_version_2_begins_with_sequence_0_where_its_producer_is_not_known() {
    for (bumps, expected) in [(true, Err(ErrorCode::OutOfOrderSequenceNumber)), (false, Ok(0))] {
        let mut disk = Disk::default();
        let mut log = open(&mut disk, true);
        log.begin_verification(1, 3, 2, bumps);
        log.verified(1, 3);
        assert_eq!(append(&mut log, &mut disk, &records(1, 3, 2, true)), expected);
    }
}

#[test]
fn a_marker_leaves_the_verification_of_the_next_transaction_of_version_2_alone() {
    for (bumps, expected) in [(true, Ok(3)), (false, Err(ErrorCode::InvalidTxnState))] {
        let mut disk = Disk::default();
        let mut log = open(&mut disk, true);
        write(&mut log, &mut disk, 1, 3, 0);
        log.begin_verification(1, 4, 0, bumps);
        end(&mut log, &mut disk, 1, 4, true);
        log.verified(1, 4);
        assert_eq!(append(&mut log, &mut disk, &records(1, 4, 0, true)), expected);
    }
}

#[test]
fn a_coordinator_of_an_older_epoch_ends_nothing() {
    let mut disk = Disk::default();
    let mut log = open(&mut disk, true);
    write(&mut log, &mut disk, 1, 0, 0);
    let marker = |epoch| Marker { commit: true, coordinator_epoch: epoch }.batch(NOW.millis(), 1, 0);
    assert_eq!(append(&mut log, &mut disk, &marker(5)), Ok(2));
    assert_eq!(append(&mut log, &mut disk, &marker(4)), Err(ErrorCode::TransactionCoordinatorFenced));
    assert_eq!(append(&mut log, &mut disk, &marker(5)), Ok(3), "again, after an answer that was lost");
}

#[test]
fn the_index_of_aborted_transactions_goes_with_its_segment() {
    let mut disk = Disk::default();
    let mut log = open(&mut disk, true);
    write(&mut log, &mut disk, 1, 0, 0);
    end(&mut log, &mut disk, 1, 0, false);
    let base = log.segments()[0].base_offset;
    let index = format!("t-0/{base:020}.txnindex");
    assert!(disk.len(&index).is_some());
    log.set_config(LogConfig { retention_ms: 1, ..log.config().clone() });
    let (later, end) = (NOW.plus_millis(1_000_000_000), log.end_offset());
    log.apply_retention(&mut disk, later, end).expect("no limit");
    assert!(disk.len(&index).is_none());
    assert!(log.take_doomed().contains(&format!("{index}.deleted")));
}

/// What is known of transactions once all is committed, to be compared.
fn known(log: &Log, disk: &Disk) -> (Vec<ActiveProducer>, i64, Vec<AbortedTransaction>) {
    let stable = log.last_stable_offset(log.end_offset());
    let mut aborted = Vec::new();
    for offset in log.start_offset()..log.end_offset() {
        for transaction in log.aborted_transactions(disk, offset, 1 << 20) {
            if !aborted.contains(&transaction) {
                aborted.push(transaction);
            }
        }
    }
    (log.active_producers().collect(), stable, aborted)
}

/// Drawn transactions: the log knows the same of them after a clean stop, after a crash, and after a cut what a log has that was never
/// longer.
#[test]
fn a_restart_and_a_truncation_know_the_same_of_transactions() {
    for seed in 0..30 {
        let mut rng = Rng::stream(seed, "transactions");
        let mut disk = Disk::default();
        let mut log = open(&mut disk, true);
        let mut sequences = [0; 4];
        let mut steps: Vec<(Log, Disk)> = Vec::new();
        for _ in 0..40 {
            let producer = rng.below(4) as usize;
            let id = producer as i64;
            if log.in_transaction(id, 0) && rng.below(3) == 0 {
                end(&mut log, &mut disk, id, 0, rng.below(2) == 0);
            } else {
                write(&mut log, &mut disk, id, 0, sequences[producer]);
                sequences[producer] += 2;
            }
            steps.push((log.clone(), disk.clone()));
        }
        let expected = known(&log, &disk);
        assert!(expected.2.len() > 1 || seed > 3, "something was aborted");
        let mut crashed = disk.clone();
        assert_eq!(known(&open(&mut crashed, false), &crashed), expected, "seed {seed}: a crash");
        let mut lost = disk.clone();
        let indexes: Vec<String> = lost.list("t-0/").filter(|path| path.ends_with(".txnindex")).map(str::to_owned).collect();
        indexes.iter().for_each(|path| lost.remove(path));
        assert_eq!(known(&open(&mut lost, false), &lost), expected, "seed {seed}: without indexes");
        let mut stopped = disk.clone();
        log.clone().close(&mut stopped).expect("no limit");
        assert_eq!(known(&open(&mut stopped, true), &stopped), expected, "seed {seed}: a clean stop");
        let (shorter, its_disk) = &steps[rng.below(40) as usize];
        log.truncate_to(&mut disk, shorter.end_offset()).expect("cut");
        let (ours, theirs) = (known(&log, &disk), known(shorter, its_disk));
        assert_eq!((ours.1, ours.2), (theirs.1, theirs.2), "seed {seed}: cut to {}", shorter.end_offset());
    }
}
