//! Every exit code by a real run. 4 is in `refusals` and `stale_plans`, 5 in `locks`, 130 in `interrupt`.

use crate::emulator::Emulator;
use crate::harness::{CLOSED, World};

const THREE: &str = "  - source: a.sh\n  - source: b.sh\n  - source: c.sh\n";

/// A world with the scripts `a.sh`, `b.sh` and `c.sh`, and a manifest that asks for them.
pub(crate) fn three(endpoint: &str) -> World {
    let world = World::new();
    for name in ["a", "b", "c"] {
        world.write(&format!("{name}.sh"), format!("echo {name}\n"));
    }
    world.manifest(endpoint, THREE);
    world
}

/// The same beside an emulator with these arguments.
pub(crate) fn three_beside(args: &[&str]) -> (World, Emulator) {
    let world = three("");
    let emulator = world.emulator(args);
    world.manifest(&emulator.url, THREE);
    (world, emulator)
}

/// Every command with its subcommands, as `--help` lists them.
fn commands(world: &World, path: &[String], found: &mut Vec<Vec<String>>) {
    let mut args: Vec<_> = path.iter().map(String::as_str).collect();
    args.push("--help");
    let help = world.expect(0, &args).stdout;
    found.push(path.to_owned());
    let listed = help
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| line.starts_with("  "))
        // A command's description may go on in the next line, further in.
        .filter(|line| !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next());
    for name in listed.filter(|name| *name != "help") {
        let path: Vec<_> = path.iter().cloned().chain([name.to_owned()]).collect();
        commands(world, &path, found);
    }
}

#[test]
fn help_of_every_command_has_an_example_of_it() {
    let world = World::new();
    let mut all = Vec::new();
    commands(&world, &[], &mut all);
    let names: Vec<_> = all.iter().map(|path| path.join(" ")).collect();
    for expected in ["", "init", "apply", "emulator", "state unlock", "version"] {
        assert!(names.iter().any(|name| name == expected), "{names:?}");
    }
    for path in &all {
        let mut args: Vec<_> = path.iter().map(String::as_str).collect();
        args.push("--help");
        let help = world.expect(0, &args);
        let examples = help.stdout.split("\nExample").nth(1).unwrap_or_default();
        let command = format!("\n  jumpbag {}", path.join(" "));
        assert!(examples.contains(&command), "{path:?} has none:\n{help}");
        assert_eq!(help.stderr, "");
    }
}

#[test]
fn asking_for_help_or_the_version_is_0() {
    let world = World::new();
    let version = concat!("jumpbag ", env!("CARGO_PKG_VERSION"), "\n");
    let ways: [&[&str]; 5] = [
        &["--version"],
        &["-V"],
        &["-q", "-V"],
        &["-V", "-q"],
        &["version"],
    ];
    for args in ways {
        assert_eq!(world.expect(0, args).stdout, version, "{args:?}");
    }
    for args in [&["help"][..], &["-h"], &["help", "state", "list"]] {
        assert!(world.expect(0, args).stdout.contains("Usage: jumpbag"));
    }
}

