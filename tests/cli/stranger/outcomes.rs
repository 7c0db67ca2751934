//! Uploads that end otherwise than they should: nothing is recorded that is not known, and nothing of
//! anybody else's is overwritten.

use serde_json::json;

use super::{
    Act, Call, Entry, Response, Server, apply, assert_plans, assert_settled, content, ends,
    run_apply, said, sha256, world,
};
use crate::harness::{World, manifest};

const A: &str = "upload a.txt OverrideIfExists=false HasParameters=false";

/// An upload is lost, and the library can then not be asked what became of it.
fn lose_the_outcome(server: &Server, act: fn() -> Act) {
    let mut uploaded = false;
    server.script(move |request, _| {
        if request.call == Call::Upload {
            uploaded = true;
            act()
        } else if uploaded {
            Act::Answer(Response::error(403, "Forbidden", "expired"))
        } else {
            Act::Serve
        }
    });
}

#[test]
fn an_unknown_outcome_is_said_and_the_next_plan_knows_it() {
    let server = Server::start();
    let world = world(&server, &["a.txt"]);
    lose_the_outcome(&server, || Act::CloseAfter);
    let run = run_apply(&world, 3);
    assert_eq!(server.arrived(), ["list", A, "list"]);
    insta::assert_snapshot!(said(&run, &server), @"
    jumpbag::library::unknown

      × it is not known whether `a.txt` was uploaded
      ├─▶ the API does not permit to list the library
      ╰─▶ `GET [URL]/api/libraryfiles` was answered 403
          Forbidden: `expired` (correlation id `|4b1c0d2e-0000.1.`)
      help: plan again: the next plan looks at what the library holds
    ");
    assert_eq!(world.expect(0, &["state", "list"]).stdout, "");

    // It had arrived, and is jumpbag's own.
    server.serve();
    ends(&world, 0, &["plan", "--detailed-exitcode"]);
    ends(&world, 0, &["drift", "--detailed-exitcode"]);
    apply(&world, 0);
    assert_settled(&world, &server, &["a.txt"]);
}

#[test]
fn an_unknown_outcome_may_be_that_nothing_was_done() {
    let server = Server::start();
    let world = world(&server, &["a.txt"]);
    lose_the_outcome(&server, || Act::CloseBefore);
    apply(&world, 3);
    server.serve();
    assert_plans(&world, 2, "Plan: 1 to create.");
    apply(&world, 0);
    assert_settled(&world, &server, &["a.txt"]);
}

/// What somebody else puts there in the meantime is not taken for the lost upload.
#[test]
fn an_unknown_outcome_is_no_claim_to_another_file() {
    let server = Server::start();
    let world = world(&server, &["a.txt"]);
    lose_the_outcome(&server, || Act::CloseBefore);
    apply(&world, 3);
    server.serve();
    server.change(|files| drop(files.insert("a.txt".to_owned(), Entry::of("theirs"))));
    ends(&world, 4, &["plan"]);
    apply(&world, 4);
    assert_eq!(server.files()["a.txt"], Entry::of("theirs"));
}

#[test]
fn another_sha256_than_was_sent_is_not_done() {
    let server = Server::start();
    let world = world(&server, &["a.txt", "b.txt"]);
    server.script(|request, files| match request.name.as_str() {
        "a.txt" => {
            // A scanner on the way has changed it, and the library tells.
            let altered = Entry {
                description: "About a.txt".to_owned(),
                ..Entry::of("altered")
            };
            files.insert("a.txt".to_owned(), altered);
            let digest = sha256(b"altered");
            let answer = json!({ "fileName": "a.txt", "sha256": digest, "hasParameters": false });
            Act::Answer(Response::json(200, &answer))
        }
        _ => Act::Serve,
    });
    let run = run_apply(&world, 3);
    assert_eq!(
        server.arrived(),
        [
            "list",
            A,
            "upload b.txt OverrideIfExists=false HasParameters=false"
        ]
    );
    insta::assert_snapshot!(said(&run, &server), @"
    jumpbag::library::answered_other_content

      × the library stored something else than `a.txt` with sha256
      │ 133f0873237d9943bb7a5728896aa22ed0e6be9c6b95073771f94d65117a91bc: it
      │ answered `a.txt` with sha256
      │ `4aa009153649a0a7c1425387f3da9c72330ad069ea9f69ce1640abe46f92a83b`
      help: do not run the file; plan again to see what the library holds, and
            look for a proxy that alters what passes it
    ");
    assert_eq!(world.expect(0, &["state", "list"]).stdout, "b.txt\n");
    server.serve();
    // Whose file that is cannot be told; it is not overwritten, and not taken for the right one.
    let plan = world.expect(4, &["plan"]);
    assert!(plan.stdout.contains("! a.txt"), "{plan}");
}

#[test]
fn another_name_than_was_sent_is_not_done() {
    let server = Server::start();
    let world = world(&server, &["a.txt"]);
    let answer = json!({ "fileName": "other.txt", "sha256": sha256(content("a.txt").as_bytes()) });
    server.once(Call::Upload, Act::Answer(Response::json(200, &answer)));
    let run = run_apply(&world, 3);
    assert!(
        run.stderr
            .contains("jumpbag::library::answered_other_content"),
        "{run}"
    );
    assert_eq!(world.expect(0, &["state", "list"]).stdout, "");
    server.serve();
    assert_plans(&world, 2, "Plan: 1 to create.");
}

/// `theirs` appears between the list and the upload, which is refused therefore.
fn appears(server: &Server, theirs: Entry) {
    let mut theirs = Some(theirs);
    server.script(move |request, files| {
        if request.call == Call::Upload
            && let Some(theirs) = theirs.take()
        {
            files.insert("a.txt".to_owned(), theirs);
        }
        Act::Serve
    });
}

#[test]
fn a_file_that_appears_after_the_plan_is_not_overwritten() {
    let server = Server::start();
    let world = world(&server, &["a.txt"]);
    appears(&server, Entry::of("theirs"));
    let run = run_apply(&world, 3);
    assert_eq!(server.arrived(), ["list", A, "list"]);
    assert_eq!(server.files()["a.txt"], Entry::of("theirs"));
    assert!(run.stderr.contains("jumpbag::library::exists"), "{run}");
    assert_eq!(world.expect(0, &["state", "list"]).stdout, "");

    server.serve();
    let plan = world.expect(4, &["plan", "--detailed-exitcode"]);
    assert!(plan.stdout.contains("! a.txt"), "{plan}");
    server.take();
    apply(&world, 4);
    assert_eq!(server.arrived(), ["list"]);
    assert_eq!(server.files()["a.txt"], Entry::of("theirs"));
}

#[test]
fn a_file_that_appears_and_is_the_wanted_one_is_done() {
    let server = Server::start();
    let world = world(&server, &["a.txt"]);
    let wanted = Entry {
        description: "About a.txt".to_owned(),
        ..Entry::of(&content("a.txt"))
    };
    appears(&server, wanted);
    apply(&world, 0);
    assert_eq!(server.arrived(), ["list", A, "list"]);
    assert_settled(&world, &server, &["a.txt"]);
}

/// Between the list and the delete, somebody else deletes it.
#[test]
fn a_file_that_disappears_before_its_delete_is_deleted() {
    let server = Server::start();
    let world = world(&server, &["a.txt", "b.txt"]);
    apply(&world, 0);
    server.take();
    super::want(&world, &server, &["b.txt"]);
    server.script(|request, files| {
        if request.call == Call::Delete {
            files.remove("a.txt");
        }
        Act::Serve
    });
    let run = run_apply(&world, 0);
    assert_eq!(server.arrived(), ["list", "delete a.txt", "list"]);
    assert!(
        run.stdout.ends_with("\nApplied to test: 1 deleted.\n"),
        "{run}"
    );
    assert_settled(&world, &server, &["b.txt"]);
}

/// `a.txt` has arrived, and no run knows it.
fn arrived_unseen() -> (Server, World) {
    let server = Server::start();
    let world = world(&server, &["a.txt", "b.txt"]);
    lose_the_outcome(&server, || Act::CloseAfter);
    apply(&world, 3);
    assert!(server.files().contains_key("a.txt"));
    (server, world)
}

/// The next run is about another content of it, and ends before it comes to that.
#[test]
fn what_arrived_unseen_is_jumpbags_own_after_a_second_failure() {
    for again in [1, 2] {
        let (server, world) = arrived_unseen();
        world.edit("jumpbag.yaml", "About a.txt", "Edited");
        server.refuse(Call::Upload, Response::error(403, "Forbidden", "no"));
        for _ in 0..again {
            apply(&world, 3);
        }
        assert_plans(&world, 2, "Plan: 1 to create, 1 to update.");
        server.serve();
        apply(&world, 0);
        assert_eq!(server.files()["a.txt"].description, "Edited");
        assert_settled(&world, &server, &["a.txt", "b.txt"]);
    }
}

#[test]
fn what_arrived_unseen_is_deleted_when_nobody_asks_for_it_any_more() {
    let (server, world) = arrived_unseen();
    super::want(&world, &server, &["b.txt", "c.txt"]);
    server.refuse(Call::Upload, Response::error(403, "Forbidden", "no"));
    apply(&world, 3);
    assert_plans(&world, 2, "Plan: 2 to create, 1 to delete.");
    server.serve();
    apply(&world, 0);
    assert_settled(&world, &server, &["b.txt", "c.txt"]);
}

#[test]
fn what_arrived_unseen_is_jumpbags_own_after_an_apply_of_other_files() {
    let (server, world) = arrived_unseen();
    world.edit("jumpbag.yaml", "About a.txt", "Edited");
    server.serve();
    let target = ["apply", "--auto-approve", "--target", "b.txt"];
    ends(&world, 0, &target);
    assert_plans(&world, 2, "Plan: 1 to update, 1 unchanged.");
    apply(&world, 0);
    assert_settled(&world, &server, &["a.txt", "b.txt"]);
}

/// What never arrived is nobody's: if somebody uploads the same file later, it is theirs.
#[test]
fn what_did_not_arrive_is_not_jumpbags_own_when_somebody_else_uploads_it() {
    let server = Server::start();
    let world = world(&server, &["a.txt"]);
    lose_the_outcome(&server, || Act::CloseBefore);
    apply(&world, 3);
    server.serve();
    world.write("jumpbag.yaml", manifest(&server.url(), "  []\n"));
    apply(&world, 0);
    server.change(|files| {
        let entry = Entry {
            description: "About a.txt".to_owned(),
            ..Entry::of(&content("a.txt"))
        };
        files.insert("a.txt".to_owned(), entry);
    });
    server.take();
    apply(&world, 0);
    assert_eq!(server.arrived(), ["list"]);
    assert!(server.files().contains_key("a.txt"));
}
