//! The call of Microsoft's document, by curl itself.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::client::emulator;

const DOCUMENTED: [&str; 10] = [
    "-F",
    "file=@mdatp1.png",
    "-F",
    "ParametersDescription=test",
    "-F",
    "HasParameters=true",
    "-F",
    "OverrideIfExists=true",
    "-F",
    "Description=test description",
];

/// Runs `curl -X POST …` in a folder, with the arguments of the document and `more`.
///
/// A machine without curl fails the test: skipping it would go unnoticed.
async fn curl(folder: &Path, url: &str, arguments: &[&str]) -> Value {
    let mut command = Command::new("curl");
    command
        .current_dir(folder)
        .args(["--silent", "--show-error", "--noproxy", "*", "-X", "POST"])
        .arg(format!("{url}/api/libraryfiles"))
        .args(["-H", "Authorization: Bearer abc"])
        .args(arguments);
    let output = tokio::task::spawn_blocking(move || command.output());
    let output = output.await.unwrap().expect("curl must be installed");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test]
async fn the_documents_call_is_answered() {
    let (folder, emulator) = emulator(&[]).await;
    let content = b"\x89PNG\r\n\x1a\n--not-a-boundary\r\n\0";
    let mut image = fs::File::create(folder.path().join("mdatp1.png")).unwrap();
    image.write_all(content).unwrap();
    let entity = curl(folder.path(), &emulator.url(), &DOCUMENTED).await;
    assert_eq!(entity["fileName"], "mdatp1.png");
    assert_eq!(entity["description"], "test description");
    assert_eq!(entity["hasParameters"], true);
    assert_eq!(entity["parametersDescription"], "test");
    let kept = fs::read(emulator.content("mdatp1.png").unwrap()).unwrap();
    assert_eq!(kept, content);
    let again = curl(folder.path(), &emulator.url(), &DOCUMENTED).await;
    assert_eq!(again["creationTime"], entity["creationTime"]);
}

#[tokio::test]
async fn curls_spelling_of_names_is_read() {
    let (folder, emulator) = emulator(&[]).await;
    fs::File::create(folder.path().join("plain")).unwrap();
    let names = ["a b.ps1", "100%.ps1", "a;b.ps1", "grüße.ps1", r#"q"q.ps1"#];
    for name in names {
        // curl's own quoting of the argument, which is not that of the header.
        let quoted = name.replace('\\', "\\\\").replace('"', "\\\"");
        let argument = format!("file=@plain;filename=\"{quoted}\"");
        let entity = curl(folder.path(), &emulator.url(), &["-F", &argument]).await;
        assert_eq!(entity["fileName"], name);
    }
    assert_eq!(emulator.files().len(), names.len());
}

#[tokio::test]
async fn a_file_that_curl_announces_first_is_refused_with_an_answer() {
    // Above a size, curl sends `Expect: 100-continue` and waits.
    let (folder, emulator) = emulator(&["upload:1:status=503"]).await;
    let large = fs::File::create(folder.path().join("large")).unwrap();
    large.set_len(5 * 1024 * 1024).unwrap();
    for code in ["InternalServerError", "InvalidInput"] {
        let answer = curl(folder.path(), &emulator.url(), &["-F", "file=@large"]).await;
        assert_eq!(answer["error"]["code"], code);
    }
    assert_eq!(emulator.files(), []);
}
