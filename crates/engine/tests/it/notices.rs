//! Notices on their way: by HTTP to a gateway that answers, refuses or hangs up, and by SMTP to a server that does; and
//! an account that is closed, with everything in between as the engine does it.

use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};
use tongbao_core::{
    Actor, ChangeSet, List, Record, Refusal,
    id::PayerId,
    ledger::Channel,
    message::{self, Text},
    notice::{Medium, Notice, NoticeStatus, RETRY_AFTER_S, What, contact::Choice, told::PaymentTold},
    payer::{self, Payer, closing::Hindrance},
};
use tongbao_engine::{
    Deliveries, Engine, Error, Input, Mode, Worker,
    account::{Device, DeviceSecret, Purpose},
    notice::{Carriers, MailCarrier, MailSecurity, MailSettings, SmsCarrier, Wording},
    webhook::{Secret, Sender},
};
use tongbao_money::{Amount, Currency, Money};
use tongbao_store::{Query, model::ModelStore};

use crate::webhook_receiver::{Receiver, Script};

const PHONE: &str = "17000000001";
const PASSWORD: &str = "135790";
const INPUT: Input = Input { actor: Actor::Operator, name: "test" };

fn at(secret: &DeviceSecret) -> Device<'_> {
    Device { secret, name: "Firefox", address: None }
}

struct World {
    engine: Arc<Engine>,
    worker: Worker,
    payer: PayerId,
    ahead_s: i64,
}

/// Writes what the tests look for: the language, the name of the text, and a code if there is one.
fn carriers(engine: &Engine, sms: Option<&Receiver>, mail: Option<&MailServer>) -> Carriers {
    let write = |language, text: &Text| {
        let code = if let Text::SecurityCode(code) = text { code.clone() } else { String::new() };
        Wording { subject: "通宝".to_owned(), text: format!("{language:?} {} {code}", text.name()) }
    };
    let secret = || Secret::from_bytes([7; 32]);
    let sms = sms.map(|gateway| SmsCarrier::new(gateway.url(), secret(), Arc::clone(&engine.clock)).unwrap());
    let mail = mail.map(|server| {
        let settings = MailSettings {
            server: "127.0.0.1".to_owned(),
            port: server.port,
            security: MailSecurity::Clear,
            from: "Tongbao <notice@pay.example.com>".to_owned(),
            login: None,
        };
        MailCarrier::new(settings).unwrap()
    });
    Carriers {
        sms: sms.map(|carrier| Arc::new(carrier) as _),
        mail: mail.map(|carrier| Arc::new(carrier) as _),
        write: Arc::new(write),
    }
}

impl World {
    async fn new(mode: Mode, sms: Option<&Receiver>, mail: Option<&MailServer>) -> World {
        let mut engine = Engine::new(Arc::new(ModelStore::default()), mode, &[7; 32]).unwrap();
        if mode == Mode::Production {
            engine.carriers = carriers(&engine, sms, mail);
        }
        let engine = Arc::new(engine);
        let sender = Sender::new(engine.mode.webhook_policy()).unwrap();
        let deliveries = Deliveries::new(sender, Arc::new(|_| Vec::new()));
        let worker = Worker::new(Arc::clone(&engine), deliveries);
        let new = engine.new_payer(PHONE, PASSWORD);
        let payer = engine.step(INPUT, move |facts, cx| payer::create(facts, cx, &new)).await.unwrap();
        World { engine, worker, payer, ahead_s: 0 }
    }

    fn advance_s(&mut self, seconds: i64) {
        self.ahead_s += seconds;
        self.engine.clock.set_ahead_s(self.ahead_s);
    }

    /// Does what is due now, and what comes due by it.
    async fn work(&self) {
        while self.worker.run_once().await.unwrap() > 0 {}
    }

    fn notices(&self) -> Vec<Notice> {
        let query = Query::List { list: List::Notices, after: None, newest_first: false, limit: 100 };
        let records = self.engine.store.records(query).unwrap();
        let notice = |record| if let Record::Notice(notice) = record { Some(notice) } else { None };
        records.into_iter().filter_map(notice).collect()
    }

    async fn tell(&self, text: Text) {
        let id = self.payer;
        let tell = move |facts: &dyn tongbao_core::Facts, cx: &mut _| {
            let mut change = ChangeSet::default();
            change.put(message::tell(cx, payer::known(facts, id)?, text.clone()));
            Ok(change)
        };
        self.engine.run(INPUT, tell).await.unwrap();
    }
}

