//! A durable playground: the brokers' files in IndexedDB, written behind the engine. The boundary is the disk's journal:
//! changes come in order, each flush is one transaction that issues all its requests without waiting between them.

mod database;
mod export;
mod files;

pub use database::{Database, StoreError};
pub use export::{drop_store, export_store};
pub use files::{CHUNK, Files, Op};

use crate::kafka::disk::Change;
use crate::web::run::Disks;
use bytes::Bytes;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// Milliseconds from a change to the flush that writes it.
pub const FLUSH_MS: u64 = 500;

/// An open store: what is in the database, what waits to be written.
pub struct Store {
    files: RefCell<Files>,
    database: Database,
    writing: Cell<bool>,
    timed: Cell<bool>,
    failed: Cell<bool>,
    on_failure: Box<dyn Fn(String)>,
}

impl Store {
    /// Opens the store, takes its lock and reads its files. `on_failure` hears, once, why writing has ended.
    pub async fn open(name: &str, on_failure: impl Fn(String) + 'static) -> Result<Rc<Self>, StoreError> {
        let database = Database::open(name).await?;
        let files = Files::load(database.read().await?);
        Ok(Rc::new(Self {
            files: RefCell::new(files),
            database,
            writing: Cell::new(false),
            timed: Cell::new(false),
            failed: Cell::new(false),
            on_failure: Box::new(on_failure),
        }))
    }

    pub fn disks(&self) -> Disks {
        self.files.borrow().disks()
    }

    pub fn torn(&self) -> Vec<String> {
        self.files.borrow().torn().to_vec()
    }

    pub fn adopt(self: &Rc<Self>, node: i32, files: Vec<(String, Bytes)>) {
        self.files.borrow_mut().adopt(node, files);
        self.later();
    }

    pub fn apply(self: &Rc<Self>, node: i32, change: Change) {
        if !self.failed.get() {
            self.files.borrow_mut().apply(node, change);
            self.later();
        }
    }

    pub fn wipe(self: &Rc<Self>) {
        self.files.borrow_mut().wipe();
        self.later();
    }

    fn later(self: &Rc<Self>) {
        if self.timed.get() || self.failed.get() || !self.files.borrow().has_pending() {
            return;
        }
        self.timed.set(true);
        let store = Rc::downgrade(self);
        leptos::prelude::set_timeout(
            move || {
                if let Some(store) = store.upgrade() {
                    store.timed.set(false);
                    store.flush();
                }
            },
            std::time::Duration::from_millis(FLUSH_MS),
        );
    }

    /// Writes what waits, now, in one transaction. All requests are issued before this returns.
    pub fn flush(self: &Rc<Self>) {
        if self.failed.get() || !self.files.borrow().has_pending() {
            return;
        }
        let ops = self.files.borrow_mut().take_pending();
        // Transactions on one store run in the order in which they were made.
        let store = self.clone();
        self.writing.set(true);
        let done = self.database.write(&ops);
        wasm_bindgen_futures::spawn_local(async move {
            let result = match done {
                Ok(done) => done.await,
                Err(error) => Err(error),
            };
            store.writing.set(false);
            if let Err(error) = result
                && !store.failed.replace(true)
            {
                (store.on_failure)(error.to_string());
            }
        });
    }

    /// Whether all that was applied is in the database.
    pub fn is_settled(&self) -> bool {
        !self.writing.get() && !self.files.borrow().has_pending()
    }

    /// Closes it without writing: what is stored stays as it was found.
    pub fn leave(&self) {
        self.database.close();
    }

    pub fn close(self: &Rc<Self>) {
        self.flush();
        self.database.close();
    }
}
