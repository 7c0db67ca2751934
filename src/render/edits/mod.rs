//! Which lines of one text stand for which of another.
//!
//! Ready-made searches end after a time, so that a plan would look different on a busy machine, or take
//! minutes for texts of many equal lines, which whoever opens a pull request can write. This one knows no
//! clock and takes a bounded number of steps: [`anchors`] fixes what can match in one way only, [`search`]
//! looks for short edits in between, and [`slide`] puts them where a person would.

mod anchors;
mod search;
mod slide;
#[cfg(test)]
mod tests;

use std::ops::Range;

use indexmap::IndexSet;

/// About how many comparisons a search of lines may take: a fraction of a second.
const STEPS: usize = 20_000_000;
/// How many edits of lines are searched for at once, at most and at least: the memory grows with their
/// square.
const LINE_EDITS: (usize, usize) = (12, 1500);

/// A stretch of the old sequence, and what stands for it in the new one. One of them may be empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Edit {
    pub(super) old: Range<usize>,
    pub(super) new: Range<usize>,
}

/// A stretch that both sequences have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Run {
    old: usize,
    new: usize,
    length: usize,
}

/// Runs in order, none of which goes on where another ends.
#[derive(Default)]
struct Runs(Vec<Run>);

impl Runs {
    fn push(&mut self, run: Run) {
        match self.0.last_mut() {
            Some(last)
                if (last.old + last.length, last.new + last.length) == (run.old, run.new) =>
            {
                last.length += run.length;
            }
            _ if run.length > 0 => self.0.push(run),
            _ => {}
        }
    }
}

/// A part of a sequence of numbers, and where it starts.
#[derive(Clone, Copy)]
struct Part<'a> {
    start: usize,
    numbers: &'a [u32],
}

impl Part<'_> {
    fn slice(self, range: Range<usize>) -> Self {
        Self {
            start: self.start + range.start,
            numbers: self.numbers.get(range).unwrap_or_default(),
        }
    }
}

/// Both sequences as numbers, which are equal where the elements are, and how many numbers there are. They
/// count by first appearance, whatever the hashes are.
fn numbered<'a>(old: &[&'a str], new: &[&'a str]) -> (Vec<u32>, Vec<u32>, usize) {
    let mut known = IndexSet::new();
    let mut all = |texts: &[&'a str]| -> Vec<u32> {
        let number = |text: &&'a str| known.insert_full(*text).0;
        // A text of 2^32 lines is refused for its size long before.
        let numbers = texts.iter().map(number);
        numbers
            .map(|number| u32::try_from(number).unwrap_or(u32::MAX))
            .collect()
    };
    let (old, new) = (all(old), all(new));
    (old, new, known.len())
}

/// The edits that make the lines `old` into `new`, where a reader would put them.
pub(super) fn of_lines(old: &[&str], new: &[&str]) -> Vec<Edit> {
    let (old_numbers, new_numbers, count) = numbered(old, new);
    let (least, most) = LINE_EDITS;
    let most = (STEPS / (old.len() + new.len()).max(1)).clamp(least, most);
    let runs = anchors::runs(&old_numbers, &new_numbers, count, most);
    let edits = between(&runs, old.len(), new.len());
    slide::all(edits, (&old_numbers, old), (&new_numbers, new))
}

/// How often each number is in a part of either side.
struct Seen {
    counts: Vec<(u32, u32)>,
}

impl Seen {
    /// Room for `count` numbers, none of which was seen.
    fn new(count: usize) -> Self {
        Self {
            counts: vec![(0, 0); count],
        }
    }

    /// Counts the numbers of two parts, for the time of `use_counts`.
    fn during<T>(
        &mut self,
        old: Part<'_>,
        new: Part<'_>,
        use_counts: impl FnOnce(&Self) -> T,
    ) -> T {
        for number in old.numbers {
            if let Some((count, _)) = self.counts.get_mut(*number as usize) {
                *count += 1;
            }
        }
        for number in new.numbers {
            if let Some((_, count)) = self.counts.get_mut(*number as usize) {
                *count += 1;
            }
        }
        let result = use_counts(self);
        for number in old.numbers.iter().chain(new.numbers) {
            if let Some(counts) = self.counts.get_mut(*number as usize) {
                *counts = (0, 0);
            }
        }
        result
    }

    /// How often `number` is in the old and in the new part.
    fn counts(&self, number: u32) -> (u32, u32) {
        self.counts
            .get(number as usize)
            .copied()
            .unwrap_or_default()
    }
}

/// Takes what two parts have in common at their ends off them: the runs there, and what is between.
fn trim<'a>(old: Part<'a>, new: Part<'a>) -> (Run, Part<'a>, Part<'a>, Run) {
    let pairs = old.numbers.iter().zip(new.numbers);
    let head = pairs.take_while(|(old, new)| old == new).count();
    let old_rest = old.slice(head..old.numbers.len());
    let new_rest = new.slice(head..new.numbers.len());
    let rest = old_rest.numbers.iter().rev();
    let pairs = rest.zip(new_rest.numbers.iter().rev());
    let tail = pairs.take_while(|(old, new)| old == new).count();
    let (old_length, new_length) = (old_rest.numbers.len() - tail, new_rest.numbers.len() - tail);
    (
        Run {
            old: old.start,
            new: new.start,
            length: head,
        },
        old_rest.slice(0..old_length),
        new_rest.slice(0..new_length),
        Run {
            old: old_rest.start + old_length,
            new: new_rest.start + new_length,
            length: tail,
        },
    )
}

/// The edits between runs that are in order.
fn between(runs: &[Run], old_length: usize, new_length: usize) -> Vec<Edit> {
    let end = Run {
        old: old_length,
        new: new_length,
        length: 0,
    };
    let (mut old, mut new) = (0, 0);
    let mut edits = Vec::new();
    for run in runs.iter().chain([&end]) {
        if (old, new) != (run.old, run.new) {
            edits.push(Edit {
                old: old..run.old,
                new: new..run.new,
            });
        }
        (old, new) = (run.old + run.length, run.new + run.length);
    }
    edits
}
