//! The kinds of identities.

/// How to get a token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Auth {
    /// The first identity whose settings are there.
    #[default]
    Default,
    /// A secret of an app registration.
    ClientSecret,
    /// A certificate of an app registration.
    ClientCertificate,
    /// A federated token in a file, as Kubernetes keeps it.
    WorkloadIdentity,
    /// The token that GitHub Actions gives to a job.
    GithubActions,
    /// The token that Azure Pipelines gives to a service connection.
    AzurePipelines,
    /// The identity of the machine.
    ManagedIdentity,
    /// The user of the Azure CLI.
    AzureCli,
    /// A finished token.
    Token,
}

impl Auth {
    /// The words for them in a manifest.
    pub(crate) const WORDS: [(&'static str, Self); 9] = [
        ("default", Self::Default),
        ("client_secret", Self::ClientSecret),
        ("client_certificate", Self::ClientCertificate),
        ("workload_identity", Self::WorkloadIdentity),
        ("github_actions", Self::GithubActions),
        ("azure_pipelines", Self::AzurePipelines),
        ("managed_identity", Self::ManagedIdentity),
        ("azure_cli", Self::AzureCli),
        ("token", Self::Token),
    ];

    /// The word for it in a manifest.
    pub(crate) fn as_str(self) -> &'static str {
        let word = Self::WORDS.iter().find(|(_, auth)| *auth == self);
        word.map_or("default", |(word, _)| word)
    }
}
