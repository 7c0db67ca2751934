//! Looking at contents, each once.

use std::collections::BTreeMap;

use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};

use super::Lints;
use crate::cli::error::Error;
use crate::diagnostics::{Problem, Text};
use crate::files::open::content;
use crate::lint::{self, Finding, Findings, Subject};
use crate::model::{DesiredFile, File, Name};

/// How many contents are looked at before their texts are let go: that many, or so many bytes.
const AT_ONCE: usize = 256;
const BYTES_AT_ONCE: u64 = 32 * 1024 * 1024;

/// A content that is to be looked at.
pub(super) struct Wanted<'a> {
    desired: &'a DesiredFile,
    name: &'a Name,
    asked: Vec<Asked<'a>>,
}

/// A file that a library asks for: which library, by its place, and under which name.
type Asked<'a> = (usize, &'a Name);

/// What was found in a content.
pub(super) struct Found<'a> {
    /// Which files it is to be.
    pub(super) asked: &'a [Asked<'a>],
    /// What the places are in that are not in the manifest.
    pub(super) text: Option<Text>,
    pub(super) problems: Vec<Problem>,
}

/// What makes two files one for the lints: entries for many libraries are looked at once.
type Key<'a> = (&'a str, &'a Name, &'a File);

/// The `wanted` in parts of which each can be held in memory; a part has at least one.
pub(super) fn at_once<'w, 'a>(wanted: &'w [Wanted<'a>]) -> impl Iterator<Item = &'w [Wanted<'a>]> {
    let mut rest = wanted;
    std::iter::from_fn(move || {
        let mut bytes = 0;
        let fits = |one: &&Wanted<'_>| {
            bytes += one.desired.file.size.unwrap_or_default();
            one.desired.is_opaque || bytes <= BYTES_AT_ONCE
        };
        let count = rest.iter().take(AT_ONCE).take_while(fits).count();
        let (some, others) = rest.split_at_checked(count.max(1))?;
        rest = others;
        Some(some)
    })
}

/// Those of `files` that are one content under one name, together.
pub(super) fn wanted<'a>(
    files: impl Iterator<Item = (usize, &'a Name, &'a DesiredFile)>,
) -> Vec<Wanted<'a>> {
    let mut wanted: BTreeMap<Key<'_>, Wanted<'_>> = BTreeMap::new();
    for (nth, name, desired) in files {
        let key = (desired.source.as_str(), name, &desired.file);
        let content = wanted.entry(key).or_insert_with(|| Wanted {
            desired,
            name,
            asked: Vec::new(),
        });
        content.asked.push((nth, name));
    }
    wanted.into_values().collect()
}

impl Lints {
    /// What is odd about each of `wanted`; their texts begin at the offset `start`, which moves behind them. A content that cannot
    /// be looked at is an error: it may be at hand elsewhere, and then it would be sent with nobody having looked.
    pub(super) fn look<'a>(
        &self,
        wanted: &'a [Wanted<'a>],
        start: &mut usize,
    ) -> Result<Vec<Found<'a>>, Error> {
        let looked = wanted.par_iter().map(|Wanted { desired, name, .. }| {
            let bytes = (!desired.is_opaque).then(|| read(desired)).transpose()?;
            let subject = Subject {
                name: name.as_str(),
                file: &desired.file,
                bytes: bytes.as_deref(),
            };
            Ok(lint::check(&subject, &self.levels, self.now))
        });
        let looked: Result<Vec<_>, Error> = looked.collect();
        let mut all = Vec::with_capacity(wanted.len());
        for (Wanted { desired, asked, .. }, Findings { list, text }) in wanted.iter().zip(looked?) {
            let path = desired.source.as_str();
            let path = path.strip_prefix("./").unwrap_or(path);
            let text = text.map(|text| Text::at(*start, path, text));
            let problem = |finding| self.problem(finding, desired, *start);
            let problems = list.into_iter().filter_map(problem).collect();
            *start = text.as_ref().map_or(*start, Text::next_start);
            all.push(Found {
                asked,
                text,
                problems,
            });
        }
        Ok(all)
    }

    /// `finding` about `desired`, whose text has its first byte at the offset `start`.
    fn problem(&self, finding: Finding, desired: &DesiredFile, start: usize) -> Option<Problem> {
        let (span, label) = match finding.place {
            Some((range, label)) => ((start + range.start..start + range.end).into(), label),
            None => (desired.place.clone().into(), "this file"),
        };
        // What a lint says holds no password, so that nobody has to look for one.
        Some(Problem {
            code: finding.code,
            severity: self.levels.of(finding.code).severity()?,
            message: finding.message,
            help: Some(finding.help),
            labels: vec![(span, label.to_owned())],
        })
    }
}

/// Reads it as it was hashed.
fn read(desired: &DesiredFile) -> Result<Vec<u8>, Error> {
    let size = desired.file.size.unwrap_or_default();
    let content = content(&desired.source, size, desired.file.sha256);
    content.map_err(|cause| Error::SourceChanged {
        path: desired.source.clone(),
        cause,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Sha256;
    use camino::Utf8PathBuf;

    fn desired(path: &Utf8PathBuf, size: u64, sha256: Sha256) -> DesiredFile {
        DesiredFile {
            file: File {
                sha256,
                size: Some(size),
                description: None,
                has_parameters: false,
                parameters_description: None,
            },
            source: path.clone(),
            adopt: false,
            protect: false,
            is_opaque: false,
            place: 0..0,
        }
    }

    #[test]
    fn a_part_has_so_many_contents_or_bytes_and_at_least_one() {
        const MIB: u64 = 1024 * 1024;
        let parts = |sizes: &[u64]| -> Vec<usize> {
            let path = Utf8PathBuf::from("a");
            let files = sizes.iter().enumerate();
            let files = files.map(|(nth, size)| {
                let name = Name::existing(format!("{nth:03}.ps1"));
                (name, desired(&path, *size, Sha256::of(b"")))
            });
            let files: Vec<_> = files.collect();
            let wanted = wanted(files.iter().map(|(name, file)| (0, name, file)));
            at_once(&wanted).map(<[_]>::len).collect()
        };
        assert_eq!(parts(&[]), [0; 0]);
        assert_eq!(parts(&[1; 600]), [256, 256, 88]);
        assert_eq!(
            parts(&[20 * MIB, 12 * MIB, 1, 40 * MIB, 40 * MIB, 1]),
            [2, 1, 1, 1, 1]
        );
    }

    /// A content that nobody has looked at is nothing that can be passed over: it may be kept from an earlier run, and sent.
    #[test]
    fn what_changed_since_it_was_hashed_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = Utf8PathBuf::from_path_buf(folder.path().join("a.ps1")).unwrap();
        let desired = |bytes: &[u8]| desired(&path, bytes.len() as u64, Sha256::of(bytes));
        let said = |desired: &DesiredFile| match read(desired) {
            Ok(content) => format!("{content:?}"),
            Err(error) => error.to_string(),
        };
        let changed = format!("`{path}` changed while it was planned");
        assert_eq!(said(&desired(b"a")), changed);
        let mut file = std::fs::File::create(&path).unwrap();
        std::io::Write::write_all(&mut file, b"ab").unwrap();
        assert_eq!(said(&desired(b"a")), changed);
        assert_eq!(said(&desired(b"ab")), format!("{:?}", b"ab"));
    }
}
