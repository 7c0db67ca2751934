//! Each check of a client's proof, with Entra's code for what is wrong.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, PKCS_RSA_SHA256,
    date_time_ymd,
};
use tempfile::TempDir;

use super::*;

const TENANT: &str = "11111111-0000-0000-0000-00000000000a";
const APP: &str = "22222222-0000-0000-0000-00000000000b";
const URL: &str = "https://127.0.0.1:8443";
const RESOURCE: &str = "https://api.securitycenter.microsoft.com";
const NOW: &str = "2026-06-01T12:00:00Z";

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

/// A directory whose file is `{"tenants": {TENANT: {"apps": {APP: app}}}}` with `rest` beside it.
fn entra_in(folder: &Path, app: &Value, rest: &Value) -> Entra {
    let mut file = rest.clone();
    file["tenants"] = json!({ TENANT: { "apps": { APP: app } } });
    let directory = Directory::parse(file.to_string().as_bytes(), folder).unwrap();
    Entra::new(directory, Signer::new().unwrap(), URL.to_owned())
}

fn entra(app: &Value) -> Entra {
    entra_in(Path::new(""), app, &json!({}))
}

fn ask(entra: &Entra, proof: Proof<'_>) -> Result<Issued, Refused> {
    let (client_id, resource) = (APP, RESOURCE);
    let asked = Asked {
        client_id,
        resource,
        proof,
    };
    entra.issue(TENANT, &asked, now())
}

/// The code of the answer; 0 for a token.
fn code(answer: Result<Issued, Refused>) -> u32 {
    answer.map_or_else(|refused| refused.code, |_| 0)
}

fn assertion_code(entra: &Entra, assertion: &str) -> u32 {
    code(ask(entra, Proof::Assertion(assertion)))
}

#[test]
fn a_secret_is_right_or_wrong_or_expired() {
    let secrets = json!([
        { "value": "no-end" },
        { "value": "later", "expires": "2026-06-01T12:00:01Z" },
        { "value": "over", "expires": NOW },
        { "value": "renewed", "expires": "2020-01-01T00:00:00Z" },
        { "value": "renewed", "expires": "2030-01-01T00:00:00Z" },
    ]);
    let entra = entra(&json!({ "secrets": secrets }));
    let cases = [
        ("no-end", 0),
        ("later", 0),
        ("renewed", 0),
        ("over", 7_000_222),
        ("wrong", 7_000_215),
        ("NO-END", 7_000_215),
        ("", 7_000_215),
    ];
    for (secret, expected) in cases {
        assert_eq!(
            code(ask(&entra, Proof::Secret(secret))),
            expected,
            "{secret}"
        );
    }
    for secret in ["over", "wrong"] {
        let refused = ask(&entra, Proof::Secret(secret)).unwrap_err();
        assert!(
            !refused.message.contains(&format!("{secret} ")),
            "{refused:?}"
        );
        assert!(
            !refused.message.contains(&format!("'{secret}'")),
            "{refused:?}"
        );
    }
}

