//! Faults: "the 3rd upload: commit it, then drop the connection".
//!
//! A fault is written `CALL:WHICH:EFFECT`, as in `upload:3:drop-after`.
//!
//! `CALL` is one of
//! - `list`, `upload`, `delete`: that call of the library,
//! - `any`: all three of them (not `token`, which goes to another host in the real service),
//! - `token`: the token endpoint.
//!
//! `WHICH` counts such calls from 1 in the order in which they arrive, refused ones included:
//! - `3`: the third,
//! - `2-5`: the second to the fifth,
//! - `every/10`: the 10th, the 20th, and so on,
//! - `all`.
//!
//! `EFFECT` is one of
//! - `status=503`: an error of that status (400 to 599) in the API's shape, and nothing is done;
//!   `,retry-after=2` adds the header in seconds, `,retry-after=date+2` as a date that far ahead;
//!   a call refused by `status=429` does not count for the limits,
//! - `html=502`: an HTML page as gateways send it, and nothing is done,
//! - `drop-before`: nothing is done, and the connection is closed without an answer,
//! - `drop-after`: the call is carried out, and the connection is closed without an answer,
//! - `truncate`: the call is carried out, and the answer's body ends halfway, although its
//!   Content-Length is the full one (an answer without a body, such as a deletion's, is whole),
//! - `delay=500ms`: the call is carried out, and the answer comes that much later,
//! - `wrong-sha256`: the call is carried out, and the answer carries other digests
//!   (`list`, `upload`, and `any` only),
//! - `hang`: nothing is done, and the answer never comes.
//!
//! Where several faults match a call, the first one given is taken. A call that the limits refuse
//! is answered with that refusal, whatever the faults say.

use std::fmt;
use std::num::NonZeroU64;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use thiserror::Error;

use crate::duration;

/// One thing that goes wrong on purpose, written `CALL:WHICH:EFFECT`.
///
/// - `CALL`: `list`, `upload`, `delete`, `any` (these three), or `token`
/// - `WHICH`, counted from 1: `3`, `2-5`, `every/10`, or `all`
/// - `EFFECT`: `status=503`, `status=429,retry-after=2`, `status=429,retry-after=date+2`,
///   `html=502`, `drop-before`, `drop-after`, `truncate`, `delay=500ms`, `wrong-sha256`, or `hang`
///
/// ```
/// let fault: jumpbag_emulator::Fault = "upload:3:drop-after".parse()?;
/// assert_eq!(fault.to_string(), "upload:3:drop-after");
/// # Ok::<(), jumpbag_emulator::ParseFaultError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    target: Target,
    which: Which,
    effect: Effect,
}

/// Says what in a text is not a [`Fault`].
#[derive(Debug, Error, PartialEq, Eq)]
pub enum ParseFaultError {
    /// It does not have three parts.
    #[error("`{0}` is not a fault: write `CALL:WHICH:EFFECT`, such as `upload:3:drop-after`")]
    Shape(String),
    /// The first part is no call.
    #[error("`{0}` is not a call: write `list`, `upload`, `delete`, `any`, or `token`")]
    Call(String),
    /// The second part does not say which calls.
    #[error("`{0}` does not say which calls: write `3`, `2-5`, `every/10`, or `all`")]
    Which(String),
    /// The third part is no effect.
    #[error(
        "`{0}` is not an effect: write `status=503`, `status=429,retry-after=2`, \
         `status=429,retry-after=date+2`, `html=502`, `drop-before`, `drop-after`, `truncate`, \
         `delay=500ms`, `wrong-sha256`, or `hang`"
    )]
    Effect(String),
    /// The effect changes something that the call's answer does not have.
    #[error("an answer to `{0}` carries no sha256: use `list`, `upload`, or `any`")]
    NoSha256(String),
}

/// One of the calls that the emulator answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Call {
    List,
    Upload,
    Delete,
    Token,
}

/// The calls that a fault is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Target {
    Any,
    Only(Call),
}

/// Which of those calls, counted from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Which {
    These(RangeInclusive<u64>),
    Every(NonZeroU64),
    All,
}

/// What happens to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    Status {
        status: u16,
        retry_after: Option<RetryAfter>,
    },
    Html {
        status: u16,
    },
    DropBefore,
    DropAfter,
    Truncate,
    Delay(Duration),
    WrongSha256,
    Hang,
}

/// The two spellings of the Retry-After header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RetryAfter {
    Seconds(u32),
    DateIn(u32),
}

const CALLS: [(&str, Target); 5] = [
    ("list", Target::Only(Call::List)),
    ("upload", Target::Only(Call::Upload)),
    ("delete", Target::Only(Call::Delete)),
    ("any", Target::Any),
    ("token", Target::Only(Call::Token)),
];

impl FromStr for Fault {
    type Err = ParseFaultError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.splitn(3, ':');
        let (Some(call), Some(which), Some(effect)) = (parts.next(), parts.next(), parts.next())
        else {
            return Err(ParseFaultError::Shape(text.to_owned()));
        };
        let (_, target) = CALLS
            .iter()
            .find(|(name, _)| *name == call)
            .ok_or_else(|| ParseFaultError::Call(call.to_owned()))?;
        let fault = Self {
            target: *target,
            which: Which::parse(which).ok_or_else(|| ParseFaultError::Which(which.to_owned()))?,
            effect: Effect::parse(effect)
                .ok_or_else(|| ParseFaultError::Effect(effect.to_owned()))?,
        };
        let has_sha256 = !matches!(target, Target::Only(Call::Delete | Call::Token));
        if fault.effect == Effect::WrongSha256 && !has_sha256 {
            return Err(ParseFaultError::NoSha256(call.to_owned()));
        }
        Ok(fault)
    }
}

