//! The decision about what is asked for, inside its own step.
//!
//! ```text
//!   frozen, closed, over a limit ──▶ refused by the step itself, before
//!   on a list that blocks ─────────▶ block
//!   features ─▶ score ─▶ rules ────▶ allow, challenge, review, block
//! ```
//!
//! **Invariants.** What is judged is what the step is about to do, by profiles of the same facts. Without a judge
//! nothing is judged. If the judge cannot answer, small amounts go on and others are challenged
//! ([`UNJUDGED_AMOUNT_MAX`]).
//!
//! **Absent on purpose:** other currencies than yuan: nobody here knows what they are worth.

use tongbao_money::{Currency, Money};
use tongbao_risk::{
    choices::{Category, Level, Means, Operation, Scene},
    judge::{Judge, Listed, Party, Subject},
    profile::Profile,
};

use super::{
    Assessment, Decision,
    list::{Entity, EntityKind, Source, Standing, standing},
    profile::{RiskProfile, entity, seconds},
};
use crate::{
    Context, Facts, Id, Need, Stop, Time, Want,
    card::{Card, CardKind, CardNumber},
    id::{CardId, MerchantId, PayerId},
    ledger::Account,
    merchant::Merchant,
    payer::{
        Payer,
        identity::{self, Identity},
    },
};

/// The most that goes on without an answer, in fen: 1,000 yuan, as what is confirmed once by who is hardly known.
pub const UNJUDGED_AMOUNT_MAX: i64 = 100_000;

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'a> {
    /// What.
    pub(crate) operation: Operation,
    /// Where.
    pub(crate) scene: Scene,
    /// How much.
    pub(crate) money: Money,
    /// Who pays.
    pub(crate) payer: &'a Payer,
    /// Who is paid.
    pub(crate) payee: Option<Recipient>,
    /// By which card; none from the balance.
    pub(crate) card: Option<CardId>,
    /// Whether another channel than balance or card pays.
    pub(crate) is_channel: bool,
}

/// Who is paid.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Recipient {
    /// A merchant.
    Merchant(MerchantId),
    /// Another payer.
    Payer(PayerId),
}

impl Recipient {
    /// Its id.
    pub(super) fn id(self) -> Id {
        match self {
            Recipient::Merchant(id) => id.into(),
            Recipient::Payer(id) => id.into(),
        }
    }
}

/// Somebody or something involved.
struct Involved {
    id: Id,
    name: String,
    since: Time,
}

impl Involved {
    fn new(id: Id, since: Time) -> Involved {
        Involved { id, name: id.to_string(), since }
    }

    fn party<'a>(&'a self, profile: &'a Profile) -> Party<'a> {
        Party { name: &self.name, id: entity(self.id), profile, since_s: seconds(self.since) }
    }
}

/// Judges what is asked for; none where nothing judges it.
pub(crate) fn assess(facts: &dyn Facts, cx: &Context, asked: &Asked<'_>) -> Result<Option<Assessment>, Stop> {
    let Some(judge) = cx.judge().filter(|_| asked.money.currency == Currency::CNY) else { return Ok(None) };
    let payer = Involved::new(asked.payer.id.into(), asked.payer.created_at);
    let payee = payee(facts, asked.payee)?;
    let card = asked.card.map(|id| facts.get::<Card>(id)).transpose()?.flatten();
    let number = card.map(|card| Involved::new(card.number.into(), card.bound_at));
    load(facts, [Some(&payer), payee.as_ref(), number.as_ref()])?;
    let standing = listed(facts, cx.at(), asked, card)?;
    if let Some(mark) = standing.block_final.as_ref().or(standing.block.as_ref()) {
        return Ok(Some(Assessment::listed(judge, Decision::Block, mark)));
    }
    if let Some(mark) = &standing.allow {
        return Ok(Some(Assessment::listed(judge, Decision::Allow, mark)));
    }
    let nothing = Profile::default();
    let profile = |of: &Involved| -> Result<&Profile, Need> {
        Ok(RiskProfile::find(facts, of.id)?.map_or(&nothing, |known| &known.profile))
    };
    let payees = payee.as_ref().map(|of| Ok::<_, Need>(of.party(profile(of)?))).transpose()?;
    let cards = number.as_ref().map(|of| Ok::<_, Need>(of.party(profile(of)?))).transpose()?;
    let available = Account::PayerAvailable(asked.payer.id).of(asked.money.currency);
    let subject = Subject {
        at_s: seconds(cx.at()),
        operation: asked.operation,
        scene: asked.scene,
        means: means(asked, card),
        category: Category::General,
        level: level(asked.payer),
        amount: asked.money.amount,
        balance_before: facts.account(&available)?.balance(),
        age: None,
        payer: payer.party(profile(&payer)?),
        payee: payees,
        card: cards,
        device: None,
        address: None,
        signed_in_s: None,
        is_device_of_payee: false,
        wrong_passwords: asked.payer.password_tries.into(),
        listed: watched(&standing),
    };
    Ok(Some(answer(judge, &subject)))
}

