//! The gate against a brute-force model, on a clock that only moves when all sleep.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::library::gate::{Gate, Stopped};
use crate::library::limiter::TRAVEL;
use crate::model::Limit;

/// One request: when it comes to the gate, and how long its answer takes; all in milliseconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Job {
    pub(super) comes: u64,
    /// `None`: never answered.
    pub(super) latency: Option<u64>,
}

pub(super) fn limit(calls: u32, per: u64) -> Limit {
    Limit {
        calls,
        per: Duration::from_millis(per),
    }
}

/// When each job is sent, in milliseconds.
fn play(limits: &[Limit], jobs: &[Job]) -> Vec<u64> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let gate = Arc::new(Gate::new(limits.to_vec(), None, CancellationToken::new()));
        let start = Instant::now();
        let tasks: Vec<_> = jobs
            .iter()
            .map(|job| {
                let (job, gate) = (*job, Arc::clone(&gate));
                tokio::spawn(async move {
                    sleep(Duration::from_millis(job.comes)).await;
                    let ((), pass) = gate.pass(|| async {}).await.unwrap();
                    let sent = start.elapsed();
                    if let Some(latency) = job.latency {
                        if latency > 0 {
                            sleep(Duration::from_millis(latency)).await;
                        }
                        pass.answered();
                    }
                    u64::try_from(sent.as_millis()).unwrap()
                })
            })
            .collect();
        let mut sent = Vec::new();
        for task in tasks {
            sent.push(task.await.unwrap());
        }
        sent
    })
}

/// When they are sent if every request is sent in the first millisecond in which all windows allow it.
pub(super) fn greedy(limits: &[Limit], jobs: &[Job]) -> Vec<u64> {
    let mut waiting: Vec<u64> = jobs.iter().map(|job| job.comes).collect();
    waiting.sort_unstable();
    let mut waiting = waiting.into_iter().peekable();
    let mut sent: Vec<u64> = Vec::new();
    let mut now = 0;
    while let Some(comes) = waiting.peek() {
        let open = limits.iter().all(|limit| {
            let per = u64::try_from(limit.per.as_millis()).unwrap();
            let seen = sent.iter().filter(|then| **then + per > now).count();
            seen < limit.calls as usize
        });
        if *comes <= now && open {
            sent.push(now);
            waiting.next();
        } else {
            now += 1;
        }
    }
    sent
}

/// The first window that has more in a half-open span than it allows.
pub(super) fn violated(limits: &[Limit], mut times: Vec<u64>) -> Option<Limit> {
    times.sort_unstable();
    limits.iter().copied().find(|limit| {
        let per = u64::try_from(limit.per.as_millis()).unwrap();
        let later = times.iter().skip(limit.calls as usize);
        times
            .iter()
            .zip(later)
            .any(|(first, last)| last - first < per)
    })
}

pub(super) fn limits() -> impl Strategy<Value = Vec<Limit>> {
    let limit = (1_u32..6, 1_u64..1500).prop_map(|(calls, per)| limit(calls, per));
    proptest::collection::vec(limit, 1..4)
}

/// Bursts: many come in the same millisecond.
pub(super) fn jobs(latency: impl Strategy<Value = Option<u64>>) -> impl Strategy<Value = Vec<Job>> {
    let comes = prop_oneof![Just(0_u64), 0_u64..5, 0_u64..3000];
    let job = (comes, latency).prop_map(|(comes, latency)| Job { comes, latency });
    proptest::collection::vec(job, 1..30)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn without_latency_the_schedule_is_the_fastest_that_obeys(
        limits in limits(),
        jobs in jobs(Just(Some(0))),
    ) {
        let mut sent = play(&limits, &jobs);
        prop_assert_eq!(violated(&limits, sent.clone()), None);
        sent.sort_unstable();
        prop_assert_eq!(sent, greedy(&limits, &jobs));
    }

    #[test]
    fn whenever_requests_arrive_no_span_has_too_many(
        limits in limits(),
        jobs in jobs(prop_oneof![Just(None), (0_u64..600).prop_map(Some)]),
        travel in proptest::collection::vec(0.0_f64..=1.0, 30),
    ) {
        let sent = play(&limits, &jobs);
        prop_assert_eq!(violated(&limits, sent.clone()), None);
        let most = u64::try_from(TRAVEL.as_millis()).unwrap();
        for jitter in [
            &|_| 0.0,
            &|_| 1.0,
            &|index| travel[index],
            // The next to arrive late and early in turn is the worst for a span between them.
            &|index| f64::from(u8::from(index % 2 == 0)),
        ] as [&dyn Fn(usize) -> f64; 4] {
            let arrived = sent.iter().zip(&jobs).enumerate().map(|(index, (sent, job))| {
                let latest = job.latency.unwrap_or(most).min(most);
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "small positive numbers")]
                let way = (latest as f64 * jitter(index)) as u64;
                sent + way
            });
            prop_assert_eq!(violated(&limits, arrived.collect()), None);
        }
    }

    #[test]
    fn requests_pass_in_the_order_in_which_they_come(
        limits in limits(),
        mut jobs in jobs(prop_oneof![Just(None), (0_u64..600).prop_map(Some)]),
    ) {
        jobs.sort_by_key(|job| job.comes);
        let sent = play(&limits, &jobs);
        let mut order: BTreeMap<u64, (u64, u64)> = BTreeMap::new();
        for (job, sent) in jobs.iter().zip(sent) {
            let (first, last) = order.entry(job.comes).or_insert((sent, sent));
            *first = sent.min(*first);
            *last = sent.max(*last);
        }
        let spans: Vec<_> = order.into_values().collect();
        for pair in spans.windows(2) {
            prop_assert!(pair[0].1 <= pair[1].0, "{:?}", spans);
        }
    }
}

