//! The token is in no output and in no file, whatever is logged and whatever goes wrong.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use crate::emulator::Emulator;
use crate::harness::{CLOSED, TOKEN, World};
use crate::leaks::Secrets;

/// The commands that use a token, and some that do not.
const COMMANDS: &[&[&str]] = &[
    &["validate"],
    &["plan", "--out", "plan.json", "--json", "copy.json"],
    &["plan", "--json", "-"],
    &["apply", "plan.json", "--events", "events.jsonl"],
    &["apply"],
    &["apply", "--auto-approve"],
    &["drift"],
    &["show", "plan.json"],
    &["import", "--all"],
    &["state", "list"],
    &["state", "show", "a.sh"],
    &["state", "unlock", "none"],
    &["destroy", "--auto-approve", "--events", "-"],
    &["frobnicate"],
];

/// A world with two scripts, one for each of two applies.
fn world(endpoint: &str) -> World {
    let world = World::new();
    world.write("a.sh", "echo a\n");
    world.write("b.sh", "echo b\n");
    world.manifest(endpoint, "  - source: a.sh\n  - source: b.sh\n");
    world
}

/// What is logged: everything of jumpbag's, and more than `-vvv` gives, also what the HTTP client's crates log.
const LOGS: [Option<&str>; 2] = [None, Some("trace")];

/// Runs the commands with everything logged, and looks for the token in what they print and write. Returns
/// the exit codes.
fn run_all(world: &World, log: Option<&str>, commands: &[&[&str]], token: &str) -> Vec<i32> {
    let secrets = Secrets::new([TOKEN, "secret-to"]);
    let run = |args: &&[&str]| {
        let mut command = world.command(&[&["-vvv"], *args].concat());
        command.env("JUMPBAG_TOKEN", token);
        if let Some(log) = log {
            command.env("JUMPBAG_LOG", log);
        }
        let output = command.output().unwrap();
        secrets.assert_unsaid(&format!("{args:?}"), &output);
        output.status.code().unwrap()
    };
    let codes = commands.iter().map(run).collect();
    assert!(secrets.assert_unwritten(world, &[]) > 2);
    codes
}

/// Tests each of `cases` with each of [`LOGS`], beside each other: some of them wait before they try again.
fn with_each<T: Copy + Send>(cases: &[T], test: impl Fn(T, Option<&str>) + Sync) {
    std::thread::scope(|scope| {
        for case in cases {
            for log in LOGS {
                let (case, test) = (*case, &test);
                scope.spawn(move || test(case, log));
            }
        }
    });
}

/// The world beside an emulator with these arguments.
fn beside(args: &[&str]) -> (World, Emulator) {
    let world = world("");
    let emulator = world.emulator(args);
    world.edit(
        "jumpbag.yaml",
        "endpoint: ",
        &format!("endpoint: {}", emulator.url),
    );
    (world, emulator)
}

#[test]
fn when_everything_works() {
    with_each(&[()], |(), log| {
        let (world, _emulator) = beside(&[]);
        let codes = run_all(&world, log, COMMANDS, TOKEN);
        assert_eq!(codes, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1]);
        // There was something to find it in.
        let mut plan = world.command(&["plan", "-vvv"]);
        if let Some(log) = log {
            plan.env("JUMPBAG_LOG", log);
        }
        let logged = world.finish(&plan.output().unwrap()).stderr;
        assert!(logged.contains(" DEBUG jumpbag::library"), "{logged}");
        assert_eq!(
            logged.contains(" TRACE hyper_util"),
            log.is_some(),
            "{logged}"
        );
    });
}

#[test]
fn when_the_emulator_is_in_the_run() {
    with_each(&[()], |(), log| {
        let codes = run_all(&world("emulator:.library"), log, COMMANDS, TOKEN);
        assert_eq!(codes, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1]);
    });
}

/// The exit codes of a plan, an apply and a drift against an API that answers so.
fn when_answered(fault: &str, log: Option<&str>) -> Vec<i32> {
    let (world, _emulator) = beside(&["--fault", fault]);
    let commands = [
        &["plan", "--out", "plan.json"][..],
        &["apply", "--auto-approve", "--events", "events.jsonl"],
        &["drift"],
    ];
    run_all(&world, log, &commands, TOKEN)
}

#[test]
fn when_the_token_is_refused() {
    let cases = [
        ("any:all:status=401", [1, 1, 1]),
        ("upload:all:status=401", [0, 3, 0]),
        ("any:all:status=403", [1, 1, 1]),
    ];
    with_each(&cases, |(fault, codes), log| {
        assert_eq!(when_answered(fault, log), codes, "{fault}");
    });
}

#[test]
fn when_the_api_fails_and_it_is_tried_again() {
    let faults = [
        "any:every/3:status=500",
        "any:every/3:html=502",
        "any:every/3:truncate",
        "any:every/3:drop-after",
    ];
    with_each(&faults, |fault, log| {
        assert_eq!(when_answered(fault, log), [0, 0, 0], "{fault}");
    });
}

