//! A library, a state and a manifest that are put back before each case.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use super::{Case, Outcome};
use crate::harness::{Run, World, digest};
use crate::stranger::{Call, Entry, Request, Server};

/// Names with contents.
type Files = BTreeMap<&'static str, &'static str>;

/// More than a run needs, and less than what it may be sent.
const MEMORY_KB: u64 = 768 * 1024;

const STATE: &str = ".jumpbag/test/state.json";

/// A server, and the world of a user.
pub(super) struct Bench {
    world: World,
    server: Server,
    /// The library and the folder of the state before each case.
    library: BTreeMap<String, Entry>,
    state: Vec<(PathBuf, Vec<u8>)>,
}

pub(super) fn before() -> Files {
    [
        ("deleted.sh", "delete me"),
        ("kept.sh", "keep me"),
        ("updated.sh", "before"),
    ]
    .into()
}

pub(super) fn after() -> Files {
    [
        ("created.sh", "create me"),
        ("kept.sh", "keep me"),
        ("updated.sh", "after"),
    ]
    .into()
}

/// The digests of `files`.
fn digests(files: &Files) -> BTreeMap<String, String> {
    let digest = |(name, content): (&&str, &&str)| ((*name).to_owned(), digest(content.as_bytes()));
    files.iter().map(digest).collect()
}

impl Bench {
    pub(super) fn new() -> Self {
        let mut bench = Self {
            world: World::in_memory(),
            server: Server::start(),
            library: BTreeMap::new(),
            state: Vec::new(),
        };
        bench.want(&before());
        let run = bench.run(&[]);
        assert_eq!(run.code, Some(0), "{run}");
        bench.library = bench.server.files();
        let is_state = |(path, _): &(PathBuf, _)| path.starts_with(bench.world.path(".jumpbag"));
        bench.state = bench.world.files().into_iter().filter(is_state).collect();
        bench.want(&after());
        bench
    }

    /// Has the manifest ask for `files`.
    fn want(&self, files: &Files) {
        let entry = |(name, content): (&&str, &&str)| {
            self.world.write(&format!("files/{name}"), content);
            format!("  - source: files/{name}\n")
        };
        let entries: Vec<_> = files.iter().map(entry).collect();
        let url = self.server.url();
        let settings = format!(
            "    endpoint: {url}\n    auth: managed_identity\n    limits: [{{ calls: 1000, per: 1s }}]\n"
        );
        let manifest = format!(
            "version: 1\nlibraries:\n  test:\n{settings}files:\n{}",
            entries.concat()
        );
        self.world.write("jumpbag.yaml", manifest);
    }

    /// Applies, with little memory.
    fn run(&self, environment: &[(&str, &str)]) -> Run {
        let args = ["-q", "apply", "--auto-approve", "--concurrency", "1"];
        let command = self.world.command(&args);
        let mut limited = Command::new("sh");
        limited
            .args(["-c", &format!("ulimit -v {MEMORY_KB}; exec \"$0\" \"$@\"")])
            .arg(command.get_program())
            .args(command.get_args())
            .current_dir(command.get_current_dir().unwrap())
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("USER", "tester")
            .env(
                "IDENTITY_ENDPOINT",
                format!("{}/msi/token", self.server.url()),
            )
            .env("IDENTITY_HEADER", "a-secret-header")
            .envs(environment.iter().copied());
        let output = crate::running::Running::start(limited).end();
        self.world.finish(&output)
    }

    /// Puts everything back.
    fn put_back(&self) {
        self.server.come_back();
        self.server.serve();
        self.server.change(|files| files.clone_from(&self.library));
        fs::remove_dir_all(self.world.path(".jumpbag")).unwrap();
        for (path, content) in &self.state {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
    }

    /// What happens in `case`; an error where it is none of what may happen.
    pub(super) fn outcome(&self, case: &Case) -> Result<Outcome, String> {
        self.put_back();
        if case.begins_without_server() {
            self.server.leave();
        }
        let mut script = case.script();
        self.server
            .script(move |request: &Request, _| script(request));
        let run = self.run(&[("JUMPBAG_TIMEOUT", "1s")]);
        let outcome = self.judge(&run)?;

        self.server.come_back();
        self.server.serve();
        self.server.take();
        let next = self.run(&[]);
        let is_settled =
            self.library() == digests(&after()) && self.tracked() == (digests(&after()), 0);
        if next.code != Some(0) || !is_settled {
            return Err(format!("it does not settle:\n{run}\nand then\n{next}"));
        }
        let calls = self.server.take();
        let is_quiet = calls
            .iter()
            .all(|request| matches!(request.call, Call::Token | Call::List));
        if outcome == Outcome::Done && !is_quiet {
            return Err(format!("it was not done:\n{run}\nand then\n{next}"));
        }
        Ok(outcome)
    }

    /// What a run made of the library and the state.
    fn judge(&self, run: &Run) -> Result<Outcome, String> {
        let (before, after) = (digests(&before()), digests(&after()));
        let (library, (tracked, pending)) = (self.library(), self.tracked());
        let wrong = |what: &str| Err(format!("{what}:\n{run}\n{library:#?}\n{tracked:#?}"));
        if run.stderr.contains("panicked") {
            return wrong("it panicked");
        }
        let between = |files: &BTreeMap<String, String>| {
            let is_known = |(name, digest): (&String, &String)| {
                before.get(name) == Some(digest) || after.get(name) == Some(digest)
            };
            files.iter().all(is_known) && files.contains_key("kept.sh")
        };
        if !between(&library) || !between(&tracked) {
            return wrong("it lost or made up something");
        }
        match run.code {
            Some(0) if library == after && tracked == after && pending == 0 => Ok(Outcome::Done),
            Some(0) => wrong("it said that it was done"),
            Some(1 | 3 | 4) if !run.stderr.contains("jumpbag::") => wrong("it did not say why"),
            Some(1 | 3 | 4) if library == before && tracked == before && pending == 0 => {
                Ok(Outcome::NothingChanged)
            }
            Some(3) => Ok(Outcome::SettledByTheNext),
            Some(1 | 4) => wrong("it changed something, and its exit code says that it did not"),
            _ => wrong("it ended in no way that it may"),
        }
    }

    fn library(&self) -> BTreeMap<String, String> {
        let files = self.server.files().into_iter();
        files.map(|(name, entry)| (name, entry.sha256)).collect()
    }

    /// What the state knows, and how much is pending.
    fn tracked(&self) -> (BTreeMap<String, String>, usize) {
        let state = self.world.json(STATE);
        let files = state["files"].as_object().unwrap().iter();
        let digest = |(name, file): (&String, &serde_json::Value)| {
            (name.clone(), file["sha256"].as_str().unwrap().to_owned())
        };
        let pending = state["pending"].as_object().map_or(0, serde_json::Map::len);
        (files.map(digest).collect(), pending)
    }
}
