//! What every place that keeps states has to do, and what the callers rely on.

use std::error::Error as _;
use std::fs;
use std::io::Write as _;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use jiff::Timestamp;
use miette::Diagnostic as _;
use tempfile::TempDir;

use crate::model::{File, LibraryId, Name, Sha256, TrackedFile};

use super::document::Lock;
use super::{Document, Error, Locked, Owner, Store};

mod contents;
mod damage;
mod format;
mod history;
mod leases;
mod locks;
mod servers;
mod writes;

/// A prefix in a folder of its own, which does not exist yet.
struct Place {
    _parent: TempDir,
    folder: Utf8PathBuf,
}

impl Place {
    fn new() -> Self {
        let parent = tempfile::tempdir().unwrap();
        let folder = Utf8PathBuf::from_path_buf(parent.path().join("deep/contoso")).unwrap();
        Self {
            _parent: parent,
            folder,
        }
    }

    fn store(&self) -> Store {
        Store::new(self.folder.clone())
    }

    /// Locks without waiting.
    fn try_lock(&self) -> Result<Locked, Error> {
        lock_as(&self.store(), owner(1), Duration::ZERO)
    }

    fn lock(&self) -> Locked {
        self.try_lock().unwrap()
    }

    /// One run that tracks `name` and ends as it should.
    fn run(&self, name: &str) {
        let mut locked = self.lock();
        locked.write(track(name), at(0)).unwrap();
        locked.finish().unwrap();
    }

    fn text(&self, path: &str) -> String {
        fs::read_to_string(self.folder.join(path)).unwrap()
    }

    /// Replaces a file's bytes, as an editor would.
    fn put(&self, path: &str, bytes: impl AsRef<[u8]>) {
        let path = self.folder.join(path);
        overwrite(&path, bytes.as_ref());
    }

    /// The names in a folder of the prefix, in order.
    fn names(&self, folder: &str) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.folder.join(folder)) else {
            return Vec::new();
        };
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// An error as a person reads it, without what changes from run to run.
    fn report(&self, error: &Error) -> String {
        let mut lines = vec![format!("[{}] {error}", error.code().unwrap())];
        let mut cause = error.source();
        while let Some(next) = cause {
            lines.push(format!("cause: {next}"));
            cause = next.source();
        }
        lines.push(format!("help: {}", error.help().unwrap()));
        stable(&lines.join("\n")).replace(self.folder.as_str(), "STATE")
    }
}

/// Replaces a file's bytes, as an editor would.
pub(super) fn overwrite(path: &Utf8Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::remove_file(path).ok();
    fs::File::create(path).unwrap().write_all(bytes).unwrap();
}

/// The bytes of a `lock.json` that a killed run of `owner` left.
fn left_by(owner: Owner) -> Vec<u8> {
    let lock = Lock {
        owner,
        renewed: None,
        released: false,
    };
    super::format::write_lock(&lock).unwrap()
}

/// Locks on a clock that does not make the test wait.
fn lock_as(store: &Store, owner: Owner, timeout: Duration) -> Result<Locked, Error> {
    lock_for(store, &library(), owner, timeout)
}

fn lock_for(
    store: &Store,
    library: &LibraryId,
    owner: Owner,
    timeout: Duration,
) -> Result<Locked, Error> {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
        .block_on(store.lock(library, owner, timeout))
}

fn library() -> LibraryId {
    LibraryId {
        name: "contoso".into(),
        endpoint: "https://api.example".into(),
        tenant_id: Some("11111111-aaaa-0000-0000-000000000000".into()),
    }
}

fn owner(number: u32) -> Owner {
    Owner {
        id: format!("00000000-0000-4000-8000-{number:012}"),
        user: "alice".into(),
        host: "ws1".into(),
        pid: 4000 + number,
        command: "jumpbag apply".into(),
        since: at(0),
        run_url: None,
    }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + seconds).unwrap()
}

fn tracked(content: &str) -> TrackedFile {
    TrackedFile {
        file: File {
            sha256: Sha256::of(content.as_bytes()),
            size: Some(content.len() as u64),
            description: None,
            has_parameters: false,
            parameters_description: None,
        },
        protect: false,
    }
}

/// The change that tracks `name`, whose content is its name, with a lineage that is always the same.
fn track(name: &str) -> impl FnOnce(&mut Document) {
    let (name, file) = (Name::existing(name), tracked(name));
    move |document| {
        document.lineage = Some("lineage".into());
        document.files.insert(name, file);
    }
}

/// The text without digests and the version, which change when jumpbag is released.
fn stable(text: &str) -> String {
    let mut stable = String::new();
    for part in text.split_inclusive(|c: char| !c.is_ascii_hexdigit()) {
        let digits = part.trim_end_matches(|c: char| !c.is_ascii_hexdigit());
        let digits = if digits.len() == 64 { "HEX" } else { digits };
        stable.push_str(digits);
        stable.extend(part.chars().next_back().filter(|c| !c.is_ascii_hexdigit()));
    }
    stable.replace(&format!("\"{}\"", env!("CARGO_PKG_VERSION")), "\"VERSION\"")
}
