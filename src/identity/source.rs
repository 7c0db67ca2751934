//! Keeps one token for all who need it: renews it before it expires, and once it is refused.

use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::library::{IdentityError, TokenFuture, TokenSource};

/// How long before its end a token is renewed, and the fraction of its life for a short one: a request that is
/// under way must not see it expire.
const MARGIN: Duration = Duration::from_mins(5);
const FRACTION: u32 = 4;

/// How long an old token is used that could not be renewed, before the next try.
const PATIENCE: Duration = Duration::from_secs(30);

/// A token, and how long it is good.
pub(super) struct Fetched {
    pub(super) token: SecretString,
    pub(super) lifetime: Duration,
}

/// What [`Fetch::fetch`] answers.
pub(super) type FetchFuture<'a> =
    Pin<Box<dyn Future<Output = Result<Fetched, IdentityError>> + Send + 'a>>;

/// Asks for a token, past every cache.
pub(super) trait Fetch: Send + Sync {
    /// A new token.
    fn fetch(&self) -> FetchFuture<'_>;
}

/// One identity's token, for one scope.
pub(super) struct Source {
    fetch: Box<dyn Fetch>,
    held: Mutex<Held>,
    /// How many times it was asked for, counted when an answer is there.
    asked: AtomicU64,
}

#[derive(Default)]
struct Held {
    token: Option<Token>,
    /// How the last asking failed, if it did.
    failed: Option<IdentityError>,
}

struct Token {
    bearer: SecretString,
    renew: Instant,
    end: Instant,
}

impl Source {
    /// A source that has not asked yet.
    pub(super) fn new(fetch: impl Fetch + 'static) -> Self {
        Self {
            fetch: Box::new(fetch),
            held: Mutex::default(),
            asked: AtomicU64::new(0),
        }
    }

    async fn get(&self, refused: Option<&SecretString>) -> Result<SecretString, IdentityError> {
        let before = self.asked.load(Ordering::Acquire);
        let mut held = self.held.lock().await;
        let is_refused = |token: &Token| {
            refused.is_some_and(|refused| refused.expose_secret() == token.bearer.expose_secret())
        };
        if let Some(token) = &held.token
            && !is_refused(token)
            && Instant::now() < token.renew
        {
            return Ok(token.bearer.clone());
        }
        // Somebody asked while we waited for our turn, and we would be told the same.
        if let Some(failed) = &held.failed
            && self.asked.load(Ordering::Acquire) != before
        {
            return Err(failed.clone());
        }
        let fetched = self.fetch.fetch().await;
        self.asked.fetch_add(1, Ordering::Release);
        let now = Instant::now();
        match fetched {
            Ok(fetched) => {
                let margin = MARGIN.min(fetched.lifetime / FRACTION);
                let token = fetched.token.clone();
                held.token = Some(Token {
                    bearer: fetched.token,
                    renew: now + fetched.lifetime.saturating_sub(margin),
                    end: now + fetched.lifetime,
                });
                held.failed = None;
                Ok(token)
            }
            Err(failed) => match &mut held.token {
                Some(token) if !is_refused(token) && now < token.end => {
                    tracing::warn!(
                        error = %failed,
                        "the token could not be renewed; the old one is good for a while"
                    );
                    token.renew = token.end.min(now + PATIENCE);
                    Ok(token.bearer.clone())
                }
                _ => {
                    held.failed = Some(failed.clone());
                    Err(failed)
                }
            },
        }
    }
}

impl TokenSource for Source {
    fn token<'a>(&'a self, refused: Option<&'a SecretString>) -> TokenFuture<'a> {
        Box::pin(async move { self.get(refused).await.map(Some) })
    }
}
