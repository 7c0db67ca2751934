//! Each effect, as it shows on the wire.

use std::time::Duration;

use jumpbag_emulator::Emulator;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::client::{Answer, Form, delete, emulator, exchange, list, list_request, send};

async fn upload(emulator: &Emulator, name: &str) -> Option<Answer> {
    let form = Form::file(name, b"hello").field("OverrideIfExists", "true");
    exchange(emulator, &form.request()).await
}

#[tokio::test]
async fn a_status_is_answered_and_nothing_is_done() {
    let (_folder, emulator) = emulator(&[
        "upload:1:status=503",
        "upload:2:status=429,retry-after=7",
        "upload:3:status=429,retry-after=date+2",
        "upload:4:status=403",
    ])
    .await;
    let expected = [
        (503, "InternalServerError", None),
        (429, "TooManyRequests", Some("7")),
        (429, "TooManyRequests", Some(" GMT")),
        (403, "Forbidden", None),
    ];
    for (status, code, retry_after) in expected {
        let answer = upload(&emulator, "a").await.unwrap();
        assert_eq!((answer.status, answer.code().as_str()), (status, code));
        match (answer.header("retry-after"), retry_after) {
            (Some(header), Some(end)) => assert!(header.ends_with(end), "{header}"),
            (header, expected) => assert_eq!(header, expected),
        }
    }
    assert!(emulator.files().is_empty());
    assert_eq!(
        upload(&emulator, "a").await.unwrap().status,
        200,
        "no fault is left"
    );
}

#[tokio::test]
async fn a_gateways_page_is_html() {
    let (_folder, emulator) = emulator(&["any:1:html=502"]).await;
    let answer = list(&emulator).await;
    assert_eq!(answer.status, 502);
    assert_eq!(answer.header("content-type"), Some("text/html"));
    assert!(answer.text().contains("<h1>502 Bad Gateway</h1>"));
}

#[tokio::test]
async fn a_drop_before_shows_nothing_and_does_nothing() {
    let (_folder, emulator) = emulator(&["any:1-3:drop-before"]).await;
    assert!(exchange(&emulator, &list_request()).await.is_none());
    assert!(upload(&emulator, "a").await.is_none());
    let large = Form::file("b", &vec![0; 4_000_000]).request();
    assert!(exchange(&emulator, &large).await.is_none());
    assert!(emulator.files().is_empty());
    assert_eq!(list(&emulator).await.status, 200);
}

#[tokio::test]
async fn a_drop_after_shows_nothing_and_does_it() {
    let (_folder, emulator) = emulator(&["upload:1:drop-after", "delete:1:drop-after"]).await;
    assert!(upload(&emulator, "a").await.is_none());
    assert_eq!(emulator.files().len(), 1);
    assert!(exchange_delete(&emulator).await.is_none());
    assert!(emulator.files().is_empty());
}

async fn exchange_delete(emulator: &Emulator) -> Option<Answer> {
    let line = "DELETE /api/libraryfiles/a";
    exchange(
        emulator,
        &crate::client::request(line, Some("abc"), "text/plain", b""),
    )
    .await
}

#[tokio::test]
async fn a_drop_leaves_other_connections_alone() {
    let (_folder, emulator) = emulator(&["list:1:drop-before"]).await;
    let mut other = TcpStream::connect(emulator.address()).await.unwrap();
    other
        .write_all(b"GET /api/libraryfiles HTTP/1.1\r\n")
        .await
        .unwrap();
    assert!(exchange(&emulator, &list_request()).await.is_none());
    other
        .write_all(b"Host: x\r\nConnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut answer = String::new();
    other.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
}

#[tokio::test]
async fn a_truncated_answer_ends_before_its_length() {
    let (_folder, emulator) = emulator(&["any:all:truncate", "token:all:truncate"]).await;
    let uploaded = upload(&emulator, "a").await.unwrap();
    let listed = list(&emulator).await;
    for answer in [uploaded, listed] {
        assert_eq!(answer.status, 200);
        let length: usize = answer.header("content-length").unwrap().parse().unwrap();
        assert_eq!(answer.body.len(), length / 2, "{}", answer.text());
        assert!(answer.text().starts_with("{\""));
        assert_eq!(answer.header("transfer-encoding"), None);
    }
    assert_eq!(emulator.files().len(), 1);
    assert_eq!(delete(&emulator, "a").await.status, 204, "nothing to cut");
}

#[tokio::test(start_paused = true)]
async fn a_delayed_answer_comes_later() {
    let (_folder, emulator) = emulator(&["list:1:delay=10m"]).await;
    let start = Instant::now();
    assert_eq!(list(&emulator).await.status, 200);
    assert!(start.elapsed() >= Duration::from_mins(10));
}

#[tokio::test]
async fn a_wrong_digest_is_told_and_the_right_one_is_kept() {
    let (_folder, emulator) = emulator(&["any:1-2:wrong-sha256"]).await;
    let told = upload(&emulator, "a").await.unwrap().json()["sha256"].clone();
    let listed = list(&emulator).await.json()["value"][0]["sha256"].clone();
    let kept = emulator.files()[0].sha256.clone();
    assert_eq!(told, listed);
    assert_ne!(told, kept);
    assert_eq!(told.as_str().unwrap().len(), 64);
    assert_eq!(list(&emulator).await.json()["value"][0]["sha256"], kept);
}

#[tokio::test]
async fn a_call_that_hangs_ends_with_the_emulator() {
    let (_folder, emulator) = emulator(&["upload:1:hang"]).await;
    let mut stream = TcpStream::connect(emulator.address()).await.unwrap();
    stream
        .write_all(&Form::file("a", b"x").request())
        .await
        .unwrap();
    while emulator.calls().upload == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(list(&emulator).await.status, 200, "others are served");
    assert!(
        stream.try_read(&mut [0; 1]).is_err(),
        "neither an answer nor the end"
    );
    assert!(emulator.files().is_empty());
    emulator.stop().await;
    stream.readable().await.unwrap();
    assert_eq!(stream.try_read(&mut [0; 1]).unwrap(), 0);
}

#[tokio::test]
async fn the_token_endpoint_fails_as_well() {
    let (_folder, emulator) = emulator(&["token:1:drop-before", "token:2:html=504"]).await;
    let ask = crate::client::request("POST /t/oauth2/v2.0/token", None, "text/plain", b"");
    assert!(exchange(&emulator, &ask).await.is_none());
    assert_eq!(send(&emulator, &ask).await.status, 504);
}
