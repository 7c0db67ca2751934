//! What a line of a script belongs to: the function, class or block around it, for the line above a hunk.
//!
//! As in git, it is found by how lines look. Unlike in git, what has ended before a line is not named, and
//! neither are lines of comments and of quoted text: a wrong name misleads more than none.

use super::fold::fold_to;
use crate::text::Language;

/// The most characters of a heading.
const MOST: usize = 60;

/// What each of `places`, which rise, and the line that stands or stood there, belongs to among `lines`: the
/// innermost heading that starts before it and has not ended. Not escaped.
pub(super) fn headings<'a>(
    language: Language,
    lines: &[&'a str],
    places: impl IntoIterator<Item = (usize, &'a str)>,
) -> Vec<Option<String>> {
    let mut open = Open {
        language,
        headings: Vec::new(),
        quote: Quote::None,
    };
    let mut lines = lines.iter().enumerate().peekable();
    let mut found = Vec::new();
    for (place, line) in places {
        while let Some((_, line)) = lines.next_if(|(at, _)| *at < place) {
            open.pass(line);
        }
        found.push(open.heading(line).map(|line| fold_to(line, MOST)));
    }
    found
}

/// Something in which lines are not code.
enum Quote {
    None,
    /// It ends with a line that has this in it.
    Until(&'static str),
    /// It ends with a line that starts with this.
    UntilStart(&'static str),
    /// It ends with a line that is this, apart from tabs before it where there may be some.
    UntilLine(String),
}

/// The headings that have started and not ended, outermost first, with their indentation.
struct Open<'a> {
    language: Language,
    headings: Vec<(usize, &'a str)>,
    quote: Quote,
}

impl<'a> Open<'a> {
    /// The innermost heading that can have `line` in it.
    fn heading(&self, line: &str) -> Option<&'a str> {
        let limit = self.limit(line);
        let mut open = self.headings.iter().rev();
        open.find(|(outer, _)| *outer < limit)
            .map(|(_, text)| *text)
    }

    /// What is indented less than this goes on with `line`: in Python, indentation ends a block.
    fn limit(&self, line: &str) -> usize {
        let text = line.trim();
        let is_code = matches!(self.quote, Quote::None)
            && !text.is_empty()
            && !text.starts_with(['#', ')', ']', '}']);
        if self.language == Language::Python && is_code {
            indent(line)
        } else {
            usize::MAX
        }
    }

    fn pass(&mut self, line: &'a str) {
        let text = line.trim();
        let is_over = match &self.quote {
            Quote::None => {
                let limit = self.limit(line);
                self.headings.retain(|(outer, _)| *outer < limit);
                self.code(line, text);
                return;
            }
            Quote::Until(end) => text.contains(end),
            Quote::UntilStart(end) => line.starts_with(end),
            Quote::UntilLine(end) => text == end,
        };
        if is_over {
            self.quote = Quote::None;
        }
    }

    fn code(&mut self, line: &'a str, text: &'a str) {
        let indent = indent(line);
        if starts_heading(self.language, text) {
            self.headings.retain(|(outer, _)| *outer < indent);
            let count = |brace| text.matches(brace).count();
            let is_over = count('{') > 0 && count('{') == count('}');
            if !is_over {
                self.headings.push((indent, text));
            }
        } else if text.starts_with('}') && self.language != Language::Python {
            self.headings.retain(|(outer, _)| *outer < indent);
        } else if self.language == Language::PowerShell {
            if self.headings.is_empty() && indent == 0 && starts_param(text) {
                // It is over at the latest where anything else starts.
                if !text.ends_with(')') {
                    self.headings.push((0, text));
                }
            } else if text.starts_with(')')
                && self.headings.last().is_some_and(|it| starts_param(it.1))
            {
                self.headings.retain(|(outer, _)| *outer < indent);
            }
        }
        self.quote = opened(self.language, text);
    }
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

fn starts_heading(language: Language, text: &str) -> bool {
    match language {
        Language::PowerShell => {
            let Some((keyword, rest)) = text.split_once(char::is_whitespace) else {
                return false;
            };
            let keywords = ["function", "filter", "workflow", "class", "enum"];
            let ends = |c: char| c.is_whitespace() || matches!(c, '{' | '(' | ':');
            let rest = rest.trim_start();
            let name = rest.trim_start_matches(|c| is_of_name(c) || c == ':');
            keywords.iter().any(|it| it.eq_ignore_ascii_case(keyword))
                && name.len() < rest.len()
                && (name.is_empty() || name.starts_with(ends))
        }
        Language::Shell => {
            if let Some(rest) = text.strip_prefix("function ") {
                return rest.trim_start().starts_with(is_of_name);
            }
            let rest = text.trim_start_matches(|c| is_of_name(c) || c == ':');
            let called = rest.trim_start().strip_prefix('(').map(str::trim_start);
            let body = called
                .and_then(|it| it.strip_prefix(')'))
                .map(str::trim_start);
            rest.len() < text.len()
                && body.is_some_and(|it| it.is_empty() || it.starts_with(['{', '(']))
        }
        Language::Python => ["def ", "class ", "async def "]
            .iter()
            .any(|keyword| text.starts_with(keyword)),
    }
}

fn is_of_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.')
}

fn starts_param(text: &str) -> bool {
    let (start, rest) = text.split_at_checked("param".len()).unwrap_or_default();
    start.eq_ignore_ascii_case("param") && rest.trim_start().starts_with('(')
}

/// What `text`, a line of code, opens and does not end.
fn opened(language: Language, text: &str) -> Quote {
    match language {
        Language::PowerShell => match text.rsplit_once("<#") {
            Some((_, rest)) if !rest.contains("#>") => Quote::Until("#>"),
            _ if text.ends_with("@'") => Quote::UntilStart("'@"),
            _ if text.ends_with("@\"") => Quote::UntilStart("\"@"),
            _ => Quote::None,
        },
        Language::Shell => match text.split_once("<<") {
            Some((_, rest)) if !rest.starts_with('<') && !text.starts_with('#') => {
                let rest = rest.trim_start_matches('-').trim_start();
                let rest = rest.trim_start_matches(['\'', '"', '\\']);
                let end: String = rest.chars().take_while(|c| is_of_name(*c)).collect();
                // `1 << 2` shifts; a word of capitals or letters ends a document.
                if end.starts_with(|c: char| c.is_alphabetic() || c == '_') {
                    Quote::UntilLine(end)
                } else {
                    Quote::None
                }
            }
            _ => Quote::None,
        },
        Language::Python => {
            let quotes = ["\"\"\"", "'''"];
            let open = quotes.iter().find(|it| text.matches(**it).count() % 2 == 1);
            open.map_or(Quote::None, |it| Quote::Until(it))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The heading of the last line of `text`.
    fn of_last(language: Language, text: &str) -> Option<String> {
        let lines: Vec<_> = text.lines().collect();
        headings(
            language,
            &lines,
            [(lines.len() - 1, lines[lines.len() - 1])],
        )
        .remove(0)
    }

    #[test]
    fn functions_of_each_language_are_headings() {
        for (language, line) in [
            (Language::PowerShell, "function Get-Thing {"),
            (Language::PowerShell, "FUNCTION global:Get-Thing($a)"),
            (Language::PowerShell, "  filter Where-It"),
            (Language::PowerShell, "workflow W {"),
            (Language::PowerShell, "class Thing : Base {"),
            (Language::PowerShell, "enum Colour {"),
            (Language::PowerShell, "param ("),
            (Language::Shell, "collect() {"),
            (Language::Shell, "log::info ()"),
            (Language::Shell, "function collect {"),
            (Language::Python, "def collect(self):"),
            (Language::Python, "async def collect():"),
            (Language::Python, "class Thing:"),
        ] {
            let found = of_last(language, &format!("{line}\n    x\n    y"));
            assert_eq!(found.as_deref(), Some(line.trim()));
        }
    }

    #[test]
    fn what_only_looks_like_a_function_is_none() {
        for (language, text) in [
            (Language::PowerShell, "functional $a\nx"),
            (Language::PowerShell, "function\nx"),
            (Language::PowerShell, "function, that is {\nx"),
            (Language::PowerShell, "# function Get-Thing {\nx"),
            (Language::PowerShell, "<#\nfunction Get-Thing {\n#>\nx"),
            (Language::PowerShell, "$a = @'\nfunction Get-Thing {\n'@\nx"),
            (Language::PowerShell, "function Short { 1 }\nx"),
            (Language::Shell, "cat <<'EOF'\ncollect() {\nEOF\nx"),
            (Language::Shell, "collect() { echo; }\nx"),
            (Language::Shell, "collect $(ls)\nx"),
            (Language::Python, "default = 1\nx"),
            (Language::Python, "\"\"\"\ndef collect():\n\"\"\"\nx"),
        ] {
            assert_eq!(of_last(language, text), None, "{text}");
        }
    }

    #[test]
    fn what_has_ended_is_not_named() {
        let text = "function Outer {\n    function Inner {\n        1\n    }\n    2\n}\n3";
        let lines: Vec<_> = text.lines().collect();
        let found = headings(
            Language::PowerShell,
            &lines,
            lines.iter().copied().enumerate(),
        );
        let found: Vec<_> = found.iter().map(|it| it.as_deref().unwrap_or("")).collect();
        let (outer, inner) = ("function Outer {", "function Inner {");
        assert_eq!(found, ["", outer, inner, inner, outer, outer, ""]);
        assert_eq!(of_last(Language::Python, "def a():\n    1\n\nx = 2"), None);
        assert_eq!(of_last(Language::PowerShell, "param(\n    $a\n)\nx"), None);
    }

    #[test]
    fn the_end_of_the_text_has_a_heading_too() {
        let lines = ["def a():", "    1"];
        let of_end = |line| headings(Language::Python, &lines, [(2, line)]).remove(0);
        assert_eq!(of_end("    removed").as_deref(), Some("def a():"));
        assert_eq!(of_end("removed"), None);
    }

    #[test]
    fn a_long_heading_is_cut_where_one_can_see_it() {
        let line = format!("function Get-{} {{", "x".repeat(100));
        let heading = of_last(Language::PowerShell, &format!("{line}\n    x")).unwrap();
        assert_eq!(heading.chars().count(), MOST);
        assert!(heading.ends_with('…'), "{heading}");
    }
}
