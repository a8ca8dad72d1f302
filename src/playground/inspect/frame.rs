//! A frame as its fields.

use crate::kafka::wire::batch::Batch;
use crate::kafka::wire::field_map::{FieldMap, FieldSpan};
use crate::kafka::wire::message::{self as m, ApiKey, Message, RequestHeader, ResponseHeader};
use bytes::Bytes;
use std::ops::Range;

macro_rules! bodies {
    ({$($api:ident = $key:literal, $request:ident => $response:ident, $broker:tt $controller:tt;)*} $absent:tt) => {
        fn body(api: ApiKey, response: bool, map: &mut FieldMap, version: i16) {
            match (api, response) {
                $((ApiKey::$api, false) => m::$request::map_fields(map, version),
                (ApiKey::$api, true) => m::$response::map_fields(map, version),)*
                _ => {}
            }
        }
    };
}

crate::kafka_apis!(bodies);

/// The fields of a frame, header first. What cannot be read is a field too, with the reason.
pub fn frame(api: ApiKey, response: bool, version: i16, bytes: Bytes) -> Vec<FieldSpan> {
    let mut map = FieldMap::new(bytes);
    let (word, header) = match response {
        false => ("Request", api.request_header_version(version)),
        true => ("Response", api.response_header_version(version)),
    };
    for (name, number) in [(format!("{word}Header"), header), (format!("{api:?}{word}"), version)] {
        let outer = map.begin(&name, map.position());
        map.note(format!("v{number}"));
        match (name.ends_with('r'), response) {
            (true, false) => RequestHeader::map_fields(&mut map, number),
            (true, true) => ResponseHeader::map_fields(&mut map, number),
            _ => body(api, response, &mut map, number),
        }
        map.finish(outer, map.position());
    }
    if !map.rest.is_empty() {
        map.unreadable("bytes behind the message");
    }
    map.fields
}

/// The fields of a batch that holds a record, with the bytes.
pub fn record(batch: &Batch) -> Vec<FieldSpan> {
    let mut map = FieldMap::new(batch.bytes().clone());
    map.batches(batch.bytes().clone(), 0);
    map.fields
}

/// Which of a batch's fields is the record of this offset.
pub fn place_of(offset: i64, fields: &[FieldSpan]) -> Option<usize> {
    let own = format!("offset {offset}");
    fields.iter().position(|field| field.value == own)
}

/// The innermost field of each of the first `most` bytes: (the field's place, its bytes in this run), in order.
pub fn hex(seen: &[FieldSpan], most: u32) -> Vec<(usize, Range<u32>)> {
    let mut runs: Vec<(usize, Range<u32>)> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    let mut at = 0;
    for (i, field) in seen.iter().enumerate() {
        at = close(seen, &mut open, &mut runs, at, field.depth);
        if let Some(&holds) = open.last() {
            push(&mut runs, holds, at..field.bytes.start);
        }
        at = at.max(field.bytes.start);
        open.push(i);
    }
    close(seen, &mut open, &mut runs, at, 0);
    runs.retain_mut(|(_, bytes)| {
        bytes.end = bytes.end.min(most);
        bytes.start < bytes.end
    });
    runs
}

/// Ends the open fields that are not above `depth`; gives the byte that comes next.
fn close(seen: &[FieldSpan], open: &mut Vec<usize>, runs: &mut Vec<(usize, Range<u32>)>, mut at: u32, depth: u32) -> u32 {
    while let Some(&last) = open.last()
        && let Some(field) = seen.get(last)
        && field.depth >= depth
    {
        push(runs, last, at..field.bytes.end);
        at = at.max(field.bytes.end);
        open.pop();
    }
    at
}

fn push(runs: &mut Vec<(usize, Range<u32>)>, field: usize, bytes: Range<u32>) {
    if bytes.start < bytes.end {
        runs.push((field, bytes));
    }
}
