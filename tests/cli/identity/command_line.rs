//! `auth: azure_cli`, with a stand-in for `az`.
#![cfg(unix)]

use std::os::unix::fs::PermissionsExt as _;

use super::{APP, SECRET, Scene, TENANT};

/// A scene with an `az` that does this, and the `PATH` that it is on.
fn scene(script: &str) -> (Scene, String) {
    let mut scene = Scene::new("azure_cli");
    scene.emulator.log_in(TENANT, APP, SECRET);
    let script = script.replace("TOKEN", &scene.emulator.token);
    // Under `keys`, since it holds a token.
    scene
        .world
        .write("keys/az", format!("#!/bin/sh\n{script}\n"));
    let path = scene.world.path("keys/az");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = scene.world.path("keys").display().to_string();
    (scene, path)
}

#[test]
fn whoever_is_logged_in_gets_in() {
    let (scene, path) = scene(
        r#"case "$*" in
"account get-access-token -o json --scope https://api.securitycenter.microsoft.com/.default --tenant 11111111-2222-3333-4444-555555555555")
  printf '{"accessToken":"TOKEN","expires_on":4102444800,"tokenType":"Bearer"}';;
*) echo "unexpected: $*" >&2; exit 2;;
esac"#,
    );
    scene.works(&[("PATH", &path), ("AZURE_TENANT_ID", TENANT)]);
}

#[test]
fn whoever_is_not_logged_in_is_told() {
    let (scene, path) =
        scene(r#"echo "ERROR: Please run 'az login' to setup account." >&2; exit 1"#);
    insta::assert_snapshot!(scene.fails(&[("PATH", &path)]), @"
    jumpbag::auth::failed

      × could not get a token with `auth: azure_cli`
      ╰─▶ ERROR: Please run 'az login' to setup account.
      help: run `az login`, and `az account show` to see who is logged in
    ");
}

#[test]
fn an_answer_that_is_not_understood_is_not_shown() {
    let (scene, path) = scene(r#"printf '{"accessToken":"TOKEN","expires_on":"hush-TOKEN"}'"#);
    insta::assert_snapshot!(scene.fails(&[("PATH", &path)]), @"
    jumpbag::auth::failed

      × could not get a token with `auth: azure_cli`
      ╰─▶ what came back holds no token that can be understood
      help: run `az login`, and `az account show` to see who is logged in
    ");
}

#[test]
fn without_the_program_it_says_what_to_install() {
    let scene = Scene::new("azure_cli");
    insta::assert_snapshot!(scene.fails(&[("PATH", "/nowhere")]), @"
    jumpbag::auth::not_configured

      × the library `test` cannot use `auth: azure_cli`: `az` is not on the PATH
      help: install the Azure CLI, and log in with `az login`
    ");
}
