//! The page's one style sheet, and the policy that allows it and nothing else.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

/// The style sheet. It stands in the page as it is, and so must not hold the end of its element.
pub(super) const SHEET: &str = include_str!("style.css");

/// The Content-Security-Policy of the page. The sheet is allowed by its digest: text from outside that came to be a
/// style or a script in spite of everything would still do nothing.
pub(super) fn policy() -> String {
    let digest = STANDARD.encode(Sha256::digest(SHEET.as_bytes()));
    format!("default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sheet_cannot_end_its_element_and_loads_nothing() {
        for word in ["<", "url(", "@import", "@font-face", "image("] {
            assert!(!SHEET.contains(word), "{word}");
        }
        // A page reads CRLF as LF, and the digest would be of something else.
        assert!(!SHEET.contains('\r'));
    }
}
