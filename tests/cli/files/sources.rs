//! What stands at a source's path.

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::process::Command;

use super::{End, assert_refused, chmod, left_out, mkfifo, print_table, run_without_privileges};
use crate::harness::World;

struct Case {
    what: &'static str,
    source: &'static str,
    /// False where this machine does not let a test make it.
    make: fn(&World) -> bool,
    end: End,
}

fn link(world: &World, target: &str, name: &str) -> bool {
    symlink(target, world.path(name)).is_ok()
}

fn hard_link(world: &World, target: &str, name: &str) -> bool {
    fs::hard_link(world.path(target), world.path(name)).is_ok()
}

fn sparse(world: &World, name: &str, size: u64) -> bool {
    fs::File::create(world.path(name))
        .and_then(|file| file.set_len(size))
        .is_ok()
}

const CASES: &[Case] = &[
    Case {
        what: "a regular file",
        source: "in/a.sh",
        make: |_| true,
        end: End::Done,
    },
    Case {
        what: "a symbolic link to a file of the folder",
        source: "link.sh",
        make: |world| link(world, "in/a.sh", "link.sh"),
        end: End::Done,
    },
    Case {
        what: "an absolute symbolic link to a file of the folder",
        source: "link.sh",
        make: |world| {
            let target = world.path("in/a.sh").canonicalize().unwrap();
            link(world, target.to_str().unwrap(), "link.sh")
        },
        end: End::Done,
    },
    Case {
        what: "a symbolic link out of the folder",
        source: "link.sh",
        make: |world| link(world, "/etc/passwd", "link.sh"),
        end: End::Refused("jumpbag::manifest::link_outside"),
    },
    Case {
        what: "a symbolic link to a symbolic link out of the folder",
        source: "first.sh",
        make: |world| {
            link(world, "second.sh", "first.sh") && link(world, "/etc/passwd", "second.sh")
        },
        end: End::Refused("jumpbag::manifest::link_outside"),
    },
    Case {
        what: "a file in a symbolic link to a folder outside",
        source: "link/passwd",
        make: |world| link(world, "/etc", "link"),
        end: End::Refused("jumpbag::manifest::link_outside"),
    },
    Case {
        what: "a symbolic link to /dev/zero",
        source: "link.sh",
        make: |world| link(world, "/dev/zero", "link.sh"),
        end: End::Refused("jumpbag::manifest::link_outside"),
    },
    Case {
        what: "a symbolic link to a file of /proc",
        source: "link.sh",
        make: |world| link(world, "/proc/self/environ", "link.sh"),
        end: End::Refused("jumpbag::manifest::link_outside"),
    },
    Case {
        what: "a symbolic link to nothing",
        source: "link.sh",
        make: |world| link(world, "nowhere.sh", "link.sh"),
        end: End::Refused("jumpbag::manifest::source_missing"),
    },
    Case {
        what: "a symbolic link to itself",
        source: "link.sh",
        make: |world| link(world, "link.sh", "link.sh"),
        end: End::Refused("jumpbag::manifest::source_unreadable"),
    },
    Case {
        what: "a symbolic link to a folder",
        source: "link",
        make: |world| link(world, "in", "link"),
        end: End::Refused("jumpbag::manifest::source_directory"),
    },
    Case {
        what: "a hard link to a file of the folder",
        source: "hard.sh",
        make: |world| hard_link(world, "in/a.sh", "hard.sh"),
        end: End::Done,
    },
    Case {
        what: "a hard link to a file outside, which nothing tells apart",
        source: "hard.sh",
        make: |world| {
            let outside = World::new();
            outside.write("b.sh", "echo b\n");
            fs::hard_link(outside.path("b.sh"), world.path("hard.sh")).is_ok()
        },
        end: End::Done,
    },
    Case {
        what: "a folder",
        source: "in",
        make: |_| true,
        end: End::Refused("jumpbag::manifest::source_directory"),
    },
    Case {
        what: "a pipe that nobody writes to",
        source: "pipe",
        make: |world| {
            mkfifo(&world.path("pipe"));
            true
        },
        end: End::Refused("jumpbag::manifest::source_not_regular"),
    },
    Case {
        what: "a symbolic link to a pipe",
        source: "link.sh",
        make: |world| {
            mkfifo(&world.path("pipe"));
            link(world, "pipe", "link.sh")
        },
        end: End::Refused("jumpbag::manifest::source_not_regular"),
    },
    Case {
        what: "a socket",
        source: "socket",
        make: |world| UnixListener::bind(world.path("socket")).is_ok(),
        end: End::Refused("jumpbag::manifest::source_not_regular"),
    },
    Case {
        what: "a character device, /dev/zero's",
        source: "zero",
        make: |world| mknod(world, &["zero", "c", "1", "5"]),
        end: End::Refused("jumpbag::manifest::source_not_regular"),
    },
    Case {
        what: "a block device",
        source: "loop",
        make: |world| mknod(world, &["loop", "b", "7", "0"]),
        end: End::Refused("jumpbag::manifest::source_not_regular"),
    },
    Case {
        what: "an empty file",
        source: "empty.sh",
        make: |world| sparse(world, "empty.sh", 0),
        end: End::Refused("jumpbag::manifest::source_empty"),
    },
    Case {
        what: "a file one byte over max_file_size",
        source: "large.bin",
        make: |world| sparse(world, "large.bin", 4_000_001),
        end: End::Refused("jumpbag::manifest::source_too_large"),
    },
    Case {
        what: "a sparse file of 1 TB",
        source: "huge.bin",
        make: |world| sparse(world, "huge.bin", 1 << 40),
        end: End::Refused("jumpbag::manifest::source_too_large"),
    },
    Case {
        what: "a file without the permission to read it",
        source: "secret.sh",
        make: |world| {
            world.write("secret.sh", "echo\n");
            chmod(&world.path("secret.sh"), 0o000);
            true
        },
        end: End::Refused("jumpbag::manifest::source_unreadable"),
    },
    Case {
        what: "a file in a folder without the permission to enter it",
        source: "closed/a.sh",
        make: |world| {
            world.write("closed/a.sh", "echo\n");
            chmod(&world.path("closed"), 0o600);
            true
        },
        end: End::Refused("jumpbag::manifest::source_unreadable"),
    },
    Case {
        what: "a glob into a folder that may not be listed",
        source: "closed/*",
        make: |world| {
            world.write("closed/a.sh", "echo\n");
            chmod(&world.path("closed"), 0o300);
            true
        },
        end: End::Refused("jumpbag::manifest::glob_unreadable"),
    },
    Case {
        what: "a path that leaves the folder",
        source: "../outside.sh",
        make: |_| true,
        end: End::Refused("jumpbag::manifest::parent_outside"),
    },
];

