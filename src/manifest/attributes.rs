//! What a manifest says about a file, besides its source and its name.

use super::decode::{Decoder, Fields, Given};
use crate::model::none_if_empty;

/// The attributes of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Attributes {
    /// See [`crate::model::File::description`].
    pub(crate) description: Option<String>,
    /// See [`crate::model::File::parameters_description`].
    pub(crate) parameters_description: Option<String>,
    /// See [`crate::model::File::has_parameters`].
    pub(crate) has_parameters: bool,
    /// Whether it may take over an unmanaged file of that name.
    pub(crate) adopt: bool,
    /// Whether a plan that would delete it is an error.
    pub(crate) protect: bool,
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

    /// What a file has by them. Whether it has parameters follows from their description where it is not said.
    pub(super) fn finish(self) -> Attributes {
        let parameters_description = none_if_empty(self.parameters_description.value());
        Attributes {
            description: none_if_empty(self.description.value()),
            has_parameters: self
                .has_parameters
                .value()
                .unwrap_or(parameters_description.is_some()),
            parameters_description,
            adopt: self.adopt.value().unwrap_or(false),
            protect: self.protect.value().unwrap_or(false),
        }
    }
}
