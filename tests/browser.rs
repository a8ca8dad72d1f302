//! In a real browser: playgrounds side by side, the store, and the same hashes as natively.
#![cfg(target_arch = "wasm32")]

use bytes::Bytes;
use js_sys::{Array, Function, Promise, Reflect};
use std::collections::BTreeMap;
use tidepool::kafka::disk::Change;
use tidepool::playground::scenario::scenario_hash;
use tidepool::web::store::{CHUNK, Files, Op, Store, StoreError};
use tidepool::web::{Handle, mount};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::*;
use web_sys::HtmlElement;

wasm_bindgen_test_configure!(run_in_browser);

const FIRST_LIGHT: &str = include_str!("../www/scenarios/first-light.tide");
const HASHES: &str = include_str!("vectors/hashes.txt");

async fn sleep(ms: i32) {
    let promise = Promise::new(&mut |resolve, _| {
        web_sys::window().unwrap().set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, ms).unwrap();
    });
    JsFuture::from(promise).await.unwrap();
}

fn script(body: &str) -> JsValue {
    Function::new_no_args(body).call0(&JsValue::NULL).unwrap()
}

/// An element in the page with a shadow tree, and the place in it for a playground.
fn place() -> (HtmlElement, HtmlElement) {
    let both = Array::from(&script(
        "const h = document.createElement('div'), r = document.createElement('div'); document.body.append(h);
         h.attachShadow({mode: 'open'}).append(r); h.style.width = '900px'; return [h, r]",
    ));
    (both.get(0).unchecked_into(), both.get(1).unchecked_into())
}

async fn playground(root: &HtmlElement, store: Option<&str>) -> Handle {
    let options = js_sys::Object::new();
    let set = |name: &str, value: JsValue| Reflect::set(&options, &name.into(), &value).unwrap();
    set("scenarioText", FIRST_LIGHT.into());
    set("scenarioName", "first-light".into());
    set("paused", true.into());
    // Not at the moment at which the scenario opens: the cases count from the beginning.
    set("at", "0s".into());
    if let Some(store) = store {
        set("store", store.into());
    }
    mount(root.clone(), options.into()).await.unwrap()
}

fn field(handle: &Handle, name: &str) -> JsValue {
    Reflect::get(&handle.state().unwrap(), &name.into()).unwrap()
}

fn number(handle: &Handle, name: &str) -> f64 {
    field(handle, name).as_f64().unwrap()
}

fn end(handle: &Handle, partition: &str) -> f64 {
    Reflect::get(&field(handle, "end_offsets"), &partition.into()).unwrap().as_f64().unwrap()
}

#[wasm_bindgen_test]
async fn two_playgrounds_in_one_document_do_not_know_each_other() {
    let ((host_a, root_a), (host_b, root_b)) = (place(), place());
    let a = playground(&root_a, None).await;
    let b = playground(&root_b, None).await;
    sleep(200).await;
    a.seek(8_000_000.0.into()).unwrap();
    assert!(number(&a, "handled") > 0.0);
    assert_eq!(number(&b, "handled"), 0.0);
    a.act("crash billing-2".into()).unwrap();
    assert!(b.act("crash billing-9".into()).is_err());
    sleep(300).await;
    assert!(root_a.query_selector(".tp-member[data-state=crashed]").unwrap().is_some(), "what was done is seen on its card");
    assert!(root_b.query_selector(".tp-member").unwrap().is_some());
    assert!(root_b.query_selector(".tp-member[data-state=crashed]").unwrap().is_none());

    a.destroy();
    a.destroy();
    assert_eq!(root_a.child_element_count(), 0, "nothing of it is left");
    assert!(a.state().is_err());
    b.seek(8_000_000.0.into()).unwrap();
    b.play().unwrap();
    let before = number(&b, "time_us");
    sleep(400).await;
    assert!(number(&b, "time_us") > before, "the other one goes on");
    b.pause().unwrap();
    b.seek(4_000_000.0.into()).unwrap();
    assert_eq!(number(&b, "time_us"), 4_000_000.0, "an earlier moment is replayed");
    b.destroy();
    host_a.remove();
    host_b.remove();
}

#[wasm_bindgen_test]
fn the_scenarios_have_the_hashes_that_they_have_natively() {
    let texts: BTreeMap<&str, &str> = [
        ("first-light", FIRST_LIGHT),
        ("rebalance", include_str!("../www/scenarios/rebalance.tide")),
        ("slow-consumer", include_str!("../www/scenarios/slow-consumer.tide")),
        ("three-brokers", include_str!("../www/scenarios/three-brokers.tide")),
        ("twenty-faults", include_str!("vectors/twenty-faults.tide")),
    ]
    .into();
    let mut checked = 0;
    for line in HASHES.lines().filter(|l| !l.trim().is_empty()) {
        let (name, hash) = line.split_once(' ').unwrap();
        let found = format!("{:016x}", scenario_hash(texts[name]).unwrap());
        console_log!("{name} {found}");
        assert_eq!(found, hash.trim(), "{name}");
        checked += 1;
    }
    assert_eq!(checked, 5);
}

