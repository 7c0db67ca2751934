//! Client assertions: tokens in the place of a secret, signed by the client's own key or by an issuer that
//! the application trusts.

use jiff::Timestamp;
use jsonwebtoken::{Algorithm, Header, dangerous, decode, decode_header};
use serde_json::Value;

use crate::entra::certificate::Certificate;
use crate::entra::directory::App;
use crate::entra::signer::{Claims, Signer, signature_alone};
use crate::refused::Refused;

/// Where to read on, as Entra says it.
const CERTIFICATES: &str = "Review the documentation at https://learn.microsoft.com/entra/identity-platform/certificate-credentials .";
const FEDERATION: &str = "Check your federated identity credential Subject, Audience and Issuer against the presented \
                          assertion. https://learn.microsoft.com/entra/workload-id/workload-identity-federation";

/// Whom an assertion is for, and who could have made it.
pub(crate) struct Expected<'a> {
    pub(crate) client_id: &'a str,
    pub(crate) app: &'a App,
    /// The audiences that a client may name which signs its own assertion.
    pub(crate) audiences: &'a [String],
    /// The emulator's issuer, for `self`.
    pub(crate) issuer: &'a str,
    pub(crate) signer: &'a Signer,
}

/// Checks an assertion: its names, its signature, and its time, in this order.
pub(crate) fn check(
    assertion: &str,
    expected: &Expected<'_>,
    now: Timestamp,
) -> Result<(), Refused> {
    let header = decode_header(assertion).map_err(|_| malformed())?;
    let claims: Claims = dangerous::insecure_decode_claims(assertion).map_err(|_| malformed())?;
    let issuer = text(&claims, "iss").ok_or_else(malformed)?;
    // A client that signs for itself is its own issuer; the issuers of federations are URLs.
    if issuer.contains("://") {
        check_federated(assertion, &claims, issuer, expected)?;
    } else {
        check_own(assertion, &header, &claims, expected, now)?;
    }
    check_time(&claims, now)
}

fn check_own(
    assertion: &str,
    header: &Header,
    claims: &Claims,
    expected: &Expected<'_>,
    now: Timestamp,
) -> Result<(), Refused> {
    for name in ["iss", "sub"] {
        let is_client =
            text(claims, name).is_some_and(|value| value.eq_ignore_ascii_case(expected.client_id));
        if !is_client {
            let message = format!(
                "Client assertion application identifier doesn't match 'client_id' parameter. {CERTIFICATES}"
            );
            return Err(Refused::client(700_021, message));
        }
    }
    let is_for =
        |audience: &&String| audiences(claims).any(|named| named.eq_ignore_ascii_case(audience));
    if !expected.audiences.iter().any(|audience| is_for(&audience)) {
        let message =
            format!("Client assertion audience claim does not match Realm issuer. {CERTIFICATES}");
        return Err(Refused::client(700_023, message));
    }
    if !matches!(header.alg, Algorithm::RS256 | Algorithm::PS256) {
        let message = "Invalid JWT token. The signature algorithm is not supported. Supported signing algorithms are: \
                       'RS256, PS256'.";
        return Err(Refused::client(5_002_738, message));
    }
    let certificate =
        find(header, expected.app, now).ok_or_else(|| bad_key("The key was not found."))?;
    if !certificate.is_valid_at(now) {
        return Err(bad_key("The key used is expired."));
    }
    decode::<Claims>(assertion, &certificate.key, &signature_alone(header.alg)).map_err(|_| {
        bad_key("The provided signature value did not match the expected signature value.")
    })?;
    Ok(())
}

/// Returns the registered certificate that the header names, or the one that it brings along with a chain
/// to an authority that the application trusts.
fn find(header: &Header, app: &App, now: Timestamp) -> Option<Certificate> {
    let mut registered = app.certificates.iter();
    let registered = registered.find(|certificate| certificate.is_named_by(header));
    registered.cloned().or_else(|| {
        let mut trusted = app.trusted_subjects.iter();
        trusted.find_map(|subject| subject.leaf(header, now))
    })
}

fn check_federated(
    assertion: &str,
    claims: &Claims,
    issuer: &str,
    expected: &Expected<'_>,
) -> Result<(), Refused> {
    let unmatched = |code, what: &str, value: &str| {
        let message = format!(
            "No matching federated identity record found for presented assertion {what} '{value}'. {FEDERATION}"
        );
        Refused::client(code, message)
    };
    let issuer_of = |registered: &str| match registered {
        "self" => expected.issuer.to_owned(),
        other => other.to_owned(),
    };
    let mut records: Vec<_> = expected.app.federated.iter().collect();
    records.retain(|record| issuer_of(&record.issuer) == issuer);
    if records.is_empty() {
        return Err(unmatched(700_211, "issuer", issuer));
    }
    let subject = text(claims, "sub").unwrap_or_default();
    records.retain(|record| record.subject == subject);
    if records.is_empty() {
        return Err(unmatched(700_213, "subject", subject));
    }
    records.retain(|record| audiences(claims).any(|audience| audience == record.audience));
    if records.is_empty() {
        let audience = audiences(claims).next().unwrap_or_default();
        return Err(unmatched(700_212, "audience", audience));
    }
    if issuer != expected.issuer {
        // Entra asks the issuer for its keys; the emulator asks nobody.
        let message = "Request to External OIDC endpoint failed.";
        return Err(Refused::request(90_061, message));
    }
    match expected.signer.verify(assertion) {
        Some(_) => Ok(()),
        None => Err(bad_key(
            "The provided signature value did not match the expected signature value.",
        )),
    }
}

fn check_time(claims: &Claims, now: Timestamp) -> Result<(), Refused> {
    let time = |name: &str| {
        let seconds = claims.get(name).and_then(Value::as_f64)?;
        Timestamp::from_duration(jiff::SignedDuration::try_from_secs_f64(seconds).ok()?).ok()
    };
    let expires = time("exp").ok_or_else(malformed)?;
    let begins = time("nbf").unwrap_or(Timestamp::UNIX_EPOCH);
    if begins <= now && now < expires {
        return Ok(());
    }
    let message = format!(
        "Client assertion is not within its valid time range. Current time: {now:.7}, assertion valid from \
         {begins:.7}, expiry time of assertion {expires:.7}. {CERTIFICATES}"
    );
    Err(Refused::client(700_024, message))
}

fn text<'a>(claims: &'a Claims, name: &str) -> Option<&'a str> {
    claims.get(name).and_then(Value::as_str)
}

/// Returns the audiences: one, or a list.
fn audiences(claims: &Claims) -> impl Iterator<Item = &str> {
    let (one, many) = match claims.get("aud") {
        Some(Value::Array(many)) => (None, many.as_slice()),
        one => (one, [].as_slice()),
    };
    one.into_iter().chain(many).filter_map(Value::as_str)
}

fn malformed() -> Refused {
    Refused::request(50_027, "JWT token is invalid or malformed.")
}

fn bad_key(reason: &str) -> Refused {
    let message =
        format!("Client assertion failed signature validation. [Reason - {reason}] {CERTIFICATES}");
    Refused::client(700_027, message)
}
