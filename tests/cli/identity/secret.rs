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
    insta::assert_snapshot!(scene.fails(&app(&[("AZURE_CLIENT_SECRET", "hush-wrong")])), @"
    jumpbag::auth::refused

      × could not get a token with `auth: client_secret` for the application `[ID]` in the tenant `[ID]`
      ├─▶ AADSTS7000215: the client secret is wrong
      ╰─▶ the answer was 401 invalid_client: `AADSTS7000215: Invalid client secret
          provided. Ensure the secret being sent in the request is the client
          secret value, not the client secret ID, for a secret added to app
          '[ID]'.` (trace id
          `[ID]`, correlation id
          `[ID]`)
      help: put the secret's value into AZURE_CLIENT_SECRET, not its id; it is shown only once, so that a lost one has to be replaced
    ");
}

#[test]
fn an_expired_secret_is_said() {
    let directory = directory_with(|app| {
        app["secrets"] = json!([{ "value": SECRET, "expires": "2020-01-01T00:00:00Z" }]);
    });
    let scene = Scene::of(World::new(), "client_secret", &directory, &[]);
    insta::assert_snapshot!(scene.fails(&app(&[("AZURE_CLIENT_SECRET", SECRET)])), @"
    jumpbag::auth::refused

      × could not get a token with `auth: client_secret` for the application `[ID]` in the tenant `[ID]`
      ├─▶ AADSTS7000222: the client secret has expired
      ╰─▶ the answer was 401 invalid_client: `AADSTS7000222: The provided client
          secret keys for app '[ID]' are expired.
          Visit the Azure portal to create new keys for your app:
          https://aka.ms/NewClientSecret, or consider using certificate
          credentials for added security: https://aka.ms/certCreds.` (trace id
          `[ID]`, correlation id
          `[ID]`)
      help: make a new secret for the app registration, or better: use a federated credential, which does not expire
    ");
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
    insta::assert_snapshot!(shown, @"
    jumpbag::auth::refused

      × could not get a token with `auth: client_secret` for the application `[ID]` in the tenant `[ID]`
      ├─▶ AADSTS700016: there is no such application in the tenant
      ╰─▶ the answer was 400 unauthorized_client: `AADSTS700016: Application with
          identifier '[ID]' was not found in the
          directory '[ID]'. This can happen if the
          application has not been installed by the administrator of the tenant or
          consented to by any user in the tenant. You may have sent your
          authentication request to the wrong tenant.` (trace id
          `[ID]`, correlation id
          `[ID]`)
      help: check `client_id` (or AZURE_CLIENT_ID) and `tenant_id`: the application has to be registered, or consented to, in that tenant
    ");
    let shown = scene.fails(&[secret, ("AZURE_TENANT_ID", other), ("AZURE_CLIENT_ID", APP)]);
    insta::assert_snapshot!(shown, @"
    jumpbag::auth::refused

      × could not get a token with `auth: client_secret` for the application `[ID]` in the tenant `[ID]`
      ├─▶ AADSTS90002: there is no such tenant
      ╰─▶ the answer was 400 invalid_request: `AADSTS90002: Tenant
          '[ID]' not found. Check to make sure you
          have the correct tenant ID and are signing into the correct cloud. Check
          with your subscription administrator, this may happen if there are no
          active subscriptions for the tenant.` (trace id
          `[ID]`, correlation id
          `[ID]`)
      help: check `tenant_id` (or AZURE_TENANT_ID), and that `cloud` is the tenant's: a government tenant has another login host
    ");
}

#[test]
fn missing_settings_are_named() {
    let scene = Scene::new("client_secret");
    insta::assert_snapshot!(scene.fails(&[("AZURE_CLIENT_SECRET", SECRET)]), @"
    jumpbag::auth::not_configured

      × the library `test` cannot use `auth: client_secret`: AZURE_TENANT_ID and AZURE_CLIENT_ID are not set
      help: set AZURE_CLIENT_SECRET; tenant and client may also stand in the manifest, as `tenant_id` and `client_id`
    ");
}

#[test]
fn a_scope_of_another_api_is_refused() {
    let scene = Scene::new("client_secret");
    scene.manifest("client_secret", "    scope: https://example.org/.default\n");
    insta::assert_snapshot!(scene.fails(&app(&[("AZURE_CLIENT_SECRET", SECRET)])), @"
    jumpbag::auth::refused

      × could not get a token with `auth: client_secret` for the application `[ID]` in the tenant `[ID]`
      ├─▶ AADSTS500011: the API is not known in the tenant
      ╰─▶ the answer was 400 invalid_resource: `AADSTS500011: The resource
          principal named https://example.org was not found in the tenant named
          [ID]. This can happen if the application
          has not been installed by the administrator of the tenant or consented
          to by any user in the tenant. You might have sent your authentication
          request to the wrong tenant.` (trace id
          `[ID]`, correlation id
          `[ID]`)
      help: check the library's `cloud` and `scope`; the tenant needs Microsoft Defender for Endpoint
    ");
}

#[test]
fn an_application_without_the_permission_is_told_which() {
    let directory = directory_with(|app| app["roles"] = json!([]));
    let scene = Scene::of(World::new(), "client_secret", &directory, &[]);
    let shown = scene.fails(&app(&[("AZURE_CLIENT_SECRET", SECRET)]));
    assert!(shown.contains("jumpbag::library::forbidden"), "{shown}");
    assert!(shown.contains("Library.Manage"), "{shown}");
}
