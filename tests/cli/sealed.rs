//! A state that only the holders of a key can read.

use std::path::PathBuf;

use age::secrecy::ExposeSecret as _;
use age::x25519::Identity;

use crate::harness::{Run, World};
use crate::leaks::Secrets;

const STATE: &str = ".jumpbag/test/state.json";
const MARK: &str = "a very particular content";

/// A world whose manifest encrypts for `recipients`.
fn world(recipients: &[&Identity]) -> World {
    let world = World::new();
    world.write("a.ps1", format!("Write-Output '{MARK}'\n"));
    encrypt_to(&world, recipients);
    world
}

fn encrypt_to(world: &World, recipients: &[&Identity]) {
    let keys: Vec<_> = recipients
        .iter()
        .map(|it| it.to_public().to_string())
        .collect();
    world.write(
        "jumpbag.yaml",
        format!(
            "version: 1\nlibraries: {{test: {{endpoint: 'emulator:.library'}}}}\nstate: {{encrypt_to: [{}]}}\nfiles:\n- {{source: a.ps1, description: '{MARK}'}}\n",
            keys.join(", ")
        ),
    );
}

/// Runs with `identities` in the environment.
#[track_caller]
fn run(world: &World, identities: &[&Identity], code: i32, args: &[&str]) -> Run {
    let keys: Vec<_> = identities
        .iter()
        .map(|it| it.to_string().expose_secret().to_owned())
        .collect();
    let mut command = world.command(args);
    if !keys.is_empty() {
        command.env("JUMPBAG_AGE_IDENTITY", keys.join("\n"));
    }
    let run = world.finish(&command.output().unwrap());
    assert_eq!(run.code, Some(code), "{args:?}\n{run}");
    for key in keys {
        assert!(!run.to_string().contains(&key), "{run}");
    }
    run
}

/// The files of the state, and whether each is encrypted.
fn private(world: &World) -> Vec<(PathBuf, bool)> {
    let state = world.path(".jumpbag");
    let files = world
        .files()
        .into_iter()
        .filter(|(path, _)| path.starts_with(&state));
    let private = files.filter(|(path, _)| {
        let parent = path.parent().unwrap();
        path.ends_with("state.json") || parent.ends_with("history") || parent.ends_with("objects")
    });
    private
        .map(|(path, content)| (path, content.starts_with(b"age-encryption.org/v1\n")))
        .collect()
}

fn is_all(world: &World, sealed: bool) -> bool {
    let files = private(world);
    files.len() >= 3 && files.iter().all(|(_, is)| *is == sealed)
}

/// Whether `text` is anywhere in the state.
fn shows(world: &World, text: &str) -> bool {
    let (state, text) = (world.path(".jumpbag"), Secrets::new([text]));
    let mut files = world.files().into_iter();
    files.any(|(path, content)| path.starts_with(&state) && text.find(&content).is_some())
}

