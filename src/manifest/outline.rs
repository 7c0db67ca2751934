//! A manifest as text, for a library that has none yet.
//!
//! Names and descriptions come from an API, and mean nothing in the text that they are put in: whatever is not
//! plainly one word or sentence stands in double quotes, on one line, with everything odd escaped.

use std::fmt::Write as _;

use super::library::UNMANAGED_WORDS;
use super::yaml::holds_key;
use super::{Cloud, Endpoint, Library, StateSettings};
use crate::model::{Auth, File, Limit, Name, Policy, Unmanaged};

/// What a manifest shall say.
pub(crate) struct Outline<'a> {
    /// The comment at its head, line by line.
    pub(crate) header: Vec<String>,
    /// Its libraries; written only where they do not come from the environment.
    pub(crate) libraries: &'a [Library],
    /// Where the state is.
    pub(crate) state: &'a StateSettings,
    /// The entries, in their order.
    pub(crate) entries: Vec<Draft>,
    /// Whether a line shows nothing else than it holds: what is not harmless is written in ASCII.
    pub(crate) is_harmless: fn(&str) -> bool,
}

/// One entry that shall be written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Draft {
    /// What the file is called.
    pub(crate) name: Name,
    /// What it is.
    pub(crate) file: File,
    /// See [`crate::model::DesiredFile::protect`].
    pub(crate) protect: bool,
    /// Where its content is; without one the entry is commented out.
    pub(crate) source: Option<String>,
    /// The lines of comment above it.
    pub(crate) notes: Vec<Note>,
    /// The libraries that it is for, in their order; empty for all.
    pub(crate) libraries: Vec<String>,
}

/// A sentence of ours, with texts from outside behind it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Note {
    /// Ours.
    pub(crate) sentence: String,
    /// Theirs.
    pub(crate) values: Vec<String>,
}

