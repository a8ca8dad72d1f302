//! The wire against Apache Kafka 4.1.1: hashes, record batches, message bodies and captured frames that Kafka itself made,
//! and garbage made from them.
#![cfg(not(target_arch = "wasm32"))]

use bytes::Bytes;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::Path;
use tidepool::kafka::apis::{self, BROKER};
use tidepool::kafka::rng::Rng;
use tidepool::kafka::wire::batch::{Batch, RawRecord, batches};
use tidepool::kafka::wire::compression::Compression;
use tidepool::kafka::wire::field_map::{FieldMap, FieldSpan};
use tidepool::kafka::wire::frame::{FrameError, decode_body, decode_request, decode_response};
use tidepool::kafka::wire::message::{self as m, ApiKey, Message};
use tidepool::kafka::wire::murmur2::{coordinator_partition, java_hash, murmur2, partition_for_key};
use tidepool::playground::inspect;

fn file(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn json(name: &str) -> Value {
    serde_json::from_slice(&file(name)).expect("is JSON")
}

fn json_lines(name: &str) -> Vec<Value> {
    let mut text = String::new();
    flate2::read::GzDecoder::new(&file(name)[..]).read_to_string(&mut text).expect("is gzip");
    text.lines().map(|line| serde_json::from_str(line).expect("is JSON")).collect()
}

fn hex(value: &Value) -> Bytes {
    let text = value.as_str().expect("is a string of hex digits");
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("is hex")).collect()
}

fn nullable_hex(value: &Value) -> Option<Bytes> {
    (!value.is_null()).then(|| hex(value))
}

fn array(value: &Value) -> &Vec<Value> {
    value.as_array().expect("is an array")
}

fn int(value: &Value) -> i64 {
    value.as_i64().unwrap_or_else(|| panic!("{value} is not a whole number"))
}

fn version(value: &Value) -> i16 {
    i16::try_from(int(value)).expect("is a version")
}

#[test]
fn hashes() {
    let vectors = json("murmur2.json");
    for case in array(&vectors["cases"]) {
        let key = hex(&case["key_hex"]);
        assert_eq!(i64::from(murmur2(&key)), int(&case["murmur2"]), "{case}");
        assert_eq!(i64::from(murmur2(&key) & i32::MAX), int(&case["positive"]), "{case}");
        for (partitions, partition) in case["partition_for"].as_object().expect("is an object") {
            assert_eq!(i64::from(partition_for_key(&key, partitions.parse().expect("is a count"))), int(partition), "{case}");
        }
    }
    for case in array(&vectors["coordinator_partition"]) {
        let id = case["id"].as_str().expect("is a string");
        assert_eq!(i64::from(java_hash(id)), int(&case["java_hash"]), "{case}");
        for (partitions, partition) in case["partition_for"].as_object().expect("is an object") {
            assert_eq!(i64::from(coordinator_partition(id, partitions.parse().expect("is a count"))), int(partition), "{case}");
        }
    }
    assert!(array(&vectors["cases"]).len() >= 60 && !array(&vectors["coordinator_partition"]).is_empty());
}

#[test]
fn the_table_of_apis_is_a_part_of_what_a_broker_advertises() {
    let vectors = json("apiversions_kafka_4.1.1.json");
    let advertised: BTreeMap<i64, (i64, i64)> =
        array(&vectors["api_keys"]).iter().map(|row| (int(&row["key"]), (int(&row["min"]), int(&row["max"])))).collect();
    for range in BROKER {
        let row = advertised.get(&i64::from(range.key as i16));
        assert_eq!(row, Some(&(range.min.into(), range.max.into())), "{range:?}");
    }
    assert!(BROKER.len() >= 31);
}

