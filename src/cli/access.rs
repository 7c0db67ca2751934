//! What the libraries of one run share on the way to their APIs: connections, and sources of tokens.

use camino::Utf8Path;
use url::Url;

use super::env;
use super::error::Error;
use super::exit::Failure;
use crate::http::{Http, Pool};
use crate::identity::{self, Environment, Place, Registry, Wanted};
use crate::library::{Identity, Timeouts};
use crate::manifest::{Cloud, Library};

/// Made once for a run.
pub(super) struct Access {
    environment: Environment,
    pool: Pool,
    sources: Registry,
    timeouts: Timeouts,
}

impl Access {
    /// With what the environment says now.
    pub(super) fn new() -> Result<Self, Error> {
        let mut timeouts = Timeouts::default();
        if let Some(answer) = env::timeout()? {
            timeouts.answer = answer;
        }
        Ok(Self {
            environment: env::identities(),
            pool: Pool::default(),
            sources: Registry::new(timeouts.answer),
            timeouts,
        })
    }

    /// How long an API may take.
    pub(super) fn timeouts(&self) -> Timeouts {
        self.timeouts.clone()
    }

    /// How connections for `library` are made; `folder` is the manifest's.
    pub(super) fn http(&self, library: &Library, folder: &Utf8Path) -> Result<Http, Failure> {
        Ok(self.pool.get(library.ca_file.as_ref(), folder)?)
    }

    /// Who we are to `library`. Asks nobody yet.
    pub(super) fn identity(&self, library: &Library, http: Http) -> Result<Identity, Failure> {
        let wanted = Wanted {
            library: library.name.clone(),
            auth: library.auth,
            tenant_id: library.tenant_id.clone(),
            client_id: library.client_id.clone(),
        };
        let choice = identity::choose(&wanted, &self.environment)?;
        let (auth, others) = choice.reasons();
        tracing::info!("the library `{}` uses {}", library.name, auth.as_str());
        for other in others {
            tracing::info!("{other}");
        }
        let place = Place {
            authority: self.authority(library)?,
            scope: library
                .scope
                .clone()
                .unwrap_or_else(|| library.cloud.scope()),
            ca_file: library.ca_file.as_ref().map(ToString::to_string),
        };
        let now = jiff::Timestamp::now;
        Ok(self.sources.identity(choice, place, http, now))
    }

    /// The login host. The variable counts in the commercial cloud only: a cluster sets it for all that runs in
    /// it, and it would send a government tenant's secret to the wrong cloud.
    fn authority(&self, library: &Library) -> Result<String, identity::Error> {
        if let Some(authority) = &library.authority {
            return Ok(authority.clone());
        }
        let host = library.cloud.login_host();
        let set = self.environment.authority_host.as_ref();
        match set.filter(|_| host == Cloud::PUBLIC_LOGIN_HOST) {
            None => Ok(format!("https://{host}")),
            Some(set) => authority_host(set),
        }
    }
}

/// What `AZURE_AUTHORITY_HOST` says: a URL, or a bare host.
fn authority_host(set: &str) -> Result<String, identity::Error> {
    let bad = |problem| identity::Error::Authority {
        authority: set.to_owned(),
        problem,
    };
    let text = if set.contains("://") {
        set.to_owned()
    } else {
        format!("https://{set}")
    };
    let url = Url::parse(&text).map_err(|_| bad("it is no URL"))?;
    if url.scheme() != "https" {
        return Err(bad("it is not https, and a secret is sent to it"));
    }
    if !url.username().is_empty() || url.path() != "/" || url.query().is_some() {
        return Err(bad("it holds more than a host"));
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authority_host_may_lack_its_scheme_and_nothing_else() {
        let host = |set| authority_host(set).ok();
        let good = Some("https://login.example".to_owned());
        for set in [
            "login.example",
            "https://login.example",
            "https://login.example/",
        ] {
            assert_eq!(host(set), good, "{set}");
        }
        for set in [
            "http://login.example",
            "http://127.0.0.1",
            "https://me@login.example",
            "https://login.example/tenant",
            "https://",
        ] {
            assert_eq!(host(set), None, "{set}");
        }
    }
}
