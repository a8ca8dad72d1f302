//! A broker's files: append, read, truncate, rename, flush; in memory, cheap to clone.
//!
//! A disk is a page cache over a plate: every file has a length and a flushed mark. A kill keeps all; a power loss keeps what was flushed,
//! and if it tears writes, the beginning of the rest. What happens to the files is also written to a journal, when one is wanted, which
//! a backend (IndexedDB, a real directory) carries out in order: that is the whole boundary between engine and backend.
//!
//! What is durable without a flush: `replace`, `rename`, `remove` and `truncate`. Kafka forces a checkpoint's temporary file
//! before it is renamed into place, and a file system orders the rest in its own journal; so only appended bytes can be lost.

mod file;

use bytes::Bytes;
pub use file::File;
use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::ops::Bound;
use std::sync::Arc;

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum DiskError {
    #[error("{path}: no such file")]
    NotFound { path: String },
    #[error("{path}: read at {position}, but the file has {length} bytes")]
    OutOfRange { path: String, position: u64, length: u64 },
    #[error("{path}: no space left, the disk holds {capacity} bytes")]
    Full { path: String, capacity: u64 },
}

/// One change of the files, for a backend to repeat.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Change {
    Append {
        path: String,
        position: u64,
        bytes: Bytes,
    },
    /// The file now has exactly these bytes (it may be new).
    Replace {
        path: String,
        bytes: Bytes,
    },
    Truncate {
        path: String,
        length: u64,
    },
    Rename {
        from: String,
        to: String,
    },
    Remove {
        path: String,
    },
    /// Everything of this file before this point must survive a power loss.
    Flush {
        path: String,
    },
}

/// A broker's disk. Cloning shares all bytes; a file is copied as a list of chunks when it is next written to, and of its
/// bytes only the short tail that is still being filled.
#[derive(Clone, Debug, Default)]
pub struct Disk {
    files: Arc<BTreeMap<Arc<str>, Arc<File>>>,
    used: u64,
    capacity: Option<u64>,
    journal: Option<VecDeque<Change>>,
    changes: u64,
}

impl Disk {
    /// Files as a backend found them, all flushed.
    pub fn from_files(files: impl IntoIterator<Item = (String, Bytes)>) -> Self {
        let mut disk = Self::default();
        let mut map = BTreeMap::new();
        for (path, bytes) in files {
            map.insert(Arc::from(path), Arc::new(File::durable(bytes)));
        }
        disk.used = map.values().map(|file: &Arc<File>| file.len()).sum();
        disk.files = Arc::new(map);
        disk
    }

    /// Bytes that the disk can hold; appends beyond it fail with `Full`. `None`: no limit.
    pub fn set_capacity(&mut self, capacity: Option<u64>) {
        self.capacity = capacity;
    }

    /// Bytes that can still be written; `u64::MAX` without a limit.
    pub fn free(&self) -> u64 {
        self.capacity.map_or(u64::MAX, |capacity| capacity.saturating_sub(self.used))
    }

    fn check_room(&self, path: &str, freed: u64, added: u64) -> Result<(), DiskError> {
        match self.capacity {
            // Shrinking is always allowed, also on a disk whose capacity was set below what it holds.
            Some(capacity) if added > freed && self.used - freed + added > capacity => {
                Err(DiskError::Full { path: path.to_owned(), capacity })
            }
            _ => Ok(()),
        }
    }

    fn file(&self, path: &str) -> Result<&File, DiskError> {
        self.open(path).ok_or_else(|| not_found(path))
    }

    fn file_mut(&mut self, path: &str) -> Result<&mut File, DiskError> {
        match Arc::make_mut(&mut self.files).get_mut(path) {
            Some(file) => Ok(Arc::make_mut(file)),
            None => Err(not_found(path)),
        }
    }

    /// How often the files have changed so far, flushes included.
    pub fn changes(&self) -> u64 {
        self.changes
    }

    fn record(&mut self, change: impl FnOnce() -> Change) {
        self.changes += 1;
        if let Some(journal) = &mut self.journal {
            journal.push_back(change());
        }
    }

    /// Creates the file if it is missing.
    pub fn append(&mut self, path: &str, bytes: Bytes) -> Result<(), DiskError> {
        self.check_room(path, 0, bytes.len() as u64)?;
        let files = Arc::make_mut(&mut self.files);
        if !files.contains_key(path) {
            files.insert(Arc::from(path), Arc::default());
        }
        let Some(file) = files.get_mut(path) else { return Err(not_found(path)) };
        let file = Arc::make_mut(file);
        let position = file.len();
        self.used += bytes.len() as u64;
        if self.journal.is_some() {
            file.append(bytes.clone());
            self.record(|| Change::Append { path: path.to_owned(), position, bytes });
        } else {
            self.changes += 1;
            file.append(bytes);
        }
        Ok(())
    }

    /// Replaces the whole file in one step (checkpoints): after a power loss it is the old or the new, never half.
    /// The new content needs no flush.
    pub fn replace(&mut self, path: &str, bytes: Bytes) -> Result<(), DiskError> {
        let old = self.len(path).unwrap_or(0);
        self.check_room(path, old, bytes.len() as u64)?;
        self.used = self.used - old + bytes.len() as u64;
        let file = Arc::new(File::durable(bytes.clone()));
        let files = Arc::make_mut(&mut self.files);
        match files.get_mut(path) {
            Some(slot) => *slot = file,
            None => {
                files.insert(Arc::from(path), file);
            }
        }
        self.record(|| Change::Replace { path: path.to_owned(), bytes });
        Ok(())
    }

