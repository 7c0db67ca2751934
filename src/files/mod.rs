//! Files of this machine: opened without being held up by what is none, and written whole or not at all.

pub(crate) mod open;
pub(crate) mod stat_cache;
pub(crate) mod whole;
