//! Two questions that whoever watches a process asks, and that are not the same.
//!
//! ```text
//!   GET /health/live    200 while the process answers at all: if not, start it anew
//!   GET /health/ready   200 while it can serve; 503 while it drains or the store does not answer: send others
//! ```
//! Both are outside the rate limits, and neither needs a key.
//!
//! **Invariants.** A store that hangs holds no thread that serves requests, and at most one thread in all. From
//! the signal that ends the process until its end it is not ready.

use std::{sync::Arc, time::Duration};

use axum::{Json, Router, extract::State, response::IntoResponse, routing::get};
use http::StatusCode;
use serde_json::{Value, json};
use tokio::{
    sync::{Semaphore, watch},
    task::spawn_blocking,
    time::timeout,
};
use tongbao_engine::Engine;
use tongbao_store::{Page, Query};

/// How long the store may take to say that it is there. Balancers commonly give a check two to five seconds
/// (`HAProxy` 2 s, Kubernetes 1 s at least), and an answer of 503 is worth more to them than none.
const ANSWER_MAX: Duration = Duration::from_secs(2);

struct Health {
    engine: Arc<Engine>,
    draining: watch::Receiver<bool>,
    asking: Arc<Semaphore>,
}

/// The two routes. `draining` says when the process has begun to end.
pub(crate) fn router(engine: &Arc<Engine>, draining: watch::Receiver<bool>) -> Router {
    let asking = Arc::new(Semaphore::new(1));
    let health = Arc::new(Health { engine: Arc::clone(engine), draining, asking });
    Router::new()
        .route("/health/live", get(async || Json(json!({"status": "live"}))))
        .route("/health/ready", get(ready))
        .with_state(health)
}

async fn ready(State(health): State<Arc<Health>>) -> impl IntoResponse {
    let unready = |why: &str| (StatusCode::SERVICE_UNAVAILABLE, Json(json!({"status": why})));
    if *health.draining.borrow() {
        return unready("draining");
    }
    match timeout(ANSWER_MAX, health.backlog()).await {
        Ok(Some(backlog)) => (StatusCode::OK, Json(backlog)),
        Ok(None) => unready("the store cannot be read"),
        Err(_) => unready("the store does not answer"),
    }
}

impl Health {
    /// What waits, if the store can be read. The question goes on when nobody waits for the answer any more, and
    /// the next one is asked after it.
    async fn backlog(&self) -> Option<Value> {
        let turn = Arc::clone(&self.asking).acquire_owned().await.ok()?;
        let engine = Arc::clone(&self.engine);
        let asked = spawn_blocking(move || {
            let page = engine.store.read(Query::Backlog(engine.now()));
            drop(turn);
            page
        });
        match asked.await {
            Ok(Ok(Page::Backlog(backlog))) => {
                let (due, oldest_ms) = (backlog.due, backlog.oldest_ms);
                Some(json!({"status": "ready", "tasks_due": due, "oldest_due_ms": oldest_ms}))
            }
            Ok(Ok(_) | Err(_)) | Err(_) => None,
        }
    }
}
