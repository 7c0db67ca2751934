//! A private folder, a scrubbed environment, and the binary in it.

use std::fmt;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

/// One test's world: a folder with a manifest, and nothing of the machine's environment.
pub(crate) struct World {
    folder: tempfile::TempDir,
}

/// What a run printed and how it ended; its `Display` is what snapshots hold.
#[must_use = "assert the exit code or snapshot the output"]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// A world whose library is served by the emulator inside each run.
    pub(crate) fn with_manifest(files: &str) -> Self {
        let world = Self::new();
        world.write("jumpbag.yaml", &manifest("emulator:.library", files));
        world
    }

    pub(crate) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file, and the folders above it.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// The command, ready to run here, with nothing of the test's own environment.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_jumpbag"));
        command
            .args(args)
            .current_dir(self.folder.path())
            .env_clear()
            .env("USER", "tester")
            .env("JUMPBAG_TOKEN", "a-secret-token")
            .stdin(Stdio::null());
        command
    }

    /// Runs it to its end.
    pub(crate) fn run(&self, args: &[&str]) -> Run {
        self.finish(&self.command(args).output().unwrap())
    }

    /// Runs it and expects the exit code `code`.
    #[track_caller]
    pub(crate) fn expect(&self, code: i32, args: &[&str]) -> Run {
        let run = self.run(args);
        assert_eq!(run.code, Some(code), "{run}");
        run
    }

    /// What a finished process printed, with this folder's path replaced.
    pub(crate) fn finish(&self, output: &Output) -> Run {
        let text = |bytes: &[u8]| {
            let text = String::from_utf8(bytes.to_vec()).unwrap();
            text.replace(self.folder.path().to_str().unwrap(), "[WORLD]")
        };
        Run {
            code: output.status.code(),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        }
    }

    /// Starts the emulator as a process of its own, with its data in `.library` of this world.
    pub(crate) fn emulator(&self, args: &[&str]) -> Emulator {
        let mut command = self.command(&["emulator", "--data", ".library"]);
        let mut child = command.args(args).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let url = line
            .trim()
            .strip_prefix("listening on ")
            .unwrap()
            .to_owned();
        Emulator { child, url }
    }
}

/// A manifest for the library `test` at `endpoint`, with `files` as its entries.
pub(crate) fn manifest(endpoint: &str, files: &str) -> String {
    format!("version: 1\nlibraries:\n  test:\n    endpoint: {endpoint}\nfiles:\n{files}")
}

/// An emulator process; it ends with this value.
pub(crate) struct Emulator {
    child: Child,
    pub(crate) url: String,
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = self
            .code
            .map_or("killed".to_owned(), |code| code.to_string());
        write!(
            f,
            "{}----- stderr\n{}----- exit code {code}\n",
            self.stdout, self.stderr
        )
    }
}
