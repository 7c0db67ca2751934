//! jumpbag.
