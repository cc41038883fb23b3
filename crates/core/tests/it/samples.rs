//! One record of each kind, with everything in it that there can be.

use std::collections::BTreeMap;

use serde_json::json;
use tongbao_core::{
    Context, Id, Record,
    api_key::{ApiKey, Scope},
    collection::{CollectionCode, Owner},
    data_keys::{DataKeys, WrappedKey},
    delivery::{Delivery, DeliveryAttempt, DeliveryStatus, Dialect},
    endpoint::{Endpoint, EndpointStatus, WebhookSecret},
    event::{Alarm, AlarmKind, Event, EventKind, Subject},
    id::{AppId, MerchantId, PayerId, RefundId, TypedId},
    idempotency::Reply,
    instance::Instance,
    ledger::Channel,
    merchant::{App, Merchant},
    message::{self, Text},
    notice::{
        Language, Medium, Notice, NoticeStatus, What,
        contact::{AskedAddress, Choice, Contact, MailAddress},
    },
    payer::{
        CodeDay, Codes, OneTimeCode, Payer,
        freeze::{By, Freeze},
        identity::{Identity, Level, Person, Tries},
        network::{KnownNetwork, Networks},
        passkey::{Algorithm, Challenge, Passkey, PasskeyRing, SignInChallenge},
        session::{Session, SignedOut},
        sign_up::{SignUp, Ticket},
        usage::{OwnLimits, Usage},
    },
    payment::{
        Attempt, AttemptStatus, Confirmation, Failure, HolderSaid, Item, Method, Payment, Proof, Proofs,
        Status, by_card::CardPayment,
    },
    payment_code::{PaymentCode, PaymentCodeSeed, Used, Window},
    refund::{Origin, Refund, RefundStatus, Target},
    risk::{
        Assessment, Decision, Reason, RiskDecision, RiskProfile, RuleHit,
        review::{Ended, Finding, Review},
    },
    sandbox::{Fault, Sandbox, WaitingFault},
    transfer::{
        DetailOf, ReturnReason, Sender, Transfer, TransferStatus,
        payee::{Payee, Sending},
    },
    wechat::{
        WechatCombinedOrder, WechatMerchant, WechatOrder, WechatPlatform, WechatRefund, WechatTransferBatch,
        WechatTransferList,
        codepay::CodeOrder,
        combine::{CombinedPicture, CombinedTerms, SubOrder},
        merchant::{ComplaintAddress, KeyMode, MerchantCertificate},
        order::{OrderTerms, TradeType},
        platform::{PlatformCertificate, PlatformPublicKey, SealedAuthority},
        transfer::{SceneReport, SealedName, TransferTerms, WechatTransfer},
        transfer_batch::{BatchTerms, FailReason, FailedDetail, Tally, TransferDetail},
    },
};
use tongbao_money::BasisPoints;
use tongbao_risk::{
    choices::Operation,
    features::EntityId,
    judge::Versions,
    profile::{Deed, Profile, Relation},
};
use uuid::Uuid;

use crate::shop::{after, amount, yuan};

pub(crate) fn id<T: TypedId>(number: u128) -> T {
    T::from_uuid(Uuid::from_u128(number))
}

pub(crate) fn merchant() -> MerchantId {
    id(1)
}

pub(crate) fn app() -> AppId {
    id(2)
}

pub(crate) fn payer() -> PayerId {
    id(3)
}

