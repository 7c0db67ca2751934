//! How connections are made, and what they never carry.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use super::{REQUEST_TOKEN, SECRET, Scene, app, directory};
use crate::harness::World;

fn secret<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut variables = app(&[("AZURE_CLIENT_SECRET", SECRET)]);
    variables.extend(more);
    variables
}

#[test]
fn a_login_host_that_cannot_prove_itself_gets_no_secret() {
    for (tls, reason) in [
        ("--tls=expired", "certificate expired"),
        ("--tls=wrong-host", "not valid for name"),
    ] {
        let scene = Scene::of(World::new(), "client_secret", &directory(), &[tls]);
        let shown = scene.fails(&secret(&[]));
        let words: Vec<&str> = shown.split_whitespace().collect();
        let shown = words.join(" ");
        assert!(shown.contains("jumpbag::auth::unreachable"), "{shown}");
        assert!(
            shown.contains("is not trusted: invalid peer certificate"),
            "{shown}"
        );
        assert!(shown.contains(reason), "{shown}");
    }
}

#[test]
fn an_authority_that_nobody_trusts_is_said_at_once() {
    let scene = Scene::new("client_secret");
    scene
        .world
        .edit("jumpbag.yaml", "    ca_file: .library/ca.pem\n", "");
    insta::assert_snapshot!(scene.fails(&secret(&[])), @"
    jumpbag::auth::unreachable

      × could not get a token with `auth: client_secret` for the application `[ID]` in the tenant `[ID]`
      ╰─▶ the certificate of `[HOST]` is not trusted: invalid peer
          certificate: UnknownIssuer
      help: check the login host's spelling and what stands between it and this machine; name an authority of your own in the library's `ca_file`, or in SSL_CERT_FILE
    ");
    let token = [("JUMPBAG_TOKEN", "hush-token")];
    scene
        .world
        .edit("jumpbag.yaml", "auth: client_secret", "auth: token");
    insta::assert_snapshot!(scene.fails(&token), @"
    jumpbag::library::untrusted

      × the certificate of `[HOST]` is not trusted, so it was not asked to list the library
      ├─▶ error sending request
      ├─▶ client error (Connect)
      ╰─▶ invalid peer certificate: UnknownIssuer
      help: check the endpoint's spelling and what stands between it and this machine; name an authority of your own in the library's `ca_file`, or in SSL_CERT_FILE
    ");
}

#[test]
fn the_systems_authorities_may_be_named_by_their_variable() {
    let scene = Scene::new("client_secret");
    scene
        .world
        .edit("jumpbag.yaml", "    ca_file: .library/ca.pem\n", "");
    scene.works(&secret(&[("SSL_CERT_FILE", ".library/ca.pem")]));
}

#[test]
fn a_ca_file_that_cannot_be_used_is_said() {
    let scene = Scene::new("client_secret");
    scene.world.write("no.pem", "hello\n");
    scene
        .world
        .edit("jumpbag.yaml", ".library/ca.pem", "no.pem");
    let shown = scene.fails(&secret(&[]));
    insta::assert_snapshot!(shown, @"
    jumpbag::http::ca_file

      × `[WORLD]/no.pem` holds no certificate authorities: there is no `BEGIN CERTIFICATE` in it
      help: let `ca_file` name a PEM file with one or more `BEGIN CERTIFICATE` blocks
    ");
    scene.world.edit("jumpbag.yaml", "no.pem", "none.pem");
    insta::assert_snapshot!(scene.fails(&secret(&[])), @"
    jumpbag::http::ca_file

      × could not read the certificate authorities in `none.pem`
      ╰─▶ No such file or directory (os error 2)
      help: let `ca_file` name a readable file, relative to the manifest
    ");
}

/// A proxy that makes tunnels: what it was asked, and all that went through.
#[derive(Clone, Default)]
struct Proxy {
    asked: Arc<Mutex<Vec<String>>>,
    passed: Arc<Mutex<Vec<u8>>>,
}

impl Proxy {
    fn start() -> (Self, String) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let proxy = Self::default();
        let serving = proxy.clone();
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let (proxy, client) = (serving.clone(), client.unwrap());
                std::thread::spawn(move || proxy.serve(client));
            }
        });
        (proxy, url)
    }

    fn serve(&self, mut client: TcpStream) {
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") && client.read(&mut byte).unwrap_or(0) == 1 {
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).unwrap();
        let target = head.split(' ').nth(1).unwrap_or_default().to_owned();
        self.asked.lock().unwrap().push(head);
        let Ok(server) = TcpStream::connect(target) else {
            return;
        };
        client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
        let back = (server.try_clone().unwrap(), client.try_clone().unwrap());
        let proxy = self.clone();
        std::thread::spawn(move || proxy.copy(back.0, back.1));
        self.copy(client, server);
    }

    fn copy(&self, mut from: TcpStream, mut to: TcpStream) {
        let mut piece = [0; 4096];
        while let Ok(length @ 1..) = from.read(&mut piece) {
            self.passed.lock().unwrap().extend(&piece[..length]);
            if to.write_all(&piece[..length]).is_err() {
                break;
            }
        }
        to.shutdown(std::net::Shutdown::Write).ok();
    }
}

