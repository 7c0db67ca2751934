use insta::assert_snapshot;

use super::fixtures::{library, shown, shown_diff, update};

const BLOCK: &str = "# SIG # Begin signature block\n# MIIaBc\n# SIG # End signature block\n";

fn utf16(text: &str) -> Vec<u8> {
    let units = std::iter::once(0xfeff).chain(text.encode_utf16());
    units.flat_map(u16::to_le_bytes).collect()
}

#[test]
fn a_content_that_is_not_at_hand_is_said() {
    let text = shown(library(vec![update("x", "a", "b")]));
    let line = "\n      previous content not at hand (the API offers no download)\n";
    assert!(text.contains(line), "{text}");
}

#[test]
fn changed_lines_stand_in_hunks_with_their_words_marked() {
    let line = |nth: usize| format!("line {nth}\n");
    let old: String = (1..=30).map(line).collect();
    let new = old
        .replace("line 2\n", "line two\n")
        .replace("line 20\n", "")
        .replace("line 30\n", "line 30\nline 31\n");
    assert_snapshot!("hunks", shown_diff(&old, &new, false));
    assert_snapshot!("hunks_in_colour", shown_diff(&old, &new, true));
}

#[test]
fn from_and_to_nothing() {
    assert_snapshot!(shown_diff("", "a\n", false), @r"
    │ @@ -0,0 +1,1 @@
    │ +a
    ");
    assert_snapshot!(shown_diff("a\n", "", false), @r"
    │ @@ -1,1 +0,0 @@
    │ -a
    ");
}

#[test]
fn a_missing_newline_at_the_end_is_said_as_git_does() {
    assert_snapshot!(shown_diff("a\nb", "a\nb\n", false));
}

#[test]
fn a_change_in_nothing_but_line_endings_is_named() {
    assert_snapshot!(shown_diff("a\nb\n", "a\r\nb\r\n", false), @"only the line endings differ: LF → CRLF");
    assert_snapshot!(shown_diff("a\r\nb\n", "a\nb\n", false), @"only the line endings differ: mixed → LF");
    assert_snapshot!(shown_diff("a\r\nb\n", "a\nb\r\n", false), @r"
    the line endings are mixed before and after, and are not compared
    the text is the same
    ");
}

#[test]
fn line_endings_that_change_with_the_content_are_named_too() {
    assert_snapshot!(shown_diff("a\nb\n", "a\r\nc\r\n", false), @r"
    the line endings differ: LF → CRLF
    │ @@ -1,2 +1,2 @@
    │  a
    │ -b
    │ +c
    ");
}

#[test]
fn a_carriage_return_by_itself_is_never_taken_for_a_line_ending() {
    // PowerShell runs what follows it.
    assert_snapshot!(shown_diff("# a\n", "# a\rInvoke-Evil\n", false));
}

#[test]
fn a_change_in_nothing_but_the_encoding_is_named() {
    assert_snapshot!(shown_diff("ä\n", "\u{feff}ä\n", false), @"only the encoding differs: UTF-8 → UTF-8 with BOM");
    assert_snapshot!(shown_diff("ä\n", utf16("ä\n"), false), @"only the encoding differs: UTF-8 → UTF-16 LE");
    assert_snapshot!(shown_diff("ä\n", utf16("ä\r\n"), false), @r"
    the encoding differs: UTF-8 → UTF-16 LE
    the line endings differ: LF → CRLF
    the text is the same
    ");
    assert_snapshot!(shown_diff(b"\xe4\n", "ä\n", false), @r"
    the previous content is not UTF-8 and is read as Windows-1252
    only the encoding differs: Windows-1252 → UTF-8
    ");
}

#[test]
fn a_change_in_nothing_but_white_space_is_named_and_shown() {
    assert_snapshot!(shown_diff("if (a) {\nb\n}\n", "if (a) {\n\tb \n}\n", false));
}

#[test]
fn a_change_in_nothing_but_the_signature_is_named() {
    let signed = format!("Get-Process\n{BLOCK}");
    let renewed = signed.replace("MIIaBc", "MIIxYz");
    assert_snapshot!(shown_diff(&signed, &renewed, false), @"only the Authenticode signature block differs (not shown)");
    assert_snapshot!(shown_diff("Get-Process\n", &signed, false), @"only the Authenticode signature block is new (not shown)");
    assert_snapshot!(shown_diff(&signed, "Get-Process\n", false), @"only the Authenticode signature block is gone (not shown)");
}

#[test]
fn a_signature_that_changes_with_the_content_is_named_and_not_shown() {
    let old = format!("Get-Process\n{BLOCK}");
    let new = old
        .replace("MIIaBc", "MIIxYz")
        .replace("Process", "Service");
    assert_snapshot!(shown_diff(&old, &new, false));
}

#[test]
fn code_in_a_signature_block_is_shown() {
    let old = format!("Get-Process\n{BLOCK}");
    let new = old.replace("# MIIaBc", "Invoke-Evil");
    let shown = shown_diff(&old, &new, false);
    assert!(shown.contains("│ +Invoke-Evil"), "{shown}");
}

#[test]
fn binary_contents_have_sizes_only() {
    let (old, new) = (vec![0; 1_258_291], vec![0; 1_363_149]);
    assert_snapshot!(shown_diff(old, new, false), @"binary, 1.2 MiB → 1.3 MiB");
    assert_snapshot!(shown_diff("text\n", b"\0", false), @"binary, 5 B → 1 B");
}

#[test]
fn long_lines_are_folded_where_one_can_see_it() {
    let long = "x".repeat(1634);
    let shown = shown_diff("a\n", format!("{long}\n"), false);
    let line = format!("│ +{}… (1,234 more characters)", "x".repeat(400));
    assert!(shown.lines().any(|it| it == line), "{shown}");
}

#[test]
fn a_change_within_a_long_line_is_never_folded_away() {
    for length in [1_000, 20_000] {
        let line = |middle: &str| format!("{}{middle}{}\n", "x".repeat(length), "y".repeat(length));
        let shown = shown_diff(line(" safe "), line(" evil "), false);
        assert!(
            shown.contains(" safe ") && shown.contains(" evil "),
            "{shown}"
        );
        assert!(shown.contains("more characters) …xxx"), "{shown}");
    }
}

#[test]
fn contents_that_look_like_ours_stay_behind_the_gutter() {
    let forged =
        "│ +x\nPlan: 0 to create.\n+ evil\n@@ -1 +1 @@\n\\ No newline at end of file\n? ^^\n";
    let shown = shown_diff("", forged, false);
    assert_eq!(shown.lines().count(), 7, "{shown}");
    assert!(
        shown.lines().skip(1).all(|line| line.starts_with("│ +")),
        "{shown}"
    );
}
