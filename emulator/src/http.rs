//! The routes, and the calls: from a request to the world, and back to a reply.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{DefaultBodyLimit, FromRequest as _, Multipart, Path, Request, State};
use axum::http::{Response, StatusCode, header};
use axum::routing::{MethodRouter, delete, get, post};
use axum::{Extension, Form, Router};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::task::spawn_blocking;
use tokio::time::Instant;

use crate::Settings;
use crate::connection::Connection;
use crate::effects;
use crate::entra::{Denied, Entra};
use crate::fault::{Call, Calls, Effect, RetryAfter, Script};
use crate::form;
use crate::limit::Limiter;
use crate::places;
use crate::reply::{Reply, code_of, entity};
use crate::token;
use crate::world::{Refusal, Upload, World};

/// What all calls share.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) world: Arc<World>,
    /// Who may ask for tokens; everybody where there is nothing.
    pub(crate) entra: Option<Entra>,
    max_file_size: u64,
    /// Where the emulator is, for the OData contexts.
    url: String,
    /// One lock, so that the order of arrival is one order.
    gate: Mutex<Gate>,
}

#[derive(Debug)]
struct Gate {
    script: Script,
    limiter: Limiter,
}

/// One call of the library, in one of the versions.
struct LibraryCall {
    call: Call,
    /// The path of the API in this version.
    api: &'static str,
    /// The file's name in the path, for a deletion.
    name: Result<String, PathRejection>,
}

/// Answers all paths that there are.
pub(crate) fn router(service: Arc<Service>) -> Router {
    // A file that is too large is read to its end, so that the client gets its answer: but no body
    // is endless. The token endpoint keeps axum's limit.
    let most = usize::try_from(service.max_file_size).unwrap_or(usize::MAX);
    let most = most.saturating_add(effects::MAX_DRAINED);
    let places = service.entra.as_ref().map(|_| places::router());
    Router::new()
        .merge(places.unwrap_or_default())
        .merge(version("/api", most))
        .merge(version("/api/v1.0", most))
        .route("/{tenant}/oauth2/v2.0/token", allow(post(ask_token)))
        .fallback(async || unknown_path())
        .with_state(service)
}

fn version(api: &'static str, most: usize) -> Router<Arc<Service>> {
    let files = format!("{api}/libraryfiles");
    let one_file = format!("{files}/{{name}}");
    let call = move |call| {
        move |service: State<Arc<Service>>, connection: Extension<Connection>, request: Request| {
            let call = LibraryCall {
                call,
                api,
                name: Ok(String::new()),
            };
            answer(service.0, connection.0, call, request)
        }
    };
    let call_by_name = move |service: State<Arc<Service>>,
                             connection: Extension<Connection>,
                             name: Result<Path<String>, PathRejection>,
                             request: Request| {
        let call = LibraryCall {
            call: Call::Delete,
            api,
            name: name.map(|Path(name)| name),
        };
        answer(service.0, connection.0, call, request)
    };
    Router::new()
        .route(
            &files,
            allow(get(call(Call::List)).post(call(Call::Upload))),
        )
        .route(&one_file, allow(delete(call_by_name)))
        .layer(DefaultBodyLimit::max(most))
}

/// Answers other methods in the API's shape, too.
fn allow(methods: MethodRouter<Arc<Service>>) -> MethodRouter<Arc<Service>> {
    methods.fallback(async || {
        let message = "the resource does not support this method";
        Reply::error(StatusCode::METHOD_NOT_ALLOWED, "BadRequest", message).into_response(false)
    })
}

pub(crate) fn unknown_path() -> Response<Body> {
    let message = "no resource has this path";
    Reply::error(StatusCode::NOT_FOUND, "ResourceNotFound", message).into_response(false)
}

async fn answer(
    service: Arc<Service>,
    connection: Connection,
    call: LibraryCall,
    request: Request,
) -> Response<Body> {
    let effect = match service.arrive(call.call) {
        Ok(effect) => effect,
        Err(wait) => {
            effects::drain(request).await;
            return too_many_requests(wait).into_response(false);
        }
    };
    let fail = |status| Reply::error(status, code_of(status), "this error was asked for");
    match effects::before(effect.as_ref(), connection.clone(), request, fail).await {
        Err(response) => response,
        Ok(request) => {
            let reply = service.carry_out(call, request).await;
            effects::after(effect, connection, reply).await
        }
    }
}