/// How those involved stand on the lists. Nobody pays a payer that may not pay.
fn listed(facts: &dyn Facts, at: Time, asked: &Asked<'_>, card: Option<&Card>) -> Result<Standing, Stop> {
    let mut entities = vec![Entity::Payer(asked.payer.id), Entity::Phone(asked.payer.phone_digest)];
    match asked.payee {
        Some(Recipient::Merchant(id)) => entities.push(Entity::Payee(id.into())),
        Some(Recipient::Payer(id)) => entities.extend([Entity::Payee(id.into()), Entity::Payer(id)]),
        None => {}
    }
    if let Some(number) = card.map(|card| facts.get::<CardNumber>(card.number)).transpose()?.flatten() {
        entities.push(Entity::Card(number.number_digest));
    }
    standing(facts, &entities, at)
}

/// What rules are told of an entry that does not decide by itself.
fn watched(standing: &Standing) -> Listed {
    let Some(mark) = &standing.watch else { return Listed::default() };
    let is_foreign = mark.source != Source::Own;
    let is_payee = mark.kind == EntityKind::Payee;
    Listed {
        payer_watch: !is_foreign && !is_payee,
        payee_watch: !is_foreign && is_payee,
        device_watch: false,
        payer_foreign: is_foreign && !is_payee,
        payee_foreign: is_foreign && is_payee,
    }
}

/// What the judge says; without an answer, what goes on is small.
fn answer(judge: &Judge, subject: &Subject<'_>) -> Assessment {
    match judge.judge(subject) {
        Ok(said) => Assessment::of(judge, &said),
        Err(_) if subject.amount.minor() <= UNJUDGED_AMOUNT_MAX => {
            Assessment::unjudged(judge, Decision::Allow)
        }
        Err(_) => Assessment::unjudged(judge, Decision::ChallengeCode),
    }
}

/// Asks for all profiles at once, so that the decision is asked again once and not for each of them.
fn load(facts: &dyn Facts, involved: [Option<&Involved>; 3]) -> Result<(), Need> {
    let ids = involved.into_iter().flatten().map(|of| Id::from(RiskProfile::id_of(of.id)));
    let wanted: Vec<Want> = ids.filter(|id| facts.record(*id).is_err()).map(Want::Record).collect();
    if wanted.is_empty() { Ok(()) } else { Err(Need(Want::All(wanted))) }
}

fn payee(facts: &dyn Facts, payee: Option<Recipient>) -> Result<Option<Involved>, Stop> {
    let since = match payee {
        Some(Recipient::Merchant(id)) => facts.get::<Merchant>(id)?.map(|merchant| merchant.created_at),
        Some(Recipient::Payer(id)) => facts.get::<Payer>(id)?.map(|payer| payer.created_at),
        None => None,
    };
    Ok(payee.zip(since).map(|(payee, since)| Involved::new(payee.id(), since)))
}

fn means(asked: &Asked<'_>, card: Option<&Card>) -> Means {
    match card.map(|card| card.kind) {
        Some(CardKind::Debit) => Means::DebitCard,
        Some(CardKind::Credit) => Means::CreditCard,
        None if asked.is_channel => Means::Channel,
        None => Means::Balance,
    }
}

/// The level that rules are told. A payer whom the institution knows by rules of its own stands in the middle, one
/// whose level is not reached yet at the bottom.
fn level(payer: &Payer) -> Level {
    match payer.identity.as_ref().map(Identity::level) {
        Some(None | Some(identity::Level::One)) => Level::One,
        None | Some(Some(identity::Level::Two)) => Level::Two,
        Some(Some(identity::Level::Three)) => Level::Three,
    }
}
