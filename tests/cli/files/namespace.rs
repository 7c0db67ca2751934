//! Mounts of a test's own, which nobody else sees: a small disk, a file system that is read-only, files of /proc.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::left_out;
use crate::harness::{Run, World};

/// A namespace with something mounted below a world; both end with this value.
pub(super) struct Namespace {
    keeper: Child,
    folder: PathBuf,
}

impl Namespace {
    /// Runs `mount`, a script, in the world's folder; `None`, and said, where this machine does not allow it.
    pub(super) fn new(world: &World, what: &str, mount: &str) -> Option<Self> {
        let script = format!("set -e; {mount}; echo mounted; exec cat");
        let keeper = Command::new("unshare")
            .args(["--map-root-user", "--mount", "sh", "-c", &script])
            .current_dir(world.path(""))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let Ok(mut keeper) = keeper else {
            left_out(what, "there is no `unshare`");
            return None;
        };
        let mut line = String::new();
        let stdout = keeper.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        if line != "mounted\n" {
            let output = keeper.wait_with_output().unwrap();
            let why = String::from_utf8_lossy(&output.stderr);
            left_out(what, why.trim());
            return None;
        }
        Some(Self {
            keeper,
            folder: world.path(""),
        })
    }

    /// The command, ready to run in there.
    fn command(&self, program: &Path, args: &[&str]) -> Command {
        let mut command = Command::new("nsenter");
        let process = self.keeper.id().to_string();
        command
            .args(["--user", "--mount", "--preserve-credentials", "--target"])
            .args([&process, "sh", "-c", "cd \"$0\" && exec \"$@\""])
            .arg(&self.folder)
            .arg(program)
            .args(args);
        command
    }

    /// Runs jumpbag in there.
    pub(super) fn run(&self, world: &World, args: &[&str]) -> Run {
        let plain = world.command(args);
        let mut command = self.command(Path::new(plain.get_program()), args);
        command.env_clear().stdin(Stdio::null());
        for (name, value) in plain.get_envs() {
            if let Some(value) = value {
                command.env(name, value);
            }
        }
        command.env("PATH", "/usr/bin:/bin:/usr/sbin:/sbin");
        world.finish(&command.output().unwrap())
    }

    /// Runs a script in there.
    #[track_caller]
    pub(super) fn sh(&self, script: &str) {
        let output = self.command(Path::new("sh"), &["-c", script]).output();
        let output = output.unwrap();
        assert!(output.status.success(), "{script}: {output:?}");
    }

    /// Where a path of the world is to be found from outside.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        let root = PathBuf::from(format!("/proc/{}/root", self.keeper.id()));
        root.join(self.folder.join(name).strip_prefix("/").unwrap())
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        // It may have ended by itself.
        self.keeper.kill().ok();
        self.keeper.wait().ok();
    }
}
