//! A broker's files: append, read, truncate, rename, flush; in memory, cheap to clone.
//!
//! A disk is a page cache over a plate: every file has a length and a flushed mark. A kill keeps all, a power loss
//! keeps what was flushed. What happens to the files is also written to a journal, when one is wanted, which
//! a backend (IndexedDB, a real directory) carries out in order: that is the whole boundary between engine and backend.

use bytes::Bytes;

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum DiskError {
    #[error("{path}: no such file")]
    NotFound { path: String },
    #[error("{path}: read at {position}, but the file has {length} bytes")]
    OutOfRange { path: String, position: u64, length: u64 },
    #[error("{path}: no space left, the disk holds {capacity} bytes")]
    Full { path: String, capacity: u64 },
}

/// One change of the files, as a backend carries it out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Change {
    Append { path: String, position: u64, bytes: Bytes },
    /// The file now has exactly these bytes (it may be new).
    Replace { path: String, bytes: Bytes },
    Truncate { path: String, length: u64 },
    Rename { from: String, to: String },
    Remove { path: String },
    /// Everything of this file before this point must survive a power loss.
    Flush { path: String },
}

/// A broker's disk. Cloning shares all bytes.
#[derive(Clone, Debug, Default)]
pub struct Disk {}

impl Disk {
    /// Files as a backend found them, all flushed.
    pub fn from_files(_files: impl IntoIterator<Item = (String, Bytes)>) -> Self {
        todo!()
    }

    /// Bytes that the disk can hold; appends beyond it fail with `Full`. `None`: no limit.
    pub fn set_capacity(&mut self, _capacity: Option<u64>) {
        todo!()
    }

    /// Creates the file if it is missing.
    pub fn append(&mut self, _path: &str, _bytes: Bytes) -> Result<(), DiskError> {
        todo!()
    }

    /// Replaces the whole file in one step (checkpoints): after a power loss it is the old or the new, never half.
    pub fn replace(&mut self, _path: &str, _bytes: Bytes) -> Result<(), DiskError> {
        todo!()
    }

    /// Up to `max` bytes from `position`; shares memory where the range lies in one chunk.
    pub fn read(&self, _path: &str, _position: u64, _max: u64) -> Result<Bytes, DiskError> {
        todo!()
    }

    pub fn read_all(&self, path: &str) -> Result<Bytes, DiskError> {
        self.read(path, 0, u64::MAX)
    }

    /// The file's length in bytes; `None` when there is no such file.
    pub fn len(&self, _path: &str) -> Option<u64> {
        todo!()
    }

    pub fn truncate(&mut self, _path: &str, _length: u64) -> Result<(), DiskError> {
        todo!()
    }

    pub fn rename(&mut self, _from: &str, _to: &str) -> Result<(), DiskError> {
        todo!()
    }

    /// Removing a file that is not there is no error.
    pub fn remove(&mut self, _path: &str) {
        todo!()
    }

    /// Marks all of the file as flushed.
    pub fn flush(&mut self, _path: &str) -> Result<(), DiskError> {
        todo!()
    }

    /// Bytes of the file that would survive a power loss.
    pub fn flushed_len(&self, _path: &str) -> Option<u64> {
        todo!()
    }

    /// All paths that start with `prefix`, in order.
    pub fn list<'a>(&'a self, _prefix: &'a str) -> Box<dyn Iterator<Item = &'a str> + 'a> {
        todo!()
    }

    /// Bytes in all files.
    pub fn used(&self) -> u64 {
        todo!()
    }

    /// A power loss: every file goes back to its flushed mark; a file never flushed is gone.
    pub fn lose_unflushed(&mut self) {
        todo!()
    }

    pub fn wipe(&mut self) {
        todo!()
    }

    /// From now on changes are kept for `poll_change`. Off at first: a world without a backend pays nothing.
    pub fn keep_journal(&mut self) {
        todo!()
    }

    /// The next change for the backend.
    pub fn poll_change(&mut self) -> Option<Change> {
        todo!()
    }
}
