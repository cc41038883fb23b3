//! What was acknowledged, as those who asked have it in writing.

use std::collections::BTreeMap;

use serde_json::Value;
use tongbao_core::id::{PaymentId, RefundId, TransferId};

use crate::{
    acts::{Aim, Request},
    agenda::Epoch,
    seen::Rare,
    state::State,
};

/// The first answer to a key.
#[derive(Clone, Debug)]
struct First {
    request: String,
    status: u16,
    body: String,
    epoch: Epoch,
}

/// A payment or refund that a shop has in writing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Acknowledged {
    pub(crate) shop: usize,
    pub(crate) number: String,
    pub(crate) amount: i64,
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Book {
    answers: BTreeMap<(usize, String), First>,
    pub(crate) payments: BTreeMap<PaymentId, Acknowledged>,
    pub(crate) refunds: BTreeMap<RefundId, Acknowledged>,
    pub(crate) transfers: BTreeMap<TransferId, i64>,
    /// Acknowledgements, of all kinds.
    pub(crate) count: u64,
}

/// What a text says under a name.
pub(crate) fn text(body: &Value, name: &str) -> String {
    body.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

impl State {
    /// A shop has an answer in hand: the same question must always have had the same answer.
    pub(crate) fn keep_answer(&mut self, request: &Request, (status, body): (u16, &str), replayed: bool) {
        let own = format!("{} {} {}", request.method, request.path, request.body);
        self.book.count = self.book.count.saturating_add(1);
        if replayed {
            self.see(Rare::Replayed);
        }
        if let Some(key) = &request.key {
            let named = (request.shop, key.clone());
            let epoch = self.epoch;
            // That a key is another request's is not kept under it.
            let is_reused = status == 409 && body.contains("idempotency_key_reused");
            match self.book.answers.get(&named).cloned() {
                None if is_reused => self.see(Rare::KeyReused),
                None => {
                    let first = First { request: own, status, body: body.to_owned(), epoch };
                    self.book.answers.insert(named, first);
                }
                Some(first) if first.request == own => {
                    if (first.status, first.body.as_str()) != (status, body) {
                        let was = format!("{} {}", first.status, first.body);
                        self.violated(format!("{own} under {key}: first {was}, then {status} {body}"));
                    }
                    if replayed && first.epoch != epoch {
                        self.see(Rare::ReplayedAfterDeath);
                    }
                }
                Some(_) if is_reused => self.see(Rare::KeyReused),
                Some(_) => self.violated(format!("{own} used the key {key} again and was told {status}")),
            }
        }
        if matches!(status, 200 | 201) {
            self.acknowledge(request, body);
        }
    }

    fn acknowledge(&mut self, request: &Request, body: &str) {
        let said: Value = serde_json::from_str(body).unwrap_or_default();
        let shop = request.shop;
        let amount = said.get("amount").and_then(Value::as_i64).unwrap_or_default();
        let id = text(&said, "id");
        match request.aim {
            Aim::Order | Aim::Close | Aim::Look => {
                let Ok(id) = id.parse::<PaymentId>() else { return };
                let number = text(&said, "order_no");
                let now = Acknowledged { shop, number, amount };
                let known = self.book.payments.entry(id).or_insert_with(|| now.clone());
                if *known != now {
                    self.violated(format!("{id} was acknowledged in two ways"));
                }
            }
            Aim::Refund(_) => {
                let Ok(id) = id.parse::<RefundId>() else { return };
                let number = text(&said, "refund_no");
                let now = Acknowledged { shop, number, amount };
                let known = self.book.refunds.entry(id).or_insert_with(|| now.clone());
                if *known != now {
                    self.violated(format!("{id} was acknowledged in two ways"));
                }
            }
        }
    }
}
