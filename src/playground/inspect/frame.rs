//! A frame as its fields.

use crate::kafka::wire::batch::Batch;
use crate::kafka::wire::message::{self as m, ApiKey, Message, RequestHeader, ResponseHeader};
use crate::kafka::wire::shown::{Seen, Shown};
use bytes::Bytes;
use std::ops::Range;

macro_rules! bodies {
    ({$($api:ident = $key:literal, $request:ident => $response:ident, $broker:tt $controller:tt;)*} $absent:tt) => {
        fn body(api: ApiKey, response: bool, shown: &mut Shown, version: i16) {
            match (api, response) {
                $((ApiKey::$api, false) => m::$request::show(shown, version),
                (ApiKey::$api, true) => m::$response::show(shown, version),)*
                _ => {}
            }
        }
    };
}

crate::kafka_apis!(bodies);

/// The fields of a frame, header first. What cannot be read is a field too, with the reason.
pub fn frame(api: ApiKey, response: bool, version: i16, bytes: Bytes) -> Vec<Seen> {
    let mut shown = Shown::new(bytes);
    let (word, header) = match response {
        false => ("Request", api.request_header_version(version)),
        true => ("Response", api.response_header_version(version)),
    };
    for (name, number) in [(format!("{word}Header"), header), (format!("{api:?}{word}"), version)] {
        let outer = shown.begin(&name, shown.place());
        shown.note(format!("v{number}"));
        match (name.ends_with('r'), response) {
            (true, false) => RequestHeader::show(&mut shown, number),
            (true, true) => ResponseHeader::show(&mut shown, number),
            _ => body(api, response, &mut shown, number),
        }
        shown.finish(outer, shown.place());
    }
    if !shown.left.is_empty() {
        shown.rest("bytes behind the message");
    }
    shown.seen
}

/// The fields of a batch that holds a record, with the bytes.
pub fn record(batch: &Batch) -> Vec<Seen> {
    let mut shown = Shown::new(batch.bytes().clone());
    shown.batches(batch.bytes().clone(), 0);
    shown.seen
}

/// The innermost field of each of the first `most` bytes: (the field's place, its bytes in this run), in order.
pub fn hex(seen: &[Seen], most: u32) -> Vec<(usize, Range<u32>)> {
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
fn close(seen: &[Seen], open: &mut Vec<usize>, runs: &mut Vec<(usize, Range<u32>)>, mut at: u32, depth: u32) -> u32 {
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