async fn ask_token(
    State(service): State<Arc<Service>>,
    Extension(connection): Extension<Connection>,
    tenant: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response<Body> {
    // Never refused: the login host knows nothing of the API's limits.
    let effect = service.arrive(Call::Token).unwrap_or_default();
    let fail = |status| token::unavailable(status, now());
    match effects::before(effect.as_ref(), connection.clone(), request, fail).await {
        Err(response) => response,
        Ok(request) => {
            let reply = match Form::<token::Form>::from_request(request, &()).await {
                Ok(Form(form)) => {
                    // What is no text is no tenant either.
                    let tenant = tenant.map(|Path(tenant)| tenant).unwrap_or_default();
                    token::answer(&tenant, &form, service.entra.as_ref(), now())
                }
                Err(_) => token::unreadable(now()),
            };
            effects::after(effect, connection, reply).await
        }
    }
}

impl Service {
    pub(crate) fn new(
        world: World,
        entra: Option<Entra>,
        settings: &Settings,
        url: String,
    ) -> Self {
        Self {
            world: Arc::new(world),
            entra,
            max_file_size: settings.max_file_size,
            url,
            gate: Mutex::new(Gate {
                script: Script::new(settings.faults.clone()),
                limiter: Limiter::new(settings.limits.clone()),
            }),
        }
    }

    pub(crate) fn calls(&self) -> Calls {
        self.gate().script.calls()
    }

    /// Counts a call, and says what goes wrong with it, or how long to wait for the next one.
    fn arrive(&self, call: Call) -> Result<Option<Effect>, Duration> {
        let mut gate = self.gate();
        let effect = gate.script.next(call);
        // A 429 that was asked for is like one of the limits: it does not count.
        if call == Call::Token || effect.as_ref().is_some_and(Effect::is_throttling) {
            return Ok(effect);
        }
        match gate.limiter.try_take(Instant::now()) {
            Ok(()) => Ok(effect),
            Err(wait) => {
                gate.script.refused();
                Err(wait)
            }
        }
    }

    fn gate(&self) -> MutexGuard<'_, Gate> {
        self.gate.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn carry_out(&self, call: LibraryCall, request: Request) -> Reply {
        let Some(token) = bearer_token(&request) else {
            effects::drain(request).await;
            let message = "the request has no bearer token in its Authorization header";
            return Reply::error(StatusCode::UNAUTHORIZED, "Unauthorized", message);
        };
        let by = match self.caller(&token) {
            Ok(by) => by,
            Err(reply) => {
                effects::drain(request).await;
                return reply;
            }
        };
        let reply = match call.call {
            Call::List => Ok(self.list(call.api)),
            Call::Upload => self.upload(call.api, request, by).await,
            Call::Delete => self.delete(call.name).await,
            Call::Token => Ok(Reply::no_content()),
        };
        reply.unwrap_or_else(|refused| refused)
    }

    /// Returns who calls with this token, if it is one to be taken.
    fn caller(&self, token: &str) -> Result<String, Reply> {
        let Some(entra) = &self.entra else {
            return Ok(token::client_of(token).unwrap_or_else(|| "emulator".to_owned()));
        };
        entra
            .authorize(token, now())
            .map_err(|denied| match denied {
                Denied::Token(why) => Reply::error(StatusCode::UNAUTHORIZED, "Unauthorized", why),
                Denied::Role => Reply::error(
                    StatusCode::FORBIDDEN,
                    "Forbidden",
                    "The application does not have any of the required application permissions \
                 (Library.Manage) to access the resource.",
                ),
            })
    }

    fn list(&self, api: &str) -> Reply {
        let entities: Vec<Value> = self.world.list().iter().map(entity).collect();
        Reply::ok(json!({ "@odata.context": self.context(api, ""), "value": entities }))
    }

    async fn upload(&self, api: &str, request: Request, by: String) -> Result<Reply, Reply> {
        let form = match Multipart::from_request(request, &()).await {
            Ok(form) => form,
            Err(rejection) => return Err(form::invalid_body(&rejection.body_text())),
        };
        let (content, upload) = form::read(form, &self.world, self.max_file_size).await?;
        let upload = Upload { by, ..upload };
        let file = self
            .change(move |world| world.put(content, upload, now()))
            .await?;
        let mut body = entity(&file);
        if let Some(properties) = body.as_object_mut() {
            let context = self.context(api, "/$entity").into();
            properties.insert("@odata.context".to_owned(), context);
        }
        Ok(Reply::ok(body))
    }

    async fn delete(&self, name: Result<String, PathRejection>) -> Result<Reply, Reply> {
        let name = name.map_err(|rejection| {
            Reply::error(
                StatusCode::BAD_REQUEST,
                "BadRequest",
                &rejection.body_text(),
            )
        })?;
        self.change(move |world| world.delete(&name)).await?;
        Ok(Reply::no_content())
    }

    /// Changes the world where waiting for the disk holds up nobody.
    ///
    /// Once begun, the change is carried out even if the client does not wait for the answer.
    async fn change<T: Send + 'static>(
        &self,
        change: impl FnOnce(&World) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Reply> {
        let world = Arc::clone(&self.world);
        let changed = spawn_blocking(move || change(&world)).await;
        let changed = changed.unwrap_or_else(|error| Err(io::Error::other(error).into()));
        Ok(changed?)
    }

    fn context(&self, api: &str, what: &str) -> String {
        format!("{}{api}/$metadata#LibraryFiles{what}", self.url)
    }
}

fn too_many_requests(wait: Duration) -> Reply {
    // Rounded up: a client that comes sooner is refused again.
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    let when = RetryAfter::Seconds(u32::try_from(seconds).unwrap_or(u32::MAX));
    let message = format!("too many requests: try again in {seconds} s");
    Reply::error(StatusCode::TOO_MANY_REQUESTS, "TooManyRequests", &message)
        .retry_after(when, now())
}

/// Returns the token, whatever it is, unless it is empty.
fn bearer_token(request: &Request) -> Option<String> {
    let value = request
        .headers()
        .get(header::AUTHORIZATION)?
        .to_str()
        .ok()?;
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then(|| token.to_owned())
}

/// Where the time of day enters: the world takes it as an argument.
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}
