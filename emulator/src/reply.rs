//! What a call is answered with, before it becomes HTTP.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Response, StatusCode, header};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::File;
use crate::cut::CutBody;
use crate::fault::RetryAfter;
use crate::world::Refusal;

/// The content type of the API's answers.
const ODATA: HeaderValue = HeaderValue::from_static("application/json; odata.metadata=minimal");

/// One answer.
pub(crate) struct Reply {
    status: StatusCode,
    content: Content,
    retry_after: Option<String>,
    /// The id under which the service has the call in its logs.
    request_id: String,
}

enum Content {
    None,
    Api(Value),
    Json(Value),
    Html(String),
    /// No body, but where to go instead.
    Elsewhere(&'static str),
}

impl Reply {
    /// A success of the API.
    pub(crate) fn ok(body: Value) -> Self {
        Self::new(StatusCode::OK, Content::Api(body))
    }

    /// A success that has no body.
    pub(crate) fn no_content() -> Self {
        Self::new(StatusCode::NO_CONTENT, Content::None)
    }

    /// An error of the API, with a fresh correlation id.
    pub(crate) fn error(status: StatusCode, code: &str, message: &str) -> Self {
        let mut reply = Self::new(status, Content::None);
        let target = &reply.request_id;
        let body = json!({ "error": { "code": code, "message": message, "target": target } });
        reply.content = Content::Api(body);
        reply
    }

    /// JSON that is not the API's.
    pub(crate) fn json(status: StatusCode, body: Value) -> Self {
        Self::new(status, Content::Json(body))
    }

    /// Sends the client elsewhere.
    pub(crate) fn redirect(path: &'static str) -> Self {
        Self::new(StatusCode::FOUND, Content::Elsewhere(path))
    }

    /// The page of a gateway that stands before the service.
    pub(crate) fn gateway_page(status: StatusCode) -> Self {
        let title = format!(
            "{} {}",
            status.as_u16(),
            status.canonical_reason().unwrap_or("Error")
        );
        let page = format!(
            "<!DOCTYPE html>\r\n<html><head><title>{title}</title></head>\r\n\
             <body><center><h1>{title}</h1></center><hr>\
             <center>Microsoft-Azure-Application-Gateway/v2</center></body></html>\r\n"
        );
        Self::new(status, Content::Html(page))
    }

    fn new(status: StatusCode, content: Content) -> Self {
        Self {
            status,
            content,
            retry_after: None,
            request_id: Uuid::new_v4().to_string(),
        }
    }

    /// Adds when to come again.
    pub(crate) fn retry_after(mut self, when: RetryAfter, now: Timestamp) -> Self {
        self.retry_after = match when {
            RetryAfter::Seconds(seconds) => Some(seconds.to_string()),
            RetryAfter::DateIn(seconds) => http_date(now, seconds),
        };
        self
    }

    /// Changes every digest in the answer.
    pub(crate) fn with_wrong_sha256(mut self) -> Self {
        if let Content::Api(body) = &mut self.content {
            match body.get_mut("value").and_then(Value::as_array_mut) {
                Some(entities) => entities.iter_mut().for_each(change_sha256),
                None => change_sha256(body),
            }
        }
        self
    }

