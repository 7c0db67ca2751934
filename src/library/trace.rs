//! What was sent for one change, by the ids under which the service's support can find it.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use reqwest::Method;
use uuid::Uuid;

/// The header that our own id goes out in, as Microsoft's APIs spell it.
pub(super) const CLIENT_REQUEST_ID: &str = "client-request-id";

/// The headers in which Microsoft's services and the gateways before them give a request's id.
pub(super) const IDS: [&str; 5] = [
    "mise-correlation-id",
    "request-id",
    "x-correlation-id",
    "x-ms-correlation-request-id",
    "x-ms-request-id",
];

/// The requests of one change. All of them carry one id of ours, which is known before the first is sent: it
/// is what is left to ask for where no answer came.
#[derive(Debug)]
pub(crate) struct Trace {
    id: Uuid,
    requests: Mutex<Vec<Sent>>,
}

/// One request that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sent {
    /// Its method.
    pub(crate) method: Method,
    /// What it was answered with; `None` where no answer came.
    pub(crate) status: Option<u16>,
    /// The ids in the answer, by the header that they came in; `target` is the one in an error's text.
    pub(crate) ids: BTreeMap<&'static str, String>,
}

impl Trace {
    /// A trace of requests that carry `id`.
    pub(crate) fn new(id: Uuid) -> Self {
        Self {
            id,
            requests: Mutex::default(),
        }
    }

    /// The id that the requests carry.
    pub(crate) fn id(&self) -> Uuid {
        self.id
    }

    /// The requests so far, in the order in which they were sent.
    pub(crate) fn sent(&self) -> Vec<Sent> {
        self.requests().clone()
    }

    /// Takes down that a request is sent now.
    pub(super) fn sending(&self, method: &Method) {
        self.requests().push(Sent {
            method: method.clone(),
            status: None,
            ids: BTreeMap::new(),
        });
    }

    /// Takes down the answer to the last request: those of one change follow each other.
    pub(super) fn answered(&self, status: u16, ids: BTreeMap<&'static str, String>) {
        if let Some(last) = self.requests().last_mut() {
            last.status = Some(status);
            last.ids = ids;
        }
    }

    /// A panic cannot leave the list half-changed.
    fn requests(&self) -> MutexGuard<'_, Vec<Sent>> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
