use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::Duration;

use jumpbag_emulator::Emulator;
use tokio_util::sync::CancellationToken;

use super::{Beginnings, Concurrency, Event, Listener, Outcome, Tools, run};
use crate::library::{Client, Identity, Retry, Settings, Timeouts};
use crate::model::{File, LibraryId, Name, Sha256};
use crate::plan::{Action, Change, LibraryPlan, Reason};
use crate::state::{Owner, Store};

const CONTENT: &[u8] = b"echo\n";

/// A library in an emulator, and a plan of ten creates.
struct Bench {
    folder: tempfile::TempDir,
    emulator: Emulator,
    plan: LibraryPlan,
}

impl Bench {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = jumpbag_emulator::Settings {
            data: folder.path().join("library"),
            limits: Vec::new(),
            ..jumpbag_emulator::Settings::default()
        };
        let emulator = jumpbag_emulator::start(settings).await.unwrap();
        let plan = LibraryPlan {
            library: LibraryId {
                name: "test".to_owned(),
                endpoint: emulator.url(),
                tenant_id: None,
            },
            lineage: None,
            serial: 0,
            refreshed: true,
            changes: (0..10).map(create).collect(),
            unmanaged: Vec::new(),
            left_out: 0,
            rollback: None,
            refusals: Vec::new(),
            calls: 10,
            seconds: 0,
        };
        Self {
            folder,
            emulator,
            plan,
        }
    }

    async fn run(&self, events: &mut Listener<'_>) -> Outcome {
        self.run_with(Arc::new(|_| true), events).await
    }

    async fn run_with(&self, beginnings: Arc<Beginnings>, events: &mut Listener<'_>) -> Outcome {
        let state = self.folder.path().join("state").try_into().unwrap();
        let store = Store::new(state);
        let locked = store.lock(&self.plan.library, owner(), Duration::ZERO);
        let mut locked = locked.await.unwrap();
        let contents = store.contents();
        contents.put(Sha256::of(CONTENT), CONTENT).unwrap();
        let stop = CancellationToken::new();
        let settings = settings(&self.emulator.url());
        let tools = Tools {
            client: Arc::new(Client::new(settings, stop.clone()).unwrap()),
            contents,
            sources: BTreeMap::new(),
            concurrency: Concurrency::exactly(4),
            beginnings,
            stop,
            now: || jiff::Timestamp::UNIX_EPOCH,
            request_id: uuid::Uuid::new_v4,
        };
        run(&self.plan, tools, &mut locked, events).await
    }
}

fn owner() -> Owner {
    Owner {
        id: String::new(),
        user: String::new(),
        host: String::new(),
        pid: 0,
        command: String::new(),
        since: jiff::Timestamp::UNIX_EPOCH,
        run_url: None,
    }
}

/// A client that no limit holds back.
fn settings(url: &str) -> Settings {
    Settings {
        endpoint: url.parse().unwrap(),
        limits: Vec::new(),
        ledger: None,
        retry: Retry::default(),
        identity: Identity::Token("hush".into()),
        http: crate::library::Http::new(Vec::new()).unwrap(),
        timeouts: Timeouts::default(),
        random: fastrand::Rng::with_seed(1),
        now: || jiff::Timestamp::UNIX_EPOCH,
    }
}

fn create(number: usize) -> Change {
    Change {
        name: Name::existing(format!("{number}.sh")),
        action: Action::Create,
        reasons: vec![Reason::New],
        renamed_from: None,
        before: None,
        after: Some(File {
            sha256: Sha256::of(CONTENT),
            size: Some(CONTENT.len() as u64),
            description: None,
            has_parameters: false,
            parameters_description: None,
        }),
        drifted: None,
        protect: false,
    }
}

