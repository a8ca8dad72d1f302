//! One client's socket: bytes in, frames out of them; frames in, bytes out.

use bytes::{Buf as _, Bytes, BytesMut};
use mio::net::TcpStream;
use std::collections::VecDeque;
use std::io::{self, IoSlice, Read as _, Write as _};

/// A client that does not read its answers is not read from either, beyond this many unsent bytes.
pub(crate) const MAX_UNSENT_BYTES: u64 = 64 << 20;

/// Bytes read from one connection before the others have their turn.
const READ_TURN_BYTES: usize = 1 << 20;

/// Slices handed to the socket in one write.
const WRITE_SLICES: usize = 64;

pub(crate) struct Connection {
    pub(crate) stream: TcpStream,
    input: BytesMut,
    output: VecDeque<Bytes>,
    unsent: u64,
    /// Closes once what is unsent has gone.
    pub(crate) closing: bool,
}

/// What a turn of reading found.
pub(crate) enum Turn {
    /// The socket has nothing more for now.
    Drained,
    /// There is more; the others' turn first.
    More,
    /// The client has closed, or the socket broke.
    Closed,
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("a frame of {length} bytes is announced; between 0 and {most} are taken")]
pub(crate) struct BadLength {
    length: i32,
    most: u32,
}

impl Connection {
    pub(crate) fn new(stream: TcpStream) -> Self {
        Self { stream, input: BytesMut::new(), output: VecDeque::new(), unsent: 0, closing: false }
    }

    /// Reads what is there, up to a turn's worth. `scratch` is shared by all connections.
    pub(crate) fn read(&mut self, scratch: &mut [u8]) -> Turn {
        let mut read = 0;
        while read < READ_TURN_BYTES {
            match self.stream.read(scratch) {
                Ok(0) => return Turn::Closed,
                Ok(count) => {
                    self.input.extend_from_slice(&scratch[..count]);
                    read += count;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Turn::Drained,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return Turn::Closed,
            }
        }
        Turn::More
    }

    /// The next whole frame that has been read, without its length; at most `most` bytes.
    pub(crate) fn next_frame(&mut self, most: u32) -> Result<Option<Bytes>, BadLength> {
        let Some(length) = self.input.first_chunk::<4>().map(|bytes| i32::from_be_bytes(*bytes)) else { return Ok(None) };
        let size = u32::try_from(length).ok().filter(|size| *size <= most).ok_or(BadLength { length, most })? as usize;
        if self.input.len() < 4 + size {
            return Ok(None);
        }
        self.input.advance(4);
        Ok(Some(self.input.split_to(size).freeze()))
    }

    pub(crate) fn send(&mut self, frame: Bytes) {
        // A response's length fits: it is bounded by fetch.max.bytes and one batch.
        let length = i32::try_from(frame.len()).unwrap_or(i32::MAX);
        self.unsent += 4 + frame.len() as u64;
        self.output.push_back(Bytes::copy_from_slice(&length.to_be_bytes()));
        self.output.push_back(frame);
    }

    pub(crate) fn unsent(&self) -> u64 {
        self.unsent
    }

    /// Writes as much as the socket takes. False: the socket broke.
    pub(crate) fn write(&mut self) -> bool {
        while !self.output.is_empty() {
            let slices: Vec<IoSlice<'_>> = self.output.iter().take(WRITE_SLICES).map(|bytes| IoSlice::new(bytes)).collect();
            match self.stream.write_vectored(&slices) {
                Ok(0) => return false,
                Ok(count) => self.advance(count),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return true,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return false,
            }
        }
        true
    }

    fn advance(&mut self, mut count: usize) {
        self.unsent -= count as u64;
        while let Some(front) = self.output.front_mut() {
            if front.len() > count {
                front.advance(count);
                return;
            }
            count -= front.len();
            self.output.pop_front();
        }
    }
}
