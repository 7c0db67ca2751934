//! Assertions in the place of a secret, with Entra's code for what is wrong with each.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, PKCS_RSA_SHA256,
    date_time_ymd,
};
use tempfile::TempDir;

use super::*;

fn assertion_code(entra: &Entra, assertion: &str) -> u32 {
    code(ask(entra, Proof::Assertion(assertion)))
}

/// An RSA key and a certificate of it, in a folder as `cert.pem`.
struct Client {
    folder: TempDir,
    key: KeyPair,
    der: Vec<u8>,
}

fn validity(params: &mut CertificateParams, from: i32, to: i32) {
    params.not_before = date_time_ymd(from, 1, 1);
    params.not_after = date_time_ymd(to, 1, 1);
}

impl Client {
    fn new(to: i32) -> Self {
        let key = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
        let mut params = CertificateParams::default();
        validity(&mut params, 2020, to);
        let certificate = params.self_signed(&key).unwrap();
        let client = Self {
            folder: tempfile::tempdir().unwrap(),
            key,
            der: certificate.der().to_vec(),
        };
        client.write("cert.pem", &certificate.pem());
        client
    }

    fn write(&self, name: &str, text: &str) {
        std::io::copy(
            &mut text.as_bytes(),
            &mut std::fs::File::create(self.folder.path().join(name)).unwrap(),
        )
        .unwrap();
    }

    fn entra(&self, app: &Value) -> Entra {
        entra_in(self.folder.path(), app, &json!({}))
    }

    fn header(&self) -> Header {
        let sha256 = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &self.der);
        let mut header = Header::new(Algorithm::RS256);
        header.x5t_s256 = Some(URL_SAFE_NO_PAD.encode(sha256));
        header
    }

    fn sign(&self, header: &Header, claims: &Value) -> String {
        let key = EncodingKey::from_rsa_pem(self.key.serialize_pem().as_bytes()).unwrap();
        jsonwebtoken::encode(header, claims, &key).unwrap()
    }
}

/// The claims of a good assertion, and `changes` to them; `null` takes a claim out.
fn claims(changes: &Value) -> Value {
    let seconds = now().as_second();
    let mut claims = json!({
        "aud": format!("{URL}/{TENANT}/oauth2/v2.0/token"),
        "iss": APP,
        "sub": APP,
        "jti": "1",
        "nbf": seconds - 10,
        "exp": seconds + 300,
    });
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims
        .as_object_mut()
        .unwrap()
        .retain(|_, value| !value.is_null());
    claims
}

#[test]
fn a_certificates_assertion_is_checked_claim_by_claim() {
    let client = Client::new(2030);
    let entra = client.entra(&json!({ "certificates": ["cert.pem"] }));
    let seconds = now().as_second();
    let cases = [
        (json!({}), 0),
        (json!({ "aud": format!("{URL}/{TENANT}/v2.0") }), 0),
        (json!({ "aud": ["x", format!("{URL}/{TENANT}/v2.0")] }), 0),
        (json!({ "iss": APP.to_uppercase() }), 0),
        (json!({ "nbf": null }), 0),
        (json!({ "aud": null }), 700_023),
        (json!({ "aud": URL }), 700_023),
        (
            json!({ "aud": "https://login.microsoftonline.com/common/v2.0" }),
            700_023,
        ),
        (json!({ "iss": TENANT }), 700_021),
        (json!({ "sub": TENANT }), 700_021),
        (json!({ "sub": null }), 700_021),
        (json!({ "iss": null }), 50_027),
        (json!({ "exp": null }), 50_027),
        (json!({ "exp": seconds }), 700_024),
        (json!({ "exp": seconds - 1 }), 700_024),
        (json!({ "nbf": seconds + 1 }), 700_024),
    ];
    for (changes, expected) in cases {
        let assertion = client.sign(&client.header(), &claims(&changes));
        assert_eq!(assertion_code(&entra, &assertion), expected, "{changes}");
    }
    for malformed in ["", "a.b.c", "eyJhbGciOiJub25lIn0.e30."] {
        assert_eq!(assertion_code(&entra, malformed), 50_027, "{malformed}");
    }
}

