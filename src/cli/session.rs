//! One run's work on one library: its settings, its state, and, where needed, its API.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use secrecy::ExposeSecret as _;
use secrecy::zeroize::Zeroizing;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::access::Access;
use super::args::Towards;
use super::error::Error;
use super::exit::Failure;
use super::output::Output;
use super::{Context, env, file, select};
use crate::gather::{self, Known};
use crate::library::{self, Client, Identity, Retry};
use crate::manifest::{self, Endpoint, Library, Manifest};
use crate::model::{DesiredFile, Inputs, LibraryId, Name, ObservedFile, Policy, Selection};
use crate::state::{self, Budget, Document, Keys, Locked, Owner, Place, Store};

/// The largest file of identities that is read, in bytes.
const MOST_KEYS: u64 = 1 << 20;

/// One library of the manifest.
#[derive(Clone)]
pub(super) struct Session {
    pub(super) library: Library,
    pub(super) id: LibraryId,
    pub(super) store: Store,
    pub(super) desired: Arc<BTreeMap<Name, DesiredFile>>,
    folder: Utf8PathBuf,
    recipients: Vec<String>,
    endpoint: Endpoint,
    access: Arc<Access>,
    /// What other runs spend of the limits; `None` where there are no limits to share. It has one account for
    /// the one connection that a session makes.
    budget: Option<Arc<Budget>>,
    output: Output,
}

/// A library's API, and the emulator that it is served by, if any.
pub(super) struct Connection {
    pub(super) client: Arc<Client>,
    _emulator: Option<jumpbag_emulator::Emulator>,
}

/// Reads the manifest without looking at its sources: for commands that are only about the state.
pub(super) fn stores(context: &Context) -> Result<Vec<Session>, Failure> {
    let path = &context.global.manifest;
    let manifest = manifest::parse(path, &manifest::read(path)?)?;
    let selected = select::libraries(context, &manifest)?;
    let shared = Shared::new(&manifest)?;
    selected
        .into_iter()
        .map(|library| Session::new(context, &manifest, library, BTreeMap::new(), &shared))
        .collect()
}

/// What the libraries of one run share.
pub(super) struct Shared {
    access: Arc<Access>,
    place: Place,
}

impl Shared {
    /// Asks nobody yet; an error where the settings of the state make no sense.
    pub(super) fn new(manifest: &Manifest) -> Result<Self, Failure> {
        let place = place(manifest)?;
        let access = Arc::new(Access::new()?);
        Ok(Self { access, place })
    }
}

/// Where the states are kept. Asks nobody yet; an error where the settings make no sense.
pub(super) fn place(manifest: &Manifest) -> Result<Place, Failure> {
    let place = match &manifest.state.url {
        None => Place::folder(manifest.folder().join(&manifest.state.path)),
        Some(url) => Place::remote(url, env::storage(), jiff::Timestamp::now)?,
    };
    Ok(place.sealed(keys(&manifest.state.encrypt_to)?))
}

/// Who can read what is written to the state, and what we can read.
pub(super) fn keys(recipients: &[String]) -> Result<Keys, Error> {
    let mut keys = Keys::new(recipients).map_err(|_| Error::BadIdentity)?;
    if let Some(identities) = env::secret(env::AGE_IDENTITY) {
        let added = keys.add(identities.expose_secret());
        added.map_err(|_| Error::BadIdentity)?;
    }
    if let Some(path) = env::text(env::AGE_IDENTITY_FILE) {
        let bytes = Zeroizing::new(file::read(&path.into(), MOST_KEYS)?);
        let text = std::str::from_utf8(&bytes).map_err(|_| Error::BadIdentity)?;
        keys.add(text).map_err(|_| Error::BadIdentity)?;
    }
    Ok(keys)
}

