//! What a reviewer approves, in 64 digits.

use super::{Action, Change, Plan};
use crate::model::{File, Hasher, LibraryId, Sha256};

/// The digest of everything that applying `plan` would do, and of nothing else: which files of which
/// libraries are created, updated, deleted, adopted and forgotten, with which contents and
/// attributes. Two plans with the same fingerprint have the same effect.
///
/// What was there before, reasons, times, serials, paths and the order in the manifest have no part in
/// it; neither have files for which nothing is done.
pub(crate) fn fingerprint(plan: &Plan) -> Sha256 {
    let mut effects = Effects::default();
    effects.text("jumpbag plan 1");
    for library in &plan.libraries {
        for change in library
            .changes
            .iter()
            .filter(|change| change.action != Action::None)
        {
            effects.change(&library.library, change);
        }
    }
    effects.0.finish()
}

/// A hasher of fields. Each is written with its kind and length, so that no two different lists of
/// fields give the same bytes.
#[derive(Default)]
struct Effects(Hasher);

impl Effects {
    fn text(&mut self, text: &str) {
        self.0.update(b"s");
        self.0.update(&(text.len() as u64).to_be_bytes());
        self.0.update(text.as_bytes());
    }

    fn optional(&mut self, text: Option<&str>) {
        match text {
            Some(text) => self.text(text),
            None => self.0.update(b"n"),
        }
    }

    /// The library is repeated with every change: one without changes then adds nothing.
    fn change(&mut self, library: &LibraryId, change: &Change) {
        let LibraryId {
            name,
            endpoint,
            tenant_id,
        } = library;
        self.text(name);
        self.text(endpoint);
        self.optional(tenant_id.as_deref());
        // The action implies whether an existing file may be replaced.
        self.text(change.action.as_str());
        self.text(change.name.as_str());
        match &change.after {
            None => self.optional(None),
            Some(File {
                sha256,
                size: _,
                description,
                has_parameters,
                parameters_description,
            }) => {
                self.text(&sha256.to_string());
                self.optional(description.as_deref());
                self.text(if *has_parameters { "true" } else { "false" });
                self.optional(parameters_description.as_deref());
                self.text(if change.protect {
                    "protected"
                } else {
                    "unprotected"
                });
            }
        }
    }
}
