//! Accepts connections, and ends them.

use std::sync::Arc;
use std::time::Duration;

use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time;
use tokio_rustls::TlsAcceptor;

use crate::connection::{self, Connection};
use crate::http::{self, Service};

/// How long calls that are being answered may go on once the emulator stops.
const GRACE: Duration = Duration::from_secs(5);

/// How long to wait when a connection cannot be accepted, as when all file handles are in use.
const PAUSE: Duration = Duration::from_millis(50);

/// Serves until `stopping` is true; over TLS where there is an acceptor for it.
///
/// The connections are this future's: dropping it closes them all.
pub(crate) async fn run(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    service: Arc<Service>,
    mut stopping: watch::Receiver<bool>,
) {
    let router = http::router(service);
    let template = stopping.clone();
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            () = connection::stopped(&mut stopping) => break,
            // Ended tasks are taken out, so that the set does not grow.
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let connection = Connection::new(template.clone());
                    connections.spawn(serve(stream, tls.clone(), router.clone(), connection));
                }
                Err(_) => time::sleep(PAUSE).await,
            },
        }
    }
    drop(listener);
    let ended = async { while connections.join_next().await.is_some() {} };
    // Whoever is not done by now is cut off by the drop of the set.
    let _ = time::timeout(GRACE, ended).await;
}

async fn serve(
    stream: TcpStream,
    tls: Option<TlsAcceptor>,
    router: Router,
    mut connection: Connection,
) {
    // Small answers are sent at once; where that cannot be set, they come a little later.
    drop(stream.set_nodelay(true));
    let Some(tls) = tls else {
        return serve_http(stream, router, connection).await;
    };
    let shaken = tokio::select! {
        biased;
        () = connection.stopping() => return,
        shaken = tls.accept(stream) => shaken,
    };
    // A client that does not trust us, or speaks no TLS, is not our error.
    if let Ok(stream) = shaken {
        serve_http(stream, router, connection).await;
    }
}

async fn serve_http<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    router: Router,
    mut connection: Connection,
) {
    let service = TowerToHyperService::new(router.layer(Extension(connection.clone())));
    let mut http =
        std::pin::pin!(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    let watched = connection.clone();
    tokio::select! {
        biased;
        () = watched.closed() => return,
        // A client that breaks off is not our error.
        _ = http.as_mut() => return,
        () = connection.stopping() => http.as_mut().graceful_shutdown(),
    }
    tokio::select! {
        biased;
        () = watched.closed() => {}
        _ = http => {}
    }
}
