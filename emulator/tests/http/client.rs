//! A client that shows what is on the wire, and an emulator for it.

use std::net::SocketAddr;
use std::path::Path;

use jumpbag_emulator::{Emulator, Settings, start};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// An answer, or as much of it as came.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The names in lower case, as they came.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(found, _)| found == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The code of an API's error, whose shape is checked.
    pub(crate) fn code(&self) -> String {
        let json = self.json();
        assert!(!json["error"]["message"].as_str().unwrap().is_empty());
        assert_eq!(json["error"]["target"].as_str().unwrap().len(), 36);
        json["error"]["code"].as_str().unwrap().to_owned()
    }
}

/// A form in the making.
pub(crate) struct Form(Vec<u8>);

const BOUNDARY: &str = "----jumpbag--boundary";

impl Form {
    pub(crate) fn new() -> Self {
        Self(Vec::new())
    }

    /// A form with one file, named `name`.
    pub(crate) fn file(name: &str, content: &[u8]) -> Self {
        Self::new().part(&format!("name=\"file\"; filename=\"{name}\""), content)
    }

    pub(crate) fn field(self, name: &str, value: &str) -> Self {
        self.part(&format!("name=\"{name}\""), value.as_bytes())
    }

    pub(crate) fn part(mut self, parameters: &str, content: &[u8]) -> Self {
        let head = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; {parameters}\r\n\r\n");
        self.0.extend_from_slice(head.as_bytes());
        self.0.extend_from_slice(content);
        self.0.extend_from_slice(b"\r\n");
        self
    }

    pub(crate) fn request(mut self) -> Vec<u8> {
        self.0
            .extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
        let kind = format!("multipart/form-data; boundary={BOUNDARY}");
        request("POST /api/libraryfiles", Some("abc"), &kind, &self.0)
    }
}

/// A request whose connection is closed after it.
pub(crate) fn request(line: &str, token: Option<&str>, kind: &str, body: &[u8]) -> Vec<u8> {
    let authorization = token.map_or(String::new(), |token| {
        format!("Authorization: Bearer {token}\r\n")
    });
    let mut bytes = format!(
        "{line} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{authorization}\
         Content-Type: {kind}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

/// Sends bytes, and reads until the connection ends; `None` if nothing came.
pub(crate) async fn exchange(emulator: &Emulator, bytes: &[u8]) -> Option<Answer> {
    exchange_with(emulator.address(), bytes).await
}

/// The same, where there may be nobody to connect to.
pub(crate) async fn exchange_with(address: SocketAddr, bytes: &[u8]) -> Option<Answer> {
    talk(TcpStream::connect(address).await.ok()?, bytes).await
}

/// The same, over a connection that is there.
pub(crate) async fn talk(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    bytes: &[u8],
) -> Option<Answer> {
    // A connection that is reset while we send or read is one that has ended.
    drop(stream.write_all(bytes).await);
    let mut received = Vec::new();
    drop(stream.read_to_end(&mut received).await);
    parse(&received)
}

/// Sends bytes, and expects an answer.
pub(crate) async fn send(emulator: &Emulator, bytes: &[u8]) -> Answer {
    exchange(emulator, bytes).await.expect("an answer")
}

pub(crate) async fn list(emulator: &Emulator) -> Answer {
    send(emulator, &list_request()).await
}

pub(crate) async fn delete(emulator: &Emulator, name: &str) -> Answer {
    let line = format!("DELETE /api/libraryfiles/{name}");
    send(emulator, &request(&line, Some("abc"), "text/plain", b"")).await
}

pub(crate) fn list_request() -> Vec<u8> {
    request("GET /api/libraryfiles", Some("abc"), "text/plain", b"")
}

fn parse(received: &[u8]) -> Option<Answer> {
    if received.is_empty() {
        return None;
    }
    let end = received.windows(4).position(|window| window == b"\r\n\r\n");
    let (head, body) = received.split_at(end.expect("whole headers") + 4);
    let head = str::from_utf8(head).unwrap();
    let mut lines = head.trim_end().split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse();
    let headers = lines.map(|line| {
        let (name, value) = line.split_once(": ").unwrap();
        (name.to_ascii_lowercase(), value.to_owned())
    });
    Some(Answer {
        status: status.unwrap(),
        headers: headers.collect(),
        body: body.to_vec(),
    })
}

pub(crate) fn settings(data: &Path, faults: &[&str]) -> Settings {
    Settings {
        data: data.join("data"),
        faults: faults.iter().map(|fault| fault.parse().unwrap()).collect(),
        ..Settings::default()
    }
}

/// Starts an emulator with the documented limits, in a folder of its own.
pub(crate) async fn emulator(faults: &[&str]) -> (TempDir, Emulator) {
    let folder = tempfile::tempdir().unwrap();
    let emulator = start(settings(folder.path(), faults)).await.unwrap();
    (folder, emulator)
}
