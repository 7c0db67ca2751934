//! Disks that are full or read-only, and files whose size says nothing about what they hold.

use std::fs;

use fastrand::Rng;

use super::namespace::Namespace;
use super::{names, print_table};
use crate::emulator::Emulator;
use crate::harness::{QUIET, World, digest};

const APPLY: &[&str] = &["apply", "--auto-approve", "--concurrency", "1"];
const OUT: &[&str] = &["plan", "--out", "disk/plan.json"];

/// A world whose state and plans are on a disk of 1 MiB, with one script applied and another to come.
fn world(what: &str) -> Option<(World, Emulator, Namespace)> {
    let world = World::new();
    fs::create_dir(world.path("disk")).unwrap();
    let mount = "mount -t tmpfs -o size=1m,mode=700 none disk";
    let namespace = Namespace::new(&world, what, mount)?;
    let emulator = world.emulator(&[]);
    let manifest = format!(
        "version: 1\nlibraries: {{test: {{endpoint: '{}', limits: []}}}}\nstate: {{path: disk/state}}\nfiles:\n- source: files/*\n{QUIET}",
        emulator.url
    );
    world.write("jumpbag.yaml", manifest);
    world.write("files/a.sh", "echo a\n");
    let first = namespace.run(&world, APPLY);
    assert_eq!(first.code, Some(0), "{first}");
    let plan = namespace.run(&world, OUT);
    assert_eq!(plan.code, Some(0), "{plan}");
    let mut random = Rng::with_seed(6);
    let noise: Vec<u8> = std::iter::repeat_with(|| random.u8(..))
        .take(48 << 10)
        .collect();
    world.write("files/b.bin", &noise);
    Some((world, emulator, namespace))
}

/// Leaves `free` pages of 4 KiB on the disk.
fn fill(namespace: &Namespace, free: u32) {
    namespace.sh(&format!(
        "rm -f disk/filler disk/spare; dd if=/dev/zero of=disk/spare bs=4096 count={free} 2>/dev/null; \
         dd if=/dev/zero of=disk/filler bs=4096 2>/dev/null || true; rm disk/spare"
    ));
}

/// The state's bytes, after requiring that they are whole, and that nothing half written is on the disk.
#[track_caller]
fn state(namespace: &Namespace, what: &str) -> Vec<u8> {
    let bytes = fs::read(namespace.path("disk/state/test/state.json")).unwrap();
    let parsed: Result<serde_json::Value, _> = serde_json::from_slice(&bytes);
    assert!(parsed.is_ok(), "{what}");
    for folder in [
        "",
        "state",
        "state/test",
        "state/test/history",
        "state/test/objects",
    ] {
        let names = names(&namespace.path(&format!("disk/{folder}")));
        let half = names.iter().find(|name| name.starts_with(".jumpbag"));
        assert_eq!(half, None, "{what}: {folder}");
    }
    bytes
}

/// With so little room that every one of its writes fails in some round.
#[test]
fn a_full_disk_loses_nothing_and_the_next_run_completes_it() {
    let Some((world, emulator, namespace)) = world("a full disk") else {
        return;
    };
    let before = state(&namespace, "before");
    let mut rows = Vec::new();
    for free in 0..24 {
        let what = format!("{} KiB free", free * 4);
        fill(&namespace, free);
        let run = namespace.run(&world, APPLY);
        let tracked = state(&namespace, &what);
        let is_there = emulator.names().contains(&"b.bin".to_owned());
        if run.code == Some(0) {
            rows.push((what, "applied".to_owned()));
            break;
        }
        let code = run
            .stderr
            .lines()
            .find(|line| line.starts_with("jumpbag::"));
        let code = code.unwrap_or_default().to_owned();
        assert_eq!(code, "jumpbag::state::io", "{what}\n{run}");
        assert!(
            run.unwrapped().contains("No space left on device"),
            "{what}\n{run}"
        );
        let exit = run.code.unwrap_or_default();
        match exit {
            1 => {
                assert!(
                    !is_there,
                    "{what}: exit 1 says that nothing was changed\n{run}"
                );
                assert_eq!(tracked, before, "{what}\n{run}");
            }
            3 => {}
            _ => panic!("{what}\n{run}"),
        }
        let sent = if is_there { "sent" } else { "not sent" };
        rows.push((what, format!("exit {exit}, {code}, {sent}")));
    }
    assert!(rows.len() > 2, "{rows:?}");
    namespace.sh("rm disk/filler");
    let run = namespace.run(&world, APPLY);
    assert_eq!(run.code, Some(0), "{run}");
    let content = fs::read(world.path("files/b.bin")).unwrap();
    assert_eq!(emulator.digests()["b.bin"], digest(&content));
    let again = namespace.run(&world, &["plan", "--detailed-exitcode"]);
    assert_eq!(again.code, Some(0), "{again}");
    state(&namespace, "after");
    print_table("An apply with the state on a full disk", &rows);
}