fn mknod(world: &World, args: &[&str]) -> bool {
    let made = Command::new("mknod")
        .args(args)
        .current_dir(world.path(""))
        .output();
    made.is_ok_and(|made| made.status.success())
}

/// None of them holds the run up, and a refused one changes nothing.
#[test]
fn what_is_no_file_of_the_folder_is_refused_before_anything_is_done() {
    let mut rows = Vec::new();
    for Case {
        what,
        source,
        make,
        end,
    } in CASES
    {
        let world = World::with_manifest(&format!("  - source: {source}\n    name: it.sh\n"));
        world.write("in/a.sh", "echo a\n");
        if *source == "closed/*" {
            world.manifest("emulator:.library", &format!("  - source: {source}\n"));
        }
        if !make(&world) {
            left_out(what, "this machine does not let a test make it");
            continue;
        }
        let run = run_without_privileges(&world, &["apply", "--auto-approve"]);
        let told = match end {
            End::Done => {
                assert_eq!(run.code, Some(0), "{what}\n{run}");
                assert_eq!(world.state_list(), ["it.sh"], "{what}");
                "applied".to_owned()
            }
            End::Refused(code) => {
                assert_refused(&world, what, &run, code);
                format!("exit 1, {code}")
            }
        };
        for closed in ["closed", "secret.sh"].map(|name| world.path(name)) {
            if closed.exists() {
                chmod(&closed, 0o700);
            }
        }
        rows.push(((*what).to_owned(), told));
    }
    print_table("At a source's path", &rows);
}
