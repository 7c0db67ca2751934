//! The token endpoint of Microsoft Entra, for the client credentials grant.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use jiff::Timestamp;
use serde_json::json;
use uuid::Uuid;

use crate::entra::{Entra, Issued};
use crate::hex::hex;
use crate::refused::Refused;
use crate::reply::Reply;

/// The form of a request.
pub(crate) type Form = BTreeMap<String, String>;

/// What our tokens begin with. They carry the client id, so that nothing has to be remembered.
const PREFIX: &str = "emulator.";

/// The only kind of assertion.
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A request that Entra would look at.
pub(crate) struct Asked<'a> {
    pub(crate) client_id: &'a str,
    /// What the token is for.
    pub(crate) resource: &'a str,
    pub(crate) proof: Proof<'a>,
}

/// How a client proves that it is who it says.
#[derive(Clone, Copy)]
pub(crate) enum Proof<'a> {
    Secret(&'a str),
    Assertion(&'a str),
}

/// Answers a request for a token; without a directory, any client proves itself with anything.
pub(crate) fn answer(tenant: &str, form: &Form, entra: Option<&Entra>, now: Timestamp) -> Reply {
    let issued = check(form).and_then(|asked| match entra {
        Some(entra) => {
            let Issued { token, seconds, .. } = entra.issue(tenant, &asked, now)?;
            Ok((token, seconds))
        }
        None => Ok((issue(asked.client_id), 3599)),
    });
    match issued {
        Ok((token, seconds)) => Reply::json(
            StatusCode::OK,
            json!({
                "token_type": "Bearer",
                "expires_in": seconds,
                "ext_expires_in": seconds,
                "access_token": token,
            }),
        ),
        Err(refused) => refused.into_reply(now),
    }
}

/// Answers a request whose form cannot be read.
pub(crate) fn unreadable(now: Timestamp) -> Reply {
    missing("grant_type").into_reply(now)
}

/// Answers as Entra does when it fails itself.
pub(crate) fn unavailable(status: StatusCode, now: Timestamp) -> Reply {
    Refused {
        status,
        error: "temporarily_unavailable",
        code: 90033,
        message: "A transient error has occurred. Please try again.".to_owned(),
    }
    .into_reply(now)
}

/// Returns the client that a token of ours was issued to.
pub(crate) fn client_of(token: &str) -> Option<String> {
    let (client_id, unique) = token.strip_prefix(PREFIX)?.split_once('.')?;
    Uuid::try_parse(unique).ok()?;
    let mut bytes = Vec::with_capacity(client_id.len() / 2);
    for pair in client_id.as_bytes().chunks(2) {
        bytes.push(u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok()?);
    }
    String::from_utf8(bytes).ok()
}

fn issue(client_id: &str) -> String {
    let client_id = hex(client_id.as_bytes());
    format!("{PREFIX}{client_id}.{}", Uuid::new_v4())
}

/// Returns what is asked for, if the request is one that Entra would look at.
fn check(form: &Form) -> Result<Asked<'_>, Refused> {
    let value = |name: &str| {
        form.get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    };
    let grant = value("grant_type").ok_or_else(|| missing("grant_type"))?;
    let client_id = value("client_id").ok_or_else(|| missing("client_id"))?;
    let scope = value("scope").ok_or_else(|| missing("scope"))?;
    if grant != "client_credentials" {
        let message = format!("The app requested an unsupported grant type '{grant}'.");
        return Err(Refused {
            error: "unsupported_grant_type",
            ..Refused::request(70003, message)
        });
    }
    let resource = scope.strip_suffix("/.default").ok_or_else(|| {
        let message = format!(
            "The provided value for scope {scope} is not valid. Client credential flows must \
             have a scope value with /.default suffixed to the resource identifier \
             (application ID URI)."
        );
        Refused {
            error: "invalid_scope",
            ..Refused::request(1_002_012, message)
        }
    })?;
    let asked = |proof| Asked {
        client_id,
        resource,
        proof,
    };
    if let Some(assertion) = value("client_assertion") {
        let kind =
            value("client_assertion_type").ok_or_else(|| missing("client_assertion_type"))?;
        return match kind {
            JWT_BEARER => Ok(asked(Proof::Assertion(assertion))),
            _ => Err(nothing_sent()),
        };
    }
    let secret = value("client_secret").ok_or_else(nothing_sent)?;
    Ok(asked(Proof::Secret(secret)))
}

fn missing(parameter: &str) -> Refused {
    let message = format!("The request body must contain the following parameter: '{parameter}'.");
    Refused::request(900_144, message)
}

fn nothing_sent() -> Refused {
    Refused::client(
        7_000_216,
        "'client_assertion', 'client_secret' or 'request' is required for the \
         'client_credentials' grant type.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The error's code for a form that is `changes` away from a good one; 0 for a token.
    fn code(changes: &[(&str, &str)]) -> u32 {
        let mut form = Form::from(
            [
                ("grant_type", "client_credentials"),
                ("client_id", "app"),
                ("client_secret", "secret"),
                ("scope", "https://api.securitycenter.microsoft.com/.default"),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned())),
        );
        for (name, value) in changes {
            form.insert((*name).to_owned(), (*value).to_owned());
        }
        check(&form).map_or_else(|refused| refused.code, |_| 0)
    }

    #[test]
    fn what_is_missing_or_wrong_has_entras_code() {
        let jwt = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
        assert_eq!(code(&[]), 0);
        assert_eq!(code(&[("grant_type", "")]), 900_144);
        assert_eq!(code(&[("grant_type", "password")]), 70003);
        assert_eq!(code(&[("client_id", "")]), 900_144);
        assert_eq!(code(&[("scope", "")]), 900_144);
        assert_eq!(code(&[("scope", "https://example.com/read")]), 1_002_012);
        assert_eq!(code(&[("client_secret", "")]), 7_000_216);
        let assertion = [("client_secret", ""), ("client_assertion", "a.b.c")];
        assert_eq!(code(&assertion), 900_144, "the assertion's type is missing");
        let [secret, token] = assertion;
        assert_eq!(code(&[secret, token, ("client_assertion_type", jwt)]), 0);
        let saml = "urn:ietf:params:oauth:client-assertion-type:saml2-bearer";
        let assertion = [secret, token, ("client_assertion_type", saml)];
        assert_eq!(code(&assertion), 7_000_216);
    }

    #[test]
    fn a_token_tells_its_client() {
        for client_id in ["11111111-2222-3333-4444-555555555555", "app.ü", ""] {
            assert_eq!(client_of(&issue(client_id)).as_deref(), Some(client_id));
        }
        for foreign in [
            "",
            "eyJ0.eyJh.sig",
            "emulator.",
            "emulator.zz.1",
            "emulator.61.x",
        ] {
            assert_eq!(client_of(foreign), None, "{foreign}");
        }
    }
}
