//! What a manifest says about a file, besides its source and its name.

use super::decode::{Decoder, Fields, Given};
use crate::model::none_if_empty;

/// The attributes of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Attributes {
    /// See [`crate::model::File::description`].
    pub(crate) description: Prose,
    /// See [`crate::model::File::parameters_description`].
    pub(crate) parameters_description: Prose,
    /// See [`crate::model::File::has_parameters`]; `None` where that follows from their description.
    pub(crate) has_parameters: Option<bool>,
    /// Whether it may take over an unmanaged file of that name.
    pub(crate) adopt: bool,
    /// Whether a plan that would delete it is an error.
    pub(crate) protect: bool,
}

/// A text about a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Prose {
    /// There is none.
    #[default]
    Nothing,
    /// This, which is not empty.
    Given(String),
    /// What the script says of itself.
    OfScript,
}

/// What stands for [`Prose::OfScript`].
pub(crate) const AUTO: &str = "auto";

impl Prose {
    fn of(text: Option<String>) -> Self {
        match none_if_empty(text) {
            None => Self::Nothing,
            Some(text) if text == AUTO => Self::OfScript,
            Some(text) => Self::Given(text),
        }
    }

    /// The text, where the script says `own` of itself.
    pub(super) fn text(&self, own: Option<&str>) -> Option<String> {
        match self {
            Self::Nothing => None,
            Self::Given(text) => Some(text.clone()),
            Self::OfScript => own.map(str::to_owned),
        }
    }
}

/// The keys for them.
pub(super) const KEYS: [&str; 5] = [
    "description",
    "parameters_description",
    "has_parameters",
    "adopt",
    "protect",
];

/// Attributes as one map gives them.
#[derive(Clone, Debug)]
pub(super) struct Written {
    pub(super) description: Given<String>,
    pub(super) parameters_description: Given<String>,
    pub(super) has_parameters: Given<bool>,
    pub(super) adopt: Given<bool>,
    pub(super) protect: Given<bool>,
}

impl Written {
    /// The attributes that `fields` give.
    pub(super) fn of(decoder: &mut Decoder<'_>, fields: &Fields<'_>) -> Self {
        let mut prose = |key: &str| {
            fields.given(key).decode(|node| {
                let text = decoder.prose(node, &format!("`{key}`"))?;
                Some(text.value)
            })
        };
        let description = prose("description");
        let parameters_description = prose("parameters_description");
        let mut boolean = |key: &str| {
            fields
                .given(key)
                .decode(|node| decoder.boolean(node, &format!("`{key}`")))
        };
        Self {
            description,
            parameters_description,
            has_parameters: boolean("has_parameters"),
            adopt: boolean("adopt"),
            protect: boolean("protect"),
        }
    }

    /// `self` where it says something, even null, else `defaults`.
    pub(super) fn or(self, defaults: &Self) -> Self {
        Self {
            description: self.description.or(&defaults.description),
            parameters_description: self
                .parameters_description
                .or(&defaults.parameters_description),
            has_parameters: self.has_parameters.or(&defaults.has_parameters),
            adopt: self.adopt.or(&defaults.adopt),
            protect: self.protect.or(&defaults.protect),
        }
    }

    /// What a file has by them.
    pub(super) fn finish(self) -> Attributes {
        Attributes {
            description: Prose::of(self.description.value()),
            has_parameters: self.has_parameters.value(),
            parameters_description: Prose::of(self.parameters_description.value()),
            adopt: self.adopt.value().unwrap_or(false),
            protect: self.protect.value().unwrap_or(false),
        }
    }
}
