//! JSON that survives every log: what is dangerous to print stands as `\u….`, which reads back as
//! the same text.

use std::io;
use std::string::FromUtf8Error;

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter, Serializer};

use crate::render::escape::is_dangerous;

/// `value`, whose members are texts, numbers and lists, indented, with a line feed at the end.
pub(crate) fn pretty_json(value: &impl Serialize) -> String {
    #[expect(
        clippy::expect_used,
        reason = "texts, numbers and lists always have a JSON form, and memory takes every write"
    )]
    let bytes = pretty(value).expect("the document has a JSON form");
    let lossy = |error: FromUtf8Error| String::from_utf8_lossy(error.as_bytes()).into_owned();
    String::from_utf8(bytes).unwrap_or_else(lossy)
}

fn pretty(value: &impl Serialize) -> serde_json::Result<Vec<u8>> {
    written(value, Harmless(PrettyFormatter::new(), is_dangerous))
}

/// `value` on one line of nothing but ASCII, with a line feed at the end: for readers that look at bytes.
pub(super) fn line(value: &impl Serialize) -> serde_json::Result<Vec<u8>> {
    let is_escaped = |c: char| !c.is_ascii() || is_dangerous(c);
    written(value, Harmless(CompactFormatter, is_escaped))
}

fn written(value: &impl Serialize, formatter: impl Formatter) -> serde_json::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    value.serialize(&mut Serializer::with_formatter(&mut bytes, formatter))?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// A layout, and which characters are escaped.
struct Harmless<F>(F, fn(char) -> bool);

impl<F: Formatter> Formatter for Harmless<F> {
    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        // Nearly all of it is plain, and looking at each character takes longer than writing it.
        if fragment
            .bytes()
            .all(|byte| matches!(byte, b' '..=b'~') && byte != b'#')
        {
            return writer.write_all(fragment.as_bytes());
        }
        let mut units = [0; 2];
        let mut written = 0;
        let mut chars = fragment.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            // `##[` and `##vso[` are commands to build agents, wherever they stand in a line.
            let is_command = c == '#' && chars.peek().is_some_and(|(_, next)| *next == '#');
            if !is_command && !(self.1)(c) {
                continue;
            }
            let before = fragment.as_bytes().get(written..at);
            writer.write_all(before.unwrap_or_default())?;
            written = at + c.len_utf8();
            for unit in c.encode_utf16(&mut units) {
                write!(writer, "\\u{unit:04x}")?;
            }
        }
        let rest = fragment.as_bytes().get(written..);
        writer.write_all(rest.unwrap_or_default())
    }

    fn begin_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_array(writer)
    }

    fn end_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array(writer)
    }

    fn begin_array_value<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.0.begin_array_value(writer, first)
    }

    fn end_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array_value(writer)
    }

    fn begin_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object(writer)
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object(writer)
    }

    fn begin_object_key<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.0.begin_object_key(writer, first)
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object_value(writer)
    }

    fn end_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object_value(writer)
    }
}
