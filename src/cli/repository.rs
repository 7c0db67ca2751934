//! Where a manifest is in its repository: that is how a build service knows it.

use camino::{Utf8Path, Utf8PathBuf};

use super::env;
use crate::manifest;

/// The path of `manifest` relative to its repository, with `/`; as it is given where none is found.
///
/// The repository is the nearest folder above that has `.git`, which is right for a checkout into a folder
/// of its own, too; without one, as in an archive, it is the folder that the build service names.
pub(super) fn path(manifest: &Utf8Path) -> String {
    inside(manifest).unwrap_or_else(|| slashed(manifest))
}

fn inside(manifest: &Utf8Path) -> Option<String> {
    let name = manifest.file_name()?;
    let folder = match manifest.parent() {
        Some(folder) if folder != "" => folder,
        _ => Utf8Path::new("."),
    };
    // The link itself counts where the manifest is one: it is what the repository holds.
    let folder = folder.canonicalize_utf8().ok()?;
    let root = root(&folder)?;
    let path = folder.strip_prefix(root).ok()?.join(name);
    Some(slashed(&path))
}

fn root(folder: &Utf8Path) -> Option<Utf8PathBuf> {
    manifest::repository_root(folder)
        .map(Utf8Path::to_owned)
        .or_else(|| Utf8PathBuf::from(env::checkout()?).canonicalize_utf8().ok())
}

/// A relative path with `/` and without `.`; an absolute one as it is.
fn slashed(path: &Utf8Path) -> String {
    if path.is_absolute() {
        return path.to_string();
    }
    let parts = path.components().map(|part| part.as_str());
    parts
        .filter(|part| *part != ".")
        .collect::<Vec<_>>()
        .join("/")
}
