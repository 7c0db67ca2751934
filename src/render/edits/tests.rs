use super::*;
use proptest::prelude::*;

/// What `edits` make of `old`, taking from `new` only what they name.
fn applied<'a>(old: &[&'a str], new: &[&'a str], edits: &[Edit]) -> Vec<&'a str> {
    let mut result = Vec::new();
    let mut at = 0;
    for edit in edits {
        result.extend(&old[at..edit.old.start]);
        result.extend(&new[edit.new.clone()]);
        at = edit.old.end;
    }
    result.extend(&old[at..]);
    result
}

/// The same the other way.
fn reversed(edits: &[Edit]) -> Vec<Edit> {
    let swap = |edit: &Edit| Edit {
        old: edit.new.clone(),
        new: edit.old.clone(),
    };
    edits.iter().map(swap).collect()
}

fn are_sound(edits: &[Edit]) -> bool {
    let not_empty = |edit: &Edit| !edit.old.is_empty() || !edit.new.is_empty();
    let apart = |pair: &[Edit]| {
        let (old, new) = (pair[1].old.start, pair[1].new.start);
        old > pair[0].old.end && old - pair[0].old.end == new - pair[0].new.end
    };
    edits.iter().all(not_empty) && edits.windows(2).all(apart)
}

/// How many edits the shortest way takes, by the table that every textbook has.
fn shortest(old: &[&str], new: &[&str]) -> usize {
    let mut row: Vec<usize> = (0..=new.len()).collect();
    for (at, a) in old.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = at + 1;
        for (at, b) in new.iter().enumerate() {
            let above = row[at + 1];
            row[at + 1] = if a == b {
                diagonal
            } else {
                1 + above.min(row[at])
            };
            diagonal = above;
        }
    }
    row[new.len()]
}

fn length(edits: &[Edit]) -> usize {
    edits.iter().map(|it| it.old.len() + it.new.len()).sum()
}

fn few() -> impl Strategy<Value = Vec<&'static str>> {
    let lines = ["{\n", "}\n", "\n", "  a\n", "  b\n", "c\n"];
    prop::collection::vec(prop::sample::select(lines.to_vec()), 0..40)
}

fn searched(old: &[&str], new: &[&str], most: usize) -> Vec<Edit> {
    let (old_numbers, new_numbers, count) = numbered(old, new);
    let runs = anchors::runs(&old_numbers, &new_numbers, count, most);
    between(&runs, old.len(), new.len())
}

#[test]
fn a_function_between_two_others_is_added_as_a_whole() {
    let one = ["function A {\n", "    1\n", "}\n", "\n"];
    let two = ["function B {\n", "    2\n", "}\n", "\n"];
    let three = ["function C {\n", "    3\n", "}\n"];
    let old: Vec<_> = one.iter().chain(&three).copied().collect();
    let new: Vec<_> = one.iter().chain(&two).chain(&three).copied().collect();
    assert_eq!(
        of_lines(&old, &new),
        [Edit {
            old: 4..4,
            new: 4..8
        }]
    );
    assert_eq!(
        of_lines(&new, &old),
        [Edit {
            old: 4..8,
            new: 4..4
        }]
    );
}

#[test]
fn a_block_is_added_with_its_own_brace() {
    let old = ["if (a) {\n", "    x\n", "}\n", "y\n"];
    let new = [
        "if (a) {\n",
        "    x\n",
        "}\n",
        "if (b) {\n",
        "    x\n",
        "}\n",
        "y\n",
    ];
    assert_eq!(
        of_lines(&old, &new),
        [Edit {
            old: 3..3,
            new: 3..6
        }]
    );
}

#[test]
fn stretches_that_touch_after_sliding_are_joined() {
    // Both `b` and what follows could be shown apart; together they are one.
    let old = ["a\n", "x\n", "b\n", "x\n", "c\n"];
    let new = ["a\n", "x\n", "c\n"];
    assert_eq!(of_lines(&old, &new).len(), 1);
}

#[test]
fn many_equal_lines_that_changed_everywhere_end_in_bounded_steps() {
    // The textbook's table would take 10^10 steps.
    let mut state = 1_u32;
    let mut random = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        if state & 0x10000 == 0 { "}\n" } else { "\n" }
    };
    let old: Vec<_> = (0..100_000).map(|_| random()).collect();
    let new: Vec<_> = (0..100_000).map(|_| random()).collect();
    let edits = of_lines(&old, &new);
    assert!(are_sound(&edits));
    assert_eq!(applied(&old, &new, &edits), new);
}

/// What the search alone finds, when nothing stops it.
fn without_anchors(old: &[&str], new: &[&str]) -> Vec<Edit> {
    let (old_numbers, new_numbers, count) = numbered(old, new);
    let part = |numbers| Part { start: 0, numbers };
    let (mut seen, mut runs) = (Seen::new(count), Runs::default());
    let (old_part, new_part) = (part(&old_numbers), part(&new_numbers));
    search::find(old_part, new_part, &mut seen, 128, &mut runs);
    between(&runs.0, old.len(), new.len())
}

proptest! {
    #[test]
    fn edits_lead_from_the_old_to_the_new_and_back(old in few(), new in few()) {
        let edits = of_lines(&old, &new);
        prop_assert_eq!(applied(&old, &new, &edits), new.clone(), "{:?}", edits);
        prop_assert_eq!(applied(&new, &old, &reversed(&edits)), old, "{:?}", edits);
        prop_assert!(are_sound(&edits), "{:?}", edits);
    }

    #[test]
    fn a_search_that_is_stopped_is_still_right(old in few(), new in few(), most in 1usize..6) {
        let edits = searched(&old, &new, most);
        prop_assert_eq!(applied(&old, &new, &edits), new.clone());
        prop_assert!(are_sound(&edits));
    }

    #[test]
    fn a_search_that_is_not_stopped_finds_the_fewest_edits(old in few(), new in few()) {
        prop_assert_eq!(length(&without_anchors(&old, &new)), shortest(&old, &new));
    }

    #[test]
    fn sliding_changes_no_length(old in few(), new in few()) {
        let before = searched(&old, &new, 1000);
        prop_assert!(of_lines(&old, &new).len() <= before.len());
        prop_assert_eq!(length(&of_lines(&old, &new)), length(&before));
    }
}
