//! Scripts that this project did not write, byte for byte up and back as no change.
//!
//! They are found where a machine with Python and npm has them: the scripts of Python's venv, IDLE and
//! ctypes, and the launchers of npm, node-gyp and corepack.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::harness::World;

const MARK: &[u8] = b"\xef\xbb\xbf";

/// The signature block of a signed script: what follows is what Set-AuthenticodeSignature appends.
const SIGNATURE: &str = "# SIG # Begin signature block";

/// The output of a program that these tests need, without its last newline.
fn output(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).output();
    let output = output.unwrap_or_else(|error| panic!("these tests need {program}: {error}"));
    assert!(output.status.success(), "{program} {args:?}: {output:?}");
    String::from_utf8(output.stdout)
        .unwrap()
        .trim_end()
        .to_owned()
}

/// The real scripts of this machine, the same order every time.
fn scripts() -> Vec<PathBuf> {
    let python = output(
        "python3",
        &[
            "-c",
            "import os, venv; print(os.path.dirname(os.path.dirname(venv.__file__)))",
        ],
    );
    let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
    let npm = output(npm, &["root", "--global"]);
    let mut found = Vec::new();
    for folder in [
        Path::new(&python).join("venv/scripts"),
        Path::new(&python).join("idlelib"),
        Path::new(&python).join("ctypes"),
        Path::new(&npm).join("npm/bin"),
        Path::new(&npm).join("npm/node_modules/@npmcli"),
        Path::new(&npm).join("npm/node_modules/node-gyp"),
        Path::new(&npm).join("corepack/shims"),
    ] {
        collect(&folder, &mut found);
    }
    found.sort();
    found
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    // Not every installation has every folder; how many scripts there are in all is checked.
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            collect(&path, found);
        } else if is_script(&path) {
            found.push(path);
        }
    }
}

fn is_script(path: &Path) -> bool {
    let extension = path
        .extension()
        .unwrap_or_default()
        .to_str()
        .unwrap_or_default();
    match extension {
        "ps1" | "psm1" | "cmd" | "bat" | "sh" => true,
        // Shell scripts have no extension: `activate`, `npm`, `npx`.
        "" => {
            fs::read(path).is_ok_and(|bytes| bytes.starts_with(b"#!")) || path.ends_with("activate")
        }
        _ => false,
    }
}

/// What sha256sum, which is not ours, says of the files.
fn sha256sum(paths: &[PathBuf]) -> Vec<String> {
    let args: Vec<_> = paths.iter().map(|path| path.to_str().unwrap()).collect();
    let printed = output("sha256sum", &args);
    // A name with a backslash has its line begin with one.
    printed
        .lines()
        .map(|line| {
            line.trim_start_matches('\\')
                .split(' ')
                .next()
                .unwrap()
                .to_owned()
        })
        .collect()
}

/// Copies the scripts into the world, under names of their own, and says which digest each has at its origin.
fn copied(world: &World) -> BTreeMap<String, String> {
    let scripts = scripts();
    assert!(scripts.len() >= 8, "only these real scripts: {scripts:?}");
    let digests = sha256sum(&scripts);
    let mut expected = BTreeMap::new();
    for (number, (script, digest)) in scripts.iter().zip(digests).enumerate() {
        let name = format!(
            "{number:02}-{}",
            script.file_name().unwrap().to_str().unwrap()
        );
        world.write(&format!("real/{name}"), fs::read(script).unwrap());
        expected.insert(name, digest);
    }
    expected
}

