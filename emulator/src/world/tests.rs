//! What the service does, and what of it survives.

use std::fs;

use tempfile::TempDir;

use super::*;
use crate::index::IndexError;

const HELLO: &str = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

fn world() -> (TempDir, World) {
    let folder = tempfile::tempdir().unwrap();
    let world = World::open(folder.path()).unwrap();
    (folder, world)
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

async fn received(world: &World, content: &[u8]) -> Received {
    let mut incoming = world.receive().unwrap();
    for piece in content.chunks(2) {
        incoming.add(piece).await.unwrap();
    }
    incoming.finish().await.unwrap()
}

fn named(name: &str) -> Upload {
    Upload {
        name: name.to_owned(),
        by: "someone".to_owned(),
        ..Upload::default()
    }
}

fn over(name: &str) -> Upload {
    Upload {
        override_if_exists: true,
        ..named(name)
    }
}

async fn put(world: &World, upload: Upload, content: &[u8], second: i64) -> Result<File, Refusal> {
    let content = received(world, content).await;
    world.put(content, upload, at(second))
}

/// The names in one of the data folder's folders.
fn names_in(folder: &Path, which: &str) -> Vec<String> {
    let entries = fs::read_dir(folder.join(which)).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn create(path: PathBuf, content: &str) {
    use std::io::Write as _;
    let mut file = fs::File::create(path).unwrap();
    file.write_all(content.as_bytes()).unwrap();
}

#[tokio::test]
async fn an_upload_is_listed_and_a_deletion_is_not() {
    let (folder, world) = world();
    let file = put(&world, named("b.ps1"), b"hello", 10).await.unwrap();
    assert_eq!((file.sha256.as_str(), file.size), (HELLO, 5));
    assert_eq!((file.created, file.updated), (at(10), at(10)));
    put(&world, named("B.ps1"), b"", 11).await.unwrap();
    let names: Vec<String> = world.list().into_iter().map(|file| file.name).collect();
    assert_eq!(names, ["B.ps1", "b.ps1"], "names differ by case");
    assert_eq!(fs::read(world.content("b.ps1").unwrap()).unwrap(), b"hello");
    world.delete("b.ps1").unwrap();
    assert!(matches!(
        world.delete("b.ps1"),
        Err(Refusal::NotFound { .. })
    ));
    assert_eq!(world.list().len(), 1);
    assert_eq!(names_in(folder.path(), "contents").len(), 1);
}

#[tokio::test]
async fn an_existing_name_is_overridden_only_when_asked() {
    let (folder, world) = world();
    let first = put(&world, named("a"), b"hello", 10).await.unwrap();
    let refused = put(&world, named("a"), b"other", 11).await;
    assert!(matches!(refused, Err(Refusal::Exists { name }) if name == "a"));
    assert_eq!(world.list(), [first]);
    assert_eq!(names_in(folder.path(), "contents"), [HELLO]);
    let by = "another".to_owned();
    let second = put(&world, Upload { by, ..over("a") }, b"other", 12)
        .await
        .unwrap();
    assert_eq!((second.created, second.updated), (at(10), at(12)));
    assert_eq!(second.created_by, "someone");
    assert_eq!(
        names_in(folder.path(), "contents"),
        [second.sha256],
        "the old content is gone"
    );
    assert!(names_in(folder.path(), "incoming").is_empty());
}

#[tokio::test]
async fn empty_strings_are_none() {
    let (_folder, world) = world();
    let upload = Upload {
        description: Some(String::new()),
        parameters_description: Some("-x".to_owned()),
        ..named("a")
    };
    let file = put(&world, upload, b"hello", 1).await.unwrap();
    assert_eq!(file.description, None);
    assert_eq!(file.parameters_description.as_deref(), Some("-x"));
    assert!(!file.has_parameters);
}

#[tokio::test]
async fn a_content_stays_as_long_as_a_name_has_it() {
    let (folder, world) = world();
    put(&world, named("a"), b"hello", 1).await.unwrap();
    put(&world, named("b"), b"hello", 2).await.unwrap();
    put(&world, over("b"), b"hello", 3).await.unwrap();
    world.delete("a").unwrap();
    assert_eq!(names_in(folder.path(), "contents"), [HELLO]);
    world.delete("b").unwrap();
    assert!(names_in(folder.path(), "contents").is_empty());
}

#[tokio::test]
async fn names_are_no_paths() {
    let (folder, world) = world();
    let long = "x".repeat(5000);
    for name in [
        "../../escape",
        "/etc/passwd",
        "..",
        "a\0b",
        "CON",
        "a\r\nb",
        "脚本",
        &long,
    ] {
        put(&world, named(name), b"hello", 1).await.unwrap();
    }
    assert_eq!(names_in(folder.path(), "contents"), [HELLO]);
    let before = world.list();
    drop(world);
    assert_eq!(World::open(folder.path()).unwrap().list(), before);
    let all = names_in(folder.path(), ".");
    assert_eq!(all, ["contents", "incoming", "index.json", "lock"]);
}

#[tokio::test]
async fn what_a_killed_process_left_is_tidied_up() {
    let (folder, world) = world();
    let file = put(&world, named("a"), b"hello", 1).await.unwrap();
    drop(world);
    let path = |name: &str| folder.path().join(name);
    // Half an index, half an upload, a content whose index was not written any more.
    create(
        path("incoming/jumpbag-emulator-half"),
        "{\"version\": 1, \"fil",
    );
    create(path("incoming/jumpbag-emulator-empty"), "");
    create(path("contents").join("0".repeat(64)), "nobody's");
    // Not ours.
    create(path("incoming/notes.txt"), "");
    create(path("contents/README"), "");
    let world = World::open(folder.path()).unwrap();
    assert_eq!(world.list(), [file]);
    assert_eq!(names_in(folder.path(), "incoming"), ["notes.txt"]);
    assert_eq!(names_in(folder.path(), "contents"), [HELLO, "README"]);
}

#[tokio::test]
async fn an_upload_that_breaks_off_leaves_nothing() {
    let (folder, world) = world();
    let mut incoming = world.receive().unwrap();
    incoming.add(b"hel").await.unwrap();
    assert_eq!(names_in(folder.path(), "incoming").len(), 1);
    drop(incoming);
    assert!(names_in(folder.path(), "incoming").is_empty());
}

#[tokio::test]
async fn a_change_that_cannot_be_written_is_not_made() {
    let (folder, world) = world();
    let file = put(&world, named("a"), b"hello", 1).await.unwrap();
    // A folder in the index's place lets no file be renamed over it.
    fs::remove_file(folder.path().join("index.json")).unwrap();
    fs::create_dir_all(folder.path().join("index.json/x")).unwrap();
    assert!(matches!(
        put(&world, named("b"), b"other", 2).await,
        Err(Refusal::Folder(_))
    ));
    assert!(matches!(world.delete("a"), Err(Refusal::Folder(_))));
    assert_eq!(world.list(), [file]);
    assert!(world.content("a").unwrap().is_file());
}

#[test]
fn indexes_that_are_not_ours_stop_the_start() {
    let entry = |sha256: &str, time: &str| {
        format!(
            r#"{{"name":"a","sha256":"{sha256}","size":5,"description":null,"has_parameters":false,
            "parameters_description":null,"created":"{time}","updated":"{time}","created_by":"x"}}"#
        )
    };
    let index = |entries: &str| format!(r#"{{"version":1,"files":[{entries}]}}"#);
    let good = entry(HELLO, "2019-10-24T10:54:23Z");
    let cases = [
        ("", "it is not an index"),
        ("{\"version\":1,\"files\":[", "it is not an index"),
        ("{\"version\":1}", "it is not an index"),
        (
            "{\"version\":2}",
            "its format is version 2, and this program knows version 1",
        ),
        (
            &index(&entry("../x", "2019-10-24T10:54:23Z")),
            "the entry `a` is damaged",
        ),
        (
            &index(&entry(HELLO, "yesterday")),
            "the entry `a` is damaged",
        ),
        (
            &index(&format!("{good},{good}")),
            "the entry `a` is damaged",
        ),
    ];
    for (text, expected) in cases {
        let folder = tempfile::tempdir().unwrap();
        create(folder.path().join("index.json"), text);
        let error = World::open(folder.path()).unwrap_err();
        assert!(error.to_string().starts_with("could not read the index `"));
        let StartError::Index { source, .. } = error else {
            panic!("{error}");
        };
        assert_eq!(source.to_string(), expected, "{text}");
        let malformed = matches!(source, IndexError::Malformed(_));
        assert_eq!(malformed, std::error::Error::source(&source).is_some());
        let kept = fs::read_to_string(folder.path().join("index.json")).unwrap();
        assert_eq!(kept, text, "it is left as it is");
    }
    let folder = tempfile::tempdir().unwrap();
    create(folder.path().join("index.json"), &index(&good));
    let error = World::open(folder.path()).unwrap_err();
    assert!(matches!(error, StartError::MissingContent { name, .. } if name == "a"));
}

#[tokio::test]
async fn a_folder_has_one_emulator() {
    let (folder, world) = world();
    put(&world, named("a"), b"hello", 1).await.unwrap();
    let content = received(&world, b"late").await;
    let error = World::open(folder.path()).unwrap_err();
    assert!(matches!(&error, StartError::Locked { path } if path == folder.path()));
    // A stopped world holds nothing, and changes nothing.
    world.stop();
    let next = World::open(folder.path()).unwrap();
    assert!(matches!(
        world.put(content, named("b"), at(2)),
        Err(Refusal::Stopped)
    ));
    assert!(matches!(world.delete("a"), Err(Refusal::Stopped)));
    assert_eq!(next.list().len(), 1);
    // Nor does stopping it again take the folder from its new owner.
    world.stop();
    drop(world);
    assert!(matches!(
        World::open(folder.path()),
        Err(StartError::Locked { .. })
    ));
}
