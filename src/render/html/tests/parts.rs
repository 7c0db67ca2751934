use std::collections::BTreeSet;

use super::super::overview::KINDS;
use super::super::style;
use super::dom::Element;
use super::{COMMAND, page, page_of};
use crate::render::tests::fixtures::{
    FINGERPRINT, contents, create, delete, everything, everything_at_hand, library, plan, update,
};
use crate::render::{Contents, Review, markdown};

fn everything_parsed() -> Element {
    Element::parse(&page(everything(), &everything_at_hand()))
}

fn diff_of(old: &str, new: &str) -> Element {
    let library = library(vec![update("x.ps1", old, new)]);
    Element::parse(&page(library, &contents(&[old.as_bytes(), new.as_bytes()])))
}

#[test]
fn the_policy_allows_the_one_style_and_nothing_else() {
    use base64::Engine as _;
    use sha2::Digest as _;
    let root = everything_parsed();
    let metas = root.of("meta");
    let policy = metas
        .iter()
        .find(|it| it.attribute("http-equiv") == Some("Content-Security-Policy"))
        .and_then(|it| it.attribute("content"))
        .unwrap();
    let [sheet] = root.of("style").try_into().unwrap();
    let digest = sha2::Sha256::digest(sheet.text().as_bytes());
    let digest = base64::engine::general_purpose::STANDARD.encode(digest);
    assert_eq!(
        policy,
        format!(
            "default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
        )
    );
    for element in root.all() {
        for attribute in ["style", "src", "srcset", "action", "onclick"] {
            assert_eq!(element.attribute(attribute), None);
        }
    }
}

#[test]
fn the_verdict_is_that_of_a_comment() {
    for library in [everything(), library(vec![]), library(vec![create("a")])] {
        let plan = plan(library);
        let review = Review {
            plan: &plan,
            fingerprint: FINGERPRINT,
            contents: &Contents::default(),
            command: "",
        };
        let comment = markdown(&review);
        let heading = comment
            .lines()
            .find_map(|line| line.strip_prefix("## "))
            .unwrap();
        let root = Element::parse(&page_of(&plan, &Contents::default()));
        let [verdict] = root.of("h1").try_into().unwrap();
        assert_eq!(verdict.text(), heading.replace('`', ""));
        let [title] = root.of("title").try_into().unwrap();
        assert!(title.text().contains(&verdict.text()), "{}", title.text());
    }
}

#[test]
fn headings_go_down_one_level_at_a_time() {
    let root = everything_parsed();
    let mut before = 0;
    for element in root.all() {
        if let Some(level) = element
            .tag
            .strip_prefix('h')
            .and_then(|it| it.parse::<u32>().ok())
        {
            assert!(level <= before + 1, "{}", element.text());
            before = level;
        }
    }
    assert_eq!(before, 2, "the last one is the footer's");
}

#[test]
fn every_link_has_its_target() {
    let root = everything_parsed();
    let all = root.all();
    let ids: Vec<_> = all.iter().filter_map(|it| it.attribute("id")).collect();
    let unique: BTreeSet<_> = ids.iter().collect();
    assert_eq!(unique.len(), ids.len(), "{ids:?}");
    let links: Vec<_> = root
        .of("a")
        .iter()
        .filter_map(|it| it.attribute("href"))
        .collect();
    assert_eq!(links.len(), 8, "{links:?}");
    for link in links {
        assert!(ids.contains(&link.strip_prefix('#').unwrap()), "{link}");
    }
}

#[test]
fn what_goes_and_what_is_refused_cannot_be_folded_away() {
    let root = everything_parsed();
    let articles = root.of("article");
    assert_eq!(articles.len(), 7);
    for article in articles {
        let is_fixed = article.has_class("delete") || article.has_class("refused");
        assert_eq!(
            article.of("details").is_empty(),
            is_fixed,
            "{}",
            article.text()
        );
    }
}

#[test]
fn no_change_unfolds_to_nothing() {
    for body in everything_parsed().all() {
        assert!(!body.has_class("body") || !body.text().is_empty());
    }
}

