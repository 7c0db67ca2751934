//! Every identity against a login host that checks, over TLS.

mod certificate;
mod command_line;
mod default;
mod federated;
mod machine;
mod renewal;
mod secret;
mod transport;

use std::process::Command;

use serde_json::{Value, json};

use crate::emulator::Emulator;
use crate::harness::{Run, World};
use crate::leaks::Secrets;

const TENANT: &str = "11111111-2222-3333-4444-555555555555";
const APP: &str = "66666666-7777-8888-9999-000000000000";
const CONNECTION: &str = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee";
const SUBJECT: &str = "repo:contoso/bag:environment:bag";

/// What must be found nowhere.
const SECRET: &str = "hush-client-secret~1";
const PASSWORD: &str = "hush-password";
const REQUEST_TOKEN: &str = "hush-request-token";
const BUILD_TOKEN: &str = "hush-build-token";
const HEADER: &str = "hush-identity-header";

/// How any token and assertion begins: with an encoded `{"typ"` or `{"alg"`. Of less, certificates have some by chance.
const TOKENS: [&str; 2] = ["eyJ0eXAi", "eyJhbGci"];

/// The secrets above in every form, a part of any, and any token and assertion.
const ANY_SECRET: [&str; 8] = [
    SECRET,
    PASSWORD,
    REQUEST_TOKEN,
    BUILD_TOKEN,
    HEADER,
    "hush-",
    TOKENS[0],
    TOKENS[1],
];

/// What the tests themselves write, secrets included.
const OURS: [&str; 2] = ["entra.json", "keys"];

/// A login host and a library, and a manifest for them.
struct Scene {
    world: World,
    emulator: Emulator,
}

/// One application that may log in in every way.
fn directory() -> Value {
    json!({
        "tenants": { TENANT: { "apps": { APP: {
            "secrets": [{ "value": SECRET }],
            "federated": [{ "issuer": "self", "subject": SUBJECT }],
            "roles": ["Library.Manage"],
        } } } },
        "github": { "request_token": REQUEST_TOKEN, "subject": SUBJECT },
        "pipelines": {
            "access_token": BUILD_TOKEN,
            "service_connection": CONNECTION,
            "subject": SUBJECT,
        },
        "managed_identity": {
            "identity_header": HEADER,
            "tenant": TENANT,
            "system_assigned": APP,
            "user_assigned": [APP],
        },
    })
}

/// The same, with the application changed.
fn directory_with(change: impl FnOnce(&mut Value)) -> Value {
    let mut directory = directory();
    change(&mut directory["tenants"][TENANT]["apps"][APP]);
    directory
}

impl Scene {
    fn new(auth: &str) -> Self {
        Self::of(World::new(), auth, &directory(), &[])
    }

    fn of(world: World, auth: &str, directory: &Value, args: &[&str]) -> Self {
        let emulator = match args {
            // It shows another certificate than a good one.
            [tls] if tls.starts_with("--tls=") => {
                world.write("entra.json", directory.to_string());
                world.emulator(&["--entra", "entra.json", tls])
            }
            _ => world.emulator_of(directory, args),
        };
        world.write("a.sh", "echo a\n");
        world.write("b.sh", "echo b\n");
        let scene = Self { world, emulator };
        scene.manifest(auth, "");
        scene
    }

    /// Writes the manifest, with `more` keys of the library.
    fn manifest(&self, auth: &str, more: &str) {
        let url = &self.emulator.url;
        let text = format!(
            "version: 1\nlibraries:\n  test:\n    endpoint: {url}\n    authority: {url}\n    \
             ca_file: .library/ca.pem\n    auth: {auth}\n{more}files:\n  - source: a.sh\n  \
             - source: b.sh\n"
        );
        self.world.write("jumpbag.yaml", text);
    }

    fn command(&self, args: &[&str], variables: &[(&str, &str)]) -> Command {
        let mut command = self.world.command(args);
        command
            .env_remove("JUMPBAG_TOKEN")
            .envs(variables.iter().copied());
        command
    }

    /// Runs it.
    fn run(&self, args: &[&str], variables: &[(&str, &str)]) -> Run {
        let output = self.command(args, variables).output().unwrap();
        let run = self.world.finish(&output);
        self.assert_untold(&run);
        run
    }

    /// Applies and then plans, with everything logged, and looks for secrets.
    #[track_caller]
    fn works(&self, variables: &[(&str, &str)]) {
        let mut variables = variables.to_vec();
        variables.push(("JUMPBAG_LOG", "trace"));
        let apply = [
            "apply",
            "--auto-approve",
            "--events",
            "events.jsonl",
            "-vvv",
        ];
        let apply = self.run(&apply, &variables);
        assert_eq!(apply.code, Some(0), "{apply}");
        assert!(apply.stderr.contains("asking for a token"), "{apply}");
        let plan = self.run(&["plan", "-vvv"], &variables);
        assert_eq!(plan.code, Some(0), "{plan}");
        assert!(plan.stdout.contains("No changes."), "{plan}");
    }

    /// Plans with everything logged, looks for secrets, and returns what is shown without the log.
    #[track_caller]
    fn fails(&self, variables: &[(&str, &str)]) -> String {
        let mut all = variables.to_vec();
        all.push(("JUMPBAG_LOG", "trace"));
        let logged = self.run(&["plan", "-vvv"], &all);
        assert_eq!(logged.code, Some(1), "{logged}");
        let run = self.run(&["plan"], variables);
        assert_eq!(run.code, Some(1), "{run}");
        assert_eq!(run.stdout, "");
        let host = self.emulator.url.trim_start_matches("https://");
        run.unwrapped().replace(host, "[HOST]")
    }

    /// No secret is in what was printed, nor in a file that the tests did not write.
    #[track_caller]
    fn assert_untold(&self, run: &Run) {
        let secrets = Secrets::new(ANY_SECRET);
        secrets.assert_absent("standard output", run.stdout.as_bytes());
        secrets.assert_absent("standard error", run.stderr.as_bytes());
        secrets.assert_unwritten(&self.world, &OURS);
    }
}

/// The variables of an application, and `more`.
fn app<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut variables = vec![("AZURE_TENANT_ID", TENANT), ("AZURE_CLIENT_ID", APP)];
    variables.extend(more);
    variables
}