#[test]
fn the_documented_limits_start_a_hundred_at_once_and_the_next_a_minute_later() {
    let job = Job {
        comes: 0,
        latency: Some(0),
    };
    let jobs = vec![job; 1501];
    let mut sent = play(&Limit::DOCUMENTED, &jobs);
    sent.sort_unstable();
    assert_eq!(sent[99], 0);
    assert_eq!(sent[100], 60_000);
    assert_eq!(sent[1499], 14 * 60_000);
    assert_eq!(sent[1500], 60 * 60_000);
}

#[test]
fn a_quick_answer_wakes_the_next_earlier() {
    let job = |latency| Job { comes: 0, latency };
    let jobs = [job(Some(40)), job(Some(0))];
    assert_eq!(play(&[limit(1, 1000)], &jobs), [0, 1040]);
    let jobs = [job(None), job(Some(0))];
    assert_eq!(play(&[limit(1, 1000)], &jobs), [0, 1250]);
}

fn gate(limits: &[Limit]) -> (Arc<Gate>, CancellationToken) {
    let stop = CancellationToken::new();
    (
        Arc::new(Gate::new(limits.to_vec(), None, stop.clone())),
        stop,
    )
}

#[tokio::test(start_paused = true)]
async fn a_pause_holds_back_all_and_is_told() {
    let (gate, _stop) = gate(&[]);
    let start = Instant::now();
    let waiting = gate.waiting();
    gate.pause(Duration::from_secs(7));
    let tasks: Vec<_> = (0..3)
        .map(|_| {
            let gate = Arc::clone(&gate);
            tokio::spawn(async move { gate.pass(|| async {}).await.map(|_| start.elapsed()) })
        })
        .collect();
    sleep(Duration::from_secs(1)).await;
    assert_eq!(*waiting.borrow(), Some(start + Duration::from_secs(7)));
    gate.pause(Duration::from_secs(9));
    for task in tasks {
        assert_eq!(task.await.unwrap(), Ok(Duration::from_secs(10)));
    }
    assert_eq!(*waiting.borrow(), None);
}

#[tokio::test(start_paused = true)]
async fn stop_ends_every_wait_at_once() {
    let (gate, stop) = gate(&[limit(1, 3_600_000)]);
    let start = Instant::now();
    let ((), _first) = gate.pass(|| async {}).await.unwrap();
    let tasks: Vec<_> = (0..3)
        .map(|_| {
            let gate = Arc::clone(&gate);
            tokio::spawn(async move { gate.pass(|| async {}).await.map(drop) })
        })
        .collect();
    sleep(Duration::from_secs(1)).await;
    stop.cancel();
    for task in tasks {
        assert_eq!(task.await.unwrap(), Err(Stopped));
    }
    assert_eq!(start.elapsed(), Duration::from_secs(1));
    let never = gate.unless_stopped(sleep(Duration::from_secs(9))).await;
    assert_eq!(never, Err(Stopped));
    assert_eq!(*gate.waiting().borrow(), None);
}

#[tokio::test(start_paused = true)]
async fn one_that_gives_up_waiting_does_not_block_the_others() {
    let (gate, _stop) = gate(&[limit(1, 1000)]);
    let start = Instant::now();
    let ((), first) = gate.pass(|| async {}).await.unwrap();
    first.answered();
    let second = gate.pass(|| async {});
    assert!(
        tokio::time::timeout(Duration::from_millis(10), second)
            .await
            .is_err()
    );
    assert_eq!(*gate.waiting().borrow(), None);
    gate.pass(|| async {}).await.map(drop).unwrap();
    assert_eq!(start.elapsed(), Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn a_token_is_fetched_after_the_wait_and_does_not_count_as_travel() {
    let (gate, _stop) = gate(&[limit(1, 1000)]);
    let start = Instant::now();
    let ((), first) = gate.pass(|| async {}).await.unwrap();
    first.answered();
    let slow = gate.pass(|| async {
        let asked = start.elapsed();
        sleep(Duration::from_secs(5)).await;
        asked
    });
    let (asked, _second) = slow.await.unwrap();
    assert_eq!(asked, Duration::from_secs(1));
    let _third = gate.pass(|| async {}).await.unwrap();
    assert_eq!(start.elapsed(), Duration::from_millis(6000 + 1000 + 250));
}
