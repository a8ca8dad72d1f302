//! IndexedDB, as little of it as is needed: one database for each store, one object store, keys `[node, path, position]`.

use super::files::Op;
use bytes::Bytes;
use js_sys::{Array, Function, Object, Promise, Reflect, Uint8Array};
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{DomException, IdbDatabase, IdbKeyRange, IdbOpenDbRequest, IdbRequest, IdbTransaction, IdbTransactionMode};

/// The layout's version, kept in the database beside the files.
const FORMAT: u8 = 1;
const FILES: &str = "files";
/// Milliseconds to wait for the browser to open a database.
const PATIENCE_MS: i32 = 4000;

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

fn words(error: &JsValue) -> String {
    if let Some(e) = error.dyn_ref::<DomException>() {
        return e.name();
    }
    error.dyn_ref::<js_sys::Error>().map_or_else(|| format!("{error:?}"), |e| String::from(e.message()))
}

fn absent(error: JsValue) -> StoreError {
    StoreError::Absent(words(&error))
}

pub struct Database {
    db: IdbDatabase,
    /// Ends the lock.
    release: RefCell<Option<Function>>,
}

/// What a request answers, as a promise.
fn answer(request: &IdbRequest) -> Promise {
    let request = request.clone();
    Promise::new(&mut |resolve, reject| {
        let r = request.clone();
        let ok = Closure::once_into_js(move || {
            let _ = resolve.call1(&JsValue::NULL, &r.result().unwrap_or(JsValue::UNDEFINED));
        });
        let r = request.clone();
        let bad = Closure::once_into_js(move || {
            let error = r.error().ok().flatten().map_or(JsValue::from_str("unknown"), JsValue::from);
            let _ = reject.call1(&JsValue::NULL, &error);
        });
        request.set_onsuccess(Some(ok.unchecked_ref()));
        request.set_onerror(Some(bad.unchecked_ref()));
    })
}

/// Takes the lock of this name for as long as nobody calls the function that comes back; `None` when another holds it. Where
/// the browser has no locks, there is nothing to hold.
async fn lock(name: &str) -> Result<Option<Function>, ()> {
    let Some(navigator) = web_sys::window().map(|w| w.navigator()) else { return Ok(None) };
    let Ok(locks) = Reflect::get(&navigator, &"locks".into()) else { return Ok(None) };
    let Ok(request) = Reflect::get(&locks, &"request".into()).and_then(|f| f.dyn_into::<Function>()) else { return Ok(None) };
    let options = Object::new();
    let _ = Reflect::set(&options, &"ifAvailable".into(), &true.into());
    let name = JsValue::from_str(name);
    let got = Promise::new(&mut |resolve, _| {
        let granted = Closure::once_into_js(move |lock: JsValue| -> JsValue {
            if lock.is_null() {
                let _ = resolve.call1(&JsValue::NULL, &JsValue::FALSE);
                return JsValue::UNDEFINED;
            }
            let release: Rc<RefCell<Option<Function>>> = Rc::default();
            let r = release.clone();
            let held = Promise::new(&mut move |done, _| *r.borrow_mut() = Some(done));
            let release = release.borrow_mut().take().map_or(JsValue::NULL, JsValue::from);
            let _ = resolve.call1(&JsValue::NULL, &release);
            held.into()
        });
        let _ = request.call3(&locks, &name, &options, &granted);
    });
    match JsFuture::from(got).await {
        Ok(v) => match v.dyn_into::<Function>() {
            Ok(release) => Ok(Some(release)),
            Err(_) => Err(()),
        },
        Err(_) => Ok(None),
    }
}

impl Database {
    pub async fn open(name: &str) -> Result<Self, StoreError> {
        let name = format!("tidepool/{name}");
        let factory = web_sys::window().ok_or_else(|| StoreError::Absent("no window".into()))?.indexed_db();
        let factory = factory.map_err(absent)?.ok_or_else(|| StoreError::Absent("no IndexedDB".into()))?;
        let release = lock(&name).await.map_err(|()| StoreError::Held)?;
        let opened = Self::open_with(&factory, &name).await;
        match opened {
            Ok(db) => Ok(Self { db, release: RefCell::new(release) }),
            Err(error) => {
                if let Some(release) = release {
                    let _ = release.call0(&JsValue::NULL);
                }
                Err(error)
            }
        }
    }

