//! A frame as its fields.

use crate::kafka::wire::batch::Batch;
use crate::kafka::wire::message::{self as m, ApiKey, Message, RequestHeader, ResponseHeader};
use crate::kafka::wire::shown::{Seen, Shown};
use bytes::Bytes;
use std::ops::Range;

macro_rules! bodies {
    ($($api:ident: $request:ident => $response:ident;)*) => {
        fn body(api: ApiKey, response: bool, shown: Shown, bytes: Bytes, version: i16) -> (Shown, Bytes) {
            match (api, response) {
                $((ApiKey::$api, false) => m::$request::show(shown, bytes, version),
                (ApiKey::$api, true) => m::$response::show(shown, bytes, version),)*
                _ => (shown, bytes),
            }
        }
    };
}

crate::spoken_apis!(bodies);

/// The fields of a frame, header first. What cannot be read is a field too, with the reason.
pub fn frame(api: ApiKey, response: bool, version: i16, bytes: Bytes) -> Vec<Seen> {
    let total = bytes.len() as u32;
    let mut shown = Shown::new(total);
    let (word, header) = match response {
        false => ("Request", api.request_header_version(version)),
        true => ("Response", api.response_header_version(version)),
    };
    let outer = shown.begin(&format!("{word}Header"), 0);
    shown.note(format!("v{header}"));
    let (mut shown, rest) = if response { ResponseHeader::show(shown, bytes, header) } else { RequestHeader::show(shown, bytes, header) };
    shown.finish(outer, total - rest.len() as u32);
    let outer = shown.begin(&format!("{api:?}{word}"), total - rest.len() as u32);
    shown.note(format!("v{version}"));
    let (mut shown, rest) = body(api, response, shown, rest, version);
    shown.finish(outer, total - rest.len() as u32);
    if !rest.is_empty() {
        shown.rest("bytes behind the message");
    }
    shown.seen
}

/// The fields of a batch that holds a record, with the bytes.
pub fn record(batch: &Batch) -> Vec<Seen> {
    let mut shown = Shown::new(batch.size());
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
