//! `state diff`: what one state has that another has not.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::cli::Context;
use crate::cli::contents;
use crate::cli::error::Error;
use crate::cli::exit::{Exit, Failure};
use crate::cli::session::Session;
use crate::gather::{self, Known};
use crate::model::{DesiredFile, Policy, Selection, Unmanaged};
use crate::plan::{self, Plan};
use crate::render::{self, TextOptions};
use crate::state::Document;

pub(super) fn run(
    context: &Context,
    sessions: &[Session],
    from: u64,
    to: Option<u64>,
) -> Result<Exit, Failure> {
    let [session] = sessions else {
        let names = sessions.iter().map(|session| session.id.name.clone());
        return Err(Error::OneLibrary {
            names: names.collect(),
        }
        .into());
    };
    let from = session.store.read_serial(from)?;
    let to = match to {
        Some(serial) => session.store.read_serial(serial)?,
        None => session
            .document()?
            .unwrap_or_else(|| Document::new(session.id.clone())),
    };
    let plan = between(session, &from, to);
    let contents = contents::at_hand(&plan, sessions);
    let options = TextOptions {
        color: context.output.color(),
    };
    let text = render::changes_text(&plan, &contents, options);
    context.output.result(&text)?;
    Ok(Exit::Done)
}

/// The changes from one state to the other are a plan, in which one is there and the other is desired.
fn between(session: &Session, from: &Document, to: Document) -> Plan {
    let desired = to.files.into_iter().map(|(name, tracked)| {
        let desired = DesiredFile {
            file: tracked.file,
            source: name.as_str().into(),
            adopt: false,
            protect: tracked.protect,
            is_opaque: false,
            place: 0..0,
        };
        (name, desired)
    });
    let desired: Arc<BTreeMap<_, _>> = Arc::new(desired.collect());
    let inputs = gather::join(Known {
        library: session.id.clone(),
        document: Some(Cow::Borrowed(from)),
        desired,
        observed: None,
        policy: Policy {
            unmanaged: Unmanaged::Keep,
            max_deletes: u64::MAX,
            selection: Selection::All,
            destroy: false,
            rollback: None,
        },
        limits: Vec::new(),
        spent: Vec::new(),
    });
    let mut part = plan::plan(&inputs);
    part.refusals.clear();
    for change in &mut part.changes {
        // Nobody decides anything here.
        change.reasons.clear();
    }
    Plan {
        libraries: vec![part],
        warnings: Vec::new(),
    }
}
