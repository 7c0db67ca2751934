use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256, date_time_ymd};
use secrecy::SecretString;
use std::sync::LazyLock;
use x509_parser::parse_x509_certificate;

use crate::identity::certificate::{Certificate, Unfit};
use crate::identity::choose::App;

/// Making RSA keys takes time; two are enough for all tests.
static KEYS: LazyLock<[KeyPair; 2]> =
    LazyLock::new(|| [0, 1].map(|_| KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap()));

fn certificate(key: &KeyPair) -> rcgen::Certificate {
    let mut params = CertificateParams::new(vec!["bag.example".to_owned()]).unwrap();
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2021, 1, 1);
    params.self_signed(key).unwrap()
}

fn now() -> Timestamp {
    "2020-06-01T00:00:00Z".parse().unwrap()
}

fn parse(file: impl AsRef<[u8]>, password: Option<&str>) -> Result<Certificate, Unfit> {
    let password = password.map(SecretString::from);
    Certificate::parse(file.as_ref(), password.as_ref(), true, now())
}

/// The problem with `file`.
fn problem(file: impl AsRef<[u8]>, password: Option<&str>) -> String {
    match parse(file, password) {
        Ok(_) => "none".to_owned(),
        Err((problem, _)) => problem,
    }
}

#[test]
fn an_assertion_is_what_the_token_service_checks() {
    let [key, other] = &*KEYS;
    let (leaf, issuer) = (certificate(key), certificate(other));
    // In any order: the key says which is its certificate.
    let file = format!("{}{}{}", issuer.pem(), key.serialize_pem(), leaf.pem());
    let certificate = parse(file, None).unwrap();
    let app = App {
        tenant_id: "tenant".to_owned(),
        client_id: "client".to_owned(),
    };
    let sign = |at| certificate.assertion(&app, "https://login/token", at);
    let assertion = sign(now()).unwrap();
    let header = decode_header(&assertion).unwrap();
    assert_eq!(header.alg, Algorithm::PS256);
    let digest = {
        use sha2::Digest as _;
        sha2::Sha256::digest(leaf.der())
    };
    let thumbprint = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(digest);
    assert_eq!(header.x5t_s256, Some(thumbprint));
    let chain = [&leaf, &issuer].map(|one| STANDARD.encode(one.der()));
    assert_eq!(header.x5c, Some(chain.to_vec()));

    let (_, parsed) = parse_x509_certificate(leaf.der()).unwrap();
    let public = DecodingKey::from_rsa_der(&parsed.public_key().subject_public_key.data);
    let mut rules = Validation::new(Algorithm::PS256);
    rules.set_audience(&["https://login/token"]);
    rules.validate_exp = false;
    let claims = decode::<serde_json::Value>(&assertion, &public, &rules).unwrap();
    let claims = claims.claims;
    assert_eq!(
        (&claims["iss"], &claims["sub"]),
        (&"client".into(), &"client".into())
    );
    assert_eq!(claims["nbf"], now().as_second());
    assert_eq!(claims["exp"], now().as_second() + 300);
    assert_ne!(assertion, sign(now()).unwrap(), "each has an id of its own");
}

#[test]
fn pkcs1_and_pfx_are_read_too() {
    let [key, _] = &*KEYS;
    let leaf = certificate(key);
    let store = p12(&leaf, key, "hush");
    assert_eq!(problem(&store, Some("hush")), "none");
    assert_eq!(
        problem(&store, Some("wrong")),
        "it is neither PEM nor a PFX file that opens with the password"
    );
    assert_eq!(
        problem(&store, None),
        "it is neither PEM nor a PFX file that opens without a password"
    );
    // What PKCS#8 wraps is PKCS#1: a sequence that begins with its version.
    let pkcs8 = key.serialize_der();
    let inner = pkcs8[22..]
        .windows(2)
        .position(|pair| pair == [0x30, 0x82])
        .unwrap();
    let pkcs1 = STANDARD.encode(&pkcs8[22 + inner..]);
    let file = format!(
        "{}-----BEGIN RSA PRIVATE KEY-----\n{pkcs1}\n-----END RSA PRIVATE KEY-----\n",
        leaf.pem()
    );
    assert_eq!(problem(file, None), "none");
}

fn p12(leaf: &rcgen::Certificate, key: &KeyPair, password: &str) -> Vec<u8> {
    use p12_keystore::{Certificate, KeyStore, KeyStoreEntry, PrivateKey, PrivateKeyChain};
    let key = PrivateKey::from_der(&key.serialize_der()).unwrap();
    let leaf = Certificate::from_der(leaf.der()).unwrap();
    let mut store = KeyStore::new();
    let chain = PrivateKeyChain::new("1", key, [leaf]);
    store.add_entry("bag", KeyStoreEntry::PrivateKeyChain(chain));
    store.writer(password).write().unwrap()
}

#[test]
fn a_file_that_cannot_be_used_says_why() {
    let [key, other] = &*KEYS;
    let leaf = certificate(key).pem();
    let pem = key.serialize_pem();
    let ec = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let encrypted =
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let cases = [
        (
            String::new(),
            "it is neither PEM nor a PFX file that opens without a password",
        ),
        (leaf.clone(), "there is no private key in it"),
        (pem.clone(), "there is no certificate in it"),
        (
            format!("{leaf}{pem}{pem}"),
            "there is more than one private key in it",
        ),
        (
            format!("{leaf}{}", other.serialize_pem()),
            "its private key does not belong to a certificate in it",
        ),
        (
            format!("{leaf}{encrypted}"),
            "its private key is encrypted, which is not supported in a PEM file",
        ),
        (
            format!("{}{}", certificate(&ec).pem(), ec.serialize_pem()),
            "its private key is not an RSA key, and Entra takes no other",
        ),
        (leaf.replace("-----END", "----END"), "it is no whole PEM"),
        (" ".repeat(1024 * 1024 + 1), "it is too large"),
    ];
    for (file, expected) in cases {
        assert_eq!(problem(&file, None), expected, "{file}");
    }
}

#[test]
fn a_certificate_is_checked_before_anybody_is_asked() {
    let [key, _] = &*KEYS;
    let file = format!("{}{}", certificate(key).pem(), key.serialize_pem());
    let at = |time: &str| {
        let parsed = Certificate::parse(file.as_bytes(), None, false, time.parse().unwrap());
        parsed.err().map(|(problem, _)| problem)
    };
    assert_eq!(at("2020-01-01T00:00:00Z"), None);
    let expired = "the certificate expired at 2021-01-01T00:00:00Z";
    assert_eq!(at("2021-01-01T00:00:01Z").as_deref(), Some(expired));
    let early = "the certificate is valid from 2020-01-01T00:00:00Z only";
    assert_eq!(at("2019-12-31T23:59:59Z").as_deref(), Some(early));
}
