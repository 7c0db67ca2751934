//! Looking at the contents that a run is about for what is odd.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};

use super::Context;
use super::args::Towards;
use super::error::Error;
use super::exit::Failure;
use super::session::Session;
use super::workspace::{Warnings, Workspace, warning};
use crate::diagnostics::lints::Levels;
use crate::diagnostics::{Invalid, Problem, Severity, Text, Texts};
use crate::files::open::content;
use crate::lint::{self, Finding, Findings, Subject};
use crate::model::{DesiredFile, File, Name};
use crate::plan::{Action, Change, Plan, Refusal, Warning};

/// How much lints matter, and what the places of their findings are in.
pub(super) struct Lints {
    levels: Levels,
    texts: Texts,
    /// For certificates that expire.
    now: Timestamp,
}

/// What was found in some files.
struct Found<'a> {
    /// The manifest's texts and those of the files.
    texts: Texts,
    /// For each content that was looked at, which files it is to be.
    asked: Vec<Vec<Asked<'a>>>,
    /// Each with the place of its content in `asked`.
    problems: Vec<(Problem, usize)>,
}

/// A file that a library asks for: which library, by its place, and under which name.
type Asked<'a> = (usize, &'a Name);

/// What makes two files one for the lints: entries for many libraries are looked at once.
type Key<'a> = (&'a str, &'a Name, &'a File);

impl Lints {
    /// Those of the manifest of `workspace`.
    pub(super) fn of(workspace: &Workspace) -> Self {
        Self {
            levels: workspace.manifest.lints.clone(),
            texts: workspace.manifest.texts.clone(),
            now: Timestamp::now(),
        }
    }

    /// How much each matters.
    pub(super) fn levels(&self) -> &Levels {
        &self.levels
    }

    /// What is odd about all files of the `desired` libraries; an error where the manifest denies any of it, or where a file
    /// cannot be looked at.
    pub(super) fn everything(
        &self,
        desired: &BTreeMap<String, BTreeMap<Name, DesiredFile>>,
    ) -> Result<Warnings, Failure> {
        let files = desired.values().enumerate();
        let files =
            files.flat_map(|(nth, files)| files.iter().map(move |(name, file)| (nth, name, file)));
        let found = self.look(files)?;
        let problems = found.problems.into_iter().map(|(problem, _)| problem);
        let problems = Invalid::unless_ok(&found.texts, problems.collect())?;
        Ok(warnings(found.texts, problems))
    }

    /// Tells what is odd about what `plan` would upload, and refuses what the manifest denies. What a plan goes back to is not
    /// looked at: it was there before, and somebody is in a hurry.
    pub(super) fn judge(
        &self,
        context: &Context,
        plan: &mut Plan,
        sessions: &[Session],
        towards: Towards,
    ) -> Result<(), Error> {
        if towards.serial().is_some() {
            return Ok(());
        }
        let mut files = Vec::new();
        for (nth, part) in plan.libraries.iter().enumerate() {
            let mut sessions = sessions.iter();
            let session = sessions.find(|session| session.id.name == part.library.name);
            // What the part says of itself does not count: it may come from a file.
            let Some(session) = session else {
                continue;
            };
            let uploads = part.changes.iter().filter(|change| is_upload(change));
            files.extend(uploads.filter_map(|change| {
                let (name, desired) = session.desired.get_key_value(&change.name)?;
                Some((nth, name, desired))
            }));
        }
        let found = self.look(files.into_iter())?;
        // Those of one kind stand together, and need their help once.
        let mut kinds: BTreeMap<&str, Vec<(Problem, usize)>> = BTreeMap::new();
        for (problem, nth) in found.problems {
            let kind = kinds.entry(problem.code.id).or_default();
            kind.push((problem, nth));
        }
        let (mut firsts, mut refusals) = (Vec::new(), BTreeMap::<_, Vec<_>>::new());
        for problems in kinds.into_values() {
            firsts.extend(first_of(&problems));
            for (problem, nth) in problems {
                let asked = found.asked.get(nth).map_or(&[][..], Vec::as_slice);
                if problem.severity == Severity::Warning {
                    warn(plan, asked, &found.texts, problem);
                    continue;
                }
                for (nth, name) in asked {
                    let refusals = refusals.entry(*nth).or_default();
                    refusals.push(refusal(name, &problem));
                }
            }
        }
        for (nth, refusals) in refusals {
            if let Some(part) = plan.libraries.get_mut(nth) {
                part.refuse(refusals);
            }
        }
        if !firsts.is_empty() {
            let warnings = warnings(found.texts, firsts);
            context.output.warning(&warnings);
        }
        Ok(())
    }

