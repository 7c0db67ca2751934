use std::time::Duration;

use azure_core::http::{Method, Request};
use jiff::Timestamp;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::time::Instant;
use url::Url;

use crate::http::Http;
use crate::identity::transport::{Failure, Transport};
use crate::library::Retry;

/// A server that gives each connection the next of `answers`, and `ECHO` for what it was sent.
async fn serve(answers: Vec<String>) -> Url {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/token", listener.local_addr().unwrap());
    tokio::spawn(async move {
        for answer in answers {
            let (mut connection, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 8192];
            let length = connection.read(&mut request).await.unwrap();
            let sent = String::from_utf8_lossy(&request[..length]).into_owned();
            let answer = answer.replace("ECHO", &sent.replace(['\r', '\n', '"'], " "));
            connection.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    url.parse().unwrap()
}

fn answer(status: u16, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status} X\r\n{headers}Connection: close\r\n\r\n{body}")
}

fn transport() -> Transport {
    let retry = Retry {
        base: Duration::from_millis(1),
        cap: Duration::from_millis(2),
        tries: 3,
        ..Retry::default()
    };
    let http = Http::new(Vec::new()).unwrap();
    let random = fastrand::Rng::with_seed(1);
    Transport::new(http, retry, Duration::from_secs(30), random, || {
        Timestamp::UNIX_EPOCH
    })
}

fn request(url: Url) -> Request {
    let mut request = Request::new(url, Method::Post);
    request.insert_header("authorization", "Bearer hush-bearer");
    request.insert_header("x-identity-header", "hush-header");
    request.set_body("client_id=me&client_secret=hush%2Fsecret+x&client_assertion=hush.assertion");
    request
}

async fn send(answers: Vec<String>) -> Result<String, Failure> {
    let url = serve(answers).await;
    let reply = transport().send(&request(url)).await?;
    Ok(String::from_utf8(reply.body).unwrap())
}

#[tokio::test]
async fn failures_are_tried_again_and_refusals_are_not() {
    let busy = || answer(503, "", "later");
    let good = || answer(200, "", "{}");
    assert_eq!(send(vec![busy(), busy(), good()]).await.unwrap(), "{}");
    assert_eq!(send(vec![String::new(), good()]).await.unwrap(), "{}");
    let error = send(vec![busy(), busy(), busy(), good()])
        .await
        .unwrap_err();
    assert!(matches!(error, Failure::Busy { .. }), "{error}");
    let refused = send(vec![answer(401, "", r#"{"error":"no"}"#), good()]).await;
    assert_eq!(refused.unwrap(), r#"{"error":"no"}"#);
}

#[tokio::test(start_paused = true)]
async fn a_retry_after_is_waited_for_unless_it_is_long() {
    let start = Instant::now();
    let failures = std::cell::Cell::new(0);
    let busy = |seconds| Failure::Busy {
        host: "login".to_owned(),
        status: reqwest::StatusCode::TOO_MANY_REQUESTS,
        after: Some(Duration::from_secs(seconds)),
        start: String::new(),
    };
    let transport = transport();
    let done = transport.persist(|| {
        failures.set(failures.get() + 1);
        let failed = failures.get() == 1;
        async move { if failed { Err(busy(7)) } else { Ok(()) } }
    });
    done.await.unwrap();
    assert_eq!(start.elapsed(), Duration::from_secs(7));
    let long = transport.persist(|| async { Err::<(), _>(busy(61)) }).await;
    assert!(long.is_err());
    assert_eq!(start.elapsed(), Duration::from_secs(7));
}

#[tokio::test]
async fn what_is_no_json_is_a_failure_that_says_what_it_is() {
    let html = answer(200, "Content-Type: text/html\r\n", "<h1>Log in</h1>");
    let error = send(vec![html]).await.unwrap_err().to_string();
    let (_, said) = error.split_once("` ").unwrap();
    insta::assert_snapshot!(said, @"answered 200 OK with text/html: `<h1>Log in</h1>`");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let to = answer(307, "Location: https://evil.example/ECHO\r\n", "");
    let error = send(vec![to]).await.unwrap_err();
    assert!(matches!(error, Failure::Redirected { .. }), "{error}");
    assert!(!error.to_string().contains("hush"), "{error}");
}

#[tokio::test]
async fn an_answer_has_a_longest_length() {
    let long = answer(200, "", &" ".repeat(300 * 1024));
    let error = send(vec![long]).await.unwrap_err();
    assert!(matches!(error, Failure::TooLong(_)), "{error}");
}

#[tokio::test]
async fn what_was_sent_is_never_shown_even_where_the_answer_repeats_it() {
    let json = r#"{"error_description":"ECHO hush/secret x"}"#;
    for (status, body) in [
        (200, "ECHO"),
        (400, "ECHO"),
        (503, "ECHO"),
        (400, json),
        (503, json),
    ] {
        let answers = vec![answer(status, "Content-Type: ECHO\r\n", body); 3];
        let shown = format!("{:?}", send(answers).await);
        assert!(!shown.contains("hush"), "{status}: {shown}");
        assert!(shown.contains("[redacted]"), "{status}: {shown}");
    }
}

#[tokio::test]
async fn no_secret_is_sent_in_the_clear_to_another_machine() {
    for url in [
        "http://example.org/token",
        "http://10.0.0.1/",
        "ftp://127.0.0.1/",
    ] {
        let sent = transport().send(&request(url.parse().unwrap())).await;
        assert!(matches!(sent, Err(Failure::Insecure(_))), "{url}");
    }
}
