//! Answers that look otherwise than the emulator's, and mean the same.

use super::model::Quirks;
use super::{
    Act, Call, Entry, Response, Server, apply, assert_plans, assert_settled, ends, run_apply, world,
};
use crate::harness::{World, manifest};

/// One file with everything, one with nothing.
const FILES: &str = "  - source: files/all.sh
    description: Collects
    parameters_description: \"-n\"
  - source: files/bare.sh
    name: bare
";

fn mixed(server: &Server) -> World {
    let world = World::new();
    for name in ["all.sh", "bare.sh"] {
        world.write(&format!("files/{name}"), format!("echo {name}\n"));
    }
    world.write("jumpbag.yaml", manifest(&server.url(), FILES));
    world
}

#[track_caller]
fn assert_works_with(quirks: Quirks) {
    let server = Server::with(quirks);
    let world = mixed(&server);
    let run = run_apply(&world, 0);
    assert_eq!(run.stderr, "", "no warning");
    assert_eq!(
        server.arrived(),
        [
            "list",
            "upload all.sh OverrideIfExists=false HasParameters=true",
            "upload bare OverrideIfExists=false HasParameters=false",
        ]
    );
    ends(&world, 0, &["plan", "--detailed-exitcode"]);
    ends(&world, 0, &["drift", "--detailed-exitcode"]);
    let again = run_apply(&world, 0);
    assert!(again.stdout.contains("\nNo changes."), "{again}");
    assert_eq!(server.arrived(), ["list", "list", "list"]);

    // The quirk must not hide what did change, nor invent more of it.
    server.change(|files| {
        let description = &mut files.get_mut("all.sh").unwrap().description;
        "Edited".clone_into(description);
    });
    ends(&world, 2, &["drift", "--detailed-exitcode"]);
    assert_plans(&world, 2, "Plan: 1 to update, 1 unchanged.");
    server.take();
    apply(&world, 0);
    assert_eq!(
        server.arrived(),
        [
            "list",
            "upload all.sh OverrideIfExists=true HasParameters=true"
        ]
    );
    assert_eq!(server.files()["all.sh"].description, "Collects");

    world.write("jumpbag.yaml", manifest(&server.url(), "  []\n"));
    apply(&world, 0);
    assert_eq!(server.arrived(), ["list", "delete all.sh", "delete bare"]);
    assert!(server.files().is_empty());
    ends(&world, 0, &["plan", "--detailed-exitcode"]);
}

#[test]
fn a_sha256_in_capitals_is_the_same() {
    assert_works_with(Quirks {
        upper_case: true,
        ..Quirks::default()
    });
}

#[test]
fn properties_that_nobody_documents_are_passed_over() {
    assert_works_with(Quirks {
        extra: true,
        ..Quirks::default()
    });
}

#[test]
fn optional_properties_may_be_absent() {
    assert_works_with(Quirks {
        absent: true,
        ..Quirks::default()
    });
}

#[test]
fn nothing_may_be_null_or_empty() {
    assert_works_with(Quirks {
        null_for_false: true,
        ..Quirks::default()
    });
    assert_works_with(Quirks {
        empty_for_null: true,
        ..Quirks::default()
    });
}

/// It counts as false: what a script takes is then not shown in the portal, so that it is said each time.
#[test]
fn has_parameters_that_is_not_answered_counts_as_false() {
    let server = Server::with(Quirks {
        no_has_parameters: true,
        ..Quirks::default()
    });
    let world = mixed(&server);
    let run = world.expect(0, &["apply", "--auto-approve", "--concurrency", "1"]);
    let warning = "warning: `all.sh` was stored with another has_parameters than was sent\n";
    assert!(run.stderr.contains(warning), "{run}");
    assert_eq!(run.stderr.matches("warning:").count(), 1, "{run}");
    assert_eq!(
        server.arrived(),
        [
            "list",
            "upload all.sh OverrideIfExists=false HasParameters=true",
            "upload bare OverrideIfExists=false HasParameters=false",
        ]
    );
    let plan = world.expect(2, &["plan", "--detailed-exitcode"]);
    assert!(
        plan.stdout.contains("Plan: 1 to update, 1 unchanged."),
        "{plan}"
    );
    assert!(plan.stdout.contains("has_parameters"), "{plan}");
}

const FIVE: [&str; 5] = ["a.txt", "b.txt", "c.txt", "d.txt", "e.txt"];

#[test]
fn a_list_goes_on_over_its_pages() {
    let server = Server::with(Quirks {
        page: 2,
        ..Quirks::default()
    });
    let world = world(&server, &FIVE);
    apply(&world, 0);
    let arrived = server.arrived();
    assert_eq!(arrived[0], "list");
    assert_eq!(arrived.len(), 1 + 5);
    ends(&world, 0, &["plan", "--detailed-exitcode"]);
    assert_eq!(server.arrived(), ["list", "list from 2", "list from 4"]);
    assert_settled(&world, &server, &FIVE);

    // What is on the last page is as good as what is on the first.
    server.change(|files| drop(files.insert("e.txt".to_owned(), Entry::of("other"))));
    ends(&world, 2, &["drift", "--detailed-exitcode"]);
}

/// Half a list taken for a whole one would have the other half uploaded again.
#[test]
fn a_list_whose_second_page_fails_is_no_list() {
    let server = Server::with(Quirks {
        page: 2,
        ..Quirks::default()
    });
    let world = world(&server, &FIVE);
    apply(&world, 0);
    server.take();
    server.script(|request, _| match (request.call, request.name.as_str()) {
        (Call::List, "2") => Act::Answer(Response::error(403, "DisallowedOperation", "no")),
        _ => Act::Serve,
    });
    apply(&world, 1);
    ends(&world, 1, &["drift"]);
    assert_eq!(
        server.arrived(),
        ["list", "list from 2", "list", "list from 2"]
    );
    assert_settled(&world, &server, &FIVE);
}

#[test]
fn a_list_that_goes_on_elsewhere_is_not_followed() {
    let (server, elsewhere) = (Server::start(), Server::start());
    let link = format!("{}/api/libraryfiles?$skip=2", elsewhere.url());
    let page = serde_json::json!({ "value": [], "@odata.nextLink": link });
    server.once(Call::List, Act::Answer(Response::json(200, &page)));
    let world = world(&server, &FIVE);
    let run = run_apply(&world, 1);
    elsewhere.assert_untouched();
    assert_eq!(server.arrived(), ["list"]);
    assert!(run.stderr.contains("jumpbag::library::next_link"), "{run}");
}
