//! How a world begins: merchants with keys and endpoints, payers with money, who shares with whom.

use std::sync::Arc;

use tongbao_core::{
    Actor, ChangeSet, Context, Facts, Stop, Time,
    api_key::{self, Scope},
    endpoint::{self, NewEndpoint, WebhookSecret},
    id::{AppId, MerchantId, PayerId},
    ledger::Channel,
    merchant::{self, NewMerchant},
    payer::{self, NewPayer},
    profit_sharing::receiver::{self, NewReceiver},
    sandbox,
    wechat::merchant::{KeyMode, MerchantCertificate, NewWechatMerchant, register, set_sharing_notify_url},
};
use tongbao_engine::{Engine, Error, Input};
use tongbao_money::{Amount, BasisPoints, Currency, Money};

use crate::state::{Person, Shop};

/// The key under which every world seals its secrets.
pub(crate) const MASTER_KEY: [u8; 32] = [7; 32];

/// What signs notifications in every world.
pub(crate) const WEBHOOK_SECRET: &str = "whsec_c2ltdWxhdGVkIHdvcmxkcyBrZWVwIG5vIHNlY3JldHM=";

/// The same, sealed under the master key. Sealing draws a nonce, and a world's records must be the same every time.
const SEALED: &str = concat!(
    "25OAVO5o42Fkqjhgf/3g4eHHorl8nyu3lxEPvBqWjqrG5+0Nrk9F",
    "6dK1oqmUn1zRPX0kAswed1ZqYFt0JYc8Gz6uWRuAaohcVnn27nGt",
);

/// The appid that every merchant number has.
pub(crate) const APPID: &str = "wx0000000000000001";

/// The way to the first records.
pub(crate) struct Founding {
    pub(crate) engine: Arc<Engine>,
    pub(crate) fee_bps: u16,
}

fn secret() -> WebhookSecret {
    WebhookSecret { sealed: SEALED.to_owned(), until: None }
}

/// Fen.
pub(crate) fn fen(minor: i64) -> Money {
    Money { amount: Amount::new(minor).unwrap_or_default(), currency: Currency::CNY }
}

impl Founding {
    async fn step<T: Send + 'static>(
        &self,
        name: &'static str,
        decide: impl FnMut(&dyn Facts, &mut Context) -> Result<(ChangeSet, T), Stop> + Send + 'static,
    ) -> Result<T, Error> {
        self.engine.step(Input { actor: Actor::Operator, name }, decide).await
    }

    /// Makes everybody.
    pub(crate) async fn found(
        self,
        shops: i64,
        payers: i64,
        has: i64,
    ) -> Result<(Vec<Shop>, Vec<Person>), Error> {
        self.step("mark_sandbox", |facts, cx| Ok((sandbox::mark(facts, cx)?, ()))).await?;
        let mut made = Vec::new();
        for number in 0..shops {
            made.push(self.shop(number).await?);
        }
        let mut persons = Vec::new();
        for number in 0..payers {
            // Every payer but the first has a part of what there is to have.
            let had = if number == 0 { has } else { has.div_euclid(number.saturating_add(1)) };
            persons.push(Person { id: self.payer(number, had).await?, had, codes: 0 });
        }
        for shop in &made {
            for other in made.iter().filter(|other| other.mchid != shop.mchid) {
                self.sharer(&shop.mchid, &other.mchid, None).await?;
            }
            for person in &persons {
                self.sharer(&shop.mchid, &person.id.to_string(), Some(person.id)).await?;
            }
        }
        Ok((made, persons))
    }

    async fn shop(&self, number: i64) -> Result<Shop, Error> {
        let fee_rate = BasisPoints::new(self.fee_bps).unwrap_or(BasisPoints::ZERO);
        let new = NewMerchant { name: format!("Shop {number}"), fee_rate, secret: secret() };
        let create = move |_: &dyn Facts, cx: &mut Context| {
            let (change, merchant, app) = merchant::create(cx, &new);
            Ok((change, (merchant, app)))
        };
        let (merchant, app): (MerchantId, AppId) = self.step("create_merchant", create).await?;
        let (key, new) = self.engine.new_secret_key(Scope::ALL.to_vec(), Vec::new(), None);
        self.step("create_key", move |facts, cx| api_key::create(facts, cx, app, &new)).await?;
        let host = format!("shop-{number}.example.com");
        let new = NewEndpoint { url: format!("https://{host}/events"), events: Vec::new(), secret: secret() };
        self.step("create_endpoint", move |facts, cx| endpoint::create(facts, cx, app, &new)).await?;
        let mchid = format!("{}", 1_900_000_001_i64.saturating_add(number));
        let certificate = MerchantCertificate {
            serial: format!("{number:X}"),
            public_key: String::new(),
            not_before: Time::from_ms(0),
            not_after: Time::from_ms(i64::MAX),
            revoked_at: None,
        };
        let new = NewWechatMerchant {
            mchid: mchid.clone(),
            app,
            appids: vec![APPID.to_owned()],
            certificate,
            api_v3_key: None,
            key_mode: KeyMode::Both,
        };
        self.step("register", move |facts, cx| register(facts, cx, &new)).await?;
        let (known, url) = (mchid.clone(), format!("https://{host}/shares"));
        self.step("set_sharing_url", move |facts, _| {
            Ok((set_sharing_notify_url(facts, &known, Some(&url))?, ()))
        })
        .await?;
        Ok(Shop { merchant, key, mchid, host })
    }

    async fn payer(&self, number: i64, had: i64) -> Result<PayerId, Error> {
        let new = NewPayer {
            phone_sealed: format!("sealed {number}"),
            phone_digest: blake3::hash(&number.to_be_bytes()).into(),
            phone_hint: "170****0000".to_owned(),
            password: String::new(),
        };
        let id = self.step("create_payer", move |facts, cx| payer::create(facts, cx, &new)).await?;
        if had > 0 {
            let money = fen(had);
            self.step("top_up", move |facts, _| {
                Ok((payer::top_up(facts, id, Channel::SandboxBank, money)?, ()))
            })
            .await?;
        }
        Ok(id)
    }

    async fn sharer(&self, mchid: &str, account: &str, payer: Option<PayerId>) -> Result<(), Error> {
        let new = NewReceiver {
            mchid: mchid.to_owned(),
            account: account.to_owned(),
            payer,
            name: None,
            relation: "PARTNER".to_owned(),
            custom_relation: None,
        };
        self.step("add_receiver", move |facts, cx| receiver::add(facts, cx, &new)).await.map(drop)
    }
}
