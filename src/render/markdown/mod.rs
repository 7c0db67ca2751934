//! A plan as Markdown for a comment on a pull request.
//!
//! What comes from outside stands in code spans and fences only, after it was made visible. A comment holds
//! 65,536 characters at the most; [`fit`] decides what is left out, and every omission is said.

mod block;
mod fit;
mod group;
mod inline;
mod parts;
#[cfg(test)]
mod tests;

use super::Review;

/// The most bytes of a comment: GitHub takes as many characters, GitLab and Azure DevOps take more.
pub(super) const MOST_BYTES: usize = 65_536;

/// The plan as Markdown. Its first line is a hidden marker, the same for every plan of the same libraries, by
/// which a pipeline finds its own comment. At most 65,536 bytes, so at most as many characters; the summary and
/// the fingerprint are always there.
pub(crate) fn markdown(review: &Review<'_>) -> String {
    let head = parts::head(review);
    let foot = parts::foot(review);
    let room = MOST_BYTES.saturating_sub(head.len() + foot.len());
    let body = fit::body(review, room);
    head + &body + &foot
}
