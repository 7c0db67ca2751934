//! The emulator over TLS, as clients see it that look at its certificate.

use std::sync::Arc;

use jumpbag_emulator::{Emulator, Settings, Tls, start};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{
    ClientConfig, ProtocolVersion, RootCertStore, SupportedProtocolVersion,
};

use crate::client::{Answer, list_request, settings, talk};

/// Starts an emulator that shows a certificate of this kind.
pub(crate) async fn emulator(tls: Tls, faults: &[&str]) -> (TempDir, Emulator) {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings {
        tls: Some(tls),
        ..settings(folder.path(), faults)
    };
    let emulator = start(settings).await.unwrap();
    (folder, emulator)
}

type Version = &'static SupportedProtocolVersion;

/// Connects as a client that trusts `ca`; an error is what that client says.
async fn connect(
    emulator: &Emulator,
    ca: &[u8],
    name: &str,
    version: Version,
) -> Result<TlsStream<TcpStream>, String> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(ca) {
        roots.add(certificate.unwrap()).unwrap();
    }
    let mut config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let stream = TcpStream::connect(emulator.address()).await.unwrap();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let connector = TlsConnector::from(Arc::new(config));
    connector
        .connect(name, stream)
        .await
        .map_err(|error| error.to_string())
}

/// The certificate that the emulator says is to be trusted.
fn ca(emulator: &Emulator) -> Vec<u8> {
    std::fs::read(emulator.ca().unwrap()).unwrap()
}

/// Sends bytes over TLS, and expects an answer.
pub(crate) async fn send(emulator: &Emulator, bytes: &[u8]) -> Answer {
    let stream = connect(emulator, &ca(emulator), "localhost", &TLS13).await;
    talk(stream.unwrap(), bytes).await.expect("an answer")
}

#[tokio::test]
async fn who_trusts_its_authority_is_answered_by_every_name_and_version() {
    let (_folder, emulator) = emulator(Tls::Valid, &[]).await;
    assert_eq!(emulator.url(), format!("https://{}", emulator.address()));
    let versions: [(Version, _); 2] = [
        (&TLS12, ProtocolVersion::TLSv1_2),
        (&TLS13, ProtocolVersion::TLSv1_3),
    ];
    for name in ["localhost", "127.0.0.1", "::1"] {
        for (offered, spoken) in versions {
            let stream = connect(&emulator, &ca(&emulator), name, offered).await;
            let stream = stream.unwrap();
            let session = stream.get_ref().1;
            assert_eq!(session.protocol_version(), Some(spoken));
            assert_eq!(session.alpn_protocol(), Some(&b"http/1.1"[..]));
            let answer = talk(stream, &list_request()).await.unwrap();
            assert_eq!(answer.status, 200);
            let context = answer.json()["@odata.context"].to_string();
            assert!(context.starts_with("\"https://"), "{context}");
        }
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_certificate_is_seen() {
    let other = tempfile::tempdir().unwrap();
    let other = start(Settings {
        tls: Some(Tls::Valid),
        ..settings(other.path(), &[])
    });
    let others_ca = ca(&other.await.unwrap());
    let cases = [
        (Tls::Expired, None, "certificate expired"),
        (Tls::WrongHost, None, "not valid for name"),
        (Tls::Valid, Some(&others_ca), "UnknownIssuer"),
    ];
    for (tls, trusted, expected) in cases {
        let (_folder, emulator) = emulator(tls, &[]).await;
        let own = ca(&emulator);
        let error = connect(&emulator, trusted.unwrap_or(&own), "localhost", &TLS13).await;
        let error = error.unwrap_err();
        assert!(error.contains(expected), "{error}");
        assert_eq!(emulator.calls().list, 0);
    }
}

#[tokio::test]
async fn only_the_certificate_of_the_authority_is_on_the_disk() {
    let (folder, emulator) = emulator(Tls::Valid, &[]).await;
    assert_eq!(
        emulator.ca(),
        Some(folder.path().join("data/ca.pem").as_path())
    );
    let pem = String::from_utf8(ca(&emulator)).unwrap();
    assert_eq!(pem.matches("-----BEGIN ").count(), 1, "{pem}");
    assert!(pem.starts_with("-----BEGIN CERTIFICATE-----"), "{pem}");
    emulator.stop().await;
    let again = settings(folder.path(), &[]);
    let again = start(Settings {
        tls: Some(Tls::Valid),
        ..again
    });
    assert_ne!(String::from_utf8(ca(&again.await.unwrap())).unwrap(), pem);
}

#[tokio::test]
async fn faults_are_the_same_over_tls() {
    let faults = ["list:1:drop-before", "list:2:truncate", "list:3:status=503"];
    let (_folder, emulator) = emulator(Tls::Valid, &faults).await;
    let ask = async || {
        let stream = connect(&emulator, &ca(&emulator), "localhost", &TLS13).await;
        talk(stream.unwrap(), &list_request()).await
    };
    assert!(ask().await.is_none());
    let cut = ask().await.unwrap();
    let length: usize = cut.header("content-length").unwrap().parse().unwrap();
    assert_eq!(cut.body.len(), length / 2);
    assert_eq!(ask().await.unwrap().status, 503);
    assert_eq!(ask().await.unwrap().status, 200);
}

#[tokio::test]
async fn what_is_not_tls_gets_no_answer_and_stops_nobody() {
    let (_folder, emulator) = emulator(Tls::Valid, &[]).await;
    // The one speaks HTTP, the other says nothing at all.
    let mut plain = TcpStream::connect(emulator.address()).await.unwrap();
    plain.write_all(&list_request()).await.unwrap();
    let mut received = Vec::new();
    drop(plain.read_to_end(&mut received).await);
    assert!(!received.starts_with(b"HTTP/"), "{received:?}");
    let _silent = TcpStream::connect(emulator.address()).await.unwrap();
    assert_eq!(send(&emulator, &list_request()).await.status, 200);
    emulator.stop().await;
}
