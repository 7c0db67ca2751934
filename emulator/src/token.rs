//! The token endpoint of Microsoft Entra, for the client credentials grant.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use jiff::Timestamp;
use serde_json::json;
use uuid::Uuid;

use crate::hex::hex;
use crate::reply::Reply;

/// The form of a request.
pub(crate) type Form = BTreeMap<String, String>;

/// What our tokens begin with. They carry the client id, so that nothing has to be remembered.
const PREFIX: &str = "emulator.";

/// One of Entra's errors.
struct Refused {
    status: StatusCode,
    error: &'static str,
    code: u32,
    message: String,
}

/// Answers a request for a token.
pub(crate) fn answer(form: &Form, now: Timestamp) -> Reply {
    match check(form) {
        Ok(client_id) => Reply::json(
            StatusCode::OK,
            json!({
                "token_type": "Bearer",
                "expires_in": 3599,
                "ext_expires_in": 3599,
                "access_token": issue(client_id),
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

/// Returns the client id of a request that Entra would look at.
fn check(form: &Form) -> Result<&str, Refused> {
    let value = |name: &str| {
        form.get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    };
    let grant = value("grant_type").ok_or_else(|| missing("grant_type"))?;
    let client_id = value("client_id").ok_or_else(|| missing("client_id"))?;
    let scope = value("scope").ok_or_else(|| missing("scope"))?;
    if grant != "client_credentials" {
        return Err(Refused {
            status: StatusCode::BAD_REQUEST,
            error: "unsupported_grant_type",
            code: 70003,
            message: format!("The app requested an unsupported grant type '{grant}'."),
        });
    }
    if !scope.ends_with("/.default") {
        return Err(Refused {
            status: StatusCode::BAD_REQUEST,
            error: "invalid_scope",
            code: 1_002_012,
            message: format!(
                "The provided value for scope {scope} is not valid. Client credential flows must \
                 have a scope value with /.default suffixed to the resource identifier \
                 (application ID URI)."
            ),
        });
    }
    match (value("client_secret"), value("client_assertion")) {
        (None, None) => Err(Refused {
            status: StatusCode::UNAUTHORIZED,
            error: "invalid_client",
            code: 7_000_216,
            message: "'client_assertion', 'client_secret' or 'request' is required for the \
                      'client_credentials' grant type."
                .to_owned(),
        }),
        (_, Some(_)) if value("client_assertion_type").is_none() => {
            Err(missing("client_assertion_type"))
        }
        _ => Ok(client_id),
    }
}

fn missing(parameter: &str) -> Refused {
    Refused {
        status: StatusCode::BAD_REQUEST,
        error: "invalid_request",
        code: 900_144,
        message: format!("The request body must contain the following parameter: '{parameter}'."),
    }
}

impl Refused {
    fn into_reply(self, now: Timestamp) -> Reply {
        let trace_id = Uuid::new_v4().to_string();
        let correlation_id = Uuid::new_v4().to_string();
        let timestamp = now.strftime("%Y-%m-%d %H:%M:%SZ").to_string();
        let (code, message) = (self.code, self.message);
        let description = format!(
            "AADSTS{code}: {message} Trace ID: {trace_id} Correlation ID: {correlation_id} \
             Timestamp: {timestamp}"
        );
        Reply::json(
            self.status,
            json!({
                "error": self.error,
                "error_description": description,
                "error_codes": [code],
                "timestamp": timestamp,
                "trace_id": trace_id,
                "correlation_id": correlation_id,
                "error_uri": format!("https://login.microsoftonline.com/error?code={code}"),
            }),
        )
    }
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
