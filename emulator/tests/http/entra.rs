//! The login host that checks who asks, over TLS.

use std::error::Error as _;
use std::fs;
use std::path::Path;

use jumpbag_emulator::{Emulator, Settings, StartError, Tls, start};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::client::{Answer, request, settings};
use crate::tls::send;

const TENANT: &str = "11111111-0000-0000-0000-00000000000a";
pub(crate) const APP: &str = "22222222-0000-0000-0000-00000000000b";
pub(crate) const POWERLESS: &str = "33333333-0000-0000-0000-00000000000c";
pub(crate) const MACHINE: &str = "44444444-0000-0000-0000-00000000000d";
pub(crate) const RESOURCE: &str = "https://api.securitycenter.microsoft.com";
const SECRET: &str = "s%26ecret";

pub(crate) fn directory() -> Value {
    let subject = "repo:contoso/bag:ref:refs/heads/main";
    let pipeline = "sc://contoso/bag/connection";
    json!({
        "tenants": { TENANT: { "apps": {
            APP: {
                "secrets": [{ "value": "s&ecret" }],
                "federated": [
                    { "issuer": "self", "subject": subject },
                    { "issuer": "self", "subject": pipeline },
                ],
                "roles": ["Library.Manage"],
            },
            POWERLESS: { "secrets": [{ "value": "s&ecret" }] },
            MACHINE: { "roles": ["Library.Manage"] },
        } } },
        "github": { "request_token": "job-token", "subject": subject },
        "pipelines": {
            "access_token": "build-token",
            "service_connection": "connection-id",
            "subject": pipeline,
        },
        "managed_identity": {
            "identity_header": "machine-secret",
            "tenant": TENANT,
            "system_assigned": MACHINE,
            "user_assigned": [POWERLESS],
        },
    })
}

fn write(folder: &Path, text: &str) -> Settings {
    let path = folder.join("entra.json");
    let mut file = fs::File::create(&path).unwrap();
    std::io::copy(&mut text.as_bytes(), &mut file).unwrap();
    Settings {
        entra: Some(path),
        tls: Some(Tls::Valid),
        ..settings(folder, &[])
    }
}

pub(crate) async fn emulator_with(directory: &Value) -> (TempDir, Emulator) {
    let folder = tempfile::tempdir().unwrap();
    let settings = write(folder.path(), &directory.to_string());
    let emulator = start(settings).await.unwrap();
    (folder, emulator)
}

pub(crate) async fn emulator() -> (TempDir, Emulator) {
    emulator_with(&directory()).await
}

/// Asks for a token with a proof that is a piece of a form.
pub(crate) async fn ask(emulator: &Emulator, client_id: &str, proof: &str) -> Answer {
    let line = format!("POST /{TENANT}/oauth2/v2.0/token");
    let body = format!(
        "grant_type=client_credentials&client_id={client_id}&scope={RESOURCE}/.default&{proof}"
    );
    let form = "application/x-www-form-urlencoded";
    send(emulator, &request(&line, None, form, body.as_bytes())).await
}

async fn token(emulator: &Emulator, client_id: &str) -> String {
    let answer = ask(emulator, client_id, &format!("client_secret={SECRET}")).await;
    answer.json()["access_token"].as_str().unwrap().to_owned()
}

pub(crate) async fn list(emulator: &Emulator, token: &str) -> Answer {
    let line = "GET /api/libraryfiles";
    send(emulator, &request(line, Some(token), "text/plain", b"")).await
}

pub(crate) fn code(answer: &Answer) -> u64 {
    answer.json()["error_codes"][0].as_u64().unwrap()
}

#[tokio::test]
async fn a_token_that_was_earned_is_taken_and_no_other() {
    let (_folder, emulator) = emulator().await;
    let answer = ask(&emulator, APP, &format!("client_secret={SECRET}")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.json()["expires_in"], 3600);
    let token_of_app = token(&emulator, APP).await;
    assert_eq!(list(&emulator, &token_of_app).await.status, 200);

    let answer = list(&emulator, "abc").await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (401, "Unauthorized")
    );
    let answer = list(&emulator, &token(&emulator, POWERLESS).await).await;
    assert_eq!((answer.status, answer.code().as_str()), (403, "Forbidden"));
    let (_other_folder, other) = self::emulator().await;
    assert_eq!(list(&other, &token_of_app).await.status, 401);
}

