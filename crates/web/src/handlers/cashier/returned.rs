//! `GET …/return`: the holder of a card is back from the bank's page, which says nothing: the bank is asked.
//!
//! **Invariant.** Loading the address again and again asks the bank once in [`PAUSE_MS`]; the worker asks as well.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Extension,
    extract::{Path, State},
    response::Response,
};
use tongbao_core::{
    Time,
    id::{PayerId, PaymentId},
};
use tongbao_engine::Error;

use super::Till;
use crate::handlers::{Pages, answer::Trouble, visit::Visit};

/// How soon the bank is asked again for the same payer and payment, in milliseconds.
const PAUSE_MS: i64 = 5_000;

/// Askings remembered: as many as come in that time, and a bound. Beyond it the worker asks.
const ASKED_MAX: usize = 1_024;

/// For whom and what the bank was asked a moment ago.
#[derive(Default)]
pub(in crate::handlers) struct AskedLately(Mutex<VecDeque<(PayerId, PaymentId, Time)>>);

impl AskedLately {
    /// Whether the bank may be asked now; then it is noted.
    fn may_ask(&self, (payer, payment): (PayerId, PaymentId), now: Time) -> bool {
        let mut asked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that was set back forgets them, too.
        asked.retain(|(_, _, at)| (0..PAUSE_MS).contains(&now.since_ms(*at)));
        let is_new = !asked.iter().any(|(who, what, _)| (*who, *what) == (payer, payment));
        let may = is_new && asked.len() < ASKED_MAX;
        if may {
            asked.push_back((payer, payment, now));
        }
        may
    }
}

pub(super) async fn came_back(
    State(pages): State<Arc<Pages>>,
    Extension(visit): Extension<Arc<Visit>>,
    Path(id): Path<String>,
) -> Result<Response, Trouble> {
    let till = Till::open(&pages, &visit, &id)?;
    let Some((_, payer)) = &till.payer else { return Ok(till.again()) };
    let which = (payer.id, till.payment.id);
    if pages.asked_lately.may_ask(which, till.now) {
        match pages.engine.holder_came_back(which.0, which.1).await {
            // Whatever hinders this, the worker asks the bank as well.
            Ok(()) | Err(Error::Refused(_)) => {}
            Err(Error::Fault(fault)) => return Err(fault.into()),
        }
    }
    Ok(till.again())
}

#[cfg(test)]
mod tests {
    use tongbao_core::id::TypedId as _;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_bank_is_asked_once_in_a_while_for_each_payer_and_payment() {
        let asked = AskedLately::default();
        let one = (PayerId::from_uuid(Uuid::from_u128(1)), PaymentId::from_uuid(Uuid::from_u128(1)));
        let other = (PayerId::from_uuid(Uuid::from_u128(2)), one.1);
        let at = |ms| Time::from_ms(1_750_000_000_000 + ms);
        assert!(asked.may_ask(one, at(0)));
        assert!(!asked.may_ask(one, at(PAUSE_MS - 1)));
        assert!(asked.may_ask(other, at(PAUSE_MS - 1)));
        assert!(asked.may_ask(one, at(PAUSE_MS)));
        assert!(asked.may_ask(one, at(-60_000)), "the clock was set back");
    }

    #[test]
    fn no_crowd_makes_it_remember_more_than_its_bound() {
        let asked = AskedLately::default();
        for number in 0..ASKED_MAX + 5 {
            let payment = PaymentId::from_uuid(Uuid::from_u128(u128::try_from(number).unwrap()));
            let payer = PayerId::from_uuid(Uuid::from_u128(7));
            assert_eq!(asked.may_ask((payer, payment), Time::from_ms(0)), number < ASKED_MAX);
        }
    }
}
