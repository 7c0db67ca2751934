//! Writing and reading the state.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use std::{fs, thread};

use crate::model::{LibraryId, Name};
use crate::state::{Document, Error};

use super::{Place, at, library, stable, track, tracked};

#[test]
fn a_store_touches_nothing_until_it_is_locked() {
    let place = Place::new();
    assert_eq!(place.store().read().unwrap(), None);
    assert!(place.store().history().unwrap().is_empty());
    assert!(
        !place
            .store()
            .contents()
            .has(tracked("a").file.sha256)
            .unwrap()
    );
    assert!(!place.folder.parent().unwrap().exists());
}

#[test]
fn what_is_written_is_read() {
    let place = Place::new();
    let mut locked = place.lock();
    assert_eq!(*locked.document(), Document::new(library()));
    locked
        .write(
            |document| {
                document.lineage = Some("lineage".into());
                let mut file = tracked("content");
                file.file.description = Some("Says \"hé\"\n".into());
                file.file.has_parameters = true;
                file.file.parameters_description = Some("-Days <n>".into());
                file.protect = true;
                document.files.insert(Name::existing("b.ps1"), file);
                document.files.insert(Name::existing("a.exe"), tracked(""));
                let mut pending = tracked("next").file;
                pending.size = None;
                document.pending.insert(Name::existing("b.ps1"), pending);
            },
            at(0),
        )
        .unwrap();
    insta::assert_snapshot!(stable(&place.text("state.json")), @r#"
    {
      "checksum": "sha256:HEX",
      "files": {
        "a.exe": {
          "has_parameters": false,
          "protect": false,
          "sha256": "HEX",
          "size": 0
        },
        "b.ps1": {
          "description": "Says \"hé\"\n",
          "has_parameters": true,
          "parameters_description": "-Days <n>",
          "protect": true,
          "sha256": "HEX",
          "size": 7
        }
      },
      "format_version": "1.1",
      "jumpbag_version": "VERSION",
      "library": {
        "endpoint": "https://api.example",
        "name": "contoso",
        "tenant_id": "11111111-aaaa-0000-0000-000000000000"
      },
      "lineage": "lineage",
      "pending": {
        "b.ps1": {
          "has_parameters": false,
          "sha256": "HEX"
        }
      },
      "serial": 1,
      "written": {
        "at": "2026-09-21T14:13:20Z",
        "command": "jumpbag apply",
        "host": "ws1",
        "user": "alice"
      }
    }
    "#);
    assert!(place.text("state.json").ends_with("}\n"));
    assert_eq!(
        place.store().read().unwrap().as_ref(),
        Some(locked.document())
    );
}

#[test]
fn every_write_raises_the_serial_and_keeps_the_lineage() {
    let place = Place::new();
    let mut locked = place.lock();
    locked.write(|_| {}, at(0)).unwrap();
    let lineage = locked.document().lineage.clone().unwrap();
    assert!(uuid::Uuid::parse_str(&lineage).is_ok(), "{lineage}");
    locked
        .write(
            |document| {
                document.lineage = Some("another".into());
                document.serial = 0;
                document.written = None;
            },
            at(1),
        )
        .unwrap();
    drop(locked);
    let mut locked = place.lock();
    locked.write(|_| {}, at(2)).unwrap();
    assert_eq!(locked.document().lineage, Some(lineage));
    assert_eq!(locked.document().serial, 3);
    assert_eq!(locked.document().written.as_ref().unwrap().at, at(2));
    assert_eq!(
        place.store().read().unwrap().as_ref(),
        Some(locked.document())
    );
}

#[test]
fn two_new_states_have_two_lineages() {
    let lineages = [Place::new(), Place::new()].map(|place| {
        let mut locked = place.lock();
        locked.write(|_| {}, at(0)).unwrap();
        locked.document().lineage.clone()
    });
    assert_ne!(lineages[0], lineages[1]);
}

#[test]
fn a_state_that_somebody_else_changed_is_not_overwritten() {
    let place = Place::new();
    place.run("a");
    let theirs = place.text("state.json");
    place.run("b");
    let mut locked = place.lock();
    place.put("state.json", &theirs);
    let error = locked.write(track("c"), at(1)).unwrap_err();
    insta::assert_snapshot!(place.report(&error), @r"
    [jumpbag::state::raced] somebody else changed the state `STATE/state.json` during this run
    help: make sure that no other run is active, then plan again: the library may be ahead of the state
    ");
    assert_eq!(place.text("state.json"), theirs);
    assert_eq!(locked.document().serial, 2);

    fs::remove_file(place.folder.join("state.json")).unwrap();
    let error = locked.write(track("c"), at(1)).unwrap_err();
    assert!(matches!(error, Error::Raced { .. }), "{error}");
    assert!(!place.folder.join("state.json").exists());
}

#[test]
fn a_state_that_appears_during_the_first_run_is_not_overwritten() {
    let place = Place::new();
    let mut locked = place.lock();
    let other = Place::new();
    other.run("a");
    place.put("state.json", other.text("state.json"));
    let error = locked.write(track("c"), at(1)).unwrap_err();
    assert!(matches!(error, Error::Raced { .. }), "{error}");
    assert_eq!(place.text("state.json"), other.text("state.json"));
}

#[test]
fn a_change_that_could_not_be_read_again_is_not_written() {
    let place = Place::new();
    place.run("a");
    let before = place.text("state.json");
    let mut locked = place.lock();
    let document = locked.document().clone();
    let error = locked
        .write(
            |document| {
                let mut file = tracked("b");
                file.file.description = Some(String::new());
                document.files.insert(Name::existing("b"), file);
            },
            at(1),
        )
        .unwrap_err();
    insta::assert_snapshot!(place.report(&error), @r"
    [jumpbag::state::unwritable] the new state for `STATE/state.json` could not be read again, and was not written
    cause: its `files.b.description` is ``, which is empty
    help: report this as a bug of jumpbag, with the cause above
    ");
    assert_eq!(place.text("state.json"), before);
    assert_eq!(*locked.document(), document);
    // The value is as good as before.
    locked.write(track("c"), at(2)).unwrap();
    assert_eq!(locked.document().serial, 2);
}

#[test]
fn a_reader_never_sees_half_a_state() {
    let place = Place::new();
    let mut locked = place.lock();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let (mut last, mut reads) = (0, 0_u32);
            while !done.load(Ordering::Acquire) || reads == 0 {
                let serial = place.store().read().unwrap().map_or(0, |document| {
                    assert_eq!(document.files.len() as u64, document.serial);
                    document.serial
                });
                assert!(serial >= last, "{serial} after {last}");
                (last, reads) = (serial, reads + 1);
            }
        });
        for number in 0..60 {
            locked
                .write(track(&format!("file {number}")), at(number))
                .unwrap();
        }
        done.store(true, Ordering::Release);
        reader.join().unwrap();
    });
    assert_eq!(place.store().read().unwrap().unwrap().serial, 60);
}

