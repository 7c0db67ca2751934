use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::diagnostics::{Code, Text};
use crate::render::hostile_texts;

static CODE: Code = Code {
    id: "jumpbag::test::odd",
};

/// `problem` of the one file `text`, whose name is its path.
fn of_one(text: &Text, problem: &Problem) -> Annotation {
    let annotation = annotation(&text.clone().into(), problem, str::to_owned);
    assert_eq!(annotation.docs, "", "no page is about it");
    Annotation {
        docs: "Something is odd. It should not be.".to_owned(),
        ..annotation
    }
}

/// An error at two places and a warning at none.
fn annotations() -> Vec<Annotation> {
    let text = Text::new("dir/jump bag.yaml", "version: 1\nfiles: é [a,\n  b]\n");
    let error = Problem::error(&CODE, "`a` is odd: 100%")
        .at((22..27).into(), "here")
        .at((18..21).into(), "and there")
        .help("make it even");
    let warning = Problem::warning(&CODE, "nothing is even");
    vec![of_one(&text, &error), of_one(&text, &warning)]
}

fn shown(which: Format) -> String {
    format(which, "dir/jump bag.yaml", &annotations())
}

#[test]
fn github_gets_workflow_commands() {
    insta::assert_snapshot!(shown(Format::Github), @"
    ::error file=dir/jump bag.yaml,line=2,endLine=3,title=jumpbag%3A%3Atest%3A%3Aodd::`a` is odd: 100%25%0Ahere: here%0Aline 2: and there%0Ahelp: make it even
    ::warning file=dir/jump bag.yaml,title=jumpbag%3A%3Atest%3A%3Aodd::nothing is even
    ");
}

#[test]
fn azure_gets_logging_commands() {
    insta::assert_snapshot!(shown(Format::Azure), @"
    ##vso[task.logissue type=error;sourcepath=dir/jump bag.yaml;linenumber=2;columnnumber=11;code=jumpbag::test::odd;]`a` is odd: 100%AZP25%0Ahere: here%0Aline 2: and there%0Ahelp: make it even
    ##vso[task.logissue type=warning;sourcepath=dir/jump bag.yaml;code=jumpbag::test::odd;]nothing is even
    ");
}

#[test]
fn sarif_has_rules_results_and_places() {
    insta::assert_snapshot!(shown(Format::Sarif).replace(env!("CARGO_PKG_VERSION"), "VERSION"));
}

#[test]
fn json_has_everything() {
    insta::assert_snapshot!(shown(Format::Json).replace(env!("CARGO_PKG_VERSION"), "VERSION"));
}

/// An error at a place of an included file and at two of the manifest, one of them the last.
fn across_files() -> Vec<Annotation> {
    let manifest = Text::new("bag/jumpbag.yaml", "include: [../b,c.yaml]\n- é x\n");
    let other = Text::at(manifest.next_start(), "b,c.yaml", "- y\n- x\n");
    let at = other.start() + 6;
    let error = Problem::error(&CODE, "`x` is there twice")
        .at((at..at + 1).into(), "again here")
        .at((28..29).into(), "first here")
        .at((10..21).into(), "");
    let warning = Problem::warning(&CODE, "nothing is even");
    let texts = Texts::new(vec![manifest, other]);
    let in_repository = |name: &str| format!("repo/{name}");
    [error, warning]
        .iter()
        .map(|problem| annotation(&texts, problem, in_repository))
        .collect()
}

#[test]
fn a_problem_is_at_its_own_file_and_names_the_other() {
    let shown = |which| format(which, "repo/bag/jumpbag.yaml", &across_files());
    insta::assert_snapshot!(shown(Format::Github), @"
    ::error file=repo/b%2Cc.yaml,line=2,endLine=2,col=3,endColumn=4,title=jumpbag%3A%3Atest%3A%3Aodd::`x` is there twice%0Ahere: again here%0Arepo/bag/jumpbag.yaml, line 2: first here%0Arepo/bag/jumpbag.yaml, line 1: 
    ::warning file=repo/bag/jumpbag.yaml,title=jumpbag%3A%3Atest%3A%3Aodd::nothing is even
    ");
    insta::assert_snapshot!(shown(Format::Azure), @"
    ##vso[task.logissue type=error;sourcepath=repo/b,c.yaml;linenumber=2;columnnumber=3;code=jumpbag::test::odd;]`x` is there twice%0Ahere: again here%0Arepo/bag/jumpbag.yaml, line 2: first here%0Arepo/bag/jumpbag.yaml, line 1: 
    ##vso[task.logissue type=warning;sourcepath=repo/bag/jumpbag.yaml;code=jumpbag::test::odd;]nothing is even
    ");
    let sarif: Value = serde_json::from_str(&shown(Format::Sarif)).unwrap();
    assert!(sarif_schema().is_valid(&sarif));
    let result = &sarif["runs"][0]["results"][0];
    let place = |pointer: &str| {
        let place = &result.pointer(pointer).unwrap()["physicalLocation"];
        let line = &place["region"]["startLine"];
        format!(
            "{}:{line}",
            place["artifactLocation"]["uri"].as_str().unwrap()
        )
    };
    assert_eq!(place("/locations/0"), "repo/b%2Cc.yaml:2");
    assert_eq!(place("/relatedLocations/0"), "repo/bag/jumpbag.yaml:2");
    assert_eq!(place("/relatedLocations/1"), "repo/bag/jumpbag.yaml:1");
    let json: Value = serde_json::from_str(&shown(Format::Json)).unwrap();
    let places = json["problems"][0]["places"].as_array().unwrap();
    let place = |nth: usize| {
        let place = &places[nth];
        let number = |key: &str| place[key].as_u64().unwrap();
        (
            place["path"].as_str().unwrap(),
            number("offset"),
            number("line"),
            number("column"),
        )
    };
    assert_eq!(place(0), ("repo/b,c.yaml", 6, 2, 3));
    assert_eq!(place(1), ("repo/bag/jumpbag.yaml", 28, 2, 5));
    assert_eq!(json["problems"][1]["places"], serde_json::json!([]));
}

fn sarif_schema() -> jsonschema::Validator {
    let schema = include_str!("../../tests/data/sarif-2.1.0.schema.json");
    // As published, a bracket is closed that was never opened.
    let schema = schema.replace("[a-zA-Z]{2}]?$", "[a-zA-Z]{2}$");
    jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap()
}

#[test]
fn sarif_obeys_its_schema() {
    let schema = sarif_schema();
    for annotations in [annotations(), Vec::new()] {
        let log: Value =
            serde_json::from_str(&format(Format::Sarif, "a.yaml", &annotations)).unwrap();
        let errors: Vec<_> = schema.iter_errors(&log).map(|it| it.to_string()).collect();
        assert!(errors.is_empty(), "{errors:#?}");
    }
    assert!(!schema.is_valid(&serde_json::json!({"version": "2.1.0"})));
}

#[test]
fn a_message_has_no_link_and_no_placeholder() {
    let bad = Annotation {
        message: "[x](https://evil.example) {0}".to_owned(),
        ..annotations().remove(0)
    };
    let log: Value = serde_json::from_str(&format(Format::Sarif, "a", &[bad])).unwrap();
    let text = log["runs"][0]["results"][0]["message"]["text"]
        .as_str()
        .unwrap();
    assert!(
        text.starts_with(r"[x]\u{{28}}https://evil.example) {{0}}"),
        "{text}"
    );
}

#[test]
fn a_problem_keeps_its_fingerprint_when_lines_move() {
    let prints = |text: &str| {
        let text = Text::new("a", text);
        let problem = Problem::error(&CODE, "odd")
            .at((text.as_str().len() - 2..text.as_str().len()).into(), "");
        let one = of_one(&text, &problem);
        let log = format(Format::Sarif, "a", &[one.clone(), one]);
        let log: Value = serde_json::from_str(&log).unwrap();
        let results = log["runs"][0]["results"].as_array().unwrap().clone();
        results
            .iter()
            .map(|it| it["partialFingerprints"].clone())
            .collect::<Vec<_>>()
    };
    let before = prints("ab\n");
    assert_eq!(before, prints("first\nab\n"));
    assert_ne!(before[0], before[1], "two of them are told apart");
}

#[test]
fn the_json_obeys_its_schema() {
    let schema = jsonschema::validator_for(&schema().to_value()).unwrap();
    let document = serde_json::from_str(&shown(Format::Json)).unwrap();
    assert!(schema.is_valid(&document));
}

type Command = (String, BTreeMap<String, String>, String);

/// A line as the runner of GitHub Actions reads it: `TryParseV2` in `ActionCommand.cs`.
fn github_command(line: &str) -> Option<Command> {
    let line = line.trim_start().strip_prefix("::")?;
    let (head, data) = line.split_once("::")?;
    let (name, properties) = head.split_once(' ').unwrap_or((head, ""));
    let undo = |text: &str| {
        let text = text.replace("%0D", "\r").replace("%0A", "\n");
        text.replace("%3A", ":")
            .replace("%2C", ",")
            .replace("%25", "%")
    };
    let properties = properties.split(',').filter_map(|it| it.split_once('='));
    let properties = properties.map(|(key, value)| (key.to_owned(), undo(value)));
    Some((name.to_owned(), properties.collect(), undo(data)))
}

/// A line as the agent of Azure Pipelines reads it: `TryParse` in `Command.cs`.
fn azure_command(line: &str) -> Option<Command> {
    let (_, rest) = line.split_once("##vso[")?;
    let (head, data) = rest.split_once(']')?;
    let (name, properties) = head.split_once(' ').unwrap_or((head, ""));
    let undo = |text: &str| {
        let text = text
            .replace("%3B", ";")
            .replace("%0D", "\r")
            .replace("%0A", "\n");
        text.replace("%5D", "]").replace("%AZP25", "%")
    };
    let properties = properties.split(';').filter_map(|it| it.split_once('='));
    let properties = properties.map(|(key, value)| (key.to_owned(), undo(value)));
    Some((name.to_owned(), properties.collect(), undo(data)))
}

/// Whatever `bad` is and wherever it stands, each format has one command for each problem, with what was said.
fn assert_one_command_each(bad: &str) {
    let hostile = Annotation {
        code: bad.to_owned(),
        docs: String::new(),
        severity: Severity::Warning,
        message: bad.to_owned(),
        help: Some(bad.to_owned()),
        places: Vec::new(),
    };
    let visible = visible(bad).into_owned();
    let said = format!("{visible}\nhelp: {visible}");
    let both = [hostile.clone(), hostile];
    let lines = format(Format::Github, bad, &both);
    assert_eq!(lines.lines().count(), 2, "{bad:?}");
    for line in lines.lines() {
        let (name, properties, data) = github_command(line).unwrap();
        assert_eq!((name.as_str(), &data), ("warning", &said), "{line}");
        let expected = [("file", &visible), ("title", &visible)];
        let expected = expected.map(|(key, value)| (key.to_owned(), value.clone()));
        assert_eq!(properties, BTreeMap::from(expected), "{line}");
        assert!(!line.contains("##["), "{line}");
        assert!(azure_command(line).is_none(), "{line}");
    }
    let lines = format(Format::Azure, bad, &both);
    assert_eq!(lines.lines().count(), 2, "{bad:?}");
    for line in lines.lines() {
        let (name, properties, data) = azure_command(line).unwrap();
        assert_eq!((name.as_str(), &data), ("task.logissue", &said), "{line}");
        let expected = [
            ("type", "warning"),
            ("sourcepath", &visible),
            ("code", &visible),
        ];
        let expected = expected.map(|(key, value)| (key.to_owned(), value.to_owned()));
        assert_eq!(properties, BTreeMap::from(expected), "{line}");
        assert_eq!(line.matches("##vso[").count(), 1, "{line}");
        assert!(github_command(line).is_none(), "{line}");
    }
    for which in [Format::Json, Format::Sarif] {
        let text = format(which, bad, &both);
        assert!(!text.contains("##"), "{text}");
        serde_json::from_str::<Value>(&text).unwrap();
    }
}

#[test]
fn no_text_forges_a_command() {
    for bad in hostile_texts() {
        assert_one_command_each(&bad);
    }
    let schema = sarif_schema();
    for bad in hostile_texts() {
        let text = Text::new(bad.as_str(), bad.clone() + "\n");
        let problem = Problem::error(&CODE, bad.clone()).at((0..bad.len()).into(), bad.clone());
        let log = format(Format::Sarif, &bad, &[of_one(&text, &problem)]);
        assert!(
            schema.is_valid(&serde_json::from_str(&log).unwrap()),
            "{log}"
        );
    }
}

proptest! {
    #[test]
    fn arbitrary_text_forges_no_command(bad in any::<String>()) {
        assert_one_command_each(&bad);
    }

    #[test]
    fn commands_within_forge_no_command(bad in "[:#%,;\\[\\]vsogt =0-9ADBC\r\n]{0,30}") {
        assert_one_command_each(&bad);
    }
}
