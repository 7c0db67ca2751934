//! States that must not be used.

use serde_json::{Value, json};

use crate::model::Sha256;
use crate::state::Error;

use super::{Place, at, track};

/// A place after two runs.
fn place() -> Place {
    let place = Place::new();
    place.run("a");
    place.run("b");
    place
}

/// Puts `bytes` in the place of the state, and says how that is reported. Nobody may write over it.
#[track_caller]
fn damaged(bytes: impl AsRef<[u8]>) -> String {
    let place = place();
    place.put("state.json", bytes.as_ref());
    let error = place.store().read().unwrap_err();
    let Error::Damaged { last_good, .. } = error else {
        panic!("{error}");
    };
    assert_eq!(last_good, Some(2));
    let locking = place.try_lock().unwrap_err();
    assert_eq!(place.report(&locking), place.report(&error));
    assert!(std::fs::read(place.folder.join("state.json")).unwrap() == bytes.as_ref());
    place.report(&error)
}

/// A state with the right checksum, after `change`.
fn forged(change: impl FnOnce(&mut Value)) -> String {
    let mut value: Value = serde_json::from_str(&place().text("state.json")).unwrap();
    change(&mut value);
    value.as_object_mut().unwrap().remove("checksum");
    // An independent computation: it relies on serde_json's order of members alone.
    let checksum = Sha256::of(value.to_string().as_bytes());
    value["checksum"] = format!("sha256:{checksum}").into();
    value.to_string()
}

fn whole() -> String {
    place().text("state.json")
}

