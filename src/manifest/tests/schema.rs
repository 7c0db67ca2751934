//! The schema and the decoder know the same manifests.

use std::collections::BTreeSet;

use serde_json::Value;

use super::*;
use crate::manifest::{attributes, entry, library, schema, settings};

fn as_json(text: &str) -> Value {
    serde_yaml::from_str(text).unwrap()
}

/// The keys of the properties at `pointer`.
fn keys(schema: &Value, pointer: &str) -> BTreeSet<String> {
    let properties = schema.pointer(pointer).and_then(Value::as_object);
    properties.unwrap().keys().cloned().collect()
}

fn set(keys: &[&str]) -> BTreeSet<String> {
    keys.iter().map(|key| (*key).to_owned()).collect()
}

#[test]
fn the_schema_and_the_decoder_have_the_same_keys() {
    let schema = schema();
    assert_eq!(keys(&schema, "/properties"), set(&crate::manifest::KEYS));
    assert_eq!(
        keys(&schema, "/$defs/library/properties"),
        set(&library::KEYS)
    );
    assert_eq!(
        keys(&schema, "/$defs/limit/properties"),
        set(&library::LIMIT_KEYS)
    );
    assert_eq!(
        keys(&schema, "/$defs/state/properties"),
        set(&settings::STATE_KEYS)
    );
    assert_eq!(keys(&schema, "/$defs/entry/properties"), set(&entry::KEYS));
    assert_eq!(
        keys(&schema, "/$defs/override/properties"),
        set(&attributes::KEYS)
    );
    assert_eq!(
        keys(&schema, "/properties/library_defaults/properties"),
        set(&library::default_keys())
    );
    assert_eq!(
        keys(&schema, "/properties/defaults/properties"),
        set(&entry::DEFAULTS_KEYS)
    );
}

#[test]
fn everything_in_the_schema_is_described_and_closed() {
    fn check(value: &Value, path: &str) {
        if let Value::Object(map) = value {
            if map.get("properties").is_some() {
                assert_eq!(
                    map.get("additionalProperties"),
                    Some(&Value::Bool(false)),
                    "{path}"
                );
            }
            if let Some(Value::Object(properties)) = map.get("properties") {
                for (key, property) in properties {
                    assert!(
                        property.get("description").is_some() || property.get("$ref").is_some(),
                        "{path}/{key}"
                    );
                }
            }
            for (key, value) in map {
                check(value, &format!("{path}/{key}"));
            }
        }
    }
    check(&schema(), "");
}

