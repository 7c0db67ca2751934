//! Texts with names, and places in them.

use std::ops::Range;
use std::sync::Arc;

use miette::{MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

/// A place in a [`Text`], in bytes; where there are several [`Texts`], it says which of them it is in.
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
    /// The offset of its first byte: the texts of one reading lie behind each other, so that a place is
    /// in one of them alone.
    start: usize,
    /// The offset of each line's first byte in `content`; the first is 0.
    lines: Arc<[usize]>,
}

impl Text {
    /// The `text` of the file `name`, alone.
    #[cfg(test)]
    pub(crate) fn new(name: impl Into<Arc<str>>, text: impl Into<Arc<str>>) -> Self {
        Self::at(0, name, text)
    }

    /// The same, with its first byte at the offset `start`.
    pub(crate) fn at(start: usize, name: impl Into<Arc<str>>, text: impl Into<Arc<str>>) -> Self {
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
            start,
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

    /// The offset of its first byte.
    pub(crate) fn start(&self) -> usize {
        self.start
    }

    /// The first offset that a text behind it can have: an empty place at its end is still in it.
    pub(crate) fn next_start(&self) -> usize {
        self.start
            .saturating_add(self.content.len())
            .saturating_add(1)
    }

    /// Whether the byte `offset`, or the place behind its last one, is in it.
    pub(crate) fn contains(&self, offset: usize) -> bool {
        (self.start..self.next_start()).contains(&offset)
    }

    /// The part at `span`; empty where the text has no such part.
    pub(crate) fn get(&self, span: Span) -> &str {
        let within = |offset: usize| offset.checked_sub(self.start);
        let range = within(span.start).zip(within(span.end));
        range
            .and_then(|(start, end)| self.content.get(start..end))
            .unwrap_or_default()
    }

    /// The line and the column, in characters, of the byte `offset`; both count from 1.
    pub(crate) fn position(&self, offset: usize) -> (usize, usize) {
        let offset = offset.saturating_sub(self.start);
        let line = self.line_of(offset);
        let before = self.content.as_bytes().get(self.start_of(line)..offset);
        // A character counts from its first byte on: an offset may be within one.
        let starts = before.unwrap_or_default().iter();
        let column = starts.filter(|byte| **byte & 0xC0 != 0x80).count();
        (line + 1, column + 1)
    }

    /// The line, from 0, that the byte `offset` of the content is in.
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
        let offset = span.offset().checked_sub(self.start);
        let start = offset.ok_or(MietteError::OutOfBounds)?;
        let end = start.saturating_add(span.len());
        if end > self.content.len() {
            return Err(MietteError::OutOfBounds);
        }
        // The last byte decides the last line: a span that ends with a line does not reach the next.
        let last = end.saturating_sub(1).max(start);
        let first_line = self.line_of(start).saturating_sub(lines_before);
        let last_line = self.line_of(last).saturating_add(lines_after);
        let last_line = last_line.min(self.lines.len().saturating_sub(1));
        let mut range = self.start_of(first_line)..self.start_of(last_line.saturating_add(1));
        let mut column = 0;
        // Without lines before it, what is shown starts with the span itself: that is how miette finds
        // the line and the column of the header.
        if lines_before == 0 {
            range.start = start;
            column = self.position(span.offset()).1 - 1;
        }
        let data = self.content.as_bytes().get(range.clone());
        Ok(Box::new(MietteSpanContents::new_named(
            self.name.to_string(),
            data.ok_or(MietteError::OutOfBounds)?,
            (self.start.saturating_add(range.start), range.len()).into(),
            first_line,
            column,
            // By the lines that are shown, miette decides which places share a snippet.
            last_line - first_line + 1,
        )))
    }
}

/// The texts that were read for one thing: a manifest and what it includes, in this order. Cheap to clone.
///
/// A place is in one of them alone, and what is shown of it comes from there. miette shows places that no
/// text has both of in snippets of their own, each headed by the text's name.
#[derive(Clone, Debug)]
pub(crate) struct Texts(Arc<[Text]>);

impl Texts {
    /// The `texts`, whose offsets do not overlap; the first is what the others were read for.
    pub(crate) fn new(mut texts: Vec<Text>) -> Self {
        texts.sort_by_key(Text::start);
        Self(texts.into())
    }

    /// These and the texts `more`, which lie behind them.
    pub(crate) fn and(&self, more: Vec<Text>) -> Self {
        if more.is_empty() {
            return self.clone();
        }
        Self::new(self.0.iter().cloned().chain(more).collect())
    }

    /// The first offset that a text behind them can have.
    pub(crate) fn next_start(&self) -> usize {
        self.0.last().map_or(0, Text::next_start)
    }

    /// The name of the first text; empty where there is none.
    pub(crate) fn name(&self) -> &str {
        self.0.first().map_or("", Text::name)
    }

    /// The names of all texts, the first one's first.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(Text::name)
    }

    /// The text that the byte `offset` is in.
    pub(crate) fn of(&self, offset: usize) -> Option<&Text> {
        let behind = self.0.partition_point(|text| text.start() <= offset);
        let text = self.0.get(behind.checked_sub(1)?)?;
        text.contains(offset).then_some(text)
    }

    /// Where `span` starts, as `NAME:LINE:COLUMN`.
    pub(crate) fn place(&self, span: Span) -> Option<String> {
        let text = self.of(span.start)?;
        let (line, column) = text.position(span.start);
        Some(format!("{}:{line}:{column}", text.name()))
    }
}

impl From<Text> for Texts {
    fn from(text: Text) -> Self {
        Self::new(vec![text])
    }
}

impl SourceCode for Texts {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        lines_before: usize,
        lines_after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let text = self.of(span.offset()).ok_or(MietteError::OutOfBounds)?;
        text.read_span(span, lines_before, lines_after)
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

    /// Three texts, of which the second is empty.
    fn three() -> [Text; 3] {
        let one = Text::new("one", "a\nb");
        let two = Text::at(one.next_start(), "two", "");
        let three = Text::at(two.next_start(), "three", "c\nd\n");
        [one, two, three]
    }

    #[test]
    fn a_place_is_in_one_text_alone() {
        let texts = Texts::new(three().to_vec());
        let names: Vec<_> = (0..12)
            .map(|at| texts.of(at).map_or("-", Text::name))
            .collect();
        assert_eq!(
            names.join(" "),
            "one one one one two three three three three three - -"
        );
        assert_eq!(texts.place((7..8).into()).unwrap(), "three:2:1");
        assert_eq!(texts.name(), "one");
    }

    #[test]
    fn no_snippet_holds_two_texts() {
        let texts = Texts::new(three().to_vec());
        assert!(texts.read_span(&(0, 3).into(), 9, 9).is_ok());
        assert!(texts.read_span(&(2, 4).into(), 9, 9).is_err());
        let last = texts.read_span(&(7, 1).into(), 1, 1).unwrap();
        assert_eq!((last.name(), last.data()), (Some("three"), &b"c\nd\n"[..]));
        assert_eq!(last.span().offset(), 5);
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
