//! "Did you mean?"

/// The one of `candidates` that `text` is most probably a misspelling of.
pub(crate) fn similar<'a>(
    text: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let length = text.chars().count();
    // A third of the characters may be wrong, at least one, and never all of them.
    let most = (length / 3).max(1);
    candidates
        .into_iter()
        .filter(|candidate| candidate.len().abs_diff(text.len()) <= most * 4)
        .map(|candidate| {
            let distance =
                strsim::damerau_levenshtein(&text.to_lowercase(), &candidate.to_lowercase());
            (distance, candidate)
        })
        .filter(|(distance, candidate)| *distance <= most && *distance < candidate.chars().count())
        .min()
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misspellings_are_recognised_and_other_words_are_not() {
        let keys = ["source", "name", "description", "has_parameters"];
        assert_eq!(similar("sorce", keys), Some("source"));
        assert_eq!(similar("Source", keys), Some("source"));
        assert_eq!(similar("hasParameters", keys), Some("has_parameters"));
        assert_eq!(similar("x", keys), None);
        assert_eq!(similar("colour", keys), None);
        assert_eq!(similar("", keys), None);
    }
}
