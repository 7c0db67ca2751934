use std::collections::VecDeque;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use tokio::time::{Instant, advance, sleep};

use super::refused;
use crate::identity::source::{Fetch, FetchFuture, Fetched, Source};
use crate::library::{IdentityError, TokenSource as _};

/// Answers `token-1`, `token-2`, … after a second each; a text in the script is a failure in its place.
#[derive(Clone, Default)]
struct Script(Arc<State>);

#[derive(Default)]
struct State {
    asked: AtomicU32,
    lifetime: Mutex<Duration>,
    failures: Mutex<VecDeque<Option<&'static str>>>,
}

impl Script {
    fn lasting(lifetime: Duration) -> Self {
        let script = Self::default();
        *script.0.lifetime.lock().unwrap() = lifetime;
        script
    }

    fn failing(self, failures: impl IntoIterator<Item = Option<&'static str>>) -> Self {
        self.0.failures.lock().unwrap().extend(failures);
        self
    }

    fn source(&self) -> Source {
        Source::new(self.clone())
    }

    fn asked(&self) -> u32 {
        self.0.asked.load(Ordering::Relaxed)
    }
}

impl Fetch for Script {
    fn fetch(&self) -> FetchFuture<'_> {
        Box::pin(async {
            let number = self.0.asked.fetch_add(1, Ordering::Relaxed) + 1;
            sleep(Duration::from_secs(1)).await;
            let failure = self.0.failures.lock().unwrap().pop_front().flatten();
            match failure {
                Some(text) => Err(refused(text)),
                None => Ok(Fetched {
                    token: SecretString::from(format!("token-{number}")),
                    lifetime: *self.0.lifetime.lock().unwrap(),
                }),
            }
        })
    }
}

async fn get(source: &Source, refused: Option<&str>) -> Result<String, IdentityError> {
    let refused = refused.map(SecretString::from);
    let token = source.token(refused.as_ref()).await?;
    Ok(token.unwrap().expose_secret().to_owned())
}

const HOUR: Duration = Duration::from_hours(1);

#[tokio::test(start_paused = true)]
async fn a_token_is_asked_for_once_and_renewed_before_its_end() {
    let script = Script::lasting(HOUR);
    let source = script.source();
    assert_eq!(get(&source, None).await.unwrap(), "token-1");
    advance(Duration::from_secs(55 * 60 - 1)).await;
    assert_eq!(get(&source, None).await.unwrap(), "token-1");
    advance(Duration::from_secs(1)).await;
    assert_eq!(get(&source, None).await.unwrap(), "token-2");
    assert_eq!(script.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_short_token_is_used_for_most_of_its_life() {
    let script = Script::lasting(Duration::from_secs(4));
    let source = script.source();
    get(&source, None).await.unwrap();
    advance(Duration::from_millis(2999)).await;
    assert_eq!(get(&source, None).await.unwrap(), "token-1");
    advance(Duration::from_millis(1)).await;
    assert_eq!(get(&source, None).await.unwrap(), "token-2");
}

#[tokio::test(start_paused = true)]
async fn a_token_without_any_life_is_used_once() {
    let source = Script::lasting(Duration::ZERO).source();
    assert_eq!(get(&source, None).await.unwrap(), "token-1");
    assert_eq!(get(&source, None).await.unwrap(), "token-2");
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_is_replaced_once_for_all_who_report_it() {
    let script = Script::lasting(HOUR);
    let source = script.source();
    get(&source, None).await.unwrap();
    let reports = (0..20).map(|_| get(&source, Some("token-1")));
    for token in futures_util::future::join_all(reports).await {
        assert_eq!(token.unwrap(), "token-2");
    }
    assert_eq!(script.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn callers_at_once_cause_one_request_whether_it_succeeds_or_fails() {
    let script = Script::lasting(HOUR).failing([Some("no")]);
    let source = script.source();
    let start = Instant::now();
    for wanted in [None, Some("token-2")] {
        let all = futures_util::future::join_all((0..50).map(|_| get(&source, None))).await;
        for got in all {
            assert_eq!(got.ok().as_deref(), wanted);
        }
    }
    assert_eq!(script.asked(), 2);
    assert_eq!(start.elapsed(), Duration::from_secs(2));
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_not_kept() {
    let source = Script::lasting(HOUR).failing([Some("no")]).source();
    assert_eq!(get(&source, None).await.unwrap_err().to_string(), "no");
    assert_eq!(get(&source, None).await.unwrap(), "token-2");
}

#[tokio::test(start_paused = true)]
async fn a_token_that_cannot_be_renewed_yet_is_used_to_its_end() {
    let script = Script::lasting(HOUR).failing([None, Some("busy"), Some("busy"), Some("busy")]);
    let source = script.source();
    get(&source, None).await.unwrap();
    advance(Duration::from_mins(56)).await;
    assert_eq!(get(&source, None).await.unwrap(), "token-1");
    // Not with every call.
    assert_eq!(get(&source, None).await.unwrap(), "token-1");
    assert_eq!(script.asked(), 2);
    advance(Duration::from_secs(30)).await;
    assert_eq!(get(&source, None).await.unwrap(), "token-1");
    assert_eq!(script.asked(), 3);
    advance(Duration::from_mins(4)).await;
    assert_eq!(get(&source, None).await.unwrap_err().to_string(), "busy");
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_is_not_used_where_no_other_can_be_had() {
    let source = Script::lasting(HOUR).failing([None, Some("no")]).source();
    get(&source, None).await.unwrap();
    let error = get(&source, Some("token-1")).await.unwrap_err();
    assert_eq!(error.to_string(), "no");
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_goes_away_leaves_the_others_served() {
    let script = Script::lasting(HOUR);
    let source = Arc::new(script.source());
    let first = tokio::spawn({
        let source = Arc::clone(&source);
        async move { get(&source, None).await }
    });
    sleep(Duration::from_millis(500)).await;
    first.abort();
    assert_eq!(get(&source, None).await.unwrap(), "token-2");
}
