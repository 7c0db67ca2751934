//! Globs: which files of the manifest's folder a source stands for.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::rc::Rc;

use camino::Utf8Path;
use globset::{GlobBuilder, GlobMatcher};

/// Whether `source` holds a character that makes it a glob.
pub(super) fn is_glob(source: &str) -> bool {
    source.contains(['*', '?', '[', '{'])
}

/// A glob that can be matched.
pub(super) struct Pattern {
    matcher: GlobMatcher,
    /// The folder that it looks into; empty for the manifest's.
    start: String,
    /// How many levels below `start` it can match; `None` for any number.
    levels: Option<usize>,
    /// The parts that name hidden files or folders.
    hidden: Vec<GlobMatcher>,
}

impl Pattern {
    /// The glob `source`, or why it is none. `source` has no `.` and no backslash.
    pub(super) fn new(source: &str) -> Result<Self, String> {
        let mut parts: Vec<&str> = Vec::new();
        for part in source.split('/') {
            if part != ".." {
                parts.push(part);
            } else if parts.pop().is_none_or(is_glob) {
                return Err("`..` follows a part with `*`, `?`, `[` or `{`".to_owned());
            }
        }
        let matcher = compile(&parts.join("/"))?;
        let fixed = parts.iter().take_while(|part| !is_glob(part)).count();
        let start: Vec<&str> = parts.iter().take(fixed).copied().collect();
        // Braces may hold a `/`, so that they can match at any level.
        let any_level = source.contains("**") || source.contains('{');
        let hidden = parts.iter().filter(|part| part.starts_with('.'));
        Ok(Self {
            matcher,
            start: start.join("/"),
            levels: (!any_level).then_some(parts.len() - fixed),
            // A part of braces that hold a `/` is no glob by itself, and names nothing hidden.
            hidden: hidden.filter_map(|part| compile(part).ok()).collect(),
        })
    }

    /// The folder that it looks into; empty for the manifest's.
    pub(super) fn start(&self) -> &str {
        &self.start
    }

    fn matches(&self, path: &str) -> bool {
        self.matcher.is_match(path) && path.split('/').all(|part| self.may_see(part))
    }

    /// Whether a file or folder called `part` is looked at: hidden ones only where it names them.
    fn may_see(&self, part: &str) -> bool {
        !part.starts_with('.') || self.hidden.iter().any(|hidden| hidden.is_match(part))
    }
}

fn compile(glob: &str) -> Result<GlobMatcher, String> {
    GlobBuilder::new(glob)
        .literal_separator(true)
        .backslash_escape(false)
        .build()
        .map(|glob| glob.compile_matcher())
        .map_err(|error| error.kind().to_string())
}

/// What a glob found.
#[derive(Debug, Default)]
pub(super) struct Matches {
    /// The files, sorted; relative to the manifest's folder.
    pub(super) files: Vec<String>,
    /// Matching files whose name is not UTF-8, with the bad part replaced.
    pub(super) not_utf8: BTreeSet<String>,
    /// The folders that cannot be listed.
    pub(super) unreadable: Vec<(String, io::Error)>,
}

/// Something in a folder.
struct Item {
    name: String,
    utf8: bool,
    folder: bool,
    /// A symbolic link that leads to a folder.
    link_to_folder: bool,
}

/// Looks for files in the manifest's folder; lists no folder twice.
pub(super) struct Finder<'a> {
    root: &'a Utf8Path,
    /// Paths that are left out, with all that is in them.
    skipped: BTreeSet<String>,
    listings: BTreeMap<String, Rc<[Item]>>,
}

impl<'a> Finder<'a> {
    /// A finder of files in the folder `root` that are not in `skipped`.
    pub(super) fn new(root: &'a Utf8Path, skipped: BTreeSet<String>) -> Self {
        Self {
            root,
            skipped,
            listings: BTreeMap::new(),
        }
    }

    /// What `pattern` matches. Symbolic links to folders are not followed, those to files are files.
    pub(super) fn find(&mut self, pattern: &Pattern) -> Matches {
        let mut matches = Matches::default();
        if self.is_skipped(&pattern.start) || !self.is_real(&pattern.start) {
            return matches;
        }
        let mut folders = vec![(pattern.start.clone(), 1)];
        while let Some((folder, level)) = folders.pop() {
            let items = match self.list(&folder) {
                Ok(items) => items,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => {
                    matches.unreadable.push((folder, error));
                    continue;
                }
            };
            for item in &*items {
                let path = joined(&folder, &item.name);
                // What it is in was looked at before.
                let is_skipped = is_git(&item.name) || self.skipped.contains(&path);
                if is_skipped || !pattern.may_see(&item.name) {
                    continue;
                }
                if item.folder {
                    if item.utf8 && pattern.levels.is_none_or(|levels| level < levels) {
                        folders.push((path, level + 1));
                    } else if !item.utf8 && pattern.matches(&joined(&path, "x")) {
                        matches.not_utf8.insert(path);
                    }
                } else if !item.link_to_folder && pattern.matches(&path) {
                    if item.utf8 {
                        matches.files.push(path);
                    } else {
                        matches.not_utf8.insert(path);
                    }
                }
            }
        }
        // No path comes twice.
        matches.files.sort_unstable();
        matches
    }

    /// `path` with its first missing part replaced by the most similar name that is there, and without
    /// what follows that part.
    pub(super) fn near(&mut self, path: &str) -> Option<String> {
        let mut folder = String::new();
        for part in path.split('/') {
            if part == ".." {
                return None;
            }
            let items = self.list(&folder).ok()?;
            if items.iter().any(|item| item.name == part && item.folder) {
                folder = joined(&folder, part);
                continue;
            }
            let names = items.iter().map(|item| item.name.as_str());
            let near = super::similar::similar(part, names.filter(|name| *name != part))?;
            return Some(joined(&folder, near));
        }
        None
    }

    /// Whether no part of `path` is a symbolic link.
    fn is_real(&self, path: &str) -> bool {
        Utf8Path::new(path)
            .ancestors()
            .filter(|path| *path != "")
            .all(|path| !self.root.join(path).is_symlink())
    }

    fn is_skipped(&self, path: &str) -> bool {
        let path = Utf8Path::new(path);
        path.iter().any(is_git)
            || path
                .ancestors()
                .any(|path| self.skipped.contains(path.as_str()))
    }

    fn list(&mut self, folder: &str) -> io::Result<Rc<[Item]>> {
        if let Some(items) = self.listings.get(folder) {
            return Ok(Rc::clone(items));
        }
        let mut items = Vec::new();
        for entry in fs::read_dir(self.root.join(folder))? {
            let entry = entry?;
            let kind = entry.file_type()?;
            let (name, utf8) = match entry.file_name().into_string() {
                Ok(name) => (name, true),
                Err(name) => (name.to_string_lossy().into_owned(), false),
            };
            items.push(Item {
                name,
                utf8,
                folder: kind.is_dir(),
                // A link to nothing is a file that is missing: silence would leave it out of a library.
                link_to_folder: kind.is_symlink()
                    && fs::metadata(entry.path()).is_ok_and(|metadata| metadata.is_dir()),
            });
        }
        let items: Rc<[Item]> = items.into();
        self.listings.insert(folder.to_owned(), Rc::clone(&items));
        Ok(items)
    }
}

fn is_git(part: &str) -> bool {
    part.eq_ignore_ascii_case(".git")
}

fn joined(folder: &str, name: &str) -> String {
    if folder.is_empty() {
        name.to_owned()
    } else {
        [folder, "/", name].concat()
    }
}
