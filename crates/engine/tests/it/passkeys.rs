//! What devices and browsers answer, honest or not, and what is made of it.

use std::{cell::Cell, sync::Arc};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use tongbao_core::{
    Actor, List, Record, Refusal,
    id::PayerId,
    limits::{CODE_PAUSE_MS, PASSKEY_CHALLENGE_LIFE_MS},
    message::{Message, Text},
    payer::{
        self, Payer,
        passkey::{Algorithm, Challenge, Passkey},
    },
};
use tongbao_engine::{
    Engine, Error, Input, Mode,
    account::Purpose,
    passkey::{
        RelyingParty,
        verify::{Assertion, Registration, Wrong, asserted, registered},
    },
};
use tongbao_store::{Query, model::ModelStore};

use crate::authenticator::Device;

const ORIGIN: &str = "https://pay.example";
const PASSWORD: &str = "135790";
const CHALLENGE: [u8; 32] = [7; 32];

const PRESENT: u8 = 1;
const VERIFIED: u8 = 4;
const ELIGIBLE: u8 = 8;
const COPIED: u8 = 16;

fn party() -> RelyingParty {
    RelyingParty::of(ORIGIN).unwrap()
}

fn device(algorithm: Algorithm) -> Device {
    Device::new(algorithm, b"credential one", ("pay.example", ORIGIN))
}

fn text(challenge: &[u8; 32]) -> String {
    URL_SAFE_NO_PAD.encode(challenge)
}

fn registration(said: Value) -> Registration {
    serde_json::from_value(said).unwrap()
}

fn assertion(said: Value) -> Assertion {
    serde_json::from_value(said).unwrap()
}

/// The passkey of a device, as it is kept.
fn kept(device: &Device) -> Passkey {
    let new = registration(device.make(&text(&CHALLENGE)));
    let made = registered(&party(), &CHALLENGE, &new).unwrap();
    Passkey {
        id: tongbao_core::id::TypedId::from_uuid(uuid::Uuid::nil()),
        version: 1,
        payer: tongbao_core::id::TypedId::from_uuid(uuid::Uuid::nil()),
        credential: made.credential,
        algorithm: made.algorithm,
        public_key: made.public_key,
        sign_count: made.sign_count,
        backup_eligible: made.backup_eligible,
        name: "phone".to_owned(),
        used_on: None,
        removed_at: None,
        created_at: tongbao_core::Time::from_ms(0),
    }
}

#[test]
fn an_honest_device_of_each_algorithm_is_understood() {
    for algorithm in Algorithm::ALL {
        let mut device = device(algorithm);
        device.flags |= ELIGIBLE | COPIED;
        device.sign_count = 4;
        let passkey = kept(&device);
        assert!(passkey.backup_eligible);
        assert_eq!((passkey.sign_count, passkey.algorithm), (4, algorithm));
        device.sign_count = 5;
        let given = assertion(device.sign(&text(&CHALLENGE)));
        assert_eq!(asserted(&party(), &CHALLENGE, &passkey, &given), Ok(5));
    }
}

/// A lie that is told of a new passkey and of a signature alike.
type Lie = (fn(&mut Device), Wrong);

const LIES: [Lie; 14] = [
    (|device| device.purpose = Some("payment.get"), Wrong::Purpose),
    (|device| "https://pay.example.evil".clone_into(&mut device.origin), Wrong::Origin),
    (|device| "http://pay.example".clone_into(&mut device.origin), Wrong::Origin),
    (|device| "https://pay.example:8443".clone_into(&mut device.origin), Wrong::Origin),
    (|device| "https://shop.pay.example".clone_into(&mut device.origin), Wrong::Origin),
    (|device| device.extra = json!({"crossOrigin": true}), Wrong::Origin),
    (|device| device.extra = json!({"topOrigin": "https://shop.example"}), Wrong::Origin),
    (|device| device.extra = json!({"challenge": 7}), Wrong::Form),
    (|device| device.extra = json!({"challenge": "BwcH"}), Wrong::Challenge),
    (|device| "pay.example.evil".clone_into(&mut device.rp_id), Wrong::RelyingParty),
    (|device| device.flags = VERIFIED, Wrong::Presence),
    (|device| device.flags = PRESENT, Wrong::Verification),
    (|device| device.flags = 0, Wrong::Presence),
    (|device| device.flags |= COPIED, Wrong::Copies),
];

