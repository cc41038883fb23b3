//! Signing up: a phone number that nobody has, a code, a payment password.
//!
//! ```text
//!   send ──▶ code sent ── right ──▶ proven ── password, within 15 minutes ──▶ a payer
//!              ▲    │ wrong: counted
//!              └────┘ sent again
//! ```
//!
//! **Invariants.** The id of the payer is drawn with the first code, so what is sent to a number is the account's to
//! come. Who proved the number holds a ticket; nobody else's password is taken. A number has one payer.

use serde::{Deserialize, Serialize};

use super::{
    CodeDay, Codes, NewPayer, OneTimeCode, Payer, free, fresh,
    identity::Identity,
    session::{self, SignIn},
};
use crate::{
    ChangeSet, Context, Facts, Key, Refusal, Stop, Time,
    id::{PayerId, SessionId, SignUpId},
    limits::SIGN_UP_LIFE_MS,
    message::{self, Text},
};

/// That somebody proved to have the number.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    /// Digest of the secret that the browser was given.
    pub digest: [u8; 32],
    /// When the code was typed.
    pub at: Time,
}

/// A phone number on its way to an account.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignUp {
    /// Its id.
    pub id: SignUpId,
    /// How often it changed.
    pub version: u32,
    /// The id that the payer will have.
    pub payer: PayerId,
    /// Keyed digest of the phone number.
    pub phone_digest: [u8; 32],
    /// The code sent last, until it is used.
    pub code: Option<OneTimeCode>,
    /// The day of its codes.
    #[serde(default, skip_serializing_if = "CodeDay::is_empty")]
    pub code_day: CodeDay,
    /// Who may choose the password.
    pub ticket: Option<Ticket>,
    /// When the first code was sent.
    pub created_at: Time,
}

impl std::fmt::Debug for SignUp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SignUp({}, version {})", self.id, self.version)
    }
}

impl SignUp {
    fn next(&self) -> SignUp {
        SignUp { version: self.version.saturating_add(1), ..self.clone() }
    }
}

/// A number that nobody has, and the message that an inbox shows.
#[derive(Clone)]
pub struct Sending {
    /// Keyed digest of the number.
    pub phone_digest: [u8; 32],
    /// The number, masked.
    pub phone_hint: String,
    /// Keyed digest of the code.
    pub code_digest: [u8; 32],
    /// The code, where there is an inbox to show it in.
    pub inbox: Option<String>,
}

/// Sends a one-time code to a number that nobody has.
pub fn send_code(facts: &dyn Facts, cx: &mut Context, new: &Sending) -> Result<ChangeSet, Stop> {
    free(facts, &new.phone_digest)?;
    let before = facts.find::<SignUp>(&Key::SignUp(new.phone_digest))?;
    let day = before.map(|known| known.code_day).unwrap_or_default();
    let code_day = day.send(before.and_then(|known| known.code.as_ref()), cx.at(), new.inbox.is_none())?;
    let code = Some(OneTimeCode { digest: new.code_digest, sent_at: cx.at(), tries: 0 });
    let sign_up = match before {
        // The payer of this one exists, and its account is closed: the next is another.
        Some(known) if facts.get::<Payer>(known.payer)?.is_some() => {
            SignUp { payer: cx.draw(), code, code_day, ticket: None, ..known.next() }
        }
        Some(known) => SignUp { code, code_day, ticket: None, ..known.next() },
        None => SignUp {
            id: cx.draw(),
            version: 1,
            payer: cx.draw(),
            phone_digest: new.phone_digest,
            code,
            code_day,
            ticket: None,
            created_at: cx.at(),
        },
    };
    let mut change = ChangeSet::default();
    if let Some(code) = &new.inbox {
        let text = Text::SignInCode(code.clone());
        change.put(message::create(cx, sign_up.payer, new.phone_hint.clone(), text));
    }
    change.put(sign_up);
    Ok(change)
}

/// Whether a code was right; if so, `ticket` is the digest of what the browser is given. A wrong code is counted.
pub fn use_code(
    facts: &dyn Facts,
    cx: &Context,
    phone_digest: &[u8; 32],
    digest: &[u8; 32],
    ticket: [u8; 32],
) -> Result<(ChangeSet, bool), Stop> {
    free(facts, phone_digest)?;
    let sign_up = facts.find::<SignUp>(&Key::SignUp(*phone_digest))?.ok_or(Refusal::WrongCode)?;
    let (code, code_day, right) = sign_up.code_day.used(sign_up.code.as_ref(), cx.at(), digest)?;
    let ticket = right.then(|| Ticket { digest: ticket, at: cx.at() });
    let mut change = ChangeSet::default();
    change.put(SignUp { code, code_day, ticket, ..sign_up.next() });
    Ok((change, right))
}

/// Makes the payer, signed in on this device. The ticket is used up; one that is old or another's is refused as a
/// code would be.
pub fn finish(
    facts: &dyn Facts,
    cx: &mut Context,
    new: &NewPayer,
    ticket: &[u8; 32],
    sign_in: &SignIn,
) -> Result<(ChangeSet, (PayerId, SessionId)), Stop> {
    let sign_up = facts.find::<SignUp>(&Key::SignUp(new.phone_digest))?.ok_or(Refusal::WrongCode)?;
    let good = |held: &&Ticket| held.digest == *ticket && cx.at().since_ms(held.at) < SIGN_UP_LIFE_MS;
    sign_up.ticket.as_ref().filter(good).ok_or(Refusal::WrongCode)?;
    let phone_turn = free(facts, &new.phone_digest)?;
    let id = sign_up.payer;
    let mut change = ChangeSet::default();
    // Nothing is paid from the balance before the payer is verified.
    let (identity, codes) = (Some(Identity::Unverified), Box::new(Codes::entered(sign_up.code_day)));
    change.put(Payer { codes, identity, phone_turn, ..fresh(id, cx.at(), new) });
    let session = session::first(facts, cx, &mut change, id, sign_in)?;
    change.put(SignUp { ticket: None, ..sign_up.next() });
    Ok((change, (id, session)))
}