fn answer(status: &str) -> Script {
    Script::Answer(format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n").into_bytes())
}

/// A server that speaks as much SMTP as a client needs, and keeps the mails; `refuses` is its word to recipients.
struct MailServer {
    port: u16,
    mails: Arc<Mutex<Vec<String>>>,
    task: tokio::task::JoinHandle<()>,
}

impl MailServer {
    async fn start(recipient: &'static str) -> MailServer {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let mails: Arc<Mutex<Vec<String>>> = Arc::default();
        let kept = Arc::clone(&mails);
        let task = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                // A client that hangs up has said what it wanted to.
                drop(converse(socket, recipient, &kept).await);
            }
        });
        MailServer { port, mails, task }
    }

    fn mails(&self) -> Vec<String> {
        self.mails.lock().unwrap().clone()
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn converse(socket: TcpStream, recipient: &str, mails: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let mut socket = BufReader::new(socket);
    socket.write_all(b"220 mail.example.com ESMTP\r\n").await?;
    let mut mail = String::new();
    loop {
        let mut line = String::new();
        if socket.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let answer = match line.get(..4).unwrap_or_default().to_ascii_uppercase().as_str() {
            "EHLO" => "250-mail.example.com\r\n250 8BITMIME\r\n".to_owned(),
            "RCPT" => {
                mail.push_str(&line);
                format!("{recipient}\r\n")
            }
            "DATA" => {
                socket.write_all(b"354 go on\r\n").await?;
                while !mail.ends_with("\r\n.\r\n") {
                    socket.read_line(&mut mail).await?;
                }
                mails.lock().unwrap().push(std::mem::take(&mut mail));
                "250 taken\r\n".to_owned()
            }
            "QUIT" => "221 bye\r\n".to_owned(),
            _ => "250 ok\r\n".to_owned(),
        };
        socket.write_all(answer.as_bytes()).await?;
    }
}

#[tokio::test]
async fn a_code_goes_to_the_phone_signed_and_is_right_and_is_kept_nowhere() {
    let mut gateway = Receiver::start(answer("202 Accepted")).await;
    let world = World::new(Mode::Production, Some(&gateway), None).await;
    world.engine.send_code_for(world.payer, Purpose::SignIn).await.unwrap();
    world.work().await;
    let (head, body) = gateway.next_request().await;
    let sent: Value = serde_json::from_slice(&body).unwrap();
    let notice = world.notices().remove(0);
    assert_eq!(sent["id"], notice.id.to_string());
    assert_eq!((sent["to"].as_str(), sent["kind"].as_str()), (Some("+8617000000001"), Some("one_time_code")));
    let code = sent["code"].as_str().unwrap();
    assert!(sent["text"].as_str().unwrap().contains(code));
    let headers: http::HeaderMap = head
        .lines()
        .skip(1)
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.parse::<http::HeaderName>().unwrap(), value.parse().unwrap()))
        .collect();
    let hook = standardwebhooks::Webhook::new(&Secret::from_bytes([7; 32]).expose()).unwrap();
    hook.verify(&body, &headers).unwrap();
    assert_eq!((notice.status, notice.what, notice.to_sealed), (NoticeStatus::Done, What::Code(None), None));
    assert_eq!(world.engine.use_code(world.payer, code).await, Ok(()));
}

#[tokio::test]
async fn without_a_gateway_no_code_is_asked_for_and_a_new_number_is_told_the_same() {
    let world = World::new(Mode::Production, None, None).await;
    for phone in [PHONE, "17000000009"] {
        let told = world.engine.send_entry_code(phone).await;
        assert!(matches!(told, Err(Error::Refused(Refusal::Invalid { param: "code", .. }))), "{phone}");
    }
    assert_eq!(world.notices(), []);
}