#[test]
fn no_lie_of_browser_or_device_passes() {
    let honest = device(Algorithm::Es256);
    let passkey = kept(&honest);
    for (place, (lie, wrong)) in LIES.iter().enumerate() {
        let mut liar = device(Algorithm::Es256);
        lie(&mut liar);
        let new = registration(liar.make(&text(&CHALLENGE)));
        assert_eq!(registered(&party(), &CHALLENGE, &new).err(), Some(*wrong), "registration {place}");
        let mut liar = kept_key(&honest);
        lie(&mut liar);
        let given = assertion(liar.sign(&text(&CHALLENGE)));
        assert_eq!(asserted(&party(), &CHALLENGE, &passkey, &given).err(), Some(*wrong), "assertion {place}");
    }
}

/// Another device that claims to have this one's credential. Its own key signs, so that what is wrong is found before
/// the signature is looked at.
fn kept_key(device: &Device) -> Device {
    Device::new(Algorithm::Es256, &device.id, (&device.rp_id, &device.origin))
}

#[test]
fn a_signature_counts_for_its_key_its_content_and_its_challenge() {
    let honest = device(Algorithm::Es256);
    let passkey = kept(&honest);
    let good = honest.sign(&text(&CHALLENGE));
    assert_eq!(asserted(&party(), &CHALLENGE, &passkey, &assertion(good.clone())), Ok(0));
    let wrong = |said: Value| asserted(&party(), &CHALLENGE, &passkey, &assertion(said)).err();
    assert_eq!(wrong(kept_key(&honest).sign(&text(&CHALLENGE))), Some(Wrong::Signature), "another key");
    assert_eq!(wrong(honest.sign(&text(&[8; 32]))), Some(Wrong::Challenge));
    let mut counted = honest.sign(&text(&CHALLENGE));
    let mut device_says = URL_SAFE_NO_PAD.decode(counted["authenticator"].as_str().unwrap()).unwrap();
    *device_says.last_mut().unwrap() += 1;
    counted["authenticator"] = json!(URL_SAFE_NO_PAD.encode(&device_says));
    assert_eq!(wrong(counted), Some(Wrong::Signature), "a count that the device did not sign");
    let mut shorter = good.clone();
    shorter["authenticator"] = json!(URL_SAFE_NO_PAD.encode(&device_says[..36]));
    assert_eq!(wrong(shorter), Some(Wrong::Form));
    let mut other = good.clone();
    other["id"] = json!("b3RoZXI");
    assert_eq!(wrong(other), Some(Wrong::Credential));
    for signature in ["", "MAYCAQACAQA"] {
        let mut none = good.clone();
        none["signature"] = json!(signature);
        assert_eq!(wrong(none), Some(Wrong::Signature));
    }
    let mut eligible = device(Algorithm::Es256);
    eligible.flags |= ELIGIBLE;
    assert_eq!(wrong(eligible.sign(&text(&CHALLENGE))), Some(Wrong::Copies), "it may be copied all at once");
}

