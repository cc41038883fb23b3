//! Who is signed in, and where: for pages and for the API of payers alike.

use tongbao_core::{
    Actor, List,
    facts::Entity as _,
    id::{PayerId, SessionId},
    payer::{
        Payer,
        session::{self, Session},
    },
};
use tongbao_store::{Fault, Query};

use crate::{
    Engine, Error, Input,
    account::{DeviceSecret, SessionSecret},
};

/// Sessions looked at, newest first: nobody is signed in on more devices.
const SESSIONS_MAX: u32 = 100;

/// A payer, and the session by which it came.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// Who.
    pub payer: Payer,
    /// Where.
    pub session: Session,
}

impl Engine {
    /// Who is signed in by these secrets, if their session counts. Notes the day on which the device was seen.
    pub async fn signed_in(
        &self,
        payer: PayerId,
        device: &DeviceSecret,
        secret: &SessionSecret,
    ) -> Result<Option<SignedIn>, Fault> {
        let now = self.now();
        let Some(session) = self.session(payer, device, secret)? else { return Ok(None) };
        let Some(payer) = self.store.get::<Payer>(payer)? else { return Ok(None) };
        if !session.opens(&payer, now) {
            return Ok(None);
        }
        self.see(&session).await;
        Ok(Some(SignedIn { payer, session }))
    }

    /// Notes the day on which a device was seen. That the note fails is no reason to send the payer away.
    pub async fn see(&self, session: &Session) {
        if session.seen_on == self.now().china_day() {
            return;
        }
        let (id, input) = (session.id, Input { actor: Actor::Payer(session.payer), name: "see_session" });
        if let Err(error) = self.run(input, move |facts, cx| session::see(facts, cx, id)).await {
            tracing::warn!(%error, "the day of a session was not noted");
        }
    }

    /// Where a payer is signed in now, the newest device first.
    pub fn live_sessions(&self, payer: PayerId) -> Result<Vec<Session>, Fault> {
        let list = List::SessionsOf(payer);
        let query = Query::List { list, after: None, newest_first: true, limit: SESSIONS_MAX };
        let (records, now) = (self.store.records(query)?, self.now());
        let Some(payer) = self.store.get::<Payer>(payer)? else { return Ok(Vec::new()) };
        let sessions = records.iter().filter_map(|record| Session::of(record).cloned());
        Ok(sessions.filter(|session| session.opens(&payer, now)).collect())
    }

    /// Switches payment codes on where a payer is signed in, with the payment password.
    pub async fn switch_codes_on(
        &self,
        payer: PayerId,
        id: SessionId,
        password: String,
    ) -> Result<Session, Error> {
        self.prove_password(payer, password).await?;
        let input = Input { actor: Actor::Payer(payer), name: "switch_codes_on" };
        self.step(input, move |facts, cx| session::switch_codes(facts, cx, (payer, id), true)).await
    }

    /// Switches them off there, which takes nothing.
    pub async fn switch_codes_off(&self, payer: PayerId, id: SessionId) -> Result<Session, Error> {
        let input = Input { actor: Actor::Payer(payer), name: "switch_codes_off" };
        self.step(input, move |facts, cx| session::switch_codes(facts, cx, (payer, id), false)).await
    }

    /// Ends a payer's session.
    pub async fn end_session(&self, payer: PayerId, id: SessionId) -> Result<(), Error> {
        let input = Input { actor: Actor::Payer(payer), name: "end_session" };
        self.run(input, move |facts, cx| session::end(facts, cx, payer, id)).await
    }
}
