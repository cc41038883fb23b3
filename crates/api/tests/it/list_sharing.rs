//! Two institutions that share lists, each with a listener of its own on loopback: what arrives, what is taken back,
//! what crosses the wire, and who is turned away.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use axum::{
    body::{Body, to_bytes},
    extract::Request,
    middleware::{Next, from_fn},
    response::Response,
};
use http::StatusCode;
use tokio::{sync::oneshot, task::JoinHandle};
use tongbao_api::{
    list_sharing::router,
    listener::{Limits, ListenConfig, Listener},
};
use tongbao_core::{
    Actor, Key,
    payer::{self, Payer},
    risk::{
        list::{Added, Category, EndEntry, EntityKind, NewEntry, RiskList, Source, Standing},
        list_sharing::{ListMember, ListSource},
    },
};
use tongbao_engine::{
    Engine, Entropy, Input, Mode, SystemEntropy,
    list_sharing::{
        Asked, Deltas, Member, PullFailure, Puller, Settings, SharingKeys, SignedRequest, bytes_of,
    },
    risk_list::share_token,
};
use tongbao_risk::sharing::{Asking, Chain, SharedKind};
use tongbao_store::model::ModelStore;

const PHONE: &str = "13800000001";
const PER_DAY: u32 = 1_000;

type Transcript = Arc<Mutex<Vec<Vec<u8>>>>;

/// An institution: an engine behind a listener that keeps what was said to it.
struct Institution {
    engine: Arc<Engine>,
    keys: SharingKeys,
    settings: Arc<Settings>,
    heard: Transcript,
    addr: SocketAddr,
    stop: oneshot::Sender<()>,
    served: JoinHandle<()>,
}

fn engine(key: u8) -> Arc<Engine> {
    Arc::new(Engine::new(Arc::new(ModelStore::default()), Mode::Production, &[key; 32]).unwrap())
}

fn member(name: &str, keys: &SharingKeys, url: Option<String>) -> Member {
    Member {
        name: name.to_owned(),
        signing_key: bytes_of(&keys.signing_key()).unwrap(),
        evaluation_key: bytes_of(&keys.evaluation_key()).unwrap(),
        url,
    }
}

fn settings(name: &str, other: Member) -> Arc<Settings> {
    let members = vec![other];
    Arc::new(Settings { name: name.to_owned(), members, per_member_per_day: PER_DAY, pull_interval_s: 60 })
}

/// Keeps the body of each request.
async fn keep(heard: Transcript, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    heard.lock().unwrap().push(body.to_vec());
    next.run(Request::from_parts(parts, Body::from(body))).await
}

impl Institution {
    fn open(engine: Arc<Engine>, settings: Arc<Settings>) -> Institution {
        let listen = ListenConfig { addr: ([127, 0, 0, 1], 0).into(), tls: None, limits: Limits::default() };
        let listener = Listener::bind(listen).unwrap();
        let (addr, heard) = (listener.local_addr(), Transcript::default());
        let kept = Arc::clone(&heard);
        let door = router(Arc::clone(&engine), Arc::clone(&settings));
        let door = door.layer(from_fn(move |request, next| keep(Arc::clone(&kept), request, next)));
        let (stop, stopped) = oneshot::channel();
        let served = tokio::spawn(async move {
            let _ = listener.serve(door, async { drop(stopped.await) }).await;
        });
        let keys = engine.sharing_keys();
        Institution { engine, keys, settings, heard, addr, stop, served }
    }

    async fn close(self) {
        self.stop.send(()).unwrap();
        self.served.await.unwrap();
    }

    async fn list(&self, category: Category) -> u32 {
        let new = NewEntry {
            entity: self.engine.entity(EntityKind::Phone, PHONE).unwrap(),
            list: RiskList::Block,
            category,
            reason: "REASON".to_owned(),
            author: "ops".to_owned(),
            from: None,
            until: None,
            evidence: Some("case-1".to_owned()),
            source: Source::Own,
            confidence: Some(80),
            share: share_token(&self.keys, EntityKind::Phone, PHONE),
        };
        match self.engine.add_to_list(new).await.unwrap() {
            Added::New(number) => number,
            Added::Known(number) => panic!("{number} stood already"),
        }
    }