impl Which {
    fn parse(text: &str) -> Option<Self> {
        if text == "all" {
            return Some(Self::All);
        }
        if let Some(step) = text.strip_prefix("every/") {
            return Some(Self::Every(NonZeroU64::new(number(step)?.into())?));
        }
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let (first, last) = (number(first)?.into(), number(last)?.into());
        (1 <= first && first <= last).then_some(Self::These(first..=last))
    }

    fn contains(&self, ordinal: u64) -> bool {
        match self {
            Self::These(range) => range.contains(&ordinal),
            Self::Every(step) => ordinal.is_multiple_of(step.get()),
            Self::All => true,
        }
    }
}

impl Effect {
    fn parse(text: &str) -> Option<Self> {
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (text, None),
        };
        match (name, value) {
            ("status", Some(value)) => {
                let (status, option) = match value.split_once(',') {
                    Some((status, option)) => (status, Some(option)),
                    None => (value, None),
                };
                Some(Self::Status {
                    status: error_status(status)?,
                    retry_after: match option {
                        Some(option) => Some(RetryAfter::parse(option)?),
                        None => None,
                    },
                })
            }
            ("html", Some(status)) => error_status(status).map(|status| Self::Html { status }),
            ("delay", Some(time)) => duration::parse(time).map(Self::Delay),
            ("drop-before", None) => Some(Self::DropBefore),
            ("drop-after", None) => Some(Self::DropAfter),
            ("truncate", None) => Some(Self::Truncate),
            ("wrong-sha256", None) => Some(Self::WrongSha256),
            ("hang", None) => Some(Self::Hang),
            _ => None,
        }
    }
}

impl Effect {
    /// Whether it is the answer to a call too many.
    pub(crate) fn is_throttling(&self) -> bool {
        matches!(self, Self::Status { status: 429, .. })
    }
}

impl RetryAfter {
    fn parse(option: &str) -> Option<Self> {
        let value = option.strip_prefix("retry-after=")?;
        match value.strip_prefix("date+") {
            Some(seconds) => number(seconds).map(Self::DateIn),
            None => number(value).map(Self::Seconds),
        }
    }
}

/// Reads digits only; the parser of std would take a `+`.
fn number(text: &str) -> Option<u32> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok())?
}

fn error_status(text: &str) -> Option<u16> {
    let status = u16::try_from(number(text)?).ok()?;
    (400..=599).contains(&status).then_some(status)
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let call = CALLS.iter().find(|(_, target)| *target == self.target);
        let call = call.map_or("any", |(name, _)| name);
        write!(f, "{call}:{}:{}", self.which, self.effect)
    }
}

impl fmt::Display for Which {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::These(range) if range.start() == range.end() => write!(f, "{}", range.start()),
            Self::These(range) => write!(f, "{}-{}", range.start(), range.end()),
            Self::Every(step) => write!(f, "every/{step}"),
            Self::All => f.write_str("all"),
        }
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status {
                status,
                retry_after,
            } => {
                write!(f, "status={status}")?;
                match retry_after {
                    Some(RetryAfter::Seconds(seconds)) => write!(f, ",retry-after={seconds}"),
                    Some(RetryAfter::DateIn(seconds)) => write!(f, ",retry-after=date+{seconds}"),
                    None => Ok(()),
                }
            }
            Self::Html { status } => write!(f, "html={status}"),
            Self::DropBefore => f.write_str("drop-before"),
            Self::DropAfter => f.write_str("drop-after"),
            Self::Truncate => f.write_str("truncate"),
            Self::Delay(time) => write!(f, "delay={}", duration::Shown(*time)),
            Self::WrongSha256 => f.write_str("wrong-sha256"),
            Self::Hang => f.write_str("hang"),
        }
    }
}

/// The faults of one start, and how many calls there were.
#[derive(Debug)]
pub(crate) struct Script {
    faults: Vec<Fault>,
    calls: Calls,
}

/// How many calls arrived since the start, refused and failed ones included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Calls {
    /// `GET /api/libraryfiles`.
    pub list: u64,
    /// `POST /api/libraryfiles`.
    pub upload: u64,
    /// `DELETE /api/libraryfiles/{name}`.
    pub delete: u64,
    /// `POST /{tenant}/oauth2/v2.0/token`.
    pub token: u64,
    /// Those of the first three that were refused because a limit was reached.
    pub refused: u64,
}

impl Script {
    pub(crate) fn new(faults: Vec<Fault>) -> Self {
        Self {
            faults,
            calls: Calls::default(),
        }
    }

    /// Counts one call and says what goes wrong with it.
    pub(crate) fn next(&mut self, call: Call) -> Option<Effect> {
        let calls = &mut self.calls;
        let count = match call {
            Call::List => &mut calls.list,
            Call::Upload => &mut calls.upload,
            Call::Delete => &mut calls.delete,
            Call::Token => &mut calls.token,
        };
        *count += 1;
        let of_its_kind = *count;
        let of_the_library = calls.list + calls.upload + calls.delete;
        let fault = self.faults.iter().find(|fault| match fault.target {
            Target::Only(only) => only == call && fault.which.contains(of_its_kind),
            Target::Any => call != Call::Token && fault.which.contains(of_the_library),
        });
        fault.map(|fault| fault.effect.clone())
    }

    /// Counts one of the calls as refused.
    pub(crate) fn refused(&mut self) {
        self.calls.refused += 1;
    }

    pub(crate) fn calls(&self) -> Calls {
        self.calls
    }
}

#[cfg(test)]
mod tests;
