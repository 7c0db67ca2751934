use std::sync::LazyLock;

use comrak::nodes::{AstNode, NodeValue};
use comrak::{Arena, Options, parse_document};
use proptest::prelude::*;
use pulldown_cmark::{Event, Parser, Tag};
use regex::Regex;

use super::comment_of;
use crate::plan::Warning;
use crate::render::escape::is_dangerous;
use crate::render::tests::corpus::{Make, content_of, corpus, one, several};
use crate::render::tests::fixtures::contents;

/// How long a content is, is not what these tests are about.
static SIZE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\d+(\.\d)?[ \u{a0}](B|KiB)").unwrap());
/// The blocks of HTML that are ours.
static OURS: LazyLock<Regex> = LazyLock::new(|| {
    let ours = concat!(
        r"^(?:<!-- jumpbag:plan [0-9a-f]{12}(?: [A-Za-z0-9_]*)* -->",
        r"|<details><summary><code>[^<>]*</code> [a-z]+ <code>[^<>]*</code></summary>",
        r"|</details>)\n?$"
    );
    Regex::new(ours).unwrap()
});

/// The other elements that our comments have.
const BLOCKS: &[&str] = &[
    "Document",
    "Paragraph",
    "List",
    "Item",
    "Table",
    "TableRow",
    "TableCell",
    "SoftBreak",
    "Strong",
];

/// A comment with `bad` wherever a text from outside can stand.
fn hostile(bad: &str, make: Make) -> String {
    let contents = contents(&[
        content_of("a", bad).as_bytes(),
        content_of("b", bad).as_bytes(),
    ]);
    let warning = Warning {
        code: bad.to_owned(),
        message: format!("the name `{bad}` is odd"),
        place: Some(bad.to_owned()),
        help: Some(format!("do not call it `{bad}`")),
        files: Vec::new(),
    };
    let mut plan = make(bad);
    plan.warnings.push(warning);
    comment_of(&plan, &contents)
}

/// The same with harmless text: as many lines of content, each as long, with a backtick where there was one.
fn harmless(bad: &str, make: Make) -> String {
    let line = |line: &str| {
        let shown = "h".repeat(line.chars().count());
        if line.contains('`') {
            format!("{shown}`")
        } else {
            shown
        }
    };
    let lines = bad.split("\r\n").map(|lines| {
        let lines: Vec<_> = lines.split('\n').map(line).collect();
        lines.join("\n")
    });
    hostile(&lines.collect::<Vec<_>>().join("\r\n"), make)
}

/// Every extension on: what one renderer of comments takes for markup, none of ours may be.
fn options() -> Options<'static> {
    let mut options = Options::default();
    let extension = &mut options.extension;
    extension.strikethrough = true;
    extension.table = true;
    extension.autolink = true;
    extension.tasklist = true;
    extension.superscript = true;
    extension.footnotes = true;
    extension.description_lists = true;
    extension.multiline_block_quotes = true;
    extension.alerts = true;
    extension.math_dollars = true;
    extension.math_code = true;
    extension.underline = true;
    extension.subscript = true;
    extension.spoiler = true;
    extension.wikilinks_title_after_pipe = true;
    options
}

/// The tree of a comment: its elements, and the text that is not in code.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "what is not expected fails the test"
)]
fn tree(comment: &str) -> Vec<String> {
    fn walk<'a>(node: &'a AstNode<'a>, depth: usize, out: &mut Vec<String>) {
        let shown = match &node.data.borrow().value {
            NodeValue::Text(text) => {
                format!("text {:?}", SIZE.replace_all(text, "SIZE"))
            }
            NodeValue::Code(_) => "code".to_owned(),
            NodeValue::CodeBlock(block) => {
                let lines = block.literal.lines();
                let starts: Vec<_> = lines
                    .filter_map(|line| line.chars().next())
                    .filter(|start| *start != '?')
                    .collect();
                assert!(
                    block.info == "sh" || starts.iter().all(|it| " +-@\\!~=→".contains(*it)),
                    "{}",
                    block.literal
                );
                format!("block {} {starts:?}", block.info)
            }
            NodeValue::HtmlBlock(block) => html(&block.literal),
            NodeValue::Heading(heading) => format!("heading {}", heading.level),
            value => {
                let debug = format!("{value:?}");
                let kind: String = debug.chars().take_while(|c| c.is_alphanumeric()).collect();
                assert!(
                    BLOCKS.contains(&kind.as_str()),
                    "a comment of ours has no {debug}"
                );
                kind
            }
        };
        out.push(format!("{}{shown}", " ".repeat(depth)));
        for child in node.children() {
            walk(child, depth + 1, out);
        }
    }
    let arena = Arena::new();
    let mut out = Vec::new();
    walk(parse_document(&arena, comment, &options()), 0, &mut out);
    out
}

/// The tags that are ours; any other is a panic.
fn html(block: &str) -> String {
    assert!(OURS.is_match(block), "not ours: {block}");
    block.chars().take(9).collect()
}

fn assert_harmless(bad: &str, make: Make) {
    let comment = hostile(bad, make);
    let found = comment
        .chars()
        .find(|c| !matches!(c, '\n' | '\t') && is_dangerous(*c));
    assert_eq!(found, None, "{bad:?}");
    let mut expected = tree(&harmless(bad, make));
    let tree = tree(&comment);
    if bad.contains('\0') {
        // A content with a NUL is binary, and has no lines.
        let lines = |line: &String| !line.contains("block diff ['@'");
        expected.retain(lines);
        let count =
            |tree: &[String], what: &str| tree.iter().filter(|it| it.contains(what)).count();
        assert_eq!(count(&tree, "code"), count(&expected, "code"), "{bad:?}");
    } else {
        let same = tree
            .iter()
            .zip(&expected)
            .take_while(|(it, other)| it == other);
        let same = same.count();
        let (at, expected_at) = (tree.get(same), expected.get(same));
        assert_eq!(at, expected_at, "{bad:?}: {comment}");
    }
    // Another parser's opinion.
    for event in Parser::new_ext(&comment, pulldown_cmark::Options::all()) {
        let is_foreign = matches!(
            event,
            Event::InlineHtml(_)
                | Event::FootnoteReference(_)
                | Event::Start(Tag::Link { .. } | Tag::Image { .. } | Tag::FootnoteDefinition(_))
        );
        assert!(!is_foreign, "{bad:?}: {event:?}");
    }
}

#[test]
fn no_text_changes_the_tree() {
    for bad in corpus() {
        // Longer ones change what fits.
        let bad: String = bad.chars().take(60).collect();
        assert_harmless(&bad, one);
        assert_harmless(&bad, several);
    }
}

#[test]
fn no_mention_stands_outside_of_code() {
    for bad in [
        "@everyone",
        "#1",
        "org/repo#2",
        "https://evil.example",
        ":tada:",
    ] {
        let comments = [one, several].map(|make| hostile(bad, make));
        let texts = comments.iter().flat_map(|comment| tree(comment));
        let texts: Vec<_> = texts.filter(|it| it.trim().starts_with("text")).collect();
        assert!(
            !texts.iter().any(|text| text.contains(bad)),
            "{bad}: {texts:?}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn arbitrary_text_changes_nothing(bad in any::<String>()) {
        assert_harmless(&bad, one);
    }

    #[test]
    fn arbitrary_markup_changes_nothing(bad in "[`~|<>&\\[\\]()!#*_\\-+=@:/.\\\\ \n\t$^a1x\"']{0,40}") {
        assert_harmless(&bad, one);
    }
}
