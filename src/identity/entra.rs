//! What Microsoft's own error codes mean, and what Entra's answers say.

use std::fmt;

use reqwest::StatusCode;
use serde::Deserialize;

/// How much of an answer's own words is shown.
const SHOWN: usize = 400;

/// A code of the security token service: what it means, and what to change.
#[derive(Debug)]
pub(crate) struct Meaning {
    pub(super) code: u32,
    pub(super) what: &'static str,
    pub(super) help: &'static str,
}

const fn meaning(code: u32, what: &'static str, help: &'static str) -> Meaning {
    Meaning { code, what, help }
}

/// The codes that people meet, from "Microsoft Entra authentication and authorization error codes" and the
/// pages about federated credentials.
const MEANINGS: &[Meaning] = &[
    meaning(
        50_034,
        "the account does not exist in the tenant",
        "check which account is logged in, and the tenant",
    ),
    meaning(
        50_076,
        "a second factor is asked for",
        "log in again with `az login`, or use an application's identity in a pipeline",
    ),
    meaning(
        53_003,
        "a conditional access policy forbids the token",
        "ask an administrator which policy it is (the sign-in log has the correlation id), and have the application or this network left out of it",
    ),
    meaning(
        65_001,
        "nobody has consented to what the application asks for",
        "have an administrator grant admin consent to `Library.Manage` on the app registration's page of API permissions",
    ),
    meaning(
        70_011,
        "the scope is malformed",
        "write the library's `scope` as the API's audience and `/.default`",
    ),
    meaning(
        90_002,
        "there is no such tenant",
        "check `tenant_id` (or AZURE_TENANT_ID), and that `cloud` is the tenant's: a government tenant has another login host",
    ),
    meaning(
        500_011,
        "the API is not known in the tenant",
        "check the library's `cloud` and `scope`; the tenant needs Microsoft Defender for Endpoint",
    ),
    meaning(
        700_016,
        "there is no such application in the tenant",
        "check `client_id` (or AZURE_CLIENT_ID) and `tenant_id`: the application has to be registered, or consented to, in that tenant",
    ),
    meaning(
        700_023,
        "the assertion is meant for somebody else",
        "check the library's `authority` and `tenant_id`",
    ),
    meaning(
        700_024,
        "the assertion is expired or not yet valid",
        "check this machine's clock; a federated token in a file is renewed by whoever writes the file",
    ),
    meaning(
        700_027,
        "the certificate or its key is not registered with the application",
        "upload this certificate to the app registration, or use the one that is registered; with subject name and issuer, set AZURE_CLIENT_SEND_CERTIFICATE_CHAIN=1",
    ),
    meaning(
        700_211,
        "the application trusts no federated token of this issuer",
        "compare the issuer in the message with the federated credentials of the app registration",
    ),
    meaning(
        700_212,
        "the application trusts no federated token for this audience",
        "compare the audience in the message with the federated credentials of the app registration; the usual one is api://AzureADTokenExchange",
    ),
    meaning(
        700_213,
        "the application trusts no federated token with this subject",
        "compare the subject in the message with the federated credentials of the app registration, letter by letter: branch, tag, environment and pull request each have their own",
    ),
    meaning(
        1_002_012,
        "the scope is not one of an application",
        "write the library's `scope` as the API's audience and `/.default`",
    ),
    meaning(
        7_000_112,
        "the application is disabled",
        "ask an administrator why it was disabled, and use another one meanwhile",
    ),
    meaning(
        7_000_215,
        "the client secret is wrong",
        "put the secret's value into AZURE_CLIENT_SECRET, not its id; it is shown only once, so that a lost one has to be replaced",
    ),
    meaning(
        7_000_216,
        "there is no client secret or assertion",
        "check that the variables of the identity are set where jumpbag runs",
    ),
    meaning(
        7_000_222,
        "the client secret has expired",
        "make a new secret for the app registration, or better: use a federated credential, which does not expire",
    ),
];

/// What `code` means, if it is one that people meet.
pub(super) fn lookup(code: u32) -> Option<&'static Meaning> {
    MEANINGS.iter().find(|meaning| meaning.code == code)
}