/// Adds what no script of this machine has: a mark, a signature, CRLF. It is then one that is converted.
fn completed(world: &World, expected: &mut BTreeMap<String, String>) {
    let contents: Vec<_> = expected
        .keys()
        .map(|name| fs::read(world.path(format!("real/{name}"))).unwrap())
        .collect();
    let has = |test: &dyn Fn(&[u8]) -> bool| contents.iter().any(|content| test(content));
    let contains = |content: &[u8], text: &str| {
        content
            .windows(text.len())
            .any(|part| part == text.as_bytes())
    };
    let activate = expected
        .keys()
        .find(|name| name.ends_with("-Activate.ps1"))
        .unwrap();
    let activate = world.read(&format!("real/{activate}"));
    let unix = activate.replace("\r\n", "\n");
    let mut add = |name: &str, content: Vec<u8>| {
        let path = format!("real/{name}");
        world.write(&path, content);
        let digest = sha256sum(&[world.path(path)]).remove(0);
        expected.insert(name.to_owned(), digest);
    };
    if !has(&|content| content.starts_with(MARK)) {
        add("converted-mark.ps1", [MARK, unix.as_bytes()].concat());
    }
    if !has(&|content| contains(content, SIGNATURE)) {
        let block = "MIIFqwYJKoZIhvcNAQcCoIIFnDCCBZgCAQExDzANBglghkgBZQMEAgEFADB5Bgor";
        let signed = format!("{unix}\n{SIGNATURE}\n# {block}\n# SIG # End signature block\n");
        add("converted-signed.ps1", signed.replace('\n', "\r\n").into());
    }
    if !has(&|content| contains(content, "\r\n")) {
        add("converted-crlf.ps1", unix.replace('\n', "\r\n").into());
    }
    // PowerShell's own `Out-File` wrote this until version 6.
    let utf16 = unix.encode_utf16().flat_map(u16::to_le_bytes);
    add(
        "converted-utf16.ps1",
        [0xff, 0xfe].into_iter().chain(utf16).collect(),
    );
}

#[test]
fn real_scripts_go_up_byte_for_byte_and_come_back_as_no_change() {
    let world = World::new();
    let emulator = world.emulator(&[]);
    let mut expected = copied(&world);
    completed(&world, &mut expected);
    world.manifest(
        &emulator.url,
        "  - source: real/*\n    description: Not ours\n",
    );

    world.expect(0, &["validate"]);
    world.expect(0, &["apply", "--auto-approve"]);
    assert_eq!(emulator.digests(), expected);
    let again = world.expect(0, &["plan", "--detailed-exitcode"]);
    assert!(again.stdout.contains("\nNo changes. "), "{again}");

    // Not only what the emulator says of itself: the very bytes that it keeps, and the ones kept for rollback.
    let names: Vec<_> = expected.keys().collect();
    let stored = expected
        .values()
        .map(|digest| world.path(format!(".library/contents/{digest}")));
    let stored: Vec<_> = stored.collect();
    assert_eq!(
        sha256sum(&stored),
        expected.values().cloned().collect::<Vec<_>>()
    );
    for (name, stored) in names.iter().zip(stored) {
        let source = fs::read(world.path(format!("real/{name}"))).unwrap();
        assert_eq!(fs::read(stored).unwrap(), source, "{name}");
        let kept = world.path(format!(".jumpbag/test/objects/{}", expected[*name]));
        assert_eq!(
            zstd::decode_all(fs::File::open(kept).unwrap()).unwrap(),
            source,
            "{name}"
        );
    }
    assert!(world.state_list().iter().eq(names));
}

#[test]
fn a_change_of_nothing_but_line_ends_or_a_mark_is_a_change_and_named_as_such() {
    let world = World::new();
    let emulator = world.emulator(&[]);
    let real = scripts();
    let activate = real
        .iter()
        .find(|path| path.ends_with("Activate.ps1"))
        .unwrap();
    let unix = fs::read_to_string(activate).unwrap().replace("\r\n", "\n");
    world.write("Activate.ps1", &unix);
    world.write("marked.ps1", &unix);
    world.manifest(
        &emulator.url,
        "  - source: Activate.ps1\n  - source: marked.ps1\n",
    );
    world.expect(0, &["apply", "--auto-approve"]);
    world.write("Activate.ps1", unix.replace('\n', "\r\n"));
    world.write("marked.ps1", [MARK, unix.as_bytes()].concat());
    let plan = world.expect(2, &["plan", "--detailed-exitcode"]);
    assert!(plan.stdout.contains("line endings"), "{plan}");
    assert!(
        plan.stdout.contains("byte order mark") || plan.stdout.contains("BOM"),
        "{plan}"
    );
    world.expect(0, &["apply", "--auto-approve"]);
    world.expect(0, &["plan", "--detailed-exitcode"]);
    let digests = sha256sum(&[world.path("Activate.ps1"), world.path("marked.ps1")]);
    assert_eq!(
        emulator.digests().into_values().collect::<Vec<_>>(),
        digests
    );
}
