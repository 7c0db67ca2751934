//! A hundred tenants in one manifest: what goes wrong in one stays there.

use std::fmt::Write as _;

use jumpbag_emulator::{Emulator, Settings};
use tokio::runtime::Runtime;

use crate::harness::{Run, World};

const LIBRARIES: usize = 100;
const FILES: usize = 20;

/// A hundred emulators on one machine.
struct Fleet {
    emulators: Vec<Emulator>,
    /// They live as long as it.
    _runtime: Runtime,
}

impl Fleet {
    /// Starts the emulators, and writes the manifest that has all of them; `faults` are those of the library
    /// of a number.
    fn start(world: &World, faults: impl Fn(usize) -> &'static [&'static str]) -> Self {
        let runtime = Runtime::new().unwrap();
        let start = |number| {
            let settings = Settings {
                data: world.path(format!(".tenants/{number:02}")),
                faults: faults(number)
                    .iter()
                    .map(|fault| fault.parse().unwrap())
                    .collect(),
                ..Settings::default()
            };
            runtime.block_on(jumpbag_emulator::start(settings)).unwrap()
        };
        let emulators: Vec<_> = (0..LIBRARIES).map(start).collect();
        for number in 0..FILES {
            world.write(&format!("files/{number:02}.sh"), format!("echo {number}\n"));
        }
        let mut manifest = "version: 1\nlibraries:\n".to_owned();
        for (number, emulator) in emulators.iter().enumerate() {
            let url = emulator.url();
            writeln!(manifest, "  tenant-{number:02}:\n    endpoint: {url}").unwrap();
        }
        manifest.push_str("files:\n  - source: files/*.sh\n    description: A script\n");
        world.write("jumpbag.yaml", manifest);
        Self {
            emulators,
            _runtime: runtime,
        }
    }

    fn holds(&self, number: usize) -> usize {
        self.emulators[number].files().len()
    }
}

/// How many of them hold all files.
fn complete(fleet: &Fleet) -> usize {
    let all = 0..fleet.emulators.len();
    all.filter(|number| fleet.holds(*number) == FILES).count()
}

/// What the account of the run says: from its first line about a library to its end.
fn account(run: &Run) -> &str {
    let start = run.stdout.find("\nApplied to ").expect("an account");
    &run.stdout[start..]
}

#[test]
fn three_of_a_hundred_libraries_fail_and_the_others_do_not_notice() {
    const SLOW: usize = 7;
    const FORBIDDEN: usize = 42;
    const THROTTLED: usize = 77;
    let world = World::in_memory();
    let fleet = Fleet::start(&world, |number| match number {
        // One answer comes late, and one upload is refused.
        SLOW => &["upload:1:delay=50s", "upload:20:status=400"],
        FORBIDDEN => &["any:all:status=403"],
        THROTTLED => &["upload:all:status=429,retry-after=1"],
        _ => &[],
    });
    let plan = world.expect(1, &["plan"]);
    assert!(
        plan.stderr.contains("library `tenant-42`: "),
        "{}",
        plan.stderr
    );

    let mut running = world.start(&["apply", "--auto-approve"]);
    // 97 libraries are done while one waits for its answer.
    for _ in 0..97 * FILES + FILES - 2 {
        running.wait_for(": created ");
    }
    assert_eq!(complete(&fleet), 97);
    let run = world.finish(&running.end());
    assert_eq!(run.code, Some(3), "{}", run.stderr);
    for number in 0..LIBRARIES {
        let expected = match number {
            SLOW => FILES - 1,
            FORBIDDEN | THROTTLED => 0,
            _ => FILES,
        };
        assert_eq!(fleet.holds(number), expected, "tenant-{number:02}");
    }
    // How many of the throttled uploads were under way is a matter of chance.
    let told = account(&run).lines().filter(|line| {
        !line.starts_with("  ! ")
            && !line.starts_with("Failed: ")
            && !line.starts_with("Not tried: ")
    });
    insta::assert_snapshot!(told.collect::<Vec<_>>().join("\n"), @"
    Applied to 97 libraries: 20 created in each.
    Applied to tenant-07: 19 created.
    Not applied to tenant-42: the API does not permit to list the library.
    Applied to tenant-77: nothing that the state knows.
    97 of 100 libraries are as planned. Not so: tenant-07, tenant-42, tenant-77.
    Nothing is lost: what is done stays done, and this goes on with the rest:
      jumpbag -l tenant-07 -l tenant-42 -l tenant-77 apply --auto-approve
    ");
}