    /// Up to `max` bytes from `position`; shares memory where the range lies in one chunk.
    pub fn read(&self, path: &str, position: u64, max: u64) -> Result<Bytes, DiskError> {
        let file = self.file(path)?;
        if position > file.len() {
            return Err(DiskError::OutOfRange { path: path.to_owned(), position, length: file.len() });
        }
        Ok(file.read(position, max))
    }

    pub fn read_all(&self, path: &str) -> Result<Bytes, DiskError> {
        self.read(path, 0, u64::MAX)
    }

    /// The file, to look into at several places.
    pub fn open(&self, path: &str) -> Option<&File> {
        self.files.get(path).map(|file| &**file)
    }

    /// Fills `buffer` from `position` as far as the file goes, without allocating. Returns the number of bytes read.
    pub fn peek(&self, path: &str, position: u64, buffer: &mut [u8]) -> u32 {
        self.open(path).map_or(0, |file| file.peek(position, buffer))
    }

    /// The number of bytes from `position` on that lie in one chunk, which `read` shares instead of copying.
    pub fn shared_from(&self, path: &str, position: u64) -> u64 {
        self.file(path).map_or(0, |file| file.shared_from(position))
    }

    /// The file's length in bytes; `None` when there is no such file.
    pub fn len(&self, path: &str) -> Option<u64> {
        self.files.get(path).map(|file| file.len())
    }

    /// Whether the disk has no file at all.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Cuts the file's end off; a length beyond the end changes nothing.
    pub fn truncate(&mut self, path: &str, length: u64) -> Result<(), DiskError> {
        let old = self.file(path)?.len();
        if length >= old {
            return Ok(());
        }
        self.file_mut(path)?.truncate(length);
        self.used -= old - length;
        self.record(|| Change::Truncate { path: path.to_owned(), length });
        Ok(())
    }

    /// A file that was at `to` is replaced.
    pub fn rename(&mut self, from: &str, to: &str) -> Result<(), DiskError> {
        self.file(from)?;
        if from == to {
            return Ok(());
        }
        let files = Arc::make_mut(&mut self.files);
        if let Some(file) = files.remove(from)
            && let Some(old) = files.insert(Arc::from(to), file)
        {
            self.used -= old.len();
        }
        self.record(|| Change::Rename { from: from.to_owned(), to: to.to_owned() });
        Ok(())
    }

    /// Removes the file; no error when there is none.
    pub fn remove(&mut self, path: &str) {
        if !self.files.contains_key(path) {
            return;
        }
        if let Some(file) = Arc::make_mut(&mut self.files).remove(path) {
            self.used -= file.len();
            self.record(|| Change::Remove { path: path.to_owned() });
        }
    }

    /// Makes everything appended so far survive a power loss (`fsync`).
    pub fn flush(&mut self, path: &str) -> Result<(), DiskError> {
        let file = self.file(path)?;
        if file.flushed() == Some(file.len()) {
            return Ok(());
        }
        self.file_mut(path)?.flush();
        self.record(|| Change::Flush { path: path.to_owned() });
        Ok(())
    }

    /// Bytes of the file that would survive a power loss; `None` when the file itself would not, or is not there.
    pub fn flushed_len(&self, path: &str) -> Option<u64> {
        self.files.get(path).and_then(|file| file.flushed())
    }

    /// All paths that start with `prefix`, in order.
    pub fn list<'a>(&'a self, prefix: &'a str) -> Box<dyn Iterator<Item = &'a str> + 'a> {
        let from = self.files.range::<str, _>((Bound::Included(prefix), Bound::Unbounded));
        Box::new(from.map(|(path, _)| &**path).take_while(move |path| path.starts_with(prefix)))
    }

    /// Bytes in all files.
    pub fn used(&self) -> u64 {
        self.used
    }

    /// A power loss: every file goes back to its flushed mark; a file never flushed is gone.
    pub fn lose_unflushed(&mut self) {
        let files = self.files.clone();
        for (path, file) in files.iter() {
            match file.flushed() {
                // Truncating only shrinks, and the file is there: it cannot fail.
                Some(length) => drop(self.truncate(path, length)),
                None => self.remove(path),
            }
        }
    }

    /// A power loss in the middle of writing: of what was not flushed, each file keeps as many bytes from its beginning as `keeps` says of
    /// their number. They are on the plate now.
    pub fn tear_unflushed(&mut self, mut keeps: impl FnMut(u64) -> u64) {
        let files = self.files.clone();
        for (path, file) in files.iter().filter(|(_, file)| file.flushed() != Some(file.len())) {
            let flushed = file.flushed().unwrap_or(0);
            let kept = keeps(file.len() - flushed);
            if kept == 0 && file.flushed().is_none() {
                self.remove(path);
                continue;
            }
            // The file is there: neither can fail.
            drop(self.truncate(path, flushed.saturating_add(kept)));
            drop(self.flush(path));
        }
    }

    /// Replaces the disk by an empty one of the same capacity.
    pub fn wipe(&mut self) {
        let files = std::mem::take(&mut self.files);
        self.used = 0;
        for path in files.keys() {
            self.record(|| Change::Remove { path: path.to_string() });
        }
    }

    /// From now on changes are kept for `poll_change`. Off at first: a world without a backend pays nothing.
    pub fn keep_journal(&mut self) {
        self.journal.get_or_insert_default();
    }

    /// The next change for the backend.
    pub fn poll_change(&mut self) -> Option<Change> {
        self.journal.as_mut()?.pop_front()
    }
}

fn not_found(path: &str) -> DiskError {
    DiskError::NotFound { path: path.to_owned() }
}

#[cfg(test)]
mod tests;
