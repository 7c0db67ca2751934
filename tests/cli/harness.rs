//! A private folder, a scrubbed environment, and the binary in it.

use std::fmt::{self, Write as _};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;

use regex::Regex;

use crate::emulator::Emulator;
use crate::running::Running;

/// The token of every run; it must not be found anywhere afterwards.
pub(crate) const TOKEN: &str = "a-secret-token";

/// An endpoint where nobody listens. A port that was free a moment ago may be another test's by now; this one is
/// none that a system gives away.
pub(crate) const CLOSED: &str = "http://127.0.0.1:1";

/// One test's world: a folder with a manifest, and nothing of the machine's environment.
pub(crate) struct World {
    folder: tempfile::TempDir,
}

/// What a run printed and how it ended; its `Display` is what snapshots hold.
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

    /// A world in memory, where there is a place for it: for much writing that survives a killed process,
    /// and need not survive the machine.
    pub(crate) fn in_memory() -> Self {
        let memory = Path::new("/dev/shm");
        Self {
            folder: tempfile::tempdir_in(memory)
                .or_else(|_| tempfile::tempdir())
                .unwrap(),
        }
    }

    /// A world whose library is served by the emulator inside each run.
    pub(crate) fn with_manifest(files: &str) -> Self {
        let world = Self::new();
        world.manifest("emulator:.library", files);
        world
    }

    /// Writes the manifest of the library `test` at `endpoint`, with `files` as its entries.
    pub(crate) fn manifest(&self, endpoint: &str, files: &str) {
        self.write("jumpbag.yaml", manifest(endpoint, files));
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

    /// Replaces the one occurrence of `old` in a file.
    #[track_caller]
    pub(crate) fn edit(&self, name: &str, old: &str, new: &str) {
        let text = self.read(name);
        assert_eq!(text.matches(old).count(), 1, "`{old}` in:\n{text}");
        self.write(name, text.replace(old, new));
    }

    /// What the file holds as JSON.
    pub(crate) fn json(&self, name: &str) -> serde_json::Value {
        serde_json::from_str(&self.read(name)).unwrap()
    }

    /// The command, ready to run here, with nothing of the test's own environment.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_jumpbag"));
        command
            .args(args)
            .current_dir(self.folder.path())
            .env_clear()
            .env("USER", "tester")
            .env("JUMPBAG_TOKEN", TOKEN)
            .stdin(Stdio::null());
        // Without it, Windows has no sockets.
        if let Some(root) = std::env::var_os("SystemRoot") {
            command.env("SystemRoot", root);
        }
        command
    }

    /// Runs it to its end.
    #[must_use = "assert the exit code or snapshot the output"]
    pub(crate) fn run(&self, args: &[&str]) -> Run {
        self.finish(&self.command(args).output().unwrap())
    }

    /// Runs it and expects the exit code `code`.
    #[track_caller]
    pub(crate) fn expect(&self, code: i32, args: &[&str]) -> Run {
        let run = self.run(args);
        assert_eq!(run.code, Some(code), "{args:?}\n{run}");
        run
    }

    /// Starts it, to look on while it runs.
    pub(crate) fn start(&self, args: &[&str]) -> Running {
        Running::start(self.command(args))
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

    /// Starts the emulator as a process of its own, without limits and with its data in `.library`.
    pub(crate) fn emulator(&self, args: &[&str]) -> Emulator {
        self.emulator_in(".library", args)
    }

    /// The same, with its data in `data`.
    pub(crate) fn emulator_in(&self, data: &str, args: &[&str]) -> Emulator {
        let mut command = self.command(&["emulator", "--data", data, "--no-limit"]);
        command.args(args);
        let mut emulator = Emulator::start(command);
        emulator.ca = emulator.ca.take().map(|ca| self.path(ca));
        emulator
    }

    /// The same over TLS, with a login host that knows whom `directory` registers.
    pub(crate) fn emulator_of(&self, directory: &serde_json::Value, args: &[&str]) -> Emulator {
        self.write("entra.json", directory.to_string());
        let mut all = vec!["--tls", "--entra", "entra.json"];
        all.extend(args);
        self.emulator(&all)
    }

    /// Every file under this folder, with its path in it.
    pub(crate) fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut found = Vec::new();
        let mut folders = vec![self.folder.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    found.push((path.clone(), fs::read(path).unwrap()));
                }
            }
        }
        found
    }

    /// The names that `state list` prints.
    #[track_caller]
    pub(crate) fn state_list(&self) -> Vec<String> {
        let list = self.expect(0, &["state", "list"]);
        list.stdout.lines().map(str::to_owned).collect()
    }

    /// Checks the file `name` with the schema that `jumpbag schema` prints.
    #[track_caller]
    pub(crate) fn assert_obeys(&self, schema: &str, name: &str) {
        let printed = self.expect(0, &["schema", schema]).stdout;
        let validator = jsonschema::validator_for(&serde_json::from_str(&printed).unwrap());
        let document = self.json(name);
        if let Err(error) = validator.unwrap().validate(&document) {
            panic!("{name} is no {schema}: {error}\n{document:#}");
        }
    }
}

/// A manifest for the library `test` at `endpoint`, with `files` as its entries.
pub(crate) fn manifest(endpoint: &str, files: &str) -> String {
    format!("version: 1\nlibraries:\n  test:\n    endpoint: {endpoint}\nfiles:\n{files}{QUIET}")
}

/// What a manifest says at its end where scripts of a line are as good as any.
pub(crate) const QUIET: &str = "lints: {jumpbag::lint::no_description: allow, jumpbag::lint::shebang_missing: allow, jumpbag::lint::unsigned: allow}\n";

impl Run {
    /// The fingerprint that the plan's last line shows.
    #[track_caller]
    pub(crate) fn fingerprint(&self) -> &str {
        let line = self
            .stdout
            .lines()
            .find_map(|line| line.strip_prefix("Fingerprint: "));
        line.unwrap_or_else(|| panic!("no fingerprint in:\n{self}"))
    }

    /// Standard error with each diagnostic's wrapped lines joined: where they break depends on the
    /// machine's name and on numbers.
    pub(crate) fn unwrapped(&self) -> String {
        static BREAK: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\n  │ |\n {8}").unwrap());
        stable(&BREAK.replace_all(&self.stderr, " "))
    }
}

/// The sha256 of `bytes`, as the API spells it.
pub(crate) fn digest(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    let digest = sha2::Sha256::digest(bytes);
    digest.iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    })
}

/// `text` without what differs from run to run.
pub(crate) fn stable(text: &str) -> String {
    static VARYING: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
        [
            (r"https?://127\.0\.0\.1:\d+", "[URL]"),
            (r"\d{4}-\d\d-\d\dT[\d:.]+Z", "[TIME]"),
            (r"\bsha256:[0-9a-f]{64}", "sha256:[DIGITS]"),
            (r"\bserial \d+", "serial [N]"),
            (r"\bprocess \d+", "process [PID]"),
            (r"\bon `[^`]+`", "on `[HOST]`"),
            (r"\bby tester on \S+", "by tester on [HOST]"),
            (
                r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b",
                "[ID]",
            ),
        ]
        .map(|(pattern, name)| (Regex::new(pattern).unwrap(), name))
        .into()
    });
    let mut text = text.to_owned();
    for (pattern, name) in &*VARYING {
        text = pattern.replace_all(&text, *name).into_owned();
    }
    text
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = self
            .code
            .map_or("killed".to_owned(), |code| code.to_string());
        write!(
            f,
            "{}----- stderr\n{}----- exit code {code}\n",
            stable(&self.stdout),
            stable(&self.stderr)
        )
    }
}
