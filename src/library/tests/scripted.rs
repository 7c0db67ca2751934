//! A server on a loopback address that answers each request with the next step of its script, and keeps
//! the very bytes of the requests.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

/// Where nobody listens: a port that was free a moment ago may be another test's by now, and this one is none that a
/// system gives away.
pub(super) const CLOSED: &str = "http://127.0.0.1:1";

/// What the server does with one request.
#[derive(Clone)]
pub(super) enum Step {
    /// Reads it all and answers these bytes, then closes the connection.
    Answer(Vec<u8>),
    /// Reads its head and answers these bytes.
    AnswerHead(Vec<u8>),
    /// Reads its head and closes the connection.
    CloseAtHead,
    /// Reads it all and closes the connection.
    Close,
    /// Reads it all and answers nothing.
    Hang,
}

/// A request as it arrived.
#[derive(Clone, Debug)]
pub(super) struct Request {
    /// All up to the empty line.
    pub(super) head: String,
    /// What was read of the body.
    pub(super) body: Vec<u8>,
    /// Whether as much as the head said came, and that it said how much.
    pub(super) complete: bool,
}

pub(super) struct Server {
    url: Url,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    steps: Mutex<VecDeque<Step>>,
    requests: Mutex<Vec<Request>>,
}

impl Server {
    pub(super) async fn start(steps: impl IntoIterator<Item = Step>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(Shared::default());
        shared.steps.lock().unwrap().extend(steps);
        let server = Self {
            url: url.parse().unwrap(),
            shared: Arc::clone(&shared),
        };
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                tokio::spawn(serve(connection, Arc::clone(&shared)));
            }
        });
        server
    }

    pub(super) fn url(&self) -> Url {
        self.url.clone()
    }

    /// Adds steps that need to know the server's address.
    pub(super) fn then(&self, steps: impl IntoIterator<Item = Step>) {
        self.shared.steps.lock().unwrap().extend(steps);
    }

    /// The requests so far; the script must be over.
    pub(super) fn requests(&self) -> Vec<Request> {
        assert_eq!(self.shared.steps.lock().unwrap().len(), 0, "steps are left");
        self.shared.requests.lock().unwrap().clone()
    }

    /// Waits until a request has been read and the script is over.
    pub(super) async fn settled(&self) {
        while !self.shared.steps.lock().unwrap().is_empty() || self.requests_so_far() == 0 {
            tokio::task::yield_now().await;
        }
    }

    /// How many there were, in the middle of the script.
    pub(super) fn requests_so_far(&self) -> usize {
        self.shared.requests.lock().unwrap().len()
    }

    /// Method and path of the requests so far, one a line.
    pub(super) fn lines(&self) -> String {
        let lines = self.requests().into_iter().map(|request| request.line());
        lines.collect::<Vec<_>>().join("\n")
    }
}

impl Request {
    /// Method and path.
    pub(super) fn line(&self) -> String {
        let mut words = self.head.split(' ');
        format!("{} {}", words.next().unwrap(), words.next().unwrap())
    }

    /// The value of a header, which must be there once.
    pub(super) fn header(&self, name: &str) -> String {
        let values: Vec<_> = self
            .head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .filter(|(found, _)| found.eq_ignore_ascii_case(name))
            .collect();
        assert_eq!(values.len(), 1, "{name} in {}", self.head);
        values[0].1.to_owned()
    }

    /// The body, with the boundary replaced and the lines' ends made visible.
    pub(super) fn form(&self) -> String {
        let kind = self.header("content-type");
        let boundary = kind.strip_prefix("multipart/form-data; boundary=").unwrap();
        String::from_utf8_lossy(&self.body)
            .replace(boundary, "BOUNDARY")
            .replace("\r\n", "\n")
    }
}

async fn serve(mut connection: TcpStream, shared: Arc<Shared>) {
    let Some(mut request) = read_head(&mut connection).await else {
        return;
    };
    let step = shared.steps.lock().unwrap().pop_front();
    let step = step.unwrap_or_else(|| error(400, "ScriptIsOver", "no step is left"));
    if matches!(step, Step::AnswerHead(_) | Step::CloseAtHead) {
        request.complete = false;
    } else {
        read_body(&mut connection, &mut request).await;
    }
    let complete = request.complete;
    shared.requests.lock().unwrap().push(request);
    match step {
        Step::Answer(bytes) if complete => drop(connection.write_all(&bytes).await),
        Step::AnswerHead(bytes) => {
            drop(connection.write_all(&bytes).await);
            // Closing with unread data would reset the connection, and with it the answer.
            let mut rest = Vec::new();
            drop(connection.read_to_end(&mut rest).await);
        }
        Step::Answer(_) | Step::CloseAtHead | Step::Close => {}
        Step::Hang => std::future::pending().await,
    }
}

async fn read_head(connection: &mut TcpStream) -> Option<Request> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(connection.read_u8().await.ok()?);
    }
    Some(Request {
        head: String::from_utf8(head).unwrap(),
        body: Vec::new(),
        complete: true,
    })
}

async fn read_body(connection: &mut TcpStream, request: &mut Request) {
    let chunked = request.head.contains("transfer-encoding");
    assert!(!chunked, "the length is known: {}", request.head);
    let length = request.head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.parse::<u64>().unwrap())
    });
    let length = length.unwrap_or(0);
    let mut body = connection.take(length);
    drop(body.read_to_end(&mut request.body).await);
    request.complete = request.body.len() as u64 == length;
}

/// An answer with any headers, each with its line end.
pub(super) fn raw(status: u16, headers: &str, body: &str) -> Step {
    let length = body.len();
    Step::Answer(
        format!(
            "HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
        )
        .into_bytes(),
    )
}

/// An answer in JSON.
pub(super) fn json(status: u16, body: &str) -> Step {
    raw(status, "Content-Type: application/json\r\n", body)
}

/// An error in the API's shape.
pub(super) fn error(status: u16, code: &str, message: &str) -> Step {
    json(status, &error_body(code, message))
}

/// Such an error's body.
pub(super) fn error_body(code: &str, message: &str) -> String {
    format!(r#"{{"error":{{"code":"{code}","message":"{message}","target":"7f3c"}}}}"#)
}

/// A page with these entities.
pub(super) fn page(entities: &[String]) -> Step {
    let entities = entities.join(",");
    json(
        200,
        &format!(r#"{{"@odata.context":"x","value":[{entities}]}}"#),
    )
}
