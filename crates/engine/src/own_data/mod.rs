//! What a payer may ask of its own account as a whole: a copy of everything kept about it, and its end.
//!
//! **Invariants.** A copy is made after the payment password, given once, as the answer to that one request, and told
//! of by all media; nothing of it is kept. No secret is in it: neither digests nor sealed texts, passwords or codes,
//! and of card numbers the last four digits.

mod closing;
mod read;

use serde_json::{Value, json};
use tongbao_core::{
    Actor, ChangeSet, Facts, Key, List, Record, Refusal, Time,
    card::Card,
    id::PayerId,
    ledger::Account,
    message::{self, Text},
    notice::{contact::Contact, told::AccountTold},
    payer::{self, Payer, network::Networks, usage::Usage},
    payment::{Failure, Payment},
};
use tongbao_money::Currency;
use tongbao_store::Fault;

use crate::{Engine, Error, Input, vault::Field};

/// Lists of what is kept about a payer, by the name that each has in the copy.
fn lists(id: PayerId) -> [(&'static str, List); 11] {
    [
        ("devices", List::SessionsOf(id)),
        ("cards", List::CardsOf(id)),
        ("top_ups", List::TopUpsOf(id)),
        ("withdrawals", List::WithdrawalsOf(id)),
        ("transfers_sent", List::TransfersBy(id)),
        ("transfers_received", List::TransfersTo(id)),
        ("payees", List::Payees(id)),
        ("utility_payments", List::UtilityPaymentsOf(id)),
        ("rides", List::RidesOf(id)),
        ("debts", List::DebtsOf(id)),
        ("messages", List::MessagesOf(id)),
    ]
}

/// Names in stored forms that are not the payer's to read: what is sealed is given opened, or not at all.
const SECRETS: [&str; 7] = ["password", "code", "codes", "ticket", "secret", "device", "challenge"];

impl Engine {
    /// A copy of everything kept about a payer, as one JSON document, after the payment password. The payer is told
    /// that it was taken.
    pub async fn take_own_data(&self, id: PayerId, password: String) -> Result<Vec<u8>, Error> {
        self.prove_password(id, password).await?;
        let document = self.own_data(id)?;
        let text = serde_json::to_vec_pretty(&document);
        let text = text.map_err(|error| Fault::Broken(format!("own data: {error}")))?;
        let tell = move |facts: &dyn Facts, cx: &mut tongbao_core::Context| {
            let mut change = ChangeSet::default();
            payer::password_was_right(facts, &mut change, id)?;
            let told = Text::Account(AccountTold::DataTaken);
            change.put(message::tell(cx, payer::open(facts, id)?, told));
            Ok(change)
        };
        self.run(Input { actor: Actor::Payer(id), name: "take_own_data" }, tell).await?;
        Ok(text)
    }

    fn own_data(&self, id: PayerId) -> Result<Value, Error> {
        let payer = self.store.get::<Payer>(id)?.ok_or(Error::Refused(Refusal::NotFound("payer")))?;
        let mut document = json!({
            "made_at": timestamp(self.now()),
            "account": open_to_its_owner(&Record::from(payer.clone()))?,
            "phone": self.text_of(Field::Phone, &payer.phone_sealed)?,
        });
        if let Some((name, number)) = self.identity_of(&payer)? {
            document["name"] = json!(name);
            document["id_number"] = json!(number);
        }
        if let Some(contact) = self.store.find::<Contact>(Key::ContactOf(id))? {
            if let Some(mail) = &contact.mail {
                document["mail"] = json!(self.text_of(Field::MailAddress, &mail.sealed)?);
            }
            document["notices"] = open_to_its_owner(&Record::from(contact))?;
        }
        if let Some(usage) = self.store.find::<Usage>(Key::UsageOf(id))? {
            document["paid"] = open_to_its_owner(&Record::from(usage))?;
        }
        if let Some(networks) = self.store.find::<Networks>(Key::NetworksOf(id))? {
            document["networks"] = open_to_its_owner(&Record::from(networks))?;
        }
        let passkeys = self.passkeys(id)?.into_iter().map(Record::from);
        let passkeys: Result<Vec<Value>, Fault> = passkeys.map(|record| open_to_its_owner(&record)).collect();
        document["passkeys"] = json!(passkeys?);
        for (name, list) in lists(id) {
            let records = self.all_in(list)?;
            let records: Result<Vec<Value>, Fault> = records.iter().map(open_to_its_owner).collect();
            document[name] = json!(records?);
        }
        document["payments"] = json!(self.payments_of(id)?);
        document["card_payments"] = json!(self.card_payments_of(id)?);
        document["statement"] = json!(self.statement_of(id)?);
        Ok(document)
    }

    fn text_of(&self, field: Field, sealed: &str) -> Result<String, Fault> {
        self.vault.open(field, sealed).map_err(|unreadable| Fault::Unreadable(unreadable.to_string()))
    }

    /// Every movement of the payer's balance, newest first.
    fn statement_of(&self, id: PayerId) -> Result<Vec<Value>, Fault> {
        let entries = self.all_entries(Account::PayerAvailable(id), Currency::CNY)?;
        let line = |entry: &tongbao_store::Entry| {
            json!({
                "at": timestamp(entry.at),
                "amount": entry.amount,
                "balance": entry.balance,
                "currency": "CNY",
                "reason": entry.reason.name(),
                "subject": entry.subject.to_string(),
            })
        };
        Ok(entries.iter().map(line).collect())
    }

    /// What the payer has paid from its balance.
    fn payments_of(&self, id: PayerId) -> Result<Vec<Value>, Fault> {
        let entries = self.all_entries(Account::PayerAvailable(id), Currency::CNY)?;
        let mut seen = std::collections::BTreeSet::new();
        let mut payments = Vec::new();
        for entry in entries.iter().filter(|entry| seen.insert(entry.subject)) {
            for record in self.store.records(tongbao_store::Query::Record(entry.subject))? {
                if let Record::Payment(payment) = record {
                    payments.push(of_payment(&payment));
                }
            }
        }
        Ok(payments)
    }

    /// What the payer has begun to pay by card, each attempt with what became of it, oldest first.
    fn card_payments_of(&self, id: PayerId) -> Result<Vec<Value>, Fault> {
        let mut payments = Vec::new();
        for record in self.all_in(List::CardPaymentsOf(id))? {
            let Record::CardPayment(by_card) = record else { continue };
            let Some(payment) = self.store.get::<Payment>(by_card.payment)? else { continue };
            // One that waited for a proof and was taken back was nothing yet.
            let Some(attempt) = payment.attempt(by_card.attempt) else { continue };
            let card = self.store.get::<Card>(by_card.card)?;
            let mut line = of_payment(&payment);
            line["card"] = json!(card.map(|card| card.label()));
            line["attempt"] = json!(attempt.status);
            line["failure"] = json!(attempt.failure.map(Failure::code));
            line["began_at"] = json!(timestamp(by_card.created_at));
            payments.push(line);
        }
        Ok(payments)
    }
}

fn of_payment(payment: &Payment) -> Value {
    json!({
        "id": payment.id.to_string(),
        "description": payment.description,
        "amount": payment.money.amount.minor(),
        "refunded": payment.refunded.minor(),
        "currency": payment.money.currency.code(),
        "status": payment.shown_status(),
        "created_at": timestamp(payment.created_at),
    })
}

/// A record as its owner may read it: without what is sealed, digests and secrets. Times in it are milliseconds since
/// 1970-01-01, amounts minor units.
fn open_to_its_owner(record: &Record) -> Result<Value, Fault> {
    let mut value = record.to_json().map_err(|error| Fault::Broken(format!("own data: {error}")))?;
    scrub(&mut value);
    Ok(value)
}

fn scrub(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|name, value| {
                let hidden = name == "sealed" || name.ends_with("_sealed") || name.ends_with("digest");
                !hidden && !SECRETS.contains(&name.as_str()) && !is_digest(value)
            });
            fields.values_mut().for_each(scrub);
        }
        Value::Array(items) => items.iter_mut().for_each(scrub),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Digests and keys are arrays of 32 bytes; nothing that a payer reads is.
fn is_digest(value: &Value) -> bool {
    value.as_array().is_some_and(|items| items.len() == 32 && items.iter().all(Value::is_u64))
}

/// A moment in UTC (RFC 3339).
fn timestamp(at: Time) -> String {
    jiff::Timestamp::from_millisecond(at.ms()).map_or_else(|_| at.ms().to_string(), |at| at.to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::scrub;

    #[test]
    fn nothing_sealed_no_digest_and_no_secret_is_left() {
        let mut value = json!({
            "id": "pyr_1",
            "phone_sealed": "x",
            "phone_digest": [1],
            "password": "$argon2id$",
            "mail": {"sealed": "x", "hint": "t***@example.com"},
            "devices": [{"secret": vec![1; 32], "anything": vec![7; 32], "device_name": "Firefox"}],
        });
        scrub(&mut value);
        let left = json!({
            "id": "pyr_1",
            "mail": {"hint": "t***@example.com"},
            "devices": [{"device_name": "Firefox"}],
        });
        assert_eq!(value, left);
    }
}