fn check_batch(name: &str, batch: &Batch, expected: &Value) {
    batch.check_crc().unwrap_or_else(|error| panic!("{name}: {error}"));
    let header = [
        ("base_offset", batch.base_offset()),
        ("last_offset", batch.last_offset()),
        ("size", batch.size().into()),
        ("leader_epoch", batch.partition_leader_epoch().into()),
        ("crc32c", batch.crc().into()),
        ("base_timestamp_or_delete_horizon", batch.base_timestamp()),
        ("max_timestamp", batch.max_timestamp()),
        ("producer_id", batch.producer_id()),
        ("producer_epoch", batch.producer_epoch().into()),
        ("base_sequence", batch.base_sequence().into()),
        ("last_sequence", batch.last_sequence().into()),
        ("count", batch.record_count().into()),
    ];
    for (field, value) in header {
        assert_eq!(value, int(&expected[field]), "{name}: {field}");
    }
    assert_eq!(batch.compression().map(Compression::name), Ok(expected["codec"].as_str().expect("is a name")), "{name}");
    let timestamp_type = if batch.is_log_append_time() { "LogAppendTime" } else { "CreateTime" };
    assert_eq!(timestamp_type, expected["timestamp_type"], "{name}");
    assert_eq!(batch.is_transactional(), expected["transactional"], "{name}");
    assert_eq!(batch.is_control(), expected["control"], "{name}");
    assert_eq!(batch.delete_horizon(), expected.get("delete_horizon_ms").map(int), "{name}");

    let records = batch.records().unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(records.len(), array(&expected["records"]).len(), "{name}");
    for (record, expected) in records.iter().zip(array(&expected["records"])) {
        assert_eq!(record.offset, int(&expected["offset"]), "{name}");
        assert_eq!(record.timestamp, int(&expected["timestamp"]), "{name}");
        assert_eq!(record.key, nullable_hex(&expected["key_hex"]), "{name}");
        assert_eq!(record.value, nullable_hex(&expected["value_hex"]), "{name}");
        let headers: Vec<(Bytes, Option<Bytes>)> = array(&expected["headers"])
            .iter()
            .map(|header| (Bytes::from(header[0].as_str().expect("is a key").to_owned()), nullable_hex(&header[1])))
            .collect();
        assert_eq!(record.headers, headers, "{name}");
    }
}

#[test]
fn record_batches_decode_as_kafka_decodes_them() {
    let mut codecs = BTreeSet::new();
    for case in array(&json("record_batches.json")["cases"]) {
        let name = case["name"].as_str().expect("is a name");
        let found: Vec<Batch> = batches(hex(&case["hex"])).map(|batch| batch.expect("is a batch")).collect();
        assert_eq!(found.len(), array(&case["batches"]).len(), "{name}");
        for (batch, expected) in found.iter().zip(array(&case["batches"])) {
            check_batch(name, batch, expected);
            codecs.insert(batch.compression().expect("is known").name());
        }
    }
    assert_eq!(codecs.len(), 5, "{codecs:?}");
}

#[test]
fn uncompressed_batches_are_written_byte_for_byte() {
    let mut rebuilt = 0;
    for case in array(&json("record_batches.json")["cases"]) {
        for batch in batches(hex(&case["hex"])).map(|batch| batch.expect("is a batch")) {
            let records: Vec<RawRecord> = batch.raw_records().expect("decompresses").map(|record| record.expect("is whole")).collect();
            let again = batch.rebuild(&records).expect("knows the codec");
            if batch.compression() == Ok(Compression::None) {
                assert_eq!(again.bytes(), batch.bytes(), "{}", case["name"]);
                rebuilt += 1;
            } else {
                assert_eq!(again.records().expect("is whole"), batch.records().expect("is whole"), "{}", case["name"]);
                again.check_crc().expect("is sealed");
            }
        }
    }
    assert_eq!(rebuilt, 13);
}