/// Manifests whose text alone says whether they are good.
const CASES: &[(&str, bool)] = &[
    (FULL, true),
    ("version: 1", true),
    ("version: 1\nlibraries:\nstate:\ndefaults:\nfiles:\n", true),
    ("version: 1\nlibraries: {a: , b-1_c: {}}", true),
    (
        "version: 1\nlibraries: {a: {tenant_id: contoso.com, endpoint: 'emulator:x', max_file_size: 20 MiB, limits: [], max_deletes: 0}}",
        true,
    ),
    ("version: 1\nlibraries: {a: {max_file_size: 12}}", true),
    (
        "version: 1\nlibraries: {a: {limits: [{calls: 1, per: 1h30m}]}}",
        true,
    ),
    (
        "version: 1\nfiles: [{source: a, name: , description: , adopt: , libraries: }]",
        true,
    ),
    ("version: 1\nfiles: [{source: ./a/../b}]", true),
    ("version: 1\nfiles: [{source: '..a'}]", true),
    ("version: 1\ninclude:", true),
    ("version: 1\ninclude: [a.yaml, ../../b/c.yaml]", true),
    (
        "version: 1\nlibraries: {a: }\nlibrary_defaults: {auth: token, limits: []}",
        true,
    ),
    ("version: 1\nlibraries: {a: }\nlibrary_defaults:", true),
    (
        "version: 1\nfiles: [{source: a, libraries: ['d*'], overrides: {default: {adopt: true}, 'd*': {description: }}}]",
        true,
    ),
    ("version: 1\nfiles: [{source: a, overrides: }]", true),
    (
        "version: 1\nfiles: [{source: a, overrides: {default: }}]",
        true,
    ),
    ("{}", false),
    ("version: 2", false),
    ("version: 1\ninclude: a.yaml", false),
    ("version: 1\ninclude: ['']", false),
    ("version: 1\ninclude: [/a.yaml]", false),
    ("version: 1\ninclude: ['c:a.yaml']", false),
    ("version: 1\ninclude: ['a\\b.yaml']", false),
    ("version: 1\ninclude: [1]", false),
    (
        "version: 1\nlibraries: {a: }\nlibrary_defaults: {tenant_id: contoso.com}",
        false,
    ),
    (
        "version: 1\nlibraries: {a: }\nlibrary_defaults: {endpoint: 'emulator:x'}",
        false,
    ),
    (
        "version: 1\nlibraries: {a: {auth: token}}\nlibrary_defaults: {auth: x}",
        false,
    ),
    ("version: 1\nfiles: [{source: a, overrides: []}]", false),
    (
        "version: 1\nfiles: [{source: a, overrides: {default: {source: b}}}]",
        false,
    ),
    (
        "version: 1\nfiles: [{source: a, overrides: {default: {name: b}}}]",
        false,
    ),
    (
        "version: 1\nfiles: [{source: a, overrides: {default: {protect: 'no'}}}]",
        false,
    ),
    ("version: 1\ndefaults: {overrides: {}}", false),
    ("version: 1\nfoo: 1", false),
    ("version: 1\nlibraries: {}", false),
    ("version: 1\nlibraries: {A: }", false),
    ("version: 1\nlibraries: {a: {cloud: mars}}", false),
    ("version: 1\nlibraries: {a: {auth: x}}", false),
    ("version: 1\nlibraries: {a: {unmanaged: x}}", false),
    ("version: 1\nlibraries: {a: {tenant_id: x}}", false),
    ("version: 1\nlibraries: {a: {endpoint: x}}", false),
    ("version: 1\nlibraries: {a: {max_file_size: 0}}", false),
    ("version: 1\nlibraries: {a: {max_file_size: 4M}}", false),
    ("version: 1\nlibraries: {a: {max_file_size: 4 KI}}", false),
    ("version: 1\nlibraries: {a: {max_deletes: -1}}", false),
    (
        "version: 1\nlibraries: {a: {limits: [{calls: 0, per: 1m}]}}",
        false,
    ),
    (
        "version: 1\nlibraries: {a: {limits: [{calls: 1, per: 1 m}]}}",
        false,
    ),
    ("version: 1\nlibraries: {a: {limits: [{calls: 1}]}}", false),
    ("version: 1\nlibraries: {a: {limits: [null]}}", false),
    ("version: 1\nstate: {backend: x}", false),
    ("version: 1\nstate: {path: /x}", false),
    ("version: 1\ndefaults: {name: x}", false),
    ("version: 1\nfiles: {}", false),
    ("version: 1\nfiles: [{name: a}]", false),
    ("version: 1\nfiles: [{source: }]", false),
    ("version: 1\nfiles: [{source: ''}]", false),
    ("version: 1\nfiles: [{source: '../a'}]", false),
    ("version: 1\nfiles: [{source: 'C:/a'}]", false),
    ("version: 1\nfiles: [{source: 'a\\b'}]", false),
    ("version: 1\nfiles: [{source: a, name: a/b}]", false),
    ("version: 1\nfiles: [{source: a, name: ''}]", false),
    ("version: 1\nfiles: [{source: a, description: 1}]", false),
    ("version: 1\nfiles: [{source: a, adopt: 'yes'}]", false),
    ("version: 1\nfiles: [{source: a, libraries: []}]", false),
    ("version: 1\nfiles: [null]", false),
];

#[test]
fn the_schema_and_the_decoder_agree() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    for (text, good) in CASES {
        assert_eq!(ids(text).is_empty(), *good, "decoder: {text}");
        assert_eq!(validator.is_valid(&as_json(text)), *good, "schema: {text}");
    }
}
