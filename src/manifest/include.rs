//! `include:`: the files whose entries a manifest shares with others.
//!
//! Which file is meant goes by its real path, so that no link makes two of one, and a file's own paths are
//! relative to where it really is. Nothing is included from outside the repository: that is under no review.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};

use super::decode::{Decoder, Fields, Located};
use super::glob::Finder;
use super::origin::{Origin, Role, folder_of, repository_root};
use super::read::MAX_BYTES;
use super::real::real_path;
use super::selector::Selector;
use super::{Entry, Parsed, codes, entry, is_map, path, settings, yaml};
use crate::diagnostics::{Problem, Span, Text, Texts};
use crate::files::open::{OpenError, bytes};

/// The most files that a manifest includes, by itself and through others.
pub(super) const MAX_FILES: usize = 64;

/// How far an included file may be from the manifest: the manifest includes the first.
const MAX_DEPTH: usize = 8;

/// The keys of an included file.
pub(super) const KEYS: [&str; 4] = ["version", "include", "defaults", "files"];

/// What only the manifest has.
const ELSEWHERE: [(&str, &str); 4] = [
    ("libraries", "declare the libraries in the manifest"),
    ("library_defaults", "move it into the manifest"),
    ("lints", "move it into the manifest"),
    ("state", "say in the manifest where the state is kept"),
];

/// The paths that `include` lists in the map `fields`.
pub(super) fn list(decoder: &mut Decoder<'_>, fields: &Fields<'_>) -> Vec<Located<Utf8PathBuf>> {
    let list = fields.get("include");
    let list = list.and_then(|node| decoder.list(node, "`include`"));
    let list = list.unwrap_or_default().iter();
    list.filter_map(|node| path::path_upwards(decoder, node, "an included file"))
        .collect()
}

/// Reads what the manifest `parsed`, which has `length` bytes, includes; adds the texts and the entries to it, and
/// returns everything that is wrong with the rest.
pub(super) fn read(parsed: &mut Parsed, length: usize) -> Vec<Problem> {
    if parsed.include.is_empty() {
        return Vec::new();
    }
    let folder = parsed.manifest.folder().to_owned();
    let real_folder = match folder.canonicalize_utf8() {
        Ok(folder) => folder,
        Err(error) => {
            let message = format!("the folder `{folder}` cannot be looked into: {error}");
            let help = "check the permissions of the folder";
            return vec![Problem::error(&codes::INCLUDE_UNREADABLE, message).help(help)];
        }
    };
    let name = parsed.manifest.path.file_name().unwrap_or_default();
    let real = real_path(&parsed.manifest.path).ok().flatten();
    let real = real.unwrap_or_else(|| real_folder.join(name));
    let mut reader = Reader {
        root: repository_root(&real_folder).map_or_else(|| real_folder.clone(), Utf8Path::to_owned),
        folder,
        real_folder: real_folder.clone(),
        version: parsed.version,
        selector: Selector::new(&parsed.manifest.libraries),
        seen: BTreeMap::from([(real.clone(), None)]),
        chain: vec![(real, None)],
        bytes_left: MAX_BYTES.saturating_sub(length as u64),
        stopped: false,
        texts: vec![parsed.text.clone()],
        entries: Vec::new(),
        problems: Vec::new(),
    };
    reader.include_all(&real_folder, &parsed.include);
    parsed.manifest.texts = Texts::new(reader.texts);
    parsed.manifest.files.extend(reader.entries);
    reader.problems
}

/// Reads included files, depth first.
struct Reader {
    /// The real folder that nothing is included from outside of.
    root: Utf8PathBuf,
    /// The manifest's folder, as it is written and as it really is.
    folder: Utf8PathBuf,
    real_folder: Utf8PathBuf,
    /// Where the manifest says its version.
    version: Option<Span>,
    selector: Selector,
    /// The real paths of all files so far, each with what included it; nothing did the manifest.
    seen: BTreeMap<Utf8PathBuf, Option<Span>>,
    /// The same for those that are being read, from the manifest on.
    chain: Vec<(Utf8PathBuf, Option<Span>)>,
    /// How many bytes may still be read.
    bytes_left: u64,
    /// Whether a limit was reached. It is said once, and nothing more is read.
    stopped: bool,
    texts: Vec<Text>,
    entries: Vec<Entry>,
    problems: Vec<Problem>,
}