#[test]
fn the_builder_makes_the_producers_batches() {
    use tidepool::kafka::wire::batch::{BatchBuilder, BatchOptions};
    let mut built = 0;
    for case in array(&json("record_batches.json")["cases"]) {
        for batch in batches(hex(&case["hex"])).map(|batch| batch.expect("is a batch")) {
            // What only a broker or a cleaner makes is not the builder's.
            if batch.compression() != Ok(Compression::None) || batch.is_log_append_time() || batch.delete_horizon().is_some() {
                continue;
            }
            let mut builder = BatchBuilder::new(BatchOptions {
                compression: Compression::None,
                gzip_level: None,
                producer_id: batch.producer_id(),
                producer_epoch: batch.producer_epoch(),
                base_sequence: batch.base_sequence(),
                transactional: batch.is_transactional(),
                control: batch.is_control(),
                partition_leader_epoch: batch.partition_leader_epoch(),
                base_offset: batch.base_offset(),
            });
            for record in batch.records().expect("is whole") {
                let before = builder.size();
                let grows = builder.size_of(record.timestamp, record.key.as_deref(), record.value.as_deref(), &record.headers);
                builder.push(record.timestamp, record.key.as_deref(), record.value.as_deref(), &record.headers);
                assert_eq!(builder.size(), before + grows);
            }
            assert_eq!(builder.size(), batch.size(), "{}", case["name"]);
            assert_eq!(builder.build().bytes(), batch.bytes(), "{}", case["name"]);
            built += 1;
        }
    }
    assert!(built >= 10, "{built}");
}

/// Decodes a body by `decode_body` and writes it again; `None` when the API is not answered.
type Again = Option<Result<Bytes, FrameError>>;

macro_rules! dispatch {
    ({$($api:ident = $key:literal, $request:ident => $response:ident, $broker:tt $controller:tt;)*} $absent:tt) => {
        const SPOKEN: &[(ApiKey, &str)] = &[$((ApiKey::$api, stringify!($api)),)*];

        fn request_again(api: ApiKey, version: i16, body: Bytes) -> Again {
            match api {
                $(ApiKey::$api => Some(decode_body::<m::$request>(body, version).map(|message| written(message, version))),)*
                _ => None,
            }
        }

        /// A bent message may hold what cannot be written again, so this one only reads. `None`: the API is not answered.
        fn decodes_request(api: ApiKey, version: i16, body: Bytes) -> Option<bool> {
            match api {
                $(ApiKey::$api => Some(decode_body::<m::$request>(body, version).is_ok()),)*
                _ => None,
            }
        }

        fn decodes_response(api: ApiKey, version: i16, body: Bytes) -> Option<bool> {
            match api {
                $(ApiKey::$api => Some(decode_body::<m::$response>(body, version).is_ok()),)*
                _ => None,
            }
        }

        fn response_again(api: ApiKey, version: i16, body: Bytes) -> Again {
            match api {
                $(ApiKey::$api => Some(decode_body::<m::$response>(body, version).map(|message| written(message, version))),)*
                _ => None,
            }
        }
    };
}

tidepool::kafka_apis!(dispatch);

fn written(message: impl Message, version: i16) -> Bytes {
    message.write(Vec::new(), version).expect("what was read can be written").into()
}

#[test]
fn kafkas_own_messages_come_back_byte_for_byte() {
    let mut checked = BTreeMap::<(ApiKey, bool), BTreeSet<i16>>::new();
    for case in json_lines("wire_messages_kafka_4.1.1.jsonl.gz") {
        let name = case["name"].as_str().expect("is a name");
        let (version, body) = (version(&case["version"]), hex(&case["body_hex"]));
        let is_request = name.ends_with("Request");
        let api = ApiKey::try_from(key_of(&case["api_key"])).ok();
        let Some(api) = api.filter(|api| api.versions().is_some_and(|versions| versions.contains(&version))) else { continue };
        let header = if is_request { api.request_header_version(version) } else { api.response_header_version(version) };
        assert_eq!(i64::from(header), int(&case["header_version"]), "{name} v{version}");
        let again = if is_request { request_again(api, version, body.clone()) } else { response_again(api, version, body.clone()) };
        assert_eq!(again, Some(Ok(body)), "{name} v{version}");
        checked.entry((api, is_request)).or_default().insert(version);
    }
    // Each version of each message that is declared was there.
    let mut cases = 0;
    for (api, _) in SPOKEN {
        let versions: BTreeSet<i16> = api.versions().expect("is spoken").collect();
        for is_request in [true, false] {
            assert_eq!(checked.get(&(*api, is_request)), Some(&versions), "{api:?}, request: {is_request}");
            cases += versions.len();
        }
    }
    assert!(cases > 300, "{cases}");
}

