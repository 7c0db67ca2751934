//! Whether a shell script says what runs it.

use super::Checked;
use crate::diagnostics::lints::SHEBANG_MISSING;
use crate::text::Language;

pub(super) fn check(checked: &mut Checked<'_>) {
    if checked.language == Some(Language::Shell) && !checked.text.starts_with("#!") {
        checked.tell(
            &SHEBANG_MISSING,
            "does not say which shell runs it",
            "begin it with a line such as `#!/bin/bash`: otherwise the machine decides",
        );
    }
}
