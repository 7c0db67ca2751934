//! The tenants and applications that a file registers, and the places where tokens come from.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use secrecy::SecretString;
use serde::Deserialize;
use thiserror::Error;

use crate::StartError;
use crate::duration;
use crate::entra::certificate::{Certificate, TrustedSubject};

/// The audience of tokens for the API.
const AUDIENCE: &str = "https://api.securitycenter.microsoft.com";

/// Says why a file registers nobody.
#[derive(Debug, Error)]
pub enum EntraError {
    /// It, or a file that it names, cannot be read.
    #[error("could not read `{}`", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It is not what is documented. The message of the parser is left out where it could hold a secret.
    #[error("line {line}, column {column}: {problem}")]
    Malformed {
        /// Where the problem is.
        line: usize,
        /// Where in the line.
        column: usize,
        /// What the problem is.
        problem: String,
    },
    /// A time or a duration is none.
    #[error("`{text}` is not {expected}")]
    Time {
        /// What is written.
        text: String,
        /// What would be right.
        expected: &'static str,
    },
    /// A file has no certificate that can be used.
    #[error("`{}` holds no {expected} as PEM", path.display())]
    Certificate {
        /// The file.
        path: PathBuf,
        /// What would be right.
        expected: &'static str,
    },
    /// A tenant or an application is named that is not registered.
    #[error("there is no {kind} `{id}` in it")]
    Unknown {
        /// What it would be.
        kind: &'static str,
        /// How it is named.
        id: String,
    },
}

/// All that is registered. The ids are in lower case: Entra compares them without it.
pub(crate) struct Directory {
    pub(crate) audience: String,
    /// Other resources that tokens are issued for, and that the API takes no tokens of.
    pub(crate) other_audiences: Vec<String>,
    pub(crate) token_lifetime: Duration,
    /// The tenant whose library this is; every tenant's where there is none.
    pub(crate) library: Option<String>,
    pub(crate) tenants: BTreeMap<String, Tenant>,
    pub(crate) github: Option<GitHub>,
    pub(crate) pipelines: Option<Pipelines>,
    pub(crate) managed_identity: Option<ManagedIdentity>,
}

/// The applications of a tenant by their client ids.
pub(crate) type Tenant = BTreeMap<String, App>;

/// One application, with all that it may prove itself with.
#[derive(Default)]
pub(crate) struct App {
    pub(crate) secrets: Vec<Secret>,
    pub(crate) certificates: Vec<Certificate>,
    pub(crate) trusted_subjects: Vec<TrustedSubject>,
    pub(crate) federated: Vec<Federated>,
    pub(crate) roles: Vec<String>,
}

/// A client secret.
pub(crate) struct Secret {
    pub(crate) value: SecretString,
    pub(crate) expires: Option<Timestamp>,
}

/// Whose tokens are taken in the place of a secret.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Federated {
    /// `self` stands for the emulator's own issuer, whose port is not known beforehand.
    pub(crate) issuer: String,
    pub(crate) subject: String,
    #[serde(default = "exchange")]
    pub(crate) audience: String,
}

/// A job in GitHub Actions.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GitHub {
    pub(crate) request_token: SecretString,
    pub(crate) subject: String,
    #[serde(default = "five_minutes", deserialize_with = "lifetime")]
    pub(crate) lifetime: Duration,
}

/// A job in Azure Pipelines, and its service connection.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Pipelines {
    pub(crate) access_token: SecretString,
    pub(crate) service_connection: String,
    pub(crate) subject: String,
    #[serde(default = "five_minutes", deserialize_with = "lifetime")]
    pub(crate) lifetime: Duration,
}

