//! What globs leave out: a library shall not hold what jumpbag itself keeps beside the manifest.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};

use super::{Endpoint, Manifest};

/// The state, the emulators' data, the manifest, and what it includes.
pub(super) struct Skipped {
    /// As they are written and as they really are, since globs of included files look into other folders than the
    /// manifest's.
    paths: BTreeSet<Utf8PathBuf>,
}

impl Skipped {
    /// What globs of `manifest` leave out.
    pub(super) fn of(manifest: &Manifest) -> Self {
        let emulators =
            manifest
                .libraries
                .iter()
                .filter_map(|library| match library.endpoint.as_ref()? {
                    Endpoint::Emulator(folder) => Some(folder.as_str()),
                    Endpoint::Url(_) => None,
                });
        let folder = real_or_written(manifest.folder());
        let in_folder = std::iter::once(manifest.state.path.as_str())
            .chain(emulators)
            .chain(manifest.path.file_name())
            .map(lexical)
            .filter(|path| !path.is_empty())
            .map(|path| folder.join(path));
        let texts = manifest.texts.names().map(Utf8PathBuf::from);
        let paths = in_folder
            .chain(texts)
            .flat_map(|path| [real_or_written(&path), path])
            .collect();
        Self { paths }
    }

    /// What of it is in `folder`, by the path in there.
    pub(super) fn within(&self, folder: &Utf8Path) -> BTreeSet<String> {
        let real = real_or_written(folder);
        let inside = self.paths.iter().filter_map(|path| {
            let path = path.strip_prefix(&real).ok()?;
            let parts: Vec<&str> = path.iter().collect();
            Some(parts.join("/")).filter(|path| !path.is_empty())
        });
        inside.collect()
    }
}

fn real_or_written(path: &Utf8Path) -> Utf8PathBuf {
    path.canonicalize_utf8().unwrap_or_else(|_| path.to_owned())
}

/// `path` without `.` and `..`.
fn lexical(path: &str) -> String {
    let mut parts = Vec::new();
    for part in path.split('/').filter(|part| !matches!(*part, "" | ".")) {
        if part == ".." {
            parts.pop();
        } else {
            parts.push(part);
        }
    }
    parts.join("/")
}
