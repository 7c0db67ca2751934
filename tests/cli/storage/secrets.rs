//! What opens the storage, and what opens the state, is in no output and in no file, whatever is logged.

use std::thread;

use age::secrecy::ExposeSecret as _;
use age::x25519::Identity;

use super::proxy::Act;
use super::{Far, servers};
use crate::leaks::Secrets;

/// The commands that use the state.
const COMMANDS: &[&[&str]] = &[
    &["validate"],
    &["plan", "--out", "plan.json"],
    &["apply", "plan.json", "--events", "events.jsonl"],
    &["state", "list"],
    &["state", "history"],
    &["state", "pull"],
    &["state", "reseal"],
    &["state", "gc"],
    &["state", "unlock", "none"],
    &["state", "migrate", "--to", "copy"],
];

/// What is not to be found: the values of variables that hold secrets, as they are and as they are in a URL.
fn secrets(far: &Far) -> Secrets {
    const SECRET: [&str; 5] = [
        "ACCOUNT_KEY",
        "BEARER_TOKEN",
        "SAS_KEY",
        "SECRET_ACCESS_KEY",
        "AGE_IDENTITY",
    ];
    let environment = far.server.environment.iter();
    let secret = environment.filter(|(name, _)| SECRET.iter().any(|it| name.ends_with(it)));
    let values = secret.map(|(_, value)| {
        // Of a signature, what is the secret.
        let signature = value.split("sig=").last().unwrap_or_default();
        signature
            .split(['%', '=', '/', '+'])
            .max_by_key(|part| part.len())
    });
    let secrets: Vec<_> = values.map(|value| value.unwrap().to_owned()).collect();
    assert!(
        secrets.len() >= 2 && secrets.iter().all(|it| it.len() > 7),
        "{secrets:?}"
    );
    Secrets::new(secrets)
}

#[test]
#[ignore = "needs the servers that `.ci/storage` starts"]
fn what_opens_servers_is_in_no_output_and_no_file() {
    let acts = [
        Act::Serve,
        Act::CloseBefore,
        Act::Refuse(400),
        Act::Echo(400),
        Act::Echo(403),
        Act::Echo(404),
    ];
    thread::scope(|scope| {
        for server in servers() {
            let with_account = server.environment.clone();
            let with_signature = Some(server.writer.clone()).filter(|it| !it.is_empty());
            for (number, environment) in [Some(with_account), with_signature]
                .into_iter()
                .flatten()
                .enumerate()
            {
                let mut server = server.clone();
                server.environment = environment;
                scope.spawn(move || {
                    for (act_number, act) in acts.into_iter().enumerate() {
                        let place = format!("secrets-{number}-{act_number}");
                        look(&mut Far::new(server.clone(), &place), act);
                    }
                });
            }
        }
    });
}

fn look(far: &mut Far, act: Act) {
    let key = Identity::generate();
    let environment = &mut far.server.environment;
    if let Some(secret) = environment.get_mut("AWS_SECRET_ACCESS_KEY") {
        "not-to-be-found".clone_into(secret);
    }
    let secret = key.to_string().expose_secret().to_owned();
    environment.insert("JUMPBAG_AGE_IDENTITY".to_owned(), secret);
    let state = format!("{}, encrypt_to: [{}]", far.state(), key.to_public());
    far.manifest(&state, &[("a.ps1", "a"), ("b.ps1", "b")]);
    far.proxy.script(move |_| act);
    let secrets = secrets(far);
    // Without a filter, only where it matters which of the two is printed.
    let logs: &[_] = if act == Act::Serve {
        &["", "trace"]
    } else {
        &["trace"]
    };
    for log in logs {
        for args in COMMANDS {
            let mut command = far.command(&[&["-vvv"], *args].concat());
            if !log.is_empty() {
                command.env("JUMPBAG_LOG", log);
            }
            let output = command.output().unwrap();
            let place = format!("{args:?}, {act:?}, logged `{log}`");
            secrets.assert_unsaid(&place, &output);
            if act == Act::Serve && log.is_empty() && *args != ["state", "unlock", "none"] {
                assert_eq!(output.status.code(), Some(0), "{args:?} {output:?}");
            }
        }
    }
    secrets.assert_unwritten(&far.world, &[]);
}
