//! Microsoft Entra, as far as a file registers tenants and applications with it.
//!
//! It checks what a client proves itself with, issues tokens that are signed, and tells the API which of
//! them to take. `directory` is what the file says, `assertion` what an application may send in the
//! place of a secret, and `places` where else a client's tokens come from.

use std::fmt;
use std::time::Duration;

use axum::http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::entra::assertion::Expected;
use crate::entra::directory::{App, Directory};
use crate::entra::signer::{Claims, Signer};
use crate::refused::Refused;
use crate::token::{Asked, Proof};

mod assertion;
mod certificate;
pub(crate) mod directory;
pub(crate) mod places;
pub(crate) mod signer;

/// The permission that the library asks for.
const ROLE: &str = "Library.Manage";

/// A directory that issues tokens at an address.
pub(crate) struct Entra {
    directory: Directory,
    signer: Signer,
    /// The emulator's base, for the issuers and the audiences.
    url: String,
}

/// A token, and how long it is good for.
#[derive(Debug)]
pub(crate) struct Issued {
    pub(crate) token: String,
    pub(crate) seconds: u64,
    pub(crate) expires: i64,
}

/// Says why the API does not take a token.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Denied {
    /// It is none of its own, or its time is over.
    Token(&'static str),
    /// Its application may not do this.
    Role,
}

impl Entra {
    /// Opens a directory at the address `url`.
    pub(crate) fn new(directory: Directory, signer: Signer, url: String) -> Self {
        Self {
            directory,
            signer,
            url,
        }
    }

    /// Returns the issuer of the tokens that the places give to jobs.
    fn issuer(&self) -> String {
        format!("{}/oidc", self.url)
    }

    /// Checks who asks, and issues a token.
    pub(crate) fn issue(
        &self,
        tenant_id: &str,
        asked: &Asked<'_>,
        now: Timestamp,
    ) -> Result<Issued, Refused> {
        let app = self.find(tenant_id, asked.client_id)?;
        match asked.proof {
            Proof::Secret(secret) => check_secret(secret, app, asked.client_id, now)?,
            Proof::Assertion(assertion) => {
                let base = format!("{}/{tenant_id}", self.url);
                let expected = Expected {
                    client_id: asked.client_id,
                    app,
                    audiences: &[format!("{base}/oauth2/v2.0/token"), format!("{base}/v2.0")],
                    issuer: &self.issuer(),
                    signer: &self.signer,
                };
                assertion::check(assertion, &expected, now)?;
            }
        }
        self.token_for(tenant_id, asked.client_id, app, asked.resource, now)
    }

    /// Returns the application that a request names.
    fn find(&self, tenant_id: &str, client_id: &str) -> Result<&App, Refused> {
        let Some(tenant) = self.directory.tenant(tenant_id) else {
            let message = format!(
                "Tenant '{tenant_id}' not found. Check to make sure you have the correct tenant ID and are \
                 signing into the correct cloud. Check with your subscription administrator, this may \
                 happen if there are no active subscriptions for the tenant."
            );
            return Err(Refused::request(90_002, message));
        };
        directory::app(tenant, client_id).ok_or_else(|| Refused {
            error: "unauthorized_client",
            ..Refused::request(
                700_016,
                format!(
                    "Application with identifier '{client_id}' was not found in the directory \
                     '{tenant_id}'. This can happen if the application has not been installed by the \
                     administrator of the tenant or consented to by any user in the tenant. You may \
                     have sent your authentication request to the wrong tenant."
                ),
            )
        })
    }

    /// Issues a token for a resource to an application that has proved itself.
    fn token_for(
        &self,
        tenant_id: &str,
        client_id: &str,
        app: &App,
        resource: &str,
        now: Timestamp,
    ) -> Result<Issued, Refused> {
        let is_library = resource == self.directory.audience;
        if !is_library
            && !self
                .directory
                .other_audiences
                .iter()
                .any(|other| other == resource)
        {
            let message = format!(
                "The resource principal named {resource} was not found in the tenant named {tenant_id}. \
                 This can happen if the application has not been installed by the administrator of the \
                 tenant or consented to by any user in the tenant. You might have sent your \
                 authentication request to the wrong tenant."
            );
            return Err(Refused {
                error: "invalid_resource",
                ..Refused::request(500_011, message)
            });
        }
        let tenant_id = tenant_id.to_ascii_lowercase();
        let lifetime = self.directory.token_lifetime;
        let mut claims = json!({
            "aud": resource,
            "iss": self.access_issuer(&tenant_id),
            "appid": client_id,
            "sub": client_id,
            "tid": tenant_id,
            "uti": Uuid::new_v4().to_string(),
            "ver": "1.0",
        });
        // Roles are granted on one resource.
        if is_library && let Some(claims) = claims.as_object_mut() {
            claims.insert("roles".to_owned(), json!(app.roles));
        }
        let (token, expires) = self.sign(claims, lifetime, now)?;
        Ok(Issued {
            token,
            seconds: lifetime.as_secs(),
            expires,
        })
    }

