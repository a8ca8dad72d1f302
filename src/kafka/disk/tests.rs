//! The disk against a plain model, and what each kind of failure keeps.

use super::*;

fn bytes(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

#[test]
fn appended_bytes_read_back_from_any_position() {
    let mut disk = Disk::default();
    let mut model = Vec::new();
    for i in 0..3000u32 {
        let piece: Vec<u8> = (0..(i * 7) % 113).map(|j| (i + j) as u8).collect();
        model.extend_from_slice(&piece);
        disk.append("f", Bytes::from(piece)).expect("no limit");
    }
    disk.append("f", Bytes::from(vec![9; 100_000])).expect("no limit");
    model.extend_from_slice(&[9; 100_000]);
    assert_eq!(disk.len("f"), Some(model.len() as u64));
    for position in (0..model.len()).step_by(997).chain([model.len()]) {
        for max in [0usize, 1, 61, 5000, 1 << 20] {
            let end = (position + max).min(model.len());
            assert_eq!(disk.read("f", position as u64, max as u64).expect("in range"), model[position..end]);
            let mut buffer = vec![0; max.min(5000)];
            let got = disk.peek("f", position as u64, &mut buffer) as usize;
            assert_eq!(buffer[..got], model[position..(position + buffer.len()).min(model.len())]);
        }
    }
    for length in [model.len() - 1, 99_999, 5000, 4096, 10, 0] {
        disk.truncate("f", length as u64).expect("there");
        assert_eq!(disk.read_all("f").expect("there"), model[..length]);
        assert_eq!(disk.used(), length as u64);
    }
    assert!(matches!(disk.read("f", 1, 1), Err(DiskError::OutOfRange { position: 1, length: 0, .. })));
}

#[test]
fn a_clone_does_not_see_later_changes_and_shares_the_bytes() {
    let mut disk = Disk::default();
    disk.append("a", Bytes::from(vec![1; 50_000])).expect("no limit");
    disk.append("a", bytes("tail")).expect("no limit");
    let clone = disk.clone();
    disk.append("a", bytes("more")).expect("no limit");
    disk.truncate("a", 3).expect("there");
    disk.append("b", bytes("new")).expect("no limit");
    assert_eq!(clone.len("a"), Some(50_004));
    assert_eq!(clone.len("b"), None);
    let old = clone.read("a", 0, 3).expect("there");
    let new = disk.read("a", 0, 3).expect("there");
    assert_eq!(old.as_ptr(), new.as_ptr());
}

#[test]
fn a_power_loss_keeps_the_flushed_prefix_and_replaced_files() {
    let mut disk = Disk::default();
    disk.append("never", bytes("x")).expect("no limit");
    disk.append("log", bytes("safe")).expect("no limit");
    disk.flush("log").expect("there");
    disk.append("log", bytes("lost")).expect("no limit");
    disk.append("checkpoint", bytes("half")).expect("no limit");
    disk.replace("checkpoint", bytes("whole")).expect("no limit");
    assert_eq!(disk.flushed_len("log"), Some(4));
    disk.lose_unflushed();
    assert_eq!(disk.list("").collect::<Vec<_>>(), ["checkpoint", "log"]);
    assert_eq!(disk.read_all("log").expect("there"), "safe");
    assert_eq!(disk.read_all("checkpoint").expect("there"), "whole");
    assert_eq!(disk.used(), 9);
}

#[test]
fn a_power_loss_that_tears_keeps_the_beginning_of_what_was_not_flushed() {
    let mut disk = Disk::default();
    for (path, flushed, rest) in [("a", "", "whole"), ("b", "safe", "torn"), ("c", "", "gone"), ("d", "safe", "")] {
        disk.append(path, bytes(flushed)).expect("no limit");
        if !flushed.is_empty() {
            disk.flush(path).expect("there");
        }
        disk.append(path, bytes(rest)).expect("no limit");
    }
    let mut asked = Vec::new();
    disk.tear_unflushed(|bytes| {
        asked.push(bytes);
        [5, 2, 0][asked.len() - 1]
    });
    assert_eq!(asked, [5, 4, 4]);
    let all = |disk: &Disk| disk.list("").map(|path| (path.to_owned(), disk.read_all(path).expect("there"))).collect::<Vec<_>>();
    let kept = [("a", "whole"), ("b", "safeto"), ("d", "safe")].map(|(path, text)| (path.to_owned(), bytes(text)));
    assert_eq!(all(&disk), kept);
    assert_eq!(disk.used(), 15);
    disk.lose_unflushed();
    assert_eq!(all(&disk), kept, "what is on the plate stays there");
}

#[test]
fn a_full_disk_refuses_and_changes_nothing() {
    let mut disk = Disk::default();
    disk.set_capacity(Some(6));
    disk.append("a", bytes("1234")).expect("fits");
    let full = DiskError::Full { path: "a".to_owned(), capacity: 6 };
    assert_eq!(disk.append("a", bytes("567")), Err(full));
    assert_eq!(disk.read_all("a").expect("there"), "1234");
    disk.replace("a", bytes("123456")).expect("the old bytes are freed");
    disk.truncate("a", 1).expect("there");
    disk.append("b", bytes("12345")).expect("fits");
    assert_eq!(disk.free(), 0);
}

#[test]
fn the_journal_carried_out_elsewhere_gives_the_same_files() {
    let mut disk = Disk::default();
    disk.append("before", bytes("unseen")).expect("no limit");
    disk.remove("before");
    disk.keep_journal();
    disk.append("a", bytes("12345")).expect("no limit");
    disk.truncate("a", 2).expect("there");
    disk.append("a", bytes("x")).expect("no limit");
    disk.replace("c", bytes("one")).expect("no limit");
    disk.rename("c", "d").expect("there");
    disk.append("e", bytes("gone")).expect("no limit");
    disk.remove("e");
    disk.flush("a").expect("there");
    let mut copy = Disk::default();
    let mut flushes = 0;
    while let Some(change) = disk.poll_change() {
        match change {
            Change::Append { path, position, bytes } => {
                assert_eq!(copy.len(&path).unwrap_or(0), position);
                copy.append(&path, bytes).expect("no limit");
            }
            Change::Replace { path, bytes } => copy.replace(&path, bytes).expect("no limit"),
            Change::Truncate { path, length } => copy.truncate(&path, length).expect("there"),
            Change::Rename { from, to } => copy.rename(&from, &to).expect("there"),
            Change::Remove { path } => copy.remove(&path),
            Change::Flush { .. } => flushes += 1,
        }
    }
    assert_eq!(flushes, 1);
    assert_eq!(copy.list("").collect::<Vec<_>>(), ["a", "d"]);
    for path in disk.list("") {
        assert_eq!(copy.read_all(path), disk.read_all(path));
    }
}

#[test]
fn list_gives_the_paths_below_a_prefix_in_order() {
    let disk = Disk::from_files(["a-1/x", "a/2", "a/1", "b"].map(|path| (path.to_owned(), Bytes::new())));
    assert_eq!(disk.list("a/").collect::<Vec<_>>(), ["a/1", "a/2"]);
    assert_eq!(disk.list("c").count(), 0);
}
