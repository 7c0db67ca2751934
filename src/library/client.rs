//! The client, and the calls that are simply repeated until they are answered: list and delete.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use reqwest::{Method, StatusCode};
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use url::Url;
use uuid::Uuid;

use super::answer::short;
use super::endpoint;
use super::error::Error;
use super::gate::Gate;
use super::identity::{Identity, claimed_client_id};
use super::ledger::Ledger;
use super::retry::Retry;
use super::send::{Call, MOST_OF_AN_ANSWER, Tries, Trouble};
use super::trace::Trace;
use super::wire::{self, Entity, Page};
use crate::http::Http;
use crate::model::{Limit, Name, ObservedFile};

/// The most that is read of one page of a list.
const MOST_OF_A_PAGE: usize = 64 * 1024 * 1024;

/// What a client is made from.
pub(crate) struct Settings {
    /// Where the API is: https, or http to a loopback address.
    pub(crate) endpoint: Url,
    /// The windows that all requests of this library stay under.
    pub(crate) limits: Vec<Limit>,
    /// Where other runs are told what this one spends of them; `None` where there are none to tell.
    pub(crate) ledger: Option<Arc<dyn Ledger>>,
    /// How failures are tried again.
    pub(crate) retry: Retry,
    /// Who we are.
    pub(crate) identity: Identity,
    /// How connections are made.
    pub(crate) http: Http,
    /// How long answers may take.
    pub(crate) timeouts: Timeouts,
    /// Where jitter comes from.
    pub(crate) random: fastrand::Rng,
    /// The wall clock, for dates in answers that do not give their own.
    pub(crate) now: fn() -> Timestamp,
}

/// How long the network may take.
#[derive(Clone, Debug)]
pub(crate) struct Timeouts {
    /// For an answer, the time for a content not counted.
    pub(crate) answer: Duration,
    /// The slowest upload that is waited for, in bytes a second.
    pub(crate) upload_rate: u64,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            answer: Duration::from_mins(1),
            upload_rate: 32 * 1024,
        }
    }
}

/// How a delete ended: the file is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deleted {
    /// By this call.
    Deleted,
    /// It was not there; an earlier try of the same call, or somebody else, may have deleted it.
    AlreadyGone,
}

/// One library's API. Shared by reference or in an `Arc`; all its requests pass one gate.
pub(crate) struct Client {
    pub(super) http: reqwest::Client,
    collection: Url,
    pub(super) gate: Gate,
    pub(super) identity: Identity,
    pub(super) retry: Retry,
    pub(super) timeouts: Timeouts,
    random: Mutex<fastrand::Rng>,
    pub(super) now: fn() -> Timestamp,
    /// The shortest window, for a 429 that names no time.
    pub(super) window: Duration,
}

impl Client {
    /// A client that starts no request after `stop` is cancelled. A request that is under way then goes on.
    pub(crate) fn new(settings: Settings, stop: CancellationToken) -> Result<Self, Error> {
        let collection = endpoint::collection(&settings.endpoint)?;
        let http = settings.http.to(&collection).cloned();
        let http = http.ok_or_else(|| endpoint::insecure(&collection))?;
        let shortest = settings.limits.iter().map(|limit| limit.per).min();
        Ok(Self {
            http,
            collection,
            gate: Gate::new(settings.limits, settings.ledger, stop),
            identity: settings.identity,
            retry: settings.retry,
            timeouts: settings.timeouts,
            random: Mutex::new(settings.random),
            now: settings.now,
            window: shortest.unwrap_or(Duration::from_mins(1)),
        })
    }

    /// All files of the library.
    pub(crate) async fn list(&self) -> Result<BTreeMap<Name, ObservedFile>, Error> {
        self.list_for(None).await
    }

    /// The same, with its requests taken down in `trace`.
    pub(super) async fn list_for(
        &self,
        trace: Option<&Trace>,
    ) -> Result<BTreeMap<Name, ObservedFile>, Error> {
        let mut files = BTreeMap::new();
        let mut seen = BTreeSet::new();
        let mut url = self.collection.clone();
        loop {
            let page = self.page(url.clone(), trace).await?;
            seen.insert(url.clone());
            for entity in page.value {
                let (name, file) = observed(entity)?;
                if files.insert(name.clone(), file).is_some() {
                    return Err(Error::Entry {
                        file: format!("`{name}`"),
                        problem: "it lists that name twice".to_owned(),
                    });
                }
            }
            // OData ends a list by leaving the link out; null and "" are taken the same way.
            let Some(link) = page.next_link.filter(|link| !link.is_empty()) else {
                return Ok(files);
            };
            url = endpoint::next(&url, &link, &seen)?;
        }
    }

