//! The client against a server that follows a script.

mod delete;
mod gate;
mod identity;
mod list;
mod scripted;
mod settle;
mod shared;
mod trace;
mod upload;

use std::error::Error as _;
use std::time::Duration;

use jiff::Timestamp;
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::{Client, Error, Identity, Retry, Settings, Timeouts};
use crate::http::Http;
use scripted::Server;

/// Settings under which nothing takes long.
fn settings(endpoint: Url) -> Settings {
    Settings {
        endpoint,
        limits: Vec::new(),
        ledger: None,
        retry: Retry {
            base: Duration::from_millis(1),
            cap: Duration::from_millis(2),
            ..Retry::default()
        },
        identity: Identity::Token(SecretString::from("hush")),
        http: Http::new(Vec::new()).unwrap(),
        timeouts: Timeouts::default(),
        random: fastrand::Rng::with_seed(1),
        now: || Timestamp::UNIX_EPOCH,
    }
}

fn client(server: &Server) -> Client {
    client_of(settings(server.url()))
}

fn client_of(settings: Settings) -> Client {
    Client::new(settings, CancellationToken::new()).unwrap()
}

/// An error as a person reads it: the chain, a line each, and the help. The port is the only thing in it
/// that varies.
fn shown(error: &Error, server: &Server) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}\n{error}");
        cause = error.source();
    }
    if let Some(help) = miette::Diagnostic::help(error) {
        text = format!("{text}\nhelp: {help}");
    }
    let port = server.url().port().unwrap().to_string();
    text.replace(&port, "PORT")
}
