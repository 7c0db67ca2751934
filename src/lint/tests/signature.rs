//! Whether a script is signed, and by whom.

use super::executable::executable;
use super::*;
use crate::text::signature::BEGIN;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

#[test]
fn a_script_is_signed_at_its_end_or_not_at_all() {
    let block = good_block();
    let damaged = format!("{BEGIN}\n# AAAA\n# SIG # End signature block\n");
    insta::assert_snapshot!(said("a.ps1", "Get-Process\n", None), @"`a.ps1` has no Authenticode signature");
    insta::assert_snapshot!(said("a.ps1", format!("{block}Get-Process\n"), None), @"`a.ps1` has a signature block that is not at its end, or is damaged");
    assert_eq!(said("a.ps1", format!("Get-Process\n{block}"), None), "");
    insta::assert_snapshot!(said("a.ps1", format!("Get-Process\n{damaged}"), None), @"`a.ps1` has a signature block that is not at its end, or is damaged");
    assert_eq!(
        said("a.ps1", damaged.replace("# AAAA\n", ""), None),
        said("a.ps1", &damaged, None)
    );
    assert_eq!(said("a.txt", "Get-Process\n", None), "");
}

/// Made with osslsigncode 2.9, by certificates of its own making: `own` vouches for itself, `old` expired on 2021-06-30, and `stamped` is
/// the same with a time stamp of 2020.
pub(super) const SIGNED: [(&str, &[u8]); 4] = [
    ("good.ps1", include_bytes!("../signed/good.ps1")),
    ("old.ps1", include_bytes!("../signed/old.ps1")),
    ("own.ps1", include_bytes!("../signed/own.ps1")),
    ("stamped.ps1", include_bytes!("../signed/stamped.ps1")),
];

#[test]
fn whose_certificate_signed() {
    let said: String = SIGNED
        .iter()
        .map(|(name, bytes)| said(name, bytes, None))
        .collect();
    insta::assert_snapshot!(said, @"
    `old.ps1` is signed with a certificate that expired on 2021-06-30, and without a time stamp
    `own.ps1` is signed with a certificate that vouches for itself
    ");
    let own: String = str::from_utf8(SIGNED[2].1)
        .unwrap()
        .lines()
        .filter_map(|line| line.strip_prefix("# "))
        .filter(|line| !line.starts_with("SIG"))
        .collect();
    let der = STANDARD.decode(own).unwrap();
    // The same in an executable.
    let mut program = executable(u32::try_from(der.len() + 8).unwrap());
    program.resize(0x308, 0);
    program.extend(&der);
    assert_eq!(
        codes("a.exe", &program, None),
        "signature_self_signed executable_version"
    );
    // What is cut off or no signature is none.
    let unsigned = "executable_unsigned executable_version";
    for length in [der.len() - 1, 100, 1, 0] {
        program.truncate(0x308 + length);
        assert_eq!(codes("a.exe", &program, None), unsigned);
    }
    program.extend(vec![0; der.len()]);
    assert_eq!(codes("a.exe", &program, None), unsigned);
}
