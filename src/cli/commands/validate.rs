//! `validate`: everything that can be said without the network.

use std::collections::BTreeMap;
use std::error::Error as StdError;

use crate::annotate::{self, Annotation, Format};
use crate::cli::args::{ValidateArgs, ValidateFormat};
use crate::cli::exit::{Exit, Failure};
use crate::cli::lints::Lints;
use crate::cli::workspace::Workspace;
use crate::cli::{Context, repository};
use crate::diagnostics::{Invalid, Problem, Severity, Texts};
use crate::render::{escape, plural};

pub(in crate::cli) fn run(context: &Context, args: &ValidateArgs) -> Result<Exit, Failure> {
    let format = match args.format {
        ValidateFormat::Human => return for_people(context),
        ValidateFormat::Json => Format::Json,
        ValidateFormat::Sarif => Format::Sarif,
        ValidateFormat::Github => Format::Github,
        ValidateFormat::Azure => Format::Azure,
    };
    let mut annotations = Vec::new();
    let checked = Workspace::load(context).and_then(|workspace| {
        annotations.extend(annotated(&workspace.manifest.texts, &workspace.problems));
        let found = Lints::of(&workspace).everything(&workspace.desired)?;
        annotations.extend(annotated(&found.texts, &found.problems));
        workspace.sessions(context)
    });
    if let Err(failure) = &checked {
        annotations.extend(of_failure(failure));
    }
    let path = repository::path(&context.global.manifest);
    context
        .output
        .result(&annotate::format(format, &path, &annotations))?;
    // Whoever reads the log sees it in words, too.
    checked.map(|_| Exit::Done)
}

fn for_people(context: &Context) -> Result<Exit, Failure> {
    let workspace = Workspace::load(context)?;
    let odd = Lints::of(&workspace).everything(&workspace.desired)?;
    if !odd.problems.is_empty() {
        context.output.warning(&odd);
    }
    let path = escape::visible(workspace.manifest.path.as_str()).into_owned();
    let sessions = workspace.sessions(context)?;
    let files: usize = sessions.iter().map(|session| session.desired.len()).sum();
    context.output.result(&format!(
        "{path} is valid: {} in {}.\n",
        plural(files as u64, "file"),
        if sessions.len() == 1 {
            "1 library".to_owned()
        } else {
            format!("{} libraries", sessions.len())
        },
    ))?;
    Ok(Exit::Done)
}

/// The `problems` of `texts`, each at its file's path in the repository.
fn annotated(texts: &Texts, problems: &[Problem]) -> Vec<Annotation> {
    // A path is looked for on the disk; most problems are in the same file.
    let mut known: BTreeMap<String, String> = BTreeMap::new();
    let mut path_of = |name: &str| {
        let path = || repository::path(name.into());
        known.entry(name.to_owned()).or_insert_with(path).clone()
    };
    let problems = problems.iter();
    problems
        .map(|problem| annotate::annotation(texts, problem, &mut path_of))
        .collect()
}

/// The problems behind a failure: those of the manifest's text, or the one that kept it from being read.
fn of_failure(failure: &Failure) -> Vec<Annotation> {
    let report = &failure.report;
    if let Some(Invalid { texts, problems }) = report.downcast_ref::<Invalid>() {
        return annotated(texts, problems);
    }
    let mut message = report.to_string();
    let mut cause: Option<&dyn StdError> = report.source();
    while let Some(error) = cause {
        message = format!("{message}: {error}");
        cause = error.source();
    }
    let code = report.code().map(|code| code.to_string());
    let code = code.unwrap_or_default();
    vec![Annotation {
        docs: annotate::docs_of(&code),
        code,
        severity: Severity::Error,
        message,
        help: report.help().map(|help| help.to_string()),
        places: Vec::new(),
    }]
}
