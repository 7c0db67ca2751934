use super::super::style;
use super::{page, page_of};
use crate::plan::Plan;
use crate::render::Contents;
use crate::render::tests::fixtures::{
    create, delete, everything, everything_at_hand, fleet, fleet_at_hand, library,
};

/// A page with an element a line, without its style.
fn lines(page: &str) -> String {
    let page = page
        .replace(style::SHEET, "…")
        .replace(&style::policy(), "…");
    let starts = [
        "<section", "<article", "<tr", "<li", "<p", "<h", "<label", "<table", "<div", "<del",
        "<ins", "<footer", "<main",
    ];
    let mut out = page;
    for start in starts {
        out = out.replace(start, &format!("\n{start}"));
    }
    out
}

#[test]
fn every_kind_of_change_has_its_place() {
    insta::assert_snapshot!(lines(&page(everything(), &everything_at_hand())));
}

#[test]
fn several_libraries_have_a_list_and_a_section_each() {
    let mut fabrikam = library(vec![delete("b.ps1")]);
    fabrikam.library.name = "fabrikam".to_owned();
    fabrikam.refreshed = false;
    let plan = Plan {
        libraries: vec![library(vec![create("a.ps1")]), fabrikam],
        warnings: Vec::new(),
    };
    insta::assert_snapshot!(lines(&page_of(&plan, &Contents::default())));
}

#[test]
fn what_libraries_share_has_one_section_that_all_of_them_link_to() {
    insta::assert_snapshot!(lines(&page_of(&fleet(), &fleet_at_hand())));
}
