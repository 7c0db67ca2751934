//! GitHub Actions: the job's own token, exchanged as a client assertion.

use std::fmt;
use std::sync::Arc;

use azure_core::error::ErrorKind;
use azure_core::http::headers::AUTHORIZATION;
use azure_core::http::{ClientMethodOptions, Method, Request, Url};
use azure_identity::ClientAssertion;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use super::entra::Said;
use super::error::{Error, Who};
use super::transport::Transport;

/// Asks GitHub for a token that says which job this is.
pub(super) struct Github {
    url: Url,
    token: SecretString,
    transport: Arc<Transport>,
    who: Who,
}

/// What GitHub answers.
#[derive(Deserialize)]
struct Answer {
    value: String,
}

impl Github {
    /// The job's token for the token service at `authority`, asked for at `url` with `token`.
    pub(super) fn new(
        url: &str,
        token: SecretString,
        authority: &str,
        transport: Arc<Transport>,
        who: Who,
    ) -> Result<Self, Error> {
        let mut url = Url::parse(url).map_err(|_| {
            Error::failed(
                who.clone(),
                "ACTIONS_ID_TOKEN_REQUEST_URL is no URL".to_owned(),
            )
        })?;
        url.query_pairs_mut()
            .append_pair("audience", audience(authority));
        Ok(Self {
            url,
            token,
            transport,
            who,
        })
    }

    async fn ask(&self) -> Result<String, Error> {
        let mut request = Request::new(self.url.clone(), Method::Get);
        let bearer = format!("Bearer {}", self.token.expose_secret());
        request.insert_header(AUTHORIZATION, bearer);
        let reply = self.transport.send(&request).await;
        let reply = reply.map_err(|failure| Error::unreachable(self.who.clone(), failure))?;
        if !reply.status.is_success() {
            let said = Said::read(reply.status, &reply.body);
            return Err(Error::not_vouched_for(self.who.clone(), said));
        }
        let answer: Answer = serde_json::from_slice(&reply.body).map_err(|_| {
            let words = "GitHub's answer holds no token".to_owned();
            Error::failed(self.who.clone(), words)
        })?;
        Ok(answer.value)
    }
}

/// The audience that federated credentials of each cloud expect.
fn audience(authority: &str) -> &'static str {
    let host = Url::parse(authority).ok();
    let domain = host.as_ref().and_then(Url::domain);
    if domain.and_then(|domain| domain.rsplit('.').next()) == Some("us") {
        "api://AzureADTokenExchangeUSGov"
    } else {
        "api://AzureADTokenExchange"
    }
}

impl fmt::Debug for Github {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Github").finish_non_exhaustive()
    }
}

#[async_trait::async_trait]
impl ClientAssertion for Github {
    async fn secret(&self, _: Option<ClientMethodOptions<'_>>) -> azure_core::Result<String> {
        let assertion = self.ask().await;
        assertion.map_err(|error| azure_core::Error::new(ErrorKind::Credential, error))
    }
}

#[cfg(test)]
mod tests {
    use super::audience;

    #[test]
    fn the_governments_cloud_has_its_own_audience() {
        let public = audience("https://login.microsoftonline.com");
        assert_eq!(public, "api://AzureADTokenExchange");
        let government = audience("https://login.microsoftonline.us");
        assert_eq!(government, "api://AzureADTokenExchangeUSGov");
    }
}
