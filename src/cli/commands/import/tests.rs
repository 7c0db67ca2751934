//! Whatever a library holds, the manifest that is written for it says exactly that.

use std::collections::BTreeMap;

use camino::Utf8Path;
use proptest::prelude::*;

use super::manifest::is_harmless;
use crate::files::stat_cache::StatCache;
use crate::manifest::{self, Draft, Note, Outline};
use crate::model::{File, Name, Sha256};
use crate::render::escape::is_dangerous;

const CONTENT: &[u8] = b"echo hello\n";

/// Paths that mean something in YAML or as globs.
const SOURCES: [&str; 7] = [
    "scripts/hello.sh",
    "a b",
    "[a]*{b}?",
    "- x: y #",
    " 'q' \"r\" ",
    "true",
    "\u{5d0}\u{202e}.sh",
];

/// Texts that mean something in YAML, that hide or reorder something, or that are many bytes.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[ \\-:{}\\[\\],&*!|>'\"%@`#?~\t\nax19.<é=\\\\/]{0,8}",
        "[\u{feff}\u{2028}\u{202e}\u{200b}\u{ad}\u{5d0}\u{301}\u{1f600}\u{3164}\u{e000}]{0,3}",
        any::<char>().prop_map(String::from),
        prop::sample::select(vec![
            "yes", "No", "~", "null", "true", "0x1f", "1e3", ".inf", "---", "- a", "a: b", "# c",
            "@x", "12:30:45", "!!int 1", "*a", "&a b", "a #b", "<<", "=", "n", "\\u0041", "\\",
            "\"",
        ])
        .prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..5).prop_map(|pieces| pieces.concat())
}

/// Texts that a manifest can have.
fn prose() -> impl Strategy<Value = Option<String>> {
    let is_odd = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    let prose = text().prop_map(move |text| text.replace(is_odd, ""));
    prose.prop_map(|text| Some(text).filter(|text| !text.is_empty()))
}

fn draft() -> impl Strategy<Value = Draft> {
    let name = text().prop_filter_map("no name", |text| Name::new(&text).ok());
    let source = prop::sample::select(&SOURCES[..]);
    let texts = (prose(), prose(), text());
    (name, texts, any::<bool>(), any::<bool>(), source).prop_map(
        |(name, (description, parameters_description, value), has_parameters, protect, source)| {
            Draft {
                name,
                file: File {
                    sha256: Sha256::of(CONTENT),
                    size: None,
                    description,
                    has_parameters,
                    parameters_description,
                },
                protect,
                source: Some(source.to_owned()),
                notes: vec![Note {
                    sentence: "Also in".to_owned(),
                    values: vec![value],
                }],
                libraries: Vec::new(),
            }
        },
    )
}

/// What is compared of a file: all but the size, which the API does not know.
type Files = BTreeMap<Name, (File, bool)>;

/// What the manifest `text` asks for.
fn files(path: &Utf8Path, text: &str) -> Result<Files, TestCaseError> {
    let loaded = manifest::load(path, text.as_bytes(), |_| true, &StatCache::off());
    let (_, resolved) =
        loaded.map_err(|invalid| TestCaseError::fail(format!("{:?}\n{text}", invalid.problems)))?;
    let all = resolved.libraries.into_values().flatten();
    let unsized_file = |file| File { size: None, ..file };
    Ok(all
        .map(|(name, desired)| (name, (unsized_file(desired.file), desired.protect)))
        .collect())
}

fn expected<'a>(drafts: impl IntoIterator<Item = &'a Draft>) -> Files {
    let drafts = drafts.into_iter();
    drafts
        .map(|draft| (draft.name.clone(), (draft.file.clone(), draft.protect)))
        .collect()
}

proptest! {
    #[test]
    fn a_written_manifest_says_what_the_library_holds(
        drafts in prop::collection::vec((draft(), any::<bool>()), 1..5),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let folder = Utf8Path::from_path(folder.path()).unwrap();
        std::fs::create_dir(folder.join("scripts")).unwrap();
        for source in SOURCES {
            crate::cli::file::write_new(&folder.join(source), CONTENT).unwrap();
        }
        let path = folder.join("jumpbag.yaml");
        let unique: BTreeMap<_, _> = drafts
            .into_iter()
            .map(|(draft, is_sourced)| (draft.name.folded().into_owned(), (draft, is_sourced)))
            .collect();
        let entries: Vec<_> = unique
            .into_values()
            .map(|(draft, is_sourced)| Draft {
                source: draft.source.filter(|_| is_sourced),
                ..draft
            })
            .collect();
        let empty = manifest::parse(&path, b"version: 1\n").unwrap();
        let outline = Outline {
            header: Vec::new(),
            libraries: &empty.libraries,
            state: &empty.state,
            entries: entries.clone(),
            is_harmless,
        };
        let text = outline.text();
        let sourced: Vec<_> = entries.iter().filter(|draft| draft.source.is_some()).collect();
        prop_assert_eq!(files(&path, &text)?, expected(sourced), "{}", text);
        // What is commented out says the same once it is completed.
        let completed = text
            .replace("files: [] # without the brackets, once there is an entry", "files:")
            .replace("  # - source: PATH\n", "  - source: scripts/hello.sh\n")
            .replace("\n  #   ", "\n    ");
        prop_assert_eq!(files(&path, &completed)?, expected(&entries), "{}", completed);
        // Nothing from outside is hidden in it or reorders it.
        let is_odd = |c: char| is_dangerous(c) || matches!(c, '\u{590}'..='\u{8ff}');
        let odd = text.chars().find(|c| *c != '\n' && is_odd(*c));
        prop_assert_eq!(odd, None, "{}", text);
    }
}

#[test]
fn the_settings_of_libraries_and_state_are_taken_over() {
    let path = Utf8Path::new("jumpbag.yaml");
    let text = "\
version: 1
library_defaults: { auth: azure_cli, max_deletes: 3 }
libraries:
  all:
    tenant_id: contoso.onmicrosoft.com
    cloud: gcc_high
    endpoint: https://api.example.org/x
    auth: client_secret
    client_id: 00000000-0000-0000-0000-000000000001
    authority: https://login.example.org
    scope: https://api.example.org/.default
    ca_file: certificates/ca.pem
    max_file_size: 20MB
    limits: [{ calls: 7, per: 90s }, { calls: 9, per: 1h30m }]
    unmanaged: delete
    max_deletes: 0
  none: { limits: [] }
  trial: { endpoint: 'emulator:.library/a b' }
state:
  backend: s3
  url: s3://bucket/a b
  encrypt_to: [age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p]
";
    let base = manifest::parse(path, text.as_bytes()).unwrap();
    let outline = Outline {
        header: vec!["A comment.".to_owned()],
        libraries: &base.libraries,
        state: &base.state,
        entries: Vec::new(),
        is_harmless,
    };
    let written = manifest::parse(path, outline.text().as_bytes()).unwrap();
    assert_eq!(written.libraries, base.libraries);
    assert_eq!(written.state, base.state);
}
