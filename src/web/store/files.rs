//! The brokers' files as chunks under keys, and what has to be written to make the database equal to them.

use crate::kafka::disk::Change;
use crate::kafka::sorted_vec::SortedVecSet;
use crate::web::run::Disks;
use crate::web::words::store as words;
use bytes::{Bytes, BytesMut};
use std::collections::BTreeMap;

/// Appends go into the last chunk until it has this many bytes.
pub const CHUNK: usize = 64 * 1024;

/// One request of a flush's transaction.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Op {
    /// Deletes every chunk of the file from `from` on.
    Delete {
        node: i32,
        path: String,
        from: u64,
    },
    Put {
        node: i32,
        path: String,
        position: u64,
        bytes: Bytes,
    },
}

type Chunks = BTreeMap<u64, Bytes>;

/// What the database holds once all ops are carried out. Bytes are shared with the engine's.
#[derive(Default)]
pub struct Files {
    files: BTreeMap<(i32, String), Chunks>,
    /// In order; puts of the same chunk that nothing lies between are one.
    pending: Vec<Op>,
    torn: Vec<String>,
}

impl Files {
    /// From the database's chunks in key order. A file is what joins from its beginning; what does not is left out and named.
    pub fn load(chunks: impl IntoIterator<Item = (i32, String, u64, Bytes)>) -> Self {
        let mut out = Self::default();
        for (node, path, position, bytes) in chunks {
            let file = out.files.entry((node, path.clone())).or_default();
            let end = length(file);
            if position == end {
                file.insert(position, bytes);
            } else {
                out.torn.push(words::gap(&path, end, position));
                out.pending.push(Op::Delete { node, path, from: position });
            }
        }
        out
    }

    /// What could not be read, in words.
    pub fn torn(&self) -> &[String] {
        &self.torn
    }

    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Whole files, by node.
    pub fn disks(&self) -> Disks {
        let mut out = Disks::new();
        for ((node, path), chunks) in &self.files {
            out.entry(*node).or_default().push((path.clone(), join(chunks)));
        }
        out
    }

    /// Makes a node's files these; only what differs is written.
    pub fn adopt(&mut self, node: i32, files: Vec<(String, Bytes)>) {
        let names: SortedVecSet<&String> = files.iter().map(|f| &f.0).collect();
        let gone: Vec<String> = self.files.keys().filter(|(n, p)| *n == node && !names.contains(p)).map(|k| k.1.clone()).collect();
        for path in gone {
            self.apply(node, Change::Remove { path });
        }
        for (path, bytes) in files {
            let same = self.files.get(&(node, path.clone())).is_some_and(|c| join(c) == bytes);
            if !same {
                self.apply(node, Change::Replace { path, bytes });
            }
        }
    }

    pub fn apply(&mut self, node: i32, change: Change) {
        match change {
            Change::Append { path, position, bytes } => {
                let file = self.files.entry((node, path.clone())).or_default();
                let (start, bytes) = match file.last_key_value() {
                    Some((start, last)) if last.len() + bytes.len() <= CHUNK && *start + last.len() as u64 == position => {
                        let mut whole = BytesMut::with_capacity(last.len() + bytes.len());
                        whole.extend_from_slice(last);
                        whole.extend_from_slice(&bytes);
                        (*start, whole.freeze())
                    }
                    _ => (position, bytes),
                };
                file.insert(start, bytes.clone());
                self.put(node, path, start, bytes);
            }
            Change::Replace { path, bytes } => {
                self.pending.push(Op::Delete { node, path: path.clone(), from: 0 });
                let mut chunks = Chunks::new();
                let mut at = 0;
                // An empty file is one empty chunk: it exists.
                loop {
                    let end = bytes.len().min(at + CHUNK);
                    let part = bytes.slice(at..end);
                    chunks.insert(at as u64, part.clone());
                    self.put(node, path.clone(), at as u64, part);
                    at = end;
                    if at >= bytes.len() {
                        break;
                    }
                }
                self.files.insert((node, path), chunks);
            }
            Change::Truncate { path, length } => {
                let Some(file) = self.files.get_mut(&(node, path.clone())) else { return };
                let cut = file.split_off(&length);
                drop(cut);
                self.pending.push(Op::Delete { node, path: path.clone(), from: length });
                let straddled = file.last_key_value().map(|(start, last)| (*start, last.clone()));
                match straddled {
                    Some((start, last)) if start + last.len() as u64 > length => {
                        let keep = last.slice(..usize::try_from(length - start).unwrap_or(last.len()).min(last.len()));
                        file.insert(start, keep.clone());
                        self.put(node, path, start, keep);
                    }
                    None => {
                        file.insert(0, Bytes::new());
                        self.put(node, path, 0, Bytes::new());
                    }
                    Some(_) => {}
                }
            }
            Change::Rename { from, to } => {
                let Some(file) = self.files.remove(&(node, from.clone())) else { return };
                self.pending.push(Op::Delete { node, path: from, from: 0 });
                self.pending.push(Op::Delete { node, path: to.clone(), from: 0 });
                for (position, bytes) in &file {
                    self.put(node, to.clone(), *position, bytes.clone());
                }
                self.files.insert((node, to), file);
            }
            Change::Remove { path } => {
                if self.files.remove(&(node, path.clone())).is_some() {
                    self.pending.push(Op::Delete { node, path, from: 0 });
                }
            }
            // The transaction is what makes bytes safe here; each flush of ours takes all that came before.
            Change::Flush { .. } => {}
        }
    }

    fn put(&mut self, node: i32, path: String, position: u64, bytes: Bytes) {
        // The newest put of a chunk replaces the one before it, unless that file was cut or removed in between.
        for op in self.pending.iter_mut().rev() {
            match op {
                Op::Put { node: n, path: p, position: at, bytes: b } if *n == node && *p == path && *at == position => {
                    *b = bytes;
                    return;
                }
                Op::Delete { node: n, path: p, .. } if *n == node && *p == path => break,
                _ => {}
            }
        }
        self.pending.push(Op::Put { node, path, position, bytes });
    }

    pub fn has_pending(&self) -> bool {
        !self.pending.is_empty()
    }

    pub fn take_pending(&mut self) -> Vec<Op> {
        std::mem::take(&mut self.pending)
    }

    pub fn wipe(&mut self) {
        let all: Vec<(i32, String)> = self.files.keys().cloned().collect();
        for (node, path) in all {
            self.apply(node, Change::Remove { path });
        }
    }
}

fn length(chunks: &Chunks) -> u64 {
    chunks.last_key_value().map_or(0, |(start, last)| start + last.len() as u64)
}

fn join(chunks: &Chunks) -> Bytes {
    if chunks.len() == 1
        && let Some(only) = chunks.values().next()
    {
        return only.clone();
    }
    let mut out = BytesMut::new();
    for part in chunks.values() {
        out.extend_from_slice(part);
    }
    out.freeze()
}
