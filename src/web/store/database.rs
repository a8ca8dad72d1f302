//! One IndexedDB database for each store: one object store in it, keys `[node, path, position]`, values bytes.

use super::files::Op;
use crate::web::words::store as say;
use bytes::Bytes;
use futures::channel::oneshot;
use futures::future::{self, Either};
use idb::event::DatabaseEvent as _;
use idb::{Factory, KeyRange, ObjectStoreParams, TransactionMode};
use js_sys::{Array, Function, Object, Promise, Uint8Array};
use std::cell::RefCell;
use std::time::Duration;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{DomException, IdbTransaction};

/// The layout's version, kept in the database beside the files.
const FORMAT: u8 = 1;
const FILES: &str = "files";
/// How long the browser may take to open a database.
const PATIENCE: Duration = Duration::from_secs(4);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    #[error("This browser keeps nothing here ({0}), so the cluster lives in memory only.")]
    Absent(String),
    #[error("This store is open in another tab or playground, so this cluster lives in memory only. Close that one and load again.")]
    Held,
    #[error("The store is of a newer version ({0}) than this page, so this cluster lives in memory only.")]
    Newer(u32),
    #[error("Saving has ended ({0}). The cluster goes on in memory.")]
    Failed(String),
}

fn absent(error: idb::Error) -> StoreError {
    StoreError::Absent(words(&error))
}

fn failed(error: idb::Error) -> StoreError {
    StoreError::Failed(words(&error))
}

/// The browser's name for what went wrong, such as `QuotaExceededError`; else the crate's sentence.
fn words(error: &idb::Error) -> String {
    use idb::Error::{DomException, IndexedDbNotFound, IndexedDbOpenFailed, TransactionOpenFailed, UpdateFailed};
    match error {
        DomException(exception) => exception.name(),
        IndexedDbNotFound(value) | IndexedDbOpenFailed(value) | UpdateFailed(value) | TransactionOpenFailed(value) => {
            value.dyn_ref::<web_sys::DomException>().map_or_else(|| error.to_string(), web_sys::DomException::name)
        }
        _ => error.to_string(),
    }
}

#[wasm_bindgen]
extern "C" {
    /// The Web Locks API, which web-sys has only as unstable.
    #[wasm_bindgen(catch, js_namespace = ["navigator", "locks"], js_name = request)]
    fn request_lock(name: &str, options: &LockOptions, granted: &JsValue) -> Result<Promise, JsValue>;

    #[wasm_bindgen(extends = Object)]
    type LockOptions;

    #[wasm_bindgen(method, setter, js_name = ifAvailable)]
    fn set_if_available(this: &LockOptions, value: bool);
}

/// Held until it is dropped.
struct Lock(Option<Function>);

impl Drop for Lock {
    fn drop(&mut self) {
        if let Some(release) = self.0.take() {
            let _ = release.call0(&JsValue::NULL);
        }
    }
}

/// Takes the lock of this name; `None` when another page or playground holds it. Where the browser has no locks, there is nothing to hold.
async fn lock(name: &str) -> Option<Lock> {
    let options: LockOptions = Object::new().unchecked_into();
    options.set_if_available(true);
    let (tell, told) = oneshot::channel();
    // The browser holds the lock until the promise that this gives back is resolved.
    let granted = Closure::once_into_js(move |lock: JsValue| -> JsValue {
        if lock.is_null() {
            let _ = tell.send(None);
            return JsValue::UNDEFINED;
        }
        let mut release = None;
        let held = Promise::new(&mut |done, _| release = Some(done));
        let _ = tell.send(Some(Lock(release)));
        held.into()
    });
    let Ok(request) = request_lock(name, &options, &granted) else { return Some(Lock(None)) };
    // A browser that refuses the request (an opaque origin) has no locks either.
    match future::select(told, JsFuture::from(request)).await {
        Either::Left((lock, _)) => lock.unwrap_or(Some(Lock(None))),
        Either::Right((Ok(_), told)) => told.await.unwrap_or(Some(Lock(None))),
        // The callback will never be called.
        Either::Right((Err(_), _)) => Some(Lock(None)),
    }
}

pub struct Database {
    db: idb::Database,
    lock: RefCell<Option<Lock>>,
}

impl Database {
    /// # Errors
    /// `Held` when another page or playground has it open; `Absent` when the browser does not give one.
    pub async fn open(name: &str) -> Result<Self, StoreError> {
        let name = format!("tidepool/{name}");
        let factory = Factory::new().map_err(absent)?;
        let lock = lock(&name).await.ok_or(StoreError::Held)?;
        let mut db = open(&factory, &name).await?;
        // Another page wants to change or delete the database: let it.
        db.on_version_change(|event| {
            if let Some(Ok(db)) = event.target().map(idb::Database::try_from) {
                db.close();
            }
        });
        Ok(Self { db, lock: RefCell::new(Some(lock)) })
    }