fn key_of(value: &Value) -> i16 {
    i16::try_from(int(value)).expect("is an API key")
}

#[test]
fn real_clients_frames_and_the_real_brokers_answers_decode() {
    let (mut requests, mut responses) = (0, 0);
    for case in json_lines("wire_captures_clients.jsonl.gz") {
        let (name, version) = (format!("{} {}", case["client"], case["api"]), version(&case["version"]));
        let key = key_of(&case["api_key"]);
        let api = ApiKey::try_from(key).expect("Kafka's own clients ask it");
        let request = decode_request(hex(&case["request_frame_hex"]));
        if apis::find(BROKER, api).is_none() {
            assert_eq!(request.err(), Some(FrameError::UnknownApi(key)), "{name}");
            continue;
        }
        let request = request.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!((request.api, request.version), (api, version), "{name}");
        let again = request_again(api, version, request.body.clone()).expect("is in the table");
        assert_eq!(again, Ok(request.body), "{name}");
        requests += 1;
        if let Some(frame) = case.get("response_frame_hex").filter(|frame| !frame.is_null()) {
            let (header, body) = decode_response(api, version, hex(frame)).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(header.correlation_id, request.header.correlation_id, "{name}");
            assert_eq!(response_again(api, version, body.clone()), Some(Ok(body)), "{name}");
            responses += 1;
        }
    }
    assert!(requests > 80 && responses > 70, "{requests} requests, {responses} responses");
}

/// Every byte is in exactly one innermost field, in order, and what holds others holds them whole. Gives how many fields there are.
fn covered(seen: &[FieldSpan], total: usize, name: &str) -> usize {
    let mut owner = vec![usize::MAX; total];
    for (i, field) in seen.iter().enumerate() {
        let range = field.bytes.start as usize..field.bytes.end as usize;
        assert!(range.start <= range.end && range.end <= total, "{name}: {field:?}");
        let parent = seen[..i].iter().rev().find(|other| other.depth < field.depth);
        assert!(parent.is_none_or(|p| p.bytes.start <= field.bytes.start && field.bytes.end <= p.bytes.end), "{name}: {field:?}");
        // An earlier brother ends before it.
        let brother = seen[..i].iter().rev().take_while(|other| other.depth >= field.depth).find(|other| other.depth == field.depth);
        assert!(brother.is_none_or(|other| other.bytes.end <= field.bytes.start), "{name}: {field:?} after {brother:?}");
        owner[range].fill(i);
    }
    assert!(owner.iter().all(|&i| i != usize::MAX), "{name}: no field has byte {:?}", owner.iter().position(|&i| i == usize::MAX));
    // The bytes of a field that holds others are not scattered between those.
    for (i, field) in seen.iter().enumerate() {
        let own = owner.iter().filter(|&&at| at == i).count();
        let head = owner[field.bytes.start as usize..field.bytes.end as usize].iter().take_while(|&&at| at == i).count();
        assert_eq!(own, head, "{name}: {field:?}");
    }
    seen.len()
}

/// The fields from `at` on, of one depth, are those of Kafka's own JSON form of the message.
fn named(seen: &[FieldSpan], at: usize, json: &Value, name: &str) {
    let Some(depth) = seen.get(at).map(|field| field.depth) else { return };
    let brothers = (at..seen.len()).take_while(|&i| seen[i].depth >= depth).filter(|&i| seen[i].depth == depth);
    for i in brothers {
        let field = &seen[i];
        let inside = seen.get(i + 1).is_some_and(|next| next.depth > depth).then_some(i + 1);
        if field.name == "TaggedFields" {
            if let Some(inside) = inside {
                named(seen, inside, json, name);
            }
            continue;
        }
        let value = match field.name.strip_prefix('[').and_then(|index| index.strip_suffix(']')) {
            Some(index) => json.get(index.parse::<usize>().expect("is an index")),
            None => json.get(field.name[..1].to_lowercase() + &field.name[1..]),
        };
        let Some(value) = value else { panic!("{name}: Kafka has no {} in {json}", field.name) };
        match value {
            Value::Number(number) => assert_eq!(field.value.split(' ').next(), Some(&*number.to_string()), "{name}: {}", field.name),
            Value::Bool(_) | Value::Null => assert_eq!(field.value, value.to_string(), "{name}: {}", field.name),
            _ => {}
        }
        if let Some(inside) = inside.filter(|_| field.name != "Records") {
            named(seen, inside, value, name);
        }
    }
}

