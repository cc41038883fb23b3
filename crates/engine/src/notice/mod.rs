//! Notices: what leaves the platform for payers' phones and mailboxes, and the ports it leaves by.
//!
//! **Invariants.** Nothing is sent inside a step. A notice is named by its id each time it is sent, so whoever carries
//! it can drop a repetition; no answer is tried again, by the notice's own schedule. Neither an address nor a text is
//! in any log or debug output.

mod mail;
mod sms;

use std::{fmt, future::ready, sync::Arc};

use tongbao_core::{
    Actor, Refusal, TaskKey,
    id::{MessageId, NoticeId, PayerId},
    message::{Message, Text},
    notice::{
        self, Carried, Language, Medium, Notice, What,
        contact::{Choice, MailAddress},
    },
};
use tongbao_store::Fault;
use zeroize::Zeroizing;

pub use self::{
    mail::{MailCarrier, MailSecurity, MailSettings, mail_address},
    sms::SmsCarrier,
};
use crate::{Call, Engine, Error, Input, account::Purpose, vault::Field};

/// What a payer reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wording {
    /// The subject, for mail.
    pub subject: String,
    /// The text.
    pub text: String,
}

/// Writes a message as payers read it outside the wallet. The pages own the words; the engine is given them.
pub type WriteNotice = Arc<dyn Fn(Language, &Text) -> Wording + Send + Sync>;

/// What a carrier is given.
pub struct Letter {
    /// The notice's id: the same whenever it is sent again.
    pub id: String,
    /// Phone number or mail address.
    pub to: Zeroizing<String>,
    /// What it is about, by a stable name.
    pub kind: &'static str,
    /// In which language.
    pub language: Language,
    /// The one-time code in it, for gateways that put it into a text of their own.
    pub code: Option<Zeroizing<String>>,
    /// The subject.
    pub subject: String,
    /// The text.
    pub text: Zeroizing<String>,
}

impl fmt::Debug for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Letter({}, {})", self.id, self.kind)
    }
}

/// Takes letters to a gateway or mail server. The same letter may come any number of times.
pub trait Carrier: Send + Sync {
    /// Sends once. Never fails otherwise than in the answer, and ends within a deadline of its own.
    fn carry<'a>(&'a self, letter: &'a Letter) -> Call<'a, Carried>;
}

/// The carrier of a sandbox: its inbox shows what others would send.
#[derive(Clone, Copy, Debug, Default)]
pub struct SandboxInbox;

impl Carrier for SandboxInbox {
    fn carry<'a>(&'a self, _: &'a Letter) -> Call<'a, Carried> {
        Box::pin(ready(Carried::Taken))
    }
}

/// The ways out of an instance.
#[derive(Clone)]
pub struct Carriers {
    /// For text messages.
    pub sms: Option<Arc<dyn Carrier>>,
    /// For mail.
    pub mail: Option<Arc<dyn Carrier>>,
    /// Writes what is sent.
    pub write: WriteNotice,
}

impl Carriers {
    /// No way out: payers read in the wallet what they are told, and no code can be sent.
    pub fn none() -> Carriers {
        let nothing = |_: Language, _: &Text| Wording { subject: String::new(), text: String::new() };
        Carriers { sms: None, mail: None, write: Arc::new(nothing) }
    }

    /// Those of a sandbox.
    pub fn sandbox() -> Carriers {
        let inbox: Option<Arc<dyn Carrier>> = Some(Arc::new(SandboxInbox));
        Carriers { sms: inbox.clone(), mail: inbox, ..Carriers::none() }
    }

    fn of(&self, medium: Medium) -> Option<&Arc<dyn Carrier>> {
        match medium {
            Medium::Sms => self.sms.as_ref(),
            Medium::Mail => self.mail.as_ref(),
        }
    }

    fn media(&self) -> Vec<Medium> {
        [Medium::Sms, Medium::Mail].into_iter().filter(|medium| self.of(*medium).is_some()).collect()
    }

    /// Whether anything can leave.
    pub(crate) fn carry_something(&self) -> bool {
        self.sms.is_some() || self.mail.is_some()
    }
}

fn work(name: &'static str) -> Input {
    Input { actor: Actor::Worker, name }
}

fn by(payer: PayerId, name: &'static str) -> Input {
    Input { actor: Actor::Payer(payer), name }
}

impl Engine {
    /// Whether one-time codes can be sent.
    pub fn can_send_codes(&self) -> bool {
        self.carriers.sms.is_some()
    }

    /// Whether mail can be sent.
    pub fn can_send_mail(&self) -> bool {
        self.carriers.mail.is_some()
    }

    /// Plans the notices of a message.
    pub(crate) async fn plan_notices(&self, lease: TaskKey, id: MessageId) -> Result<(), Error> {
        let media = self.carriers.media();
        let plan =
            move |facts: &dyn tongbao_core::Facts, cx: &mut _| notice::plan(facts, cx, id, lease, &media);
        self.run(work("plan_notices"), plan).await
    }

    /// Sends a notice once, and records what came of it.
    pub(crate) async fn send_notice(&self, lease: TaskKey, id: NoticeId) -> Result<(), Error> {
        let gone = Error::Refused(Refusal::NotFound("notice"));
        let notice = self.store.get::<Notice>(id)?.ok_or(gone)?;
        let carried = self.carry(&notice).await?;
        let record = move |facts: &dyn tongbao_core::Facts, cx: &mut tongbao_core::Context| {
            notice::record_sent(facts, cx, id, lease, carried)
        };
        self.run(work("record_notice"), record).await
    }