    async fn end(&self, number: u32) {
        let entity = self.engine.entity(EntityKind::Phone, PHONE).unwrap();
        let asked = EndEntry { entity, number, author: "ops".to_owned(), reason: "wrong".to_owned() };
        self.engine.end_on_list(asked).await.unwrap();
    }

    /// How the phone number stands here.
    async fn standing(&self) -> Standing {
        let entity = self.engine.entity(EntityKind::Phone, PHONE).unwrap();
        let input = Input { actor: Actor::Operator, name: "test" };
        let look = move |facts: &dyn tongbao_core::Facts, cx: &mut tongbao_core::Context| {
            Ok((
                tongbao_core::ChangeSet::default(),
                tongbao_core::risk::list::standing(facts, &[entity], cx.at())?,
            ))
        };
        self.engine.step(input, look).await.unwrap()
    }

    async fn payer(&self, phone: &str) -> Payer {
        let new = self.engine.new_payer(phone, "135790");
        let input = Input { actor: Actor::Operator, name: "create_payer" };
        let id = self.engine.step(input, move |facts, cx| payer::create(facts, cx, &new)).await.unwrap();
        self.engine.store.get::<Payer>(id).unwrap().unwrap()
    }

    async fn pull(&self) -> Result<(), PullFailure> {
        let puller = Puller::new(Arc::clone(&self.engine), Arc::clone(&self.settings)).unwrap();
        puller.pull(&self.settings.members[0]).await
    }

    /// Sends a request as somebody; gives the status.
    async fn say(
        &self,
        by: &SharingKeys,
        member: &str,
        source: &str,
        target: &str,
        body: &[u8],
        nonce: &str,
    ) -> StatusCode {
        let (method, at_ms) = (if body.is_empty() { "GET" } else { "POST" }, self.engine.clock.world().ms());
        let signed = SignedRequest { member, source, method, target, at_ms, nonce, body };
        let request = http::Request::builder()
            .method(method)
            .uri(target)
            .header("host", "localhost")
            .header("sharing-member", member)
            .header("sharing-timestamp", at_ms)
            .header("sharing-nonce", nonce)
            .header("sharing-signature", signed.sign(by))
            .body(http_body_util::Full::new(bytes::Bytes::copy_from_slice(body)))
            .unwrap();
        let stream = tokio::net::TcpStream::connect(self.addr).await.unwrap();
        let io = hyper_util::rt::TokioIo::new(stream);
        let (mut send, connection) = hyper::client::conn::http1::handshake(io).await.unwrap();
        let driven = tokio::spawn(connection);
        let status = send.send_request(request).await.unwrap().status();
        driven.abort();
        status
    }
}

/// North has a list, south has payers and pulls.
fn two() -> (Institution, Institution) {
    let (north, south) = (engine(1), engine(2));
    let known_south = settings("north", member("south", &south.sharing_keys(), None));
    let north = Institution::open(north, known_south);
    let url = format!("http://{}", north.addr);
    let known_north = settings("south", member("north", &north.keys, Some(url)));
    let south = Institution::open(south, known_north);
    (north, south)
}

fn nonce() -> String {
    tongbao_engine::auth::hex(&SystemEntropy.seed())
}

