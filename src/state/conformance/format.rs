//! The bytes of a state, for every document that there can be.

use std::collections::BTreeMap;

use proptest::collection::btree_map;
use proptest::option;
use proptest::prelude::*;
use serde_json::Value;

use crate::model::{File, LibraryId, Name, Sha256, TrackedFile};
use crate::state::document::{PlanAccount, Revision, RunAccount, Written};
use crate::state::format::{self, read, write};
use crate::state::{Document, schema};

/// Texts with everything that JSON, terminals and file systems find hard.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[ -~]{0,12}",
        "[\\x00-\\x1f\"\\\\\u{202e}\u{2028}\u{feff}é😀]{0,8}"
    ]
}

fn some_text() -> impl Strategy<Value = String> {
    text().prop_filter("empty", |text| !text.is_empty())
}

fn file() -> impl Strategy<Value = File> {
    (
        any::<[u8; 4]>(),
        option::of(any::<u64>()),
        option::of(some_text()),
        any::<bool>(),
        option::of(some_text()),
    )
        .prop_map(
            |(content, size, description, has_parameters, parameters_description)| File {
                sha256: Sha256::of(&content),
                size,
                description,
                has_parameters,
                parameters_description,
            },
        )
}

fn library() -> impl Strategy<Value = LibraryId> {
    (some_text(), some_text(), option::of(text())).prop_map(|(name, endpoint, tenant_id)| {
        LibraryId {
            name,
            endpoint,
            tenant_id,
        }
    })
}

fn written() -> impl Strategy<Value = Written> {
    let from = jiff::Timestamp::MIN.as_nanosecond();
    let to = jiff::Timestamp::MAX.as_nanosecond();
    let run = (
        option::of(text()),
        option::of(any::<bool>()),
        option::of(any::<[u64; 5]>()),
    );
    let texts = (text(), text(), text());
    (from..=to, texts, run).prop_map(|(at, (user, host, command), (run_url, dirty, counts))| {
        Written {
            at: jiff::Timestamp::from_nanosecond(at).unwrap(),
            user,
            host,
            command,
            run: RunAccount {
                revision: dirty.map(|dirty| Revision {
                    commit: Sha256::of(&[dirty.into()]).to_string(),
                    dirty,
                }),
                plan: counts.map(|[create, update, delete, adopt, forget]| PlanAccount {
                    fingerprint: format!("sha256:{}", Sha256::of(&create.to_be_bytes())),
                    create,
                    update,
                    delete,
                    adopt,
                    forget,
                }),
            },
            run_url,
        }
    })
}

fn document() -> impl Strategy<Value = Document> {
    let tracked = (file(), any::<bool>()).prop_map(|(file, protect)| TrackedFile { file, protect });
    let named = |files: BTreeMap<String, _>| -> BTreeMap<Name, _> {
        files
            .into_iter()
            .map(|(name, file)| (Name::existing(name), file))
            .collect()
    };
    let pending = btree_map(text(), file(), 0..3).prop_map(|files| -> BTreeMap<Name, File> {
        files
            .into_iter()
            .map(|(name, file)| (Name::existing(name), file))
            .collect()
    });
    (
        some_text(),
        1_u64..1 << 53,
        library(),
        written(),
        btree_map(text(), tracked, 0..5).prop_map(named),
        pending,
    )
        .prop_map(
            |(lineage, serial, library, written, files, pending)| Document {
                lineage: Some(lineage),
                serial,
                library,
                written: Some(written),
                files,
                pending,
            },
        )
}

/// The paths of everything in `value` that has no parts.
fn leaves(value: &Value, path: &str, into: &mut Vec<String>) {
    let step = |key: &str| format!("{path}/{}", key.replace('~', "~0").replace('/', "~1"));
    match value {
        Value::Object(members) if !members.is_empty() => {
            members
                .iter()
                .for_each(|(name, value)| leaves(value, &step(name), into));
        }
        Value::Array(items) if !items.is_empty() => {
            items.iter().enumerate().for_each(|(number, value)| {
                leaves(value, &step(&number.to_string()), into);
            });
        }
        Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Array(_)
        | Value::Object(_) => into.push(path.to_owned()),
    }
}

fn alter(value: &mut Value) {
    *value = match value {
        Value::Bool(bool) => (!*bool).into(),
        Value::Number(number) => (number.as_u64().unwrap() ^ 1).into(),
        Value::String(text) => format!("{text}x").into(),
        Value::Null | Value::Array(_) | Value::Object(_) => 1.into(),
    };
}

