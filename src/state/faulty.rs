//! A store for tests on which something goes wrong at a chosen operation.

use std::io;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use camino::Utf8PathBuf;
use jiff::{SignedDuration, Timestamp};

use super::Store;
use super::backend::local::Folder;
use super::backend::{Backend, Condition, Entry, Fault, Fill, Found, Opened, Version};
use super::mortal;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Trouble {
    /// ENOSPC: nothing is written.
    Full,
    /// EACCES: nothing is read or written.
    Denied,
    /// EIO: nothing is read or written.
    Broken,
    /// It is written, and the answer is an error.
    FailedAfter,
    /// The condition is said not to hold.
    Lost,
    /// What is read has another byte in its middle.
    Garbled,
    /// What is read is the half of it.
    Truncated,
    /// From then on, the clock is a year ahead.
    Ahead,
    /// From then on, the clock is a year behind.
    Behind,
}

impl Trouble {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Full => "ENOSPC",
            Self::Denied => "EACCES",
            Self::Broken => "EIO",
            Self::FailedAfter => "failed after its effect",
            Self::Lost => "lost condition",
            Self::Garbled => "garbled",
            Self::Truncated => "truncated",
            Self::Ahead => "clock a year ahead",
            Self::Behind => "clock a year behind",
        }
    }

    pub(crate) fn is_of_the_clock(self) -> bool {
        matches!(self, Self::Ahead | Self::Behind)
    }
}

/// Where and how often something goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Plot {
    pub(crate) trouble: Trouble,
    /// At which operation, counted from 0.
    pub(crate) at: u32,
    /// Whether at every one from there on.
    pub(crate) always: bool,
}

/// What the clock is wrong by, in seconds. One store at a time has it.
static WRONG: AtomicI64 = AtomicI64::new(0);

/// Counts the operations on a folder, and makes some of them fail.
#[derive(Debug)]
pub(crate) struct Faulty {
    folder: Folder,
    plot: Option<Plot>,
    /// What could have gone wrong at each.
    operations: Mutex<Vec<Vec<Trouble>>>,
    /// The operation at which it happened first.
    first: Mutex<Option<String>>,
}

impl Faulty {
    pub(crate) fn new(folder: Utf8PathBuf, plot: Option<Plot>) -> Arc<Self> {
        WRONG.store(0, Ordering::SeqCst);
        Arc::new(Self {
            folder: Folder::new(folder),
            plot,
            operations: Mutex::default(),
            first: Mutex::new(None),
        })
    }

    /// The clock that may be wrong.
    pub(crate) fn now() -> Timestamp {
        let wrong = SignedDuration::from_secs(WRONG.load(Ordering::SeqCst));
        // Ten years in: a year before it is a time, too.
        Timestamp::UNIX_EPOCH + SignedDuration::from_hours(87_600) + wrong
    }

    /// The store on it, as in a folder or as in an object store.
    pub(crate) fn store(self: &Arc<Self>, leased: bool) -> Store {
        mortal::store(Arc::<Self>::clone(self), &self.folder, leased, Self::now)
    }

    /// What could have gone wrong at each operation that there was.
    pub(crate) fn operations(&self) -> Vec<Vec<Trouble>> {
        self.operations.lock().unwrap().clone()
    }

    /// At which operation it went wrong first; `None` where it did not.
    pub(crate) fn first(&self) -> Option<String> {
        self.first.lock().unwrap().clone()
    }

    /// What goes wrong with this operation, if it is one of those that `may`.
    fn trouble(&self, operation: &str, name: &str, may: &[Trouble]) -> Option<Trouble> {
        let number = {
            let mut operations = self.operations.lock().unwrap();
            operations.push(may.to_vec());
            u32::try_from(operations.len()).unwrap() - 1
        };
        let plot = self.plot?;
        let is_hit = if plot.always {
            number >= plot.at
        } else {
            number == plot.at
        };
        let trouble = Some(plot.trouble).filter(|it| is_hit && may.contains(it))?;
        let kind = name.split_once('/').map_or(name, |(folder, _)| folder);
        let first = || format!("{operation} {kind}");
        self.first.lock().unwrap().get_or_insert_with(first);
        let year = 8_760 * 3_600;
        if !trouble.is_of_the_clock() {
            return Some(trouble);
        }
        let wrong = if trouble == Trouble::Ahead {
            year
        } else {
            -year
        };
        WRONG.store(wrong, Ordering::SeqCst);
        None
    }
}

