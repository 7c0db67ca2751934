//! How lines end.

use super::Checked;
use crate::diagnostics::lints::{MIXED_LINE_ENDINGS, SHELL_CRLF};
use crate::text::Language;

pub(super) fn check(checked: &mut Checked<'_>) {
    let text = &checked.text;
    let (all, crlf) = (text.matches('\n').count(), text.matches("\r\n").count());
    if crlf == 0 {
        return;
    }
    let first = text.find("\r\n").unwrap_or_default();
    let is_shell = checked.language == Some(Language::Shell);
    // With a program that cannot be found, nothing starts: its name has a CR at its end.
    let is_started =
        text.starts_with("#!") && text.get(..first).is_some_and(|line| !line.contains('\n'));
    if is_shell || is_started {
        checked.tell_at(
            &SHELL_CRLF,
            "has lines that end with CRLF, and does not run on Linux or macOS",
            "save it with LF, and write `*.sh text eol=lf` into `.gitattributes`, so that no checkout changes it",
            Some((first..first + 2, "the first CRLF")),
        );
        return;
    }
    if all == crlf {
        return;
    }
    let lf = all - crlf;
    let of_fewer = |line: &&str| line.ends_with('\n') && line.ends_with("\r\n") == (crlf < lf);
    let mut end = 0;
    let mut lines = text.split_inclusive('\n').inspect(|line| end += line.len());
    let Some(line) = lines.find(of_fewer) else {
        return;
    };
    let length = if line.ends_with("\r\n") { 2 } else { 1 };
    let place = end - length..end;
    checked.tell_at(
        &MIXED_LINE_ENDINGS,
        &format!("ends {crlf} lines with CRLF and {lf} with LF"),
        "save it with one of the two: editors and diffs show such files otherwise than they are",
        Some((place, "the first that ends otherwise than most")),
    );
}