#[test]
fn a_certificates_assertion_is_signed_by_the_registered_key() {
    let (client, other) = (Client::new(2030), Client::new(2030));
    let entra = client.entra(&json!({ "certificates": ["cert.pem"] }));
    let good = claims(&json!({}));
    let code_of = |header: &Header, by: &Client| assertion_code(&entra, &by.sign(header, &good));

    let sha1 = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY, &client.der);
    for (x5t, expected) in [
        (Some(URL_SAFE_NO_PAD.encode(sha1)), 0),
        (Some(STANDARD.encode(sha1)), 0),
        (Some("AAAA".to_owned()), 700_027),
        (None, 700_027),
    ] {
        for algorithm in [Algorithm::RS256, Algorithm::PS256] {
            let mut header = Header::new(algorithm);
            header.x5t.clone_from(&x5t);
            assert_eq!(code_of(&header, &client), expected, "{x5t:?} {algorithm:?}");
        }
    }
    assert_eq!(code_of(&client.header(), &client), 0);
    assert_eq!(
        code_of(&client.header(), &other),
        700_027,
        "another's signature"
    );
    assert_eq!(code_of(&other.header(), &other), 700_027, "not registered");
    let mut weak = client.header();
    weak.alg = Algorithm::RS512;
    assert_eq!(code_of(&weak, &client), 5_002_738);
}

#[test]
fn an_expired_certificate_proves_nothing() {
    let client = Client::new(2026);
    let entra = client.entra(&json!({ "certificates": ["cert.pem"] }));
    let assertion = client.sign(&client.header(), &claims(&json!({})));
    let refused = ask(&entra, Proof::Assertion(&assertion)).unwrap_err();
    assert_eq!(refused.code, 700_027);
    assert!(
        refused.message.contains("The key used is expired."),
        "{refused:?}"
    );
}

#[test]
fn a_chain_is_trusted_for_its_name_and_its_authority() {
    let authority = |name: &str| {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
    };
    let (ca, other) = (authority("ca"), authority("other"));
    let client = Client::new(2030);
    client.write("ca.pem", &ca.pem());
    let trusted = json!([{ "subject_name": "BAG.contoso.example", "ca": "ca.pem" }]);
    let entra = client.entra(&json!({ "trusted_subjects": trusted }));
    let cases = [
        ("bag.contoso.example", &ca, 2030, 0),
        ("bag.contoso.example", &other, 2030, 700_027),
        ("box.contoso.example", &ca, 2030, 700_027),
        ("bag.contoso.example", &ca, 2026, 700_027),
    ];
    for (name, issuer, to, expected) in cases {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        validity(&mut params, 2020, to);
        let leaf = params.signed_by(&client.key, issuer).unwrap();
        let mut header = Header::new(Algorithm::PS256);
        header.x5c = Some(
            [leaf.der(), issuer.der()]
                .map(|der| STANDARD.encode(der))
                .to_vec(),
        );
        let assertion = client.sign(&header, &claims(&json!({})));
        assert_eq!(assertion_code(&entra, &assertion), expected, "{name} {to}");
        // The chain is nothing without the key.
        let forged = Client::new(2030).sign(&header, &claims(&json!({})));
        assert_eq!(assertion_code(&entra, &forged), 700_027, "{name} {to}");
    }
}

#[test]
fn a_federated_token_matches_issuer_subject_and_audience() {
    let subject = "repo:contoso/bag:ref:refs/heads/main";
    let github = "https://token.actions.githubusercontent.com";
    let entra = entra(&json!({ "federated": [
        { "issuer": "self", "subject": subject },
        { "issuer": "self", "subject": "other", "audience": "api://other" },
        { "issuer": github, "subject": subject },
    ]}));
    let good = json!({
        "iss": entra.issuer(),
        "sub": subject,
        "aud": "api://AzureADTokenExchange",
    });
    let seconds = now().as_second();
    let cases = [
        (json!({}), 0),
        (json!({ "sub": "other", "aud": ["api://other"] }), 0),
        (json!({ "iss": format!("{URL}/") }), 700_211),
        (json!({ "sub": subject.to_uppercase() }), 700_213),
        (json!({ "sub": null }), 700_213),
        (json!({ "sub": "other" }), 700_212),
        (json!({ "aud": null }), 700_212),
        (json!({ "aud": "api://other" }), 700_212),
        (json!({ "iss": github }), 90_061),
        (json!({ "exp": seconds }), 700_024),
        (json!({ "nbf": seconds + 1 }), 700_024),
    ];
    let token = |changes: &Value, signer: &Signer| {
        let mut changed = claims(&good);
        for (name, value) in changes.as_object().unwrap() {
            changed[name] = value.clone();
        }
        signer.sign(&claims(&changed)).unwrap()
    };
    for (changes, expected) in cases {
        let code = assertion_code(&entra, &token(&changes, &entra.signer));
        assert_eq!(code, expected, "{changes}");
    }
    let forged = token(&json!({}), &Signer::new().unwrap());
    assert_eq!(assertion_code(&entra, &forged), 700_027);
}

#[test]
fn the_documented_file_is_read() {
    let client = Client::new(2030);
    std::fs::copy(
        client.folder.path().join("cert.pem"),
        client.folder.path().join("ca.pem"),
    )
    .unwrap();
    let text = include_bytes!("../example.json");
    let directory = Directory::parse(text, client.folder.path()).unwrap();
    assert_eq!(directory.audience, RESOURCE);
}
