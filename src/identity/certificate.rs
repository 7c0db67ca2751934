//! A certificate of an app registration, and the assertions that its key signs (RFC 7523). `azure_identity`'s
//! own needs OpenSSL.

use std::fmt;
use std::io::Read as _;

use azure_core::error::ErrorKind;
use azure_core::http::ClientMethodOptions;
use azure_identity::ClientAssertion;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, crypto};
use p12_keystore::{KeyStore, Pkcs12ImportPolicy};
use rustls_pki_types::pem::{PemObject as _, SectionKind};
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use sha2::Digest as _;
use x509_parser::certificate::X509Certificate;
use x509_parser::parse_x509_certificate;

use super::choose::App;
use super::error::Error;
use crate::model::Auth;

/// The variable that names the file.
const PATH: &str = "AZURE_CLIENT_CERTIFICATE_PATH";

/// The most that is read of the file.
const MOST: u64 = 1024 * 1024;

/// How long an assertion is good, in seconds: long enough for clocks that differ.
const LIFETIME: i64 = 300;

/// What Entra takes from a certificate's key: RSA-PSS.
const ALGORITHM: Algorithm = Algorithm::PS256;

/// A certificate with its key, ready to sign.
pub(super) struct Certificate {
    header: Header,
    key: EncodingKey,
}

/// Why a file is no certificate to use: what is wrong, and what to do.
pub(super) type Unfit = (String, &'static str);

const ONE_FILE: &str = "let AZURE_CLIENT_CERTIFICATE_PATH name one file with the certificate and its RSA key: PEM (`BEGIN CERTIFICATE` and `BEGIN PRIVATE KEY`), or PFX";
const RENEW: &str = "renew the certificate, and upload the new one to the app registration";

fn unfit(problem: impl Into<String>, help: &'static str) -> Unfit {
    (problem.into(), help)
}

impl Certificate {
    /// The certificate and key in the file at `path`, if they belong together and are good at `now`.
    /// `send_chain` puts the certificates themselves into each assertion (subject name and issuer).
    pub(super) fn load(
        path: &str,
        password: Option<&SecretString>,
        send_chain: bool,
        now: Timestamp,
    ) -> Result<Self, Error> {
        let bytes = read(path).map_err(|cause| Error::File {
            auth: Auth::ClientCertificate,
            variable: PATH,
            path: path.to_owned(),
            cause,
        })?;
        Self::parse(&bytes, password, send_chain, now).map_err(|(problem, help)| Error::BadFile {
            auth: Auth::ClientCertificate,
            path: path.to_owned(),
            problem,
            help,
        })
    }

    pub(super) fn parse(
        bytes: &[u8],
        password: Option<&SecretString>,
        send_chain: bool,
        now: Timestamp,
    ) -> Result<Self, Unfit> {
        if bytes.len() as u64 > MOST {
            return Err(unfit("it is too large", ONE_FILE));
        }
        let is_pem = bytes.windows(10).any(|part| part == b"-----BEGIN");
        let (certificates, key) = if is_pem {
            pem(bytes)?
        } else {
            pfx(bytes, password)?
        };
        let (leaf, chain) = ordered(&certificates, &key)?;
        check_dates(&leaf.1, now)?;
        let mut header = Header::new(ALGORITHM);
        header.x5t_s256 = Some(URL_SAFE_NO_PAD.encode(sha2::Sha256::digest(leaf.0)));
        if send_chain {
            let all = std::iter::once(leaf.0).chain(chain);
            header.x5c = Some(all.map(|der| STANDARD.encode(der)).collect());
        }
        Ok(Self { header, key })
    }

    /// An assertion that whoever holds the key is `app`, for the token endpoint `audience`.
    pub(super) fn assertion(
        &self,
        app: &App,
        audience: &str,
        now: Timestamp,
    ) -> Result<String, jsonwebtoken::errors::Error> {
        let now = now.as_second();
        let claims = Claims {
            aud: audience,
            iss: &app.client_id,
            sub: &app.client_id,
            jti: uuid::Uuid::new_v4().to_string(),
            iat: now,
            nbf: now,
            exp: now + LIFETIME,
        };
        jsonwebtoken::encode(&self.header, &claims, &self.key)
    }
}

#[derive(Serialize)]
struct Claims<'a> {
    aud: &'a str,
    iss: &'a str,
    sub: &'a str,
    jti: String,
    iat: i64,
    nbf: i64,
    exp: i64,
}