    /// Deletes what is stored under this name.
    ///
    /// # Errors
    /// `Held` when another page or playground has it open; `Absent` when the browser does not give one.
    pub async fn delete(name: &str) -> Result<(), StoreError> {
        let name = format!("tidepool/{name}");
        let factory = Factory::new().map_err(absent)?;
        let _lock = lock(&name).await.ok_or(StoreError::Held)?;
        factory.delete(&name).map_err(absent)?.into_future().await.map_err(absent)
    }

    /// All chunks in key order.
    ///
    /// # Errors
    /// `Newer` when a later version of the page wrote them.
    pub async fn read(&self) -> Result<Vec<(i32, String, u64, Bytes)>, StoreError> {
        let transaction = self.db.transaction(&[FILES], TransactionMode::ReadOnly).map_err(absent)?;
        let files = transaction.object_store(FILES).map_err(absent)?;
        let (keys, values) = (files.get_all_keys(None, None).map_err(absent)?, files.get_all(None, None).map_err(absent)?);
        let (keys, values) = future::try_join(keys.into_future(), values.into_future()).await.map_err(absent)?;
        let mut out = Vec::with_capacity(keys.len());
        for (k, v) in keys.iter().zip(values) {
            let Ok((node, path, position)) = serde_wasm_bindgen::from_value::<(i32, String, f64)>(k.clone()) else { continue };
            let bytes = v.dyn_ref::<Uint8Array>().map(Uint8Array::to_vec).unwrap_or_default();
            if node < 0 {
                let version = bytes.first().copied().unwrap_or(0);
                if version > FORMAT {
                    return Err(StoreError::Newer(version.into()));
                }
                continue;
            }
            out.push((node, path, position as u64, Bytes::from(bytes)));
        }
        Ok(out)
    }

    /// One transaction with all of `ops`: all requests are made before this returns. The future ends when it is committed.
    ///
    /// # Errors
    /// `Failed`, now or in the future: a full disk is told at the commit, not at the request.
    pub fn write(&self, ops: &[Op]) -> Result<impl Future<Output = Result<(), StoreError>> + use<>, StoreError> {
        let mut transaction = self.db.transaction(&[FILES], TransactionMode::ReadWrite).map_err(failed)?;
        let files = transaction.object_store(FILES).map_err(failed)?;
        for op in ops {
            match op {
                Op::Put { node, path, position, bytes } => {
                    files.put(&Uint8Array::from(&bytes[..]), Some(&key(*node, path, *position as f64))).map_err(failed)?;
                }
                Op::Delete { node, path, from } => {
                    let (from, end) = (key(*node, path, *from as f64), key(*node, path, f64::INFINITY));
                    files.delete(KeyRange::bound(&from, &end, None, None).map_err(failed)?).map_err(failed)?;
                }
            }
        }
        let (done, aborted) = (oneshot::channel(), oneshot::channel());
        transaction.on_complete(move |_| _ = done.0.send(()));
        transaction.on_abort(move |event| {
            let transaction = event.target().and_then(|target| target.dyn_into::<IdbTransaction>().ok());
            let error = transaction.and_then(|transaction| transaction.error());
            let _ = aborted.0.send(error.map_or_else(|| say::ABORTED.to_owned(), |error: DomException| error.name()));
        });
        Ok(async move {
            let ended = future::select(done.1, aborted.1).await;
            drop(transaction);
            match ended {
                Either::Left((Ok(()), _)) => Ok(()),
                Either::Right((Ok(why), _)) => Err(StoreError::Failed(why)),
                _ => Err(StoreError::Failed(say::NO_ANSWER.into())),
            }
        })
    }

    pub fn close(&self) {
        self.db.close();
        self.lock.take();
    }
}

/// Opens the database, and makes it when it is not there. One that another page is changing answers "blocked", or nothing for a while.
async fn open(factory: &Factory, name: &str) -> Result<idb::Database, StoreError> {
    let mut request = factory.open(name, Some(1)).map_err(absent)?;
    request.on_upgrade_needed(|event| {
        let made = event.database().and_then(|db| db.create_object_store(FILES, ObjectStoreParams::new()));
        if let Ok(files) = made {
            let _ = files.put(&Uint8Array::from(&[FORMAT][..]), Some(&key(-1, "format", 0.0)));
        }
    });
    let (tell, blocked) = oneshot::channel();
    request.on_blocked(move |_| _ = tell.send(()));
    let (late, patience) = oneshot::channel();
    leptos::prelude::set_timeout(move || _ = late.send(()), PATIENCE);
    let gave_up = async {
        match future::select(blocked, patience).await {
            Either::Left((Ok(()), _)) => say::ANOTHER_TAB,
            // Nobody says "blocked" any more once the request is answered.
            Either::Left((Err(_), patience)) => {
                let _ = patience.await;
                say::NO_ANSWER
            }
            Either::Right(_) => say::NO_ANSWER,
        }
    };
    match future::select(request.into_future(), Box::pin(gave_up)).await {
        Either::Left((opened, _)) => opened.map_err(absent),
        Either::Right((why, _)) => Err(StoreError::Absent(why.into())),
    }
}

fn key(node: i32, path: &str, position: f64) -> JsValue {
    Array::of3(&node.into(), &path.into(), &position.into()).into()
}
