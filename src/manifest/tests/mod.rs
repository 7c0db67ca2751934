//! What a person is told about a manifest, and what it resolves to.

mod entries;
mod hashing;
mod includes;
mod libraries;
mod library_defaults;
mod overrides;
mod own;
mod properties;
mod schema;
mod sources;
mod structure;
mod yaml;

use std::fs;

use camino::{Utf8Path, Utf8PathBuf};
use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme};
use tempfile::TempDir;

use super::{Library, Manifest, Resolved, parse};
use crate::diagnostics::Invalid;
use crate::files::stat_cache::StatCache;

/// [`super::load`], with every file read.
fn load(
    path: &Utf8Path,
    bytes: &[u8],
    select: impl Fn(&Library) -> bool,
) -> Result<(Manifest, Resolved), Invalid> {
    super::load(path, bytes, select, &StatCache::off())
}

/// The manifest that the contract shows.
const FULL: &str = r#"version: 1
libraries:                      # optional; without it one library, `default`, from the environment
  contoso:
    tenant_id: 00000000-0000-0000-0000-000000000000
    cloud: commercial
    endpoint: https://api.example.org
    auth: default
    max_file_size: 4MB
    limits:
      - { calls: 100,  per: 1m }
      - { calls: 1500, per: 1h }
    unmanaged: keep
    max_deletes: 10
state:
  backend: local
  path: .jumpbag
files:
  - source: scripts/collect-triage.ps1
    name: collect-triage.ps1
    description: Collects a triage package
    parameters_description: "-Days <n>"
    has_parameters: true
    adopt: false
    protect: false
    libraries: [contoso]
  - source: tools/**/*.exe
"#;

/// What a person reads.
fn shown(diagnostic: &dyn Diagnostic) -> String {
    let mut out = String::new();
    GraphicalReportHandler::new_themed(GraphicalTheme::none())
        .with_links(false)
        .with_width(80)
        .render_report(&mut out, diagnostic)
        .unwrap();
    out
}

/// What a person reads of each problem.
fn shown_problems(invalid: &Invalid) -> String {
    let problems = invalid.problems.iter().map(|problem| {
        let report = miette::Report::from(problem.clone()).with_source_code(invalid.texts.clone());
        shown(report.as_ref()).trim_end().to_owned()
    });
    problems.collect::<Vec<_>>().join("\n")
}

/// The manifest `text`, which has to be good.
#[track_caller]
fn good(text: &str) -> Manifest {
    match parse(Utf8Path::new("jumpbag.yaml"), text.as_bytes()) {
        Ok(manifest) => manifest,
        Err(invalid) => panic!("{}", shown_problems(&invalid)),
    }
}

/// What a person reads about the manifest `text`, which has to be bad.
#[track_caller]
fn bad(text: impl AsRef<[u8]>) -> String {
    shown_problems(&parse(Utf8Path::new("jumpbag.yaml"), text.as_ref()).unwrap_err())
}

/// The ids of what is wrong with the manifest `text`.
#[track_caller]
fn ids(text: &str) -> Vec<&'static str> {
    match parse(Utf8Path::new("jumpbag.yaml"), text.as_bytes()) {
        Ok(_) => Vec::new(),
        Err(invalid) => invalid
            .problems
            .iter()
            .map(|problem| problem.code.id.rsplit("::").next().unwrap())
            .collect(),
    }
}

/// A manifest's folder.
struct Folder(TempDir);

impl Folder {
    /// A folder with these files, each holding its own path.
    fn with(paths: &[&str]) -> Self {
        let folder = Self(TempDir::new().unwrap());
        for path in paths {
            folder.write(path, path);
        }
        folder
    }

    fn path(&self) -> &Utf8Path {
        Utf8Path::from_path(self.0.path()).unwrap()
    }

    #[expect(clippy::disallowed_methods, reason = "a test's file may be half")]
    fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn load(&self, text: &str) -> Result<(Manifest, Resolved), Invalid> {
        load(&self.path().join("jumpbag.yaml"), text.as_bytes(), |_| true)
    }

    /// What the manifest `text`, which has to be good, resolves to: a line for each file.
    #[track_caller]
    fn good(&self, text: &str) -> String {
        let (_, resolved) = match self.load(text) {
            Ok(loaded) => loaded,
            Err(invalid) => panic!("{}", shown_problems(&invalid)),
        };
        let mut lines = Vec::new();
        for (library, files) in &resolved.libraries {
            for (name, desired) in files {
                let source = desired.source.strip_prefix(self.path()).unwrap();
                lines.push(format!("{library}: {name} from {source}"));
            }
        }
        lines.join("\n")
    }

    /// What a person reads about the manifest `text`, which has to be bad.
    #[track_caller]
    fn bad(&self, text: &str) -> String {
        shown_problems(&self.load(text).unwrap_err()).replace(&format!("{}/", self.path()), "")
    }
}

/// Makes `text` the manifest's only source.
fn one_source(text: &str) -> String {
    format!("version: 1\nfiles:\n  - source: {text}\n")
}

fn utf8(path: &str) -> Utf8PathBuf {
    Utf8PathBuf::from(path)
}
