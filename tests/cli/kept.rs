//! The contents that are kept beside the state, when something happened to one.

use std::fs;

use crate::harness::{World, digest};

const CONTENT: &str = "Get-Date\n";

/// A world whose library has one file, and whose kept content is another by now.
fn damaged(with: &[u8]) -> (World, String) {
    let world = World::new();
    world.write("a.ps1", CONTENT);
    world.manifest("emulator:.library", "- {source: a.ps1}\n");
    world.expect(0, &["apply", "--auto-approve"]);
    let kept = format!(".jumpbag/test/objects/{}", digest(CONTENT.as_bytes()));
    fs::write(world.path(&kept), with).unwrap();
    (world, kept)
}

#[test]
fn a_damaged_content_is_kept_anew_from_its_source() {
    let other = zstd::encode_all(&b"Get-Host\n"[..], 0).unwrap();
    for with in [&b""[..], b"no zstd", &other] {
        let (world, kept) = damaged(with);
        world.manifest("emulator:.library", "- {source: a.ps1, description: New}\n");
        world.expect(0, &["apply", "--auto-approve"]);
        let healed = fs::read(world.path(&kept)).unwrap();
        assert_eq!(zstd::decode_all(&healed[..]).unwrap(), CONTENT.as_bytes());
    }
}

#[test]
fn what_is_taken_over_is_kept_whole() {
    let (world, kept) = damaged(b"");
    world.expect(0, &["state", "rm", "a.ps1"]);
    world.expect(0, &["apply", "--auto-approve"]);
    let healed = fs::read(world.path(&kept)).unwrap();
    assert_eq!(zstd::decode_all(&healed[..]).unwrap(), CONTENT.as_bytes());
}
