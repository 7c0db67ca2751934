//! Showing a diagnostic to a person, so that nothing in it can forge output.

use std::error::Error as StdError;
use std::fmt;

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, Severity, SourceCode,
    SourceSpan,
};

use crate::diagnostics::{Text, Texts, without_passwords};
use crate::render::escape;

/// How many columns a diagnostic takes.
const WIDTH: usize = 80;

/// `diagnostic` with its causes and related ones, as text that ends in a newline.
pub(crate) fn render(diagnostic: &dyn Diagnostic, color: bool) -> String {
    let theme = if color {
        GraphicalTheme::unicode()
    } else {
        GraphicalTheme::unicode_nocolor()
    };
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_links(false)
        .with_width(WIDTH)
        .with_break_words(false)
        .with_word_separator(textwrap::WordSeparator::AsciiSpace)
        .with_word_splitter(textwrap::WordSplitter::NoHyphenation)
        .with_show_related_as_nested(false);
    let mut text = String::new();
    let shown = Shown::of_diagnostic(diagnostic);
    if handler.render_report(&mut text, &shown).is_err() {
        text = format!("{shown}\n");
    }
    text
}

/// A copy of a diagnostic in which every text is escaped: names, contents and answers come from people who
/// must not be able to move the cursor.
#[derive(Debug)]
struct Shown {
    message: String,
    code: Option<String>,
    severity: Option<Severity>,
    help: Option<String>,
    labels: Vec<LabeledSpan>,
    source: Option<Texts>,
    related: Vec<Self>,
    cause: Option<Box<Self>>,
}

impl Shown {
    fn of_diagnostic(diagnostic: &dyn Diagnostic) -> Self {
        let visible = |text: &dyn fmt::Display| escape::visible(&text.to_string()).into_owned();
        let labels = diagnostic.labels().into_iter().flatten().map(|label| {
            let text = label.label().map(|text| escape::visible(text).into_owned());
            if label.primary() {
                LabeledSpan::new_primary_with_span(text, *label.inner())
            } else {
                LabeledSpan::new_with_span(text, *label.inner())
            }
        });
        let cause = match diagnostic.diagnostic_source() {
            Some(cause) => Some(Self::of_diagnostic(cause)),
            None => diagnostic.source().map(Self::of_error),
        };
        Self {
            message: visible(&diagnostic),
            code: diagnostic.code().map(|code| visible(&code)),
            severity: diagnostic.severity(),
            help: diagnostic.help().map(|help| visible(&help)),
            labels: labels.collect(),
            source: diagnostic
                .source_code()
                .and_then(|code| source(code, diagnostic)),
            related: diagnostic
                .related()
                .into_iter()
                .flatten()
                .map(Self::of_diagnostic)
                .collect(),
            cause: cause.map(Box::new),
        }
    }