    async fn carry(&self, notice: &Notice) -> Result<Carried, Fault> {
        if notice.is_stale(self.now()) {
            return Ok(Carried::Refused);
        }
        // A medium that is no longer configured may be again.
        let Some(carrier) = self.carriers.of(notice.medium) else { return Ok(Carried::Unanswered) };
        match self.letter(notice) {
            Ok(Some(letter)) => Ok(carrier.carry(&letter).await),
            Ok(None) => Ok(Carried::Refused),
            // Sealed with a key that is not here, or not yet. It is tried again by the schedule, and not for ever.
            Err(Fault::Unreadable(why)) => {
                tracing::error!(notice = %notice.id, why, "what a notice says, or to whom, cannot be opened");
                Ok(Carried::Unanswered)
            }
            Err(fault) => Err(fault),
        }
    }

    /// What is sent; nothing of a notice that is over.
    fn letter(&self, notice: &Notice) -> Result<Option<Letter>, Fault> {
        let Some(to) = &notice.to_sealed else { return Ok(None) };
        let field = match notice.medium {
            Medium::Sms => Field::Phone,
            Medium::Mail => Field::MailAddress,
        };
        let to = Zeroizing::new(self.opened(field, to)?);
        let (text, code) = match &notice.what {
            What::Code(None) => return Ok(None),
            What::Code(Some(sealed)) => {
                let code = Zeroizing::new(self.opened(Field::Code, sealed)?);
                (Text::SecurityCode(code.to_string()), Some(code))
            }
            What::Message(id) => match self.store.get::<Message>(*id)? {
                Some(message) => (message.text, None),
                None => return Ok(None),
            },
        };
        let kind = if code.is_some() { "one_time_code" } else { text.name() };
        let Wording { subject, text } = (self.carriers.write)(notice.language, &text);
        let (id, language, text) = (notice.id.to_string(), notice.language, Zeroizing::new(text));
        Ok(Some(Letter { id, to, kind, language, code, subject, text }))
    }

    fn opened(&self, field: Field, sealed: &str) -> Result<String, Fault> {
        let opened = self.vault.open(field, sealed);
        opened.map_err(|unreadable| Fault::Unreadable(unreadable.to_string()))
    }

    /// A payer says what it wants to be told by what.
    pub async fn choose_notices(&self, id: PayerId, choice: Choice) -> Result<(), Error> {
        let choose =
            move |facts: &dyn tongbao_core::Facts, cx: &mut _| notice::contact::choose(facts, cx, id, choice);
        self.run(by(id, "choose_notices"), choose).await
    }

    /// Sends a code to a mail address that a payer names. A text that is no address is refused; so is every address
    /// where no mail can be sent.
    pub async fn ask_mail(&self, id: PayerId, typed: &str) -> Result<(), Error> {
        let invalid = |must| Error::Refused(Refusal::Invalid { param: "mail", must });
        let address = mail_address(typed).ok_or_else(|| invalid("a mail address"))?;
        if !self.can_send_mail() {
            return Err(invalid("asked for later: no mail server is configured"));
        }
        let code = self.new_code();
        let digest = self.typed_code(id, Purpose::Mail, &code);
        let asked =
            MailAddress { sealed: self.vault.seal(Field::MailAddress, &address), hint: mask_mail(&address) };
        let sealed = self.vault.seal(Field::Code, &code);
        let inbox = self.is_sandbox().then_some(code);
        let ask = move |facts: &dyn tongbao_core::Facts, cx: &mut tongbao_core::Context| {
            let mut change = notice::contact::ask_mail(facts, cx, id, &asked, digest)?;
            let inbox = inbox.clone();
            notice::contact::mail_code(facts, cx, &mut change, id, (&asked, sealed.clone(), inbox))?;
            Ok(change)
        };
        self.run(by(id, "ask_mail"), ask).await
    }

    /// Confirms the mail address that was named last by its code; a wrong one is counted.
    pub async fn confirm_mail(&self, id: PayerId, code: &str) -> Result<(), Error> {
        let digest = self.typed_code(id, Purpose::Mail, code);
        let confirm = move |facts: &dyn tongbao_core::Facts, cx: &mut _| {
            notice::contact::confirm_mail(facts, cx, id, &digest)
        };
        let right = self.step(by(id, "confirm_mail"), confirm).await?;
        if right { Ok(()) } else { Err(Error::Refused(Refusal::WrongCode)) }
    }

    /// Forgets a payer's mail address.
    pub async fn remove_mail(&self, id: PayerId) -> Result<(), Error> {
        let remove =
            move |facts: &dyn tongbao_core::Facts, cx: &mut _| notice::contact::remove_mail(facts, cx, id);
        self.run(by(id, "remove_mail"), remove).await
    }
}

/// A mail address with all but the first letter of its mailbox hidden: `t***@example.com`.
fn mask_mail(address: &str) -> String {
    let (mailbox, host) = address.rsplit_once('@').unwrap_or((address, ""));
    let first: String = mailbox.chars().take(1).collect();
    format!("{first}***@{host}")
}

#[cfg(test)]
mod tests {
    use super::mask_mail;

    #[test]
    fn a_masked_address_shows_one_letter_and_the_host() {
        assert_eq!(mask_mail("tester@example.com"), "t***@example.com");
        assert_eq!(mask_mail("a@b.example"), "a***@b.example");
    }
}
