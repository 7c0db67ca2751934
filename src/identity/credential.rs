//! Asks `azure_identity` for a token.
//!
//! A credential is made anew for each token. It costs nothing beside the request, and `azure_identity`'s own
//! cache can then neither give a refused token again nor hold a federated token that was replaced in its file.

use std::sync::Arc;
use std::time::Duration;

use azure_core::cloud::CustomConfiguration;
use azure_core::credentials::{Secret, TokenCredential};
use azure_core::error::ErrorKind;
use azure_core::http::{ClientOptions, RetryOptions, Transport as AzureTransport};
use azure_identity::{
    AzureCliCredential, AzureCliCredentialOptions, AzurePipelinesCredential,
    AzurePipelinesCredentialOptions, ClientAssertion, ClientAssertionCredential,
    ClientAssertionCredentialOptions, ClientSecretCredential, ClientSecretCredentialOptions,
    ManagedIdentityCredential, ManagedIdentityCredentialOptions, UserAssignedId,
    WorkloadIdentityCredential, WorkloadIdentityCredentialOptions,
};
use jiff::Timestamp;
use reqwest::StatusCode;
use secrecy::{ExposeSecret as _, SecretString};

use super::certificate::{Certificate, Signed};
use super::choose::{App, Method};
use super::entra::{Said, one_line};
use super::error::{Error, Who};
use super::github::Github;
use super::registry::Place;
use super::source::{Fetch, FetchFuture, Fetched};
use super::transport::{Failure, Transport};
use crate::library::IdentityError;
use crate::model::Auth;

/// An identity, and whom to ask for its tokens.
pub(super) struct Credential {
    method: Method,
    place: Place,
    transport: Arc<Transport>,
    now: fn() -> Timestamp,
}

type Made = Result<Arc<dyn TokenCredential>, azure_core::Error>;

impl Credential {
    /// The identity `method`, whose tokens are asked for at `place`.
    pub(super) fn new(
        method: Method,
        place: Place,
        transport: Transport,
        now: fn() -> Timestamp,
    ) -> Self {
        Self {
            method,
            place,
            transport: Arc::new(transport),
            now,
        }
    }

    async fn ask(&self) -> Result<Fetched, Error> {
        let who = || Who::of(&self.method);
        tracing::debug!(who = %who(), scope = self.place.scope, "asking for a token");
        let credential = self.make()?.map_err(|error| told(who(), error))?;
        let token = credential.get_token(&[&self.place.scope], None).await;
        let token = token.map_err(|error| told(who(), error))?;
        let seconds = token.expires_on.unix_timestamp() - (self.now)().as_second();
        Ok(Fetched {
            token: SecretString::from(token.token.secret()),
            lifetime: Duration::from_secs(u64::try_from(seconds).unwrap_or(0)),
        })
    }

    fn make(&self) -> Result<Made, Error> {
        match &self.method {
            // It has no credential: the token itself is in the environment.
            Method::Token(_) => {
                let who = Who::of(&self.method);
                Err(Error::failed(who, "nothing to ask".to_owned()))
            }
            Method::ClientSecret { app, secret } => Ok(self.client_secret(app, secret)),
            Method::ClientCertificate {
                app,
                path,
                password,
                send_chain,
            } => {
                let now = (self.now)();
                let certificate = Certificate::load(path, password.as_ref(), *send_chain, now)?;
                let audience = self.token_endpoint(app);
                Ok(self.assertion(app, Signed::new(certificate, app, audience, self.now)))
            }
            Method::WorkloadIdentity { app, file } => {
                readable(file)?;
                Ok(self.workload_identity(app, file))
            }
            Method::GithubActions { app, url, token } => {
                let transport = Arc::clone(&self.transport);
                let (authority, who) = (&self.place.authority, Who::of(&self.method));
                let github = Github::new(url, token.clone(), authority, transport, who)?;
                Ok(self.assertion(app, github))
            }
            Method::AzurePipelines {
                app,
                connection,
                token,
            } => Ok(self.azure_pipelines(app, connection, token)),
            Method::ManagedIdentity { client_id } => Ok(self.managed_identity(client_id.clone())),
            Method::AzureCli { tenant_id } => {
                let options = AzureCliCredentialOptions {
                    tenant_id: tenant_id.clone(),
                    ..AzureCliCredentialOptions::default()
                };
                Ok(AzureCliCredential::new(Some(options)).map(|made| made as _))
            }
        }
    }

    fn client_secret(&self, app: &App, secret: &SecretString) -> Made {
        let options = ClientSecretCredentialOptions {
            client_options: self.options(),
        };
        let secret = Secret::new(secret.expose_secret().to_owned());
        let client_id = app.client_id.clone();
        ClientSecretCredential::new(&app.tenant_id, client_id, secret, Some(options))
            .map(|made| made as _)
    }

