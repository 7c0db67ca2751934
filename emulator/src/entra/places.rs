//! Where else tokens come from: the jobs of two pipeline services, and the machine that a client runs on.
//!
//! Each is as strict as the service that it stands for: a client that leaves out a header or a version
//! here would do so there.

use axum::http::{HeaderMap, StatusCode, header};
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;

use crate::entra::directory::{GitHub, ManagedIdentity, Pipelines};
use crate::entra::{Entra, Issued};
use crate::refused::Refused;
use crate::reply::Reply;
use crate::token::Form;

/// The only version of either managed identity endpoint that is served.
const MANAGED_IDENTITY_VERSION: &str = "2019-08-01";

/// A request to one of the places.
pub(crate) struct Visit<'a> {
    pub(crate) headers: &'a HeaderMap,
    pub(crate) query: &'a Form,
    pub(crate) now: Timestamp,
}

impl Visit<'_> {
    fn parameter(&self, name: &str) -> &str {
        self.query.get(name).map_or("", String::as_str)
    }

    fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.and_then(|value| value.to_str().ok()).unwrap_or("")
    }

    fn has_bearer(&self, token: &SecretString) -> bool {
        let value = self.header(header::AUTHORIZATION.as_str());
        value.strip_prefix("Bearer ") == Some(token.expose_secret())
    }
}

impl Entra {
    /// Answers as the runner of GitHub Actions does, which gives a job a token for any audience.
    pub(crate) fn github(&self, visit: &Visit<'_>) -> Option<Reply> {
        let GitHub {
            request_token,
            subject,
            lifetime,
        } = self.directory.github.as_ref()?;
        if !visit.has_bearer(request_token) {
            let body = json!({ "message": "Unauthorized" });
            return Some(Reply::json(StatusCode::UNAUTHORIZED, body));
        }
        let audience = match visit.parameter("audience") {
            "" => owner_of(subject),
            audience => audience.to_owned(),
        };
        let claims = json!({ "iss": self.issuer(), "sub": subject, "aud": audience });
        Some(match self.sign(claims, *lifetime, visit.now) {
            Ok((token, _)) => {
                let body = json!({ "count": token.len(), "value": token });
                Reply::json(StatusCode::OK, body)
            }
            Err(refused) => refused.into_reply(visit.now),
        })
    }

    /// Answers as Azure Pipelines does, which gives a job a token for its service connection.
    pub(crate) fn pipelines(&self, visit: &Visit<'_>) -> Option<Reply> {
        let Pipelines {
            access_token,
            service_connection,
            subject,
            lifetime,
        } = self.directory.pipelines.as_ref()?;
        let refuse =
            |status, message: &str| Some(Reply::json(status, json!({ "message": message })));
        if !visit.headers.contains_key(header::CONTENT_LENGTH) {
            return refuse(StatusCode::LENGTH_REQUIRED, "Length Required");
        }
        if !visit.has_bearer(access_token) {
            // Without the header, the client is sent to a page where a person could sign in.
            if visit.header("x-tfs-fedauthredirect") != "Suppress" {
                return Some(Reply::redirect("/_signin"));
            }
            return refuse(StatusCode::UNAUTHORIZED, "Unauthorized");
        }
        if visit.parameter("api-version") != "7.1" {
            return refuse(
                StatusCode::BAD_REQUEST,
                "A preview or released version is required: api-version=7.1",
            );
        }
        if !visit
            .parameter("serviceConnectionId")
            .eq_ignore_ascii_case(service_connection)
        {
            return refuse(
                StatusCode::NOT_FOUND,
                "The service connection does not exist.",
            );
        }
        let audience = "api://AzureADTokenExchange";
        let claims = json!({ "iss": self.issuer(), "sub": subject, "aud": audience });
        Some(match self.sign(claims, *lifetime, visit.now) {
            Ok((token, _)) => Reply::json(StatusCode::OK, json!({ "oidcToken": token })),
            Err(refused) => refused.into_reply(visit.now),
        })
    }