fn changes() -> Vec<Change> {
    let bytes = |n: usize, b: u8| Bytes::from(vec![b; n]);
    let path = || "orders-0/00000000000000000000.log".to_owned();
    vec![
        Change::Append { path: path(), position: 0, bytes: bytes(100, 1) },
        Change::Append { path: path(), position: 100, bytes: bytes(CHUNK, 2) },
        Change::Append { path: path(), position: 100 + CHUNK as u64, bytes: bytes(7, 3) },
        Change::Truncate { path: path(), length: 90 + CHUNK as u64 },
        Change::Append { path: path(), position: 90 + CHUNK as u64, bytes: bytes(5, 4) },
        Change::Replace { path: "a.tmp".into(), bytes: bytes(3, 5) },
        Change::Replace { path: "a".into(), bytes: bytes(9, 6) },
        Change::Rename { from: "a.tmp".into(), to: "a".into() },
        Change::Replace { path: "empty".into(), bytes: Bytes::new() },
        Change::Replace { path: "gone".into(), bytes: bytes(9, 7) },
        Change::Remove { path: "gone".into() },
        Change::Flush { path: path() },
    ]
}

fn expected() -> Vec<(String, Bytes)> {
    let mut log = vec![1; 100];
    log.extend(vec![2; CHUNK - 10]);
    log.extend([4; 5]);
    vec![("a".into(), Bytes::from(vec![5; 3])), ("empty".into(), Bytes::new()), ("orders-0/00000000000000000000.log".into(), log.into())]
}

#[wasm_bindgen_test]
fn what_a_flush_writes_makes_the_database_equal_to_the_files() {
    let mut files = Files::default();
    // A database as IndexedDB has it, flushed after every so many changes.
    for every in 1..=12 {
        let mut database: BTreeMap<(i32, String, u64), Bytes> = BTreeMap::new();
        files = Files::default();
        let mut flush = |files: &mut Files| {
            for op in files.take_pending() {
                match op {
                    Op::Delete { node, path, from } => database.retain(|(n, p, at), _| !(*n == node && *p == path && *at >= from)),
                    Op::Put { node, path, position, bytes } => drop(database.insert((node, path, position), bytes)),
                }
            }
        };
        for (i, change) in changes().into_iter().enumerate() {
            files.apply(1, change);
            if i % every == 0 {
                flush(&mut files);
            }
        }
        flush(&mut files);
        let read = Files::load(database.into_iter().map(|((n, p, at), b)| (n, p, at, b)));
        assert_eq!(read.disks()[&1], expected(), "flushed after every {every}");
        assert!(read.torn().is_empty());
    }
    assert_eq!(files.disks()[&1], expected());
    let torn = Files::load([(1, "x".to_owned(), 0, Bytes::from_static(b"abc")), (1, "x".to_owned(), 9, Bytes::from_static(b"z"))]);
    assert_eq!(torn.disks()[&1], vec![("x".to_owned(), Bytes::from_static(b"abc"))]);
    assert_eq!(torn.torn().len(), 1, "what is left out is named");
}

#[wasm_bindgen_test]
async fn a_store_written_and_opened_again_holds_the_same_files() {
    let name = format!("test-{}", js_sys::Math::random());
    let store = Store::open(&name, |why| panic!("{why}")).await.unwrap();
    assert!(store.disks().is_empty());
    for change in changes() {
        store.apply(1, change);
    }
    assert!(matches!(Store::open(&name, |_| ()).await, Err(StoreError::Held)), "one tab at a time");
    store.flush();
    for _ in 0..100 {
        if store.is_settled() {
            break;
        }
        sleep(20).await;
    }
    assert!(store.is_settled());
    store.close();
    sleep(50).await;
    let again = Store::open(&name, |why| panic!("{why}")).await.unwrap();
    assert_eq!(again.disks()[&1], expected());
    again.close();
}

