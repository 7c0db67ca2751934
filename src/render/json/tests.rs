use insta::assert_snapshot;
use proptest::prelude::*;

use super::document::FORMAT_VERSION;
use super::{PlanFileError, from_json, json, parts, plan_schema};
use crate::model::{Attribute, File, LibraryId, Name, Sha256};
use crate::plan::{Action, Cause, Change, Drift, LibraryPlan, Plan, Reason, Refusal, Warning};

const FINGERPRINT: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

fn names() -> impl Strategy<Value = Name> {
    any::<String>().prop_map(Name::existing)
}

fn texts() -> impl Strategy<Value = Option<String>> {
    any::<Option<String>>()
}

fn attributes() -> impl Strategy<Value = Attribute> {
    prop::sample::select(Attribute::ALL.as_slice())
}

fn reasons() -> impl Strategy<Value = Reason> {
    let causes = prop_oneof![
        Just(Cause::Manifest),
        Just(Cause::Drift),
        Just(Cause::Both),
        Just(Cause::Rollback)
    ];
    prop_oneof![
        Just(Reason::New),
        Just(Reason::Missing),
        (attributes(), causes).prop_map(|(attribute, cause)| Reason::Differs(attribute, cause)),
        Just(Reason::AlreadyThere),
        Just(Reason::TakenOver),
        Just(Reason::InTheWay),
        Just(Reason::NotDesired),
        Just(Reason::NotThen),
        Just(Reason::Unmanaged),
        names().prop_map(Reason::RenamedTo),
        Just(Reason::Destroy),
        Just(Reason::Agrees),
    ]
}

fn files() -> impl Strategy<Value = File> {
    (
        any::<[u8; 4]>(),
        any::<Option<u64>>(),
        texts(),
        any::<bool>(),
        texts(),
    )
        .prop_map(
            |(seed, size, description, has_parameters, parameters_description)| File {
                sha256: Sha256::of(&seed),
                size,
                description,
                has_parameters,
                parameters_description,
            },
        )
}

fn changes() -> impl Strategy<Value = Change> {
    let actions = prop_oneof![
        Just(Action::Create),
        Just(Action::Update),
        Just(Action::Delete),
        Just(Action::Adopt),
        Just(Action::Forget),
        Just(Action::None),
    ];
    let drifts = (prop::collection::vec(attributes(), 0..3), texts(), texts())
        .prop_map(|(attributes, by, at)| Drift { attributes, by, at });
    (
        names(),
        actions,
        prop::collection::vec(reasons(), 0..3),
        prop::option::of(names()),
        prop::option::of(files()),
        prop::option::of(files()),
        prop::option::of(drifts),
        any::<bool>(),
    )
        .prop_map(
            |(name, action, reasons, renamed_from, before, after, drifted, protect)| Change {
                name,
                action,
                reasons,
                renamed_from,
                before,
                after,
                drifted,
                protect,
            },
        )
}

fn refusals() -> impl Strategy<Value = Refusal> {
    prop_oneof![
        names().prop_map(Refusal::Conflict),
        (names(), names()).prop_map(|(name, other)| Refusal::CaseClash { name, other }),
        names().prop_map(Refusal::Protected),
        (any::<u64>(), any::<u64>())
            .prop_map(|(deletes, allowed)| Refusal::TooManyDeletes { deletes, allowed }),
        (names(), "[a-z]{1,5}", any::<String>(), any::<String>()).prop_map(
            |(name, end, message, help)| Refusal::Lint {
                name,
                code: ["jumpbag", "lint", &end].join("::"),
                message,
                help,
            }
        ),
        (prop::option::of(names()), any::<String>(), any::<String>()).prop_map(
            |(name, rule, message)| Refusal::Policy {
                name,
                rule,
                message,
            }
        ),
    ]
}

