//! Elements that each side has exactly once: they match each other or nothing.

use super::{Part, Run, Runs, Seen, search, trim};

/// How often a part between two anchors is searched for anchors of its own.
const MOST_LEVELS: usize = 8;

/// The runs that both sides have, in order, of numbers below `count`. Between anchors, edits are searched
/// `most` at a time.
pub(super) fn runs(old: &[u32], new: &[u32], count: usize, most: usize) -> Vec<Run> {
    let mut finder = Finder {
        seen: Seen::new(count),
        most,
        runs: Runs::default(),
    };
    let part = |numbers| Part { start: 0, numbers };
    finder.part(part(old), part(new), MOST_LEVELS);
    finder.runs.0
}

struct Finder {
    seen: Seen,
    most: usize,
    runs: Runs,
}

impl Finder {
    fn part(&mut self, old: Part<'_>, new: Part<'_>, levels: usize) {
        let (head, old, new, tail) = trim(old, new);
        self.runs.push(head);
        let anchors = if levels == 0 {
            Vec::new()
        } else {
            self.anchors(old, new)
        };
        if anchors.is_empty() {
            search::find(old, new, &mut self.seen, self.most, &mut self.runs);
        } else {
            let (mut old_at, mut new_at) = (0, 0);
            for (old_end, new_end) in anchors {
                // An anchor is found again as the head of the next part.
                self.part(
                    old.slice(old_at..old_end),
                    new.slice(new_at..new_end),
                    levels - 1,
                );
                (old_at, new_at) = (old_end, new_end);
            }
            self.part(
                old.slice(old_at..old.numbers.len()),
                new.slice(new_at..new.numbers.len()),
                levels - 1,
            );
        }
        self.runs.push(tail);
    }

    /// Where the two parts have elements that each has once, as many as are in the same order on both
    /// sides.
    fn anchors(&mut self, old: Part<'_>, new: Part<'_>) -> Vec<(usize, usize)> {
        let pairs = self.seen.during(old, new, |seen| {
            let unique = |part: Part<'_>| {
                let numbers = part.numbers.iter().enumerate();
                let mut unique: Vec<(u32, usize)> = numbers
                    .filter(|(_, number)| seen.counts(**number) == (1, 1))
                    .map(|(at, number)| (*number, at))
                    .collect();
                unique.sort_unstable();
                unique
            };
            let pairs = unique(old).into_iter().zip(unique(new));
            let mut pairs: Vec<_> = pairs.map(|((_, old), (_, new))| (old, new)).collect();
            pairs.sort_unstable();
            pairs
        });
        longest_rising(&pairs)
    }
}

/// The most of `pairs`, which rise in the first place, that rise in the second one too.
fn longest_rising(pairs: &[(usize, usize)]) -> Vec<(usize, usize)> {
    // By length, the last pair of the sequence of that length which ends lowest.
    let mut ends: Vec<(usize, usize)> = Vec::new();
    let mut previous = Vec::with_capacity(pairs.len());
    for (at, (_, value)) in pairs.iter().enumerate() {
        let length = ends.partition_point(|(end, _)| end < value);
        previous.push(length.checked_sub(1).and_then(|it| Some(ends.get(it)?.1)));
        match ends.get_mut(length) {
            Some(end) => *end = (*value, at),
            None => ends.push((*value, at)),
        }
    }
    let mut rising = Vec::with_capacity(ends.len());
    let mut next = ends.last().map(|(_, at)| *at);
    while let Some(at) = next {
        rising.extend(pairs.get(at));
        next = previous.get(at).copied().flatten();
    }
    rising.reverse();
    rising
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_rising_sequence_is_kept() {
        let rising = |values: &[usize]| {
            let pairs: Vec<_> = values.iter().copied().enumerate().collect();
            let kept = longest_rising(&pairs);
            kept.into_iter().map(|(_, it)| it).collect::<Vec<_>>()
        };
        assert!(rising(&[]).is_empty());
        assert_eq!(rising(&[3, 2, 1]), [1]);
        assert_eq!(rising(&[0, 5, 1, 2, 9, 3]), [0, 1, 2, 3]);
        assert_eq!(rising(&[7, 8, 0, 1, 2, 9]), [0, 1, 2, 9]);
    }
}
