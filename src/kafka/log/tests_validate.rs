//! What a leader takes, refuses and changes (`LogValidator`).

use super::super::config::TopicCompression;
use super::super::disk::Disk;
use super::super::time::Time;
use super::super::wire::batch::{Batch, BatchBuilder, BatchOptions, HEADER_BYTES, batches};
use super::super::wire::compression::Compression;
use super::super::wire::crc32c::crc32c;
use super::super::wire::error::ErrorCode;
use super::{Log, LogConfig, LogError};
use bytes::{Bytes, BytesMut};

const NOW: i64 = 1_767_225_600_000;

/// A batch of these records: time and key, with a long value.
fn made(compression: Compression, records: &[(i64, Option<&[u8]>)]) -> Batch {
    let mut builder = BatchBuilder::new(BatchOptions { compression, ..BatchOptions::default() });
    for (time, key) in records {
        builder.push(*time, *key, Some(&[b'v'; 200]), &[]);
    }
    builder.build()
}

/// The batch with other bytes, and a CRC that is right.
fn forged(batch: &Batch, change: impl FnOnce(&mut BytesMut)) -> Batch {
    let mut bytes = BytesMut::from(&batch.bytes()[..]);
    change(&mut bytes);
    let length = i32::try_from(bytes.len() - 12).expect("small");
    bytes[8..12].copy_from_slice(&length.to_be_bytes());
    let crc = crc32c(&bytes[21..]);
    bytes[17..21].copy_from_slice(&crc.to_be_bytes());
    Batch::split_first(&mut bytes.freeze()).expect("a header that can be read")
}

/// What is stored of a batch that a client sends to an empty log.
fn stored(config: LogConfig, batch: &Batch) -> Result<Batch, LogError> {
    let mut disk = Disk::default();
    let (mut log, _) = Log::open(&mut disk, "t-0", config, Time::from_millis(NOW), true, 0)?;
    log.append(&mut disk, Time::from_millis(NOW), batch, 3, true)?;
    let bytes = log.read(&disk, 0, log.end_offset(), 1 << 20, true)?;
    Ok(batches(bytes).next().expect("one batch")?)
}

fn code(config: &LogConfig, batch: &Batch) -> ErrorCode {
    stored(config.clone(), batch).expect_err("refused").code()
}

#[test]
fn what_needs_no_change_is_stored_as_it_came() {
    for codec in Compression::ALL {
        let batch = made(codec, &[(NOW, Some(b"a")), (NOW + 1, Some(b"b"))]);
        assert_eq!(stored(LogConfig::default(), &batch).expect("taken"), batch.with_offset(0, 3), "{codec:?}");
    }
}

#[test]
fn what_does_not_decompress_or_does_not_hold_what_it_says_is_refused() {
    let config = LogConfig::default();
    for codec in Compression::ALL.into_iter().skip(1) {
        let batch = made(codec, &[(NOW, None), (NOW, None)]);
        let garbage = forged(&batch, |bytes| {
            bytes.truncate(HEADER_BYTES as usize);
            bytes.extend_from_slice(b"this is none of it at all");
        });
        assert_eq!(code(&config, &garbage), ErrorCode::UnknownServerError, "{codec:?}");
        let five = forged(&batch, |bytes| {
            bytes[23..27].copy_from_slice(&4_i32.to_be_bytes());
            bytes[57..61].copy_from_slice(&5_i32.to_be_bytes());
        });
        assert_eq!(code(&config, &five), ErrorCode::InvalidRecord, "{codec:?}");
        let one = forged(&batch, |bytes| {
            bytes[23..27].copy_from_slice(&0_i32.to_be_bytes());
            bytes[57..61].copy_from_slice(&1_i32.to_be_bytes());
        });
        assert_eq!(code(&config, &one), ErrorCode::InvalidRecord, "{codec:?}");
    }
    let seven = forged(&made(Compression::None, &[(NOW, None)]), |bytes| bytes[22] |= 7);
    assert_eq!(code(&config, &seven), ErrorCode::UnknownServerError);
}

