//! Durations as they are written in limits and faults: `500ms`, `2s`, `1m`, `1h`.

use std::fmt;
use std::time::Duration;

/// Each unit and its length in milliseconds, the longest first.
const UNITS: [(&str, u64); 4] = [("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// Reads a whole number and a unit; `None` where it is anything else, or too long for a clock.
pub(crate) fn parse(text: &str) -> Option<Duration> {
    let (count, unit) = text.split_at_checked(text.find(|c: char| !c.is_ascii_digit())?)?;
    let (_, length) = UNITS.iter().find(|(name, _)| *name == unit)?;
    let milliseconds = count.parse::<u32>().ok()?;
    Some(Duration::from_millis(
        u64::from(milliseconds).checked_mul(*length)?,
    ))
}

/// Shows a duration in the longest unit that needs no fraction.
pub(crate) struct Shown(pub(crate) Duration);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let milliseconds = self.0.as_millis();
        let (unit, length) = UNITS
            .iter()
            .find(|(_, length)| {
                milliseconds > 0 && milliseconds.is_multiple_of(u128::from(*length))
            })
            .unwrap_or(&("ms", 1));
        write!(f, "{}{unit}", milliseconds / u128::from(*length))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_shown_in_the_same_way() {
        for text in ["0ms", "500ms", "2s", "90s", "1m", "61m", "24h"] {
            assert_eq!(Shown(parse(text).unwrap()).to_string(), text);
        }
        assert_eq!(Shown(parse("60s").unwrap()).to_string(), "1m");
    }

    #[test]
    fn what_is_not_a_duration_is_refused() {
        for text in [
            "",
            "5",
            "ms",
            "-1s",
            "1.5s",
            "1 s",
            "1d",
            "5S",
            "99999999999s",
            "5é",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
