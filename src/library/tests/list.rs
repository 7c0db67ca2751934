use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::scripted::{CLOSED, Server, Step, error, json, page, raw};
use super::{client, client_of, settings, shown};
use crate::library::{Client, Error};
use crate::model::{Name, Sha256};

fn entity(name: &str) -> String {
    let sha256 = Sha256::of(name.as_bytes());
    format!(r#"{{"fileName":"{name}","sha256":"{sha256}"}}"#)
}

/// The names that a list gives, or the error as a person reads it.
async fn listed(server: &Server) -> String {
    match client(server).list().await {
        Ok(files) => files
            .keys()
            .map(Name::to_string)
            .collect::<Vec<_>>()
            .join(" "),
        Err(error) => shown(&error, server),
    }
}

#[tokio::test]
async fn a_list_is_one_request_with_a_token() {
    let server = Server::start([page(&[entity("b"), entity("a")])]).await;
    assert_eq!(listed(&server).await, "a b");
    assert_eq!(server.lines(), "GET /api/libraryfiles");
    let request = &server.requests()[0];
    assert_eq!(request.header("authorization"), "Bearer hush");
    assert_eq!(
        request.header("user-agent"),
        concat!("jumpbag/", env!("CARGO_PKG_VERSION"))
    );
}

#[tokio::test]
async fn digests_are_compared_without_case() {
    let upper = entity("a").replace("sha256\":\"", "sha256\":\"!");
    let (front, back) = upper.split_once('!').unwrap();
    let upper = format!("{front}{}", back.to_uppercase());
    let server = Server::start([page(&[upper])]).await;
    let files = client(&server).list().await.unwrap();
    let file = &files[&Name::existing("a")].file;
    assert_eq!(file.sha256, Sha256::of(b"a"));
}

#[tokio::test]
async fn an_empty_library_is_no_error() {
    let server = Server::start([page(&[])]).await;
    assert_eq!(listed(&server).await, "");
}

#[tokio::test]
async fn pages_are_followed_to_the_end() {
    let server = Server::start([]).await;
    let next = format!("{}api/libraryfiles?$skip=1", server.url());
    let linked = |name: &str, link: &str| {
        let entity = entity(name);
        json(
            200,
            &format!(r#"{{"value":[{entity}],"@odata.nextLink":{link}}}"#),
        )
    };
    server.then([
        linked("a", &format!("\"{next}\"")),
        linked("b", "\"?$skip=2\""),
        linked("c", "null"),
    ]);
    assert_eq!(listed(&server).await, "a b c");
    insta::assert_snapshot!(server.lines(), @r"
    GET /api/libraryfiles
    GET /api/libraryfiles?$skip=1
    GET /api/libraryfiles?$skip=2
    ");
    for request in server.requests() {
        assert_eq!(request.header("authorization"), "Bearer hush");
    }
}

#[tokio::test]
async fn a_page_elsewhere_gets_no_request() {
    let other = Server::start([]).await;
    let link = other.url();
    let server = Server::start([json(
        200,
        &format!(r#"{{"value":[],"@odata.nextLink":"{link}api/libraryfiles"}}"#),
    )])
    .await;
    let error = client(&server).list().await.unwrap_err();
    assert!(matches!(error, Error::NextLink { .. }), "{error}");
    assert_eq!(other.requests().len(), 0);
}

#[tokio::test]
async fn a_loop_of_pages_is_an_error() {
    let looped = r#"{"value":[],"@odata.nextLink":"/api/libraryfiles"}"#;
    let server = Server::start([json(200, looped)]).await;
    insta::assert_snapshot!(listed(&server).await, @r"
    the list of files goes on at `/api/libraryfiles`, where it has been before
    help: check the endpoint, and what stands between it and this machine
    ");
}

#[tokio::test]
async fn entries_that_cannot_be_planned_on_are_named() {
    for (entities, expected) in [
        (
            vec![r#"{"fileName":"a","sha256":null}"#.to_owned()],
            "`a`, and it has no sha256",
        ),
        (
            vec![r#"{"fileName":"a"}"#.to_owned()],
            "`a`, and it has no sha256",
        ),
        (
            vec![r#"{"fileName":"a","sha256":"12"}"#.to_owned()],
            "`a`, and its sha256 is `12`",
        ),
        (
            vec![entity("a"), entity("a")],
            "`a`, and it lists that name twice",
        ),
        (vec![entity("")], "a file without a name"),
        (
            vec![r#"{"sha256":null}"#.to_owned()],
            "a file without a name",
        ),
    ] {
        let server = Server::start([page(&entities)]).await;
        let text = listed(&server).await;
        assert!(text.contains(expected), "{text}");
        assert_eq!(server.requests().len(), 1, "asking again does not help");
    }
}

#[tokio::test]
async fn failures_are_tried_again() {
    let server = Server::start([
        raw(
            502,
            "Content-Type: text/html\r\n",
            "<html>Bad Gateway</html>",
        ),
        Step::CloseAtHead,
        // Half an answer.
        Step::Answer(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{\"value\":[".to_vec()),
        raw(200, "Content-Type: text/html\r\n", "<html>Log in</html>"),
        page(&[entity("a")]),
    ])
    .await;
    assert_eq!(listed(&server).await, "a");
    assert_eq!(server.requests().len(), 5);
}

#[tokio::test]
async fn after_five_failures_the_last_is_shown() {
    let html = format!("<html>\r\n{}</html>", "é".repeat(300));
    let steps = (0..5).map(|_| raw(502, "Content-Type: text/html\r\n", &html));
    let server = Server::start(steps).await;
    let text = listed(&server).await;
    let text = text.replace(&"é".repeat(192), "É*192");
    insta::assert_snapshot!(text.replace('\r', ""), @r"
    could not list the library
    `GET http://127.0.0.1:PORT/api/libraryfiles` was answered 502 with text/html: `<html>
    É*192`
    help: run again later; if it stays so, give Microsoft's support the correlation id, where there is one
    ");
    assert_eq!(server.requests().len(), 5);
}

#[tokio::test]
async fn an_api_error_shows_code_message_and_correlation_id() {
    let steps = (0..5).map(|_| error(500, "InternalServerError", "retry"));
    let server = Server::start(steps).await;
    insta::assert_snapshot!(listed(&server).await, @r"
    could not list the library
    `GET http://127.0.0.1:PORT/api/libraryfiles` was answered 500 InternalServerError: `retry` (correlation id `7f3c`)
    help: run again later; if it stays so, give Microsoft's support the correlation id, where there is one
    ");
}

#[tokio::test]
async fn a_service_that_never_answers_is_given_up() {
    let server = Server::start([Step::Hang, Step::Hang]).await;
    let mut settings = settings(server.url());
    settings.timeouts.answer = Duration::from_millis(50);
    settings.retry.tries = 2;
    let error = client_of(settings).list().await.unwrap_err();
    let text = shown(&error, &server);
    assert!(text.contains("got no answer"), "{text}");
    assert!(text.contains("timed out"), "{text}");
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn where_nothing_listens_the_error_is_fatal_and_says_who() {
    let server = Server::start([]).await;
    let client = client_of(settings(CLOSED.parse().unwrap()));
    let error = client.list().await.unwrap_err();
    assert!(error.is_fatal());
    let text = shown(&error, &server);
    assert!(
        text.starts_with("could not connect to `127.0.0.1:1` to list the library"),
        "{text}"
    );
}

#[tokio::test]
async fn too_many_requests_pause_for_the_seconds_that_are_asked() {
    let server = Server::start([raw(429, "Retry-After: 1\r\n", ""), page(&[entity("a")])]).await;
    let start = Instant::now();
    assert_eq!(listed(&server).await, "a");
    assert!(start.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn an_overloaded_service_is_given_the_time_that_it_asks_for() {
    let server = Server::start([raw(503, "Retry-After: 1\r\n", ""), page(&[entity("a")])]).await;
    let start = Instant::now();
    assert_eq!(listed(&server).await, "a");
    assert!(start.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn too_many_requests_pause_until_the_date_that_is_asked() {
    let dates =
        "Date: Sun, 06 Nov 1994 08:49:36 GMT\r\nRetry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
    let server = Server::start([raw(429, dates, ""), page(&[entity("a")])]).await;
    let start = Instant::now();
    assert_eq!(listed(&server).await, "a");
    assert!(start.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn a_pause_is_everybodys_and_is_told() {
    let server = Server::start([raw(429, "Retry-After: 3600\r\n", "")]).await;
    let stop = CancellationToken::new();
    let client = Client::new(settings(server.url()), stop.clone()).unwrap();
    let mut waiting = client.waiting();
    let told = async {
        waiting.wait_for(Option::is_some).await.unwrap();
        let until = waiting.borrow().unwrap() - Instant::now();
        stop.cancel();
        until
    };
    let (one, other, until) = tokio::join!(client.list(), client.list(), told);
    assert!(until > Duration::from_secs(3500), "{until:?}");
    assert!(matches!(one, Err(Error::Stopped)));
    // The second list was perhaps sent before the first was answered, but the script has no step for it.
    assert!(matches!(
        other,
        Err(Error::Stopped | Error::Rejected { .. })
    ));
}

#[tokio::test]
async fn too_many_requests_end_at_last() {
    let steps = (0..9).map(|_| raw(429, "Retry-After: 0\r\n", ""));
    let server = Server::start(steps).await;
    insta::assert_snapshot!(listed(&server).await, @r"
    the API still has too many requests to list the library, after 8 waits
    `GET http://127.0.0.1:PORT/api/libraryfiles` was answered 429 with no content type and no text
    help: find out what else uses the API in this tenant, lower the library's `limits`, and run again
    ");
    assert_eq!(server.requests().len(), 9);
}

#[tokio::test]
async fn a_redirect_is_an_error_and_takes_no_token_along() {
    let other = Server::start([]).await;
    let location = format!("Location: {}\r\n", other.url());
    let server = Server::start([raw(307, &location, "")]).await;
    let error = client(&server).list().await.unwrap_err();
    assert!(matches!(&error, Error::Redirected { to, .. } if *to == other.url().to_string()));
    assert!(error.is_fatal());
    assert_eq!(server.requests().len(), 1);
    assert_eq!(other.requests().len(), 0);
}

#[tokio::test]
async fn after_stop_nothing_is_sent() {
    let server = Server::start([]).await;
    let stop = CancellationToken::new();
    let client = Client::new(settings(server.url()), stop.clone()).unwrap();
    stop.cancel();
    let error = client.list().await.unwrap_err();
    assert!(matches!(error, Error::Stopped) && error.is_fatal());
    assert_eq!(server.requests().len(), 0);
}

#[tokio::test]
async fn stop_ends_a_backoff_at_once() {
    let server = Server::start([raw(503, "", "")]).await;
    let stop = CancellationToken::new();
    let mut settings = settings(server.url());
    settings.retry.base = Duration::from_hours(1);
    settings.retry.cap = Duration::from_hours(1);
    let client = Client::new(settings, stop.clone()).unwrap();
    let stopping = async {
        while server.requests_so_far() == 0 {
            tokio::task::yield_now().await;
        }
        stop.cancel();
    };
    let (listed, ()) = tokio::join!(client.list(), stopping);
    assert!(matches!(listed, Err(Error::Stopped)));
}

#[tokio::test]
async fn a_request_counts_from_its_answer() {
    const HOUR: Duration = Duration::from_hours(1);
    let server = Server::start([page(&[])]).await;
    let mut settings = settings(server.url());
    settings.limits = vec![crate::model::Limit {
        calls: 1,
        per: HOUR,
    }];
    let client = client_of(settings);
    client.list().await.unwrap();
    let answered = Instant::now();
    let mut waiting = client.waiting();
    let told = async { *waiting.wait_for(Option::is_some).await.unwrap() };
    let until = tokio::select! {
        _ = client.list() => panic!("the window is full"),
        until = told => until.unwrap(),
    };
    assert!(until <= answered + HOUR);
}

#[tokio::test]
async fn every_request_passes_the_gate_also_retries_and_pages() {
    let server = Server::start([
        raw(500, "", ""),
        json(200, r#"{"value":[],"@odata.nextLink":"?2"}"#),
        page(&[]),
    ])
    .await;
    let mut settings = settings(server.url());
    settings.limits = vec![crate::model::Limit {
        calls: 1,
        per: Duration::from_millis(200),
    }];
    let client = client_of(settings);
    let start = Instant::now();
    client.list().await.unwrap();
    assert!(start.elapsed() >= Duration::from_millis(400));
}

/// Whatever a server says, it does not fill a log.
#[tokio::test]
async fn of_long_texts_only_the_start_is_shown() {
    let long = "ab ".repeat(100_000);
    let entry = |sha256: &str| format!(r#"{{"fileName":"a{long}","sha256":"{sha256}"}}"#);
    let steps = [
        error(400, &format!("Bad{long}"), &format!("no {long}")),
        page(&[entry(&long)]),
        raw(
            302,
            &format!(
                "Location: https://example.org/{}\r\n",
                long.replace(' ', "")
            ),
            "",
        ),
    ];
    for step in steps {
        let server = Server::start([step]).await;
        let shown = listed(&server).await;
        assert!(shown.len() < 5_000, "{} bytes", shown.len());
        assert!(shown.contains(" more characters)"), "{shown}");
    }
    let wrong = format!(r#"{{"value":[{{"fileName":"a","hasParameters":"{long}"}}]}}"#);
    let server = Server::start((0..5).map(|_| json(200, &wrong))).await;
    let shown = listed(&server).await;
    assert!(shown.len() < 5_000, "{} bytes", shown.len());
    assert!(shown.contains(" more characters)"), "{shown}");
}
