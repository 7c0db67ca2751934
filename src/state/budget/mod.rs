//! The calls of the last hour, or of however long the longest window is, in `budget.json` beside the state.
//!
//! Every run that makes calls has an account in it, and only it changes that account: it reserves some calls,
//! makes them, and says when it made them as it reserves the next ones or ends. What is reserved counts for
//! others as made at its latest moment. So nothing has to be known about a run that was killed: what it
//! reserved grows old like what others have made.
//!
//! It is changed by conditional writes and without the state's lock: also runs that do not lock the state,
//! such as a plan, make calls. It is no state, and no reason not to run: where it cannot be used, the limits
//! hold within each run.
//!
//! The runs' clocks should agree within about a second: what one is behind another, a window is shorter. A
//! time that is further in the future than any run reserves is taken for the latest that is possible, and
//! kept as that, so that a wrong clock costs a run one window at the most, once.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::model::{Account, Booked, Calls, Limit};

use super::Store;
use super::backend::{Condition, Fault, Version};
use super::prefix::Prefix;

mod error;
pub(super) mod format;
#[cfg(test)]
mod tests;

pub(crate) use error::Problem;
use format::Unreadable;
pub(super) use format::schema;

/// All accounts, by the ids of the runs.
type Book = BTreeMap<String, Account>;

/// The file.
const BUDGET: &str = "budget.json";

/// The account of the calls that are not known, where the book was damaged.
const UNKNOWN: &str = "unknown";

/// One library's budget, for one run, which has one client for it.
#[derive(Debug)]
pub(crate) struct Budget {
    prefix: Prefix,
    far: bool,
    /// This run's id.
    run: String,
    limits: Vec<Limit>,
    clock: fn() -> Timestamp,
}

/// What the file says.
struct Reading {
    book: Book,
    /// Of the file; `None` where there is none.
    version: Option<Version>,
    /// Why it says less than it should.
    problem: Option<Problem>,
}

impl Budget {
    /// The budget beside the state in `store`, of a library with `limits`, for the run `run`. Touches nothing.
    pub(crate) fn new(
        store: &Store,
        run: String,
        limits: Vec<Limit>,
        clock: fn() -> Timestamp,
    ) -> Self {
        Self {
            prefix: store.prefix.clone(),
            far: store.exclusion.is_far(),
            run,
            limits,
            clock,
        }
    }

    /// The clock that the accounts are kept by.
    pub(crate) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// Whether it is kept so far away that each turn takes a while.
    pub(crate) fn is_far(&self) -> bool {
        self.far
    }

    /// Calls `turn` with what all other runs have spent, and keeps the account that it returns in place of
    /// this run's last one, unless somebody else was faster.
    pub(crate) fn turn(&self, turn: &mut dyn FnMut(&[Calls]) -> Account) -> Booked {
        let Reading {
            mut book,
            version,
            problem,
        } = self.read();
        let account = turn(&self.others(&book));
        if !problem.is_none_or(|problem| problem.is_mended()) {
            return Booked::NotKept;
        }
        book.insert(self.run.clone(), account);
        book.retain(|_, account| account.calls().next().is_some());
        let bytes = match format::write(&book) {
            Ok(bytes) => bytes,
            Err(error) => {
                tracing::info!("could not write the budget: {error}");
                return Booked::NotKept;
            }
        };
        let condition = version.as_ref().map_or(Condition::New, Condition::Is);
        match self.prefix.backend().put(BUDGET, bytes.into(), condition) {
            Ok(_) => Booked::Kept,
            Err(Fault::Lost) => Booked::Busy,
            Err(fault) => {
                let error = self.prefix.failed("write the budget to", BUDGET, fault);
                tracing::info!("{error}: {}", cause(&error));
                Booked::NotKept
            }
        }
    }

    /// How long ago each of the calls was that other runs have made; what they have reserved counts as made
    /// now. Calls that no window sees any more are left out.
    pub(crate) fn ages(&self) -> Vec<Duration> {
        self.ages_of(self.others(&self.read().book))
    }

    /// The same of all runs, this one included.
    pub(crate) fn ages_of_all(&self) -> Vec<Duration> {
        self.ages_of(self.read().book.values().flat_map(Account::calls).collect())
    }

    fn ages_of(&self, mut calls: Vec<Calls>) -> Vec<Duration> {
        let now = self.now();
        // More than the largest window takes make no difference.
        let most = self.limits.iter().map(|limit| limit.calls).max();
        calls.sort_unstable_by(|one, other| other.cmp(one));
        let ages = calls.into_iter().flat_map(|it| {
            let age = Duration::try_from(now.duration_since(it.at)).unwrap_or_default();
            std::iter::repeat_n(age, it.calls as usize)
        });
        ages.take(most.unwrap_or(0) as usize).collect()
    }

    /// What is wrong with the budget, and deserves to be known.
    pub(crate) fn problem(&self) -> Option<Problem> {
        self.read().problem
    }

    fn others(&self, book: &Book) -> Vec<Calls> {
        let others = book.iter().filter(|(run, _)| **run != self.run);
        others.flat_map(|(_, account)| account.calls()).collect()
    }

    /// Everything that still counts.
    fn read(&self) -> Reading {
        let now = self.now();
        let path = self.prefix.backend().place(BUDGET);
        let mut version = None;
        let (mut book, problem) = match self.prefix.backend().get(BUDGET) {
            Ok(None) => (Book::new(), None),
            Ok(Some(found)) => {
                version = Some(found.version);
                match format::read(&found.bytes) {
                    Ok(book) => (book, None),
                    Err(Unreadable::Newer(found)) => {
                        (Book::new(), Some(Problem::newer(path, found)))
                    }
                    Err(Unreadable::Damaged(damage)) => {
                        (self.presumed(), Some(Problem::damaged(path, damage)))
                    }
                }
            }
            Err(fault) => (Book::new(), Some(Problem::unreadable(path, fault))),
        };
        for account in book.values_mut() {
            self.correct(account, now);
        }
        Reading {
            book,
            version,
            problem,
        }
    }

    /// What is counted in place of calls that are not known: as many as may have been made at once.
    fn presumed(&self) -> Book {
        let shortest = self.limits.iter().min_by_key(|limit| limit.per);
        let files = self.prefix.backend().list("").unwrap_or_default();
        let file = files.into_iter().find(|file| file.name == BUDGET);
        let made = shortest.map(|limit| Calls {
            at: file.map_or(Timestamp::MAX, |file| file.modified),
            calls: limit.calls,
        });
        let account = Account {
            made: made.into_iter().collect(),
            reserved: None,
        };
        Book::from([(UNKNOWN.to_owned(), account)])
    }

    /// Takes out what no window sees any more, and times that cannot be.
    fn correct(&self, account: &mut Account, now: Timestamp) {
        let longest = self.limits.iter().map(|limit| limit.per).max();
        let longest = SignedDuration::try_from(longest.unwrap_or_default());
        let longest = longest.unwrap_or(SignedDuration::MAX);
        let farthest = now.checked_add(Account::FARTHEST);
        let farthest = farthest.unwrap_or(Timestamp::MAX);
        let correct = |it: &mut Calls| {
            it.at = it.at.min(farthest);
            now.duration_since(it.at) < longest
        };
        account.made.retain_mut(correct);
        account.reserved.take_if(|it| !correct(it));
    }
}

fn cause(error: &dyn std::error::Error) -> String {
    error.source().map(ToString::to_string).unwrap_or_default()
}