#[test]
fn every_byte_of_kafkas_messages_is_a_field_with_kafkas_name() {
    let mut fields = 0;
    for case in json_lines("wire_messages_kafka_4.1.1.jsonl.gz") {
        let name = format!("{} v{} {}", case["name"], case["version"], case["mode"]);
        let (version, body) = (version(&case["version"]), hex(&case["body_hex"]));
        let response = case["name"].as_str().is_some_and(|name| name.ends_with("Response"));
        let api = ApiKey::try_from(key_of(&case["api_key"])).ok();
        let Some(api) = api.filter(|api| api.versions().is_some_and(|versions| versions.contains(&version))) else { continue };
        let header = if response {
            m::ResponseHeader { correlation_id: 7 }.write(vec![], api.response_header_version(version))
        } else {
            let (request_api_key, correlation_id) = (api as i16, 7);
            let header = m::RequestHeader { request_api_key, request_api_version: version, correlation_id, client_id: Some("me".into()) };
            header.write(vec![], api.request_header_version(version))
        };
        let mut frame = header.expect("is written");
        frame.extend_from_slice(&body);
        let total = frame.len();
        let seen = inspect::frame(api, response, version, frame.into());
        fields += covered(&seen, total, &name);
        let at = seen.iter().position(|field| field.depth == 0 && !field.name.ends_with("Header")).expect("has a body");
        assert!(seen.iter().all(|field| field.name != "Unreadable"), "{name}: {seen:?}");
        if seen.len() > at + 1 {
            named(&seen, at + 1, &case["json"], &name);
        }
    }
    assert!(fields > 10_000, "{fields}");
}

#[test]
fn every_byte_of_real_frames_and_batches_is_a_field() {
    let (mut fields, mut records) = (0, 0);
    for case in json_lines("wire_captures_clients.jsonl.gz") {
        let name = format!("{} {}", case["client"], case["api"]);
        let (version, api) = (version(&case["version"]), ApiKey::try_from(key_of(&case["api_key"])).expect("is Kafka's"));
        for (response, frame) in [(false, &case["request_frame_hex"]), (true, &case["response_frame_hex"])] {
            if apis::find(BROKER, api).is_some() && !frame.is_null() {
                let bytes = hex(frame);
                let seen = inspect::frame(api, response, version, bytes.clone());
                fields += covered(&seen, bytes.len(), &name);
                records += seen.iter().filter(|field| field.name == "TimestampDelta").count();
            }
        }
    }
    assert!(fields > 3_000 && records > 10, "{fields} fields, {records} records");
    for case in array(&json("record_batches.json")["cases"]) {
        let bytes = hex(&case["hex"]);
        let mut map = FieldMap::new(bytes.clone());
        map.batches(bytes.clone(), 0);
        covered(&map.fields, bytes.len(), &case["name"].to_string());
        assert!(map.fields.iter().all(|field| field.value != "malformed"), "{}", case["name"]);
    }
}

#[test]
fn fields_are_named_and_put_into_words_as_kafka_does() {
    // Metadata v12, of topic "orders": no such topic.
    let frame = hex(&"0000000700000000000002000301c39c00000000000000000000000000000000000001000000800000000000".into());
    let seen = inspect::frame(ApiKey::Metadata, true, 12, frame);
    let said: Vec<String> = seen.iter().map(|field| format!("{} {} {}", field.depth, field.name, field.value)).collect();
    for expected in ["0 ResponseHeader v1", "1 CorrelationId 7", "0 MetadataResponse v12", "1 ClusterId null"] {
        assert!(said.iter().any(|line| line == expected), "{expected}: {said:#?}");
    }
    let frame = hex(&"001200040000000a00026d65000202610262ff".into());
    let seen = inspect::frame(ApiKey::ApiVersions, false, 4, frame);
    let said: Vec<String> = seen.iter().map(|field| format!("{} {} {:?}", field.name, field.value, field.bytes)).collect();
    for expected in ["RequestApiKey 18 ApiVersions 0..2", "ClientId \"me\" 8..12", "Unreadable"] {
        assert!(said.iter().any(|line| line.starts_with(expected)), "{expected}: {said:#?}");
    }
}

