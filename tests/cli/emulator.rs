//! The emulator as a process of its own, and what it says when asked without jumpbag.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::harness::TOKEN;

/// An emulator process; it ends with this value.
pub(crate) struct Emulator {
    child: Child,
    pub(crate) url: String,
    /// The certificate authority that it printed, where it speaks TLS.
    pub(crate) ca: Option<PathBuf>,
}

impl Emulator {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut value_of = |label: &str| {
            let mut line = String::new();
            stdout.read_line(&mut line).unwrap();
            line.trim().strip_prefix(label).unwrap().to_owned()
        };
        let url = value_of("listening on ");
        let ca = url
            .starts_with("https://")
            .then(|| PathBuf::from(value_of("certificate authority: ")));
        Self { child, url, ca }
    }

    /// What the library holds, asked over a bare connection.
    #[track_caller]
    pub(crate) fn list(&self) -> Vec<Value> {
        let body: Value = serde_json::from_str(&self.ask("GET", "/api/libraryfiles")).unwrap();
        body["value"].as_array().unwrap().clone()
    }

    /// Deletes a file behind jumpbag's back.
    #[track_caller]
    pub(crate) fn delete(&self, name: &str) {
        self.ask("DELETE", &format!("/api/libraryfiles/{name}"));
    }

    /// The body of the answer, which has to be a good one.
    #[track_caller]
    fn ask(&self, method: &str, path: &str) -> String {
        let host = self.url.strip_prefix("http://").unwrap();
        let mut connection = TcpStream::connect(host).unwrap();
        write!(
            connection,
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {TOKEN}\r\n\
             Connection: close\r\n\r\n"
        )
        .unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 20"), "{answer}");
        body.to_owned()
    }

    /// The names in it, in order.
    pub(crate) fn names(&self) -> Vec<String> {
        self.digests().into_keys().collect()
    }

    /// The sha256 of each content, by name.
    pub(crate) fn digests(&self) -> BTreeMap<String, String> {
        let text = |file: &Value, key: &str| file.get(key).unwrap().as_str().unwrap().to_owned();
        self.list()
            .iter()
            .map(|file| (text(file, "fileName"), text(file, "sha256")))
            .collect()
    }

    /// Uploads the file at `path` behind jumpbag's back: the call of Microsoft's documentation, word for
    /// word but for the address, the token and the file.
    #[track_caller]
    pub(crate) fn curl(&self, path: &Path) {
        let file = format!("file=@{}", path.display());
        let run = Command::new("curl")
            .args(["-X", "POST"])
            .arg(format!("{}/api/libraryfiles", self.url))
            .args(["-H", &format!("Authorization: Bearer {TOKEN}")])
            .args(["-F", &file, "-F", "ParametersDescription=test"])
            .args(["-F", "HasParameters=true", "-F", "OverrideIfExists=true"])
            .args(["-F", "Description=test description"])
            .args(["--silent", "--show-error", "--fail"])
            .output()
            .expect("these tests need curl");
        assert!(run.status.success(), "{run:?}");
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}
