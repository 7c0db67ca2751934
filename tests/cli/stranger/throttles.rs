//! 429: nobody asks again before the time that the library names.

use jiff::{SignedDuration, Timestamp};

use super::{Act, Call, Request, Response, Server, assert_settled, ends, world};

const FILES: [&str; 6] = ["a.txt", "b.txt", "c.txt", "d.txt", "e.txt", "f.txt"];

/// When a 429 was sent, and when the next request may come.
type Pause = std::sync::Arc<std::sync::Mutex<Option<(Timestamp, Timestamp)>>>;

fn too_many() -> Response {
    Response::error(429, "TooManyRequests", "slow down")
}

/// An HTTP date (RFC 9110, section 5.6.7).
fn http_date(at: Timestamp) -> String {
    at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// One call is answered 429 with what `answer` makes of the present; every other is served.
#[track_caller]
fn assert_waits(call: Call, concurrency: &str, answer: fn(Timestamp) -> (Response, Timestamp)) {
    let server = Server::start();
    let world = world(&server, &FILES);
    let pause = Pause::default();
    let told = Pause::clone(&pause);
    server.script(move |request, _| {
        let mut told = told.lock().unwrap();
        if request.call != call || told.is_some() {
            return Act::Serve;
        }
        let now = Timestamp::now();
        let (response, until) = answer(now);
        *told = Some((now, until));
        Act::Answer(response)
    });
    ends(
        &world,
        0,
        &[
            "-q",
            "apply",
            "--auto-approve",
            "--concurrency",
            concurrency,
        ],
    );
    let (told, until) = pause.lock().unwrap().unwrap();
    let arrived: Vec<Request> = server.take();
    assert_eq!(arrived.len(), 1 + FILES.len() + 1, "only one came twice");
    // Those that were on their way when it was said may still arrive.
    let crossing = if concurrency == "1" { 0 } else { 200 };
    let heard = told + SignedDuration::from_millis(crossing);
    for request in arrived.iter().filter(|request| request.at > heard) {
        assert!(
            request.at >= until,
            "{request}: {} before {until}",
            request.at
        );
    }
    assert!(arrived.iter().any(|request| request.at >= until));
    assert_settled(&world, &server, &FILES);
}

fn seconds(now: Timestamp) -> (Response, Timestamp) {
    let until = now + SignedDuration::from_secs(1);
    (too_many().with("Retry-After", &1), until)
}

/// A date has no fractions, so that it is up to a second nearer than it was meant.
fn date(now: Timestamp) -> (Response, Timestamp) {
    let until = Timestamp::from_second(now.as_second() + 2).unwrap();
    (too_many().with("Retry-After", &http_date(until)), until)
}

/// The answer names its own time, by a clock that is an hour ahead.
fn date_of_another_clock(now: Timestamp) -> (Response, Timestamp) {
    let hour = SignedDuration::from_hours(1);
    let (second, wait) = (now.as_second(), SignedDuration::from_secs(1));
    let theirs = Timestamp::from_second(second).unwrap() + hour;
    let response = too_many()
        .with("Date", &http_date(theirs))
        .with("Retry-After", &http_date(theirs + wait));
    (response, now + wait)
}

#[test]
fn the_seconds_of_retry_after_are_waited() {
    assert_waits(Call::Upload, "1", seconds);
    assert_waits(Call::List, "1", seconds);
}

#[test]
fn the_date_of_retry_after_is_waited_for() {
    assert_waits(Call::Upload, "1", date);
    assert_waits(Call::Upload, "1", date_of_another_clock);
}

#[test]
fn the_whole_library_waits_and_not_one_worker() {
    assert_waits(Call::Upload, "4", seconds);
}

/// A 429 says that nothing was done: the file is not looked for, and sent once more only.
#[test]
fn what_was_throttled_is_sent_again_without_a_look() {
    let server = Server::start();
    let world = world(&server, &["a.txt"]);
    server.once(
        Call::Upload,
        Act::Answer(too_many().with("Retry-After", &0)),
    );
    ends(&world, 0, &["-q", "apply", "--auto-approve"]);
    let upload = "upload a.txt OverrideIfExists=false HasParameters=false";
    assert_eq!(server.arrived(), ["list", upload, upload]);
    assert_settled(&world, &server, &["a.txt"]);
}
