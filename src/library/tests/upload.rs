//! What an upload sends, and what it takes for an answer.

use std::io::{self, Cursor, Read};
use std::sync::Mutex;

use super::scripted::{Server, Step, error, json, page, raw};
use super::{client, shown};
use crate::library::{Client, Content, Error, Upload};
use crate::model::{Attribute, File, Name, Sha256};

/// A content that may be another each time it is opened; the last one stays.
pub(super) struct Contents(Mutex<Vec<Vec<u8>>>);

impl Contents {
    pub(super) fn new(contents: &[&[u8]]) -> Self {
        let contents = contents.iter().rev().map(|content| content.to_vec());
        Self(Mutex::new(contents.collect()))
    }
}

impl Content for Contents {
    fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        let mut contents = self.0.lock().unwrap();
        let content = match contents.len() {
            0 => return Err(io::Error::new(io::ErrorKind::NotFound, "no such file")),
            1 => contents[0].clone(),
            _ => contents.pop().unwrap(),
        };
        Ok(Box::new(Cursor::new(content)))
    }
}

pub(super) const CONTENT: &[u8] = b"Get-Process\r\n";

pub(super) fn file() -> File {
    File {
        sha256: Sha256::of(CONTENT),
        size: Some(CONTENT.len() as u64),
        description: Some("Lists".to_owned()),
        has_parameters: true,
        parameters_description: Some("-Days <n>".to_owned()),
    }
}

/// The entity that answers an upload of [`file`] as `name`.
pub(super) fn entity(name: &str) -> String {
    let sha256 = Sha256::of(CONTENT).to_string().to_uppercase();
    let name = name.replace('\\', "\\\\").replace('"', "\\\"");
    format!(
        r#"{{"fileName":"{name}","sha256":"{sha256}","description":"Lists","hasParameters":true,"parametersDescription":"-Days <n>","new":[{{}}]}}"#
    )
}

pub(super) fn stored() -> Step {
    json(200, &entity("a.ps1"))
}

pub(super) fn other_content() -> String {
    entity("a.ps1").replace(
        &Sha256::of(CONTENT).to_string().to_uppercase(),
        &"0".repeat(64),
    )
}

pub(super) fn exists() -> Step {
    error(400, "BadRequest", "the file is there already")
}

pub(super) async fn upload(client: &Client, over: bool) -> Result<Vec<Attribute>, Error> {
    let upload = Upload {
        name: &Name::existing("a.ps1"),
        file: &file(),
        over,
        content: &Contents::new(&[CONTENT]),
    };
    let uploaded = client.upload(&upload, None).await?;
    assert_eq!(uploaded.observed.file.sha256, upload.file.sha256);
    Ok(uploaded.warnings)
}

/// Plays the script on an upload of `a.ps1`: how it ended, and the requests.
pub(super) async fn uploaded(over: bool, steps: impl IntoIterator<Item = Step>) -> String {
    let server = Server::start(steps).await;
    let ended = match upload(&client(&server), over).await {
        Ok(warnings) => format!("ok {warnings:?}"),
        Err(error) => shown(&error, &server),
    };
    format!("{ended}\n{}", server.lines())
}

