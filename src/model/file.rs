//! One file of a library, from each of the three sides.

use std::ops::Range;

use camino::Utf8PathBuf;

use super::Sha256;

/// What a library holds under one name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct File {
    /// The identity of the content.
    pub(crate) sha256: Sha256,
    /// The content's length in bytes; `None` where the API is the only source, which reports none.
    pub(crate) size: Option<u64>,
    /// What the file is for; never an empty string.
    pub(crate) description: Option<String>,
    /// Whether live response offers to pass parameters.
    pub(crate) has_parameters: bool,
    /// How the parameters are written; never an empty string.
    pub(crate) parameters_description: Option<String>,
}

/// One of the things that two versions of a file can differ in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Attribute {
    /// The bytes, by their SHA-256.
    Content,
    /// [`File::description`].
    Description,
    /// [`File::has_parameters`].
    HasParameters,
    /// [`File::parameters_description`].
    ParametersDescription,
}

impl Attribute {
    /// All of them, in the order in which they are shown.
    pub(crate) const ALL: [Self; 4] = [
        Self::Content,
        Self::Description,
        Self::HasParameters,
        Self::ParametersDescription,
    ];

    /// The word for it in plans and in JSON.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Content => "content",
            Self::Description => "description",
            Self::HasParameters => "has_parameters",
            Self::ParametersDescription => "parameters_description",
        }
    }
}

impl File {
    /// Whether `self` and `other` have the same `attribute`.
    pub(crate) fn agrees_in(&self, attribute: Attribute, other: &Self) -> bool {
        match attribute {
            Attribute::Content => self.sha256 == other.sha256,
            Attribute::Description => self.description == other.description,
            Attribute::HasParameters => self.has_parameters == other.has_parameters,
            Attribute::ParametersDescription => {
                self.parameters_description == other.parameters_description
            }
        }
    }

    /// What `self` and `other` differ in. The size follows from the content and is not compared.
    pub(crate) fn differences(&self, other: &Self) -> Vec<Attribute> {
        Attribute::ALL
            .into_iter()
            .filter(|attribute| !self.agrees_in(*attribute, other))
            .collect()
    }

    /// Whether nothing differs.
    pub(crate) fn same_as(&self, other: &Self) -> bool {
        Attribute::ALL
            .into_iter()
            .all(|attribute| self.agrees_in(attribute, other))
    }
}

/// Returns `None` for an empty text: the API may answer null for an empty string that was sent.
pub(crate) fn none_if_empty(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

/// A file that the manifest asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DesiredFile {
    /// What it shall be; its size is always known.
    pub(crate) file: File,
    /// Where the content is read from, as a path that this process can open.
    pub(crate) source: Utf8PathBuf,
    /// Whether it may take over an unmanaged file of that name.
    pub(crate) adopt: bool,
    /// Whether a plan that would delete it is an error.
    pub(crate) protect: bool,
    /// Whether its content was seen to be neither text nor an executable of Windows, nor to say what runs it, so that there is
    /// nothing to look into.
    pub(crate) is_opaque: bool,
    /// What of the manifest asks for it, in bytes of the manifest's texts; empty where it is no manifest.
    pub(crate) place: Range<usize>,
}

/// A file that jumpbag put into the library, as the state remembers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TrackedFile {
    /// What was put there.
    pub(crate) file: File,
    /// Whether it was protected then: it stays so until the manifest says otherwise, so that removing
    /// an entry does not remove its protection.
    pub(crate) protect: bool,
}

/// A file that the API listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ObservedFile {
    /// What is there.
    pub(crate) file: File,
    /// Who put it there, in the API's words.
    pub(crate) created_by: Option<String>,
    /// When it was last written, in the API's words.
    pub(crate) last_updated: Option<String>,
}

/// A file that a library is taken to hold.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen<'a> {
    /// What is there.
    pub(crate) file: &'a File,
    /// See [`ObservedFile::created_by`].
    pub(crate) created_by: Option<&'a str>,
    /// See [`ObservedFile::last_updated`].
    pub(crate) last_updated: Option<&'a str>,
}

impl<'a> From<&'a ObservedFile> for Seen<'a> {
    fn from(observed: &'a ObservedFile) -> Self {
        Self {
            file: &observed.file,
            created_by: observed.created_by.as_deref(),
            last_updated: observed.last_updated.as_deref(),
        }
    }
}

impl<'a> From<&'a TrackedFile> for Seen<'a> {
    fn from(tracked: &'a TrackedFile) -> Self {
        Self {
            file: &tracked.file,
            created_by: None,
            last_updated: None,
        }
    }
}