    /// What is odd about `files`. One that cannot be looked at is an error: its content may be at hand elsewhere, and then it
    /// would be sent with nobody having looked.
    fn look<'a>(
        &self,
        files: impl Iterator<Item = (usize, &'a Name, &'a DesiredFile)>,
    ) -> Result<Found<'a>, Error> {
        let mut wanted: BTreeMap<Key<'_>, (&DesiredFile, Vec<Asked<'_>>)> = BTreeMap::new();
        for (nth, name, desired) in files {
            let key = (desired.source.as_str(), name, &desired.file);
            let (_, asked) = wanted.entry(key).or_insert_with(|| (desired, Vec::new()));
            asked.push((nth, name));
        }
        let wanted: Vec<_> = wanted.into_iter().collect();
        let looked = wanted.into_par_iter();
        let looked = looked.map(|((_, name, file), (desired, asked))| {
            let bytes = (!desired.is_opaque).then(|| read(desired)).transpose()?;
            let subject = Subject {
                name: name.as_str(),
                file,
                bytes: bytes.as_deref(),
            };
            let findings = lint::check(&subject, &self.levels, self.now);
            Ok((desired, asked, findings))
        });
        let looked: Result<Vec<_>, Error> = looked.collect();
        let (mut texts, mut problems, mut all_asked) = (Vec::new(), Vec::new(), Vec::new());
        let mut next_start = self.texts.next_start();
        for (desired, asked, Findings { list, text }) in looked? {
            let start = next_start;
            if let Some(text) = text {
                let path = desired.source.as_str();
                let path = path.strip_prefix("./").unwrap_or(path);
                let text = Text::at(start, path, text);
                next_start = text.next_start();
                texts.push(text);
            }
            for finding in list {
                if let Some(problem) = self.problem(finding, desired, start) {
                    problems.push((problem, all_asked.len()));
                }
            }
            all_asked.push(asked);
        }
        Ok(Found {
            texts: self.texts.and(texts),
            asked: all_asked,
            problems,
        })
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

/// The content of `desired`.
fn read(desired: &DesiredFile) -> Result<Vec<u8>, Error> {
    let size = desired.file.size.unwrap_or_default();
    let content = content(&desired.source, size, desired.file.sha256);
    content.map_err(|cause| Error::SourceChanged {
        path: desired.source.clone(),
        cause,
    })
}

/// Whether `change` puts something into the library that was not there so.
fn is_upload(change: &Change) -> bool {
    matches!(change.action, Action::Create | Action::Update)
}

fn warnings(texts: Texts, problems: Vec<Problem>) -> Warnings {
    Warnings {
        heading: "lints have found something".to_owned(),
        texts,
        problems,
    }
}

/// Has `plan` say that `problem` is odd about the `asked` files.
fn warn(plan: &mut Plan, asked: &[Asked<'_>], texts: &Texts, problem: Problem) {
    let file = |(nth, name): &(usize, &Name)| {
        let part = plan.libraries.get(*nth)?;
        Some((part.library.name.clone(), Name::clone(name)))
    };
    let files = asked.iter().filter_map(file).collect();
    plan.warnings.push(Warning {
        files,
        ..warning(texts, problem)
    });
}

fn refusal(name: &Name, problem: &Problem) -> Refusal {
    Refusal::Lint {
        name: name.clone(),
        code: problem.code.id.to_owned(),
        message: problem.message.clone(),
        help: problem.help.clone().unwrap_or_default(),
    }
}

/// The first of the `problems`, which are of one kind, saying how many more there are; `None` where they are no warnings.
fn first_of(problems: &[(Problem, usize)]) -> Option<Problem> {
    let (mut first, _) = problems.first()?.clone();
    let more = problems.len() - 1;
    if more > 0 {
        first.message = format!("{} (and {more} more)", first.message);
    }
    (first.severity == Severity::Warning).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Sha256;
    use camino::Utf8PathBuf;

    /// A content that nobody has looked at is nothing that can be passed over: it may be kept from an earlier run, and sent.
    #[test]
    fn what_changed_since_it_was_hashed_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = Utf8PathBuf::from_path_buf(folder.path().join("a.ps1")).unwrap();
        let desired = |bytes: &[u8]| DesiredFile {
            file: File {
                sha256: Sha256::of(bytes),
                size: Some(bytes.len() as u64),
                description: None,
                has_parameters: false,
                parameters_description: None,
            },
            source: path.clone(),
            adopt: false,
            protect: false,
            is_opaque: false,
            place: 0..0,
        };
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
