//! The same on real servers: Azurite, an S3-compatible server, and what else `.ci/storage` starts.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, fs, thread};

use serde::Deserialize;

use crate::state::backend::{Backend, Condition, Fault, conformance};
use crate::state::place::RemotePlace;
use crate::state::{Error, Place};

use super::{Sha256, at, lock_as, owner, track};

/// The variable that names a JSON file with the servers.
const SERVERS: &str = "JUMPBAG_TEST_SERVERS";

#[derive(Clone, Debug, Deserialize)]
struct Server {
    name: String,
    /// A place in which nothing is.
    url: String,
    /// What a user would set.
    environment: BTreeMap<String, String>,
    /// The same for somebody who may only read; empty where the server knows no rights.
    #[serde(default)]
    reader: BTreeMap<String, String>,
    /// A place in which 10,000 entries are already; empty where there is none.
    #[serde(default)]
    seeded: String,
    /// A place in a container or bucket that is not there.
    nowhere: String,
}

impl Server {
    fn place(url: &str, environment: &BTreeMap<String, String>) -> RemotePlace {
        let secret = |(name, value): (String, String)| (name, value.into());
        let environment = environment.clone().into_iter().map(secret).collect();
        let place = Place::remote(url, environment, || at(0)).unwrap();
        place.into_remote().unwrap()
    }

    fn new_place(&self) -> RemotePlace {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let url = format!("{}/{}-{number}", self.url, std::process::id());
        Self::place(&url, &self.environment)
    }

    fn backend(&self) -> Box<dyn Backend> {
        Box::new(self.new_place().backend("a b"))
    }
}

/// Does `test` with every server; without servers, it fails.
fn with_each(test: impl Fn(&Server) + Sync) {
    #[expect(
        clippy::disallowed_methods,
        reason = "the script that starts the servers passes it"
    )]
    let path = env::var(SERVERS).expect("run by `.ci/storage`, which starts the servers");
    let servers: Vec<Server> = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    assert!(servers.len() >= 3);
    thread::scope(|scope| {
        for server in &servers {
            let test = &test;
            scope.spawn(move || {
                test(server);
                println!("{}", server.name);
            });
        }
    });
}

#[test]
#[ignore = "needs the servers that `.ci/storage` starts"]
fn every_server_does_what_a_backend_has_to() {
    with_each(|server| conformance::all(&|| server.backend()));
}

#[test]
#[ignore = "needs the servers that `.ci/storage` starts"]
fn ten_thousand_entries_are_listed() {
    with_each(|server| match server.seeded.rsplit_once('/') {
        Some((url, prefix)) => {
            let place = Server::place(url, &server.environment);
            conformance::they_are_listed(&place.backend(prefix));
        }
        None => conformance::ten_thousand_entries_are_listed(&*server.backend()),
    });
}

#[test]
#[ignore = "needs the servers that `.ci/storage` starts"]
fn writers_on_a_server_lose_no_write_and_no_content() {
    with_each(|server| {
        let store = server.new_place().library();
        let year = std::time::Duration::from_hours(365 * 24);
        thread::scope(|scope| {
            for writer in 0..4 {
                let store = &store;
                scope.spawn(move || {
                    for write in 0..3 {
                        let mut locked = lock_as(store, owner(writer), year).unwrap();
                        let name = format!("{writer}.{write}");
                        let sha256 = Sha256::of(name.as_bytes());
                        store.contents().put(sha256, name.as_bytes()).unwrap();
                        locked.write(track(&name), at(0)).unwrap();
                        locked.finish().unwrap();
                    }
                });
            }
        });
        let document = store.read().unwrap().unwrap();
        assert_eq!((document.serial, document.files.len()), (12, 12));
        assert_eq!(store.history().unwrap(), (1..=12).collect::<Vec<_>>());
        for (name, tracked) in &document.files {
            let content = store.contents().read(tracked.file.sha256, 100).unwrap();
            assert_eq!(content.unwrap(), name.as_str().as_bytes());
        }
    });
}

#[test]
#[ignore = "needs the servers that `.ci/storage` starts"]
fn who_may_only_read_reads_and_is_told_that_he_may_not_write() {
    with_each(|server| {
        if server.reader.is_empty() {
            return;
        }
        let place = server.new_place();
        let backend = place.backend("a");
        let put = backend.put("state.json", "{}".into(), Condition::New);
        put.unwrap();
        let url = backend.place("");
        let reader = Server::place(url.trim_end_matches("/a"), &server.reader);
        let reader = reader.backend("a");
        assert_eq!(reader.get("state.json").unwrap().unwrap().bytes, "{}");
        assert_eq!(reader.list("").unwrap().len(), 1);
        for condition in [Condition::Always, Condition::New] {
            let put = reader.put("other.json", "{}".into(), condition);
            assert!(matches!(put, Err(Fault::Denied(_))), "{put:?}");
        }
        let deleted = reader.delete("state.json");
        // Azurite says 500 to that, after which it is tried again for a while.
        assert!(deleted.is_err());
    });
}

#[test]
#[ignore = "needs the servers that `.ci/storage` starts"]
fn a_container_that_is_not_there_is_a_diagnostic() {
    with_each(|server| {
        let store = Server::place(&server.nowhere, &server.environment).library();
        let error = lock_as(&store, owner(1), std::time::Duration::ZERO).unwrap_err();
        let Error::Storage { help, .. } = &error else {
            panic!("{}: {error}", server.name);
        };
        assert!(
            help.starts_with("create the container"),
            "{help}: {error:?}"
        );
    });
}
