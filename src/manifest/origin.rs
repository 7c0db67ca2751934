//! The files that a manifest is written in: itself, and those that it includes.

use camino::{Utf8Path, Utf8PathBuf};

/// Where entries come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    /// What the file is.
    pub(super) role: Role,
    /// The folder of the file, which the sources of its entries are relative to and stay in.
    pub(crate) folder: Utf8PathBuf,
}

/// What a file is, for what is said about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// The manifest itself.
    Manifest,
    /// A file that it includes.
    Included,
}

impl Role {
    /// The words for it in a sentence.
    pub(super) fn the(self) -> &'static str {
        match self {
            Self::Manifest => "the manifest",
            Self::Included => "the included file",
        }
    }
}

/// The folder of the file at `path`.
pub(super) fn folder_of(path: &Utf8Path) -> &Utf8Path {
    match path.parent() {
        Some(folder) if folder != "" => folder,
        _ => Utf8Path::new("."),
    }
}

/// The nearest folder from `folder` upwards that has `.git`: the repository that it is in. `folder` has no
/// symbolic links.
pub(crate) fn repository_root(folder: &Utf8Path) -> Option<&Utf8Path> {
    let mut above = folder.ancestors();
    above.find(|folder| folder.join(".git").exists())
}