fn libraries() -> impl Strategy<Value = LibraryPlan> {
    let id = (any::<String>(), any::<String>(), texts()).prop_map(|(name, endpoint, tenant_id)| {
        LibraryId {
            name,
            endpoint,
            tenant_id,
        }
    });
    (
        (id, texts(), any::<u64>(), any::<bool>()),
        prop::collection::vec(changes(), 0..4),
        prop::collection::vec(names(), 0..3),
        prop::collection::vec(refusals(), 0..3),
        any::<[u64; 3]>(),
    )
        .prop_map(
            |((library, lineage, serial, refreshed), changes, unmanaged, refusals, numbers)| {
                let [left_out, calls, seconds] = numbers;
                LibraryPlan {
                    library,
                    lineage,
                    serial,
                    refreshed,
                    changes,
                    unmanaged,
                    left_out,
                    rollback: (serial % 3 == 0).then_some(calls),
                    refusals,
                    calls,
                    seconds,
                }
            },
        )
}

fn plans() -> impl Strategy<Value = Plan> {
    let warnings = (any::<String>(), any::<String>(), texts(), texts());
    let warnings = warnings.prop_map(|(code, message, place, help)| Warning {
        files: place
            .iter()
            .map(|it| (it.clone(), Name::existing(message.clone())))
            .collect(),
        code,
        message,
        place,
        help,
    });
    (
        prop::collection::vec(libraries(), 0..3),
        prop::collection::vec(warnings, 0..3),
    )
        .prop_map(|(mut libraries, warnings)| {
            while parts::check(&libraries).is_err() {
                libraries.pop();
            }
            Plan {
                libraries,
                warnings,
            }
        })
}

/// One of each kind of member, in a form that a person can check.
fn sample() -> Plan {
    let file = |content: &str| File {
        sha256: Sha256::of(content.as_bytes()),
        size: Some(content.len() as u64),
        description: None,
        has_parameters: false,
        parameters_description: None,
    };
    let change = Change {
        name: Name::existing("a.ps1"),
        action: Action::Update,
        reasons: vec![
            Reason::Differs(Attribute::Content, Cause::Manifest),
            Reason::RenamedTo(Name::existing("b.ps1")),
        ],
        renamed_from: None,
        before: Some(File {
            size: None,
            ..file("old")
        }),
        after: Some(file("new")),
        drifted: Some(Drift {
            attributes: vec![Attribute::HasParameters],
            by: Some("mallory".to_owned()),
            at: None,
        }),
        protect: true,
    };
    Plan {
        libraries: vec![LibraryPlan {
            library: LibraryId {
                name: "default".to_owned(),
                endpoint: "https://api.example.com".to_owned(),
                tenant_id: None,
            },
            lineage: Some("f3a1".to_owned()),
            serial: 7,
            refreshed: true,
            changes: vec![change],
            unmanaged: vec![Name::existing("theirs\u{202e}.exe")],
            left_out: 2,
            rollback: None,
            refusals: vec![
                Refusal::CaseClash {
                    name: Name::existing("A.ps1"),
                    other: Name::existing("a.ps1"),
                },
                Refusal::TooManyDeletes {
                    deletes: 12,
                    allowed: 10,
                },
            ],
            calls: 1,
            seconds: 0,
        }],
        warnings: vec![Warning {
            code: "jumpbag::lint::name_characters".to_owned(),
            message: "`a b.ps1` holds a space".to_owned(),
            place: Some("jumpbag.yaml:4:7".to_owned()),
            help: None,
            files: vec![("contoso".to_owned(), Name::existing("a b.ps1"))],
        }],
    }
}

/// The error of reading the sample after `old` became `new` in it.
fn read_with(old: &str, new: &str) -> Result<Plan, String> {
    let document = json(&sample(), FINGERPRINT);
    assert!(document.contains(old), "{old} is not in the sample");
    let read = from_json(document.replacen(old, new, 1).as_bytes());
    read.map(|(plan, _)| plan).map_err(|error| {
        let code = miette::Diagnostic::code(&error).unwrap();
        format!("{code}: {error}")
    })
}

/// What format 1.2 added.
fn rollback() -> Plan {
    let mut plan = sample();
    for part in &mut plan.libraries {
        part.rollback = Some(4);
        for change in &mut part.changes {
            change.reasons = vec![
                Reason::Differs(Attribute::Content, Cause::Rollback),
                Reason::NotThen,
            ];
        }
    }
    plan
}

