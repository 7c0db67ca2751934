//! The token endpoint.

use jumpbag_emulator::Emulator;

use crate::client::{Answer, Form, emulator, request, send};

const FORM: &str = "application/x-www-form-urlencoded";
const GOOD: &str = "grant_type=client_credentials&client_id=app-1&client_secret=s%26t\
                    &scope=https%3A%2F%2Fapi.securitycenter.microsoft.com%2F.default";

async fn ask(emulator: &Emulator, kind: &str, body: &str) -> Answer {
    let line = "POST /contoso.example/oauth2/v2.0/token";
    send(emulator, &request(line, None, kind, body.as_bytes())).await
}

#[tokio::test]
async fn a_token_is_issued_and_tells_who_uploads() {
    let (_folder, emulator) = emulator(&[]).await;
    let answer = ask(&emulator, FORM, GOOD).await;
    assert_eq!(answer.status, 200);
    let json = answer.json();
    assert_eq!(json["token_type"], "Bearer");
    assert_eq!(json["expires_in"], 3599);
    let token = json["access_token"].as_str().unwrap();
    let form = String::from_utf8(Form::file("a", b"x").request()).unwrap();
    let form = form.replace("Bearer abc", &format!("Bearer {token}"));
    assert_eq!(
        send(&emulator, form.as_bytes()).await.json()["createdBy"],
        "app-1"
    );
    assert_ne!(
        ask(&emulator, FORM, GOOD).await.json()["access_token"],
        token
    );
}

#[tokio::test]
async fn errors_have_entras_shape() {
    let (_folder, emulator) = emulator(&["token:5:status=503"]).await;
    let cases = [
        (
            FORM,
            GOOD.replace("client_id", "id"),
            400,
            "invalid_request",
            900_144,
        ),
        (
            FORM,
            GOOD.replace("client_secret", "x"),
            401,
            "invalid_client",
            7_000_216,
        ),
        (FORM, String::new(), 400, "invalid_request", 900_144),
        (
            "text/plain",
            GOOD.to_owned(),
            400,
            "invalid_request",
            900_144,
        ),
        (FORM, GOOD.to_owned(), 503, "temporarily_unavailable", 90033),
    ];
    for (kind, body, status, error, code) in cases {
        let answer = ask(&emulator, kind, &body).await;
        let json = answer.json();
        assert_eq!(answer.status, status, "{body}");
        assert_eq!(json["error"], error);
        assert_eq!(json["error_codes"][0], code);
        let description = json["error_description"].as_str().unwrap();
        assert!(
            description.starts_with(&format!("AADSTS{code}: ")),
            "{description}"
        );
        for id in ["trace_id", "correlation_id"] {
            let id = json[id].as_str().unwrap();
            assert!(description.contains(id), "{description}");
        }
    }
    assert_eq!(emulator.calls().token, 5);
}
