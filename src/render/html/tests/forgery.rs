use proptest::prelude::*;

use super::dom::{Element, Node};
use super::page_of;
use crate::plan::Warning;
use crate::render::escape::is_dangerous;
use crate::render::tests::corpus::{Make, content_of, corpus, one, several};
use crate::render::tests::fixtures::contents;

/// Texts from this length on, in bytes, make pages that take long to check.
const LONG: usize = 1000;

/// A page with `bad` wherever a text from outside can stand.
fn shown(bad: &str, make: Make) -> String {
    let contents = contents(&[
        content_of("a", bad).as_bytes(),
        content_of("b", bad).as_bytes(),
    ]);
    let warning = Warning {
        code: bad.to_owned(),
        message: bad.to_owned(),
        place: Some(bad.to_owned()),
        help: Some(bad.to_owned()),
        files: Vec::new(),
    };
    let mut plan = make(bad);
    plan.warnings.push(warning);
    page_of(&plan, &contents)
}

/// A text of the same shape that nobody could mean anything by.
fn harmless(bad: &str) -> String {
    let lines = bad.split('\n');
    let lines: Vec<_> = lines.map(|line| "h".repeat(line.chars().count())).collect();
    lines.join("\n")
}

/// The elements of a page with their attributes. A note on a content depends on the content, and one with a NUL has
/// no lines.
fn skeleton(page: &Element, is_binary: bool) -> String {
    page.skeleton(&|element| {
        element.has_class("notes")
            || is_binary && (element.has_class("diff") || element.has_class("say"))
    })
}

/// Every check that a text could break.
#[track_caller]
fn check(bad: &str, make: Make) {
    let page = shown(bad, make);
    let found = page
        .chars()
        .find(|c| !matches!(c, '\n' | '\t') && is_dangerous(*c));
    assert_eq!(found, None, "{bad:?}");
    let is_binary = bad.contains('\0');
    let root = Element::parse(&page);
    let expected = Element::parse(&shown(&harmless(bad), make));
    assert_eq!(
        skeleton(&root, is_binary),
        skeleton(&expected, is_binary),
        "{bad:?}"
    );
    for element in root.all() {
        let is_outside = matches!(element.tag.as_str(), "code" | "bdi");
        assert!(
            !is_outside || element.attribute("dir") == Some("ltr"),
            "{bad:?}"
        );
        let is_ours = |node: &Node| matches!(node, Node::Element(it) if it.tag != "mark");
        assert!(
            !is_outside || !element.children.iter().any(is_ours),
            "{bad:?}"
        );
    }
    let texts: Vec<_> = root
        .of("script")
        .into_iter()
        .chain(root.of("style"))
        .collect();
    assert_eq!(texts.len(), 1, "{bad:?}");
}

#[test]
fn no_text_of_the_corpus_changes_the_page() {
    for bad in corpus() {
        check(&bad, one);
        // What length does, one library shows.
        if bad.len() < LONG {
            check(&bad, several);
        }
    }
}

#[test]
fn what_is_outside_code_is_ours() {
    // Without what stands in elements for text from outside, the page says the same whatever the text is.
    fn ours(element: &Element, out: &mut String) {
        if matches!(element.tag.as_str(), "code" | "bdi" | "title") || element.has_class("notes") {
            return;
        }
        for child in &element.children {
            match child {
                Node::Element(element) => ours(element, out),
                Node::Text(text) => out.push_str(text),
            }
        }
    }
    let ours_of = |bad: &str| {
        let mut out = String::new();
        ours(&Element::parse(&shown(bad, one)), &mut out);
        if bad.len() < LONG {
            ours(&Element::parse(&shown(bad, several)), &mut out);
        }
        out
    };
    for bad in corpus().iter().filter(|bad| !bad.contains('\0')) {
        // Sizes and numbers of characters are counted, and so differ.
        let digits =
            |text: String| text.replace(|c: char| c.is_ascii_digit() || matches!(c, ',' | '.'), "");
        let units = |text: String| digits(text).replace("KiB", "B");
        assert_eq!(
            units(ours_of(bad)),
            units(ours_of(&harmless(bad))),
            "{bad:?}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn no_text_at_all_changes_the_page(bad in any::<String>()) {
        check(&bad, one);
    }

    #[test]
    fn no_markup_changes_the_page(bad in "[<>&\"'`/a-c!=; \t\n\u{5d0}\u{202e}-]{0,40}") {
        check(&bad, one);
    }
}