    fn workload_identity(&self, app: &App, file: &str) -> Made {
        let options = WorkloadIdentityCredentialOptions {
            credential_options: self.assertion_options(),
            client_id: Some(app.client_id.clone()),
            tenant_id: Some(app.tenant_id.clone()),
            token_file_path: Some(file.into()),
        };
        WorkloadIdentityCredential::new(Some(options)).map(|made| made as _)
    }

    /// Reads `SYSTEM_OIDCREQUESTURI` from the environment by itself.
    fn azure_pipelines(&self, app: &App, connection: &str, token: &SecretString) -> Made {
        let options = AzurePipelinesCredentialOptions {
            credential_options: self.assertion_options(),
        };
        let (tenant_id, client_id) = (app.tenant_id.clone(), app.client_id.clone());
        let token = token.expose_secret().to_owned();
        AzurePipelinesCredential::new(tenant_id, client_id, connection, token, Some(options))
            .map(|made| made as _)
    }

    /// Reads `IDENTITY_ENDPOINT`, `IDENTITY_HEADER` and their like from the environment by itself.
    fn managed_identity(&self, client_id: Option<String>) -> Made {
        let options = ManagedIdentityCredentialOptions {
            user_assigned_id: client_id.map(UserAssignedId::ClientId),
            client_options: self.options(),
        };
        ManagedIdentityCredential::new(Some(options)).map(|made| made as _)
    }

    fn assertion(&self, app: &App, assertion: impl ClientAssertion + 'static) -> Made {
        let options = Some(self.assertion_options());
        let (tenant_id, client_id) = (app.tenant_id.clone(), app.client_id.clone());
        ClientAssertionCredential::new(tenant_id, client_id, assertion, options)
            .map(|made| made as _)
    }

    fn assertion_options(&self) -> ClientAssertionCredentialOptions {
        ClientAssertionCredentialOptions {
            client_options: self.options(),
        }
    }

    fn options(&self) -> ClientOptions {
        let mut cloud = CustomConfiguration::default();
        cloud.authority_host.clone_from(&self.place.authority);
        ClientOptions {
            retry: RetryOptions::none(),
            transport: Some(AzureTransport::new(Arc::clone(&self.transport) as _)),
            cloud: Some(Arc::new(cloud.into())),
            ..ClientOptions::default()
        }
    }

    fn token_endpoint(&self, app: &App) -> String {
        let authority = &self.place.authority;
        format!("{authority}/{}/oauth2/v2.0/token", app.tenant_id)
    }
}

impl Fetch for Credential {
    fn fetch(&self) -> FetchFuture<'_> {
        Box::pin(async move { self.ask().await.map_err(IdentityError::new) })
    }
}

/// Looks at a federated token before `azure_identity` does, whose error would not say what to do.
fn readable(path: &str) -> Result<(), Error> {
    let auth = Auth::WorkloadIdentity;
    let text = std::fs::read_to_string(path).map_err(|cause| Error::File {
        auth,
        variable: "AZURE_FEDERATED_TOKEN_FILE",
        path: path.to_owned(),
        cause,
    })?;
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(());
    }
    Err(Error::BadFile {
        auth,
        path: path.to_owned(),
        problem: "it holds no token, or more than that".to_owned(),
        help: "write the bare token into the file, without a line break at its end",
    })
}

/// What an error of `azure_identity` comes from: the last of its causes, which lies several levels down. The
/// levels above repeat the texts below them.
fn told(who: Who, error: azure_core::Error) -> Error {
    let mut error = error;
    loop {
        if let ErrorKind::HttpResponse {
            status,
            raw_response: Some(response),
            ..
        } = error.kind()
        {
            let status = StatusCode::from_u16(u16::from(*status)).unwrap_or_default();
            return Error::refused(who, Said::read(status, response.body().as_ref()));
        }
        let words = one_line(&error.to_string());
        let Ok(inner) = error.into_inner() else {
            return Error::failed(who, words);
        };
        error = match inner.downcast::<azure_core::Error>() {
            Ok(deeper) => *deeper,
            Err(inner) => return root(who, inner),
        };
    }
}

fn root(who: Who, inner: Box<dyn std::error::Error + Send + Sync>) -> Error {
    let inner = match inner.downcast::<Failure>() {
        Ok(failure) => return Error::unreachable(who, *failure),
        Err(inner) => inner,
    };
    let inner = match inner.downcast::<Error>() {
        Ok(ours) => return *ours,
        Err(inner) => inner,
    };
    // Its text repeats the value that it does not like, which may be the token.
    if inner.is::<serde_json::Error>() {
        let words = "what came back holds no token that can be understood";
        return Error::failed(who, words.to_owned());
    }
    Error::failed(who, one_line(&inner.to_string()))
}
