//! Refusals that no other call can get around: nothing else is asked, and the user is told what to do.

use super::{
    Act, Call, Response, Server, apply, assert_plans, assert_settled, run_apply, said, world,
};

const FILES: [&str; 3] = ["a.txt", "b.txt", "c.txt"];

/// The first upload is refused: `code` is in the diagnostic, and nothing is called afterwards.
#[track_caller]
fn assert_ends_the_apply(response: Response, code: &str) -> String {
    let server = Server::start();
    let world = world(&server, &FILES);
    server.refuse(Call::Upload, response);
    let run = run_apply(&world, 3);
    assert_eq!(
        server.arrived(),
        [
            "list",
            "upload a.txt OverrideIfExists=false HasParameters=false"
        ]
    );
    assert!(run.stderr.contains(code), "{run}");
    assert!(
        run.stdout.contains("Failed: 1\n  ! create a.txt\n"),
        "{run}"
    );
    assert!(
        run.stdout
            .contains("Not tried: 2\n  ! create b.txt\n  ! create c.txt\n"),
        "{run}"
    );
    assert!(server.files().is_empty());
    server.serve();
    assert_plans(&world, 2, "Plan: 3 to create.");
    assert_eq!(world.expect(0, &["state", "list"]).stdout, "");
    apply(&world, 0);
    let told = said(&run, &server);
    assert_settled(&world, &server, &FILES);
    told
}

/// The list is refused: that is the only request, nothing was changed, and there is no state.
#[track_caller]
fn assert_ends_before_the_apply(response: Response, code: &str) -> String {
    let server = Server::start();
    let world = world(&server, &FILES);
    server.refuse(Call::List, response);
    for command in [
        &["-q", "plan"][..],
        &["-q", "drift"],
        &["-q", "apply", "--auto-approve"],
    ] {
        let run = world.expect(1, command);
        assert_eq!(server.arrived(), ["list"], "{command:?}");
        assert!(run.stderr.contains(code), "{run}");
        assert_eq!(run.stdout, "", "{run}");
    }
    let told = said(&run_apply(&world, 1), &server);
    server.serve();
    assert_plans(&world, 2, "Plan: 3 to create.");
    apply(&world, 0);
    assert_settled(&world, &server, &FILES);
    told
}

fn unauthorized() -> Response {
    Response::error(401, "Unauthorized", "Invalid token")
}

fn forbidden() -> Response {
    Response::error(403, "Forbidden", "Missing application roles")
}

fn disabled() -> Response {
    Response::error(403, "DisabledFeature", "Live response is turned off")
}

