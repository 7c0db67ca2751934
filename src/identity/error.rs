//! What can go wrong on the way to a token.

use std::fmt;
use std::io;

use miette::Diagnostic;
use thiserror::Error as ThisError;

use super::choose::Method;
use super::entra::{Meaning, Said, code_in, lookup};
use super::transport::Failure;
use crate::model::Auth;

/// Why there is no token. No variant holds a secret.
#[derive(Debug, ThisError, Diagnostic)]
pub(crate) enum Error {
    /// The identity that was asked for misses settings.
    #[error("the library `{library}` cannot use `auth: {}`: {missing}", auth.as_str())]
    #[diagnostic(code(jumpbag::auth::not_configured), help("{}", to_configure(*auth)))]
    NotConfigured {
        /// Which library.
        library: String,
        /// Which identity.
        auth: Auth,
        /// What is missing, in words.
        missing: String,
    },

    /// `auth: default` finds nothing.
    #[error("there is no identity for the library `{library}`")]
    #[diagnostic(
        code(jumpbag::auth::no_token),
        help(
            "set the variables of one identity, or JUMPBAG_TOKEN to a bearer token for the API, for instance by `az account get-access-token --resource https://api.securitycenter.microsoft.com --query accessToken -o tsv`"
        )
    )]
    NoIdentity {
        /// Which library.
        library: String,
        /// Why it is none of them.
        #[source]
        reasons: Reasons,
    },

    /// The login host is none that a secret may be sent to.
    #[error("`{authority}` cannot be the login host: {problem}")]
    #[diagnostic(
        code(jumpbag::auth::authority),
        help("set AZURE_AUTHORITY_HOST to `https://HOST`, or unset it")
    )]
    Authority {
        /// As it was given.
        authority: String,
        /// What is wrong with it.
        problem: &'static str,
    },

    /// A file of an identity cannot be read.
    #[error("could not read `{path}` for `auth: {}`", auth.as_str())]
    #[diagnostic(
        code(jumpbag::auth::file),
        help("let {variable} name a file that exists and that you may read")
    )]
    File {
        /// Which identity.
        auth: Auth,
        /// The variable that names the file.
        variable: &'static str,
        /// The file.
        path: String,
        /// What the system says.
        #[source]
        cause: io::Error,
    },

    /// A file of an identity holds something else.
    #[error("`{path}` cannot be used for `auth: {}`: {problem}", auth.as_str())]
    #[diagnostic(code(jumpbag::auth::bad_file), help("{help}"))]
    BadFile {
        /// Which identity.
        auth: Auth,
        /// The file.
        path: String,
        /// What is wrong with it.
        problem: String,
        /// What to do.
        help: &'static str,
    },

    /// Somebody who gives tokens says no.
    #[error("could not get a token with {who}")]
    #[diagnostic(code(jumpbag::auth::refused), help("{help}"))]
    Refused {
        /// With what identity.
        who: Who,
        /// What to change.
        help: &'static str,
        /// Why.
        #[source]
        cause: Refusal,
    },

    /// Nobody answers who gives tokens, or not as he should.
    #[error("could not get a token with {who}")]
    #[diagnostic(code(jumpbag::auth::unreachable), help("{help}"))]
    Unreachable {
        /// With what identity.
        who: Who,
        /// What to do.
        help: &'static str,
        /// What came instead.
        #[source]
        cause: Obstacle,
    },

    /// Anything else.
    #[error("could not get a token with {who}")]
    #[diagnostic(code(jumpbag::auth::failed), help("{help}"))]
    Failed {
        /// With what identity.
        who: Who,
        /// What to do.
        help: &'static str,
        /// What is said about it.
        #[source]
        cause: Words,
    },
}

/// Which identity, and for whom.
#[derive(Clone, Debug)]
pub(crate) struct Who {
    auth: Auth,
    client_id: Option<String>,
    tenant_id: Option<String>,
}

impl Who {
    pub(super) fn of(method: &Method) -> Self {
        let app = method.app();
        let (mut client_id, mut tenant_id) = app
            .map(|app| (app.client_id.clone(), app.tenant_id.clone()))
            .unzip();
        if let Method::ManagedIdentity { client_id: id } = method {
            client_id.clone_from(id);
        }
        if let Method::AzureCli { tenant_id: id } = method {
            tenant_id.clone_from(id);
        }
        Self {
            auth: method.auth(),
            client_id,
            tenant_id,
        }
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`auth: {}`", self.auth.as_str())?;
        if let Some(client_id) = &self.client_id {
            write!(f, " for the application `{client_id}`")?;
        }
        if let Some(tenant_id) = &self.tenant_id {
            write!(f, " in the tenant `{tenant_id}`")?;
        }
        Ok(())
    }
}

/// A refusal: what it means where that is known, and then the words of whoever refuses.
#[derive(Debug)]
pub(crate) enum Refusal {
    Known(&'static Meaning, Box<Said>),
    Other(Box<Said>),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(meaning, _) => write!(f, "AADSTS{}: {}", meaning.code, meaning.what),
            Self::Other(said) => said.fmt(f),
        }
    }
}

impl std::error::Error for Refusal {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Known(_, said) => Some(said),
            Self::Other(_) => None,
        }
    }
}

