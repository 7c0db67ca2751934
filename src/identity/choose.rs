//! Which identity a library uses.

use secrecy::SecretString;

use super::environment::Environment;
use super::error::{Error, Reasons};
use crate::model::Auth;

/// The order of `auth: default`. What somebody set for this comes before what a machine or a service offers to
/// everybody on it, and the user's own login comes last.
const ORDER: [Auth; 8] = [
    Auth::Token,
    Auth::ClientSecret,
    Auth::ClientCertificate,
    Auth::WorkloadIdentity,
    Auth::GithubActions,
    Auth::AzurePipelines,
    Auth::ManagedIdentity,
    Auth::AzureCli,
];

/// What a library's settings say.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    /// The library's name.
    pub(crate) library: String,
    /// Which identity.
    pub(crate) auth: Auth,
    /// The tenant, before all variables.
    pub(crate) tenant_id: Option<String>,
    /// The application, before all variables.
    pub(crate) client_id: Option<String>,
}

/// An application in a tenant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct App {
    pub(super) tenant_id: String,
    pub(super) client_id: String,
}

/// An identity with everything that it needs.
#[derive(Clone, Debug)]
pub(super) enum Method {
    Token(SecretString),
    ClientSecret {
        app: App,
        secret: SecretString,
    },
    ClientCertificate {
        app: App,
        path: String,
        password: Option<SecretString>,
        send_chain: bool,
    },
    WorkloadIdentity {
        app: App,
        file: String,
    },
    GithubActions {
        app: App,
        url: String,
        token: SecretString,
    },
    AzurePipelines {
        app: App,
        connection: String,
        token: SecretString,
    },
    ManagedIdentity {
        client_id: Option<String>,
    },
    AzureCli {
        tenant_id: Option<String>,
    },
}

/// The identity of a library, and why it is this one.
#[derive(Clone, Debug)]
pub(crate) struct Choice {
    pub(super) method: Method,
    /// Of `auth: default`: those before it and those after it, and why they were not taken.
    others: Vec<(Auth, String)>,
}

impl Choice {
    /// Which it is, and a line for each other one of `auth: default`, for a log.
    pub(crate) fn reasons(&self) -> (Auth, impl Iterator<Item = String> + '_) {
        let others = self.others.iter();
        let lines = others.map(|(auth, why)| format!("not {}: {why}", auth.as_str()));
        (self.method.auth(), lines)
    }
}

impl Method {
    /// Which identity this is.
    pub(super) fn auth(&self) -> Auth {
        match self {
            Self::Token(_) => Auth::Token,
            Self::ClientSecret { .. } => Auth::ClientSecret,
            Self::ClientCertificate { .. } => Auth::ClientCertificate,
            Self::WorkloadIdentity { .. } => Auth::WorkloadIdentity,
            Self::GithubActions { .. } => Auth::GithubActions,
            Self::AzurePipelines { .. } => Auth::AzurePipelines,
            Self::ManagedIdentity { .. } => Auth::ManagedIdentity,
            Self::AzureCli { .. } => Auth::AzureCli,
        }
    }

    /// The application in its tenant, where the identity is one that we name.
    pub(super) fn app(&self) -> Option<&App> {
        match self {
            Self::ClientSecret { app, .. }
            | Self::ClientCertificate { app, .. }
            | Self::WorkloadIdentity { app, .. }
            | Self::GithubActions { app, .. }
            | Self::AzurePipelines { app, .. } => Some(app),
            Self::Token(_) | Self::ManagedIdentity { .. } | Self::AzureCli { .. } => None,
        }
    }
}

/// The identity for `wanted`, by what `environment` holds. It has everything that it needs; whether it works is
/// not known. Of `auth: default` it is the first in the documented order that has.
pub(crate) fn choose(wanted: &Wanted, environment: &Environment) -> Result<Choice, Error> {
    let library = || wanted.library.clone();
    if wanted.auth != Auth::Default {
        let found = method(wanted.auth, wanted, environment);
        return match found {
            Ok(method) => Ok(Choice {
                method,
                others: Vec::new(),
            }),
            Err(missing) => Err(Error::NotConfigured {
                library: library(),
                auth: wanted.auth,
                missing: is_not_set(&missing),
            }),
        };
    }
    let mut others = Vec::new();
    let mut chosen: Option<Method> = None;
    for auth in ORDER {
        if let Some(chosen) = &chosen {
            let why = format!("{} comes first", chosen.auth().as_str());
            others.push((auth, why));
            continue;
        }
        match method(auth, wanted, environment) {
            // Any machine of a cloud may have one: without its variable, only who asks for it gets it.
            Ok(Method::ManagedIdentity { .. }) if !environment.has_identity_endpoint => {
                others.push((auth, is_not_set(&["IDENTITY_ENDPOINT"])));
            }
            Ok(method) => chosen = Some(method),
            // Somebody meant this one, and would be surprised by another.
            Err(missing) if is_meant(auth, environment) => {
                return Err(Error::NotConfigured {
                    library: library(),
                    auth,
                    missing: is_not_set(&missing),
                });
            }
            // The first says enough: it is what the identity is known by.
            Err(missing) => others.push((auth, is_not_set(missing.get(..1).unwrap_or_default()))),
        }
    }
    match chosen {
        Some(method) => Ok(Choice { method, others }),
        None => Err(Error::NoIdentity {
            library: library(),
            reasons: Reasons(others),
        }),
    }
}

