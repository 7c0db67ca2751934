//! Every call of an apply, and everything that can happen to it: it is done, or nothing is, or the next run settles it.

mod bench;
mod faults;
mod wires;

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::fs;
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread;

use crate::stranger::{Act, Call, Done, Request};
use bench::Bench;
use faults::Fault;
use wires::Taken;

/// How many cases run at once; they wait more than they work.
const AT_ONCE: usize = 24;

/// What is read of a list: 64 MiB, and the piece that is too much.
const MOST: u64 = 65 << 20;

/// What the system may hold of one connection on its way, when the client hangs up: a client that has to wait for
/// a processor is given more and more of it, up to 32 MiB.
fn on_its_way() -> u64 {
    let most = |buffers: &str| -> u64 {
        let sizes = fs::read_to_string(format!("/proc/sys/net/ipv4/{buffers}"));
        let sizes = sizes.unwrap_or_else(|_| "4096 16384 33554432".to_owned());
        sizes.split_whitespace().last().unwrap().parse().unwrap()
    };
    most("tcp_rmem") + most("tcp_wmem")
}

/// A call of an apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Token,
    List,
    Create,
    Update,
    Delete,
    /// The list that looks whether a create without an answer was carried out.
    Look,
}

const PLACES: [Place; 6] = [
    Place::Token,
    Place::List,
    Place::Create,
    Place::Update,
    Place::Delete,
    Place::Look,
];

/// How often a fault happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Often {
    Once,
    Always,
}

/// One fault at one call.
#[derive(Clone)]
struct Case {
    fault: Arc<Fault>,
    place: Place,
    done: Done,
    often: Often,
}

/// How a case may end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    /// The run said that it is done, and it is.
    Done,
    /// The run said what failed, and neither library nor state is changed.
    NothingChanged,
    /// The run said what failed or is unknown, and the next one completes it.
    SettledByTheNext,
}

impl Often {
    fn name(self) -> &'static str {
        match self {
            Self::Once => "once",
            Self::Always => "always",
        }
    }
}

impl Place {
    fn name(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::List => "list",
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Look => "list after a create without an answer",
        }
    }

    /// Whether this is what `request` asks.
    fn is(self, request: &Request) -> bool {
        match self {
            Self::Token => request.call == Call::Token,
            Self::List | Self::Look => request.call == Call::List,
            Self::Create => request.call == Call::Upload && request.name == "created.sh",
            Self::Update => request.call == Call::Upload && request.name == "updated.sh",
            Self::Delete => request.call == Call::Delete,
        }
    }

    /// The call before this one.
    fn before(self) -> Option<Self> {
        match self {
            Self::Token => None,
            Self::List => Some(Self::Token),
            Self::Create => Some(Self::List),
            Self::Update | Self::Look => Some(Self::Create),
            Self::Delete => Some(Self::Update),
        }
    }

    fn has_effect(self) -> bool {
        matches!(self, Self::Create | Self::Update | Self::Delete)
    }
}

impl Case {
    /// Whether nobody listens when the run begins.
    fn begins_without_server(&self) -> bool {
        self.fault.is_refused() && self.place == Place::Token
    }

    /// What the server does with each request.
    fn script(&self) -> impl FnMut(&Request) -> Act + Send + 'static {
        let Self {
            fault,
            place,
            done,
            often,
        } = self.clone();
        let mut left = match often {
            Often::Once => 1,
            Often::Always => u32::MAX,
        };
        let mut is_unanswered = place != Place::Look;
        move |request| {
            if fault.is_refused() {
                let is_last = place.before().is_some_and(|before| before.is(request));
                return if is_last { fault.act(done) } else { Act::Serve };
            }
            if !is_unanswered && Place::Create.is(request) {
                is_unanswered = true;
                return match done {
                    Done::Not => Act::CloseBefore,
                    Done::Done => Act::CloseAfter,
                };
            }
            if !is_unanswered || !place.is(request) || left == 0 {
                return Act::Serve;
            }
            left -= 1;
            fault.act(if place.has_effect() { done } else { Done::Done })
        }
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            fault,
            place,
            done,
            often,
        } = self;
        let done = match done {
            Done::Not => "without effect",
            Done::Done => "with its effect",
        };
        write!(
            f,
            "{} at {}, {done}, {}",
            fault.name,
            place.name(),
            often.name()
        )
    }
}

