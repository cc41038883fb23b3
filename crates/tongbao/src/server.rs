//! Serving: one listener with API and pages, one worker, until a signal says stop.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Json, Router,
    extract::{Request, State},
    middleware::{from_fn, map_request},
    response::IntoResponse,
    routing::get,
};
use http::{StatusCode, header::AUTHORIZATION};
use serde_json::json;
#[cfg(unix)]
use tokio::signal::unix;
#[cfg(windows)]
use tokio::signal::windows;
use tokio::sync::watch;
use tongbao_api::{
    Api,
    event_body::render_event,
    listener::{Arrival, Limits, ListenConfig, Listener, TlsConfig},
    openapi,
    rate::{KEYS_MAX, Limiter, RateLimit, by_network},
    sandbox::{recorded, sandbox_router},
    wechat::{self, render_order_event},
};
use tongbao_engine::{Deliveries, Engine, Worker, webhook::Sender};
use tongbao_store::{Page, Query};
use tongbao_web::handlers::{self, Pages, RequestName, SandboxNotes};

use crate::{config::Rate, output::Failure};

/// How an instance is served.
pub(crate) struct Serving {
    /// Where to listen; port 0 takes a free one.
    pub(crate) listen: SocketAddr,
    /// Certificate and key.
    pub(crate) tls: Option<TlsConfig>,
    /// How much one client may ask.
    pub(crate) rate: Rate,
}

/// A listener that is bound and serves nothing yet, so that its address is known.
pub(crate) struct Bound {
    listener: Listener,
    rate: Rate,
    wechat_base_url: Option<String>,
    stops: StopSignals,
}

impl Serving {
    /// Takes the address; from here on a signal ends the process in good order. Must be called inside a
    /// runtime.
    pub(crate) fn bind(self) -> Result<Bound, Failure> {
        let limits = Limits::default();
        let listener = Listener::bind(ListenConfig { addr: self.listen, tls: self.tls, limits })?;
        Ok(Bound { listener, rate: self.rate, wechat_base_url: None, stops: StopSignals::new()? })
    }
}

impl Bound {
    /// The address taken.
    pub(crate) fn address(&self) -> SocketAddr {
        self.listener.local_addr()
    }

    /// The same for clients of WeChat Pay's interface that know this instance by another address.
    pub(crate) fn with_wechat_base_url(self, wechat_base_url: Option<String>) -> Bound {
        Bound { wechat_base_url, ..self }
    }

    /// Serves until a signal or until the store stops. `notes` are what a sandbox's pages show.
    pub(crate) async fn serve(
        mut self,
        engine: Arc<Engine>,
        base_url: &str,
        notes: Option<SandboxNotes>,
    ) -> Result<(), Failure> {
        let sender = Sender::new(engine.mode.webhook_policy())?;
        let deliveries = Deliveries::new(sender, render_event(base_url)).with_orders(render_order_event());
        let worker = Worker::new(Arc::clone(&engine), deliveries);
        let wechat_base_url = self.wechat_base_url.as_deref().unwrap_or(base_url);
        let router = router(&engine, (base_url, wechat_base_url), notes, self.rate)?;
        let (stop, stopped) = watch::channel(false);
        let mut worker = tokio::spawn(worker.run(until(stopped.clone())));
        let listener = self.listener.with_docs_base(base_url).with_reword(wechat::REWORD);
        let mut server = tokio::spawn(listener.serve(router, until(stopped)));
        let early = tokio::select! {
            () = self.stops.first() => None,
            ended = &mut worker => Some(format!("the worker ended: {ended:?}")),
            ended = &mut server => Some(format!("the listener ended: {ended:?}")),
        };
        stop.send_replace(true);
        if let Some(why) = early {
            return Err(why.into());
        }
        let drained = server.await?;
        if drained.cut > 0 {
            tracing::warn!(cut = drained.cut, "connections were cut that did not finish in time");
        }
        worker.await?;
        Ok(())
    }
}

async fn until(mut stopped: watch::Receiver<bool>) {
    // A sender that is gone is a stop, too.
    drop(stopped.wait_for(|stop| *stop).await);
}

/// Ctrl-C and SIGTERM, heard from the moment this is made: whoever sees an answer may send one.
struct StopSignals {
    #[cfg(unix)]
    interrupt: unix::Signal,
    #[cfg(unix)]
    terminate: unix::Signal,
    #[cfg(windows)]
    interrupt: windows::CtrlC,
}

impl StopSignals {
    fn new() -> std::io::Result<StopSignals> {
        #[cfg(unix)]
        return Ok(StopSignals {
            interrupt: unix::signal(unix::SignalKind::interrupt())?,
            terminate: unix::signal(unix::SignalKind::terminate())?,
        });
        #[cfg(windows)]
        Ok(StopSignals { interrupt: windows::ctrl_c()? })
    }

    /// Waits for the first of them.
    async fn first(&mut self) {
        #[cfg(unix)]
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
        #[cfg(windows)]
        self.interrupt.recv().await;
    }
}

/// API, pages and health of an instance.
fn router(
    engine: &Arc<Engine>,
    (base_url, wechat_base_url): (&str, &str),
    notes: Option<SandboxNotes>,
    rate: Rate,
) -> Result<Router, Failure> {
    let api = Api::new(Arc::clone(engine), base_url);
    let mut document = serde_json::to_value(openapi::document())?;
    document["servers"] = json!([{"url": base_url}]);
    let pages = Pages::new(Arc::clone(engine), base_url, document);
    let keys = Arc::new(Limiter::new(rate.key(), KEYS_MAX));
    let by_key = |request: &http::Request<axum::body::Body>| request.headers().get(AUTHORIZATION).cloned();
    let addresses = Arc::new(Limiter::new(rate.address(), KEYS_MAX));
    let mut router = openapi::router(Arc::clone(&api)).layer(RateLimit::new(keys, by_key));
    let mut shown = handlers::router(Arc::clone(&pages));
    let limit = RateLimit::new(addresses, by_network);
    let door = wechat::router_with(Arc::clone(&api), rate.key(), wechat_base_url);
    let door = door.layer(limit.clone()).layer(from_fn(wechat::reword));
    // No routes at all for an engine of production.
    router = router.merge(sandbox_router(Arc::clone(&api)));
    // A sandbox without pages is one that is measured: nobody would look at what is kept.
    let is_shown = notes.is_some();
    if let Some(notes) = notes {
        shown = shown.merge(handlers::sandbox_router(pages, notes));
    }
    router = router.merge(shown.layer(map_request(name_request)));
    let health = Router::new().route("/health", get(health)).with_state(Arc::clone(engine));
    let router = router.layer(limit).merge(door).merge(health);
    Ok(if is_shown { recorded(&api, router) } else { router })
}

/// Tells the pages what the listener calls a request, so that an error page and the log name it alike.
async fn name_request(mut request: Request) -> Request {
    if let Some(arrival) = Arrival::of(request.extensions()) {
        request.extensions_mut().insert(RequestName(arrival.request_id.to_string()));
    }
    request
}

/// Whether the store can be read, and what waits.
async fn health(State(engine): State<Arc<Engine>>) -> impl IntoResponse {
    match engine.store.read(Query::Backlog(engine.now())) {
        Ok(Page::Backlog(backlog)) => {
            let body = json!({"status": "ok", "tasks_due": backlog.due, "oldest_due_ms": backlog.oldest_ms});
            (StatusCode::OK, Json(body))
        }
        Ok(_) | Err(_) => (StatusCode::SERVICE_UNAVAILABLE, Json(json!({"status": "store unreadable"}))),
    }
}
