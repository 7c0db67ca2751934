//! HTTP clients, made in one place for the API and for whoever gives tokens: what is secure about a connection
//! is decided here.
//!
//! - TLS 1.2 or later, by rustls, with the system's certificate authorities (or those of `SSL_CERT_FILE`) and
//!   those of a `ca_file`.
//! - `HTTPS_PROXY` and `NO_PROXY` count, as reqwest reads them; plain http goes past every proxy.
//! - No redirect is followed: credentials are for the address that they were meant for.
//! - Nothing is sent again below the callers, who count what they send.

mod authorities;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use camino::Utf8PathBuf;
use reqwest::{Certificate, ClientBuilder, tls};
use url::{Host, Url};

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(10);

/// The same for this machine and for a cloud's metadata, which answer at once or not at all.
const CONNECT_NEARBY: Duration = Duration::from_secs(2);

/// How we call ourselves.
const USER_AGENT: &str = concat!("jumpbag/", env!("CARGO_PKG_VERSION"));

/// Clients that trust the same authorities. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Http {
    secure: reqwest::Client,
    plain: reqwest::Client,
}

/// The clients of one run: one for each set of authorities, so that a hundred libraries do not read the
/// system's certificates a hundred times.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    made: Mutex<BTreeMap<Option<Utf8PathBuf>, Http>>,
}

/// Why there is no client.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub(crate) enum Error {
    /// The system's certificates are the usual reason.
    #[error("could not set up the HTTP client")]
    #[diagnostic(
        code(jumpbag::http::setup),
        help(
            "check that the system has certificate authorities installed, SSL_CERT_FILE, and the proxy variables"
        )
    )]
    Setup(#[source] reqwest::Error),

    /// The `ca_file` cannot be read.
    #[error("could not read the certificate authorities in `{path}`")]
    #[diagnostic(
        code(jumpbag::http::ca_file),
        help("let `ca_file` name a readable file, relative to the manifest")
    )]
    Unreadable {
        /// Which file.
        path: Utf8PathBuf,
        /// What the system says.
        #[source]
        cause: std::io::Error,
    },

    /// The `ca_file` leads out of the manifest's folder.
    #[error("the certificate authorities in `{path}` are outside of the manifest's folder")]
    #[diagnostic(
        code(jumpbag::http::ca_file),
        help(
            "put the file itself into the folder, so that it is under the same review as the manifest"
        )
    )]
    Outside {
        /// Which file.
        path: Utf8PathBuf,
    },

    /// The `ca_file` holds something else.
    #[error("`{path}` holds no certificate authorities: {problem}")]
    #[diagnostic(
        code(jumpbag::http::ca_file),
        help("let `ca_file` name a PEM file with one or more `BEGIN CERTIFICATE` blocks")
    )]
    NotPem {
        /// Which file.
        path: Utf8PathBuf,
        /// What is wrong with it.
        problem: &'static str,
    },
}

impl Pool {
    /// The client that trusts the authorities of `ca_file`, too, which is inside of `folder`.
    pub(crate) fn get(
        &self,
        ca_file: Option<&Utf8PathBuf>,
        folder: &camino::Utf8Path,
    ) -> Result<Http, Error> {
        let path = ca_file
            .map(|path| authorities::inside(folder, path))
            .transpose()?;
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(http) = made.get(&path) {
            return Ok(http.clone());
        }
        let authorities = match &path {
            Some(path) => authorities::read(path)?,
            None => Vec::new(),
        };
        let http = Http::new(authorities)?;
        made.insert(path, http.clone());
        Ok(http)
    }
}

impl Http {
    /// Clients that trust `authorities` besides the system's.
    pub(crate) fn new(authorities: Vec<Certificate>) -> Result<Self, Error> {
        let secure = builder()
            .https_only(true)
            .tls_version_min(tls::Version::TLS_1_2)
            .tls_certs_merge(authorities)
            .build()
            .map_err(Error::Setup)?;
        // It never does TLS, so that it needs no authorities. A proxy is not on this machine, and would be
        // given what is sent without TLS.
        let plain = builder()
            .connect_timeout(CONNECT_NEARBY)
            .no_proxy()
            .tls_certs_only([])
            .build()
            .map_err(Error::Setup)?;
        Ok(Self { secure, plain })
    }

    /// The client for `url`; `None` where it is neither https nor http on this machine.
    pub(crate) fn to(&self, url: &Url) -> Option<&reqwest::Client> {
        match url.scheme() {
            "https" => Some(&self.secure),
            "http" if is_loopback(url) => Some(&self.plain),
            _ => None,
        }
    }

    /// As [`to`](Self::to), and for the link-local addresses at which a cloud's machine finds its identity.
    pub(crate) fn to_metadata(&self, url: &Url) -> Option<&reqwest::Client> {
        match url.host() {
            Some(Host::Ipv4(address)) if url.scheme() == "http" && address.is_link_local() => {
                Some(&self.plain)
            }
            _ => self.to(url),
        }
    }
}

fn builder() -> ClientBuilder {
    reqwest::Client::builder()
        .user_agent(USER_AGENT)
        .connect_timeout(CONNECT)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
}

/// Whether `url` is on this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(domain)) => domain == "localhost",
        None => false,
    }
}

/// Whether a request failed because the server's certificate is not trusted, which another try does not change.
pub(crate) fn is_untrusted(error: &reqwest::Error) -> bool {
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        // The TLS library's error is wrapped by an I/O error, which shows it and does not give it out.
        if error.to_string().starts_with("invalid peer certificate") {
            return true;
        }
        cause = error.source();
    }
    false
}

/// The last cause of a request's failure, which says most.
pub(crate) struct LastCause<'a>(pub(crate) &'a reqwest::Error);

impl fmt::Display for LastCause<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut last: &dyn std::error::Error = self.0;
        while let Some(cause) = last.source() {
            last = cause;
        }
        fmt::Display::fmt(last, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn nothing_goes_in_the_clear_but_to_this_machine() {
        let http = Http::new(Vec::new()).unwrap();
        for good in [
            "https://example.org",
            "http://127.0.0.1:80",
            "http://[::1]",
            "http://localhost",
        ] {
            assert!(http.to(&url(good)).is_some(), "{good}");
        }
        for bad in [
            "http://example.org",
            "http://localhost.example.org",
            "http://169.254.169.254",
            "http://0.0.0.0",
            "ftp://127.0.0.1",
            "file:///etc",
        ] {
            assert!(http.to(&url(bad)).is_none(), "{bad}");
        }
        assert!(http.to_metadata(&url("http://169.254.169.254/x")).is_some());
        assert!(http.to_metadata(&url("http://169.253.169.254/x")).is_none());
    }

    #[test]
    fn one_client_serves_all_libraries_with_the_same_authorities() {
        let folder = tempfile::tempdir().unwrap();
        let folder = camino::Utf8Path::from_path(folder.path()).unwrap();
        let pool = Pool::default();
        pool.get(None, folder).unwrap();
        pool.get(None, folder).unwrap();
        assert_eq!(pool.made.lock().unwrap().len(), 1);
    }
}
