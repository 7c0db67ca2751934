//! A text with a name, and places in it.

use std::ops::Range;
use std::sync::Arc;

use miette::{MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

/// A place in a [`Text`], in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Span {
    /// The first byte.
    pub(crate) start: usize,
    /// One past the last byte; equal to `start` where the place is between two characters.
    pub(crate) end: usize,
}

impl From<Range<usize>> for Span {
    fn from(range: Range<usize>) -> Self {
        Self {
            start: range.start,
            end: range.end,
        }
    }
}

impl From<Span> for SourceSpan {
    fn from(span: Span) -> Self {
        (span.start, span.end.saturating_sub(span.start)).into()
    }
}

/// A text with the name of its file. Cheap to clone.
///
/// It knows where its lines start. miette's own sources count the lines from the beginning for every
/// label, which takes minutes for thousands of problems in a large manifest.
#[derive(Clone, Debug)]
pub(crate) struct Text {
    name: Arc<str>,
    content: Arc<str>,
    /// The offset of each line's first byte; the first is 0.
    lines: Arc<[usize]>,
}

impl Text {
    /// The `text` of the file `name`.
    pub(crate) fn new(name: impl Into<Arc<str>>, text: impl Into<Arc<str>>) -> Self {
        let content = text.into();
        let bytes = content.as_bytes();
        let ends = bytes.iter().enumerate().filter(|(at, byte)| {
            **byte == b'\n' || (**byte == b'\r' && bytes.get(at + 1) != Some(&b'\n'))
        });
        let lines = std::iter::once(0)
            .chain(ends.map(|(at, _)| at + 1))
            .collect();
        Self {
            name: name.into(),
            content,
            lines,
        }
    }

    /// The name of the file.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The whole text.
    pub(crate) fn as_str(&self) -> &str {
        &self.content
    }

    /// The part at `span`; empty where the text has no such part.
    pub(crate) fn get(&self, span: Span) -> &str {
        self.content.get(span.start..span.end).unwrap_or_default()
    }

    /// The line and the column, in characters, of the byte `offset`; both count from 1.
    pub(crate) fn position(&self, offset: usize) -> (usize, usize) {
        let line = self.line_of(offset);
        let start = self.start_of(line);
        let column = self.content.get(start..offset).unwrap_or_default();
        (line + 1, column.chars().count() + 1)
    }

    /// The line, from 0, that the byte `offset` is in.
    fn line_of(&self, offset: usize) -> usize {
        self.lines
            .partition_point(|start| *start <= offset)
            .saturating_sub(1)
    }

    /// Where the line, from 0, starts; the end of the text for a line that it does not have.
    fn start_of(&self, line: usize) -> usize {
        self.lines.get(line).copied().unwrap_or(self.content.len())
    }
}

impl SourceCode for Text {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        lines_before: usize,
        lines_after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let end = span.offset().saturating_add(span.len());
        if end > self.content.len() {
            return Err(MietteError::OutOfBounds);
        }
        // The last byte decides the last line: a span that ends with a line does not reach the next.
        let last = end.saturating_sub(1).max(span.offset());
        let first_line = self.line_of(span.offset()).saturating_sub(lines_before);
        let last_line = self.line_of(last).saturating_add(lines_after);
        let mut range = self.start_of(first_line)..self.start_of(last_line.saturating_add(1));
        let mut column = 0;
        // Without lines before it, what is shown starts with the span itself: that is how miette finds
        // the line and the column of the header.
        if lines_before == 0 {
            range.start = span.offset();
            column = self.position(span.offset()).1 - 1;
        }
        let data = self
            .content
            .get(range.clone())
            .ok_or(MietteError::OutOfBounds)?;
        Ok(Box::new(MietteSpanContents::new_named(
            self.name.to_string(),
            data.as_bytes(),
            (range.start, range.len()).into(),
            first_line,
            column,
            self.lines.len(),
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use miette::NamedSource;
    use proptest::prelude::*;

    #[test]
    fn every_kind_of_line_break_ends_a_line() {
        let text = Text::new("a", "1\r\n2\r3\n4");
        assert_eq!([0, 3, 5, 7].map(|at| text.position(at).0), [1, 2, 3, 4]);
    }

    #[test]
    fn positions_count_characters_from_one() {
        let text = Text::new("a", "é\nüx\n");
        assert_eq!(text.position(0), (1, 1));
        assert_eq!(text.position(2), (1, 2));
        assert_eq!(text.position(3), (2, 1));
        assert_eq!(text.position(5), (2, 2));
        assert_eq!(text.position(7), (3, 1));
    }

    proptest! {
        /// The lines that are shown are those that miette itself finds.
        #[test]
        fn the_lines_are_those_of_miette(
            head in "([aé\n]|\r\n?){0,20}",
            marked in "[aé]{1,5}",
            tail in "([aé\n]|\r\n?){0,20}",
            before in 0..3_usize,
            after in 0..3_usize,
        ) {
            let span = SourceSpan::from((head.len(), marked.len()));
            let content = format!("{head}{marked}{tail}");
            let theirs = NamedSource::new("a", content.clone());
            let theirs = theirs.read_span(&span, before, after).unwrap();
            let text = Text::new("a", content.as_str());
            let ours = text.read_span(&span, before, after).unwrap();
            let shown = |data: &[u8]| String::from_utf8(data.to_vec()).unwrap().trim_end_matches(['\n', '\r']).to_owned();
            // It ends with the span, and ours with the line, where no lines after it are asked for.
            if after == 0 {
                prop_assert!(ours.data().starts_with(theirs.data()));
            } else {
                prop_assert_eq!(shown(ours.data()), shown(theirs.data()));
            }
            prop_assert_eq!(ours.line(), theirs.line());
            prop_assert_eq!(ours.span().offset(), theirs.span().offset());
        }
    }
}
