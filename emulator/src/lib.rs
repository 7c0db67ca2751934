//! A local emulator of the live response library API of Microsoft Defender for Endpoint.
//!
//! It answers the three calls of the API and the token endpoint on a loopback address, keeps the
//! library in a folder, holds to the rate limits, and fails where a test asks it to.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use jumpbag_emulator::Settings;
//!
//! let emulator = jumpbag_emulator::start(Settings {
//!     data: "library".into(),
//!     faults: vec!["upload:3:drop-after".parse()?],
//!     ..Settings::default()
//! })
//! .await?;
//! let _answers_at = format!("{}/api/libraryfiles", emulator.url());
//! emulator.stop().await;
//! # Ok(())
//! # }
//! ```
//!
//! It knows nothing of the main package, so that it does not share its mistakes. Inside, a request
//! comes from `server` (connections) over `http` (routes) and `effects` (faults) to `world` (the
//! service's behaviour) and `folder` (what is kept); the answer goes back as a `reply`. Whether a
//! caller may ask at all is `entra`'s to say, where a file registers who may.

use std::error::Error;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use thiserror::Error as ThisError;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::entra::Entra;
use crate::entra::directory::Directory;
use crate::entra::signer::Signer;
use crate::http::Service;
use crate::world::World;

pub use crate::entra::directory::EntraError;
pub use crate::fault::{Calls, Fault, ParseFaultError};
pub use crate::index::IndexError;
pub use crate::limit::{Limit, ParseLimitError};
pub use crate::tls::Tls;
pub use crate::world::File;

mod connection;
mod cut;
mod disposition;
mod duration;
mod effects;
mod entra;
mod fault;
mod folder;
mod form;
#[doc(hidden)]
pub mod fuzz;
mod hex;
mod http;
mod incoming;
mod index;
mod limit;
mod places;
mod refused;
mod reply;
mod server;
mod tls;
mod token;
mod world;

/// How an emulator is started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Where to listen: a loopback address; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The folder that holds the library; made where there is none.
    pub data: PathBuf,
    /// The rate limits, all of which hold; none for as many calls as there are.
    pub limits: Vec<Limit>,
    /// The most bytes of a file.
    pub max_file_size: u64,
    /// What goes wrong on purpose.
    pub faults: Vec<Fault>,
    /// The certificate to show over TLS; without one it speaks plain HTTP.
    pub tls: Option<Tls>,
    /// The file that registers tenants and applications; without one the login host checks nobody,
    /// and the API takes any token.
    ///
    /// ```json
    #[doc = include_str!("entra/example.json")]
    /// ```
    ///
    /// Only `tenants` and `apps` must be there. Paths are relative to the file. `issuer: self` is the
    /// emulator's own issuer, `URL/oidc`, whose tokens jobs get at `URL/github/oidc` and
    /// `URL/pipelines/oidctoken`. A managed identity asks at `URL/msi/token` or
    /// `URL/metadata/identity/oauth2/token`. Tokens for `other_audiences` are issued, and not taken by
    /// the API; `library` is the tenant whose tokens it takes, every tenant's by default.
    pub entra: Option<PathBuf>,
}

impl Settings {
    /// The most bytes of a file that the API documents: 4 MB.
    pub const MAX_FILE_SIZE: u64 = 4 * 1024 * 1024;
}

impl Default for Settings {
    /// Listens on a free port of 127.0.0.1, with the folder `library` and the documented limits.
    fn default() -> Self {
        Self {
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            data: PathBuf::from("library"),
            limits: Limit::DOCUMENTED.to_vec(),
            max_file_size: Self::MAX_FILE_SIZE,
            faults: Vec::new(),
            tls: None,
            entra: None,
        }
    }
}

