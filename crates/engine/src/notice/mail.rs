//! Mail by SMTP (RFC 5321), through one server of the institution.
//!
//! The notice's id is in `Message-ID`, so a repetition can be told. A reply of 5yz means refused for good; everything
//! else, and no answer in ten seconds, means "again".
//!
//! **Absent on purpose:** HTML, pictures and links. What a bank writes looks the same in every mail program, and
//! whoever imitates it gains nothing by a link.

use std::time::Duration;

use lettre::{
    Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{Mailbox, header::ContentType},
    transport::smtp::authentication::Credentials,
};
use tongbao_core::{limits::MAIL_CHARS_MAX, notice::Carried};
use zeroize::Zeroizing;

use super::{Carrier, Letter};
use crate::Call;

/// How long a server may take.
const DEADLINE: Duration = Duration::from_secs(10);

/// How what is said to the server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailSecurity {
    /// TLS from the first byte, port 465.
    Tls,
    /// TLS after STARTTLS, port 587; nothing is sent without.
    Starttls,
    /// None: for a relay on the same machine.
    Clear,
}

/// How the server is reached.
pub struct MailSettings {
    /// Its name.
    pub server: String,
    /// Its port.
    pub port: u16,
    /// How it is spoken to.
    pub security: MailSecurity,
    /// From whom mail is: `Tongbao <notice@pay.example.com>`.
    pub from: String,
    /// Name and password at the server, where it asks for them.
    pub login: Option<(String, Zeroizing<String>)>,
}

/// See the module.
pub struct MailCarrier {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl MailCarrier {
    /// A carrier that speaks to this server. The error says what is wrong with the settings.
    pub fn new(settings: MailSettings) -> Result<MailCarrier, String> {
        let MailSettings { server, port, security, from, login } = settings;
        let from: Mailbox = from.parse().map_err(|_| "from must be a mail address".to_owned())?;
        let builder = match security {
            MailSecurity::Tls => AsyncSmtpTransport::<Tokio1Executor>::relay(&server),
            MailSecurity::Starttls => AsyncSmtpTransport::<Tokio1Executor>::starttls_relay(&server),
            MailSecurity::Clear => Ok(AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&server)),
        };
        let builder = builder.map_err(|error| error.to_string())?.port(port).timeout(Some(DEADLINE));
        let transport = match login {
            Some((name, password)) => {
                builder.credentials(Credentials::new(name, password.to_string())).build()
            }
            None => builder.build(),
        };
        Ok(MailCarrier { transport, from })
    }

    fn message(&self, letter: &Letter) -> Option<Message> {
        let to: Address = letter.to.parse().ok()?;
        let host = self.from.email.domain();
        let message = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(letter.subject.clone())
            .message_id(Some(format!("<{}@{host}>", letter.id)))
            .header(ContentType::TEXT_PLAIN);
        message.body(letter.text.to_string()).ok()
    }
}

impl Carrier for MailCarrier {
    fn carry<'a>(&'a self, letter: &'a Letter) -> Call<'a, Carried> {
        Box::pin(async move {
            let Some(message) = self.message(letter) else { return Carried::Refused };
            match tokio::time::timeout(DEADLINE, self.transport.send(message)).await {
                Ok(Ok(_)) => Carried::Taken,
                Ok(Err(error)) if error.is_permanent() => {
                    // The server's own words may name the address.
                    tracing::warn!(notice = letter.id, "the mail server refused a mail for good");
                    Carried::Refused
                }
                Ok(Err(_)) | Err(_) => {
                    tracing::warn!(notice = letter.id, "the mail server did not take a mail");
                    Carried::Unanswered
                }
            }
        })
    }
}

/// A mail address as it is kept: without white space around it, its host in lower case. None of a text that is none.
pub fn mail_address(typed: &str) -> Option<String> {
    let typed = typed.trim();
    if typed.chars().count() > MAIL_CHARS_MAX || !typed.is_ascii() {
        return None;
    }
    let address: Address = typed.parse().ok()?;
    let host = address.domain();
    // A host of one label, or an address in brackets, is a neighbour of the mail server.
    let is_public = host.contains('.') && !host.starts_with('[');
    is_public.then(|| format!("{}@{}", address.user(), host.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::mail_address;

    #[test]
    fn addresses_are_kept_in_one_form_and_what_is_none_is_refused() {
        for (typed, kept) in [
            (" Tester@Example.COM ", Some("Tester@example.com")),
            ("a.b+c@mail.example.com", Some("a.b+c@mail.example.com")),
            ("", None),
            ("tester", None),
            ("tester@localhost", None),
            ("tester@[127.0.0.1]", None),
            ("tester@example.com\r\nBcc: other@example.com", None),
            ("a@b@example.com", None),
            ("测试@example.com", None),
        ] {
            assert_eq!(mail_address(typed).as_deref(), kept, "{typed}");
        }
        assert_eq!(mail_address(&format!("{}@example.com", "a".repeat(250))), None);
    }
}
