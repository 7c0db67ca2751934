//! What can become of an answer on its way.

use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::stranger::{Response, Wire};

/// More than any answer may have.
const GIGABYTE: u64 = 1 << 30;

/// How many bytes of the longest answer were sent before the client hung up: taken, or on their way.
#[derive(Clone, Debug, Default)]
pub(super) struct Taken(Arc<AtomicU64>);

impl Taken {
    pub(super) fn most(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }

    /// Repeats `piece` until a gigabyte is sent, or nobody takes it.
    fn pour(&self, mut stream: &TcpStream, piece: &[u8]) {
        let piece = piece.repeat(1 + 65_536 / piece.len());
        let mut sent = 0;
        while sent < GIGABYTE && stream.write_all(&piece).is_ok() {
            sent += piece.len() as u64;
        }
        self.0.fetch_max(sent, Ordering::SeqCst);
    }
}

/// Waits at most `time` for the client to go away; whether it has.
fn has_left(mut stream: &TcpStream, time: Duration) -> bool {
    stream.set_read_timeout(Some(time)).unwrap();
    matches!(stream.read(&mut [0]), Ok(0))
}

pub(super) fn close() -> Wire {
    Box::new(|_, _| Ok(()))
}

/// The client gets a reset (RST) and no end (FIN).
pub(super) fn reset() -> Wire {
    Box::new(|stream, _| socket2::SockRef::from(stream).set_linger(Some(Duration::ZERO)))
}

pub(super) fn silence() -> Wire {
    Box::new(|mut stream, _| io::copy(&mut stream, &mut io::sink()).map(drop))
}

/// The whole answer, late.
pub(super) fn late(time: Duration) -> Wire {
    Box::new(move |mut stream, response| {
        if !has_left(stream, time) {
            response.write(&mut stream, false)?;
        }
        Ok(())
    })
}

/// This head, and `piece` again and again: it never ends and never stops coming.
pub(super) fn drip(head: &'static str, piece: &'static str) -> Wire {
    Box::new(move |mut stream, _| {
        stream.write_all(head.as_bytes())?;
        while !has_left(stream, Duration::from_millis(20)) {
            stream.write_all(piece.as_bytes())?;
        }
        Ok(())
    })
}

/// As much of the answer's head as a broken connection may have let through.
pub(super) fn half_a_head() -> Wire {
    Box::new(|mut stream, _| stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Le"))
}

/// The head of the answer, and half of its body.
pub(super) fn half_a_body() -> Wire {
    Box::new(|mut stream, response| {
        let mut response = response.clone();
        if response.status == 204 {
            response = Response::json(200, &serde_json::json!({ "deleted": true }));
        }
        response.write(&mut stream, true)
    })
}

/// These bytes, and no more.
pub(super) fn bytes(bytes: impl Into<Vec<u8>>) -> Wire {
    let bytes = bytes.into();
    Box::new(move |mut stream, _| stream.write_all(&bytes))
}

/// A head with these lines, and this body.
pub(super) fn answer(head: &str, body: &[u8]) -> Wire {
    let length = body.len();
    let head = format!("HTTP/1.1 200 OK\r\n{head}Content-Length: {length}\r\n\r\n");
    bytes([head.as_bytes(), body].concat())
}

/// This head, and `piece` without end.
pub(super) fn flood(taken: &Taken, head: &'static str, piece: &'static str) -> Wire {
    let taken = taken.clone();
    Box::new(move |mut stream, _| {
        stream.write_all(head.as_bytes())?;
        taken.pour(stream, piece.as_bytes());
        Ok(())
    })
}

/// Half a gigabyte of blanks in half a megabyte, for a client that had not asked for it. A gzip file may have many
/// members (RFC 1952, section 2.2).
pub(super) fn bomb() -> Vec<u8> {
    let mut member = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    member.write_all(&b" ".repeat(1 << 20)).unwrap();
    member.finish().unwrap().repeat(512)
}

/// The same answer about other files.
pub(super) fn altered(property: &'static str, value: &'static str) -> Wire {
    Box::new(move |mut stream, response| {
        let mut body: serde_json::Value = serde_json::from_str(&response.body).unwrap();
        let alter = |file: &mut serde_json::Value| file[property] = value.into();
        match body.get_mut("value").and_then(|files| files.as_array_mut()) {
            Some(files) => files.iter_mut().for_each(alter),
            None => alter(&mut body),
        }
        Response::json(response.status, &body).write(&mut stream, false)
    })
}
