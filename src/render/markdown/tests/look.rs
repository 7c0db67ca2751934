use super::{comment, comment_of};
use crate::plan::{LibraryPlan, Plan, Warning};
use crate::render::Contents;
use crate::render::tests::fixtures::{
    create, delete, everything, everything_at_hand, fleet, fleet_at_hand, library, update,
};

#[test]
fn every_kind_of_change_has_its_place() {
    insta::assert_snapshot!(comment(everything(), &everything_at_hand()));
}

#[test]
fn nothing_to_do_is_said_in_the_first_line() {
    insta::assert_snapshot!(comment(library(vec![]), &Contents::default()));
}

#[test]
fn several_libraries_have_their_tables_before_all_details() {
    let mut fabrikam = library(vec![delete("b.ps1"), update("c.ps1", "1\n", "2\n")]);
    fabrikam.library.name = "fabrikam".to_owned();
    fabrikam.refreshed = false;
    let plan = Plan {
        libraries: vec![library(vec![create("a.ps1")]), fabrikam],
        warnings: vec![Warning {
            code: "jumpbag::lint::name_characters".to_owned(),
            message: "the name `a b` contains a space".to_owned(),
            place: Some("jumpbag.yaml:3:4".to_owned()),
            help: Some("choose another `name`".to_owned()),
            files: Vec::new(),
        }],
    };
    insta::assert_snapshot!(comment_of(&plan, &Contents::default()));
}

#[test]
fn the_marker_depends_on_the_libraries_alone() {
    let marker = |library: LibraryPlan| {
        let comment = comment(library, &Contents::default());
        comment.lines().next().unwrap().to_owned()
    };
    let one = marker(library(vec![]));
    assert!(
        one.starts_with("<!-- jumpbag:plan ") && one.ends_with(" default -->"),
        "{one}"
    );
    assert_eq!(marker(everything()), one);
    let mut other = library(vec![]);
    other.library.endpoint.push('x');
    assert_ne!(marker(other), one);
    let mut other = library(vec![]);
    other.library.name = "-->x<!--".to_owned();
    assert!(marker(other).ends_with(" x -->"));
}

#[test]
fn what_libraries_share_is_a_group_with_a_number() {
    insta::assert_snapshot!(comment_of(&fleet(), &fleet_at_hand()));
}