#[test]
fn a_proxy_sees_tunnels_and_no_secret() {
    let scene = Scene::new("client_secret");
    let (proxy, url) = Proxy::start();
    scene.works(&secret(&[("HTTPS_PROXY", &url)]));
    let asked = proxy.asked.lock().unwrap().clone();
    assert!(asked.len() >= 2, "{asked:?}");
    for head in &asked {
        assert!(head.starts_with("CONNECT 127.0.0.1:"), "{head}");
        assert!(!head.to_lowercase().contains("\r\nauthorization"), "{head}");
    }
    let passed = proxy.passed.lock().unwrap();
    for word in ["hush-", "Bearer", super::TOKENS[0], super::TOKENS[1]] {
        let found = passed.windows(word.len()).any(|it| it == word.as_bytes());
        assert!(!found, "`{word}` went through the proxy");
    }
}

#[test]
fn a_proxy_is_gone_around_where_that_is_asked_for() {
    let scene = Scene::new("client_secret");
    let (proxy, url) = Proxy::start();
    scene.works(&secret(&[("HTTPS_PROXY", &url), ("NO_PROXY", "127.0.0.1")]));
    assert_eq!(proxy.asked.lock().unwrap().len(), 0);
}

#[test]
fn plain_http_on_this_machine_goes_past_every_proxy() {
    let world = World::new();
    let emulator = world.emulator(&[]);
    world.write("a.sh", "echo a\n");
    world.manifest(&emulator.url, "  - source: a.sh\n");
    let (proxy, url) = Proxy::start();
    let mut plan = world.command(&["plan"]);
    plan.env("HTTP_PROXY", &url).env("ALL_PROXY", &url);
    let run = world.finish(&plan.env("http_proxy", &url).output().unwrap());
    assert_eq!(run.code, Some(0), "{run}");
    assert_eq!(proxy.asked.lock().unwrap().len(), 0);
}

#[test]
fn a_redirect_carries_no_request_token_to_another_host() {
    let (elsewhere, redirects) = (
        TcpListener::bind("127.0.0.1:0").unwrap(),
        TcpListener::bind("127.0.0.1:0").unwrap(),
    );
    let to = elsewhere.local_addr().unwrap();
    let from = redirects.local_addr().unwrap();
    std::thread::spawn(move || {
        for client in redirects.incoming() {
            let mut client = client.unwrap();
            let mut request = [0; 4096];
            let length = client.read(&mut request).unwrap();
            assert!(String::from_utf8_lossy(&request[..length]).contains(REQUEST_TOKEN));
            write!(
                client,
                "HTTP/1.1 307 X\r\nLocation: http://{to}/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            )
            .unwrap();
        }
    });
    let scene = Scene::new("github_actions");
    let shown = scene.fails(&app(&[
        (
            "ACTIONS_ID_TOKEN_REQUEST_URL",
            &format!("http://{from}/oidc"),
        ),
        ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", REQUEST_TOKEN),
    ]));
    assert!(shown.contains("redirects to"), "{shown}");
    elsewhere.set_nonblocking(true).unwrap();
    assert!(elsewhere.accept().is_err(), "somebody came");
}
