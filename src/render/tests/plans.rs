use insta::assert_snapshot;

use super::fixtures::{
    FINGERPRINT, change, create, delete, drift, everything, everything_at_hand, file, library,
    name, plan, shown, update,
};
use crate::model::{Attribute, File, LibraryId};
use crate::plan::{Action, Change, Drift, LibraryPlan, Plan, Reason, Refusal, Summary};
use crate::render::words::summary_line;
use crate::render::{
    Content, Contents, LibraryDrift, TextOptions, drift_text, text, wanted_contents,
};

#[test]
fn every_symbol_without_colour() {
    let options = TextOptions { color: false };
    let text = text(
        &plan(everything()),
        FINGERPRINT,
        &everything_at_hand(),
        options,
    );
    assert_snapshot!(text);
    let ours = |line: &&str| !line.starts_with("Plan: ") && !line.starts_with("Fingerprint: ");
    let long = text
        .lines()
        .filter(ours)
        .filter(|line| line.chars().count() > 80);
    let long: Vec<_> = long.collect();
    assert!(long.is_empty(), "{long:#?}");
    assert!(
        !text.lines().any(|line| line.ends_with(' ')),
        "trailing space"
    );
}

#[test]
fn every_symbol_in_colour() {
    let options = TextOptions { color: true };
    let text = text(
        &plan(everything()),
        FINGERPRINT,
        &everything_at_hand(),
        options,
    );
    assert_snapshot!(text.replace('\u{1b}', "ESC"));
}