#[test]
fn a_refused_token_ends_the_run() {
    let told = assert_ends_before_the_apply(unauthorized(), "jumpbag::library::unauthorized");
    insta::assert_snapshot!(told, @"
    jumpbag::library::unauthorized

      × the API refused the token when asked to list the library
      ╰─▶ `GET [URL]/api/libraryfiles` was answered 401
          Unauthorized: `Invalid token` (correlation id `|4b1c0d2e-0000.1.`)
      help: check the app registration: the tenant and client id, a secret or
            certificate that has not expired, and that the token's audience is the
            API of this cloud
    ");
    let told = assert_ends_the_apply(unauthorized(), "jumpbag::library::unauthorized");
    insta::assert_snapshot!(told, @"
    jumpbag::library::unauthorized

      × the API refused the token when asked to upload `a.txt`
      ╰─▶ `POST [URL]/api/libraryfiles` was answered 401
          Unauthorized: `Invalid token` (correlation id `|4b1c0d2e-0000.1.`); sent
          were file=`a.txt` (21 bytes, sha256
          133f0873237d9943bb7a5728896aa22ed0e6be9c6b95073771f94d65117a91bc),
          Description=`About a.txt`, HasParameters=`false`,
          OverrideIfExists=`false`
      help: check the app registration: the tenant and client id, a secret or
            certificate that has not expired, and that the token's audience is the
            API of this cloud
    ");
}

#[test]
fn a_missing_permission_is_named() {
    let told = assert_ends_before_the_apply(forbidden(), "jumpbag::library::forbidden");
    assert!(told.contains("`Library.Manage`"), "{told}");
    let told = assert_ends_the_apply(forbidden(), "jumpbag::library::forbidden");
    insta::assert_snapshot!(told, @"
    jumpbag::library::forbidden

      × the API does not permit to upload `a.txt`
      ╰─▶ `POST [URL]/api/libraryfiles` was answered 403
          Forbidden: `Missing application roles` (correlation id
          `|4b1c0d2e-0000.1.`); sent were file=`a.txt` (21 bytes, sha256
          133f0873237d9943bb7a5728896aa22ed0e6be9c6b95073771f94d65117a91bc),
          Description=`About a.txt`, HasParameters=`false`,
          OverrideIfExists=`false`
      help: grant the app registration the permission `Library.Manage` ('Manage
            live response library'), as an application or delegated permission,
            and have an administrator consent to it
    ");
}

#[test]
fn live_response_that_is_off_is_named() {
    let told = assert_ends_before_the_apply(disabled(), "jumpbag::library::disabled");
    insta::assert_snapshot!(told, @"
    jumpbag::library::disabled

      × live response is disabled in the tenant, so it is not possible to list the
      │ library
      ╰─▶ `GET [URL]/api/libraryfiles` was answered 403
          DisabledFeature: `Live response is turned off` (correlation id
          `|4b1c0d2e-0000.1.`)
      help: turn live response on in the portal: Settings, Endpoints, Advanced
            features
    ");
    assert_ends_the_apply(disabled(), "jumpbag::library::disabled");
}

/// With many workers, those that wait for the limits have not sent anything yet, and must not.
#[test]
fn who_waits_when_the_end_is_known_sends_nothing() {
    let server = Server::start();
    let world = world(&server, &FILES);
    let limited = world
        .read("jumpbag.yaml")
        .replace("files:\n", "    limits: [{ calls: 2, per: 1s }]\nfiles:\n");
    world.write("jumpbag.yaml", limited);
    server.refuse(Call::Upload, forbidden());
    let run = world.expect(3, &["-q", "apply", "--auto-approve", "--concurrency", "3"]);
    let arrived = server.arrived();
    assert_eq!(arrived.len(), 2, "{arrived:?}");
    assert!(run.stdout.contains("Failed: 1\n"), "{run}");
    assert!(run.stdout.contains("Not tried: 2\n"), "{run}");
    server.serve();
    assert_plans(&world, 2, "Plan: 3 to create.");
}

#[test]
fn a_redirect_does_not_get_the_token() {
    for status in [301, 302, 307, 308] {
        let (server, elsewhere) = (Server::start(), Server::start());
        let there = format!("{}/api/libraryfiles", elsewhere.url());
        let redirect = Response::html(status).with("Location", &there);
        let world = world(&server, &FILES);
        server.refuse(Call::List, redirect.clone());
        let run = run_apply(&world, 1);
        assert_eq!(server.arrived(), ["list"]);
        assert!(run.stderr.contains("jumpbag::library::redirected"), "{run}");

        server.refuse(Call::Upload, redirect);
        apply(&world, 3);
        assert_eq!(
            server.arrived(),
            [
                "list",
                "upload a.txt OverrideIfExists=false HasParameters=false"
            ]
        );
        elsewhere.assert_untouched();
        server.serve();
        assert_plans(&world, 2, "Plan: 3 to create.");
    }
}

/// One file is at fault, and not the whole run.
#[test]
fn a_refused_file_is_shown_with_what_was_sent() {
    let server = Server::start();
    let world = world(&server, &FILES);
    server.script(|request, _| match request.name.as_str() {
        "b.txt" => Act::Answer(Response::error(400, "InvalidInput", "the name is reserved")),
        _ => Act::Serve,
    });
    let run = run_apply(&world, 3);
    assert_eq!(
        server.arrived(),
        [
            "list",
            "upload a.txt OverrideIfExists=false HasParameters=false",
            "upload b.txt OverrideIfExists=false HasParameters=false",
            // Whether it is there already is not said by the message, but by a look.
            "list",
            "upload c.txt OverrideIfExists=false HasParameters=false",
        ]
    );
    let told = said(&run, &server);
    insta::assert_snapshot!(told, @"
    jumpbag::library::rejected

      × the API refused to upload `b.txt`
      ╰─▶ `POST [URL]/api/libraryfiles` was answered 400
          InvalidInput: `the name is reserved` (correlation id
          `|4b1c0d2e-0000.1.`); sent were file=`b.txt` (21 bytes, sha256
          8c4c9f4926fa2ec55b909461cc2d4ce35a56b32533c56b39fcc1dea554fe9d78),
          Description=`About b.txt`, HasParameters=`false`,
          OverrideIfExists=`false`
      help: compare what was sent with what the API's message asks for
    ");
    server.serve();
    assert_plans(&world, 2, "Plan: 1 to create, 2 unchanged.");
}
