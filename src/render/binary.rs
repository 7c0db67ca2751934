//! What a content is that is not text, by its first bytes.

use infer::{app, archive};

use crate::model::Sha256;

/// A content that is shown by what it is, not by what is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Blob {
    /// What it is by its first bytes; `None` where they say nothing.
    pub(super) kind: Option<&'static str>,
    /// Its length in bytes.
    pub(super) size: u64,
    pub(super) sha256: Sha256,
}

impl Blob {
    /// What `bytes`, of the digest `sha256`, is.
    pub(super) fn of(sha256: Sha256, bytes: &[u8]) -> Self {
        Self {
            kind: kind(bytes),
            size: bytes.len() as u64,
            sha256,
        }
    }
}

/// Whether bytes start as a kind of file does.
type Test = fn(&[u8]) -> bool;

/// What files start with, the more telling first.
const KINDS: [(Test, &str); 18] = [
    (app::is_elf, "ELF binary"),
    (app::is_mach, "Mach-O binary"),
    (app::is_wasm, "WebAssembly module"),
    (archive::is_msi, "OLE compound file, such as an MSI package"),
    (archive::is_zip, "ZIP archive"),
    (archive::is_gz, "gzip archive"),
    (archive::is_bz2, "bzip2 archive"),
    (archive::is_xz, "xz archive"),
    (archive::is_zst, "zstd archive"),
    (archive::is_7z, "7z archive"),
    (archive::is_rar, "RAR archive"),
    (archive::is_cab, "CAB archive"),
    (archive::is_deb, "Debian package"),
    (archive::is_rpm, "RPM package"),
    (archive::is_tar, "tar archive"),
    (archive::is_pdf, "PDF document"),
    (archive::is_sqlite, "SQLite database"),
    (app::is_java, "Java class"),
];

fn kind(bytes: &[u8]) -> Option<&'static str> {
    if let Some(text) = crate::text::decode(bytes) {
        return Some(text.encoding.as_text());
    }
    if bytes.starts_with(b"MZ") {
        return Some(of_windows(bytes).unwrap_or("MS-DOS executable"));
    }
    let kind = KINDS.iter().find(|(is, _)| is(bytes));
    kind.map(|(_, kind)| *kind)
}

/// What a file of the Portable Executable format is, by the flags of its header
/// (<https://learn.microsoft.com/windows/win32/debug/pe-format>).
fn of_windows(bytes: &[u8]) -> Option<&'static str> {
    const SUBSYSTEM_NATIVE: u16 = 1;
    const IS_LIBRARY: u16 = 0x2000;
    let (offset, _) = bytes.get(0x3c..)?.split_first_chunk::<4>()?;
    let offset = usize::try_from(u32::from_le_bytes(*offset)).ok()?;
    let header = bytes.get(offset..)?.strip_prefix(b"PE\0\0")?;
    let word = |at: usize| {
        let (word, _) = header.get(at..)?.split_first_chunk::<2>()?;
        Some(u16::from_le_bytes(*word))
    };
    if word(18)? & IS_LIBRARY != 0 {
        return Some("Windows library (DLL)");
    }
    Some(match word(20 + 68) {
        Some(SUBSYSTEM_NATIVE) => "Windows driver",
        _ => "Windows executable",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The start of a Windows program.
    fn program(flags: u16, subsystem: u16) -> Vec<u8> {
        let mut bytes = vec![0; 0x40];
        bytes[..2].copy_from_slice(b"MZ");
        bytes[0x3c] = 0x40;
        bytes.extend(b"PE\0\0");
        bytes.extend([0; 18]);
        bytes.extend(flags.to_le_bytes());
        bytes.extend([0; 68]);
        bytes.extend(subsystem.to_le_bytes());
        bytes
    }

    #[test]
    fn what_responders_upload_is_recognised() {
        let elf = [b"\x7fELF".as_slice(), &[0; 60]].concat();
        for (bytes, shown) in [
            (program(0x2022, 2).as_slice(), "Windows library (DLL)"),
            (&program(0x0022, 3), "Windows executable"),
            (&program(0x0022, 1), "Windows driver"),
            (b"MZ\0\0", "MS-DOS executable"),
            (b"MZ\0\0PE\0\0", "MS-DOS executable"),
            (&elf, "ELF binary"),
            (b"\xcf\xfa\xed\xfe\0\0\0\0", "Mach-O binary"),
            (b"PK\x03\x04\0\0", "ZIP archive"),
            (b"\x1f\x8b\x08\0", "gzip archive"),
            (b"7z\xbc\xaf\x27\x1c\0", "7z archive"),
            (b"MSCF\0\0\0\0", "CAB archive"),
            (b"%PDF-1.7\0", "PDF document"),
            (
                b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0",
                "OLE compound file, such as an MSI package",
            ),
            (b"text\n", "UTF-8 text"),
            (b"\xff\xfea\0", "UTF-16 text"),
        ] {
            assert_eq!(kind(bytes), Some(shown));
        }
        assert_eq!(kind(b"\0\0\0"), None);
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_odd(
            start in prop::sample::select(vec![
                &b"MZ"[..], b"PK\x03\x04", b"\x7fELF", b"\xca\xfe\xba\xbe", b"!<arch>\n", b"%PDF", b"\xfe\xed",
                b"Rar!", b"\x28\xb5\x2f\xfd", b"\x50\x2a\x4d\x18", b"MSCF", b"",
            ]),
            rest in prop::collection::vec(any::<u8>(), 0..300),
        ) {
            kind(&[start, &rest].concat());
        }
    }
}
