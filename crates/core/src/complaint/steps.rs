//! Raising a complaint, answering it, and telling the merchant of both.

use super::{Complaint, Deed, Denied, ProblemKind, Stage, Status, Turn, WechatComplaint};
use crate::{
    ChangeSet, Context, Facts, Key, Refusal, Stop,
    delivery::Dialect,
    event::{self, Audience, EventKind, Subject},
    id::{ComplaintId, PayerId, PaymentId},
    payer,
    payment::Payment,
    wechat::{merchant, number},
};

/// A complaint to be raised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewComplaint {
    /// Who complains.
    pub payer: PayerId,
    /// About which payment, which this payer has paid.
    pub payment: PaymentId,
    /// What about.
    pub kind: ProblemKind,
    /// In the payer's words.
    pub text: String,
}

/// Raises a complaint, or the one that there is again. The same words right after each other are one complaint.
pub fn raise(
    facts: &dyn Facts,
    cx: &mut Context,
    new: &NewComplaint,
) -> Result<(ChangeSet, Complaint), Stop> {
    let deed = Deed::Complained { kind: new.kind, text: new.text.clone() };
    deed.check()?;
    payer::known(facts, new.payer)?;
    let payment = facts.get::<Payment>(new.payment)?.ok_or(Refusal::NotFound("payment"))?;
    let paid = payment.paid_by().ok_or(Refusal::NotPaid)?;
    if paid.payer != new.payer {
        return Err(Refusal::NotFound("payment").into());
    }
    let mut change = ChangeSet::default();
    let complaint = match facts.find::<Complaint>(&Key::ComplaintOf(payment.id))? {
        Some(now) => match now.after(&deed, cx.at()) {
            Ok(Some(next)) => next,
            Ok(None) => return Ok((change, now.clone())),
            Err(_) => {
                let must = "one whose complaint has room for more";
                return Err(Refusal::Invalid { param: "payment", must }.into());
            }
        },
        None => first(facts, cx, payment, new, deed)?,
    };
    tell(facts, cx, &mut change, &complaint)?;
    change.put(complaint.clone());
    Ok((change, complaint))
}

fn first(
    facts: &dyn Facts,
    cx: &mut Context,
    payment: &Payment,
    new: &NewComplaint,
    deed: Deed,
) -> Result<Complaint, Stop> {
    let id: ComplaintId = cx.draw();
    let wechat = match &payment.wechat {
        Some(order) => Some(WechatComplaint {
            mchid: order.terms.mchid.clone(),
            complaint_id: number::complaint_id(facts, id.into())?,
        }),
        None => None,
    };
    Ok(Complaint {
        id,
        version: 1,
        merchant: payment.merchant,
        app: payment.app,
        payer: new.payer,
        payment: payment.id,
        stage: Stage { kind: new.kind, status: Status::Pending, verdict: None },
        text: new.text.clone(),
        times: 1,
        turns: vec![Turn { deed, at: cx.at() }],
        created_at: cx.at(),
        wechat,
    })
}

/// What became of a merchant's deed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answered {
    /// It is done, now or before.
    Done(Box<Complaint>),
    /// There is no such complaint about this merchant number.
    Unknown,
    /// It cannot be done as the complaint stands.
    Denied(Denied),
}

/// A merchant number does something about a complaint. The payer's deeds are not a merchant's.
pub fn answer(
    facts: &dyn Facts,
    cx: &mut Context,
    mchid: &str,
    complaint_id: &str,
    deed: &Deed,
) -> Result<(ChangeSet, Answered), Stop> {
    let none = |answered| Ok((ChangeSet::default(), answered));
    deed.check()?;
    let found = facts.find::<Complaint>(&Key::WechatComplaint(complaint_id.to_owned()))?;
    let Some(now) = found.filter(|found| found.is_about(mchid) && !deed.is_payers()) else {
        return none(Answered::Unknown);
    };
    match now.after(deed, cx.at()) {
        Ok(Some(next)) => {
            let mut change = ChangeSet::default();
            tell(facts, cx, &mut change, &next)?;
            change.put(next.clone());
            Ok((change, Answered::Done(Box::new(next))))
        }
        Ok(None) => none(Answered::Done(Box::new(now.clone()))),
        Err(denied) => none(Answered::Denied(denied)),
    }
}

/// Tells the app's endpoints, and the merchant number at the address that it has set for this.
fn tell(
    facts: &dyn Facts,
    cx: &mut Context,
    change: &mut ChangeSet,
    complaint: &Complaint,
) -> Result<(), Stop> {
    let address = match &complaint.wechat {
        Some(wechat) => merchant::known(facts, &wechat.mchid)?.complaint_address.as_ref(),
        None => None,
    };
    let audience = Audience {
        app: complaint.app,
        notify_url: address.map(|address| address.url.as_str()),
        dialect: Dialect::Wechat,
        copies: 1,
        probe: false,
    };
    let Some(told) = complaint.told(address.is_some_and(|address| address.by_public_key)) else {
        return Ok(());
    };
    let kind = if told.is_first() { EventKind::ComplaintCreated } else { EventKind::ComplaintChanged };
    event::announce(facts, cx, change, audience, kind, Subject::Complaint(Box::new(told)))
}