/// Why an identity was not taken, for each.
#[derive(Debug, ThisError)]
#[error("{}", each(.0))]
pub(crate) struct Reasons(pub(super) Vec<(Auth, String)>);

/// A failure of the transport, with its last cause in one line.
#[derive(Debug, ThisError)]
#[error(transparent)]
pub(crate) struct Obstacle(Box<Failure>);

/// A text of somebody else, on one line.
#[derive(Debug, ThisError)]
#[error("{0}")]
pub(crate) struct Words(pub(super) String);

impl Error {
    /// The error for a refusal that `said` tells of.
    pub(super) fn refused(who: Who, said: Said) -> Self {
        let meaning = said.code.and_then(lookup);
        let help = meaning.map_or_else(|| to_check(who.auth), |meaning| meaning.help);
        let said = Box::new(said);
        let cause = match meaning {
            Some(meaning) => Refusal::Known(meaning, said),
            None => Refusal::Other(said),
        };
        Self::Refused { who, help, cause }
    }

    /// The error for a refusal of the service that vouches for a job, before the login host is asked.
    pub(super) fn not_vouched_for(who: Who, said: Said) -> Self {
        let help = to_configure(who.auth);
        let cause = Refusal::Other(Box::new(said));
        Self::Refused { who, help, cause }
    }

    /// The error for a request that got no usable answer.
    pub(super) fn unreachable(who: Who, failure: Failure) -> Self {
        let help = match &failure {
            Failure::Untrusted { .. } => {
                "check the login host's spelling and what stands between it and this machine; name an authority of your own in the library's `ca_file`, or in SSL_CERT_FILE"
            }
            Failure::Busy { .. } => "run again later",
            Failure::Redirected { .. } | Failure::Insecure(_) | Failure::Malformed(_) => {
                "check the library's `authority` and the variables of the identity"
            }
            Failure::NotJson { .. } | Failure::TooLong(_) => {
                "check the library's `authority`, and what stands between it and this machine"
            }
            Failure::Unreachable { .. } | Failure::Broken { .. }
                if who.auth == Auth::ManagedIdentity =>
            {
                to_check(who.auth)
            }
            Failure::Unreachable { .. } | Failure::Broken { .. } => {
                "check the network, the proxy variables, and the library's `authority`"
            }
        };
        Self::Unreachable {
            who,
            help,
            cause: Obstacle(Box::new(failure)),
        }
    }

    /// The error that is known by its words alone; they may have a code of Entra in them.
    pub(super) fn failed(who: Who, words: String) -> Self {
        let meaning = code_in(&words).and_then(lookup);
        let help = meaning.map_or_else(|| to_check(who.auth), |meaning| meaning.help);
        let cause = Words(words);
        Self::Failed { who, help, cause }
    }
}

fn each(reasons: &[(Auth, String)]) -> String {
    let lines = reasons
        .iter()
        .map(|(auth, why)| format!("{}: {why}", auth.as_str()));
    lines.collect::<Vec<_>>().join("; ")
}

/// How an identity is set up.
fn to_configure(auth: Auth) -> &'static str {
    match auth {
        Auth::Token => {
            "set JUMPBAG_TOKEN to a bearer token for the API, for instance by `az account get-access-token --resource https://api.securitycenter.microsoft.com --query accessToken -o tsv`"
        }
        Auth::ClientSecret => {
            "set AZURE_CLIENT_SECRET; tenant and client may also stand in the manifest, as `tenant_id` and `client_id`"
        }
        Auth::ClientCertificate => {
            "set AZURE_CLIENT_CERTIFICATE_PATH to a PEM or PFX file; tenant and client may also stand in the manifest, as `tenant_id` and `client_id`"
        }
        Auth::WorkloadIdentity => {
            "label the pod `azure.workload.identity/use: \"true\"`, or set AZURE_FEDERATED_TOKEN_FILE; tenant and client may also stand in the manifest, as `tenant_id` and `client_id`"
        }
        Auth::GithubActions => {
            "give the job `permissions: id-token: write`; tenant and client may also stand in the manifest, as `tenant_id` and `client_id`"
        }
        Auth::AzurePipelines => {
            "run it in an AzureCLI@2 task with the service connection, and hand over `SYSTEM_ACCESSTOKEN: $(System.AccessToken)` in its `env`"
        }
        Auth::AzureCli => "install the Azure CLI, and log in with `az login`",
        Auth::ManagedIdentity | Auth::Default => "set the variables of one identity",
    }
}

/// Where to look when an identity does not work, and nothing says why.
fn to_check(auth: Auth) -> &'static str {
    match auth {
        Auth::ClientSecret | Auth::ClientCertificate => {
            "check the app registration: tenant, client id, and a secret or certificate that has not expired"
        }
        Auth::WorkloadIdentity | Auth::GithubActions => {
            "compare the federated credentials of the app registration with the token's issuer, subject and audience"
        }
        Auth::AzurePipelines => {
            "check the service connection's id and its federated credential, and that the pipeline may use it"
        }
        Auth::ManagedIdentity => {
            "check that a managed identity is assigned to this machine; one that a user assigned is named by `client_id`"
        }
        Auth::AzureCli => "run `az login`, and `az account show` to see who is logged in",
        Auth::Token | Auth::Default => "check the variables of the identity",
    }
}