#[test]
fn every_bad_record_is_named() {
    let config = LogConfig { compact: true, ..LogConfig::default() };
    for codec in Compression::ALL {
        let batch = made(codec, &[(NOW, None), (NOW, Some(b"k")), (NOW, None), (NOW, None), (NOW, None)]);
        let Err(LogError::Records { code, errors }) = stored(config.clone(), &batch) else { panic!("{codec:?}: not refused") };
        assert_eq!(code, ErrorCode::InvalidRecord);
        assert_eq!(errors.iter().map(|error| error.index).collect::<Vec<_>>(), [0, 2, 3, 4]);
        assert_eq!(errors[1].message, "Compacted topic cannot accept message without key in topic partition t-0");
        let sentence = LogError::Records { code, errors }.to_string();
        assert!(sentence.starts_with("One or more records have been rejected due to 4 record errors in total"), "{sentence}");
        assert_eq!(sentence.matches("RecordError(batchIndex=").count(), 3);
    }
}

#[test]
fn times_are_looked_at_record_by_record() {
    let config = LogConfig { message_timestamp_before_max_ms: 1000, message_timestamp_after_max_ms: 2000, ..LogConfig::default() };
    for codec in Compression::ALL {
        let fine = made(codec, &[(NOW - 1000, None), (NOW + 2000, None), (-1, None)]);
        assert!(stored(config.clone(), &fine).is_ok(), "{codec:?}");
        let batch = made(codec, &[(NOW, None), (NOW - 1001, None), (NOW + 2001, None)]);
        let Err(LogError::Records { code, errors }) = stored(config.clone(), &batch) else { panic!("{codec:?}: not refused") };
        assert_eq!(code, ErrorCode::InvalidTimestamp);
        let bounds = format!("The timestamp should be within [{}, {}]", NOW - 1000, NOW + 2000);
        let first = format!("Timestamp {} of message with offset 1 is out of range. {bounds}", NOW - 1001);
        assert_eq!(errors[0].message, first);
        assert_eq!(errors.iter().map(|error| error.index).collect::<Vec<_>>(), [1, 2]);
    }
}

#[test]
fn the_greatest_time_and_the_type_are_the_brokers_to_write() {
    for codec in Compression::ALL {
        let honest = made(codec, &[(NOW, None), (NOW + 7, None)]);
        let liar = forged(&honest, |bytes| bytes[35..43].copy_from_slice(&(NOW + 999_999).to_be_bytes()));
        assert_eq!(stored(LogConfig::default(), &liar).expect("taken"), honest.with_offset(0, 3), "{codec:?}");
        let stamped = honest.clone().with_max_timestamp(true, NOW + 7);
        assert_eq!(stored(LogConfig::default(), &stamped).expect("taken"), honest.with_offset(0, 3), "{codec:?}");
        let append_time = LogConfig { log_append_time: true, ..LogConfig::default() };
        assert_eq!(code(&append_time, &stamped), ErrorCode::InvalidTimestamp);
        let kept = stored(append_time, &honest).expect("taken");
        assert!(kept.is_log_append_time() && kept.max_timestamp() == NOW && kept.check_crc().is_ok());
    }
}

