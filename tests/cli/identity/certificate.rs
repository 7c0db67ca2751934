//! `auth: client_certificate`.

use std::sync::LazyLock;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, PKCS_RSA_SHA256,
    date_time_ymd,
};
use serde_json::json;

use super::{PASSWORD, Scene, app, directory_with};
use crate::harness::World;

/// Making RSA keys takes time.
static KEYS: LazyLock<[KeyPair; 2]> =
    LazyLock::new(|| [0, 1].map(|_| KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap()));

const PATH: &str = "AZURE_CLIENT_CERTIFICATE_PATH";
const NAME: &str = "bag.contoso.example";

fn params(last_year: i32) -> CertificateParams {
    let mut params = CertificateParams::new(vec![NAME.to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, NAME);
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(last_year, 1, 1);
    params
}

/// A login host that knows the certificate in `keys/cert.pem`, whose key stands beside it in `keys/both.pem`.
fn scene(last_year: i32) -> Scene {
    let world = World::new();
    let [key, _] = &*KEYS;
    let certificate = params(last_year).self_signed(key).unwrap();
    world.write("keys/cert.pem", certificate.pem());
    world.write(
        "keys/both.pem",
        format!("{}{}", certificate.pem(), key.serialize_pem()),
    );
    let directory = directory_with(|app| app["certificates"] = json!(["keys/cert.pem"]));
    Scene::of(world, "client_certificate", &directory, &[])
}

/// No line of the private key is anywhere but in its file.
fn assert_key_untold(scene: &Scene) {
    let pem = KEYS[0].serialize_pem();
    let line = pem.lines().nth(3).unwrap();
    for (path, bytes) in scene.world.files() {
        let is_key = path.starts_with(scene.world.path("keys"));
        let text = String::from_utf8_lossy(&bytes);
        assert!(is_key || !text.contains(line), "{}", path.display());
    }
}

#[test]
fn a_certificate_gets_in() {
    let scene = scene(2099);
    scene.works(&app(&[(PATH, "keys/both.pem")]));
    assert_key_untold(&scene);
}

#[test]
fn a_pfx_with_a_password_gets_in() {
    use p12_keystore::{Certificate, KeyStore, KeyStoreEntry, PrivateKey, PrivateKeyChain};
    let scene = scene(2099);
    let [key, _] = &*KEYS;
    let pem = scene.world.read("keys/cert.pem");
    let der = pem_body(&pem);
    let chain = PrivateKeyChain::new(
        "1",
        PrivateKey::from_der(&key.serialize_der()).unwrap(),
        [Certificate::from_der(&der).unwrap()],
    );
    let mut store = KeyStore::new();
    store.add_entry("bag", KeyStoreEntry::PrivateKeyChain(chain));
    let pfx = store.writer(PASSWORD).write().unwrap();
    scene.world.write("keys/bag.pfx", pfx);
    let password = ("AZURE_CLIENT_CERTIFICATE_PASSWORD", PASSWORD);
    scene.works(&app(&[(PATH, "keys/bag.pfx"), password]));
    assert_key_untold(&scene);

    let wrong = ("AZURE_CLIENT_CERTIFICATE_PASSWORD", "hush-wrong");
    insta::assert_snapshot!(scene.fails(&app(&[(PATH, "keys/bag.pfx"), wrong])), @"
    jumpbag::auth::bad_file

      × `keys/bag.pfx` cannot be used for `auth: client_certificate`: it is neither PEM nor a PFX file that opens with the password
      help: check AZURE_CLIENT_CERTIFICATE_PASSWORD, and that the file is whole
    ");
}

/// What a PEM block holds.
fn pem_body(pem: &str) -> Vec<u8> {
    use base64::Engine as _;
    let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    base64::engine::general_purpose::STANDARD
        .decode(body)
        .unwrap()
}

#[test]
fn subject_name_and_issuer_get_in_with_the_chain_and_not_without() {
    let world = World::new();
    let [key, ca_key] = &*KEYS;
    let mut ca = CertificateParams::default();
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca_certificate = ca.self_signed(ca_key).unwrap();
    let leaf = params(2099)
        .signed_by(key, &Issuer::from_params(&ca, ca_key))
        .unwrap();
    world.write("keys/ca.pem", ca_certificate.pem());
    world.write(
        "keys/both.pem",
        format!(
            "{}{}{}",
            key.serialize_pem(),
            leaf.pem(),
            ca_certificate.pem()
        ),
    );
    let directory = directory_with(|app| {
        app["trusted_subjects"] = json!([{ "subject_name": NAME, "ca": "keys/ca.pem" }]);
    });
    let scene = Scene::of(world, "client_certificate", &directory, &[]);
    let path = (PATH, "keys/both.pem");
    scene.works(&app(&[
        path,
        ("AZURE_CLIENT_SEND_CERTIFICATE_CHAIN", "true"),
    ]));
    insta::assert_snapshot!(scene.fails(&app(&[path])), @"
    jumpbag::auth::refused

      × could not get a token with `auth: client_certificate` for the application `[ID]` in the tenant `[ID]`
      ├─▶ AADSTS700027: the certificate or its key is not registered with the   application
      ╰─▶ the answer was 401 invalid_client: `AADSTS700027: Client assertion
          failed signature validation. [Reason - The key was not found.] Review
          the documentation at
          https://learn.microsoft.com/entra/identity-platform/certificate-credentials
          .` (trace id `[ID]`, correlation id
          `[ID]`)
      help: upload this certificate to the app registration, or use the one that is registered; with subject name and issuer, set AZURE_CLIENT_SEND_CERTIFICATE_CHAIN=1
    ");
}

#[test]
fn another_certificate_is_not_taken() {
    let scene = scene(2099);
    let [_, other] = &*KEYS;
    let certificate = params(2099).self_signed(other).unwrap();
    let both = format!("{}{}", certificate.pem(), other.serialize_pem());
    scene.world.write("keys/other.pem", both);
    let shown = scene.fails(&app(&[(PATH, "keys/other.pem")]));
    assert!(
        shown.contains("AADSTS700027: the certificate or its key"),
        "{shown}"
    );
}

#[test]
fn an_expired_certificate_is_said_before_anybody_is_asked() {
    let scene = scene(2021);
    insta::assert_snapshot!(scene.fails(&app(&[(PATH, "keys/both.pem")])), @"
    jumpbag::auth::bad_file

      × `keys/both.pem` cannot be used for `auth: client_certificate`: the certificate expired at [TIME]
      help: renew the certificate, and upload the new one to the app registration
    ");
}

#[test]
fn a_file_that_is_not_there_or_holds_no_key_is_said() {
    let scene = scene(2099);
    insta::assert_snapshot!(scene.fails(&app(&[(PATH, "keys/none.pem")])), @"
    jumpbag::auth::file

      × could not read `keys/none.pem` for `auth: client_certificate`
      ╰─▶ No such file or directory (os error 2)
      help: let AZURE_CLIENT_CERTIFICATE_PATH name a file that exists and that you may read
    ");
    insta::assert_snapshot!(scene.fails(&app(&[(PATH, "keys/cert.pem")])), @"
    jumpbag::auth::bad_file

      × `keys/cert.pem` cannot be used for `auth: client_certificate`: there is no private key in it
      help: let AZURE_CLIENT_CERTIFICATE_PATH name one file with the certificate and its RSA key: PEM (`BEGIN CERTIFICATE` and `BEGIN PRIVATE KEY`), or PFX
    ");
}