fn fault(trouble: Trouble) -> Fault {
    // The numbers of Linux.
    let known = [(Trouble::Full, 28), (Trouble::Denied, 13)];
    let number = known.into_iter().find(|(it, _)| *it == trouble);
    let number = number.map_or(5, |(_, number)| number);
    io::Error::from_raw_os_error(number).into()
}

const ALWAYS: [Trouble; 4] = [
    Trouble::Denied,
    Trouble::Broken,
    Trouble::Ahead,
    Trouble::Behind,
];

/// What can happen to an operation besides what can happen to all.
fn and(more: &[Trouble]) -> Vec<Trouble> {
    [&ALWAYS, more].concat()
}

impl Backend for Faulty {
    fn place(&self, name: &str) -> String {
        self.folder.place(name)
    }

    fn get(&self, name: &str) -> Result<Option<Found>, Fault> {
        let found = self.folder.get(name)?;
        let may = if found.is_some() {
            and(&[Trouble::Garbled, Trouble::Truncated])
        } else {
            ALWAYS.to_vec()
        };
        let trouble = self.trouble("read", name, &may);
        let (Some(trouble), Some(mut found)) = (trouble, found.clone()) else {
            return trouble.map_or(Ok(found), |trouble| Err(fault(trouble)));
        };
        let mut bytes = found.bytes.to_vec();
        let middle = bytes.len() / 2;
        if trouble == Trouble::Truncated {
            bytes.truncate(middle);
        } else if trouble == Trouble::Garbled
            && let Some(byte) = bytes.get_mut(middle)
        {
            *byte ^= 1;
        } else {
            return Err(fault(trouble));
        }
        found.bytes = bytes.into();
        Ok(Some(found))
    }

    fn put(&self, name: &str, bytes: Bytes, condition: Condition<'_>) -> Result<Version, Fault> {
        let mut may = and(&[Trouble::Full, Trouble::FailedAfter]);
        if !matches!(condition, Condition::Always) {
            may.push(Trouble::Lost);
        }
        match self.trouble("write", name, &may) {
            None => self.folder.put(name, bytes, condition),
            Some(Trouble::Lost) => Err(Fault::Lost),
            Some(trouble) => {
                if trouble == Trouble::FailedAfter {
                    drop(self.folder.put(name, bytes, condition));
                }
                Err(fault(trouble))
            }
        }
    }

    fn write(&self, name: &str, fill: &mut Fill<'_>) -> Result<Opened, Fault> {
        match self.trouble("write", name, &and(&[Trouble::Full, Trouble::FailedAfter])) {
            None => self.folder.write(name, fill),
            Some(trouble) => {
                if trouble == Trouble::FailedAfter {
                    drop(self.folder.write(name, fill));
                }
                Err(fault(trouble))
            }
        }
    }

    fn settle(&self, folder: &str) -> Result<(), Fault> {
        match self.trouble("settle", folder, &and(&[Trouble::Full])) {
            None => self.folder.settle(folder),
            Some(trouble) => Err(fault(trouble)),
        }
    }

    fn list(&self, folder: &str) -> Result<Vec<Entry>, Fault> {
        match self.trouble("list", folder, &ALWAYS) {
            None => self.folder.list(folder),
            Some(trouble) => Err(fault(trouble)),
        }
    }

    fn has(&self, name: &str) -> Result<bool, Fault> {
        match self.trouble("look for", name, &ALWAYS) {
            None => self.folder.has(name),
            Some(trouble) => Err(fault(trouble)),
        }
    }

    fn delete(&self, name: &str) -> Result<(), Fault> {
        match self.trouble("delete", name, &and(&[Trouble::FailedAfter])) {
            None => self.folder.delete(name),
            Some(trouble) => {
                if trouble == Trouble::FailedAfter {
                    drop(self.folder.delete(name));
                }
                Err(fault(trouble))
            }
        }
    }
}
