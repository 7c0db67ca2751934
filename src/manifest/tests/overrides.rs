//! `overrides:`, and globs of libraries.

use proptest::prelude::*;

use super::*;
use crate::manifest::attributes::{Attributes, Prose};

const LIBRARIES: &str = "libraries: {contoso: , fabrikam: , lab-1: , lab-2: }";

fn entry(rest: &str) -> String {
    format!("version: 1\n{LIBRARIES}\nfiles:\n  - source: a\n{rest}")
}

/// The attributes of the one entry in each library.
#[track_caller]
fn attributes(rest: &str) -> Vec<(String, Attributes)> {
    let manifest = good(&entry(rest));
    let entry = &manifest.files[0];
    let libraries = entry.libraries.iter();
    libraries
        .map(|library| (library.clone(), entry.attributes_in(library).clone()))
        .collect()
}

#[test]
fn overrides_hold_where_their_keys_match_and_nowhere_else() {
    let all = attributes(
        "    description: Collects\n    parameters_description: -Days\n    overrides:\n      contoso: {description: For Contoso, protect: true}\n      \"lab-*\": {adopt: true}\n      lab-2: {parameters_description: , description: ''}\n",
    );
    let base = Attributes {
        description: Prose::Given("Collects".to_owned()),
        parameters_description: Prose::Given("-Days".to_owned()),
        has_parameters: None,
        adopt: false,
        protect: false,
    };
    let contoso = Attributes {
        description: Prose::Given("For Contoso".to_owned()),
        protect: true,
        ..base.clone()
    };
    let lab_1 = Attributes {
        adopt: true,
        ..base.clone()
    };
    let lab_2 = Attributes {
        description: Prose::Nothing,
        parameters_description: Prose::Nothing,
        ..lab_1.clone()
    };
    let expected = [
        ("contoso", contoso),
        ("fabrikam", base),
        ("lab-1", lab_1),
        ("lab-2", lab_2),
    ];
    assert_eq!(all, expected.map(|(name, it)| (name.to_owned(), it)));
}

#[test]
fn an_override_wins_over_the_defaults_and_null_is_a_value() {
    let manifest = good(&format!(
        "version: 1\n{LIBRARIES}\ndefaults: {{protect: true, has_parameters: true}}\nfiles:\n- {{source: a, overrides: {{contoso: {{protect: , has_parameters: }}, fabrikam: }}}}\n",
    ));
    let entry = &manifest.files[0];
    let contoso = entry.attributes_in("contoso");
    assert!(!contoso.protect && contoso.has_parameters.is_none());
    assert!(entry.attributes_in("fabrikam").protect);
    assert_eq!(entry.overridden.len(), 1);
}

