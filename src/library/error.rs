//! What can go wrong, by what the caller can do about it.

use std::error::Error as StdError;

use super::answer::{Answer, ContentDiffers, Failure};
use super::identity::IdentityError;
use crate::model::{Name, ObservedFile, Sha256};

/// Why a call did not end well.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub(crate) enum Error {
    /// The endpoint is none that a token may be sent to.
    #[error("the endpoint `{endpoint}` cannot be used: {problem}")]
    #[diagnostic(
        code(jumpbag::library::endpoint),
        help(
            "give the library an `endpoint` such as `https://api.securitycenter.microsoft.com`, or a `cloud`"
        )
    )]
    Endpoint {
        /// As it was given, without a user name or password in it.
        endpoint: String,
        /// What is wrong with it.
        problem: &'static str,
    },

    /// There is no token to send.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Identity(#[from] IdentityError),

    /// 401, also with a fresh token where one could be had.
    #[error("the API refused the token when asked to {what}")]
    #[diagnostic(
        code(jumpbag::library::unauthorized),
        help(
            "check the app registration: the tenant and client id, a secret or certificate that has not expired, and that the token's audience is the API of this cloud"
        )
    )]
    Unauthorized {
        /// What was attempted.
        what: String,
        /// What came back.
        #[source]
        answer: Box<Answer>,
    },

    /// 403 for want of a permission.
    #[error("the API does not permit to {what}")]
    #[diagnostic(
        code(jumpbag::library::forbidden),
        help(
            "grant the app registration the permission `Library.Manage` ('Manage live response library'), as an application or delegated permission, and have an administrator consent to it"
        )
    )]
    Forbidden {
        /// What was attempted.
        what: String,
        /// What came back.
        #[source]
        answer: Box<Answer>,
    },

    /// 403 because live response is off.
    #[error("live response is disabled in the tenant, so it is not possible to {what}")]
    #[diagnostic(
        code(jumpbag::library::disabled),
        help("turn live response on in the portal: Settings, Endpoints, Advanced features")
    )]
    Disabled {
        /// What was attempted.
        what: String,
        /// What came back.
        #[source]
        answer: Box<Answer>,
    },

    /// The API took the request and says no to it; sent again it would say no again.
    #[error("the API refused to {what}")]
    #[diagnostic(code(jumpbag::library::rejected), help("{help}"))]
    Rejected {
        /// What was attempted.
        what: String,
        /// What to do next.
        help: &'static str,
        /// What came back.
        #[source]
        answer: Box<Answer>,
    },

    /// The API sends us elsewhere. Redirects are not followed: the token is for this endpoint only.
    #[error("the endpoint redirects to `{to}` when asked to {what}")]
    #[diagnostic(
        code(jumpbag::library::redirected),
        help(
            "set the library's `endpoint` to the API's own address; jumpbag follows no redirect, since that would hand on the token"
        )
    )]
    Redirected {
        /// What was attempted.
        what: String,
        /// Where to, in the answer's words.
        to: String,
        /// What came back.
        #[source]
        answer: Box<Answer>,
    },

    /// 429 again and again.
    #[error("the API still has too many requests to {what}, after {waits} waits")]
    #[diagnostic(
        code(jumpbag::library::throttled),
        help(
            "find out what else uses the API in this tenant, lower the library's `limits`, and run again"
        )
    )]
    Throttled {
        /// What was attempted.
        what: String,
        /// How often it was waited.
        waits: u32,
        /// What came back last.
        #[source]
        answer: Box<Answer>,
    },

    /// A file of that name appeared after the plan; it was not overwritten.
    #[error("a file `{name}` has appeared in the library, with other content or attributes")]
    #[diagnostic(
        code(jumpbag::library::exists),
        help(
            "plan again: the plan shows what is there now; `adopt: true` on the entry replaces it"
        )
    )]
    Exists {
        /// The file's name.
        name: Name,
        /// What is there.
        observed: Box<ObservedFile>,
    },

    /// The source is not what was planned; nothing was stored.
    #[error("the content of `{name}` changed while it was read, so it was not uploaded")]
    #[diagnostic(
        code(jumpbag::library::content_changed),
        help("plan again: the plan was made for the content as it was")
    )]
    ContentChanged {
        /// The file's name.
        name: Name,
        /// How it differs from what was planned.
        #[source]
        cause: ContentDiffers,
    },

    /// The source cannot be read; nothing was stored.
    #[error("could not read the content of `{name}`, so it was not uploaded")]
    #[diagnostic(
        code(jumpbag::library::content),
        help("check that the source is there and readable, and run again")
    )]
    Content {
        /// The file's name.
        name: Name,
        /// Why not.
        #[source]
        cause: std::io::Error,
    },

    /// The API answered an upload with something other than what was sent.
    #[error(
        "the library stored something else than `{name}` with sha256 {sent}: it answered `{answered_name}` with sha256 `{answered_sha256}`"
    )]
    #[diagnostic(
        code(jumpbag::library::answered_other_content),
        help(
            "do not run the file; plan again to see what the library holds, and look for a proxy that alters what passes it"
        )
    )]
    AnsweredOtherContent {
        /// The file's name.
        name: Name,
        /// What was sent.
        sent: Sha256,
        /// The name that came back.
        answered_name: String,
        /// The digest that came back.
        answered_sha256: String,
    },

    /// No connection: no request was sent.
    #[error("could not connect to `{host}` to {what}")]
    #[diagnostic(
        code(jumpbag::library::unreachable),
        help(
            "check the endpoint's spelling, the network, the proxy variables and the certificates"
        )
    )]
    Unreachable {
        /// What was attempted.
        what: String,
        /// With whom.
        host: String,
        /// Why not.
        #[source]
        cause: reqwest::Error,
    },

    /// A connection, and somebody at its end who cannot prove to be the host: no request was sent.
    #[error("the certificate of `{host}` is not trusted, so it was not asked to {what}")]
    #[diagnostic(
        code(jumpbag::library::untrusted),
        help(
            "check the endpoint's spelling and what stands between it and this machine; name an authority of your own in the library's `ca_file`, or in SSL_CERT_FILE"
        )
    )]
    Untrusted {
        /// What was attempted.
        what: String,
        /// With whom.
        host: String,
        /// Why not.
        #[source]
        cause: reqwest::Error,
    },

    /// No usable answer, however often it was tried.
    #[error("could not {what}")]
    #[diagnostic(
        code(jumpbag::library::failed),
        help(
            "run again later; if it stays so, give Microsoft's support the correlation id, where there is one"
        )
    )]
    Failed {
        /// What was attempted.
        what: String,
        /// What came instead of an answer.
        #[source]
        cause: Box<Failure>,
    },

    /// It may or may not have been done.
    #[error("it is not known whether {what}{}", unlisted(listing.as_deref()))]
    #[diagnostic(
        code(jumpbag::library::unknown),
        help("plan again: the next plan looks at what the library holds")
    )]
    Unknown {
        /// What may have happened, as in "`a.ps1` was uploaded".
        what: String,
        /// Why it was given up.
        #[source]
        cause: Box<Self>,
        /// Why the library could not be listed to find out, where that is so.
        listing: Option<Box<Self>>,
    },

    /// A listed file that cannot be planned on.
    #[error("the library lists {file}, and {problem}")]
    #[diagnostic(
        code(jumpbag::library::entry),
        help("look at the file in the portal, and upload it again or delete it there")
    )]
    Entry {
        /// Which, in words.
        file: String,
        /// What is wrong with it, in words.
        problem: String,
    },

    /// The list goes on somewhere where it must not.
    #[error("the list of files goes on at `{link}`, {problem}")]
    #[diagnostic(
        code(jumpbag::library::next_link),
        help("check the endpoint, and what stands between it and this machine")
    )]
    NextLink {
        /// Where, in the answer's words.
        link: String,
        /// Why not there.
        problem: &'static str,
    },

    /// A name that no request can carry.
    #[error("the name `{name}` cannot be sent to the API: {problem}")]
    #[diagnostic(
        code(jumpbag::library::name),
        help(
            "give the file another name; one that is in the library already can be deleted in the portal"
        )
    )]
    Name {
        /// The name.
        name: Name,
        /// What is wrong with it.
        problem: &'static str,
    },

    /// The user stopped the run before anything was sent.
    #[error("stopped before the request was sent")]
    #[diagnostic(code(jumpbag::library::stopped), help("run again to do what is left"))]
    Stopped,
}

