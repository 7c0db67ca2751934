//! A state that is read while the sources are looked at: both take about as long.

use std::thread::{Builder, JoinHandle};

use super::session;
use crate::manifest::Manifest;
use crate::state::Document;

/// A state that is being read.
#[derive(Debug, Default)]
pub(super) struct Early(Option<(String, JoinHandle<Option<Document>>)>);

impl Early {
    /// Begins to read the state of the library of `manifest` that is `selected`, if there is one of them, and its state is on
    /// this machine.
    pub(super) fn begin(manifest: &Manifest, selected: impl Fn(&str) -> bool) -> Self {
        if manifest.state.url.is_some() {
            return Self::default();
        }
        let names = manifest.libraries.iter().map(|library| &library.name);
        let selected: Vec<&String> = names.filter(|name| selected(name)).collect();
        let ([name], Ok(place)) = (selected.as_slice(), session::place(manifest)) else {
            return Self::default();
        };
        let store = place.library(name);
        // Whoever asks reads once more where this fails, and says why.
        let reading = Builder::new().spawn(move || store.read().ok().flatten());
        Self(reading.ok().map(|reading| ((*name).clone(), reading)))
    }

    /// The state of `library`; `None` where it was not read, or could not be.
    pub(super) fn take(&mut self, library: &str) -> Option<Document> {
        let (_, reading) = self.0.take_if(|(name, _)| name == library)?;
        reading.join().ok().flatten()
    }
}