#[test]
fn a_state_about_another_library_is_refused() {
    let place = Place::new();
    place.run("a");
    let document = place.store().read().unwrap().unwrap();
    let with = |endpoint: &str, tenant_id: Option<&str>| {
        document.check_library(&LibraryId {
            name: "renamed".into(),
            endpoint: endpoint.into(),
            tenant_id: tenant_id.map(Into::into),
        })
    };
    let (ours, theirs) = (
        "11111111-AAAA-0000-0000-000000000000",
        "22222222-0000-0000-0000-000000000000",
    );
    assert!(with("https://api.example", Some(ours)).is_ok());
    assert!(with("https://eu.api.example", Some(ours)).is_ok());
    assert!(with("https://api.example/", None).is_ok());
    assert!(with("https://eu.api.example", None).is_err());
    let error = with("https://api.example", Some(theirs)).unwrap_err();
    insta::assert_snapshot!(place.report(&error), @r"
    [jumpbag::state::other_library] the state is about the library of tenant 11111111-aaaa-0000-0000-000000000000 at `https://api.example`, and not about the one of tenant 22222222-0000-0000-0000-000000000000 at `https://api.example`
    help: give the library another name in the manifest, or move the state's folder away
    ");
}

#[test]
fn the_wrong_library_gets_no_lock_and_an_unnamed_tenant_stays_known() {
    let place = Place::new();
    place.run("a");
    let lock = |library: &LibraryId| {
        super::lock_for(&place.store(), library, super::owner(2), Duration::ZERO)
    };
    let other = LibraryId {
        tenant_id: Some("22222222-0000-0000-0000-000000000000".into()),
        ..library()
    };
    let error = lock(&other).unwrap_err();
    assert!(matches!(error, Error::OtherLibrary { .. }), "{error}");

    let unnamed = LibraryId {
        tenant_id: None,
        name: "renamed".into(),
        ..library()
    };
    lock(&unnamed).unwrap().write(|_| {}, at(1)).unwrap();
    let written = place.store().read().unwrap().unwrap().library;
    assert_eq!(written.name, "renamed");
    assert_eq!(written.tenant_id, library().tenant_id);
}

#[test]
fn a_folder_that_cannot_be_made_is_a_diagnostic() {
    let place = Place::new();
    place.put("../contoso-file", "");
    let store = crate::state::Store::new(place.folder.join("../contoso-file/state"));
    let error = super::lock_as(&store, super::owner(1), Duration::ZERO).unwrap_err();
    insta::assert_snapshot!(place.report(&error), @r"
    [jumpbag::state::io] could not create the folder `STATE/../contoso-file/state`
    cause: not a directory
    help: check the folder that `state` in the manifest names
    ");
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn set_mode(path: &camino::Utf8Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn only_the_owner_may_read() {
        let place = Place::new();
        let locked = {
            place.run("a");
            let contents = place.store().contents();
            contents
                .put(tracked("a").file.sha256, "a".as_bytes())
                .unwrap();
            place.lock()
        };
        let object = format!("objects/{}", tracked("a").file.sha256);
        for path in ["state.json", "history/1.json", "lock", "lock.json", &object] {
            let mode = fs::metadata(place.folder.join(path))
                .unwrap()
                .permissions()
                .mode();
            assert_eq!(mode & 0o777, 0o600, "{path}");
        }
        for path in ["", "history", "objects", ".."] {
            let mode = fs::metadata(place.folder.join(path))
                .unwrap()
                .permissions()
                .mode();
            assert_eq!(mode & 0o777, 0o700, "{path}");
        }
        drop(locked);
    }

    #[test]
    fn a_symbolic_link_is_replaced_and_not_followed() {
        let place = Place::new();
        place.run("a");
        let elsewhere = place.folder.join("../elsewhere.json");
        fs::rename(place.folder.join("state.json"), &elsewhere).unwrap();
        symlink(&elsewhere, place.folder.join("state.json")).unwrap();
        let before = fs::read(&elsewhere).unwrap();
        place.run("b");
        assert_eq!(fs::read(&elsewhere).unwrap(), before);
        assert!(
            place
                .folder
                .join("state.json")
                .symlink_metadata()
                .unwrap()
                .is_file()
        );
    }

    #[test]
    fn a_read_only_folder_is_a_diagnostic_and_can_be_read() {
        let place = Place::new();
        place.run("a");
        let mut locked = place.lock();
        set_mode(&place.folder, 0o500);
        // Nothing is read-only for root: there, the test below is the one that checks this.
        if tempfile::tempfile_in(&place.folder).is_ok() {
            set_mode(&place.folder, 0o700);
            return;
        }
        let result = locked.write(track("b"), at(1));
        assert_eq!(place.store().read().unwrap().unwrap().serial, 1);
        set_mode(&place.folder, 0o700);
        insta::assert_snapshot!(place.report(&result.unwrap_err()), @r"
        [jumpbag::state::io] could not write the state `STATE/state.json`
        cause: Permission denied (os error 13)
        help: give your user the right to write there, or name another folder under `state` in the manifest
        ");
        assert_eq!(locked.document().serial, 1);
        assert_eq!(
            place.names(""),
            ["history", "lock", "lock.json", "state.json"]
        );
        locked.write(track("b"), at(1)).unwrap();
    }
    /// A cause that root meets, too.
    #[test]
    fn a_history_that_cannot_be_written_is_a_diagnostic_and_the_state_stays() {
        let place = Place::new();
        place.run("a");
        let mut locked = place.lock();
        let history = place.folder.join("history");
        fs::remove_dir_all(&history).unwrap();
        fs::File::create(&history).unwrap();
        let before = fs::read(place.folder.join("state.json")).unwrap();
        let error = locked.write(track("b"), at(1)).unwrap_err();
        insta::assert_snapshot!(place.report(&error), @r"
        [jumpbag::state::io] could not write the history's entry `STATE/history/1.json`
        cause: not a directory
        help: check the folder that `state` in the manifest names
        ");
        assert_eq!(locked.document().serial, 1);
        assert_eq!(fs::read(place.folder.join("state.json")).unwrap(), before);
        fs::remove_file(&history).unwrap();
        locked.write(track("b"), at(1)).unwrap();
        assert_eq!(place.store().read().unwrap().unwrap().serial, 2);
    }
}
