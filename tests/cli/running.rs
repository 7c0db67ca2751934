//! A process that is looked on while it runs.

use std::io::{BufRead as _, BufReader, Read};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How long a test waits for what must come: far more than it takes, on any machine.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// Asks again and again whether something that another process does has come about.
#[track_caller]
pub(crate) fn wait_until(what: &str, has_come: impl Fn() -> bool) {
    let started = Instant::now();
    while !has_come() {
        assert!(started.elapsed() < PATIENCE, "it never came that {what}");
        thread::yield_now();
    }
}

/// A started process; it is killed with this value.
pub(crate) struct Running {
    child: Child,
    stderr: Receiver<String>,
    seen: String,
    stdout: Option<JoinHandle<Vec<u8>>>,
}

impl Running {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = read_all(child.stdout.take().unwrap());
        let stderr = read_lines(child.stderr.take().unwrap());
        Self {
            child,
            stderr,
            seen: String::new(),
            stdout: Some(stdout),
        }
    }

    /// Waits for a line on standard error that has `words` in it.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, words: &str) {
        let came = self.saw(words);
        assert!(came, "`{words}` never came after:\n{}", self.seen);
    }

    /// Whether another line with `words` in it comes before the process ends.
    pub(crate) fn saw(&mut self, words: &str) -> bool {
        while let Ok(line) = self.stderr.recv_timeout(PATIENCE) {
            self.seen.push_str(&line);
            if line.contains(words) {
                return true;
            }
        }
        false
    }

    /// The process's id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal such as `INT`, as a terminal or a service manager does.
    #[cfg(unix)]
    pub(crate) fn signal(&self, name: &str) {
        let process = self.child.id().to_string();
        let killed = Command::new("kill").args(["-s", name, &process]).status();
        assert!(killed.unwrap().success());
    }

    /// Waits for its end.
    #[track_caller]
    pub(crate) fn end(mut self) -> Output {
        let started = Instant::now();
        while let Ok(line) = self.stderr.recv_timeout(PATIENCE) {
            self.seen.push_str(&line);
            let elapsed = started.elapsed();
            assert!(elapsed < PATIENCE, "it goes on after:\n{}", self.seen);
        }
        let stdout = self.stdout.take().unwrap().join().unwrap();
        Output {
            status: self.child.wait().unwrap(),
            stdout,
            stderr: std::mem::take(&mut self.seen).into_bytes(),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn read_all(mut from: impl Read + Send + 'static) -> JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        from.read_to_end(&mut bytes).unwrap();
        bytes
    })
}

fn read_lines(from: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let mut from = BufReader::new(from);
        let mut line = String::new();
        while from.read_line(&mut line).unwrap() > 0 {
            if sender.send(std::mem::take(&mut line)).is_err() {
                break;
            }
        }
    });
    receiver
}