#[tokio::test]
async fn what_nobody_answers_is_sent_again_under_the_same_name_and_what_is_refused_is_not() {
    for (status, times) in [("503 Busy", 3), ("429 Later", 3), ("400 No", 1), ("302 Found", 3)] {
        let mut gateway = Receiver::start(answer(status)).await;
        let mut world = World::new(Mode::Production, Some(&gateway), None).await;
        world.engine.send_code_for(world.payer, Purpose::SignIn).await.unwrap();
        let mut names = Vec::new();
        for _ in 0..times {
            world.work().await;
            let (_, body) = gateway.next_request().await;
            let sent: Value = serde_json::from_slice(&body).unwrap();
            names.push(sent["id"].clone());
            world.advance_s(60);
        }
        names.dedup();
        assert_eq!(names.len(), 1, "{status}");
        let over = world.notices().remove(0).status == NoticeStatus::GivenUp;
        assert_eq!(over, times == 1, "{status}");
    }
    let gateway = Receiver::start(answer("503 Busy")).await;
    let mut world = World::new(Mode::Production, Some(&gateway), None).await;
    world.engine.send_code_for(world.payer, Purpose::SignIn).await.unwrap();
    world.advance_s(300);
    world.work().await;
    assert_eq!(world.notices().remove(0).status, NoticeStatus::GivenUp, "a void code is not sent");
}

#[tokio::test]
async fn mail_goes_to_an_address_that_was_confirmed_and_a_refusal_for_good_ends_it() {
    let server = MailServer::start("250 ok").await;
    let world = World::new(Mode::Production, None, Some(&server)).await;
    let id = world.payer;
    let bad = world.engine.ask_mail(id, "nobody").await;
    assert!(matches!(bad, Err(Error::Refused(Refusal::Invalid { param: "mail", .. }))));
    world.engine.ask_mail(id, "tester@example.com").await.unwrap();
    world.work().await;
    let mail = server.mails().remove(0);
    let at = mail.find("security_code ").unwrap() + "security_code ".len();
    let code = mail[at..at + 6].to_owned();
    let notice = world.notices().remove(0);
    for part in ["RCPT TO:<tester@example.com>", &format!("Message-ID: <{}@pay.example.com>", notice.id)] {
        assert!(mail.contains(part), "{part} in {mail}");
    }
    assert_eq!(world.engine.confirm_mail(id, "000000").await, Err(Error::Refused(Refusal::WrongCode)));
    world.engine.confirm_mail(id, &code).await.unwrap();
    world.engine.choose_notices(id, Choice { sms: false, ..Choice::default() }).await.unwrap();
    world.tell(Text::Frozen).await;
    world.work().await;
    let told: Vec<String> = server.mails().into_iter().filter(|mail| mail.contains("frozen")).collect();
    assert_eq!(told.len(), 1);
    let refusing = MailServer::start("550 no such mailbox").await;
    let world = World::new(Mode::Production, None, Some(&refusing)).await;
    world.engine.ask_mail(world.payer, "tester@example.com").await.unwrap();
    world.work().await;
    assert_eq!((world.notices().remove(0).status, refusing.mails().len()), (NoticeStatus::GivenUp, 0));
}

#[tokio::test]
async fn a_sandbox_plans_what_production_would_send() {
    let world = World::new(Mode::Sandbox, None, None).await;
    let money = Money { amount: Amount::new(100).unwrap(), currency: Currency::CNY };
    world.tell(Text::Payment(PaymentTold::Large { money })).await;
    world.work().await;
    let notice = world.notices().remove(0);
    assert_eq!((notice.medium, notice.status), (Medium::Sms, NoticeStatus::Done));
}

#[tokio::test]
async fn what_cannot_be_opened_is_given_up_and_not_tried_for_ever() {
    let mut world = World::new(Mode::Sandbox, None, None).await;
    let id = world.payer;
    let spoil = move |facts: &dyn tongbao_core::Facts, _: &mut _| {
        let payer = payer::known(facts, id)?.clone();
        let mut change = ChangeSet::default();
        change.put(Payer { version: payer.version + 1, phone_sealed: "of another key".to_owned(), ..payer });
        Ok(change)
    };
    world.engine.run(INPUT, spoil).await.unwrap();
    let money = Money { amount: Amount::new(100).unwrap(), currency: Currency::CNY };
    world.tell(Text::Payment(PaymentTold::Large { money })).await;
    for wait_s in [0].into_iter().chain(RETRY_AFTER_S) {
        world.advance_s(wait_s);
        world.work().await;
    }
    let notice = world.notices().remove(0);
    assert_eq!(
        (notice.status, usize::from(notice.failures)),
        (NoticeStatus::GivenUp, RETRY_AFTER_S.len() + 1)
    );
}

