//! Where requests go: which addresses a token may be sent to, and how they are spelt.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use url::Url;

use super::error::Error;
use super::wire;
use crate::http;
use crate::model::Name;

/// The most pages of one list; a library has a few hundred files.
const MOST_PAGES: usize = 10_000;

const INSECURE: &str = "a token is sent over https only, but for loopback addresses";

/// The error for an address that no client of ours goes to.
pub(super) fn insecure(collection: &Url) -> Error {
    Error::Endpoint {
        endpoint: collection.to_string(),
        problem: INSECURE,
    }
}

/// The collection's URL at `endpoint`, if a token may be sent there.
pub(super) fn collection(endpoint: &Url) -> Result<Url, Error> {
    let problem = if !endpoint.has_host() {
        Some("it names no host")
    } else if !endpoint.username().is_empty() || endpoint.password().is_some() {
        Some("it holds a user name or a password")
    } else if endpoint.query().is_some() || endpoint.fragment().is_some() {
        Some("it has a query or a fragment")
    } else {
        match endpoint.scheme() {
            "https" => None,
            "http" if http::is_loopback(endpoint) => None,
            "http" => Some(INSECURE),
            _ => Some("it is not an https address"),
        }
    };
    let unusable = |problem| {
        // What may be a password is not shown.
        let mut shown = endpoint.clone();
        let _ = shown.set_username("");
        let _ = shown.set_password(None);
        shown.set_query(None);
        shown.set_fragment(None);
        Error::Endpoint {
            endpoint: shown.to_string(),
            problem,
        }
    };
    if let Some(problem) = problem {
        return Err(unusable(problem));
    }
    let base = endpoint.as_str().trim_end_matches('/');
    Url::parse(&format!("{base}/{}", wire::COLLECTION)).map_err(|_| unusable("it is no URL"))
}

/// The URL of one file, its name percent-encoded in everything that RFC 3986 does not call unreserved.
pub(super) fn file(collection: &Url, name: &Name) -> Result<Url, Error> {
    let mut segment = String::new();
    for byte in name.as_str().bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            segment.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(segment, "%{byte:02X}");
        }
    }
    let url = Url::parse(&format!("{collection}/{segment}"));
    // `.` and `..` are resolved away, with which the URL would be that of the collection or above.
    let path = format!("{}/{segment}", collection.path());
    url.ok()
        .filter(|url| !segment.is_empty() && url.path() == path)
        .ok_or_else(|| Error::Name {
            name: name.clone(),
            problem: "no URL can name that file",
        })
}

/// Where a list goes on after the page at `from`.
pub(super) fn next(from: &Url, link: &str, seen: &BTreeSet<Url>) -> Result<Url, Error> {
    let refuse = |problem| Error::NextLink {
        link: link.to_owned(),
        problem,
    };
    let url = from.join(link).map_err(|_| refuse("which is no URL"))?;
    let same = url.origin() == from.origin() && url.scheme() == from.scheme();
    if !same || !url.username().is_empty() || url.password().is_some() {
        return Err(refuse("which is not where it began"));
    }
    if seen.contains(&url) {
        return Err(refuse("where it has been before"));
    }
    if seen.len() >= MOST_PAGES {
        return Err(refuse("after more pages than any library has"));
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    fn refusal(endpoint: &str) -> String {
        collection(&url(endpoint)).unwrap_err().to_string()
    }

    #[test]
    fn a_token_goes_over_https_or_to_this_machine() {
        for (endpoint, expected) in [
            (
                "https://api.example",
                "https://api.example/api/libraryfiles",
            ),
            (
                "https://api.example/",
                "https://api.example/api/libraryfiles",
            ),
            ("https://h:8443/x//", "https://h:8443/x/api/libraryfiles"),
            ("http://127.9.9.9:1", "http://127.9.9.9:1/api/libraryfiles"),
            ("http://[::1]", "http://[::1]/api/libraryfiles"),
            ("http://localhost", "http://localhost/api/libraryfiles"),
        ] {
            assert_eq!(collection(&url(endpoint)).unwrap().as_str(), expected);
        }
    }

    #[test]
    fn a_token_goes_nowhere_else() {
        for endpoint in [
            "http://api.example",
            "http://128.0.0.1",
            "http://10.0.0.1",
            "http://localhost.example",
            "http://127.0.0.1.example",
            "http://[::2]",
            "ftp://localhost",
            "data:text/plain,x",
            "https://api.example/?x=y",
            "https://api.example/#x",
        ] {
            assert!(collection(&url(endpoint)).is_err(), "{endpoint}");
        }
        insta::assert_snapshot!(refusal("http://api.example"), @"the endpoint `http://api.example/` cannot be used: a token is sent over https only, but for loopback addresses");
    }

    #[test]
    fn a_password_in_an_endpoint_is_refused_and_not_shown() {
        insta::assert_snapshot!(refusal("https://me:hush@api.example/?hush=hush#hush"), @"the endpoint `https://api.example/` cannot be used: it holds a user name or a password");
    }

    #[test]
    fn names_are_encoded_in_all_but_the_unreserved() {
        let base = url("https://h/api/libraryfiles");
        for (name, expected) in [
            ("a-b_c.~1", "a-b_c.~1"),
            (
                "a b\"c%41;d'é+&?#/\\",
                "a%20b%22c%2541%3Bd%27%C3%A9%2B%26%3F%23%2F%5C",
            ),
            ("%2e%2E", "%252e%252E"),
            ("...", "..."),
            ("..a", "..a"),
        ] {
            let url = file(&base, &Name::existing(name)).unwrap();
            assert_eq!(url.as_str(), format!("{base}/{expected}"));
        }
    }

    #[test]
    fn names_that_would_mean_the_collection_or_above_are_refused() {
        for name in ["", ".", ".."] {
            assert!(matches!(
                file(&url("https://h/api/libraryfiles"), &Name::existing(name)),
                Err(Error::Name { .. })
            ));
        }
    }

    #[test]
    fn a_list_goes_on_only_where_it_began() {
        let from = url("https://h/api/libraryfiles");
        let goes = |link: &str| next(&from, link, &BTreeSet::new()).is_ok();
        assert!(goes("https://h/api/libraryfiles?$skiptoken=2"));
        assert!(goes("https://H:443/x"));
        assert!(goes("?$skip=2"));
        for link in [
            "https://other/api/libraryfiles",
            "http://h/api/libraryfiles",
            "https://h:444/api/libraryfiles",
            "//other/x",
            "https://h@other/",
            "https://me@h/",
            "https://:",
            "file:///etc/passwd",
        ] {
            assert!(!goes(link), "{link}");
        }
    }

    #[test]
    fn a_list_ends_at_last() {
        let from = url("https://h/p");
        let page = |n| url(&format!("https://h/p?{n}"));
        let seen: BTreeSet<_> = (1..MOST_PAGES).map(page).collect();
        assert!(next(&from, "?0", &seen).is_ok());
        assert!(next(&from, "?7", &seen).is_err(), "been there");
        let seen: BTreeSet<_> = (1..=MOST_PAGES).map(page).collect();
        assert!(next(&from, "?0", &seen).is_err());
    }
}
