use std::sync::{Arc, Mutex};

use secrecy::{ExposeSecret as _, SecretString};
use tokio_util::sync::CancellationToken;

use super::scripted::{Server, Step, error, page, raw};
use super::{client, client_of, settings, shown};
use crate::library::identity::TokenFuture;
use crate::library::identity::{IdentityError, TokenSource};
use crate::library::{Client, Error, Identity};

/// Counts its tokens: `token-1`, and a new one whenever the current one is refused.
#[derive(Default)]
struct Counting {
    refused: Mutex<Vec<String>>,
    no_more: bool,
}

impl TokenSource for Counting {
    fn token<'a>(&'a self, refused: Option<&'a SecretString>) -> TokenFuture<'a> {
        Box::pin(async move {
            let mut all = self.refused.lock().unwrap();
            if let Some(token) = refused {
                if self.no_more {
                    return Ok(None);
                }
                all.push(token.expose_secret().to_owned());
            }
            Ok(Some(SecretString::from(format!("token-{}", all.len() + 1))))
        })
    }
}

struct Broken;

#[derive(Debug, thiserror::Error, miette::Diagnostic)]
#[error("AADSTS7000215: wrong secret")]
#[diagnostic(code(jumpbag::test), help("make a new one"))]
struct WrongSecret(#[source] std::fmt::Error);

impl TokenSource for Broken {
    fn token<'a>(&'a self, _: Option<&'a SecretString>) -> TokenFuture<'a> {
        Box::pin(async { Err(IdentityError::new(WrongSecret(std::fmt::Error))) })
    }
}

fn client_with(server: &Server, source: impl TokenSource + 'static) -> Client {
    let mut settings = settings(server.url());
    settings.identity = Identity::Source(Arc::new(source));
    client_of(settings)
}

fn tokens(server: &Server) -> Vec<String> {
    let requests = server.requests().into_iter();
    requests
        .map(|request| request.header("authorization"))
        .collect()
}

fn unauthorized() -> Step {
    error(401, "Unauthorized", "expired")
}

#[tokio::test]
async fn a_refused_token_is_renewed_once() {
    let server = Server::start([unauthorized(), page(&[])]).await;
    client_with(&server, Counting::default())
        .list()
        .await
        .unwrap();
    assert_eq!(tokens(&server), ["Bearer token-1", "Bearer token-2"]);
}

#[tokio::test]
async fn a_second_refusal_is_final() {
    let server = Server::start([unauthorized(), unauthorized()]).await;
    let client = client_with(&server, Counting::default());
    let error = client.list().await.unwrap_err();
    assert!(error.is_fatal());
    insta::assert_snapshot!(shown(&error, &server), @r"
    the API refused the token when asked to list the library
    `GET http://127.0.0.1:PORT/api/libraryfiles` was answered 401 Unauthorized: `expired` (correlation id `7f3c`)
    help: check the app registration: the tenant and client id, a secret or certificate that has not expired, and that the token's audience is the API of this cloud
    ");
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn a_token_that_nobody_renews_is_not_sent_again() {
    let server = Server::start([unauthorized()]).await;
    let error = client(&server).list().await.unwrap_err();
    assert!(matches!(error, Error::Unauthorized { .. }));
    assert_eq!(server.requests().len(), 1);

    let server = Server::start([unauthorized()]).await;
    let source = Counting {
        no_more: true,
        ..Counting::default()
    };
    let error = client_with(&server, source).list().await.unwrap_err();
    assert!(matches!(error, Error::Unauthorized { .. }));
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn without_a_token_nothing_is_sent() {
    let server = Server::start([]).await;
    let error = client_with(&server, Broken).list().await.unwrap_err();
    assert!(error.is_fatal());
    insta::assert_snapshot!(shown(&error, &server), @r"
    AADSTS7000215: wrong secret
    an error occurred when formatting an argument
    help: make a new one
    ");
    assert_eq!(server.requests().len(), 0);
}

#[tokio::test]
async fn each_reason_for_a_403_has_its_own_help() {
    let server = Server::start([
        error(403, "Forbidden", "missing roles"),
        error(403, "DisabledFeature", "off"),
        error(403, "DisallowedOperation", "no"),
        raw(
            403,
            "Content-Type: text/html\r\n",
            "<h1>Blocked: malware</h1>",
        ),
    ])
    .await;
    let client = client(&server);
    let mut texts = Vec::new();
    for _ in 0..4 {
        let error = client.list().await.unwrap_err();
        texts.push(format!(
            "{}\nfatal: {}",
            shown(&error, &server),
            error.is_fatal()
        ));
    }
    insta::assert_snapshot!(texts.join("\n\n"), @r"
    the API does not permit to list the library
    `GET http://127.0.0.1:PORT/api/libraryfiles` was answered 403 Forbidden: `missing roles` (correlation id `7f3c`)
    help: grant the app registration the permission `Library.Manage` ('Manage live response library'), as an application or delegated permission, and have an administrator consent to it
    fatal: true

    live response is disabled in the tenant, so it is not possible to list the library
    `GET http://127.0.0.1:PORT/api/libraryfiles` was answered 403 DisabledFeature: `off` (correlation id `7f3c`)
    help: turn live response on in the portal: Settings, Endpoints, Advanced features
    fatal: true

    the API refused to list the library
    `GET http://127.0.0.1:PORT/api/libraryfiles` was answered 403 DisallowedOperation: `no` (correlation id `7f3c`)
    help: see what refuses: the API itself, or a gateway before it that inspects what is sent
    fatal: false

    the API refused to list the library
    `GET http://127.0.0.1:PORT/api/libraryfiles` was answered 403 with text/html: `<h1>Blocked: malware</h1>`
    help: see what refuses: the API itself, or a gateway before it that inspects what is sent
    fatal: false
    ");
}

#[tokio::test]
async fn no_debug_output_holds_the_token() {
    let server = Server::start([unauthorized()]).await;
    let settings = settings(server.url());
    let before = format!("{settings:?} {:?}", settings.identity);
    let client = Client::new(settings, CancellationToken::new()).unwrap();
    let error = client.list().await.unwrap_err();
    let debug = format!("{before} {client:?} {:?} {error:?}", client.http);
    assert!(!debug.contains("hush"), "{debug}");
    assert!(debug.contains("[redacted]"), "{debug}");
}
