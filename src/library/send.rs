//! One request, sent once, and what its answer means; and the budget for sending it again.

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::header::{
    AUTHORIZATION, CONTENT_TYPE, DATE, HeaderMap, HeaderName, LOCATION, RETRY_AFTER,
};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use super::answer::{Answer, Failure, Said, short};
use super::client::Client;
use super::error::Error;
use super::identity::authorization;
use super::retry::retry_after;
use super::trace::{CLIENT_REQUEST_ID, IDS, Trace};
use super::wire;
use crate::http;

/// The most that is read of an answer that is not a page of a list.
pub(super) const MOST_OF_AN_ANSWER: usize = 1024 * 1024;

/// How much of a text that is not the API's is shown.
const SHOWN: usize = 200;

/// A request, and how it is spoken about.
pub(super) struct Call<'a> {
    /// What is attempted, as in "upload `a.ps1`".
    pub(super) what: String,
    pub(super) method: Method,
    pub(super) url: Url,
    /// What is sent, for a person.
    pub(super) fields: Option<String>,
    /// The most that is read of the answer.
    pub(super) most: usize,
    /// From sending to the end of the answer.
    pub(super) time: Duration,
    /// Where it is taken down that it was sent.
    pub(super) trace: Option<&'a Trace>,
}

/// A success, read to its end.
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
    /// What was sent with the request, and must not be shown even if the answer repeats it.
    token: SecretString,
}

impl Reply {
    fn without_token(&self, text: &str) -> String {
        text.replace(self.token.expose_secret(), "[redacted]")
    }
}

/// Why one try did not succeed, by what can be done next.
pub(super) enum Trouble {
    /// Nothing: sent again it would end the same.
    Final(Error),
    /// Wait, all of the library, then send again. Nothing was done.
    Throttled { answer: Box<Answer>, wait: Duration },
    /// Send again with another token. Nothing was done.
    Refused {
        answer: Box<Answer>,
        token: SecretString,
    },
    /// Wait, then send again. Nothing was sent.
    NotSent(Error),
    /// Wait, then find out whether it was done.
    Unclear(Error),
}

/// How often a call has been sent, and why.
#[derive(Default)]
pub(super) struct Tries {
    failures: u32,
    throttles: u32,
    refreshed: bool,
    /// The failure after which the user stopped, which says more than that.
    stopped_after: Option<Error>,
}

impl Tries {
    /// Waits until the call may be sent again after `trouble`; an error when it may not.
    pub(super) async fn again(
        &mut self,
        client: &Client,
        call: &Call<'_>,
        trouble: Trouble,
    ) -> Result<(), Error> {
        let retry = &client.retry;
        match trouble {
            Trouble::Final(error) => Err(error),
            Trouble::Throttled { answer, wait } => {
                if self.throttles >= retry.throttles {
                    return Err(Error::Throttled {
                        what: call.what.clone(),
                        waits: self.throttles,
                        answer,
                    });
                }
                self.throttles += 1;
                tracing::debug!(?wait, "too many requests; the library pauses");
                client.gate.pause(wait);
                Ok(())
            }
            Trouble::Refused { answer, token } => {
                if !self.refreshed {
                    self.refreshed = true;
                    tracing::debug!("the token was refused; asking for a fresh one");
                    let fresh = client.gate.unless_stopped(client.identity.fresh(&token));
                    if fresh.await.map_err(|_| Error::Stopped)??.is_some() {
                        return Ok(());
                    }
                }
                Err(Error::Unauthorized {
                    what: call.what.clone(),
                    answer,
                })
            }
            Trouble::NotSent(error) | Trouble::Unclear(error) => {
                self.failures += 1;
                if self.failures >= retry.tries {
                    return Err(error);
                }
                let wait = client.backoff(self.failures);
                tracing::debug!(?wait, failures = self.failures, %error, "trying again");
                let slept = client.gate.unless_stopped(tokio::time::sleep(wait));
                if slept.await.is_err() {
                    self.stopped_after = Some(error);
                    return Err(Error::Stopped);
                }
                Ok(())
            }
        }
    }