impl Session {
    /// The library with what is `desired` there.
    pub(super) fn new(
        context: &Context,
        manifest: &Manifest,
        mut library: Library,
        desired: BTreeMap<Name, DesiredFile>,
        shared: &Shared,
    ) -> Result<Self, Failure> {
        if library.from_environment {
            library.tenant_id = library.tenant_id.or_else(|| env::text(env::TENANT_ID));
            if let Some(endpoint) = env::text(env::ENDPOINT) {
                library.endpoint = Some(endpoint_of(&endpoint)?);
            }
        }
        let endpoint = library
            .endpoint
            .clone()
            .unwrap_or_else(|| Endpoint::Url(format!("https://{}", library.cloud.api_host())));
        let id = LibraryId {
            name: library.name.clone(),
            endpoint: match &endpoint {
                Endpoint::Url(url) => url.trim_end_matches('/').to_owned(),
                Endpoint::Emulator(folder) => format!("emulator:{folder}"),
            },
            tenant_id: library.tenant_id.clone(),
        };
        let folder = manifest.folder().to_owned();
        let store = shared.place.library(&library.name);
        // An emulator within the run begins with limits of which nothing is used up.
        let has_budget = matches!(endpoint, Endpoint::Url(_)) && !library.limits.is_empty();
        let budget = has_budget.then(|| {
            let run = uuid::Uuid::new_v4().to_string();
            Budget::new(&store, run, library.limits.clone(), jiff::Timestamp::now)
        });
        Ok(Self {
            library,
            id,
            store,
            desired: Arc::new(desired),
            folder,
            recipients: manifest.state.encrypt_to.clone(),
            endpoint,
            access: Arc::clone(&shared.access),
            budget: budget.map(Arc::new),
            output: context.output,
        })
    }

    /// Whom the state is encrypted for, by the manifest.
    pub(super) fn recipients(&self) -> &[String] {
        &self.recipients
    }

    /// The manifest's folder.
    pub(super) fn folder(&self) -> &Utf8Path {
        &self.folder
    }

    /// The same library with its state in `store`.
    pub(super) fn at(&self, store: Store) -> Self {
        Self {
            store,
            ..self.clone()
        }
    }

    /// What was read of the state already, if it is about this library.
    pub(super) fn accept(&self, document: Document) -> Result<Document, Failure> {
        document.check_library(&self.id)?;
        Ok(document)
    }

    /// As [`Self::document`], on a thread of its own: it may be far away.
    pub(super) async fn read(&self) -> Result<Option<Document>, Failure> {
        let (store, id) = (self.store.clone(), self.id.clone());
        apart(move || document(&store, &id)).await
    }

    /// How long ago each of the calls was that other runs have made and that still count in the limits.
    pub(super) async fn spent(&self) -> Vec<Duration> {
        self.of_budget(Budget::ages).await.unwrap_or_default()
    }

    /// The same of all calls, those of this run included.
    pub(super) async fn spent_by_all(&self) -> Vec<Duration> {
        self.of_budget(Budget::ages_of_all)
            .await
            .unwrap_or_default()
    }

