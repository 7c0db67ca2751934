//! What the manifest says, or does not say, of a file.

use super::Checked;
use crate::diagnostics::lints::{NO_DESCRIPTION, NOT_RUNNABLE};

/// Extensions of scripts that `run` does not start: on Windows it takes PowerShell, elsewhere Bash
/// (<https://learn.microsoft.com/defender-endpoint/live-response-command-examples>).
const OTHER_SCRIPTS: [&str; 12] = [
    "bat", "cmd", "hta", "jar", "js", "jse", "pl", "rb", "vbe", "vbs", "wsf", "wsh",
];

pub(super) fn check(checked: &mut Checked<'_>) {
    if checked.file.description.is_none() {
        checked.tell(
            &NO_DESCRIPTION,
            "has no description",
            "write a `description`: it is all that a responder sees of the file in the portal",
        );
    }
    let extension = checked
        .name
        .rsplit_once('.')
        .map(|(_, it)| it.to_ascii_lowercase());
    if extension.is_some_and(|it| OTHER_SCRIPTS.contains(&it.as_str())) {
        checked.tell(
            &NOT_RUNNABLE,
            "is a script that live response does not run",
            "call it from a PowerShell or Bash script, or allow this lint if it is only put on machines",
        );
    }
}
