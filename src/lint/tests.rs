use super::*;
use crate::diagnostics::lints;
use crate::model::Sha256;
use crate::text::signature;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;

fn now() -> Timestamp {
    "2026-11-29T00:00:00Z".parse().unwrap()
}

/// A file with a description, with parameters where `parameters` describes them.
fn file(parameters: Option<&str>) -> File {
    File {
        sha256: Sha256::of(b""),
        size: None,
        description: Some("A file".to_owned()),
        has_parameters: parameters.is_some(),
        parameters_description: parameters.map(str::to_owned),
    }
}

fn findings(name: &str, bytes: &[u8], file: &File) -> Findings {
    let subject = Subject {
        name,
        file,
        bytes: Some(bytes),
    };
    check(&subject, &Levels::default(), now())
}

/// The ends of the codes of what is found, but that scripts are unsigned.
fn codes(name: &str, bytes: impl AsRef<[u8]>, parameters: Option<&str>) -> String {
    let found = findings(name, bytes.as_ref(), &file(parameters)).list;
    let codes = found.iter().map(|finding| finding.code.id);
    let codes = codes.map(|id| id.rsplit("::").next().unwrap());
    let codes: Vec<_> = codes.filter(|id| *id != "unsigned").collect();
    codes.join(" ")
}

/// What is said of a file, with what is at the place.
fn said(name: &str, bytes: impl AsRef<[u8]>, parameters: Option<&str>) -> String {
    let found = findings(name, bytes.as_ref(), &file(parameters));
    let text = found.text.unwrap_or_default();
    let line = |finding: &Finding| {
        let place = finding.place.as_ref();
        let place = place
            .map(|(range, label)| format!("  [{:?} {label}]", text.get(range.clone()).unwrap()));
        format!("{}{}\n", finding.message, place.unwrap_or_default())
    };
    found.list.iter().map(line).collect()
}

/// The signature block of `good.ps1`, with LF.
fn good_block() -> String {
    let text = str::from_utf8(SIGNED[0].1).unwrap().replace("\r\n", "\n");
    signature::split(&text).1.to_owned()
}

#[test]
fn what_is_as_it_should_be_is_not_spoken_of() {
    let block = good_block();
    let signed = format!("param([int] $Days)\r\n\r\n{}", block.replace('\n', "\r\n"));
    assert_eq!(
        findings("a.ps1", signed.as_bytes(), &file(Some("-Days <n>"))),
        Findings::default()
    );
    for (name, text) in [
        ("a.sh", "#!/bin/bash\necho Prüfung\n"),
        ("a.py", "#!/usr/bin/env python3\nprint('ü')\n"),
        ("a.txt", "one\r\ntwo\r\n"),
        ("a.bin", "\0\x01\r\n\n"),
        ("a", ""),
    ] {
        assert_eq!(
            findings(name, text.as_bytes(), &file(None)),
            Findings::default(),
            "{name}"
        );
    }
}

#[test]
fn what_a_file_says_of_itself() {
    let mut file = file(None);
    file.description = None;
    let found = findings("a.txt", b"a\n", &file);
    assert_eq!(found.list[0].code, &lints::NO_DESCRIPTION);
    assert_eq!(codes("a.BAT", "echo a\r\n", None), "not_runnable");
    assert_eq!(codes("bat", "echo a\r\n", None), "");
}

#[test]
fn a_script_is_signed_at_its_end_or_not_at_all() {
    let block = good_block();
    let damaged = format!(
        "{}\n# AAAA\n# SIG # End signature block\n",
        signature::BEGIN
    );
    insta::assert_snapshot!(said("a.ps1", "Get-Process\n", None), @"`a.ps1` has no Authenticode signature");
    insta::assert_snapshot!(said("a.ps1", format!("{block}Get-Process\n"), None), @"`a.ps1` has a signature block that is not at its end, or is damaged");
    assert_eq!(said("a.ps1", format!("Get-Process\n{block}"), None), "");
    insta::assert_snapshot!(said("a.ps1", format!("Get-Process\n{damaged}"), None), @"`a.ps1` has a signature block that is not at its end, or is damaged");
    assert_eq!(
        said("a.ps1", damaged.replace("# AAAA\n", ""), None),
        said("a.ps1", &damaged, None)
    );
    assert_eq!(said("a.txt", "Get-Process\n", None), "");
}

/// Made with osslsigncode 2.9, by certificates of its own making: `own` vouches for itself, `old` expired on 2021-06-30, and `stamped` is
/// the same with a time stamp of 2020.
const SIGNED: [(&str, &[u8]); 4] = [
    ("good.ps1", include_bytes!("signed/good.ps1")),
    ("old.ps1", include_bytes!("signed/old.ps1")),
    ("own.ps1", include_bytes!("signed/own.ps1")),
    ("stamped.ps1", include_bytes!("signed/stamped.ps1")),
];

