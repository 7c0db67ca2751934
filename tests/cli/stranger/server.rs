//! A server in the test's own process that does what a script says, and remembers what it was asked.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, BufReader};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use jiff::Timestamp;

use super::http::{Raw, Response};
use super::model::{self, Entry, Form, Quirks};

/// What is done with one request.
pub(crate) enum Act {
    /// What the API does.
    Serve,
    /// This answer in the place of that.
    Answer(Response),
    /// The connection is closed, and nothing is done.
    CloseBefore,
    /// It is done, and the connection is closed.
    CloseAfter,
    /// It is done, and the answer breaks off.
    Cut,
    /// It is done, and something else is answered.
    ServeBut(Response),
    /// It is done, and nobody listens any more.
    ServeAndLeave,
    /// It is done, or not, and the wire decides what is made of the answer.
    Wire(Done, Wire),
}

/// Whether a call has its effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Done {
    Not,
    Done,
}

/// Sends what it likes in the place of an answer; the connection ends after it.
pub(crate) type Wire = Box<dyn FnOnce(&TcpStream, &Response) -> io::Result<()> + Send>;

/// A call of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    List,
    Upload,
    Delete,
    /// Of the login host of a managed identity, which this server is, too.
    Token,
    Other,
}

/// A request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) call: Call,
    /// The file; of a list, where the page begins.
    pub(crate) name: String,
    pub(crate) form: Form,
    authorization: Option<String>,
    /// When it was read to its end.
    pub(crate) at: Timestamp,
}

type Script = Box<dyn FnMut(&Request, &mut Files) -> Act + Send>;
type Files = BTreeMap<String, Entry>;

/// The server; it ends with the test.
pub(crate) struct Server {
    address: SocketAddr,
    shared: Arc<Mutex<Shared>>,
}

struct Shared {
    files: Files,
    quirks: Quirks,
    script: Script,
    requests: Vec<Request>,
    base: String,
    /// Takes the connections, where somebody listens.
    listening: Option<JoinHandle<()>>,
    is_leaving: bool,
}

/// A listener on a port that no system gives away by itself: another test, which asks for any free one, cannot take it while
/// nobody listens. Another process of these tests begins far away.
fn apart() -> TcpListener {
    const PORTS: u32 = 20_000;
    static TAKEN: AtomicU32 = AtomicU32::new(0);
    let listener = || {
        let next = process::id()
            .wrapping_mul(7_919)
            .wrapping_add(TAKEN.fetch_add(1, Ordering::Relaxed))
            % PORTS;
        TcpListener::bind((Ipv4Addr::LOCALHOST, 10_000 + u16::try_from(next).unwrap())).ok()
    };
    let found = (0..PORTS).find_map(|_| listener());
    found.expect("all ports are in use")
}

impl Server {
    /// A library that is empty, and serves as the documents say.
    pub(crate) fn start() -> Self {
        Self::with(Quirks::default())
    }

