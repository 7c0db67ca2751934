//! What is taken down of the requests of a change.

use uuid::Uuid;

use super::scripted::{Server, error, error_body, page, raw};
use super::{client, settings};
use crate::library::{Client, Identity, Trace};
use crate::model::Name;
use tokio_util::sync::CancellationToken;

const ID: Uuid = Uuid::from_u128(0x0f1e_2d3c);

/// Method, status and ids of each request, a line each.
fn shown(trace: &Trace) -> String {
    let lines = trace.sent().into_iter().map(|sent| {
        let status = sent
            .status
            .map_or("none".to_owned(), |status| status.to_string());
        let ids = sent.ids.iter().map(|(name, id)| format!(" {name}={id}"));
        format!("{} {status}{}", sent.method, ids.collect::<String>())
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn every_request_of_a_change_is_known_by_its_ids() {
    let server = Server::start([
        super::scripted::Step::Close,
        raw(
            503,
            "Content-Type: application/json\r\nrequest-id: r1\r\nMISE-Correlation-Id: m1\r\n",
            &error_body("Busy", "later"),
        ),
        // A gateway's page: what it did is looked for.
        raw(200, "x-ms-request-id: r2\r\n", "<html>"),
        page(&[]),
    ])
    .await;
    let trace = Trace::new(ID);
    let (client, name) = (client(&server), Name::existing("a"));
    client.delete(&name, Some(&trace)).await.unwrap();
    insta::assert_snapshot!(shown(&trace), @r"
    DELETE none
    DELETE 503 mise-correlation-id=m1 request-id=r1 target=7f3c
    DELETE 200 x-ms-request-id=r2
    GET 200
    ");
    for request in server.requests() {
        assert_eq!(request.header("client-request-id"), ID.to_string());
    }
}

#[tokio::test]
async fn an_id_that_repeats_the_token_does_not_show_it() {
    let server = Server::start([raw(400, "request-id: say hush\r\n", "")]).await;
    let settings = super::Settings {
        identity: Identity::Token("hush".into()),
        ..settings(server.url())
    };
    let client = Client::new(settings, CancellationToken::new()).unwrap();
    let trace = Trace::new(ID);
    let deleted = client.delete(&Name::existing("a"), Some(&trace)).await;
    deleted.unwrap_err();
    assert_eq!(shown(&trace), "DELETE 400 request-id=say [redacted]");
}

#[tokio::test]
async fn what_nobody_asks_for_is_sent_without_an_id() {
    let server = Server::start([error(400, "X", "no")]).await;
    let deleted = client(&server).delete(&Name::existing("a"), None).await;
    deleted.unwrap_err();
    let head = server.requests().remove(0).head;
    assert!(!head.contains("client-request-id"), "{head}");
}
