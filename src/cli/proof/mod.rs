//! What becomes of library and state when storage fails, lies, or the process dies.

mod killed;
mod model;
mod storage;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use camino::Utf8PathBuf;
use jumpbag_emulator::{Emulator, Fault};
use miette::Diagnostic;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use crate::apply::{Concurrency, Outcome, Tools, run};
use crate::gather::{self, Known};
use crate::library::{Client, Http, Identity, Retry, Settings, Timeouts};
use crate::model::{DesiredFile, File, LibraryId, Name, Policy, Selection, Sha256, Unmanaged};
use crate::state::{Document, Owner, Store};

/// What the manifest asks for.
type Desired = BTreeMap<Name, DesiredFile>;

/// Names with the digests of their contents.
type Digests = BTreeMap<Name, Sha256>;

/// A library, its state, and the sources of a manifest.
struct World {
    folder: tempfile::TempDir,
    /// It is there but between two of them.
    emulator: Option<Emulator>,
}

/// What a run is asked for.
#[derive(Clone)]
struct Wish {
    desired: Desired,
    selection: Selection,
    max_deletes: u64,
    /// The serial that the desired files are from, where they are not from sources.
    rollback: Option<u64>,
    /// How many changes are made at once.
    concurrency: usize,
}

impl Wish {
    fn new(desired: Desired, concurrency: usize) -> Self {
        Self {
            desired,
            selection: Selection::All,
            max_deletes: 10,
            rollback: None,
            concurrency,
        }
    }
}

/// Why there was no apply: the code of a diagnostic, and what it says.
type Stopped = (Option<String>, String);

fn stopped(error: &(impl Diagnostic + ?Sized)) -> Stopped {
    (error.code().map(|code| code.to_string()), error.to_string())
}

impl World {
    fn new(runtime: &Runtime) -> Self {
        Self::in_folder(runtime, folder())
    }

    fn in_folder(runtime: &Runtime, folder: tempfile::TempDir) -> Self {
        let mut world = Self {
            folder,
            emulator: None,
        };
        world.start(runtime, Vec::new());
        world
    }

    /// Starts the library, or starts it anew, with these faults.
    fn start(&mut self, runtime: &Runtime, faults: Vec<Fault>) {
        self.stop(runtime);
        let settings = jumpbag_emulator::Settings {
            data: self.folder.path().join("library"),
            limits: Vec::new(),
            faults,
            ..jumpbag_emulator::Settings::default()
        };
        let emulator = runtime.block_on(jumpbag_emulator::start(settings));
        self.emulator = Some(emulator.unwrap());
    }

    fn stop(&mut self, runtime: &Runtime) {
        if let Some(emulator) = self.emulator.take() {
            runtime.block_on(emulator.stop());
        }
    }

    fn url(&self) -> String {
        self.emulator.as_ref().unwrap().url()
    }

    fn path(&self, path: &str) -> Utf8PathBuf {
        self.folder.path().join(path).try_into().unwrap()
    }

    /// The names in a folder.
    fn names(&self, folder: &str) -> BTreeSet<String> {
        let entries = fs::read_dir(self.path(folder)).unwrap();
        let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name();
        entries
            .map(|entry| name(entry).into_string().unwrap())
            .collect()
    }

    /// The manifest's side: each name with its content, which is also written to a source.
    fn desired(&self, files: &[(&str, &str)]) -> Desired {
        let of = |(name, content): &(&str, &str)| {
            let source = self.path(name);
            fs::File::create(&source).unwrap();
            let mut file = fs::OpenOptions::new().write(true).open(&source).unwrap();
            std::io::Write::write_all(&mut file, content.as_bytes()).unwrap();
            let file = file_of(content);
            let desired = DesiredFile {
                file,
                source,
                adopt: false,
                protect: false,
                is_opaque: false,
                place: 0..0,
            };
            (Name::existing(*name), desired)
        };
        files.iter().map(of).collect()
    }

    /// The library's names and contents, as the service holds them.
    fn observed(&self, runtime: &Runtime) -> Digests {
        let observed = runtime.block_on(async { client(&self.url()).list().await });
        let all = observed.unwrap().into_iter();
        all.map(|(name, it)| (name, it.file.sha256)).collect()
    }
}

fn file_of(content: &str) -> File {
    File {
        sha256: Sha256::of(content.as_bytes()),
        size: Some(content.len() as u64),
        description: None,
        has_parameters: false,
        parameters_description: None,
    }
}

/// Made once: it reads the system's authorities.
static HTTP: LazyLock<Http> = LazyLock::new(|| Http::new(Vec::new()).unwrap());

fn client(url: &str) -> Client {
    let settings = Settings {
        endpoint: url.parse().unwrap(),
        limits: Vec::new(),
        ledger: None,
        retry: Retry {
            base: Duration::from_millis(1),
            ..Retry::default()
        },
        identity: Identity::Token("hush".into()),
        http: HTTP.clone(),
        timeouts: Timeouts::default(),
        random: fastrand::Rng::with_seed(1),
        now: || jiff::Timestamp::UNIX_EPOCH,
    };
    Client::new(settings, CancellationToken::new()).unwrap()
}