fn attempt(number: u128, method: Method, reference: Option<&str>, others: &[&str]) -> Attempt {
    Attempt {
        id: id(number),
        method,
        payer: payer(),
        status: AttemptStatus::Returned,
        started_at: after(1),
        failure: Some(Failure::WrongAmount),
        reference: reference.map(ToOwned::to_owned),
        other_references: others.iter().map(|&other| other.to_owned()).collect(),
        contested: vec!["of another payment".to_owned()],
        fault: Some(Fault::ResultLate),
        proofs: Proofs::PASSWORD.with(Proof::Code),
        challenge: Some(Box::new(tongbao_core::payment::Challenge {
            digest: [7; 32],
            needed: vec![Proofs::PASSWORD.with(Proof::Code), Proofs::PASSKEY],
            expires_at: after(301),
        })),
        confirmation: Some(Box::new(Confirmation {
            address: "/sandbox/bank".to_owned(),
            since: after(2),
            said: Some(HolderSaid::Refused),
            said_at: Some(after(3)),
        })),
        risk: Some(Box::new(Assessment {
            decision: Decision::Review,
            score: Some(960),
            versions: Versions { rules: 1, model: 2 },
            features: vec![0, 0, 128, 63, 255],
            hits: vec![RuleHit { rule: "score_very_high".to_owned(), version: 1, live: true }],
            reasons: vec![Reason {
                code: "SCORE_CHECK".to_owned(),
                zh: "模型分 960。".to_owned(),
                en: "Score 960.".to_owned(),
            }],
            pushes: vec!["amount_over_mean 6.20".to_owned()],
        })),
        review: Some(id(111)),
    }
}

/// A payment with all there can be in it.
pub(crate) fn full_payment() -> Payment {
    let name = "一壶茶".to_owned();
    Payment {
        id: id(4),
        version: 9,
        merchant: merchant(),
        app: app(),
        order_no: "order-1".to_owned(),
        money: yuan(10_000),
        description: "tea".to_owned(),
        items: vec![Item { name, quantity: 2, unit_amount: amount(5_000) }],
        metadata: BTreeMap::from([("key".to_owned(), "\u{0}\"\\ value".to_owned())]),
        notify_url: Some("https://shop.example/notify".to_owned()),
        return_url: Some("https://shop.example/back".to_owned()),
        status: Status::Succeeded,
        fee_rate: BasisPoints::new(60).unwrap(),
        fee: amount(60),
        fee_returned: amount(6),
        refund_claimed: amount(1_000),
        refunded: amount(500),
        refund_count: 2,
        attempts: vec![
            attempt(5, Method::Balance, None, &[]),
            attempt(6, Method::SandboxBank, Some("a"), &["b", "c"]),
            attempt(7, Method::SandboxBank, None, &[]),
        ],
        created_at: after(0),
        expires_at: after(600),
        succeeded_at: Some(after(5)),
        closed_at: Some(after(6)),
        wechat: Some(Box::new(order())),
    }
}

fn order() -> WechatOrder {
    let some = |text: &str| Some(text.to_owned());
    WechatOrder {
        terms: OrderTerms {
            mchid: "1900000001".to_owned(),
            appid: "wx0000000000000001".to_owned(),
            trade_type: TradeType::H5,
            openid: some("o"),
            attach: some("table 7"),
            goods_tag: some("WXG"),
            support_fapiao: Some(true),
            detail: some("{}"),
            scene_info: some("{}"),
            device_id: some("013467007045764"),
            profit_sharing: Some(true),
        },
        payer: Some(payer()),
        by_public_key: true,
        time_expire: Some(after(300)),
        transaction_id: "4200000000000000000000000001".to_owned(),
        prepay_token: "00000000000000aa".to_owned(),
        prepays: 2,
        prepaid_at: vec![after(0), after(1)],
        combined: Some(id(40)),
        code: Some(CodeOrder { needs_password: true, reversed_at: Some(after(7)) }),
    }
}

pub(crate) fn bare_payment() -> Payment {
    Payment {
        items: Vec::new(),
        metadata: BTreeMap::new(),
        notify_url: None,
        return_url: None,
        status: Status::Open,
        attempts: Vec::new(),
        succeeded_at: None,
        closed_at: None,
        wechat: None,
        ..full_payment()
    }
}

pub(crate) fn refund(origin: Origin, target: Target) -> Refund {
    Refund {
        id: id(8),
        version: 2,
        merchant: merchant(),
        app: app(),
        payment: id(4),
        attempt: None,
        origin,
        money: yuan(500),
        fee: amount(3),
        target,
        reason: Some("broken".to_owned()),
        status: RefundStatus::Abnormal,
        contradicted: true,
        reference: Some("r".to_owned()),
        created_at: after(7),
        succeeded_at: Some(after(8)),
        wechat: None,
    }
}