impl Reader {
    /// Includes the files at `paths`, which a file in the real folder `from` lists.
    fn include_all(&mut self, from: &Utf8Path, paths: &[Located<Utf8PathBuf>]) {
        for path in paths {
            if self.stopped {
                return;
            }
            if let Err(problem) = self.include(from, path) {
                self.problems.push(problem);
            }
        }
    }

    fn include(&mut self, from: &Utf8Path, path: &Located<Utf8PathBuf>) -> Result<(), Problem> {
        let span = path.span;
        let real = self.real(from, path)?;
        if let Some(at) = self.chain.iter().position(|(file, _)| *file == real) {
            return Err(self.cycle(at, span));
        }
        if let Some(first) = self.seen.get(&real) {
            let message = format!("`{}` is included twice", self.name_of(&real));
            let problem = Problem::error(&codes::INCLUDE_TWICE, message).at(span, "again here");
            let problem = match first {
                Some(first) => problem.at(*first, "first here"),
                None => problem,
            };
            return Err(problem.help("take one of the two away: every file counts once"));
        }
        if self.chain.len() > MAX_DEPTH {
            return Err(self.limit(span, format!("more than {MAX_DEPTH} files deep")));
        }
        // The manifest is one of those that were seen.
        if self.seen.len() > MAX_FILES {
            return Err(self.limit(span, format!("more than {MAX_FILES} files up to here")));
        }
        self.seen.insert(real.clone(), Some(span));
        let bytes = self.bytes(&real, span)?;
        self.chain.push((real.clone(), Some(span)));
        let include = self.decode(&real, &bytes, span);
        self.include_all(folder_of(&real), &include);
        self.chain.pop();
        Ok(())
    }

    /// The real path of what `path` means in the real folder `from`.
    fn real(&self, from: &Utf8Path, path: &Located<Utf8PathBuf>) -> Result<Utf8PathBuf, Problem> {
        let written = &path.value;
        let outside = |label: &str| {
            let message = format!("`{written}` is not in the repository");
            Problem::error(&codes::INCLUDE_OUTSIDE, message)
                .at(path.span, label)
                .help("move the file into the repository of the manifest: without a folder `.git` above it, that is the manifest's folder")
        };
        let joined = cleaned(&from.join(written));
        if !joined.starts_with(&self.root) {
            return Err(outside("`..` leads out of it"));
        }
        let real = match real_path(&from.join(written)) {
            Ok(Some(real)) => real,
            Ok(None) => return Err(missing(from, path)),
            Err(error) => return Err(unreadable(path.span, written, &error)),
        };
        let Ok(inside) = real.strip_prefix(&self.root) else {
            return Err(outside("a symbolic link leads out of it"));
        };
        if inside.iter().any(|part| part.eq_ignore_ascii_case(".git")) {
            return Err(outside("what is in `.git` is under no review"));
        }
        Ok(real)
    }

