//! A proxy before a server that keeps objects: it counts the requests, and does with each what a script says.

use std::collections::BTreeSet;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use crate::running::wait_until;

/// A request, by the order in which it came, from 0.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) number: usize,
    pub(super) method: String,
    /// Without percent-encoding: of Google's, each object's name is one segment.
    pub(super) target: String,
}

/// What is done with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    Serve,
    /// This status in place of an answer, and nothing is done.
    Refuse(u16),
    /// The same with the request itself in the answer, as proxies do.
    Echo(u16),
    /// The connection is closed, and nothing is done.
    CloseBefore,
    /// It is done, and the connection is closed.
    CloseAfter,
    /// It is done, and the answer breaks off.
    Cut,
    /// Nothing is done, and nothing answered, until the client gives up.
    SilentBefore,
    /// It is done, and nothing answered, until the client gives up.
    SilentAfter,
    /// It is done, and the answer says that it is a day long ago.
    OtherDay,
}

impl Act {
    /// In words.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Serve => "served",
            Self::Refuse(_) => "refused",
            Self::Echo(_) => "refused with an echo",
            Self::CloseBefore => "closed before it is done",
            Self::CloseAfter => "closed after it is done",
            Self::Cut => "cut",
            Self::SilentBefore => "no answer, not done",
            Self::SilentAfter => "no answer, done",
            Self::OtherDay => "served with another day",
        }
    }
}

type Script = Box<dyn FnMut(&Asked) -> Act + Send>;

/// The proxy; it ends with the test.
pub(super) struct Proxy {
    address: SocketAddr,
    shared: Arc<Mutex<Shared>>,
}

struct Shared {
    script: Script,
    asked: Vec<Asked>,
    /// The numbers of those that were forwarded and answered.
    served: BTreeSet<usize>,
}

impl Proxy {
    /// Before the server at `upstream`, such as `127.0.0.1:10000`.
    pub(super) fn start(upstream: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Mutex::new(Shared {
            script: Box::new(|_| Act::Serve),
            asked: Vec::new(),
            served: BTreeSet::new(),
        }));
        let (served, upstream) = (Arc::clone(&shared), upstream.to_owned());
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (shared, upstream) = (Arc::clone(&served), upstream.clone());
                // A client that goes away ends its connection, and nothing else.
                thread::spawn(move || serve(&shared, &upstream, &stream?));
            }
        });
        Self { address, shared }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Counts from 0 again, and asks `script` about every request from now on. Returns what was asked before.
    pub(super) fn script(&self, script: impl FnMut(&Asked) -> Act + Send + 'static) -> Vec<Asked> {
        let mut shared = lock(&self.shared);
        shared.script = Box::new(script);
        shared.served.clear();
        std::mem::take(&mut shared.asked)
    }

    /// Waits until the server has done what request `number` asks.
    pub(super) fn wait_until_served(&self, number: usize) {
        wait_until("a request is served", || {
            lock(&self.shared).served.contains(&number)
        });
    }

    /// Serves everything from now on.
    pub(super) fn serve(&self) -> Vec<Asked> {
        self.script(|_| Act::Serve)
    }
}

/// A script that panics fails its test by what is missing afterwards.
fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Answers one request, the only one of its connection.
fn serve(shared: &Mutex<Shared>, upstream: &str, stream: &TcpStream) -> io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let Some((head, body)) = read(&mut reader)? else {
        return Ok(());
    };
    let mut words = head.split(' ');
    let mut word = || words.next().unwrap_or_default().to_owned();
    let (number, act) = {
        let mut shared = lock(shared);
        let asked = Asked {
            number: shared.asked.len(),
            method: word(),
            target: word().replace("%2F", "/").replace("%2E", "."),
        };
        let act = (shared.script)(&asked);
        shared.asked.push(asked);
        (shared.asked.len() - 1, act)
    };
    let answer = match act {
        Act::CloseBefore => return stream.shutdown(Shutdown::Both),
        Act::SilentBefore => return wait_for_end(reader),
        Act::Refuse(status) => {
            format!("HTTP/1.1 {status} Whatever\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                .into_bytes()
        }
        Act::Echo(status) => {
            let page = format!("<html><pre>{head}</pre></html>");
            let length = page.len();
            format!("HTTP/1.1 {status} Whatever\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{page}")
                .into_bytes()
        }
        Act::Serve | Act::CloseAfter | Act::Cut | Act::SilentAfter | Act::OtherDay => {
            let answer = forward(upstream, &head, &body)?;
            lock(shared).served.insert(number);
            answer
        }
    };
    let answer = match act {
        Act::CloseAfter => return stream.shutdown(Shutdown::Both),
        Act::SilentAfter => return wait_for_end(reader),
        Act::Cut => answer.get(..answer.len() / 2).unwrap_or_default().to_vec(),
        Act::OtherDay => another_day(&answer),
        Act::Serve | Act::CloseBefore | Act::SilentBefore | Act::Refuse(_) | Act::Echo(_) => answer,
    };
    (&*stream).write_all(&answer)?;
    stream.shutdown(Shutdown::Both)
}

/// The head, with its empty line, and the body.
fn read(reader: &mut BufReader<TcpStream>) -> io::Result<Option<(String, Vec<u8>)>> {
    let mut head = String::new();
    let mut length = 0;
    while !head.ends_with("\r\n\r\n") {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().unwrap();
        }
        head.push_str(&line);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(Some((head, body)))
}

/// What `upstream` answers to the request.
fn forward(upstream: &str, head: &str, body: &[u8]) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(upstream)?;
    // The end of the connection is the end of the answer. This header is in no signature.
    let head = head.replacen("\r\n", "\r\nConnection: close\r\n", 1);
    stream.write_all(&[head.as_bytes(), body].concat())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(answer)
}

/// Waits until the client closes the connection, or is no more.
fn wait_for_end(mut reader: BufReader<TcpStream>) -> io::Result<()> {
    io::copy(&mut reader, &mut io::sink())?;
    Ok(())
}

/// `answer` with its dates, and those in a list, put back by 28 years, after which the days of the week are the same.
fn another_day(answer: &[u8]) -> Vec<u8> {
    let end = answer.windows(4).position(|it| it == b"\r\n\r\n");
    let (head, body) = answer.split_at(end.unwrap_or(answer.len()));
    let body = if body.windows(5).any(|it| it == b"<?xml") {
        back(body)
    } else {
        body.to_vec()
    };
    [back(head), body].concat()
}

fn back(text: &[u8]) -> Vec<u8> {
    let this_year = jiff::Timestamp::now().strftime("%Y").to_string();
    let then = (this_year.parse::<u32>().unwrap() - 28).to_string();
    let mut text = String::from_utf8(text.to_vec()).unwrap();
    for shape in [" {} ", ">{}-"] {
        let [old, new] = [&this_year, &then].map(|year| shape.replace("{}", year));
        text = text.replace(&old, &new);
    }
    text.into_bytes()
}