#[test]
fn whose_certificate_signed() {
    let said: String = SIGNED
        .iter()
        .map(|(name, bytes)| said(name, bytes, None))
        .collect();
    insta::assert_snapshot!(said, @"
    `old.ps1` is signed with a certificate that expired on 2021-06-30, and without a time stamp
    `own.ps1` is signed with a certificate that vouches for itself
    ");
    let own: String = str::from_utf8(SIGNED[2].1)
        .unwrap()
        .lines()
        .filter_map(|line| line.strip_prefix("# "))
        .filter(|line| !line.starts_with("SIG"))
        .collect();
    let der = STANDARD.decode(own).unwrap();
    // The same in an executable.
    let mut program = executable(u32::try_from(der.len() + 8).unwrap());
    program.resize(0x308, 0);
    program.extend(&der);
    assert_eq!(
        codes("a.exe", &program, None),
        "signature_self_signed executable_version"
    );
    // What is cut off or no signature is none.
    let unsigned = "executable_unsigned executable_version";
    for length in [der.len() - 1, 100, 1, 0] {
        program.truncate(0x308 + length);
        assert_eq!(codes("a.exe", &program, None), unsigned);
    }
    program.extend(vec![0; der.len()]);
    assert_eq!(codes("a.exe", &program, None), unsigned);
}

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

#[test]
fn parameters_that_are_not_offered_or_not_taken() {
    insta::assert_snapshot!(said("a.ps1", "[CmdletBinding()]\nparam($Days)\n", None), @r#"
    `a.ps1` has no Authenticode signature
    `a.ps1` takes parameters that the portal will not ask for  ["param" these parameters]
    "#);
    assert_eq!(
        codes("a.ps1", "Get-Process\n", Some("-Days <n>")),
        "parameters_not_taken"
    );
    assert_eq!(codes("a.ps1", "Get-Item $args\n", Some("a path")), "");
    assert_eq!(
        codes("a.ps1", "function F {\nparam($x)\n$x\n}\nF 1\n", Some("-x")),
        "parameters_not_taken"
    );
    assert_eq!(
        codes("a.sh", "#!/bin/sh\necho a\n", Some("NAME")),
        "parameters_not_taken"
    );
    assert_eq!(
        codes("a.sh", "#!/bin/sh\necho \"$1\" ${2:-x}\n", Some("NAME")),
        ""
    );
    insta::assert_snapshot!(said("a.sh", "#!/bin/sh\nwhile getopts 'd:v' o; do :; done\n", None), @r#"`a.sh` takes options that the portal will not ask for  ["getopts 'd:v' " these options]"#);
}

#[test]
fn parameters_that_are_described_and_not_there() {
    let script = "param([int] $Days = 7, [Alias('p')] [string] $Path)\n";
    for (described, found) in [
        ("-Days <n> [-Path <folder>]", ""),
        ("-d 7 -P c:\\x -Verbose", ""),
        ("a self-contained example, with - dashes -- and --Days", ""),
        ("-Tage <n>", "parameters_unknown"),
        ("(-Daysx|-Path)", "parameters_unknown"),
    ] {
        assert_eq!(
            codes("a.ps1", script, Some(described)),
            found,
            "{described}"
        );
    }
    insta::assert_snapshot!(said("a.ps1", script, Some("-Tage <n> -Pfad <p>")), @"
    `a.ps1` has no Authenticode signature
    `a.ps1` has 2 of the parameters not that its description names, such as -Pfad
    ");
    let options = "#!/bin/sh\nwhile getopts d:v o; do :; done\n";
    assert_eq!(codes("a.sh", options, Some("-d DAYS [-v]")), "");
    assert_eq!(codes("a.sh", options, Some("-x")), "parameters_unknown");
}

/// Written so that nothing which looks for secrets finds any in this file.
fn secrets() -> [(&'static str, String); 15] {
    let many = |text: &str, times| text.repeat(times);
    [
        (
            "a private key",
            format!(
                "-----BEGIN RSA {}-----\n{}\n-----END RSA",
                "PRIVATE KEY",
                many("MIIE", 20)
            ),
        ),
        (
            "a token of GitHub",
            format!("gh{}_{}", 'p', many("aB3", 12)),
        ),
        (
            "a token of GitLab",
            format!("gl{}-{}", "pat", many("aB3_", 5)),
        ),
        (
            "an access key of AWS",
            format!("AK{}{}", "IA", many("ABCD2345", 2)),
        ),
        (
            "a client secret of Entra",
            format!("abc8{}~{}", 'Q', many("aB3_", 8) + "xy"),
        ),
        (
            "an account key of Azure Storage",
            format!("Account{}={}==", "Key", many("aB", 43)),
        ),
        (
            "a shared access signature of Azure",
            format!("https://a/b?sv=1&{}={}%3D", "sig", many("aB3%2B", 8)),
        ),
        (
            "a token of Slack",
            format!("xo{}-{}", "xb", many("12345-", 4)),
        ),
        (
            "a JSON web token",
            format!("ey{0}aaaaaaaaaa.ey{0}bbbbbbbbbb.cccccccccc", 'J'),
        ),
        (
            "a password in a URL",
            format!("https://user:{}@example.com/a", many("hush", 3)),
        ),
        (
            "a password in plain text",
            format!(
                "ConvertTo-SecureString '{}' -AsPlainText -Force",
                many("hush", 3)
            ),
        ),
        (
            "a password in plain text",
            format!(
                "ConvertTo-SecureString -AsPlainText -Force '{}'",
                many("hush", 3)
            ),
        ),
        (
            "a password in plain text",
            format!(
                "ConvertTo-SecureString -String '{}' -AsPlainText",
                many("hush", 3)
            ),
        ),
        (
            "a private key",
            format!(
                "-----BEGIN PGP {} BLOCK-----\n{}\n-----END PGP",
                "PRIVATE KEY",
                many("MIIE", 20)
            ),
        ),
        (
            "a password in a URL",
            format!("https://user:{}@example.com/a", many("hu%40h", 3)),
        ),
    ]
}

#[test]
fn credentials_are_found_and_never_shown() {
    for (what, text) in secrets() {
        let content = format!("#!/bin/sh\n# before\nx=\"{text}\"\n");
        let found = findings("a.sh", content.as_bytes(), &file(None));
        let [finding] = found.list.as_slice() else {
            panic!("{what}: {found:?}");
        };
        assert_eq!(
            finding.message,
            format!("`a.sh` holds what looks like {what}")
        );
        let shown = found.text.unwrap();
        assert_eq!(shown.len(), content.len());
        let (range, _) = finding.place.clone().unwrap();
        let secret = content.get(range.clone()).unwrap();
        assert!(secret.len() >= 12, "{secret}");
        let lines = |text: &str| text.lines().map(str::len).collect::<Vec<_>>();
        assert_eq!(lines(&shown), lines(&content));
        let hidden = shown.get(range).unwrap();
        assert!(hidden.chars().all(|c| matches!(c, '*' | '\n')), "{hidden}");
        assert!(!shown.contains(secret) && !format!("{finding:?}").contains(secret));

        let allowed = format!(
            "#!/bin/sh\n# {}\nx=\"{text}\"\n",
            "jumpbag: allow credential"
        );
        assert_eq!(codes("a.sh", allowed, None), "", "{what}");
    }
}

#[test]
fn credentials_are_found_behind_one_another_in_what_is_no_text_and_in_descriptions() {
    let [_, (_, token), _, _, (_, secret), ..] = secrets();
    let two = |between: &str| format!("x={secret}{between}{secret}\n");
    for between in [" ", ",", "'", "\n"] {
        let found = findings("a.txt", two(between).as_bytes(), &file(None));
        assert_eq!(
            found.list[0].message,
            "`a.txt` holds 2 things that look like credentials, the first like a client secret of Entra"
        );
        assert!(!found.text.unwrap().contains(&secret), "{between:?}");
    }
    assert_eq!(codes("a.txt", two("."), None), "", "one long word");

    let text = format!("#!/bin/sh\n\0\nx={token}\n");
    assert_eq!(codes("a", &text, None), "hidden_characters credential");
    let shown = findings("a", text.as_bytes(), &file(None)).text.unwrap();
    assert!(!shown.contains(&token));
    // What does not say what runs it is not looked into, and that is said.
    let text = format!("\0x={token}\n");
    insta::assert_snapshot!(said("a.sh", &text, None), @"`a.sh` is a script by its name, and has NUL bytes, so that nothing else in it was looked at");
    assert_eq!(codes("a.txt", &text, None), "");
    // UTF-16 that is cut off.
    let wide = format!("\u{feff}x={token}\n");
    let wide: Vec<u8> = wide.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(
        codes("a.ps1", [&wide[..], b"a"].concat(), None),
        "credential"
    );

    insta::assert_snapshot!(
        said("a.txt", "a\n", Some(&format!("-Token {token}"))),
        @"`a.txt` holds what looks like a token of GitHub in its parameters description"
    );
}

#[test]
fn what_only_looks_a_little_like_a_credential_is_none() {
    for text in [
        "password = $Password",
        "https://user:$PASSWORD@example.com/ https://user:%PASS%@x https://user:%s%s%s@x https://{user}:{pass}@x",
        "ConvertTo-SecureString $Plain -AsPlainText -Force",
        "ConvertTo-SecureString \"$Plain\" -AsPlainText",
        "ConvertTo-SecureString -AsPlainText -Force $Plain; 'password'",
        "git@github.com:a/b.git 2026-11-29T10:00:00@x http://localhost:8080/a@b",
        "AKIA ghp_short glpat- xoxb-1 eyJhbGciOi",
        "-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----",
    ] {
        assert_eq!(codes("a.txt", format!("{text}\n"), None), "", "{text}");
    }
}

/// A small executable of Windows: headers and nothing else, with `certificate` bytes of a signature.
fn executable(certificate: u32) -> Vec<u8> {
    let mut bytes = vec![0_u8; 0x400];
    let mut put = |at: usize, value: &[u8]| bytes[at..at + value.len()].copy_from_slice(value);
    put(0, b"MZ");
    put(0x3c, &0x80_u32.to_le_bytes());
    put(0x80, b"PE\0\0");
    put(0x84, &0x8664_u16.to_le_bytes());
    // The size of the optional header, and its magic number.
    put(0x94, &0xf0_u16.to_le_bytes());
    put(0x98, &0x20b_u16.to_le_bytes());
    // The number of directories; the fifth is that of the signature.
    put(0x98 + 108, &16_u32.to_le_bytes());
    put(0x98 + 112 + 4 * 8, &0x300_u32.to_le_bytes());
    put(0x98 + 112 + 4 * 8 + 4, &certificate.to_le_bytes());
    bytes
}

#[test]
fn executables_are_signed_and_say_their_version() {
    assert_eq!(
        codes("a.exe", executable(0), None),
        "executable_unsigned executable_version"
    );
    assert_eq!(
        codes("a.exe", &executable(0x80)[..0x90], None),
        "",
        "a part of one"
    );
    assert_eq!(codes("a.exe", b"MZ\0", None), "");
}

/// A line without end would fill the terminal.
#[test]
fn a_line_that_is_too_long_is_not_shown() {
    let text = format!("#!/bin/sh\n{}\u{202e}{}", "x".repeat(900), "y".repeat(100));
    let found = findings("a.sh", text.as_bytes(), &file(None));
    assert_eq!(found.text, None);
    assert_eq!(
        found.list[0].message,
        "`a.sh` has the hidden character U+202E, in line 2 behind 900 bytes"
    );
    let shorter = text.replacen("yy", "", 10);
    assert!(
        findings("a.sh", shorter.as_bytes(), &file(None))
            .text
            .is_some()
    );
}

#[test]
fn what_is_allowed_is_not_looked_for() {
    let mut levels = Levels::default();
    for lint in lints::ALL {
        levels.set(lint.id, Level::Allow);
    }
    let file = File {
        description: None,
        ..file(Some("-X\u{202e}"))
    };
    for (name, bytes) in [
        ("a.ps1", b"param($a)\r\n'\xc3\xbc\xe2\x80\xae'\n".as_slice()),
        ("a.sh", b"echo\r\n"),
        ("a.exe", &executable(0)),
        ("a.bat", secrets()[1].1.as_bytes()),
    ] {
        let subject = Subject {
            name,
            file: &file,
            bytes: Some(bytes),
        };
        assert_eq!(check(&subject, &levels, now()).list, [], "{name}");
    }
}

proptest! {
    /// Nothing that anybody can write ends it, and every place is one of the text.
    #[test]
    fn any_bytes_can_be_looked_at(
        name in prop::sample::select(vec!["a.ps1", "a.sh", "a.py", "a.exe", "a"]),
        head in prop::sample::select(vec!["", "MZ", "#!/bin/sh\n", "param(", "\u{feff}", "<#", "@'\n"]),
        tail in prop::collection::vec(any::<u8>(), 0..200),
        words in "(param|function|\\(|\\)|\\{|\\}|\\$a|,|=|@|'|\"|#|<|>|\\[|\\]|\r|\n|ü|\u{202e}| ){0,80}",
        parameters in proptest::option::of("[-a-zA-Z ü]{0,20}"),
    ) {
        for bytes in [
            [head.as_bytes(), words.as_bytes()].concat(),
            [head.as_bytes(), &tail].concat(),
        ] {
            let file = file(parameters.as_deref());
            let found = findings(name, &bytes, &file);
            if Glance::of(&bytes).is_opaque() {
                let subject = Subject { name, file: &file, bytes: None };
                prop_assert_eq!(&found, &check(&subject, &Levels::default(), now()));
            }
            let text = found.text.unwrap_or_default();
            for finding in found.list {
                prop_assert_eq!(finding.message.matches('`').count(), 2);
                if let Some((range, _)) = finding.place {
                    prop_assert!(text.get(range.clone()).is_some_and(|it| !it.is_empty()), "{:?}", range);
                }
            }
        }
    }
}
