//! What the environment says about identities.

use secrecy::SecretString;

/// The settings of identities, by the names that the Azure SDKs and the pipelines give to their variables.
/// Whoever reads the environment fills it in; an empty variable counts as unset.
#[derive(Clone, Debug, Default)]
pub(crate) struct Environment {
    /// `JUMPBAG_TOKEN`.
    pub(crate) token: Option<SecretString>,
    /// `AZURE_TENANT_ID`.
    pub(crate) tenant_id: Option<String>,
    /// `AZURE_CLIENT_ID`.
    pub(crate) client_id: Option<String>,
    /// `AZURE_CLIENT_SECRET`.
    pub(crate) client_secret: Option<SecretString>,
    /// `AZURE_CLIENT_CERTIFICATE_PATH`.
    pub(crate) certificate_path: Option<String>,
    /// `AZURE_CLIENT_CERTIFICATE_PASSWORD`.
    pub(crate) certificate_password: Option<SecretString>,
    /// `AZURE_CLIENT_SEND_CERTIFICATE_CHAIN`, whether it is `1` or `true`.
    pub(crate) send_certificate_chain: bool,
    /// `AZURE_FEDERATED_TOKEN_FILE`.
    pub(crate) federated_token_file: Option<String>,
    /// `AZURE_AUTHORITY_HOST`.
    pub(crate) authority_host: Option<String>,
    /// `ACTIONS_ID_TOKEN_REQUEST_URL`.
    pub(crate) github_url: Option<String>,
    /// `ACTIONS_ID_TOKEN_REQUEST_TOKEN`.
    pub(crate) github_token: Option<SecretString>,
    /// `AZURESUBSCRIPTION_SERVICE_CONNECTION_ID`.
    pub(crate) pipelines_connection: Option<String>,
    /// `AZURESUBSCRIPTION_CLIENT_ID`.
    pub(crate) pipelines_client_id: Option<String>,
    /// `AZURESUBSCRIPTION_TENANT_ID`.
    pub(crate) pipelines_tenant_id: Option<String>,
    /// `SYSTEM_ACCESSTOKEN`.
    pub(crate) pipelines_token: Option<SecretString>,
    /// `SYSTEM_OIDCREQUESTURI`.
    pub(crate) pipelines_url: Option<String>,
    /// Whether `IDENTITY_ENDPOINT` is set.
    pub(crate) has_identity_endpoint: bool,
    /// Whether a program `az` is on the `PATH`.
    pub(crate) has_azure_cli: bool,
}
