//! Carries the requests for tokens, ours and those of `azure_identity`, by our own HTTP client and with our own
//! rules for trying again. `azure_identity` would retry an untrusted certificate for 81 seconds.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use azure_core::Bytes;
use azure_core::http::headers::{HeaderName, HeaderValue, Headers};
use azure_core::http::{AsyncRawResponse, Body, HttpClient, Request};
use jiff::Timestamp;
use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, DATE, HeaderMap, LOCATION, RETRY_AFTER};
use url::{Url, form_urlencoded};

use crate::http::{self, Http};
use crate::library::{Retry, retry_after};

/// The most that is read of an answer; a token has a few thousand characters.
const MOST: usize = 256 * 1024;

/// The longest wait that a `Retry-After` can impose; who asks for more is told to come again.
const LONGEST_WAIT: Duration = Duration::from_mins(1);

/// How much of a text that is not understood is shown.
const SHOWN: usize = 200;

/// Sends requests for tokens.
#[derive(Debug)]
pub(super) struct Transport {
    http: Http,
    retry: Retry,
    /// From sending to the end of the answer.
    time: Duration,
    random: Mutex<fastrand::Rng>,
    now: fn() -> Timestamp,
}

/// An answer in JSON, read to its end.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

/// Why there is no such answer. It holds nothing that was sent.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error("`{0}` is neither https nor on this machine, so that no secret is sent to it")]
    Insecure(String),
    #[error("the request cannot be sent: {0}")]
    Malformed(&'static str),
    #[error("could not connect to `{host}`: {}", http::LastCause(cause))]
    Unreachable { host: String, cause: reqwest::Error },
    #[error(
        "the certificate of `{host}` is not trusted: {}",
        http::LastCause(cause)
    )]
    Untrusted { host: String, cause: reqwest::Error },
    #[error("`{host}` did not answer: {}", http::LastCause(cause))]
    Broken { host: String, cause: reqwest::Error },
    #[error("`{host}` answered {status}{}", said(start))]
    Busy {
        host: String,
        status: StatusCode,
        /// What its `Retry-After` says.
        after: Option<Duration>,
        start: String,
    },
    #[error("`{host}` redirects to `{to}`, and a secret is not sent on")]
    Redirected { host: String, to: String },
    #[error("`{0}` answered more than {MOST} bytes")]
    TooLong(String),
    #[error("`{host}` answered {status} with {content_type}{}", said(start))]
    NotJson {
        host: String,
        status: StatusCode,
        content_type: String,
        start: String,
    },
}

fn said(start: &str) -> String {
    if start.is_empty() {
        String::new()
    } else {
        format!(": `{start}`")
    }
}

impl Failure {
    /// How long to wait before the next try: as long as the server asks, or as the policy says (`Some(None)`);
    /// `None` where another try would end the same.
    #[expect(clippy::option_option, reason = "whether, and how long if it is known")]
    fn again(&self) -> Option<Option<Duration>> {
        match self {
            Self::Unreachable { .. } | Self::Broken { .. } => Some(None),
            Self::Busy { after, .. } => match after {
                Some(after) if *after > LONGEST_WAIT => None,
                after => Some(*after),
            },
            Self::Insecure(_)
            | Self::Malformed(_)
            | Self::Untrusted { .. }
            | Self::Redirected { .. }
            | Self::TooLong(_)
            | Self::NotJson { .. } => None,
        }
    }
}

impl Transport {
    /// A transport over `http`, which waits `time` for an answer, and tries again as `retry` says.
    pub(super) fn new(
        http: Http,
        retry: Retry,
        time: Duration,
        random: fastrand::Rng,
        now: fn() -> Timestamp,
    ) -> Self {
        Self {
            http,
            retry,
            time,
            random: Mutex::new(random),
            now,
        }
    }

    /// Sends `request`, again where that may help, and reads an answer in JSON.
    pub(super) async fn send(&self, request: &Request) -> Result<Reply, Failure> {
        self.persist(|| self.once(request)).await
    }

