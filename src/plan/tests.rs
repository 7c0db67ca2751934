//! The planner's table, row by row, and its properties.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::model::{
    DesiredFile, File, Inputs, LibraryId, Limit, Name, ObservedFile, Policy, Selection, Sha256,
    TrackedFile, Unmanaged,
};

/// `name=content:description`, with `!` for protected and `^` for adopt.
struct Word {
    name: Name,
    file: File,
    protect: bool,
    adopt: bool,
}

fn words(text: &str) -> Vec<Word> {
    text.split_whitespace()
        .map(|word| {
            let (protect, adopt) = (word.contains('!'), word.contains('^'));
            let word = word.replace(['!', '^'], "");
            let (name, rest) = word.split_once('=').expect("name=content");
            let (content, description) = rest.split_once(':').unwrap_or((rest, ""));
            let file = File {
                sha256: Sha256::of(content.as_bytes()),
                size: Some(content.len() as u64),
                description: Some(description.to_owned()).filter(|text| !text.is_empty()),
                has_parameters: false,
                parameters_description: None,
            };
            Word {
                name: Name::new(name).expect("a name"),
                file,
                protect,
                adopt,
            }
        })
        .collect()
}

fn desired(text: &str) -> Arc<BTreeMap<Name, DesiredFile>> {
    let file = |word: Word| DesiredFile {
        source: word.name.as_str().into(),
        file: word.file,
        adopt: word.adopt,
        protect: word.protect,
        is_opaque: false,
        place: 0..0,
    };
    let files = words(text).into_iter();
    Arc::new(files.map(|word| (word.name.clone(), file(word))).collect())
}

fn tracked(text: &str) -> BTreeMap<Name, TrackedFile> {
    words(text)
        .into_iter()
        .map(|word| {
            (
                word.name,
                TrackedFile {
                    file: word.file,
                    protect: word.protect,
                },
            )
        })
        .collect()
}

fn observed(text: &str) -> BTreeMap<Name, ObservedFile> {
    words(text)
        .into_iter()
        .map(|word| (word.name, seen(word.file)))
        .collect()
}

fn seen(file: File) -> ObservedFile {
    ObservedFile {
        file: File { size: None, ..file },
        created_by: Some("somebody".to_owned()),
        last_updated: Some("2026-01-02T03:04:05Z".to_owned()),
    }
}

fn inputs(desired_text: &str, tracked_text: &str, observed_text: &str) -> Inputs {
    Inputs {
        library: LibraryId {
            name: "default".to_owned(),
            endpoint: "https://api.example".to_owned(),
            tenant_id: None,
        },
        lineage: None,
        serial: 0,
        refreshed: true,
        desired: desired(desired_text),
        tracked: tracked(tracked_text),
        observed: observed(observed_text),
        policy: Policy {
            unmanaged: Unmanaged::Keep,
            max_deletes: Policy::MAX_DELETES,
            selection: Selection::All,
            destroy: false,
            rollback: None,
        },
        limits: Limit::DOCUMENTED.to_vec(),
        spent: Vec::new(),
    }
}

fn refuses(plan: &LibraryPlan, name: &Name) -> bool {
    let mut refusals = plan.refusals.iter();
    refusals.any(|refusal| refusal.name() == Some(name))
}

/// What applying `plan` does, on a model.
fn carry_out(plan: &LibraryPlan, inputs: &mut Inputs) {
    for change in &plan.changes {
        if let (Action::Create | Action::Update, Some(file)) = (change.action, &change.after) {
            inputs
                .observed
                .insert(change.name.clone(), seen(file.clone()));
        }
        match (change.action, &change.after) {
            (Action::Delete, _) => {
                inputs.observed.remove(&change.name);
                inputs.tracked.remove(&change.name);
            }
            (Action::Forget, _) => drop(inputs.tracked.remove(&change.name)),
            (_, Some(file)) if !refuses(plan, &change.name) => {
                let tracked = TrackedFile {
                    file: file.clone(),
                    protect: change.protect,
                };
                inputs.tracked.insert(change.name.clone(), tracked);
            }
            _ => {}
        }
    }
}