    fn bytes(&mut self, real: &Utf8Path, span: Span) -> Result<Vec<u8>, Problem> {
        let name = self.name_of(real);
        let bytes = match bytes(real, self.bytes_left) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return Err(self.limit(span, "more than 64 MiB up to here".to_owned())),
            Err(OpenError::Directory) => {
                return Err(not_a_file(&name, "a folder").at(span, "included here"));
            }
            Err(OpenError::NotRegular) => {
                return Err(not_a_file(&name, "not a regular file").at(span, "included here"));
            }
            Err(OpenError::Missing(_)) => {
                return Err(unreadable(span, &name, &"it went away"));
            }
            Err(OpenError::Unreadable(error)) => return Err(unreadable(span, &name, &error)),
        };
        self.bytes_left = self.bytes_left.saturating_sub(bytes.len() as u64);
        Ok(bytes)
    }

    /// Takes the entries of the file at `real`, which `by` includes; returns what the file includes.
    fn decode(&mut self, real: &Utf8Path, bytes: &[u8], by: Span) -> Vec<Located<Utf8PathBuf>> {
        let name = self.name_of(real);
        let start = self.texts.last().map_or(0, Text::next_start);
        let (text, not_utf8) = yaml::decode(start, name.as_str(), bytes, Role::Included);
        self.texts.push(text.clone());
        let node = match not_utf8.map_or_else(|| yaml::parse(&text, Role::Included), Err) {
            Ok(node) => node,
            Err(problem) => {
                self.problems.push(problem);
                return Vec::new();
            }
        };
        let mut decoder = Decoder::new(&text, Role::Included);
        let mut include = Vec::new();
        let fields = is_map(&mut decoder, &node)
            .then(|| decoder.fields_but(&node, "an included file", &KEYS, &ELSEWHERE));
        if let Some(fields) = fields.flatten() {
            settings::version(&mut decoder, &fields, self.version, Some(by));
            include = list(&mut decoder, &fields);
            let origin = Arc::new(Origin {
                role: Role::Included,
                folder: folder_of(&name).to_owned(),
            });
            let entries = entry::entries(&mut decoder, &origin, &fields, &mut self.selector);
            self.entries.extend(entries);
        }
        self.problems.extend(decoder.finish());
        include
    }

    /// What the file at `real` is called: as the manifest is, from the working directory.
    fn name_of(&self, real: &Utf8Path) -> Utf8PathBuf {
        let mut up = Utf8PathBuf::new();
        for above in self.real_folder.ancestors() {
            if let Ok(rest) = real.strip_prefix(above) {
                let name = cleaned(&self.folder.join(&up).join(rest));
                // Links in the manifest's own folder can lead elsewhere.
                let same = name.canonicalize_utf8().is_ok_and(|same| same == real);
                return if same { name } else { real.to_owned() };
            }
            up.push("..");
        }
        real.to_owned()
    }

    /// That what is at `span` includes the file `at` which the chain is again.
    fn cycle(&self, at: usize, span: Span) -> Problem {
        let (again, by) = match self.chain.get(at) {
            Some((file, by)) => (self.name_of(file), *by),
            None => (Utf8PathBuf::new(), None),
        };
        let problem = if self.chain.len() == at + 1 {
            Problem::error(&codes::INCLUDE_CYCLE, format!("`{again}` includes itself"))
                .at(span, "this is the file itself")
        } else {
            let message = format!("`{again}` includes itself through others");
            Problem::error(&codes::INCLUDE_CYCLE, message)
                .at(span, format!("includes `{again}` again"))
        };
        let steps = self.chain.iter().skip(at + 1);
        let problem = steps.fold(problem, |problem, (file, by)| match by {
            Some(by) => problem.at(*by, format!("includes `{}`", self.name_of(file))),
            None => problem,
        });
        let problem = match by {
            Some(by) if self.chain.len() > at + 1 => problem.at(by, "first included here"),
            _ => problem,
        };
        problem.help("take one of these away, and move what several files share into a file that includes none of them")
    }

    fn limit(&mut self, span: Span, why: String) -> Problem {
        self.stopped = true;
        Problem::error(
            &codes::INCLUDE_LIMIT,
            "the manifest includes more than jumpbag reads",
        )
        .at(span, why)
        .help("join small files, or use globs; files after this one were not looked at")
    }
}

/// `path` without `.` and, as far as something is before it, `..`.
fn cleaned(path: &Utf8Path) -> Utf8PathBuf {
    let mut clean = Utf8PathBuf::new();
    for part in path.components() {
        match part.as_str() {
            "." => {}
            ".." if clean.file_name().is_some() => {
                clean.pop();
            }
            part => clean.push(part),
        }
    }
    clean
}

fn missing(from: &Utf8Path, path: &Located<Utf8PathBuf>) -> Problem {
    let written = &path.value;
    let mut folder = from;
    let mut rest = written.as_str();
    let mut up = String::new();
    while let Some(below) = rest.strip_prefix("../") {
        rest = below;
        up.push_str("../");
        folder = folder.parent().unwrap_or(folder);
    }
    let near = Finder::new(folder, BTreeSet::new()).near(rest);
    let help = match near {
        Some(near) if near.split('/').count() == rest.split('/').count() => {
            format!("write `{up}{near}`, if that is meant")
        }
        Some(near) => format!("look in `{up}{near}`, if that is meant"),
        None => "create the file, or correct the path; it is relative to the folder of the file that includes it".to_owned(),
    };
    let message = format!("the included file `{written}` does not exist");
    Problem::error(&codes::INCLUDE_MISSING, message)
        .at(path.span, "included here")
        .help(help)
}

fn not_a_file(name: &Utf8Path, what: &str) -> Problem {
    let message = format!("the included file `{name}` is {what}");
    Problem::error(&codes::INCLUDE_NOT_A_FILE, message).help("name a file of YAML with `files:`")
}

fn unreadable(span: Span, name: &Utf8Path, why: &dyn std::fmt::Display) -> Problem {
    let message = format!("the included file `{name}` cannot be read: {why}");
    Problem::error(&codes::INCLUDE_UNREADABLE, message)
        .at(span, "included here")
        .help("check the permissions of the file and of its folders")
}
