//! `auth: default`.

use super::{HEADER, SECRET, Scene, app};

/// The log's lines without what differs.
fn log(stderr: &str) -> String {
    let lines = stderr.lines().filter_map(|line| line.split_once(" INFO "));
    let lines: Vec<&str> = lines.map(|(_, line)| line).collect();
    lines.join("\n")
}

#[test]
fn it_says_which_identity_it_chose_and_why_not_the_others() {
    let scene = Scene::new("default");
    let endpoint = format!("{}/msi/token", scene.emulator.url);
    let run = scene.run(
        &["plan", "-v"],
        &app(&[
            ("AZURE_CLIENT_SECRET", SECRET),
            ("IDENTITY_ENDPOINT", &endpoint),
            ("IDENTITY_HEADER", HEADER),
        ]),
    );
    assert_eq!(run.code, Some(0), "{run}");
    insta::assert_snapshot!(log(&run.stderr), @"
    jumpbag::cli::access: the library `test` uses client_secret
    jumpbag::cli::access: not token: JUMPBAG_TOKEN is not set
    jumpbag::cli::access: not client_certificate: client_secret comes first
    jumpbag::cli::access: not workload_identity: client_secret comes first
    jumpbag::cli::access: not github_actions: client_secret comes first
    jumpbag::cli::access: not azure_pipelines: client_secret comes first
    jumpbag::cli::access: not managed_identity: client_secret comes first
    jumpbag::cli::access: not azure_cli: client_secret comes first
    ");
}

#[test]
fn a_chosen_identity_that_fails_is_not_replaced_by_another() {
    let scene = Scene::new("default");
    let endpoint = format!("{}/msi/token", scene.emulator.url);
    let shown = scene.fails(&app(&[
        ("AZURE_CLIENT_SECRET", "hush-wrong"),
        ("IDENTITY_ENDPOINT", &endpoint),
        ("IDENTITY_HEADER", HEADER),
    ]));
    assert!(shown.contains("AADSTS7000215"), "{shown}");
}

#[test]
fn with_no_identity_at_all_each_is_named() {
    let scene = Scene::new("default");
    insta::assert_snapshot!(scene.fails(&[]), @"
    jumpbag::auth::no_token

      × there is no identity for the library `test`
      ╰─▶ token: JUMPBAG_TOKEN is not set; client_secret: AZURE_CLIENT_SECRET is
          not set; client_certificate: AZURE_CLIENT_CERTIFICATE_PATH is not set;
          workload_identity: AZURE_FEDERATED_TOKEN_FILE is not set;
          github_actions: ACTIONS_ID_TOKEN_REQUEST_URL is not set;
          azure_pipelines: AZURESUBSCRIPTION_SERVICE_CONNECTION_ID is not set;
          managed_identity: IDENTITY_ENDPOINT is not set; azure_cli: `az` is not
          on the PATH
      help: set the variables of one identity, or JUMPBAG_TOKEN to a bearer token for the API, for instance by `az account get-access-token --resource https://api.securitycenter.microsoft.com --query accessToken -o tsv`
    ");
}