    /// Signs claims that begin now; also returns when they end.
    fn sign(
        &self,
        mut claims: Value,
        lifetime: Duration,
        now: Timestamp,
    ) -> Result<(String, i64), Refused> {
        let begins = now.as_second();
        let lifetime = SignedDuration::try_from(lifetime).unwrap_or(SignedDuration::MAX);
        let end = now.checked_add(lifetime).unwrap_or(Timestamp::MAX);
        // Rounded up: a token that ends sooner than was said is an error of its own.
        let expires = end.as_second() + i64::from(end.subsec_nanosecond() > 0);
        if let Some(claims) = claims.as_object_mut() {
            for (name, time) in [("iat", begins), ("nbf", begins), ("exp", expires)] {
                claims.insert(name.to_owned(), time.into());
            }
        }
        let token = self.signer.sign(&claims).ok_or_else(|| Refused {
            status: StatusCode::SERVICE_UNAVAILABLE,
            error: "temporarily_unavailable",
            ..Refused::request(90_033, "A transient error has occurred. Please try again.")
        })?;
        Ok((token, expires))
    }

    fn access_issuer(&self, tenant_id: &str) -> String {
        format!("{}/{tenant_id}/", self.url)
    }

    /// Returns the application that a call of the API is made by.
    pub(crate) fn authorize(&self, token: &str, now: Timestamp) -> Result<String, Denied> {
        let claims = self
            .signer
            .verify(token)
            .ok_or(Denied::Token("the token was not issued here"))?;
        let text = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default();
        if text("aud") != self.directory.audience {
            return Err(Denied::Token("the token has another audience"));
        }
        let tenant_id = text("tid");
        if text("iss") != self.access_issuer(tenant_id) {
            return Err(Denied::Token("the token has another issuer"));
        }
        let library = self.directory.library.as_deref().unwrap_or(tenant_id);
        if !library.eq_ignore_ascii_case(tenant_id) {
            return Err(Denied::Token("the token is of another tenant"));
        }
        if is_over(&claims, now) {
            return Err(Denied::Token("the token has expired"));
        }
        let roles = claims.get("roles").and_then(Value::as_array);
        if !roles.is_some_and(|roles| roles.iter().any(|role| role == ROLE)) {
            return Err(Denied::Role);
        }
        Ok(text("appid").to_owned())
    }
}

impl fmt::Debug for Entra {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // It holds keys and secrets.
        f.debug_struct("Entra").finish_non_exhaustive()
    }
}

fn is_over(claims: &Claims, now: Timestamp) -> bool {
    let expires = claims.get("exp").and_then(Value::as_i64);
    expires.is_none_or(|expires| now.as_second() >= expires)
}

fn check_secret(secret: &str, app: &App, client_id: &str, now: Timestamp) -> Result<(), Refused> {
    let known = app.secrets.iter();
    let known: Vec<_> = known
        .filter(|known| known.value.expose_secret() == secret)
        .collect();
    if known.is_empty() {
        let message = format!(
            "Invalid client secret provided. Ensure the secret being sent in the request is the client \
             secret value, not the client secret ID, for a secret added to app '{client_id}'."
        );
        return Err(Refused::client(7_000_215, message));
    }
    let is_over = |expires: Option<Timestamp>| expires.is_some_and(|expires| expires <= now);
    if known.iter().all(|known| is_over(known.expires)) {
        let message = format!(
            "The provided client secret keys for app '{client_id}' are expired. Visit the Azure portal to \
             create new keys for your app: https://aka.ms/NewClientSecret, or consider using certificate \
             credentials for added security: https://aka.ms/certCreds."
        );
        return Err(Refused::client(7_000_222, message));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
