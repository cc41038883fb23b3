//! Contacts (联系方式): a payer's mail address, and what it wants to be told by what.
//!
//! ```text
//!   address typed ──▶ code sent there ── right ──▶ confirmed ── removed ──▶ none
//! ```
//!
//! **Invariants.** Nothing but a code is ever sent to an address that was not confirmed. What may be a thief's doing
//! is sent by all media, whatever the payer chose.

use serde::{Deserialize, Serialize};

use super::{Address, Language, Medium, told::AccountTold};
use crate::{
    ChangeSet, Context, Facts, Key, Refusal, Stop, Time,
    facts::Entity as _,
    id::{ContactId, PayerId},
    message::{self, Text},
    payer::{CodeDay, OneTimeCode, Payer, known, sign_up::SignUp},
};

/// What a payer wants of news.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// News by SMS.
    pub sms: bool,
    /// News by mail, where an address was confirmed.
    pub mail: bool,
    /// The language of all notices.
    pub language: Language,
}

impl Default for Choice {
    /// As for who never chose.
    fn default() -> Choice {
        Choice { sms: true, mail: true, language: Language::Zh }
    }
}

/// A mail address.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailAddress {
    /// The address, sealed by the shell.
    pub sealed: String,
    /// The address, masked.
    pub hint: String,
}

/// An address that waits for its code.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskedAddress {
    /// Which.
    pub address: MailAddress,
    /// The code that was sent there, until it is used.
    pub code: Option<OneTimeCode>,
}

/// How a payer is reached.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// Its id.
    pub id: ContactId,
    /// How often it changed.
    pub version: u32,
    /// Whose.
    pub payer: PayerId,
    /// The address that was confirmed.
    pub mail: Option<MailAddress>,
    /// The address that waits for its code.
    pub asked: Option<AskedAddress>,
    /// The day of the codes that were sent to addresses.
    #[serde(default, skip_serializing_if = "CodeDay::is_empty")]
    pub code_day: CodeDay,
    /// What the payer wants.
    pub choice: Choice,
    /// The day that `news` is about, in days since 1970-01-01 in China.
    pub day: i64,
    /// How many messages of that day left as news.
    pub news: u16,
    /// When it was made.
    pub created_at: Time,
}

impl std::fmt::Debug for Contact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Contact({}, of {}, version {})", self.id, self.payer, self.version)
    }
}

impl Contact {
    /// Where mail goes.
    pub fn mail_address(&self) -> Option<Address> {
        self.mail.as_ref().map(MailAddress::address)
    }

    /// How many messages of this moment's day left as news.
    pub const fn news_on(&self, at: Time) -> u16 {
        if self.day == at.china_day() { self.news } else { 0 }
    }

    fn next(&self) -> Contact {
        Contact { version: self.version.saturating_add(1), ..self.clone() }
    }
}

impl MailAddress {
    fn address(&self) -> Address {
        Address { medium: Medium::Mail, sealed: self.sealed.clone(), hint: self.hint.clone() }
    }
}

/// Where a payer is reached by SMS.
pub fn phone(payer: &Payer) -> Address {
    Address { medium: Medium::Sms, sealed: payer.phone_sealed.clone(), hint: payer.phone_hint.clone() }
}

/// The next version of what is known, or a first one.
fn next(cx: &mut Context, before: Option<&Contact>, payer: PayerId) -> Contact {
    before.map_or_else(
        || Contact {
            id: cx.draw(),
            version: 1,
            payer,
            mail: None,
            asked: None,
            code_day: CodeDay::default(),
            choice: Choice::default(),
            day: cx.at().china_day(),
            news: 0,
            created_at: cx.at(),
        },
        Contact::next,
    )
}

fn of(facts: &dyn Facts, payer: PayerId) -> Result<Option<&Contact>, Stop> {
    Ok(facts.find::<Contact>(&Key::ContactOf(payer))?)
}

/// One more message that leaves as news today.
pub(super) fn count_news(cx: &mut Context, before: Option<&Contact>, payer: PayerId) -> Contact {
    let news = before.map_or(0, |before| before.news_on(cx.at())).saturating_add(1);
    Contact { day: cx.at().china_day(), news, ..next(cx, before, payer) }
}

/// A payer says what it wants.
pub fn choose(facts: &dyn Facts, cx: &mut Context, id: PayerId, choice: Choice) -> Result<ChangeSet, Stop> {
    let payer = known(facts, id)?;
    let before = of(facts, id)?;
    let mut change = ChangeSet::default();
    if before.map(|before| before.choice).unwrap_or_default() != choice {
        change.put(Contact { choice, ..next(cx, before, payer.id) });
    }
    Ok(change)
}

