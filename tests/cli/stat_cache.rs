//! What is remembered of sources, and what a cache that lies can do.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::harness::{Run, World, digest};

const HEAD: &[u8] = b"jumpbag stat cache 1\n";
const RECORD: usize = 88;

/// The command in `world`, with its cache in there.
fn run(world: &World, args: &[&str]) -> Run {
    let mut command = world.command(args);
    command.env("JUMPBAG_CACHE_DIR", world.path("cache"));
    world.finish(&command.output().unwrap())
}

/// Where the cache of the manifest is.
fn cache(world: &World, manifest: &Path) -> PathBuf {
    let manifest = manifest.canonicalize().unwrap();
    let name = digest(manifest.to_str().unwrap().as_bytes());
    world.path(format!("cache/stat/{name}"))
}

fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
    let seal = Sha256::digest(&bytes);
    bytes.extend(seal);
    bytes
}

/// Has the cache say that the file `name` holds `content`.
fn lie(world: &World, name: &str, content: &[u8]) {
    let file = fs::metadata(world.path(name)).unwrap();
    let mut bytes = HEAD.to_vec();
    for number in [file.dev(), file.ino(), file.size()] {
        bytes.extend(number.to_le_bytes());
    }
    for number in [
        file.mtime(),
        file.mtime_nsec(),
        file.ctime(),
        file.ctime_nsec(),
    ] {
        bytes.extend(number.to_le_bytes());
    }
    bytes.extend(Sha256::digest(content));
    let path = cache(world, &world.path("jumpbag.yaml"));
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, sealed(bytes)).unwrap();
}

/// The digest that a plan has for its only file.
fn planned(world: &World, args: &[&str]) -> String {
    let args = [&["plan", "--no-refresh", "--json", "-"][..], args].concat();
    let plan = run(world, &args);
    let plan: serde_json::Value = serde_json::from_str(&plan.stdout).unwrap();
    let after = &plan["libraries"][0]["changes"][0]["after"];
    after["sha256"].as_str().unwrap().to_owned()
}

fn one_file(content: &str) -> World {
    let world = World::with_manifest("  - source: a.sh\n");
    world.write("a.sh", content);
    world
}

#[test]
fn what_is_remembered_is_not_read_unless_no_cache_is_said() {
    let world = one_file("echo true\n");
    let plan = ["plan", "--no-refresh"];
    world.expect(0, &["apply", "--auto-approve"]);
    lie(&world, "a.sh", b"echo lies\n");
    // It is only read because of what is remembered: to be looked at before it is uploaded.
    let run = run(&world, &plan);
    assert!(
        run.stderr.starts_with("jumpbag::cli::source_changed"),
        "{run}"
    );
    let run = self::run(&world, &[&plan[..], &["--no-cache"]].concat());
    assert!(run.stdout.contains("No changes."), "{run}");
}

#[test]
fn a_touched_file_is_read() {
    let world = one_file("echo true\n");
    lie(&world, "a.sh", b"echo lies\n");
    // Not even its time of modification is another; the system's own note of the change is.
    let file = fs::File::options()
        .append(true)
        .open(world.path("a.sh"))
        .unwrap();
    file.set_modified(file.metadata().unwrap().modified().unwrap())
        .unwrap();
    assert_eq!(planned(&world, &[]), digest(b"echo true\n"));
}

#[test]
fn a_damaged_cache_is_ignored() {
    let world = one_file("echo true\n");
    lie(&world, "a.sh", b"echo lies\n");
    let path = cache(&world, &world.path("jumpbag.yaml"));
    let mut bytes = fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    for damaged in [&bytes[..], &bytes[..50], b"", HEAD] {
        fs::write(&path, damaged).unwrap();
        assert_eq!(planned(&world, &[]), digest(b"echo true\n"));
    }
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert_eq!(planned(&world, &[]), digest(b"echo true\n"));
}

/// What is sent is checked against the plan, so that a forged cache can stop an upload and make none of another content.
#[test]
fn a_cache_that_lies_puts_nothing_else_into_the_library() {
    let world = World::new();
    let emulator = world.emulator(&[]);
    world.write("a.sh", "echo true\n");
    world.manifest(&emulator.url, "  - source: a.sh\n");
    lie(&world, "a.sh", b"echo lies\n");
    let refused = run(&world, &["apply", "--auto-approve"]);
    assert_eq!(refused.code, Some(1), "{refused}");
    assert!(refused.stderr.contains("changed"), "{refused}");
    assert_eq!(emulator.digests().len(), 0);
    let done = run(&world, &["apply", "--auto-approve", "--no-cache"]);
    assert_eq!(done.code, Some(0), "{done}");
    assert_eq!(emulator.digests()["a.sh"], digest(b"echo true\n"));
}

/// The files of a checkout are older than what is too young to be remembered.
#[test]
fn what_was_read_is_remembered_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = World::new();
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/quickstart/jumpbag.yaml");
    let path = cache(&world, &manifest);
    let validate = ["validate", "-m", manifest.to_str().unwrap()];
    let valid = run(&world, &validate);
    assert_eq!(valid.code, Some(0), "{valid}");
    let bytes = fs::read(&path).unwrap();
    assert_eq!(bytes.len(), HEAD.len() + 5 * RECORD + 32);
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    // There is nothing new to be written.
    let before = fs::metadata(&path).unwrap().ino();
    run(&world, &validate);
    assert_eq!(fs::metadata(&path).unwrap().ino(), before);
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
}

#[test]
fn without_a_place_for_it_or_with_no_cache_nothing_is_remembered() {
    let world = one_file("echo true\n");
    world.expect(0, &["plan", "--no-refresh"]);
    run(&world, &["plan", "--no-refresh", "--no-cache"]);
    assert!(!world.path("cache").exists());
    let mut command = world.command(&["plan", "--no-refresh"]);
    // A relative one would be another in each folder.
    command
        .env("JUMPBAG_CACHE_DIR", "cache")
        .env("HOME", "home");
    assert!(command.output().unwrap().status.success());
    assert!(!world.path("cache").exists() && !world.path("home").exists());
}

#[test]
fn the_users_folders_are_found() {
    let world = one_file("echo true\n");
    for (variable, folder) in [
        ("XDG_CACHE_HOME", "xdg/jumpbag/stat"),
        ("HOME", "home/.cache/jumpbag/stat"),
    ] {
        let value = folder.split('/').next().unwrap();
        let mut command = world.command(&["plan", "--no-refresh"]);
        command.env(variable, world.path(value));
        assert!(command.output().unwrap().status.success());
        if cfg!(target_os = "linux") {
            assert!(world.path(folder).is_dir(), "{variable}");
        }
    }
}