#[test]
fn what_is_encrypted_is_read_with_a_key_and_shows_nothing_without() {
    let key = Identity::generate();
    let world = world(&[&key]);
    run(&world, &[&key], 0, &["apply", "--auto-approve", "-vvv"]);
    world.write("a.ps1", format!("Write-Output '{MARK}, again'\n"));
    run(&world, &[&key], 0, &["apply", "--auto-approve"]);
    assert!(is_all(&world, true));
    assert!(!shows(&world, MARK));
    let secrets = Secrets::new([key.to_string().expose_secret()]);
    assert!(secrets.assert_unwritten(&world, &[]) > 3);
    run(&world, &[&key], 0, &["plan", "--detailed-exitcode"]);
    let history = run(&world, &[&key], 0, &["state", "history"]).stdout;
    let first = history.trim().split(' ').next().unwrap();
    run(&world, &[&key], 0, &["rollback", first, "--auto-approve"]);
    let restored = run(&world, &[&key], 0, &["restore", "a.ps1", "-o", "-"]);
    assert_eq!(restored.stdout, format!("Write-Output '{MARK}'\n"));

    let none = run(&world, &[], 1, &["plan"]);
    insta::assert_snapshot!(none.stderr, @"
    jumpbag::state::sealed_without_identity

      × `./.jumpbag/test/state.json` is encrypted, and no key was given
      help: put an identity of age into JUMPBAG_AGE_IDENTITY, or name its file in
            JUMPBAG_AGE_IDENTITY_FILE
    ");
    let other = run(&world, &[&Identity::generate()], 1, &["plan"]);
    insta::assert_snapshot!(other.stderr, @"
    jumpbag::state::other_identity

      × `./.jumpbag/test/state.json` is encrypted for other keys than those that
      │ were given
      help: give the identity of one of the recipients that it was encrypted for;
            after `encrypt_to` was changed, those of before are needed until
            `jumpbag state reseal` was run
    ");
    let before = world.read(".library/index.json");
    run(&world, &[], 1, &["apply", "--auto-approve"]);
    assert_eq!(world.read(".library/index.json"), before);
}

#[test]
fn what_nobody_could_read_is_not_written() {
    let (mine, theirs) = (Identity::generate(), Identity::generate());
    let world = world(&[&theirs]);
    for identities in [&[][..], &[&mine][..]] {
        let refused = run(&world, identities, 1, &["apply", "--auto-approve"]);
        assert!(
            refused.stderr.contains("jumpbag::state::cannot_read_back"),
            "{refused}"
        );
    }
    assert!(!world.path(STATE).exists() && !world.path(".library/index.json").exists());
    let mut command = world.command(&["plan"]);
    command.env("JUMPBAG_AGE_IDENTITY", "AGE-SECRET-KEY-1NOT");
    let refused = world.finish(&command.output().unwrap());
    assert!(
        refused.stderr.contains("jumpbag::cli::bad_identity"),
        "{refused}"
    );
    assert!(!refused.stderr.contains("1NOT"), "{refused}");
}

#[test]
fn a_plain_state_is_encrypted_and_one_that_is_does_not_become_plain_by_itself() {
    let key = Identity::generate();
    let world = world(&[]);
    run(&world, &[], 0, &["apply", "--auto-approve"]);
    assert!(is_all(&world, false) && shows(&world, MARK));
    encrypt_to(&world, &[&key]);
    run(&world, &[&key], 0, &["plan", "--detailed-exitcode"]);
    let done = run(&world, &[&key], 0, &["state", "reseal"]);
    insta::assert_snapshot!(done.stdout, @"3 files of the state of `test` are encrypted for 1 recipient now, and were read back.");
    assert!(is_all(&world, true) && !shows(&world, MARK));
    run(&world, &[&key], 0, &["plan", "--detailed-exitcode"]);

    encrypt_to(&world, &[]);
    world.write("a.ps1", "2");
    run(&world, &[&key], 2, &["plan", "--detailed-exitcode"]);
    let refused = run(&world, &[&key], 1, &["apply", "--auto-approve"]);
    insta::assert_snapshot!(refused.stderr, @"
    jumpbag::state::would_unseal

      × the state `./.jumpbag/test/state.json` is encrypted, and the manifest does
      │ not say for whom
      help: name the recipients in `state: { encrypt_to: […] }`, or decrypt
            everything with `jumpbag state reseal --plain`
    ");
    run(&world, &[&key], 1, &["state", "reseal"]);
    run(&world, &[&key], 0, &["state", "reseal", "--plain"]);
    assert!(is_all(&world, false));
    run(&world, &[], 0, &["apply", "--auto-approve"]);
}

#[test]
fn keys_are_changed_without_losing_anything() {
    let (old, new) = (Identity::generate(), Identity::generate());
    let world = world(&[&old]);
    run(&world, &[&old], 0, &["apply", "--auto-approve"]);
    encrypt_to(&world, &[&new]);
    // Who has the new one alone cannot read yet; what was rewritten by halves is read with both.
    run(&world, &[&new], 1, &["plan"]);
    world.write("a.ps1", "2");
    run(&world, &[&old, &new], 0, &["apply", "--auto-approve"]);
    run(&world, &[&old], 1, &["plan"]);
    run(&world, &[&old, &new], 0, &["state", "reseal"]);
    run(&world, &[&new], 0, &["plan", "--detailed-exitcode"]);
    run(&world, &[&new], 0, &["state", "history"]);
    run(&world, &[&old], 1, &["state", "history"]);
}

#[test]
fn what_was_altered_is_said_and_not_used() {
    let key = Identity::generate();
    let world = world(&[&key]);
    run(&world, &[&key], 0, &["apply", "--auto-approve"]);
    let whole = std::fs::read(world.path(STATE)).unwrap();
    for at in [30, whole.len() / 2, whole.len() - 1] {
        let mut altered = whole.clone();
        altered[at] ^= 1;
        world.write(STATE, &altered);
        let run = run(&world, &[&key], 1, &["plan"]);
        assert!(run.stderr.contains("jumpbag::state::"), "{at}: {run}");
    }
    world.write(STATE, &whole[..whole.len() - 9]);
    run(&world, &[&key], 1, &["apply", "--auto-approve"]);
    world.write(STATE, &whole);
    run(&world, &[&key], 0, &["plan", "--detailed-exitcode"]);
}

#[test]
fn a_manifest_takes_public_keys_and_shows_no_secret() {
    let key = Identity::generate();
    let world = world(&[&key, &key]);
    world.edit("jumpbag.yaml", "]}", ", ssh-ed25519 AAAA]}");
    let twice = world.expect(1, &["validate"]);
    assert_eq!(
        twice
            .stderr
            .matches("jumpbag::manifest::bad_recipient")
            .count(),
        2,
        "{twice}"
    );
    let secret = key.to_string();
    let secret = secret.expose_secret();
    for secret in [secret.to_owned(), secret.to_lowercase()] {
        encrypt_to(&world, &[&key]);
        world.edit("jumpbag.yaml", "]}", &format!(", {secret}]}}"));
        for format in ["human", "json", "sarif", "github", "azure"] {
            let refused = world.expect(1, &["validate", "--format", format]);
            let text = refused.to_string();
            assert!(
                !text.contains(&secret[20..]) && text.contains("secret key"),
                "{refused}"
            );
        }
    }
    let refused = world.expect(1, &["plan"]);
    insta::assert_snapshot!(refused.stderr.replace(&key.to_public().to_string(), "[KEY]"), @"
      × `jumpbag.yaml` is not valid

    Error: jumpbag::manifest::secret_key

      × the manifest holds a secret key of age
       ╭─[jumpbag.yaml:3:86]
     2 │ libraries: {test: {endpoint: 'emulator:.library'}}
     3 │ state: {encrypt_to: [[KEY], age-secret-key-1**********************************************************]}
       ·                                                                                      ─────────────────────────────────────┬────────────────────────────────────
       ·                                                                                                                           ╰── a secret never stands here
     4 │ files:
       ╰────
      help: take it away, make a new pair of keys, and write the public one,
            `age1…`; whoever has seen the file could read the state
    ");
}

#[test]
fn a_damaged_content_is_kept_anew() {
    let key = Identity::generate();
    let world = world(&[&key]);
    run(&world, &[&key], 0, &["apply", "--auto-approve"]);
    let kept = crate::harness::digest(world.read("a.ps1").as_bytes());
    let kept = world.path(format!(".jumpbag/test/objects/{kept}"));
    let mut sealed = std::fs::read(&kept).unwrap();
    sealed.truncate(sealed.len() - 3);
    std::fs::write(&kept, &sealed).unwrap();
    world.edit("jumpbag.yaml", "description: '", "description: 'New: ");
    run(&world, &[&key], 0, &["apply", "--auto-approve"]);
    let restored = run(&world, &[&key], 0, &["restore", "a.ps1", "-o", "-"]);
    assert_eq!(restored.stdout, world.read("a.ps1"));
}
