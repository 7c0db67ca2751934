//! How text is written: line ends, encodings, what does not show, what runs it.

use super::*;

#[test]
fn line_endings() {
    insta::assert_snapshot!(said("a.txt", "a\r\nb\nc\r\n", None), @r#"`a.txt` ends 2 lines with CRLF and 1 with LF  ["\n" the first that ends otherwise than most]"#);
    insta::assert_snapshot!(said("a.txt", "a\nb\nc\r\n", None), @r#"`a.txt` ends 1 lines with CRLF and 2 with LF  ["\r\n" the first that ends otherwise than most]"#);
    insta::assert_snapshot!(said("a.sh", "#!/bin/sh\necho a\r\n", None), @r#"`a.sh` has lines that end with CRLF, and does not run on Linux or macOS  ["\r\n" the first CRLF]"#);
    assert_eq!(codes("run", "#!/usr/bin/perl\r\n", None), "shell_crlf");
    assert_eq!(codes("a.py", "print(1)\r\n", None), "");
}

#[test]
fn shell_scripts_say_what_runs_them() {
    assert_eq!(codes("a.sh", "echo a\n", None), "shebang_missing");
    assert_eq!(codes("a.sh", "\u{feff}#!/bin/sh\n", None), "encoding");
    assert_eq!(codes("a.txt", "echo a\n", None), "");
}

#[test]
fn encodings_that_are_read_otherwise() {
    insta::assert_snapshot!(said("a.ps1", "# ö\nWrite-Output 'ü'\n", None), @r#"
    `a.ps1` has no Authenticode signature
    `a.ps1` is in UTF-8 without a byte order mark, and has characters that Windows PowerShell reads otherwise  ["ü" the first of them]
    "#);
    assert_eq!(
        codes("a.ps1", "# ö\nWrite-Output 'u'\n", None),
        "",
        "a comment"
    );
    assert_eq!(codes("a.ps1", "\u{feff}Write-Output 'ü'\n", None), "");
    let wide: Vec<u8> = "\u{feff}echo a\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    assert_eq!(codes("a.ps1", &wide, None), "");
    assert_eq!(codes("a.sh", &wide, None), "shebang_missing encoding");
    assert_eq!(codes("a.py", "\u{feff}print(1)\n", None), "");
    assert_eq!(
        codes("a.py", "\u{feff}#!/usr/bin/python3\n", None),
        "encoding"
    );
}

#[test]
fn characters_that_do_not_show() {
    insta::assert_snapshot!(said("a.sh", "#!/bin/sh\nif a\u{202e} # }\n\u{200b}", None), @r#"`a.sh` has 2 hidden characters, the first is U+202E  ["\u{202e}" here]"#);
    insta::assert_snapshot!(said("a.txt", "echo good\rrm -rf /\r\n\r", None), @r#"`a.txt` has the hidden character U+000D  ["\r" here]"#);
    let found = findings("a", b"a", &file(Some("-A\u{2066}")));
    assert_eq!(
        found.list[0].message,
        "`a` has the hidden character U+2066 in its parameters description"
    );
    assert_eq!(found.text, None);
}
