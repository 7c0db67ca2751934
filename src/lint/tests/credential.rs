//! What looks like a credential.

use super::*;

/// Written so that nothing which looks for secrets finds any in this file.
pub(super) fn secrets() -> [(&'static str, String); 15] {
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