/// The first code in `text`, as in "AADSTS7000215: …".
pub(super) fn code_in(text: &str) -> Option<u32> {
    let (_, rest) = text.split_once("AADSTS")?;
    let digits = rest.chars().take_while(char::is_ascii_digit);
    digits.collect::<String>().parse().ok()
}

/// A refusal of the token service, in its own words; they are not ours, and are escaped where they are shown.
#[derive(Debug, thiserror::Error)]
pub(crate) struct Said {
    status: StatusCode,
    error: String,
    pub(super) code: Option<u32>,
    description: String,
    trace_id: Option<String>,
    correlation_id: Option<String>,
}

/// An error as Entra and the managed identity's endpoints answer it.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Document {
    error: serde_json::Value,
    error_description: String,
    error_codes: Vec<u32>,
    trace_id: Option<String>,
    correlation_id: Option<String>,
    /// Where a managed identity's endpoint puts the description.
    message: String,
}

impl Said {
    /// What an answer other than a success says.
    pub(super) fn read(status: StatusCode, body: &[u8]) -> Self {
        let document: Document = serde_json::from_slice(body).unwrap_or_default();
        let mut description = document.error_description;
        if description.is_empty() {
            description = document.message;
        }
        if description.is_empty() {
            description = String::from_utf8_lossy(body).into_owned();
        }
        let code = document.error_codes.first().copied();
        let code = code.or_else(|| code_in(&description));
        // The ids stand at the end of the description, too, once each is enough.
        let text = description.split(" Trace ID:").next().unwrap_or_default();
        Self {
            status,
            error: document.error.as_str().unwrap_or_default().to_owned(),
            code,
            description: one_line(text),
            trace_id: document.trace_id,
            correlation_id: document.correlation_id,
        }
    }
}

/// `text` on one line, and not too long.
pub(super) fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").chars().take(SHOWN).collect()
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the answer was {}", self.status.as_u16())?;
        if !self.error.is_empty() {
            write!(f, " {}", one_line(&self.error))?;
        }
        if !self.description.is_empty() {
            write!(f, ": `{}`", self.description)?;
        }
        let ids: Vec<String> = [
            ("trace id", &self.trace_id),
            ("correlation id", &self.correlation_id),
        ]
        .into_iter()
        .filter_map(|(name, id)| Some(format!("{name} `{}`", one_line(id.as_ref()?))))
        .collect();
        if !ids.is_empty() {
            write!(f, " ({})", ids.join(", "))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_shown_with_its_ids_and_on_one_line() {
        let body = br#"{"error":"invalid_client","error_description":"AADSTS7000222: The provided\r\nkeys are expired. Trace ID: 1 Correlation ID: 2 Timestamp: 3","error_codes":[7000222],"trace_id":"1","correlation_id":"2"}"#;
        let said = Said::read(StatusCode::UNAUTHORIZED, body);
        assert_eq!(said.code, Some(7_000_222));
        insta::assert_snapshot!(said, @"the answer was 401 invalid_client: `AADSTS7000222: The provided keys are expired.` (trace id `1`, correlation id `2`)");
    }

    #[test]
    fn what_is_not_entras_is_shown_as_it_is() {
        let read = |body: &[u8]| Said::read(StatusCode::BAD_REQUEST, body).to_string();
        insta::assert_snapshot!(read(br#"{"statusCode":400,"message":"No managed identity"}"#), @"the answer was 400: `No managed identity`");
        insta::assert_snapshot!(read(b"[1]"), @"the answer was 400: `[1]`");
        insta::assert_snapshot!(read(br#"{"error":{"code":"x"},"error_codes":["x"]}"#), @r#"the answer was 400: `{"error":{"code":"x"},"error_codes":["x"]}`"#);
    }

    #[test]
    fn every_code_stands_once_and_in_order() {
        assert!(MEANINGS.is_sorted_by(|one, other| one.code < other.code));
        assert_eq!(code_in("x AADSTS700016: y"), Some(700_016));
        assert_eq!(code_in("AADSTS"), None);
    }
}