/// Every fault at every call that it can happen to.
fn cases(faults: Vec<Fault>) -> Vec<Case> {
    let mut cases = Vec::new();
    for fault in faults.into_iter().map(Arc::new) {
        for place in PLACES {
            let lists_files = !matches!(place, Place::Token | Place::Delete);
            if fault.is_about_files() && !lists_files || fault.is_refused() && place == Place::Look
            {
                continue;
            }
            let done = match place {
                Place::Token | Place::List => &[Done::Done],
                Place::Look => &[Done::Not, Done::Done][..],
                Place::Create | Place::Update | Place::Delete => fault.effects(),
            };
            // Nobody sees a connection that is refused, to count it.
            let often = if fault.is_refused() {
                &[Often::Always][..]
            } else {
                &[Often::Once, Often::Always]
            };
            for (done, often) in done
                .iter()
                .flat_map(|done| often.iter().map(move |it| (done, it)))
            {
                cases.push(Case {
                    fault: Arc::clone(&fault),
                    place,
                    done: *done,
                    often: *often,
                });
            }
        }
    }
    cases
}

/// Counts of outcomes, by what is in front of them.
#[derive(Default)]
struct Table(BTreeMap<String, [u32; 3]>);

impl Table {
    fn count(&mut self, row: &str, outcome: Outcome) {
        let row = self.0.entry(row.to_owned()).or_default();
        row[outcome as usize] += 1;
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "| | done | nothing changed | settled by the next | all |"
        )?;
        writeln!(f, "|---|---:|---:|---:|---:|")?;
        for (row, [done, nothing, settled]) in &self.0 {
            let all = done + nothing + settled;
            writeln!(f, "| {row} | {done} | {nothing} | {settled} | {all} |")?;
        }
        Ok(())
    }
}

#[test]
fn every_fault_at_every_call_is_done_or_nothing_or_settled_by_the_next_run() {
    let trap = TcpListener::bind("127.0.0.1:0").unwrap();
    trap.set_nonblocking(true).unwrap();
    let taken = Taken::default();
    let mut cases = cases(faults::all(trap.local_addr().unwrap(), &taken));
    // To look at some of them.
    if let Ok(some) = std::env::var("MATRIX") {
        cases.retain(|case| case.to_string().contains(&some));
    }
    let count = cases.len();
    let left = Mutex::new(VecDeque::from(cases));
    let ended = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                let bench = Bench::new();
                loop {
                    let Some(case) = left.lock().unwrap().pop_front() else {
                        return;
                    };
                    let outcome = bench.outcome(&case);
                    ended.lock().unwrap().push((case, outcome));
                }
            });
        }
    });
    let ended = ended.into_inner().unwrap();
    assert_eq!(ended.len(), count);
    let (mut by_fault, mut by_call, mut other) = (Table::default(), Table::default(), Vec::new());
    for (case, outcome) in ended {
        match outcome {
            Ok(outcome) => {
                by_fault.count(case.fault.name, outcome);
                by_call.count(
                    &format!("{}, {}", case.place.name(), case.often.name()),
                    outcome,
                );
                by_call.count("all", outcome);
            }
            Err(what) => other.push(format!("{case}: {what}")),
        }
    }
    let most = taken.most();
    println!("{by_fault}\n{by_call}\nMost sent of an answer: {most} bytes");
    assert!(
        other.is_empty(),
        "{} others:\n{}",
        other.len(),
        other.join("\n\n")
    );
    assert!(most < MOST + on_its_way(), "{most} bytes");
    assert!(trap.accept().is_err(), "somebody followed a redirect");
}