impl Outline<'_> {
    /// The text, which [`super::parse`] understands.
    pub(crate) fn text(&self) -> String {
        let mut out = String::new();
        for line in &self.header {
            writeln!(out, "# {line}").ok();
        }
        out.push_str("version: 1\n");
        if self.libraries.iter().any(|it| !it.from_environment) {
            out.push_str("\nlibraries:\n");
            for library in self.libraries {
                self.library(&mut out, library);
            }
        }
        self.state(&mut out);
        let is_empty = self.entries.iter().all(|entry| entry.source.is_none());
        out.push_str(match (is_empty, self.entries.is_empty()) {
            (true, true) => "\nfiles: []\n",
            (true, false) => "\nfiles: [] # without the brackets, once there is an entry\n",
            (false, _) => "\nfiles:\n",
        });
        // No comment shall seem to be about the entry after its own.
        let mut is_apart = is_empty;
        for (nth, entry) in self.entries.iter().enumerate() {
            if is_apart || (!entry.notes.is_empty() && nth > 0) {
                out.push('\n');
            }
            self.entry(&mut out, entry);
            is_apart = entry.source.is_none();
        }
        out
    }

    fn library(&self, out: &mut String, library: &Library) {
        // Named one by one, so that a setting that is added is not forgotten here.
        let Library {
            name,
            from_environment: _,
            tenant_id,
            cloud,
            endpoint,
            auth,
            client_id,
            authority,
            scope,
            ca_file,
            max_file_size,
            limits,
            unmanaged,
            max_deletes,
        } = library;
        writeln!(out, "  {}:", self.scalar(name)).ok();
        let mut line = |key: &str, value: &str| {
            writeln!(out, "    {key}: {value}").ok();
        };
        let word = |found: Option<&'static str>| found.unwrap_or_default();
        if let Some(tenant_id) = tenant_id {
            line("tenant_id", &self.scalar(tenant_id));
        }
        if *cloud != Cloud::default() {
            let found = Cloud::WORDS.iter().find(|(_, it)| it == cloud);
            line("cloud", word(found.map(|(word, _)| *word)));
        }
        match endpoint {
            Some(Endpoint::Url(url)) => line("endpoint", &self.scalar(url)),
            Some(Endpoint::Emulator(folder)) => {
                line("endpoint", &self.scalar(&format!("emulator:{folder}")));
            }
            None => {}
        }
        if *auth != Auth::default() {
            line("auth", auth.as_str());
        }
        let ca_file = ca_file.as_ref().map(|path| path.as_str());
        let texts = [
            ("client_id", client_id.as_deref()),
            ("authority", authority.as_deref()),
            ("scope", scope.as_deref()),
            ("ca_file", ca_file),
        ];
        for (key, text) in texts {
            if let Some(text) = text {
                line(key, &self.scalar(text));
            }
        }
        if *max_file_size != Library::MAX_FILE_SIZE {
            line("max_file_size", &max_file_size.to_string());
        }
        if *limits != Limit::DOCUMENTED {
            line("limits", &windows(limits));
        }
        if *unmanaged != Unmanaged::default() {
            let found = UNMANAGED_WORDS.iter().find(|(_, it)| it == unmanaged);
            line("unmanaged", word(found.map(|(word, _)| *word)));
        }
        if *max_deletes != Policy::MAX_DELETES {
            line("max_deletes", &max_deletes.to_string());
        }
    }

    fn state(&self, out: &mut String) {
        if *self.state == StateSettings::default() {
            return;
        }
        let StateSettings {
            backend,
            path,
            encrypt_to,
            url,
        } = self.state;
        writeln!(out, "\nstate:\n  backend: {}", backend.as_str()).ok();
        match url {
            Some(url) => writeln!(out, "  url: {}", self.scalar(url)),
            None => writeln!(out, "  path: {}", self.scalar(path.as_str())),
        }
        .ok();
        if !encrypt_to.is_empty() {
            writeln!(out, "  encrypt_to: {}", self.list(encrypt_to)).ok();
        }
    }

    fn entry(&self, out: &mut String, entry: &Draft) {
        for Note { sentence, values } in &entry.notes {
            let values: Vec<_> = values.iter().map(|value| self.quoted(value)).collect();
            let space = if values.is_empty() { "" } else { " " };
            writeln!(out, "  # {sentence}{space}{}", values.join(", ")).ok();
        }
        let (start, source) = match &entry.source {
            Some(source) => ("  ", self.scalar(source)),
            None => ("  # ", "PATH".to_owned()),
        };
        writeln!(out, "{start}- source: {source}").ok();
        let mut line = |key: &str, value: &str| {
            writeln!(out, "{start}  {key}: {value}").ok();
        };
        let base = entry.source.as_deref().and_then(|it| it.rsplit('/').next());
        if base != Some(entry.name.as_str()) {
            line("name", &self.scalar(entry.name.as_str()));
        }
        let File {
            sha256: _,
            size: _,
            description,
            has_parameters,
            parameters_description,
        } = &entry.file;
        if let Some(description) = description {
            line("description", &self.scalar(description));
        }
        if let Some(parameters) = parameters_description {
            line("parameters_description", &self.scalar(parameters));
        }
        if *has_parameters != parameters_description.is_some() {
            line("has_parameters", &has_parameters.to_string());
        }
        if entry.protect {
            line("protect", "true");
        }
        if !entry.libraries.is_empty() {
            line("libraries", &self.list(&entry.libraries));
        }
    }

    fn list(&self, texts: &[String]) -> String {
        let texts: Vec<_> = texts.iter().map(|text| self.scalar(text)).collect();
        format!("[{}]", texts.join(", "))
    }

    /// `text` as a value that stands at the end of a line or in brackets.
    fn scalar(&self, text: &str) -> String {
        if is_plain(text) && !holds_key(text) {
            text.to_owned()
        } else {
            self.quoted(text)
        }
    }

    /// `text` in double quotes. A secret key is not passed on: even in a comment the manifest would be refused.
    fn quoted(&self, text: &str) -> String {
        if holds_key(text) {
            return "\"[redacted]\"".to_owned();
        }
        let keep = text.split('\n').all(self.is_harmless);
        let mut out = String::from("\"");
        for c in text.chars() {
            match c {
                '"' | '\\' => out.extend(['\\', c]),
                '\n' => out.push_str("\\n"),
                '\t' => out.push_str("\\t"),
                ' '..='~' => out.push(c),
                c if keep && !c.is_control() => out.push(c),
                c => {
                    // Four hex digits for what they hold, eight for the rest.
                    let code = u32::from(c);
                    match u16::try_from(code) {
                        Ok(code) => write!(out, "\\u{code:04X}"),
                        Err(_) => write!(out, "\\U{code:08X}"),
                    }
                    .ok();
                }
            }
        }
        out.push('"');
        out
    }
}

/// Whether YAML reads `text` as itself without quotes, in every version and in brackets.
fn is_plain(text: &str) -> bool {
    const WORDS: [&str; 8] = ["true", "false", "null", "yes", "no", "on", "off", "nan"];
    let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '.' | '_' | '-' | '/');
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(inner)
        && !text.ends_with(' ')
        && text.len() > 1
        && !WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
}

fn windows(limits: &[Limit]) -> String {
    let window = |limit: &Limit| {
        let Limit { calls, per } = limit;
        format!("{{ calls: {calls}, per: {}ms }}", per.as_millis())
    };
    let windows: Vec<_> = limits.iter().map(window).collect();
    format!("[{}]", windows.join(", "))
}
