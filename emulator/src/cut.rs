//! An answer's body that ends too early.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Bytes;
use http_body::{Body, Frame};

/// Sends the first half of some bytes, and ends.
///
/// Its size is not known to hyper, which then believes the Content-Length header, and closes the
/// connection when the body ends before that.
pub(crate) struct CutBody {
    half: Option<Bytes>,
    /// Whether hyper was given the time to send the half: it would not flush what it still holds
    /// when the body ends at once.
    is_flushed: bool,
}

impl CutBody {
    pub(crate) fn half_of(mut bytes: Vec<u8>) -> Self {
        bytes.truncate(bytes.len() / 2);
        Self {
            half: Some(bytes.into()),
            is_flushed: false,
        }
    }
}

impl Body for CutBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(half) = self.half.take() {
            return Poll::Ready(Some(Ok(Frame::data(half))));
        }
        if !self.is_flushed {
            self.is_flushed = true;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(None)
    }
}
