//! The certificate authorities of a `ca_file`.

use std::io::Read as _;

use camino::{Utf8Path, Utf8PathBuf};
use reqwest::Certificate;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;

use super::Error;

/// The most that is read of a `ca_file`; a system's whole bundle has some 250 kB.
const MOST: u64 = 4 * 1024 * 1024;

/// Where `path` is, links followed; it has to be in `folder`.
pub(super) fn inside(folder: &Utf8Path, path: &Utf8Path) -> Result<Utf8PathBuf, Error> {
    let unreadable = |cause| Error::Unreadable {
        path: path.to_owned(),
        cause,
    };
    let folder = if folder == "" { ".".into() } else { folder };
    let root = folder.canonicalize_utf8().map_err(unreadable)?;
    let real = root.join(path).canonicalize_utf8().map_err(unreadable)?;
    if !real.starts_with(&root) {
        return Err(Error::Outside {
            path: path.to_owned(),
        });
    }
    Ok(real)
}

/// The certificates in the file at `path`.
pub(super) fn read(path: &Utf8Path) -> Result<Vec<Certificate>, Error> {
    let unreadable = |cause| Error::Unreadable {
        path: path.to_owned(),
        cause,
    };
    let not_pem = |problem| Error::NotPem {
        path: path.to_owned(),
        problem,
    };
    // Opening a pipe would wait for its other end.
    if !path.metadata().map_err(unreadable)?.is_file() {
        return Err(not_pem("it is no file"));
    }
    let mut pem = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(MOST + 1).read_to_end(&mut pem))
        .map_err(unreadable)?;
    if pem.len() as u64 > MOST {
        return Err(not_pem("it is too large"));
    }
    parse(&pem).map_err(not_pem)
}

fn parse(pem: &[u8]) -> Result<Vec<Certificate>, &'static str> {
    let mut certificates = Vec::new();
    for der in CertificateDer::pem_slice_iter(pem) {
        let der = der.map_err(|_| "it is no PEM")?;
        // What is not parsed would be left out without a word.
        match x509_parser::parse_x509_certificate(&der) {
            Ok(([], _)) => {}
            _ => return Err("a block in it is no certificate"),
        }
        certificates
            .push(Certificate::from_der(&der).map_err(|_| "a block in it is no certificate")?);
    }
    if certificates.is_empty() {
        return Err("there is no `BEGIN CERTIFICATE` in it");
    }
    Ok(certificates)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_certificates_are_taken_for_certificates() {
        let problem = |text: &str| parse(text.as_bytes()).unwrap_err();
        assert_eq!(problem(""), "there is no `BEGIN CERTIFICATE` in it");
        assert_eq!(problem("hello"), "there is no `BEGIN CERTIFICATE` in it");
        let block = |body: &str| {
            format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n")
        };
        assert_eq!(problem(&block("!")), "it is no PEM");
        assert_eq!(problem(&block("AAAA")), "a block in it is no certificate");
        let key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
        assert_eq!(problem(key), "there is no `BEGIN CERTIFICATE` in it");
    }

    #[cfg(unix)]
    #[test]
    fn authorities_come_from_the_manifests_folder() {
        let outer = tempfile::tempdir().unwrap();
        let outer = Utf8Path::from_path(outer.path()).unwrap();
        std::fs::create_dir(outer.join("in")).unwrap();
        std::fs::File::create(outer.join("ca.pem")).unwrap();
        std::os::unix::fs::symlink(outer.join("ca.pem"), outer.join("in/link.pem")).unwrap();
        let found = inside(&outer.join("in"), Utf8Path::new("link.pem"));
        assert!(matches!(found, Err(Error::Outside { .. })));
        let found = inside(&outer.join("in"), Utf8Path::new("none.pem"));
        assert!(matches!(found, Err(Error::Unreadable { .. })));
        assert!(inside(outer, Utf8Path::new("ca.pem")).is_ok());
    }
}
