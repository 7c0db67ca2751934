//! One library's files, by what they are for.

use std::sync::Arc;

use bytes::Bytes;

use crate::model::Sha256;

use super::Error;
use super::backend::sealed::{Keys, Sealed};
use super::backend::{Backend, Condition, Entry, Fault, Fill, Found, Opened, Version};
use super::document::Document;
use super::format::{self, Damage, FormatVersion, Reading, Unreadable};

const STATE: &str = "state.json";
const HISTORY: &str = "history";
const OBJECTS: &str = "objects";

/// The prefix of one library.
#[derive(Clone, Debug)]
pub(super) struct Prefix(Arc<dyn Backend>, Arc<Keys>);

/// The state as it is stored.
pub(super) struct Stored {
    pub(super) bytes: Bytes,
    pub(super) version: Version,
    pub(super) sealed: bool,
    pub(super) reading: Reading,
}

impl Prefix {
    /// The file of the state.
    pub(super) const STATE: &'static str = STATE;

    /// The files in `backend`, encrypted with `keys`, where it has any.
    pub(super) fn new(backend: Arc<dyn Backend>, keys: Arc<Keys>) -> Self {
        let sealed = Sealed::new(backend, Arc::clone(&keys));
        Self(Arc::new(sealed), keys)
    }

    /// Who can read what is written.
    pub(super) fn keys(&self) -> &Keys {
        &self.1
    }

    pub(super) fn backend(&self) -> &Arc<dyn Backend> {
        &self.0
    }

    /// The prefix itself, for people.
    pub(super) fn place(&self) -> String {
        self.0.place("")
    }

    /// `state.json`, for people.
    pub(super) fn state_place(&self) -> String {
        self.0.place(STATE)
    }

    /// An object, for people.
    pub(super) fn object_place(&self, sha256: Sha256) -> String {
        self.0.place(&object(sha256))
    }

    /// `state.json`, whatever it holds.
    pub(super) fn state_bytes(&self) -> Result<Option<Found>, Error> {
        self.get(STATE, "read the state")
    }

    /// The state; `None` if nothing was ever written.
    pub(super) fn read(&self) -> Result<Option<Stored>, Error> {
        let Some(Found {
            bytes,
            version,
            sealed,
        }) = self.state_bytes()?
        else {
            // Taking a lost state for a new one would make every file unmanaged.
            return match self.history()?.last() {
                Some(serial) => Err(self.damaged(STATE, Damage::Missing(*serial))),
                None => Ok(None),
            };
        };
        let reading = self.understand(STATE, &bytes)?;
        Ok(Some(Stored {
            bytes,
            version,
            sealed,
            reading,
        }))
    }

    /// Writes `state.json` in place of what it was at `version`. [`Error::Raced`] when it is something else now.
    pub(super) fn write_state(
        &self,
        bytes: Bytes,
        version: Option<&Version>,
    ) -> Result<Version, Error> {
        let condition = version.map_or(Condition::New, Condition::Is);
        let written = self.0.put(STATE, bytes, condition);
        written.map_err(|fault| {
            if matches!(fault, Fault::Lost) {
                Error::Raced {
                    path: self.state_place(),
                }
            } else {
                self.failed("write the state", STATE, fault)
            }
        })
    }

    /// The serials in the history, in ascending order.
    pub(super) fn history(&self) -> Result<Vec<u64>, Error> {
        let entries = self.list(HISTORY, "list the history")?;
        let serials = entries.iter().filter_map(|entry| serial_of(&entry.name));
        let mut serials: Vec<_> = serials.collect();
        serials.sort_unstable();
        Ok(serials)
    }

    /// One entry of the history.
    pub(super) fn read_serial(&self, serial: u64) -> Result<Document, Error> {
        let name = entry(serial);
        let Some(found) = self.get(&name, "read the history's entry")? else {
            return Err(Error::NoSuchSerial {
                folder: self.place(),
                serial,
            });
        };
        let document = self.understand(&name, &found.bytes)?.document;
        if document.serial != serial {
            let damage = Damage::impossible("serial", document.serial, "not that of its file");
            return Err(self.damaged(&name, damage));
        }
        Ok(document)
    }

    /// Puts a state that reads well into the history. An entry that is there has to be the same state.
    pub(super) fn keep(&self, serial: u64, bytes: &Bytes) -> Result<(), Error> {
        let name = entry(serial);
        match self.0.put(&name, bytes.clone(), Condition::New) {
            Ok(_) => Ok(()),
            Err(Fault::Lost) => match self.get(&name, "read the history's entry")? {
                Some(there) if same_state(&there.bytes, bytes) => Ok(()),
                Some(_) | None => Err(Error::HistoryTaken {
                    path: self.0.place(&name),
                }),
            },
            Err(fault) => Err(self.failed("write the history's entry", &name, fault)),
        }
    }

    /// Writes an object in place of what is there. Its name is durable once the objects were
    /// [settled](Self::settle_objects).
    pub(super) fn write_object(
        &self,
        sha256: Sha256,
        fill: &mut Fill<'_>,
    ) -> Result<Opened, Error> {
        let name = object(sha256);
        let written = self.0.write(&name, fill);
        written.map_err(|fault| self.failed("write the content", &name, fault))
    }

    /// An object, to be read.
    pub(super) fn open_object(&self, sha256: Sha256) -> Result<Option<Opened>, Error> {
        let name = object(sha256);
        let opened = self.0.open(&name);
        opened.map_err(|fault| self.failed("read the content", &name, fault))
    }

