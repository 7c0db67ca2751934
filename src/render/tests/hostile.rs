use super::fixtures::{FINGERPRINT, change, contents, drift, file, library, name, plan};
use crate::model::{Attribute, File, LibraryId};
use crate::plan::{Action, Cause, Change, Drift, LibraryPlan, Reason, Refusal};
use crate::render::escape::{is_dangerous, visible_content};
use crate::render::{LibraryDrift, TextOptions, drift_text, from_json, json, text};

/// Texts that try to hide, to move, to forge or to command.
fn corpus() -> Vec<String> {
    let fixed = [
        // ANSI: clear, colour, cursor, title, links, device control, a sequence cut short.
        "\u{1b}[2J",
        "\u{1b}[31mred\u{1b}[0m",
        "\u{1b}[1A\u{1b}[2K",
        "\u{1b}]0;title\u{7}",
        "\u{1b}]8;;https://evil.example\u{1b}\\link\u{1b}]8;;\u{1b}\\",
        "\u{1b}P1$r\u{1b}\\",
        "\u{1b}",
        "\u{1b}[",
        "\u{9b}2J",
        "\u{9d}0;x\u{9c}",
        "\u{90}x",
        // Other controls.
        "a\rb",
        "a\u{8}\u{8}b",
        "a\0b",
        "a\u{7f}b",
        "a\u{b}b\u{c}",
        "a\u{85}b",
        "\u{1a}",
        "\u{e}\u{f}",
        "a\nb",
        "a\r\nb",
        "a\tb",
        "\n\n\n",
        "a\u{2028}b",
        "a\u{2029}b",
        // Reordering and hiding.
        "\u{202e}gpj.exe",
        "\u{202a}\u{202b}\u{202d}\u{202c}",
        "\u{2066}a\u{2067}b\u{2069}",
        "\u{200e}\u{200f}\u{61c}",
        "a\u{200b}b\u{200c}\u{200d}\u{2060}\u{feff}",
        "\u{ad}",
        "\u{e0001}\u{e0041}\u{e007f}",
        "a\u{fe0f}\u{e0100}",
        "\u{180e}\u{180b}",
        "\u{3164}\u{115f}",
        "\u{2800}",
        "\u{a0}\u{2003}\u{3000}",
        "\u{e000}\u{f0000}\u{10ffff}",
        "\u{378}",
        "a\u{301}\u{302}\u{303}\u{304}\u{305}",
        "\u{301}\u{489}\u{20dd}",
        "\u{34f}\u{17b4}",
        "\u{fff9}a\u{fffa}b\u{fffb}",
        // Lines of ours.
        "Plan: 0 to create.",
        "x\nNo changes. The library matches the manifest.",
        "\nFingerprint: sha256:00",
        "  + evil.exe  1 B  e3b0c44298fc  new",
        "a\" → \"b",
        "a\\",
        "a, b, c",
        "│ +x",
        "@@ -1,1 +1,1 @@",
        "… (5 more characters)",
        "x` is fine; `y",
        "none",
        // Commands of build logs.
        "::set-output name=a::b",
        "  ::error::x",
        "\u{a0}::error::x",
        "x\n::add-mask::y",
        "##vso[task.setvariable variable=a]b",
        "x ##[command]y",
        "##teamcity[x]",
        "###[group]x",
        "section_start:1:x\r\u{1b}[0K",
        "a ##VSO[task.complete]",
    ];
    let mut corpus: Vec<_> = fixed.map(str::to_owned).into();
    corpus.push("n".repeat(10_000));
    corpus.push("\u{202e}".repeat(1000));
    corpus.push(format!("e{}", "\u{301}".repeat(1000)));
    corpus
}

/// `bad` wherever a text from outside can stand.
fn everywhere(bad: &str) -> LibraryPlan {
    let attributed = |content: &str| File {
        description: Some(format!("{content}{bad}")),
        has_parameters: true,
        parameters_description: Some(bad.to_owned()),
        ..file(format!("{content}\n{bad}\n"))
    };
    let drifted = Some(Drift {
        by: Some(bad.to_owned()),
        at: Some(bad.to_owned()),
        ..drift(&[Attribute::Content])
    });
    let changes = vec![
        Change {
            renamed_from: Some(name(&format!("from{bad}"))),
            after: Some(attributed("a")),
            ..change(bad, Action::Create, vec![Reason::New])
        },
        Change {
            before: Some(attributed("a")),
            after: Some(attributed("b")),
            drifted: drifted.clone(),
            reasons: vec![Reason::Differs(Attribute::Content, Cause::Both)],
            ..change(&format!("u{bad}"), Action::Update, vec![])
        },
        change(&format!("!{bad}"), Action::None, vec![Reason::InTheWay]),
        Change {
            before: Some(attributed("a")),
            drifted,
            reasons: vec![Reason::NotDesired, Reason::RenamedTo(name(bad))],
            ..change(&format!("d{bad}"), Action::Delete, vec![])
        },
    ];
    LibraryPlan {
        library: LibraryId {
            name: bad.to_owned(),
            endpoint: bad.to_owned(),
            tenant_id: Some(bad.to_owned()),
        },
        lineage: Some(bad.to_owned()),
        unmanaged: vec![name(bad)],
        refusals: vec![
            Refusal::Conflict(name(&format!("!{bad}"))),
            Refusal::CaseClash {
                name: name(bad),
                other: name(bad),
            },
            Refusal::Protected(name(bad)),
        ],
        ..library(changes)
    }
}

fn shown(bad: &str, color: bool) -> String {
    let contents = contents(&[
        format!("a\n{bad}\n").as_bytes(),
        format!("b\n{bad}\n").as_bytes(),
    ]);
    text(
        &plan(everywhere(bad)),
        FINGERPRINT,
        &contents,
        TextOptions { color },
    )
}

