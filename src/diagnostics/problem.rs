//! One problem, and all problems of the texts that are read for one thing.

use std::fmt;

use miette::{Diagnostic, LabeledSpan};

use super::{Code, Span, Texts, without_passwords};

/// Whether a problem stops the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Severity {
    /// It does.
    Error,
    /// It is said, and the run goes on.
    Warning,
}

/// Something that is wrong at a place of a text. Passwords in URLs are not repeated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// Which kind.
    pub(crate) code: &'static Code,
    /// Whether it stops the run.
    pub(crate) severity: Severity,
    /// What is wrong, as a phrase.
    pub(crate) message: String,
    /// What to do next, in the imperative.
    pub(crate) help: Option<String>,
    /// Where, and what is there; the first place is the primary one.
    pub(crate) labels: Vec<(Span, String)>,
}

impl Problem {
    /// An error of the kind `code`.
    pub(crate) fn error(code: &'static Code, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: Severity::Error,
            message: without_passwords(message),
            help: None,
            labels: Vec::new(),
        }
    }

    /// A warning of the kind `code`.
    pub(crate) fn warning(code: &'static Code, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(code, message)
        }
    }

    /// Adds a place; the first one that is added is the primary one.
    #[must_use]
    pub(crate) fn at(mut self, span: Span, label: impl Into<String>) -> Self {
        self.labels.push((span, without_passwords(label)));
        self
    }

    /// Says what to do next.
    #[must_use]
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(without_passwords(help));
        self
    }

    /// Where it is, for the order of problems; those without a place come first.
    fn key(&self) -> (Option<Span>, &'static str, &str) {
        let place = self.labels.first().map(|(span, _)| *span);
        (place, self.code.id, &self.message)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Problem {}

impl Diagnostic for Problem {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.code.id))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        let help = self.help.as_ref()?;
        Some(Box::new(help))
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        if self.labels.is_empty() {
            return None;
        }
        let labels = self.labels.iter().enumerate().map(|(nth, (span, label))| {
            let label = Some(label.clone()).filter(|label| !label.is_empty());
            if nth == 0 {
                LabeledSpan::new_primary_with_span(label, *span)
            } else {
                LabeledSpan::new_with_span(label, *span)
            }
        });
        Some(Box::new(labels))
    }
}

/// The texts have errors.
#[derive(Clone, Debug, thiserror::Error, Diagnostic)]
#[error("`{}` is not valid", .texts.name())]
pub(crate) struct Invalid {
    /// What the problems' places are in.
    #[source_code]
    pub(crate) texts: Texts,
    /// Errors, at least one, and warnings, in the order of the texts.
    #[related]
    pub(crate) problems: Vec<Problem>,
}

impl Invalid {
    /// Returns `Ok` with the warnings, sorted, unless there is an error among the `problems`. A problem that
    /// was found more than once, for each of those that share its place, is there once.
    pub(crate) fn unless_ok(
        texts: &Texts,
        mut problems: Vec<Problem>,
    ) -> Result<Vec<Problem>, Self> {
        problems.sort_by(|a, b| a.key().cmp(&b.key()));
        problems.dedup();
        if problems
            .iter()
            .any(|problem| problem.severity == Severity::Error)
        {
            return Err(Self {
                texts: texts.clone(),
                problems,
            });
        }
        Ok(problems)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::Text;
    use miette::{GraphicalReportHandler, GraphicalTheme};

    static CODE: Code = Code {
        id: "jumpbag::test::code",
    };

    #[test]
    fn problems_come_in_the_order_of_the_text_and_show_their_places() {
        let text = Text::new("names.txt", "äöü first\nsecond\nfirst\n");
        let problems = vec![
            Problem::error(&CODE, "`first` is there twice")
                .at((20..25).into(), "again here")
                .at((7..12).into(), "first here")
                .help("take one away"),
            Problem::warning(&CODE, "`second` is odd").at((13..19).into(), ""),
            Problem::error(&CODE, "without a place"),
        ];
        let invalid = Invalid::unless_ok(&text.into(), problems).unwrap_err();
        let mut out = String::new();
        GraphicalReportHandler::new_themed(GraphicalTheme::none())
            .with_links(false)
            .with_width(80)
            .render_report(&mut out, &invalid)
            .unwrap();
        insta::assert_snapshot!(out, @"
          x `names.txt` is not valid

        Error: jumpbag::test::code

          x without a place

        Warning: jumpbag::test::code

          ! `second` is odd
           ,-[names.txt:2:1]
         1 | äöü first
         2 | second
           : ^^^^^^
         3 | first
           `----

        Error: jumpbag::test::code

          x `first` is there twice
           ,-[names.txt:3:1]
         1 | äöü first
           :     ^^|^^
           :       `-- first here
         2 | second
         3 | first
           : ^^|^^
           :   `-- again here
           `----
          help: take one away
        ");
    }

    #[test]
    fn warnings_alone_do_not_make_it_fail() {
        let text = Text::new("a", "");
        let warning = Problem::warning(&CODE, "odd");
        assert_eq!(
            Invalid::unless_ok(&text.into(), vec![warning.clone(), warning.clone()]).unwrap(),
            [warning]
        );
    }

    #[test]
    fn places_in_two_texts_are_shown_with_the_names_of_both() {
        let one = Text::new("a.yaml", "- x\n- y\n");
        let other = Text::at(one.next_start(), "b.yaml", "- z\n- x\n");
        let start = other.start();
        let problem = Problem::error(&CODE, "`x` is there twice")
            .at((start + 6..start + 7).into(), "again here")
            .at((2..3).into(), "first here");
        let invalid = Invalid::unless_ok(&Texts::new(vec![other, one]), vec![problem]).unwrap_err();
        let mut out = String::new();
        GraphicalReportHandler::new_themed(GraphicalTheme::none())
            .with_links(false)
            .with_width(80)
            .render_report(&mut out, &invalid)
            .unwrap();
        insta::assert_snapshot!(out, @"
          x `a.yaml` is not valid

        Error: jumpbag::test::code

          x `x` is there twice
           ,-[a.yaml:1:3]
         1 | - x
           :   |
           :   `-- first here
         2 | - y
           `----
           ,-[b.yaml:2:3]
         1 | - z
         2 | - x
           :   |
           :   `-- again here
           `----
        ");
    }
}