    /// Makes all objects that were written durable.
    pub(super) fn settle_objects(&self) -> Result<(), Error> {
        let settled = self.0.settle(OBJECTS);
        settled.map_err(|fault| self.failed("write the contents", OBJECTS, fault))
    }

    pub(super) fn has_object(&self, sha256: Sha256) -> Result<bool, Error> {
        let name = object(sha256);
        let has = self.0.has(&name);
        has.map_err(|fault| self.failed("look for the content", &name, fault))
    }

    /// The name of a history's entry.
    pub(super) fn entry(serial: u64) -> String {
        entry(serial)
    }

    /// The name of an object.
    pub(super) fn object_name(sha256: Sha256) -> String {
        object(sha256)
    }

    /// The objects whose names say what they hold.
    pub(super) fn objects(&self) -> Result<Vec<(Sha256, Entry)>, Error> {
        let entries = self.list(OBJECTS, "list the contents")?.into_iter();
        let named = entries.filter_map(|entry| Some((entry.name.parse().ok()?, entry)));
        Ok(named.collect())
    }

    pub(super) fn remove_serial(&self, serial: u64) -> Result<(), Error> {
        let name = entry(serial);
        let deleted = self.0.delete(&name);
        deleted.map_err(|fault| self.failed("remove the history's entry", &name, fault))
    }

    pub(super) fn remove_object(&self, sha256: Sha256) -> Result<(), Error> {
        let name = object(sha256);
        let deleted = self.0.delete(&name);
        deleted.map_err(|fault| self.failed("remove the content", &name, fault))
    }

    /// A file, whatever it is.
    pub(super) fn get(&self, name: &str, doing: &'static str) -> Result<Option<Found>, Error> {
        let found = self.0.get(name);
        found.map_err(|fault| self.failed(doing, name, fault))
    }

    fn list(&self, folder: &str, doing: &'static str) -> Result<Vec<Entry>, Error> {
        let entries = self.0.list(folder);
        entries.map_err(|fault| self.failed(doing, folder, fault))
    }

    /// The error of an operation on the file `name`.
    pub(super) fn failed(&self, doing: &'static str, name: &str, fault: Fault) -> Error {
        Error::storage(doing, self.0.place(name), fault)
    }

    fn understand(&self, name: &str, bytes: &[u8]) -> Result<Reading, Error> {
        format::read(bytes).map_err(|unreadable| match unreadable {
            Unreadable::Newer(found) => Error::NewerFormat {
                path: self.0.place(name),
                found,
                known: FormatVersion::LATEST,
            },
            Unreadable::Moved(to) => Error::Moved {
                path: self.0.place(name),
                to,
            },
            Unreadable::Damaged(damage) => self.damaged(name, damage),
        })
    }

    /// A state from elsewhere.
    pub(super) fn understand_foreign(path: &str, bytes: &[u8]) -> Result<Document, Error> {
        match format::read(bytes) {
            Ok(reading) if reading.version.is_newer() => Err(Error::NewerMinorFormat {
                path: path.to_owned(),
                found: reading.version,
                known: FormatVersion::LATEST,
            }),
            Ok(reading) => Ok(reading.document),
            Err(Unreadable::Newer(found)) => Err(Error::NewerFormat {
                path: path.to_owned(),
                found,
                known: FormatVersion::LATEST,
            }),
            Err(Unreadable::Moved(to)) => Err(Error::Moved {
                path: path.to_owned(),
                to,
            }),
            Err(Unreadable::Damaged(damage)) => Err(Error::Damaged {
                path: path.to_owned(),
                last_good: None,
                help: "pull it again, or take it from a backup or from version control".to_owned(),
                source: Box::new(damage),
            }),
        }
    }

    fn damaged(&self, name: &str, damage: Damage) -> Error {
        let last_good = self.last_good();
        let path = self.0.place(name);
        let help = match last_good {
            // An entry of the history is not what runs depend on.
            _ if name != STATE => {
                "choose another serial, or take the file from a backup or from version control"
                    .to_owned()
            }
            Some(serial) => {
                let good = self.0.place(&entry(serial));
                let how = if path.contains("://") {
                    format!("by copying `{good}` over it with the tools of your storage")
                } else {
                    format!("with `cp '{good}' '{path}'`")
                };
                format!("put serial {serial}, the last good one, back {how}, then plan again")
            }
            None => format!(
                "take the file from a backup or from version control; without one, move `{}` away and run `jumpbag import --all`",
                self.place()
            ),
        };
        Error::Damaged {
            path,
            last_good,
            help,
            source: Box::new(damage),
        }
    }

    /// The newest entry of the history that reads well. What fails here only makes the advice poorer.
    fn last_good(&self) -> Option<u64> {
        let serials = self.history().ok()?;
        serials.into_iter().rev().find(|serial| {
            let found = self.0.get(&entry(*serial)).ok().flatten();
            found
                .and_then(|found| format::read(&found.bytes).ok())
                .is_some_and(|reading| reading.document.serial == *serial)
        })
    }
}

fn entry(serial: u64) -> String {
    format!("{HISTORY}/{serial}.json")
}

fn object(sha256: Sha256) -> String {
    format!("{OBJECTS}/{sha256}")
}

/// Whether two texts hold the same state: git may have changed the line ends of one.
fn same_state(there: &[u8], bytes: &[u8]) -> bool {
    let checksum = |bytes| format::read(bytes).ok().map(|reading| reading.checksum);
    there == bytes || checksum(there).is_some_and(|there| Some(there) == checksum(bytes))
}

/// The serial that a history's file is named for.
fn serial_of(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(".json")?;
    let serial: u64 = digits.parse().ok()?;
    (serial.to_string() == digits).then_some(serial)
}