    async fn of_budget<T: Send + 'static>(&self, ask: fn(&Budget) -> T) -> Option<T> {
        let budget = self.budget.clone()?;
        Some(apart(move || ask(&budget)).await)
    }

    /// The state, if it is about this library.
    pub(super) fn document(&self) -> Result<Option<Document>, Failure> {
        document(&self.store, &self.id)
    }

    /// Obtains the right to write the state, and says so when a killed run had it. Says whom it waits for
    /// where it has to, and waits no longer than `stop` lets it.
    pub(super) async fn lock(
        &self,
        context: &Context,
        timeout: Duration,
        stop: &CancellationToken,
    ) -> Result<Locked, Failure> {
        let owner = Owner {
            id: uuid::Uuid::new_v4().to_string(),
            user: env::user(),
            host: env::host(),
            pid: std::process::id(),
            command: env::command(),
            since: jiff::Timestamp::now(),
            run_url: env::run_url(),
        };
        let at_once = self
            .store
            .lock(&self.id, owner.clone(), Duration::ZERO)
            .await;
        let locked = match at_once {
            Err(error @ state::Error::LockedBy { .. }) if !timeout.is_zero() => {
                context.output.note(&format!(
                    "Waiting: {}.",
                    crate::render::escape::visible(&error.to_string())
                ));
                tokio::select! {
                    locked = self.store.lock(&self.id, owner, timeout) => locked?,
                    () = stop.cancelled() => return Err(library::Error::Stopped.into()),
                }
            }
            at_once => at_once?,
        };
        if let Some(before) = locked.taken_over() {
            context.output.note(&format!(
                "The lock of `{}` was left behind by {} on {} (process {}, since {}), which is gone; it is taken over.",
                self.id.name,
                crate::render::escape::visible(&before.user),
                crate::render::escape::visible(&before.host),
                before.pid,
                before.since,
            ));
        }
        Ok(locked)
    }

    /// Makes the API ready for calls; makes none.
    pub(super) async fn connect(&self, stop: &CancellationToken) -> Result<Connection, Failure> {
        let http = self.access.http(&self.library, &self.folder)?;
        let (endpoint, identity, emulator) = match &self.endpoint {
            Endpoint::Url(url) => {
                let identity = self.access.identity(&self.library, http.clone())?;
                (url.clone(), identity, None)
            }
            Endpoint::Emulator(folder) => {
                let emulator = self.emulator(folder).await?;
                // It takes any token, and asks nobody.
                let identity = Identity::Token("emulator".to_owned().into());
                (emulator.url(), identity, Some(emulator))
            }
        };
        let endpoint = Url::parse(&endpoint).map_err(|cause| Error::Endpoint {
            why: cause.to_string(),
        })?;
        if let Some(Some(problem)) = self.of_budget(Budget::problem).await {
            self.output.warning(&problem);
        }
        let ledger = self.budget.clone();
        let settings = library::Settings {
            endpoint,
            limits: self.library.limits.clone(),
            ledger: ledger.map(|budget| budget as Arc<dyn library::Ledger>),
            retry: Retry::default(),
            identity,
            http,
            timeouts: self.access.timeouts(),
            random: fastrand::Rng::new(),
            now: jiff::Timestamp::now,
        };
        let client = Client::new(settings, stop.clone())?;
        Ok(Connection {
            client: Arc::new(client),
            _emulator: emulator,
        })
    }

    async fn emulator(&self, data: &Utf8PathBuf) -> Result<jumpbag_emulator::Emulator, Error> {
        let limit = |limit: &crate::model::Limit| jumpbag_emulator::Limit {
            calls: limit.calls,
            per: limit.per,
        };
        let settings = jumpbag_emulator::Settings {
            data: self.folder.join(data).into(),
            limits: self.library.limits.iter().map(limit).collect(),
            max_file_size: self.library.max_file_size,
            ..jumpbag_emulator::Settings::default()
        };
        jumpbag_emulator::start(settings)
            .await
            .map_err(|cause| Error::Emulator {
                library: self.library.name.clone(),
                cause,
            })
    }

    /// Joins what is known to the planner's inputs.
    pub(super) fn inputs(
        &self,
        document: Option<Cow<'_, Document>>,
        observed: Option<BTreeMap<Name, ObservedFile>>,
        spent: Vec<Duration>,
        choice: &Choice,
    ) -> Inputs {
        gather::join(Known {
            library: self.id.clone(),
            document,
            desired: Arc::clone(&self.desired),
            observed,
            policy: Policy {
                unmanaged: self.library.unmanaged,
                max_deletes: choice.allow_deletes.unwrap_or(self.library.max_deletes),
                selection: choice.selection.clone(),
                destroy: choice.towards == Towards::Nothing,
                rollback: choice.towards.serial(),
            },
            limits: self.library.limits.clone(),
            spent,
        })
    }
}

/// What the command line says about a plan, besides the manifest.
#[derive(Clone, Debug, Default)]
pub(super) struct Choice {
    pub(super) selection: Selection,
    pub(super) towards: Towards,
    pub(super) allow_deletes: Option<u64>,
}

/// The state in `store`, if it is about the library `id`.
fn document(store: &Store, id: &LibraryId) -> Result<Option<Document>, Failure> {
    let document = store.read()?;
    if let Some(document) = &document {
        document.check_library(id)?;
    }
    Ok(document)
}

/// Does `work` on a thread of its own: asynchronous code must not wait for what is far away.
pub(super) async fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let done = tokio::task::spawn_blocking(work).await;
    // It is never aborted, so it fails only when it panics.
    done.unwrap_or_else(|panicked| std::panic::resume_unwind(panicked.into_panic()))
}

fn endpoint_of(text: &str) -> Result<Endpoint, Error> {
    if let Some(folder) = text.strip_prefix("emulator:") {
        return Ok(Endpoint::Emulator(folder.into()));
    }
    let wrong = |why: &str| {
        Err(Error::Endpoint {
            why: why.to_owned(),
        })
    };
    match Url::parse(text) {
        Ok(url) if !url.username().is_empty() || url.password().is_some() => {
            wrong("it holds a user or a password")
        }
        Ok(url) if url.query().is_some() || url.fragment().is_some() => {
            wrong("it holds a query or a fragment")
        }
        Ok(url) => Ok(Endpoint::Url(url.into())),
        Err(cause) => wrong(&cause.to_string()),
    }
}
