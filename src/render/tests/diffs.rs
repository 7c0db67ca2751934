use insta::assert_snapshot;
use unicode_width::UnicodeWidthStr as _;

use super::fixtures::{change, drift, file, library, shown, shown_diff, shown_diff_of, update};
use crate::model::{Attribute, File};
use crate::plan::{Action, Change};

const BLOCK: &str = "# SIG # Begin signature block\n# MIIaBc\n# SIG # End signature block\n";

fn utf16(text: &str) -> Vec<u8> {
    let units = std::iter::once(0xfeff).chain(text.encode_utf16());
    units.flat_map(u16::to_le_bytes).collect()
}

#[test]
fn a_content_that_is_not_at_hand_is_said() {
    let text = shown(library(vec![update("x", "a", "b")]));
    let line = "\n      the previous content is not at hand: the API offers no download\n";
    assert!(text.contains(line), "{text}");
}

#[test]
fn whose_content_it_is_that_nobody_knows_is_said() {
    let drifted = |attribute| Change {
        drifted: Some(drift(&[attribute])),
        ..update("x", "a", "b")
    };
    let text = shown(library(vec![drifted(Attribute::Content)]));
    let lines = "\n      the content in the library is unknown: mallory@contoso.com put it there,\n      \
                 and the API offers no download\n";
    assert!(text.contains(lines), "{text}");
    let text = shown(library(vec![drifted(Attribute::Description)]));
    assert!(!text.contains("put it there"), "{text}");
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
    assert_snapshot!(shown_diff("a\r\nb\n", "a\nb\r\n", false), @"only the line endings differ: mixed → mixed");
    assert_snapshot!(shown_diff("a\r\nb\n", "a\nc\r\n", false), @r"
    the line endings are mixed before and after, and are not compared
    │ @@ -1,2 +1,2 @@
    │  a
    │ -b
    │ +c
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
fn a_byte_order_mark_is_no_encoding() {
    assert_snapshot!(shown_diff("ä\n", "\u{feff}ä\n", false), @"only the byte order mark is new; the encoding is UTF-8 before and after");
    assert_snapshot!(shown_diff("\u{feff}ä\n", "ä\n", false), @"only the byte order mark is gone; the encoding is UTF-8 before and after");
    assert_snapshot!(shown_diff("a\n", "\u{feff}b\n", false), @r"
    the byte order mark is new; the encoding is UTF-8 before and after
    │ @@ -1,1 +1,1 @@
    │ -a
    │ +b
    ");
}

#[test]
fn lines_that_only_moved_are_named_and_shown() {
    assert_snapshot!(shown_diff("a\nb\nc\n", "b\nc\na\n", false), @r"
    only the order of the lines differs: every line is there before and after
    │ @@ -1,3 +1,3 @@
    │ -a
    │  b
    │  c
    │ +a
    ");
}

#[test]
fn a_line_break_is_not_taken_for_a_space() {
    // What was a comment runs.
    assert_snapshot!(shown_diff("# a Invoke-Evil\n", "# a\nInvoke-Evil\n", false), @r"
    only white space differs, line breaks too: what is a comment may change
    │ @@ -1,1 +1,2 @@
    │ -# a Invoke-Evil
    │ ?   ^
    │ +# a
    │ +Invoke-Evil
    ");
    let shown = shown_diff("# a Invoke-Evil\n", "# a\rInvoke-Evil\n", false);
    assert!(shown.contains("line breaks too"), "{shown}");
    // No shell takes this for a space.
    let shown = shown_diff("a b\n", "a\u{a0}b\n", false);
    assert!(!shown.contains("white space"), "{shown}");
}

#[test]
fn nothing_is_the_only_difference_beside_another() {
    let signed = format!("a\n{BLOCK}");
    let other = signed.replace("MIIaBc", "MIIxYz").replace('\n', "\r\n");
    assert_snapshot!(shown_diff(&signed, &other, false), @r"
    the line endings differ: LF → CRLF
    the Authenticode signature block differs (not shown)
    ");
    let other = signed.replace("MIIaBc", "MIIxYz").replace('a', "a ");
    let shown = shown_diff(&signed, &other, false);
    assert!(!shown.contains("only"), "{shown}");
}

#[test]
fn a_hunk_is_headed_by_the_function_that_it_is_in() {
    let body = "    step 1\n    step 2\n    step 3\n    step 4\n    step 5\n";
    let rest = "rest 1\nrest 2\nrest 3\nrest 4\nrest 5\nrest 6\nrest 7\nrest 8\nrest 9\n";
    let old = format!("function Get-Thing {{\n{body}}}\n{rest}");
    let new = old
        .replace("step 5", "step five")
        .replace("rest 9", "rest nine");
    // What stands below the function is not in it.
    assert_snapshot!(shown_diff_of("x.ps1", &old, &new), @r"
    │ @@ -3,7 +3,7 @@ function Get-Thing {
    │      step 2
    │      step 3
    │      step 4
    │ -    step 5
    │ ?         ^
    │ +    step five
    │ ?         ^^^^
    │  }
    │  rest 1
    │  rest 2
    │ @@ -13,4 +13,4 @@
    │  rest 6
    │  rest 7
    │  rest 8
    │ -rest 9
    │ ?     ^
    │ +rest nine
    │ ?     ^^^^
    ");
    let headings = |name: &str| {
        shown_diff_of(name, &old, &new)
            .matches("@@ function")
            .count()
    };
    assert_eq!((headings("X.PSM1"), headings("x.txt")), (1, 0));
    let old = format!(
        "function Get-{} {{ # \u{202e}\t日\n1\n2\n3\n4\n5\n",
        "x".repeat(40)
    );
    let shown = shown_diff_of("x.ps1", &old, old.replace('5', "6"));
    assert!(shown.lines().all(|line| line.width() <= 74), "{shown}");
    assert!(shown.contains("…"), "{shown}");
}

#[test]
fn a_change_in_nothing_but_white_space_is_named_and_shown() {
    assert_snapshot!(shown_diff("if (a) {\nb\n}\n", "if (a) {\n\tb \n}\n", false));
}

#[test]
fn a_change_in_nothing_but_the_signature_is_named() {
    let signed = format!("Get-Process\n{BLOCK}");
    let renewed = signed.replace("MIIaBc", "MIIxYz");
    assert_snapshot!(shown_diff(&signed, &renewed, false), @"re-signed: only the Authenticode signature block differs (not shown)");
    assert_snapshot!(shown_diff("Get-Process\n", &signed, false), @"signed: only the Authenticode signature block is new (not shown)");
    assert_snapshot!(shown_diff(&signed, "Get-Process\n", false), @"unsigned: only the Authenticode signature block is gone (not shown)");
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
fn binary_contents_are_shown_by_type_size_and_digest() {
    assert_snapshot!(shown_diff(vec![0; 1_258_291], vec![0; 1_363_149], false), @r"
    binary, unknown type, 1.2 MiB → 1.3 MiB
    - sha256 993c2237ccfd08e494ae6e12ec5000458592b4394b2e341f28fac2b65db6bb70
    + sha256 3cb6c98a8327a770fff8a6eb53b0a12eb9820da36e7545939c17d21bd1e3b904
    ");
    assert_snapshot!(shown_diff("text\n", b"MZ\0", false), @r"
    binary, UTF-8 text → MS-DOS executable, 5 B → 3 B
    - sha256 b9e68e1bea3e5b19ca6b2f98b73a54b73daafaa250484902e09982e07a12e733
    + sha256 0def7c7eb38d4010bcb671e24a566daec14890690bf06af36620487ed74d284c
    ");
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
fn a_long_attribute_is_folded_where_one_can_see_it_and_where_it_changed() {
    let file = |text: String| File {
        description: Some(text),
        ..file("a")
    };
    let (x, y) = ("x".repeat(1000), "y".repeat(1000));
    let text = shown(library(vec![Change {
        before: Some(file(format!("{x} safe {y}"))),
        after: Some(file(format!("{x} evil {y}"))),
        ..change("x", Action::Update, vec![])
    }]));
    for (word, count) in [
        (" safe ", 1),
        (" evil ", 1),
        ("(961 more characters) … ", 2),
        (" … (645 more characters)", 2),
    ] {
        assert_eq!(text.matches(word).count(), count, "{word}: {text}");
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