/// In the place of a code, where the plan is refused.
const REFUSED: &str = "refused";

/// Locks, lists, plans and applies, as the command does.
async fn apply(store: Store, url: String, wish: Wish) -> Result<Outcome, Stopped> {
    let library = LibraryId {
        name: "test".to_owned(),
        endpoint: "http://127.0.0.1:1".to_owned(),
        tenant_id: None,
    };
    let owner = Owner {
        id: "the run".to_owned(),
        user: String::new(),
        host: String::new(),
        pid: 0,
        command: String::new(),
        since: jiff::Timestamp::UNIX_EPOCH,
        run_url: None,
    };
    let locked = store.lock(&library, owner, Duration::ZERO).await;
    let mut locked = locked.map_err(|error| stopped(&error))?;
    let client = client(&url);
    let observed = client.list().await.map_err(|error| stopped(&error))?;
    let document = Some(locked.document()).filter(|document| document.serial > 0);
    let document = document.map(Cow::Borrowed);
    let sources = wish.desired.iter();
    let sources = sources.filter(|_| wish.rollback.is_none());
    let sources = sources
        .map(|(name, desired)| (name.clone(), desired.source.clone()))
        .collect();
    let inputs = gather::join(Known {
        library,
        document,
        desired: Arc::new(wish.desired),
        observed: Some(observed),
        policy: Policy {
            unmanaged: Unmanaged::Keep,
            max_deletes: wish.max_deletes,
            selection: wish.selection,
            destroy: false,
            rollback: wish.rollback,
        },
        limits: Vec::new(),
        spent: Vec::new(),
    });
    let part = crate::plan::plan(&inputs);
    if !part.refusals.is_empty() {
        return Err((Some(REFUSED.to_owned()), format!("{:?}", part.refusals)));
    }
    let tools = Tools {
        client: Arc::new(client),
        contents: store.contents(),
        sources,
        concurrency: Concurrency::exactly(wish.concurrency),
        beginnings: Arc::new(|_| true),
        stop: CancellationToken::new(),
        now: || jiff::Timestamp::UNIX_EPOCH,
        request_id: uuid::Uuid::new_v4,
    };
    Ok(run(&part, tools, &mut locked, &mut |_| true).await)
}

const BEFORE: &[(&str, &str)] = &[
    ("deleted.ps1", "deleted"),
    ("kept.ps1", "kept"),
    ("old-name.ps1", "renamed"),
    ("updated.ps1", "before"),
];

const AFTER: &[(&str, &str)] = &[
    ("created.ps1", "created"),
    ("kept.ps1", "kept"),
    ("new-name.ps1", "renamed"),
    ("updated.ps1", "after"),
];

fn contents(files: &[(&str, &str)]) -> Digests {
    let of =
        |(name, content): &(&str, &str)| (Name::existing(*name), Sha256::of(content.as_bytes()));
    files.iter().map(of).collect()
}

fn tracked(document: &Document) -> Digests {
    let files = document.files.iter();
    files
        .map(|(name, it)| (name.clone(), it.file.sha256))
        .collect()
}

/// What is in the folder of a state.
const KNOWN: [&str; 7] = [
    "history",
    "lock",
    "lock.json",
    "lock.lock",
    "objects",
    "state.json",
    "state.lock",
];

/// That the state is the one of AFTER and nothing but it and what it needs is left.
fn is_complete(world: &World, runtime: &Runtime, store: &Store) -> Result<(), String> {
    let document = store.read().unwrap().unwrap();
    if tracked(&document) != contents(AFTER) || !document.pending.is_empty() {
        return Err(format!("the state is not as it shall be: {document:?}"));
    }
    let observed = world.observed(runtime);
    if observed != contents(AFTER) {
        return Err(format!("the library is not as it shall be: {observed:?}"));
    }
    // Every content that anything refers to is there, and there is nothing besides.
    let mut referred = BTreeSet::new();
    for serial in store.history().unwrap() {
        referred.extend(tracked(&store.read_serial(serial).unwrap()).into_values());
    }
    referred.extend(contents(AFTER).into_values());
    for sha256 in &referred {
        if store.contents().read(*sha256, 1 << 20).unwrap().is_none() {
            return Err(format!("a content is lost: {sha256}"));
        }
    }
    let objects = world.names("state/objects");
    let wanted: BTreeSet<_> = referred.iter().map(ToString::to_string).collect();
    if objects != wanted {
        return Err(format!("contents are left: {objects:?}, not {wanted:?}"));
    }
    let names = world.names("state");
    if !names.iter().all(|name| KNOWN.contains(&name.as_str())) {
        return Err(format!("files are left: {names:?}"));
    }
    Ok(())
}

/// A folder in memory, where there is a place for it.
fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm")
        .or_else(|_| tempfile::tempdir())
        .unwrap()
}
