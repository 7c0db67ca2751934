//! Lines of at most 80 columns, where what they hold allows it.

use unicode_width::UnicodeWidthStr as _;

use crate::render::style::{Role, Styles};

/// Every log viewer shows as many.
pub(in crate::render) const WIDTH: usize = 80;

/// What is printed, as it grows.
pub(in crate::render) struct Page {
    pub(in crate::render) text: String,
    pub(in crate::render) styles: Styles,
}

impl Page {
    pub(in crate::render) fn new(color: bool) -> Self {
        Self {
            text: String::new(),
            styles: Styles { color },
        }
    }

    /// An empty line, but never two, and none at the top.
    pub(in crate::render) fn gap(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    /// One line. The pieces hold no line feeds.
    pub(in crate::render) fn line<'a>(
        &mut self,
        indent: usize,
        pieces: impl IntoIterator<Item = (Role, &'a str)>,
    ) {
        self.indent(indent);
        for (role, text) in pieces {
            self.styles.paint(&mut self.text, role, text);
        }
        self.text.push('\n');
    }

    /// `pieces` with `separator` between them, on as few lines as they fit on; the first line starts
    /// with `start`. No piece is broken.
    pub(in crate::render) fn pack(
        &mut self,
        (indent, start): (usize, (Role, &str)),
        hanging: usize,
        separator: &str,
        pieces: &[(Role, String)],
    ) {
        self.indent(indent);
        self.styles.paint(&mut self.text, start.0, start.1);
        let mut column = indent + start.1.width();
        let mut pieces = pieces
            .iter()
            .filter(|(_, text)| !text.is_empty())
            .peekable();
        let mut first = true;
        while let Some((role, text)) = pieces.next() {
            let separator = if first { "" } else { separator };
            // The separator that follows must fit too, without the space at its end.
            let tail = if pieces.peek().is_some() {
                separator.trim_end().width()
            } else {
                0
            };
            if first || column + separator.width() + text.width() + tail <= WIDTH {
                self.text.push_str(separator);
                column += separator.width();
            } else {
                self.text.push_str(separator.trim_end());
                self.text.push('\n');
                self.indent(hanging);
                column = hanging;
            }
            self.styles.paint(&mut self.text, *role, text);
            column += text.width();
            first = false;
        }
        self.text.push('\n');
    }

    /// A sentence of ours, wrapped between words.
    pub(in crate::render) fn sentence(
        &mut self,
        at: (usize, (Role, &str)),
        hanging: usize,
        role: Role,
        text: &str,
    ) {
        let words: Vec<_> = text
            .split(' ')
            .map(|word| (role, word.to_owned()))
            .collect();
        self.pack(at, hanging, " ", &words);
    }

    pub(in crate::render) fn indent(&mut self, columns: usize) {
        self.text.extend(std::iter::repeat_n(' ', columns));
    }
}
