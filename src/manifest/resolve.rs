//! From a manifest and its sources to what is desired.

use std::collections::BTreeMap;
use std::io;

use camino::{Utf8Path, Utf8PathBuf};

use super::auto::{self, Said};
use super::content::{self, Content, Contents, Hashed};
use super::entry::invalid_name;
use super::glob::{Finder, Pattern, is_glob};
use super::real::{Real, joined};
use super::skipped::Skipped;
use super::{Entry, EntryName, Library, Manifest, codes, names, quantity};
use crate::diagnostics::{Problem, Span};
use crate::files::stat_cache::StatCache;
use crate::model::{DesiredFile, File, Name};

/// What the manifest asks of the selected libraries.
#[derive(Clone, Debug)]
pub(crate) struct Resolved {
    /// The desired files of each selected library, by the library's name.
    pub(crate) libraries: Desired,
    /// What is odd and no error, in the order of the manifest.
    pub(crate) warnings: Vec<Problem>,
}

/// Desired files, by the library's name.
pub(crate) type Desired = BTreeMap<String, BTreeMap<Name, DesiredFile>>;

/// The largest file that any revision of Microsoft's page allows, in its larger reading.
const API_MAX_FILE_SIZE: u64 = 20 * 1024 * 1024;

/// The most sources that a similar name is looked for; each look compares with a whole folder.
const MAX_SUGGESTIONS: usize = 100;

/// Looks at the sources of the entries that are for a `selected` library: expands globs, checks and
/// hashes contents, gives names. Returns what can be resolved, and everything that is wrong with the rest.
/// Other entries are not looked at, and no file whose content `cache` knows is read.
pub(super) fn resolve(
    manifest: &Manifest,
    selected: &[&Library],
    cache: &StatCache,
) -> (Desired, Vec<Problem>) {
    resolve_with(manifest, selected, |real, limit| {
        content::known_or_hashed(real, limit, cache)
    })
}

/// [`resolve`] with what reads a file: it is called once for each, in parallel.
pub(super) fn resolve_with(
    manifest: &Manifest,
    selected: &[&Library],
    read: impl Fn(&Real, u64) -> io::Result<Content> + Sync,
) -> (Desired, Vec<Problem>) {
    let mut resolver = Resolver {
        manifest,
        selected,
        skipped: Skipped::of(manifest),
        finders: BTreeMap::new(),
        problems: Vec::new(),
        suggestions: 0,
    };
    let sources = resolver.sources();
    let contents = content::examine(&resolver.places(&sources), read);
    let mut files = resolver.files(&sources, &contents);
    let mut problems = resolver.problems;
    auto::fill(&mut files, selected, &mut problems);
    let desired = names::by_library(&files, selected, &mut problems);
    (desired, problems)
}

/// A path that an entry stands for.
pub(super) struct Source<'m> {
    /// Which entry, in the order of the manifest.
    pub(super) nth: usize,
    pub(super) entry: &'m Entry,
    /// Relative to the folder of the entry's origin.
    pub(super) path: String,
    pub(super) by_glob: bool,
}

impl Source<'_> {
    fn place(&self) -> content::Place<'_> {
        (&self.entry.origin.folder, &self.path)
    }
}

/// A source that is good.
pub(super) struct Found<'m> {
    pub(super) source: &'m Source<'m>,
    pub(super) name: Name,
    /// Where the name, or the source that implies it, is in the manifest.
    pub(super) span: Span,
    pub(super) content: Hashed,
    /// What it says of itself, where that is asked for.
    pub(super) said: Option<Box<Said>>,
}

impl Found<'_> {
    /// Where the content is read from.
    pub(super) fn path(&self) -> Utf8PathBuf {
        joined(&self.source.entry.origin.folder, &self.source.path)
    }

    /// What it shall be in `library`.
    pub(super) fn desired_in(&self, library: &str) -> DesiredFile {
        let attributes = self.source.entry.attributes_in(library);
        let said = self.said.as_deref();
        let description = said.and_then(|said| said.description.as_deref());
        let parameters = said.and_then(|said| said.parameters.as_deref());
        let parameters_description = attributes.parameters_description.text(parameters);
        let has_parameters = attributes.has_parameters;
        DesiredFile {
            file: File {
                sha256: self.content.sha256,
                size: Some(self.content.size),
                description: attributes.description.text(description),
                has_parameters: has_parameters.unwrap_or(parameters_description.is_some()),
                parameters_description,
            },
            source: self.path(),
            adopt: attributes.adopt,
            protect: attributes.protect,
            is_opaque: self.content.is_opaque,
            place: self.source.entry.source.span.start..self.source.entry.source.span.end,
        }
    }
}

struct Resolver<'m> {
    manifest: &'m Manifest,
    selected: &'m [&'m Library],
    skipped: Skipped,
    /// By the folder that they look into.
    finders: BTreeMap<&'m Utf8Path, Finder<'m>>,
    problems: Vec<Problem>,
    suggestions: usize,
}