proptest! {
    #[test]
    fn what_is_written_reads_the_same_in_both_ways(document in document()) {
        let bytes = write(&document).unwrap();
        let known = format::known(&bytes).expect("nothing but known members");
        let any = format::any(&bytes).unwrap();
        prop_assert_eq!(known.document, any.document);
        prop_assert_eq!(known.checksum, any.checksum);
        prop_assert_eq!(known.version, any.version);
    }

    #[test]
    fn a_document_survives_the_round_trip(document in document()) {
        let bytes = write(&document).unwrap();
        prop_assert_eq!(&read(&bytes).unwrap().document, &document);
        prop_assert_eq!(write(&document).unwrap(), bytes);
    }

    #[test]
    fn any_single_altered_value_is_noticed(
        document in document(),
        choice in any::<prop::sample::Index>(),
    ) {
        let mut value: Value = serde_json::from_slice(&write(&document).unwrap()).unwrap();
        let mut paths = Vec::new();
        leaves(&value, "", &mut paths);
        let path = choice.get(&paths);
        alter(value.pointer_mut(path).unwrap());
        prop_assert!(read(value.to_string().as_bytes()).is_err(), "{}", path);
    }

    #[test]
    fn any_single_altered_byte_is_noticed_or_means_the_same(
        document in document(),
        choice in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut bytes = write(&document).unwrap();
        *choice.get_mut(&mut bytes) = byte;
        if let Ok(reading) = read(&bytes) {
            prop_assert_eq!(reading.document, document);
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(read(&bytes).is_err());
    }

    #[test]
    fn what_is_written_follows_the_schema_and_is_sorted(document in document()) {
        let bytes = write(&document).unwrap();
        let value: Value = serde_json::from_slice(&bytes).unwrap();
        let schema = jsonschema::validator_for(schema().as_value()).unwrap();
        let errors: Vec<_> = schema.iter_errors(&value).map(|error| error.to_string()).collect();
        prop_assert!(errors.is_empty(), "{:?}", errors);
        let members = |line: &&str| line.starts_with("  \"");
        let text = String::from_utf8(bytes).unwrap();
        prop_assert!(text.lines().filter(members).is_sorted());
    }
}

#[test]
fn the_schema_refuses_what_a_state_cannot_be() {
    let schema = jsonschema::validator_for(schema().as_value()).unwrap();
    let document = Document {
        lineage: Some("lineage".into()),
        serial: 1,
        written: Some(Written {
            at: super::at(0),
            user: "alice".into(),
            host: "ws1".into(),
            command: "jumpbag apply".into(),
            run_url: None,
            run: RunAccount::default(),
        }),
        files: BTreeMap::from([(Name::existing("a"), super::tracked("a"))]),
        ..Document::new(super::library())
    };
    let good: Value = serde_json::from_slice(&write(&document).unwrap()).unwrap();
    assert!(schema.is_valid(&good));
    for (path, value) in [
        ("/format_version", "2.0".into()),
        ("/checksum", "sha256:abc".into()),
        ("/lineage", "".into()),
        ("/serial", 0.into()),
        ("/serial", (1_u64 << 53).into()),
        ("/library", Value::Null),
        ("/library/endpoint", "".into()),
        ("/files/a/sha256", "abc".into()),
        ("/files/a/size", (-1).into()),
        ("/files/a/protect", Value::Null),
    ] {
        let mut bad = good.clone();
        *bad.pointer_mut(path).unwrap() = value;
        assert!(!schema.is_valid(&bad), "{path}");
    }
}

#[test]
fn the_schema_explains_every_member() {
    fn unexplained(value: &Value, path: &str, into: &mut Vec<String>) {
        let Some(members) = value.as_object() else {
            return;
        };
        for (name, member) in members {
            let path = format!("{path}/{name}");
            if let ("properties", Some(properties)) = (name.as_str(), member.as_object()) {
                into.extend(
                    properties
                        .iter()
                        .filter(|(_, property)| property.get("description").is_none())
                        .map(|(name, _)| format!("{path}/{name}")),
                );
            }
            unexplained(member, &path, into);
        }
    }
    let mut missing = Vec::new();
    unexplained(schema().as_value(), "", &mut missing);
    assert!(missing.is_empty(), "{missing:?}");
}

/// A state that version 0.1.0 wrote, in format 1.0. It is read for ever, and is written in the newest format.
#[test]
fn a_state_of_format_1_0_is_read() {
    let bytes = include_bytes!("../format/written/1.0.json");
    let reading = read(bytes).unwrap();
    assert_eq!(reading.version.to_string(), "1.0");
    let document = reading.document;
    let file = |content: &[u8], description: Option<&str>, parameters: Option<&str>| File {
        sha256: Sha256::of(content),
        size: Some(content.len() as u64),
        description: description.map(Into::into),
        has_parameters: parameters.is_some(),
        parameters_description: parameters.map(Into::into),
    };
    let script = TrackedFile {
        file: file(
            b"param([int]$Days)\n",
            Some("Collects \"h\u{e9}\" a triage package"),
            Some("-Days <n>"),
        ),
        protect: true,
    };
    let tool = TrackedFile {
        file: file(b"MZ\0\x01", None, None),
        protect: false,
    };
    let expected = Document {
        lineage: Some("7ed43484-75f6-4501-ba22-eb0d5e340e45".into()),
        serial: 3,
        library: LibraryId {
            name: "contoso".into(),
            endpoint: "emulator:.library".into(),
            tenant_id: Some("11111111-2222-3333-4444-555555555555".into()),
        },
        written: Some(Written {
            at: "2026-11-26T02:01:33.631668219Z".parse().unwrap(),
            user: "alice".into(),
            host: "vm".into(),
            command: "jumpbag apply --auto-approve -q".into(),
            run_url: None,
            run: RunAccount::default(),
        }),
        files: BTreeMap::from([
            (Name::existing("a.ps1"), script),
            (Name::existing("tool.exe"), tool),
        ]),
        pending: BTreeMap::new(),
    };
    assert_eq!(document, expected);
    let written = write(&document).unwrap();
    assert!(
        String::from_utf8(written)
            .unwrap()
            .contains("\"format_version\": \"1.1\"")
    );
}
