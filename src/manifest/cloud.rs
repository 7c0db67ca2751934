//! `cloud:`: which of Microsoft's clouds, and its hosts.

/// One of Microsoft's clouds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Cloud {
    /// The commercial cloud, at its geography-independent host.
    #[default]
    Commercial,
    /// United States.
    Us,
    /// Europe.
    Eu,
    /// United Kingdom.
    Uk,
    /// Australia.
    Au,
    /// Switzerland.
    Swa,
    /// India.
    Ina,
    /// US Government Community Cloud.
    Gcc,
    /// US Government Community Cloud High.
    GccHigh,
    /// US Department of Defense.
    Dod,
}

impl Cloud {
    /// The login host of the commercial cloud.
    pub(crate) const PUBLIC_LOGIN_HOST: &'static str = "login.microsoftonline.com";

    pub(super) const WORDS: [(&'static str, Self); 10] = [
        ("commercial", Self::Commercial),
        ("us", Self::Us),
        ("eu", Self::Eu),
        ("uk", Self::Uk),
        ("au", Self::Au),
        ("swa", Self::Swa),
        ("ina", Self::Ina),
        ("gcc", Self::Gcc),
        ("gcc_high", Self::GccHigh),
        ("dod", Self::Dod),
    ];

    /// The host of the API, from "Supported Microsoft Defender for Endpoint APIs" and "Microsoft
    /// Defender for Endpoint for US Government customers".
    pub(crate) fn api_host(self) -> &'static str {
        match self {
            Self::Commercial => "api.securitycenter.microsoft.com",
            Self::Us => "us.api.security.microsoft.com",
            Self::Eu => "eu.api.security.microsoft.com",
            Self::Uk => "uk.api.security.microsoft.com",
            Self::Au => "au.api.security.microsoft.com",
            Self::Swa => "swa.api.security.microsoft.com",
            Self::Ina => "ina.api.security.microsoft.com",
            Self::Gcc => "api-gcc.securitycenter.microsoft.us",
            Self::GccHigh | Self::Dod => "api-gov.securitycenter.microsoft.us",
        }
    }

    /// Where tokens come from.
    pub(crate) fn login_host(self) -> &'static str {
        match self {
            Self::Commercial
            | Self::Us
            | Self::Eu
            | Self::Uk
            | Self::Au
            | Self::Swa
            | Self::Ina
            | Self::Gcc => Self::PUBLIC_LOGIN_HOST,
            Self::GccHigh | Self::Dod => "login.microsoftonline.us",
        }
    }

    /// What a token is asked for. One audience serves all hosts of the commercial cloud; that the
    /// government's hosts have their own is what their pages suggest, and `scope` overrides it.
    pub(crate) fn scope(self) -> String {
        let host = match self {
            Self::Commercial
            | Self::Us
            | Self::Eu
            | Self::Uk
            | Self::Au
            | Self::Swa
            | Self::Ina => Self::Commercial.api_host(),
            Self::Gcc | Self::GccHigh | Self::Dod => self.api_host(),
        };
        format!("https://{host}/.default")
    }
}
