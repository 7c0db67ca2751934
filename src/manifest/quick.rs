//! The tree of a file that uses nothing unusual of YAML, straight from the scanner's events.
//!
//! It is what [`Node`]'s deserialisation would give, in half of the time; where there is any doubt that it is, nothing
//! is given, and the file is read that way. So what is wrong with a file is found in one place alone.

use serde_yaml::Options;
use serde_yaml::granit_parser::{self, Event, Parser, ScalarStyle};

use super::node::{Node, Value};
use crate::diagnostics::Span;

/// The longest file that is read so, in bytes. What is longer may reach a limit.
const LONGEST: usize = 16 << 20;

/// The most scalars and brackets that are read so.
const MOST_EVENTS: u32 = 1_000_000;

/// The deepest nesting that is read so.
const DEEPEST: usize = 16;

/// A list or a map that is not complete.
enum Open {
    List(Vec<Node>, Span),
    /// With the key whose value comes next.
    Map(Vec<(Node, Node)>, Option<Node>, Span),
}

/// The tree of `text`, which [`Node`] would be under `options`; `None` where it uses anchors, tags, directives, several
/// documents or values whose types take more than a look, where it is empty, and where anything is wrong with it.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "whatever else there is, now and later, is left to the other way"
)]
pub(super) fn tree(text: &str, options: &Options) -> Option<Node> {
    let budget = options.budget.as_ref()?;
    if text.len() > LONGEST || text.starts_with('\u{feff}') {
        return None;
    }
    let like_theirs = granit_parser::options! {
        simple_key_max_lookahead: budget.simple_key_max_lookahead,
        flow_nesting_limit: budget.flow_nesting_limit,
        strict_indentation: options.strict_indentation,
        bom_inside_document_as_content: options.bom_inside_document_as_content,
    };
    let mut parser = Parser::new_from_str_with_options(text, like_theirs);
    let mut open: Vec<Open> = Vec::new();
    let mut root = None;
    let mut documents = 0_u32;
    for _ in 0..MOST_EVENTS {
        let (event, place) = parser.next_event()?.ok()?;
        let node = match event {
            Event::StreamStart | Event::DocumentEnd => continue,
            Event::DocumentStart(_, None) => {
                documents += 1;
                continue;
            }
            Event::StreamEnd => return root.filter(|_| documents == 1),
            Event::Scalar(text, style, 0, None) => Node {
                value: scalar(text.into_owned(), style)?,
                span: span(&place)?,
            },
            Event::SequenceStart(_, 0, None) => {
                open.push(Open::List(Vec::new(), span(&place)?));
                nested(&open)?;
                continue;
            }
            Event::MappingStart(_, 0, None) => {
                open.push(Open::Map(Vec::new(), None, span(&place)?));
                nested(&open)?;
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => closed(open.pop()?)?,
            _ => return None,
        };
        match open.last_mut() {
            None => {
                root.replace(node).is_none().then_some(())?;
            }
            Some(Open::List(list, _)) => list.push(node),
            Some(Open::Map(pairs, key, _)) => match key.take() {
                Some(key) => pairs.push((key, node)),
                None => *key = Some(as_key(node)?),
            },
        }
    }
    None
}

/// `None` where that is too deep, or a key is a list or a map.
fn nested(open: &[Open]) -> Option<()> {
    let above = open.len().checked_sub(2).and_then(|above| open.get(above));
    let is_key = matches!(above, Some(Open::Map(_, None, _)));
    (open.len() <= DEEPEST && !is_key).then_some(())
}

/// `<<` is a key like others here, but has been another.
fn as_key(node: Node) -> Option<Node> {
    matches!(&node.value, Value::Text(text) if text != "<<").then_some(node)
}

fn closed(open: Open) -> Option<Node> {
    let (value, span, first) = match open {
        Open::List(list, span) => {
            let first = list.first().map(|first| first.span);
            (Value::List(list), span, first)
        }
        Open::Map(pairs, None, span) => {
            let first = pairs.first().map(|(key, _)| key.span);
            (Value::Map(pairs), span, first)
        }
        Open::Map(_, Some(_), _) => return None,
    };
    // Without brackets it has an empty place before its first element.
    let is_empty = span.start == span.end;
    let span = first.filter(|_| is_empty).unwrap_or(span);
    Some(Node { value, span })
}

fn span(place: &granit_parser::Span) -> Option<Span> {
    let (start, end) = (place.start.byte_offset()?, place.end.byte_offset()?);
    Some((start..end.max(start)).into())
}

/// A scalar's value, where that is plain to see.
fn scalar(text: String, style: ScalarStyle) -> Option<Value> {
    if style != ScalarStyle::Plain {
        return Some(Value::Text(text));
    }
    match text.as_str() {
        "true" => return Some(Value::Bool(true)),
        "false" => return Some(Value::Bool(false)),
        _ => {}
    }
    let bytes = text.as_bytes();
    let is_number = bytes.len() <= 18 && bytes.iter().all(u8::is_ascii_digit);
    match bytes.first()? {
        b'1'..=b'9' if is_number => text.parse().ok().map(Value::Whole),
        b'0' if bytes.len() == 1 => Some(Value::Whole(0)),
        _ => is_text(&text).then_some(Value::Text(text)),
    }
}

/// Whether a plain scalar is a text by every version of YAML.
fn is_text(text: &str) -> bool {
    const WORDS: [&str; 14] = [
        "null", "true", "false", "yes", "no", "on", "off", "y", "n", "t", "f", "nan", "inf",
        "infinity",
    ];
    if text.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return !WORDS.iter().any(|word| text.eq_ignore_ascii_case(word));
    }
    // What numbers and times are written with, such as `0x1F`, `1e5`, `-.inf`, `0o7`, `2026-01-01T00:00:00Z`.
    let may_be_number = |c: char| c.is_ascii_hexdigit() || "+-._:~= xXoOiInNtTzZ".contains(c);
    text.contains(|c: char| !may_be_number(c))
}