#[test]
fn nothing_to_do_is_said() {
    assert_snapshot!(shown(LibraryPlan {
        lineage: None,
        serial: 0,
        ..library(vec![change("a", Action::None, vec![])])
    }), @r"
    Library default  at https://api.example.com  no state yet

    No changes. The library matches the manifest.
    No API calls
    Fingerprint: sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
    ");
}

#[test]
fn what_the_plan_did_not_look_at_is_said() {
    assert_snapshot!(shown(LibraryPlan {
        refreshed: false,
        left_out: 14,
        rollback: None,
        library: LibraryId {
            name: "contoso".to_owned(),
            endpoint: "https://api.securitycenter.microsoft.com".to_owned(),
            tenant_id: Some("00000000-0000-0000-0000-000000000000".to_owned()),
        },
        ..library(vec![create("a.ps1")])
    }), @r"
    Library contoso  at https://api.securitycenter.microsoft.com
        tenant 00000000-0000-0000-0000-000000000000  serial 7
      Not refreshed: planned against the state alone, not against the library.
      14 files were left out by --target.

      + a.ps1  5 B  2f64c24d6596  new

    Plan: 1 to create.
    1 API call, at once under the limits
    Fingerprint: sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
    ");
}

#[test]
fn several_libraries_have_a_part_each_and_one_total() {
    let named = |name: &str, changes| {
        let plan = library(changes);
        LibraryPlan {
            library: LibraryId {
                name: name.to_owned(),
                ..plan.library
            },
            ..plan
        }
    };
    let fabrikam = LibraryPlan {
        seconds: 90,
        refusals: vec![Refusal::TooManyDeletes {
            deletes: 2,
            allowed: 1,
        }],
        ..named("fabrikam", vec![delete("b"), delete("c")])
    };
    let plan = Plan {
        libraries: vec![named("contoso", vec![create("a")]), fabrikam],
        warnings: Vec::new(),
    };
    let options = TextOptions { color: false };
    assert_snapshot!(text(&plan, FINGERPRINT, &Contents::default(), options));
}

#[test]
fn refusals_stand_with_their_file_and_at_the_end() {
    let changes = vec![
        change("Collect.ps1", Action::None, vec![Reason::InTheWay]),
        Change {
            protect: true,
            ..delete("two words.ps1")
        },
    ];
    assert_snapshot!(shown(LibraryPlan {
        refusals: vec![
            Refusal::CaseClash {
                name: name("Collect.ps1"),
                other: name("collect.ps1")
            },
            Refusal::Protected(name("two words.ps1")),
        ],
        ..library(changes)
    }));
}

#[test]
fn a_rename_that_is_refused_shows_both_halves() {
    let text = shown(LibraryPlan {
        refusals: vec![Refusal::Protected(name("old-name.ps1"))],
        ..everything()
    });
    assert!(text.contains("\n  ! old-name.ps1"), "{text}");
    assert!(text.contains("\n  → old-name.ps1 → new-name.ps1"), "{text}");
}

#[test]
fn a_rename_of_a_drifted_file_says_who_and_when() {
    let changes = vec![
        Change {
            renamed_from: Some(name("old")),
            ..create("new")
        },
        Change {
            drifted: Some(drift(&[Attribute::Description])),
            reasons: vec![Reason::NotDesired, Reason::RenamedTo(name("new"))],
            ..delete("old")
        },
    ];
    let text = shown(library(changes));
    let who = "description changed by mallory@contoso.com at 2026-03-04T05:06:07Z since\n      the last apply";
    assert!(text.contains(who), "{text}");
}

#[test]
fn a_delete_is_only_left_out_for_the_rename_that_it_belongs_to() {
    let stray = Change {
        reasons: vec![Reason::NotDesired, Reason::RenamedTo(name("new"))],
        ..delete("old")
    };
    assert!(shown(library(vec![stray.clone()])).contains("\n  - old"));
    assert!(shown(library(vec![create("new"), stray])).contains("\n  - old"));
}

#[test]
fn only_the_first_twenty_unmanaged_names_are_listed() {
    let text = |count| {
        let unmanaged = (0..count)
            .map(|it| name(&format!("tool-{it:02}.exe")))
            .collect();
        shown(LibraryPlan {
            unmanaged,
            ..library(vec![])
        })
    };
    assert!(text(20).contains("tool-19.exe\n") && !text(20).contains("more"));
    assert_snapshot!(text(23));
}

#[test]
fn long_attributes_stand_below_each_other() {
    let before = File {
        description: Some("Collects a triage package from the machine".to_owned()),
        ..file("a")
    };
    let after = File {
        description: Some("Collects a triage package from the machine, zipped".to_owned()),
        parameters_description: Some("x".repeat(450)),
        ..file("a")
    };
    let changes = vec![Change {
        before: Some(before),
        after: Some(after),
        ..change("a", Action::Update, vec![])
    }];
    assert_snapshot!(shown(library(changes)));
}

#[test]
fn an_attribute_that_differs_far_to_the_right_shows_the_difference() {
    let long = |end: &str| File {
        description: Some(format!("{}{end}", "x".repeat(1000))),
        ..file("a")
    };
    let text = shown(library(vec![Change {
        before: Some(long("safe")),
        after: Some(long("evil")),
        ..change("a", Action::Update, vec![])
    }]));
    assert!(text.contains("safe\"") && text.contains("evil\""), "{text}");
    assert!(text.contains("(604 more characters) … \""), "{text}");
}

#[test]
fn sizes_that_nobody_knows_are_not_invented() {
    let unknown = |content: &str| File {
        size: None,
        ..file(content)
    };
    let text = shown(library(vec![Change {
        before: Some(unknown("a")),
        ..update("x", "a", "b")
    }]));
    assert!(
        text.contains("? → 1 B  ca978112ca1b → 3e23e8160039"),
        "{text}"
    );
    let text = shown(library(vec![Change {
        before: Some(unknown("a")),
        ..delete("x")
    }]));
    assert!(text.contains("\n  - x  ca978112ca1b  no longer"), "{text}");
}

#[test]
fn the_summary_is_worded_as_promised() {
    let all = Summary {
        create: 2,
        update: 1,
        delete: 1,
        adopt: 1,
        forget: 1,
        unchanged: 37,
        unmanaged: 4,
        drifted: 9,
        refused: 0,
    };
    assert_eq!(
        summary_line(&all),
        "Plan: 2 to create, 1 to update, 1 to delete, 1 to adopt, 1 to forget, 37 unchanged, 4 unmanaged."
    );
    let none = Summary {
        unchanged: 3,
        unmanaged: 1,
        ..Summary::default()
    };
    assert_eq!(
        summary_line(&none),
        "No changes. The library matches the manifest."
    );
    let refused = Summary { refused: 1, ..none };
    assert_eq!(
        summary_line(&refused),
        "Plan: 1 refused, 3 unchanged, 1 unmanaged."
    );
}

#[test]
fn only_contents_that_a_diff_needs_are_wanted() {
    let same_content = update("x", "a", "a");
    let wanted = wanted_contents(&plan(library(vec![
        create("new"),
        delete("old"),
        same_content,
        update("y", "b", "c"),
    ])));
    assert_eq!(wanted, [file("b").sha256, file("c").sha256].into());
    assert_eq!(
        Contents::default().insert(Content::new(*b"b")),
        file("b").sha256,
        "contents are known by the same digest"
    );
}

#[test]
fn drift_is_shown_by_library() {
    let missing = Drift {
        attributes: vec![],
        by: None,
        at: None,
    };
    let unknown = Drift {
        by: None,
        at: None,
        ..drift(&[Attribute::Content])
    };
    let report = LibraryDrift {
        library: library(vec![]).library,
        serial: 7,
        drifted: vec![
            (
                name("a.ps1"),
                drift(&[Attribute::Content, Attribute::Description]),
            ),
            (name("b.ps1"), missing),
            (name("c.ps1"), unknown),
        ],
        unmanaged: vec![name("theirs.ps1")],
    };
    let options = TextOptions { color: false };
    assert_snapshot!(drift_text(std::slice::from_ref(&report), options));
    let none = LibraryDrift {
        drifted: vec![],
        ..report
    };
    assert!(
        drift_text(&[none], options).ends_with("\n\nNo drift. The library matches the state.\n")
    );
}