    /// Answers as App Service does to the processes that it runs.
    pub(crate) fn app_service(&self, visit: &Visit<'_>) -> Option<Reply> {
        let machine = self.directory.managed_identity.as_ref()?;
        let refuse = |status: StatusCode, message: &str| {
            let body = json!({ "statusCode": status.as_u16(), "message": message });
            Some(Reply::json(status, body))
        };
        if visit.header("x-identity-header") != machine.identity_header.expose_secret() {
            return refuse(StatusCode::UNAUTHORIZED, "Unauthorized");
        }
        if visit.parameter("api-version") != MANAGED_IDENTITY_VERSION {
            return refuse(
                StatusCode::BAD_REQUEST,
                "The api-version is missing or unknown.",
            );
        }
        if visit.parameter("resource").is_empty() {
            return refuse(StatusCode::BAD_REQUEST, "The resource is missing.");
        }
        let Some(client_id) = identity(machine, visit) else {
            let message = "No User Assigned or Delegated Managed Identity found for specified \
                           ClientId/ResourceId/PrincipalId.";
            return refuse(StatusCode::BAD_REQUEST, message);
        };
        Some(match self.machine_token(machine, client_id, visit) {
            Ok(issued) => machine_reply(&issued, client_id, visit),
            Err(refused) => {
                return refuse(StatusCode::BAD_REQUEST, &refused.message);
            }
        })
    }

    /// Answers as the instance metadata service of a virtual machine does.
    pub(crate) fn instance_metadata(&self, visit: &Visit<'_>) -> Option<Reply> {
        let machine = self.directory.managed_identity.as_ref()?;
        let refuse = |error: &str, description: &str| {
            let body = json!({ "error": error, "error_description": description });
            Some(Reply::json(StatusCode::BAD_REQUEST, body))
        };
        if !visit.header("metadata").eq_ignore_ascii_case("true") {
            return refuse("bad_request_102", "Required metadata header not specified");
        }
        if visit.parameter("api-version") != MANAGED_IDENTITY_VERSION {
            return refuse(
                "bad_request_103",
                "Required api-version is missing or unknown",
            );
        }
        if visit.parameter("resource").is_empty() {
            return refuse(
                "invalid_request",
                "Required audience parameter not specified",
            );
        }
        let Some(client_id) = identity(machine, visit) else {
            return refuse("invalid_request", "Identity not found");
        };
        Some(match self.machine_token(machine, client_id, visit) {
            Ok(issued) => machine_reply(&issued, client_id, visit),
            Err(refused) => refused.into_reply(visit.now),
        })
    }

    fn machine_token(
        &self,
        machine: &ManagedIdentity,
        client_id: &str,
        visit: &Visit<'_>,
    ) -> Result<Issued, Refused> {
        let app = self.find(&machine.tenant, client_id)?;
        self.token_for(
            &machine.tenant,
            client_id,
            app,
            visit.parameter("resource"),
            visit.now,
        )
    }

    /// Says where the issuer's keys are.
    pub(crate) fn openid_configuration(&self) -> Reply {
        let issuer = self.issuer();
        let body = json!({
            "issuer": issuer,
            "jwks_uri": format!("{issuer}/keys"),
            "id_token_signing_alg_values_supported": ["ES256"],
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
        });
        Reply::json(StatusCode::OK, body)
    }

    /// Returns the issuer's keys.
    pub(crate) fn keys(&self) -> Reply {
        Reply::json(StatusCode::OK, self.signer.key_set())
    }
}

/// Returns the client id behind the identity that is asked for.
fn identity<'a>(machine: &'a ManagedIdentity, visit: &Visit<'_>) -> Option<&'a str> {
    // Only client ids are registered.
    let others = ["object_id", "principal_id", "msi_res_id", "mi_res_id"];
    if others.iter().any(|other| visit.query.contains_key(*other)) {
        return None;
    }
    match visit.query.get("client_id") {
        None => machine.system_assigned.as_deref(),
        Some(client_id) => {
            let mut assigned = machine.user_assigned.iter();
            assigned
                .find(|assigned| assigned.eq_ignore_ascii_case(client_id))
                .map(String::as_str)
        }
    }
}

fn machine_reply(issued: &Issued, client_id: &str, visit: &Visit<'_>) -> Reply {
    // The times are strings in both services.
    let body = json!({
        "access_token": issued.token,
        "client_id": client_id,
        "expires_on": issued.expires.to_string(),
        "resource": visit.parameter("resource"),
        "token_type": "Bearer",
    });
    Reply::json(StatusCode::OK, body)
}

/// Returns what GitHub takes for the audience where none is asked for: who owns the repository.
fn owner_of(subject: &str) -> String {
    let repository = subject.split(':').nth(1).unwrap_or_default();
    let owner = repository.split('/').next().unwrap_or_default();
    format!("https://github.com/{owner}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_audience_is_the_repositorys_owner() {
        let subject = "repo:contoso/bag:ref:refs/heads/main";
        assert_eq!(owner_of(subject), "https://github.com/contoso");
    }
}
