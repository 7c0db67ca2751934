//! Tokens that end before the apply does.

use serde_json::json;

use super::{SECRET, Scene, app, directory};
use crate::harness::World;

#[test]
fn a_long_apply_outlives_its_tokens() {
    let mut directory = directory();
    directory["token_lifetime"] = json!("1s");
    let world = World::new();
    // Each of the two uploads takes longer than a token lives.
    let scene = Scene::of(
        world,
        "client_secret",
        &directory,
        &["--fault", "upload:all:delay=1200ms"],
    );
    let secret = app(&[
        ("AZURE_CLIENT_SECRET", SECRET),
        ("JUMPBAG_LOG", "jumpbag=debug"),
    ]);
    let apply = scene.run(&["apply", "--auto-approve", "--concurrency", "1"], &secret);
    assert_eq!(apply.code, Some(0), "{apply}");
    let asked = apply.stderr.matches("asking for a token").count();
    assert!(asked >= 2, "asked {asked} times: {apply}");
    assert!(!apply.stderr.contains("the token was refused"), "{apply}");
}

#[test]
fn a_token_that_is_revoked_midway_is_replaced_once() {
    let world = World::new();
    let scene = Scene::of(
        world,
        "client_secret",
        &directory(),
        &["--fault", "upload:2:status=401"],
    );
    let secret = app(&[
        ("AZURE_CLIENT_SECRET", SECRET),
        ("JUMPBAG_LOG", "jumpbag=debug"),
    ]);
    let apply = scene.run(&["apply", "--auto-approve", "--concurrency", "1"], &secret);
    assert_eq!(apply.code, Some(0), "{apply}");
    assert_eq!(
        apply.stderr.matches("asking for a token").count(),
        2,
        "{apply}"
    );
    assert_eq!(
        apply.stderr.matches("the token was refused").count(),
        1,
        "{apply}"
    );
}

#[test]
fn libraries_of_one_tenant_share_a_token() {
    let scene = Scene::new("client_secret");
    let url = &scene.emulator.url;
    let library = |name| {
        format!(
            "  {name}:\n    endpoint: {url}\n    authority: {url}\n    ca_file: .library/ca.pem\n"
        )
    };
    let libraries: String = ["a", "b", "c"].map(library).concat();
    let manifest = format!("version: 1\nlibraries:\n{libraries}files:\n  - source: a.sh\n");
    scene.world.write("jumpbag.yaml", manifest);
    let secret = app(&[
        ("AZURE_CLIENT_SECRET", SECRET),
        ("JUMPBAG_LOG", "jumpbag=debug"),
    ]);
    let plan = scene.run(&["plan"], &secret);
    assert_eq!(plan.code, Some(0), "{plan}");
    assert_eq!(
        plan.stderr.matches("asking for a token").count(),
        1,
        "{plan}"
    );
}
