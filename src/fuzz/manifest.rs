//! Manifests, and what is said of them.

use camino::Utf8Path;

use crate::annotate::{Annotation, Format, annotation, format};
use crate::diagnostics::Invalid;
use crate::manifest;
use crate::render::escape::is_dangerous;

const PATH: &str = "jumpbag.yaml";
const FORMATS: [Format; 4] = [Format::Json, Format::Sarif, Format::Github, Format::Azure];

/// A manifest is good, or every problem says what, where in the text, and stays harmless in every form.
pub(super) fn check(bytes: &[u8]) {
    manifest::fuzz::trees(bytes);
    match manifest::parse(Utf8Path::new(PATH), bytes) {
        Ok(manifest) => assert!(!manifest.libraries.is_empty()),
        Err(invalid) => check_problems(&invalid),
    }
}

fn check_problems(invalid: &Invalid) {
    assert!(!invalid.problems.is_empty());
    let mut annotations: Vec<Annotation> = Vec::new();
    for problem in &invalid.problems {
        assert!(!problem.message.is_empty());
        for (span, _) in &problem.labels {
            assert!(span.start <= span.end, "{problem:?}");
            assert!(invalid.texts.of(span.start).is_some(), "{problem:?}");
        }
        annotations.push(annotation(&invalid.texts, problem, str::to_owned));
    }
    for form in FORMATS {
        let text = format(form, PATH, &annotations);
        let found = text.chars().find(|c| *c != '\n' && is_dangerous(*c));
        assert_eq!(found, None, "{form:?}: {text}");
        let is_json = matches!(form, Format::Json | Format::Sarif);
        assert!(!is_json || serde_json::from_str::<serde_json::Value>(&text).is_ok());
        let lines = text.lines().count();
        assert!(is_json || lines == annotations.len(), "{form:?}: {text}");
    }
}
