//! Names that a library's machines could not carry, or not tell apart, and paths that no system takes.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::process::Command;

use super::{End, assert_refused, print_table, run_promptly};
use crate::harness::World;

const DEVICE: End = End::Refused("jumpbag::manifest::name_device");
const RESERVED: End = End::Refused("jumpbag::manifest::name_reserved");
const EDGE: End = End::Refused("jumpbag::manifest::name_edge");
const CONTROL: End = End::Refused("jumpbag::manifest::name_control");
const SEPARATOR: End = End::Refused("jumpbag::manifest::name_separator");
const DOTS: End = End::Refused("jumpbag::manifest::name_dots");
const TOO_LONG: End = End::Refused("jumpbag::manifest::name_too_long");
const DUPLICATE: End = End::Refused("jumpbag::manifest::duplicate_name");

/// Names, and whether a manifest can give them to a file.
const NAMES: &[(&str, End)] = &[
    ("CON", DEVICE),
    ("nul.ps1", DEVICE),
    ("Aux.tar.gz", DEVICE),
    ("PRN .txt", DEVICE),
    ("COM1.txt", DEVICE),
    ("lpt9", DEVICE),
    ("COM¹", DEVICE),
    ("COM0.txt", End::Done),
    ("COM10.txt", End::Done),
    ("CONSOLE.ps1", End::Done),
    ("console.con", End::Done),
    // A stream of the file `a`, which no listing shows.
    ("a:b", RESERVED),
    ("a.ps1::$DATA", RESERVED),
    ("C:a.ps1", RESERVED),
    ("a<b", RESERVED),
    ("a>b", RESERVED),
    ("a|b", RESERVED),
    ("a?b", RESERVED),
    ("a*b", RESERVED),
    ("a\"b", RESERVED),
    ("a.", EDGE),
    ("a.ps1 ", EDGE),
    (" a.ps1", EDGE),
    ("a\u{a0}", EDGE),
    ("a\u{7}b", CONTROL),
    ("a\nb", CONTROL),
    ("a\u{9b}b", CONTROL),
    ("a\0b", CONTROL),
    ("a/b", SEPARATOR),
    ("a\\b", SEPARATOR),
    ("..\\a", SEPARATOR),
    (".", DOTS),
    ("..", DOTS),
    // Look-alikes are other names; the lint about characters says so.
    ("ｎｕｌ.ps1", End::Done),
    ("a：b", End::Done),
    ("Prüfung 1.ps1", End::Done),
];

/// Two names for one library, and whether they may be there together.
const PAIRS: &[(&str, &str, End)] = &[
    ("a.ps1", "b.ps1", End::Done),
    ("Tool.ps1", "tool.PS1", DUPLICATE),
    ("PRÜFUNG.ps1", "prüfung.ps1", DUPLICATE),
    // `ü` in one code point, and in two: macOS takes them for one name.
    ("pr\u{fc}fung.ps1", "pru\u{308}fung.ps1", DUPLICATE),
    ("PR\u{dc}FUNG.ps1", "pru\u{308}fung.ps1", DUPLICATE),
    // `é` with two marks in either order.
    ("e\u{323}\u{301}.ps1", "e\u{301}\u{323}.ps1", DUPLICATE),
    ("\u{212b}.ps1", "\u{e5}.ps1", DUPLICATE),
    // No file system takes these for one.
    ("a.ps1", "ａ.ps1", End::Done),
    ("fi.ps1", "ﬁ.ps1", End::Done),
    ("a.ps1", "а.ps1", End::Done),
];

fn entry(name: &str) -> String {
    let name = serde_json::to_string(name).unwrap();
    // YAML takes these only as escapes.
    let name = name.replace('\u{9b}', "\\u009b");
    format!("  - source: files/a\n    name: {name}\n")
}

/// Applies a manifest with these entries, of which the first stands in the fifth line.
#[track_caller]
fn outcome(what: &str, entries: &str, end: End) -> String {
    let world = World::with_manifest(entries);
    world.write("files/a", "echo a\n");
    match end {
        End::Done => {
            let run = run_promptly(&world, &["apply", "--auto-approve"]);
            assert_eq!(run.code, Some(0), "{what}\n{run}");
            let again = run_promptly(&world, &["plan", "--detailed-exitcode"]);
            assert_eq!(again.code, Some(0), "{what}\n{again}");
            "applied".to_owned()
        }
        End::Refused(code) => {
            let run = run_promptly(&world, &["apply", "--auto-approve"]);
            assert_refused(&world, what, &run, code);
            format!("exit 1, {code}")
        }
    }
}