/// What format 1.3 added.
fn judged() -> Plan {
    let mut plan = sample();
    for part in &mut plan.libraries {
        let name = Name::existing("a.ps1");
        part.refusals = vec![
            Refusal::Lint {
                name: name.clone(),
                code: "jumpbag::lint::unsigned".to_owned(),
                message: "`a.ps1` has no Authenticode signature".to_owned(),
                help: "sign it".to_owned(),
            },
            Refusal::Policy {
                name: Some(name),
                rule: "deny".to_owned(),
                message: "not today".to_owned(),
            },
        ];
    }
    plan
}

/// Each file in `written` was written by a version of jumpbag, and stays as it was.
#[test]
fn every_version_that_was_ever_written_is_read() {
    let without_warnings = Plan {
        warnings: Vec::new(),
        ..sample()
    };
    let without_files = |mut plan: Plan| {
        let warnings = plan.warnings.iter_mut();
        warnings.for_each(|warning| warning.files.clear());
        plan
    };
    for (document, plan) in [
        (include_str!("written/1.0.json"), without_warnings),
        (include_str!("written/1.1.json"), without_files(sample())),
        (include_str!("written/1.2.json"), without_files(rollback())),
        (include_str!("written/1.3.json"), judged()),
    ] {
        let (read, fingerprint) = from_json(document.as_bytes()).unwrap();
        assert_eq!((read, fingerprint.as_str()), (plan, FINGERPRINT));
    }
    let newest = include_str!("written/1.3.json");
    assert!(newest.contains(&format!("\"format_version\": \"{FORMAT_VERSION}\"")));
}

#[test]
fn the_members_are_those_of_the_contract() {
    assert_snapshot!(json(&sample(), FINGERPRINT).replace(env!("CARGO_PKG_VERSION"), "VERSION"));
}

#[test]
fn the_schema_is_met_by_what_is_written() {
    let schema = serde_json::to_value(plan_schema()).unwrap();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let document: serde_json::Value = serde_json::from_str(&json(&sample(), FINGERPRINT)).unwrap();
    let errors: Vec<_> = validator
        .iter_errors(&document)
        .map(|it| it.to_string())
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");

    let mut damaged = document.clone();
    damaged["libraries"][0]["changes"][0]["action"] = "rename".into();
    assert!(!validator.is_valid(&damaged));
    let mut damaged = document;
    damaged["libraries"][0]["changes"][0]
        .as_object_mut()
        .unwrap()
        .remove("before");
    assert!(
        !validator.is_valid(&damaged),
        "a member that may be null must be there"
    );
}

#[test]
fn unknown_members_and_newer_minors_are_read() {
    assert_eq!(read_with("\"1.3\"", "\"1.7\""), Ok(sample()));
    assert_eq!(
        read_with("\"serial\"", "\"new\": {\"a\": [1]}, \"serial\""),
        Ok(sample())
    );
}

#[test]
fn a_newer_major_is_refused_before_its_members_are_looked_at() {
    let error = from_json(b"{\"format_version\": \"2.0\", \"libraries\": 7}").unwrap_err();
    assert!(matches!(error, PlanFileError::NewerFormat { found } if found == "2.0"));
    let huge = from_json(b"{\"format_version\": \"99999999999999999999999.0\"}").unwrap_err();
    assert!(matches!(huge, PlanFileError::NewerFormat { .. }));
}

#[test]
fn damage_is_refused_with_its_place() {
    for (old, new) in [
        ("\"1.3\"", "\"0.9\""),
        ("\"1.3\"", "\"1\""),
        ("\"1.3\"", "\"+1.0\""),
        ("\"serial\": 7", "\"serial\": -7"),
        ("\"serial\": 7", "\"serial\": 7.5"),
        ("\"serial\": 7", "\"serial\": 18446744073709551616"),
        ("\"serial\": 7,", "\"serial\": 7, \"serial\": 8,"),
        ("\"renamed_from\": null,", ""),
        ("\"action\": \"update\"", "\"action\": \"upload\""),
        ("\"cause\": \"manifest\"", "\"cause\": null"),
        ("\"update\": 1", "\"update\": 0"),
        ("sha256:e3", "sha256:E3"),
        ("sha256:e3", "sha257:e3"),
        ("\"deletes\": 12", "\"delete\": 12"),
        ("jumpbag::plan::case_clash", "jumpbag::plan::something_new"),
        ("\"severity\": \"error\"", "\"severity\": \"warning\""),
        ("{", "["),
    ] {
        let error = read_with(old, new).unwrap_err();
        assert!(
            error.starts_with("jumpbag::render::plan_damaged: "),
            "{new}: {error}"
        );
    }
    let short = Sha256::of(b"old").to_string();
    assert_eq!(
        read_with(&short, "abc").unwrap_err(),
        "jumpbag::render::plan_damaged: the plan file is damaged at \
         `libraries[0].changes[0].before.sha256`: expected 64 hexadecimal digits"
    );
    assert_eq!(
        read_with("\"refreshed\": true", "\"refreshed\": 1").unwrap_err(),
        "jumpbag::render::plan_damaged: the plan file is damaged at line 22, column 20"
    );
}

