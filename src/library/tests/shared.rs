//! Several runs that share the limits of one library, as the service sees them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::gate::{Job, greedy, jobs, limit, limits, violated};
use crate::library::Ledger;
use crate::library::gate::Gate;
use crate::library::limiter::TRAVEL;
use crate::model::{Account, Booked, Calls, Limit};

/// One process: when it starts, what it sends, counted from then, and after how long it is killed.
#[derive(Clone, Debug)]
struct Script {
    starts: u64,
    jobs: Vec<Job>,
    killed: Option<u64>,
}

/// The accounts of all runs, as a file would keep them.
struct Books {
    accounts: Mutex<BTreeMap<usize, Account>>,
    /// How many turns were asked for, where every fourth is somebody else's.
    turns: Option<AtomicU32>,
    start: Instant,
    /// Times are kept as multiples of this, rounded up, in milliseconds.
    step: i64,
    /// By how much the wall clock is wrong.
    wrong: Mutex<SignedDuration>,
}

/// One run's way to them.
struct Handle {
    books: Arc<Books>,
    run: usize,
    killed: Arc<AtomicBool>,
}

impl Books {
    fn new(step: i64, is_busy: bool) -> Arc<Self> {
        Arc::new(Self {
            accounts: Mutex::default(),
            turns: is_busy.then(AtomicU32::default),
            start: Instant::now(),
            step,
            wrong: Mutex::default(),
        })
    }

    fn now(&self) -> Timestamp {
        let time = SignedDuration::try_from(self.start.elapsed()).unwrap();
        let start = Timestamp::from_second(1_790_000_000).unwrap();
        start + time + *self.wrong.lock().unwrap()
    }

    fn round(&self, calls: &mut Calls) {
        let step = self.step * 1_000_000;
        let up = calls.at.as_nanosecond() + i128::from(step) - 1;
        let rounded = up.div_euclid(step.into()) * i128::from(step);
        calls.at = Timestamp::from_nanosecond(rounded).unwrap();
    }
}

impl Ledger for Handle {
    fn now(&self) -> Timestamp {
        self.books.now()
    }

    fn is_far(&self) -> bool {
        false
    }

    fn turn(&self, turn: &mut dyn FnMut(&[Calls]) -> Account) -> Booked {
        if self.killed.load(Ordering::Relaxed) {
            return Booked::NotKept;
        }
        let turns = self.books.turns.as_ref();
        if turns.is_some_and(|turns| turns.fetch_add(1, Ordering::Relaxed) % 4 == 3) {
            return Booked::Busy;
        }
        let mut accounts = self.books.accounts.lock().unwrap();
        let others = accounts.iter().filter(|(run, _)| **run != self.run);
        let others: Vec<_> = others.flat_map(|(_, account)| account.calls()).collect();
        let mut account = turn(&others);
        for calls in account.made.iter_mut().chain(&mut account.reserved) {
            self.books.round(calls);
        }
        accounts.insert(self.run, account);
        Booked::Kept
    }
}

/// What was sent: when, and how long it was under way at the most; in milliseconds.
type Sent = Arc<Mutex<Vec<(u64, u64)>>>;

fn on_a_paused_clock<T>(play: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
        .block_on(play)
}

/// Sends what `script` says through a gate of its own.
async fn play(limits: Vec<Limit>, books: Arc<Books>, run: usize, script: Script, sent: Sent) {
    sleep(Duration::from_millis(script.starts)).await;
    let killed = Arc::new(AtomicBool::new(false));
    let handle = Handle {
        books: Arc::clone(&books),
        run,
        killed: Arc::clone(&killed),
    };
    let gate = Gate::new(limits, Some(Arc::new(handle)), CancellationToken::new());
    let gate = Arc::new(gate);
    let mut tasks = tokio::task::JoinSet::new();
    for job in script.jobs {
        let (gate, start, sent) = (Arc::clone(&gate), books.start, Arc::clone(&sent));
        tasks.spawn(async move {
            sleep(Duration::from_millis(job.comes)).await;
            let ((), pass) = gate.pass(|| async {}).await.unwrap();
            let travel = u64::try_from(TRAVEL.as_millis()).unwrap();
            let way = job.latency.unwrap_or(travel).min(travel);
            let now = u64::try_from(start.elapsed().as_millis()).unwrap();
            sent.lock().unwrap().push((now, way));
            if let Some(latency) = job.latency {
                if latency > 0 {
                    sleep(Duration::from_millis(latency)).await;
                }
                pass.answered();
            }
        });
    }
    let all = async { while tasks.join_next().await.is_some() {} };
    match script.killed {
        None => all.await,
        Some(time) => {
            let died = tokio::time::timeout(Duration::from_millis(time), all).await;
            killed.store(died.is_err(), Ordering::Relaxed);
        }
    }
}

