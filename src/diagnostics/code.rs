//! Stable identifiers of problems.

/// One kind of problem, which has a page of the same name. Its id never changes its meaning; a lint is switched by it.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Code {
    /// What is shown, such as `jumpbag::manifest::duplicate_name`.
    pub(crate) id: &'static str,
}
