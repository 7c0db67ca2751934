//! How long an answer is waited for.

use std::io;
use std::net::TcpStream;

use super::{Act, Done, Response, Server, world};
use crate::harness::{Run, World};

fn plan(world: &World, timeout: &str) -> Run {
    let mut command = world.command(&["plan"]);
    let output = command.env("JUMPBAG_TIMEOUT", timeout).output();
    world.finish(&output.unwrap())
}

/// Without the variable this takes five minutes.
#[test]
fn an_answer_that_does_not_come_is_waited_for_as_long_as_the_environment_says() {
    let server = Server::start();
    let world = world(&server, &["a.txt"]);
    server.script(|_, _| {
        let silence =
            |mut stream: &TcpStream, _: &Response| io::copy(&mut stream, &mut io::sink()).map(drop);
        Act::Wire(Done::Not, Box::new(silence))
    });
    let run = plan(&world, "100ms");
    insta::assert_snapshot!(run, @"
    ----- stderr
    jumpbag::library::failed

      × could not list the library
      ├─▶ `GET [URL]/api/libraryfiles` got no answer
      ├─▶ error sending request
      ╰─▶ operation timed out
      help: run again later; if it stays so, give Microsoft's support the
            correlation id, where there is one
    ----- exit code 1
    ");
    assert_eq!(server.arrived(), ["list"; 5]);
}

#[test]
fn a_timeout_that_is_no_length_of_time_is_an_error() {
    let server = Server::start();
    let world = world(&server, &["a.txt"]);
    insta::assert_snapshot!(plan(&world, "soon"), @"
    ----- stderr
    jumpbag::cli::bad_timeout

      × `soon` in JUMPBAG_TIMEOUT is not a length of time
      help: write a length of time such as `30s` or `1m30s`; without it, a minute
    ----- exit code 1
    ");
    for none in ["0s", "-1s", "10", "1 minute"] {
        assert_eq!(plan(&world, none).code, Some(1), "{none}");
    }
    server.assert_untouched();
    // As if it was not set.
    assert_eq!(plan(&world, "").code, Some(0));
}
