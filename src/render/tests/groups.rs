use insta::assert_snapshot;
use proptest::prelude::*;

use super::fixtures::{
    FINGERPRINT, alike, change, create, delete, drift, fleet, fleet_at_hand, name, named, update,
};
use crate::model::{Attribute, Name};
use crate::plan::{Action, Change, Drift, LibraryPlan, Plan, Reason, Refusal};
use crate::render::group::{Grouped, Scope, group};
use crate::render::view::{View, views};
use crate::render::{TextOptions, text};

fn shown(plan: &Plan) -> String {
    let options = TextOptions { color: false };
    text(plan, FINGERPRINT, &fleet_at_hand(), options)
}

fn several(libraries: Vec<LibraryPlan>) -> Plan {
    Plan {
        libraries,
        warnings: Vec::new(),
    }
}

/// The sets of libraries of a plan's sections, and how many changes each has.
fn sets(plan: &Plan) -> Vec<(String, usize)> {
    let grouped = group(plan);
    let sections = grouped.sections.iter().map(|section| {
        let names = section.scope.libraries().iter();
        let names: Vec<_> = names.map(|it| it.library.name.as_str()).collect();
        (names.join(" "), section.views.len())
    });
    sections.collect()
}

#[test]
fn what_libraries_share_is_shown_once_and_what_each_has_to_itself_after_that() {
    let text = shown(&fleet());
    assert_snapshot!(text);
    for line in text.lines() {
        assert!(
            line.chars().count() <= 80 || line.starts_with("Fingerprint: "),
            "{line}"
        );
    }
}

#[test]
fn the_largest_set_comes_first_and_then_the_first_library() {
    let libraries = [
        ("a", vec!["1", "3"]),
        ("b", vec!["2", "3"]),
        ("c", vec!["1", "2", "3"]),
        ("d", vec!["own", "2", "3", "4"]),
        ("e", vec!["4"]),
    ];
    let libraries = libraries.map(|(name, files)| {
        let changes = files.into_iter().map(create).collect();
        named(name, changes)
    });
    let expected = [
        ("a b c d", 1),
        ("b c d", 1),
        ("a c", 1),
        ("d e", 1),
        ("d", 1),
    ];
    let expected = expected.map(|(names, changes)| (names.to_owned(), changes));
    assert_eq!(sets(&several(libraries.to_vec())), expected);
}

#[test]
fn whatever_differs_is_not_the_same_change() {
    let same = || Change {
        drifted: Some(drift(&[Attribute::Content])),
        reasons: vec![Reason::New],
        renamed_from: Some(name("from")),
        ..update("a", "old", "new")
    };
    let different: [fn(&mut Change); 15] = [
        |it| it.name = name("A"),
        |it| it.action = Action::Create,
        |it| it.reasons.push(Reason::TakenOver),
        |it| it.reasons.clear(),
        |it| it.renamed_from = None,
        |it| it.protect = true,
        |it| it.before = None,
        |it| it.after.as_mut().unwrap().sha256 = super::fixtures::file("other").sha256,
        |it| it.after.as_mut().unwrap().size = None,
        |it| it.after.as_mut().unwrap().description = Some("x".to_owned()),
        |it| it.after.as_mut().unwrap().has_parameters = true,
        |it| it.after.as_mut().unwrap().parameters_description = Some("x".to_owned()),
        |it| it.drifted = None,
        |it| it.drifted.as_mut().unwrap().by = Some("eve".to_owned()),
        |it| it.drifted.as_mut().unwrap().at = Some("2026-03-04T05:06:08Z".to_owned()),
    ];
    let two = |other| several(vec![named("a", vec![same()]), named("b", vec![other])]);
    assert_eq!(sets(&two(same())), [("a b".to_owned(), 1)]);
    for (nth, make) in different.into_iter().enumerate() {
        let mut other = same();
        make(&mut other);
        let sets = sets(&two(other));
        assert!(
            sets.iter()
                .all(|(names, count)| names != "a b" || *count == 0),
            "{nth}: {sets:?}"
        );
    }
}

#[test]
fn a_change_that_is_refused_in_one_library_alone_is_not_the_same() {
    let protected = Change {
        protect: true,
        ..delete("a")
    };
    let refused = LibraryPlan {
        refusals: vec![Refusal::Protected(name("a"))],
        ..named("x", vec![protected.clone()])
    };
    let plan = several(vec![refused, named("y", vec![protected])]);
    assert_eq!(sets(&plan), [("x".to_owned(), 1), ("y".to_owned(), 1)]);
}

