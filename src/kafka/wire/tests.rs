//! Laws of the wire, over generated batches and bent bytes.

use super::batch::{Batch, BatchBuilder, BatchError, BatchOptions, HEADER_BYTES, RawRecord, batches, sequence_after};
use super::compression::{Compression, CompressionError};
use super::crc32c;
use super::frame::{FrameError, decode_body, decode_request, decode_response, encode_request, encode_response};
use crate::kafka::wire::message::{
    ApiKey, ApiVersionsRequest, ApiVersionsResponse, DescribeClusterRequest, HeartbeatResponse, MetadataRequest, OffsetCommitRequest,
};
use bytes::{BufMut, Bytes, BytesMut};
use proptest::collection::vec;
use proptest::prelude::*;
use std::io::Write;

type Header = (Bytes, Option<Bytes>);
type Pushed = (i64, Option<Vec<u8>>, Option<Vec<u8>>, Vec<Header>);

fn some_bytes(most: usize) -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..most)
}

fn pushed() -> impl Strategy<Value = Pushed> {
    let header = (some_bytes(6), proptest::option::of(some_bytes(6))).prop_map(|(key, value)| (Bytes::from(key), value.map(Bytes::from)));
    (
        -5_000_000_000_000..5_000_000_000_000_i64,
        proptest::option::of(some_bytes(12)),
        proptest::option::of(some_bytes(200)),
        vec(header, 0..3),
    )
}

fn codec() -> impl Strategy<Value = Compression> {
    (0..Compression::ALL.len()).prop_map(|index| Compression::ALL[index])
}

fn build(compression: Compression, records: &[Pushed]) -> Batch {
    let options =
        BatchOptions { compression, producer_id: 9, producer_epoch: 2, base_sequence: 5, base_offset: 70, ..BatchOptions::default() };
    let mut builder = BatchBuilder::new(options);
    for (timestamp, key, value, headers) in records {
        builder.push(*timestamp, key.as_deref(), value.as_deref(), headers);
    }
    builder.build()
}

fn raw(batch: &Batch) -> Vec<RawRecord> {
    batch.raw_records().expect("decompresses").map(|record| record.expect("is whole")).collect()
}

/// Reads everything that a stranger's bytes let be read. Any panic is the failure.
fn read_all(bytes: &[u8]) {
    for batch in batches(Bytes::copy_from_slice(bytes)).flatten() {
        let _ = batch.check_crc();
        let _ = (batch.fields(), batch.last_offset(), batch.last_sequence(), batch.delete_horizon());
        let _ = batch.records();
        let _ = batch.with_offset(i64::MAX, i32::MAX).last_offset();
        let _ = batch.clone().with_max_timestamp(true, i64::MIN).records();
    }
}