/// The refund of an order.
pub(crate) fn order_refund() -> Refund {
    let order = WechatRefund {
        mchid: "1900000001".to_owned(),
        refund_id: "50300000000000000000000000001".to_owned(),
        transaction_id: "4200000000000000000000000001".to_owned(),
        out_trade_no: "order-1".to_owned(),
        total: amount(10_000),
        by_public_key: true,
        notify_url: Some("https://shop.example/refunds".to_owned()),
    };
    let origin = Origin::Merchant("refund-2".to_owned());
    Refund { id: id(29), wechat: Some(Box::new(order)), ..refund(origin, Target::Balance(payer())) }
}

/// A transfer with all there can be in it.
pub(crate) fn transfer() -> Transfer {
    let some = |text: &str| Some(text.to_owned());
    let terms = TransferTerms {
        mchid: "1900000001".to_owned(),
        appid: "wx0000000000000001".to_owned(),
        openid: "o".to_owned(),
        scene_id: "1000".to_owned(),
        perception: some("现金奖励"),
        reports: vec![SceneReport {
            info_type: "活动名称".to_owned(), info_content: "新会员".to_owned()
        }],
        notify_url: some("https://shop.example/transfers"),
    };
    Transfer {
        id: id(32),
        version: 2,
        sender: Sender::Merchant { merchant: merchant(), app: app(), transfer_no: "transfer-1".to_owned() },
        recipient: payer(),
        money: yuan(500),
        remark: "wages".to_owned(),
        status: TransferStatus::Returned(ReturnReason::Expired),
        created_at: after(0),
        expires_at: after(9),
        ended_at: Some(after(9)),
        wechat: Some(Box::new(WechatTransfer {
            terms,
            name: Some(SealedName { sealed: "sealed".to_owned(), digest: [6; 32] }),
            transfer_bill_no: "1330000000000000000000000000000000000001".to_owned(),
            by_public_key: true,
        })),
        detail: None,
        collection: None,
    }
}

/// The transfer that pays a detail of a batch.
pub(crate) fn detail_transfer() -> Transfer {
    let detail = Some(DetailOf { batch: id(60), place: 1 });
    Transfer { id: id(62), status: TransferStatus::Accepted, wechat: None, detail, ..transfer() }
}

/// A transfer between payers, by a collection code.
pub(crate) fn sent_transfer() -> Transfer {
    Transfer {
        id: id(70),
        sender: Sender::Payer { payer: id(71), number: "n1".to_owned() },
        status: TransferStatus::Accepted,
        wechat: None,
        collection: Some(id(72)),
        ..transfer()
    }
}

/// The records that only payers who send money have.
fn sending() -> Vec<Record> {
    vec![
        Sending {
            id: id(73),
            version: 2,
            payer: payer(),
            day: 20_000,
            look_ups: 3,
            by_code: amount(50_000),
            biller_look_ups: 4,
            created_at: after(0),
        }
        .into(),
        Payee { id: id(74), version: 1, payer: payer(), recipient: id(71), created_at: after(0) }.into(),
        CollectionCode {
            id: id(72),
            version: 2,
            owner: Owner::Payer(payer()),
            token: "token".to_owned(),
            fixed: Some(amount(100)),
            created_at: after(0),
        }
        .into(),
    ]
}

/// A batch of transfers with all there can be in it.
pub(crate) fn batch() -> WechatTransferBatch {
    let some = |text: &str| Some(text.to_owned());
    let tally = |count, minor| Tally { count, amount: amount(minor) };
    WechatTransferBatch {
        id: id(60),
        version: 2,
        merchant: merchant(),
        app: app(),
        terms: BatchTerms {
            mchid: "1900000001".to_owned(),
            appid: "wx0000000000000001".to_owned(),
            out_batch_no: "batch1".to_owned(),
            name: "报销".to_owned(),
            remark: "四月报销".to_owned(),
            scene_id: some("1000"),
            notify_url: some("https://shop.example/batches"),
        },
        batch_id: "1030000000000000000000000000000000000001".to_owned(),
        list: id(61),
        total: tally(3, 60),
        paid: tally(1, 20),
        returned: amount(10),
        failed: vec![FailedDetail { place: 0, reason: FailReason::UnknownRecipient, at: after(1) }],
        by_public_key: true,
        created_at: after(0),
        updated_at: after(1),
    }
}

