//! What is said to be the only difference is the only one, by a comparison of bytes that knows nothing of how it
//! was found.

use proptest::prelude::*;

use crate::model::Sha256;
use crate::render::diff::{ContentDiff, Note, SignatureChange, TextChange, diff};

const BLOCK: &str = "# SIG # Begin signature block\n# MIIaBc\n# SIG # End signature block\n";
const BOM: &str = "\u{feff}";

fn compared(old: &[u8], new: &[u8]) -> Option<TextChange> {
    match diff("x.ps1", (Sha256::of(old), old), (Sha256::of(new), new)) {
        ContentDiff::Text(change) => Some(change),
        ContentDiff::Binary { .. } => None,
    }
}

fn without(bytes: &[u8], left_out: &[u8]) -> Vec<u8> {
    let kept = bytes.iter().filter(|byte| !left_out.contains(byte));
    kept.copied().collect()
}

fn sorted_lines(bytes: &[u8]) -> Vec<&[u8]> {
    let mut lines: Vec<_> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    lines.sort_unstable();
    lines
}

/// What is before the last block.
fn before_block(bytes: &[u8]) -> Option<&[u8]> {
    let at = str::from_utf8(bytes).unwrap().rfind("# SIG # Begin")?;
    Some(&bytes[..at])
}

fn line_end_off(bytes: &[u8]) -> &[u8] {
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    bytes.strip_suffix(b"\r").unwrap_or(bytes)
}

fn crlf_to_lf(bytes: &[u8]) -> String {
    str::from_utf8(bytes).unwrap().replace("\r\n", "\n")
}

/// Whether `note` says that it names the only difference, and if so whether that is so.
fn only(note: Note, old: &[u8], new: &[u8]) -> Option<bool> {
    let (is_only, is_so) = match note {
        Note::SameText | Note::Guessed(..) | Note::MixedEndings => return None,
        Note::Encoding { only, .. } => (only, false),
        Note::ByteOrderMark { added: true, only } => (only, [BOM.as_bytes(), old].concat() == new),
        Note::ByteOrderMark { added: false, only } => (only, [BOM.as_bytes(), new].concat() == old),
        Note::Endings { only, .. } => (only, crlf_to_lf(old) == crlf_to_lf(new)),
        Note::WhiteSpace { breaks, only } => {
            let space: &[u8] = if breaks { b" \t\r\n" } else { b" \t" };
            (only, without(old, space) == without(new, space))
        }
        Note::LastLineEnd { added, only } => {
            let (short, long) = if added { (old, new) } else { (new, old) };
            (only, short == line_end_off(long))
        }
        Note::Moved { only } => (only, sorted_lines(old) == sorted_lines(new)),
        Note::Signature { what, only } => {
            let is_signed = |unsigned: &[u8], signed: &[u8]| {
                let body = before_block(signed).unwrap();
                body == unsigned || line_end_off(body) == unsigned
            };
            let is_so = match what {
                SignatureChange::Added => is_signed(old, new),
                SignatureChange::Removed => is_signed(new, old),
                SignatureChange::Changed => before_block(old) == before_block(new),
            };
            (only, is_so)
        }
    };
    is_only.then_some(is_so)
}

fn text() -> impl Strategy<Value = String> {
    let parts = [
        "a", "b", " ", "\t", "\n", "\n", "\r\n", "\r", "# ", BOM, BLOCK,
    ];
    prop::collection::vec(prop::sample::select(parts.to_vec()), 0..10).prop_map(|it| it.concat())
}

/// Small changes, each of which has a name.
fn changed(text: &str, how: u8) -> String {
    match how {
        0 => format!("{BOM}{text}"),
        1 => text.replace("\r\n", "\n"),
        2 => text.replace('\n', "\r\n"),
        3 => text.replace('a', "a "),
        4 => text.replace('b', "\nb"),
        5 => format!("{text}\n"),
        6 => format!("{text}{BLOCK}"),
        7 => format!("{text}\n{BLOCK}"),
        8 => text.replace("MIIaBc", "MIIxYz"),
        9 => text.split_inclusive('\n').rev().collect(),
        10 => text.replacen("\r\n", "\n", 1),
        11 => text.replace('a', "c"),
        _ => text.to_owned(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn the_only_difference_is_the_only_one(old in text(), first in 0u8..13, second in 0u8..13) {
        let new = changed(&changed(&old, first), second);
        for (old, new) in [(&old, &new), (&new, &old)] {
            let (old, new) = (old.as_bytes(), new.as_bytes());
            let change = compared(old, new).unwrap();
            let only: Vec<_> = change.notes.iter().filter_map(|note| only(*note, old, new)).collect();
            prop_assert!(only.iter().all(|is_so| *is_so), "{:?}", change.notes);
            prop_assert!(only.len() <= 1, "{:?}", change.notes);
            let is_something = !change.notes.is_empty() || !change.hunks.is_empty();
            prop_assert!(is_something || old == new, "nothing is said");
        }
    }

    #[test]
    fn every_small_change_alone_has_its_name(body in "[ab \n]{0,12}[ab]") {
        let named = |new: &str| {
            let change = compared(body.as_bytes(), new.as_bytes()).unwrap();
            change.notes.iter().filter_map(|note| only(*note, body.as_bytes(), new.as_bytes())).count()
        };
        prop_assert_eq!(named(&format!("{BOM}{body}")), 1);
        prop_assert_eq!(named(&format!("{body}\n")), 1);
        prop_assert_eq!(named(&format!("{body}\n{BLOCK}")), 1);
        prop_assert_eq!(named(&format!("{body}\t")), 1);
        let crlf = body.replace('\n', "\r\n");
        prop_assert_eq!(named(&crlf), usize::from(crlf != body));
    }
}
