use super::scripted::{Server, Step, error, json, page, raw};
use super::{client, shown};
use crate::library::Error;
use crate::library::client::Deleted;
use crate::model::{Name, Sha256};

fn holding(name: &str) -> Step {
    let sha256 = Sha256::of(b"x");
    page(&[format!(r#"{{"fileName":"{name}","sha256":"{sha256}"}}"#)])
}

/// Plays the script on a delete of `a`: how it ended, and the requests.
async fn deleted(steps: impl IntoIterator<Item = Step>) -> String {
    let server = Server::start(steps).await;
    let ended = match client(&server).delete(&Name::existing("a"), None).await {
        Ok(deleted) => format!("{deleted:?}"),
        Err(error) => shown(&error, &server),
    };
    format!("{ended}\n{}", server.lines())
}

#[tokio::test]
async fn a_file_is_deleted_by_its_encoded_name() {
    let server = Server::start([raw(204, "", "")]).await;
    let name = Name::existing("50% \"é\"; ../b?#.ps1");
    let deleted = client(&server).delete(&name, None).await.unwrap();
    assert_eq!(deleted, Deleted::Deleted);
    assert_eq!(
        server.lines(),
        "DELETE /api/libraryfiles/50%25%20%22%C3%A9%22%3B%20..%2Fb%3F%23.ps1"
    );
    let request = &server.requests()[0];
    assert_eq!(request.header("authorization"), "Bearer hush");
}

#[tokio::test]
async fn a_name_of_dots_sends_nothing() {
    let server = Server::start([]).await;
    for name in ["", ".", ".."] {
        let error = client(&server).delete(&Name::existing(name), None).await;
        assert!(matches!(error, Err(Error::Name { .. })));
    }
    assert_eq!(server.requests().len(), 0);
}

#[tokio::test]
async fn what_is_not_there_is_gone() {
    for code in ["NotFound", "ResourceNotFound"] {
        let ended = deleted([error(404, code, "no such file"), holding("b")]).await;
        assert_eq!(
            ended,
            "AlreadyGone\nDELETE /api/libraryfiles/a\nGET /api/libraryfiles"
        );
    }
}

#[tokio::test]
async fn a_404_about_a_file_that_is_there_is_no_success() {
    let gone = error(404, "ResourceNotFound", "no such file");
    insta::assert_snapshot!(deleted([gone, holding("a")]).await, @r"
    the API refused to delete `a`
    `DELETE http://127.0.0.1:PORT/api/libraryfiles/a` was answered 404 ResourceNotFound: `no such file` (correlation id `7f3c`)
    help: check the library's `endpoint`: there seems to be no live response library API at it
    DELETE /api/libraryfiles/a
    GET /api/libraryfiles
    ");
}

#[tokio::test]
async fn a_404_that_is_not_the_apis_is_looked_into() {
    let page = || raw(404, "Content-Type: text/html\r\n", "<h1>Not found</h1>");
    insta::assert_snapshot!(deleted([page(), holding("b")]).await, @r"
    AlreadyGone
    DELETE /api/libraryfiles/a
    GET /api/libraryfiles
    ");
    insta::assert_snapshot!(deleted([page(), holding("a")]).await, @r"
    the API refused to delete `a`
    `DELETE http://127.0.0.1:PORT/api/libraryfiles/a` was answered 404 with text/html: `<h1>Not found</h1>`
    help: check the library's `endpoint`: there seems to be no live response library API at it
    DELETE /api/libraryfiles/a
    GET /api/libraryfiles
    ");
}

#[tokio::test]
async fn a_success_that_is_not_documented_is_looked_into() {
    let login = || raw(200, "Content-Type: text/html\r\n", "<h1>Log in</h1>");
    insta::assert_snapshot!(deleted([login(), holding("b")]).await, @r"
    Deleted
    DELETE /api/libraryfiles/a
    GET /api/libraryfiles
    ");
    insta::assert_snapshot!(deleted([login(), holding("a"), raw(204, "", "")]).await, @r"
    Deleted
    DELETE /api/libraryfiles/a
    GET /api/libraryfiles
    DELETE /api/libraryfiles/a
    ");
}

#[tokio::test]
async fn a_delete_that_was_done_before_the_connection_broke_is_done() {
    let gone = error(404, "NotFound", "no such file");
    insta::assert_snapshot!(deleted([Step::Close, gone, holding("b")]).await, @r"
    AlreadyGone
    DELETE /api/libraryfiles/a
    DELETE /api/libraryfiles/a
    GET /api/libraryfiles
    ");
}

#[tokio::test]
async fn a_delete_that_never_ends_well_is_unknown() {
    let steps = (0..5).map(|_| error(500, "InternalServerError", "retry"));
    insta::assert_snapshot!(deleted(steps).await, @r"
    it is not known whether `a` was deleted
    could not delete `a`
    `DELETE http://127.0.0.1:PORT/api/libraryfiles/a` was answered 500 InternalServerError: `retry` (correlation id `7f3c`)
    help: plan again: the next plan looks at what the library holds
    DELETE /api/libraryfiles/a
    DELETE /api/libraryfiles/a
    DELETE /api/libraryfiles/a
    DELETE /api/libraryfiles/a
    DELETE /api/libraryfiles/a
    ");
}

#[tokio::test]
async fn a_refusal_is_not_tried_again() {
    let text = deleted([json(
        400,
        r#"{"error":{"code":"BadRequest","message":null}}"#,
    )])
    .await;
    insta::assert_snapshot!(text, @r"
    the API refused to delete `a`
    `DELETE http://127.0.0.1:PORT/api/libraryfiles/a` was answered 400 BadRequest
    help: compare what was sent with what the API's message asks for
    DELETE /api/libraryfiles/a
    ");
}
