//! The keys of a library that say who asks, and whom.

use url::Url;

use super::decode::{Decoder, Fields, Located};
use super::library::{Library, is_guid};
use super::{codes, path};
use crate::diagnostics::Problem;

/// Fills in `client_id`, `authority`, `scope` and `ca_file`.
pub(super) fn decode(decoder: &mut Decoder<'_>, fields: &Fields<'_>, library: &mut Library) {
    library.client_id = client_id(decoder, fields);
    library.authority = authority(decoder, fields);
    library.scope = scope(decoder, fields);
    library.ca_file = fields
        .get("ca_file")
        .and_then(|node| path::path(decoder, node, "`ca_file`"))
        .map(|path| path.value);
}

fn client_id(decoder: &mut Decoder<'_>, fields: &Fields<'_>) -> Option<String> {
    let text = decoder.plain_text(fields.get("client_id")?, "`client_id`")?;
    if is_guid(&text.value) {
        return Some(text.value);
    }
    // The value is not repeated: it may be a secret in the wrong place.
    decoder.report(
        Problem::error(&codes::BAD_CLIENT_ID, "`client_id` is no client id")
            .at(text.span, "not a GUID")
            .help("write the application id from the app registration's overview page; secrets come from the environment"),
    );
    None
}

fn authority(decoder: &mut Decoder<'_>, fields: &Fields<'_>) -> Option<String> {
    let text = decoder.plain_text(fields.get("authority")?, "`authority`")?;
    let Ok(url) = Url::parse(&text.value) else {
        bad_authority(decoder, &text, "this is no URL");
        return None;
    };
    let why = if url.scheme() != "https" {
        "not https: a secret would travel in the clear"
    } else if !url.username().is_empty() || url.password().is_some() {
        "it holds a user or a password"
    } else if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        "it holds more than a host"
    } else {
        return Some(url.as_str().trim_end_matches('/').to_owned());
    };
    bad_authority(decoder, &text, why);
    None
}

fn bad_authority(decoder: &mut Decoder<'_>, text: &Located<String>, why: &str) {
    decoder.report(
        Problem::error(&codes::BAD_AUTHORITY, "the authority cannot be used")
            .at(text.span, why)
            .help("write `https://HOST`; unlike an endpoint, an authority is never plain http, not even on this machine"),
    );
}

fn scope(decoder: &mut Decoder<'_>, fields: &Fields<'_>) -> Option<String> {
    let text = decoder.plain_text(fields.get("scope")?, "`scope`")?;
    let audience = text.value.strip_suffix("/.default");
    // No more than this reaches a command line of `az`.
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._:/-".contains(&byte);
    if audience.is_some_and(|audience| !audience.is_empty() && audience.bytes().all(is_plain)) {
        return Some(text.value);
    }
    decoder.report(
        Problem::error(
            &codes::BAD_SCOPE,
            format!("`{}` is no scope of an application", text.value),
        )
        .at(text.span, "no audience with `/.default` at its end")
        .help("write the API's audience and `/.default`, such as `https://api.securitycenter.microsoft.com/.default`"),
    );
    None
}