#[test]
fn two_overrides_that_disagree_are_shown_at_both_places() {
    insta::assert_snapshot!(bad(entry("    overrides:\n      \"lab-*\":\n        protect: true\n        adopt: true\n      lab-2:\n        protect: false\n        adopt: true\n")), @r#"
    jumpbag::manifest::override_conflict

      x two overrides give `lab-2` a different `protect`
        ,-[jumpbag.yaml:10:18]
      6 |       "lab-*":
      7 |         protect: true
        :                  ^^|^
        :                    `-- this here
      8 |         adopt: true
      9 |       lab-2:
     10 |         protect: false
        :                  ^^|^^
        :                    `-- and this here
     11 |         adopt: true
        `----
      help: take one of the two away, or narrow a glob: the order of overrides
            decides nothing
    "#);
    // It is said once, however many libraries it is about.
    let both = entry("    overrides: {'lab-*': {protect: true}, 'la*': {protect: }}\n");
    assert_eq!(ids(&both), ["override_conflict"]);
    let agree = entry("    overrides: {'lab-*': {protect: true}, 'la*': {protect: true}}\n");
    assert_eq!(ids(&agree), [""; 0]);
    let apart = entry("    overrides: {'*-1': {protect: true}, '*-2': {protect: false}}\n");
    assert_eq!(ids(&apart), [""; 0]);
}

#[test]
fn an_override_of_no_library_is_refused() {
    insta::assert_snapshot!(bad(entry("    libraries: [contoso]\n    overrides:\n      \"lab-*\": {adopt: true}\n      contso: {adopt: true}\n")), @r#"
    jumpbag::manifest::override_unused

      x the entry is for no library `lab-*`
       ,-[jumpbag.yaml:7:7]
     6 |     overrides:
     7 |       "lab-*": {adopt: true}
       :       ^^^|^^^
       :          `-- overrides nothing
     8 |       contso: {adopt: true}
       `----
      help: add it to the entry's `libraries`, or take the override away
    jumpbag::manifest::unknown_library

      x the manifest declares no library `contso`
       ,-[jumpbag.yaml:8:7]
     7 |       "lab-*": {adopt: true}
     8 |       contso: {adopt: true}
       :       ^^^|^^
       :          `-- unknown library
       `----
      help: write `contoso`, if that is meant
    "#);
    assert_eq!(
        ids(&entry("    overrides: {'lab[': {adopt: true}}\n")),
        ["library_glob_invalid"]
    );
    assert_eq!(
        ids(&entry("    overrides: {'x*': {adopt: true}}\n")),
        ["unknown_library"]
    );
}

#[test]
fn neither_the_source_nor_the_name_can_be_overridden() {
    insta::assert_snapshot!(bad(entry("    overrides:\n      contoso:\n        source: b\n        name: c\n        descripton: d\n")), @"
    jumpbag::manifest::misplaced_key

      x `source` does not belong into an override
       ,-[jumpbag.yaml:7:9]
     6 |       contoso:
     7 |         source: b
       :         ^^^|^^
       :            `-- not here
     8 |         name: c
       `----
      help: take it away: what was reviewed is what is uploaded everywhere; for
            other content write an entry with other `libraries`
    jumpbag::manifest::misplaced_key

      x `name` does not belong into an override
       ,-[jumpbag.yaml:8:9]
     7 |         source: b
     8 |         name: c
       :         ^^|^
       :           `-- not here
     9 |         descripton: d
       `----
      help: take it away: a file has one name everywhere; for another name write
            an entry with other `libraries`
    jumpbag::manifest::unknown_key

      x `descripton` is not a key of an override
       ,-[jumpbag.yaml:9:9]
     8 |         name: c
     9 |         descripton: d
       :         ^^^^^|^^^^
       :              `-- unknown here
       `----
      help: write `description`, if that is meant
    ");
    let libraries = entry("    overrides: {contoso: {libraries: [fabrikam]}}\n");
    assert_eq!(ids(&libraries), ["misplaced_key"]);
    let defaults = format!("version: 1\n{LIBRARIES}\ndefaults: {{overrides: }}\n");
    assert_eq!(ids(&defaults), ["unknown_key"]);
}

#[test]
fn libraries_are_named_by_globs_too() {
    let libraries = |list: &str| {
        let manifest = good(&entry(&format!("    libraries: {list}\n")));
        manifest.files[0]
            .libraries
            .iter()
            .cloned()
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(libraries("['lab-*']"), "lab-1 lab-2");
    assert_eq!(libraries("['*']"), "contoso fabrikam lab-1 lab-2");
    assert_eq!(libraries("[contoso, 'lab-[2-9]', lab-2]"), "contoso lab-2");
    assert_eq!(libraries("['{contoso,fabrikam}']"), "contoso fabrikam");
    insta::assert_snapshot!(bad(entry("    libraries: [\"labs-*\", \"lab-[\"]\n")), @r#"
    jumpbag::manifest::unknown_library

      x no library of the manifest matches `labs-*`
       ,-[jumpbag.yaml:5:17]
     4 |   - source: a
     5 |     libraries: ["labs-*", "lab-["]
       :                 ^^^^|^^^
       :                     `-- unknown library
       `----
      help: declare it under `libraries:` at the top, or use one of `contoso`,
            `fabrikam`, `lab-1`, `lab-2`
    jumpbag::manifest::library_glob_invalid

      x `lab-[` is not a glob of libraries
       ,-[jumpbag.yaml:5:27]
     4 |   - source: a
     5 |     libraries: ["labs-*", "lab-["]
       :                           ^^^|^^^
       :                              `-- unclosed character class; missing ']'
       `----
      help: correct the glob: `*` stands for any part of a name
    "#);
}

proptest! {
    /// In whatever order they stand, overrides give the same, or are refused for the same reasons.
    #[test]
    fn the_order_of_overrides_decides_nothing(
        (keys, shuffled) in prop::sample::subsequence(
            vec![
                "contoso: {description: a, protect: true}",
                "fabrikam: {description: b}",
                "lab-1: {protect: }",
                "lab-2: {description: c, adopt: true}",
                "'lab-*': {adopt: true, parameters_description: p}",
                "'*-1': {protect: false, has_parameters: false}",
                "'*o': {description: a}",
                "'{contoso,lab-1}': {protect: true, has_parameters: false}",
            ],
            1..=8,
        )
        .prop_flat_map(|keys| (Just(keys.clone()), Just(keys).prop_shuffle())),
    ) {
        let read = |keys: &[&str]| {
            let text = entry(&format!("    overrides: {{{}}}\n", keys.join(", ")));
            let manifest = parse(Utf8Path::new("jumpbag.yaml"), text.as_bytes());
            manifest.map(|manifest| manifest.files[0].overridden.clone()).map_err(|invalid| {
                let mut messages: Vec<String> =
                    invalid.problems.iter().map(|problem| problem.message.clone()).collect();
                messages.sort();
                messages.dedup();
                messages
            })
        };
        prop_assert_eq!(read(&keys), read(&shuffled));
    }
}
