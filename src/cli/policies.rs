//! The policies of a run: where they are, and what they say of its plan.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use camino::{Utf8Path, Utf8PathBuf};
use jiff::Timestamp;
use miette::Diagnostic;

use super::Context;
use super::error::Error;
use super::exit::Failure;
use super::file;
use super::review;
use crate::diagnostics::lints::Levels;
use crate::model::Name;
use crate::plan::{Plan, Refusal, Warning};
use crate::policy::{self, Judgement, Source, Verdict};
use crate::render;

/// The folder beside the manifest that is looked into where nobody says otherwise.
const FOLDER: &str = "policies";

/// The largest file of policies that is read, in bytes.
const LARGEST: u64 = 1 << 20;

/// How many folders deep policies may be. A link that leads into itself ends there.
const DEEPEST: u8 = 8;

/// The policies of a run.
pub(super) struct Policies(Vec<Source>);

/// What a policy warns of.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
#[error("the policies' rule `{rule}` warns: `{message}`")]
#[diagnostic(severity(Warning), code(jumpbag::policy::warn))]
struct Warns {
    rule: String,
    message: String,
}

/// A rule that looks as if it decided something.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
#[error("the policies' rule `{rule}` in the package `{package}` is not asked")]
#[diagnostic(
    severity(Warning),
    code(jumpbag::policy::not_asked),
    help(
        "write it as a rule without arguments in the package `main`, or give it a name that does not begin so"
    )
)]
struct Unasked {
    package: String,
    rule: String,
}

impl Policies {
    /// Those in the folder `given`, or else in the one beside the manifest, which need not be there. A folder without any is an
    /// error: somebody wanted something of it.
    pub(super) fn load(context: &Context, given: Option<&Utf8PathBuf>) -> Result<Self, Failure> {
        let folder = match given {
            Some(folder) => folder.clone(),
            None => beside(&context.global.manifest),
        };
        let cannot = |cause| Error::Policies {
            folder: folder.clone(),
            cause,
        };
        // Only where nothing at all is beside the manifest, nobody wants policies.
        let is_there = given.is_some() || is_there(&folder).map_err(cannot)?;
        if !is_there {
            return Ok(Self(Vec::new()));
        }
        let mut paths = Vec::new();
        list(&folder, DEEPEST, &mut paths).map_err(cannot)?;
        if paths.is_empty() {
            let none = io::Error::new(io::ErrorKind::NotFound, "it holds no `*.rego`");
            return Err(cannot(none).into());
        }
        paths.sort();
        let read = |path: Utf8PathBuf| {
            let bytes = file::read(&path, LARGEST)?;
            let text = String::from_utf8(bytes)
                .map_err(|error| cannot(io::Error::new(io::ErrorKind::InvalidData, error)))?;
            let path = path.into_string();
            Ok::<_, Error>(Source { path, text })
        };
        let sources: Result<Vec<_>, _> = paths.into_iter().map(read).collect();
        Ok(Self(sources?))
    }

    /// Tells what they warn of in `plan`, and refuses what they deny. They are told which `lints` the manifest sets, too: a policy
    /// that asks for what a lint finds must know where it does not look.
    pub(super) fn judge(
        self,
        context: &Context,
        plan: &mut Plan,
        lints: &Levels,
    ) -> Result<(), Failure> {
        if self.0.is_empty() {
            return Ok(());
        }
        let json = render::json(plan, &review::fingerprint(plan));
        let levels: BTreeMap<_, _> = lints.set_levels().collect();
        let Judgement { verdicts, unasked } =
            policy::judge(self.0, &json, &levels, Timestamp::now())?;
        for (package, rule) in unasked {
            warn(context, plan, &Unasked { package, rule });
        }
        let (denials, warnings): (Vec<_>, _) = verdicts.into_iter().partition(|it| it.denies);
        for Verdict { rule, message, .. } in warnings {
            warn(context, plan, &Warns { rule, message });
        }
        deny(plan, &denials);
        Ok(())
    }
}

/// Tells of `what`, now and to whoever reads the plan.
fn warn(context: &Context, plan: &mut Plan, what: &(impl Diagnostic + Send + Sync)) {
    plan.warnings.push(Warning {
        code: what.code().map(|code| code.to_string()).unwrap_or_default(),
        message: what.to_string(),
        place: None,
        help: what.help().map(|help| help.to_string()),
        files: Vec::new(),
    });
    context.output.warning(what);
}

/// The folder of policies beside the manifest at `path`.
fn beside(path: &Utf8Path) -> Utf8PathBuf {
    match path.parent() {
        Some(folder) if folder != "" => folder.join(FOLDER),
        Some(_) | None => FOLDER.into(),
    }
}

/// Whether anything is at `path`, be it a link to nothing.
fn is_there(path: &Utf8Path) -> io::Result<bool> {
    match path.symlink_metadata() {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Adds the policies in `folder`, and in folders in it down to `depth`, to `paths`. What tests policies is none. Links are
/// followed, and one that leads nowhere is an error: a policy that is not asked denies nothing.
fn list(folder: &Utf8Path, depth: u8, paths: &mut Vec<Utf8PathBuf>) -> io::Result<()> {
    let Some(depth) = depth.checked_sub(1) else {
        let why = format!("`{folder}` is too deep in it, or a link to what it is in");
        return Err(io::Error::other(why));
    };
    for entry in folder.read_dir_utf8()? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_name().starts_with('.') {
            continue;
        }
        let metadata = path
            .metadata()
            .map_err(|error| io::Error::new(error.kind(), format!("`{path}`: {error}")))?;
        if metadata.is_dir() {
            list(path, depth, paths)?;
        } else if is_policy(path) {
            paths.push(entry.into_path());
        }
    }
    Ok(())
}

fn is_policy(path: &Utf8Path) -> bool {
    let is_test = path.file_stem().is_some_and(|stem| stem.ends_with("_test"));
    !is_test
        && path
            .extension()
            .is_some_and(|it| it.eq_ignore_ascii_case("rego"))
}

/// Refuses each library that one of the `denials` is about; all of them for one that says no library.
fn deny(plan: &mut Plan, denials: &[Verdict]) {
    let libraries = plan.libraries.iter();
    let libraries: BTreeSet<_> = libraries.map(|part| part.library.name.clone()).collect();
    for part in &mut plan.libraries {
        let name = &part.library.name;
        // A library that the plan does not have must not make the denial go away.
        let is_meant = |library: &String| library == name || !libraries.contains(library);
        let meant = denials.iter();
        let meant = meant.filter(|denial| denial.library.as_ref().is_none_or(is_meant));
        let names: BTreeSet<_> = part.changes.iter().map(|change| &change.name).collect();
        let refusal = |denial: &Verdict| {
            let name = denial.file.as_deref().map(Name::existing);
            Refusal::Policy {
                name: name.filter(|name| names.contains(name)),
                rule: denial.rule.clone(),
                message: denial.message.clone(),
            }
        };
        let refusals: Vec<_> = meant.map(refusal).collect();
        part.refuse(refusals);
    }
}
