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
        let session = self.session(payer, device, secret)?.filter(|session| session.is_live(now));
        let Some(session) = session else { return Ok(None) };
        let Some(payer) = self.store.get::<Payer>(payer)? else { return Ok(None) };
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
        let sessions = records.iter().filter_map(|record| Session::of(record).cloned());
        Ok(sessions.filter(|session| session.is_live(now)).collect())
    }

    /// Ends a payer's session.
    pub async fn end_session(&self, payer: PayerId, id: SessionId) -> Result<(), Error> {
        let input = Input { actor: Actor::Payer(payer), name: "end_session" };
        self.run(input, move |facts, cx| session::end(facts, cx, payer, id)).await
    }
}