/// What all runs send, in the order of sending.
fn play_all(limits: &[Limit], scripts: &[Script], step: i64) -> Vec<(u64, u64)> {
    on_a_paused_clock(async {
        let books = Books::new(step, true);
        let sent = Sent::default();
        let runs = scripts.iter().enumerate().map(|(run, script)| {
            play(
                limits.to_vec(),
                Arc::clone(&books),
                run,
                script.clone(),
                Arc::clone(&sent),
            )
        });
        futures_util::future::join_all(runs).await;
        let mut sent = sent.lock().unwrap().clone();
        sent.sort_unstable();
        sent
    })
}

/// Whether the service would see too many in a window, whenever they arrive.
fn is_violated(limits: &[Limit], sent: &[(u64, u64)], travel: &[f64]) -> Option<Limit> {
    let arrived = |jitter: &dyn Fn(usize) -> f64| {
        let arrivals = sent.iter().enumerate().map(|(index, (sent, way))| {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                clippy::cast_precision_loss,
                reason = "small positive numbers"
            )]
            let way = (*way as f64 * jitter(index)) as u64;
            sent + way
        });
        violated(limits, arrivals.collect())
    };
    arrived(&|_| 0.0)
        .or_else(|| arrived(&|_| 1.0))
        .or_else(|| arrived(&|index| travel[index % travel.len()]))
        .or_else(|| arrived(&|index| f64::from(u8::from(index % 2 == 0))))
}

fn scripts() -> impl Strategy<Value = Vec<Script>> {
    let latency = prop_oneof![Just(None), Just(Some(0)), (0_u64..600).prop_map(Some)];
    let starts = prop_oneof![Just(0_u64), 0_u64..4000];
    let killed = prop_oneof![Just(None), (0_u64..4000).prop_map(Some)];
    let script = (starts, jobs(latency), killed).prop_map(|(starts, jobs, killed)| Script {
        starts,
        jobs,
        killed,
    });
    proptest::collection::vec(script, 1..6)
}