/// Says why an emulator did not start.
#[derive(Debug, ThisError)]
#[non_exhaustive]
pub enum StartError {
    /// Other machines could reach the address, and the emulator checks nobody's rights.
    #[error("`{address}` is not a loopback address, and the emulator listens on no other")]
    NotLoopback {
        /// The address that was asked for.
        address: SocketAddr,
    },
    /// No call could ever be taken under the limit.
    #[error("the limit `{limit}` takes no call")]
    Limit {
        /// The limit that was asked for.
        limit: Limit,
    },
    /// The address is in use, or not to be had.
    #[error("could not listen on `{address}`")]
    Listen {
        /// The address that was asked for.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The folder cannot be made, read, or written.
    #[error("could not use the data folder `{}`", path.display())]
    Folder {
        /// The folder, or the file in it.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Another emulator has the folder.
    #[error("the data folder `{}` is in use by another emulator", path.display())]
    Locked {
        /// The folder.
        path: PathBuf,
    },
    /// There is no certificate to show.
    #[error("could not set up TLS")]
    Tls {
        /// What the libraries for it say.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The file registers nobody.
    #[error("could not take the tenants and applications from `{}`", path.display())]
    Entra {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: EntraError,
    },
    /// There is no key to sign tokens with.
    #[error("could not make a key to sign tokens with")]
    Key {
        /// What the libraries for it say.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The folder's index is not one that can be used.
    #[error("could not read the index `{}`", path.display())]
    Index {
        /// The index.
        path: PathBuf,
        /// What is wrong with it.
        source: IndexError,
    },
    /// The folder's index names a content that is not there.
    #[error("the content of `{name}` is missing: there is no `{}`", path.display())]
    MissingContent {
        /// The file in the library.
        name: String,
        /// Where its content should be.
        path: PathBuf,
    },
}

/// A running emulator; it ends when this is dropped.
#[derive(Debug)]
#[must_use = "the emulator ends when this is dropped"]
pub struct Emulator {
    url: String,
    ca: Option<PathBuf>,
    address: SocketAddr,
    service: Arc<Service>,
    stopping: watch::Sender<bool>,
    server: JoinHandle<()>,
}

/// Starts an emulator; it answers when this returns.
///
/// # Errors
///
/// See [`StartError`]; nothing is left running.
pub async fn start(settings: Settings) -> Result<Emulator, StartError> {
    let address = settings.listen;
    if !address.ip().is_loopback() {
        return Err(StartError::NotLoopback { address });
    }
    if let Some(limit) = settings.limits.iter().find(|limit| !limit.is_usable()) {
        return Err(StartError::Limit { limit: *limit });
    }
    let registered = settings
        .entra
        .as_deref()
        .map(|path| {
            let signer = Signer::new().map_err(|source| StartError::Key { source })?;
            Ok((Directory::read(path)?, signer))
        })
        .transpose()?;
    let secured = settings
        .tls
        .map(|tls| tls::set_up(tls, address.ip(), http::now()))
        .transpose()
        .map_err(|source| StartError::Tls { source })?;
    let world = World::open(&settings.data)?;
    let ca = secured
        .as_ref()
        .map(|secured| world.write_ca(&secured.ca))
        .transpose()
        .map_err(|source| StartError::Folder {
            path: settings.data.clone(),
            source,
        })?;
    let unheard = |source| StartError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(unheard)?;
    let address = listener.local_addr().map_err(unheard)?;
    let acceptor = secured.map(|secured| secured.acceptor);
    let scheme = if acceptor.is_some() { "https" } else { "http" };
    let url = format!("{scheme}://{address}");
    let entra = registered.map(|(directory, signer)| Entra::new(directory, signer, url.clone()));
    let service = Arc::new(Service::new(world, entra, &settings, url.clone()));
    let (stopping, stop) = watch::channel(false);
    let server = tokio::spawn(server::run(listener, acceptor, Arc::clone(&service), stop));
    Ok(Emulator {
        url,
        ca,
        address,
        service,
        stopping,
        server,
    })
}

impl Emulator {
    /// Returns where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns its base, such as `http://127.0.0.1:8123`, for the API and for the login host.
    pub fn url(&self) -> String {
        self.url.clone()
    }

    /// Returns the certificate of the authority that a client has to trust, as a PEM file.
    pub fn ca(&self) -> Option<&Path> {
        self.ca.as_deref()
    }

    /// Returns the files of the library in the order of their names.
    pub fn files(&self) -> Vec<File> {
        self.service.world.list()
    }

    /// Returns where the content of a file is, which the API gives to nobody.
    pub fn content(&self, name: &str) -> Option<PathBuf> {
        self.service.world.content(name)
    }

    /// Returns how many calls there were.
    pub fn calls(&self) -> Calls {
        self.service.calls()
    }

    /// Stops: calls that are being answered are finished, for five seconds at most.
    pub async fn stop(mut self) {
        self.stopping.send_replace(true);
        // The task has nothing to tell; if it panicked, it has ended as well.
        drop((&mut self.server).await);
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.server.abort();
        // The task ends a little later. By then nothing of it changes the folder, so that it can
        // be used again at once.
        self.service.world.stop();
    }
}
