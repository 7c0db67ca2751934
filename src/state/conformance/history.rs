//! Every state between runs is kept.

use std::fs;

use crate::state::Error;

use super::{Place, at, track};

#[test]
fn a_run_leaves_one_entry_however_often_it_writes() {
    let place = Place::new();
    for run in 0..3 {
        let mut locked = place.lock();
        for write in 0..4 {
            locked
                .write(track(&format!("{run}.{write}")), at(write))
                .unwrap();
        }
        locked.finish().unwrap();
        locked.finish().unwrap();
    }
    assert_eq!(place.store().history().unwrap(), [4, 8, 12]);
    let earlier = place.store().read_serial(8).unwrap();
    assert_eq!((earlier.serial, earlier.files.len()), (8, 8));
    assert_eq!(place.text("history/12.json"), place.text("state.json"));
}

#[test]
fn what_a_killed_run_wrote_is_kept_by_the_next() {
    let place = Place::new();
    place.run("a");
    let mut killed = place.lock();
    killed.write(track("b"), at(1)).unwrap();
    killed.write(track("c"), at(1)).unwrap();
    drop(killed);
    assert_eq!(place.store().history().unwrap(), [1]);
    let left = place.text("state.json");
    let mut next = place.lock();
    next.write(track("d"), at(2)).unwrap();
    assert_eq!(place.store().history().unwrap(), [1, 3]);
    assert_eq!(place.text("history/3.json"), left);
}

#[test]
fn a_run_that_writes_nothing_leaves_nothing() {
    let place = Place::new();
    place.lock().finish().unwrap();
    assert_eq!(place.names(""), ["lock"]);
    place.run("a");
    place.lock().finish().unwrap();
    assert_eq!(place.names("history"), ["1.json"]);
}

#[test]
fn an_entry_is_never_overwritten_with_another_state() {
    let place = Place::new();
    place.run("a");
    let other = Place::new();
    other.run("b");
    place.put("history/1.json", other.text("state.json"));
    let before = place.text("state.json");
    let mut locked = place.lock();
    let error = locked.write(track("c"), at(1)).unwrap_err();
    insta::assert_snapshot!(place.report(&error), @r"
    [jumpbag::state::history_taken] `STATE/history/1.json` holds another state than the one that has its serial now
    help: move `STATE/history/1.json` away, then run the command again
    ");
    assert_eq!(place.text("history/1.json"), other.text("state.json"));
    assert_eq!(place.text("state.json"), before);
}

#[test]
fn an_entry_with_other_line_ends_is_the_same_state() {
    let place = Place::new();
    place.run("a");
    let windows = place.text("history/1.json").replace('\n', "\r\n");
    place.put("history/1.json", &windows);
    place.lock().write(track("b"), at(1)).unwrap();
    assert_eq!(place.text("history/1.json"), windows);
}

#[test]
fn serials_go_on_above_the_history_when_an_earlier_state_was_put_back() {
    let place = Place::new();
    for name in ["a", "b", "c"] {
        place.run(name);
    }
    fs::copy(
        place.folder.join("history/1.json"),
        place.folder.join("state.json"),
    )
    .unwrap();
    place.run("d");
    let document = place.store().read().unwrap().unwrap();
    assert_eq!((document.serial, document.files.len()), (4, 2));
    assert_eq!(place.store().history().unwrap(), [1, 2, 3, 4]);
}

#[test]
fn serials_are_sorted_as_numbers_and_other_files_are_not_entries() {
    let place = Place::new();
    for name in [
        "10.json",
        "9.json",
        "09.json",
        "+1.json",
        "x.json",
        "11",
        "12.json.bak",
    ] {
        place.put(&format!("history/{name}"), "{}");
    }
    assert_eq!(place.store().history().unwrap(), [9, 10]);
}

#[test]
fn an_entry_that_is_not_there_or_is_another_is_an_error() {
    let place = Place::new();
    place.run("a");
    let error = place.store().read_serial(7).unwrap_err();
    insta::assert_snapshot!(place.report(&error), @r"
    [jumpbag::state::no_such_serial] the history in `STATE` has no serial 7
    help: choose one of those that `jumpbag state history` lists
    ");
    place.put("history/7.json", place.text("state.json"));
    let error = place.store().read_serial(7).unwrap_err();
    insta::assert_snapshot!(place.report(&error), @r"
    [jumpbag::state::damaged] the state `STATE/history/7.json` is damaged
    cause: its `serial` is `1`, which is not that of its file
    help: choose another serial, or take the file from a backup or from version control
    ");
}

#[test]
fn a_lost_state_is_not_taken_for_a_new_one() {
    let place = Place::new();
    place.run("a");
    fs::remove_file(place.folder.join("state.json")).unwrap();
    let error = place.store().read().unwrap_err();
    insta::assert_snapshot!(place.report(&error), @r"
    [jumpbag::state::damaged] the state `STATE/state.json` is damaged
    cause: it is missing, and the history has serial 1
    help: put serial 1, the last good one, back with `cp 'STATE/history/1.json' 'STATE/state.json'`, then plan again
    ");
    assert!(matches!(place.try_lock(), Err(Error::Damaged { .. })));
    assert!(!place.folder.join("state.json").exists());
}
