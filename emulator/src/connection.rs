//! The connection that a call came over, as far as a fault can reach it.

use std::future::pending;
use std::sync::Arc;

use axum::body::Body;
use axum::http::Response;
use tokio::sync::{Notify, watch};

/// A handle to one connection.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    cut: Arc<Notify>,
    stopping: watch::Receiver<bool>,
}

impl Connection {
    pub(crate) fn new(stopping: watch::Receiver<bool>) -> Self {
        Self {
            cut: Arc::new(Notify::new()),
            stopping,
        }
    }

    /// Closes the connection; what it still had to send is lost.
    ///
    /// Never returns: the task that serves the connection owns the future of the call, and ends.
    pub(crate) async fn close(self) -> Response<Body> {
        self.cut.notify_one();
        pending().await
    }

    /// Ends when the connection is to be closed at once.
    pub(crate) async fn closed(&self) {
        self.cut.notified().await;
    }

    /// Ends when the emulator stops, gracefully or not.
    pub(crate) async fn stopping(&mut self) {
        stopped(&mut self.stopping).await;
    }
}

/// Ends when the emulator stops, gracefully or not.
pub(crate) async fn stopped(stopping: &mut watch::Receiver<bool>) {
    // An error means that the sender is gone, and the emulator with it.
    drop(stopping.wait_for(|is_stopping| *is_stopping).await);
}
