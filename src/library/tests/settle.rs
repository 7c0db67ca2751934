//! How an upload ends when its first answer is not a success.

use std::io::{self, Read};

use tokio_util::sync::CancellationToken;

use super::scripted::{CLOSED, Server, Step, error, json, page, raw};
use super::upload::{
    CONTENT, Contents, entity, exists, file, other_content, stored, upload, uploaded,
};
use super::{client, client_of, settings, shown};
use crate::library::{Client, Content, Error, Upload};
use crate::model::{File, Name, Sha256};

#[tokio::test]
async fn what_was_stored_before_the_answer_was_lost_is_not_sent_again() {
    let cut = || Step::Answer(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{\"fileN".to_vec());
    for lost in [Step::Close, cut(), raw(504, "", ""), raw(200, "", "<html>")] {
        for over in [false, true] {
            let ended = uploaded(over, [lost.clone(), page(&[entity("a.ps1")])]).await;
            assert_eq!(
                ended,
                "ok []\nPOST /api/libraryfiles\nGET /api/libraryfiles"
            );
        }
    }
}

#[tokio::test]
async fn an_answer_that_does_not_say_what_was_stored_is_settled() {
    for answer in ["{}", "", r#"{"fileName":"a.ps1","sha256":null}"#] {
        let ended = uploaded(true, [json(200, answer), page(&[entity("a.ps1")])]).await;
        assert_eq!(
            ended,
            "ok []\nPOST /api/libraryfiles\nGET /api/libraryfiles"
        );
    }
}

#[tokio::test]
async fn an_answer_longer_than_any_real_one_is_not_read_but_settled() {
    let long = format!("{{\"x\":\"{}\"}}", "x".repeat(1024 * 1024));
    let ended = uploaded(true, [json(200, &long), page(&[entity("a.ps1")])]).await;
    assert_eq!(
        ended,
        "ok []\nPOST /api/libraryfiles\nGET /api/libraryfiles"
    );
}

#[tokio::test]
async fn calls_can_be_made_on_any_thread() {
    fn check<T: Send>(value: T) -> T {
        value
    }
    let server = Server::start([page(&[]), raw(204, "", ""), stored()]).await;
    let client = check(std::sync::Arc::new(client(&server)));
    check(client.list()).await.unwrap();
    check(client.delete(&Name::existing("a"), None))
        .await
        .unwrap();
    let upload = Upload {
        name: &Name::existing("a.ps1"),
        file: &file(),
        over: false,
        content: &Contents::new(&[CONTENT]),
    };
    check(client.upload(&upload, None)).await.unwrap();
}

#[tokio::test]
async fn what_was_not_stored_is_sent_again() {
    for lost in [Step::CloseAtHead, Step::Close, raw(502, "", "<html>")] {
        let ended = uploaded(false, [lost, page(&[]), stored()]).await;
        assert_eq!(
            ended,
            "ok []\nPOST /api/libraryfiles\nGET /api/libraryfiles\nPOST /api/libraryfiles"
        );
    }
}

#[tokio::test]
async fn an_update_whose_outcome_is_unknown_is_sent_again_over_what_is_there() {
    let other_attributes = entity("a.ps1").replace("Lists", "Old");
    for there in [other_content(), other_attributes] {
        let ended = uploaded(true, [Step::Close, page(&[there]), stored()]).await;
        assert_eq!(
            ended,
            "ok []\nPOST /api/libraryfiles\nGET /api/libraryfiles\nPOST /api/libraryfiles"
        );
    }
}

#[tokio::test]
async fn a_create_never_replaces_what_has_appeared() {
    let other_attributes = entity("a.ps1").replace("Lists", "Old");
    for there in [other_content(), other_attributes] {
        for first in [Step::Close, exists()] {
            let server = Server::start([first, page(std::slice::from_ref(&there))]).await;
            let error = upload(&client(&server), false).await.unwrap_err();
            assert!(matches!(error, Error::Exists { .. }), "{error}");
            assert!(!error.is_fatal());
            assert_eq!(server.requests().len(), 2);
        }
    }
}

#[tokio::test]
async fn our_own_upload_that_arrived_late_is_no_conflict() {
    // The list does not show it yet, the second try is refused since it is there by then.
    let ended = uploaded(
        false,
        [Step::Close, page(&[]), exists(), page(&[entity("a.ps1")])],
    )
    .await;
    assert!(ended.starts_with("ok []"), "{ended}");
}

#[tokio::test]
async fn a_refusal_shows_the_request_with_its_fields() {
    let ended = uploaded(false, [error(400, "InvalidInput", "no"), page(&[])]).await;
    insta::assert_snapshot!(ended, @r"
    the API refused to upload `a.ps1`
    `POST http://127.0.0.1:PORT/api/libraryfiles` was answered 400 InvalidInput: `no` (correlation id `7f3c`); sent were file=`a.ps1` (13 bytes, sha256 da76b4e294e6ce3c346387ea6533dfa1346cfc72c86fae87dff9a1c833179da2), Description=`Lists`, ParametersDescription=`-Days <n>`, HasParameters=`true`, OverrideIfExists=`false`
    help: compare what was sent with what the API's message asks for
    POST /api/libraryfiles
    GET /api/libraryfiles
    ");
    let ended = uploaded(true, [error(400, "InvalidInput", "no")]).await;
    assert!(ended.ends_with("\nPOST /api/libraryfiles"), "{ended}");
}

#[tokio::test]
async fn when_all_tries_are_used_up_the_outcome_is_unknown() {
    let steps = (0..5).flat_map(|_| [error(500, "InternalServerError", "retry"), page(&[])]);
    insta::assert_snapshot!(uploaded(false, steps).await, @r"
    it is not known whether `a.ps1` was uploaded
    could not upload `a.ps1`
    `POST http://127.0.0.1:PORT/api/libraryfiles` was answered 500 InternalServerError: `retry` (correlation id `7f3c`); sent were file=`a.ps1` (13 bytes, sha256 da76b4e294e6ce3c346387ea6533dfa1346cfc72c86fae87dff9a1c833179da2), Description=`Lists`, ParametersDescription=`-Days <n>`, HasParameters=`true`, OverrideIfExists=`false`
    help: plan again: the next plan looks at what the library holds
    POST /api/libraryfiles
    GET /api/libraryfiles
    POST /api/libraryfiles
    GET /api/libraryfiles
    POST /api/libraryfiles
    GET /api/libraryfiles
    POST /api/libraryfiles
    GET /api/libraryfiles
    POST /api/libraryfiles
    GET /api/libraryfiles
    ");
}

#[tokio::test]
async fn an_upload_that_cannot_be_settled_is_unknown() {
    let server = Server::start([Step::Close, error(403, "Forbidden", "no")]).await;
    let unknown = upload(&client(&server), false).await.unwrap_err();
    assert!(unknown.is_fatal(), "its list was forbidden");
    insta::assert_snapshot!(shown(&unknown, &server), @r"
    it is not known whether `a.ps1` was uploaded
    the API does not permit to list the library
    `GET http://127.0.0.1:PORT/api/libraryfiles` was answered 403 Forbidden: `no` (correlation id `7f3c`)
    help: plan again: the next plan looks at what the library holds
    ");
    let server = Server::start([raw(500, "", ""), error(403, "Forbidden", "no")]).await;
    let mut settings = settings(server.url());
    settings.retry.tries = 1;
    let unknown = upload(&client_of(settings), false).await.unwrap_err();
    insta::assert_snapshot!(shown(&unknown, &server), @r"
    it is not known whether `a.ps1` was uploaded, and the library could not be listed to find out: the API does not permit to list the library: `GET http://127.0.0.1:PORT/api/libraryfiles` was answered 403 Forbidden: `no` (correlation id `7f3c`)
    could not upload `a.ps1`
    `POST http://127.0.0.1:PORT/api/libraryfiles` was answered 500 with no content type and no text; sent were file=`a.ps1` (13 bytes, sha256 da76b4e294e6ce3c346387ea6533dfa1346cfc72c86fae87dff9a1c833179da2), Description=`Lists`, ParametersDescription=`-Days <n>`, HasParameters=`true`, OverrideIfExists=`false`
    help: plan again: the next plan looks at what the library holds
    ");
}

#[tokio::test]
async fn an_upload_that_found_no_connection_needs_no_list() {
    let server = Server::start([]).await;
    let client = client_of(settings(CLOSED.parse().unwrap()));
    let error = upload(&client, false).await.unwrap_err();
    assert!(
        matches!(error, Error::Unreachable { .. }),
        "{}",
        shown(&error, &server)
    );
}

#[tokio::test]
async fn too_many_requests_need_no_list() {
    let ended = uploaded(false, [raw(429, "Retry-After: 0\r\n", ""), stored()]).await;
    assert_eq!(
        ended,
        "ok []\nPOST /api/libraryfiles\nPOST /api/libraryfiles"
    );
}

#[tokio::test]
async fn an_answer_before_the_end_of_a_long_upload_is_understood() {
    let content = vec![7; 8 * 1024 * 1024];
    let file = File {
        sha256: Sha256::of(&content),
        size: Some(content.len() as u64),
        description: None,
        has_parameters: false,
        parameters_description: None,
    };
    let Step::Answer(refusal) = error(403, "Forbidden", "no") else {
        panic!("an error is an answer");
    };
    let server = Server::start([Step::AnswerHead(refusal)]).await;
    let upload = Upload {
        name: &Name::existing("a"),
        file: &file,
        over: false,
        content: &Contents::new(&[&content]),
    };
    let error = client(&server).upload(&upload, None).await.unwrap_err();
    assert!(matches!(error, Error::Forbidden { .. }), "{error}");
}

#[tokio::test]
async fn stop_leaves_an_unknown_outcome_unknown_and_sends_nothing_more() {
    let server = Server::start([Step::Close]).await;
    let stop = CancellationToken::new();
    let mut settings = settings(server.url());
    settings.retry.base = std::time::Duration::from_hours(1);
    settings.retry.cap = std::time::Duration::from_hours(1);
    let client = Client::new(settings, stop.clone()).unwrap();
    let stopping = async {
        while server.requests_so_far() == 0 {
            tokio::task::yield_now().await;
        }
        stop.cancel();
    };
    let (error, ()) = tokio::join!(upload(&client, true), stopping);
    insta::assert_snapshot!(shown(&error.unwrap_err(), &server), @r"
    it is not known whether `a.ps1` was uploaded, and the library could not be listed to find out: stopped before the request was sent
    could not upload `a.ps1`
    `POST http://127.0.0.1:PORT/api/libraryfiles` got no answer
    error sending request
    client error (SendRequest)
    connection closed before message completed
    help: plan again: the next plan looks at what the library holds
    ");
    assert_eq!(server.requests().len(), 1);
}

/// Stops the run when it is opened, which is when the request starts.
struct Stopping<'a>(&'a CancellationToken);

impl Content for Stopping<'_> {
    fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        self.0.cancel();
        Ok(Box::new(CONTENT))
    }
}

#[tokio::test]
async fn a_request_under_way_is_not_interrupted_by_stop() {
    let server = Server::start([stored()]).await;
    let stop = CancellationToken::new();
    let client = Client::new(settings(server.url()), stop.clone()).unwrap();
    let upload = Upload {
        name: &Name::existing("a.ps1"),
        file: &file(),
        over: false,
        content: &Stopping(&stop),
    };
    client.upload(&upload, None).await.unwrap();
}