#[tokio::test]
async fn what_one_lists_the_other_watches_until_it_is_taken_back() {
    let (north, south) = two();
    let first = north.list(Category::Fraud).await;
    south.payer(PHONE).await;
    south.payer("13800000002").await;
    south.pull().await.unwrap();
    let standing = south.standing().await;
    let mark = standing.watch.expect("a foreign block is a watch");
    assert_eq!((mark.source, mark.confidence), (Source::Institution("north".to_owned()), Some(80)));
    assert!(standing.block.is_none() && standing.block_final.is_none());
    let told: ListMember = north.engine.store.find(Key::ListMember("south".to_owned())).unwrap().unwrap();
    assert_eq!((told.asked, told.hits.get("fraud")), (2, Some(&1)), "hits go back to the source");
    // Nothing new is asked about, and nothing is taken twice.
    south.pull().await.unwrap();
    let told: ListMember = north.engine.store.find(Key::ListMember("south".to_owned())).unwrap().unwrap();
    assert_eq!(told.asked, 2);

    let second = north.list(Category::Court).await;
    north.end(first).await;
    south.pull().await.unwrap();
    let standing = south.standing().await;
    assert!(standing.watch.is_none(), "what is revoked is gone after a pull");
    assert_eq!(standing.block_final.map(|mark| mark.category), Some(Category::Court), "law binds everybody");
    north.end(second).await;
    south.pull().await.unwrap();
    assert!(south.standing().await.is_clear());
    let known: ListSource = south.engine.store.find(Key::ListSource("north".to_owned())).unwrap().unwrap();
    assert_eq!(known.chain.number, 4);
    north.close().await;
    south.close().await;
}

#[tokio::test]
async fn what_is_sent_holds_blinded_points_only() {
    let (north, south) = two();
    let payers = [south.payer(PHONE).await, south.payer("13800000002").await];
    south.pull().await.unwrap();
    let heard: Vec<Vec<u8>> = north.heard.lock().unwrap().clone();
    let asked: Vec<Asked> = heard.iter().filter_map(|body| serde_json::from_slice(body).ok()).collect();
    let [Asked { elements }] = asked.as_slice() else { panic!("{asked:?}") };
    let points: Vec<[u8; 32]> = elements.iter().map(|element| bytes_of(element).unwrap()).collect();
    assert_eq!(points.len(), payers.len());
    // Whatever north hears of them, it can evaluate: they are points; and no body has anything else in it.
    let evaluator = tongbao_risk::sharing::Evaluator::new(&[3; 32]).unwrap();
    assert!(evaluator.answer(&[4; 32], &points).is_ok());
    let texts: Vec<String> = heard.iter().map(|body| String::from_utf8(body.clone()).unwrap()).collect();
    let alone = format!("{{\"elements\":[\"{}\",\"{}\"]}}", elements[0], elements[1]);
    assert_eq!(texts, [String::new(), alone, "{\"hits\":{}}".to_owned()]);
    for payer in &payers {
        let digest = tongbao_engine::auth::hex(&payer.phone_digest);
        let plain = blake3::hash(PHONE.as_bytes()).to_hex();
        for known in [&digest[..16], &plain.as_str()[..16], PHONE] {
            assert!(texts.iter().all(|text| !text.contains(known)), "{known}");
        }
    }
    // The same values again, at another institution of the same master key: other points.
    let again = engine(2);
    let seed = again.entropy.secret();
    let asking =
        Asking::about(&seed, [(SharedKind::Phone, PHONE), (SharedKind::Phone, "13800000002")]).unwrap();
    assert!(asking.message().iter().all(|point| !points.contains(point)));
    north.close().await;
    south.close().await;
}

