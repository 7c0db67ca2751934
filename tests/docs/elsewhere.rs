//! What pages need that is not on this machine: a tenant, GitHub, and a repository there.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256};
use serde_json::json;

pub(crate) const TENANT: &str = "11111111-2222-3333-4444-555555555555";
const APP: &str = "66666666-7777-8888-9999-000000000000";

/// A tenant of the emulator with one application, whose certificate is at hand.
pub(crate) struct Elsewhere {
    emulator: Child,
    url: String,
    folder: PathBuf,
}

impl Elsewhere {
    /// Keeps what it needs in `folder`.
    pub(crate) fn new(folder: &Path) -> Self {
        let key = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
        let certificate = CertificateParams::default().self_signed(&key).unwrap();
        let pem = certificate.pem();
        fs::write(folder.join("certificate.pem"), &pem).unwrap();
        fs::write(folder.join("both.pem"), pem + &key.serialize_pem()).unwrap();
        let app = json!({ "certificates": ["certificate.pem"], "roles": ["Library.Manage"] });
        let directory = json!({ "tenants": { TENANT: { "apps": { APP: app } } } });
        fs::write(folder.join("entra.json"), directory.to_string()).unwrap();
        let emulator = Command::new(env!("CARGO_BIN_EXE_jumpbag"))
            .args([
                "emulator",
                "--data",
                "library",
                "--entra",
                "entra.json",
                "--tls",
            ])
            .current_dir(folder)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut elsewhere = Self {
            emulator,
            url: String::new(),
            folder: folder.to_owned(),
        };
        let mut line = String::new();
        let stdout = elsewhere.emulator.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("listening on ").unwrap();
        url.clone_into(&mut elsewhere.url);
        elsewhere
    }

    /// Has the blocks that `command` runs find it.
    pub(crate) fn set(&self, command: &mut Command) {
        command
            .env("LIBRARY", &self.url)
            .env("SSL_CERT_FILE", self.folder.join("library/ca.pem"))
            .env("APP", APP)
            .env("CERTIFICATE", self.folder.join("both.pem"))
            .env("CALLS", self.folder.join("calls"));
    }

    /// What Azure and GitHub were told, a call a line.
    pub(crate) fn calls(&self) -> String {
        let calls = fs::read_to_string(self.folder.join("calls"));
        calls.unwrap_or_default().replace(" \n", "\n")
    }
}

impl Drop for Elsewhere {
    fn drop(&mut self) {
        // It may have ended by itself.
        self.emulator.kill().ok();
        self.emulator.wait().ok();
    }
}