/// A payer names a mail address; a code with this digest is sent there. The address that was confirmed before stays
/// until the new one is.
pub fn ask_mail(
    facts: &dyn Facts,
    cx: &mut Context,
    id: PayerId,
    address: &MailAddress,
    digest: [u8; 32],
) -> Result<ChangeSet, Stop> {
    let payer = known(facts, id)?;
    let before = of(facts, id)?;
    let sent = before.and_then(|before| before.asked.as_ref()).and_then(|asked| asked.code.as_ref());
    let code_day = before.map(|before| before.code_day).unwrap_or_default().send(sent, cx.at(), true)?;
    let code = Some(OneTimeCode { digest, sent_at: cx.at(), tries: 0 });
    let asked = Some(AskedAddress { address: address.clone(), code });
    let mut change = ChangeSet::default();
    change.put(Contact { asked, code_day, ..next(cx, before, payer.id) });
    Ok(change)
}

/// Sends the code of an address that was named there, sealed; in a sandbox its inbox shows it instead.
pub fn mail_code(
    facts: &dyn Facts,
    cx: &mut Context,
    change: &mut ChangeSet,
    id: PayerId,
    (address, sealed, inbox): (&MailAddress, String, Option<String>),
) -> Result<(), Stop> {
    let payer = known(facts, id)?;
    if let Some(code) = inbox {
        change.put(message::create(cx, id, address.hint.clone(), Text::MailCode(code)));
    } else {
        let language = language_of(facts, payer.id)?;
        super::send_code(cx, change, id, (address.address(), language), sealed);
    }
    Ok(())
}

/// Sends a one-time code, sealed, to a payer's phone, now.
pub fn phone_code(
    facts: &dyn Facts,
    cx: &mut Context,
    change: &mut ChangeSet,
    id: PayerId,
    sealed: String,
) -> Result<(), Stop> {
    let (address, language) = (phone(known(facts, id)?), language_of(facts, id)?);
    super::send_code(cx, change, id, (address, language), sealed);
    Ok(())
}

/// Sends the code of a sign-up that this change holds, sealed, to the number that is on its way to an account.
pub fn entry_code(cx: &mut Context, change: &mut ChangeSet, to: Address, sealed: String) {
    let sign_up = change.records.iter().find_map(SignUp::of);
    if let Some(payer) = sign_up.map(|sign_up| sign_up.payer) {
        super::send_code(cx, change, payer, (to, Language::default()), sealed);
    }
}

/// The account of a payer is closed: nothing is sent by mail any more, and the address is forgotten.
pub(crate) fn forget(facts: &dyn Facts, change: &mut ChangeSet, payer: PayerId) -> Result<(), Stop> {
    if let Some(before) = of(facts, payer)?.filter(|before| before.mail.is_some() || before.asked.is_some()) {
        change.put(Contact { mail: None, asked: None, ..before.next() });
    }
    Ok(())
}

fn language_of(facts: &dyn Facts, payer: PayerId) -> Result<Language, Stop> {
    Ok(of(facts, payer)?.map(|known| known.choice.language).unwrap_or_default())
}

/// Whether the code from the address was right: then notices go there from now on, and the payer is told in the wallet
/// and by SMS. A wrong one is counted.
pub fn confirm_mail(
    facts: &dyn Facts,
    cx: &mut Context,
    id: PayerId,
    digest: &[u8; 32],
) -> Result<(ChangeSet, bool), Stop> {
    let payer = known(facts, id)?;
    let before = of(facts, id)?.ok_or(Refusal::WrongCode)?;
    let asked = before.asked.as_ref().ok_or(Refusal::WrongCode)?;
    let (code, code_day, right) = before.code_day.used(asked.code.as_ref(), cx.at(), digest)?;
    let mut change = ChangeSet::default();
    let after = if right {
        let told = AccountTold::MailAdded { address: asked.address.hint.clone() };
        change.put(message::tell(cx, payer, Text::Account(told)));
        Contact { mail: Some(asked.address.clone()), asked: None, code_day, ..before.next() }
    } else {
        Contact { asked: Some(AskedAddress { code, ..asked.clone() }), code_day, ..before.next() }
    };
    change.put(after);
    Ok((change, right))
}

/// Sends nothing by mail any more. Without an address nothing changes.
pub fn remove_mail(facts: &dyn Facts, cx: &mut Context, id: PayerId) -> Result<ChangeSet, Stop> {
    let payer = known(facts, id)?;
    let mut change = ChangeSet::default();
    let Some(before) = of(facts, id)?.filter(|before| before.mail.is_some() || before.asked.is_some()) else {
        return Ok(change);
    };
    if let Some(mail) = &before.mail {
        let told = AccountTold::MailRemoved { address: mail.hint.clone() };
        change.put(message::tell(cx, payer, Text::Account(told)));
    }
    change.put(Contact { mail: None, asked: None, ..before.next() });
    Ok(change)
}