#[test]
fn a_rename_is_the_same_only_where_its_delete_is() {
    let rename = |gone: Change| {
        let to = Change {
            renamed_from: Some(name("old")),
            ..create("new")
        };
        let gone = Change {
            reasons: vec![Reason::NotDesired, Reason::RenamedTo(name("new"))],
            ..gone
        };
        vec![to, gone]
    };
    let guarded = Change {
        protect: true,
        ..delete("old")
    };
    let plan = |other| {
        let one = rename(delete("old"));
        several(vec![named("x", one), named("y", rename(other))])
    };
    assert_eq!(sets(&plan(delete("old"))), [("x y".to_owned(), 1)]);
    assert_eq!(sets(&plan(guarded)).len(), 2);
}

#[test]
fn libraries_that_share_nothing_are_shown_one_by_one() {
    let one = named("x", vec![create("a")]);
    let plan = several(vec![one, named("y", vec![create("b")]), named("z", vec![])]);
    let grouped = group(&plan);
    assert!(!grouped.is_grouped());
    assert!(
        grouped
            .sections
            .iter()
            .all(|it| matches!(it.scope, Scope::Whole(_)))
    );
    assert_eq!(grouped.sections.len(), 3);
}

#[test]
fn how_a_plan_was_made_groups_nothing_by_itself() {
    let made = |library| LibraryPlan {
        refreshed: false,
        ..library
    };
    let one = made(named("x", vec![create("a")]));
    let plan = several(vec![one, made(named("y", vec![create("b")]))]);
    assert!(!group(&plan).is_grouped());
}

#[test]
fn refusals_name_all_libraries_that_they_are_in() {
    let refused = |name_of: &str, more: Vec<Refusal>| {
        let conflict = Refusal::Conflict(name("theirs.ps1"));
        LibraryPlan {
            refusals: [vec![conflict], more].concat(),
            ..named(
                name_of,
                vec![change("theirs.ps1", Action::None, vec![Reason::InTheWay])],
            )
        }
    };
    let deletes = Refusal::TooManyDeletes {
        deletes: 11,
        allowed: 10,
    };
    let plan = several(vec![
        refused("adatum", vec![]),
        refused("contoso", vec![deletes]),
        refused("two words", vec![]),
    ]);
    assert_snapshot!(shown(&plan), @r#"
    3 libraries: same change
        adatum, contoso, "two words"

      ! theirs.ps1
          `theirs.ps1` is in the library with other content, and jumpbag did not put
          it there
          help: give its entry `adopt: true` to replace it, or another `name`

    3 libraries with changes
      Library adatum  at https://api.example.com  tenant adatum.onmicrosoft.com
        serial 7
        1 refused  No API calls
      Library contoso  at https://api.example.com  tenant contoso.onmicrosoft.com
        serial 7
        1 refused  No API calls
      Library "two words"  at https://api.example.com
        tenant "two words.onmicrosoft.com"  serial 7
        1 refused  No API calls

    Refused: this plan must not be applied.
      In 3 libraries: adatum, contoso, "two words"
      ! jumpbag::plan::conflict
        `theirs.ps1` is in the library with other content, and jumpbag did not put
        it there
        help: give its entry `adopt: true` to replace it, or another `name`
      ! jumpbag::plan::too_many_deletes  in contoso
        the plan deletes 11 files, and 10 are allowed
        help: pass `--allow-deletes 11` for this run if that is meant, or raise
              `max_deletes`

    Plan: 3 refused.
    No API calls
    Fingerprint: sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
    "#);
}

#[test]
fn a_hundred_libraries_with_the_same_changes_are_one_section_and_a_list() {
    let changes: Vec<_> = (0..50)
        .map(|nth| create(&format!("{nth:02}.ps1")))
        .collect();
    let plan = alike(100, &changes);
    assert_eq!(group(&plan).sections.len(), 1);
    let text = shown(&plan);
    assert!(
        text.starts_with("100 libraries: the same 50 changes\n    tenant-000, "),
        "{text}"
    );
    for nth in 0..100 {
        assert_eq!(
            text.matches(&format!("tenant-{nth:03}.onmicrosoft.com"))
                .count(),
            1
        );
    }
    for nth in 0..50 {
        assert_eq!(text.matches(&format!("\n  + {nth:02}.ps1  ")).count(), 1);
    }
}

/// Everything that is shown of a library: its changes, refusals, drift and unmanaged files.
type Shown<'a> = (
    Vec<View<'a>>,
    Vec<&'a Refusal>,
    Vec<(&'a Name, &'a Drift)>,
    Vec<&'a Name>,
);

