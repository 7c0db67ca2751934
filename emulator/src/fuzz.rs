//! What the fuzzer runs; no part of what the emulator offers.

use crate::disposition::Disposition;

/// Reads a header that may be anything; and a file's name that is spelt as the client spells it, which has to arrive.
pub fn disposition(bytes: &[u8]) {
    if let Some(Disposition { name, file_name }) = Disposition::parse(bytes) {
        assert!(name.len() <= bytes.len() && file_name.is_none_or(|it| it.len() <= bytes.len()));
    }
    let Ok(sent) = std::str::from_utf8(bytes) else {
        return;
    };
    // What else a percent sign can mean, no spelling says.
    if sent.contains(['\r', '\n', '\0', '%']) {
        return;
    }
    let spelt = sent.replace('\\', r"\\").replace('"', "\\\"");
    let header = format!("form-data; name=\"file\"; filename=\"{spelt}\"");
    let read = Disposition::parse(header.as_bytes());
    let arrived = read.and_then(|it| it.file_name);
    assert_eq!(arrived.as_deref(), Some(sent), "{header}");
}
