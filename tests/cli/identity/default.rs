//! `auth: default`.

use super::{HEADER, SECRET, Scene, app};

/// The log's lines without what differs.
fn log(stderr: &str) -> String {
    let lines = stderr.lines().filter_map(|line| line.split_once(" INFO "));
    let lines: Vec<&str> = lines.map(|(_, line)| line).collect();
    lines.join("\n")
}

#[test]
fn it_says_which_identity_it_chose_and_why_not_the_others() {
    let scene = Scene::new("default");
    let endpoint = format!("{}/msi/token", scene.emulator.url);
    let run = scene.run(
        &["plan", "-v"],
        &app(&[
            ("AZURE_CLIENT_SECRET", SECRET),
            ("IDENTITY_ENDPOINT", &endpoint),
            ("IDENTITY_HEADER", HEADER),
        ]),
    );
    assert_eq!(run.code, Some(0), "{run}");
    insta::assert_snapshot!(log(&run.stderr), @"");
}

#[test]
fn a_chosen_identity_that_fails_is_not_replaced_by_another() {
    let scene = Scene::new("default");
    let endpoint = format!("{}/msi/token", scene.emulator.url);
    let shown = scene.fails(&app(&[
        ("AZURE_CLIENT_SECRET", "hush-wrong"),
        ("IDENTITY_ENDPOINT", &endpoint),
        ("IDENTITY_HEADER", HEADER),
    ]));
    assert!(shown.contains("AADSTS7000215"), "{shown}");
}

#[test]
fn with_no_identity_at_all_each_is_named() {
    let scene = Scene::new("default");
    insta::assert_snapshot!(scene.fails(&[]), @"");
}