/// The single place that calls the planner. A plan that may be applied passes its check, and once it
/// is carried out, planning again finds nothing to do.
#[track_caller]
fn settled(inputs: &Inputs) -> LibraryPlan {
    let first = plan(inputs);
    if first.refusals.is_empty() {
        assert_eq!(check(inputs, &first), []);
        let mut after = inputs.clone();
        carry_out(&first, &mut after);
        let second = plan(&after);
        let agrees = |change: &Change| change.action == Action::None && change.reasons.is_empty();
        assert!(
            second.changes.iter().all(agrees),
            "the plan does not settle: {second:?}"
        );
    }
    first
}

#[track_caller]
fn show(inputs: &Inputs) -> String {
    let plan = settled(inputs);
    let mut out = String::new();
    for change in &plan.changes {
        let reasons: Vec<_> = change
            .reasons
            .iter()
            .map(|reason| format!("{reason:?}"))
            .collect();
        write!(out, "{} {}", change.action.as_str(), change.name).unwrap();
        if !reasons.is_empty() {
            write!(out, ": {}", reasons.join(", ")).unwrap();
        }
        if let Some(from) = &change.renamed_from {
            write!(out, "; renamed from {from}").unwrap();
        }
        if let Some(drift) = &change.drifted {
            let by = drift.by.as_deref().unwrap_or("nobody");
            let attributes: Vec<_> = drift
                .attributes
                .iter()
                .map(|attribute| attribute.as_str())
                .collect();
            write!(out, "; drifted in [{}] by {by}", attributes.join(", ")).unwrap();
        }
        out.push('\n');
    }
    for name in &plan.unmanaged {
        writeln!(out, "unmanaged {name}").unwrap();
    }
    for refusal in &plan.refusals {
        writeln!(out, "refused: {}", refusal.message()).unwrap();
    }
    out
}

#[track_caller]
fn table(desired: &str, tracked: &str, observed: &str) -> String {
    show(&inputs(desired, tracked, observed))
}

