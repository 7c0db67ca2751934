//! List, upload, and delete.

use jumpbag_emulator::{Settings, start};
use serde_json::json;

use crate::client::{Form, delete, emulator, list, request, send, settings};

#[tokio::test]
async fn an_entity_has_the_documented_properties() {
    let (_folder, emulator) = emulator(&[]).await;
    let form = Form::file("script1.ps1", b"hello")
        .field("Description", "")
        .field("ParametersDescription", "test")
        .field("Unknown", "x");
    let answer = send(&emulator, &form.request()).await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.header("content-type"),
        Some("application/json; odata.metadata=minimal")
    );
    let mut entity = answer.json();
    for time in ["creationTime", "lastUpdatedTime"] {
        let text = entity[time].take().as_str().unwrap().to_owned();
        assert_eq!(text.len(), "2019-10-24T10:54:23.2009016Z".len(), "{text}");
        assert!(text.ends_with('Z') && text.as_bytes()[19] == b'.', "{text}");
    }
    let url = emulator.url();
    let expected = json!({
        "@odata.context": format!("{url}/api/$metadata#LibraryFiles/$entity"),
        "fileName": "script1.ps1",
        "sha256": "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
        "description": null,
        "creationTime": null,
        "lastUpdatedTime": null,
        "createdBy": "emulator",
        "hasParameters": false,
        "parametersDescription": "test",
    });
    assert_eq!(entity, expected);

    let listed = list(&emulator).await;
    assert_eq!(listed.status, 200);
    let listed = listed.json();
    assert_eq!(
        listed["@odata.context"],
        format!("{url}/api/$metadata#LibraryFiles")
    );
    assert_eq!(listed["value"].as_array().unwrap().len(), 1);
    assert_eq!(listed["value"][0]["fileName"], "script1.ps1");
    assert_eq!(listed["value"][0].get("@odata.context"), None);
}

#[tokio::test]
async fn the_pinned_version_is_the_same_library() {
    let (_folder, emulator) = emulator(&[]).await;
    let body = String::from_utf8(Form::file("a", b"1").request()).unwrap();
    let body = body.replacen("/api/libraryfiles", "/api/v1.0/libraryfiles", 1);
    let uploaded = send(&emulator, body.as_bytes()).await.json();
    let context = uploaded["@odata.context"].as_str().unwrap();
    assert!(context.ends_with("/api/v1.0/$metadata#LibraryFiles/$entity"));
    assert_eq!(list(&emulator).await.json()["value"][0]["fileName"], "a");
    let line = "DELETE /api/v1.0/libraryfiles/a";
    let deleted = send(&emulator, &request(line, Some("abc"), "text/plain", b"")).await;
    assert_eq!(deleted.status, 204);
    let line = "GET /api/v1.0/libraryfiles";
    let listed = send(&emulator, &request(line, Some("abc"), "text/plain", b"")).await;
    assert_eq!(listed.json()["value"], json!([]));
}

#[tokio::test]
async fn a_deletion_decodes_the_name() {
    let (_folder, emulator) = emulator(&[]).await;
    let names = [
        ("a b/c.ps1", "a%20b%2Fc.ps1"),
        ("100%.ps1", "100%25.ps1"),
        ("gr\u{fc}n;x.ps1", "gr%C3%BCn;x.ps1"),
        ("..", "%2E%2E"),
    ];
    for (name, encoded) in names {
        let uploaded = send(&emulator, &Form::file(name, b"x").request()).await;
        assert_eq!(uploaded.json()["fileName"], name);
        let deleted = delete(&emulator, encoded).await;
        assert_eq!(
            (deleted.status, deleted.text().as_str()),
            (204, ""),
            "{name}"
        );
        let again = delete(&emulator, encoded).await;
        assert_eq!((again.status, again.code().as_str()), (404, "NotFound"));
    }
    assert_eq!(delete(&emulator, "%FF").await.status, 400, "not UTF-8");
}

#[tokio::test]
async fn the_form_is_read_as_the_documents_and_clients_write_it() {
    let named = |parameters: &str| Form::new().part(parameters, b"x");
    let rfc_5987 = "name=\"file\"; filename=\"_\"; filename*=UTF-8''%E8%84%9A";
    let cases = [
        (
            named("name=\"File\"; filename=\"a\""),
            "a",
            "the table's spelling",
        ),
        (named("name=\"file\""), "file", "without a file name"),
        (
            Form::file("\\\"q\\\".ps1", b"x"),
            "\"q\".ps1",
            "backslashes",
        ),
        (Form::file("%22q%22.ps1", b"x"), "\"q\".ps1", "percents"),
        (
            Form::file("name=x; a.ps1", b"x"),
            "name=x; a.ps1",
            "a parameter in a name",
        ),
        (named(rfc_5987), "\u{811a}", "RFC 5987"),
        (
            Form::file("a", b"x")
                .field("hasparameters", "perhaps")
                .field("Override", ""),
            "a",
            "other names are not read",
        ),
    ];
    for (form, name, why) in cases {
        let (_folder, emulator) = emulator(&[]).await;
        let answer = send(&emulator, &form.request()).await;
        assert_eq!(answer.status, 200, "{why}: {}", answer.text());
        assert_eq!(answer.json()["fileName"], name, "{why}");
        assert_eq!(emulator.files()[0].name, name, "{why}");
    }
}

#[tokio::test]
async fn the_file_may_come_anywhere_in_the_form() {
    let (_folder, emulator) = emulator(&[]).await;
    assert_eq!(
        send(&emulator, &Form::file("a", b"1").request())
            .await
            .status,
        200
    );
    let form = Form::new()
        .field("OverrideIfExists", "True")
        .part("name=\"file\"; filename=\"a\"", b"2")
        .field("HasParameters", "TRUE");
    let answer = send(&emulator, &form.request()).await;
    assert_eq!(answer.json()["hasParameters"], true, "{}", answer.text());
}

