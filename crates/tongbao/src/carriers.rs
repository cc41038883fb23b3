//! How payers of a production instance are reached: the sections `[sms]` and `[mail]` of the configuration.
//!
//! Secrets stand in files of their own, so that the configuration can be shown.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use serde::Deserialize;
use tongbao_engine::{
    Engine,
    notice::{Carrier, Carriers, MailCarrier, MailSecurity, MailSettings, SmsCarrier},
    webhook::{Policy, Secret, check_url},
};
use tongbao_web::notice;
use zeroize::Zeroizing;

use crate::output::Failure;

/// The gateway for text messages.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sms {
    /// Where notices are posted.
    url: String,
    /// A file with the secret that signs them, `whsec_…`.
    secret_file: PathBuf,
}

/// The mail server.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mail {
    /// Its name.
    server: String,
    /// Its port; that of the security unless given.
    port: Option<u16>,
    /// How it is spoken to.
    #[serde(default)]
    security: Security,
    /// From whom mail is.
    from: String,
    /// The name at the server.
    user: Option<String>,
    /// A file with the password that goes with it.
    password_file: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Security {
    #[default]
    Tls,
    Starttls,
    Clear,
}

impl Security {
    /// The ports of RFC 8314 (§3.3), RFC 6409 (§3.1) and RFC 5321.
    fn port(self) -> u16 {
        match self {
            Security::Tls => 465,
            Security::Starttls => 587,
            Security::Clear => 25,
        }
    }
}

fn secret_of(file: &Path) -> Result<Zeroizing<String>, Failure> {
    let text =
        fs::read_to_string(file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
    Ok(Zeroizing::new(text.trim().to_owned()))
}

impl Sms {
    fn carrier(&self, engine: &Engine) -> Result<Arc<dyn Carrier>, Failure> {
        check_url(&self.url, Policy::Configured).map_err(|refusal| format!("[sms] url: {refusal}"))?;
        let secret = Secret::parse(&secret_of(&self.secret_file)?);
        let secret = secret.map_err(|error| format!("[sms] {}: {error}", self.secret_file.display()))?;
        Ok(Arc::new(SmsCarrier::new(self.url.clone(), secret, Arc::clone(&engine.clock))?))
    }
}

impl Mail {
    fn carrier(&self) -> Result<Arc<dyn Carrier>, Failure> {
        let login = match (&self.user, &self.password_file) {
            (Some(user), Some(file)) => Some((user.clone(), secret_of(file)?)),
            (None, None) => None,
            (Some(_), None) | (None, Some(_)) => {
                return Err("[mail] user and password_file go together".into());
            }
        };
        let settings = MailSettings {
            server: self.server.clone(),
            port: self.port.unwrap_or(self.security.port()),
            security: match self.security {
                Security::Tls => MailSecurity::Tls,
                Security::Starttls => MailSecurity::Starttls,
                Security::Clear => MailSecurity::Clear,
            },
            from: self.from.clone(),
            login,
        };
        let carrier = MailCarrier::new(settings).map_err(|why| format!("[mail] {why}"))?;
        Ok(Arc::new(carrier))
    }
}

/// Gives an engine that nobody else has yet its ways out; without sections there are none.
pub(crate) fn fit(engine: &mut Arc<Engine>, sms: Option<&Sms>, mail: Option<&Mail>) -> Result<(), Failure> {
    if engine.is_sandbox() {
        return Ok(());
    }
    let sms = sms.map(|sms| sms.carrier(engine)).transpose()?;
    let mail = mail.map(Mail::carrier).transpose()?;
    let own = Arc::get_mut(engine).ok_or("the engine is in use already")?;
    own.carriers = Carriers { sms, mail, write: Arc::new(notice::write) };
    Ok(())
}
