//! A run that is killed at any of its operations on the state's store: the next run completes its work.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::mpsc;

use std::sync::Arc;
use std::time::Duration;

use camino::Utf8PathBuf;
use jumpbag_emulator::Emulator;
use tokio_util::sync::CancellationToken;

use crate::apply::{Outcome, Tools, run};
use crate::gather::{self, Known};
use crate::library::{Client, Http, Identity, Retry, Settings, Timeouts};
use crate::model::{DesiredFile, File, LibraryId, Name, Policy, Selection, Sha256, Unmanaged};
use crate::state::{Death, Document, Mortal, Owner, Store};

/// A library, its state, and what it shall become.
struct World {
    folder: tempfile::TempDir,
    emulator: Emulator,
    leased: bool,
}

/// How a run ended.
enum End {
    Died,
    Finished(Outcome),
}

impl World {
    fn new(runtime: &tokio::runtime::Runtime, leased: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = jumpbag_emulator::Settings {
            data: folder.path().join("library"),
            limits: Vec::new(),
            ..jumpbag_emulator::Settings::default()
        };
        let emulator = runtime.block_on(jumpbag_emulator::start(settings));
        Self {
            folder,
            emulator: emulator.unwrap(),
            leased,
        }
    }

    fn path(&self, path: &str) -> Utf8PathBuf {
        self.folder.path().join(path).try_into().unwrap()
    }

    fn library(&self) -> LibraryId {
        LibraryId {
            name: "test".to_owned(),
            endpoint: self.emulator.url(),
            tenant_id: None,
        }
    }

    fn store(&self) -> (Arc<Mortal>, mpsc::Receiver<()>) {
        self.mortal(None)
    }

    fn mortal(&self, death: Option<Death>) -> (Arc<Mortal>, mpsc::Receiver<()>) {
        let (died, receiver) = mpsc::channel();
        (Mortal::new(self.path("state"), death, died), receiver)
    }

