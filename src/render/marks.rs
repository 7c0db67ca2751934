//! Which words of a replaced block of lines changed.

use std::ops::Range;

use similar::{Algorithm, DiffTag, DiffableStr as _, capture_diff_slices};

/// The most bytes of a block, both sides together, whose words are compared: words of longer ones say
/// little, and comparing them takes long.
const MOST_BYTES: usize = 16 * 1024;
/// The most bytes of all such blocks of a diff: nobody reads more word by word.
const MOST_BYTES_IN_ALL: usize = 128 * 1024;
/// The most pairs of a word before and a word after, for a block: the search takes about as many steps where
/// nothing is the same.
const MOST_PAIRS: usize = 250_000;
/// The least share of words that both sides have in common; below it, marks are noise.
const LEAST_COMMON: f32 = 0.5;

/// Byte ranges for each of several lines.
pub(super) type Marks = Vec<Vec<Range<usize>>>;

/// Whether words are marked in a diff whose blocks have `bytes` bytes, both sides together.
pub(super) fn are_worthwhile(bytes: impl Iterator<Item = usize>) -> bool {
    let compared = bytes.filter(|bytes| *bytes <= MOST_BYTES);
    compared.sum::<usize>() <= MOST_BYTES_IN_ALL
}

/// For each line of both sides, the byte ranges that the other side does not have. Empty for lines that
/// are new as a whole, and for blocks that are too long or too different for marks to help.
pub(super) fn changed_words(old: &[&str], new: &[&str]) -> (Marks, Marks) {
    let none = || (vec![Vec::new(); old.len()], vec![Vec::new(); new.len()]);
    let bytes: usize = old.iter().chain(new).map(|line| line.len()).sum();
    if bytes > MOST_BYTES {
        return none();
    }
    let (old_words, new_words) = (Words::of(old), Words::of(new));
    let (old_count, new_count) = (old_words.texts.len(), new_words.texts.len());
    if old_count * new_count > MOST_PAIRS {
        return none();
    }
    let ops = capture_diff_slices(Algorithm::Myers, &old_words.texts, &new_words.texts);
    if similar::diff_ratio(&ops, old_count, new_count) < LEAST_COMMON {
        return none();
    }
    let (mut old_marks, mut new_marks) = none();
    for op in ops {
        if op.tag() != DiffTag::Equal {
            old_words.mark(op.old_range(), &mut old_marks);
            new_words.mark(op.new_range(), &mut new_marks);
        }
    }
    for (lines, marks) in [(old, &mut old_marks), (new, &mut new_marks)] {
        for (line, marks) in lines.iter().zip(marks) {
            if matches!(marks.as_slice(), [all] if all.len() == line.trim_end_matches('\n').len()) {
                marks.clear();
            }
        }
    }
    (old_marks, new_marks)
}

/// The words of a block of lines, and where they are.
struct Words<'a> {
    texts: Vec<&'a str>,
    places: Vec<(usize, Range<usize>)>,
}

impl<'a> Words<'a> {
    fn of(lines: &[&'a str]) -> Self {
        let (mut texts, mut places) = (Vec::new(), Vec::new());
        for (nth, line) in lines.iter().enumerate() {
            let mut at = 0;
            for text in line.tokenize_unicode_words() {
                places.push((nth, at..at + text.len()));
                at += text.len();
                texts.push(text);
            }
        }
        Self { texts, places }
    }

    fn mark(&self, words: Range<usize>, marks: &mut [Vec<Range<usize>>]) {
        for ((line, place), text) in self
            .places
            .iter()
            .zip(&self.texts)
            .take(words.end)
            .skip(words.start)
        {
            if *text == "\n" {
                continue;
            }
            let Some(marks) = marks.get_mut(*line) else {
                continue;
            };
            match marks.last_mut() {
                Some(last) if last.end == place.start => last.end = place.end,
                _ => marks.push(place.clone()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_that_differ_are_marked() {
        let (old, new) = changed_words(&["$days = 7 # keep\n"], &["$days = 14 # keep\n"]);
        assert_eq!((old, new), (vec![vec![8..9]], vec![vec![8..10]]));
    }

    #[test]
    fn words_are_compared_across_lines() {
        let (old, new) = changed_words(&["alpha beta gamma\n"], &["alpha beta\n", "gamma\n"]);
        assert_eq!(old, vec![vec![10..11]]);
        assert!(new.iter().all(Vec::is_empty), "{new:?}");
    }

    #[test]
    fn blocks_with_little_in_common_have_no_marks() {
        let (old, new) = changed_words(&["one two\n"], &["completely different text\n", "x\n"]);
        assert_eq!((old, new), (vec![vec![]], vec![vec![], vec![]]));
    }

    #[test]
    fn a_diff_too_large_to_be_read_has_no_marks() {
        assert!(are_worthwhile([MOST_BYTES; 8].into_iter()));
        assert!(!are_worthwhile([MOST_BYTES; 9].into_iter()));
        // Those that are not compared do not count.
        assert!(are_worthwhile([MOST_BYTES + 1; 1000].into_iter()));
    }

    #[test]
    fn long_blocks_have_no_marks() {
        let line = "a ".repeat(MOST_BYTES / 2);
        let (old, new) = changed_words(&[&line], &["a b"]);
        assert_eq!((old, new), (vec![vec![]], vec![vec![]]));
    }
}
