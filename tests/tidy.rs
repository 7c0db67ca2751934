//! Checks the shape of the source tree: which module may use which, and what some must not know.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Each top-level module and the modules that it may name with `crate::`. `cli` may use everything.
const MAY_USE: &[(&str, &[&str])] = &[
    ("annotate", &["diagnostics", "explain", "model", "render"]),
    (
        "apply",
        &["diagnostics", "files", "library", "model", "plan", "state"],
    ),
    ("bench", &["render"]),
    ("diagnostics", &[]),
    ("explain", &[]),
    ("files", &["model"]),
    (
        "fuzz",
        &[
            "annotate",
            "diagnostics",
            "library",
            "manifest",
            "render",
            "state",
        ],
    ),
    (
        "gather",
        &["diagnostics", "library", "manifest", "model", "state"],
    ),
    ("http", &[]),
    ("identity", &["http", "library", "model"]),
    ("library", &["diagnostics", "http", "model"]),
    ("lint", &["diagnostics", "model", "script", "text"]),
    (
        "manifest",
        &["diagnostics", "files", "model", "script", "text"],
    ),
    ("model", &[]),
    ("plan", &["model"]),
    ("policy", &[]),
    ("render", &["model", "plan", "text"]),
    ("script", &["text"]),
    ("state", &["diagnostics", "files", "model"]),
    ("text", &[]),
];

/// Modules that are pure, and what none of them may name.
const PURE: &[&str] = &[
    "annotate", "explain", "lint", "model", "plan", "render", "script", "text",
];
const IMPURE: &[&str] = &[
    "std::fs",
    "std::env",
    "std::net",
    "std::process",
    "std::time::Instant",
    "SystemTime",
    "tokio",
    "reqwest",
    "fastrand",
    "Timestamp::now",
    "async fn",
    "println!",
];

/// The `.rs` files of a top-level module, with their paths relative to `src`, without its tests.
fn files(module: &str) -> Vec<(String, String)> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut folders = vec![src.join(module)];
    let single = src.join(format!("{module}.rs"));
    if single.exists() {
        found.push(single);
    }
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else {
            continue;
        };
        for path in entries.map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    assert!(!found.is_empty(), "there is no module `{module}`");
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).unwrap();
        (path.strip_prefix(&src).unwrap().display().to_string(), text)
    };
    found.into_iter().map(read).collect()
}

/// The part of a file before its unit tests.
fn code(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod tests {").next().unwrap()
}

#[test]
fn modules_use_only_what_they_may() {
    let mut broken = Vec::new();
    for (module, allowed) in MAY_USE {
        for (path, text) in files(module) {
            for (number, line) in text.lines().enumerate() {
                for used in line.split("crate::").skip(1) {
                    let used: String = used
                        .chars()
                        .take_while(|c| c.is_alphanumeric() || *c == '_')
                        .collect();
                    if used != *module && !allowed.contains(&used.as_str()) {
                        broken.push(format!(
                            "{path}:{}: `{module}` may not use `{used}`",
                            number + 1
                        ));
                    }
                }
                if line.contains("super::super::super::") {
                    broken.push(format!("{path}:{}: name it from the root", number + 1));
                }
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn every_module_has_its_place() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for entry in fs::read_dir(src).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let module = name.trim_end_matches(".rs");
        let known = MAY_USE.iter().any(|(known, _)| *known == module);
        assert!(
            known || ["cli", "lib", "main"].contains(&module),
            "`{module}` is not in the table"
        );
    }
}

#[test]
fn pure_modules_know_no_clock_no_disk_and_no_network() {
    let mut broken = Vec::new();
    for module in PURE {
        for (path, text) in files(module) {
            if path.contains("test") {
                continue;
            }
            for (number, line) in code(&text).lines().enumerate() {
                for word in IMPURE.iter().filter(|word| line.contains(**word)) {
                    broken.push(format!(
                        "{path}:{}: `{module}` may not know `{word}`",
                        number + 1
                    ));
                }
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn the_emulator_shares_nothing_with_the_client() {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("emulator/Cargo.toml");
    let text = fs::read_to_string(manifest).unwrap();
    let dependency = |line: &str| line.starts_with("jumpbag ") || line.starts_with("jumpbag=");
    assert!(
        !text.lines().any(dependency),
        "the emulator would share the client's mistakes"
    );
}

/// The tests that a page names, as `path::name` in backquotes.
fn named_tests(page: &str) -> Vec<(&str, &str)> {
    let spans = page.split('`').skip(1).step_by(2);
    spans.filter_map(|span| span.split_once(".rs::")).collect()
}

#[test]
fn every_test_that_a_promise_names_is_there() {
    for page in ["SECURITY.md", "docs/trust.md"] {
        let text = fs::read_to_string(page).unwrap();
        let tests = named_tests(&text);
        assert!(
            page != "SECURITY.md" || tests.len() > 20,
            "{page}: {tests:?}"
        );
        for (path, name) in tests {
            let code = fs::read_to_string(format!("{path}.rs")).unwrap_or_default();
            // The name stands behind the attribute that makes it a test, or in the list of a macro that does.
            let is_there =
                code.contains(&format!("fn {name}(")) || code.contains(&format!("    {name},"));
            assert!(is_there, "{page}: `{path}.rs::{name}` is no test");
        }
    }
}

/// The codes in `text`: as miette's derive has them, and as texts.
fn codes(text: &str) -> impl Iterator<Item = &str> {
    let is_of_code = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == ':';
    let starts = text.match_indices("jumpbag::");
    starts.filter_map(move |(start, _)| {
        let before = text.get(..start)?.chars().next_back()?;
        let code = text.get(start..)?.split(|c| !is_of_code(c)).next()?;
        let after = text.get(start + code.len()..)?.chars().next()?;
        let is_code = matches!((before, after), ('"', '"') | ('(', ')'));
        (is_code && code.split("::").count() == 3).then_some(code)
    })
}

#[test]
fn every_code_has_a_page_and_every_page_a_code() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut pages = BTreeSet::new();
    for file in fs::read_dir(root.join("docs/errors")).unwrap() {
        let text = fs::read_to_string(file.unwrap().path()).unwrap();
        let codes: Vec<_> = text
            .lines()
            .filter_map(|line| line.strip_prefix("## "))
            .collect();
        assert!(codes.is_sorted_by_key(|code| (code.len() < 4, code.parse::<u8>().ok(), *code)));
        let of_codes = codes
            .into_iter()
            .filter(|code| code.starts_with("jumpbag::"));
        pages.extend(of_codes.map(str::to_owned));
    }
    let mut shown = BTreeSet::new();
    for module in fs::read_dir(root.join("src")).unwrap() {
        let path = module.unwrap().path();
        let module = path.file_stem().unwrap().to_str().unwrap();
        let is_program = |(path, _): &(String, String)| !path.contains("tests");
        for (_, text) in files(module).into_iter().filter(is_program) {
            shown.extend(codes(code(&text)).map(str::to_owned));
        }
    }
    let difference: Vec<_> = shown.symmetric_difference(&pages).collect();
    assert!(difference.is_empty(), "{difference:#?}");
}