#[test]
fn a_new_passkey_has_a_key_of_its_algorithm_and_the_credential_that_its_device_names() {
    let wrong = |said: Value| registered(&party(), &CHALLENGE, &registration(said)).err();
    let good = device(Algorithm::Es256).make(&text(&CHALLENGE));
    assert_eq!(wrong(good.clone()), None);
    let with = |name: &str, value: Value| {
        let mut said = good.clone();
        said[name] = value;
        said
    };
    for algorithm in [-8, -257, -35, 0, i64::MIN] {
        assert_eq!(wrong(with("algorithm", json!(algorithm))), Some(Wrong::Key), "{algorithm}");
    }
    for key in [json!(""), json!("AAAA"), json!("A".repeat(2_000))] {
        assert_eq!(wrong(with("public_key", key)), Some(Wrong::Key));
    }
    assert_eq!(wrong(with("id", json!("b3RoZXI"))), Some(Wrong::Credential));
    assert_eq!(wrong(with("id", json!(""))), Some(Wrong::Credential));
    let signed = device(Algorithm::Es256).sign(&text(&CHALLENGE));
    assert_eq!(wrong(with("client", signed["client"].clone())), Some(Wrong::Purpose));
    assert_eq!(wrong(with("authenticator", signed["authenticator"].clone())), Some(Wrong::Form));
    for (length, expected) in [(1, None), (1_023, None), (1_024, Some(Wrong::Credential))] {
        let device = Device::new(Algorithm::Es256, &vec![5; length], ("pay.example", ORIGIN));
        assert_eq!(wrong(device.make(&text(&CHALLENGE))), expected, "{length}");
    }
    for broken in [json!({}), json!([]), json!({"id": "!"}), with("more", json!(1)), with("id", json!(5))] {
        assert!(serde_json::from_value::<Registration>(broken).is_err());
    }
}

struct Desk {
    engine: Engine,
    payer: PayerId,
    party: RelyingParty,
    ahead_s: Cell<i64>,
}

impl Desk {
    async fn open() -> Desk {
        let engine = Engine::new(Arc::new(ModelStore::default()), Mode::Sandbox, &[7; 32]).unwrap();
        let new = engine.new_payer("17000000001", PASSWORD);
        let input = Input { actor: Actor::Operator, name: "create_payer" };
        let payer = engine.step(input, move |facts, cx| payer::create(facts, cx, &new)).await.unwrap();
        Desk { engine, payer, party: party(), ahead_s: Cell::new(0) }
    }

    /// What a device is asked to make, after the password and a code.
    async fn asked_for_new(&self) -> Result<Challenge, Error> {
        let code = self.code().await;
        self.engine.ask_for_new_passkey(self.payer, PASSWORD.to_owned(), &code).await
    }

    /// A code for a passkey, as the inbox shows it; half a minute after the one before.
    async fn code(&self) -> String {
        self.ahead_s.set(self.ahead_s.get() + CODE_PAUSE_MS / 1_000);
        self.engine.clock.set_ahead_s(self.ahead_s.get());
        self.engine.send_code_for(self.payer, Purpose::Passkey).await.unwrap();
        let query = Query::List { list: List::Messages, after: None, newest_first: true, limit: 1 };
        match self.engine.store.records(query).unwrap().pop() {
            Some(Record::Message(Message { text: Text::SecurityCode(code), .. })) => code,
            other => panic!("{other:?}"),
        }
    }

    async fn adds(&self, device: &Device) -> Result<(), Error> {
        let challenge = self.asked_for_new().await?;
        self.registers(device.make(&text(&challenge.bytes()))).await
    }

    async fn registers(&self, said: Value) -> Result<(), Error> {
        let new = registration(said);
        self.engine.register_passkey(self.payer, &self.party, &new, "phone").await.map(drop)
    }

    async fn asked(&self, about: u8) -> Challenge {
        self.engine.ask_passkey(self.payer, [about; 32]).await.unwrap()
    }

    async fn proves(&self, said: &Value, about: u8) -> Result<(), Error> {
        let given = assertion(said.clone());
        self.engine.prove_passkey(self.payer, &self.party, [about; 32], &given).await
    }
}

fn refused() -> Result<(), Error> {
    Err(Error::Refused(Refusal::PasskeyRefused))
}

