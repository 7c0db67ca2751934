//! Where the states of all libraries of a manifest are kept.

use std::sync::Arc;
use std::time::Duration;

use camino::Utf8PathBuf;
use jiff::Timestamp;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};
use object_store::{BackoffConfig, ObjectStore, ObjectStoreScheme, RetryConfig};
use secrecy::SecretString;
use url::Url;

use super::backend::remote::Remote;
use super::lease::Terms;
use super::{Error, Keys, Store, options};

/// Each library has a prefix in it that is named for the library.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    kind: Kind,
    keys: Arc<Keys>,
}

#[derive(Clone, Debug)]
enum Kind {
    /// In a folder of this machine.
    Folder(Utf8PathBuf),
    /// In an object store.
    Remote(RemotePlace),
}

/// A prefix of an object store, which all libraries share a client for.
#[derive(Clone, Debug)]
pub(crate) struct RemotePlace {
    store: Arc<dyn ObjectStore>,
    prefix: object_store::path::Path,
    url: String,
    terms: Terms,
}

impl Place {
    /// In a folder of this machine.
    pub(crate) fn folder(folder: Utf8PathBuf) -> Self {
        Self {
            kind: Kind::Folder(folder),
            keys: Arc::default(),
        }
    }

    /// The same place, whose files are encrypted with `keys`, where it has any.
    pub(crate) fn sealed(self, keys: Keys) -> Self {
        Self {
            keys: Arc::new(keys),
            ..self
        }
    }

    /// The place that `url` names, with the settings that the environment has for object stores, by the names
    /// of their variables. Asks nobody yet.
    pub(crate) fn remote(
        url: &str,
        environment: Vec<(String, SecretString)>,
        now: fn() -> Timestamp,
    ) -> Result<Self, Error> {
        let bad = |source: object_store::Error| Error::StorageSettings {
            url: url.to_owned(),
            source: source.into(),
        };
        let parsed = Url::parse(url).map_err(|error| Error::StorageSettings {
            url: url.to_owned(),
            source: error.into(),
        })?;
        let (scheme, prefix) =
            ObjectStoreScheme::parse(&parsed).map_err(|error| bad(error.into()))?;
        let place = RemotePlace {
            store: open(&scheme, url, environment)?.map_err(bad)?,
            prefix,
            url: url.to_owned(),
            terms: Terms {
                renew: Terms::RENEW,
                now,
            },
        };
        Ok(Self {
            kind: Kind::Remote(place),
            keys: Arc::default(),
        })
    }

    /// The state of the library that is called `name`. Touches nothing.
    pub(crate) fn library(&self, name: &str) -> Store {
        let keys = Arc::clone(&self.keys);
        match &self.kind {
            Kind::Folder(folder) => Store::folder(folder.join(name), keys),
            Kind::Remote(place) => Store::leased(Arc::new(place.backend(name)), keys, place.terms),
        }
    }
}

#[cfg(test)]
impl Place {
    /// The prefix of an object store; `None` for a folder.
    pub(super) fn into_remote(self) -> Option<RemotePlace> {
        match self.kind {
            Kind::Folder(_) => None,
            Kind::Remote(place) => Some(place),
        }
    }
}

impl RemotePlace {
    /// The prefix that is called `name`.
    pub(super) fn backend(&self, name: &str) -> Remote {
        let prefix = self.prefix.clone().join(name);
        let url = format!("{}/{name}", self.url);
        Remote::new(Arc::clone(&self.store), prefix, url)
    }

    /// A library, for tests.
    #[cfg(test)]
    pub(super) fn library(&self) -> Store {
        Store::leased(
            Arc::new(self.backend("contoso")),
            Arc::default(),
            self.terms,
        )
    }
}

/// Waits that add up to half a minute: a run should say soon that its state cannot be had.
fn retry() -> RetryConfig {
    RetryConfig {
        backoff: BackoffConfig {
            init_backoff: Duration::from_millis(100),
            max_backoff: Duration::from_secs(5),
            base: 2.0,
        },
        max_retries: 8,
        retry_timeout: Duration::from_secs(30),
    }
}

/// The options that every kind of store has.
fn client() -> [(&'static str, &'static str); 2] {
    [("connect_timeout", "10 seconds"), ("timeout", "60 seconds")]
}

macro_rules! build {
    ($builder:ty, $key:ty, $url:expr, $environment:expr) => {{
        let options = options::of::<$key>($environment)?;
        let builder = <$builder>::new().with_url($url).with_retry(retry());
        let builder = client()
            .into_iter()
            .filter_map(|(name, value)| Some((name.parse().ok()?, value.to_owned())))
            .chain(options)
            .fold(builder, |builder, (key, value)| {
                builder.with_config(key, value)
            });
        builder
            .build()
            .map(|store| Arc::new(store) as Arc<dyn ObjectStore>)
    }};
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "kinds of store that the manifest does not know, now and later"
)]
fn open(
    scheme: &ObjectStoreScheme,
    url: &str,
    environment: Vec<(String, SecretString)>,
) -> Result<Result<Arc<dyn ObjectStore>, object_store::Error>, Error> {
    Ok(match scheme {
        ObjectStoreScheme::MicrosoftAzure => {
            build!(MicrosoftAzureBuilder, AzureConfigKey, url, environment)
        }
        ObjectStoreScheme::AmazonS3 => {
            build!(AmazonS3Builder, AmazonS3ConfigKey, url, environment)
        }
        ObjectStoreScheme::GoogleCloudStorage => {
            build!(GoogleCloudStorageBuilder, GoogleConfigKey, url, environment)
        }
        _ => Err(object_store::Error::NotSupported {
            source: "no backend has such a URL".into(),
        }),
    })
}
