//! The environment: the only place that reads it.

use std::env;
use std::path::PathBuf;
use std::time::Duration;

use camino::Utf8PathBuf;
use secrecy::{ExposeSecret as _, SecretString};

use super::error::Error;
use crate::identity::Environment;
use crate::manifest;

/// A bearer token for the API, for `auth: token` (and for `auth: default`, where it is set).
pub(crate) const TOKEN: &str = "JUMPBAG_TOKEN";
/// Where the API of the library `default` is, where the manifest has no `libraries`.
pub(crate) const ENDPOINT: &str = "JUMPBAG_ENDPOINT";
/// The tenant of the library `default`; the variable of the Azure SDKs.
pub(crate) const TENANT_ID: &str = "AZURE_TENANT_ID";
/// The client id of the Azure SDKs, for the events.
pub(crate) const CLIENT_ID: &str = "AZURE_CLIENT_ID";
/// The identities of age that a state can be read with, as in an identity file.
pub(crate) const AGE_IDENTITY: &str = "JUMPBAG_AGE_IDENTITY";
/// A file of them.
pub(crate) const AGE_IDENTITY_FILE: &str = "JUMPBAG_AGE_IDENTITY_FILE";
/// How long a library and a login host may take for an answer, as in `30s`.
pub(crate) const TIMEOUT: &str = "JUMPBAG_TIMEOUT";
/// The folder of what is remembered of the sources.
const CACHE: &str = "JUMPBAG_CACHE_DIR";
/// Set by the shells' completions to the shell that asks.
pub(crate) const COMPLETE: &str = "JUMPBAG_COMPLETE";
/// What is logged to standard error, as a filter of the `tracing-subscriber` crate.
pub(crate) const LOG: &str = "JUMPBAG_LOG";

/// Where the checked-out repository is, in GitHub Actions, Azure Pipelines and GitLab CI.
const REPOSITORY: [&str; 3] = [
    "GITHUB_WORKSPACE",
    "BUILD_SOURCESDIRECTORY",
    "CI_PROJECT_DIR",
];

/// Who runs jumpbag, in this order: the first that is set counts.
const USER: [&str; 3] = ["USER", "LOGNAME", "USERNAME"];

/// The text of a variable; `None` where it is unset, empty, or not UTF-8.
#[expect(
    clippy::disallowed_methods,
    reason = "the environment enters the program here"
)]
pub(crate) fn text(name: &str) -> Option<String> {
    env::var(name).ok().filter(|text| !text.is_empty())
}

/// The text of a variable that holds a secret: never printed, and wiped when it is dropped.
pub(crate) fn secret(name: &str) -> Option<SecretString> {
    text(name).map(SecretString::from)
}

/// The token.
pub(crate) fn token() -> Option<SecretString> {
    let token = secret(TOKEN)?;
    Some(SecretString::from(token.expose_secret().trim().to_owned()))
}

/// How long an answer may take, where the variable says so.
pub(crate) fn timeout() -> Result<Option<Duration>, Error> {
    let Some(text) = text(TIMEOUT) else {
        return Ok(None);
    };
    let time = manifest::duration(&text);
    time.map(Some).ok_or(Error::BadTimeout { text })
}

/// The settings of object stores, by the names of their variables: what the crate `object_store` reads. Keys are among them.
pub(crate) fn storage() -> Vec<(String, SecretString)> {
    const PREFIXES: [&str; 4] = ["AZURE_", "AZURITE_", "AWS_", "GOOGLE_"];
    let all = env::vars_os().filter_map(|(name, value)| {
        let name = name.into_string().ok()?;
        let value = value.into_string().ok()?;
        Some((name, SecretString::from(value)))
    });
    all.filter(|(name, _)| PREFIXES.iter().any(|prefix| name.starts_with(prefix)))
        .collect()
}

