//! A process that is killed while it works.

use std::fs;
use std::future::pending;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use jumpbag_emulator::{Settings, start};
use sha2::{Digest as _, Sha256};
use tokio::task::JoinSet;

use crate::client::{Form, exchange_with, settings};

const CHILD: &str = "kill::an_emulator_in_a_process_of_its_own";

/// Not a test: what [`Process`] runs. It reads the folder from its input.
#[tokio::test]
#[ignore = "another test starts it in a process of its own"]
async fn an_emulator_in_a_process_of_its_own() {
    let mut folder = String::new();
    io::stdin().read_line(&mut folder).unwrap();
    if folder.is_empty() {
        return;
    }
    let emulator = start(Settings {
        limits: Vec::new(),
        ..settings(Path::new(folder.trim_end()), &[])
    })
    .await
    .unwrap();
    println!("\nat {}", emulator.address());
    pending::<()>().await;
}

/// An emulator in another process, which is killed when this is dropped.
struct Process(Child, SocketAddr);

impl Process {
    fn start(folder: &Path) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", CHILD, "--ignored", "--nocapture"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        writeln!(stdin, "{}", folder.to_str().unwrap()).unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = lines
            .map_while(Result::ok)
            .find_map(|line| line.strip_prefix("at ")?.parse().ok());
        Self(child, address.expect("an address"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_survives_a_kill_and_nothing_is_half_there() {
    let folder = tempfile::tempdir().unwrap();
    let mut answered: Vec<String> = Vec::new();
    // Each round kills after another number of answers, in the midst of other uploads.
    for round in 1..=6 {
        let process = Process::start(folder.path());
        let address = process.1;
        let count = Arc::new(AtomicUsize::new(0));
        let mut clients = JoinSet::new();
        for client in 0..4 {
            let count = Arc::clone(&count);
            clients.spawn(async move {
                let mut names = Vec::new();
                // Until the kill: then nothing is answered any more.
                for number in 0.. {
                    let name = format!("{round}-{client}-{number}");
                    let content = name.repeat(4000);
                    let form = Form::file(&name, content.as_bytes());
                    let answer = exchange_with(address, &form.request()).await;
                    if answer.is_none_or(|answer| answer.status != 200) {
                        break;
                    }
                    names.push(name);
                    count.fetch_add(1, Ordering::Relaxed);
                }
                names
            });
        }
        while count.load(Ordering::Relaxed) < round * 3 {
            tokio::task::yield_now().await;
        }
        drop(process);
        for names in clients.join_all().await {
            answered.extend(names);
        }
        check(folder.path(), &answered).await;
    }
    assert!(answered.len() >= 63);
}

async fn check(folder: &Path, answered: &[String]) {
    let emulator = start(settings(folder, &[])).await.unwrap();
    for name in answered {
        let content = fs::read(emulator.content(name).expect(name)).unwrap();
        assert_eq!(content, name.repeat(4000).into_bytes());
    }
    let files = emulator.files();
    for file in &files {
        let content = fs::read(emulator.content(&file.name).unwrap()).unwrap();
        assert_eq!(content.len() as u64, file.size);
        let digest = Sha256::digest(&content)
            .iter()
            .fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
        assert_eq!(digest, file.sha256);
    }
    let count = |which: &str| {
        fs::read_dir(folder.join("data").join(which))
            .unwrap()
            .count()
    };
    assert_eq!(count("incoming"), 0);
    assert_eq!(count("contents"), files.len());
    emulator.stop().await;
}
