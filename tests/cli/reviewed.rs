//! What a reviewer is shown, and that exactly this is applied, on any machine.

use std::fs;

use crate::harness::{World, stable};
use crate::plan_files::planned;

#[test]
fn a_comment_holds_the_command_that_applies_what_it_shows() {
    let (world, emulator) = planned();
    let text = world.expect(0, &["plan", "--markdown", "plan.md"]);
    let comment = world.read("plan.md");
    let (marker, rest) = comment.split_once('\n').unwrap();
    assert!(marker.starts_with("<!-- jumpbag:plan ") && marker.ends_with(" test -->"));
    insta::assert_snapshot!(stable(rest), @"
    ## Plan: 1 to update in `test`

    Library `test` at `[URL]`, serial [N]

    | Change | Name | Why | Size | SHA-256 |
    |---|---|---|---|---|
    | `~`&nbsp;update | `b.sh` | manifest changed content | 7&nbsp;B → 17&nbsp;B | `256931e5627b` → `ff9d74e95406` |

    <details><summary><code>~</code> update <code>b.sh</code></summary>

    ```diff
    @@ -1,1 +1,2 @@
     echo b
    +echo more
    ```

    </details>

    Plan: 1 to update, 1 unchanged.

    1 API call, at once under the limits

    Fingerprint: `sha256:[DIGITS]`

    Apply exactly this:

    ```sh
    jumpbag apply --approved sha256:[DIGITS]
    ```
    ");
    assert!(comment.contains(text.fingerprint()));
    let (_, command) = comment.split_once("```sh\n").unwrap();
    let (command, _) = command.split_once("\n```").unwrap();
    let args: Vec<_> = command.split(' ').skip(1).collect();
    let before = emulator.digests();
    world.expect(0, &args);
    assert_ne!(emulator.digests(), before);
    // What was approved is done, and is not what comes next.
    world.expect(4, &args);
}

#[test]
fn what_was_approved_is_applied_on_another_machine() {
    let (world, emulator) = planned();
    let approved = world.expect(0, &["plan"]).fingerprint().to_owned();
    let other = World::new();
    for (path, content) in world.files() {
        let name = path
            .strip_prefix(world.path(""))
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned();
        if !name.starts_with(".library") && name != "plan.json" {
            other.write(&format!("elsewhere/{name}"), content);
        }
    }
    let args = [
        "-m",
        "elsewhere/jumpbag.yaml",
        "apply",
        "--approved",
        &approved,
    ];
    let before = emulator.digests();
    other.expect(0, &args);
    assert_ne!(emulator.digests(), before);
}

#[test]
fn a_plan_that_came_out_otherwise_is_not_applied() {
    let (world, emulator) = planned();
    let approved = world.expect(0, &["plan"]).fingerprint().to_owned();
    world.edit("jumpbag.yaml", "description: A", "description: B");
    let before = emulator.list();
    world.expect(4, &["apply", "--approved", &approved]);
    assert_eq!(emulator.list(), before);
}

#[test]
fn every_form_is_written_at_once_and_shows_the_same_plan() {
    let (world, _emulator) = planned();
    let forms = ["--markdown", "plan.md", "--json", "plan.out.json"];
    let text = world.expect(0, &[&["plan"], &forms[..]].concat()).stdout;
    assert_eq!(world.read("plan.out.json"), world.read("plan.json"));
    world.assert_obeys("plan", "plan.out.json");
    let planned = world.read("plan.md");
    assert_eq!(
        world
            .expect(0, &[&["show", "plan.json"], &forms[..]].concat())
            .stdout,
        text
    );
    // Only the command names the file.
    let shown = world.read("plan.md").replace("apply plan.json", "apply");
    assert_eq!(shown, planned);
    let applied = world.expect(0, &[&["apply", "--auto-approve"], &forms[..]].concat());
    assert!(applied.stdout.starts_with(&text), "{applied}");
    assert_eq!(world.read("plan.md"), planned);
}

#[test]
fn one_form_goes_to_standard_output_instead_of_the_text() {
    let (world, _emulator) = planned();
    world.expect(0, &["plan", "--markdown", "plan.md"]);
    let run = world.expect(0, &["plan", "--markdown", "-"]);
    assert_eq!(run.stdout, world.read("plan.md"));
    let both = ["plan", "--markdown", "-", "--json", "-"];
    insta::assert_snapshot!(world.expect(1, &both).unwrapped(), @"
    jumpbag::cli::one_stdout

      × `--markdown -` and `--json -` would both write to standard output
      help: give all but one of them a file
    ");
}

#[test]
fn a_refused_plan_is_written_and_has_no_command() {
    let (world, _emulator) = planned();
    world.write(
        "jumpbag.yaml",
        world.read("jumpbag.yaml").replace("  - source: b.sh\n", ""),
    );
    world.edit("jumpbag.yaml", "  test:\n", "  test:\n    max_deletes: 0\n");
    world.expect(4, &["plan", "--markdown", "plan.md"]);
    let comment = world.read("plan.md");
    assert!(
        comment.contains("**Refused: this plan must not be applied.**"),
        "{comment}"
    );
    assert!(comment.contains("Fingerprint: "), "{comment}");
    assert!(!comment.contains("```sh"), "{comment}");
    // With the deletion allowed, the command allows it, too.
    world.expect(
        0,
        &[
            "plan",
            "--allow-deletes",
            "1",
            "--markdown",
            "plan.md",
            "--out",
            "p.json",
        ],
    );
    assert!(
        world
            .read("plan.md")
            .contains("jumpbag apply --allow-deletes 1 --approved sha256:")
    );
    world.expect(0, &["show", "p.json", "--markdown", "plan.md"]);
    let command = "jumpbag apply p.json --allow-deletes 1 --approved sha256:";
    assert!(world.read("plan.md").contains(command));
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_written_to_and_not_replaced() {
    use std::os::unix::fs::FileTypeExt as _;
    let (world, _emulator) = planned();
    let pipe = world.path("pipe");
    assert!(
        std::process::Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    let reader = std::thread::spawn({
        let pipe = pipe.clone();
        move || fs::read_to_string(pipe).unwrap()
    });
    world.expect(0, &["plan", "--markdown", "pipe"]);
    assert!(reader.join().unwrap().starts_with("<!-- jumpbag:plan "));
    assert!(fs::metadata(&pipe).unwrap().file_type().is_fifo());
}

#[test]
fn warnings_of_the_manifest_are_part_of_a_saved_plan() {
    let world = World::with_manifest("  - source: \"a b.sh\"\n");
    world.write("a b.sh", "echo\n");
    world.expect(0, &["plan", "--out", "plan.json"]);
    world.write("jumpbag.yaml", "gone");
    let show = world.expect(0, &["show", "plan.json", "--markdown", "-"]);
    assert!(show.stdout.contains("**Warnings: 1**"), "{show}");
    assert!(
        show.stdout
            .contains("`jumpbag::lint::name_spaces` `jumpbag.yaml:6:"),
        "{show}"
    );
}
