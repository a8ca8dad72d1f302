//! What a store holds as one tar archive, for readers whose cluster cannot start from it; and the way to forget it.

use super::database::{Database, StoreError};
use super::files::Files;
use crate::web::error::error;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

/// Tar's unit: a header is one, and a file's bytes fill whole ones.
const BLOCK: usize = 512;

/// A path that the archive's format has no room for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}: too long a path for a tar archive")]
pub struct TooLong(String);

/// The store's files as a tar archive: `broker-1/orders-0/00000000000000000000.log`.
///
/// # Errors
/// Why it cannot be read.
#[wasm_bindgen(js_name = exportStore)]
pub async fn export_store(name: String) -> Result<Vec<u8>, JsValue> {
    let said = |why: StoreError| error(why.to_string());
    let database = Database::open(&name).await.map_err(said)?;
    let chunks = database.read().await;
    database.close();
    let files = Files::load(chunks.map_err(said)?);
    let disks = files.disks().into_iter();
    let named = disks.flat_map(|(node, files)| files.into_iter().map(move |(path, bytes)| (format!("broker-{node}/{path}"), bytes)));
    tar(named).map_err(|why| error(why.to_string()))
}

/// Forgets all that the store holds.
///
/// # Errors
/// Why it cannot be opened.
#[wasm_bindgen(js_name = dropStore)]
pub async fn drop_store(name: String) -> Result<(), JsValue> {
    Database::delete(&name).await.map_err(|why| error(why.to_string()))
}

/// An archive in the format of POSIX.1-1988 (ustar).
///
/// # Errors
/// The first path that is too long.
pub fn tar(files: impl IntoIterator<Item = (String, bytes::Bytes)>) -> Result<Vec<u8>, TooLong> {
    let mut out = Vec::new();
    for (path, bytes) in files {
        out.extend_from_slice(&header(&path, bytes.len())?);
        out.extend_from_slice(&bytes);
        out.resize(out.len().next_multiple_of(BLOCK), 0);
    }
    out.resize(out.len() + 2 * BLOCK, 0);
    Ok(out)
}

fn header(path: &str, size: usize) -> Result<[u8; BLOCK], TooLong> {
    let (folder, name) = if path.len() <= 100 { ("", path) } else { path.rsplit_once('/').unwrap_or(("", path)) };
    if name.len() > 100 || folder.len() > 155 {
        return Err(TooLong(path.to_owned()));
    }
    let mut block = [0; BLOCK];
    let mut put = |at: usize, text: &str| block[at..at + text.len()].copy_from_slice(text.as_bytes());
    put(0, name);
    put(100, "0000644\0");
    put(108, "0000000\0");
    put(116, "0000000\0");
    put(124, &format!("{size:011o}\0"));
    put(136, "00000000000\0");
    put(148, "        ");
    put(156, "0");
    put(257, "ustar\x0000");
    put(345, folder);
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    Ok(block)
}
