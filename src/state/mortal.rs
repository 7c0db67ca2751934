//! A store for tests whose process dies at a chosen operation.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use bytes::Bytes;
use camino::Utf8PathBuf;

use super::Store;
use super::backend::local::Folder;
use super::backend::{Backend, Condition, Entry, Fault, Fill, Found, Opened, Version};
use super::exclusion::Exclusion;
use super::lease::Terms;
use super::lock::Purpose;
use super::prefix::Prefix;

/// When the process dies.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Death {
    /// At which operation, counted from 0.
    pub(crate) at: u32,
    /// Whether that one is made before.
    pub(crate) after: bool,
}

/// Counts the operations on a folder. From the death on, none has an effect, and the one that it came at waits
/// until everything else that belongs to the process is gone.
#[derive(Debug)]
pub(crate) struct Mortal {
    folder: Folder,
    death: Option<Death>,
    operations: AtomicU32,
    is_dead: AtomicBool,
    died: Mutex<Sender<()>>,
    is_buried: Mutex<bool>,
    buried: Condvar,
}

/// The store on `backend`, whose files are in `folder`.
pub(super) fn store(
    backend: Arc<dyn Backend>,
    folder: &Folder,
    leased: bool,
    now: fn() -> jiff::Timestamp,
) -> Store {
    let renew = Duration::from_hours(1);
    Store {
        prefix: Prefix::new(backend, Arc::default()),
        exclusion: if leased {
            Exclusion::Lease(Terms { renew, now })
        } else {
            Exclusion::System(folder.clone())
        },
        purpose: Purpose::Run,
    }
}

impl Mortal {
    /// Sends to `died` when it dies.
    pub(crate) fn new(folder: Utf8PathBuf, death: Option<Death>, died: Sender<()>) -> Arc<Self> {
        Arc::new(Self {
            folder: Folder::new(folder),
            death,
            operations: AtomicU32::new(0),
            is_dead: AtomicBool::new(false),
            died: Mutex::new(died),
            is_buried: Mutex::new(false),
            buried: Condvar::new(),
        })
    }

    /// The store on it, as in a folder or as in an object store.
    pub(crate) fn store(self: &Arc<Self>, leased: bool) -> Store {
        let now = || jiff::Timestamp::UNIX_EPOCH;
        store(Arc::<Self>::clone(self), &self.folder, leased, now)
    }

    /// How many operations there were.
    pub(crate) fn operations(&self) -> u32 {
        self.operations.load(Ordering::SeqCst)
    }

    /// Lets the operation go that the death came at.
    pub(crate) fn bury(&self) {
        self.is_dead.store(true, Ordering::SeqCst);
        *self.is_buried.lock().unwrap() = true;
        self.buried.notify_all();
    }

    fn operation<T>(&self, make: impl FnOnce() -> Result<T, Fault>) -> Result<T, Fault> {
        let dead = || Fault::Failed("the process is dead".into());
        if self.is_dead.load(Ordering::SeqCst) {
            return Err(dead());
        }
        let number = self.operations.fetch_add(1, Ordering::SeqCst);
        let Some(death) = self.death.filter(|death| death.at == number) else {
            return make();
        };
        if death.after {
            drop(make());
        }
        self.is_dead.store(true, Ordering::SeqCst);
        self.died.lock().unwrap().send(()).unwrap();
        let buried = self.is_buried.lock().unwrap();
        drop(self.buried.wait_while(buried, |is_buried| !*is_buried));
        Err(dead())
    }
}

impl Backend for Mortal {
    fn place(&self, name: &str) -> String {
        self.folder.place(name)
    }

    fn get(&self, name: &str) -> Result<Option<Found>, Fault> {
        self.operation(|| self.folder.get(name))
    }

    fn put(&self, name: &str, bytes: Bytes, condition: Condition<'_>) -> Result<Version, Fault> {
        self.operation(|| self.folder.put(name, bytes, condition))
    }

    fn write(&self, name: &str, fill: &mut Fill<'_>) -> Result<Opened, Fault> {
        self.operation(|| self.folder.write(name, fill))
    }

    fn open(&self, name: &str) -> Result<Option<Opened>, Fault> {
        self.operation(|| self.folder.open(name))
    }

    fn settle(&self, folder: &str) -> Result<(), Fault> {
        self.operation(|| self.folder.settle(folder))
    }

    fn list(&self, folder: &str) -> Result<Vec<Entry>, Fault> {
        self.operation(|| self.folder.list(folder))
    }

    fn has(&self, name: &str) -> Result<bool, Fault> {
        self.operation(|| self.folder.has(name))
    }

    fn delete(&self, name: &str) -> Result<(), Fault> {
        self.operation(|| self.folder.delete(name))
    }
}