    async fn open_with(factory: &web_sys::IdbFactory, name: &str) -> Result<IdbDatabase, StoreError> {
        let request: IdbOpenDbRequest = factory.open_with_u32(name, 1).map_err(absent)?;
        let r = request.clone();
        let upgrade = Closure::<dyn FnMut()>::new(move || {
            if let Ok(db) = r.result().and_then(|d| d.dyn_into::<IdbDatabase>())
                && let Ok(files) = db.create_object_store(FILES)
            {
                let _ = files.put_with_key(&Uint8Array::from(&[FORMAT][..]), &key(-1, "format", 0));
            }
        });
        request.set_onupgradeneeded(Some(upgrade.as_ref().unchecked_ref()));
        let opened = answer(&request);
        // A database that another page is changing answers "blocked", or nothing at all for a while.
        let r = request.clone();
        let late = Promise::new(&mut |_, reject| {
            let reject2 = reject.clone();
            let blocked = Closure::once_into_js(move || {
                let _ = reject2.call1(&JsValue::NULL, &js_sys::Error::new("blocked by another tab"));
            });
            r.set_onblocked(Some(blocked.unchecked_ref()));
            let slow = Closure::once_into_js(move || {
                let _ = reject.call1(&JsValue::NULL, &js_sys::Error::new("no answer"));
            });
            if let Some(w) = web_sys::window() {
                let _ = w.set_timeout_with_callback_and_timeout_and_arguments_0(slow.unchecked_ref(), PATIENCE_MS);
            }
        });
        let first = Promise::race(&Array::of2(&opened, &late));
        let db: IdbDatabase = JsFuture::from(first).await.map_err(absent)?.dyn_into().map_err(absent)?;
        drop(upgrade);
        // Another page wants to change or delete the database: let it.
        let d = db.clone();
        let yield_it = Closure::once_into_js(move || d.close());
        db.set_onversionchange(Some(yield_it.unchecked_ref()));
        Ok(db)
    }

    /// All chunks in key order.
    pub async fn read(&self) -> Result<Vec<(i32, String, u64, Bytes)>, StoreError> {
        let t = self.db.transaction_with_str(FILES).map_err(absent)?;
        let files = t.object_store(FILES).map_err(absent)?;
        let (keys, values) = (files.get_all_keys().map_err(absent)?, files.get_all().map_err(absent)?);
        let both = Promise::all(&Array::of2(&answer(&keys), &answer(&values)));
        let both = Array::from(&JsFuture::from(both).await.map_err(absent)?);
        let (keys, values) = (Array::from(&both.get(0)), Array::from(&both.get(1)));
        let mut out = Vec::with_capacity(keys.length() as usize);
        for (k, v) in keys.iter().zip(values.iter()) {
            let k = Array::from(&k);
            let (Some(node), Some(path), Some(position)) = (k.get(0).as_f64(), k.get(1).as_string(), k.get(2).as_f64()) else { continue };
            let bytes = v.dyn_ref::<Uint8Array>().map(Uint8Array::to_vec).unwrap_or_default();
            if node < 0.0 {
                let version = bytes.first().copied().unwrap_or(0);
                if version > FORMAT {
                    return Err(StoreError::Newer(version.into()));
                }
                continue;
            }
            out.push((node as i32, path, position as u64, Bytes::from(bytes)));
        }
        Ok(out)
    }

    /// One transaction with all of `ops`; the future ends when it is committed.
    pub fn write(&self, ops: &[Op]) -> Result<impl Future<Output = Result<(), StoreError>> + use<>, StoreError> {
        let failed = |e: JsValue| StoreError::Failed(words(&e));
        let t: IdbTransaction = self.db.transaction_with_str_and_mode(FILES, IdbTransactionMode::Readwrite).map_err(failed)?;
        let files = t.object_store(FILES).map_err(failed)?;
        for op in ops {
            match op {
                Op::Put { node, path, position, bytes } => {
                    files.put_with_key(&Uint8Array::from(&bytes[..]), &key(*node, path, *position)).map_err(failed)?;
                }
                Op::Delete { node, path, from } => {
                    let range = IdbKeyRange::bound(&key(*node, path, *from), &key_end(*node, path)).map_err(failed)?;
                    files.delete(&range).map_err(failed)?;
                }
            }
        }
        // A full disk is told at the commit, not at the request.
        let done = Promise::new(&mut |resolve, reject| {
            let ok = Closure::once_into_js(move || {
                let _ = resolve.call0(&JsValue::NULL);
            });
            t.set_oncomplete(Some(ok.unchecked_ref()));
            let t2 = t.clone();
            let bad = Closure::once_into_js(move || {
                let error = t2.error().map_or(JsValue::from_str("aborted"), JsValue::from);
                let _ = reject.call1(&JsValue::NULL, &error);
            });
            t.set_onabort(Some(bad.unchecked_ref()));
        });
        Ok(async move { JsFuture::from(done).await.map(|_| ()).map_err(failed) })
    }

    pub fn close(&self) {
        self.db.close();
        if let Some(release) = self.release.borrow_mut().take() {
            let _ = release.call0(&JsValue::NULL);
        }
    }
}

fn key(node: i32, path: &str, position: u64) -> JsValue {
    Array::of3(&node.into(), &path.into(), &(position as f64).into()).into()
}

/// Behind every position of the file.
fn key_end(node: i32, path: &str) -> JsValue {
    Array::of3(&node.into(), &path.into(), &f64::INFINITY.into()).into()
}