#[cfg(test)]
mod tests {
    use crate::manifest::yaml::both_trees;

    use proptest::prelude::*;

    /// What the two ways give; the quick one may give nothing.
    #[track_caller]
    fn assert_same(text: &str) -> bool {
        let (quick, slow) = both_trees(text);
        match quick {
            None => false,
            Some(quick) => {
                assert_eq!(Some(quick), slow, "{text:?}");
                true
            }
        }
    }

    #[test]
    fn what_manifests_are_made_of_is_read_quickly() {
        for text in [
            "version: 1\n",
            "files:\n- source: scripts/a.ps1\n  description: Collects a thing\n- source: b.sh\n",
            "a: [x.ps1, 'y', \"z\\n\", 12]\nb: {c: true, d: false}\n",
            "# first\na: |\n  several\n  lines\nb: >-\n  folded\n  text\nc: plain\n  goes on\n",
            "---\nversion: 1\n...\n",
            "é: ü/\n\"a b\": 'it''s'\n",
            "- - q\n  - [w, [q]]\n",
            "a: {}\nb: []\nc:\n- k: 1\n",
        ] {
            assert!(assert_same(text), "{text:?}");
        }
    }

    #[test]
    fn whatever_is_unusual_is_left_to_the_other_way() {
        for text in [
            "",
            " ",
            "# c\n",
            "~",
            "a: \n",
            "a: null\n",
            "a: yes\n",
            "a: 1.5\n",
            "a: 0x1F\n",
            "a: 010\n",
            "a: -1\n",
            "a: 1_000\n",
            "a: .inf\n",
            "a: 2026-01-01\n",
            "a: &x 1\nb: *x\n",
            "a: !!str 1\n",
            "%YAML 1.2\n---\na: g\n",
            "a: g\n---\nb: g\n",
            "<<: {a: g}\n",
            "1: g\n",
            "? [g]\n: g\n",
            "a: [g\n",
            "a: \"\\q\"\n",
            "\u{feff}a: g\n",
            "a:\n\tb: g\n",
            "a: 99999999999999999999\n",
            "a: g\na\n",
        ] {
            assert!(!assert_same(text), "{text:?}");
        }
    }

    /// Pieces of which every few make something unusual.
    fn piece() -> impl Strategy<Value = String> {
        prop_oneof![
            4 => "[a-z]{1,3}",
            2 => prop::sample::select(vec![
                "a: ", "b:\n", "- ", "\n", "\n  ", "\n- ", "{", "}", "[", "]", ", ", "'", "\"", "|\n  ", ">-\n  ", "# c\n", ": ", "?",
                "true", "false", "null", "~", "12", "0", "007", "1.5", "-3", "0x1f", "1e3", ".inf", "yes", "NaN", "12:30",
                "&a ", "*a", "!!str ", "<<: ", "---\n", "...\n", "\t", "\r\n", "é", "\u{feff}", "\\n", "''", "a: g\n", "- g\n",
                "version: 1\n", "files:\n", "- source: a/b.ps1\n  description: It is\n",
            ]).prop_map(str::to_owned),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn both_ways_give_the_same(pieces in prop::collection::vec(piece(), 0..24)) {
            assert_same(&pieces.concat());
        }

        #[test]
        fn both_ways_take_a_plain_scalar_for_the_same(text in "[0-9a-zA-Z_+.:~=<>/ -]{1,8}") {
            assert_same(&format!("k: {text}\n"));
            assert_same(&format!("- {text}\n- [{text}]\n"));
        }
    }
}