#[wasm_bindgen_test]
async fn a_durable_playground_comes_back_with_its_records_and_its_groups_offsets() {
    let name = format!("durable-{}", js_sys::Math::random());
    let (host, root) = place();
    let first = playground(&root, Some(&name)).await;
    assert_eq!(field(&first, "store").as_string().unwrap(), "");
    sleep(200).await;
    first.seek(12_000_000.0.into()).unwrap();
    for _ in 0..100 {
        sleep(50).await;
        if field(&first, "stored").as_bool() == Some(true) {
            break;
        }
    }
    assert_eq!(field(&first, "stored").as_bool(), Some(true));
    let kept: Vec<f64> = ["orders-0", "orders-1", "orders-2", "__consumer_offsets-0"].map(|p| end(&first, p)).into();
    assert!(kept.iter().all(|n| *n > 0.0), "{kept:?}");
    first.destroy();
    sleep(100).await;
    let again = playground(&root, Some(&name)).await;
    let have: Vec<f64> = ["orders-0", "orders-1", "orders-2", "__consumer_offsets-0"].map(|p| end(&again, p)).into();
    assert!(have.iter().zip(&kept).all(|(a, b)| a >= b), "{have:?} after {kept:?}");
    // The members from before never left: their sessions of ten seconds time out first, as after a real power loss.
    again.seek(25_000_000.0.into()).unwrap();
    sleep(300).await;
    assert!(number(&again, "handled") > 0.0, "the group goes on: {}", root.text_content().unwrap_or_default());
    again.destroy();
    host.remove();
}

#[wasm_bindgen_test]
async fn where_the_browser_keeps_nothing_a_sentence_says_so_and_the_cluster_runs() {
    script(
        "window.was = Object.getOwnPropertyDescriptor(window, 'indexedDB'); Object.defineProperty(window, 'indexedDB', {configurable: true, get() { throw new DOMException('no', 'SecurityError') }})",
    );
    let (host, root) = place();
    let handle = playground(&root, Some("blocked")).await;
    script("delete window.indexedDB; if (window.was) Object.defineProperty(window, 'indexedDB', window.was)");
    let said = field(&handle, "store").as_string().unwrap();
    assert!(said.contains("SecurityError") && said.contains("memory"), "{said}");
    handle.seek(8_000_000.0.into()).unwrap();
    assert!(number(&handle, "handled") > 0.0);
    sleep(200).await;
    assert!(root.query_selector(".tp-store").unwrap().is_some(), "it is on the page");
    handle.destroy();
    host.remove();
}

#[wasm_bindgen_test]
async fn a_store_that_is_open_elsewhere_is_left_alone_and_a_sentence_says_so() {
    let name = format!("twice-{}", js_sys::Math::random());
    let (host_a, root_a) = place();
    let (host_b, root_b) = place();
    let first = playground(&root_a, Some(&name)).await;
    let second = playground(&root_b, Some(&name)).await;
    assert_eq!(field(&first, "store").as_string().unwrap(), "");
    let said = field(&second, "store").as_string().unwrap();
    assert!(said.contains("open in another tab") && said.contains("memory"), "{said}");
    assert!(field(&second, "stored").is_null(), "nothing of it is stored");
    second.seek(8_000_000.0.into()).unwrap();
    assert!(number(&second, "handled") > 0.0);
    first.destroy();
    second.destroy();
    host_a.remove();
    host_b.remove();
}

#[wasm_bindgen_test]
async fn a_database_that_does_not_answer_is_given_up() {
    // Another page holds the database open while it is to be deleted: what is opened next waits behind that.
    let name = format!("stuck-{}", js_sys::Math::random());
    let opened = script(&format!(
        "return new Promise((done) => {{ const r = indexedDB.open('tidepool/{name}', 1);
         r.onsuccess = () => {{ window.stuck = r.result; indexedDB.deleteDatabase('tidepool/{name}').onblocked = done; }} }})"
    ));
    JsFuture::from(opened.unchecked_into::<Promise>()).await.unwrap();
    let found = Store::open(&name, |_| ()).await;
    script("window.stuck.close()");
    assert!(matches!(&found, Err(StoreError::Absent(why)) if why == "no answer"), "{:?}", found.err());
}

#[wasm_bindgen_test]
async fn a_store_that_cannot_be_written_ends_saving_with_one_sentence() {
    let name = format!("full-{}", js_sys::Math::random());
    let (host, root) = place();
    let handle = playground(&root, Some(&name)).await;
    sleep(800).await;
    script(
        "const put = window.put = IDBObjectStore.prototype.put;
         IDBObjectStore.prototype.put = function(...args) { const r = put.apply(this, args); this.transaction.abort(); return r; }",
    );
    handle.seek(8_000_000.0.into()).unwrap();
    sleep(1200).await;
    script("IDBObjectStore.prototype.put = window.put");
    let said = field(&handle, "store").as_string().unwrap();
    assert!(said.contains("Saving has ended") && said.contains("memory"), "{said}");
    let before = number(&handle, "handled");
    handle.seek(12_000_000.0.into()).unwrap();
    assert!(number(&handle, "handled") > before, "the cluster goes on");
    handle.destroy();
    host.remove();
}