proptest! {
    #[test]
    fn what_is_built_is_read(compression in codec(), records in vec(pushed(), 1..30)) {
        let batch = build(compression, &records);
        prop_assert_eq!(batch.check_crc(), Ok(()));
        prop_assert_eq!(batch.compression(), Ok(compression));
        prop_assert_eq!(batch.record_count() as usize, records.len());
        prop_assert_eq!(batch.base_timestamp(), records[0].0);
        prop_assert_eq!(Some(batch.max_timestamp()), records.iter().map(|record| record.0).max());
        prop_assert_eq!(batch.last_offset(), 69 + records.len() as i64);
        prop_assert_eq!(batch.last_sequence(), 4 + records.len() as i32);
        let read = batch.records().expect("is whole");
        prop_assert_eq!(read.len(), records.len());
        let section = batch.records_section().expect("decompresses");
        let mut end = HEADER_BYTES;
        for (index, (record, (timestamp, key, value, headers))) in read.iter().zip(&records).enumerate() {
            prop_assert_eq!(record.offset, 70 + index as i64);
            prop_assert_eq!(record.timestamp, *timestamp);
            prop_assert_eq!(record.key.as_deref(), key.as_deref());
            prop_assert_eq!(record.value.as_deref(), value.as_deref());
            prop_assert_eq!(&record.headers, headers);
            prop_assert_eq!(record.bytes.start, end);
            end = record.bytes.end;
        }
        prop_assert_eq!(end as usize, HEADER_BYTES as usize + section.len());

        let again = batch.rebuild(&raw(&batch)).expect("knows the codec");
        prop_assert_eq!(again.bytes(), batch.bytes());
    }

    #[test]
    fn a_leader_changes_twelve_bytes(records in vec(pushed(), 1..5), offset in any::<i64>(), epoch in any::<i32>()) {
        let batch = build(Compression::None, &records);
        let moved = batch.with_offset(offset, epoch);
        prop_assert_eq!((moved.base_offset(), moved.partition_leader_epoch()), (offset, epoch));
        prop_assert_eq!(moved.check_crc(), Ok(()));
        for at in (8..12).chain(16..batch.bytes().len()) {
            prop_assert_eq!(moved.bytes()[at], batch.bytes()[at]);
        }
    }

    #[test]
    fn the_crc_finds_a_bent_bit(records in vec(pushed(), 1..5), at in any::<prop::sample::Index>(), bit in 0..8_u8) {
        let batch = build(Compression::None, &records);
        let mut bytes = batch.bytes().to_vec();
        let at = 17 + at.index(bytes.len() - 17);
        bytes[at] ^= 1 << bit;
        let bent = Batch::split_first(&mut Bytes::from(bytes)).expect("the length is as it was");
        let is_crc_error = matches!(bent.check_crc(), Err(BatchError::Crc { .. }));
        prop_assert!(is_crc_error);
    }

    #[test]
    fn bent_batches_do_not_panic(
        compression in codec(),
        records in vec(pushed(), 0..8),
        bends in vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in proptest::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = build(compression, &records).bytes().to_vec();
        for (at, value) in bends {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        read_all(&bytes);
    }

    #[test]
    fn garbage_after_a_header_does_not_panic(garbage in some_bytes(300), compression in codec(), count in any::<i32>()) {
        let mut bytes = build(compression, &[]).bytes()[..HEADER_BYTES as usize].to_vec();
        bytes[57..61].copy_from_slice(&count.to_be_bytes());
        bytes.extend_from_slice(&garbage);
        let length = (bytes.len() - 12) as i32;
        bytes[8..12].copy_from_slice(&length.to_be_bytes());
        read_all(&bytes);
    }

    #[test]
    fn codecs_give_back_what_they_took(codec in codec(), plain in some_bytes(3000), times in 1..60_usize) {
        let plain = plain.repeat(times);
        let packed = codec.compress(&plain);
        prop_assert_eq!(codec.decompress(&packed, plain.len() as u64), Ok(Bytes::from(plain.clone())));
        if !plain.is_empty() {
            let limit = plain.len() as u64 - 1;
            prop_assert_eq!(codec.decompress(&packed, limit), Err(CompressionError::TooLarge { limit }));
        }
    }

    #[test]
    fn bent_packed_data_does_not_panic(
        codec in codec(), plain in some_bytes(600), bends in vec((any::<prop::sample::Index>(), any::<u8>()), 1..5),
    ) {
        let mut packed = codec.compress(&plain.repeat(3)).to_vec();
        for (at, value) in bends {
            if !packed.is_empty() {
                let at = at.index(packed.len());
                packed[at] = value;
            }
        }
        if let Ok(plain) = codec.decompress(&packed, 10_000) {
            prop_assert!(plain.len() <= 10_000);
        }
    }

    #[test]
    fn frames_of_garbage_do_not_panic(garbage in some_bytes(80), key in 0..80_i16, version in 0..14_i16) {
        let mut frame = BytesMut::new();
        frame.put_i16(key);
        frame.put_i16(version);
        frame.put_slice(&garbage);
        if let Ok(request) = decode_request(frame.freeze()) {
            let _ = decode_body::<OffsetCommitRequest>(request.body.clone(), request.version);
            let _ = decode_body::<MetadataRequest>(request.body, request.version);
        }
    }
}

#[test]
fn log_append_time_is_every_records_time() {
    let batch = build(Compression::None, &[(5, None, None, vec![]), (3, Some(vec![1]), None, vec![])]);
    let stamped = batch.clone().with_max_timestamp(true, 99);
    assert_eq!(stamped.check_crc(), Ok(()));
    assert!(stamped.is_log_append_time() && !batch.is_log_append_time());
    assert_eq!((stamped.base_timestamp(), stamped.max_timestamp()), (5, 99));
    assert!(stamped.records().expect("is whole").iter().all(|record| record.timestamp == 99));
    assert_eq!(stamped.rebuild(&raw(&stamped)).expect("knows the codec"), stamped);
}

#[test]
fn compaction_keeps_the_header_also_when_nothing_is_left() {
    let batch = build(Compression::None, &[(5, None, None, vec![]), (7, Some(vec![0xff]), Some(vec![]), vec![])]);
    let mut kept = raw(&batch);
    kept.remove(0);
    kept[0].attributes = 1;
    let smaller = batch.rebuild(&kept).expect("knows the codec");
    assert_eq!((smaller.record_count(), smaller.last_offset(), smaller.base_timestamp()), (1, 71, 5));
    let record = &smaller.records().expect("is whole")[0];
    assert_eq!((record.offset, record.timestamp, record.attributes), (71, 7, 1));

    let empty = batch.rebuild(&[]).expect("knows the codec");
    assert_eq!(empty.check_crc(), Ok(()));
    assert_eq!((empty.size(), empty.last_offset(), empty.last_sequence()), (HEADER_BYTES, 71, 6));
    assert_eq!(empty.records(), Ok(vec![]));
}

#[test]
fn sequences_wrap_to_zero() {
    assert_eq!(sequence_after(i32::MAX, 0), i32::MAX);
    assert_eq!(sequence_after(i32::MAX, 1), 0);
    assert_eq!(sequence_after(i32::MAX - 2, 5), 2);
    let mut builder = BatchBuilder::new(BatchOptions { base_sequence: i32::MAX, ..BatchOptions::default() });
    builder.push(0, None, None, &[]);
    builder.push(0, None, None, &[]);
    assert_eq!(builder.build().last_sequence(), 0);
}

#[test]
fn splitting_says_what_is_wrong_and_moves_only_when_nothing_is() {
    let first = build(Compression::None, &[(1, None, None, vec![])]);
    let second = build(Compression::Gzip, &[(2, None, None, vec![])]);
    let mut both = BytesMut::from(&first.bytes()[..]);
    both.extend_from_slice(second.bytes());
    assert_eq!(batches(both.clone().freeze()).collect::<Result<Vec<_>, _>>(), Ok(vec![first.clone(), second]));

    let cut = both.freeze().slice(..first.bytes().len() + 30);
    assert_eq!(batches(cut.clone()).collect::<Result<Vec<_>, _>>(), Ok(vec![first.clone()]));
    let mut rest = cut.slice(first.bytes().len()..);
    assert!(matches!(Batch::split_first(&mut rest), Err(BatchError::Truncated { have: 30, .. })));
    assert_eq!(rest.len(), 30);

    for (at, value, expected) in
        [(16, vec![1], BatchError::Magic(1)), (8, vec![0, 0, 0, 48], BatchError::Length(48)), (8, vec![0xff; 4], BatchError::Length(-1))]
    {
        let mut bent = first.bytes().to_vec();
        bent[at..at + value.len()].copy_from_slice(&value);
        let mut bent = Bytes::from(bent);
        assert_eq!(Batch::split_first(&mut bent), Err(expected));
        assert_eq!(bent.len(), first.bytes().len());
    }
}

#[test]
fn a_record_count_that_lies_is_found() {
    let batch = build(Compression::None, &[(1, None, None, vec![]), (1, None, None, vec![])]);
    for (count, index) in [(i32::MAX, 2), (3, 2), (1, 1), (-1, 0)] {
        let mut bytes = batch.bytes().to_vec();
        bytes[57..61].copy_from_slice(&count.to_be_bytes());
        let bent = Batch::split_first(&mut Bytes::from(bytes)).expect("the length is as it was");
        assert!(matches!(bent.records(), Err(BatchError::Record { index: found, .. }) if found == index), "{count}: {:?}", bent.records());
    }
}

#[test]
fn fields_cover_the_header() {
    let fields = build(Compression::None, &[(1, None, None, vec![])]).fields();
    let mut end = 0;
    for field in &fields {
        assert_eq!(field.bytes.start, end, "{}", field.name);
        end = field.bytes.end;
    }
    assert_eq!(end, HEADER_BYTES);
    assert_eq!(fields[3].value, 2);
}

#[test]
fn codecs_beyond_zstd_are_unknown() {
    assert_eq!(Compression::from_attributes(0x7f8 | 4), Ok(Compression::Zstd));
    for codec in 5..8 {
        assert_eq!(Compression::from_attributes(codec), Err(CompressionError::UnknownCodec(codec as u8)));
    }
}

#[test]
fn snappy_is_read_raw_too_and_concatenated() {
    let plain = b"snappy snappy snappy snappy".repeat(4000);
    let raw = snap::raw::Encoder::new().compress_vec(&plain).expect("is small");
    assert_eq!(Compression::Snappy.decompress(&raw, 1 << 20), Ok(Bytes::from(plain.clone())));
    let mut twice = Compression::Snappy.compress(&plain).to_vec();
    twice.extend_from_slice(&Compression::Snappy.compress(&plain));
    assert_eq!(Compression::Snappy.decompress(&twice, 1 << 20), Ok(Bytes::from(plain.repeat(2))));
    // Five bytes that announce 4 GiB less one.
    let lying = Compression::Snappy.decompress(&[0xff, 0xff, 0xff, 0xff, 0x0f], u64::MAX);
    assert!(matches!(lying, Err(CompressionError::Corrupt { .. })), "{lying:?}");
}

/// Input of all sorts: short, repetitive, random, longer than a block. Lz4 has an encoder of our own, and frames of others have more
/// options than it uses.
#[test]
fn lz4_of_ours_and_of_others_is_read() {
    let mut noise = 1_u32;
    let mut random = |bits: u32| {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (noise >> 24 >> (8 - bits)) as u8
    };
    for (length, bits) in [0, 1, 11, 13, 100, 5000, 65_535, 65_536, 65_537, 300_000].into_iter().flat_map(|n| [1, 2, 4, 8].map(|b| (n, b)))
    {
        let plain: Vec<u8> = (0..length).map(|n| if n % 1000 < 300 { random(bits) } else { (n % 997) as u8 }).collect();
        let packed = Compression::Lz4.compress(&plain);
        assert!(Compression::Lz4.decompress(&packed, 1 << 20).is_ok_and(|read| read == plain), "{length} bytes of {bits} bits");

        let mut encoder = lz4_flex::frame::FrameEncoder::with_frame_info(
            lz4_flex::frame::FrameInfo::new()
                .block_mode(lz4_flex::frame::BlockMode::Linked)
                .content_checksum(true)
                .block_checksums(true)
                .content_size(Some(length as u64)),
            Vec::new(),
        );
        encoder.write_all(&plain).expect("memory");
        let packed = encoder.finish().expect("memory");
        assert!(Compression::Lz4.decompress(&packed, 1 << 20).is_ok_and(|read| read == plain), "{length} bytes of {bits} bits, linked");
    }
}

/// A frame that holds 200 MB of zeros in blocks of 128 KiB, and one that announces a window of 2 GiB.
#[test]
fn a_zstd_frame_that_lies_is_refused() {
    let header = |window: u8| [0x28, 0xb5, 0x2f, 0xfd, 0, window];
    let mut zeros = header(7 << 3).to_vec();
    for _ in 0..1600 {
        let block = (128_u32 << 10) << 3 | 1 << 1;
        zeros.extend(&block.to_le_bytes()[..3]);
        zeros.push(0);
    }
    assert_eq!(Compression::Zstd.decompress(&zeros, 1_000_000), Err(CompressionError::TooLarge { limit: 1_000_000 }));
    let wide = [&header(21 << 3)[..], &[1, 0, 0]].concat();
    assert!(matches!(Compression::Zstd.decompress(&wide, 1_000_000), Err(CompressionError::Corrupt { .. })));
}

/// Frames of libzstd 1.5, of levels 1, 3, 9 and 19 (Huffman codes in one stream and four, tables that are told and repeated, repeated
/// offsets); cut or spoilt they give an error or other data, and never a panic or more than the limit.
#[test]
fn zstd_of_others_is_read() {
    let plain = include_bytes!("../../../tests/vectors/zstd/plain");
    for packed in [
        &include_bytes!("../../../tests/vectors/zstd/level-1.zst")[..],
        include_bytes!("../../../tests/vectors/zstd/level-3.zst"),
        include_bytes!("../../../tests/vectors/zstd/level-9.zst"),
        include_bytes!("../../../tests/vectors/zstd/level-19.zst"),
    ] {
        assert!(Compression::Zstd.decompress(packed, 1 << 20) == Ok(Bytes::from_static(plain)));
        assert_eq!(Compression::Zstd.decompress(packed, 1000), Err(CompressionError::TooLarge { limit: 1000 }));
        for end in 0..packed.len() {
            assert!(Compression::Zstd.decompress(&packed[..end], 1 << 20).is_err(), "cut at {end}");
            let mut spoilt = packed.to_vec();
            spoilt[end] ^= 1 << (end % 8);
            let _ = Compression::Zstd.decompress(&spoilt, 1 << 20);
        }
    }
}

#[test]
fn a_small_bomb_is_stopped_at_the_limit() {
    let zeros = vec![0; 20_000_000];
    for codec in [Compression::Gzip, Compression::Snappy, Compression::Lz4, Compression::Zstd] {
        let packed = codec.compress(&zeros);
        assert!(packed.len() < 2_000_000, "{codec:?}: {}", packed.len());
        assert_eq!(codec.decompress(&packed, 1_000_000), Err(CompressionError::TooLarge { limit: 1_000_000 }));
    }
}

#[test]
fn requests_and_responses_cross_a_connection() {
    let request = MetadataRequest { topics: Some(vec![]), allow_auto_topic_creation: true, ..MetadataRequest::default() };
    for version in 0..=13 {
        let frame = encode_request(version, 7, &"tide".into(), request.clone()).expect("every version can say it");
        let read = decode_request(frame).expect("is whole");
        assert_eq!((read.api, read.version, read.header.correlation_id), (ApiKey::Metadata, version, 7));
        assert_eq!(read.header.client_id.as_deref(), Some("tide"));
        assert_eq!(decode_body::<MetadataRequest>(read.body.clone(), version).as_ref(), Ok(&request));
        let mut longer = BytesMut::from(&read.body[..]);
        longer.put_u8(0);
        assert_eq!(decode_body::<MetadataRequest>(longer.freeze(), version), Err(FrameError::TrailingBytes(1)));
    }
    for version in 0..=4 {
        let frame = encode_response(version, 8, HeartbeatResponse::default()).expect("every version can say it");
        let (header, body) = decode_response(ApiKey::Heartbeat, version, frame).expect("is whole");
        assert_eq!(header.correlation_id, 8);
        assert_eq!(decode_body::<HeartbeatResponse>(body, version), Ok(HeartbeatResponse::default()));
        // Header v0: the body begins after the correlation id, in flexible versions too.
        let frame = encode_response(version, 8, ApiVersionsResponse::default()).expect("every version can say it");
        assert_eq!(frame[..6], [0, 0, 0, 8, 0, 0]);
    }
}

#[test]
fn versions_that_are_not_answered() {
    let frame = |key: i16, version: i16| {
        let mut frame = BytesMut::new();
        frame.put_i16(key);
        frame.put_i16(version);
        // Correlation id, empty client id, no tags.
        frame.put_slice(&[0, 0, 0, 1, 0, 0, 0]);
        frame.freeze()
    };
    assert!(matches!(decode_request(frame(0, 2)), Err(FrameError::UnsupportedVersion { version: 2, min: 3, max: 13, .. })));
    assert!(matches!(decode_request(frame(3, 14)), Err(FrameError::UnsupportedVersion { version: 14, .. })));
    assert!(matches!(decode_request(frame(18, -1)), Err(FrameError::UnsupportedVersion { version: -1, .. })));
    assert_eq!(decode_request(frame(36, 0)).err(), Some(FrameError::UnknownApi(36)));
    assert_eq!(decode_request(frame(-1, 0)).err(), Some(FrameError::UnknownApi(-1)));
    let too_new = decode_request(frame(18, 99)).expect("KIP-511 lets it through");
    assert_eq!((too_new.version, too_new.header.correlation_id), (99, 1));
    assert!(matches!(decode_request(Bytes::from_static(&[0, 18, 0])), Err(FrameError::NoHeader(3))));
    assert!(matches!(decode_request(Bytes::from_static(&[0, 18, 0, 3, 0])), Err(FrameError::Malformed(_))));
    assert!(decode_body::<ApiVersionsRequest>(Bytes::new(), 3).is_err());
}

/// Believed, these would ask the allocator for up to 500 GB.
#[test]
fn counts_that_lie_are_refused() {
    // Metadata v1: an int32 count. v13: a varint.
    for count in [i32::MAX, i32::MAX / 2, 100] {
        assert!(decode_body::<MetadataRequest>(Bytes::copy_from_slice(&count.to_be_bytes()), 1).is_err());
    }
    for count in [&[0xff, 0xff, 0xff, 0xff, 0x0f][..], &[0x80, 0x80, 0x80, 0x08], &[0x7f]] {
        assert!(decode_body::<MetadataRequest>(Bytes::copy_from_slice(count), 13).is_err());
    }
    // As many elements as there is room for are read: two empty names.
    let two = Bytes::from_static(&[0, 0, 0, 2, 0, 0, 0, 0]);
    assert_eq!(decode_body::<MetadataRequest>(two, 1).map(|request| request.topics.map(|topics| topics.len())), Ok(Some(2)));
}

#[test]
fn numbers_beyond_the_bytes_left_are_read_as_they_are() {
    let request = OffsetCommitRequest { generation_id_or_member_epoch: i32::MAX - 3, ..OffsetCommitRequest::default() };
    for version in 2..=9 {
        let frame = encode_request(version, 1, &"".into(), request.clone()).map(decode_request).expect("can be written").expect("is whole");
        let read: OffsetCommitRequest = decode_body(frame.body, version).expect("is whole");
        assert_eq!(read.generation_id_or_member_epoch, i32::MAX - 3);
    }
    let frame = encode_request(2, i32::MAX, &"".into(), DescribeClusterRequest::default()).expect("can be written");
    assert_eq!(decode_request(frame).expect("is whole").header.correlation_id, i32::MAX);
}

#[test]
fn the_crc_starts_at_the_attributes() {
    let batch = build(Compression::None, &[(1, None, None, vec![])]);
    assert_eq!(batch.crc(), crc32c::crc32c(&batch.bytes()[21..]));
}
