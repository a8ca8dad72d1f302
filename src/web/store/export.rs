//! What a store holds as one tar archive, for readers whose cluster cannot start from it; and the way to forget it.

use super::database::{Database, StoreError};
use super::files::Files;
use crate::web::error::error;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

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
    archive(named).map_err(|why| error(why.to_string()))
}

/// Forgets all that the store holds.
///
/// # Errors
/// Why it cannot be opened.
#[wasm_bindgen(js_name = dropStore)]
pub async fn drop_store(name: String) -> Result<(), JsValue> {
    Database::delete(&name).await.map_err(|why| error(why.to_string()))
}

/// An archive of files; a long path gets GNU's extension.
///
/// # Errors
/// A path that no archive can hold: an absolute one, or one with `..`.
fn archive(files: impl IntoIterator<Item = (String, bytes::Bytes)>) -> std::io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    for (path, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, path, &bytes[..])?;
    }
    archive.into_inner()
}
