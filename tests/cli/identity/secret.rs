//! `auth: client_secret`.

use serde_json::json;

use super::{APP, SECRET, Scene, TENANT, app, directory_with};
use crate::harness::World;

#[test]
fn a_secret_gets_in() {
    let scene = Scene::new("client_secret");
    scene.works(&app(&[("AZURE_CLIENT_SECRET", SECRET)]));
}

#[test]
fn tenant_and_client_may_stand_in_the_manifest_and_win() {
    let scene = Scene::new("client_secret");
    scene.manifest(
        "client_secret",
        &format!("    tenant_id: {TENANT}\n    client_id: {APP}\n"),
    );
    let other = "00000000-0000-0000-0000-00000000000f";
    scene.works(&[
        ("AZURE_CLIENT_SECRET", SECRET),
        ("AZURE_TENANT_ID", other),
        ("AZURE_CLIENT_ID", other),
    ]);
}

#[test]
fn a_wrong_secret_is_said_and_not_shown() {
    let scene = Scene::new("client_secret");
    insta::assert_snapshot!(scene.fails(&app(&[("AZURE_CLIENT_SECRET", "hush-wrong")])), @"");
}

#[test]
fn an_expired_secret_is_said() {
    let directory = directory_with(|app| {
        app["secrets"] = json!([{ "value": SECRET, "expires": "2020-01-01T00:00:00Z" }]);
    });
    let scene = Scene::of(World::new(), "client_secret", &directory, &[]);
    insta::assert_snapshot!(scene.fails(&app(&[("AZURE_CLIENT_SECRET", SECRET)])), @"");
}

#[test]
fn an_unknown_application_and_an_unknown_tenant_are_told_apart() {
    let scene = Scene::new("client_secret");
    let other = "00000000-0000-0000-0000-00000000000f";
    let secret = ("AZURE_CLIENT_SECRET", SECRET);
    let shown = scene.fails(&[
        secret,
        ("AZURE_TENANT_ID", TENANT),
        ("AZURE_CLIENT_ID", other),
    ]);
    insta::assert_snapshot!(shown, @"");
    let shown = scene.fails(&[secret, ("AZURE_TENANT_ID", other), ("AZURE_CLIENT_ID", APP)]);
    insta::assert_snapshot!(shown, @"");
}

#[test]
fn missing_settings_are_named() {
    let scene = Scene::new("client_secret");
    insta::assert_snapshot!(scene.fails(&[("AZURE_CLIENT_SECRET", SECRET)]), @"");
}

#[test]
fn a_scope_of_another_api_is_refused() {
    let scene = Scene::new("client_secret");
    scene.manifest("client_secret", "    scope: https://example.org/.default\n");
    insta::assert_snapshot!(scene.fails(&app(&[("AZURE_CLIENT_SECRET", SECRET)])), @"");
}

#[test]
fn an_application_without_the_permission_is_told_which() {
    let directory = directory_with(|app| app["roles"] = json!([]));
    let scene = Scene::of(World::new(), "client_secret", &directory, &[]);
    let shown = scene.fails(&app(&[("AZURE_CLIENT_SECRET", SECRET)]));
    assert!(shown.contains("jumpbag::library::forbidden"), "{shown}");
    assert!(shown.contains("Library.Manage"), "{shown}");
}
