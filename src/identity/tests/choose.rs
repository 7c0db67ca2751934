use secrecy::SecretString;

use crate::identity::choose::{Method, Wanted, choose};
use crate::identity::{Environment, Error};
use crate::model::Auth;

fn wanted(auth: Auth) -> Wanted {
    Wanted {
        library: "contoso".to_owned(),
        auth,
        tenant_id: None,
        client_id: None,
    }
}

/// An environment in which every identity has what it needs.
fn full() -> Environment {
    let text = |text: &str| Some(text.to_owned());
    let secret = || Some(SecretString::from("hush"));
    Environment {
        token: secret(),
        tenant_id: text("tenant"),
        client_id: text("client"),
        client_secret: secret(),
        certificate_path: text("cert.pem"),
        certificate_password: secret(),
        send_certificate_chain: true,
        federated_token_file: text("token"),
        authority_host: None,
        github_url: text("https://github.example"),
        github_token: secret(),
        pipelines_connection: text("connection"),
        pipelines_client_id: text("pipelines-client"),
        pipelines_tenant_id: text("pipelines-tenant"),
        pipelines_token: secret(),
        pipelines_url: text("https://pipelines.example"),
        has_identity_endpoint: true,
        has_azure_cli: true,
    }
}

fn chosen(environment: &Environment) -> Result<Auth, String> {
    match choose(&wanted(Auth::Default), environment) {
        Ok(choice) => Ok(choice.method.auth()),
        Err(error) => Err(crate::library::chain(&error)),
    }
}

#[test]
fn the_default_order_is_the_documented_one() {
    let mut environment = full();
    let mut order = Vec::new();
    let unset: [fn(&mut Environment); 8] = [
        |it| it.token = None,
        |it| it.client_secret = None,
        |it| it.certificate_path = None,
        |it| it.federated_token_file = None,
        |it| it.github_token = None,
        |it| it.pipelines_token = None,
        |it| it.has_identity_endpoint = false,
        |it| it.has_azure_cli = false,
    ];
    for unset in unset {
        order.push(chosen(&environment).unwrap().as_str());
        unset(&mut environment);
    }
    assert_eq!(
        order,
        [
            "token",
            "client_secret",
            "client_certificate",
            "workload_identity",
            "github_actions",
            "azure_pipelines",
            "managed_identity",
            "azure_cli",
        ]
    );
    insta::assert_snapshot!(chosen(&environment).unwrap_err(), @"there is no identity for the library `contoso`: token: JUMPBAG_TOKEN is not set; client_secret: AZURE_CLIENT_SECRET is not set; client_certificate: AZURE_CLIENT_CERTIFICATE_PATH is not set; workload_identity: AZURE_FEDERATED_TOKEN_FILE is not set; github_actions: ACTIONS_ID_TOKEN_REQUEST_TOKEN is not set; azure_pipelines: SYSTEM_ACCESSTOKEN is not set; managed_identity: IDENTITY_ENDPOINT is not set; azure_cli: `az` is not on the PATH");
}

#[test]
fn what_somebody_set_for_this_is_not_passed_over_because_it_is_incomplete() {
    let mut environment = full();
    environment.token = None;
    environment.tenant_id = None;
    insta::assert_snapshot!(chosen(&environment).unwrap_err(), @"the library `contoso` cannot use `auth: client_secret`: AZURE_TENANT_ID is not set");
    environment.client_secret = None;
    environment.client_id = None;
    insta::assert_snapshot!(chosen(&environment).unwrap_err(), @"the library `contoso` cannot use `auth: client_certificate`: AZURE_TENANT_ID and AZURE_CLIENT_ID are not set");
    // What a service offers to every job is.
    environment.certificate_path = None;
    environment.federated_token_file = None;
    assert_eq!(chosen(&environment), Ok(Auth::AzurePipelines));
}

#[test]
fn an_identity_that_is_asked_for_is_the_only_one() {
    for (word, auth) in Auth::WORDS {
        if matches!(auth, Auth::Default | Auth::ManagedIdentity) {
            continue;
        }
        let choice = choose(&wanted(auth), &full()).unwrap();
        assert_eq!(choice.method.auth(), auth);
        assert_eq!(choice.reasons().1.count(), 0);
        let error = choose(&wanted(auth), &Environment::default()).unwrap_err();
        assert!(matches!(error, Error::NotConfigured { .. }), "{word}");
    }
    // Every machine of a cloud has its address.
    let choice = choose(&wanted(Auth::ManagedIdentity), &Environment::default()).unwrap();
    assert!(matches!(
        choice.method,
        Method::ManagedIdentity { client_id: None }
    ));
}

#[test]
fn the_librarys_tenant_and_client_win() {
    for auth in [Auth::ClientSecret, Auth::AzurePipelines] {
        let wanted = Wanted {
            tenant_id: Some("mine".to_owned()),
            client_id: Some("me".to_owned()),
            ..wanted(auth)
        };
        let choice = choose(&wanted, &full()).unwrap();
        let app = choice.method.app().unwrap();
        assert_eq!((&*app.tenant_id, &*app.client_id), ("mine", "me"));
    }
    let choice = choose(&wanted(Auth::AzurePipelines), &full()).unwrap();
    assert_eq!(choice.method.app().unwrap().client_id, "pipelines-client");
}

#[test]
fn no_debug_output_holds_a_secret() {
    let environment = full();
    let choices = Auth::WORDS.map(|(_, auth)| choose(&wanted(auth), &environment));
    let shown = format!("{environment:?} {choices:?}");
    assert!(!shown.contains("hush"), "{shown}");
}