#[test]
fn only_few_and_short_changes_are_open() {
    let open = |page: &str| {
        let root = Element::parse(page);
        let details = root.of("details").into_iter();
        details.filter(|it| it.attribute("open").is_some()).count()
    };
    let many = (0..21).map(|nth| create(&format!("{nth:02}"))).collect();
    assert_eq!(open(&page(library(many), &Contents::default())), 0);
    assert_eq!(
        open(&page(library(vec![create("a")]), &Contents::default())),
        1
    );
    let long = "line\n".repeat(200);
    let changes = vec![update("x", "short\n", &long)];
    assert_eq!(
        open(&page(
            library(changes),
            &contents(&[b"short\n", long.as_bytes()])
        )),
        0
    );
}

#[test]
fn every_kind_can_be_filtered_by() {
    for kind in KINDS {
        let word = kind.as_str();
        let rule = format!("body:has(#show-{word}:checked) .item:not(.{word})");
        assert!(style::SHEET.contains(&rule), "{rule}");
    }
    let root = everything_parsed();
    let tiles = root
        .of("label")
        .into_iter()
        .filter(|it| it.has_class("tile"));
    let tiles: Vec<_> = tiles.map(Element::text).collect();
    assert_eq!(
        tiles,
        [
            "7 all changes",
            "1 ! refused",
            "1 - delete",
            "1 ~ update",
            "1 → rename",
            "1 + create",
            "1 = adopt",
            "1 = forget"
        ]
    );
}

#[test]
fn a_diff_holds_every_line_once_but_for_twins_that_are_not_read_out() {
    let root = diff_of("a\nb\nc = 1 of them\nd\n", "a\nb\nc = 2 of them\ne\nd\n");
    let lines = root
        .all()
        .into_iter()
        .find(|it| it.has_class("diff"))
        .unwrap();
    let line = |element: &Element| {
        let numbers = element.of("span").into_iter().map(Element::text);
        let [code] = element.of("code").try_into().unwrap();
        let numbers = numbers.collect::<Vec<_>>().join(" ");
        format!("{} {numbers}: {}", element.tag, code.text())
    };
    let (twins, lines): (Vec<&Element>, _) = lines
        .all()
        .into_iter()
        .filter(|it| matches!(it.tag.as_str(), "div" | "del" | "ins") && it.of("div").len() < 2)
        .filter(|it| it.of("code").len() == 1)
        .partition(|it| it.has_class("twin"));
    assert_eq!(
        lines.into_iter().map(line).collect::<Vec<_>>(),
        [
            "div 1 1: a",
            "div 2 2: b",
            "del 3: c = 1 of them",
            "ins 3: c = 2 of them",
            "ins 4: e",
            "div 4 5: d"
        ]
    );
    assert!(
        twins
            .iter()
            .all(|it| it.attribute("aria-hidden") == Some("true"))
    );
    assert_eq!(
        twins.into_iter().map(line).collect::<Vec<_>>(),
        ["div 1: a", "div 2: b", "div 5: d"]
    );
    let marks: Vec<_> = root.of("mark").into_iter().map(Element::text).collect();
    assert_eq!(marks.first().map(String::as_str), Some("1"), "{marks:?}");
}

#[test]
fn what_is_left_out_and_unended_is_said_outside_of_the_line() {
    let root = diff_of(&"x".repeat(1000), "y");
    let said: Vec<_> = root.of("em").into_iter().map(Element::text).collect();
    assert_eq!(
        said,
        [
            "… (600 more characters)",
            "No newline at end of file",
            "No newline at end of file"
        ]
    );
}

#[test]
fn the_command_is_there_unless_there_is_nothing_to_apply() {
    let command = |page: &str| {
        let root = Element::parse(page);
        root.of("pre").first().map(|it| it.text())
    };
    let page_of_one = page(library(vec![delete("a")]), &Contents::default());
    assert_eq!(command(&page_of_one).as_deref(), Some(COMMAND));
    let refused = page(everything(), &Contents::default());
    assert_eq!(command(&refused), None);
    assert_eq!(
        refused
            .matches("Refused: this plan must not be applied.")
            .count(),
        2
    );
}

#[test]
fn the_same_plan_gives_the_same_page() {
    let pages = [(); 2].map(|()| page(everything(), &everything_at_hand()));
    assert_eq!(pages[0], pages[1]);
}