/// Its details.
pub(crate) fn batch_list() -> WechatTransferList {
    let detail = |number: &str, minor, recipient| TransferDetail {
        out_detail_no: number.to_owned(),
        amount: amount(minor),
        remark: "报销".to_owned(),
        openid: "o".to_owned(),
        recipient,
        name: Some(SealedName { sealed: "sealed".to_owned(), digest: [6; 32] }),
    };
    let details =
        vec![detail("d0", 10, Some(id(99))), detail("d1", 20, Some(payer())), detail("d2", 30, None)];
    WechatTransferList { id: id(61), version: 1, batch: id(60), details }
}

/// A combined order with all there can be in it.
pub(crate) fn combined() -> WechatCombinedOrder {
    let some = |text: &str| Some(text.to_owned());
    let sub = |number: &str, payment| SubOrder {
        mchid: "1900000001".to_owned(),
        out_trade_no: number.to_owned(),
        payment: id(payment),
    };
    WechatCombinedOrder {
        id: id(40),
        version: 2,
        app: app(),
        terms: CombinedTerms {
            mchid: "1900000001".to_owned(),
            appid: "wx0000000000000001".to_owned(),
            out_trade_no: "c1".to_owned(),
            trade_type: TradeType::H5,
            openid: some("o"),
            scene_info: some("{}"),
            device_id: some("7"),
            notify_url: "https://shop.example/notify".to_owned(),
        },
        sub_orders: vec![sub("order-1", 4), sub("order-2", 41)],
        payer: Some(payer()),
        by_public_key: true,
        prepay_token: "00000000000000bb".to_owned(),
        prepays: 2,
        prepaid_at: vec![after(0), after(1)],
        created_at: after(0),
    }
}

/// The records that only WeChat Pay's interface has.
pub(crate) fn wechat() -> Vec<Record> {
    let certificate = MerchantCertificate {
        serial: "7F01".to_owned(),
        public_key: "pem".to_owned(),
        not_before: after(0),
        not_after: after(9),
        revoked_at: Some(after(5)),
    };
    let authority = SealedAuthority { certificate: "pem".to_owned(), key_sealed: "sealed".to_owned() };
    let platform = PlatformCertificate {
        serial: "7F02".to_owned(),
        certificate: "pem".to_owned(),
        key_sealed: "sealed".to_owned(),
        not_before: after(0),
        not_after: after(9),
        retired_at: Some(after(8)),
    };
    let public_key = PlatformPublicKey {
        id: "PUB_KEY_ID_1".to_owned(),
        public_key: "pem".to_owned(),
        key_sealed: "sealed".to_owned(),
    };
    vec![
        WechatMerchant {
            id: id(30),
            version: 2,
            mchid: "1900000001".to_owned(),
            merchant: merchant(),
            app: app(),
            appids: vec!["wx0000000000000001".to_owned()],
            certificates: vec![certificate],
            api_v3_key: Some("sealed".to_owned()),
            key_mode: KeyMode::Both,
            sharing_notify_url: Some("https://shop.example/shares".to_owned()),
            complaint_address: Some(ComplaintAddress {
                url: "https://shop.example/complaints".to_owned(),
                by_public_key: true,
            }),
            created_at: after(0),
        }
        .into(),
        WechatPlatform {
            id: id(31),
            version: 2,
            authority,
            certificates: vec![platform],
            public_key,
            created_at: after(0),
        }
        .into(),
    ]
}

fn secret(until: Option<i64>) -> WebhookSecret {
    WebhookSecret { sealed: "sealed".to_owned(), until: until.map(after) }
}

