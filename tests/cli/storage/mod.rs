//! A state on servers, as far as the network, the servers and the process allow.

mod faults;
mod killed;
mod proxy;
mod secrets;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::Command;
use std::{env, fs, thread};

use serde::Deserialize;

use crate::emulator::Emulator;
use crate::harness::{Run, World};

use proxy::Proxy;

/// What the files are from one round to the next.
const ONE: &[(&str, &str)] = &[("a.ps1", "a"), ("b.ps1", "one"), ("kept.ps1", "kept")];
const OTHER: &[(&str, &str)] = &[("b.ps1", "other"), ("c.ps1", "c"), ("kept.ps1", "kept")];

const APPLY: &[&str] = &["apply", "--auto-approve"];

/// Removes all that can be removed.
const PRUNE: &[&str] = &[
    "state",
    "gc",
    "--keep",
    "1",
    "--older-than",
    "0s",
    "--prune",
];

/// One of the servers that `.ci/storage` starts.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Server {
    name: String,
    pub(crate) backend: String,
    /// A place in which nothing is.
    pub(crate) url: String,
    /// What a user would set.
    pub(crate) environment: BTreeMap<String, String>,
    /// The same for somebody who may only read; empty where the server knows no rights.
    #[serde(default)]
    reader: BTreeMap<String, String>,
    /// The same for somebody who may do all, by a signature in the URL; empty where the server knows none.
    #[serde(default)]
    writer: BTreeMap<String, String>,
}

/// A library and a state that is kept behind a proxy.
struct Far {
    world: World,
    emulator: Emulator,
    server: Server,
    proxy: Proxy,
}

/// All of them; without servers, the test fails.
pub(crate) fn servers() -> Vec<Server> {
    let path = env::var("JUMPBAG_TEST_SERVERS").expect("run by `.ci/storage`");
    let servers: Vec<Server> = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    assert!(servers.len() >= 3);
    servers
}

/// Does `test` with a place of its own on every server, which is called `place`.
fn with_each(place: &str, test: impl Fn(Far) + Sync) {
    thread::scope(|scope| {
        for server in servers() {
            let test = &test;
            scope.spawn(move || test(Far::new(server, place)));
        }
    });
}

impl Far {
    /// In the part of `server` that is called `place`. No file is there.
    fn new(server: Server, place: &str) -> Self {
        let world = World::in_memory();
        let emulator = world.emulator(&[]);
        let (_, endpoint) = server
            .environment
            .iter()
            .find(|(_, value)| value.starts_with("http://"))
            .unwrap();
        let address = endpoint.trim_start_matches("http://");
        let address = address.split('/').next().unwrap().to_owned();
        let proxy = Proxy::start(&address);
        let here = proxy.address().to_string();
        let server = Server {
            url: format!("{}/{place}", server.url),
            environment: behind(&server.environment, &address, &here),
            reader: behind(&server.reader, &address, &here),
            writer: behind(&server.writer, &address, &here),
            ..server
        };
        let far = Self {
            world,
            emulator,
            server,
            proxy,
        };
        far.manifest(&far.state(), &[]);
        far
    }

    /// What the manifest says about the state.
    fn state(&self) -> String {
        let Server { backend, url, .. } = &self.server;
        format!("backend: {backend}, url: '{url}'")
    }

    /// Writes a manifest whose state is `state`, with files of these names and contents.
    fn manifest(&self, state: &str, files: &[(&str, &str)]) {
        let endpoint = &self.emulator.url;
        let mut entries = String::new();
        for (name, content) in files {
            self.world.write(name, content);
            writeln!(entries, "- {{source: {name}}}").unwrap();
        }
        if files.is_empty() {
            entries.push_str("[]\n");
        }
        self.world.write(
            "jumpbag.yaml",
            format!(
                "version: 1\nlibraries: {{test: {{endpoint: '{endpoint}', limits: []}}}}\nstate: {{{state}}}\nfiles:\n{entries}"
            ),
        );
    }

    /// The same with the state on the server.
    fn files(&self, files: &[(&str, &str)]) {
        self.manifest(&self.state(), files);
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.world.command(args);
        command.envs(&self.server.environment);
        command
    }

    /// A figure for who runs the tests.
    #[expect(clippy::print_stdout, reason = "figures are for people")]
    fn report(&self, figure: &str) {
        println!("{}: {figure}", self.server.name);
    }

    #[must_use = "assert the exit code"]
    fn run(&self, args: &[&str]) -> Run {
        self.world.finish(&self.command(args).output().unwrap())
    }

    #[track_caller]
    fn expect(&self, code: i32, args: &[&str]) -> Run {
        let run = self.run(args);
        assert_eq!(run.code, Some(code), "{} {args:?}\n{run}", self.server.name);
        run
    }

    /// Removes the lock of a killed run, where there is one, as the diagnostic says.
    fn unlock(&self, args: &[&str]) {
        let run = self.run(args);
        if run.code != Some(5) {
            assert_eq!(run.code, Some(0), "{run}");
            return;
        }
        let words = run.stderr.split_whitespace();
        let id = words.skip_while(|word| *word != "unlock").nth(1);
        let id = id.unwrap_or_else(|| panic!("{run}"));
        self.expect(0, &["state", "unlock", id.trim_end_matches('`')]);
    }

    /// There is nothing to do: the library's files, as the service holds them, are those of the manifest, and the
    /// state says so.
    #[track_caller]
    fn assert_done(&self) {
        let plan = self.run(&["plan", "--detailed-exitcode"]);
        assert_eq!(plan.code, Some(0), "{plan}");
    }

    /// The same for `files`, and the state has their contents and no others' names.
    #[track_caller]
    fn assert_settled(&self, files: &[(&str, &str)]) {
        self.assert_done();
        for (name, content) in files {
            let kept = self.expect(0, &["restore", name, "-o", "-"]);
            assert_eq!(kept.stdout, *content);
        }
        let listed = self.expect(0, &["state", "list"]);
        let mut names: Vec<_> = files.iter().map(|(name, _)| *name).collect();
        names.sort_unstable();
        assert_eq!(listed.stdout.lines().collect::<Vec<_>>(), names);
    }
}

fn behind(
    environment: &BTreeMap<String, String>,
    old: &str,
    new: &str,
) -> BTreeMap<String, String> {
    let environment = environment.iter();
    environment
        .map(|(name, value)| (name.clone(), value.replace(old, new)))
        .collect()
}