#[test]
fn compression_type_is_carried_out() {
    let records = [(NOW, Some(&b"a"[..])), (NOW + 3, None), (NOW + 2, Some(b"c"))];
    for (from, to) in Compression::ALL.into_iter().flat_map(|from| Compression::ALL.map(|to| (from, to))) {
        let config = LogConfig { compression: TopicCompression::Of(to), ..LogConfig::default() };
        let batch = made(from, &records);
        let kept = stored(config, &batch).expect("taken");
        assert_eq!(kept, made(to, &records).with_offset(0, 3), "{from:?} to {to:?}");
    }
    let levels = [1, 9].map(|level| {
        let config =
            LogConfig { compression: TopicCompression::Of(Compression::Gzip), compression_gzip_level: Some(level), ..LogConfig::default() };
        let text: Vec<u8> = (0..4000_u32).flat_map(|n| (n * n % 97).to_string().into_bytes()).collect();
        let mut builder = BatchBuilder::new(BatchOptions::default());
        builder.push(NOW, None, Some(&text), &[]);
        stored(config, &builder.build()).expect("taken").size()
    });
    assert!(levels[1] < levels[0], "{levels:?}");
}

#[test]
fn a_batch_that_grows_too_large_is_bounded() {
    let zeros = vec![0_u8; 1 << 20];
    let mut builder = BatchBuilder::new(BatchOptions { compression: Compression::Gzip, ..BatchOptions::default() });
    builder.push(NOW, None, Some(&zeros), &[]);
    let batch = builder.build();
    let uncompressed = LogConfig { compression: TopicCompression::Of(Compression::None), ..LogConfig::default() };
    assert!(stored(LogConfig::default(), &batch).is_ok());
    assert_eq!(code(&uncompressed, &batch), ErrorCode::MessageTooLarge, "max.message.bytes holds for what is stored");
    let bomb = Compression::Gzip.compress(&vec![0_u8; 105 << 20]);
    let bomb = forged(&made(Compression::Gzip, &[(NOW, None)]), |bytes| {
        bytes.truncate(HEADER_BYTES as usize);
        bytes.extend_from_slice(&bomb);
    });
    assert_eq!(code(&LogConfig::default(), &bomb), ErrorCode::MessageTooLarge);
}

/// Batches with changed bytes and a right CRC are taken or refused: nothing panics. `TIDEPOOL_MUTATIONS`, when it is
/// built, is how many are tried.
#[test]
fn mutated_batches_do_not_panic() {
    let count = option_env!("TIDEPOOL_MUTATIONS").and_then(|count| count.parse().ok()).unwrap_or(2000_u32);
    let mut random = super::super::rng::Rng::stream(11, "mutations");
    let mut pick = |below: usize| random.below(below as u64) as usize;
    let batches = Compression::ALL.map(|codec| made(codec, &[(NOW, Some(b"a")), (NOW + 1, None), (NOW + 2, Some(b"c"))]));
    let mut disk = Disk::default();
    let (mut log, _) = Log::open(&mut disk, "t-0", LogConfig::default(), Time::from_millis(NOW), true, 0).expect("opens");
    let mut refused = 0_u32;
    for n in 0..count {
        let batch = &batches[pick(batches.len())];
        let mutated = forged(batch, |bytes| {
            for _ in 0..=pick(3) {
                // Anything that the CRC covers; the length is made to fit.
                let at = 21 + pick(bytes.len() - 21);
                bytes[at] = pick(256) as u8;
            }
            if pick(4) == 0 {
                let cut = HEADER_BYTES as usize + pick(bytes.len() - HEADER_BYTES as usize);
                bytes.truncate(cut);
            }
        });
        log.set_config(LogConfig {
            compact: n % 3 == 0,
            compression: if n % 2 == 0 { TopicCompression::Producer } else { TopicCompression::Of(Compression::ALL[pick(5)]) },
            ..LogConfig::default()
        });
        refused += u32::from(log.append(&mut disk, Time::from_millis(NOW), &mutated, 0, true).is_err());
    }
    assert!(refused > count / 4 && refused < count, "{refused} of {count} are refused");
    let read: Bytes = log.read(&disk, 0, log.end_offset(), u32::MAX, true).expect("the log is whole");
    assert!(batches_are_whole(read));
}

fn batches_are_whole(bytes: Bytes) -> bool {
    batches(bytes).all(|batch| batch.is_ok_and(|batch| batch.check_crc().is_ok() && batch.records().is_ok()))
}
