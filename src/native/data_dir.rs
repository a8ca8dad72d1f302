//! The backend of `--data DIR`: carries out the disk's journal on a real directory, in order, before any answer leaves.
//! A killed process therefore loses nothing that it answered (the operating system has it); `Flush` is an fsync.

use crate::kafka::disk::{Change, Disk};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

/// Files kept open for appending; beyond it the ones first in order are closed and opened again when needed.
const MAX_OPEN_FILES: usize = 512;

/// The file whose lock says that a broker owns the directory, as in Kafka.
const LOCK: &str = ".lock";

#[derive(Debug, thiserror::Error)]
pub(crate) enum DataError {
    #[error("{path}: {source}")]
    Io { path: PathBuf, source: io::Error },
    #[error("{path} belongs to a broker that is running; stop it or give another --data")]
    Locked { path: PathBuf },
}

pub(crate) struct DataDir {
    root: PathBuf,
    open: BTreeMap<String, File>,
    _lock: File,
}

impl DataDir {
    /// Opens (or makes) the directory and reads every file in it.
    pub(crate) fn open(root: &Path) -> Result<(Self, Disk), DataError> {
        let io = |path: &Path| {
            let path = path.to_owned();
            move |source| DataError::Io { path, source }
        };
        fs::create_dir_all(root).map_err(io(root))?;
        let lock_path = root.join(LOCK);
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(&lock_path).map_err(io(&lock_path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(DataError::Locked { path: root.to_owned() }),
            Err(TryLockError::Error(source)) => return Err(DataError::Io { path: lock_path, source }),
        }
        let mut files = Vec::new();
        read_tree(root, "", &mut files)?;
        Ok((Self { root: root.to_owned(), open: BTreeMap::new(), _lock: lock }, Disk::from_files(files)))
    }

    pub(crate) fn apply(&mut self, change: Change) -> Result<(), DataError> {
        let named = match &change {
            Change::Append { path, .. }
            | Change::Replace { path, .. }
            | Change::Truncate { path, .. }
            | Change::Remove { path }
            | Change::Flush { path }
            | Change::Rename { from: path, .. } => self.root.join(path),
        };
        self.carry_out(change).map_err(|source| DataError::Io { path: named, source })
    }

    fn carry_out(&mut self, change: Change) -> io::Result<()> {
        match change {
            Change::Append { path, position, bytes } => self.file(&path)?.write_all_at(&bytes, position),
            Change::Replace { path, bytes } => self.replace(&path, &bytes),
            Change::Truncate { path, length } => self.file(&path)?.set_len(length),
            Change::Rename { from, to } => {
                self.open.remove(&from);
                self.open.remove(&to);
                let target = self.root.join(&to);
                make_parent(&target)?;
                fs::rename(self.root.join(&from), target)?;
                self.remove_empty_parent(&from);
                Ok(())
            }
            Change::Remove { path } => {
                self.open.remove(&path);
                match fs::remove_file(self.root.join(&path)) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                    _ => {}
                }
                self.remove_empty_parent(&path);
                Ok(())
            }
            Change::Flush { path } => self.file(&path)?.sync_data(),
        }
    }

    /// Written beside, synced, renamed: the old or the new, never half.
    fn replace(&mut self, path: &str, bytes: &[u8]) -> io::Result<()> {
        self.open.remove(path);
        let target = self.root.join(path);
        make_parent(&target)?;
        let beside = self.root.join(format!("{path}.tmp"));
        let mut file = File::create(&beside)?;
        file.write_all(bytes)?;
        file.sync_data()?;
        fs::rename(beside, target)
    }

    fn file(&mut self, path: &str) -> io::Result<&File> {
        if !self.open.contains_key(path) {
            if self.open.len() >= MAX_OPEN_FILES {
                self.open.pop_first();
            }
            let target = self.root.join(path);
            make_parent(&target)?;
            let file = OpenOptions::new().create(true).truncate(false).write(true).open(target)?;
            self.open.insert(path.to_owned(), file);
        }
        self.open.get(path).ok_or_else(|| io::Error::other("the file was just opened"))
    }

    /// A deleted partition leaves no empty directory; one that is not empty stays, which is no error.
    fn remove_empty_parent(&self, path: &str) {
        if let Some((dir, _)) = path.rsplit_once('/') {
            fs::remove_dir(self.root.join(dir)).ok();
        }
    }
}

fn make_parent(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)
}

fn read_tree(root: &Path, below: &str, files: &mut Vec<(String, Bytes)>) -> Result<(), DataError> {
    let dir = root.join(below);
    let failed = |source| DataError::Io { path: dir.clone(), source };
    for entry in fs::read_dir(&dir).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name();
        // A name that is not UTF-8 is none of ours: Kafka's files are ASCII.
        let Some(name) = name.to_str().filter(|name| *name != LOCK && !name.ends_with(".tmp")) else { continue };
        let path = if below.is_empty() { name.to_owned() } else { format!("{below}/{name}") };
        if entry.file_type().map_err(failed)?.is_dir() {
            read_tree(root, &path, files)?;
            continue;
        }
        let mut bytes = Vec::new();
        File::open(entry.path())
            .and_then(|mut file| file.read_to_end(&mut bytes))
            .map_err(|source| DataError::Io { path: entry.path(), source })?;
        files.push((path, bytes.into()));
    }
    Ok(())
}
