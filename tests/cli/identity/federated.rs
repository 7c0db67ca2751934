//! `auth: workload_identity`, `github_actions` and `azure_pipelines`: somebody else's token in place of a secret.

use serde_json::json;

use super::{
    BUILD_TOKEN, CONNECTION, REQUEST_TOKEN, SUBJECT, Scene, app, directory, directory_with,
};
use crate::harness::World;

const AUDIENCE: &str = "api://AzureADTokenExchange";
const FILE: (&str, &str) = ("AZURE_FEDERATED_TOKEN_FILE", "keys/federated");

/// A scene with a federated token for `audience` in a file.
fn workload(directory: &serde_json::Value, audience: &str) -> Scene {
    let scene = Scene::of(World::new(), "workload_identity", directory, &[]);
    let token = scene.emulator.federated_token(REQUEST_TOKEN, audience);
    scene.world.write("keys/federated", token);
    scene
}

#[test]
fn a_federated_token_in_a_file_gets_in() {
    workload(&directory(), AUDIENCE).works(&app(&[FILE]));
}

#[test]
fn a_federated_token_that_nobody_trusts_is_said() {
    let other = directory_with(|app| {
        app["federated"] = json!([{ "issuer": "self", "subject": "repo:fabrikam/bag" }]);
    });
    insta::assert_snapshot!(workload(&other, AUDIENCE).fails(&app(&[FILE])), @"
    jumpbag::auth::refused

      × could not get a token with `auth: workload_identity` for the application `[ID]` in the tenant `[ID]`
      ├─▶ AADSTS700213: the application trusts no federated token with this   subject
      ╰─▶ the answer was 401 invalid_client: `AADSTS700213: No matching federated
          identity record found for presented assertion subject
          'repo:contoso/bag:environment:bag'. Check your federated identity
          credential Subject, Audience and Issuer against the presented assertion.
          https://learn.microsoft.com/entra/workload-id/workload-identity-federation`
          (trace id `[ID]`, correlation id
          `[ID]`)
      help: compare the subject in the message with the federated credentials of the app registration, letter by letter: branch, tag, environment and pull request each have their own
    ");
    let other = directory_with(|app| {
        app["federated"] = json!([{ "issuer": "https://token.example", "subject": SUBJECT }]);
    });
    let shown = workload(&other, AUDIENCE).fails(&app(&[FILE]));
    assert!(shown.contains("AADSTS700211: "), "{shown}");
    let shown = workload(&directory(), "api://other").fails(&app(&[FILE]));
    assert!(shown.contains("AADSTS700212: "), "{shown}");
}

#[test]
fn an_expired_federated_token_is_said() {
    let mut directory = directory();
    directory["github"]["lifetime"] = json!("0s");
    let scene = workload(&directory, AUDIENCE);
    // Its end is rounded up to a whole second.
    let made = jiff::Timestamp::now().as_second();
    while jiff::Timestamp::now().as_second() <= made {
        std::thread::yield_now();
    }
    let shown = scene.fails(&app(&[FILE]));
    assert!(shown.contains("AADSTS700024: "), "{shown}");
}

#[test]
fn a_token_file_that_cannot_be_used_is_said() {
    let scene = workload(&directory(), AUDIENCE);
    let none = ("AZURE_FEDERATED_TOKEN_FILE", "keys/none");
    insta::assert_snapshot!(scene.fails(&app(&[none])), @"
    jumpbag::auth::file

      × could not read `keys/none` for `auth: workload_identity`
      ╰─▶ No such file or directory (os error 2)
      help: let AZURE_FEDERATED_TOKEN_FILE name a file that exists and that you may read
    ");
    scene.world.write("keys/federated", "hush-two lines\n");
    insta::assert_snapshot!(scene.fails(&app(&[FILE])), @"
    jumpbag::auth::bad_file

      × `keys/federated` cannot be used for `auth: workload_identity`: it holds no token, or more than that
      help: write the bare token into the file, without a line break at its end
    ");
    insta::assert_snapshot!(scene.fails(&app(&[])), @r#"
    jumpbag::auth::not_configured

      × the library `test` cannot use `auth: workload_identity`: AZURE_FEDERATED_TOKEN_FILE is not set
      help: label the pod `azure.workload.identity/use: "true"`, or set AZURE_FEDERATED_TOKEN_FILE; tenant and client may also stand in the manifest, as `tenant_id` and `client_id`
    "#);
}

/// The variables of a job in GitHub Actions.
fn job(scene: &Scene) -> String {
    format!("{}/github/oidc?api-version=2.0", scene.emulator.url)
}

const REQUEST: (&str, &str) = ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", REQUEST_TOKEN);

#[test]
fn a_job_of_github_actions_gets_in() {
    let scene = Scene::new("github_actions");
    let url = job(&scene);
    scene.works(&app(&[("ACTIONS_ID_TOKEN_REQUEST_URL", &url), REQUEST]));
}

#[test]
fn a_job_of_github_actions_that_gets_no_token_or_a_strange_one_is_told() {
    let scene = Scene::new("github_actions");
    let url = job(&scene);
    let url = ("ACTIONS_ID_TOKEN_REQUEST_URL", url.as_str());
    let wrong = ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "hush-wrong");
    insta::assert_snapshot!(scene.fails(&app(&[url, wrong])), @"
    jumpbag::auth::refused

      × could not get a token with `auth: github_actions` for the application `[ID]` in the tenant `[ID]`
      ╰─▶ the answer was 401: `Unauthorized`
      help: give the job `permissions: id-token: write`; tenant and client may also stand in the manifest, as `tenant_id` and `client_id`
    ");
    insta::assert_snapshot!(scene.fails(&app(&[])), @"
    jumpbag::auth::not_configured

      × the library `test` cannot use `auth: github_actions`: ACTIONS_ID_TOKEN_REQUEST_URL and ACTIONS_ID_TOKEN_REQUEST_TOKEN are not set
      help: give the job `permissions: id-token: write`; tenant and client may also stand in the manifest, as `tenant_id` and `client_id`
    ");
    let bad = ("ACTIONS_ID_TOKEN_REQUEST_URL", "http://example.org/hush-x");
    insta::assert_snapshot!(scene.fails(&app(&[bad, REQUEST])), @"
    jumpbag::auth::unreachable

      × could not get a token with `auth: github_actions` for the application `[ID]` in the tenant `[ID]`
      ╰─▶ `example.org` is neither https nor on this machine, so that no secret is
          sent to it
      help: check the library's `authority` and the variables of the identity
    ");

    let mut other = directory();
    other["github"]["subject"] = json!("repo:contoso/bag:pull_request");
    let scene = Scene::of(World::new(), "github_actions", &other, &[]);
    let url = job(&scene);
    let shown = scene.fails(&app(&[("ACTIONS_ID_TOKEN_REQUEST_URL", &url), REQUEST]));
    assert!(shown.contains("AADSTS700213: "), "{shown}");
    assert!(shown.contains("'repo:contoso/bag:pull_request'"), "{shown}");
}

/// The variables of a build in Azure Pipelines, at `url`.
fn build<'a>(url: &'a str, token: &'a str, connection: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("AZURESUBSCRIPTION_TENANT_ID", super::TENANT),
        ("AZURESUBSCRIPTION_CLIENT_ID", super::APP),
        ("AZURESUBSCRIPTION_SERVICE_CONNECTION_ID", connection),
        ("SYSTEM_ACCESSTOKEN", token),
        ("SYSTEM_OIDCREQUESTURI", url),
    ]
}

#[test]
fn a_build_of_azure_pipelines_gets_in() {
    let scene = Scene::new("azure_pipelines");
    let url = format!("{}/pipelines/oidctoken", scene.emulator.url);
    scene.works(&build(&url, BUILD_TOKEN, CONNECTION));
}

#[test]
fn a_build_of_azure_pipelines_that_gets_no_token_is_told() {
    let scene = Scene::new("azure_pipelines");
    let url = format!("{}/pipelines/oidctoken", scene.emulator.url);
    insta::assert_snapshot!(scene.fails(&build(&url, "hush-wrong", CONNECTION)), @"
    jumpbag::auth::refused

      × could not get a token with `auth: azure_pipelines` for the application `[ID]` in the tenant `[ID]`
      ╰─▶ the answer was 401: `Unauthorized`
      help: check the service connection's id and its federated credential, and that the pipeline may use it
    ");
    let other = "00000000-0000-0000-0000-00000000000f";
    let shown = scene.fails(&build(&url, BUILD_TOKEN, other));
    assert!(
        shown.contains("The service connection does not exist."),
        "{shown}"
    );
    let missing = &build(&url, BUILD_TOKEN, CONNECTION)[..3];
    insta::assert_snapshot!(scene.fails(missing), @"
    jumpbag::auth::not_configured

      × the library `test` cannot use `auth: azure_pipelines`: SYSTEM_ACCESSTOKEN and SYSTEM_OIDCREQUESTURI are not set
      help: run it in an AzureCLI@2 task with the service connection, and hand over `SYSTEM_ACCESSTOKEN: $(System.AccessToken)` in its `env`
    ");
}