    /// The same, with quirks.
    pub(crate) fn with(quirks: Quirks) -> Self {
        let listener = apart();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Mutex::new(Shared {
            files: Files::new(),
            quirks,
            script: Box::new(|_, _| Act::Serve),
            requests: Vec::new(),
            base: format!("http://{address}"),
            listening: None,
            is_leaving: false,
        }));
        let server = Self { address, shared };
        server.listen(listener);
        server
    }

    fn listen(&self, listener: TcpListener) {
        let served = Arc::clone(&self.shared);
        let listening = thread::spawn(move || {
            for stream in listener.incoming() {
                let (shared, stream) = (Arc::clone(&served), stream.unwrap());
                if lock(&shared).is_leaving {
                    return;
                }
                // A client that goes away ends its connection, and nothing else.
                thread::spawn(move || serve(&shared, &stream).ok());
            }
        });
        self.shared().listening = Some(listening);
    }

    /// Refuses connections from now on.
    pub(crate) fn leave(&self) {
        leave(&self.shared, self.address);
    }

    /// Listens again, where it does not.
    pub(crate) fn come_back(&self) {
        if self.shared().listening.is_none() {
            self.listen(TcpListener::bind(self.address).unwrap());
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Asks `script` about every request from now on; it may change the files before.
    pub(crate) fn script(&self, script: impl FnMut(&Request, &mut Files) -> Act + Send + 'static) {
        self.shared().script = Box::new(script);
    }

    /// Does `act` with the first request that is a `call`, and serves the others.
    pub(crate) fn once(&self, call: Call, act: Act) {
        let mut act = Some(act);
        self.script(move |request, _| {
            if request.call == call {
                act.take().unwrap_or(Act::Serve)
            } else {
                Act::Serve
            }
        });
    }

    /// Answers every `call` with `response` from now on, and serves the others.
    pub(crate) fn refuse(&self, call: Call, response: Response) {
        self.script(move |request, _| {
            if request.call == call {
                Act::Answer(response.clone())
            } else {
                Act::Serve
            }
        });
    }

    /// Serves everything from now on.
    pub(crate) fn serve(&self) {
        self.script(|_, _| Act::Serve);
    }

    /// The files that it has, which a test may change.
    pub(crate) fn change(&self, change: impl FnOnce(&mut Files)) {
        change(&mut self.shared().files);
    }

    pub(crate) fn files(&self) -> Files {
        self.shared().files.clone()
    }

    /// Takes the requests that have arrived. Every one has to have had the token.
    #[track_caller]
    pub(crate) fn take(&self) -> Vec<Request> {
        let requests = std::mem::take(&mut self.shared().requests);
        for request in requests.iter().filter(|it| it.call != Call::Token) {
            let authorization = request.authorization.as_deref();
            assert_eq!(authorization, Some("Bearer a-secret-token"), "{request}");
        }
        requests
    }

    /// The same, as texts.
    #[track_caller]
    pub(crate) fn arrived(&self) -> Vec<String> {
        self.take().iter().map(ToString::to_string).collect()
    }

    /// Requires that nobody asked it anything, with a token or without.
    #[track_caller]
    pub(crate) fn assert_untouched(&self) {
        let shared = self.shared();
        assert!(shared.requests.is_empty(), "{:?}", shared.requests);
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        lock(&self.shared)
    }
}

impl Request {
    fn new(raw: &Raw) -> Self {
        let path = raw.target.strip_prefix("/api/libraryfiles");
        let (call, name) = match (raw.method.as_str(), path) {
            ("GET", Some(query)) => (Call::List, query.replace("?$skip=", "")),
            ("POST", Some("")) => (Call::Upload, String::new()),
            ("DELETE", Some(name)) => (Call::Delete, name.trim_start_matches('/').to_owned()),
            ("GET", None) if raw.target.starts_with("/msi/token?") => (Call::Token, String::new()),
            _ => (Call::Other, format!("{} {}", raw.method, raw.target)),
        };
        let form = match call {
            Call::Upload => Form::new(raw.form()),
            Call::List | Call::Delete | Call::Token | Call::Other => Form::default(),
        };
        Self {
            call,
            name: if call == Call::Upload {
                form.name.clone()
            } else {
                name
            },
            form,
            authorization: raw.header("authorization").map(str::to_owned),
            at: Timestamp::now(),
        }
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.call {
            Call::List if self.name.is_empty() => f.write_str("list"),
            Call::List => write!(f, "list from {}", self.name),
            Call::Upload => write!(
                f,
                "upload {} OverrideIfExists={} HasParameters={}",
                self.name,
                self.form.field("OverrideIfExists"),
                self.form.field("HasParameters")
            ),
            Call::Delete => write!(f, "delete {}", self.name),
            Call::Token => f.write_str("token"),
            Call::Other => f.write_str(&self.name),
        }
    }
}

/// Closes the listener: connections are refused when this returns.
fn leave(shared: &Mutex<Shared>, address: SocketAddr) {
    let listening = {
        let mut shared = lock(shared);
        shared.is_leaving = true;
        shared.listening.take()
    };
    if let Some(listening) = listening {
        // It looks after each connection.
        TcpStream::connect(address).unwrap();
        listening.join().unwrap();
    }
    lock(shared).is_leaving = false;
}

/// Answers the requests of one connection, until either side closes it.
fn serve(shared: &Mutex<Shared>, stream: &TcpStream) -> io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut writer = stream.try_clone()?;
    while let Some(raw) = Raw::read(&mut reader)? {
        let answer = lock(shared).answer(Request::new(&raw));
        match answer {
            Reply::Whole(response) => response.write(&mut writer, false)?,
            Reply::Cut(response) => {
                response.write(&mut writer, true)?;
                return stream.shutdown(Shutdown::Both);
            }
            Reply::None => return stream.shutdown(Shutdown::Both),
            Reply::Last(response) => {
                leave(shared, stream.local_addr()?);
                response.write(&mut writer, false)?;
                return stream.shutdown(Shutdown::Both);
            }
            Reply::Wire(response, wire) => return wire(stream, &response),
        }
    }
    Ok(())
}

/// What is sent back.
enum Reply {
    Whole(Response),
    Cut(Response),
    None,
    /// Nobody listens when it arrives.
    Last(Response),
    Wire(Response, Wire),
}

impl Shared {
    fn answer(&mut self, request: Request) -> Reply {
        let act = (self.script)(&request, &mut self.files);
        let answer = match act {
            Act::Serve => Reply::Whole(self.carry_out(&request)),
            Act::Answer(response) => Reply::Whole(response),
            Act::CloseBefore => Reply::None,
            Act::CloseAfter => {
                self.carry_out(&request);
                Reply::None
            }
            Act::Cut => Reply::Cut(self.carry_out(&request)),
            Act::ServeBut(response) => {
                self.carry_out(&request);
                Reply::Whole(response)
            }
            Act::ServeAndLeave => Reply::Last(self.carry_out(&request)),
            Act::Wire(done, wire) => {
                let before = (done == Done::Not).then(|| self.files.clone());
                let response = self.carry_out(&request);
                self.files = before.unwrap_or_else(|| std::mem::take(&mut self.files));
                Reply::Wire(response, wire)
            }
        };
        self.requests.push(request);
        answer
    }

    fn carry_out(&mut self, request: &Request) -> Response {
        if request.call == Call::Token {
            let token = serde_json::json!({
                "access_token": "a-secret-token",
                "expires_on": (Timestamp::now().as_second() + 3600).to_string(),
                "resource": "api",
                "token_type": "Bearer",
            });
            return Response::json(200, &token);
        }
        if request.authorization.is_none() {
            return Response::error(401, "Unauthorized", "no token");
        }
        match request.call {
            Call::List => {
                let skip = request.name.parse().unwrap_or(0);
                model::list(&self.files, &self.quirks, skip, &self.base)
            }
            Call::Upload => request.form.store(&mut self.files, &self.quirks),
            Call::Delete if self.files.remove(&request.name).is_some() => Response {
                status: 204,
                headers: Vec::new(),
                body: String::new(),
            },
            Call::Delete => Response::error(404, "ResourceNotFound", "no such file"),
            Call::Token | Call::Other => Response::error(404, "NotFound", "no such path"),
        }
    }
}

/// A script that panics fails its test by what is missing afterwards.
fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
