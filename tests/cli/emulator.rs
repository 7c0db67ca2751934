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
    /// The token that [`Self::list`] and [`Self::delete`] ask with.
    pub(crate) token: String,
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
        let token = TOKEN.to_owned();
        Self {
            child,
            url,
            ca,
            token,
        }
    }

    /// The process's id.
    #[cfg(target_os = "linux")]
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// What the library holds, asked without jumpbag.
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
        let Some(host) = self.url.strip_prefix("http://") else {
            let bearer = format!("Authorization: Bearer {}", self.token);
            return self.ask_over_tls(path, &["-X", method, "-H", &bearer]);
        };
        let mut connection = TcpStream::connect(host).unwrap();
        write!(
            connection,
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {}\r\n\
             Connection: close\r\n\r\n",
            self.token
        )
        .unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 20"), "{answer}");
        body.to_owned()
    }

    /// The same over TLS, with curl's arguments.
    #[track_caller]
    fn ask_over_tls(&self, path: &str, args: &[&str]) -> String {
        let run = Command::new("curl")
            .arg(format!("{}{path}", self.url))
            .args(["--silent", "--show-error", "--fail-with-body", "--cacert"])
            .arg(self.ca.as_ref().unwrap())
            .args(args)
            .output()
            .expect("these tests need curl");
        let body = String::from_utf8(run.stdout).unwrap();
        let error = String::from_utf8_lossy(&run.stderr);
        assert!(run.status.success(), "{error}{body}");
        body
    }

    /// Takes a token from the login host, for the test's own questions.
    #[track_caller]
    pub(crate) fn log_in(&mut self, tenant_id: &str, client_id: &str, secret: &str) {
        let path = format!("/{tenant_id}/oauth2/v2.0/token");
        let scope = "scope=https://api.securitycenter.microsoft.com/.default";
        let client = format!("client_id={client_id}");
        let secret = format!("client_secret={secret}");
        let mut args = vec!["-d", "grant_type=client_credentials", "-d", scope];
        args.extend(["--data-urlencode", &client, "--data-urlencode", &secret]);
        let answer: Value = serde_json::from_str(&self.ask_over_tls(&path, &args)).unwrap();
        answer["access_token"]
            .as_str()
            .unwrap()
            .clone_into(&mut self.token);
    }

    /// A token of the emulator's own issuer, as a job in GitHub Actions gets it.
    #[track_caller]
    pub(crate) fn federated_token(&self, request_token: &str, audience: &str) -> String {
        let path = format!("/github/oidc?api-version=2.0&audience={audience}");
        let bearer = format!("Authorization: Bearer {request_token}");
        let answer: Value =
            serde_json::from_str(&self.ask_over_tls(&path, &["-H", &bearer])).unwrap();
        answer["value"].as_str().unwrap().to_owned()
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
