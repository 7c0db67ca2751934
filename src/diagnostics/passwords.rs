//! What stands before the `@` of a URL, and is not repeated.

/// `text` with an asterisk for each byte of what stands before the `@` of a URL.
pub(crate) fn without_passwords(text: impl Into<String>) -> String {
    let text = text.into();
    if !text.contains("://") {
        return text;
    }
    let mut shown = String::with_capacity(text.len());
    let mut parts = text.split("://");
    shown.extend(parts.next());
    for part in parts {
        shown.push_str("://");
        let ends = |c: char| c.is_whitespace() || matches!(c, '/' | '?' | '#' | '"' | '\'');
        let authority = part.split(ends).next().unwrap_or_default();
        let known = authority.rfind('@').unwrap_or_default();
        shown.extend(std::iter::repeat_n('*', known));
        shown.extend(part.get(known..));
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_before_the_at_of_a_url_is_not_shown() {
        for (text, shown) in [
            ("a: https://me:hush@b/c@d", "a: https://*******@b/c@d"),
            ("'s3://hush@b', x://é@y", "'s3://****@b', x://**@y"),
            ("https://b/c@d e@f", "https://b/c@d e@f"),
            ("://", "://"),
            ("a://b://c@d", "a://b://*@d"),
            ("https://a@b@c", "https://***@c"),
        ] {
            assert_eq!(without_passwords(text), shown);
            assert_eq!(text.len(), shown.len());
        }
    }
}
