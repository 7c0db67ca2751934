use proptest::prelude::*;

use super::super::MOST_BYTES;
use super::{comment, comment_of};
use crate::model::Attribute;
use crate::plan::{Action, Change, LibraryPlan, Plan, Reason, Refusal};
use crate::render::Contents;
use crate::render::tests::fixtures::{
    FINGERPRINT, alike, change, contents, create, delete, described, drift, library, name, update,
};

fn assert_fits(comment: &str) {
    assert!(comment.len() <= MOST_BYTES, "{}", comment.len());
    assert!(comment.starts_with("<!-- jumpbag:plan "));
    assert!(comment.contains(&format!("Fingerprint: `{FINGERPRINT}`")));
    let summaries = comment.lines().filter(|line| line.starts_with("Plan: "));
    assert_eq!(summaries.count(), 1);
}

/// Updates whose diffs have `lines` changed lines each, and what they need.
fn updates(count: usize, lines: usize) -> (LibraryPlan, Contents) {
    let mut changes = Vec::new();
    let mut all = Vec::new();
    for nth in 0..count {
        let side = |side: &str| {
            let line = |line| format!("{side} {line} of {nth}, with some words to fill it\n");
            (0..lines).map(line).collect::<String>()
        };
        changes.push(update(
            &format!("file-{nth:05}.ps1"),
            side("old"),
            side("new"),
        ));
        all.extend([side("old"), side("new")]);
    }
    let all: Vec<_> = all.iter().map(String::as_bytes).collect();
    (library(changes), contents(&all))
}

#[test]
fn diffs_are_left_out_last_to_first_and_each_says_so() {
    let (library, contents) = updates(30, 60);
    let comment = comment(library, &contents);
    assert_fits(&comment);
    let sections: Vec<_> = comment.split("<details>").skip(1).collect();
    assert_eq!(sections.len(), 30);
    let has_diff: Vec<_> = sections.iter().map(|it| it.contains("```diff")).collect();
    let first_without = has_diff.iter().position(|has| !has).unwrap();
    assert!(first_without > 5, "{has_diff:?}");
    assert!(
        has_diff.iter().skip(first_without).all(|has| !has),
        "{has_diff:?}"
    );
    for section in sections.iter().skip(first_without) {
        assert!(section.contains("The diff of this file is left out"));
    }
    assert!(
        comment.len() > MOST_BYTES * 9 / 10,
        "room is used: {}",
        comment.len()
    );
}

#[test]
fn details_are_left_out_before_the_table_is() {
    let mut changes: Vec<_> = (0..300)
        .map(|nth| create(&format!("file-{nth:05}.ps1")))
        .collect();
    for change in &mut changes {
        change.after = Some(described("x"));
    }
    let comment = comment(library(changes), &Contents::default());
    assert_fits(&comment);
    assert_eq!(comment.matches("| `+`&nbsp;create |").count(), 300);
    let shown = comment.matches("<details>").count();
    assert!(shown > 10 && shown < 300, "{shown}");
    let left_out = format!("The details of {} more changes are left out", 300 - shown);
    assert!(comment.contains(&left_out), "{left_out}");
}

#[test]
fn two_thousand_changes_keep_every_name() {
    let mut changes: Vec<_> = (0..1_990)
        .map(|nth| create(&format!("collect-evidence-{nth:04}.ps1")))
        .collect();
    changes.extend((0..10).map(|nth| delete(&format!("old-{nth}.exe"))));
    let comment = comment(library(changes), &Contents::default());
    assert_fits(&comment);
    for nth in 0..1_990 {
        assert!(comment.contains(&format!("\n+ collect-evidence-{nth:04}.ps1\n")));
    }
    let first_create = comment.find("\n+ ").unwrap();
    let last_delete = comment.rfind("\n- old-9.exe\n").unwrap();
    assert!(last_delete < first_create, "deletes come first");
}

#[test]
fn names_that_do_not_fit_are_counted_and_deletes_are_not_among_them() {
    let long = "n".repeat(240);
    let mut changes: Vec<_> = (0..1_000)
        .map(|nth| create(&format!("{nth}{long}")))
        .collect();
    changes.extend((0..100).map(|nth| delete(&format!("old-{nth}"))));
    let comment = comment(library(changes), &Contents::default());
    assert_fits(&comment);
    assert_eq!(comment.matches("\n- old-").count(), 100);
    let shown = comment.matches("\n+ ").count();
    assert!(comment.contains(&format!(
        "**{} more names do not fit here.**",
        1_000 - shown
    )));
}