#[test]
fn parts_are_of_one_plan() {
    let sample = sample().libraries.remove(0);
    let of = |name: &str, rollback: Option<u64>, reason: Option<Reason>| {
        let mut part = sample.clone();
        part.library.name = name.to_owned();
        part.rollback = rollback;
        match reason {
            Some(reason) => part.changes[0].reasons = vec![reason],
            None => part.changes.clear(),
        }
        part
    };
    let (new, destroy) = (|| Some(Reason::New), || Some(Reason::Destroy));
    for (first, second) in [
        (of("a", None, new()), of("b", None, new())),
        (of("a", None, destroy()), of("b", None, destroy())),
        (of("a", None, destroy()), of("b", None, None)),
        (of("a", Some(7), new()), of("b", Some(7), None)),
    ] {
        assert!(parts::check(&[first.clone(), second.clone()]).is_ok());
        assert!(parts::check(&[second, first]).is_ok());
    }
    for (first, second, place) in [
        (
            of("a", None, None),
            of("a", None, None),
            "libraries[1].name",
        ),
        (
            of("a", Some(7), new()),
            of("b", None, new()),
            "libraries[1]",
        ),
        (
            of("a", Some(7), new()),
            of("b", Some(8), new()),
            "libraries[1]",
        ),
        (
            of("a", Some(7), None),
            of("b", None, destroy()),
            "libraries[1]",
        ),
        (
            of("a", None, destroy()),
            of("b", None, new()),
            "libraries[1]",
        ),
    ] {
        for parts in [[first.clone(), second.clone()], [second, first]] {
            let error = parts::check(&parts).unwrap_err().to_string();
            assert!(error.contains(&format!("`{place}`")), "{error}");
        }
    }
}

#[test]
fn what_is_not_a_plan_is_refused() {
    let deep = "[".repeat(100_000);
    let deep_member = format!("{{\"format_version\": \"1.0\", \"x\": {deep}");
    for bytes in [
        b"".as_slice(),
        b"null",
        b"{}",
        b"\xff\xfe",
        deep.as_bytes(),
        deep_member.as_bytes(),
    ] {
        assert!(matches!(
            from_json(bytes),
            Err(PlanFileError::Damaged { .. })
        ));
    }
}

#[test]
fn an_endless_file_is_refused_unread() {
    let bytes = vec![b' '; super::read::MOST_BYTES + 1];
    assert!(matches!(
        from_json(&bytes),
        Err(PlanFileError::TooLarge { .. })
    ));
}

proptest! {
    #[test]
    fn every_plan_is_read_back_as_it_was(plan in plans()) {
        let document = json(&plan, FINGERPRINT);
        prop_assert_eq!(document.lines().last(), Some("}"));
        let (read, fingerprint) = from_json(document.as_bytes()).unwrap();
        prop_assert_eq!(read, plan);
        prop_assert_eq!(fingerprint, FINGERPRINT);
    }

    #[test]
    fn damaged_documents_never_panic(
        plan in plans(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0u8..3), 1..8),
    ) {
        let mut bytes = json(&plan, FINGERPRINT).into_bytes();
        for (at, byte, kind) in edits {
            let at = at.index(bytes.len());
            match kind {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                _ => bytes.truncate(at.max(1)),
            }
        }
        // Whatever comes out can be written and read again.
        if let Ok((plan, fingerprint)) = from_json(&bytes) {
            let again = from_json(json(&plan, &fingerprint).as_bytes()).unwrap();
            prop_assert_eq!(again, (plan, fingerprint));
        }
    }
}
