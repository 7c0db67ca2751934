use super::*;

fn judged(policies: &str, json: &str) -> Result<Judgement, Error> {
    let source = Source {
        path: "policies/a.rego".to_owned(),
        text: policies.to_owned(),
    };
    let lints = BTreeMap::from([("jumpbag::lint::unsigned", "allow")]);
    // A Tuesday.
    judge(
        vec![source],
        json,
        &lints,
        "2026-12-01T23:59:58.5Z".parse().unwrap(),
    )
}

fn said(policies: &str) -> String {
    let verdicts = judged(policies, r#"{"summary":{"delete":3}}"#)
        .unwrap()
        .verdicts;
    let line = |verdict: &Verdict| {
        let Verdict {
            denies,
            rule,
            message,
            library,
            file,
        } = verdict;
        let place: Vec<_> = [library, file]
            .into_iter()
            .flatten()
            .map(String::as_str)
            .collect();
        format!("{denies} {rule}: {message} {}\n", place.join("/"))
    };
    verdicts.iter().map(line).collect()
}

#[test]
fn rules_are_those_of_conftest() {
    let policies = r#"package main

import rego.v1

deny contains msg if {
    input.summary.delete > 2
    msg := sprintf("%d deletions", [input.summary.delete])
}

deny contains msg if {
    input.summary.delete > 5
    msg := "very many"
}

violation_files contains {"msg": "no", "library": "contoso", "file": "a.ps1", "details": {}} if true

warn contains "careful" if input.lints["jumpbag::lint::unsigned"] == "allow"

warn_twice := ["one", "two"]

denying contains "not asked"

deny_never if input.summary.create > 0

deny_always if input.summary.delete > 0
"#;
    insta::assert_snapshot!(said(policies), @"
    true deny: 3 deletions 
    true deny_always: it holds for this plan 
    true violation_files: no contoso/a.ps1
    false warn: careful 
    false warn_twice: one 
    false warn_twice: two 
    ");
}

#[test]
fn what_cannot_be_asked_is_an_error() {
    let error = |policies: &str| {
        let error = judged(policies, "{}").unwrap_err();
        let code = miette::Diagnostic::code(&error).unwrap().to_string();
        let cause = std::error::Error::source(&error);
        (code, cause.map(ToString::to_string).unwrap_or_default())
    };
    let (code, cause) = error("package main\n\ndeny contains msg if {");
    assert_eq!(code, "jumpbag::policy::invalid");
    assert!(cause.contains("policies/a.rego:3"), "{cause}");
    // As it was written before Rego 1.0.
    let (code, _) = error("package main\n\ndeny[msg] { msg := \"a\" }");
    assert_eq!(code, "jumpbag::policy::invalid");
    for policies in [
        "package other\n\ndeny contains \"a\"",
        "package main.deny\n\ndeny contains \"a\"",
        "package main\n\ndenied contains \"a\"",
        "package main\n",
        "package main\n\ndeny(change) := \"no\" if change",
    ] {
        assert_eq!(error(policies).0, "jumpbag::policy::no_rule", "{policies}");
    }
    for value in ["5", "null", "{\"message\": \"a\"}"] {
        let policies = format!("package main\n\ndeny contains {value}");
        assert_eq!(error(&policies).0, "jumpbag::policy::no_message", "{value}");
    }
}

#[test]
fn a_rule_that_nobody_asks_is_noticed() {
    let main = "package main\n\ndeny := \"no\" if false\n\ndefault warn_a := false\n";
    let unasked = |other: &str| {
        let sources = [main, other].into_iter().map(|text| Source {
            path: text.to_owned(),
            text: text.to_owned(),
        });
        let judged = judge(
            sources.collect(),
            "{}",
            &BTreeMap::new(),
            Timestamp::UNIX_EPOCH,
        );
        judged.unwrap().unasked
    };
    assert_eq!(unasked("package main.sub\n\ndenied := 1\n"), []);
    let of = |package: &str, rule: &str| vec![(package.to_owned(), rule.to_owned())];
    for (package, head, rule) in [
        ("main.sub", "deny contains \"a\"", "deny"),
        ("main[\"a b\"]", "violation_x := 1", "violation_x"),
        ("other", "warn.a.b := 1", "warn"),
        ("other", "deny[\"x\"] := 1", "deny"),
        ("other", "deny(x) := x", "deny"),
        ("main", "deny_change(x) := x", "deny_change"),
        ("other", "default deny := false", "deny"),
    ] {
        let text = format!("package {package}\n\n{head}\n");
        let package = package.replace("[\"", ".").replace("\"]", "");
        assert_eq!(unasked(&text), of(&package, rule), "{text}");
    }
}

#[test]
fn a_rule_that_fails_within_denies_nothing_and_one_that_conflicts_is_an_error() {
    assert_eq!(
        said("package main\n\ndeny contains msg if msg := input.nothing.there"),
        ""
    );
    let twice = "package main\n\ndeny := \"a\" if true\n\ndeny := \"b\" if true";
    assert!(matches!(judged(twice, "{}"), Err(Error::Invalid { .. })));
}

#[test]
fn the_time_is_the_one_that_is_given() {
    let policies = r#"package main

deny contains json.marshal([
    time.date(time.now_ns()),
    time.clock(time.now_ns()),
    time.weekday(time.now_ns()),
    time.weekday(time.parse_rfc3339_ns("2026-12-02T00:30:00+01:00")),
    time.now_ns() - time.parse_rfc3339_ns("2026-12-01T23:59:58Z"),
])
"#;
    insta::assert_snapshot!(said(policies), @r#"true deny: [[2026,12,1],[23,59,58],"Tuesday","Tuesday",500000000]"#);
    for wrong in [
        "time.date(\"today\")",
        "time.date([0, \"Europe/Berlin\"])",
        "time.parse_rfc3339_ns(\"today\")",
    ] {
        let policies = format!("package main\n\ndeny contains \"a\" if {wrong} != 0");
        assert!(
            matches!(judged(&policies, "{}"), Err(Error::Invalid { .. })),
            "{wrong}"
        );
    }
}