/// Whether a variable is set that says nothing but that this identity shall be used.
fn is_meant(auth: Auth, environment: &Environment) -> bool {
    match auth {
        Auth::ClientSecret => environment.client_secret.is_some(),
        Auth::ClientCertificate => environment.certificate_path.is_some(),
        Auth::WorkloadIdentity => environment.federated_token_file.is_some(),
        Auth::Default
        | Auth::GithubActions
        | Auth::AzurePipelines
        | Auth::ManagedIdentity
        | Auth::AzureCli
        | Auth::Token => false,
    }
}

fn is_not_set(missing: &[&str]) -> String {
    match missing {
        ["az"] => "`az` is not on the PATH".to_owned(),
        [one] => format!("{one} is not set"),
        [rest @ .., last] => format!("{} and {last} are not set", rest.join(", ")),
        [] => "nothing is missing".to_owned(),
    }
}

/// Takes what an identity needs, and keeps the names of what is missing.
#[derive(Default)]
struct Needs(Vec<&'static str>);

impl Needs {
    fn take<T: Clone>(&mut self, value: Option<&T>, name: &'static str) -> Option<T> {
        if value.is_none() {
            self.0.push(name);
        }
        value.cloned()
    }

    fn app(&mut self, wanted: &Wanted, environment: &Environment) -> Option<App> {
        let tenant = wanted.tenant_id.as_ref().or(environment.tenant_id.as_ref());
        let client = wanted.client_id.as_ref().or(environment.client_id.as_ref());
        let tenant_id = self.take(tenant, "AZURE_TENANT_ID");
        let client_id = self.take(client, "AZURE_CLIENT_ID");
        Some(App {
            tenant_id: tenant_id?,
            client_id: client_id?,
        })
    }
}

/// The identity `auth`, or the variables that it misses.
fn method(auth: Auth, wanted: &Wanted, env: &Environment) -> Result<Method, Vec<&'static str>> {
    let mut needs = Needs::default();
    let method = match auth {
        Auth::Default => None,
        Auth::Token => needs
            .take(env.token.as_ref(), "JUMPBAG_TOKEN")
            .map(Method::Token),
        Auth::ClientSecret => {
            let secret = needs.take(env.client_secret.as_ref(), "AZURE_CLIENT_SECRET");
            let app = needs.app(wanted, env);
            app.zip(secret)
                .map(|(app, secret)| Method::ClientSecret { app, secret })
        }
        Auth::ClientCertificate => {
            let path = env.certificate_path.as_ref();
            let path = needs.take(path, "AZURE_CLIENT_CERTIFICATE_PATH");
            let app = needs.app(wanted, env);
            app.zip(path).map(|(app, path)| Method::ClientCertificate {
                app,
                path,
                password: env.certificate_password.clone(),
                send_chain: env.send_certificate_chain,
            })
        }
        Auth::WorkloadIdentity => {
            let file = env.federated_token_file.as_ref();
            let file = needs.take(file, "AZURE_FEDERATED_TOKEN_FILE");
            let app = needs.app(wanted, env);
            app.zip(file)
                .map(|(app, file)| Method::WorkloadIdentity { app, file })
        }
        Auth::GithubActions => {
            let url = needs.take(env.github_url.as_ref(), "ACTIONS_ID_TOKEN_REQUEST_URL");
            let token = env.github_token.as_ref();
            let token = needs.take(token, "ACTIONS_ID_TOKEN_REQUEST_TOKEN");
            let app = needs.app(wanted, env);
            let all = app.zip(url).zip(token);
            all.map(|((app, url), token)| Method::GithubActions { app, url, token })
        }
        Auth::AzurePipelines => pipelines(&mut needs, wanted, env),
        Auth::ManagedIdentity => Some(Method::ManagedIdentity {
            client_id: wanted.client_id.clone().or_else(|| env.client_id.clone()),
        }),
        Auth::AzureCli => {
            let found = env.has_azure_cli.then_some(());
            needs.take(found.as_ref(), "az").map(|()| Method::AzureCli {
                tenant_id: wanted.tenant_id.clone().or_else(|| env.tenant_id.clone()),
            })
        }
    };
    method.ok_or(needs.0)
}

fn pipelines(needs: &mut Needs, wanted: &Wanted, env: &Environment) -> Option<Method> {
    let connection = env.pipelines_connection.as_ref();
    let connection = needs.take(connection, "AZURESUBSCRIPTION_SERVICE_CONNECTION_ID");
    let token = needs.take(env.pipelines_token.as_ref(), "SYSTEM_ACCESSTOKEN");
    // azure_identity reads it from the environment by itself.
    let url = needs.take(env.pipelines_url.as_ref(), "SYSTEM_OIDCREQUESTURI");
    let tenant = wanted.tenant_id.as_ref();
    let tenant = tenant.or(env.pipelines_tenant_id.as_ref());
    let client = wanted.client_id.as_ref();
    let client = client.or(env.pipelines_client_id.as_ref());
    let tenant = tenant.or(env.tenant_id.as_ref());
    let tenant_id = needs.take(tenant, "AZURESUBSCRIPTION_TENANT_ID");
    let client = client.or(env.client_id.as_ref());
    let client_id = needs.take(client, "AZURESUBSCRIPTION_CLIENT_ID");
    url?;
    Some(Method::AzurePipelines {
        app: App {
            tenant_id: tenant_id?,
            client_id: client_id?,
        },
        connection: connection?,
        token: token?,
    })
}
