//! The other places where tokens come from, and what the login host makes of their tokens.

use jumpbag_emulator::Emulator;
use serde_json::json;

use crate::client::Answer;
use crate::entra::{
    APP, MACHINE, POWERLESS, RESOURCE, ask, code, directory, emulator, emulator_with, list,
};
use crate::tls::send;

const EXCHANGE: &str = "api://AzureADTokenExchange";

async fn ask_with_assertion(emulator: &Emulator, assertion: &str) -> Answer {
    let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    let proof = format!("client_assertion_type={kind}&client_assertion={assertion}");
    ask(emulator, APP, &proof).await
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
