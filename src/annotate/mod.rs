//! Problems of a manifest for the tools that show them on its lines in a pull request.
//!
//! What is said is decided once, in [`Annotation`]; each format writes it by its own rules. Texts are made
//! visible first, so that they look the same everywhere, and then escaped as the format wants it.

mod azure;
mod document;
mod github;
mod sarif;
#[cfg(test)]
mod tests;

pub(crate) use document::{json, schema};

use crate::diagnostics::{Problem, Severity, Span, Texts};
use crate::explain;
use crate::render::escape::visible;

/// The formats for tools; people get the diagnostics themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// jumpbag's own document.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// Workflow commands of GitHub Actions.
    Github,
    /// Logging commands of Azure Pipelines.
    Azure,
}

/// Something that is wrong or odd, with where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Annotation {
    /// The diagnostic's code.
    pub(crate) code: String,
    /// What the code means; empty where it has no page.
    pub(crate) docs: String,
    pub(crate) severity: Severity,
    /// What is wrong, as a phrase.
    pub(crate) message: String,
    /// What to do next.
    pub(crate) help: Option<String>,
    /// Where; the first place is the primary one. Empty where it is about no line of the manifest.
    pub(crate) places: Vec<Place>,
}

/// A place in the manifest, or in a file that it includes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The file, relative to the repository.
    pub(crate) path: String,
    /// In bytes of the file.
    pub(crate) span: Span,
    /// Line and column of the first character, from 1.
    pub(crate) start: (usize, usize),
    /// Line and column behind the last character.
    pub(crate) end: (usize, usize),
    /// What is there.
    pub(crate) label: String,
}

/// `problem` of `texts` as an annotation; `path_of` says where in the repository the text of a name is.
pub(crate) fn annotation(
    texts: &Texts,
    problem: &Problem,
    mut path_of: impl FnMut(&str) -> String,
) -> Annotation {
    let mut place = |(span, label): &(Span, String)| {
        let text = texts.of(span.start)?;
        let end = span.end.max(span.start);
        Some(Place {
            path: path_of(text.name()),
            span: (span.start - text.start()..end - text.start()).into(),
            start: text.position(span.start),
            end: text.position(end),
            label: label.clone(),
        })
    };
    Annotation {
        code: problem.code.id.to_owned(),
        docs: docs_of(problem.code.id),
        severity: problem.severity,
        message: problem.message.clone(),
        help: problem.help.clone(),
        places: problem.labels.iter().filter_map(&mut place).collect(),
    }
}

/// What the page about `code` says; empty where there is none.
pub(crate) fn docs_of(code: &str) -> String {
    let page = explain::page(code).into_iter();
    let paragraphs = page.flat_map(explain::Page::paragraphs);
    paragraphs.collect::<Vec<_>>().join(" ")
}

/// `annotations` of the manifest at `path`, which is relative to the repository, as text that ends in a line feed
/// unless it is empty. What has no place is about the manifest.
pub(crate) fn format(format: Format, path: &str, annotations: &[Annotation]) -> String {
    match format {
        Format::Json => json(path, annotations),
        Format::Sarif => sarif::sarif(path, annotations),
        Format::Github => commands(path, annotations, github::command),
        Format::Azure => commands(path, annotations, azure::command),
    }
}

fn commands(
    path: &str,
    annotations: &[Annotation],
    command: fn(&str, &Annotation) -> String,
) -> String {
    let lines = annotations.iter();
    lines
        .map(|annotation| command(path, annotation) + "\n")
        .collect()
}

impl Annotation {
    /// The file of the primary place; of the manifest at `path` where there is none.
    fn path<'a>(&'a self, path: &'a str) -> &'a str {
        self.places.first().map_or(path, |place| &place.path)
    }

    /// The message with its help on a line of its own, made visible.
    fn text(&self) -> String {
        let help = self
            .help
            .iter()
            .map(|help| format!("help: {}", visible(help)));
        let lines = std::iter::once(visible(&self.message).into_owned()).chain(help);
        lines.collect::<Vec<_>>().join("\n")
    }

    /// The same for a format that shows one place: what is there, and at the others, is said before the help.
    fn text_with_labels(&self) -> String {
        let labels = self.places.iter().enumerate().filter_map(|(nth, place)| {
            let label = visible(&place.label);
            match (nth, label.is_empty()) {
                (0, true) => None,
                (0, false) => Some(format!("here: {label}")),
                (_, _) if self.path(&place.path) == place.path => {
                    Some(format!("line {}: {label}", place.start.0))
                }
                (_, _) => {
                    let path = visible(&place.path);
                    Some(format!("{path}, line {}: {label}", place.start.0))
                }
            }
        });
        let help = self
            .help
            .iter()
            .map(|help| format!("help: {}", visible(help)));
        let lines = std::iter::once(visible(&self.message).into_owned());
        let lines = lines.chain(labels).chain(help);
        lines.collect::<Vec<_>>().join("\n")
    }

    fn word(&self) -> &'static str {
        match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        }
    }
}
