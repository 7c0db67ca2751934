//! Windows executables: whether they are signed, and say which version they are.

use object::LittleEndian;
use object::pe::{IMAGE_DIRECTORY_ENTRY_SECURITY, RT_VERSION};
use object::read::pe::{ImageNtHeaders, PeFile};

use super::{Checked, certificate};
use crate::diagnostics::Code;
use crate::diagnostics::lints::{
    EXECUTABLE_UNSIGNED, EXECUTABLE_VERSION, SIGNATURE_EXPIRED, SIGNATURE_SELF_SIGNED,
};

/// What this looks for.
const LINTS: [&Code; 4] = [
    &EXECUTABLE_UNSIGNED,
    &EXECUTABLE_VERSION,
    &SIGNATURE_EXPIRED,
    &SIGNATURE_SELF_SIGNED,
];

pub(super) fn check(checked: &mut Checked<'_>) {
    if !checked.bytes.starts_with(b"MZ") || !checked.wants_any(&LINTS) {
        return;
    }
    let bytes = checked.bytes;
    let Some(known) = read::<object::pe::ImageNtHeaders64>(bytes)
        .or_else(|| read::<object::pe::ImageNtHeaders32>(bytes))
    else {
        return;
    };
    let signature = known.signature;
    if !signature.is_some_and(|der| certificate::check(checked, der, checked.now)) {
        checked.tell(
            &EXECUTABLE_UNSIGNED,
            "is a Windows executable without a whole Authenticode signature",
            "sign it, or take its publisher's signed build: application control may block it where it is needed",
        );
    }
    if !known.has_version {
        checked.tell(
            &EXECUTABLE_VERSION,
            "is a Windows executable that does not say its version",
            "build it with a version resource, or say the version in the description",
        );
    }
}

struct Known<'a> {
    /// Where the headers say that there is a signature: what is there.
    signature: Option<&'a [u8]>,
    has_version: bool,
}

/// What the headers say; `None` where they are no valid ones of this kind.
fn read<H: ImageNtHeaders>(bytes: &[u8]) -> Option<Known<'_>> {
    let file = PeFile::<H>::parse(bytes).ok()?;
    let directories = file.data_directories();
    let certificates = directories.get(IMAGE_DIRECTORY_ENTRY_SECURITY);
    let certificates = certificates.filter(|it| it.size.get(LittleEndian) > 0);
    // Here, an address is a place in the file. A signature follows its length, revision and kind, of eight bytes.
    let signature = certificates.and_then(|it| {
        let start = it.virtual_address.get(LittleEndian) as usize;
        let end = start.saturating_add(it.size.get(LittleEndian) as usize);
        bytes.get(start.saturating_add(8)..end)
    });
    let sections = file.section_table();
    let resources = directories
        .resource_directory(bytes, &sections)
        .ok()
        .flatten();
    let has_version = resources.is_some_and(|resources| {
        let root = resources.root().ok();
        root.is_some_and(|root| {
            let mut entries = root.entries.iter();
            entries.any(|entry| entry.name_or_id().id() == Some(RT_VERSION))
        })
    });
    Some(Known {
        signature,
        has_version,
    })
}
