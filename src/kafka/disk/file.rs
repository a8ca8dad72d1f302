//! One file: immutable chunks that clones share, and a short tail that grows.

use bytes::Bytes;

/// The tail is frozen at an eighth of the file, within these bounds: small files waste little on a tail that clones copy,
/// large ones get chunks so large that a fetch is a slice of one.
const TAIL_MIN: u64 = 4 * 1024;
const TAIL_MAX: u64 = 1024 * 1024;

#[derive(Clone, Debug, Default)]
pub struct File {
    chunks: Vec<Chunk>,
    /// Where the tail begins: the chunks' end.
    tail_start: u64,
    tail: Vec<u8>,
    /// Bytes that a power loss leaves; `None`: the file was never flushed, and goes.
    flushed: Option<u64>,
}

#[derive(Clone, Debug)]
struct Chunk {
    start: u64,
    bytes: Bytes,
}

impl Chunk {
    fn end(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }
}

impl File {
    /// A file with this content, flushed.
    pub(super) fn durable(bytes: Bytes) -> Self {
        let length = bytes.len() as u64;
        let mut file = Self { flushed: Some(length), ..Self::default() };
        file.push_chunk(bytes);
        file
    }

    pub(super) fn len(&self) -> u64 {
        self.tail_start + self.tail.len() as u64
    }

    pub(super) fn flushed(&self) -> Option<u64> {
        self.flushed
    }

    pub(super) fn flush(&mut self) {
        self.flushed = Some(self.len());
    }

    fn push_chunk(&mut self, bytes: Bytes) {
        if !bytes.is_empty() {
            let start = self.tail_start;
            self.tail_start += bytes.len() as u64;
            self.chunks.push(Chunk { start, bytes });
        }
    }

    fn tail_limit(&self) -> u64 {
        (self.tail_start / 8).clamp(TAIL_MIN, TAIL_MAX)
    }

    pub(super) fn append(&mut self, bytes: Bytes) {
        let limit = self.tail_limit();
        if self.tail.is_empty() && bytes.len() as u64 >= limit {
            return self.push_chunk(bytes);
        }
        // Frozen before it grows past the limit, so that a chunk ends where an append ended: a batch never straddles two.
        if !self.tail.is_empty() && (self.tail.len() + bytes.len()) as u64 > limit {
            self.freeze();
            return self.append(bytes);
        }
        self.tail.extend_from_slice(&bytes);
    }

    fn freeze(&mut self) {
        let mut tail = std::mem::take(&mut self.tail);
        tail.shrink_to_fit();
        self.push_chunk(Bytes::from(tail));
    }

    /// The index of the chunk that holds `position`; the number of chunks when the tail does.
    fn chunk_at(&self, position: u64) -> usize {
        self.chunks.partition_point(|chunk| chunk.end() <= position)
    }

    /// `position` ≤ length.
    pub(super) fn read(&self, position: u64, max: u64) -> Bytes {
        let end = position.saturating_add(max).min(self.len());
        let first = self.chunk_at(position);
        if let Some(chunk) = self.chunks.get(first)
            && end <= chunk.end()
        {
            return chunk.bytes.slice((position - chunk.start) as usize..(end - chunk.start) as usize);
        }
        let mut out = Vec::with_capacity((end - position) as usize);
        self.walk(first, position, end, |part| out.extend_from_slice(part));
        Bytes::from(out)
    }

    fn walk(&self, first: usize, position: u64, end: u64, mut part: impl FnMut(&[u8])) {
        let tail = std::iter::once((self.tail_start, &self.tail[..]));
        let chunks = self.chunks.iter().skip(first).map(|chunk| (chunk.start, &chunk.bytes[..]));
        for (start, bytes) in chunks.chain(tail) {
            if start >= end {
                break;
            }
            let from = position.saturating_sub(start).min(bytes.len() as u64);
            let to = (end - start).min(bytes.len() as u64);
            if from < to {
                part(&bytes[from as usize..to as usize]);
            }
        }
    }

    /// Fills `buffer` from `position` as far as the file goes, without allocating. Returns the number of bytes read.
    pub fn peek(&self, position: u64, buffer: &mut [u8]) -> u32 {
        let end = position.saturating_add(buffer.len() as u64).min(self.len());
        let mut filled = 0;
        self.walk(self.chunk_at(position), position, end, |part| {
            buffer[filled..filled + part.len()].copy_from_slice(part);
            filled += part.len();
        });
        filled as u32
    }

    pub(super) fn shared_from(&self, position: u64) -> u64 {
        self.chunks.get(self.chunk_at(position)).map_or(0, |chunk| chunk.end() - position)
    }

    pub(super) fn truncate(&mut self, length: u64) {
        if length >= self.tail_start {
            self.tail.truncate((length - self.tail_start).min(self.tail.len() as u64) as usize);
        } else {
            self.tail = Vec::new();
            self.chunks.truncate(self.chunk_at(length) + 1);
            if let Some(mut last) = self.chunks.pop() {
                self.tail_start = last.start;
                last.bytes.truncate((length - last.start) as usize);
                self.push_chunk(last.bytes);
            }
        }
        self.flushed = self.flushed.map(|flushed| flushed.min(length));
    }
}