impl<'m> Resolver<'m> {
    /// The selected libraries that `entry` is for.
    fn libraries_of(&self, entry: &Entry) -> impl Iterator<Item = &'m Library> {
        self.selected
            .iter()
            .copied()
            .filter(|library| entry.libraries.contains(&library.name))
    }

    /// All paths that the entries stand for, globs expanded.
    fn sources(&mut self) -> Vec<Source<'m>> {
        let mut sources = Vec::new();
        for (nth, entry) in self.manifest.files.iter().enumerate() {
            // An entry for no library has been reported; what else is wrong with it shall be, too.
            if !entry.libraries.is_empty() && self.libraries_of(entry).next().is_none() {
                continue;
            }
            let path = entry.source.value.as_str();
            let exists = || entry.origin.folder.join(path).symlink_metadata().is_ok();
            let by_glob = is_glob(path) && !exists();
            let paths = if by_glob {
                self.matches(entry)
            } else {
                vec![path.to_owned()]
            };
            sources.extend(paths.into_iter().map(|path| Source {
                nth,
                entry,
                path,
                by_glob,
            }));
        }
        sources
    }

    /// What looks into the folder of `entry`.
    fn finder(&mut self, entry: &'m Entry) -> &mut Finder<'m> {
        let folder = entry.origin.folder.as_path();
        let skipped = &self.skipped;
        self.finders
            .entry(folder)
            .or_insert_with(|| Finder::new(folder, skipped.within(folder)))
    }

    /// The files that the glob of `entry` matches.
    fn matches(&mut self, entry: &'m Entry) -> Vec<String> {
        let (glob, span) = (entry.source.value.as_str(), entry.source.span);
        if let EntryName::Given(name) = &entry.name {
            self.problems.push(
                Problem::error(&codes::NAME_WITH_GLOB, "the entry of a glob has a `name`")
                    .at(name.span, "all of its files would be called so")
                    .at(span, "this is a glob")
                    .help("take `name` away, or list the files one by one"),
            );
        }
        let pattern = match Pattern::new(glob) {
            Ok(pattern) => pattern,
            Err(why) => {
                self.problems.push(
                    Problem::error(&codes::GLOB_INVALID, format!("`{glob}` is not a glob"))
                        .at(span, why)
                        .help("correct the glob; to mean the characters themselves, put each in brackets, as in `[[]`"),
                );
                return Vec::new();
            }
        };
        let matches = self.finder(entry).find(&pattern);
        for (folder, error) in &matches.unreadable {
            let folder = if folder.is_empty() { "." } else { folder };
            self.problems.push(
                Problem::error(
                    &codes::GLOB_UNREADABLE,
                    format!("the folder `{folder}` cannot be listed"),
                )
                .at(span, error.to_string())
                .help("check the permissions of the folder, or narrow the glob"),
            );
        }
        for path in &matches.not_utf8 {
            self.problems.push(
                Problem::error(
                    &codes::SOURCE_NOT_UTF8,
                    format!("the name of `{path}` is not UTF-8"),
                )
                .at(span, "matched by this glob")
                .help("rename it, or narrow the glob"),
            );
        }
        let none = matches.files.is_empty()
            && matches.not_utf8.is_empty()
            && matches.unreadable.is_empty();
        if none {
            self.no_match(entry, &pattern);
        }
        matches.files
    }

    fn no_match(&mut self, entry: &'m Entry, pattern: &Pattern) {
        let near = Some(pattern.start())
            .filter(|start| !start.is_empty())
            .and_then(|start| self.near(entry, start));
        let help = match near {
            Some(near) => format!("look in `{near}`, if that is meant"),
            None => "correct the glob, or take the entry away; hidden files match only where the glob names them".to_owned(),
        };
        let message = format!("`{}` matches no file", entry.source.value);
        self.problems.push(
            Problem::error(&codes::GLOB_NO_MATCH, message)
                .at(entry.source.span, "no match")
                .help(help),
        );
    }

    fn near(&mut self, entry: &'m Entry, path: &str) -> Option<String> {
        self.suggestions += 1;
        if self.suggestions > MAX_SUGGESTIONS {
            return None;
        }
        self.finder(entry).near(path)
    }

    /// The places that the sources are at, each with the most bytes that some library takes of it.
    fn places<'s>(&self, sources: &'s [Source<'_>]) -> Vec<(content::Place<'s>, u64)> {
        let place = |source: &'s Source<'_>| {
            let libraries = self.libraries_of(source.entry);
            let most = libraries.map(|library| library.max_file_size).max();
            (source.place(), most.unwrap_or(u64::MAX))
        };
        sources.iter().map(place).collect()
    }

    /// The sources whose content and name are good.
    fn files<'s>(&mut self, sources: &'s [Source<'m>], contents: &Contents) -> Vec<Found<'s>> {
        let mut files = Vec::with_capacity(sources.len());
        for (nth, source) in sources.iter().enumerate() {
            let content = contents
                .get(nth)
                .and_then(|content| self.good(source, content));
            let name = self.name(source);
            let (Some((name, span)), Some(content)) = (name, content) else {
                continue;
            };
            files.push(Found {
                source,
                name,
                span,
                content,
                said: None,
            });
        }
        files
    }

    /// What is known of `content`, unless it cannot be uploaded.
    fn good(&mut self, source: &Source<'m>, content: &Content) -> Option<Hashed> {
        let path = &source.path;
        let folder = || format!("{}'s folder", source.entry.origin.role.the());
        let problem = match content {
            Content::Hashed(hashed) => {
                return self.fits(source, hashed.size).then_some(*hashed);
            }
            Content::TooLarge { size } => {
                self.fits(source, *size);
                return None;
            }
            Content::Missing => {
                let help = match self.near(source.entry, path) {
                    Some(near) if near.split('/').count() == path.split('/').count() => {
                        format!("write `{near}`, if that is meant")
                    }
                    Some(near) => format!("look in `{near}`, if that is meant"),
                    None => {
                        format!(
                            "create the file, or correct the path; it is relative to {}",
                            folder()
                        )
                    }
                };
                Problem::error(&codes::SOURCE_MISSING, format!("`{path}` does not exist"))
                    .help(help)
            }
            Content::Empty => Problem::error(&codes::SOURCE_EMPTY, format!("`{path}` is empty"))
                .help("check that the checkout or build that writes it has finished"),
            Content::Directory => {
                Problem::error(&codes::SOURCE_DIRECTORY, format!("`{path}` is a folder"))
                    .help(format!("name a file, or write a glob such as `{path}/*`"))
            }
            Content::NotRegular => Problem::error(
                &codes::SOURCE_NOT_REGULAR,
                format!("`{path}` is not a regular file"),
            )
            .help("name a regular file: a pipe, a socket or a device has no content to review"),
            Content::LinkOutside => Problem::error(
                &codes::LINK_OUTSIDE,
                format!("`{path}` leaves {} through a symbolic link", folder()),
            )
            .help(format!("move the file itself into {}", folder())),
            Content::Unreadable(error) => Problem::error(
                &codes::SOURCE_UNREADABLE,
                format!("`{path}` cannot be read: {error}"),
            )
            .help("check the permissions of the file and of its folders"),
        };
        self.problems
            .push(problem.at(source.entry.source.span, label(source)));
        None
    }

    /// Whether every library of `source` takes a file of `size` bytes.
    fn fits(&mut self, source: &Source<'_>, size: u64) -> bool {
        let too_small: Vec<&Library> = self
            .libraries_of(source.entry)
            .filter(|library| library.max_file_size < size)
            .collect();
        if too_small.is_empty() {
            return true;
        }
        let limits: Vec<String> = too_small
            .iter()
            .map(|library| {
                let limit = quantity::shown(library.max_file_size);
                format!("{limit} for `{}`", library.name)
            })
            .collect();
        let help = if size > API_MAX_FILE_SIZE {
            "make the file smaller: the API takes no file over 20 MB"
        } else {
            "raise `max_file_size` if your tenant takes it: the API's page said 4 MB in one revision and 20 MB in later ones"
        };
        let message = format!(
            "`{}` has {}, and `max_file_size` is {}",
            source.path,
            quantity::shown(size),
            limits.join(", ")
        );
        self.problems.push(
            Problem::error(&codes::SOURCE_TOO_LARGE, message)
                .at(source.entry.source.span, label(source))
                .help(help),
        );
        false
    }

    /// The name of the file at `source`, and what gives it that name.
    fn name(&mut self, source: &Source<'_>) -> Option<(Name, Span)> {
        let entry = source.entry;
        let (name, span) = match &entry.name {
            EntryName::Given(_) if source.by_glob => return None,
            EntryName::Bad => return None,
            EntryName::Given(name) => (name.value.clone(), name.span),
            EntryName::OfSource => {
                let text = source.path.rsplit('/').next().unwrap_or(&source.path);
                match Name::new(text) {
                    Ok(name) => (name, entry.source.span),
                    Err(error) => {
                        let problem = invalid_name(text, &error, entry.source.span, &label(source));
                        self.problems.push(problem);
                        return None;
                    }
                }
            }
        };
        let odd = names::odd(&name, span, &self.manifest.lints);
        self.problems.extend(odd);
        Some((name, span))
    }
}

/// What the place of a source says about it.
pub(super) fn label(source: &Source<'_>) -> String {
    if source.by_glob {
        "matched by this glob".to_owned()
    } else {
        "this source".to_owned()
    }
}
