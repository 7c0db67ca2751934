//! Shortening of very long lines, where one can see it.

use std::ops::Range;

use unicode_width::UnicodeWidthChar as _;

/// The most characters of a line that are shown.
pub(super) const MOST: usize = 400;
/// How many characters before the first difference stay.
const LEAD: usize = 40;

/// A part of a long line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Folded {
    /// How many characters before it are left out.
    pub(super) before: usize,
    /// The bytes that are shown.
    pub(super) shown: Range<usize>,
    /// How many characters after it are left out.
    pub(super) after: usize,
}

/// Which part of `line` to show, so that the byte offset `focus` is in it: a difference far to the
/// right must not be folded away.
pub(super) fn fold(line: &str, focus: usize) -> Folded {
    let all = Folded {
        before: 0,
        shown: 0..line.len(),
        after: 0,
    };
    if line.len() <= MOST {
        return all;
    }
    let count = line.chars().count();
    if count <= MOST {
        return all;
    }
    let focus = line
        .char_indices()
        .take_while(|(at, _)| *at < focus)
        .count();
    let before = if focus < MOST - LEAD {
        0
    } else {
        (focus - LEAD).min(count - MOST)
    };
    let byte = |nth| {
        line.char_indices()
            .nth(nth)
            .map_or(line.len(), |(at, _)| at)
    };
    Folded {
        before,
        shown: byte(before)..byte(before + MOST),
        after: count - before - MOST,
    }
}

/// The start of `text`, of at most `most` characters, and where it is longer with `…` for the rest.
pub(super) fn fold_to(text: &str, most: usize) -> String {
    shortened(text, most, |_| 1)
}

/// As [`fold_to`], of at most `most` columns of a terminal.
pub(super) fn fold_to_width(text: &str, most: usize) -> String {
    shortened(text, most, |c| c.width().unwrap_or(0))
}

fn shortened(text: &str, most: usize, width: impl Fn(char) -> usize) -> String {
    let all = || {
        text.chars().scan(0, |sum, c| {
            *sum += width(c);
            Some((*sum, c))
        })
    };
    match all().last() {
        Some((sum, _)) if sum > most => {
            let kept = all().take_while(|(sum, _)| *sum < most);
            kept.map(|(_, c)| c).chain(['…']).collect()
        }
        _ => text.to_owned(),
    }
}

/// How many bytes `a` and `b` have in common at their start, in whole characters.
pub(super) fn common_start(a: &str, b: &str) -> usize {
    a.char_indices()
        .zip(b.chars())
        .find(|((_, x), y)| x != y)
        .map_or(a.len().min(b.len()), |((at, _), _)| at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_long_lines_are_folded() {
        assert_eq!(fold(&"ä".repeat(400), 0).after, 0);
        let folded = fold(&"ä".repeat(1634), 0);
        assert_eq!(
            (folded.before, folded.shown, folded.after),
            (0, 0..800, 1234)
        );
    }

    #[test]
    fn a_difference_far_to_the_right_stays_in_sight() {
        let folded = fold(&"x".repeat(10_000), 5_000);
        assert_eq!(
            (folded.before, folded.shown, folded.after),
            (4960, 4960..5360, 4640)
        );
        let folded = fold(&"x".repeat(10_000), 9_999);
        assert_eq!((folded.before, folded.after), (9600, 0));
    }

    #[test]
    fn the_common_start_ends_between_characters() {
        assert_eq!(common_start("aäb", "aöb"), 1);
        assert_eq!(common_start("aä", "aäb"), 3);
        assert_eq!(common_start("", "a"), 0);
    }

    #[test]
    fn what_is_cut_off_is_seen() {
        assert_eq!(fold_to("abc", 3), "abc");
        assert_eq!(fold_to("abcd", 3), "ab…");
        assert_eq!(fold_to_width("日本語", 6), "日本語");
        assert_eq!(fold_to_width("日本語", 5), "日本…");
        assert_eq!(fold_to_width("日本語", 4), "日…");
    }

    proptest! {
        #[test]
        fn nothing_is_lost_in_the_count(line in "[aä日]{390,900}", focus in 0usize..3000) {
            let folded = fold(&line, focus);
            let shown = line.get(folded.shown.clone()).map(|it| it.chars().count());
            prop_assert_eq!(shown.map(|it| folded.before + it + folded.after), Some(line.chars().count()));
            prop_assert!(focus >= line.len() || folded.shown.contains(&focus));
        }
    }
}
