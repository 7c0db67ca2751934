//! Certificates that applications prove themselves with.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use jsonwebtoken::{DecodingKey, Header};
use tokio_rustls::rustls::RootCertStore;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, UnixTime};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::server::danger::ClientCertVerifier;
use x509_parser::oid_registry::OID_PKCS1_RSAENCRYPTION;
use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};

/// A certificate with an RSA key: Entra takes no other.
#[derive(Clone)]
pub(crate) struct Certificate {
    /// The thumbprints, as the headers `x5t` and `x5t#S256` spell them.
    sha1: String,
    sha256: String,
    /// The common name and the DNS names.
    names: Vec<String>,
    valid_from: i64,
    valid_to: i64,
    pub(crate) key: DecodingKey,
}

/// A name that a certificate may have, and the authority that may have signed it: what Entra calls
/// subject name and issuer authentication.
pub(crate) struct TrustedSubject {
    name: String,
    authority: Arc<dyn ClientCertVerifier>,
}

impl Certificate {
    /// Reads the first certificate in a PEM file.
    pub(crate) fn from_pem(pem: &[u8]) -> Option<Self> {
        Self::from_der(&CertificateDer::from_pem_slice(pem).ok()?)
    }

    fn from_der(der: &[u8]) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(der).ok()?;
        let key = certificate.public_key();
        if key.algorithm.algorithm != OID_PKCS1_RSAENCRYPTION {
            return None;
        }
        let thumbprint = |algorithm| URL_SAFE_NO_PAD.encode(digest(algorithm, der));
        Some(Self {
            sha1: thumbprint(&SHA1_FOR_LEGACY_USE_ONLY),
            sha256: thumbprint(&SHA256),
            names: names(&certificate),
            valid_from: certificate.validity().not_before.timestamp(),
            valid_to: certificate.validity().not_after.timestamp(),
            key: DecodingKey::from_rsa_der(&key.subject_public_key.data),
        })
    }

    /// Whether a token's header names this certificate.
    pub(crate) fn is_named_by(&self, header: &Header) -> bool {
        // Some clients write the alphabet of plain base64, and padding; Entra reads both.
        let is = |named: &Option<String>, thumbprint: &str| {
            named.as_ref().is_some_and(|named| {
                let named = named.trim_end_matches('=');
                named.replace('+', "-").replace('/', "_") == thumbprint
            })
        };
        is(&header.x5t, &self.sha1) || is(&header.x5t_s256, &self.sha256)
    }

    /// Whether its own time has begun and is not over.
    pub(crate) fn is_valid_at(&self, now: Timestamp) -> bool {
        (self.valid_from..=self.valid_to).contains(&now.as_second())
    }
}

impl TrustedSubject {
    /// Trusts `name` where an authority in the PEM file says so.
    pub(crate) fn new(name: String, authorities: &[u8]) -> Option<Self> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(authorities) {
            roots.add(certificate.ok()?).ok()?;
        }
        let provider = Arc::new(default_provider());
        let authority = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
        Some(Self {
            name,
            authority: authority.build().ok()?,
        })
    }

    /// Returns the certificate at the head of a token's chain, if this is to be trusted.
    pub(crate) fn leaf(&self, header: &Header, now: Timestamp) -> Option<Certificate> {
        let chain = header.x5c.as_ref()?;
        let chain: Result<Vec<CertificateDer<'_>>, _> = chain
            .iter()
            .map(|text| STANDARD.decode(text).map(CertificateDer::from))
            .collect();
        let chain = chain.ok()?;
        let (leaf, rest) = chain.split_first()?;
        let certificate = Certificate::from_der(leaf)?;
        let has_name = |name: &String| name.eq_ignore_ascii_case(&self.name);
        if !certificate.names.iter().any(has_name) {
            return None;
        }
        let seconds = u64::try_from(now.as_second()).ok()?;
        let now = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        self.authority.verify_client_cert(leaf, rest, now).ok()?;
        Some(certificate)
    }
}

fn names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let common = certificate.subject().iter_common_name();
    let mut names: Vec<String> = common
        .filter_map(|name| name.as_str().ok().map(str::to_owned))
        .collect();
    if let Ok(Some(others)) = certificate.subject_alternative_name() {
        for name in &others.value.general_names {
            if let GeneralName::DNSName(name) = name {
                names.push((*name).to_owned());
            }
        }
    }
    names
}