    /// The error that a call ends with when `error` ends its tries, of which one may have been carried out.
    pub(super) fn unclear_end(self, error: Error, what: String) -> Error {
        let open = matches!(
            error,
            Error::Failed { .. }
                | Error::Unreachable { .. }
                | Error::Throttled { .. }
                | Error::Stopped
        );
        if !open {
            return error;
        }
        let (cause, listing) = match self.stopped_after {
            Some(failure) => (failure, Some(Box::new(error))),
            None => (error, None),
        };
        Error::Unknown {
            what,
            cause: Box::new(cause),
            listing,
        }
    }
}

impl Call<'_> {
    /// Method and URL.
    fn request(&self) -> String {
        format!("{} {}", self.method, self.url)
    }

    /// What `reply` says, to be shown.
    fn answer(&self, reply: &Reply) -> Answer {
        Answer {
            request: self.request(),
            fields: self.fields.clone(),
            status: reply.status.as_u16(),
            said: said(reply),
        }
    }

    /// A success that is not what the API documents: what it did is unclear.
    pub(super) fn not_the_shape(&self, reply: &Reply, problem: &dyn ToString) -> Trouble {
        let answer = Box::new(Answer {
            fields: None,
            ..self.answer(reply)
        });
        self.unclear(Failure::NotTheShape {
            answer,
            problem: short(&reply.without_token(&problem.to_string())),
        })
    }

    pub(super) fn unclear(&self, failure: Failure) -> Trouble {
        Trouble::Unclear(Error::Failed {
            what: self.what.clone(),
            cause: Box::new(failure),
        })
    }
}

impl Client {
    /// Sends `call` once, through the gate and with a token, and reads its answer to the end. `dress` adds
    /// a body when the request's turn has come.
    pub(super) async fn send(
        &self,
        call: &Call<'_>,
        dress: impl FnOnce(RequestBuilder) -> Result<RequestBuilder, Error>,
    ) -> Result<Reply, Trouble> {
        let passed = self.gate.pass(|| self.identity.bearer()).await;
        let (token, pass) = passed.map_err(|_| Trouble::Final(Error::Stopped))?;
        let token = token.map_err(|error| Trouble::Final(error.into()))?;
        let header = authorization(&token).map_err(|error| Trouble::Final(error.into()))?;
        let request = self
            .http
            .request(call.method.clone(), call.url.clone())
            .header(AUTHORIZATION, header)
            .timeout(call.time);
        let mut request = dress(request).map_err(Trouble::Final)?;
        if let Some(trace) = call.trace {
            request = request.header(CLIENT_REQUEST_ID, trace.id().to_string());
            trace.sending(&call.method);
        }
        tracing::debug!(request = call.request(), "sending");
        let response = match request.send().await {
            Ok(response) => response,
            Err(cause) if http::is_untrusted(&cause) => {
                return Err(Trouble::Final(Error::Untrusted {
                    what: call.what.clone(),
                    host: self.host(),
                    cause: cause.without_url(),
                }));
            }
            Err(cause) if cause.is_connect() => {
                return Err(Trouble::NotSent(Error::Unreachable {
                    what: call.what.clone(),
                    host: self.host(),
                    cause: cause.without_url(),
                }));
            }
            Err(cause) => {
                return Err(call.unclear(Failure::Transport {
                    request: call.request(),
                    cause: cause.without_url(),
                }));
            }
        };
        pass.answered();
        tracing::debug!(status = response.status().as_u16(), "answered");
        let (reply, failure) = read(call, response, &token).await;
        if let Some(trace) = call.trace {
            trace.answered(reply.status.as_u16(), ids(&reply));
        }
        if reply.status.is_success() {
            return match failure {
                None => Ok(reply),
                Some(failure) => Err(call.unclear(failure)),
            };
        }
        // An error's text may be cut; its status is what counts.
        Err(self.refusal(call, &reply, token))
    }

