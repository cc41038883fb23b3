//! Serving: a listener, workers, or both, until a signal says stop.
//!
//! ```text
//!   signal ──▶ not ready, still serving ──▶ no new connections, no new tasks ──▶ requests and tasks under way end
//! ```
//! **Invariant.** A task that was leased here is finished here, or its lease runs out: it is never begun twice by
//! one process.

use std::{future::ready, net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::Request,
    middleware::{from_fn, map_request},
};
use http::header::AUTHORIZATION;
use serde_json::json;
#[cfg(unix)]
use tokio::signal::unix;
#[cfg(windows)]
use tokio::signal::windows;
use tokio::sync::watch;
use tongbao_api::{
    Api,
    event_body::render_event,
    list_sharing,
    listener::{Arrival, Limits, ListenConfig, Listener, TlsConfig},
    openapi, payer,
    rate::{KEYS_MAX, Limiter, RateLimit, by_network},
    sandbox::{recorded, sandbox_router},
    wechat::{self, render_order_event},
};
use tongbao_engine::{
    Deliveries, Engine, Worker,
    list_sharing::{Puller, Settings},
    webhook::Sender,
};
use tongbao_web::handlers::{self, CameFrom, Pages, RequestName, SandboxNotes};

use crate::{
    config::Rate,
    health,
    output::Failure,
    tries::{self, Tries},
};

/// How an instance is served.
pub(crate) struct Serving {
    /// Where to listen; port 0 takes a free one.
    pub(crate) listen: SocketAddr,
    /// Certificate and key.
    pub(crate) tls: Option<TlsConfig>,
    /// How much one client may ask.
    pub(crate) rate: Rate,
}

/// What a process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Answers requests and does what waits to be done.
    Both,
    /// Answers requests only.
    Doors,
}

/// A listener that is bound and serves nothing yet, so that its address is known.
pub(crate) struct Bound {
    listener: Listener,
    rate: Rate,
    wechat_base_url: Option<String>,
    role: Role,
    notice: Duration,
    sharing: Option<Arc<Settings>>,
    stops: StopSignals,
}

