//! One source of tokens for all libraries that would ask the same.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use super::choose::{Choice, Method};
use super::credential::Credential;
use super::source::Source;
use super::transport::Transport;
use crate::http::Http;
use crate::library::{Identity, Retry};
use crate::model::Auth;

/// Everything that decides which token comes back. Secrets are not part of it: one run has one environment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    auth: Auth,
    tenant_id: Option<String>,
    client_id: Option<String>,
    authority: String,
    scope: String,
    /// Whom the login host's certificate may come from.
    ca_file: Option<String>,
}

/// Where a token is asked for, and for what.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// The login host: `https://HOST`.
    pub(crate) authority: String,
    /// The API's audience and `/.default`.
    pub(crate) scope: String,
    /// The authorities that `http` trusts besides the system's.
    pub(crate) ca_file: Option<String>,
}

/// The sources of one run.
pub(crate) struct Registry {
    time: Duration,
    sources: Mutex<BTreeMap<Key, Arc<Source>>>,
}

impl Registry {
    /// With none yet. A login host has `time` for an answer.
    pub(crate) fn new(time: Duration) -> Self {
        Self {
            time,
            sources: Mutex::default(),
        }
    }

    /// The identity `choice` at `place`: the same source of tokens for whoever asks for the same. Asks nobody.
    pub(crate) fn identity(
        &self,
        choice: Choice,
        place: Place,
        http: Http,
        now: fn() -> Timestamp,
    ) -> Identity {
        let method = choice.method;
        if let Method::Token(token) = method {
            return Identity::Token(token);
        }
        let key = key(&method, &place);
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        let source = sources.entry(key).or_insert_with(|| {
            let retry = Retry::default();
            let transport = Transport::new(http, retry, self.time, fastrand::Rng::new(), now);
            Arc::new(Source::new(Credential::new(method, place, transport, now)))
        });
        Identity::Source(Arc::clone(source) as _)
    }
}

fn key(method: &Method, place: &Place) -> Key {
    let app = method.app().cloned();
    let (mut tenant_id, mut client_id) = app.map(|app| (app.tenant_id, app.client_id)).unzip();
    if let Method::ManagedIdentity { client_id: id } = method {
        client_id.clone_from(id);
    }
    if let Method::AzureCli { tenant_id: id } = method {
        tenant_id.clone_from(id);
    }
    Key {
        auth: method.auth(),
        tenant_id,
        client_id,
        authority: place.authority.clone(),
        scope: place.scope.clone(),
        ca_file: place.ca_file.clone(),
    }
}