pub(crate) fn people() -> Vec<Record> {
    let (name, fee_rate) = ("茶馆".to_owned(), BasisPoints::new(60).unwrap());
    let code = OneTimeCode { digest: [8; 32], sent_at: after(2), tries: 3 };
    vec![
        Merchant { id: merchant(), version: 1, name: name.clone(), fee_rate, created_at: after(0) }.into(),
        App {
            id: app(),
            version: 3,
            merchant: merchant(),
            name,
            secrets: vec![secret(None), secret(Some(3))],
            endpoints: vec![id(9), id(10)],
            created_at: after(0),
        }
        .into(),
        ApiKey {
            id: id(11),
            version: 2,
            app: app(),
            merchant: merchant(),
            digest: [7; 32],
            hint: "sk_…".to_owned(),
            scopes: Scope::ALL.to_vec(),
            networks: vec!["10.0.0.0/8".to_owned()],
            created_at: after(0),
            expires_at: Some(after(9)),
            revoked_at: Some(after(8)),
        }
        .into(),
        Payer {
            id: payer(),
            version: 4,
            phone_sealed: "sealed".to_owned(),
            phone_digest: [9; 32],
            phone_hint: "138****0001".to_owned(),
            password: "$argon2id$".to_owned(),
            password_tries: 5,
            locked_until: Some(after(9)),
            phone_turn: 1,
            closed_at: Some(after(99)),
            signed_out: Some(SignedOut { at: after(3), but: id(51) }),
            codes: Box::new(codes()),
            identity_tries: Tries { count: 5, locked_until: Some(after(9)) },
            code: Some(code),
            identity: Some(Identity::Verified {
                person: id(50),
                level: Level::Two,
                name_hint: "**甲".to_owned(),
                number_hint: "9****************7".to_owned(),
                at: after(1),
            }),
            own_limits: Some(OwnLimits {
                per_payment: Some(amount(100)),
                per_day: Some(amount(200)),
                count_per_day: Some(9),
            }),
            frozen: Some(Freeze { by: By::Operator, reason: Some("stolen phone".to_owned()), at: after(2) }),
            created_at: after(0),
        }
        .into(),
    ]
}

fn code_day() -> CodeDay {
    serde_json::from_value(json!({ "day": 20_000, "sent": 3, "wrong": 2 })).unwrap()
}

/// Codes for every purpose, and their days.
fn codes() -> Codes {
    let code = serde_json::to_value(OneTimeCode { digest: [8; 32], sent_at: after(9), tries: 2 }).unwrap();
    let purposes = ["reset", "unfreeze", "closing", "passkey", "payment"].map(|name| (name, code.clone()));
    let days = ["entering", "confirming"].map(|name| (name, serde_json::to_value(code_day()).unwrap()));
    serde_json::from_value(purposes.into_iter().chain(days).map(|(name, of)| (name.to_owned(), of)).collect())
        .unwrap()
}

/// The records beside a payer of the wallet.
pub(crate) fn account() -> Vec<Record> {
    vec![
        Person {
            id: id(50),
            version: 1,
            number_digest: [50; 32],
            name_digest: [51; 32],
            number_sealed: "sealed number".to_owned(),
            name_sealed: "sealed name".to_owned(),
            payers: vec![payer()],
            former: vec![id(51)],
            created_at: after(1),
        }
        .into(),
        Session {
            id: id(51),
            version: 3,
            payer: payer(),
            device: [52; 32],
            secret: [53; 32],
            device_name: "Chrome · Android".to_owned(),
            seen_on: 20_000,
            signed_in_at: after(1),
            ended_at: Some(after(2)),
            codes_since: Some(after(1)),
            created_at: after(0),
        }
        .into(),
        Usage {
            id: id(52),
            version: 2,
            payer: payer(),
            total: amount(4),
            year: 2025,
            in_year: amount(3),
            day: 20_000,
            fewer_factors: amount(1),
            two_factors: amount(2),
            fewer_factors_count: 1,
            two_factors_count: 2,
        }
        .into(),
        Passkey {
            id: id(70),
            version: 3,
            payer: payer(),
            credential: "Y3JlZGVudGlhbA".to_owned(),
            algorithm: Algorithm::EdDsa,
            public_key: "MCowBQYDK2Vw".to_owned(),
            sign_count: 7,
            backup_eligible: true,
            name: "Chrome · Android".to_owned(),
            used_on: Some(20_000),
            removed_at: Some(after(9)),
            created_at: after(1),
        }
        .into(),
        PasskeyRing {
            id: id(71),
            version: 4,
            payer: payer(),
            passkeys: vec![id(70), id(72)],
            challenge: Some(Challenge { nonce: [70; 32], about: [71; 32], at: after(2) }),
        }
        .into(),
    ]
}

