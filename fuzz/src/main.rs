//! Runs the target that the variable `TARGET` names under libFuzzer.
#![no_main]

use std::sync::LazyLock;

use jumpbag::fuzz::{TARGETS, Target};
use libfuzzer_sys::fuzz_target;

static CHOSEN: LazyLock<Target> = LazyLock::new(|| {
    let name = std::env::var("TARGET").unwrap_or_default();
    let found = TARGETS.iter().find(|(target, _)| *target == name);
    found.unwrap_or_else(|| panic!("TARGET={name} is none")).1
});

fuzz_target!(|bytes: &[u8]| CHOSEN(bytes));
