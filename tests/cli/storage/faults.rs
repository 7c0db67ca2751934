//! Servers that answer late, wrongly or not at all: a run ends well or says why, and the next one completes it.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::thread;

use crate::harness::Run;

use super::proxy::{Act, Asked};
use super::{APPLY, Far, ONE, OTHER, PRUNE, servers, with_each};

/// Does `test` with each of `cases` beside each other: most of it is waiting. Each is on one of the servers in turn:
/// what they answer is the proxy's, and what is made of it is the same.
fn with_each_case<T: Copy + Sync>(place: &str, cases: &[T], test: impl Fn(&mut Far, T) + Sync) {
    thread::scope(|scope| {
        let servers = servers().into_iter().cycle();
        for (number, (case, server)) in cases.iter().zip(servers).enumerate() {
            let test = &test;
            let place = format!("{place}-{number}");
            scope.spawn(move || test(&mut Far::new(server, &place), *case));
        }
    });
}

fn assert_says_why(run: &Run) {
    assert!(run.stderr.contains("jumpbag::state::"), "{run}");
    assert!(run.stderr.contains("help: "), "{run}");
}

impl Far {
    /// Waits for no answer longer than a second.
    fn is_impatient(&mut self) {
        let prefix = match self.server.backend.as_str() {
            "azure" => "AZURE",
            "s3" => "AWS",
            _ => "GOOGLE",
        };
        let environment = &mut self.server.environment;
        environment.insert(format!("{prefix}_TIMEOUT"), "1 second".to_owned());
    }
}

#[test]
#[ignore = "needs the servers that `.ci/storage` starts"]
fn one_fault_at_any_request_to_servers_leaves_no_lock_and_the_next_run_completes() {
    let acts = [
        Act::CloseBefore,
        Act::SilentBefore,
        Act::CloseAfter,
        Act::SilentAfter,
        Act::Refuse(403),
        Act::Cut,
        Act::Refuse(404),
        Act::Refuse(412),
    ];
    with_each_case("fault", &acts, |far, act| {
        far.is_impatient();
        let mut codes = BTreeMap::new();
        for number in 0.. {
            let files = if number % 2 == 0 { ONE } else { OTHER };
            far.files(files);
            far.proxy.script(move |asked| {
                if asked.number == number {
                    act
                } else {
                    Act::Serve
                }
            });
            let run = far.run(APPLY);
            let asked = far.proxy.serve();
            if asked.len() <= number {
                assert!(number > 12, "{number}");
                far.assert_settled(files);
                break;
            }
            *codes.entry(run.code.unwrap()).or_insert(0) += 1;
            if run.code != Some(0) {
                assert!(
                    matches!(run.code, Some(1 | 3 | 4)),
                    "{act:?} {number}\n{run}"
                );
                assert_says_why(&run);
            }
            // Without `state unlock`.
            let again = far.run(APPLY);
            assert_eq!(
                again.code,
                Some(0),
                "{act:?} at {:?}\n{run}\n{again}",
                asked[number]
            );
            far.assert_done();
        }
        for (code, runs) in codes {
            let act = act.as_str();
            far.report(&format!("{act}: {runs} runs ended with {code}"));
        }
    });
}

#[test]
#[ignore = "needs the servers that `.ci/storage` starts"]
fn throttling_servers_are_asked_again() {
    with_each_case("throttled", &[429, 500, 503], |far, status| {
        far.files(ONE);
        let tries: Mutex<BTreeMap<String, u32>> = Mutex::default();
        far.proxy.script(move |Asked { method, target, .. }| {
            let mut tries = tries.lock().unwrap();
            let tries = tries.entry(format!("{method} {target}")).or_default();
            *tries += 1;
            if tries.is_multiple_of(3) {
                Act::Serve
            } else {
                Act::Refuse(status)
            }
        });
        far.expect(0, APPLY);
        let asked = far.proxy.serve();
        assert!(asked.len() > 36, "{asked:?}");
        far.assert_settled(ONE);
    });
}

/// Which requests are refused for ever.
type Refused = fn(&Asked) -> bool;

#[test]
#[ignore = "needs the servers that `.ci/storage` starts"]
fn servers_that_fail_for_ever_end_a_run_before_it_changes_the_library() {
    let cases: [Refused; 4] = [
        |_| true,
        |asked| asked.method == "PUT",
        |asked| asked.method == "PUT" && asked.target.contains("state.json"),
        |asked| asked.method == "PUT" && asked.target.contains("/objects"),
    ];
    with_each_case("failing", &cases, |far, is_refused| {
        far.files(ONE);
        far.expect(0, APPLY);
        far.files(OTHER);
        far.proxy.script(move |asked| {
            if is_refused(asked) {
                Act::Refuse(503)
            } else {
                Act::Serve
            }
        });
        let run = far.run(APPLY);
        far.proxy.serve();
        assert!(matches!(run.code, Some(1 | 3)), "{run}");
        assert_says_why(&run);
        far.files(ONE);
        // The library is as it was: no content of the other files is in it.
        let drift = far.expect(0, &["drift", "--detailed-exitcode"]);
        assert!(drift.stdout.contains("No drift"), "{drift}");
        far.files(OTHER);
        far.expect(0, APPLY);
        far.assert_settled(OTHER);
    });
}

#[test]
#[ignore = "needs the servers that `.ci/storage` starts"]
fn servers_of_another_day_lose_nothing() {
    with_each("other-day", |far| {
        far.proxy.script(|_| Act::OtherDay);
        for files in [ONE, OTHER, ONE] {
            far.files(files);
            far.expect(0, APPLY);
        }
        let gc = far.expect(0, PRUNE);
        assert!(gc.stdout.contains("Removed"), "{gc}");
        far.assert_settled(ONE);
        far.proxy.serve();
        far.assert_settled(ONE);
        far.files(OTHER);
        far.expect(0, APPLY);
        far.assert_settled(OTHER);
    });
}

#[test]
#[ignore = "needs the servers that `.ci/storage` starts"]
fn who_may_only_read_on_servers_plans_and_is_told_why_he_cannot_apply() {
    with_each("reader", |mut far| {
        far.files(ONE);
        far.expect(0, APPLY);
        if far.server.reader.is_empty() {
            return;
        }
        far.server.environment = far.server.reader.clone();
        far.assert_settled(ONE);
        far.files(OTHER);
        let run = far.expect(1, APPLY);
        assert_says_why(&run);
        let refused = ["AuthorizationPermissionMismatch", "AccessDenied"];
        assert!(refused.iter().any(|it| run.stderr.contains(it)), "{run}");
    });
}