#[test]
fn when_nobody_answers() {
    with_each(
        &[&["plan"][..], &["apply", "--auto-approve"]],
        |args, log| {
            let world = world(CLOSED);
            assert_eq!(run_all(&world, log, &[args], TOKEN), [1]);
        },
    );
}

#[test]
fn when_somebody_answers_who_sends_back_what_he_was_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let mut connection = connection.unwrap();
            let mut request = [0; 4096];
            let length = connection.read(&mut request).unwrap();
            let body = String::from_utf8_lossy(&request[..length]);
            write!(
                connection,
                "HTTP/1.1 400 {TOKEN}\r\nContent-Type: text/{TOKEN}\r\nContent-Length: {length}\r\n\
                 Connection: close\r\n\r\n{body}"
            )
            .unwrap();
        }
    });
    with_each(
        &[&["plan"][..], &["apply", "--auto-approve"]],
        |args, log| {
            let world = world(&format!("http://{address}"));
            assert_eq!(run_all(&world, log, &[args], TOKEN), [1]);
        },
    );
}

#[test]
fn when_the_token_cannot_be_sent() {
    let token = format!("{TOKEN}\n{TOKEN}\u{7f}");
    with_each(
        &[&["plan"][..], &["apply", "--auto-approve"]],
        |args, log| {
            let (world, _emulator) = beside(&[]);
            assert_eq!(run_all(&world, log, &[args], &token), [1]);
        },
    );
}

#[test]
fn when_the_address_is_not_one_that_a_token_may_go_to() {
    let endpoints = [
        "http://api.example.com",
        "http://127.0.0.1.example.com",
        "ftp://127.0.0.1",
    ];
    with_each(&endpoints, |endpoint, log| {
        let commands = [&["plan"][..], &["apply", "--auto-approve"]];
        assert_eq!(
            run_all(&world(endpoint), log, &commands, TOKEN),
            [1, 1],
            "{endpoint}"
        );
    });
}

#[test]
fn when_there_is_a_password_in_the_environments_endpoint() {
    let world = World::new();
    world.write("jumpbag.yaml", "version: 1\nfiles: []\n");
    let secrets = Secrets::new(["hush-hush"]);
    for endpoint in [
        "https://me:hush-hush@exa mple/",
        "https://me:hush-hush@example:port/",
        "https://me:hush-hush@example.org/",
        "hush-hush",
    ] {
        for args in [
            &["-vvv", "plan"][..],
            &["plan", "--no-refresh", "--out", "plan.json"],
            &["status", "--no-refresh"],
        ] {
            let mut command = world.command(args);
            let output = command.env("JUMPBAG_ENDPOINT", endpoint).output().unwrap();
            secrets.assert_unsaid(endpoint, &output);
            assert_eq!(output.status.code(), Some(1), "{endpoint}");
        }
        secrets.assert_unwritten(&world, &[]);
    }
}

#[test]
fn when_there_is_a_password_in_a_manifest_where_none_may_be() {
    let world = World::new();
    let secrets = Secrets::new(["hush-hush"]);
    let url = "https://me:hush-hush@example.org";
    for manifest in [
        format!("libraries: {{test: {{endpoint: '{url}'}}}}"),
        format!("libraries: {{test: {{authority: '{url}'}}}}"),
        format!("libraries: {{test: {{scope: '{url}'}}}}"),
        format!("state: {{backend: s3, url: '{url}'}}"),
        format!("nothing: {url}"),
        format!("files: [{{source: a # {url}\n"),
        "libraries: {test: {endpoint: 'https://me:a/b@hush-hush@h'}}".to_owned(),
        "libraries: {test: {endpoint: 'https://x.example/?sig=hush-hush'}}".to_owned(),
        "libraries: {test: {endpoint: \"https:\\/\\/me:hush-hush@h\"}}".to_owned(),
        "state: {backend: s3, url: 's3://AKIA:x/hush-hush@bucket/p'}".to_owned(),
        "state: {backend: azure, url: 'https://a.blob.core.windows.net/c/p?sv=1&sig=hush-hush%3D'}"
            .to_owned(),
    ] {
        world.write("jumpbag.yaml", format!("version: 1\n{manifest}\n"));
        for format in ["human", "json", "sarif", "github", "azure"] {
            let output = world
                .command(&["-vvv", "validate", "--format", format])
                .output();
            let output = output.unwrap();
            secrets.assert_unsaid(&manifest, &output);
            assert_eq!(output.status.code(), Some(1), "{manifest}");
        }
    }
}

/// It would hold the token.
#[cfg(target_os = "linux")]
#[test]
fn no_core_file_is_written() {
    let (_world, emulator) = beside(&[]);
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", emulator.id())).unwrap();
    let of_core_files = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"));
    let words: Vec<_> = of_core_files.unwrap().split_whitespace().collect();
    assert_eq!(words, ["Max", "core", "file", "size", "0", "0", "bytes"]);
}
