//! Finding the contents that a plan's text shows: in the content stores, and in the sources.

use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8PathBuf;

use super::file;
use super::session::Session;
use crate::model::Sha256;
use crate::plan::Plan;
use crate::render::{self, Contents};

/// The largest content that is read for a diff, in bytes: what the API takes at the most.
const LARGEST: u64 = 20 * 1024 * 1024;

/// Every content that a diff needs and that is at hand. What is not is said so in the text.
pub(super) fn at_hand(plan: &Plan, sessions: &[Session]) -> Contents {
    let mut wanted: BTreeSet<Sha256> = render::wanted_contents(plan);
    let sources: BTreeMap<Sha256, Utf8PathBuf> = sessions
        .iter()
        .flat_map(|session| session.desired.values())
        .filter(|desired| wanted.contains(&desired.file.sha256))
        .map(|desired| (desired.file.sha256, desired.source.clone()))
        .collect();
    let mut contents = Contents::default();
    for session in sessions {
        let store = session.store.contents();
        wanted.retain(|sha256| match store.read(*sha256, LARGEST) {
            Ok(Some(bytes)) => {
                contents.insert(bytes);
                false
            }
            // A damaged object is not at hand; whoever needs the very bytes is told.
            Ok(None) | Err(_) => true,
        });
    }
    for sha256 in wanted {
        // A source that has changed since it was hashed goes in under its new hash, and is not shown.
        if let Some(bytes) = sources
            .get(&sha256)
            .and_then(|path| file::read(path, LARGEST).ok())
        {
            contents.insert(bytes);
        }
    }
    contents
}