fn sorted(mut all: Shown<'_>) -> Shown<'_> {
    all.0.sort();
    all.1.sort();
    all.2.sort();
    all.3.sort();
    all
}

fn ungrouped<'a>(grouped: &Grouped<'a>, library: &LibraryPlan) -> Shown<'a> {
    let mut all: Shown<'a> = Shown::default();
    for section in &grouped.sections {
        let times = section.scope.libraries().iter();
        for _ in 0..times.filter(|it| std::ptr::eq(**it, library)).count() {
            all.0.extend(section.views.iter().cloned());
            all.1.extend(&section.refusals);
            all.2.extend(&section.drift);
            all.3.extend(section.unmanaged);
        }
    }
    sorted(all)
}

fn of_plan(library: &LibraryPlan) -> Shown<'_> {
    let drifted = library.changes.iter();
    let drifted = drifted.filter_map(|it| Some((&it.name, it.drifted.as_ref()?)));
    sorted((
        views(library).collect(),
        library.refusals.iter().collect(),
        drifted.collect(),
        library.unmanaged.iter().collect(),
    ))
}

prop_compose! {
    /// A library with some of few changes, so that others have the same.
    fn any_library()(
        files in prop::collection::vec((0u8..4, 0u8..5, any::<bool>()), 0..5),
        unmanaged in 0u8..3,
        deletes in 0u64..3,
    ) -> LibraryPlan {
        let changes = files.into_iter().map(|(file, variant, drifts)| {
            let name = format!("file-{file}");
            let change = match variant {
                0 => create(&name),
                1 => delete(&name),
                2 => update(&name, "a", "b"),
                3 => change(&name, Action::None, vec![Reason::Agrees]),
                _ => change(&name, Action::None, vec![Reason::InTheWay]),
            };
            Change { drifted: drifts.then(|| drift(&[Attribute::Content])), ..change }
        });
        let changes: Vec<_> = changes.collect();
        let in_the_way = changes.iter().filter(|it| it.reasons == [Reason::InTheWay]);
        let mut refusals: Vec<_> = in_the_way.map(|it| Refusal::Conflict(it.name.clone())).collect();
        if deletes > 0 {
            refusals.push(Refusal::TooManyDeletes { deletes, allowed: 0 });
        }
        LibraryPlan {
            unmanaged: (0..unmanaged).map(|nth| name(&format!("theirs-{nth}"))).collect(),
            refusals,
            ..named("x", changes)
        }
    }
}

proptest! {
    #[test]
    fn every_change_of_every_library_is_shown_exactly_once(
        libraries in prop::collection::vec(any_library(), 0..6),
    ) {
        let plan = several(libraries);
        let grouped = group(&plan);
        for library in &plan.libraries {
            prop_assert_eq!(ungrouped(&grouped, library), of_plan(library));
        }
        let listed = grouped.changing.len() + grouped.unchanged.len();
        prop_assert_eq!(listed, if grouped.is_grouped() { plan.libraries.len() } else { 0 });
        for member in grouped.changing.iter().chain(&grouped.unchanged) {
            let has = |library: &LibraryPlan| std::ptr::eq(library, member.library);
            let sections = (1..).zip(&grouped.sections);
            let sections = sections.filter(|(_, it)| it.scope.libraries().iter().any(|it| has(it)));
            let numbers: Vec<_> = sections.map(|(number, _)| number).collect();
            prop_assert_eq!(&numbers, &member.sections);
        }
        let sizes: Vec<_> = grouped.sections.iter().map(|it| it.scope.libraries().len()).collect();
        prop_assert!(sizes.is_sorted_by(|a, b| a >= b), "{:?}", sizes);
    }

    #[test]
    fn a_section_keeps_the_order_of_each_of_its_libraries(
        libraries in prop::collection::vec(prop::collection::btree_set(0u8..12, 0..12), 2..6),
    ) {
        let changes = |files: std::collections::BTreeSet<u8>| {
            files.into_iter().map(|nth| create(&format!("{nth:02}"))).collect()
        };
        let plan = several(libraries.into_iter().map(|files| named("x", changes(files))).collect());
        for section in group(&plan).sections {
            prop_assert!(section.views.is_sorted_by_key(|view| &view.change.name));
        }
    }
}
