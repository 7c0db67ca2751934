//! TLS: a certificate authority for one run of the emulator, and a server certificate of it.
//!
//! The authority is new with each start, and its key is gone with the function that made it:
//! whoever trusts `ca.pem` trusts the key, and no key that is on a disk is worth that.

use std::net::IpAddr;
use std::sync::Arc;

use jiff::civil::Date;
use jiff::tz::Offset;
use jiff::{Span, Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose,
};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use uuid::Uuid;

/// Which certificate the emulator shows over TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Tls {
    /// One for `localhost`, the loopback addresses, and the address that it listens on.
    Valid,
    /// The same, but its time is over.
    Expired,
    /// One for another host.
    WrongHost,
}

/// Why there is no certificate: what rcgen or rustls say.
pub(crate) type TlsError = Box<dyn std::error::Error + Send + Sync>;

/// What the emulator needs to speak TLS, and what its clients need to trust it.
pub(crate) struct Secured {
    pub(crate) acceptor: TlsAcceptor,
    /// The authority's certificate as PEM.
    pub(crate) ca: String,
}

/// Makes an authority and a server certificate of the kind `tls` for the address `listen`.
pub(crate) fn set_up(tls: Tls, listen: IpAddr, now: Timestamp) -> Result<Secured, TlsError> {
    let today = Offset::UTC.to_datetime(now).date();
    let (ca, issuer) = authority(today)?;
    let key = KeyPair::generate()?;
    let certificate = server(tls, listen, today)?.signed_by(&key, &issuer)?;
    let key = PrivateKeyDer::Pkcs8(key.into());
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.into()], key)?;
    // A fault closes one connection, and in HTTP/2 other calls would go with it.
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Secured {
        acceptor: TlsAcceptor::from(Arc::new(config)),
        ca,
    })
}

/// Returns the authority's certificate as PEM, and the right to sign others.
fn authority(today: Date) -> Result<(String, Issuer<'static, KeyPair>), TlsError> {
    let mut params = CertificateParams::default();
    // Each authority has its own name, so that another one is unknown, and not one whose signature
    // is wrong.
    params.distinguished_name = named(&format!("jumpbag emulator {}", Uuid::new_v4()));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    set_validity(&mut params, today, -1, 90)?;
    let key = KeyPair::generate()?;
    let ca = params.self_signed(&key)?.pem();
    Ok((ca, Issuer::new(params, key)))
}

fn server(tls: Tls, listen: IpAddr, today: Date) -> Result<CertificateParams, TlsError> {
    let mut names = ["localhost", "127.0.0.1", "::1"]
        .map(str::to_owned)
        .to_vec();
    if tls == Tls::WrongHost {
        names = vec!["another-host.invalid".to_owned()];
    } else if !names.contains(&listen.to_string()) {
        names.push(listen.to_string());
    }
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name = named("jumpbag emulator's server");
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let (from, to) = if tls == Tls::Expired {
        (-30, -1)
    } else {
        (-1, 90)
    };
    set_validity(&mut params, today, from, to)?;
    Ok(params)
}

fn named(name: &str) -> DistinguishedName {
    let mut names = DistinguishedName::new();
    names.push(DnType::CommonName, name);
    names
}

/// Makes it valid from one midnight to another, both so many days from today.
fn set_validity(
    params: &mut CertificateParams,
    today: Date,
    from: i64,
    to: i64,
) -> Result<(), TlsError> {
    let midnight = |days| -> Result<_, TlsError> {
        let date = today.checked_add(Span::new().try_days(days)?)?;
        let (month, day) = (u8::try_from(date.month())?, u8::try_from(date.day())?);
        Ok(rcgen::date_time_ymd(date.year().into(), month, day))
    };
    params.not_before = midnight(from)?;
    params.not_after = midnight(to)?;
    Ok(())
}