#[test]
fn what_has_no_end_is_cut_everywhere() {
    let long = "n".repeat(70_000);
    let changes = vec![
        Change {
            drifted: Some(drift(&[Attribute::Content])),
            ..delete(&long)
        },
        change(&long, Action::None, vec![Reason::InTheWay]),
    ];
    let mut library = LibraryPlan {
        refusals: vec![Refusal::Conflict(name(&long))],
        unmanaged: vec![name(&long); 30],
        ..library(changes)
    };
    library.library.name.clone_from(&long);
    library.library.endpoint.clone_from(&long);
    library.library.tenant_id = Some(long.clone());
    let several = Plan {
        libraries: vec![library.clone(); 5],
        warnings: Vec::new(),
    };
    assert!(comment(library, &Contents::default()).len() <= MOST_BYTES);
    assert!(comment_of(&several, &Contents::default()).len() <= MOST_BYTES);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn it_always_fits(
        counts in prop::collection::vec((0usize..400, 1usize..300, 0usize..40), 1..4),
    ) {
        let mut libraries = Vec::new();
        for (count, width, deletes) in counts {
            let mut changes: Vec<_> = (0..count)
                .map(|nth| create(&format!("{nth}{}", "n".repeat(width))))
                .collect();
            changes.extend((0..deletes).map(|nth| delete(&format!("d{nth}{}", "|`".repeat(width)))));
            libraries.push(library(changes));
        }
        let plan = Plan { libraries, warnings: Vec::new() };
        let comment = comment_of(&plan, &Contents::default());
        prop_assert!(comment.len() <= MOST_BYTES);
        prop_assert!(comment.contains(FINGERPRINT));
    }
}

#[test]
fn a_hundred_libraries_with_the_same_fifty_changes_keep_every_name() {
    let (library, contents) = updates(50, 60);
    let comment = comment_of(&alike(100, &library.changes), &contents);
    assert_fits(&comment);
    let heading = "\n**100 libraries: the same 50 changes** (group 1)\n";
    assert!(comment.contains(heading), "{comment}");
    for nth in 0..100 {
        // In the heading, and in the table with its tenant.
        let name = format!("`tenant-{nth:03}`");
        assert_eq!(comment.matches(&name).count(), 2, "{name}");
        assert!(comment.contains(&format!("| {name} | `tenant-{nth:03}.onmicrosoft.com` |")));
    }
    for nth in 0..50 {
        assert_eq!(
            comment.matches(&format!("| `file-{nth:05}.ps1` |")).count(),
            1
        );
    }
    assert!(
        comment.contains("```diff\n@@"),
        "there is room for diffs, too"
    );
}

/// Libraries of which each lacks another one of the files, so that each file has another set of libraries.
fn overlapping(libraries: usize, files: usize) -> Plan {
    let mut plan = alike(libraries, &[]);
    for (nth, library) in plan.libraries.iter_mut().enumerate() {
        let files = (0..files).filter(|file| file % libraries != nth);
        library.changes = files
            .map(|file| create(&format!("file-{file:05}.ps1")))
            .collect();
    }
    plan
}

#[test]
fn a_hundred_libraries_of_which_no_two_have_the_same_files_keep_every_name() {
    let comment = comment_of(&overlapping(100, 100), &Contents::default());
    assert_fits(&comment);
    for nth in 0..100 {
        assert!(comment.contains(&format!("`tenant-{nth:03}`")), "{comment}");
        assert!(
            comment.contains(&format!("\n+ file-{nth:05}.ps1\n")),
            "{comment}"
        );
    }
    assert!(
        comment.contains("| 1–50, 52–100 |"),
        "the table says who is in which group"
    );
}

#[test]
fn names_of_libraries_that_do_not_fit_are_counted_and_leave_room_for_files() {
    let mut plan = overlapping(200, 100);
    for library in &mut plan.libraries {
        library.library.name.push_str(&"n".repeat(190));
    }
    let comment = comment_of(&plan, &Contents::default());
    assert_fits(&comment);
    let shown = comment.matches("\n- `tenant-").count();
    let left_out = format!("**{} more libraries do not fit here.**", 200 - shown);
    assert!(shown > 50 && comment.contains(&left_out), "{shown}");
    for nth in 0..100 {
        assert!(
            comment.contains(&format!("\n+ file-{nth:05}.ps1\n")),
            "{nth}"
        );
    }
}

#[test]
fn unmanaged_files_lose_their_names_before_any_change_does() {
    let mut plan = alike(100, &[create("same.ps1")]);
    for (nth, library) in plan.libraries.iter_mut().enumerate() {
        let theirs = (0..20).map(|it| name(&format!("of-{nth:03}-{it:02}-with-a-long-name.exe")));
        library.unmanaged = theirs.collect();
    }
    let comment = comment_of(&plan, &Contents::default());
    assert_fits(&comment);
    assert!(
        comment.contains("| `+`&nbsp;create | `same.ps1` |"),
        "{comment}"
    );
    assert_eq!(
        comment.matches("**Unmanaged, left alone: 20**").count(),
        100
    );
    assert!(!comment.contains("-with-a-long-name"), "{comment}");
}
