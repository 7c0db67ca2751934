//! What faults do to a call: in its place, or to its answer.

use axum::body::Body;
use axum::extract::Request;
use axum::http::{Response, StatusCode};
use http_body_util::BodyExt as _;
use tokio::time;

use crate::connection::Connection;
use crate::fault::Effect;
use crate::http::now;
use crate::reply::Reply;

/// The most of a body that is read only to be thrown away.
pub(crate) const MAX_DRAINED: usize = 256 * 1024 * 1024;

/// Does what comes in the place of the call; returns the request if it is to be carried out.
pub(crate) async fn before(
    effect: Option<&Effect>,
    mut connection: Connection,
    request: Request,
    fail: impl FnOnce(StatusCode) -> Reply + Send,
) -> Result<Request, Response<Body>> {
    let reply = match effect {
        None
        | Some(Effect::DropAfter | Effect::Truncate | Effect::Delay(_) | Effect::WrongSha256) => {
            return Ok(request);
        }
        Some(Effect::DropBefore) => return Err(connection.close().await),
        Some(Effect::Hang) => {
            // The body is read, so that the client hangs where it waits for the answer.
            drain(request).await;
            connection.stopping().await;
            return Err(connection.close().await);
        }
        Some(Effect::Html { status }) => Reply::gateway_page(status_of(*status)),
        Some(Effect::Status {
            status,
            retry_after,
        }) => {
            let reply = fail(status_of(*status));
            match retry_after {
                Some(when) => reply.retry_after(*when, now()),
                None => reply,
            }
        }
    };
    drain(request).await;
    Err(reply.into_response(false))
}

/// Does what comes after the call was carried out.
pub(crate) async fn after(
    effect: Option<Effect>,
    mut connection: Connection,
    reply: Reply,
) -> Response<Body> {
    match effect {
        Some(Effect::DropAfter) => connection.close().await,
        Some(Effect::Truncate) => reply.into_response(true),
        Some(Effect::WrongSha256) => reply.with_wrong_sha256().into_response(false),
        Some(Effect::Delay(time)) => {
            tokio::select! {
                () = time::sleep(time) => {}
                () = connection.stopping() => {}
            }
            reply.into_response(false)
        }
        None
        | Some(Effect::Status { .. } | Effect::Html { .. } | Effect::DropBefore | Effect::Hang) => {
            reply.into_response(false)
        }
    }
}

/// Reads the rest of a request that is answered without it.
///
/// A client that is interrupted while it sends sees a broken connection in the place of the
/// answer.
pub(crate) async fn drain(request: Request) {
    let mut body = request.into_body();
    let mut drained = 0;
    while let Some(Ok(frame)) = body.frame().await {
        drained += frame.data_ref().map_or(0, axum::body::Bytes::len);
        if drained > MAX_DRAINED {
            break;
        }
    }
}

fn status_of(status: u16) -> StatusCode {
    // The grammar takes no others than 400 to 599.
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
