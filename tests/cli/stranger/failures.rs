//! Answers that do not come, or come from something in between: the run finds out what was done.

use super::{
    Act, Call, Response, Server, apply, assert_plans, assert_settled, run_apply, said, want, world,
};

const FILES: [&str; 2] = ["a.txt", "b.txt"];
const A: &str = "upload a.txt OverrideIfExists=false HasParameters=false";
const B: &str = "upload b.txt OverrideIfExists=false HasParameters=false";

/// The first upload ends with `act`, and the apply ends well, after these requests.
#[track_caller]
fn assert_settles(act: Act, requests: &[&str]) {
    let server = Server::start();
    let world = world(&server, &FILES);
    server.once(Call::Upload, act);
    let run = run_apply(&world, 0);
    assert_eq!(server.arrived(), requests);
    assert!(
        run.stdout.ends_with("\nApplied to test: 2 created.\n"),
        "{run}"
    );
    assert_settled(&world, &server, &FILES);
}

#[test]
fn a_gateways_page_is_followed_by_a_look_and_another_try() {
    assert_settles(Act::Answer(Response::html(502)), &["list", A, "list", A, B]);
}

#[test]
fn a_connection_that_is_closed_before_is_followed_by_another_try() {
    assert_settles(Act::CloseBefore, &["list", A, "list", A, B]);
}

#[test]
fn what_was_stored_before_the_connection_closed_is_not_sent_again() {
    assert_settles(Act::CloseAfter, &["list", A, "list", B]);
}

#[test]
fn what_was_stored_before_the_answer_broke_off_is_not_sent_again() {
    assert_settles(Act::Cut, &["list", A, "list", B]);
}

#[test]
fn what_was_stored_though_a_gateway_says_otherwise_is_not_sent_again() {
    assert_settles(Act::ServeBut(Response::html(504)), &["list", A, "list", B]);
    let nonsense = Response::json(200, &serde_json::json!({ "status": "ok" }));
    assert_settles(Act::ServeBut(nonsense), &["list", A, "list", B]);
}

#[test]
fn a_list_that_breaks_off_is_asked_for_again() {
    for act in [Act::Cut, Act::CloseBefore, Act::Answer(Response::html(502))] {
        let server = Server::start();
        let world = world(&server, &FILES);
        server.once(Call::List, act);
        apply(&world, 0);
        assert_eq!(server.arrived(), ["list", "list", A, B]);
        assert_settled(&world, &server, &FILES);
    }
}

/// An update whose first try is lost: the old file is there, so that it is sent again, over it.
#[test]
fn a_lost_update_is_settled_by_the_content() {
    for (act, tries) in [(Act::CloseBefore, 2), (Act::CloseAfter, 1)] {
        let server = Server::start();
        let world = world(&server, &FILES);
        apply(&world, 0);
        server.take();
        let edited = world.read("jumpbag.yaml").replace("About a.txt", "New");
        world.write("jumpbag.yaml", edited);
        server.once(Call::Upload, act);
        apply(&world, 0);
        let arrived = server.take();
        let uploads = arrived
            .iter()
            .filter(|request| request.call == Call::Upload);
        assert_eq!(uploads.count(), tries);
        assert_eq!(server.files()["a.txt"].description, "New");
        assert_settled(&world, &server, &FILES);
    }
}

#[test]
fn a_delete_that_was_carried_out_is_done_however_it_was_answered() {
    let cases = [
        Act::CloseAfter,
        Act::ServeBut(Response::html(502)),
        Act::ServeBut(Response::error(404, "ResourceNotFound", "no such file")),
        Act::ServeBut(Response::html(404)),
        Act::Cut,
    ];
    for act in cases {
        let server = Server::start();
        let world = world(&server, &FILES);
        apply(&world, 0);
        server.take();
        want(&world, &server, &["b.txt"]);
        server.once(Call::Delete, act);
        let run = run_apply(&world, 0);
        assert!(
            run.stdout.ends_with("\nApplied to test: 1 deleted.\n"),
            "{run}"
        );
        let arrived = server.arrived();
        assert_eq!(arrived[..2], ["list", "delete a.txt"]);
        assert_settled(&world, &server, &["b.txt"]);
    }
}

/// A 404 that is not the API's does not say that the file is gone: there may be nothing but a gateway.
#[test]
fn a_file_that_is_still_there_was_not_deleted() {
    let server = Server::start();
    let world = world(&server, &FILES);
    apply(&world, 0);
    want(&world, &server, &["b.txt"]);
    server.refuse(Call::Delete, Response::html(404));
    let run = run_apply(&world, 3);
    assert!(
        run.stdout.contains("Failed: 1\n  ! delete a.txt\n"),
        "{run}"
    );
    server.serve();
    assert_plans(&world, 2, "Plan: 1 to delete, 1 unchanged.");
    apply(&world, 0);
    assert_settled(&world, &server, &["b.txt"]);
}

#[test]
fn a_gateway_that_never_lets_anything_pass_is_shown() {
    let server = Server::start();
    let world = world(&server, &["a.txt"]);
    server.refuse(Call::Upload, Response::html(502));
    let run = run_apply(&world, 3);
    let told = said(&run, &server);
    insta::assert_snapshot!(told, @"
    jumpbag::library::unknown

      × it is not known whether `a.txt` was uploaded
      ├─▶ could not upload `a.txt`
      ╰─▶ `POST [URL]/api/libraryfiles` was answered 502 with
          text/html: `<html><head><title>502 Bad Gateway</title></head></html>`;
          sent were file=`a.txt` (21 bytes, sha256
          133f0873237d9943bb7a5728896aa22ed0e6be9c6b95073771f94d65117a91bc),
          Description=`About a.txt`, HasParameters=`false`,
          OverrideIfExists=`false`
      help: plan again: the next plan looks at what the library holds
    ");
    assert!(server.files().is_empty());
    server.serve();
    assert_plans(&world, 2, "Plan: 1 to create.");
    assert_eq!(world.expect(0, &["state", "list"]).stdout, "");
}