/// Gives others, who must not do it, every chance to do it.
fn dawdle() {
    (0..2_000).for_each(|_| std::thread::yield_now());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_call_is_made_before_somebody_has_heard_of_it() {
    let bench = Arc::new(Bench::new().await);
    let begun = Arc::new(AtomicU64::new(0));
    let beginnings = {
        let (bench, begun) = (Arc::clone(&bench), Arc::clone(&begun));
        move |event: Event| {
            assert!(matches!(event, Event::Started { .. }));
            dawdle();
            let (made, begun) = (bench.emulator.calls().upload, begun.fetch_add(1, SeqCst));
            assert!(made <= begun, "{made} calls, {begun} were told");
            true
        }
    };
    let outcome = bench.run_with(Arc::new(beginnings), &mut |_| true).await;
    assert!(outcome.is_complete());
    assert_eq!(
        (begun.load(SeqCst), bench.emulator.calls().upload),
        (10, 10)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_nobody_could_hear_of_is_not_done() {
    let bench = Bench::new().await;
    let begun = Arc::new(AtomicU64::new(0));
    let beginnings = {
        let begun = Arc::clone(&begun);
        move |_| {
            dawdle();
            // The third start cannot be written.
            begun.fetch_add(1, SeqCst) < 2
        }
    };
    let mut left = 0;
    let mut listener = |event: Event| {
        left += usize::from(matches!(event, Event::NotTried { .. }));
        true
    };
    let outcome = bench.run_with(Arc::new(beginnings), &mut listener).await;
    // One that was begun may have been stopped before its call.
    let done = outcome.done.len();
    assert!(done <= 2 && bench.emulator.calls().upload == done as u64);
    assert_eq!((outcome.not_tried.len(), left), (10 - done, 10 - done));
    assert_eq!(begun.load(SeqCst), 3);
}

/// Were each change to wait for the state that knows the one before, there would be about as many states as changes.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nobody_waits_for_a_state_to_be_written() {
    let bench = Bench::new().await;
    let (mut began_before, begun) = (Vec::new(), Arc::new(AtomicU64::new(0)));
    let beginnings = {
        let begun = Arc::clone(&begun);
        move |_| {
            begun.fetch_add(1, SeqCst);
            true
        }
    };
    let mut listener = |_| {
        // The first that is told as done holds the others up until all are begun, or for good.
        let all_begun = || {
            std::thread::yield_now();
            begun.load(SeqCst) == 10
        };
        (0..5_000_000).any(|_| all_begun());
        began_before.push(begun.load(SeqCst));
        true
    };
    let outcome = bench.run_with(Arc::new(beginnings), &mut listener).await;
    assert!(outcome.is_complete());
    assert_eq!(began_before, [10; 10]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_is_told_as_done_is_in_the_state_with_that_serial() {
    let bench = Bench::new().await;
    let path = bench.folder.path().join("state/state.json");
    let mut listener = |event: Event| {
        if let Event::Done {
            name, serial, sent, ..
        } = event
        {
            let state: serde_json::Value =
                serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
            assert_eq!(state["serial"], serial);
            assert!(state["files"].get(name.as_str()).is_some(), "{name}");
            assert_eq!(sent.len(), 1);
        }
        true
    };
    assert!(bench.run(&mut listener).await.is_complete());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_agrees_is_recorded_once_its_content_is_kept() {
    let mut bench = Bench::new().await;
    let agrees = |name: &str, content: &[u8]| {
        let mut change = create(0);
        change.name = Name::existing(name.to_owned());
        change.action = Action::None;
        change.reasons = vec![Reason::Agrees];
        change.after.as_mut().unwrap().sha256 = Sha256::of(content);
        change
    };
    // Nobody has the content of the second, as if its source had changed since it was hashed.
    bench.plan.changes = vec![agrees("kept.sh", CONTENT), agrees("other.sh", b"other")];
    let outcome = bench.run(&mut |_| true).await;
    assert!(outcome.is_complete());
    insta::assert_snapshot!(outcome.warnings.join("\n"), @"`other.sh` is in the library as it is to be, but could not be recorded: no source has the content of `other.sh`");
    let path = bench.folder.path().join("state/state.json");
    let state: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let files: Vec<_> = state["files"].as_object().unwrap().keys().collect();
    assert_eq!(files, ["kept.sh"]);
    assert_eq!(bench.emulator.calls().upload, 0);
}