/// The settings of identities.
pub(crate) fn identities() -> Environment {
    let is_true = |name| text(name).is_some_and(|it| it == "1" || it.eq_ignore_ascii_case("true"));
    Environment {
        token: token(),
        tenant_id: text(TENANT_ID),
        client_id: text(CLIENT_ID),
        client_secret: secret("AZURE_CLIENT_SECRET"),
        certificate_path: text("AZURE_CLIENT_CERTIFICATE_PATH"),
        certificate_password: secret("AZURE_CLIENT_CERTIFICATE_PASSWORD"),
        send_certificate_chain: is_true("AZURE_CLIENT_SEND_CERTIFICATE_CHAIN"),
        federated_token_file: text("AZURE_FEDERATED_TOKEN_FILE"),
        authority_host: text("AZURE_AUTHORITY_HOST"),
        github_url: text("ACTIONS_ID_TOKEN_REQUEST_URL"),
        github_token: secret("ACTIONS_ID_TOKEN_REQUEST_TOKEN"),
        pipelines_connection: text("AZURESUBSCRIPTION_SERVICE_CONNECTION_ID"),
        pipelines_client_id: text("AZURESUBSCRIPTION_CLIENT_ID"),
        pipelines_tenant_id: text("AZURESUBSCRIPTION_TENANT_ID"),
        pipelines_token: secret("SYSTEM_ACCESSTOKEN"),
        pipelines_url: text("SYSTEM_OIDCREQUESTURI"),
        has_identity_endpoint: text("IDENTITY_ENDPOINT").is_some(),
        has_azure_cli: is_on_path("az"),
    }
}

/// Whether the shell would find `program`.
fn is_on_path(program: &str) -> bool {
    let names = if cfg!(windows) {
        vec![format!("{program}.cmd"), format!("{program}.exe")]
    } else {
        vec![program.to_owned()]
    };
    let path = text("PATH").unwrap_or_default();
    env::split_paths(&path).any(|folder| names.iter().any(|name| folder.join(name).is_file()))
}

/// The folder of what can be lost; `None` where there is no place for it.
pub(crate) fn cache_folder() -> Option<Utf8PathBuf> {
    let folder = |name| {
        text(name)
            .map(Utf8PathBuf::from)
            .filter(|it| it.is_absolute())
    };
    let users = || {
        if cfg!(target_os = "macos") {
            return Some(folder("HOME")?.join("Library/Caches"));
        }
        folder("XDG_CACHE_HOME").or_else(|| Some(folder("HOME")?.join(".cache")))
    };
    folder(CACHE).or_else(|| Some(users()?.join("jumpbag")))
}

/// The user's name, for the lock and the history; not a proof of anything.
pub(crate) fn user() -> String {
    USER.into_iter()
        .find_map(text)
        .unwrap_or_else(|| "unknown".to_owned())
}

/// The page of this run, where GitHub Actions, Azure Pipelines or GitLab CI runs it.
pub(crate) fn run_url() -> Option<String> {
    let github = || {
        let [server, repository, run] =
            ["GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID"].map(text);
        Some(format!("{}/{}/actions/runs/{}", server?, repository?, run?))
    };
    let azure = || {
        let [collection, project, build] = [
            "SYSTEM_COLLECTIONURI",
            "SYSTEM_TEAMPROJECT",
            "BUILD_BUILDID",
        ]
        .map(text);
        let (collection, project) = (collection?, project?.replace(' ', "%20"));
        Some(format!(
            "{collection}{project}/_build/results?buildId={}",
            build?
        ))
    };
    github().or_else(azure).or_else(|| text("CI_JOB_URL"))
}

/// Where the build service checked the repository out.
pub(crate) fn checkout() -> Option<String> {
    REPOSITORY.into_iter().find_map(text)
}

/// This machine's name, for the lock and the history.
pub(crate) fn host() -> String {
    gethostname::gethostname().to_string_lossy().into_owned()
}

/// The words of the command line that are UTF-8; of others, what can be read.
pub(crate) fn args() -> impl Iterator<Item = String> {
    env::args_os().map(|word| word.to_string_lossy().into_owned())
}

/// The working directory, where it has a path that is UTF-8.
pub(crate) fn folder() -> Option<Utf8PathBuf> {
    Utf8PathBuf::try_from(env::current_dir().ok()?).ok()
}

/// The command as it was typed, for the lock and the history. Arguments hold no secret.
pub(crate) fn command() -> String {
    let arguments = env::args_os()
        .skip(1)
        .map(|argument| argument.to_string_lossy().into_owned());
    std::iter::once("jumpbag".to_owned())
        .chain(arguments)
        .collect::<Vec<_>>()
        .join(" ")
}

/// Goes to `folder`: every relative path is taken from there.
pub(crate) fn go_to(folder: &PathBuf) -> std::io::Result<()> {
    env::set_current_dir(folder)
}
