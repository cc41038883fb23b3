//! The table of what can be done with frozen money, pure over the sharing alone.

use tongbao_money::Amount;

use super::{ORDERS_PER_SHARING_MAX, SHARED_AFTER_MS, SHARED_RATIO_MAX, Sharing};
use crate::Time;

/// What can be said to a sharing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// The merchant shares this much; what is left is unfrozen if it says so.
    Share {
        /// The sum of all shares of the request; zero is only a request to unfreeze.
        amount: Amount,
        /// Whether what is left is unfrozen.
        finish: bool,
    },
    /// A refund takes this much.
    Refund(Amount),
    /// The time may be over.
    Expire,
}

/// Why the answer is no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// It is finished.
    Finished,
    /// A minute has not passed since the payment.
    TooSoon,
    /// There were 50 requests.
    TooMany,
    /// More than 30 % of the payment in all.
    AboveRatio,
    /// More than is frozen.
    NotEnough,
}

/// The sharing after an input, and what goes from the frozen account to the merchant's other takings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Next {
    /// What it becomes; the version is still the old one.
    pub sharing: Sharing,
    /// What is unfrozen.
    pub unfrozen: Amount,
}

/// Decides; `Ok(None)` is "nothing to do".
pub fn decide(now: &Sharing, input: Input, at: Time) -> Result<Option<Next>, Denied> {
    let at = at.max(now.created_at);
    match (now.finished_at, input) {
        (None, Input::Share { amount, finish }) => share(now, amount, finish, at).map(Some),
        (Some(_), Input::Share { .. }) => Err(Denied::Finished),
        (None, Input::Refund(amount)) => {
            let frozen = now.frozen.minus(amount).ok_or(Denied::NotEnough)?;
            let refunded = now.refunded.plus(amount).unwrap_or(Amount::MAX);
            let sharing = Sharing { frozen, refunded, ..now.clone() };
            Ok(Some(Next { sharing, unfrozen: amount }))
        }
        (None, Input::Expire) if at >= now.ends_at => Ok(Some(finished(now, at))),
        // A refund of finished money is taken from the merchant's other takings.
        (Some(_), Input::Refund(_)) | (None | Some(_), Input::Expire) => Ok(None),
    }
}

fn share(now: &Sharing, amount: Amount, finish: bool, at: Time) -> Result<Next, Denied> {
    // What only unfreezes may come at any time and is not counted, so that no money is stuck.
    let shares = !amount.is_zero();
    if shares && at.since_ms(now.created_at) < SHARED_AFTER_MS {
        return Err(Denied::TooSoon);
    }
    if shares && now.orders >= ORDERS_PER_SHARING_MAX {
        return Err(Denied::TooMany);
    }
    let shared = now.shared.plus(amount).ok_or(Denied::AboveRatio)?;
    if exceeds_ratio(shared, now.total.amount) {
        return Err(Denied::AboveRatio);
    }
    let frozen = now.frozen.minus(amount).ok_or(Denied::NotEnough)?;
    let orders = now.orders.saturating_add(u16::from(shares));
    let sharing = Sharing { frozen, shared, orders, ..now.clone() };
    Ok(if finish { finished(&sharing, at) } else { Next { sharing, unfrozen: Amount::ZERO } })
}

/// Whether this is more than the greatest share, to the last fen: nothing is rounded.
fn exceeds_ratio(shared: Amount, total: Amount) -> bool {
    let scaled = |amount: Amount, by: u16| i128::from(amount.minor()).saturating_mul(i128::from(by));
    scaled(shared, tongbao_money::BasisPoints::WHOLE) > scaled(total, SHARED_RATIO_MAX.bps())
}

fn finished(now: &Sharing, at: Time) -> Next {
    let sharing = Sharing { frozen: Amount::ZERO, finished_at: Some(at), ..now.clone() };
    Next { sharing, unfrozen: now.frozen }
}
