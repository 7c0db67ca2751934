//! JSON that survives every log: what is dangerous to print stands as `\u….`, which reads back as
//! the same text.

use std::io;

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
    String::from_utf8_lossy(&bytes).into_owned()
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
        let mut units = [0; 2];
        let mut utf8 = [0; 4];
        let mut chars = fragment.chars().peekable();
        while let Some(c) = chars.next() {
            // `##[` and `##vso[` are commands to build agents, wherever they stand in a line.
            let escape = (self.1)(c) || (c == '#' && chars.peek() == Some(&'#'));
            if !escape {
                writer.write_all(c.encode_utf8(&mut utf8).as_bytes())?;
                continue;
            }
            for unit in c.encode_utf16(&mut units) {
                write!(writer, "\\u{unit:04x}")?;
            }
        }
        Ok(())
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
