//! Who we are to the API: the seam between the client and whatever gets the token.

use std::error::Error as StdError;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use miette::Diagnostic;
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret as _, SecretString};
use uuid::Uuid;

/// Where bearer tokens come from.
#[derive(Clone)]
pub(crate) enum Identity {
    /// One fixed token, which somebody else got and nobody renews.
    Token(SecretString),
    /// Something that gets tokens and renews them.
    Source(Arc<dyn TokenSource>),
}

/// Gets bearer tokens.
pub(crate) trait TokenSource: Send + Sync {
    /// A token for the API, from a cache where it is still good. `refused` is a token that the API has
    /// just refused: the answer is then another one, or `None` where no other can be had. Many callers
    /// may report the same refused token, and one fresh token is enough for them all.
    fn token<'a>(&'a self, refused: Option<&'a SecretString>) -> TokenFuture<'a>;
}

/// What [`TokenSource::token`] answers.
pub(crate) type TokenFuture<'a> =
    Pin<Box<dyn Future<Output = Result<Option<SecretString>, IdentityError>> + Send + 'a>>;

/// Why no token could be had: the source's own diagnostic, which many callers may be given. It must not hold
/// a secret.
#[derive(Clone, Debug)]
pub(crate) struct IdentityError(Arc<dyn Diagnostic + Send + Sync>);

/// A text that cannot be a token; it says nothing about the text.
#[derive(Debug, thiserror::Error, Diagnostic)]
#[error("the token is empty or holds characters that no token has")]
#[diagnostic(
    code(jumpbag::auth::bad_token),
    help("put the bare token into JUMPBAG_TOKEN: one line, without quotes and without `Bearer`")
)]
struct NotAToken;

/// A source that gives nothing although nothing was refused.
#[derive(Debug, thiserror::Error, Diagnostic)]
#[error("there is no token")]
#[diagnostic(
    code(jumpbag::auth::no_token),
    help("check the library's `auth` and the environment that it reads")
)]
struct NoToken;

impl IdentityError {
    /// The error that `cause` describes.
    pub(crate) fn new(cause: impl Diagnostic + Send + Sync + 'static) -> Self {
        Self(Arc::new(cause))
    }
}

impl fmt::Display for IdentityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl StdError for IdentityError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source()
    }
}

impl Diagnostic for IdentityError {
    fn code(&self) -> Option<Box<dyn fmt::Display + '_>> {
        self.0.code()
    }

    fn help(&self) -> Option<Box<dyn fmt::Display + '_>> {
        self.0.help()
    }
}

impl Identity {
    /// A token to send.
    pub(super) async fn bearer(&self) -> Result<SecretString, IdentityError> {
        match self {
            Self::Token(token) => Ok(token.clone()),
            Self::Source(source) => source
                .token(None)
                .await?
                .ok_or_else(|| IdentityError::new(NoToken)),
        }
    }

    /// A token other than `refused`, or `None` where there is no other.
    pub(super) async fn fresh(
        &self,
        refused: &SecretString,
    ) -> Result<Option<SecretString>, IdentityError> {
        match self {
            Self::Token(_) => Ok(None),
            Self::Source(source) => Ok(source
                .token(Some(refused))
                .await?
                .filter(|token| token.expose_secret() != refused.expose_secret())),
        }
    }
}

/// The client id that `token` claims to be issued to, without any verification: only the API can do that. What
/// is no client id is not returned, whatever the token says.
pub(crate) fn claimed_client_id(token: &SecretString) -> Option<Uuid> {
    let payload = token.expose_secret().split('.').nth(1)?;
    let payload = URL_SAFE_NO_PAD.decode(payload).ok()?;
    let claims: Claims = serde_json::from_slice(&payload).ok()?;
    Uuid::parse_str(&claims.appid.or(claims.azp)?).ok()
}

/// What Entra's tokens call the client: version 1.0 and 2.0.
#[derive(serde::Deserialize)]
struct Claims {
    appid: Option<String>,
    azp: Option<String>,
}

/// The `Authorization` header for `token`, marked so that nothing prints it.
pub(super) fn authorization(token: &SecretString) -> Result<HeaderValue, IdentityError> {
    let text = token.expose_secret();
    // RFC 6750 section 2.1: visible characters only. A line break at the end is the usual mistake.
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(IdentityError::new(NotAToken));
    }
    let mut value = HeaderValue::from_str(&format!("Bearer {text}"))
        .map_err(|_| IdentityError::new(NotAToken))?;
    value.set_sensitive(true);
    Ok(value)
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Token(_) => "Token([redacted])",
            Self::Source(_) => "Source([redacted])",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_that_cannot_be_sent_is_refused_without_showing_it() {
        for text in ["", "hush\n", "hush\r\nX: y", "hush hush", "hüsh"] {
            let error = authorization(&SecretString::from(text)).unwrap_err();
            let shown = format!("{error:?} {error}");
            assert!(
                !shown.contains("sh\\n") && !shown.contains("hush"),
                "{shown}"
            );
        }
    }

    #[test]
    fn the_client_is_what_the_token_claims() {
        const KNOWN: &str = "0f1e2d3c-0000-4000-8000-000000000001";
        let claimed = |claims: &str| {
            let token = format!("e30.{}.x", URL_SAFE_NO_PAD.encode(claims));
            claimed_client_id(&SecretString::from(token)).map(|id| id.to_string())
        };
        for claim in ["appid", "azp"] {
            let claims = format!(r#"{{"aud":"x","{claim}":"{KNOWN}"}}"#);
            assert_eq!(claimed(&claims).as_deref(), Some(KNOWN));
        }
        for claims in ["", "{}", "[]", r#"{"appid":7}"#, r#"{"appid":"hush"}"#] {
            assert_eq!(claimed(claims), None, "{claims}");
        }
        for token in ["", "hush", "a.b", "..", "e30.!.x"] {
            assert_eq!(claimed_client_id(&SecretString::from(token)), None);
        }
    }

    #[test]
    fn debug_shows_no_token() {
        let token = SecretString::from("hush");
        let header = authorization(&token).unwrap();
        assert_eq!(format!("{header:?}"), "Sensitive");
        assert_eq!(format!("{:?}", Identity::Token(token)), "Token([redacted])");
    }
}
