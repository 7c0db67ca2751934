//! Starting, stopping, and what is left afterwards.

use std::error::Error as _;
use std::net::Ipv4Addr;
use std::time::Duration;

use jumpbag_emulator::{Emulator, Limit, Settings, StartError, start};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::client::{Form, emulator, list, send, settings};

#[tokio::test]
async fn the_library_survives_a_restart() {
    let (folder, emulator) = emulator(&[]).await;
    let form = Form::file("a", b"hello").field("HasParameters", "true");
    assert_eq!(send(&emulator, &form.request()).await.status, 200);
    let before = list(&emulator).await.json()["value"].clone();
    emulator.stop().await;
    let again = start(settings(folder.path(), &[])).await.unwrap();
    assert_eq!(list(&again).await.json()["value"], before);
    // Dropped, not stopped, and started at once.
    drop(again);
    let again = start(settings(folder.path(), &[])).await.unwrap();
    assert_eq!(list(&again).await.json()["value"], before);
}

#[tokio::test]
async fn what_cannot_be_started_is_said() {
    let (folder, emulator) = emulator(&[]).await;
    let message = |error: &StartError| error.to_string();

    let error = start(settings(folder.path(), &[])).await.unwrap_err();
    assert!(message(&error).ends_with("is in use by another emulator"));
    assert!(error.source().is_none());

    let other = tempfile::tempdir().unwrap();
    let base = settings(other.path(), &[]);
    for address in ["0.0.0.0:0", "192.0.2.1:80", "[::]:0"] {
        let listen = address.parse().unwrap();
        let error = start(Settings {
            listen,
            ..base.clone()
        })
        .await
        .unwrap_err();
        let expected = "is not a loopback address, and the emulator listens on no other";
        assert_eq!(message(&error), format!("`{address}` {expected}"));
    }
    assert!(!base.data.exists(), "nothing was touched");

    let listen = emulator.address();
    let error = start(Settings {
        listen,
        ..base.clone()
    })
    .await
    .unwrap_err();
    assert_eq!(message(&error), format!("could not listen on `{listen}`"));
    assert!(error.source().is_some());

    let calls = 0;
    let limits = vec![Limit {
        calls,
        ..Limit::DOCUMENTED[0]
    }];
    let error = start(Settings {
        limits,
        ..base.clone()
    })
    .await
    .unwrap_err();
    assert_eq!(message(&error), "the limit `0/1m` takes no call");

    let file = other.path().join("file");
    std::fs::File::create(&file).unwrap();
    let error = start(Settings {
        data: file,
        ..base.clone()
    })
    .await
    .unwrap_err();
    assert!(message(&error).starts_with("could not use the data folder `"));
    assert!(error.source().is_some());

    // What failed holds nothing: the folder can be used now.
    start(base).await.unwrap().stop().await;
}

/// An emulator on a port that no system gives away by itself: another test, which asked for any free one, could not take it
/// once the emulator has left it.
async fn apart(base: &Settings) -> Emulator {
    let first = 10_000 + u16::try_from(std::process::id().wrapping_mul(7_919) % 10_000).unwrap();
    for port in first..first + 10_000 {
        let settings = Settings {
            listen: (Ipv4Addr::LOCALHOST, port).into(),
            ..base.clone()
        };
        match start(settings).await {
            Ok(emulator) => return emulator,
            Err(error) => assert!(matches!(error, StartError::Listen { .. }), "{error}"),
        }
    }
    panic!("all ports are in use");
}

#[tokio::test]
async fn a_stop_finishes_what_is_being_answered() {
    let folder = tempfile::tempdir().unwrap();
    let emulator = apart(&settings(folder.path(), &["list:1:delay=24h"])).await;
    let address = emulator.address();
    let (answer, ()) = tokio::join!(
        async {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream
                .write_all(&crate::client::list_request())
                .await
                .unwrap();
            let mut text = String::new();
            stream.read_to_string(&mut text).await.unwrap();
            text
        },
        async {
            while emulator.calls().list == 0 {
                tokio::task::yield_now().await;
            }
            emulator.stop().await;
        }
    );
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    assert!(
        TcpStream::connect(address).await.is_err(),
        "nobody listens any more"
    );
}

#[tokio::test]
async fn a_drop_ends_idle_and_busy_connections() {
    let (_folder, emulator) = emulator(&["list:1:hang"]).await;
    let mut idle = TcpStream::connect(emulator.address()).await.unwrap();
    let mut busy = TcpStream::connect(emulator.address()).await.unwrap();
    busy.write_all(&crate::client::list_request())
        .await
        .unwrap();
    while emulator.calls().list == 0 {
        tokio::task::yield_now().await;
    }
    drop(emulator);
    for stream in [&mut idle, &mut busy] {
        // The end, or a reset: but nothing that was sent.
        assert!(matches!(stream.read(&mut [0; 1]).await, Ok(0) | Err(_)));
    }
}

#[tokio::test]
async fn a_connection_is_used_again() {
    let (_folder, emulator) = emulator(&[]).await;
    let mut stream = TcpStream::connect(emulator.address()).await.unwrap();
    let call = "GET /api/libraryfiles HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer x\r\n\r\n";
    for number in 1..=3 {
        stream.write_all(call.as_bytes()).await.unwrap();
        let mut received = Vec::new();
        while !received.ends_with(b"[]}") {
            let byte = stream.read_u8().await.unwrap();
            received.push(byte);
        }
        assert_eq!(emulator.calls().list, number);
    }
    // Neither it, now idle, nor one that was never used holds up the stop.
    let unused = TcpStream::connect(emulator.address()).await.unwrap();
    let start = Instant::now();
    emulator.stop().await;
    assert!(start.elapsed() < Duration::from_secs(3));
    drop(unused);
    assert_eq!(stream.read(&mut [0; 1]).await.unwrap(), 0);
}
