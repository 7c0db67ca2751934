//! Whether a PowerShell script is signed.

use super::Checked;
use crate::diagnostics::lints::UNSIGNED;
use crate::text::{Language, signature};

pub(super) fn check(checked: &mut Checked<'_>) {
    // Also where it is no text: nobody knows what PowerShell makes of it.
    let is_script = Language::of(checked.name, &checked.text) == Some(Language::PowerShell);
    if !is_script || !checked.wants(&UNSIGNED) {
        return;
    }
    let text = checked.text.replace("\r\n", "\n");
    let (body, block) = signature::split(&text);
    if !block.is_empty() {
        return;
    }
    let is = if body.contains(signature::BEGIN) {
        "has a signature block that is not at its end, or is damaged"
    } else {
        "has no Authenticode signature"
    };
    checked.tell(
        &UNSIGNED,
        is,
        "sign it with Set-AuthenticodeSignature: tenants refuse unsigned scripts unless a setting allows them",
    );
}
