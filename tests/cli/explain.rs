//! `explain`: what a code means.

use crate::harness::World;

#[test]
fn a_page_is_printed_for_a_code_its_end_and_an_exit_code() {
    let world = World::new();
    let page = world.expect(0, &["explain", "jumpbag::state::locked"]);
    insta::assert_snapshot!(page.stdout, @"
    jumpbag::state::locked

    Another run holds the lock of the state; the message says who, where, since
    when, and by which command. The exit code is 5; where an apply goes on with
    other libraries, it is 3.

    In a folder, the lock of a run that was killed is taken over by the next one. In
    an object store nobody can tell whether the holder is alive: it renews the lock,
    and the message says when it last did.

    Wait with `--lock-timeout 5m`; if the run is gone for certain, run `jumpbag
    state unlock ID`.
    ");
    assert_eq!(world.expect(0, &["explain", "locked"]).stdout, page.stdout);
    insta::assert_snapshot!(world.expect(0, &["explain", "5"]).stdout, @"
    5

    Another run has the lock of the state. Nothing was changed.

    Wait for that run, with `--lock-timeout 5m` if need be. `jumpbag state unlock
    ID` removes the lock of a run that is known to have ended.
    ");
}

#[test]
fn every_code_that_is_listed_is_explained() {
    let world = World::new();
    let codes = world.expect(0, &["explain"]).stdout;
    assert!(codes.lines().count() > 150);
    for code in codes.lines().step_by(10) {
        let page = world.expect(0, &["explain", code]).stdout;
        assert!(page.starts_with(&format!("{code}\n\n")), "{page}");
        assert!(
            page.lines().all(|line| line.chars().count() <= 80),
            "{page}"
        );
    }
}

#[test]
fn what_there_is_no_page_about_is_an_error_that_says_what_may_be_meant() {
    let world = World::new();
    let told = |code: &str| world.expect(1, &["explain", code]).stderr;
    insta::assert_snapshot!(told("lokced"), @"
    jumpbag::cli::no_code

      × there is no code `lokced`
      help: did you mean `jumpbag::state::locked`? `jumpbag explain` lists all
            codes
    ");
    insta::assert_snapshot!(told("content_changed"), @"
    jumpbag::cli::no_code

      × there is no code `content_changed`
      help: did you mean `jumpbag::library::content_changed` or
            `jumpbag::state::content_changed`? `jumpbag explain` lists all codes
    ");
    insta::assert_snapshot!(told("\u{1b}[31m"), @r"
    jumpbag::cli::no_code

      × there is no code `\u{1b}[31m`
      help: `jumpbag explain` lists all codes
    ");
}