/// How a payer came in, and what it began to pay by card.
fn entered() -> Vec<Record> {
    vec![
        SignInChallenge {
            id: id(95),
            version: 2,
            nonce: [72; 32],
            used_at: Some(after(3)),
            created_at: after(2),
        }
        .into(),
        Networks {
            id: id(96),
            version: 2,
            payer: payer(),
            known: vec![KnownNetwork { digest: [96; 16], seen_on: 20_000 }],
        }
        .into(),
        CardPayment {
            id: id(97),
            version: 1,
            payer: payer(),
            payment: id(5),
            attempt: id(6),
            card: id(55),
            created_at: after(2),
        }
        .into(),
    ]
}

/// What risk control keeps of a payer and its payments.
fn judged() -> Vec<Record> {
    vec![
        RiskProfile {
            id: id(110),
            version: 2,
            of: Id::from(payer()),
            profile: {
                let mut profile = Profile::default();
                profile.add(1_750_000_000, &Deed::Received(amount(500)));
                profile.add(1_750_000_001, &Deed::Met(Relation::Card, EntityId(55)));
                profile
            },
        }
        .into(),
        RiskDecision {
            id: id(112),
            version: 1,
            payer: payer(),
            operation: Operation::Transfer,
            number: "form-1".to_owned(),
            money: yuan(50_000),
            assessment: Assessment {
                decision: Decision::Block,
                score: None,
                versions: Versions::default(),
                features: Vec::new(),
                hits: Vec::new(),
                reasons: Vec::new(),
                pushes: Vec::new(),
            },
            refused: true,
            at: after(1),
        }
        .into(),
        Review {
            id: id(111),
            version: 2,
            payment: id(4),
            attempt: id(6),
            payer: payer(),
            merchant: merchant(),
            money: yuan(50_000),
            reason: Some("SCORE_CHECK".to_owned()),
            score: Some(960),
            opened_at: after(1),
            until: after(7_201),
            ended: Some(Ended { finding: Finding::Fraud, by: Some("the desk".to_owned()), at: after(2) }),
        }
        .into(),
    ]
}

fn reached() -> Vec<Record> {
    vec![
        SignUp {
            id: id(53),
            version: 2,
            payer: id(54),
            phone_digest: [54; 32],
            code: Some(OneTimeCode { digest: [8; 32], sent_at: after(9), tries: 2 }),
            code_day: code_day(),
            ticket: Some(Ticket { digest: [55; 32], at: after(9) }),
            created_at: after(9),
        }
        .into(),
        message::create(
            &mut Context::new(after(9), [99; 16]),
            payer(),
            "138****0001".to_owned(),
            Text::NewDevice("Chrome · Android".to_owned()),
        )
        .into(),
        DataKeys {
            id: id(87),
            version: 2,
            keys: vec![WrappedKey { number: 2, wrapped: "wrapped".to_owned(), created_at: after(9) }],
        }
        .into(),
        Notice {
            id: id(85),
            version: 2,
            payer: payer(),
            medium: Medium::Sms,
            to_sealed: Some("sealed".to_owned()),
            to_hint: "138****0001".to_owned(),
            language: Language::En,
            what: What::Code(Some("sealed".to_owned())),
            status: NoticeStatus::Waiting,
            failures: 1,
            next_at: Some(after(9)),
            created_at: after(9),
        }
        .into(),
        Contact {
            id: id(86),
            version: 2,
            payer: payer(),
            mail: Some(mail_address()),
            asked: Some(AskedAddress {
                address: mail_address(),
                code: Some(OneTimeCode { digest: [8; 32], sent_at: after(9), tries: 2 }),
            }),
            code_day: code_day(),
            choice: Choice { sms: false, mail: true, language: Language::En },
            day: 20_000,
            news: 3,
            created_at: after(9),
        }
        .into(),
    ]
}

fn mail_address() -> MailAddress {
    MailAddress { sealed: "sealed".to_owned(), hint: "t***@example.com".to_owned() }
}

