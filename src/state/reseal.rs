//! Encrypting everything for the keys that the manifest names now, or for nobody.

use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};

use super::backend::{Condition, Fault, Found};
use super::prefix::Prefix;
use super::{Error, Locked};

/// How many files are rewritten at once.
const AT_ONCE: usize = 16;

impl Locked {
    /// Writes the state, its history and its contents anew, each in place of itself and read back. It can be ended
    /// anywhere and made again: what was written and what was not can both be read with the keys. Returns how many
    /// files there were.
    pub(crate) fn reseal(&mut self) -> Result<usize, Error> {
        let prefix = self.prefix().clone();
        let entries = prefix.history()?.into_iter().map(Prefix::entry);
        let objects = prefix.objects()?.into_iter();
        let objects = objects.map(|(sha256, _)| Prefix::object_name(sha256));
        let names: Vec<_> = objects.chain(entries).collect();
        let all = || {
            names
                .par_iter()
                .try_for_each(|name| rewrite(&prefix, name).map(drop))
        };
        match rayon::ThreadPoolBuilder::new().num_threads(AT_ONCE).build() {
            // They are mostly waited for.
            Ok(pool) => pool.install(all),
            Err(_) => all(),
        }?;
        self.check_held()?;
        let Some(found) = rewrite(&prefix, Prefix::STATE)? else {
            return Ok(names.len());
        };
        self.rewritten(found);
        Ok(names.len() + 1)
    }
}

/// Writes one file anew; what it is now.
fn rewrite(prefix: &Prefix, name: &str) -> Result<Option<Found>, Error> {
    let Some(found) = prefix.get(name, "read")? else {
        return Ok(None);
    };
    let backend = prefix.backend();
    let condition = Condition::Is(&found.version);
    let written = backend.put(name, found.bytes.clone(), condition);
    match written {
        Ok(_) => {}
        Err(Fault::Lost) => {
            return Err(Error::Raced {
                path: backend.place(name),
            });
        }
        Err(fault) => return Err(prefix.failed("write", name, fault)),
    }
    match prefix.get(name, "read back")? {
        Some(again) if again.bytes == found.bytes => Ok(Some(again)),
        Some(_) | None => Err(Error::NotRewritten {
            path: backend.place(name),
        }),
    }
}
