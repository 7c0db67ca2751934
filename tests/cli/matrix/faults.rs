//! Everything that is done to a call.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::wires::{self, Taken};
use crate::stranger::{Act, Done, Response, Wire};

/// What happens to a call.
pub(super) struct Fault {
    pub(super) name: &'static str,
    kind: Kind,
    /// Whether the call may have had its effect.
    effects: &'static [Done],
}

type Make<T> = Box<dyn Fn() -> T + Send + Sync>;

enum Kind {
    /// Nobody listens.
    Refused,
    /// Another answer.
    Answer(Make<Response>),
    /// The connection misbehaves.
    Wire(Make<Wire>),
    /// The answer is changed in what it says about files.
    Altered(Make<Wire>),
}

const DIGITS: &str = "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff";
const LONG: &str = "HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n";
const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
const ERROR: &str = "HTTP/1.1 500 No\r\nContent-Length: 1073741824\r\n\r\n";
const NOT: &[Done] = &[Done::Not];
const DONE: &[Done] = &[Done::Done];
const BOTH: &[Done] = &[Done::Not, Done::Done];

impl Fault {
    pub(super) fn is_refused(&self) -> bool {
        matches!(self.kind, Kind::Refused)
    }

    /// Whether it is about what an answer says of files.
    pub(super) fn is_about_files(&self) -> bool {
        matches!(self.kind, Kind::Altered(_))
    }

    /// Whether the call may have had its effect.
    pub(super) fn effects(&self) -> &'static [Done] {
        self.effects
    }

    /// What the server does.
    pub(super) fn act(&self, done: Done) -> Act {
        match &self.kind {
            Kind::Refused => Act::ServeAndLeave,
            Kind::Answer(answer) if done == Done::Done => Act::ServeBut(answer()),
            Kind::Answer(answer) => Act::Answer(answer()),
            Kind::Wire(wire) | Kind::Altered(wire) => Act::Wire(done, wire()),
        }
    }
}

/// All of them. Redirects lead to `trap`, and what floods is counted in `taken`.
pub(super) fn all(trap: SocketAddr, taken: &Taken) -> Vec<Fault> {
    let mut all = broken();
    all.extend(statuses());
    all.extend(redirects(trap));
    all.extend(nonsense());
    all.extend(too_much(taken));
    all
}

fn wire(name: &'static str, effects: &'static [Done], wire: fn() -> Wire) -> Fault {
    let kind = Kind::Wire(Box::new(wire));
    Fault {
        name,
        kind,
        effects,
    }
}

fn answer(
    name: &'static str,
    effects: &'static [Done],
    answer: impl Fn() -> Response + Send + Sync + 'static,
) -> Fault {
    let kind = Kind::Answer(Box::new(answer));
    Fault {
        name,
        kind,
        effects,
    }
}

fn broken() -> Vec<Fault> {
    let refused = Fault {
        name: "connection refused",
        kind: Kind::Refused,
        effects: NOT,
    };
    vec![
        refused,
        wire("connection closed", BOTH, wires::close),
        wire("connection reset", BOTH, wires::reset),
        wire("never answered", BOTH, wires::silence),
        wire("answered late", DONE, || {
            wires::late(Duration::from_millis(200))
        }),
        wire("byte by byte, without end", BOTH, || {
            wires::drip("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", " ")
        }),
        wire("100 Continue without end", BOTH, || {
            wires::drip("", "HTTP/1.1 100 Continue\r\n\r\n")
        }),
        wire("head broken off", BOTH, wires::half_a_head),
        wire("body broken off", BOTH, wires::half_a_body),
    ]
}