    fn of_error(error: &(dyn StdError + 'static)) -> Self {
        Self {
            message: escape::visible(&error.to_string()).into_owned(),
            code: None,
            severity: None,
            help: None,
            labels: Vec::new(),
            source: None,
            related: Vec::new(),
            cause: error.source().map(Self::of_error).map(Box::new),
        }
    }
}

/// The texts behind `code` that `diagnostic` has places in, with everything dangerous replaced by something
/// of the same length; `None` where it has none.
fn source(code: &dyn SourceCode, diagnostic: &dyn Diagnostic) -> Option<Texts> {
    let mut texts: Vec<Text> = Vec::new();
    for place in places(diagnostic) {
        if texts.iter().any(|text| text.contains(place.offset())) {
            continue;
        }
        // With all lines before and after it, it is the whole text.
        let whole = code.read_span(&place, usize::MAX, usize::MAX);
        texts.extend(whole.ok().map(|contents| {
            let text = String::from_utf8_lossy(contents.data());
            let name = escape::visible(contents.name().unwrap_or("manifest")).into_owned();
            let start = contents.span().offset();
            // What is escaped is another text.
            let text = without_passwords(text);
            Text::at(start, name, escape::source_for_display(&text))
        }));
    }
    (!texts.is_empty()).then(|| Texts::new(texts))
}

/// The places of `diagnostic`, and of the related ones that are in the same texts.
fn places(diagnostic: &dyn Diagnostic) -> Vec<SourceSpan> {
    let own = diagnostic.labels().into_iter().flatten();
    let mut places: Vec<SourceSpan> = own.map(|label| *label.inner()).collect();
    for related in diagnostic.related().into_iter().flatten() {
        if related.source_code().is_none() {
            places.extend(self::places(related));
        }
    }
    places
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for Shown {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.cause
            .as_ref()
            .map(|cause| &**cause as &(dyn StdError + 'static))
    }
}

impl Diagnostic for Shown {
    fn code(&self) -> Option<Box<dyn fmt::Display + '_>> {
        self.code
            .as_ref()
            .map(|code| Box::new(code) as Box<dyn fmt::Display>)
    }

    fn severity(&self) -> Option<Severity> {
        self.severity
    }

    fn help(&self) -> Option<Box<dyn fmt::Display + '_>> {
        self.help
            .as_ref()
            .map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|source| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        (!self.labels.is_empty()).then(|| Box::new(self.labels.iter().cloned()) as Box<_>)
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        (!self.related.is_empty())
            .then(|| Box::new(self.related.iter().map(|one| one as &dyn Diagnostic)) as Box<_>)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use miette::NamedSource;

    #[derive(Debug, thiserror::Error, Diagnostic)]
    #[error("could not do\u{1b}[2Jit")]
    #[diagnostic(code(jumpbag::test), help("mind \u{202e}this"))]
    struct Hostile {
        #[source_code]
        text: NamedSource<String>,
        #[label("here\r")]
        place: SourceSpan,
        #[source]
        cause: std::io::Error,
    }

    #[test]
    fn nothing_in_a_diagnostic_reaches_the_terminal_unescaped() {
        let hostile = Hostile {
            text: NamedSource::new(
                "evil\u{7}.yaml",
                "a\u{1b}b\u{202e}\ndescription: é\u{9b}x\n".to_owned(),
            ),
            place: (21, 2).into(),
            cause: std::io::Error::other("answer\u{8}"),
        };
        insta::assert_snapshot!(render(&hostile, false), @r"
        jumpbag::test

          × could not do\u{1b}[2Jit
          ╰─▶ answer\u{8}
           ╭─[evil\u{7}.yaml:2:15]
         1 │ a?b�
         2 │ description: é¿x
           ·              ─┬
           ·               ╰── here\r
           ╰────
          help: mind \u{202e}this
        ");
        let colored = render(&hostile, true);
        let plain = anstream::adapter::strip_str(&colored).to_string();
        assert!(
            !plain.contains(|c: char| c.is_control() && c != '\n'),
            "{plain:?}"
        );
    }

    #[test]
    fn no_text_draws_commands_or_adds_a_line() {
        for bad in crate::render::hostile_texts() {
            let report = |text: &str| {
                let hostile = Hostile {
                    text: NamedSource::new(text, "first\nsecond\n".to_owned()),
                    place: (6, 2).into(),
                    cause: std::io::Error::other(text.to_owned()),
                };
                render(&hostile, false)
            };
            let bad: String = bad.chars().take(40).collect();
            let shown = report(&bad);
            let found = shown
                .chars()
                .find(|c| *c != '\n' && escape::is_dangerous(*c));
            assert_eq!(found, None, "{bad:?}");
            let commands = ["##vso[", "##[", "##teamcity["];
            assert!(
                !commands.iter().any(|it| shown.to_lowercase().contains(it)),
                "{shown}"
            );
            assert!(
                !shown
                    .lines()
                    .any(|line| line.trim_start().starts_with("::")),
                "{shown}"
            );
            // Only where a line is too long is there one more.
            let wide = "h ".repeat(escape::visible(&bad).chars().count() / 2);
            let most = report(&wide).lines().count();
            assert!(shown.lines().count() <= most + 1, "{shown}");
        }
    }
}
