//! The published schemas are those of the types, and the examples and starters obey them.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::fs;
use std::path::Path;
use std::process::Command;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn printed(name: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_jumpbag"))
        .args(["schema", name])
        .output()
        .unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_published_schemas_are_fresh() {
    for name in [
        "budget",
        "event",
        "manifest",
        "plan",
        "state",
        "status",
        "validation",
    ] {
        let path = root().join(format!("schemas/{name}.schema.json"));
        let published = fs::read_to_string(&path).unwrap();
        assert_eq!(
            published,
            printed(name),
            "run: cargo run -- schema {name} > schemas/{name}.schema.json"
        );
        let schema = serde_json::from_str(&published).unwrap();
        jsonschema::meta::validate(&schema).unwrap();
    }
}

#[test]
fn every_example_is_valid_and_names_its_schema() {
    let schema = serde_json::from_str(&printed("manifest")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let mut seen = 0;
    for entry in fs::read_dir(root().join("examples")).unwrap() {
        let path = entry.unwrap().path().join("jumpbag.yaml");
        if !path.exists() {
            continue;
        }
        seen += 1;
        let text = fs::read_to_string(&path).unwrap();
        let named = "# yaml-language-server: $schema=../../schemas/manifest.schema.json";
        assert_eq!(text.lines().next(), Some(named), "{}", path.display());
        let manifest: serde_json::Value = serde_yaml::from_str(&text).unwrap();
        validator.validate(&manifest).unwrap();
        let status = Command::new(env!("CARGO_BIN_EXE_jumpbag"))
            .arg("validate")
            .arg("-m")
            .arg(&path)
            .status()
            .unwrap();
        assert!(status.success(), "{}", path.display());
    }
    assert!(seen > 0, "there are no examples");
}