impl Error {
    /// Whether no other call of this library can succeed after this, so that trying is idle.
    pub(crate) fn is_fatal(&self) -> bool {
        match self {
            Self::Endpoint { .. }
            | Self::Identity(_)
            | Self::Unauthorized { .. }
            | Self::Forbidden { .. }
            | Self::Disabled { .. }
            | Self::Redirected { .. }
            // The whole library waited each time, and it is the library that is asked too much.
            | Self::Throttled { .. }
            | Self::Unreachable { .. }
            | Self::Untrusted { .. }
            | Self::Stopped => true,
            Self::Unknown { cause, listing, .. } => {
                cause.is_fatal() || listing.as_ref().is_some_and(|error| error.is_fatal())
            }
            Self::Rejected { .. }
            | Self::Exists { .. }
            | Self::ContentChanged { .. }
            | Self::Content { .. }
            | Self::AnsweredOtherContent { .. }
            | Self::Failed { .. }
            | Self::Entry { .. }
            | Self::NextLink { .. }
            | Self::Name { .. } => false,
        }
    }

    /// The answer that refused the request, if that is what this is.
    pub(super) fn rejected(&self) -> Option<&Answer> {
        if let Self::Rejected { answer, .. } = self {
            Some(answer)
        } else {
            None
        }
    }
}

fn unlisted(listing: Option<&Error>) -> String {
    listing.map_or_else(String::new, |error| {
        format!(
            ", and the library could not be listed to find out: {}",
            chain(error)
        )
    })
}

/// An error and its causes, on one line.
pub(crate) fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
