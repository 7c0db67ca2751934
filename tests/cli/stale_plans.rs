//! Saved plans that no longer fit, or were altered: nothing is done.

use serde_json::Value;

use crate::harness::World;
use crate::plan_files::{BOTH, STATE, planned, refused};

/// What is altered, and how.
type Alteration<'a> = (&'a str, &'a dyn Fn(&mut Value));

#[test]
fn a_plan_is_stale_after_another_apply() {
    let (world, emulator) = planned();
    world.edit("jumpbag.yaml", "description: A", "description: Another");
    world.expect(0, &["apply", "--auto-approve", "--target", "a.sh"]);
    insta::assert_snapshot!(refused(&world, &emulator), @"
    jumpbag::apply::stale

      × the plan is stale, and nothing was changed: the state has been written since; `a.sh`: the library holds something else than when the plan was made
      help: plan again, and have the new plan approved
    ");
    // Not even when everything is as it was.
    world.edit("jumpbag.yaml", "description: Another", "description: A");
    world.expect(0, &["apply", "--auto-approve", "--target", "a.sh"]);
    insta::assert_snapshot!(refused(&world, &emulator), @"
    jumpbag::apply::stale

      × the plan is stale, and nothing was changed: the state has been written since
      help: plan again, and have the new plan approved
    ");
}

#[test]
fn a_plan_is_stale_after_a_source_or_the_manifest_changed() {
    let (world, emulator) = planned();
    let planned = world.read("b.sh");
    world.write("b.sh", "echo b\necho evil\n");
    insta::assert_snapshot!(refused(&world, &emulator), @"
    jumpbag::apply::stale

      × the plan is stale, and nothing was changed: `b.sh`: the manifest or the source asks for something else than when the plan was made
      help: plan again, and have the new plan approved
    ");
    world.write("b.sh", planned);
    world.edit("jumpbag.yaml", "description: A", "description: Another");
    insta::assert_snapshot!(refused(&world, &emulator), @"
    jumpbag::apply::stale

      × the plan is stale, and nothing was changed: `a.sh`: the manifest or the source asks for something else than when the plan was made
      help: plan again, and have the new plan approved
    ");
    world.edit("jumpbag.yaml", "description: Another", "description: A");
    world.edit("jumpbag.yaml", BOTH, &format!("{BOTH}  - source: c.sh\n"));
    world.write("c.sh", "echo c\n");
    insta::assert_snapshot!(refused(&world, &emulator), @"
    jumpbag::apply::stale

      × the plan is stale, and nothing was changed: `c.sh`: the manifest asks for it, and the plan does not know it
      help: plan again, and have the new plan approved
    ");
    world.edit("jumpbag.yaml", "  - source: c.sh\n", "");
    world.edit("jumpbag.yaml", "  - source: b.sh\n", "");
    insta::assert_snapshot!(refused(&world, &emulator), @"
    jumpbag::apply::stale

      × the plan is stale, and nothing was changed: `b.sh`: the manifest no longer asks for it
      help: plan again, and have the new plan approved
    ");
    world.edit(
        "jumpbag.yaml",
        "description: A\n",
        "description: A\n  - source: b.sh\n",
    );
    world.expect(0, &["apply", "plan.json"]);
}

#[test]
fn a_plan_is_stale_after_the_library_changed() {
    let (world, emulator) = planned();
    // What the plan would overwrite is not what its reviewer saw.
    world.write("theirs/b.sh", "echo theirs\n");
    emulator.curl(&world.path("theirs/b.sh"));
    insta::assert_snapshot!(refused(&world, &emulator), @"
    jumpbag::apply::stale

      × the plan is stale, and nothing was changed: `b.sh`: the library holds something else than when the plan was made
      help: plan again, and have the new plan approved
    ");
}

#[test]
fn a_plan_is_stale_for_a_state_of_another_lineage() {
    let (world, emulator) = planned();
    std::fs::remove_dir_all(world.path(".jumpbag")).unwrap();
    world.expect(0, &["import", "--all"]);
    insta::assert_snapshot!(refused(&world, &emulator), @"
    jumpbag::apply::stale

      × the plan is stale, and nothing was changed: the state has another lineage; the state has been written since
      help: plan again, and have the new plan approved
    ");
}

#[test]
fn a_plan_is_not_applied_with_another_manifest() {
    let (world, emulator) = planned();
    let other = world.emulator_in(".other", &[]);
    world.manifest(&other.url, BOTH);
    let run = world.run(&["apply", "plan.json"]);
    assert_ne!(run.code, Some(0), "{run}");
    insta::assert_snapshot!(run.unwrapped(), @"
    jumpbag::state::other_library

      × the state is about the library at `[URL]`, and not about the one at `[URL]`
      help: give the library another name in the manifest, or move the state's folder away
    ");
    assert_eq!(other.list().len(), 0);

    // Without a state, the plan itself knows which library it is about.
    std::fs::remove_dir_all(world.path(".jumpbag")).unwrap();
    world.write("theirs.sh", "echo theirs\n");
    world.manifest(&emulator.url, "  - source: theirs.sh\n");
    world.expect(0, &["plan", "--out", "plan.json"]);
    world.manifest(&other.url, "  - source: theirs.sh\n");
    insta::assert_snapshot!(world.expect(4, &["apply", "plan.json"]).unwrapped(), @"
    jumpbag::apply::stale

      × the plan is stale, and nothing was changed: it was made for another library
      help: plan again, and have the new plan approved
    ");
    assert_eq!(other.list().len(), 0);

    let renamed = world.read("jumpbag.yaml").replace("  test:", "  other:");
    world.write("jumpbag.yaml", renamed.replace(&other.url, &emulator.url));
    insta::assert_snapshot!(world.expect(1, &["apply", "plan.json"]).unwrapped(), @"
    jumpbag::apply::other_manifest

      × the plan is about the library `test`, which the manifest does not have
      help: apply it with the manifest that it was made with (`-m`)
    ");
    assert!(!world.path(".jumpbag/other").exists());
}

/// Changes the saved plan by hand.
fn alter(world: &World, change: impl FnOnce(&mut Value)) {
    let mut plan = world.json("plan.json");
    change(&mut plan);
    world.write("altered.json", plan.to_string());
}

#[test]
fn a_plan_that_was_altered_by_hand_is_refused() {
    let (world, emulator) = planned();
    let before = (emulator.list(), world.read(STATE));
    let evil = "0".repeat(64);
    let alterations: [Alteration<'_>; 6] = [
        ("/libraries/0/changes/1/after/sha256", &|value| {
            *value = evil.clone().into();
        }),
        ("/libraries/0/changes/1/after/description", &|value| {
            *value = "evil".into();
        }),
        ("/libraries/0/changes/1/protect", &|value| {
            *value = true.into();
        }),
        ("/libraries/0/changes/1/name", &|value| {
            *value = "evil.sh".into();
        }),
        ("/libraries/0/endpoint", &|value| {
            *value = "https://evil.example".into();
        }),
        ("/fingerprint", &|value| {
            *value = format!("sha256:{evil}").into();
        }),
    ];
    for (place, change) in alterations {
        alter(&world, |plan| change(plan.pointer_mut(place).unwrap()));
        let run = world.expect(4, &["apply", "altered.json"]);
        assert!(
            run.stderr.starts_with("jumpbag::apply::altered\n"),
            "{place}\n{run}"
        );
        world.expect(4, &["show", "altered.json"]);
    }
    insta::assert_snapshot!(world.expect(4, &["apply", "altered.json"]), @"
    ----- stderr
    jumpbag::apply::altered

      × the plan `altered.json` was altered: it is not what its fingerprint says;
      │ nothing was changed
      help: plan again
    ----- exit code 4
    ");
    // It is not known at all what this one would do.
    world.write("altered.json", &world.read("plan.json")[..400]);
    let run = world.expect(1, &["apply", "altered.json"]);
    assert!(
        run.stderr.starts_with("jumpbag::render::plan_damaged\n"),
        "{run}"
    );
    assert_eq!((emulator.list(), world.read(STATE)), before);
}

#[test]
fn taking_the_refusal_out_of_a_plan_does_not_help() {
    let world = World::with_manifest(
        "  - source: a.sh\n    protect: true\n  - source: b.sh\n  - source: c.sh\n  - source: d.sh\n",
    );
    for name in ["a.sh", "b.sh", "c.sh", "d.sh"] {
        world.write(name, name);
    }
    world.expect(0, &["apply", "--auto-approve"]);
    let all = world.state_list();

    world.edit("jumpbag.yaml", "  - source: a.sh\n    protect: true\n", "");
    world.expect(4, &["plan", "--out", "plan.json"]);
    world.expect(4, &["apply", "plan.json"]);
    alter(&world, |plan| {
        plan["libraries"][0]["diagnostics"] = Value::Array(Vec::new());
    });
    insta::assert_snapshot!(world.expect(4, &["apply", "altered.json"]).unwrapped(), @"
    jumpbag::apply::refused

      × the plan is refused, and nothing was changed
      help: resolve what the plan marks with `!`, then plan again
    ");
    assert_eq!(world.state_list(), all);
}