fn read(path: &str) -> std::io::Result<Zeroizing<Vec<u8>>> {
    // Opening a pipe would wait for its other end.
    if !std::fs::metadata(path)?.is_file() {
        return Err(std::io::Error::other("it is no file"));
    }
    let file = std::fs::File::open(path)?;
    // Room for all of it: a vector that grows leaves copies behind.
    let size = file.metadata()?.len().min(MOST) + 2;
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(size).unwrap_or(0)));
    file.take(MOST + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

type Parts = (Vec<Vec<u8>>, EncodingKey);

fn pem(bytes: &[u8]) -> Result<Parts, Unfit> {
    if bytes.windows(9).any(|part| part == b"ENCRYPTED") {
        return Err(unfit(
            "its private key is encrypted, which is not supported in a PEM file",
            "write it as PFX with `openssl pkcs12 -export`, with the password in AZURE_CLIENT_CERTIFICATE_PASSWORD, or decrypt the key",
        ));
    }
    let mut certificates = Vec::new();
    let mut keys = Vec::new();
    for section in <(SectionKind, Vec<u8>)>::pem_slice_iter(bytes) {
        let (kind, der) = section.map_err(|_| unfit("it is no whole PEM", ONE_FILE))?;
        let der = Zeroizing::new(der);
        if kind == SectionKind::Certificate {
            certificates.push(der.to_vec());
        } else if kind == SectionKind::RsaPrivateKey {
            keys.push(EncodingKey::from_rsa_der(&der));
        } else if kind == SectionKind::PrivateKey {
            keys.push(pkcs8(&der)?);
        } else if kind == SectionKind::EcPrivateKey {
            return Err(only_rsa());
        }
    }
    match keys.len() {
        0 => Err(unfit("there is no private key in it", ONE_FILE)),
        1 => keys
            .pop()
            .map(|key| (certificates, key))
            .ok_or_else(|| unfit("there is no private key in it", ONE_FILE)),
        _ => Err(unfit("there is more than one private key in it", ONE_FILE)),
    }
}

fn pfx(bytes: &[u8], password: Option<&SecretString>) -> Result<Parts, Unfit> {
    let password_given = password.is_some();
    let password = password.map_or("", |password| password.expose_secret());
    // Its errors are not shown: they do not tell a wrong password from a damaged file.
    let store =
        KeyStore::from_pkcs12(bytes, password, Pkcs12ImportPolicy::Relaxed).map_err(|_| {
            let (problem, help) = if password_given {
                (
                    "it is neither PEM nor a PFX file that opens with the password",
                    "check AZURE_CLIENT_CERTIFICATE_PASSWORD, and that the file is whole",
                )
            } else {
                (
                    "it is neither PEM nor a PFX file that opens without a password",
                    "set AZURE_CLIENT_CERTIFICATE_PASSWORD, and check that the file is whole",
                )
            };
            unfit(problem, help)
        })?;
    let Some((_, chain)) = store.private_key_chain() else {
        return Err(unfit("there is no private key in it", ONE_FILE));
    };
    let key = pkcs8(chain.key().as_der())?;
    let certificates = chain.certs().iter().map(|one| one.as_der().to_vec());
    Ok((certificates.collect(), key))
}

fn only_rsa() -> Unfit {
    unfit(
        "its private key is not an RSA key, and Entra takes no other",
        ONE_FILE,
    )
}

/// A key in PKCS#8. The signer wants what is inside, and its crate takes that out of PEM only.
fn pkcs8(der: &[u8]) -> Result<EncodingKey, Unfit> {
    let text = SecretString::from(format!(
        "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
        STANDARD.encode(der)
    ));
    EncodingKey::from_rsa_pem(text.expose_secret().as_bytes()).map_err(|_| only_rsa())
}

type Leaf<'a> = (&'a [u8], X509Certificate<'a>);

/// The certificate that `key` belongs to, and the others in their order.
fn ordered<'a>(
    certificates: &'a [Vec<u8>],
    key: &EncodingKey,
) -> Result<(Leaf<'a>, Vec<&'a [u8]>), Unfit> {
    if certificates.is_empty() {
        return Err(unfit("there is no certificate in it", ONE_FILE));
    }
    // A signature shows which certificate is the key's.
    let message = b"jumpbag";
    let signature = crypto::sign(message, key, ALGORITHM)
        .map_err(|_| unfit("its private key cannot sign", ONE_FILE))?;
    for (place, der) in certificates.iter().enumerate() {
        let Ok((_, parsed)) = parse_x509_certificate(der) else {
            return Err(unfit("a certificate in it is damaged", ONE_FILE));
        };
        let public = DecodingKey::from_rsa_der(&parsed.public_key().subject_public_key.data);
        if crypto::verify(&signature, message, &public, ALGORITHM).unwrap_or(false) {
            let others = certificates.iter().enumerate();
            let others = others.filter(move |(other, _)| *other != place);
            let others = others.map(|(_, der)| der.as_slice());
            return Ok(((der, parsed), others.collect()));
        }
    }
    Err(unfit(
        "its private key does not belong to a certificate in it",
        ONE_FILE,
    ))
}

fn check_dates(certificate: &X509Certificate<'_>, now: Timestamp) -> Result<(), Unfit> {
    let validity = certificate.validity();
    let date = |seconds: i64| {
        Timestamp::from_second(seconds).map_or_else(|_| "?".to_owned(), |date| date.to_string())
    };
    let (from, until) = (
        validity.not_before.timestamp(),
        validity.not_after.timestamp(),
    );
    if now.as_second() > until {
        return Err(unfit(
            format!("the certificate expired at {}", date(until)),
            RENEW,
        ));
    }
    if now.as_second() < from {
        return Err(unfit(
            format!("the certificate is valid from {} only", date(from)),
            "check this machine's clock",
        ));
    }
    Ok(())
}

/// Signs an assertion for each token.
pub(super) struct Signed {
    certificate: Certificate,
    app: App,
    audience: String,
    now: fn() -> Timestamp,
}

impl Signed {
    /// Assertions of `app` for the token endpoint `audience`.
    pub(super) fn new(
        certificate: Certificate,
        app: &App,
        audience: String,
        now: fn() -> Timestamp,
    ) -> Self {
        Self {
            certificate,
            app: app.clone(),
            audience,
            now,
        }
    }
}

impl fmt::Debug for Signed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signed").finish_non_exhaustive()
    }
}

#[async_trait::async_trait]
impl ClientAssertion for Signed {
    async fn secret(&self, _: Option<ClientMethodOptions<'_>>) -> azure_core::Result<String> {
        self.certificate
            .assertion(&self.app, &self.audience, (self.now)())
            .map_err(|_| {
                let message = "the key cannot sign the assertion";
                azure_core::Error::with_message(ErrorKind::Credential, message)
            })
    }
}
