//! What is odd about a file that is to be in a library: whether it will run, whether its reader sees what runs, and
//! whether it says what it is. Each rule has a file, a code in [`crate::diagnostics::lints`] and a page in `docs/errors/lint.md`.
//!
//! Pure: the same file always has the same findings. What is found is no proof of anything, and neither is what is not.

mod attributes;
mod certificate;
mod credential;
mod encoding;
mod endings;
mod executable;
mod hidden;
mod parameters;
mod shell;
mod signature;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::cell::OnceCell;
use std::ops::Range;

use jiff::Timestamp;

use crate::diagnostics::Code;
use crate::diagnostics::lints::{Level, Levels};
use crate::model::File;
use crate::script::Script;
use crate::text::{self, Encoding, Glance, Language};

/// A file as it is to be in a library.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subject<'a> {
    /// Its name there.
    pub(crate) name: &'a str,
    /// What the manifest says of it.
    pub(crate) file: &'a File,
    /// Its content; `None` where it is opaque: neither text nor an executable of Windows, nor does it say what runs it.
    pub(crate) bytes: Option<&'a [u8]>,
}

/// Something odd about a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    /// Which lint.
    pub(crate) code: &'static Code,
    /// What is odd, as a phrase that begins with the file's name in backticks and has no others.
    pub(crate) message: String,
    /// What to do about it.
    pub(crate) help: String,
    /// Where, in bytes of [`Findings::text`], and what is there; `None` where it is about the whole file.
    pub(crate) place: Option<(Range<usize>, &'static str)>,
}

/// Everything odd about a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Findings {
    /// In the order of the rules.
    pub(crate) list: Vec<Finding>,
    /// What the places are in: the content as text, where somebody may see it. What looks like a credential is
    /// hidden; `None` where no place is needed.
    pub(crate) text: Option<String>,
}

/// What is odd about `subject`, without what is allowed by `levels`; it is `now`.
pub(crate) fn check(subject: &Subject<'_>, levels: &Levels, now: Timestamp) -> Findings {
    let mut checked = Checked::new(subject, levels, now);
    attributes::check(&mut checked);
    signature::check(&mut checked);
    parameters::check(&mut checked);
    endings::check(&mut checked);
    shell::check(&mut checked);
    encoding::check(&mut checked);
    hidden::check(&mut checked);
    executable::check(&mut checked);
    credential::check(&mut checked);
    checked.finish()
}

/// A file that is being checked, with what is known of it.
struct Checked<'a> {
    name: &'a str,
    file: &'a File,
    bytes: &'a [u8],
    /// Whether there is nothing to look into.
    is_opaque: bool,
    levels: &'a Levels,
    now: Timestamp,
    /// How the text is written; `None` where the content is none.
    encoding: Option<Encoding>,
    /// The text without a byte order mark; empty where the content is none.
    text: Cow<'a, str>,
    language: Option<Language>,
    script: OnceCell<Option<Script>>,
    /// What must not be shown, in bytes of `text`.
    secrets: Vec<Range<usize>>,
    findings: Vec<Finding>,
}

impl<'a> Checked<'a> {
    fn new(subject: &Subject<'a>, levels: &'a Levels, now: Timestamp) -> Self {
        let Subject { name, file, bytes } = *subject;
        let bytes = bytes.filter(|bytes| !Glance::of(bytes).is_opaque());
        let text = bytes.and_then(text::characters_of_file);
        let (encoding, text) = match text {
            Some((encoding, text)) => (Some(encoding), text),
            None => (None, Cow::Borrowed("")),
        };
        let language = encoding.and_then(|_| Language::of(name, &text));
        Self {
            name,
            file,
            bytes: bytes.unwrap_or_default(),
            is_opaque: bytes.is_none(),
            levels,
            now,
            encoding,
            text,
            language,
            script: OnceCell::new(),
            secrets: Vec::new(),
            findings: Vec::new(),
        }
    }

    /// Whether anybody wants to know of `lint`.
    fn wants(&self, lint: &'static Code) -> bool {
        self.levels.of(lint) != Level::Allow
    }

    /// Whether anybody wants to know of one of `lints`.
    fn wants_any(&self, lints: &[&'static Code]) -> bool {
        lints.iter().any(|lint| self.wants(lint))
    }

    /// The PowerShell script that it is; `None` where it is none, or too much to be looked at.
    fn script(&self) -> Option<&Script> {
        let parse = || {
            let is_script = self.language == Some(Language::PowerShell);
            is_script.then(|| Script::parse(&self.text)).flatten()
        };
        self.script.get_or_init(parse).as_ref()
    }

    /// Tells of `lint`: that the file `is` so, and what to do.
    fn tell(&mut self, lint: &'static Code, is: &str, help: impl Into<String>) {
        self.tell_at(lint, is, help, None);
    }

    /// The same, with a place in the text and what is there.
    fn tell_at(
        &mut self,
        lint: &'static Code,
        is: &str,
        help: impl Into<String>,
        place: Option<(Range<usize>, &'static str)>,
    ) {
        if self.wants(lint) {
            self.findings.push(Finding {
                code: lint,
                message: format!("`{}` {is}", self.name),
                help: help.into(),
                place,
            });
        }
    }

    fn finish(mut self) -> Findings {
        for finding in &mut self.findings {
            say_where(finding, &self.text);
        }
        if self.findings.iter().all(|finding| finding.place.is_none()) {
            return Findings {
                list: self.findings,
                text: None,
            };
        }
        let mut text = String::with_capacity(self.text.len());
        let mut at = 0;
        for secret in &self.secrets {
            let before = self.text.get(at..secret.start).unwrap_or_default();
            text.push_str(before);
            let hidden = self.text.get(at.max(secret.start)..secret.end);
            // Lines keep their numbers, and bytes their places.
            text.extend(hidden.unwrap_or_default().bytes().map(|byte| match byte {
                b'\r' | b'\n' => char::from(byte),
                _ => '*',
            }));
            at = at.max(secret.end);
        }
        text.push_str(self.text.get(at..).unwrap_or_default());
        let mut list = self.findings;
        if self.encoding == Some(Encoding::Utf8Bom) {
            // The places are those in the file.
            let mark = '\u{feff}';
            text.insert(0, mark);
            for (range, _) in list.iter_mut().filter_map(|it| it.place.as_mut()) {
                range.start += mark.len_utf8();
                range.end += mark.len_utf8();
            }
        }
        Findings {
            list,
            text: Some(text),
        }
    }
}

/// The longest line that is shown, in bytes: of a longer one nobody sees where in it something is.
const LONGEST_LINE: usize = 1000;

/// Says where something is in a line that is too long to be shown, in place of showing it.
fn say_where(finding: &mut Finding, text: &str) {
    let Some((range, _)) = &finding.place else {
        return;
    };
    let before = text.get(..range.start).unwrap_or_default();
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let behind = text.get(range.start..).unwrap_or_default();
    let end = range.start + behind.find('\n').unwrap_or(behind.len());
    if end - start > LONGEST_LINE {
        let line = 1 + before.matches('\n').count();
        let byte = range.start - start;
        let message = &finding.message;
        finding.message = format!("{message}, in line {line} behind {byte} bytes");
        finding.place = None;
    }
}