#[tokio::test]
async fn the_form_is_as_documented() {
    let server = Server::start([stored()]).await;
    assert_eq!(upload(&client(&server), true).await.unwrap(), []);
    let request = &server.requests()[0];
    assert_eq!(request.line(), "POST /api/libraryfiles");
    assert_eq!(request.header("authorization"), "Bearer hush");
    insta::assert_snapshot!(request.form(), @r#"
    --BOUNDARY
    Content-Disposition: form-data; name="file"; filename="a.ps1"
    Content-Type: application/octet-stream

    Get-Process

    --BOUNDARY
    Content-Disposition: form-data; name="Description"

    Lists
    --BOUNDARY
    Content-Disposition: form-data; name="ParametersDescription"

    -Days <n>
    --BOUNDARY
    Content-Disposition: form-data; name="HasParameters"

    true
    --BOUNDARY
    Content-Disposition: form-data; name="OverrideIfExists"

    true
    --BOUNDARY--
    "#);
}

#[tokio::test]
async fn what_is_none_is_left_out_and_the_rest_always_sent() {
    let entity = format!(r#"{{"fileName":"a","sha256":"{}"}}"#, Sha256::of(b""));
    let server = Server::start([json(201, &entity)]).await;
    let file = File {
        sha256: Sha256::of(b""),
        size: Some(0),
        description: None,
        has_parameters: false,
        parameters_description: None,
    };
    let upload = Upload {
        name: &Name::existing("a"),
        file: &file,
        over: false,
        content: &Contents::new(&[b""]),
    };
    client(&server).upload(&upload, None).await.unwrap();
    insta::assert_snapshot!(server.requests()[0].form(), @r#"
    --BOUNDARY
    Content-Disposition: form-data; name="file"; filename="a"
    Content-Type: application/octet-stream


    --BOUNDARY
    Content-Disposition: form-data; name="HasParameters"

    false
    --BOUNDARY
    Content-Disposition: form-data; name="OverrideIfExists"

    false
    --BOUNDARY--
    "#);
}

#[tokio::test]
async fn names_arrive_as_quoted_strings_in_utf8() {
    for (name, expected) in [
        (r#"a"b.ps1"#, r#"filename="a\"b.ps1""#),
        (r"a\b.ps1", r#"filename="a\\b.ps1""#),
        (r#"a\".ps1"#, r#"filename="a\\\".ps1""#),
        ("50%22 off; x=y.ps1", r#"filename="50%22 off; x=y.ps1""#),
        ("Prüfung 試験.ps1", r#"filename="Prüfung 試験.ps1""#),
        ("it's.ps1", r#"filename="it's.ps1""#),
    ] {
        let server = Server::start([json(200, &entity(name))]).await;
        let upload = Upload {
            name: &Name::existing(name),
            file: &file(),
            over: false,
            content: &Contents::new(&[CONTENT]),
        };
        client(&server).upload(&upload, None).await.unwrap();
        let form = server.requests()[0].form();
        let line = form.lines().nth(1).unwrap();
        assert_eq!(
            line,
            format!(r#"Content-Disposition: form-data; name="file"; {expected}"#)
        );
    }
}

#[tokio::test]
async fn a_name_that_would_break_the_form_sends_nothing() {
    let server = Server::start([]).await;
    for name in ["", ".", "..", "a\r\nX: y", "a\0", "a\u{85}"] {
        let upload = Upload {
            name: &Name::existing(name),
            file: &file(),
            over: true,
            content: &Contents::new(&[CONTENT]),
        };
        let error = client(&server).upload(&upload, None).await.unwrap_err();
        assert!(matches!(error, Error::Name { .. }), "{error}");
    }
    assert_eq!(server.requests().len(), 0);
}

#[tokio::test]
async fn a_long_content_arrives_byte_for_byte() {
    let content: Vec<u8> = (0..=255).cycle().take(3 * 1024 * 1024 + 5).collect();
    let sha256 = Sha256::of(&content);
    let entity = format!(r#"{{"fileName":"a","sha256":"{sha256}"}}"#);
    let server = Server::start([json(200, &entity)]).await;
    let file = File {
        sha256,
        size: Some(content.len() as u64),
        description: None,
        has_parameters: false,
        parameters_description: None,
    };
    let upload = Upload {
        name: &Name::existing("a"),
        file: &file,
        over: false,
        content: &Contents::new(&[&content]),
    };
    client(&server).upload(&upload, None).await.unwrap();
    let body = &server.requests()[0].body;
    let start = body
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .unwrap()
        + 4;
    assert!(body[start..start + content.len()] == content);
}

#[tokio::test]
async fn attributes_that_come_back_different_are_warnings() {
    let entity = entity("a.ps1")
        .replace("\"Lists\"", "null")
        .replace("true", "false");
    let server = Server::start([json(200, &entity)]).await;
    assert_eq!(
        upload(&client(&server), false).await.unwrap(),
        [Attribute::Description, Attribute::HasParameters]
    );
}

#[tokio::test]
async fn an_answer_about_other_content_is_never_ok() {
    let wrong_name = entity("A.ps1");
    let not_a_digest = entity("a.ps1").replace("\"sha256\":\"", "\"sha256\":\"x");
    for answer in [other_content(), wrong_name, not_a_digest] {
        let server = Server::start([json(200, &answer)]).await;
        let error = upload(&client(&server), true).await.unwrap_err();
        assert!(
            matches!(error, Error::AnsweredOtherContent { .. }),
            "{error}"
        );
        assert_eq!(server.requests().len(), 1);
    }
}

#[tokio::test]
async fn a_source_that_changed_never_completes_the_request() {
    // More than any buffer on the way holds, so that some of it is sent.
    let planned = vec![7; 8 * 1024 * 1024];
    let mut changed = planned.clone();
    *changed.last_mut().unwrap() = 8;
    let longer = [&planned[..], b"x"].concat();
    let file = File {
        sha256: Sha256::of(&planned),
        size: Some(planned.len() as u64),
        ..file()
    };
    for content in [&changed[..], &longer, &planned[1..]] {
        let server = Server::start([stored()]).await;
        let upload = Upload {
            name: &Name::existing("a.ps1"),
            file: &file,
            over: true,
            content: &Contents::new(&[content]),
        };
        let error = client(&server).upload(&upload, None).await.unwrap_err();
        assert!(matches!(error, Error::ContentChanged { .. }), "{error}");
        assert!(!error.is_fatal());
        server.settled().await;
        let requests = server.requests();
        assert_eq!(requests.len(), 1, "it is not tried again");
        assert!(!requests[0].complete);
        assert!(requests[0].body.len() < planned.len());
    }
}

#[tokio::test]
async fn a_short_source_that_changed_is_not_sent_at_all() {
    let longer = [CONTENT, b"x"].concat();
    let changed = vec![b'x'; CONTENT.len()];
    for content in [&changed[..], &longer, &CONTENT[1..], b""] {
        let server = Server::start([]).await;
        let upload = Upload {
            name: &Name::existing("a.ps1"),
            file: &file(),
            over: true,
            content: &Contents::new(&[content]),
        };
        let error = client(&server).upload(&upload, None).await.unwrap_err();
        assert!(matches!(error, Error::ContentChanged { .. }), "{error}");
        assert!(server.requests().iter().all(|request| !request.complete));
    }
}

#[tokio::test]
async fn a_source_that_changes_between_tries_is_noticed() {
    let server = Server::start([raw(500, "", ""), page(&[]), stored()]).await;
    let changed = vec![b'x'; CONTENT.len()];
    let upload = Upload {
        name: &Name::existing("a.ps1"),
        file: &file(),
        over: true,
        content: &Contents::new(&[CONTENT, &changed]),
    };
    let error = client(&server).upload(&upload, None).await.unwrap_err();
    insta::assert_snapshot!(shown(&error, &server), @r"
    the content of `a.ps1` changed while it was read, so it was not uploaded
    its sha256 is ea156a2c16eb8f24fe98ec6a36b3cb23229dfdb192c100f49828704fed25e43e, and da76b4e294e6ce3c346387ea6533dfa1346cfc72c86fae87dff9a1c833179da2 was planned
    help: plan again: the plan was made for the content as it was
    ");
}

#[tokio::test]
async fn a_source_that_cannot_be_opened_sends_nothing() {
    let server = Server::start([]).await;
    let upload = Upload {
        name: &Name::existing("a.ps1"),
        file: &file(),
        over: true,
        content: &Contents::new(&[]),
    };
    let error = client(&server).upload(&upload, None).await.unwrap_err();
    insta::assert_snapshot!(shown(&error, &server), @r"
    could not read the content of `a.ps1`, so it was not uploaded
    no such file
    help: check that the source is there and readable, and run again
    ");
    assert_eq!(server.requests().len(), 0);
}