#[test]
fn an_empty_state_is_damaged() {
    insta::assert_snapshot!(damaged(""), @r"
    [jumpbag::state::damaged] the state `STATE/state.json` is damaged
    cause: it is empty
    help: put serial 2, the last good one, back with `cp 'STATE/history/2.json' 'STATE/state.json'`, then plan again
    ");
    assert_eq!(damaged(" \n"), damaged(""));
}

#[test]
fn a_truncated_state_is_damaged() {
    let whole = whole();
    let half = whole.split_once("\"lineage\"").unwrap().0;
    insta::assert_snapshot!(damaged(half), @r"
    [jumpbag::state::damaged] the state `STATE/state.json` is damaged
    cause: it ends too early
    cause: EOF while parsing a value at line 24 column 2
    help: put serial 2, the last good one, back with `cp 'STATE/history/2.json' 'STATE/state.json'`, then plan again
    ");
}

#[test]
fn every_truncation_is_noticed() {
    let place = place();
    let whole = whole();
    let length = whole.trim_end().len();
    for end in 0..length {
        place.put("state.json", &whole.as_bytes()[..end]);
        let error = place.store().read().unwrap_err();
        assert!(matches!(error, Error::Damaged { .. }), "{end}: {error}");
    }
    place.put("state.json", &whole.as_bytes()[..length]);
    assert!(
        place.store().read().is_ok(),
        "only the last line end is dispensable"
    );
}

#[test]
fn a_state_of_zeros_is_damaged() {
    insta::assert_snapshot!(damaged([0; 100]), @r"
    [jumpbag::state::damaged] the state `STATE/state.json` is damaged
    cause: it is not JSON
    cause: expected value at line 1 column 1
    help: put serial 2, the last good one, back with `cp 'STATE/history/2.json' 'STATE/state.json'`, then plan again
    ");
}

#[test]
fn a_state_with_conflict_markers_is_damaged() {
    let text = whole().replacen("  \"files\"", "<<<<<<< HEAD\n  \"files\"", 1);
    insta::assert_snapshot!(damaged(text), @r"
    [jumpbag::state::damaged] the state `STATE/state.json` is damaged
    cause: it is not JSON
    cause: key must be a string at line 3 column 1
    help: put serial 2, the last good one, back with `cp 'STATE/history/2.json' 'STATE/state.json'`, then plan again
    ");
}

#[test]
fn a_state_that_is_not_utf8_is_damaged() {
    insta::assert_snapshot!(damaged(b"{\"a\": \"\xff\"}"), @r"
    [jumpbag::state::damaged] the state `STATE/state.json` is damaged
    cause: it is not UTF-8
    cause: invalid utf-8 sequence of 1 bytes from index 7
    help: put serial 2, the last good one, back with `cp 'STATE/history/2.json' 'STATE/state.json'`, then plan again
    ");
}

#[test]
fn another_json_value_is_damaged() {
    insta::assert_snapshot!(damaged("[]"), @r"
    [jumpbag::state::damaged] the state `STATE/state.json` is damaged
    cause: it is not a JSON object
    help: put serial 2, the last good one, back with `cp 'STATE/history/2.json' 'STATE/state.json'`, then plan again
    ");
}

#[test]
fn a_state_without_version_is_damaged() {
    insta::assert_snapshot!(damaged("{}"), @r"
    [jumpbag::state::damaged] the state `STATE/state.json` is damaged
    cause: it has no `format_version` such as `1.1`
    help: put serial 2, the last good one, back with `cp 'STATE/history/2.json' 'STATE/state.json'`, then plan again
    ");
    for version in [
        json!(1.0),
        json!("1"),
        json!("01.0"),
        json!("1.+0"),
        json!("0.9"),
        json!("1.0.0"),
    ] {
        let text = forged(|state| state["format_version"] = version.clone());
        assert_eq!(damaged(text), damaged("{}"), "{version}");
    }
}

#[test]
fn a_state_without_checksum_is_damaged() {
    insta::assert_snapshot!(damaged(r#"{"format_version": "1.1"}"#), @r"
    [jumpbag::state::damaged] the state `STATE/state.json` is damaged
    cause: it has no `checksum`
    help: put serial 2, the last good one, back with `cp 'STATE/history/2.json' 'STATE/state.json'`, then plan again
    ");
}

#[test]
fn an_altered_state_is_damaged() {
    insta::assert_snapshot!(damaged(whole().replace("\"protect\": false", "\"protect\": true")), @r"
    [jumpbag::state::damaged] the state `STATE/state.json` is damaged
    cause: it was altered: its `checksum` is `sha256:HEX`, and `sha256:HEX` would be right
    help: put serial 2, the last good one, back with `cp 'STATE/history/2.json' 'STATE/state.json'`, then plan again
    ");
}

#[test]
fn a_state_that_lacks_a_member_is_damaged() {
    let without = |member: &'static str| {
        forged(move |state| {
            state.as_object_mut().unwrap().remove(member);
        })
    };
    insta::assert_snapshot!(damaged(without("files")), @r"
    [jumpbag::state::damaged] the state `STATE/state.json` is damaged
    cause: its members are not those of format 1.1
    cause: missing field `files`
    help: put serial 2, the last good one, back with `cp 'STATE/history/2.json' 'STATE/state.json'`, then plan again
    ");
    for member in [
        "jumpbag_version",
        "lineage",
        "serial",
        "library",
        "written",
        "pending",
    ] {
        assert!(damaged(without(member)).contains(member), "{member}");
    }
}

#[test]
fn a_member_of_another_type_is_damaged() {
    insta::assert_snapshot!(damaged(forged(|state| state["serial"] = json!(-1))), @r"
    [jumpbag::state::damaged] the state `STATE/state.json` is damaged
    cause: its members are not those of format 1.1
    cause: invalid value: integer `-1`, expected u64
    help: put serial 2, the last good one, back with `cp 'STATE/history/2.json' 'STATE/state.json'`, then plan again
    ");
}

#[test]
fn a_value_that_cannot_be_is_damaged() {
    insta::assert_snapshot!(damaged(forged(|state| state["files"]["a"]["sha256"] = json!("abc"))), @r"
    [jumpbag::state::damaged] the state `STATE/state.json` is damaged
    cause: its `files.a.sha256` is `abc`, which is no SHA-256 in hex
    help: put serial 2, the last good one, back with `cp 'STATE/history/2.json' 'STATE/state.json'`, then plan again
    ");
    insta::assert_snapshot!(damaged(forged(|state| state["written"]["at"] = json!("yesterday"))), @r"
    [jumpbag::state::damaged] the state `STATE/state.json` is damaged
    cause: its `written.at` is `yesterday`, which is no point in time
    help: put serial 2, the last good one, back with `cp 'STATE/history/2.json' 'STATE/state.json'`, then plan again
    ");
    for (pointer, value) in [
        ("/serial", json!(0)),
        ("/serial", json!(1_u64 << 53)),
        ("/lineage", json!("")),
        ("/library/endpoint", json!("")),
        ("/library/name", json!("")),
        ("/files/a/description", json!("")),
        ("/files/a/parameters_description", json!("")),
    ] {
        let text = forged(|state| {
            let (parent, member) = pointer.rsplit_once('/').unwrap();
            state.pointer_mut(parent).unwrap()[member] = value;
        });
        let member = pointer.trim_start_matches('/').replace('/', ".");
        assert!(
            damaged(text).contains(&format!("its `{member}` is ")),
            "{pointer}"
        );
    }
}

#[test]
fn a_damaged_entry_of_the_history_is_passed_over_and_reported_on_its_own() {
    let place = place();
    place.put("state.json", "{");
    place.put("history/2.json", "{");
    let error = place.store().read().unwrap_err();
    assert!(
        matches!(
            error,
            Error::Damaged {
                last_good: Some(1),
                ..
            }
        ),
        "{error}"
    );
    insta::assert_snapshot!(place.report(&place.store().read_serial(2).unwrap_err()), @r"
    [jumpbag::state::damaged] the state `STATE/history/2.json` is damaged
    cause: it ends too early
    cause: EOF while parsing an object at line 1 column 1
    help: choose another serial, or take the file from a backup or from version control
    ");
    place.put("history/1.json", place.text("history/2.json"));
    insta::assert_snapshot!(place.report(&place.store().read().unwrap_err()), @r"
    [jumpbag::state::damaged] the state `STATE/state.json` is damaged
    cause: it ends too early
    cause: EOF while parsing an object at line 1 column 1
    help: take the file from a backup or from version control; without one, move `STATE` away and run `jumpbag import --all`
    ");
}

#[test]
fn the_advice_puts_a_good_state_back() {
    let place = place();
    place.put("state.json", "{");
    std::fs::copy(
        place.folder.join("history/2.json"),
        place.folder.join("state.json"),
    )
    .unwrap();
    place.run("c");
    assert_eq!(place.store().read().unwrap().unwrap().files.len(), 3);
}

#[test]
fn a_newer_major_format_is_refused_and_untouched() {
    let text = forged(|state| {
        *state = json!({"format_version": "2.0", "everything": "else"});
    });
    // Whatever the checksum may be there.
    let text = text.replace("sha256:", "blake9:");
    let place = place();
    place.put("state.json", &text);
    let names = place.names("");
    let error = place.store().read().unwrap_err();
    insta::assert_snapshot!(place.report(&error), @r"
    [jumpbag::state::newer_format] the state `STATE/state.json` has the format 2.0, and this jumpbag reads 1.1
    help: install the version of jumpbag that wrote it, or a newer one
    ");
    assert!(matches!(place.try_lock(), Err(Error::NewerFormat { .. })));
    assert_eq!(place.text("state.json"), text);
    assert_eq!(place.names(""), names);
}

#[test]
fn a_newer_minor_format_is_read_and_not_written() {
    let text = forged(|state| {
        state["format_version"] = json!("1.7");
        state["new"] = json!({"z": [1, 2.5, null], "a": true});
        state["files"]["a"]["new"] = json!("x");
    });
    let place = place();
    place.put("state.json", &text);
    let document = place.store().read().unwrap().unwrap();
    assert_eq!((document.serial, document.files.len()), (2, 2));
    let error = place.try_lock().unwrap_err();
    insta::assert_snapshot!(place.report(&error), @r"
    [jumpbag::state::newer_minor_format] the state `STATE/state.json` has the format 1.7, and this jumpbag writes 1.1
    help: install the version of jumpbag that wrote it, or a newer one: this one would drop what it does not know
    ");
    assert_eq!(place.text("state.json"), text);
    // The checksum covers what we do not know.
    place.put("state.json", text.replace("2.5", "2.6"));
    assert!(matches!(place.store().read(), Err(Error::Damaged { .. })));
}

#[test]
fn other_line_ends_and_spacing_are_not_damage() {
    let place = place();
    let document = place.store().read().unwrap();
    place.put("state.json", whole().replace('\n', "\r\n"));
    assert_eq!(place.store().read().unwrap(), document);
    let value: Value = serde_json::from_str(&whole()).unwrap();
    place.put("state.json", value.to_string());
    assert_eq!(place.store().read().unwrap(), document);
    place.lock().write(track("c"), at(0)).unwrap();
}
