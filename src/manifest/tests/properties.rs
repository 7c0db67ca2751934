//! What holds for every manifest.

use proptest::prelude::*;

use super::*;

/// A few characters that mean something in YAML, and a few that are more than a byte.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        "[ \\-:{}\\[\\],&*!|>'\"%@`#?~\t\n\rax19.<é\u{feff}\u{2028}😀]{0,6}"
            .prop_map(String::into_bytes),
        prop::collection::vec(any::<u8>(), 0..4),
        Just(b"&a ".to_vec()),
        Just(b"*a".to_vec()),
        Just(b"!!int ".to_vec()),
        Just(b"\n---\n".to_vec()),
    ]
}

/// Every place is in one of the texts, from its start to its end, and between characters.
pub(super) fn assert_places(invalid: &Invalid) {
    for (span, _) in invalid.problems.iter().flat_map(|problem| &problem.labels) {
        assert!(span.start <= span.end, "{span:?}");
        let text = invalid.texts.of(span.start).unwrap();
        let range = span.start - text.start()..span.end - text.start();
        assert!(text.as_str().get(range).is_some(), "{span:?}");
    }
}

/// Reads and shows; both have to come to an end.
fn survives(bytes: &[u8]) {
    let folder = Folder::with(&["scripts/collect-triage.ps1", "tools/x.exe"]);
    let path = folder.path().join("jumpbag.yaml");
    if let Err(invalid) = load(&path, bytes, |_| true) {
        assert!(!shown(&invalid).is_empty());
        assert_places(&invalid);
    }
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        survives(&bytes);
    }

    #[test]
    fn no_yaml_panics(text in "[ \\-:{}\\[\\],&*!|>'\"%@`#?~\t\n\rab1.<é\u{feff}]{0,80}") {
        survives(text.as_bytes());
    }

    #[test]
    fn no_change_of_a_good_manifest_panics(
        changes in prop::collection::vec((any::<prop::sample::Index>(), 0..8_usize, piece()), 1..4),
    ) {
        let mut bytes = FULL.as_bytes().to_vec();
        for (at, length, piece) in changes {
            let at = at.index(bytes.len());
            let end = (at + length).min(bytes.len());
            bytes.splice(at..end, piece);
            if bytes.is_empty() {
                bytes.push(b'x');
            }
        }
        survives(&bytes);
    }

    #[test]
    fn the_order_of_entries_does_not_matter(
        entries in Just(vec![
            "{source: a, name: one}",
            "{source: a, name: two, description: d}",
            "{source: 'g/*', libraries: [x]}",
            "{source: b, protect: true, libraries: [y]}",
            "{source: c, name: b, libraries: [x]}",
        ]).prop_shuffle(),
    ) {
        let folder = Folder::with(&["a", "b", "c", "g/d", "g/e"]);
        let text = |entries: &[&str]| format!(
            "version: 1\nlibraries: {{y: , x: }}\nfiles:\n- {}\n", entries.join("\n- ")
        );
        let mut sorted = entries.clone();
        sorted.sort_unstable();
        let desired = |entries: &[&str]| {
            let (_, mut resolved) = folder.load(&text(entries)).unwrap();
            let files = resolved.libraries.values_mut().flat_map(|files| files.values_mut());
            files.for_each(|file| file.place = 0..0);
            resolved.libraries
        };
        prop_assert_eq!(desired(&entries), desired(&sorted));
    }
}