/// Bends a frame in one to four places: bits, bytes, whole numbers, its end.
fn mutate(rng: &mut Rng, frame: &[u8]) -> Vec<u8> {
    let mut frame = frame.to_vec();
    for _ in 0..1 + rng.below(4) {
        if frame.is_empty() {
            break;
        }
        let at = rng.below(frame.len() as u64) as usize;
        match rng.below(6) {
            0 => frame[at] ^= 1 << rng.below(8),
            1 => frame[at] = rng.below(256) as u8,
            2 => frame.truncate(at),
            3 => frame.insert(at, rng.below(256) as u8),
            4 => {
                // A count or length beyond all reason: 0x7fffffff, or its varint.
                let huge: &[u8] = if rng.below(2) == 0 { &[0x7f, 0xff, 0xff, 0xff] } else { &[0xff, 0xff, 0xff, 0xff, 0x0f] };
                for (byte, &value) in frame[at..].iter_mut().zip(huge) {
                    *byte = value;
                }
            }
            _ => {
                frame.remove(at);
            }
        }
    }
    frame
}

/// Counts that were believed would ask for hundreds of gigabytes.
#[test]
fn a_hundred_thousand_bent_frames_are_refused_or_read() {
    let captures = json_lines("wire_captures_clients.jsonl.gz");
    let frames: Vec<(ApiKey, i16, Bytes, Option<Bytes>)> = captures
        .iter()
        .filter_map(|case| {
            let api = ApiKey::try_from(key_of(&case["api_key"])).ok().filter(|&api| apis::find(BROKER, api).is_some())?;
            let response = case.get("response_frame_hex").filter(|frame| !frame.is_null()).map(hex);
            Some((api, version(&case["version"]), hex(&case["request_frame_hex"]), response))
        })
        .collect();
    let mut rng = Rng::stream(7, "bent frames");
    let (mut read, mut refused) = (0_u32, 0_u32);
    let mut count = |ok: bool| if ok { read += 1 } else { refused += 1 };
    for round in 0..100_000_usize {
        let (api, version, request, response) = &frames[round % frames.len()];
        if let (true, Some(response)) = (round % 4 == 3, response) {
            let bent = mutate(&mut rng, response);
            let seen = inspect::frame(*api, true, *version, bent.clone().into());
            assert!(round % 8 != 3 || covered(&seen, bent.len(), "bent") > 0);
            let result = decode_response(*api, *version, bent.into()).map(|(_, body)| response_is_read(*api, *version, body));
            count(matches!(result, Ok(true)));
        } else {
            let bent = mutate(&mut rng, request);
            let seen = inspect::frame(*api, false, *version, bent.clone().into());
            assert!(round % 8 != 0 || covered(&seen, bent.len(), "bent") > 0);
            let result = decode_request(bent.into()).map(|frame| request_is_read(frame.api, frame.version, frame.body));
            count(matches!(result, Ok(true)));
        }
    }
    assert_eq!(read + refused, 100_000);
    assert!(read > 1000 && refused > 1000, "{read} read, {refused} refused");
}

/// Whether the body decodes. An ApiVersions request that is too new for its body to be known counts as refused.
fn request_is_read(api: ApiKey, version: i16, body: Bytes) -> bool {
    if version > apis::find(BROKER, api).map_or(0, |range| range.max) {
        return false;
    }
    matches!(decodes_request(api, version, body), Some(true))
}

fn response_is_read(api: ApiKey, version: i16, body: Bytes) -> bool {
    matches!(decodes_response(api, version, body), Some(true))
}