#[test]
fn what_is_desired_only_is_created() {
    insta::assert_snapshot!(table("b=1 a=2", "", ""), @"
    create a: New
    create b: New
    ");
}

#[test]
fn what_is_there_already_is_adopted() {
    insta::assert_snapshot!(table("a=1:text", "", "a=1:text"), @"adopt a: AlreadyThere");
}

#[test]
fn an_unmanaged_file_in_the_way_is_a_conflict_unless_it_may_be_adopted() {
    insta::assert_snapshot!(table("a=1", "", "a=2"), @"
    none a: InTheWay
    refused: `a` is in the library with other content, and jumpbag did not put it there
    ");
    insta::assert_snapshot!(table("a=1:x", "", "a=1:y"), @"
    none a: InTheWay
    refused: `a` is in the library with other content, and jumpbag did not put it there
    ");
    insta::assert_snapshot!(table("a=1^", "", "a=2"), @"update a: TakenOver");
}

#[test]
fn what_agrees_is_left_alone() {
    insta::assert_snapshot!(table("a=1", "a=1", "a=1"), @"none a");
}

#[test]
fn drift_that_agrees_is_recorded() {
    insta::assert_snapshot!(table("a=2", "a=1", "a=2"), @"none a: Agrees; drifted in [content] by somebody");
    insta::assert_snapshot!(table("a=1!", "a=1", "a=1"), @"none a: Agrees");
}

#[test]
fn an_update_says_which_attributes_and_who_changed_them() {
    insta::assert_snapshot!(table("a=2:x", "a=1:x", "a=1:x"), @"update a: Differs(Content, Manifest)");
    insta::assert_snapshot!(
        table("a=1:x", "a=1:x", "a=2:y"),
        @"update a: Differs(Content, Drift), Differs(Description, Drift); drifted in [content, description] by somebody"
    );
    insta::assert_snapshot!(
        table("a=3:y", "a=1:x", "a=2:x"),
        @"update a: Differs(Content, Both), Differs(Description, Manifest); drifted in [content] by somebody"
    );
}

#[test]
fn a_missing_file_is_created_again() {
    insta::assert_snapshot!(table("a=1", "a=1", ""), @"create a: Missing; drifted in [] by nobody");
}

#[test]
fn what_is_no_longer_desired_is_deleted_and_says_if_it_drifted() {
    insta::assert_snapshot!(table("", "a=1 b=2", "a=1 b=3"), @"
    delete a: NotDesired
    delete b: NotDesired; drifted in [content] by somebody
    ");
}

#[test]
fn what_is_gone_is_forgotten() {
    insta::assert_snapshot!(table("", "a=1", ""), @"forget a: NotDesired; drifted in [] by nobody");
}

#[test]
fn an_unmanaged_file_is_listed_and_deleted_only_on_request() {
    let mut inputs = inputs("a=1", "a=1", "a=1 stray=9");
    insta::assert_snapshot!(show(&inputs), @"
    none a
    unmanaged stray
    ");
    inputs.policy.unmanaged = Unmanaged::Delete;
    insta::assert_snapshot!(show(&inputs), @"
    none a
    delete stray: Unmanaged
    ");
}

#[test]
fn a_deleted_and_a_created_file_of_one_content_are_a_rename() {
    insta::assert_snapshot!(table("new=1 other=2", "old=1 older=1", "old=1 older=1"), @"
    create new: New; renamed from old
    create other: New
    delete old: NotDesired, RenamedTo(Name(\"new\"))
    delete older: NotDesired
    ");
}

#[test]
fn deletes_come_last_and_everything_is_in_the_order_of_names() {
    insta::assert_snapshot!(table("c=1 b=2 z=4", "a=1 b=1 d=1", "a=1 b=1 d=5"), @"
    update b: Differs(Content, Manifest)
    create c: New; renamed from a
    create z: New
    delete a: NotDesired, RenamedTo(Name(\"c\"))
    delete d: NotDesired; drifted in [content] by somebody
    ");
}

#[test]
fn names_that_differ_only_in_case_are_refused() {
    insta::assert_snapshot!(table("Tool=1", "", "tool=1"), @"
    none Tool: InTheWay
    unmanaged tool
    refused: `Tool` differs only in case from `tool`, which the library holds
    ");
    insta::assert_snapshot!(table("Tool=1", "tool=1", "tool=1"), @"
    none Tool: InTheWay
    delete tool: NotDesired
    refused: `Tool` differs only in case from `tool`, which the library holds
    ");
}

#[test]
fn a_protected_file_is_not_deleted_even_when_its_entry_is_gone() {
    insta::assert_snapshot!(table("", "a=1!", "a=1"), @"
    delete a: NotDesired
    refused: `a` is protected and would be deleted
    ");
    let mut inputs = inputs("a=1", "a=1!", "a=1");
    inputs.policy.destroy = true;
    insta::assert_snapshot!(show(&inputs), @"delete a: Destroy");
}

#[test]
fn more_deletes_than_allowed_are_refused() {
    let files: Vec<_> = (0..11).map(|n| format!("f{n:02}=1")).collect();
    let mut inputs = inputs("", &files.join(" "), &files.join(" "));
    let refusal = Refusal::TooManyDeletes {
        deletes: 11,
        allowed: 10,
    };
    assert_eq!(plan(&inputs).refusals, [refusal]);
    inputs.policy.max_deletes = 11;
    assert_eq!(settled(&inputs).refusals, []);
}

#[test]
fn destroy_takes_what_is_tracked_and_nothing_else() {
    let mut inputs = inputs("a=1 new=2", "a=1 gone=1", "a=1 stray=3");
    inputs.policy.destroy = true;
    inputs.policy.unmanaged = Unmanaged::Delete;
    insta::assert_snapshot!(show(&inputs), @"
    forget gone: Destroy; drifted in [] by nobody
    delete a: Destroy
    unmanaged stray
    ");
}

#[test]
fn targets_leave_the_rest_out() {
    let mut inputs = inputs("a=2 b=2 c=2", "a=1 b=1 d=1", "a=1 b=1 d=1");
    inputs.policy.selection = Selection::Targets([Name::existing("b")].into());
    insta::assert_snapshot!(show(&inputs), @"update b: Differs(Content, Manifest)");
    assert_eq!(plan(&inputs).left_out, 3);
}

#[test]
fn the_time_counts_the_listing_that_comes_first() {
    let files = |count: usize| {
        let files: Vec<_> = (0..count).map(|n| format!("f{n}=1")).collect();
        plan(&inputs(&files.join(" "), "", ""))
    };
    assert_eq!((files(99).calls, files(99).seconds), (99, 0));
    assert_eq!((files(100).calls, files(100).seconds), (100, 60));
}

#[test]
fn the_time_counts_what_other_runs_have_spent() {
    let files: Vec<_> = (0..50).map(|n| format!("f{n}=1")).collect();
    let mut inputs = inputs(&files.join(" "), "", "");
    inputs.spent = vec![Duration::from_secs(20); 49];
    assert_eq!(plan(&inputs).seconds, 0, "with the listing, they just fit");
    inputs.spent.push(Duration::from_secs(50));
    assert_eq!(plan(&inputs).seconds, 10, "the oldest leaves first");
    inputs.spent.push(Duration::from_secs(20));
    assert_eq!(plan(&inputs).seconds, 40);
    inputs.desired = Arc::default();
    assert_eq!(plan(&inputs).seconds, 0, "no calls wait for nothing");
}

#[test]
fn sizes_that_the_api_does_not_report_are_taken_from_equal_contents() {
    let plan = plan(&inputs("a=22 b=1", "a=1 b=1", "a=1 b=333"));
    let sizes: Vec<_> = plan
        .changes
        .iter()
        .map(|change| change.before.as_ref().and_then(|file| file.size))
        .collect();
    assert_eq!(sizes, [Some(1), None]);
}

#[test]
fn a_plan_does_not_fit_a_world_that_has_moved() {
    let before = inputs("a=2 new=1", "a=1 gone=1", "a=1 gone=1");
    let plan = plan(&before);
    let misfits = |inputs: &Inputs| check(inputs, &plan).len();
    assert_eq!(misfits(&before), 0);

    assert_eq!(
        misfits(&Inputs {
            serial: 1,
            ..before.clone()
        }),
        1
    );
    assert_eq!(
        misfits(&Inputs {
            lineage: Some("other".into()),
            ..before.clone()
        }),
        1
    );
    assert_eq!(
        misfits(&Inputs {
            observed: observed("a=3 gone=1"),
            ..before.clone()
        }),
        1
    );
    assert_eq!(
        misfits(&Inputs {
            observed: observed("a=1 gone=1 new=1"),
            ..before.clone()
        }),
        1
    );
    assert_eq!(
        misfits(&Inputs {
            observed: observed("a=1"),
            ..before.clone()
        }),
        1
    );
    assert_eq!(
        misfits(&Inputs {
            desired: desired("a=3 new=1"),
            ..before.clone()
        }),
        1
    );
    assert_eq!(
        misfits(&Inputs {
            desired: desired("a=2:x new=1"),
            ..before.clone()
        }),
        1
    );
    assert_eq!(
        misfits(&Inputs {
            desired: desired("a=2! new=1"),
            ..before.clone()
        }),
        1
    );
    assert_eq!(
        misfits(&Inputs {
            desired: desired("a=2"),
            ..before.clone()
        }),
        1
    );
    assert_eq!(
        misfits(&Inputs {
            desired: desired("a=2 new=1 more=1"),
            ..before.clone()
        }),
        1
    );
    assert_eq!(
        misfits(&Inputs {
            desired: desired("a=2 new=1 gone=1"),
            ..before.clone()
        }),
        1
    );
    assert_eq!(
        misfits(&Inputs {
            tracked: tracked("a=1"),
            ..before.clone()
        }),
        1
    );
    let other = LibraryId {
        tenant_id: Some("other".into()),
        ..before.library.clone()
    };
    assert_eq!(
        misfits(&Inputs {
            library: other,
            ..before
        }),
        1
    );
}

#[test]
fn every_effect_changes_the_fingerprint() {
    let print = |inputs: &Inputs| {
        fingerprint(&Plan {
            libraries: vec![plan(inputs)],
            warnings: Vec::new(),
        })
    };
    let base = inputs("a=2:x b=1 c=1", "a=1 d=1 e=1", "a=1 c=1 d=1");
    let mut prints = vec![print(&base)];
    let mut differs = |inputs: Inputs| {
        let print = print(&inputs);
        assert!(!prints.contains(&print), "{:?}", plan(&inputs));
        prints.push(print);
    };
    for text in [
        "a=3:x b=1 c=1",
        "a=2:y b=1 c=1",
        "a=2 b=1 c=1",
        "a=2:x c=1",
        "a=2:x b=1 c=1 f=1",
        "a=2!:x b=1 c=1",
    ] {
        differs(Inputs {
            desired: desired(text),
            ..base.clone()
        });
    }
    for text in ["a=1 c=1 d=1", "a=1 d=1", "a=1 e=1"] {
        differs(Inputs {
            tracked: tracked(text),
            desired: desired("a=2^:x b=1 c=1"),
            ..base.clone()
        });
    }
    let mut with = |edit: &dyn Fn(&mut DesiredFile)| {
        let mut inputs = base.clone();
        edit(
            Arc::make_mut(&mut inputs.desired)
                .get_mut(&Name::existing("a"))
                .unwrap(),
        );
        differs(inputs);
    };
    with(&|desired| desired.file.has_parameters = true);
    with(&|desired| desired.file.parameters_description = Some("x".into()));
    let mut library = |edit: &dyn Fn(&mut LibraryId)| {
        let mut inputs = base.clone();
        edit(&mut inputs.library);
        differs(inputs);
    };
    library(&|library| library.name = "other".into());
    library(&|library| library.endpoint = "https://other".into());
    library(&|library| library.tenant_id = Some("tenant".into()));
}

#[test]
fn what_is_incidental_does_not_change_the_fingerprint() {
    let print = |inputs: &Inputs| {
        fingerprint(&Plan {
            libraries: vec![plan(inputs)],
            warnings: Vec::new(),
        })
    };
    let base = inputs("a=2 b=1", "a=1", "a=1 stray=1");
    let mut other = Inputs {
        serial: 7,
        lineage: Some("x".into()),
        refreshed: false,
        ..base.clone()
    };
    other.observed = observed("a=3 stray2=1");
    other.limits.clear();
    Arc::make_mut(&mut other.desired).insert(
        Name::existing("same"),
        desired("same=1").values().next().unwrap().clone(),
    );
    other.tracked.insert(
        Name::existing("same"),
        tracked("same=1").pop_first().unwrap().1,
    );
    other.observed.insert(
        Name::existing("same"),
        observed("same=1").pop_first().unwrap().1,
    );
    for file in Arc::make_mut(&mut other.desired).values_mut() {
        file.source = format!("elsewhere/{}", file.source).into();
    }
    assert_eq!(print(&base), print(&other));
}

/// A plan of every action, made of what is in the library and what is desired.
fn planned() -> Plan {
    let inputs = inputs("a=2:x b=1 c=1", "a=1 d=1 e=1", "a=1 c=1 d=1 stray=1");
    Plan {
        libraries: vec![plan(&inputs)],
        warnings: Vec::new(),
    }
}

#[test]
fn every_member_of_a_plan_is_an_effect_or_incidental() {
    let base = planned();
    let print = |edit: &dyn Fn(&mut LibraryPlan)| {
        let mut plan = base.clone();
        edit(&mut plan.libraries[0]);
        fingerprint(&plan)
    };
    let same = print(&|_| {});
    let incidental: &[&dyn Fn(&mut LibraryPlan)] = &[
        &|it| it.lineage = Some("x".into()),
        &|it| it.serial += 1,
        &|it| it.refreshed = !it.refreshed,
        &|it| it.unmanaged.clear(),
        &|it| it.left_out += 1,
        &|it| it.calls += 1,
        &|it| it.seconds += 1,
        &|it| it.changes.iter_mut().for_each(|it| it.reasons.clear()),
        &|it| it.changes.iter_mut().for_each(|it| it.before = None),
        &|it| it.changes.iter_mut().for_each(|it| it.drifted = None),
        &|it| it.changes.iter_mut().for_each(|it| it.renamed_from = None),
        &|it| it.refusals.clear(),
        &|it| it.changes.retain(|it| it.action != Action::None),
        &|it| {
            let files = it.changes.iter_mut().filter_map(|it| it.after.as_mut());
            files.for_each(|file| file.size = None);
        },
    ];
    for (nth, edit) in incidental.iter().enumerate() {
        assert_eq!(print(*edit), same, "incidental {nth}");
    }
    let change = |action: Action, edit: &dyn Fn(&mut Change)| {
        print(&|it| {
            let found = it.changes.iter_mut().find(|it| it.action == action);
            edit(found.unwrap());
        })
    };
    let file =
        |edit: &dyn Fn(&mut File)| change(Action::Update, &|it| edit(it.after.as_mut().unwrap()));
    let mut prints = vec![
        same,
        print(&|it| it.library.name.push('x')),
        print(&|it| it.library.endpoint.push('x')),
        print(&|it| it.library.tenant_id = Some("x".into())),
        print(&|it| it.library.tenant_id = Some(String::new())),
        file(&|it| it.sha256 = Sha256::of(b"x")),
        file(&|it| it.description = None),
        file(&|it| it.description = Some(String::new())),
        file(&|it| it.has_parameters = !it.has_parameters),
        file(&|it| it.parameters_description = Some("x".into())),
        change(Action::Update, &|it| it.protect = !it.protect),
        // Without the permission to replace what has appeared.
        change(Action::Update, &|it| it.action = Action::Create),
        change(Action::Update, &|it| it.action = Action::Adopt),
    ];
    for action in [
        Action::Create,
        Action::Update,
        Action::Delete,
        Action::Adopt,
        Action::Forget,
    ] {
        let renamed = |it: &mut Change| it.name = Name::existing(format!("{}x", it.name));
        prints.push(change(action, &renamed));
        prints.push(change(action, &|it| it.action = Action::None));
    }
    let count = prints.len();
    prints.sort();
    prints.dedup();
    assert_eq!(
        prints.len(),
        count,
        "each effect has a fingerprint of its own"
    );
}

fn world() -> impl Strategy<Value = String> {
    let word = ("[a-fA-C]", "[0-3]", "(:[xy])?", "[!^]?")
        .prop_map(|(name, content, text, flag)| format!("{name}={content}{text}{flag}"));
    proptest::collection::vec(word, 0..8).prop_map(|words| words.join(" "))
}

/// Names that differ only in case are refused by the manifest before any plan.
fn distinct(text: &str) -> String {
    let mut seen = std::collections::BTreeSet::new();
    let words = text
        .split_whitespace()
        .filter(|word| seen.insert(word.split('=').next().unwrap_or_default().to_lowercase()));
    words.collect::<Vec<_>>().join(" ")
}

proptest! {
    #[test]
    fn every_plan_settles_and_passes_its_check(
        desired in world(), tracked in world(), observed in world(),
        delete in any::<bool>(), destroy in any::<bool>(),
    ) {
        let mut inputs = inputs(&distinct(&desired), &tracked, &observed);
        inputs.policy.destroy = destroy;
        inputs.policy.unmanaged = if delete { Unmanaged::Delete } else { Unmanaged::Keep };
        let plan = settled(&inputs);
        prop_assert_eq!(plan.calls, plan.changes.iter().filter(|change| change.calls()).count() as u64);
    }

    #[test]
    fn an_unmanaged_file_is_never_touched(
        desired in world(), tracked in world(), observed in world(), destroy in any::<bool>(),
    ) {
        let mut inputs = inputs(&distinct(&desired).replace('^', ""), &tracked, &observed);
        inputs.policy.destroy = destroy;
        for change in plan(&inputs).changes {
            let name = &change.name;
            let unmanaged = inputs.observed.contains_key(name) && !inputs.tracked.contains_key(name);
            prop_assert!(!(unmanaged && change.calls()), "{change:?}");
        }
    }

    #[test]
    fn applying_leaves_exactly_what_is_desired_and_what_is_unmanaged(
        desired in world(), tracked in world(), observed in world(),
    ) {
        let mut inputs = inputs(&distinct(&desired), &tracked, &observed);
        let plan = plan(&inputs);
        prop_assume!(plan.refusals.is_empty());
        let unmanaged = plan.unmanaged.clone();
        carry_out(&plan, &mut inputs);
        let mut left: Vec<_> = inputs.desired.keys().cloned().chain(unmanaged).collect();
        left.sort();
        prop_assert_eq!(left, inputs.observed.keys().cloned().collect::<Vec<_>>());
        for (name, desired) in &*inputs.desired {
            prop_assert!(desired.file.same_as(&inputs.observed[name].file));
            prop_assert_eq!(&desired.file, &inputs.tracked[name].file);
        }
    }
}
