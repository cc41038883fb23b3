//! By which media a message leaves, and when.

use super::{
    Address, Medium, Urgency, What,
    contact::{self, Contact},
    put,
};
use crate::{
    ChangeSet, Context, Facts, Key, Refusal, Stop, TaskKey, Time,
    id::MessageId,
    message::Message,
    payer::Payer,
    time::{CHINA_AHEAD_MS, DAY_MS},
};

/// Messages of a day that leave the platform as news. Who gets more reads them in the wallet.
pub const NEWS_PER_DAY_MAX: u16 = 20;
/// The hour at which the night begins in China: commercial short messages stop then by the carriers' rules.
pub const QUIET_FROM_H: i64 = 22;
/// The hour at which it ends.
pub const QUIET_UNTIL_H: i64 = 8;

const HOUR_MS: i64 = 3_600 * 1_000;

/// The first moment from `at` on that is not at night in China.
pub fn awake(at: Time) -> Time {
    let of_day_ms = at.ms().saturating_add(CHINA_AHEAD_MS).rem_euclid(DAY_MS);
    let (from_ms, until_ms) = (QUIET_FROM_H.saturating_mul(HOUR_MS), QUIET_UNTIL_H.saturating_mul(HOUR_MS));
    if of_day_ms < until_ms {
        at.plus_ms(until_ms.saturating_sub(of_day_ms))
    } else if of_day_ms >= from_ms {
        at.plus_ms(DAY_MS.saturating_sub(of_day_ms).saturating_add(until_ms))
    } else {
        at
    }
}

/// Plans the notices of a message. `carried` are the media that have a way out; the worker must still hold `lease`.
pub fn plan(
    facts: &dyn Facts,
    cx: &mut Context,
    id: MessageId,
    lease: TaskKey,
    carried: &[Medium],
) -> Result<ChangeSet, Stop> {
    lease.held(facts)?;
    let mut change = ChangeSet { done: vec![lease], ..ChangeSet::default() };
    let message = facts.get::<Message>(id)?.ok_or(Refusal::NotFound("message"))?;
    let Some(payer) = facts.get::<Payer>(message.payer)? else { return Ok(change) };
    let known = facts.find::<Contact>(&Key::ContactOf(payer.id))?;
    let language = known.map(|known| known.choice.language).unwrap_or_default();
    let urgency = message.text.urgency();
    let addresses: Vec<Address> = addresses(payer, known, urgency)
        .into_iter()
        .filter(|address| carried.contains(&address.medium))
        .collect();
    let due_at = match urgency {
        Urgency::Code => return Ok(change),
        Urgency::Alert => cx.at(),
        Urgency::News => awake(cx.at()),
    };
    if addresses.is_empty() {
        return Ok(change);
    }
    if urgency == Urgency::News {
        let counted = contact::count_news(cx, known, payer.id);
        if counted.news_on(cx.at()) > NEWS_PER_DAY_MAX {
            return Ok(change);
        }
        change.put(counted);
    }
    for address in addresses {
        put(cx, &mut change, payer.id, (address, language), What::Message(id), due_at);
    }
    Ok(change)
}

/// Where a payer is reached about something so urgent.
fn addresses(payer: &Payer, known: Option<&Contact>, urgency: Urgency) -> Vec<Address> {
    let choice = known.map(|known| known.choice).unwrap_or_default();
    let wants = |chosen: bool| chosen || urgency == Urgency::Alert;
    let phone = contact::phone(payer);
    let mail = known.and_then(Contact::mail_address).filter(|_| wants(choice.mail));
    wants(choice.sms).then_some(phone).into_iter().chain(mail).collect()
}
