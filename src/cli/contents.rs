//! Finding the contents that a plan's text shows: in the content stores, and in the sources.

use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8PathBuf;
use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};

use super::session::Session;
use crate::files::open::bytes;
use crate::model::Sha256;
use crate::plan::Plan;
use crate::render::{self, Content, Contents};

/// The largest content that is read for a diff, in bytes: what the API takes at the most.
const LARGEST: u64 = 20 * 1024 * 1024;

/// How many contents are fetched at once from stores that are far away.
const AT_ONCE: usize = 16;

/// Every content that a diff needs and that is at hand. What is not is said so in the text.
pub(super) fn at_hand(plan: &Plan, sessions: &[Session]) -> Contents {
    let is_far = sessions.iter().any(|session| session.store.is_far());
    let pool = is_far.then(|| rayon::ThreadPoolBuilder::new().num_threads(AT_ONCE).build());
    match pool {
        // Its threads do little but wait.
        Some(Ok(pool)) => pool.install(|| find(plan, sessions)),
        Some(Err(_)) | None => find(plan, sessions),
    }
}

fn find(plan: &Plan, sessions: &[Session]) -> Contents {
    let mut wanted: BTreeSet<Sha256> = render::wanted_contents(plan);
    if wanted.is_empty() {
        return Contents::default();
    }
    let sources: BTreeMap<Sha256, Utf8PathBuf> = sessions
        .iter()
        .flat_map(|session| session.desired.values())
        .filter(|desired| wanted.contains(&desired.file.sha256))
        .map(|desired| (desired.file.sha256, desired.source.clone()))
        .collect();
    let mut contents = Contents::default();
    for session in sessions {
        let store = session.store.contents();
        let all: Vec<_> = wanted.iter().copied().collect();
        // Each is read and unpacked on its own.
        let read = all.into_par_iter().filter_map(|sha256| {
            // A damaged object is not at hand; whoever needs the very bytes is told.
            let bytes = store.read(sha256, LARGEST).ok().flatten()?;
            Some(Content::new(bytes))
        });
        for content in read.collect::<Vec<_>>() {
            wanted.remove(&contents.insert(content));
        }
    }
    let sources: Vec<_> = wanted.iter().filter_map(|it| sources.get(it)).collect();
    let read = sources
        .into_par_iter()
        .filter_map(|path| Some(Content::new(bytes(path, LARGEST).ok()??)));
    for content in read.collect::<Vec<_>>() {
        // A source that has changed since it was hashed goes in under its new hash, and is not shown.
        contents.insert(content);
    }
    contents
}
