//! The routes to where else tokens come from; see [`crate::entra::places`].

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Query, Request, State};
use axum::http::Response;
use axum::routing::{get, post};

use crate::entra::Entra;
use crate::entra::places::Visit;
use crate::http::{self, Service};
use crate::reply::Reply;
use crate::token::Form;

/// Answers at all places; what the directory does not register is no path.
pub(crate) fn router() -> Router<Arc<Service>> {
    let place = |ask: fn(&Entra, &Visit<'_>) -> Option<Reply>| {
        async move |service: State<Arc<Service>>, query: Query<Form>, request: Request| {
            answer(&service.0, &query.0, &request, ask)
        }
    };
    Router::new()
        .route("/github/oidc", get(place(Entra::github)))
        .route("/pipelines/oidctoken", post(place(Entra::pipelines)))
        .route("/msi/token", get(place(Entra::app_service)))
        .route(
            "/metadata/identity/oauth2/token",
            get(place(Entra::instance_metadata)),
        )
        .route(
            "/oidc/.well-known/openid-configuration",
            get(place(|entra, _| Some(entra.openid_configuration()))),
        )
        .route("/oidc/keys", get(place(|entra, _| Some(entra.keys()))))
}

fn answer(
    service: &Service,
    query: &Form,
    request: &Request,
    ask: fn(&Entra, &Visit<'_>) -> Option<Reply>,
) -> Response<Body> {
    let visit = Visit {
        headers: request.headers(),
        query,
        now: http::now(),
    };
    let reply = service.entra.as_ref().and_then(|entra| ask(entra, &visit));
    reply.map_or_else(http::unknown_path, |reply| reply.into_response(false))
}
