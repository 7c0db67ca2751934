//! Short edits, by the algorithm of Eugene Myers ("An O(ND) Difference Algorithm and Its Variations", 1986).
//!
//! It finds a shortest path of edits in a time that grows with the square of their number. So it is stopped
//! after some edits: the path that came furthest is taken, and the search starts again at its end.

use super::{Part, Run, Runs, Seen, trim};

/// Where no path leads.
const NOWHERE: i32 = -1;

/// Appends the runs that both parts have to `runs`, in order; `most` edits are searched for at a time.
pub(super) fn find(old: Part<'_>, new: Part<'_>, seen: &mut Seen, most: usize, runs: &mut Runs) {
    let (head, old, new, tail) = trim(old, new);
    runs.push(head);
    if !old.numbers.is_empty() && !new.numbers.is_empty() {
        // What the other side does not have is an edit in any case, and would only hide the rest.
        let (old_common, new_common) = seen.during(old, new, |seen| {
            let common = |part: Part<'_>| {
                let numbers = part.numbers.iter().enumerate();
                numbers
                    .filter(|(_, number)| !matches!(seen.counts(**number), (0, _) | (_, 0)))
                    .map(|(at, number)| (part.start + at, *number))
                    .collect::<Vec<_>>()
            };
            (common(old), common(new))
        });
        matches(&old_common, &new_common, most, &mut |old, new| {
            runs.push(Run {
                old,
                new,
                length: 1,
            });
        });
    }
    runs.push(tail);
}

/// Calls `push` for the places of every two elements that match.
fn matches(
    old: &[(usize, u32)],
    new: &[(usize, u32)],
    most: usize,
    push: &mut impl FnMut(usize, usize),
) {
    let (mut old_at, mut new_at) = (0, 0);
    let mut paths = Paths::default();
    while let (Some(old_rest), Some(new_rest)) = (old.get(old_at..), new.get(new_at..)) {
        if old_rest.is_empty() || new_rest.is_empty() {
            break;
        }
        let end = paths.search(old_rest, new_rest, most);
        for (x, y, length) in paths.runs(end) {
            for (old, new) in old_rest
                .iter()
                .skip(x)
                .zip(new_rest.iter().skip(y))
                .take(length)
            {
                push(old.0, new.0);
            }
        }
        let (x, y) = paths.passed(end);
        old_at += x;
        new_at += y;
    }
}

/// How far one comes with how many edits.
#[derive(Default)]
struct Paths {
    /// How long the two parts are.
    lengths: (i32, i32),
    /// For no edit, 1 edit, 2 edits and so on, for each number of removals among them from none to all, how
    /// much of the old part the path that comes furthest has passed. How much of the new part follows: as
    /// much, less the removals, more the additions.
    furthest: Vec<i32>,
}

/// A path: how many edits it takes, and how many of them are removals.
#[derive(Clone, Copy)]
struct Path {
    edits: usize,
    removals: usize,
}

impl Paths {
    /// Finds a path to the end of both parts, or the one that comes furthest with `most` edits.
    fn search(&mut self, old: &[(usize, u32)], new: &[(usize, u32)], most: usize) -> Path {
        let length = |part: &[_]| i32::try_from(part.len()).unwrap_or(i32::MAX);
        self.lengths = (length(old), length(new));
        self.furthest.clear();
        let mut best = Path {
            edits: 0,
            removals: 0,
        };
        for edits in 0..=most {
            let mut furthest = -1;
            for removals in 0..=edits {
                let path = Path { edits, removals };
                let (start, _) = self.start(path);
                let Some((x, y)) = place(start, path) else {
                    self.furthest.push(NOWHERE);
                    continue;
                };
                let (old, new) = (old.iter().skip(x), new.iter().skip(y));
                let same = old.zip(new).take_while(|(old, new)| old.1 == new.1);
                let same = i32::try_from(same.count()).unwrap_or(i32::MAX);
                let end = start.saturating_add(same);
                self.furthest.push(end);
                let passed = place(end, path).map_or(-1, |(x, y)| length_of(x) + length_of(y));
                if passed > furthest {
                    furthest = passed;
                    best = path;
                }
            }
            if furthest == self.lengths.0.saturating_add(self.lengths.1) {
                break;
            }
        }
        best
    }

    /// Where `path` is after its last edit, and whether that is a removal.
    fn start(&self, path: Path) -> (i32, bool) {
        let Path { edits, removals } = path;
        let Some(before) = edits.checked_sub(1) else {
            return (0, false);
        };
        let (old_length, new_length) = self.lengths;
        let removed = removals.checked_sub(1).map_or(NOWHERE, |removals| {
            let from = self.end(Path {
                edits: before,
                removals,
            });
            let is_possible = from != NOWHERE && from < old_length;
            if is_possible { from + 1 } else { NOWHERE }
        });
        let added = if removals < edits {
            let path = Path {
                edits: before,
                removals,
            };
            let from = self.end(path);
            let is_possible = place(from, path).is_some_and(|(_, y)| length_of(y) < new_length);
            if is_possible { from } else { NOWHERE }
        } else {
            NOWHERE
        };
        if removed > added {
            (removed, true)
        } else {
            (added, false)
        }
    }

    /// How much of the old part `path` has passed.
    fn end(&self, path: Path) -> i32 {
        let at = path.edits * (path.edits + 1) / 2 + path.removals;
        self.furthest.get(at).copied().unwrap_or(NOWHERE)
    }

    /// How much of both parts `path` has passed.
    fn passed(&self, path: Path) -> (usize, usize) {
        place(self.end(path), path).unwrap_or_default()
    }

    /// The stretches that both parts have on `path`: where they start in each, and how long they are.
    fn runs(&self, mut path: Path) -> Vec<(usize, usize, usize)> {
        let mut runs = Vec::new();
        loop {
            let (start, is_removal) = self.start(path);
            let (end, _) = self.passed(path);
            if let Some((x, y)) = place(start, path)
                && x < end
            {
                runs.push((x, y, end - x));
            }
            let Some(edits) = path.edits.checked_sub(1) else {
                break;
            };
            path = Path {
                edits,
                removals: path.removals - usize::from(is_removal),
            };
        }
        runs.reverse();
        runs
    }
}

/// How much of both parts `path` has passed if it is `passed` of the old one.
fn place(passed: i32, path: Path) -> Option<(usize, usize)> {
    let x = usize::try_from(passed).ok()?;
    let additions = path.edits - path.removals;
    Some((x, (x + additions).checked_sub(path.removals)?))
}

fn length_of(passed: usize) -> i32 {
    i32::try_from(passed).unwrap_or(i32::MAX)
}
