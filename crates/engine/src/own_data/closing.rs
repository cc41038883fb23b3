//! Closing an account: frozen first, looked through, then closed or as it was.

use tongbao_core::{
    Actor, Facts, List, Record,
    facts::Entity as _,
    id::{PayerId, SessionId},
    payer::{
        closing::{self, Hindrance},
        session::Session,
    },
    transfer::TransferStatus,
};
use tongbao_store::Fault;

use crate::{Engine, Error, Input, account::Purpose};

fn by(payer: PayerId, name: &'static str) -> Input {
    Input { actor: Actor::Payer(payer), name }
}

/// Whether money of the payer's is under way with this.
fn is_open(record: &Record) -> bool {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the lists that are looked through hold these")]
    match record {
        Record::TopUp(top_up) => top_up.is_open(),
        Record::Withdrawal(withdrawal) => withdrawal.is_open(),
        Record::Transfer(transfer) => transfer.status == TransferStatus::Offered,
        Record::UtilityPayment(payment) => payment.is_open(),
        _ => false,
    }
}

impl Engine {
    /// Closes a payer's account for good, after the payment password and a one-time code; or says why it cannot be
    /// closed yet, and leaves it as it was.
    pub async fn close_account(
        &self,
        id: PayerId,
        password: String,
        code: &str,
    ) -> Result<Result<(), Hindrance>, Error> {
        let code = self.typed_code(id, Purpose::Closing, code);
        self.prove_password(id, password).await?;
        let begin = move |facts: &dyn Facts, cx: &mut _| closing::begin(facts, cx, id, &code);
        self.step(by(id, "begin_closing"), begin).await?.map_err(Error::Refused)?;
        let under_way = self.has_money_under_way(id)?;
        let sessions: Vec<SessionId> = self
            .all_in(List::SessionsOf(id))?
            .iter()
            .filter_map(|record| Some(Session::of(record)?.id))
            .collect();
        let finish =
            move |facts: &dyn Facts, cx: &mut _| closing::finish(facts, cx, id, under_way, &sessions);
        self.step(by(id, "close_account"), finish).await
    }

    fn has_money_under_way(&self, id: PayerId) -> Result<bool, Fault> {
        for list in
            [List::TopUpsOf(id), List::WithdrawalsOf(id), List::TransfersBy(id), List::UtilityPaymentsOf(id)]
        {
            if self.all_in(list)?.iter().any(is_open) {
                return Ok(true);
            }
        }
        let rider = self.rider(id)?;
        Ok(rider.is_some_and(|rider| rider.ride.is_some() || rider.debt.is_some()))
    }
}