#[tokio::test]
async fn a_passkey_is_added_with_the_password_and_proves_each_thing_once() {
    let desk = Desk::open().await;
    let device = device(Algorithm::Es256);
    let code = desk.code().await;
    let wrong = desk.engine.ask_for_new_passkey(desk.payer, "000001".to_owned(), &code).await;
    assert!(matches!(wrong, Err(Error::Refused(Refusal::WrongPassword { tries_left: 4 }))));
    let without = desk.engine.ask_for_new_passkey(desk.payer, PASSWORD.to_owned(), "x").await;
    assert_eq!(without.err(), Some(Error::Refused(Refusal::WrongCode)), "the password alone adds none");
    desk.adds(&device).await.unwrap();
    let payer = desk.engine.store.get::<Payer>(desk.payer).unwrap().unwrap();
    assert_eq!(payer.password_tries, 0, "the right password starts the count again");
    let challenge = desk.asked(1).await;
    let said = device.sign(&text(&challenge.bytes()));
    assert_eq!(desk.proves(&said, 2).await, refused(), "it was asked about something else");
    assert_eq!(desk.proves(&said, 1).await, Ok(()));
    assert_eq!(desk.proves(&said, 1).await, refused(), "a second time");
    let replayed = desk.asked(1).await;
    assert_ne!(replayed.bytes(), challenge.bytes());
    assert_eq!(desk.proves(&said, 1).await, refused(), "for the same thing, asked again");
    desk.engine.clock.set_ahead_s(desk.ahead_s.get() + PASSKEY_CHALLENGE_LIFE_MS / 1_000);
    assert_eq!(desk.proves(&device.sign(&text(&replayed.bytes())), 1).await, refused(), "too late");
}

#[tokio::test]
async fn a_challenge_of_one_kind_is_none_of_the_other() {
    let desk = Desk::open().await;
    let device = device(Algorithm::EdDsa);
    let challenge = desk.asked(1).await;
    assert_eq!(
        desk.registers(device.make(&text(&challenge.bytes()))).await,
        refused(),
        "without the password"
    );
    desk.adds(&device).await.unwrap();
    let another = Device::new(Algorithm::EdDsa, b"credential two", ("pay.example", ORIGIN));
    let challenge = desk.asked_for_new().await.unwrap();
    assert_eq!(desk.proves(&device.sign(&text(&challenge.bytes())), 1).await, refused());
    desk.registers(another.make(&text(&challenge.bytes()))).await.unwrap();
    let names: Vec<_> = desk.engine.passkeys(desk.payer).unwrap().into_iter().map(|key| key.name).collect();
    assert_eq!(names, ["phone", "phone"]);
}

#[tokio::test]
async fn a_copy_that_counts_less_and_a_passkey_that_was_removed_prove_nothing() {
    let desk = Desk::open().await;
    let mut device = device(Algorithm::Es256);
    device.sign_count = 1;
    desk.adds(&device).await.unwrap();
    for (sign_count, told) in [(3, Ok(())), (3, refused()), (2, refused()), (4, Ok(()))] {
        device.sign_count = sign_count;
        let challenge = desk.asked(1).await;
        assert_eq!(desk.proves(&device.sign(&text(&challenge.bytes())), 1).await, told, "{sign_count}");
    }
    let passkey = desk.engine.passkeys(desk.payer).unwrap().remove(0);
    let challenge = desk.asked(1).await;
    desk.engine.remove_passkey(desk.payer, passkey.id).await.unwrap();
    device.sign_count = 5;
    assert_eq!(desk.proves(&device.sign(&text(&challenge.bytes())), 1).await, refused());
    let challenge = desk.asked(1).await;
    assert_eq!(desk.proves(&device.sign(&text(&challenge.bytes())), 1).await, refused());
    assert!(desk.engine.passkeys(desk.payer).unwrap().is_empty());
}
