//! Moving a state from one place to another: copied, read back, and only then marked as moved.

use jiff::Timestamp;
use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};

use super::backend::{Condition, Fault};
use super::prefix::Prefix;
use super::{Error, Locked, format};

/// How many files are copied at once.
const AT_ONCE: usize = 16;

/// What was moved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Moved {
    /// How many entries of the history.
    pub(crate) serials: usize,
    /// How many contents.
    pub(crate) contents: usize,
}

impl Locked {
    /// Copies everything to the place that `target` is locked for, reads all of it back, and leaves in the state's
    /// place where it is now, in people's words `to`. It can be interrupted anywhere and made again: what is there
    /// already is compared. After an error, the state is where it was.
    pub(crate) fn migrate(
        &mut self,
        target: &Self,
        to: &str,
        at: Timestamp,
    ) -> Result<Moved, Error> {
        let (known, version) = self.stored().ok_or_else(|| Error::NothingToMove {
            folder: self.prefix().place(),
        })?;
        let (known, version) = (known.clone(), version.clone());
        self.refuse_another(target)?;
        // Before the mark takes its place.
        self.prefix().keep(self.document().serial, &known)?;
        let (from, into) = (self.prefix(), target.prefix());
        let serials = from.history()?;
        let entries = serials.iter().map(|serial| Prefix::entry(*serial));
        let objects = from.objects()?;
        let contents = objects
            .iter()
            .map(|(sha256, _)| Prefix::object_name(*sha256));
        let names: Vec<_> = contents.chain(entries).collect();
        let copied = pooled(|| names.par_iter().try_for_each(|name| copy(from, into, name)));
        copied?;
        self.check_held()?;
        target.check_held()?;
        // Those that an earlier run left there, too.
        into.settle_objects()?;
        match target.stored() {
            Some((there, _)) if *there == known => {}
            there => {
                into.write_state(known.clone(), there.map(|(_, version)| version))?;
            }
        }
        // What is read back counts, not what was answered.
        let verified = pooled(|| names.par_iter().try_for_each(|name| same(from, into, name)));
        verified?;
        same(from, into, Prefix::STATE)?;
        self.check_held()?;
        let mark = format::write_moved(to, at);
        self.prefix().write_state(mark.into(), Some(&version))?;
        Ok(Moved {
            serials: serials.len(),
            contents: objects.len(),
        })
    }
}

impl Locked {
    /// An error where `target` has anything that is not of this state. An interrupted move leaves contents and
    /// entries of the history there, and no state.
    fn refuse_another(&self, target: &Self) -> Result<(), Error> {
        let (mine, theirs) = (self.document(), target.document());
        let is_another = if theirs.serial > 0 {
            theirs.lineage != mine.lineage || theirs.serial > mine.serial
        } else {
            let known = self.prefix().history()?;
            let is_known = |serial: &u64| known.contains(serial) || *serial == mine.serial;
            !target.prefix().history()?.iter().all(is_known)
        };
        if is_another {
            return Err(Error::OtherStateThere {
                folder: target.prefix().place(),
            });
        }
        Ok(())
    }
}

/// Copies one file. What is there has to be the same, but for a content, of which there may be half from elsewhere.
fn copy(from: &Prefix, into: &Prefix, name: &str) -> Result<(), Error> {
    let Some(found) = from.get(name, "read")? else {
        return Err(from.failed("read", name, Fault::Failed("it is gone".into())));
    };
    match into.backend().put(name, found.bytes, Condition::New) {
        Ok(_) | Err(Fault::Lost) => Ok(()),
        Err(fault) => Err(into.failed("write", name, fault)),
    }
}

/// An error where a file is not the same in both places.
fn same(from: &Prefix, into: &Prefix, name: &str) -> Result<(), Error> {
    let [here, there] = [from.get(name, "read")?, into.get(name, "read back")?];
    let is_same = match (here, there) {
        (Some(here), Some(there)) => here.bytes == there.bytes,
        (Some(_), None) | (None, Some(_) | None) => false,
    };
    if is_same {
        return Ok(());
    }
    Err(Error::NotCopied {
        path: into.backend().place(name),
    })
}

fn pooled<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    match rayon::ThreadPoolBuilder::new().num_threads(AT_ONCE).build() {
        // They are mostly waited for.
        Ok(pool) => pool.install(work),
        Err(_) => work(),
    }
}