#[tokio::test]
async fn refusals_have_entras_shape_and_tell_no_secret() {
    let (_folder, emulator) = emulator().await;
    let cases = [
        (
            APP,
            "client_secret=s3cr3t",
            401,
            "invalid_client",
            7_000_215,
        ),
        (
            TENANT,
            "client_secret=s3cr3t",
            400,
            "unauthorized_client",
            700_016,
        ),
        (APP, "x=1", 401, "invalid_client", 7_000_216),
    ];
    for (client_id, proof, status, error, expected) in cases {
        let answer = ask(&emulator, client_id, proof).await;
        assert_eq!(answer.status, status, "{}", answer.text());
        assert_eq!(answer.json()["error"], error);
        assert_eq!(code(&answer), expected);
        assert!(!answer.text().contains("s3cr3t"), "{}", answer.text());
        assert!(!answer.text().contains("s&ecret"), "{}", answer.text());
    }
    let unknown = "POST /contoso.example/oauth2/v2.0/token";
    let body = format!(
        "grant_type=client_credentials&client_id={APP}&scope={RESOURCE}/.default&client_secret=x"
    );
    let form = "application/x-www-form-urlencoded";
    let answer = send(&emulator, &request(unknown, None, form, body.as_bytes())).await;
    assert_eq!((answer.status, code(&answer)), (400, 90_002));
}

#[tokio::test]
async fn a_file_that_registers_nobody_is_refused_without_its_secrets() {
    let with =
        |app: &str, rest: &str| format!(r#"{{"tenants":{{"t":{{"apps":{{"a":{app}}}}}}}{rest}}}"#);
    let cases = [
        (
            "[".to_owned(),
            "line 1, column 1: something else is expected here",
        ),
        ("{}".to_owned(), "line 1, column 2: missing field `tenants`"),
        (
            with(r#"{"secret":"s3cr3t"}"#, ""),
            "line 1, column 38: unknown field `secret`, expected one of `secrets`, `certificates`, \
             `trusted_subjects`, `federated`, `roles`",
        ),
        (
            with(r#"{"secrets":["s3cr3t"]}"#, ""),
            "line 1, column 49: something else is expected here",
        ),
        (
            with(r#"{"secrets":[{"value":"s3cr3t","expires":"soon"}]}"#, ""),
            "`soon` is not a time such as 2030-01-01T00:00:00Z",
        ),
        (
            with("{}", r#","token_lifetime":"long""#),
            "line 1, column 59: a lifetime such as 3s, 5m or 1h is expected",
        ),
        (
            with("{}", r#","library":"u""#),
            "there is no tenant `u` in it",
        ),
        (
            with(
                "{}",
                r#","managed_identity":{"identity_header":"s3cr3t","tenant":"t","user_assigned":["b"]}"#,
            ),
            "there is no application `b` in it",
        ),
    ];
    for (text, expected) in cases {
        let folder = tempfile::tempdir().unwrap();
        let settings = write(folder.path(), &text);
        let path = settings.entra.clone().unwrap();
        let error = start(settings.clone()).await.unwrap_err();
        assert!(matches!(error, StartError::Entra { .. }));
        let start = "could not take the tenants and applications from";
        assert_eq!(error.to_string(), format!("{start} `{}`", path.display()));
        assert_eq!(error.source().unwrap().to_string(), expected, "{text}");
        assert!(!settings.data.exists(), "nothing was touched");
    }
}

#[tokio::test]
async fn a_certificate_that_is_not_there_or_none_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing.pem");
    let itself = folder.path().join("entra.json");
    let cases = [
        (
            json!({ "certificates": ["missing.pem"] }),
            format!("could not read `{}`", missing.display()),
        ),
        (
            json!({ "certificates": ["entra.json"] }),
            format!(
                "`{}` holds no certificate with an RSA key as PEM",
                itself.display()
            ),
        ),
        (
            json!({ "trusted_subjects": [{ "subject_name": "a", "ca": "entra.json" }] }),
            format!(
                "`{}` holds no certificate of an authority as PEM",
                itself.display()
            ),
        ),
    ];
    for (app, expected) in cases {
        let directory = json!({ "tenants": { TENANT: { "apps": { APP: app } } } });
        let settings = write(folder.path(), &directory.to_string());
        let error = start(settings).await.unwrap_err();
        assert_eq!(error.source().unwrap().to_string(), expected);
    }
}
