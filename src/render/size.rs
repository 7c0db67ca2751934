//! Numbers with their units.

/// A length in bytes for a person: `512 B`, `1.2 KiB`, `4.0 MiB`.
pub(super) fn size(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut tenths = (u128::from(bytes) * 10 + 512) / 1024;
    let mut scale: u128 = 1024;
    let mut units = UNITS.iter();
    let mut unit = units.next().copied().unwrap_or_default();
    // 1023.96 KiB rounds to 1024.0 KiB, which is 1.0 MiB.
    while tenths >= 10_240 {
        let Some(next) = units.next() else { break };
        scale *= 1024;
        tenths = (u128::from(bytes) * 10 + scale / 2) / scale;
        unit = next;
    }
    format!("{}.{} {unit}", tenths / 10, tenths % 10)
}

/// `size(before) → size(after)`; in bytes where rounding would hide the difference.
pub(super) fn sizes(before: u64, after: u64) -> String {
    match (size(before), size(after)) {
        (old, _) if before == after => old,
        (old, new) if old == new => format!("{} B → {} B", thousands(before), thousands(after)),
        (old, new) => format!("{old} → {new}"),
    }
}

/// `1 file`, `2 files`.
pub(crate) fn plural(count: u64, noun: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{s}")
}

/// `1,234,567`.
pub(super) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() * 4 / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// How long calls take under the limits: never promises less than `seconds`.
pub(super) fn duration(seconds: u64) -> String {
    match seconds {
        0 => "at once".to_owned(),
        1..60 => format!("about {seconds} s"),
        60..3541 => format!("about {} min", seconds.div_ceil(60)),
        _ => {
            let minutes = seconds.div_ceil(60);
            match minutes % 60 {
                0 => format!("about {} h", minutes / 60),
                rest => format!("about {} h {rest} min", minutes / 60),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_rounded_and_never_reach_the_next_unit() {
        for (bytes, shown) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (1280, "1.3 KiB"),
            (1024 * 1024 - 1, "1.0 MiB"),
            (4_000_000, "3.8 MiB"),
            (u64::MAX, "16.0 EiB"),
        ] {
            assert_eq!(size(bytes), shown);
        }
        assert_eq!(sizes(1024, 2048), "1.0 KiB → 2.0 KiB");
        assert_eq!(sizes(10_240, 10_241), "10,240 B → 10,241 B");
        assert_eq!(sizes(7, 7), "7 B");
    }

    #[test]
    fn numbers_are_written_as_people_do() {
        assert_eq!(thousands(0), "0");
        assert_eq!(thousands(999), "999");
        assert_eq!(thousands(1000), "1,000");
        assert_eq!(thousands(u64::MAX), "18,446,744,073,709,551,615");
        assert_eq!(plural(1, "file"), "1 file");
        assert_eq!(plural(0, "file"), "0 files");
    }

    #[test]
    fn times_are_rounded_up() {
        for (seconds, shown) in [
            (0, "at once"),
            (59, "about 59 s"),
            (60, "about 1 min"),
            (120, "about 2 min"),
            (121, "about 3 min"),
            (3540, "about 59 min"),
            (3541, "about 1 h"),
            (3600, "about 1 h"),
            (3900, "about 1 h 5 min"),
        ] {
            assert_eq!(duration(seconds), shown);
        }
        assert!(duration(u64::MAX).starts_with("about "));
    }
}