#[test]
fn a_plan_that_does_not_fit_on_the_disk_replaces_nothing() {
    let Some((world, _emulator, namespace)) = world("a full disk") else {
        return;
    };
    let before = fs::read(namespace.path("disk/plan.json")).unwrap();
    fill(&namespace, 0);
    for args in [OUT, &["plan", "--markdown", "disk/plan.md"]] {
        let run = namespace.run(&world, args);
        assert_eq!(run.code, Some(1), "{run}");
        assert!(run.stderr.starts_with("jumpbag::cli::write\n"), "{run}");
        assert!(run.stderr.contains("No space left on device"), "{run}");
    }
    assert_eq!(fs::read(namespace.path("disk/plan.json")).unwrap(), before);
    assert!(!namespace.path("disk/plan.md").exists());
    state(&namespace, "full");
    namespace.sh("rm disk/filler");
    let run = namespace.run(&world, OUT);
    assert_eq!(run.code, Some(0), "{run}");
    assert_ne!(fs::read(namespace.path("disk/plan.json")).unwrap(), before);
}

/// It can be planned from, and nothing is sent that could not be recorded.
#[test]
fn a_read_only_file_system_is_planned_from_and_not_applied_from() {
    let Some((world, emulator, namespace)) = world("a read-only file system") else {
        return;
    };
    namespace.sh("mount -o remount,bind,ro disk");
    let library = emulator.list();
    let plan = namespace.run(&world, &["plan", "--detailed-exitcode"]);
    assert_eq!(plan.code, Some(2), "{plan}");
    let list = namespace.run(&world, &["state", "list"]);
    assert_eq!(list.stdout, "a.sh\n", "{list}");
    for (args, code) in [(APPLY, "jumpbag::state::io"), (OUT, "jumpbag::cli::write")] {
        let run = namespace.run(&world, args);
        assert_eq!(run.code, Some(1), "{run}");
        assert!(run.stderr.starts_with(&format!("{code}\n")), "{run}");
        assert!(run.stderr.contains("Read-only file system"), "{run}");
        assert!(run.stderr.contains("\n  help: "), "{run}");
    }
    assert_eq!(emulator.list(), library);
    namespace.sh("mount -o remount,bind,rw disk");
    let run = namespace.run(&world, APPLY);
    assert_eq!(run.code, Some(0), "{run}");
    assert_eq!(emulator.names(), ["a.sh", "b.bin"]);
}

/// Their size is 0 by what the system says, as with files that a container's host puts into it.
#[test]
fn files_of_proc_are_what_is_read_from_them() {
    let cases: [(&str, i32, &str, &[&str]); 3] = [
        ("/proc/version", 0, "Applied to test: 1 created.", &["it"]),
        // Another one each time that it is read.
        (
            "/proc/sys/kernel/random/uuid",
            1,
            "jumpbag::cli::source_changed",
            &[],
        ),
        // As long as a process's memory could be.
        (
            "/proc/$$/pagemap",
            1,
            "jumpbag::manifest::source_too_large",
            &[],
        ),
    ];
    let mut rows = Vec::new();
    for (path, exit, said, held) in cases {
        let world = World::new();
        let emulator = world.emulator(&[]);
        world.manifest(&emulator.url, "  - source: it\n");
        world.write("it", "");
        let mount = format!("mount --bind {path} it");
        let Some(namespace) = Namespace::new(&world, path, &mount) else {
            continue;
        };
        assert_eq!(
            fs::metadata(namespace.path("it")).unwrap().len(),
            0,
            "{path}"
        );
        let run = namespace.run(&world, APPLY);
        assert_eq!(run.code, Some(exit), "{path}\n{run}");
        assert!(
            (run.stdout.clone() + &run.stderr).contains(said),
            "{path}\n{run}"
        );
        assert_eq!(emulator.names(), held, "{path}");
        rows.push((
            format!("{path}, mounted as a source"),
            format!("exit {exit}, {said}"),
        ));
    }
    print_table("Files of /proc", &rows);
}
