//! The whole theory: who owns what, and what is there.

use std::collections::BTreeMap;

/// The most files that one run may delete.
pub(super) const MOST_DELETES: usize = 2;

/// A content, and whether it has a description: what the service knows of a file.
pub(super) type Kept = (u8, bool);

/// Files with whether each is protected.
pub(super) type Owned = BTreeMap<u8, (Kept, bool)>;

/// What the manifest says of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) kept: Kept,
    pub(super) adopt: bool,
    pub(super) protect: bool,
}

/// A library and its state.
#[derive(Clone, Debug, Default)]
pub(super) struct Model {
    pub(super) wanted: BTreeMap<u8, Wanted>,
    pub(super) library: BTreeMap<u8, Kept>,
    pub(super) owned: Owned,
    /// What was sent and never answered.
    pub(super) pending: BTreeMap<u8, Kept>,
}

/// Library and ownership after an apply.
pub(super) type After = (BTreeMap<u8, Kept>, Owned);

impl Model {
    /// What is ours: a file that was sent and is there is.
    pub(super) fn ours(&self) -> Owned {
        let mut ours = self.owned.clone();
        for (name, kept) in &self.pending {
            if self.library.get(name) == Some(kept) {
                let protect = ours.get(name).is_some_and(|(_, protect)| *protect);
                ours.insert(*name, (*kept, protect));
            }
        }
        ours
    }

    /// What an apply of these names leaves open of what was sent and never answered: where it leaves names out, all that it has
    /// no change for.
    pub(super) fn still_open(
        &self,
        wanted: &BTreeMap<u8, Wanted>,
        only: Option<u8>,
    ) -> BTreeMap<u8, Kept> {
        let ours = self.ours();
        let is_known = |name: &u8| wanted.contains_key(name) || ours.contains_key(name);
        let leaves_out =
            only.is_some_and(|only| (0..5).any(|name| name != only && is_known(&name)));
        let stays = |name: &u8| leaves_out && (only != Some(*name) || !is_known(name));
        let pending = self.pending.iter().filter(|(name, _)| stays(name));
        pending.map(|(name, kept)| (*name, *kept)).collect()
    }

    /// What an apply of these names makes of it; `None` where it is refused.
    pub(super) fn applied(&self, wanted: &BTreeMap<u8, Wanted>, only: Option<u8>) -> Option<After> {
        let (mut library, mut owned, ours) =
            (self.library.clone(), self.owned.clone(), self.ours());
        let mut deletes = 0;
        for name in (0..5).filter(|name| only.is_none_or(|only| only == *name)) {
            let there = self.library.get(&name);
            match (wanted.get(&name), ours.get(&name)) {
                (Some(wanted), mine) => {
                    let foreign = there.is_some_and(|there| *there != wanted.kept);
                    if mine.is_none() && foreign && !wanted.adopt {
                        return None;
                    }
                    library.insert(name, wanted.kept);
                    owned.insert(name, (wanted.kept, wanted.protect));
                }
                (None, Some((_, protect))) => {
                    if there.is_some() && *protect {
                        return None;
                    }
                    deletes += usize::from(there.is_some());
                    library.remove(&name);
                    owned.remove(&name);
                }
                // Somebody else's, or nobody's.
                (None, None) => {}
            }
        }
        (deletes <= MOST_DELETES).then_some((library, owned))
    }
}
