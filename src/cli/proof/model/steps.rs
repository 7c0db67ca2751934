//! What may happen in the life of a library.

use proptest::prelude::*;

use super::theory::{Kept, Wanted};

/// Something that happens.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// The entry of a name is written, or taken away.
    Edit(u8, Option<Wanted>),
    /// An apply of everything.
    Apply,
    /// An apply of one name.
    ApplyOne(u8),
    /// An apply that dies at an operation on its state.
    Die { at: u8, after: bool },
    /// An apply at a library that fails.
    Fail(&'static str),
    /// Somebody else uploads a file, or deletes it.
    Other(u8, Option<Kept>),
    /// A way back to one of the states of the history, counted from the last.
    Back(u8),
    /// A look for the contents of one of these states, as for a restore.
    Restore(u8),
}

fn kepts() -> impl Strategy<Value = Kept> {
    (0..4_u8, any::<bool>())
}

pub(super) fn steps() -> impl Strategy<Value = Vec<Step>> {
    let wanted = (
        kepts(),
        prop::bool::weighted(0.3),
        prop::bool::weighted(0.2),
    );
    let wanted = wanted.prop_map(|(kept, adopt, protect)| Wanted {
        kept,
        adopt,
        protect,
    });
    let faults = [
        "list:1:status=500",
        "list:1:wrong-sha256",
        "list:all:html=502",
        "list:2:truncate",
        "upload:1:drop-after",
        "upload:2:drop-before",
        "upload:1:truncate",
        "upload:all:drop-after",
        "upload:2:wrong-sha256",
        "upload:1:status=403",
        "upload:1:status=429,retry-after=0",
        "upload:all:status=503",
        "delete:1:drop-after",
        "delete:1:status=404",
        "delete:all:status=500",
        "delete:2:status=409",
        "any:every/3:drop-after",
        "any:every/2:status=500",
    ];
    let step = prop_oneof![
        5 => (0..5_u8, prop::option::weighted(0.8, wanted)).prop_map(|(name, it)| Step::Edit(name, it)),
        3 => Just(Step::Apply),
        1 => (0..5_u8).prop_map(Step::ApplyOne),
        2 => (0..40_u8, any::<bool>()).prop_map(|(at, after)| Step::Die { at, after }),
        2 => prop::sample::select(faults.to_vec()).prop_map(Step::Fail),
        2 => (0..5_u8, prop::option::weighted(0.7, kepts())).prop_map(|(name, it)| Step::Other(name, it)),
        1 => (0..4_u8).prop_map(Step::Back),
        1 => (0..4_u8).prop_map(Step::Restore),
    ];
    prop::collection::vec(step, 1..12)
}