impl Serving {
    /// Takes the address; from here on a signal ends the process in good order. Must be called inside a
    /// runtime.
    pub(crate) fn bind(self) -> Result<Bound, Failure> {
        let limits = Limits::default();
        let listener = Listener::bind(ListenConfig { addr: self.listen, tls: self.tls, limits })?;
        let (role, notice, stops) = (Role::Both, Duration::ZERO, StopSignals::new()?);
        Ok(Bound { listener, rate: self.rate, wechat_base_url: None, role, notice, sharing: None, stops })
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

    /// The same for a process that does only part of the work.
    pub(crate) fn with_role(self, role: Role) -> Bound {
        Bound { role, ..self }
    }

    /// The same for a process that goes on serving for so long after the signal, while it is not ready any more. A
    /// second signal cuts that short.
    pub(crate) fn with_notice(self, notice: Duration) -> Bound {
        Bound { notice, ..self }
    }

    /// The same for a process that shares risk lists.
    pub(crate) fn with_sharing(self, sharing: Option<Arc<Settings>>) -> Bound {
        Bound { sharing, ..self }
    }

    /// Serves until a signal or until the store stops. `notes` are what a sandbox's pages show.
    pub(crate) async fn serve(
        self,
        engine: Arc<Engine>,
        base_url: &str,
        notes: Option<SandboxNotes>,
    ) -> Result<(), Failure> {
        let wechat_base_url = self.wechat_base_url.as_deref().unwrap_or(base_url);
        let doors = router(&engine, (base_url, wechat_base_url), notes, self.rate)?;
        let shared = self.sharing.clone().map(|sharing| list_sharing::router(Arc::clone(&engine), sharing));
        let addresses = Arc::new(Limiter::new(self.rate.address(), KEYS_MAX));
        let doors = doors.merge(shared.unwrap_or_default().layer(RateLimit::new(addresses, by_network)));
        let with_worker = self.role == Role::Both;
        self.run(engine, base_url, doors, with_worker).await
    }

    /// Does what waits to be done, and answers for its health, until a signal or until the store stops.
    pub(crate) async fn work(self, engine: Arc<Engine>, base_url: &str) -> Result<(), Failure> {
        self.run(engine, base_url, Router::new(), true).await
    }

    async fn run(
        mut self,
        engine: Arc<Engine>,
        base_url: &str,
        doors: Router,
        with_worker: bool,
    ) -> Result<(), Failure> {
        let (drain, draining) = watch::channel(false);
        let (stop, stopped) = watch::channel(false);
        let router = doors.merge(health::router(&engine, draining));
        let sharing = self.sharing.take().filter(|_| with_worker);
        let puller = sharing.map(|sharing| Puller::new(Arc::clone(&engine), sharing)).transpose()?;
        let puller = tokio::spawn(pull(puller, until(stopped.clone())));
        let worker = with_worker.then(|| worker(engine, base_url)).transpose()?;
        let mut worker = tokio::spawn(work(worker, until(stopped.clone())));
        let listener = self.listener.with_docs_base(base_url).with_reword(wechat::REWORD);
        let mut server = tokio::spawn(listener.serve(router, until(stopped)));
        let leave = async {
            self.stops.first().await;
            drain.send_replace(true);
            tokio::select! {
                () = self.stops.first() => {}
                () = tokio::time::sleep(self.notice) => {}
            }
        };
        let early = tokio::select! {
            () = leave => None,
            ended = &mut worker => Some(format!("the worker ended: {ended:?}")),
            ended = &mut server => Some(format!("the listener ended: {ended:?}")),
        };
        drain.send_replace(true);
        stop.send_replace(true);
        if let Some(why) = early {
            return Err(why.into());
        }
        let drained = server.await?;
        if drained.cut > 0 {
            tracing::warn!(cut = drained.cut, "connections were cut that did not finish in time");
        }
        worker.await?;
        puller.await?;
        Ok(())
    }
}

fn worker(engine: Arc<Engine>, base_url: &str) -> Result<Worker, Failure> {
    let sender = Sender::new(engine.mode.webhook_policy())?;
    let deliveries = Deliveries::new(sender, render_event(base_url)).with_orders(render_order_event());
    Ok(Worker::new(engine, deliveries))
}

/// Works until the stop; without a worker it only waits for that.
async fn work(worker: Option<Worker>, stop: impl Future<Output = ()>) {
    match worker {
        Some(worker) => worker.run(stop).await,
        None => stop.await,
    }
}

/// Pulls shared lists until the stop, if there are sources.
async fn pull(puller: Option<Puller>, stop: impl Future<Output = ()>) {
    match puller {
        Some(puller) => puller.run(stop).await,
        None => stop.await,
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

/// API and pages of an instance.
fn router(
    engine: &Arc<Engine>,
    (base_url, wechat_base_url): (&str, &str),
    notes: Option<SandboxNotes>,
    rate: Rate,
) -> Result<Router, Failure> {
    let api = Api::limited(Arc::clone(engine), base_url, rate.payer());
    let mut documents = [openapi::document(), payer::document()].map(serde_json::to_value);
    for document in documents.iter_mut().flatten() {
        document["servers"] = json!([{"url": base_url}]);
    }
    let [merchants, payers] = documents;
    let pages = Pages::with_documents(Arc::clone(engine), base_url, [merchants?, payers?]);
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
    let tries = Arc::new(Tries::new(rate));
    let count = map_request(move |request| ready(tries.count(request)));
    let payers = payer::router(Arc::clone(&api)).layer(from_fn(tries::refuse)).layer(count.clone());
    router = router.merge(payers).merge(shown.layer(count).layer(map_request(name_request)));
    let router = router.layer(limit).merge(door);
    Ok(if is_shown { recorded(&api, router) } else { router })
}

/// Tells the pages what the listener calls a request, so that an error page and the log name it alike.
async fn name_request(mut request: Request) -> Request {
    if let Some(arrival) = Arrival::of(request.extensions()) {
        let (name, address) = (arrival.request_id.to_string(), arrival.peer.ip());
        request.extensions_mut().insert(RequestName(name));
        request.extensions_mut().insert(CameFrom(address));
    }
    request
}