/// Takes our own styling away, and nothing else: any other escape stays and is found.
fn unstyled(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("\u{1b}[") {
        let (before, styled) = rest.split_at(at);
        out.push_str(before);
        let end = styled
            .trim_start_matches("\u{1b}[")
            .trim_start_matches(|c: char| c.is_ascii_digit() || c == ';');
        rest = end
            .strip_prefix('m')
            .unwrap_or_else(|| panic!("not a style: {styled}"));
    }
    out + rest
}

/// How every line starts that starts something: those further in belong to the one before, and how many
/// there are depends on how wide an escape is. Lines of content are all there is behind the gutter.
fn structure(text: &str) -> Vec<String> {
    text.lines()
        .filter(|line| !line.starts_with("      │ ?"))
        .filter_map(|line| {
            let body = line.trim_start_matches(' ');
            let start: String = body.chars().take(3).collect();
            match line.len() - body.len() {
                0 => Some(body.split(' ').next().unwrap_or(body).to_owned()),
                2 => Some(format!("  {}", body.split(' ').next().unwrap_or(body))),
                6 if start.starts_with("│ ") => Some(format!("      {start}")),
                4 | 6 | 8 | 10 | 12 => None,
                other => panic!("nothing of ours stands {other} columns in: {line}"),
            }
        })
        .collect()
}

#[test]
fn the_corpus_is_large_enough() {
    assert!(corpus().len() >= 40);
}

#[test]
fn nothing_raw_comes_through() {
    for bad in corpus() {
        for color in [false, true] {
            let text = shown(&bad, color);
            let text = if color { unstyled(&text) } else { text };
            // Behind the gutter, a tab is what it is.
            let found = text
                .chars()
                .find(|c| !matches!(c, '\n' | '\t') && is_dangerous(*c));
            assert_eq!(found, None, "{bad:?}: {text}");
            let tab = text
                .lines()
                .any(|line| line.contains('\t') && !line.starts_with("      │ "));
            assert!(!tab, "{bad:?}: {text}");
        }
    }
}

#[test]
fn colour_adds_styles_and_nothing_else() {
    for bad in corpus() {
        let plain = shown(&bad, false);
        let markers = |line: &&str| !line.starts_with("      │ ?");
        let plain: Vec<_> = plain.lines().filter(markers).collect();
        let styled = unstyled(&shown(&bad, true));
        assert_eq!(plain, styled.lines().collect::<Vec<_>>(), "{bad:?}");
    }
}

#[test]
fn no_text_changes_the_lines() {
    for bad in corpus() {
        // A harmless text of the same shape: as many lines of content, each as wide as the escaped one.
        let harmless: Vec<_> = bad
            .split('\n')
            .map(|line| "h".repeat(visible_content(line).chars().count()))
            .collect();
        let mut harmless = structure(&shown(&harmless.join("\n"), false));
        let structure = structure(&shown(&bad, false));
        if bad.contains('\0') {
            // A content with a NUL is binary, and has no lines.
            harmless.retain(|line| !line.contains('│'));
        }
        assert_eq!(structure, harmless, "{bad:?}");
    }
}

#[test]
fn no_line_is_a_command_to_a_build_log() {
    for bad in corpus() {
        let lower = shown(&bad, false).to_lowercase();
        for line in lower.lines() {
            assert!(!line.trim_start().starts_with("::"), "{bad:?}: {line}");
            for command in ["##vso[", "##[", "##teamcity["] {
                assert!(!line.contains(command), "{bad:?}: {line}");
            }
            assert!(!line.starts_with("section_"), "{bad:?}: {line}");
        }
    }
}

#[test]
fn there_is_one_summary_and_one_fingerprint() {
    for bad in corpus() {
        let text = shown(&bad, false);
        let starting = |start: &str| text.lines().filter(|line| line.starts_with(start)).count();
        assert_eq!(starting("Plan: "), 1, "{bad:?}: {text}");
        assert_eq!(starting("Fingerprint: "), 1, "{bad:?}: {text}");
        assert_eq!(starting("No changes."), 0, "{bad:?}: {text}");
        assert_eq!(starting("Library "), 1, "{bad:?}: {text}");
    }
}

#[test]
fn drift_is_as_safe() {
    for bad in corpus() {
        let report = LibraryDrift {
            library: everywhere(&bad).library,
            serial: 1,
            drifted: vec![(
                name(&bad),
                Drift {
                    attributes: vec![Attribute::Content],
                    by: Some(bad.clone()),
                    at: Some(bad.clone()),
                },
            )],
            unmanaged: vec![name(&bad)],
        };
        let text = drift_text(&[report], TextOptions { color: false });
        let found = text.chars().find(|c| *c != '\n' && is_dangerous(*c));
        assert_eq!(found, None, "{bad:?}: {text}");
        assert!(
            text.lines()
                .all(|line| !line.trim_start().starts_with("::"))
        );
        assert!(!text.contains("##["), "{text}");
    }
}

#[test]
fn json_is_as_safe_and_still_the_same() {
    for bad in corpus() {
        let plan = plan(everywhere(&bad));
        let document = json(&plan, FINGERPRINT);
        let found = document.chars().find(|c| *c != '\n' && is_dangerous(*c));
        assert_eq!(found, None, "{bad:?}");
        assert!(!document.contains("##"), "{bad:?}");
        let (read, fingerprint) = from_json(document.as_bytes()).unwrap();
        assert_eq!((read, fingerprint.as_str()), (plan, FINGERPRINT), "{bad:?}");
    }
}
