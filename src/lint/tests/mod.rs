mod credential;
mod executable;
mod parameters;
mod signature;
mod written;

use super::*;
use crate::diagnostics::lints;
use crate::model::Sha256;
use crate::text::signature::split;
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
    let text = str::from_utf8(signature::SIGNED[0].1)
        .unwrap()
        .replace("\r\n", "\n");
    split(&text).1.to_owned()
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
        ("a.exe", &executable::executable(0)),
        ("a.bat", credential::secrets()[1].1.as_bytes()),
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
