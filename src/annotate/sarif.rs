//! SARIF 2.1.0, <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>: the few members that code
//! scanning shows.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use super::{Annotation, Place};
use crate::diagnostics::Severity;
use crate::model::Sha256;
use crate::render::escape::visible;
use crate::render::pretty_json;

#[derive(Serialize)]
struct Log<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'a> {
    tool: Tool<'a>,
    column_kind: &'static str,
    results: Vec<ResultObject<'a>>,
}

#[derive(Serialize)]
struct Tool<'a> {
    driver: Driver<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver<'a> {
    name: &'static str,
    version: &'static str,
    information_uri: &'static str,
    rules: Vec<Rule<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule<'a> {
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    short_description: Option<Message>,
    #[serde(skip_serializing_if = "Option::is_none")]
    full_description: Option<Message>,
    default_configuration: Configuration,
}

#[derive(Serialize)]
struct Configuration {
    level: &'static str,
}

#[derive(Serialize)]
struct Message {
    text: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResultObject<'a> {
    rule_id: &'a str,
    rule_index: usize,
    level: &'static str,
    message: Message,
    locations: [Location; 1],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_locations: Vec<Location>,
    partial_fingerprints: BTreeMap<&'static str, String>,
}

#[derive(Serialize)]
struct Location {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<usize>,
    #[serde(rename = "physicalLocation")]
    place: PhysicalLocation,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Message>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: ArtifactLocation,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<Region>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ArtifactLocation {
    uri: String,
    uri_base_id: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: usize,
    start_column: usize,
    end_line: usize,
    end_column: usize,
}

/// `annotations` as a log of one run.
pub(super) fn sarif(path: &str, annotations: &[Annotation]) -> String {
    let mut indices: BTreeMap<&str, usize> = BTreeMap::new();
    let mut rules = Vec::new();
    for annotation in annotations {
        indices.entry(&annotation.code).or_insert_with(|| {
            rules.push(rule(annotation));
            rules.len() - 1
        });
    }
    let mut seen: BTreeMap<(&str, &str, &str), usize> = BTreeMap::new();
    let results = annotations.iter().map(|annotation| {
        let nth = seen
            .entry((annotation.path(path), &annotation.code, &annotation.message))
            .or_default();
        *nth += 1;
        let uri = uri(annotation.path(path));
        ResultObject {
            rule_id: &annotation.code,
            rule_index: indices.get(annotation.code.as_str()).copied().unwrap_or(0),
            level: annotation.word(),
            message: message(&annotation.text()),
            partial_fingerprints: fingerprint(&uri, annotation, *nth),
            locations: [location(uri, annotation.places.first(), None)],
            related_locations: related(annotation),
        }
    });
    let results = results.collect();
    pretty_json(&Log {
        schema: "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        version: "2.1.0",
        runs: [Run {
            tool: Tool {
                driver: Driver {
                    name: "jumpbag",
                    version: env!("CARGO_PKG_VERSION"),
                    information_uri: env!("CARGO_PKG_REPOSITORY"),
                    rules,
                },
            },
            column_kind: "unicodeCodePoints",
            results,
        }],
    })
}

fn rule(annotation: &Annotation) -> Rule<'_> {
    let docs = annotation.docs.as_str();
    let message = |text: &str| (!text.is_empty()).then(|| message(text));
    let first = docs.split_inclusive(". ").next().unwrap_or(docs);
    Rule {
        id: &annotation.code,
        short_description: message(first.trim_end()),
        full_description: message(docs),
        default_configuration: Configuration {
            level: match annotation.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
            },
        },
    }
}

/// `text`, in which everything from outside is visible already. Braces are doubled, since `{0}` is a placeholder;
/// `[text](target)` is a link even in plain text, so that it is broken up (SARIF, 3.11.5 and 3.11.6).
fn message(text: &str) -> Message {
    Message {
        text: text
            .replace("](", r"]\u{28}")
            .replace('{', "{{")
            .replace('}', "}}"),
    }
}

fn related(annotation: &Annotation) -> Vec<Location> {
    let others = annotation.places.iter().skip(1).enumerate();
    others
        .map(|(nth, place)| location(uri(&place.path), Some(place), Some(nth + 1)))
        .collect()
}

fn location(uri: String, place: Option<&Place>, id: Option<usize>) -> Location {
    let label = place.map(|place| visible(&place.label).into_owned());
    Location {
        id,
        place: PhysicalLocation {
            artifact_location: ArtifactLocation {
                uri,
                uri_base_id: "%SRCROOT%",
            },
            region: place.map(|Place { start, end, .. }| Region {
                start_line: start.0,
                start_column: start.1,
                end_line: end.0,
                end_column: end.1,
            }),
        },
        message: label
            .filter(|label| !label.is_empty())
            .map(|label| message(&label)),
    }
}

/// The same for the same problem when lines above it come and go.
fn fingerprint(uri: &str, annotation: &Annotation, nth: usize) -> BTreeMap<&'static str, String> {
    let Annotation { code, message, .. } = annotation;
    let all = format!("{uri}\n{code}\n{message}\n{nth}");
    BTreeMap::from([("jumpbag/v1", Sha256::of(all.as_bytes()).to_string())])
}

/// `path` as a relative reference of RFC 3986: all but unreserved characters and `/` are percent-encoded.
fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                out.push(char::from(byte));
            }
            // A `String` takes every write.
            _ => write!(out, "%{byte:02X}").unwrap_or_default(),
        }
    }
    out
}