fn code_of(world: &World) -> String {
    let query = Query::List { list: List::Messages, after: None, newest_first: true, limit: 9 };
    let code = |record| match record {
        Record::Message(message::Message { text: Text::SecurityCode(code), .. }) => Some(code),
        _ => None,
    };
    world.engine.store.records(query).unwrap().into_iter().find_map(code).unwrap()
}

#[tokio::test]
async fn an_account_is_closed_after_both_proofs_and_its_number_opens_another() {
    let world = World::new(Mode::Sandbox, None, None).await;
    let (engine, id) = (&world.engine, world.payer);
    let device = engine.new_device_secret();
    let secret = engine.begin_session(id, at(&device)).await.unwrap();
    engine.send_code_for(id, Purpose::Closing).await.unwrap();
    let code = code_of(&world);
    let wrong = engine.close_account(id, "024680".to_owned(), &code).await;
    assert!(matches!(wrong, Err(Error::Refused(Refusal::WrongPassword { .. }))));
    let wrong = engine.close_account(id, PASSWORD.to_owned(), "000000").await;
    assert_eq!(wrong, Err(Error::Refused(Refusal::WrongCode)));
    let money = Money { amount: Amount::new(100).unwrap(), currency: Currency::CNY };
    let top_up = move |facts: &dyn tongbao_core::Facts, _: &mut _| {
        payer::top_up(facts, id, Channel::SandboxBank, money)
    };
    engine.run(INPUT, top_up).await.unwrap();
    assert_eq!(engine.close_account(id, PASSWORD.to_owned(), &code).await, Ok(Err(Hindrance::Balance)));
    assert!(engine.session(id, &device, &secret).unwrap().unwrap().is_live(engine.now()));
    assert!(engine.payer_by_phone(PHONE).unwrap().unwrap().frozen.is_none());

    let other = World::new(Mode::Sandbox, None, None).await;
    let (engine, id) = (&other.engine, other.payer);
    let device = engine.new_device_secret();
    let secret = engine.begin_session(id, at(&device)).await.unwrap();
    engine.send_code_for(id, Purpose::Closing).await.unwrap();
    assert_eq!(engine.close_account(id, PASSWORD.to_owned(), &code_of(&other)).await, Ok(Ok(())));
    assert!(!engine.session(id, &device, &secret).unwrap().unwrap().is_live(engine.now()));
    assert!(engine.payer_by_phone(PHONE).unwrap().is_none());
    let new = engine.new_payer(PHONE, PASSWORD);
    let next = engine.step(INPUT, move |facts, cx| payer::create(facts, cx, &new)).await.unwrap();
    assert_eq!(engine.payer_by_phone(PHONE).unwrap().unwrap().id, next);
    assert_ne!(next, id);
}

#[tokio::test]
async fn a_copy_of_ones_data_has_what_is_known_and_no_secret() {
    let world = World::new(Mode::Sandbox, None, None).await;
    let (engine, id) = (&world.engine, world.payer);
    engine.verify_identity(id, "测试甲", "990000199001010017").await.unwrap();
    engine.begin_session(id, at(&engine.new_device_secret())).await.unwrap();
    let wrong = engine.take_own_data(id, "024680".to_owned()).await;
    assert!(matches!(wrong, Err(Error::Refused(Refusal::WrongPassword { .. }))));
    let copy = engine.take_own_data(id, PASSWORD.to_owned()).await.unwrap();
    let text = String::from_utf8(copy.clone()).unwrap();
    let copy: Value = serde_json::from_slice(&copy).unwrap();
    assert_eq!((copy["phone"].as_str(), copy["name"].as_str()), (Some(PHONE), Some("测试甲")));
    assert_eq!(copy["devices"][0]["device_name"], "Firefox");
    for secret in ["sealed", "digest", "argon2", "\"secret\""] {
        assert!(!text.contains(secret), "{secret}");
    }
    let payer = engine.payer_by_phone(PHONE).unwrap().unwrap();
    assert_eq!(payer.password_tries, 0, "the right one is not counted");
    let query = Query::List { list: List::MessagesOf(id), after: None, newest_first: true, limit: 1 };
    let told = engine.store.records(query).unwrap().remove(0);
    let Record::Message(told) = told else { panic!("a list of messages") };
    assert_eq!(told.text.name(), "account");
}