    /// Deletes `name`; `Ok` when the file is gone, whoever deleted it. What is sent is taken down in `trace`.
    pub(crate) async fn delete(
        &self,
        name: &Name,
        trace: Option<&Trace>,
    ) -> Result<Deleted, Error> {
        let call = Call {
            what: format!("delete `{name}`"),
            method: Method::DELETE,
            url: endpoint::file(&self.collection, name)?,
            fields: None,
            most: MOST_OF_AN_ANSWER,
            time: self.timeouts.answer,
            trace,
        };
        let mut tries = Tries::default();
        let mut unclear = false;
        loop {
            let trouble = match self.delete_once(&call, name).await {
                Ok(deleted) => return Ok(deleted),
                Err(trouble) => trouble,
            };
            unclear |= matches!(trouble, Trouble::Unclear(_));
            if let Err(error) = tries.again(self, &call, trouble).await {
                return Err(if unclear {
                    tries.unclear_end(error, format!("`{name}` was deleted"))
                } else {
                    error
                });
            }
        }
    }

    /// The client id that the token for the next request claims, which only the API can verify; `None` where
    /// there is no token, or it does not say.
    pub(crate) async fn client_id(&self) -> Option<Uuid> {
        claimed_client_id(&self.identity.bearer().await.ok()?)
    }

    /// Until when the next request waits for the limits or a pause; `None` while none does. Copy the value
    /// out at once: a borrow that is kept holds up every request.
    pub(crate) fn waiting(&self) -> watch::Receiver<Option<Instant>> {
        self.gate.waiting()
    }

    async fn page(&self, url: Url, trace: Option<&Trace>) -> Result<Page, Error> {
        let call = Call {
            what: "list the library".to_owned(),
            method: Method::GET,
            url,
            fields: None,
            most: MOST_OF_A_PAGE,
            time: self.timeouts.answer,
            trace,
        };
        let mut tries = Tries::default();
        loop {
            let page = self.send(&call, Ok).await.and_then(|reply| {
                wire::parse(&reply.body).map_err(|problem| call.not_the_shape(&reply, &problem))
            });
            match page {
                Ok(page) => return Ok(page),
                Err(trouble) => tries.again(self, &call, trouble).await?,
            }
        }
    }

    async fn delete_once(&self, call: &Call<'_>, name: &Name) -> Result<Deleted, Trouble> {
        let reply = match self.send(call, Ok).await {
            Ok(reply) if reply.status == StatusCode::NO_CONTENT => return Ok(Deleted::Deleted),
            // Any other success is not documented: a gateway's page, perhaps. So look.
            Ok(reply) => reply,
            Err(Trouble::Final(error)) => {
                let is_not_found = error.rejected().is_some_and(|answer| answer.status == 404);
                // Whatever it was that is not found there, only the list says that the file is gone.
                return if is_not_found && !self.holds(call, name).await? {
                    Ok(Deleted::AlreadyGone)
                } else {
                    Err(Trouble::Final(error))
                };
            }
            Err(trouble) => return Err(trouble),
        };
        if self.holds(call, name).await? {
            Err(call.not_the_shape(&reply, &"the file is still there"))
        } else {
            Ok(Deleted::Deleted)
        }
    }

    async fn holds(&self, call: &Call<'_>, name: &Name) -> Result<bool, Trouble> {
        let files = self.list_for(call.trace).await.map_err(Trouble::Final)?;
        Ok(files.contains_key(name))
    }

    /// The collection's URL, to which files are posted.
    pub(super) fn collection(&self) -> Url {
        self.collection.clone()
    }

    /// The endpoint's host, for people.
    pub(super) fn host(&self) -> String {
        self.collection.authority().to_owned()
    }

    /// How long to wait after the `failures`th failure of a call.
    pub(super) fn backoff(&self, failures: u32) -> Duration {
        let mut random = self.random.lock().unwrap_or_else(PoisonError::into_inner);
        self.retry.backoff(failures, &mut random)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("collection", &self.collection.as_str())
            .field("identity", &self.identity)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("endpoint", &self.endpoint.as_str())
            .field("identity", &self.identity)
            .finish_non_exhaustive()
    }
}

pub(super) fn observed(entity: Entity) -> Result<(Name, ObservedFile), Error> {
    let Some(name) = entity.file_name.clone().filter(|name| !name.is_empty()) else {
        return Err(Error::Entry {
            file: "a file without a name".to_owned(),
            problem: "it cannot be told from others".to_owned(),
        });
    };
    let problem = match entity.sha256.as_deref().map(str::parse) {
        Some(Ok(sha256)) => return Ok((Name::existing(name), entity.into_observed(sha256))),
        Some(Err(_)) => format!(
            "its sha256 is `{}`, which is none",
            short(&entity.sha256.unwrap_or_default())
        ),
        None => "it has no sha256, so that its content is not known".to_owned(),
    };
    Err(Error::Entry {
        file: format!("`{}`", short(&name)),
        problem,
    })
}
