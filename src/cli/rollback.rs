//! Going back to an earlier state, which takes the manifest's place: what is desired is what it had, and the
//! contents come from the content store.

use std::sync::Arc;

use super::error::Error;
use super::exit::Failure;
use super::session::Session;
use crate::model::{DesiredFile, File, Name};
use crate::plan::{Action, Change, Plan};
use crate::render::escape::visible;
use crate::state::Contents;

/// The largest content whose length is looked up, in bytes: more than the API takes.
const LARGEST: u64 = 64 << 20;

/// Makes the state of `serial` what the library is to be. Each library counts for itself, so there must be one.
pub(super) fn fill(sessions: &mut [Session], serial: u64) -> Result<(), Failure> {
    let [session] = sessions else {
        let names = sessions.iter().map(|session| session.id.name.clone());
        return Err(Error::OneLibrary {
            names: names.collect(),
        }
        .into());
    };
    let document = session.store.read_serial(serial)?;
    document.check_library(&session.id)?;
    let contents = session.store.contents();
    let files = document.files.into_iter();
    let desired = files
        .map(|(name, tracked)| {
            let desired = DesiredFile {
                file: sized(&contents, tracked.file),
                // Whoever sends it finds it in the content store.
                source: name.as_str().into(),
                adopt: false,
                protect: tracked.protect,
                is_opaque: false,
                place: 0..0,
            };
            (name, desired)
        })
        .collect();
    session.desired = Arc::new(desired);
    Ok(())
}

/// The file with its size: what was imported has none in the state.
fn sized(contents: &Contents, file: File) -> File {
    let size = file.size.or_else(|| {
        let content = contents.read(file.sha256, LARGEST).ok()?;
        Some(content?.len() as u64)
    });
    File { size, ..file }
}

/// Refuses a plan that goes back where a content that it would send is not kept or damaged. Whatever it does not
/// touch needs no content.
pub(super) fn check(plan: &Plan, sessions: &[Session]) -> Result<(), Failure> {
    let parts = plan.libraries.iter();
    for part in parts.filter(|part| part.rollback.is_some()) {
        let mut of = sessions.iter();
        let Some(session) = of.find(|session| session.id.name == part.library.name) else {
            continue;
        };
        let contents = session.store.contents();
        let mut missing = Vec::new();
        for (name, file) in part.changes.iter().filter_map(sent) {
            // A damaged one is an error of its own.
            if contents.read(file.sha256, LARGEST)?.is_none() {
                missing.push(format!(
                    "`{}` ({})",
                    visible(name.as_str()),
                    file.sha256.short()
                ));
            }
        }
        if !missing.is_empty() {
            return Err(Error::NotKept {
                library: part.library.name.clone(),
                files: missing.join(", "),
            }
            .into());
        }
    }
    Ok(())
}

/// The file whose content a change needs.
fn sent(change: &Change) -> Option<(&Name, &File)> {
    let needs = match change.action {
        Action::Create | Action::Update | Action::Adopt => true,
        Action::Delete | Action::Forget | Action::None => false,
    };
    let file = change.after.as_ref().filter(|_| needs)?;
    Some((&change.name, file))
}
