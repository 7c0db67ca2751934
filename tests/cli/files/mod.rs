//! Paths and files: what is read, what is written, and what neither may do.
//!
//! What needs no process is tested beside the code: the manifest's diagnostics in `manifest::tests::sources`, the state's
//! files in `state::conformance`, the lines of `--events` in `cli::events::sink`.

mod changing;
mod destinations;
mod disks;
mod leftovers;
mod names;
mod namespace;
mod sources;
mod written;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use crate::harness::{Run, World};
use crate::running::Running;

/// How a case ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// It is done.
    Done,
    /// It is refused with this code, and nothing is changed.
    Refused(&'static str),
}

/// Runs the command, which must not be held up by anything.
#[track_caller]
fn run_promptly(world: &World, args: &[&str]) -> Run {
    world.finish(&Running::start(world.command(args)).end())
}

/// The same, without the rights that let the superuser read and write whatever it wants. For other users it is
/// the same in any case.
#[track_caller]
fn run_without_privileges(world: &World, args: &[&str]) -> Run {
    world.finish(&Running::start(without_privileges(world, args)).end())
}

fn without_privileges(world: &World, args: &[&str]) -> Command {
    if !is_root() {
        return world.command(args);
    }
    let plain = world.command(&[]);
    let mut command = Command::new("setpriv");
    let without = "-dac_override,-dac_read_search,-fowner";
    command
        .args(["--bounding-set", without, "--inh-caps", without])
        .arg(plain.get_program())
        .args(args)
        .current_dir(plain.get_current_dir().unwrap())
        .env_clear()
        .stdin(std::process::Stdio::null());
    for (name, value) in plain.get_envs() {
        if let Some(value) = value {
            command.env(name, value);
        }
    }
    command.env("PATH", "/usr/bin:/bin:/usr/sbin:/sbin");
    command
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().unwrap();
    id.stdout == b"0\n"
}

/// Requires that `run` refused what the manifest says, at its place, and with what to do next.
#[track_caller]
fn assert_refused(world: &World, what: &str, run: &Run, code: &str) {
    assert_eq!(run.code, Some(1), "{what}\n{run}");
    assert!(
        run.stderr.contains(&format!("Error: {code}\n")),
        "{what}: {code}\n{run}"
    );
    assert!(
        run.stderr.contains("[jumpbag.yaml:"),
        "{what}: no place\n{run}"
    );
    assert!(run.stderr.contains("\n  help: "), "{what}: no help\n{run}");
    assert_eq!(run.stdout, "", "{what}");
    assert_untouched(world, what);
}

/// Requires that neither the library nor the state was begun.
#[track_caller]
fn assert_untouched(world: &World, what: &str) {
    for path in [".library/index.json", ".jumpbag"] {
        assert!(!world.path(path).exists(), "{what}: there is `{path}`");
    }
}

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// The nine bits of the file's mode.
#[track_caller]
fn mode(path: &Path) -> u32 {
    let metadata =
        fs::symlink_metadata(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    metadata.permissions().mode() & 0o777
}

fn mkfifo(path: &Path) {
    let made = Command::new("mkfifo").arg(path).status().unwrap();
    assert!(made.success());
}

/// The names in a folder, in order.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// Says that a test could not look: it is not to be taken for one that passed.
#[expect(
    clippy::print_stdout,
    reason = "a test that is left out has to be seen"
)]
fn left_out(what: &str, why: &str) {
    println!("LEFT OUT: {what}: {why}");
}

/// Prints how the cases of one table ended, for whoever asks with `--nocapture`.
#[expect(clippy::print_stdout, reason = "the table is for people")]
fn print_table(title: &str, rows: &[(String, String)]) {
    println!("\n{title}");
    for (case, end) in rows {
        println!("  {case:<58} {end}");
    }
}
