use super::*;
use crate::render::tests::{corpus, fixtures};

const STAMP: Stamp<'_> = Stamp {
    run_id: "00000000-0000-4000-8000-000000000001",
    sequence: 7,
    time: "2026-01-02T03:04:05Z",
};

fn failed(text: &str) -> Event {
    Event::Failed {
        change: change(text, &Name::existing(text), Action::Update),
        error: Problem {
            code: Some("jumpbag::library::failed".to_owned()),
            message: text.to_owned(),
        },
        calls: vec![Call {
            method: "POST".to_owned(),
            status: None,
            ids: [("request-id".to_owned(), text.to_owned())].into(),
        }],
    }
}

#[test]
fn a_line_has_its_place_its_time_and_what_happened() {
    insta::assert_snapshot!(line(STAMP, &failed("a.ps1")), @r#"{"run_id":"00000000-0000-4000-8000-000000000001","sequence":7,"time":"2026-01-02T03:04:05Z","event":"failed","library":"a.ps1","name":"a.ps1","action":"update","error":{"code":"jumpbag::library::failed","message":"a.ps1"},"calls":[{"method":"POST","status":null,"ids":{"request-id":"a.ps1"}}]}"#);
}

#[test]
fn a_planned_change_says_why_and_from_which_content_to_which() {
    let change = fixtures::update("a.ps1", "old", "new");
    let library = fixtures::library(Vec::new()).library;
    insta::assert_snapshot!(line(STAMP, &planned(&library, &change)), @r#"{"run_id":"00000000-0000-4000-8000-000000000001","sequence":7,"time":"2026-01-02T03:04:05Z","event":"planned","library":"default","name":"a.ps1","action":"update","reasons":[{"code":"differs","attribute":"content","cause":"manifest"}],"renamed_from":null,"sha256_before":"cba06b5736faf67e54b07b561eae94395e774c517a7d910a54369e1263ccfbd4","sha256_after":"11507a0e2f5e69d5dfa40a62a1bd7b6ee57e6bcd85c67c9b8431b36fff21c437"}"#);
}

/// One line stays one line, reads back as the same text, and holds nothing that a log takes for a command.
#[test]
fn no_text_from_outside_gets_out_of_its_line() {
    for text in corpus::corpus() {
        let line = line(STAMP, &failed(&text));
        let (one, rest) = line.split_once('\n').unwrap();
        assert_eq!(rest, "", "{text:?}");
        assert!(one.bytes().all(|b| (b' '..=b'~').contains(&b)), "{text:?}");
        assert!(one.starts_with('{') && !one.contains("##"), "{text:?}");
        let read: serde_json::Value = serde_json::from_str(one).unwrap();
        assert_eq!(read["name"], *text);
        assert_eq!(read["error"]["message"], *text);
    }
}

#[test]
fn the_schema_is_met_by_what_is_written_and_by_nothing_else() {
    let schema = serde_json::to_value(event_schema()).unwrap();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let written: serde_json::Value = serde_json::from_str(&line(STAMP, &failed("a"))).unwrap();
    validator.validate(&written).unwrap();
    for member in ["run_id", "sequence", "time", "event", "library", "error"] {
        let mut without = written.clone();
        without.as_object_mut().unwrap().remove(member).unwrap();
        assert!(!validator.is_valid(&without), "{member}");
    }
}