/// Short windows, under which reservations outlive many of them, and long ones, under which they do not.
fn windows() -> impl Strategy<Value = Vec<Limit>> {
    let long = (1_u32..40, 1_u64..60_000).prop_map(|(calls, per)| limit(calls, per));
    prop_oneof![limits(), proptest::collection::vec(long, 1..3)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_runs_together_exceed_a_window_whoever_is_killed(
        limits in windows(),
        scripts in scripts(),
        step in prop_oneof![Just(1_i64), Just(100)],
        travel in proptest::collection::vec(0.0_f64..=1.0, 30),
    ) {
        let sent = play_all(&limits, &scripts, step);
        prop_assert_eq!(is_violated(&limits, &sent, &travel), None);
        // And none waits for ever.
        let survivors = scripts.iter().filter(|script| script.killed.is_none());
        let least: usize = survivors.map(|script| script.jobs.len()).sum();
        prop_assert!(sent.len() >= least);
    }

    #[test]
    fn a_run_that_is_alone_is_not_slowed_down(
        limits in windows(),
        jobs in jobs(Just(Some(0))),
    ) {
        let sent = one_after_the_other(&limits, std::slice::from_ref(&jobs));
        prop_assert_eq!(sent, greedy(&limits, &jobs));
    }

    #[test]
    fn a_run_goes_on_where_the_one_before_has_ended(
        limits in limits(),
        counts in proptest::collection::vec(1_usize..12, 2..5),
    ) {
        let job = Job { comes: 0, latency: Some(0) };
        let runs: Vec<_> = counts.iter().map(|count| vec![job; *count]).collect();
        let sent = one_after_the_other(&limits, &runs);
        prop_assert_eq!(sent, greedy(&limits, &runs.concat()));
    }

    #[test]
    fn no_wrong_time_of_day_stops_a_run_or_makes_it_exceed_a_window(
        limits in limits(),
        jobs in jobs(prop_oneof![Just(None), (0_u64..600).prop_map(Some)]),
        jumps in proptest::collection::vec((0_u64..2000, -100_000_i64..100_000), 1..6),
    ) {
        let script = Script { starts: 0, jobs, killed: None };
        let sent = on_a_paused_clock(async {
            let books = Books::new(100, false);
            let sent = Sent::default();
            let clock = Arc::clone(&books);
            let jumping = tokio::spawn(async move {
                for (after, seconds) in jumps {
                    sleep(Duration::from_millis(after)).await;
                    *clock.wrong.lock().unwrap() = SignedDuration::from_secs(seconds);
                }
            });
            play(limits.clone(), books, 0, script, Arc::clone(&sent)).await;
            jumping.abort();
            let mut sent = sent.lock().unwrap().clone();
            sent.sort_unstable();
            sent
        });
        prop_assert_eq!(is_violated(&limits, &sent, &[0.5]), None);
    }
}

/// When runs send of which each starts as the one before ends, in order.
fn one_after_the_other(limits: &[Limit], runs: &[Vec<Job>]) -> Vec<u64> {
    on_a_paused_clock(async {
        let books = Books::new(1, false);
        let sent = Sent::default();
        for (run, jobs) in runs.iter().enumerate() {
            let script = Script {
                starts: 0,
                jobs: jobs.clone(),
                killed: None,
            };
            play(
                limits.to_vec(),
                Arc::clone(&books),
                run,
                script,
                Arc::clone(&sent),
            )
            .await;
        }
        let sent = sent.lock().unwrap();
        let mut sent: Vec<_> = sent.iter().map(|(sent, _)| *sent).collect();
        sent.sort_unstable();
        sent
    })
}

/// A gate that shares `books` as the run `run`.
fn shared(limits: &[Limit], books: &Arc<Books>, run: usize) -> Gate {
    let handle = Handle {
        books: Arc::clone(books),
        run,
        killed: Arc::default(),
    };
    let ledger = Some(Arc::new(handle) as Arc<dyn Ledger>);
    Gate::new(limits.to_vec(), ledger, CancellationToken::new())
}

fn account(books: &Books, run: usize) -> (usize, Option<u32>) {
    let accounts = books.accounts.lock().unwrap();
    let Account { made, reserved } = &accounts[&run];
    (made.len(), reserved.map(|calls| calls.calls))
}

#[tokio::test(start_paused = true)]
async fn a_run_reserves_one_call_then_ever_more_and_gives_the_rest_back() {
    let books = Books::new(1, false);
    let limits = [limit(100, 60_000)];
    let gate = shared(&limits, &books, 1);
    let mut seen = Vec::new();
    for _ in 0..34 {
        gate.pass(|| async {}).await.map(drop).unwrap();
        let account = account(&books, 1);
        if seen.last() != Some(&account) {
            seen.push(account);
        }
    }
    let expected = [(0, 1), (1, 2), (3, 4), (7, 8), (15, 16), (31, 16)];
    assert_eq!(
        seen,
        expected.map(|(made, reserved)| (made, Some(reserved)))
    );
    drop(gate);
    assert_eq!(account(&books, 1), (34, None));
}

#[tokio::test(start_paused = true)]
async fn what_another_has_reserved_is_waited_for_only_until_it_is_settled() {
    let books = Books::new(1, false);
    let limits = [limit(6, 600_000)];
    let first = shared(&limits, &books, 1);
    for _ in 0..4 {
        first.pass(|| async {}).await.map(drop).unwrap();
    }
    assert_eq!(account(&books, 1), (3, Some(3)), "two of them are left");
    let start = Instant::now();
    let second = shared(&limits, &books, 2);
    let call = second.pass(|| async {});
    tokio::pin!(call);
    let early = tokio::time::timeout(Duration::from_millis(2500), &mut call).await;
    assert!(early.is_err(), "all six are made or reserved");
    drop(first);
    call.await.map(drop).unwrap();
    assert_eq!(start.elapsed(), Duration::from_secs(3));
    assert_eq!(
        account(&books, 2),
        (0, Some(1)),
        "no more than it began with"
    );
}

#[tokio::test(start_paused = true)]
async fn a_machine_that_slept_does_not_use_an_old_reservation() {
    let books = Books::new(1, false);
    let gate = shared(&[limit(100, 60_000)], &books, 1);
    for _ in 0..2 {
        gate.pass(|| async {}).await.map(drop).unwrap();
    }
    assert_eq!(account(&books, 1), (1, Some(2)), "one of them is left");
    // Meanwhile the others have long counted it as made, and no longer do.
    *books.wrong.lock().unwrap() = SignedDuration::from_hours(1);
    gate.pass(|| async {}).await.map(drop).unwrap();
    assert_eq!(account(&books, 1), (2, Some(4)), "reserved anew");
}

/// A ledger that never works.
struct Broken(Booked);

impl Ledger for Broken {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    fn is_far(&self) -> bool {
        false
    }

    fn turn(&self, turn: &mut dyn FnMut(&[Calls]) -> Account) -> Booked {
        if self.0 == Booked::NotKept {
            let at = Timestamp::UNIX_EPOCH;
            turn(&[Calls { at, calls: 1 }]);
        }
        self.0
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_ledger_that_works_the_limits_hold_within_the_run() {
    // What could be read counts; who never has a turn goes on after two seconds.
    for (broken, expected) in [
        (Booked::NotKept, [0, 1000, 1000, 2000]),
        (Booked::Busy, [2000, 2000, 3000, 3000]),
    ] {
        let start = Instant::now();
        let ledger = Some(Arc::new(Broken(broken)) as Arc<dyn Ledger>);
        let gate = Gate::new(vec![limit(2, 1000)], ledger, CancellationToken::new());
        let mut sent = Vec::new();
        for _ in 0..4 {
            let ((), pass) = gate.pass(|| async {}).await.unwrap();
            pass.answered();
            sent.push(u64::try_from(start.elapsed().as_millis()).unwrap());
        }
        assert_eq!(sent, expected);
    }
}

/// That the proofs above can fail.
#[test]
fn runs_that_do_not_know_of_each_other_exceed_the_limits() {
    let limits = [limit(2, 1000)];
    let jobs = vec![
        Job {
            comes: 0,
            latency: Some(0)
        };
        2
    ];
    let alone = one_after_the_other(&limits, std::slice::from_ref(&jobs));
    let both = [alone.clone(), alone].concat();
    assert_eq!(violated(&limits, both), Some(limits[0]));
}
