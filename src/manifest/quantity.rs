//! Sizes and lengths of time, as people write them.

use std::time::Duration;

/// The units of a size. `MB` is a million bytes: where a limit is documented in MB and may mean either,
/// the smaller one is safe.
const SIZES: [(&str, u64); 7] = [
    ("b", 1),
    ("kb", 1000),
    ("kib", 1 << 10),
    ("mb", 1_000_000),
    ("mib", 1 << 20),
    ("gb", 1_000_000_000),
    ("gib", 1 << 30),
];

/// The units of a length of time, in milliseconds.
const TIMES: [(&str, u64); 5] = [
    ("ms", 1),
    ("s", 1000),
    ("m", 60_000),
    ("h", 3_600_000),
    ("d", 86_400_000),
];

/// The bytes of a size such as `4MB`, `20 MiB` or `4000000`, in any case; `None` for zero, for what is
/// no size, and for what no `u64` holds.
pub(crate) fn size(text: &str) -> Option<u64> {
    let (number, unit) = number_and_rest(text)?;
    let unit = unit.trim_start_matches(' ').to_ascii_lowercase();
    let factor = if unit.is_empty() {
        1
    } else {
        SIZES.iter().find(|(name, _)| *name == unit)?.1
    };
    number.checked_mul(factor).filter(|bytes| *bytes > 0)
}

/// The length of a time such as `90s`, `500ms` or `1h30m`; `None` for zero and for what is none.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut milliseconds = 0_u64;
    while !rest.is_empty() {
        let (number, after) = number_and_rest(rest)?;
        let end = after
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(after.len());
        let (unit, after) = after.split_at_checked(end)?;
        let factor = TIMES.iter().find(|(name, _)| *name == unit)?.1;
        milliseconds = milliseconds.checked_add(number.checked_mul(factor)?)?;
        rest = after;
    }
    (milliseconds > 0).then(|| Duration::from_millis(milliseconds))
}

/// How a person reads `bytes`: in whole units where they are some, else with one digit, rounded up, so
/// that a size over a limit never looks like the limit.
pub(super) fn shown(bytes: u64) -> String {
    const UNITS: [(&str, u64); 3] = [("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1000)];
    for (unit, factor) in UNITS {
        if bytes >= factor {
            let tenths = bytes.saturating_mul(10).div_ceil(factor);
            return match tenths % 10 {
                0 => format!("{} {unit}", tenths / 10),
                tenth => format!("{}.{tenth} {unit}", tenths / 10),
            };
        }
    }
    match bytes {
        1 => "1 byte".to_owned(),
        _ => format!("{bytes} bytes"),
    }
}

/// The digits that `text` starts with, and what follows them.
fn number_and_rest(text: &str) -> Option<(u64, &str)> {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (digits, rest) = text.split_at_checked(end)?;
    Some((digits.parse().ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sizes_take_both_kinds_of_units() {
        assert_eq!(size("4MB"), Some(4_000_000));
        assert_eq!(size("4MiB"), Some(4_194_304));
        assert_eq!(size("20 mb"), Some(20_000_000));
        assert_eq!(size("12"), Some(12));
        for text in [
            "",
            "0",
            "0MB",
            "4.5MB",
            "-1",
            "MB",
            "4M",
            "4 MB ",
            "99999999999GB",
            "4\tMB",
        ] {
            assert_eq!(size(text), None, "{text}");
        }
    }

    #[test]
    fn durations_have_units_and_are_longer_than_zero() {
        assert_eq!(duration("1m"), Some(Duration::from_mins(1)));
        assert_eq!(duration("1h30m"), Some(Duration::from_mins(90)));
        assert_eq!(duration("500ms"), Some(Duration::from_millis(500)));
        for text in [
            "",
            "0s",
            "60",
            "1 m",
            "m",
            "-1m",
            "1.5h",
            "1M",
            "99999999999999999999d",
            "9999999999999999d",
        ] {
            assert_eq!(duration(text), None, "{text}");
        }
    }

    #[test]
    fn shown_sizes_never_round_down() {
        assert_eq!(shown(4_000_000), "4 MB");
        assert_eq!(shown(4_000_001), "4.1 MB");
        assert_eq!(shown(999), "999 bytes");
        assert_eq!(shown(1), "1 byte");
        assert_eq!(shown(u64::MAX), "1844674407.4 GB");
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,12}", digits in "[0-9]{0,25}[a-zA-Zé ]{0,3}[0-9]{0,3}") {
            for text in [text, digits] {
                let (_, _) = (size(&text), duration(&text));
            }
        }
    }
}
