//! The emulator over TLS, with a login host that checks who asks.

use serde_json::{Value, json};

use crate::harness::World;

const TENANT: &str = "11111111-2222-3333-4444-555555555555";
const APP: &str = "66666666-7777-8888-9999-000000000000";
const SECRET: &str = "a-client-secret";

fn directory() -> Value {
    json!({
        "tenants": { TENANT: { "apps": { APP: {
            "secrets": [{ "value": SECRET }],
            "roles": ["Library.Manage"],
        } } } },
        "github": { "request_token": "the-jobs", "subject": "repo:contoso/bag:environment:bag" },
    })
}

/// Plans with this token, as a client that trusts the emulator's authority.
fn plan(world: &World, ca: &std::path::Path, token: &str) -> (Option<i32>, String) {
    let mut command = world.command(&["plan"]);
    command.env("SSL_CERT_FILE", ca).env("JUMPBAG_TOKEN", token);
    let run = world.finish(&command.output().unwrap());
    (run.code, run.unwrapped())
}

#[test]
fn jumpbag_gets_in_with_a_token_that_was_issued_and_with_no_other() {
    let world = World::new();
    let mut emulator = world.emulator_of(&directory(), &[]);
    assert!(emulator.url.starts_with("https://"));
    world.write("a.sh", "echo a\n");
    world.manifest(&emulator.url, "  - source: a.sh\n");
    let ca = emulator.ca.clone().unwrap();
    emulator.log_in(TENANT, APP, SECRET);
    assert!(emulator.list().is_empty());
    let (code, stderr) = plan(&world, &ca, &emulator.token);
    assert_eq!(code, Some(0), "{stderr}");

    let (code, stderr) = plan(&world, &ca, "a-token-of-somebody");
    assert_eq!(code, Some(1), "{stderr}");
    assert!(stderr.contains("401"), "{stderr}");
    let federated = emulator.federated_token("the-jobs", "api://AzureADTokenExchange");
    let (code, stderr) = plan(&world, &ca, &federated);
    assert_eq!(code, Some(1), "{stderr}");
}

#[test]
fn jumpbag_speaks_to_no_server_that_it_does_not_trust() {
    for kind in ["--tls=expired", "--tls=wrong-host", "--tls=valid"] {
        let world = World::new();
        let emulator = world.emulator(&[kind]);
        world.write("a.sh", "echo a\n");
        world.manifest(&emulator.url, "  - source: a.sh\n");
        let ca = match kind {
            "--tls=valid" => world.path("jumpbag.yaml"),
            _ => emulator.ca.clone().unwrap(),
        };
        let (code, stderr) = plan(&world, &ca, "a-token");
        assert_eq!(code, Some(1), "{kind}: {stderr}");
        assert!(stderr.contains("certificate"), "{kind}: {stderr}");
    }
}

#[test]
fn a_directory_that_cannot_be_used_is_said_and_its_secrets_are_not() {
    let world = World::new();
    let app = json!({ "secrets": [SECRET] });
    let directory = json!({ "tenants": { TENANT: { "apps": { APP: app } } } });
    world.write("entra.json", directory.to_string());
    let run = world.expect(1, &["emulator", "--entra", "entra.json"]);
    let stderr = run.unwrapped();
    assert!(stderr.contains("`entra.json`"), "{stderr}");
    assert!(stderr.contains("line 1, column"), "{stderr}");
    assert!(!stderr.contains(SECRET), "{stderr}");
}
