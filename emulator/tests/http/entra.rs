//! The login host that checks who asks, over TLS, and the other places where tokens come from.

use std::error::Error as _;
use std::fs;
use std::path::Path;

use jumpbag_emulator::{Emulator, Settings, StartError, Tls, start};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::client::{Answer, request, settings};
use crate::tls::send;

const TENANT: &str = "11111111-0000-0000-0000-00000000000a";
const APP: &str = "22222222-0000-0000-0000-00000000000b";
const POWERLESS: &str = "33333333-0000-0000-0000-00000000000c";
const MACHINE: &str = "44444444-0000-0000-0000-00000000000d";
const RESOURCE: &str = "https://api.securitycenter.microsoft.com";
const EXCHANGE: &str = "api://AzureADTokenExchange";
const SECRET: &str = "s%26ecret";

fn directory() -> Value {
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

async fn emulator_with(directory: &Value) -> (TempDir, Emulator) {
    let folder = tempfile::tempdir().unwrap();
    let settings = write(folder.path(), &directory.to_string());
    let emulator = start(settings).await.unwrap();
    (folder, emulator)
}

async fn emulator() -> (TempDir, Emulator) {
    emulator_with(&directory()).await
}

/// Asks for a token with a proof that is a piece of a form.
async fn ask(emulator: &Emulator, client_id: &str, proof: &str) -> Answer {
    let line = format!("POST /{TENANT}/oauth2/v2.0/token");
    let body = format!(
        "grant_type=client_credentials&client_id={client_id}&scope={RESOURCE}/.default&{proof}"
    );
    let form = "application/x-www-form-urlencoded";
    send(emulator, &request(&line, None, form, body.as_bytes())).await
}

async fn ask_with_assertion(emulator: &Emulator, assertion: &str) -> Answer {
    let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    let proof = format!("client_assertion_type={kind}&client_assertion={assertion}");
    ask(emulator, APP, &proof).await
}

async fn token(emulator: &Emulator, client_id: &str) -> String {
    let answer = ask(emulator, client_id, &format!("client_secret={SECRET}")).await;
    answer.json()["access_token"].as_str().unwrap().to_owned()
}

async fn list(emulator: &Emulator, token: &str) -> Answer {
    let line = "GET /api/libraryfiles";
    send(emulator, &request(line, Some(token), "text/plain", b"")).await
}

/// A request with these headers and no body; not even its length is said.
async fn visit(emulator: &Emulator, line: &str, headers: &[&str]) -> Answer {
    let mut bytes = format!("{line} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n");
    for header in headers {
        bytes += header;
        bytes += "\r\n";
    }
    bytes += "\r\n";
    send(emulator, bytes.as_bytes()).await
}

fn code(answer: &Answer) -> u64 {
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
async fn a_github_job_gets_a_token_and_exchanges_it() {
    let (_folder, emulator) = emulator().await;
    let line = format!("GET /github/oidc?api-version=2.0&audience={EXCHANGE}");
    for headers in [&[][..], &["Authorization: Bearer wrong"]] {
        assert_eq!(visit(&emulator, &line, headers).await.status, 401);
    }
    let job = ["Authorization: Bearer job-token"];
    let answer = visit(&emulator, &line, &job).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let body = answer.json();
    let assertion = body["value"].as_str().unwrap();
    assert_eq!(body["count"], assertion.len());
    let answer = ask_with_assertion(&emulator, assertion).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let token = answer.json()["access_token"].as_str().unwrap().to_owned();
    assert_eq!(list(&emulator, &token).await.status, 200);
    assert_eq!(list(&emulator, assertion).await.status, 401);

    // Without an audience it is for GitHub itself.
    let answer = visit(&emulator, "GET /github/oidc", &job).await;
    let answer = ask_with_assertion(&emulator, answer.json()["value"].as_str().unwrap()).await;
    assert_eq!((answer.status, code(&answer)), (401, 700_212));
    assert!(answer.text().contains("'https://github.com/contoso'"));
}

#[tokio::test]
async fn a_jobs_token_may_be_over_at_once() {
    let mut directory = directory();
    directory["github"]["lifetime"] = json!("0s");
    let (_folder, emulator) = emulator_with(&directory).await;
    let line = format!("GET /github/oidc?audience={EXCHANGE}");
    let job = ["Authorization: Bearer job-token"];
    // It ends at the next whole second.
    loop {
        let answer = visit(&emulator, &line, &job).await;
        let assertion = answer.json()["value"].as_str().unwrap().to_owned();
        let answer = ask_with_assertion(&emulator, &assertion).await;
        if answer.status != 200 {
            assert_eq!((answer.status, code(&answer)), (401, 700_024));
            break;
        }
    }
}

#[tokio::test]
async fn a_pipeline_gets_a_token_for_its_service_connection() {
    let (_folder, emulator) = emulator().await;
    let good = "/pipelines/oidctoken?api-version=7.1&serviceConnectionId=connection-id";
    let bearer = "Authorization: Bearer build-token";
    let wrong = "Authorization: Bearer wrong";
    let (length, suppress) = ("Content-Length: 0", "X-TFS-FedAuthRedirect: Suppress");
    let cases = [
        (good, vec![bearer, length, suppress], 200),
        (good, vec![bearer, suppress], 411),
        (good, vec![wrong, length, suppress], 401),
        (good, vec![wrong, length], 302),
        (good, vec![length, suppress], 401),
        (
            "/pipelines/oidctoken?serviceConnectionId=connection-id",
            vec![bearer, length, suppress],
            400,
        ),
        (
            "/pipelines/oidctoken?api-version=7.1&serviceConnectionId=x",
            vec![bearer, length, suppress],
            404,
        ),
    ];
    for (path, headers, status) in cases {
        let answer = visit(&emulator, &format!("POST {path}"), &headers).await;
        assert_eq!(answer.status, status, "{path} {headers:?}");
        if status == 200 {
            let body = answer.json();
            let assertion = body["oidcToken"].as_str().unwrap();
            assert_eq!(ask_with_assertion(&emulator, assertion).await.status, 200);
        }
    }
}

#[tokio::test]
async fn app_service_gives_its_processes_a_token() {
    let (_folder, emulator) = emulator().await;
    let good = format!("/msi/token?api-version=2019-08-01&resource={RESOURCE}");
    let secret = ["X-IDENTITY-HEADER: machine-secret"];
    let cases = [
        (good.clone(), &secret[..], 200),
        (format!("{good}&client_id={POWERLESS}"), &secret, 200),
        (good.clone(), &[], 401),
        (good.clone(), &["X-IDENTITY-HEADER: wrong"], 401),
        (format!("{good}&client_id={APP}"), &secret, 400),
        (format!("{good}&object_id={MACHINE}"), &secret, 400),
        (good.replace("2019", "2017"), &secret, 400),
        (good.replace("resource", "scope"), &secret, 400),
        (good.replace("securitycenter", "x"), &secret, 400),
    ];
    for (path, headers, status) in cases {
        let answer = visit(&emulator, &format!("GET {path}"), headers).await;
        assert_eq!(
            answer.status,
            status,
            "{path} {headers:?}: {}",
            answer.text()
        );
    }
    let answer = visit(&emulator, &format!("GET {good}"), &secret)
        .await
        .json();
    let expires = answer["expires_on"].as_str().unwrap();
    assert!(expires.parse::<u64>().is_ok(), "{expires}");
    let token = answer["access_token"].as_str().unwrap();
    assert_eq!(list(&emulator, token).await.status, 200);
}

#[tokio::test]
async fn a_virtual_machine_gets_a_token_from_its_metadata() {
    let (_folder, emulator) = emulator().await;
    let path = "/metadata/identity/oauth2/token";
    let good = format!("{path}?api-version=2019-08-01&resource={RESOURCE}");
    let metadata = ["Metadata: true"];
    let cases = [
        (good.clone(), &metadata[..], 200),
        (good.clone(), &[], 400),
        (good.replace("2019", "2018"), &metadata, 400),
        (format!("{good}&client_id={APP}"), &metadata, 400),
        (format!("{path}?api-version=2019-08-01"), &metadata, 400),
        (good.replace("securitycenter", "x"), &metadata, 400),
    ];
    for (path, headers, status) in cases {
        let answer = visit(&emulator, &format!("GET {path}"), headers).await;
        assert_eq!(
            answer.status,
            status,
            "{path} {headers:?}: {}",
            answer.text()
        );
        if status == 200 {
            let body = answer.json();
            assert_eq!(body["client_id"], MACHINE);
            let token = body["access_token"].as_str().unwrap();
            assert_eq!(list(&emulator, token).await.status, 200);
        } else {
            assert!(answer.json()["error"].is_string());
        }
    }
}

#[tokio::test]
async fn the_issuers_keys_are_published() {
    let (_folder, emulator) = emulator().await;
    let line = "GET /oidc/.well-known/openid-configuration";
    let configuration = visit(&emulator, line, &[]).await.json();
    assert_eq!(configuration["issuer"], format!("{}/oidc", emulator.url()));
    let keys = configuration["jwks_uri"].as_str().unwrap();
    let path = keys.strip_prefix(&emulator.url()).unwrap();
    let keys = visit(&emulator, &format!("GET {path}"), &[]).await.json();
    assert_eq!(keys["keys"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_place_that_is_not_registered_is_not_there() {
    let mut directory = directory();
    for place in ["github", "pipelines", "managed_identity"] {
        directory.as_object_mut().unwrap().remove(place);
    }
    let (_folder, emulator) = emulator_with(&directory).await;
    for line in [
        "GET /github/oidc",
        "POST /pipelines/oidctoken",
        "GET /msi/token",
        "GET /metadata/identity/oauth2/token",
    ] {
        let answer = visit(&emulator, line, &["Content-Length: 0"]).await;
        assert_eq!(answer.status, 404, "{line}");
    }
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