#[tokio::test]
async fn wrong_forms_are_bad_requests() {
    let long = "x".repeat(70_000);
    let cases = [
        (
            Form::new().field("Description", "x"),
            "MissingRequiredParameter",
        ),
        (Form::new(), "MissingRequiredParameter"),
        (
            Form::new().part("name=\"FILE\"; filename=\"a\"", b"x"),
            "MissingRequiredParameter",
        ),
        (Form::file("", b"x"), "InvalidRequestBody"),
        (
            Form::file("a", b"x").part("name=\"File\"", b"y"),
            "InvalidRequestBody",
        ),
        (
            Form::file("a", b"x").field("HasParameters", "yes"),
            "InvalidInput",
        ),
        (
            Form::file("a", b"x").field("OverrideIfExists", ""),
            "InvalidInput",
        ),
        (
            Form::file("a", b"x").part("name=\"Description\"", b"\xff"),
            "InvalidRequestBody",
        ),
        (
            Form::file("a", b"x").field("Description", &long),
            "InvalidInput",
        ),
        (
            Form::new().part("filename=\"a\"", b"x"),
            "InvalidRequestBody",
        ),
        (
            Form::file("a", b"x")
                .field("Description", "1")
                .field("Description", "2"),
            "InvalidRequestBody",
        ),
        (Form::file("taken", b"x"), "BadRequest"),
        (
            Form::file("taken", b"x").field("OverrideIfExists", "false"),
            "BadRequest",
        ),
    ];
    let (_folder, emulator) = emulator(&[]).await;
    assert_eq!(
        send(&emulator, &Form::file("taken", b"1").request())
            .await
            .status,
        200
    );
    for (number, (form, code)) in cases.into_iter().enumerate() {
        let answer = send(&emulator, &form.request()).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (400, code),
            "case {number}"
        );
    }
    for kind in ["application/json", "multipart/form-data"] {
        let body = request("POST /api/libraryfiles", Some("abc"), kind, b"{}");
        assert_eq!(send(&emulator, &body).await.code(), "InvalidRequestBody");
    }
    let cut = Form::file("cut", b"x").request();
    let cut = String::from_utf8(cut)
        .unwrap()
        .replace("boundary--\r\n", "boundary\r\n  ");
    assert_eq!(
        send(&emulator, cut.as_bytes()).await.code(),
        "InvalidRequestBody"
    );
    let names: Vec<String> = emulator.files().into_iter().map(|file| file.name).collect();
    assert_eq!(names, ["taken"]);
}

#[tokio::test]
async fn a_file_may_have_the_limits_size_and_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let emulator = start(Settings {
        max_file_size: 100_000,
        ..settings(folder.path(), &[])
    })
    .await
    .unwrap();
    let largest = vec![b'\r'; 100_000];
    let answer = send(&emulator, &Form::file("a", &largest).request()).await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        std::fs::read(emulator.content("a").unwrap()).unwrap(),
        largest
    );
    // The answer is seen although it is certain long before the client has sent all.
    for size in [100_001, 8_000_000] {
        let answer = send(&emulator, &Form::file("b", &vec![0; size]).request()).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (400, "InvalidInput")
        );
    }
    assert_eq!(emulator.files().len(), 1);
    let left = std::fs::read_dir(folder.path().join("data/incoming")).unwrap();
    assert_eq!(left.count(), 0);
}

#[tokio::test]
async fn a_call_needs_a_bearer_token_whatever_it_is() {
    let (_folder, emulator) = emulator(&[]).await;
    let call = |line: &str, token: Option<&str>| request(line, token, "text/plain", b"x");
    for line in [
        "GET /api/libraryfiles",
        "POST /api/libraryfiles",
        "DELETE /api/libraryfiles/a",
    ] {
        for token in [None, Some(""), Some("  ")] {
            let answer = send(&emulator, &call(line, token)).await;
            assert_eq!(
                (answer.status, answer.code().as_str()),
                (401, "Unauthorized")
            );
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
        }
    }
    let text = String::from_utf8(call("GET /api/libraryfiles", Some("abc"))).unwrap();
    let answer = send(&emulator, text.replace("Bearer", "bearer").as_bytes()).await;
    assert_eq!(answer.status, 200);
    let answer = send(&emulator, text.replace("Bearer", "Basic").as_bytes()).await;
    assert_eq!(answer.status, 401);
}

#[tokio::test]
async fn errors_have_their_own_correlation_ids() {
    let (_folder, emulator) = emulator(&[]).await;
    let first = delete(&emulator, "a").await.json();
    let second = delete(&emulator, "a").await.json();
    assert_ne!(first["error"]["target"], second["error"]["target"]);
}

#[tokio::test]
async fn other_paths_and_methods_answer_in_the_apis_shape() {
    let (_folder, emulator) = emulator(&[]).await;
    let cases = [
        ("GET /", 404, "ResourceNotFound"),
        ("GET /api/machines", 404, "ResourceNotFound"),
        ("DELETE /api/libraryfiles/", 404, "ResourceNotFound"),
        ("PUT /api/libraryfiles", 405, "BadRequest"),
        ("GET /api/libraryfiles/a", 405, "BadRequest"),
    ];
    for (line, status, code) in cases {
        let answer = send(&emulator, &request(line, Some("abc"), "text/plain", b"")).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (status, code),
            "{line}"
        );
    }
}