    pub(super) async fn persist<T, F>(&self, mut send: impl FnMut() -> F) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        let mut failures = 0;
        loop {
            let failure = match send().await {
                Ok(done) => return Ok(done),
                Err(failure) => failure,
            };
            failures += 1;
            let Some(asked) = failure.again().filter(|_| failures < self.retry.tries) else {
                return Err(failure);
            };
            let wait = asked.unwrap_or_else(|| self.backoff(failures));
            tracing::debug!(?wait, failures, %failure, "asking for a token again");
            tokio::time::sleep(wait).await;
        }
    }

    fn backoff(&self, failures: u32) -> Duration {
        let mut random = self.random.lock().unwrap_or_else(PoisonError::into_inner);
        self.retry.backoff(failures, &mut random)
    }

    async fn once(&self, request: &Request) -> Result<Reply, Failure> {
        let url = request.url();
        let host = || host(url);
        let http = self.http.to_metadata(url);
        let http = http.ok_or_else(|| Failure::Insecure(host()))?;
        let secrets = Secrets::of(request)?;
        let failed = |cause: reqwest::Error| {
            let (host, cause) = (host(), cause.without_url());
            if http::is_untrusted(&cause) {
                Failure::Untrusted { host, cause }
            } else if cause.is_connect() {
                Failure::Unreachable { host, cause }
            } else {
                Failure::Broken { host, cause }
            }
        };
        let built = build(http, request, self.time)?;
        let mut response = http.execute(built).await.map_err(failed)?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if body.len() + chunk.len() > MOST {
                return Err(Failure::TooLong(host()));
            }
            body.extend_from_slice(&chunk);
        }
        let reply = Reply {
            status: response.status(),
            headers: response.headers().clone(),
            body,
        };
        self.judge(reply, host(), &secrets)
    }

    /// Takes an answer in JSON for what it is, and anything else for a failure.
    fn judge(&self, mut reply: Reply, host: String, secrets: &Secrets) -> Result<Reply, Failure> {
        let status = reply.status;
        let header = |name| {
            let value = reply.headers.get(name)?;
            Some(secrets.hidden(&String::from_utf8_lossy(value.as_bytes())))
        };
        let text = secrets.hidden(&String::from_utf8_lossy(&reply.body));
        let start = || text.trim().chars().take(SHOWN).collect();
        if status == StatusCode::TOO_MANY_REQUESTS
            || status == StatusCode::REQUEST_TIMEOUT
            || status.is_server_error()
        {
            let date = header(DATE);
            let after = header(RETRY_AFTER);
            return Err(Failure::Busy {
                host,
                status,
                after: after.and_then(|text| retry_after(&text, date.as_deref(), (self.now)())),
                start: start(),
            });
        }
        if status.is_redirection() {
            let to = header(LOCATION).unwrap_or_else(|| "nowhere".to_owned());
            return Err(Failure::Redirected { host, to });
        }
        if serde_json::from_str::<serde::de::IgnoredAny>(&text).is_err() {
            return Err(Failure::NotJson {
                host,
                status,
                content_type: header(CONTENT_TYPE).unwrap_or_else(|| "no content type".to_owned()),
                start: start(),
            });
        }
        // A success is read and never shown; a short secret may be part of what is read.
        if !status.is_success() {
            reply.body = text.into_bytes();
        }
        Ok(reply)
    }
}

#[async_trait::async_trait]
impl HttpClient for Transport {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let reply = self.send(request).await;
        let reply = reply.map_err(|failure| {
            azure_core::Error::new(azure_core::error::ErrorKind::Other, failure)
        })?;
        let mut headers = Headers::new();
        for (name, value) in &reply.headers {
            if let Ok(value) = value.to_str() {
                headers.insert(
                    HeaderName::from(name.as_str().to_owned()),
                    HeaderValue::from(value.to_owned()),
                );
            }
        }
        Ok(AsyncRawResponse::from_bytes(
            reply.status.as_u16().into(),
            headers,
            reply.body,
        ))
    }
}

/// Host and port, which is all of an address that is shown: a query may hold more.
fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or("nobody");
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

fn build(
    http: &reqwest::Client,
    request: &Request,
    time: Duration,
) -> Result<reqwest::Request, Failure> {
    let method = request.method();
    let method = reqwest::Method::from_bytes(method.as_str().as_bytes())
        .map_err(|_| Failure::Malformed("its method is unknown"))?;
    let mut built = http
        .request(method, request.url().clone())
        .timeout(time)
        .body(bytes(request)?.clone());
    for (name, value) in request.headers().iter() {
        let mut value = reqwest::header::HeaderValue::from_str(value.as_str())
            .map_err(|_| Failure::Malformed("a setting holds characters that cannot be sent"))?;
        // Some are secrets, and none is worth showing.
        value.set_sensitive(true);
        built = built.header(name.as_str(), value);
    }
    built
        .build()
        .map_err(|_| Failure::Malformed("its address or a header is malformed"))
}

fn bytes(request: &Request) -> Result<&Bytes, Failure> {
    match request.body() {
        Body::Bytes(bytes) => Ok(bytes),
        Body::SeekableStream(_) => Err(Failure::Malformed("its body is a stream")),
    }
}

/// What of a request must not be shown, even where the answer repeats it.
struct Secrets(Vec<String>);

impl Secrets {
    const HEADERS: [&'static str; 2] = ["authorization", "x-identity-header"];
    const FIELDS: [&'static str; 2] = ["client_secret", "client_assertion"];

    fn of(request: &Request) -> Result<Self, Failure> {
        let mut found = Vec::new();
        for (name, value) in request.headers().iter() {
            if Self::HEADERS.contains(&name.as_str()) {
                let value = value.as_str();
                found.push(value.strip_prefix("Bearer ").unwrap_or(value).to_owned());
            }
        }
        let body = bytes(request)?;
        for (name, value) in form_urlencoded::parse(body) {
            if Self::FIELDS.contains(&&*name) {
                let encoded = form_urlencoded::byte_serialize(value.as_bytes()).collect();
                let quoted = serde_json::Value::from(&*value).to_string();
                found.extend([
                    encoded,
                    quoted.trim_matches('"').to_owned(),
                    value.into_owned(),
                ]);
            }
        }
        // The longest first: one may be part of another.
        found.retain(|secret| !secret.is_empty());
        found.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        Ok(Self(found))
    }

    fn hidden(&self, text: &str) -> String {
        let hide = |text: String, secret: &String| text.replace(secret, "[redacted]");
        self.0.iter().fold(text.to_owned(), hide)
    }
}