#[test]
fn who_and_what_is_asked_for_must_be_registered() {
    let other = "https://graph.microsoft.com";
    let rest = json!({ "other_audiences": [other] });
    let entra = entra_in(
        Path::new(""),
        &json!({ "secrets": [{ "value": "s" }] }),
        &rest,
    );
    let cases = [
        (TENANT, APP, RESOURCE, 0),
        (TENANT, APP, other, 0),
        (&TENANT.to_uppercase(), &APP.to_uppercase(), RESOURCE, 0),
        ("contoso.example", APP, RESOURCE, 90_002),
        ("", APP, RESOURCE, 90_002),
        (TENANT, TENANT, RESOURCE, 700_016),
        (TENANT, APP, "https://api.example", 500_011),
        (TENANT, APP, "", 500_011),
    ];
    for (tenant, client_id, resource, expected) in cases {
        let asked = Asked {
            client_id,
            resource,
            proof: Proof::Secret("s"),
        };
        let answer = entra.issue(tenant, &asked, now());
        assert_eq!(code(answer), expected, "{tenant} {client_id} {resource}");
    }
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
fn a_token_says_truly_how_long_it_is_good_for() {
    let app = json!({ "secrets": [{ "value": "s" }], "roles": [ROLE] });
    let entra = entra_in(Path::new(""), &app, &json!({ "token_lifetime": "3s" }));
    let asked = Asked {
        client_id: APP,
        resource: RESOURCE,
        proof: Proof::Secret("s"),
    };
    let begin: Timestamp = "2026-06-01T12:00:00.9Z".parse().unwrap();
    let issued = entra.issue(TENANT, &asked, begin).unwrap();
    assert_eq!(issued.seconds, 3);
    let at = |time: &str| entra.authorize(&issued.token, time.parse().unwrap());
    assert_eq!(at("2026-06-01T12:00:03.899Z"), Ok(APP.to_owned()));
    let over = Err(Denied::Token("the token has expired"));
    assert_eq!(at("2026-06-01T12:00:04Z"), over);
}

#[test]
fn the_api_takes_tokens_for_it_from_here_with_the_role() {
    let other = "https://graph.microsoft.com";
    let open = |roles: Value, library: Value| {
        let app = json!({ "secrets": [{ "value": "s" }], "roles": roles });
        let mut file = json!({
            "tenants": { TENANT: { "apps": { APP: app } }, "b": { "apps": {} } },
            "other_audiences": [other],
        });
        if !library.is_null() {
            file["library"] = library;
        }
        let directory = Directory::parse(file.to_string().as_bytes(), Path::new("")).unwrap();
        Entra::new(directory, Signer::new().unwrap(), URL.to_owned())
    };
    let token = |entra: &Entra, resource: &str| {
        let asked = Asked {
            client_id: APP,
            resource,
            proof: Proof::Secret("s"),
        };
        entra.issue(TENANT, &asked, now()).unwrap().token
    };
    let entra = open(json!([ROLE]), Value::Null);
    let good = token(&entra, RESOURCE);
    assert_eq!(entra.authorize(&good, now()), Ok(APP.to_owned()));
    let denied = |why| Err(Denied::Token(why));
    let foreign = token(&open(json!([ROLE]), Value::Null), RESOURCE);
    for not_ours in [foreign.as_str(), "emulator.61.x", "a-secret-token", ""] {
        let expected = denied("the token was not issued here");
        assert_eq!(entra.authorize(not_ours, now()), expected);
    }
    let expected = denied("the token has another audience");
    assert_eq!(entra.authorize(&token(&entra, other), now()), expected);

    let ours = open(json!([ROLE]), json!(TENANT.to_uppercase()));
    assert_eq!(
        ours.authorize(&token(&ours, RESOURCE), now()),
        Ok(APP.to_owned())
    );
    let theirs = open(json!([ROLE]), json!("b"));
    let expected = denied("the token is of another tenant");
    assert_eq!(theirs.authorize(&token(&theirs, RESOURCE), now()), expected);

    for roles in [json!([]), json!(["Machine.Read.All", "library.manage"])] {
        let entra = open(roles, Value::Null);
        assert_eq!(
            entra.authorize(&token(&entra, RESOURCE), now()),
            Err(Denied::Role)
        );
    }
}

#[test]
fn the_documented_file_is_read() {
    let client = Client::new(2030);
    std::fs::copy(
        client.folder.path().join("cert.pem"),
        client.folder.path().join("ca.pem"),
    )
    .unwrap();
    let text = include_bytes!("example.json");
    let directory = Directory::parse(text, client.folder.path()).unwrap();
    assert_eq!(directory.audience, RESOURCE);
}

#[test]
fn a_jobs_token_is_no_token_for_the_api() {
    let entra = entra(&json!({}));
    let claims = json!({ "iss": entra.issuer(), "aud": RESOURCE, "tid": TENANT, "roles": [ROLE] });
    let (token, _) = entra.sign(claims, Duration::from_mins(1), now()).unwrap();
    let expected = Err(Denied::Token("the token has another issuer"));
    assert_eq!(entra.authorize(&token, now()), expected);
}
