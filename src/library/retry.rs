//! When a request may be sent again.

use std::time::Duration;

use jiff::civil::DateTime;
use jiff::fmt::rfc2822::DateTimeParser;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// The longest wait that an answer can impose; a service that asks for more is not coming back soon.
const LONGEST_PAUSE: Duration = Duration::from_hours(2);

/// How often and how fast one call tries again.
#[derive(Clone, Debug)]
pub(crate) struct Retry {
    /// The most that is waited after the first failure; it doubles with every other.
    pub(crate) base: Duration,
    /// The most that is ever waited after a failure.
    pub(crate) cap: Duration,
    /// How many tries a call has when requests fail, the first included.
    pub(crate) tries: u32,
    /// How often a call waits when it is told that there were too many requests.
    pub(crate) throttles: u32,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            base: Duration::from_millis(500),
            cap: Duration::from_secs(30),
            tries: 5,
            throttles: 8,
        }
    }
}

impl Retry {
    /// How long to wait after the `failures`th failure in a row, counted from 1: exponential, with full
    /// jitter, so that clients that failed together do not come back together.
    pub(crate) fn backoff(&self, failures: u32, random: &mut fastrand::Rng) -> Duration {
        let doubled = 2_u32.saturating_pow(failures.saturating_sub(1));
        let most = self.base.saturating_mul(doubled).min(self.cap);
        most.mul_f64(random.f64())
    }
}

/// How long an answer's `Retry-After` asks to wait: seconds or a date (RFC 9110, section 10.2.3), with
/// at most [`LONGEST_PAUSE`]. `None` where it says nothing that can be understood.
///
/// A date is counted from the answer's own `date`, so that a clock of ours that is wrong does no harm, and
/// from `now` only where it has none.
pub(crate) fn retry_after(value: &str, date: Option<&str>, now: Timestamp) -> Option<Duration> {
    let value = value.trim();
    let wait = if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than a number holds are a long time.
        Duration::from_secs(value.parse().unwrap_or(u64::MAX))
    } else {
        let from = date.and_then(http_date).unwrap_or(now);
        until(http_date(value)?, from)
    };
    Some(wait.min(LONGEST_PAUSE))
}

fn until(then: Timestamp, from: Timestamp) -> Duration {
    let wait: SignedDuration = then.duration_since(from);
    Duration::try_from(wait).unwrap_or(Duration::ZERO)
}

/// Any of the three forms of RFC 9110, section 5.6.7.
fn http_date(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let obsolete = |format| {
        let date = DateTime::strptime(format, text).ok()?;
        TimeZone::UTC.to_timestamp(date).ok()
    };
    DateTimeParser::new()
        .parse_timestamp(text)
        .ok()
        .or_else(|| obsolete("%A, %d-%b-%y %H:%M:%S GMT"))
        .or_else(|| obsolete("%a %b %e %H:%M:%S %Y"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn seconds(value: &str, date: Option<&str>) -> Option<u64> {
        retry_after(value, date, NOW).map(|wait| wait.as_secs())
    }

    #[test]
    fn all_forms_of_retry_after_are_understood() {
        let date = Some("Sun, 06 Nov 1994 08:49:00 GMT");
        assert_eq!(seconds("37", None), Some(37));
        assert_eq!(seconds(" 0 ", None), Some(0));
        assert_eq!(seconds("Sun, 06 Nov 1994 08:49:37 GMT", date), Some(37));
        assert_eq!(seconds("Sunday, 06-Nov-94 08:49:37 GMT", date), Some(37));
        assert_eq!(seconds("Sun Nov  6 08:49:37 1994", date), Some(37));
        assert_eq!(seconds("Thu, 01 Jan 1970 00:01:00 GMT", None), Some(60));
        assert_eq!(
            seconds("Thu, 01 Jan 1970 00:01:00 GMT", Some("soon")),
            Some(60)
        );
    }

    #[test]
    fn a_wait_is_never_negative_and_never_endless() {
        assert_eq!(seconds("Sun, 06 Nov 1960 08:49:37 GMT", None), Some(0));
        assert_eq!(seconds("99999999999999999999999", None), Some(7200));
        assert_eq!(seconds("Sun, 06 Nov 1994 08:49:37 GMT", None), Some(7200));
    }

    #[test]
    fn nonsense_is_no_wait() {
        for value in ["", "-1", "1.5", "soon", "１"] {
            assert_eq!(seconds(value, None), None, "{value}");
        }
    }

    #[test]
    fn backoff_doubles_up_to_its_cap_and_jitters_over_the_whole_range() {
        let retry = Retry::default();
        let mut random = fastrand::Rng::with_seed(7);
        for (failures, most) in [(1, 500), (2, 1000), (3, 2000), (7, 30_000), (90, 30_000)] {
            let waits: Vec<_> = (0..500)
                .map(|_| retry.backoff(failures, &mut random).as_millis())
                .collect();
            assert!(waits.iter().all(|wait| *wait <= most));
            assert!(waits.iter().any(|wait| *wait > most * 9 / 10));
            assert!(waits.iter().any(|wait| *wait < most / 10));
        }
    }
}