#[tokio::test]
async fn a_page_that_was_forged_turned_round_cut_or_held_back_is_refused() {
    let north = engine(1);
    let keys = north.sharing_keys();
    let source = member("north", &keys, None);
    let open = Institution::open(north, settings("north", member("south", &engine(2).sharing_keys(), None)));
    for category in [Category::Fraud, Category::Court, Category::Gambling] {
        open.list(category).await;
    }
    let now = open.engine.clock.world();
    let page = open.engine.shared_deltas(&keys, "north", 0).unwrap();
    let follow = |page: &Deltas| page.follow(Chain::default(), &source, now);
    assert_eq!(follow(&page).map(|chain| chain.number), Ok(3));
    let alterations: [fn(&mut Deltas); 8] = [
        |page| page.deltas[1].items[0].category = "sanction".to_owned(),
        |page| page.deltas.swap(0, 1),
        |page| drop(page.deltas.remove(1)),
        |page| drop(page.deltas.pop()),
        |page| page.deltas.clear(),
        |page| page.latest = 2,
        |page| page.signature = "0".repeat(128),
        |page| page.at_ms += 1,
    ];
    for (place, alter) in alterations.into_iter().enumerate() {
        let mut altered = page.clone();
        alter(&mut altered);
        assert!(follow(&altered).is_err(), "alteration {place}");
    }
    // Cut and signed for by the words of before: an end that the source has said, of a chain that has gone on.
    let chain = follow(&page).unwrap();
    let nothing = open.engine.shared_deltas(&keys, "north", 3).unwrap();
    assert_eq!(nothing.follow(chain, &source, now), Ok(chain));
    assert!(page.follow(Chain { number: 0, digest: [1; 32] }, &source, now).is_err());
    assert!(page.follow(Chain::default(), &source, now.plus_s(600)).is_err(), "an old word is no word");
    let other = member("north", &engine(9).sharing_keys(), None);
    assert!(page.follow(Chain::default(), &other, now).is_err());
    assert!(
        page.follow(Chain::default(), &Member { name: "east".to_owned(), ..source.clone() }, now).is_err()
    );
    open.close().await;
}

#[tokio::test]
async fn strangers_replays_and_too_many_questions_are_turned_away() {
    let (north, south) = two();
    let target = "/sharing/v1/deltas?after=0";
    let once = nonce();
    assert_eq!(north.say(&south.keys, "south", "north", target, b"", &once).await, StatusCode::OK);
    assert_eq!(north.say(&south.keys, "south", "north", target, b"", &once).await, StatusCode::UNAUTHORIZED);
    let stranger = engine(9).sharing_keys();
    for (by, member, source) in
        [(&stranger, "south", "north"), (&stranger, "east", "north"), (&south.keys, "south", "east")]
    {
        let status = north.say(by, member, source, target, b"", &nonce()).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{member} at {source}");
    }
    let short = north.say(&south.keys, "south", "north", target, b"", "00").await;
    assert_eq!(short, StatusCode::UNAUTHORIZED);
    for (target, body) in [
        ("/sharing/v1/deltas?before=0", &b""[..]),
        ("/sharing/v1/evaluations", b"{\"elements\":[]}"),
        ("/sharing/v1/evaluations", b"{\"elements\":[\"00\"]}"),
        ("/sharing/v1/evaluations", b"\xff"),
    ] {
        let status = north.say(&south.keys, "south", "north", target, body, &nonce()).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{target} {body:?}");
    }
    // A day has room for a thousand values; what is refused is not counted.
    let phones: Vec<String> = (0..600).map(|number| format!("1380000{number:04}")).collect();
    let question = || {
        let values = phones.iter().map(|phone| (SharedKind::Phone, phone.as_str()));
        let asking = Asking::about(&SystemEntropy.secret(), values).unwrap();
        let elements = asking.message().iter().map(|point| tongbao_engine::auth::hex(point)).collect();
        serde_json::to_vec(&Asked { elements }).unwrap()
    };
    let mut told = Vec::new();
    for _ in 0..2 {
        let body = question();
        told.push(north.say(&south.keys, "south", "north", "/sharing/v1/evaluations", &body, &nonce()).await);
    }
    assert_eq!(told, [StatusCode::OK, StatusCode::TOO_MANY_REQUESTS]);
    let known: ListMember = north.engine.store.find(Key::ListMember("south".to_owned())).unwrap().unwrap();
    assert_eq!((known.asked, known.asked_today), (600, 600));
    // And a moment for sixty requests.
    let mut refused = 0;
    for _ in 0..120 {
        let status = north.say(&south.keys, "south", "north", target, b"", &nonce()).await;
        refused += u32::from(status == StatusCode::TOO_MANY_REQUESTS);
    }
    assert!(refused > 0, "a member that asks without a pause is told to wait");
    north.close().await;
    south.close().await;
}