    /// The manifest's side: each name with its content, which is also written to a source.
    fn desired(&self, files: &[(&str, &str)]) -> BTreeMap<Name, DesiredFile> {
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
            };
            (Name::existing(*name), desired)
        };
        files.iter().map(of).collect()
    }

    /// One run of the program on a runtime of its own, which ends with it.
    fn run(&self, desired: &BTreeMap<Name, DesiredFile>, death: Option<Death>) -> (End, u32) {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let (mortal, died) = self.mortal(death);
        let killed = CancellationToken::new();
        let outcome = std::thread::scope(|scope| {
            let run = scope.spawn(|| {
                runtime.block_on(async {
                    let url = self.emulator.url();
                    let store = mortal.store(self.leased);
                    tokio::select! {
                        biased;
                        () = killed.cancelled() => None,
                        outcome = apply(store, self.library(), url, desired.clone()) => outcome,
                    }
                })
            });
            // Or it ended before that.
            let mut has_died = false;
            while !has_died && !run.is_finished() {
                has_died = died.try_recv().is_ok();
                std::thread::yield_now();
            }
            killed.cancel();
            mortal.bury();
            // What it says after its death nobody hears.
            run.join().unwrap().filter(|_| !has_died)
        });
        runtime.shutdown_background();
        (
            outcome.map_or(End::Died, End::Finished),
            mortal.operations(),
        )
    }

    /// What a person does about the lock of a run that is gone.
    fn unlock(&self) {
        if self.leased {
            self.store().0.store(true).unlock("the run").ok();
        }
    }

    /// The library's names and contents, as the service holds them.
    fn observed(&self, runtime: &tokio::runtime::Runtime) -> BTreeMap<Name, Sha256> {
        let observed = runtime.block_on(async { client(&self.emulator.url()).list().await });
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

fn client(url: &str) -> Client {
    let settings = Settings {
        endpoint: url.parse().unwrap(),
        limits: Vec::new(),
        ledger: None,
        retry: Retry::default(),
        identity: Identity::Token("hush".into()),
        http: Http::new(Vec::new()).unwrap(),
        timeouts: Timeouts::default(),
        random: fastrand::Rng::with_seed(1),
        now: || jiff::Timestamp::UNIX_EPOCH,
    };
    Client::new(settings, CancellationToken::new()).unwrap()
}

/// Locks, lists, plans and applies, as the command does. `None` where there is no lock to be had.
async fn apply(
    store: Store,
    library: LibraryId,
    url: String,
    desired: BTreeMap<Name, DesiredFile>,
) -> Option<Outcome> {
    let owner = Owner {
        id: "the run".to_owned(),
        user: String::new(),
        host: String::new(),
        pid: 0,
        command: String::new(),
        since: jiff::Timestamp::UNIX_EPOCH,
        run_url: None,
    };
    // Who dies at once gets no lock.
    let locked = store.lock(&library, owner, Duration::ZERO).await;
    let mut locked = locked.ok()?;
    let client = client(&url);
    let observed = client.list().await.unwrap();
    let document = Some(locked.document()).filter(|document| document.serial > 0);
    let sources = desired
        .iter()
        .map(|(name, desired)| (name.clone(), desired.source.clone()))
        .collect();
    let inputs = gather::join(Known {
        library,
        document,
        desired,
        observed: Some(observed),
        policy: Policy {
            unmanaged: Unmanaged::Keep,
            max_deletes: 10,
            selection: Selection::All,
            destroy: false,
            rollback: None,
        },
        limits: Vec::new(),
        spent: Vec::new(),
    });
    let part = crate::plan::plan(&inputs);
    assert!(part.refusals.is_empty(), "{:?}", part.refusals);
    let tools = Tools {
        client: Arc::new(client),
        contents: store.contents(),
        sources,
        concurrency: 2,
        stop: CancellationToken::new(),
        now: || jiff::Timestamp::UNIX_EPOCH,
        request_id: uuid::Uuid::new_v4,
    };
    Some(run(&part, tools, &mut locked, &mut |_| true).await)
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

fn contents(files: &[(&str, &str)]) -> BTreeMap<Name, Sha256> {
    let of =
        |(name, content): &(&str, &str)| (Name::existing(*name), Sha256::of(content.as_bytes()));
    files.iter().map(of).collect()
}

fn tracked(document: &Document) -> BTreeMap<Name, Sha256> {
    let files = document.files.iter();
    files
        .map(|(name, it)| (name.clone(), it.file.sha256))
        .collect()
}

/// Kills a run at its operation `death`; the next one completes. Returns whether the run came that far.
fn survives(runtime: &tokio::runtime::Runtime, leased: bool, death: Death) -> bool {
    let world = World::new(runtime, leased);
    let (end, _) = world.run(&world.desired(BEFORE), None);
    assert!(matches!(end, End::Finished(outcome) if outcome.is_complete()));
    let desired = world.desired(AFTER);

    let (end, operations) = world.run(&desired, Some(death));
    if let End::Finished(outcome) = end {
        assert!(outcome.is_complete() && operations <= death.at);
        return false;
    }
    // Whoever only reads finds one of the states that were written.
    let (mortal, _died) = world.store();
    let document = mortal.store(leased).read().unwrap().unwrap();
    let between: BTreeSet<_> = [contents(BEFORE), contents(AFTER)].concat_all();
    assert!(
        tracked(&document)
            .into_iter()
            .all(|it| between.contains(&it))
    );

    world.unlock();
    let (end, _) = world.run(&desired, None);
    assert!(
        matches!(&end, End::Finished(outcome) if outcome.is_complete()),
        "{death:?}"
    );
    let store = mortal.store(leased);
    let document = store.read().unwrap().unwrap();
    assert_eq!(tracked(&document), contents(AFTER), "{death:?}");
    assert_eq!(world.observed(runtime), contents(AFTER), "{death:?}");
    assert!(document.pending.is_empty(), "{death:?}");
    // Every content that anything refers to is there, and there is nothing besides.
    let mut referred = BTreeSet::new();
    for serial in store.history().unwrap() {
        referred.extend(tracked(&store.read_serial(serial).unwrap()).into_values());
    }
    referred.extend(contents(AFTER).into_values());
    for sha256 in &referred {
        let content = store.contents().read(*sha256, 1 << 20).unwrap();
        assert!(content.is_some(), "{death:?}");
    }
    let names = |folder: &str| -> BTreeSet<_> {
        let entries = fs::read_dir(world.path(folder)).unwrap();
        let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name();
        entries
            .map(|entry| name(entry).into_string().unwrap())
            .collect()
    };
    let objects: BTreeSet<_> = referred.iter().map(ToString::to_string).collect();
    assert_eq!(names("state/objects"), objects, "{death:?}");
    let known = ["history", "lock", "lock.json", "lock.lock", "objects"];
    let known: BTreeSet<_> = known
        .into_iter()
        .chain(["state.json", "state.lock"])
        .collect();
    let unknown = names("state");
    assert!(
        unknown.iter().all(|name| known.contains(name.as_str())),
        "{unknown:?}"
    );
    true
}

trait ConcatAll {
    fn concat_all(self) -> BTreeSet<(Name, Sha256)>;
}

impl ConcatAll for [BTreeMap<Name, Sha256>; 2] {
    fn concat_all(self) -> BTreeSet<(Name, Sha256)> {
        self.into_iter().flatten().collect()
    }
}

/// Every operation of a run, before it and after it.
fn survives_all(leased: bool) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for after in [false, true] {
        let came_so_far = |at: &u32| survives(&runtime, leased, Death { at: *at, after });
        let operations = (0..1_000).take_while(came_so_far).count();
        assert!(operations > 15, "only {operations} operations");
    }
}

#[test]
fn a_run_that_is_killed_at_any_operation_on_its_folder_is_completed_by_the_next() {
    survives_all(false);
}

#[test]
fn a_run_that_is_killed_at_any_operation_on_an_object_store_is_completed_by_the_next() {
    survives_all(true);
}
