//! Whether a PowerShell script is signed, and by whom.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Checked, certificate};
use crate::diagnostics::Code;
use crate::diagnostics::lints::{SIGNATURE_EXPIRED, SIGNATURE_SELF_SIGNED, UNSIGNED};
use crate::text::{Language, signature};

/// What this looks for.
const LINTS: [&Code; 3] = [&UNSIGNED, &SIGNATURE_EXPIRED, &SIGNATURE_SELF_SIGNED];

pub(super) fn check(checked: &mut Checked<'_>) {
    // Also where it is no text: nobody knows what PowerShell makes of it.
    let is_script = Language::of(checked.name, &checked.text) == Some(Language::PowerShell);
    if !is_script || !checked.wants_any(&LINTS) {
        return;
    }
    let text = checked.text.replace("\r\n", "\n");
    let (body, block) = signature::split(&text);
    if !block.is_empty() {
        let lines = block.lines().filter_map(|line| line.strip_prefix("# "));
        let base64: String = lines.filter(|line| !line.starts_with("SIG #")).collect();
        let der = STANDARD.decode(base64).unwrap_or_default();
        if certificate::check(checked, &der, checked.now) {
            return;
        }
    }
    let is = if !block.is_empty() || body.contains(signature::BEGIN) {
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