/// The machine that the client runs on.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ManagedIdentity {
    /// What App Service gives to its processes as `IDENTITY_HEADER`.
    pub(crate) identity_header: SecretString,
    pub(crate) tenant: String,
    /// The application behind the machine's own identity.
    pub(crate) system_assigned: Option<String>,
    /// The applications behind identities that are assigned to the machine.
    #[serde(default)]
    pub(crate) user_assigned: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawDirectory {
    audience: Option<String>,
    #[serde(default)]
    other_audiences: Vec<String>,
    #[serde(default = "one_hour", deserialize_with = "lifetime")]
    token_lifetime: Duration,
    library: Option<String>,
    tenants: BTreeMap<String, RawTenant>,
    github: Option<GitHub>,
    pipelines: Option<Pipelines>,
    managed_identity: Option<ManagedIdentity>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTenant {
    apps: BTreeMap<String, RawApp>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawApp {
    #[serde(default)]
    secrets: Vec<RawSecret>,
    #[serde(default)]
    certificates: Vec<PathBuf>,
    #[serde(default)]
    trusted_subjects: Vec<RawTrustedSubject>,
    #[serde(default)]
    federated: Vec<Federated>,
    #[serde(default)]
    roles: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSecret {
    value: SecretString,
    expires: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTrustedSubject {
    subject_name: String,
    ca: PathBuf,
}

impl Directory {
    /// Reads a file, and the certificates that it names relative to its folder.
    pub(crate) fn read(path: &Path) -> Result<Self, StartError> {
        let folder = path.parent().unwrap_or(Path::new(""));
        let unusable = |source| StartError::Entra {
            path: path.to_owned(),
            source,
        };
        let text = read(path).map_err(unusable)?;
        Self::parse(&text, folder).map_err(unusable)
    }

    /// Takes what a file holds.
    pub(crate) fn parse(text: &[u8], folder: &Path) -> Result<Self, EntraError> {
        let raw: RawDirectory = serde_json::from_slice(text).map_err(|error| malformed(&error))?;
        let mut tenants = BTreeMap::new();
        for (id, tenant) in raw.tenants {
            let apps = tenant.apps.into_iter();
            let apps = apps.map(|(id, app)| Ok((id.to_ascii_lowercase(), app.check(folder)?)));
            tenants.insert(id.to_ascii_lowercase(), apps.collect::<Result<_, _>>()?);
        }
        let directory = Self {
            audience: raw.audience.unwrap_or_else(|| AUDIENCE.to_owned()),
            other_audiences: raw.other_audiences,
            token_lifetime: raw.token_lifetime,
            library: raw.library,
            tenants,
            github: raw.github,
            pipelines: raw.pipelines,
            managed_identity: raw.managed_identity,
        };
        directory.check_references()?;
        Ok(directory)
    }

    /// Returns the tenant with this id.
    pub(crate) fn tenant(&self, id: &str) -> Option<&Tenant> {
        self.tenants.get(&id.to_ascii_lowercase())
    }

    /// Checks that all who are named are registered.
    fn check_references(&self) -> Result<(), EntraError> {
        let tenant = |id: &str| {
            let unknown = || EntraError::Unknown {
                kind: "tenant",
                id: id.to_owned(),
            };
            self.tenant(id).ok_or_else(unknown)
        };
        if let Some(id) = &self.library {
            tenant(id)?;
        }
        if let Some(machine) = &self.managed_identity {
            let apps = tenant(&machine.tenant)?;
            let mut named = machine.system_assigned.iter().chain(&machine.user_assigned);
            if let Some(id) = named.find(|id| app(apps, id).is_none()) {
                let (kind, id) = ("application", id.clone());
                return Err(EntraError::Unknown { kind, id });
            }
        }
        Ok(())
    }
}

/// Returns the application with this client id.
pub(crate) fn app<'a>(tenant: &'a Tenant, id: &str) -> Option<&'a App> {
    tenant.get(&id.to_ascii_lowercase())
}

impl RawApp {
    fn check(self, folder: &Path) -> Result<App, EntraError> {
        let secrets = self.secrets.into_iter().map(RawSecret::check);
        let certificates = self.certificates.iter().map(|path| {
            let path = folder.join(path);
            let certificate = Certificate::from_pem(&read(&path)?);
            let expected = "certificate with an RSA key";
            certificate.ok_or(EntraError::Certificate { path, expected })
        });
        let trusted_subjects = self.trusted_subjects.into_iter().map(|trusted| {
            let path = folder.join(trusted.ca);
            let subject = TrustedSubject::new(trusted.subject_name, &read(&path)?);
            let expected = "certificate of an authority";
            subject.ok_or(EntraError::Certificate { path, expected })
        });
        Ok(App {
            secrets: secrets.collect::<Result<_, _>>()?,
            certificates: certificates.collect::<Result<_, _>>()?,
            trusted_subjects: trusted_subjects.collect::<Result<_, _>>()?,
            federated: self.federated,
            roles: self.roles,
        })
    }
}

impl RawSecret {
    fn check(self) -> Result<Secret, EntraError> {
        let time = |text: String| {
            let expected = "a time such as 2030-01-01T00:00:00Z";
            let time = text.parse();
            time.map_err(|_| EntraError::Time { text, expected })
        };
        Ok(Secret {
            value: self.value,
            expires: self.expires.map(time).transpose()?,
        })
    }
}

fn read(path: &Path) -> Result<Vec<u8>, EntraError> {
    fs::read(path).map_err(|source| EntraError::Unreadable {
        path: path.to_owned(),
        source,
    })
}

fn malformed(error: &serde_json::Error) -> EntraError {
    let message = error.to_string();
    let names_keys_alone = ["unknown field", "missing field", LIFETIME];
    let is_safe = names_keys_alone
        .iter()
        .any(|start| message.starts_with(start));
    let end = format!(" at line {} column {}", error.line(), error.column());
    let problem = message.strip_suffix(&end).filter(|_| is_safe);
    EntraError::Malformed {
        line: error.line(),
        column: error.column(),
        problem: problem
            .unwrap_or("something else is expected here")
            .to_owned(),
    }
}

fn exchange() -> String {
    "api://AzureADTokenExchange".to_owned()
}

fn one_hour() -> Duration {
    Duration::from_hours(1)
}

/// What GitHub's tokens live.
fn five_minutes() -> Duration {
    Duration::from_mins(5)
}

const LIFETIME: &str = "a lifetime such as 3s, 5m or 1h is expected";

fn lifetime<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    duration::parse(&text).ok_or_else(|| serde::de::Error::custom(LIFETIME))
}