#[test]
fn a_name_that_some_machine_could_not_carry_is_refused() {
    let mut rows = Vec::new();
    for (name, end) in NAMES {
        let what = name.escape_default().to_string();
        let told = outcome(&what, &entry(name), *end);
        rows.push((format!("{name:?}"), told));
    }
    print_table("Names", &rows);
}

#[test]
fn a_name_has_no_more_bytes_than_file_systems_carry() {
    outcome("255", &entry(&"x".repeat(255)), End::Done);
    outcome("256", &entry(&"x".repeat(256)), TOO_LONG);
    outcome("254 in 127", &entry(&"é".repeat(127)), End::Done);
    outcome("256 in 128", &entry(&"é".repeat(128)), TOO_LONG);
}

#[test]
fn names_that_some_machine_could_not_tell_apart_are_refused() {
    let mut rows = Vec::new();
    for (one, other, end) in PAIRS {
        let what = format!("{} and {}", one.escape_default(), other.escape_default());
        let told = outcome(&what, &(entry(one) + &entry(other)), *end);
        rows.push((what, told));
    }
    print_table("Two names in one library", &rows);
}

/// The library may hold the other one: then it is the plan that is refused.
#[test]
fn a_name_that_differs_from_an_unmanaged_one_in_its_encoding_alone_is_refused() {
    let world = World::new();
    let emulator = world.emulator(&[]);
    world.write("theirs/pr\u{fc}fung.sh", "echo theirs\n");
    emulator.curl(&world.path("theirs/pr\u{fc}fung.sh"));
    world.write("files/a", "echo a\n");
    world.manifest(&emulator.url, &entry("pru\u{308}fung.sh"));
    let before = emulator.list();
    let run = run_promptly(&world, &["apply", "--auto-approve"]);
    assert_eq!(run.code, Some(4), "{run}");
    assert!(
        run.stdout.contains("differs only in encoding from"),
        "{run}"
    );
    assert_eq!(emulator.list(), before);
}

#[test]
fn a_file_whose_name_is_not_utf8_is_refused_where_a_glob_finds_it() {
    let world = World::with_manifest("  - source: files/*\n");
    world.write("files/a.sh", "echo a\n");
    let name = OsStr::from_bytes(b"caf\xe9.sh");
    fs::write(world.path("files").join(name), "echo\n").unwrap();
    let run = run_promptly(&world, &["apply", "--auto-approve"]);
    let code = "jumpbag::manifest::source_not_utf8";
    assert_refused(&world, "not UTF-8", &run, code);
}

#[test]
fn a_file_whose_own_name_is_reserved_is_refused_where_a_glob_finds_it() {
    for (name, code) in [
        ("a:b.ps1", "jumpbag::manifest::name_reserved"),
        ("con.ps1", "jumpbag::manifest::name_device"),
        ("a.ps1.", "jumpbag::manifest::name_edge"),
        ("a\u{1b}[2J.ps1", "jumpbag::manifest::name_control"),
    ] {
        let world = World::with_manifest("  - source: files/*\n");
        world.write(&format!("files/{name}"), "echo a\n");
        let run = run_promptly(&world, &["apply", "--auto-approve"]);
        assert_refused(&world, name, &run, code);
        assert!(!run.stderr.contains('\u{1b}'), "{run}");
    }
}

/// Longer than any system takes in one call.
#[test]
fn paths_that_are_too_long_are_refused_and_not_left_out() {
    let part = "d".repeat(200);
    let path = vec![part.as_str(); 25].join("/");
    let world = World::with_manifest(&format!("  - source: {path}/a.sh\n"));
    let run = run_promptly(&world, &["apply", "--auto-approve"]);
    let code = "jumpbag::manifest::source_missing";
    assert_refused(&world, "5000 bytes", &run, code);

    // It is really there, and only reached step by step.
    let world = World::with_manifest("  - source: deep/**/*.sh\n");
    world.write("deep/b.sh", "echo b\n");
    let made = Command::new("sh")
        .args([
            "-c",
            "set -e; cd deep; for nth in $(seq 25); do mkdir $0; cd -P $0; done; echo a > a.sh",
        ])
        .arg(&part)
        .current_dir(world.path(""))
        .status();
    assert!(made.unwrap().success());
    let run = run_promptly(&world, &["apply", "--auto-approve"]);
    let code = "jumpbag::manifest::glob_unreadable";
    assert_refused(&world, "a deep folder", &run, code);
}
