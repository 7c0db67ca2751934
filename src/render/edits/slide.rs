//! Where a stretch that is only added, or only removed, is shown.
//!
//! Of a function that is added between two others, the closing brace may as well be the one before it. As git
//! does, stretches that touch after sliding are joined, and the others stand where their indentation says
//! that something starts (git's `xdiff/xdiffi.c`, `diff.indentHeuristic`).

use std::ops::Range;

use super::Edit;

/// How far a stretch is slid, in lines, at most.
const MOST_SLIDE: usize = 100;
/// How many blank lines are looked at, at most.
const MOST_BLANKS: i32 = 20;
/// More indentation than this is as good as this.
const MOST_INDENT: i32 = 200;

/// The lines of one side, as numbers and as they are.
type Side<'a> = (&'a [u32], &'a [&'a str]);

/// Slides `edits`, which are in order, to where they read best.
pub(super) fn all(edits: Vec<Edit>, old: Side<'_>, new: Side<'_>) -> Vec<Edit> {
    let mut done: Vec<Edit> = Vec::with_capacity(edits.len());
    let mut left = edits;
    left.reverse();
    while let Some(edit) = left.pop() {
        let (lines, range) = match (edit.old.is_empty(), edit.new.is_empty()) {
            (true, false) => (new, &edit.new),
            (false, true) => (old, &edit.old),
            _ => {
                done.push(edit);
                continue;
            }
        };
        let above = range.start - done.last().map_or(0, |last| last.end_like(&edit));
        let below = left
            .last()
            .map_or(lines.0.len(), |next| next.start_like(&edit))
            - range.end;
        let (up, down) = (up(lines.0, range, above), down(lines.0, range, below));
        if up == above
            && let Some(last) = done.pop()
        {
            // Joined with the one before, it may slide on.
            left.push(last.joined(&edit.slid(-signed(up))));
        } else if down == below
            && let Some(next) = left.pop()
        {
            left.push(edit.slid(signed(down)).joined(&next));
        } else {
            let by = best(lines.1, range, signed(up), signed(down));
            done.push(edit.slid(by));
        }
    }
    done
}

impl Edit {
    /// Where it ends on the side on which `other` is not empty.
    fn end_like(&self, other: &Self) -> usize {
        if other.old.is_empty() {
            self.new.end
        } else {
            self.old.end
        }
    }

    /// As [`Self::end_like`], where it starts.
    fn start_like(&self, other: &Self) -> usize {
        if other.old.is_empty() {
            self.new.start
        } else {
            self.old.start
        }
    }

    fn slid(&self, by: isize) -> Self {
        let slid = |range: &Range<usize>| {
            range.start.saturating_add_signed(by)..range.end.saturating_add_signed(by)
        };
        Self {
            old: slid(&self.old),
            new: slid(&self.new),
        }
    }

    fn joined(&self, next: &Self) -> Self {
        Self {
            old: self.old.start..next.old.end,
            new: self.new.start..next.new.end,
        }
    }
}

fn signed(lines: usize) -> isize {
    isize::try_from(lines).unwrap_or(0)
}

/// By how many lines `range` can be slid up, `most` at most.
fn up(lines: &[u32], range: &Range<usize>, most: usize) -> usize {
    let head = lines.get(..range.start).unwrap_or_default().iter().rev();
    let tail = lines.get(..range.end).unwrap_or_default().iter().rev();
    let pairs = head.zip(tail).take(most.min(MOST_SLIDE));
    pairs.take_while(|(a, b)| a == b).count()
}

/// By how many lines `range` can be slid down, `most` at most.
fn down(lines: &[u32], range: &Range<usize>, most: usize) -> usize {
    let head = lines.get(range.start..).unwrap_or_default().iter();
    let tail = lines.get(range.end..).unwrap_or_default().iter();
    let pairs = head.zip(tail).take(most.min(MOST_SLIDE));
    pairs.take_while(|(a, b)| a == b).count()
}

/// By how much to slide `range`, from `up` up to `down` down, so that it reads best.
fn best(lines: &[&str], range: &Range<usize>, up: isize, down: isize) -> isize {
    let score = |by: isize| {
        let at = |place: usize| score(lines, place.saturating_add_signed(by));
        let ((a, b), (c, d)) = (at(range.start), at(range.end));
        (a + c, b + d)
    };
    let mut best = (score(-up), -up);
    for by in 1 - up..=down {
        let ((best_indent, best_penalty), (indent, penalty)) = (best.0, score(by));
        // Less indentation weighs as much as most penalties; of equals the lowest is taken.
        let indents = 60 * (indent - best_indent).signum();
        if indents + penalty - best_penalty <= 0 {
            best = ((indent, penalty), by);
        }
    }
    best.1
}

/// How deep the lines are where a stretch starts or ends at `place`, and how bad a place it is otherwise.
/// The weights are git's, which were fitted to what people chose.
fn score(lines: &[&str], place: usize) -> (i32, i32) {
    let at = lines.get(place);
    let own = at.and_then(|line| indent(line));
    let (before, blanks_before) = {
        let lines = lines.get(..place).unwrap_or_default();
        nearest(lines.iter().rev())
    };
    let (after, blanks_after) = nearest(lines.iter().skip(place + 1));
    let mut penalty = 0;
    if before.is_none() && blanks_before == 0 {
        penalty += 1;
    }
    if at.is_none() {
        penalty += 21;
    }
    let blanks_at = if own.is_none() { 1 + blanks_after } else { 0 };
    let blanks = blanks_before + blanks_at;
    penalty += -30 * blanks + 6 * blanks_at;
    let indent = own.or(after);
    if let (Some(indent), Some(before)) = (indent, before) {
        let is_blank = blanks != 0;
        penalty += match indent.cmp(&before) {
            std::cmp::Ordering::Equal => 0,
            std::cmp::Ordering::Greater if is_blank => 10,
            std::cmp::Ordering::Greater => -4,
            // What is less deep than the lines around it ends one thing and starts another.
            std::cmp::Ordering::Less if is_blank => 17,
            std::cmp::Ordering::Less if after.is_some_and(|after| after > indent) => 24,
            std::cmp::Ordering::Less => 23,
        };
    }
    (indent.unwrap_or(-1), penalty)
}

/// The indentation of the first line that is not blank, and how many are before it.
fn nearest<'a>(lines: impl Iterator<Item = &'a &'a str>) -> (Option<i32>, i32) {
    let mut blanks = 0;
    for line in lines {
        if let Some(indent) = indent(line) {
            return (Some(indent), blanks);
        }
        blanks += 1;
        if blanks == MOST_BLANKS {
            return (Some(0), blanks);
        }
    }
    (None, blanks)
}

/// How many columns `line` is indented by; `None` for a blank one.
fn indent(line: &str) -> Option<i32> {
    let mut columns = 0;
    for c in line.chars() {
        columns += match c {
            ' ' => 1,
            '\t' => 8 - columns % 8,
            c if c.is_whitespace() => 0,
            _ => return Some(columns),
        };
        if columns >= MOST_INDENT {
            return Some(columns);
        }
    }
    None
}
