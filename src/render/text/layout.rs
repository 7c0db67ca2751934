//! Lines of at most 80 columns, where what they hold allows it.

use unicode_width::UnicodeWidthStr as _;

use crate::render::style::{Role, Styles};
use crate::render::words::Piece;

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
        // The end of a separator that ends a line must fit too.
        let tail = separator.trim_end();
        let pieces = pieces.iter().filter(|(_, text)| !text.is_empty());
        let mut run: Option<(Role, String)> = None;
        for (role, text) in pieces {
            let width = separator.width() + text.width();
            run = Some(match run {
                None => (*role, text.clone()),
                Some((same, painted)) if column + width + tail.width() <= WIDTH => {
                    column += separator.width();
                    if same == *role {
                        (same, painted + separator + text)
                    } else {
                        self.styles.paint(&mut self.text, same, &painted);
                        self.text.push_str(separator);
                        (*role, text.clone())
                    }
                }
                Some((last, painted)) => {
                    self.styles.paint(&mut self.text, last, &painted);
                    self.text.push_str(tail);
                    self.text.push('\n');
                    self.indent(hanging);
                    column = hanging;
                    (*role, text.clone())
                }
            });
            column += text.width();
        }
        if let Some((role, painted)) = run {
            self.styles.paint(&mut self.text, role, &painted);
        }
        self.text.push('\n');
    }

    /// A sentence in pieces, on as few lines as they fit on.
    pub(in crate::render) fn sentence(
        &mut self,
        start: (usize, (Role, &str)),
        hanging: usize,
        role: Role,
        pieces: &[Piece],
    ) {
        let pieces = pieces.iter().map(|piece| (role, piece.to_string()));
        let pieces: Vec<_> = pieces.collect();
        self.pack(start, hanging, " ", &pieces);
    }

    pub(in crate::render) fn indent(&mut self, columns: usize) {
        self.text.extend(std::iter::repeat_n(' ', columns));
    }
}