pub(crate) fn told() -> Vec<Record> {
    let event = |number, subject| Event {
        id: id(number),
        version: 1,
        app: app(),
        kind: EventKind::RefundFailed,
        subject,
        created_at: after(4),
    };
    let attempt = DeliveryAttempt {
        at: after(5),
        http_status: None,
        failure: Some("timeout".to_owned()),
        duration_ms: 9,
    };
    vec![
        event(12, Subject::Payment(Box::new(full_payment()))).into(),
        event(13, Subject::Refund(Box::new(refund(Origin::Unexpected, Target::Balance(payer()))))).into(),
        event(33, Subject::Transfer(Box::new(transfer()))).into(),
        event(63, Subject::TransferBatch(Box::new(batch()))).into(),
        event(
            42,
            Subject::CombinedOrder(Box::new(CombinedPicture {
                order: combined(),
                payments: vec![full_payment(), bare_payment()],
            })),
        )
        .into(),
        Endpoint {
            id: id(9),
            version: 2,
            app: app(),
            url: "https://shop.example/hook".to_owned(),
            events: EventKind::ALL.to_vec(),
            secrets: vec![secret(None)],
            status: EndpointStatus::Disabled,
            failing_since: Some(after(1)),
            created_at: after(0),
        }
        .into(),
        Delivery {
            id: id(14),
            version: 2,
            app: app(),
            event: id(12),
            endpoint: Some(id(9)),
            url: "https://shop.example/hook".to_owned(),
            dialect: Dialect::Wechat,
            probe: true,
            status: DeliveryStatus::GivenUp,
            failures: 10,
            attempts: vec![attempt],
            next_at: Some(after(9)),
            created_at: after(4),
        }
        .into(),
        Alarm {
            id: id(15),
            version: 1,
            kind: AlarmKind::LateMoney,
            subject: id::<RefundId>(8).into(),
            created_at: after(4),
        }
        .into(),
    ]
}

/// At least one record of each kind, with everything in it that there can be.
pub(crate) fn all() -> Vec<Record> {
    let mut cx = Context::new(after(3), [4; 16]);
    let code = Text::SignInCode("123456".to_owned());
    let mut all = people();
    all.extend(told());
    all.extend(wechat());
    all.extend(crate::profit_sharing::records());
    all.extend(crate::cards::records());
    all.push(crate::complaints::record());
    all.extend(sending());
    all.extend(account());
    all.extend(reached());
    all.extend(entered());
    all.extend(judged());
    all.push(crate::utility::record());
    all.extend(crate::transit::records());
    all.push(crate::risk_lists::record());
    all.extend(crate::list_sharing::records());
    let merchants = Origin::Merchant("refund-1".to_owned());
    let waiting = WaitingFault { payer: Some(payer()), fault: Fault::DuplicateNotification };
    all.extend([
        full_payment().into(),
        Record::from(Payment { id: id(24), ..bare_payment() }),
        refund(merchants, Target::Channel(Channel::SandboxBank)).into(),
        Refund { id: id(28), ..refund(Origin::Unexpected, Target::Balance(payer())) }.into(),
        order_refund().into(),
        transfer().into(),
        detail_transfer().into(),
        sent_transfer().into(),
        batch().into(),
        batch_list().into(),
        combined().into(),
        PaymentCode {
            id: id(43),
            version: 2,
            payer: payer(),
            digest: [8; 32],
            window: Window::of(after(0)),
            used: Some(Used { payment: id(4), at: after(1) }),
            created_at: after(0),
        }
        .into(),
        PaymentCodeSeed {
            id: id(44),
            version: 1,
            payer: payer(),
            seed_sealed: "sealed".to_owned(),
            created_at: after(0),
        }
        .into(),
        message::create(&mut cx, payer(), "138****0001".to_owned(), code).into(),
        Instance { id: id(65), version: 1, is_sandbox: true, key_check: [9; 32] }.into(),
        Sandbox { id: id(16), version: 3, advanced_s: 60, faults: vec![waiting] }.into(),
        Reply {
            id: id(17),
            version: 1,
            caller: app().into(),
            key: "key".to_owned(),
            request: "ab".to_owned(),
            status: 201,
            body: "{\"id\":1}\n".to_owned(),
            created_at: after(3),
        }
        .into(),
    ]);
    all
}
