//! The rate limits.

use jumpbag_emulator::{Emulator, Settings, start};
use tempfile::TempDir;

use crate::client::{Form, delete, emulator, list, request, send, settings};

async fn limited(limits: &[&str], faults: &[&str]) -> (TempDir, Emulator) {
    let folder = tempfile::tempdir().unwrap();
    let emulator = start(Settings {
        limits: limits.iter().map(|limit| limit.parse().unwrap()).collect(),
        ..settings(folder.path(), faults)
    })
    .await
    .unwrap();
    (folder, emulator)
}

#[tokio::test]
async fn the_three_calls_share_one_budget() {
    let (_folder, emulator) = limited(&["3/1h"], &[]).await;
    assert_eq!(list(&emulator).await.status, 200);
    assert_eq!(
        send(&emulator, &Form::file("a", b"x").request())
            .await
            .status,
        200
    );
    let line = "GET /api/v1.0/libraryfiles";
    assert_eq!(
        send(&emulator, &request(line, None, "text/plain", b""))
            .await
            .status,
        401,
        "a call counts when it arrives, whatever becomes of it"
    );
    for answer in [
        list(&emulator).await,
        // Larger than what fits into the socket: it is read, so that the answer is seen.
        send(&emulator, &Form::file("b", &vec![0; 8_000_000]).request()).await,
        delete(&emulator, "a").await,
    ] {
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (429, "TooManyRequests")
        );
        let wait: u32 = answer.header("retry-after").unwrap().parse().unwrap();
        assert!((3590..=3600).contains(&wait), "{wait}");
    }
    assert_eq!(emulator.files().len(), 1);
    let calls = emulator.calls();
    assert_eq!(
        (calls.list, calls.upload, calls.delete, calls.refused),
        (3, 2, 1, 3)
    );
}

#[tokio::test]
async fn tokens_and_throttling_that_was_asked_for_are_outside_the_budget() {
    let (_folder, emulator) = limited(&["1/1h"], &["list:1-2:status=429"]).await;
    let line = "POST /t/oauth2/v2.0/token";
    for _ in 0..3 {
        assert_eq!(
            send(&emulator, &request(line, None, "text/plain", b""))
                .await
                .status,
            400
        );
    }
    for expected in [429, 429, 200, 429] {
        assert_eq!(list(&emulator).await.status, expected);
    }
    assert_eq!(emulator.calls().refused, 1);
}

#[tokio::test]
async fn waits_are_rounded_up_to_seconds() {
    let (_folder, emulator) = limited(&["1/1500ms"], &[]).await;
    assert_eq!(list(&emulator).await.status, 200);
    let answer = list(&emulator).await;
    let wait: u32 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=2).contains(&wait), "{wait}");
}

#[tokio::test]
async fn the_documented_limits_are_the_default() {
    let (_folder, emulator) = emulator(&[]).await;
    for _ in 0..100 {
        assert_eq!(list(&emulator).await.status, 200);
    }
    assert_eq!(list(&emulator).await.status, 429);
}