    /// Makes the answer that is sent; `is_cut` ends its body halfway.
    pub(crate) fn into_response(self, is_cut: bool) -> Response<Body> {
        let location = match self.content {
            Content::Elsewhere(path) => Some(path),
            Content::None | Content::Api(_) | Content::Json(_) | Content::Html(_) => None,
        };
        let (content_type, bytes) = match self.content {
            Content::None | Content::Elsewhere(_) => (None, Vec::new()),
            Content::Api(body) => (Some(ODATA), body.to_string().into_bytes()),
            Content::Json(body) => (
                Some(HeaderValue::from_static("application/json; charset=utf-8")),
                body.to_string().into_bytes(),
            ),
            Content::Html(page) => (
                Some(HeaderValue::from_static("text/html")),
                page.into_bytes(),
            ),
        };
        let length = bytes.len();
        let body = match content_type {
            Some(_) if is_cut => Body::new(CutBody::half_of(bytes)),
            Some(_) => Body::from(bytes),
            None => Body::empty(),
        };
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        if let Some(content_type) = content_type {
            headers.insert(header::CONTENT_LENGTH, length.into());
            if content_type == ODATA {
                let version = HeaderName::from_static("odata-version");
                headers.insert(version, HeaderValue::from_static("4.0"));
            }
            headers.insert(header::CONTENT_TYPE, content_type);
        }
        if let Ok(id) = HeaderValue::try_from(self.request_id) {
            headers.insert(HeaderName::from_static("request-id"), id);
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(path) = location {
            headers.insert(header::LOCATION, HeaderValue::from_static(path));
        }
        if let Some(Ok(when)) = self.retry_after.map(HeaderValue::try_from) {
            headers.insert(header::RETRY_AFTER, when);
        }
        response
    }
}

impl From<Refusal> for Reply {
    fn from(refusal: Refusal) -> Self {
        let (status, code) = match refusal {
            Refusal::Exists { .. } => (StatusCode::BAD_REQUEST, "BadRequest"),
            Refusal::NotFound { .. } => (StatusCode::NOT_FOUND, "NotFound"),
            Refusal::Stopped | Refusal::Folder(_) => {
                (StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError")
            }
        };
        Self::error(status, code, &refusal.to_string())
    }
}

/// Returns the code that the API has for a status.
pub(crate) fn code_of(status: StatusCode) -> &'static str {
    match status.as_u16() {
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "NotFound",
        429 => "TooManyRequests",
        500.. => "InternalServerError",
        _ => "BadRequest",
    }
}

/// Shows a file as the API does.
pub(crate) fn entity(file: &File) -> Value {
    json!({
        "fileName": file.name,
        "sha256": file.sha256,
        "description": file.description,
        "creationTime": timestamp(file.created),
        "lastUpdatedTime": timestamp(file.updated),
        "createdBy": file.created_by,
        "hasParameters": file.has_parameters,
        "parametersDescription": file.parameters_description,
    })
}

/// Seven fractional digits and a `Z`, the precision of the service's clock.
fn timestamp(time: Timestamp) -> String {
    format!("{time:.7}")
}

/// Rounded up to the second, so that it is never sooner than it was asked to be.
fn http_date(now: Timestamp, seconds: u32) -> Option<String> {
    let whole = now.as_second() + i64::from(now.subsec_nanosecond() > 0);
    let when = Timestamp::from_second(whole.checked_add(i64::from(seconds))?).ok()?;
    DateTimePrinter::new()
        .timestamp_to_rfc9110_string(&when)
        .ok()
}

/// Changes the first digit: still a digest, and never the right one.
fn change_sha256(entity: &mut Value) {
    if let Some(Value::String(sha256)) = entity.get_mut("sha256") {
        let first = if sha256.starts_with('0') { "1" } else { "0" };
        sha256.replace_range(..1, first);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_seven_fractional_digits() {
        let cases = [
            (
                "2019-10-24T10:54:23.2009016Z",
                "2019-10-24T10:54:23.2009016Z",
            ),
            ("2019-10-24T10:54:23Z", "2019-10-24T10:54:23.0000000Z"),
            (
                "2019-10-24T10:54:23.999999999Z",
                "2019-10-24T10:54:23.9999999Z",
            ),
        ];
        for (time, expected) in cases {
            assert_eq!(timestamp(time.parse().unwrap()), expected);
        }
    }

    #[test]
    fn dates_are_rounded_up() {
        let at = |time: &str| http_date(time.parse().unwrap(), 2).unwrap();
        assert_eq!(at("2019-10-24T10:54:23Z"), "Thu, 24 Oct 2019 10:54:25 GMT");
        assert_eq!(
            at("2019-10-24T10:54:23.001Z"),
            "Thu, 24 Oct 2019 10:54:26 GMT"
        );
    }
}
