//! Executables of Windows.

use super::*;

/// A small executable of Windows: headers and nothing else, with `certificate` bytes of a signature.
pub(super) fn executable(certificate: u32) -> Vec<u8> {
    let mut bytes = vec![0_u8; 0x400];
    let mut put = |at: usize, value: &[u8]| bytes[at..at + value.len()].copy_from_slice(value);
    put(0, b"MZ");
    put(0x3c, &0x80_u32.to_le_bytes());
    put(0x80, b"PE\0\0");
    put(0x84, &0x8664_u16.to_le_bytes());
    // The size of the optional header, and its magic number.
    put(0x94, &0xf0_u16.to_le_bytes());
    put(0x98, &0x20b_u16.to_le_bytes());
    // The number of directories; the fifth is that of the signature.
    put(0x98 + 108, &16_u32.to_le_bytes());
    put(0x98 + 112 + 4 * 8, &0x300_u32.to_le_bytes());
    put(0x98 + 112 + 4 * 8 + 4, &certificate.to_le_bytes());
    bytes
}

#[test]
fn executables_are_signed_and_say_their_version() {
    assert_eq!(
        codes("a.exe", executable(0), None),
        "executable_unsigned executable_version"
    );
    assert_eq!(
        codes("a.exe", &executable(0x80)[..0x90], None),
        "",
        "a part of one"
    );
    assert_eq!(codes("a.exe", b"MZ\0", None), "");
}