fn statuses() -> Vec<Fault> {
    let of = |name, status, code, effects| {
        answer(name, effects, move || {
            Response::error(status, code, "it says so")
        })
    };
    let throttled = || Response::error(429, "TooManyRequests", "slow down");
    vec![
        of("401", 401, "Unauthorized", NOT),
        of("403", 403, "Forbidden", NOT),
        of("404", 404, "ResourceNotFound", NOT),
        of("408", 408, "RequestTimeout", BOTH),
        of("409", 409, "Conflict", NOT),
        of("413", 413, "PayloadTooLarge", NOT),
        answer("429", NOT, throttled),
        answer("429 with Retry-After", NOT, move || {
            throttled().with("Retry-After", &1)
        }),
        of("500", 500, "InternalServerError", BOTH),
        answer("502 as HTML", BOTH, || Response::html(502)),
        of("503", 503, "ServiceUnavailable", BOTH),
    ]
}

fn redirects(trap: SocketAddr) -> Vec<Fault> {
    let to = |name, status, location: String| {
        answer(name, NOT, move || Response {
            status,
            headers: vec![("Location", location.clone())],
            body: String::new(),
        })
    };
    let port = trap.port();
    vec![
        to(
            "301 to another host",
            301,
            format!("https://localhost:{port}/api/libraryfiles"),
        ),
        to(
            "302 to http",
            302,
            format!("http://127.0.0.1:{port}/api/libraryfiles"),
        ),
        to(
            "307 to another host",
            307,
            format!("http://localhost:{port}/api/libraryfiles"),
        ),
        to(
            "308 to http",
            308,
            format!("http://127.0.0.1:{port}/api/libraryfiles"),
        ),
    ]
}

fn nonsense() -> Vec<Fault> {
    let altered = |name, property, value| Fault {
        name,
        kind: Kind::Altered(Box::new(move || wires::altered(property, value))),
        effects: DONE,
    };
    vec![
        altered("wrong sha256", "sha256", DIGITS),
        altered("wrong name", "fileName", "other.ps1"),
        wire("empty", BOTH, || wires::answer("", b"")),
        wire("a page instead of JSON", BOTH, || {
            wires::answer("Content-Type: text/html\r\n", b"<html>Sign in</html>")
        }),
        wire("other JSON", BOTH, || {
            wires::answer("", b"[{\"value\": 3}]")
        }),
        wire("invalid UTF-8", BOTH, || {
            wires::answer("", b"{\"value\": [\"\xff\xfe\"]}")
        }),
        wire("deep JSON", BOTH, || {
            wires::answer("", "[".repeat(500_000).as_bytes())
        }),
        wire("no HTTP", BOTH, || wires::bytes("SSH-2.0-OpenSSH_9.2\r\n")),
        wire("two lengths", BOTH, || {
            wires::answer("Content-Length: 2\r\n", b"{\"value\": []}")
        }),
        wire("chunks that are none", BOTH, || {
            wires::bytes("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n")
        }),
    ]
}

fn too_much(taken: &Taken) -> Vec<Fault> {
    let bomb = Arc::new(wires::bomb());
    // Large enough that what is sent is about what is read.
    let chunk: &str = format!("1000\r\n{:4096}\r\n", "haha").leak();
    let flood = |name, head: &'static str, piece: &'static str| {
        let taken = taken.clone();
        Fault {
            name,
            kind: Kind::Wire(Box::new(move || wires::flood(&taken, head, piece))),
            effects: BOTH,
        }
    };
    vec![
        Fault {
            name: "gzip bomb",
            kind: Kind::Wire(Box::new(move || {
                wires::answer("Content-Encoding: gzip\r\n", &bomb)
            })),
            effects: BOTH,
        },
        flood("1 GB in one piece", LONG, " "),
        flood("1 GB in chunks", CHUNKED, chunk),
        flood("1 GB with a 500", ERROR, "no! "),
        flood(
            "headers without end",
            "HTTP/1.1 200 OK\r\n",
            "X-More: more\r\n",
        ),
        flood(
            "one header without end",
            "HTTP/1.1 200 OK\r\nX-Long: ",
            "long",
        ),
    ]
}