    /// What an answer other than a success means.
    fn refusal(&self, call: &Call<'_>, reply: &Reply, token: SecretString) -> Trouble {
        let answer = Box::new(call.answer(reply));
        let what = call.what.clone();
        let status = reply.status;
        if status == StatusCode::TOO_MANY_REQUESTS {
            let wait = self.asked_wait(reply).unwrap_or(self.window);
            return Trouble::Throttled { answer, wait };
        }
        if status == StatusCode::UNAUTHORIZED {
            return Trouble::Refused { answer, token };
        }
        if status == StatusCode::REQUEST_TIMEOUT || status.is_server_error() {
            if let Some(wait) = self.asked_wait(reply) {
                self.gate.pause(wait);
            }
            return call.unclear(Failure::Answer(answer));
        }
        Trouble::Final(if status.is_redirection() {
            let to = header(reply, &LOCATION).unwrap_or_else(|| "nowhere".to_owned());
            Error::Redirected { what, to, answer }
        } else if status == StatusCode::FORBIDDEN && answer.code() == Some("DisabledFeature") {
            Error::Disabled { what, answer }
        } else if status == StatusCode::FORBIDDEN && answer.code() == Some("Forbidden") {
            Error::Forbidden { what, answer }
        } else {
            let help = help(status);
            Error::Rejected { what, help, answer }
        })
    }

    fn asked_wait(&self, reply: &Reply) -> Option<Duration> {
        let date = header(reply, &DATE);
        let value = header(reply, &RETRY_AFTER)?;
        retry_after(&value, date.as_deref(), (self.now)())
    }
}

/// What to do about a refusal with no error of its own.
fn help(status: StatusCode) -> &'static str {
    match status {
        StatusCode::FORBIDDEN => {
            "see what refuses: the API itself, or a gateway before it that inspects what is sent"
        }
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => {
            "check the library's `endpoint`: there seems to be no live response library API at it"
        }
        StatusCode::PAYLOAD_TOO_LARGE => {
            "make the file smaller, and set the library's `max_file_size` to what the tenant takes"
        }
        _ => "compare what was sent with what the API's message asks for",
    }
}

/// Reads an answer within bounds: what was read, and what went wrong with the rest.
async fn read(
    call: &Call<'_>,
    mut response: Response,
    token: &SecretString,
) -> (Reply, Option<Failure>) {
    let mut reply = Reply {
        status: response.status(),
        headers: std::mem::take(response.headers_mut()),
        body: Vec::new(),
        token: token.clone(),
    };
    // Only what was asked for may be long.
    let most = if reply.status.is_success() {
        call.most
    } else {
        MOST_OF_AN_ANSWER
    };
    let status = reply.status.as_u16();
    let request = || call.request();
    let failure = loop {
        match response.chunk().await {
            Ok(None) => break None,
            Ok(Some(chunk)) if reply.body.len() + chunk.len() > most => {
                break Some(Failure::TooLong {
                    request: request(),
                    status,
                    most,
                });
            }
            Ok(Some(chunk)) => reply.body.extend_from_slice(&chunk),
            Err(cause) => {
                break Some(Failure::Cut {
                    request: request(),
                    status,
                    cause: cause.without_url(),
                });
            }
        }
    };
    (reply, failure)
}

fn said(reply: &Reply) -> Said {
    // A token that the cut halves would not be found.
    let shown = |text: &str| short(&reply.without_token(text));
    match wire::parse::<wire::Failure>(&reply.body) {
        Ok(wire::Failure { error }) => Said::Api {
            code: shown(&error.code),
            message: error.message.as_deref().map(shown),
            target: error.target.as_deref().map(shown),
        },
        Err(_) => Said::Other {
            content_type: header(reply, &CONTENT_TYPE),
            start: reply
                .without_token(&String::from_utf8_lossy(&reply.body))
                .trim()
                .chars()
                .take(SHOWN)
                .collect(),
        },
    }
}

/// The ids under which the service knows the request.
fn ids(reply: &Reply) -> BTreeMap<&'static str, String> {
    let in_headers = IDS
        .into_iter()
        .filter_map(|name| Some((name, header(reply, &HeaderName::from_static(name))?)));
    // A success may be long, and names none.
    let refused = (!reply.status.is_success()).then(|| said(reply));
    let in_text = match refused {
        Some(Said::Api { target, .. }) => target.map(|target| ("target", target)),
        Some(Said::Other { .. }) | None => None,
    };
    in_headers
        .chain(in_text)
        .map(|(name, id)| (name, id.chars().take(SHOWN).collect()))
        .collect()
}

fn header(reply: &Reply, name: &HeaderName) -> Option<String> {
    let value = reply.headers.get(name)?;
    Some(short(
        &reply.without_token(&String::from_utf8_lossy(value.as_bytes())),
    ))
}
