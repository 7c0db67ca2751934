//! What may be secret in a URL, and is not repeated.

/// What comes before the host, and how JSON and YAML may write it, too.
const BEGINS: [&str; 2] = ["://", r":\/\/"];

/// `text` with an asterisk for each byte of what may be secret in a URL: what stands before its last `@`, which a password
/// may hold, too, and what it asks for, such as a signature. It ends with the word.
pub(crate) fn without_passwords(text: impl Into<String>) -> String {
    let text = text.into();
    if !BEGINS.iter().any(|begin| text.contains(begin)) {
        return text;
    }
    let mut shown = String::with_capacity(text.len());
    for word in text.split_inclusive(char::is_whitespace) {
        let found = BEGINS
            .iter()
            .filter_map(|begin| word.find(begin).map(|at| at + begin.len()));
        let Some((begin, url)) = found.min().and_then(|at| word.split_at_checked(at)) else {
            shown.push_str(word);
            continue;
        };
        shown.push_str(begin);
        let known = url.rfind('@').unwrap_or_default();
        shown.extend(std::iter::repeat_n('*', known));
        let rest = url.get(known..).unwrap_or_default();
        let (place, asked) = rest.split_at(rest.find('?').map_or(rest.len(), |at| at + 1));
        shown.push_str(place);
        let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | ')' | ']' | '}');
        let end = asked.find(ends).unwrap_or(asked.len());
        shown.extend(std::iter::repeat_n('*', end));
        shown.extend(asked.get(end..));
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_secret_in_a_url_is_not_shown() {
        for (text, shown) in [
            ("a: https://me:hush@b/c d@e", "a: https://*******@b/c d@e"),
            ("'s3://hush@b', x://é@y", "'s3://****@b', x://**@y"),
            ("https://b/c d@e", "https://b/c d@e"),
            ("://", "://"),
            ("https://a:b/c@d@e/f", "https://*******@e/f"),
            (r"https:\/\/a@b", r"https:\/\/*@b"),
            ("`https://a/b?sig=c%3D`: d", "`https://a/b?********`: d"),
            ("{u: 'https://a:b?c@d?e'}", "{u: 'https://*****@d?*'}"),
        ] {
            assert_eq!(without_passwords(text), shown);
            assert_eq!(text.len(), shown.len());
        }
    }
}
