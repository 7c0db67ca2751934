//! What `jumpbag drift` shows: tracked against observed alone.

use super::escape::word;
use super::size::plural;
use super::style::Role;
use super::text::{Page, TextOptions, heading, left_alone};
use super::words;
use crate::model::{LibraryId, Name};
use crate::plan::Drift;

/// How one library differs from its state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LibraryDrift {
    /// Which library.
    pub(crate) library: LibraryId,
    /// The state's serial.
    pub(crate) serial: u64,
    /// The files that differ, by name.
    pub(crate) drifted: Vec<(Name, Drift)>,
    /// Observed and not tracked, by name.
    pub(crate) unmanaged: Vec<Name>,
}

/// The drift of `libraries` as text, laid out as a plan's.
pub(crate) fn drift_text(libraries: &[LibraryDrift], options: TextOptions) -> String {
    let mut page = Page::new(options.color);
    for library in libraries {
        page.gap();
        let LibraryDrift {
            library: id,
            serial,
            drifted,
            unmanaged: names,
        } = library;
        heading(&mut page, id, *serial, *serial > 0);
        page.gap();
        for (name, drift) in drifted {
            let missing = drift.attributes.is_empty();
            let (symbol, role) = if missing {
                ("- ", Role::Removed)
            } else {
                ("~ ", Role::Changed)
            };
            let name = word(name.as_str());
            page.pack(
                (2, (role, symbol)),
                6,
                "",
                &[(Role::Heading, name.into_owned())],
            );
            let plain = (6, (Role::Plain, ""));
            page.sentence(plain, 8, Role::Plain, &words::drift(drift));
        }
        page.gap();
        left_alone(&mut page, "Not tracked", names);
    }
    page.gap();
    let count: u64 = libraries.iter().map(|it| it.drifted.len() as u64).sum();
    let line = match count {
        0 => "No drift. The library matches the state.".to_owned(),
        1 => "Drift: 1 file differs from the state.".to_owned(),
        _ => format!("Drift: {} differ from the state.", plural(count, "file")),
    };
    page.line(0, [(Role::Heading, line.as_str())]);
    page.text
}
