use super::corpus::{content_of, corpus, everywhere, one, several};
use super::fixtures::{FINGERPRINT, contents, name};
use crate::model::Attribute;
use crate::plan::Drift;
use crate::render::escape::{is_dangerous, visible_content};
use crate::render::{LibraryDrift, TextOptions, drift_text, from_json, json, text};

/// The text of a plan of one library, and of one of several that share some of it.
fn shown(bad: &str, color: bool) -> [String; 2] {
    let contents = contents(&[
        content_of("a", bad).as_bytes(),
        content_of("b", bad).as_bytes(),
    ]);
    [one(bad), several(bad)].map(|plan| text(&plan, FINGERPRINT, &contents, TextOptions { color }))
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
    assert!(corpus().len() >= 60, "{}", corpus().len());
}

#[test]
fn nothing_raw_comes_through() {
    for bad in corpus() {
        let all = [false, true].map(|color| shown(&bad, color).map(|text| (color, text)));
        for (color, text) in all.into_iter().flatten() {
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
        for (plain, styled) in shown(&bad, false).into_iter().zip(shown(&bad, true)) {
            let markers = |line: &&str| !line.starts_with("      │ ?");
            let plain: Vec<_> = plain.lines().filter(markers).collect();
            let styled = unstyled(&styled);
            assert_eq!(plain, styled.lines().collect::<Vec<_>>(), "{bad:?}");
        }
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
        let harmless = shown(&harmless.join("\n"), false);
        for (text, harmless) in shown(&bad, false).into_iter().zip(harmless) {
            let mut harmless = structure(&harmless);
            if bad.contains('\0') {
                // A content with a NUL is binary, and has no lines.
                harmless.retain(|line| !line.contains('│'));
            }
            assert_eq!(structure(&text), harmless, "{bad:?}");
        }
    }
}

#[test]
fn no_line_is_a_command_to_a_build_log() {
    for bad in corpus() {
        let lower = shown(&bad, false).concat().to_lowercase();
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
        for text in shown(&bad, false) {
            let starting = |start| text.lines().filter(|line| line.starts_with(start)).count();
            assert_eq!(starting("Plan: "), 1, "{bad:?}: {text}");
            assert_eq!(starting("Fingerprint: "), 1, "{bad:?}: {text}");
            assert_eq!(starting("No changes."), 0, "{bad:?}: {text}");
            assert_eq!(starting("Library "), 1, "{bad:?}: {text}");
        }
    }
}

#[test]
fn no_name_of_a_library_makes_a_group() {
    let forged = [
        "12 libraries: same change",
        "x\n12 libraries: the same 50 changes",
        "3 libraries: no changes",
        "a, b",
        "In 2 libraries: a",
    ];
    for bad in corpus().into_iter().chain(forged.map(str::to_owned)) {
        let [_, text] = shown(&bad, false);
        let is_heading = |line: &&str| {
            line.starts_with(|c: char| c.is_ascii_digit()) || line.starts_with("  In ")
        };
        let headings: Vec<_> = text
            .lines()
            .filter(is_heading)
            .map(|line| line.split(": ").next().unwrap_or(line))
            .collect();
        let expected = [
            "3 libraries",
            "2 libraries",
            "3 libraries with changes",
            "2 libraries",
            "  In 3 libraries",
            "  In 2 libraries",
            "9 API calls, at once under the limits",
        ];
        assert_eq!(headings, expected, "{bad:?}: {text}");
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
        let plan = one(&bad);
        let document = json(&plan, FINGERPRINT);
        let found = document.chars().find(|c| *c != '\n' && is_dangerous(*c));
        assert_eq!(found, None, "{bad:?}");
        assert!(!document.contains("##"), "{bad:?}");
        let (read, fingerprint) = from_json(document.as_bytes()).unwrap();
        assert_eq!((read, fingerprint.as_str()), (plan, FINGERPRINT), "{bad:?}");
    }
}
