//! `budget.json` as it is written. Nothing else is serialized.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model;
use crate::model::Account;
use crate::state::format::{self, Damage, FormatVersion};

use super::Book;

/// The version that is written. A newer one is not touched, a minor one neither: what it has more may count.
///
/// Why each exists:
/// - 1.0: the first.
pub(super) const VERSION: FormatVersion = FormatVersion::new(1, 0);

/// The calls that are made within this time count as made at its end, together.
const TOGETHER: i128 = 100;

/// The calls that runs have made on one library within the longest window of its limits.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
#[schemars(title = "jumpbag budget")]
struct Budget {
    /// The version of this format.
    #[schemars(extend("pattern" = r"^1\.(0|[1-9][0-9]*)$"))]
    format_version: String,
    /// The version of jumpbag that wrote the file.
    jumpbag_version: String,
    /// What each run has spent, by an id that it has for this alone.
    runs: BTreeMap<String, Run>,
}

/// What one run has spent.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
struct Run {
    /// The calls that it has made.
    made: Vec<Calls>,
    /// The calls that it may make until then without asking again; for others, they are made at that moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reserved: Option<Calls>,
}

/// Calls at one moment.
#[derive(Debug, Deserialize, JsonSchema, Serialize)]
struct Calls {
    /// The latest moment at which they can have reached the service, in UTC.
    #[schemars(extend("format" = "date-time"))]
    at: String,
    /// How many.
    #[schemars(range(min = 1))]
    calls: u32,
}

/// Why a budget's bytes cannot be used.
#[derive(Debug)]
pub(in crate::state) enum Unreadable {
    /// A newer version.
    Newer(FormatVersion),
    /// Something is wrong.
    Damaged(Damage),
}

impl From<Damage> for Unreadable {
    fn from(damage: Damage) -> Self {
        Self::Damaged(damage)
    }
}

/// The accounts in `bytes`.
pub(in crate::state) fn read(bytes: &[u8]) -> Result<Book, Unreadable> {
    let value = format::parse(bytes)?;
    let version = format::version(&value)?;
    if version > VERSION {
        return Err(Unreadable::Newer(version));
    }
    let budget: Budget =
        serde_json::from_value(value).map_err(|error| Damage::Members(version, error))?;
    let account = |(run, account): (String, Run)| {
        let made: Result<_, _> = account.made.iter().map(Calls::read).collect();
        let reserved = account.reserved.as_ref().map(Calls::read).transpose();
        Ok((
            run,
            Account {
                made: made?,
                reserved: reserved?,
            },
        ))
    };
    budget.runs.into_iter().map(account).collect()
}

/// The bytes of `book`. Times are rounded up, which is what keeps to the limits.
pub(in crate::state) fn write(book: &Book) -> serde_json::Result<Vec<u8>> {
    let run = |(run, account): (&String, &Account)| {
        let mut together: BTreeMap<Timestamp, u32> = BTreeMap::new();
        for calls in &account.made {
            let count = together.entry(ceil(calls.at, TOGETHER)).or_default();
            *count = count.saturating_add(calls.calls);
        }
        let run_account = Run {
            made: together.into_iter().map(Calls::of).collect(),
            reserved: account
                .reserved
                .map(|calls| Calls::of((ceil(calls.at, 1), calls.calls))),
        };
        (run.clone(), run_account)
    };
    let budget = Budget {
        format_version: VERSION.to_string(),
        jumpbag_version: env!("CARGO_PKG_VERSION").to_owned(),
        runs: book.iter().map(run).collect(),
    };
    let mut bytes = serde_json::to_vec(&budget)?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// The JSON Schema of `budget.json`.
pub(in crate::state) fn schema() -> schemars::Schema {
    schemars::schema_for!(Budget)
}

impl Calls {
    fn of((at, calls): (Timestamp, u32)) -> Self {
        Self {
            at: format!("{at:.3}"),
            calls,
        }
    }

    fn read(&self) -> Result<model::Calls, Damage> {
        let at = self.at.parse();
        let at = at.map_err(|_| Damage::impossible("at", &self.at, "no time"))?;
        if self.calls == 0 {
            return Err(Damage::impossible("calls", 0, "less than 1"));
        }
        Ok(model::Calls {
            at,
            calls: self.calls,
        })
    }
}

/// `at`, or the next moment after it that is a multiple of `step` milliseconds.
fn ceil(at: Timestamp, step: i128) -> Timestamp {
    let step = step.saturating_mul(1_000_000);
    let rest = at.as_nanosecond().rem_euclid(step);
    let up = if rest == 0 { 0 } else { step - rest };
    Timestamp::from_nanosecond(at.as_nanosecond().saturating_add(up)).unwrap_or(Timestamp::MAX)
}