#[test]
fn wrong_usage_is_1_and_never_2() {
    let world = three("emulator:.library");
    let wrong: &[&[&str]] = &[
        &[],
        &["frobnicate"],
        &["plan", "--frobnicate"],
        &["plan", "unexpected"],
        &["show"],
        &["import"],
        &["import", "a.sh", "--all"],
        &["state"],
        &["state", "show"],
        &["state", "unlock"],
        &["schema", "frob"],
        &["completions", "frob"],
        &["--color", "mauve", "plan"],
        &["plan", "--allow-deletes", "many"],
        &["apply", "--concurrency", "0"],
        &["apply", "--lock-timeout", "-5s"],
        &["apply", "--auto-approve", "--approved", "sha256:00"],
        &["apply", "plan.json", "--destroy"],
        &["emulator", "--limit", "often"],
        &["emulator", "--fault", "upload:sometimes:status=503"],
        &["emulator", "--listen", "0.0.0.0:0"],
    ];
    for args in wrong {
        let run = world.expect(1, args);
        assert_eq!(run.stdout, "", "{args:?}\n{run}");
        assert!(!run.stderr.is_empty(), "{args:?} says nothing");
    }
    insta::assert_snapshot!(world.expect(1, &["plan", "--detailed-exitcodes"]), @"
    ----- stderr
    error: unexpected argument '--detailed-exitcodes' found

      tip: a similar argument exists: '--detailed-exitcode'

    Usage: jumpbag plan --detailed-exitcode

    For more information, try '--help'.
    ----- exit code 1
    ");
}

#[test]
fn an_error_before_anything_was_done_is_1() {
    let world = World::new();
    insta::assert_snapshot!(world.expect(1, &["plan", "--detailed-exitcode"]), @"
    ----- stderr
    jumpbag::manifest::missing

      × there is no manifest `jumpbag.yaml`
      help: run `jumpbag init` to write a starter manifest, or name another with
            `-m`
    ----- exit code 1
    ");
    let world = three("emulator:.library");
    world.write("b.sh", "");
    world.expect(1, &["validate"]);
    world.expect(1, &["plan", "--detailed-exitcode"]);
    world.expect(1, &["apply", "--auto-approve"]);
    assert!(!world.path(".library").exists(), "there is no call");
    world.expect(1, &["-C", "nowhere", "plan"]);
    world.expect(1, &["plan", "-l", "["]);
    world.write("b.sh", "echo b\n");
    insta::assert_snapshot!(world.expect(1, &["plan", "-l", "tests"]), @"
    ----- stderr
    jumpbag::cli::no_library

      × no library of the manifest is called `tests`
      help: the manifest has `test`
    ----- exit code 1
    ");
}

#[test]
fn a_library_that_cannot_be_read_is_1() {
    let world = three(CLOSED);
    // Beside each other: each tries for some seconds. The state of `apply` is its own.
    let started = [
        &["plan", "--detailed-exitcode"][..],
        &["drift", "--detailed-exitcode"],
        &["apply", "--auto-approve"],
    ]
    .map(|args| world.start(args));
    for running in started {
        let run = world.finish(&running.end());
        assert_eq!(run.code, Some(1), "{run}");
        assert_eq!(run.stdout, "", "{run}");
        assert!(run.stderr.starts_with("jumpbag::library::"), "{run}");
    }
}

#[test]
fn a_token_that_is_refused_is_1() {
    let (world, _emulator) = three_beside(&["--fault", "any:all:status=401"]);
    insta::assert_snapshot!(world.expect(1, &["apply", "--auto-approve"]), @"
    ----- stderr
    jumpbag::library::unauthorized

      × the API refused the token when asked to list the library
      ╰─▶ `GET [URL]/api/libraryfiles` was answered 401
          Unauthorized: `this error was asked for` (correlation id
          `[ID]`)
      help: check the app registration: the tenant and client id, a secret or
            certificate that has not expired, and that the token's audience is the
            API of this cloud
    ----- exit code 1
    ");
    world.expect(1, &["plan", "--detailed-exitcode"]);
}

#[test]
fn without_a_token_it_is_1_and_says_where_to_get_one() {
    let world = three("https://api.securitycenter.microsoft.com");
    let mut plan = world.command(&["plan"]);
    let run = world.finish(&plan.env_remove("JUMPBAG_TOKEN").output().unwrap());
    insta::assert_snapshot!(run, @"
    ----- stderr
    jumpbag::auth::no_token

      × there is no identity for the library `test`
      ╰─▶ token: JUMPBAG_TOKEN is not set; client_secret: AZURE_CLIENT_SECRET is
          not set; client_certificate: AZURE_CLIENT_CERTIFICATE_PATH is not set;
          workload_identity: AZURE_FEDERATED_TOKEN_FILE is not set;
          github_actions: ACTIONS_ID_TOKEN_REQUEST_URL is not set;
          azure_pipelines: AZURESUBSCRIPTION_SERVICE_CONNECTION_ID is not set;
          managed_identity: IDENTITY_ENDPOINT is not set; azure_cli: `az` is not
          on the PATH
      help: set the variables of one identity, or JUMPBAG_TOKEN to a bearer token
            for the API, for instance by `az account get-access-token --resource
            https://api.securitycenter.microsoft.com --query accessToken -o tsv`
    ----- exit code 1
    ");
}

#[test]
fn changes_are_2_only_where_that_is_asked_for() {
    let world = three("emulator:.library");
    world.expect(0, &["plan"]);
    world.expect(2, &["plan", "--detailed-exitcode"]);
    world.expect(2, &["plan", "--detailed-exitcode", "--json", "-"]);
    world.expect(2, &["plan", "--detailed-exitcode", "--no-refresh"]);
    world.expect(0, &["apply", "--auto-approve"]);
    world.expect(0, &["plan", "--detailed-exitcode"]);
    world.expect(2, &["plan", "--detailed-exitcode", "--destroy"]);
    world.expect(0, &["drift", "--detailed-exitcode"]);
    world.edit("jumpbag.yaml", "  - source: b.sh\n", "");
    world.expect(0, &["drift", "--detailed-exitcode"]);
    world.expect(2, &["plan", "--detailed-exitcode"]);
}

#[test]
fn an_apply_that_did_a_part_is_3_and_the_next_does_the_rest() {
    let (world, emulator) = three_beside(&["--fault", "upload:2:status=400"]);
    insta::assert_snapshot!(world.expect(3, &["apply", "--auto-approve", "--concurrency", "1"]), @"
    Library test  at [URL]  no state yet

      + a.sh  7 B  914cefaded94  new
      + b.sh  7 B  256931e5627b  new
      + c.sh  7 B  8f099f490abd  new

    Plan: 3 to create.
    3 API calls, at once under the limits
    Fingerprint: sha256:[DIGITS]

    Applied to test: 2 created.
    Failed: 1
      ! create b.sh
    Nothing is lost: what is done stays done, and this goes on with the rest:
      jumpbag apply --auto-approve
    ----- stderr
    [1/3] created a.sh
    [2/3] could not create b.sh: the API refused to upload `b.sh`
    [3/3] created c.sh
    jumpbag::library::rejected

      × the API refused to upload `b.sh`
      ╰─▶ `POST [URL]/api/libraryfiles` was answered 400
          BadRequest: `this error was asked for` (correlation id
          `[ID]`); sent were file=`b.sh` (7 bytes,
          sha256
          256931e5627bfa46347df35ae1c25649073ce5630975d0cdf9d301d32836a118),
          HasParameters=`false`, OverrideIfExists=`false`
      help: compare what was sent with what the API's message asks for
    ----- exit code 3
    ");
    assert_eq!(emulator.names(), ["a.sh", "c.sh"]);
    assert_eq!(world.state_list(), emulator.names());
    world.expect(0, &["apply", "--auto-approve"]);
    assert_eq!(emulator.names(), ["a.sh", "b.sh", "c.sh"]);
    world.expect(0, &["plan", "--detailed-exitcode"]);
}

#[test]
fn after_a_failure_that_no_call_can_survive_the_rest_is_not_tried() {
    let (world, emulator) = three_beside(&["--fault", "upload:2-9:status=403"]);
    insta::assert_snapshot!(world.expect(3, &["apply", "--auto-approve", "--concurrency", "1"]), @"
    Library test  at [URL]  no state yet

      + a.sh  7 B  914cefaded94  new
      + b.sh  7 B  256931e5627b  new
      + c.sh  7 B  8f099f490abd  new

    Plan: 3 to create.
    3 API calls, at once under the limits
    Fingerprint: sha256:[DIGITS]

    Applied to test: 1 created.
    Failed: 1
      ! create b.sh
    Not tried: 1
      ! create c.sh
    Nothing is lost: what is done stays done, and this goes on with the rest:
      jumpbag apply --auto-approve
    ----- stderr
    [1/3] created a.sh
    [2/3] could not create b.sh: the API does not permit to upload `b.sh`
    jumpbag::library::forbidden

      × the API does not permit to upload `b.sh`
      ╰─▶ `POST [URL]/api/libraryfiles` was answered 403
          Forbidden: `this error was asked for` (correlation id
          `[ID]`); sent were file=`b.sh` (7 bytes,
          sha256
          256931e5627bfa46347df35ae1c25649073ce5630975d0cdf9d301d32836a118),
          HasParameters=`false`, OverrideIfExists=`false`
      help: grant the app registration the permission `Library.Manage` ('Manage
            live response library'), as an application or delegated permission,
            and have an administrator consent to it
    ----- exit code 3
    ");
    assert_eq!(emulator.names(), ["a.sh"]);
    assert_eq!(world.state_list(), emulator.names());
}

#[test]
fn what_was_stored_otherwise_than_it_was_sent_is_a_failure() {
    let (world, _emulator) = three_beside(&["--fault", "upload:1:wrong-sha256"]);
    insta::assert_snapshot!(world.expect(3, &["apply", "--auto-approve", "--concurrency", "1"]), @"
    Library test  at [URL]  no state yet

      + a.sh  7 B  914cefaded94  new
      + b.sh  7 B  256931e5627b  new
      + c.sh  7 B  8f099f490abd  new

    Plan: 3 to create.
    3 API calls, at once under the limits
    Fingerprint: sha256:[DIGITS]

    Applied to test: 2 created.
    Failed: 1
      ! create a.sh
    Nothing is lost: what is done stays done, and this goes on with the rest:
      jumpbag apply --auto-approve
    ----- stderr
    [1/3] could not create a.sh: the library stored something else than `a.sh` with sha256 914cefaded94d45f313fa21b0af05991c33df3566f4ca6814c3652f4b92b7c8c: it answered `a.sh` with sha256 `014cefaded94d45f313fa21b0af05991c33df3566f4ca6814c3652f4b92b7c8c`
    [2/3] created b.sh
    [3/3] created c.sh
    jumpbag::library::answered_other_content

      × the library stored something else than `a.sh` with sha256
      │ 914cefaded94d45f313fa21b0af05991c33df3566f4ca6814c3652f4b92b7c8c: it
      │ answered `a.sh` with sha256
      │ `014cefaded94d45f313fa21b0af05991c33df3566f4ca6814c3652f4b92b7c8c`
      help: do not run the file; plan again to see what the library holds, and
            look for a proxy that alters what passes it
    ----- exit code 3
    ");
}

/// What could not be printed was not seen, and must not be applied.
#[cfg(target_os = "linux")]
#[test]
fn output_that_cannot_be_written_is_1_and_nothing_is_applied() {
    let world = World::with_manifest("  - source: a.sh\n");
    world.write("a.sh", "echo a\n");
    for args in [&["plan"][..], &["apply", "--auto-approve"], &["version"]] {
        let full = std::fs::File::create("/dev/full").unwrap();
        let output = world.command(args).stdout(full).output().unwrap();
        let run = world.finish(&output);
        assert_eq!(run.code, Some(1), "{args:?}\n{run}");
        assert!(run.stderr.contains("jumpbag::cli::print"), "{run}");
    }
    assert!(world.state_list().is_empty());
}
