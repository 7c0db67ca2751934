//! Who gets a token, for how long, and whose token the API takes; refusals by Entra's codes.

use std::path::Path;

use super::*;

mod assertions;

const TENANT: &str = "11111111-0000-0000-0000-00000000000a";
const APP: &str = "22222222-0000-0000-0000-00000000000b";
const URL: &str = "https://127.0.0.1:8443";
const RESOURCE: &str = "https://api.securitycenter.microsoft.com";
const NOW: &str = "2026-06-01T12:00:00Z";

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

/// A directory whose file is `{"tenants": {TENANT: {"apps": {APP: app}}}}` with `rest` beside it.
fn entra_in(folder: &Path, app: &Value, rest: &Value) -> Entra {
    let mut file = rest.clone();
    file["tenants"] = json!({ TENANT: { "apps": { APP: app } } });
    let directory = Directory::parse(file.to_string().as_bytes(), folder).unwrap();
    Entra::new(directory, Signer::new().unwrap(), URL.to_owned())
}

fn entra(app: &Value) -> Entra {
    entra_in(Path::new(""), app, &json!({}))
}

fn ask(entra: &Entra, proof: Proof<'_>) -> Result<Issued, Refused> {
    let (client_id, resource) = (APP, RESOURCE);
    let asked = Asked {
        client_id,
        resource,
        proof,
    };
    entra.issue(TENANT, &asked, now())
}

/// The code of the answer; 0 for a token.
fn code(answer: Result<Issued, Refused>) -> u32 {
    answer.map_or_else(|refused| refused.code, |_| 0)
}

#[test]
fn a_secret_is_right_or_wrong_or_expired() {
    let secrets = json!([
        { "value": "no-end" },
        { "value": "later", "expires": "2026-06-01T12:00:01Z" },
        { "value": "over", "expires": NOW },
        { "value": "renewed", "expires": "2020-01-01T00:00:00Z" },
        { "value": "renewed", "expires": "2030-01-01T00:00:00Z" },
    ]);
    let entra = entra(&json!({ "secrets": secrets }));
    let cases = [
        ("no-end", 0),
        ("later", 0),
        ("renewed", 0),
        ("over", 7_000_222),
        ("wrong", 7_000_215),
        ("NO-END", 7_000_215),
        ("", 7_000_215),
    ];
    for (secret, expected) in cases {
        assert_eq!(
            code(ask(&entra, Proof::Secret(secret))),
            expected,
            "{secret}"
        );
    }
    for secret in ["over", "wrong"] {
        let refused = ask(&entra, Proof::Secret(secret)).unwrap_err();
        assert!(
            !refused.message.contains(&format!("{secret} ")),
            "{refused:?}"
        );
        assert!(
            !refused.message.contains(&format!("'{secret}'")),
            "{refused:?}"
        );
    }
}

#[test]
fn who_and_what_is_asked_for_must_be_registered() {
    let other = "https://graph.microsoft.com";
    let rest = json!({ "other_audiences": [other] });
    let entra = entra_in(
        Path::new(""),
        &json!({ "secrets": [{ "value": "s" }] }),
        &rest,
    );
    let cases = [
        (TENANT, APP, RESOURCE, 0),
        (TENANT, APP, other, 0),
        (&TENANT.to_uppercase(), &APP.to_uppercase(), RESOURCE, 0),
        ("contoso.example", APP, RESOURCE, 90_002),
        ("", APP, RESOURCE, 90_002),
        (TENANT, TENANT, RESOURCE, 700_016),
        (TENANT, APP, "https://api.example", 500_011),
        (TENANT, APP, "", 500_011),
    ];
    for (tenant, client_id, resource, expected) in cases {
        let asked = Asked {
            client_id,
            resource,
            proof: Proof::Secret("s"),
        };
        let answer = entra.issue(tenant, &asked, now());
        assert_eq!(code(answer), expected, "{tenant} {client_id} {resource}");
    }
}

#[test]
fn a_token_says_truly_how_long_it_is_good_for() {
    let app = json!({ "secrets": [{ "value": "s" }], "roles": [ROLE] });
    let entra = entra_in(Path::new(""), &app, &json!({ "token_lifetime": "3s" }));
    let asked = Asked {
        client_id: APP,
        resource: RESOURCE,
        proof: Proof::Secret("s"),
    };
    let begin: Timestamp = "2026-06-01T12:00:00.9Z".parse().unwrap();
    let issued = entra.issue(TENANT, &asked, begin).unwrap();
    assert_eq!(issued.seconds, 3);
    let at = |time: &str| entra.authorize(&issued.token, time.parse().unwrap());
    assert_eq!(at("2026-06-01T12:00:03.899Z"), Ok(APP.to_owned()));
    let over = Err(Denied::Token("the token has expired"));
    assert_eq!(at("2026-06-01T12:00:04Z"), over);
}

#[test]
fn the_api_takes_tokens_for_it_from_here_with_the_role() {
    let other = "https://graph.microsoft.com";
    let open = |roles: Value, library: Value| {
        let app = json!({ "secrets": [{ "value": "s" }], "roles": roles });
        let mut file = json!({
            "tenants": { TENANT: { "apps": { APP: app } }, "b": { "apps": {} } },
            "other_audiences": [other],
        });
        if !library.is_null() {
            file["library"] = library;
        }
        let directory = Directory::parse(file.to_string().as_bytes(), Path::new("")).unwrap();
        Entra::new(directory, Signer::new().unwrap(), URL.to_owned())
    };
    let token = |entra: &Entra, resource: &str| {
        let asked = Asked {
            client_id: APP,
            resource,
            proof: Proof::Secret("s"),
        };
        entra.issue(TENANT, &asked, now()).unwrap().token
    };
    let entra = open(json!([ROLE]), Value::Null);
    let good = token(&entra, RESOURCE);
    assert_eq!(entra.authorize(&good, now()), Ok(APP.to_owned()));
    let denied = |why| Err(Denied::Token(why));
    let foreign = token(&open(json!([ROLE]), Value::Null), RESOURCE);
    for not_ours in [foreign.as_str(), "emulator.61.x", "a-secret-token", ""] {
        let expected = denied("the token was not issued here");
        assert_eq!(entra.authorize(not_ours, now()), expected);
    }
    let expected = denied("the token has another audience");
    assert_eq!(entra.authorize(&token(&entra, other), now()), expected);

    let ours = open(json!([ROLE]), json!(TENANT.to_uppercase()));
    assert_eq!(
        ours.authorize(&token(&ours, RESOURCE), now()),
        Ok(APP.to_owned())
    );
    let theirs = open(json!([ROLE]), json!("b"));
    let expected = denied("the token is of another tenant");
    assert_eq!(theirs.authorize(&token(&theirs, RESOURCE), now()), expected);

    for roles in [json!([]), json!(["Machine.Read.All", "library.manage"])] {
        let entra = open(roles, Value::Null);
        assert_eq!(
            entra.authorize(&token(&entra, RESOURCE), now()),
            Err(Denied::Role)
        );
    }
}

#[test]
fn a_jobs_token_is_no_token_for_the_api() {
    let entra = entra(&json!({}));
    let claims = json!({ "iss": entra.issuer(), "aud": RESOURCE, "tid": TENANT, "roles": [ROLE] });
    let (token, _) = entra.sign(claims, Duration::from_mins(1), now()).unwrap();
    let expected = Err(Denied::Token("the token has another issuer"));
    assert_eq!(entra.authorize(&token, now()), expected);
}
