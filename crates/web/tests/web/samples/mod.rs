//! Views with plausible contents, shared by the tests and the gallery.

use serde_json::Value;
use tongbao_web::cashier::{
    CashierView, ConfirmView, ItemView, MethodDetail, MethodView, Notice, Outcome, ProveView, ResultView,
    SignInView, Step,
};
use tongbao_web::sandbox::{
    AttemptRow, CommandPurpose, CommandView, ConsoleView, DeliveryRow, HolderView, InboxView, MessageView,
    NotificationsView, OpenPayment, PayerView, PaymentCodeView, PaymentRow, PhoneView, StartView,
};
use tongbao_web::sandbox::{
    DifferenceView, ExaminedView, FindingRow, FoundTimeline, OwnTextView, RefusedRow, SignatureFormView,
    SignatureView, TimelineRow, TimelineView,
};
use tongbao_web::{
    Amount, BlockName, DeliveryStatus, Fault, Frame, Lang, LineKind, MethodName, Moment, PaymentStatus,
    SandboxNotice, WhyNot,
};

/// 2026-11-22 16:57:25 in China.
pub(crate) const NOW: Moment = Moment::from_unix_ms(1_795_337_845_000);
const PAYMENT: &str = "pay_01k9yq3vx2e8gtm4d6w7zr5hbn";
const BASE: &str = "http://127.0.0.1:8080";

pub(crate) fn frame(lang: Lang) -> Frame {
    Frame::new(Some(lang.parameter()), None, None, "bm9uY2U0NTY3ODkwMTIzNA==", "csrf-token")
}

pub(crate) fn yuan(fen: i64) -> Amount {
    Amount::new(fen, "CNY", 2)
}

pub(crate) fn cashier(step: Step) -> CashierView {
    let item = |name: &str, quantity, fen| ItemView { name: name.into(), quantity, amount: Some(yuan(fen)) };
    CashierView {
        base: String::new(),
        payment_id: PAYMENT.into(),
        qr_text: format!("{BASE}/cashier/{PAYMENT}"),
        merchant_name: "沙箱商店".into(),
        description: "盲盒两件".into(),
        order_no: "20261122-000137".into(),
        items: vec![item("星空系列盲盒", 2, 11_800), item("运费", 1, 1_050)],
        amount: yuan(12_850),
        expires_in_s: 899,
        sandbox: true,
        notice: None,
        step,
    }
}

pub(crate) fn sign_in(code_sent: bool) -> Step {
    let phone = if code_sent { "13800000001".into() } else { String::new() };
    Step::SignIn(SignInView { phone, code_sent })
}

pub(crate) fn confirm(balance_fen: i64) -> Step {
    let enough = balance_fen >= 12_850;
    Step::Confirm(ConfirmView {
        masked_phone: "138****0001".into(),
        methods: vec![
            MethodView {
                key: "balance".into(),
                name: MethodName::Balance,
                detail: MethodDetail::Balance(yuan(balance_fen)),
                why_not: (!enough).then_some(WhyNot::InsufficientBalance),
            },
            MethodView {
                key: "bank_card".into(),
                name: MethodName::BankCard,
                detail: MethodDetail::Instrument("··6789".into()),
                why_not: enough.then_some(WhyNot::Maintenance),
            },
        ],
        selected_method: None,
        passkey: true,
    })
}

fn prove(by_password: bool) -> Step {
    Step::Prove(ProveView { masked_phone: "138****0001".into(), by_password, passkey: true })
}

pub(crate) fn result(outcome: Outcome) -> Step {
    Step::Result(ResultView { outcome, return_url: Some("https://shop.example/orders/137".into()) })
}

/// Every step, with a name for its file.
pub(crate) fn cashier_steps() -> Vec<(&'static str, CashierView)> {
    let notice = |mut view: CashierView, notice| {
        view.notice = Some(notice);
        view
    };
    vec![
        ("sign-in", cashier(sign_in(false))),
        ("sign-in-code", notice(cashier(sign_in(true)), Notice::WrongCode { tries_left: 2 })),
        ("confirm", cashier(confirm(100_000))),
        ("confirm-wrong", notice(cashier(confirm(100_000)), Notice::WrongPassword { tries_left: 1 })),
        (
            "confirm-poor",
            notice(cashier(confirm(5_000)), Notice::InsufficientBalance { short_by: yuan(7_850) }),
        ),
        ("prove-code", notice(cashier(prove(false)), Notice::WrongCode { tries_left: 2 })),
        ("prove-password", cashier(prove(true))),
        ("processing", cashier(Step::Processing)),
        ("reviewing", cashier(Step::Reviewing)),
        ("asked-by-bank", cashier(Step::AskedByBank("/sandbox/bank/pay_1/att_1".into()))),
        (
            "succeeded",
            cashier(result(Outcome::Succeeded { paid_at: NOW, method: Some(MethodName::Balance) })),
        ),
        ("partly-refunded", cashier(result(Outcome::PartlyRefunded { refunded: yuan(5_900) }))),
        ("refunded", cashier(result(Outcome::Refunded { refunded: yuan(12_850) }))),
        ("closed", cashier(result(Outcome::Closed))),
        ("expired", cashier(result(Outcome::Expired))),
    ]
}

/// The page of the sandbox's bank for the holder of a card.
pub(crate) fn holder(waits: bool) -> HolderView {
    HolderView {
        path: "/sandbox/bank/pay_1/att_1".into(),
        cashier: format!("/cashier/{PAYMENT}/return"),
        card: "沙箱银行 ··0120".into(),
        merchant_name: "沙箱商店".into(),
        amount: yuan(12_850),
        waits,
    }
}

pub(crate) fn every_notice() -> Vec<Notice> {
    vec![
        Notice::WrongPassword { tries_left: 1 },
        Notice::PasswordLocked { until: NOW },
        Notice::MalformedPassword,
        Notice::InsufficientBalance { short_by: yuan(1) },
        Notice::LimitReached { left: yuan(100_000) },
        Notice::IdentityRequired,
        Notice::Declined,
        Notice::CardInsufficient,
        Notice::CardExpired,
        Notice::NotConfirmed,
        Notice::PaymentsUsedUp,
        Notice::ProofVoid,
        Notice::MethodUnavailable,
        Notice::AttemptsUsedUp,
        Notice::MoneyReturned,
        Notice::AccountFrozen,
        Notice::WrongCode { tries_left: 3 },
        Notice::CodeExpired,
        Notice::CodesUsedUp,
        Notice::CodeTooSoon { wait_s: 42 },
        Notice::TooManyAttempts { wait_s: 61 },
        Notice::InvalidPhone,
        Notice::SessionEnded,
        Notice::FormExpired,
        Notice::AlreadyPaid,
        Notice::TemporarilyUnavailable,
    ]
}

pub(crate) fn console(notice: Option<SandboxNotice>, ahead_s: u64) -> ConsoleView {
    ConsoleView { now: NOW, ahead_s, notice }
}

pub(crate) fn payers() -> Vec<PayerView> {
    let payer = |number: u8, fen| PayerView {
        id: format!("usr_01k9yq3vx2e8gtm4d6w7zr5hb{number}"),
        phone: format!("1380000000{number}"),
        password: format!("{number}{number}{number}{number}{number}{number}"),
        balance: yuan(fen),
    };
    vec![payer(1, 1_000_000), payer(2, 5_000), payer(3, 12_345_678)]
}

pub(crate) fn start(empty: bool) -> StartView {
    let row = |suffix: &str, status, fen, seconds: i64| PaymentRow {
        id: format!("pay_01k9yq3vx2e8gtm4d6w7zr5{suffix}"),
        cashier_url: format!("/cashier/pay_01k9yq3vx2e8gtm4d6w7zr5{suffix}"),
        order_no: format!("20261122-{suffix}"),
        amount: yuan(fen),
        status,
        created_at: Moment::from_unix_ms(NOW.unix_ms - seconds * 1000),
    };
    let payments = vec![
        row("aaa", PaymentStatus::Open, 12_850, 4),
        row("bbb", PaymentStatus::Processing, 990, 61),
        row("ccc", PaymentStatus::Succeeded, 1_234_567, 340),
        row("ddd", PaymentStatus::PartlyRefunded, 5_900, 3_700),
        row("eee", PaymentStatus::Refunded, 100, 86_400),
        row("fff", PaymentStatus::Closed, 4_999, 90_000),
    ];
    let create = "curl http://127.0.0.1:8080/v1/payments \\\n  -H \"Authorization: Bearer $TONGBAO_SECRET_KEY\" \\\n  \
                  -H 'Content-Type: application/json' \\\n  \
                  -d '{\"order_no\":\"demo-1\",\"amount\":1234,\"currency\":\"CNY\",\"description\":\"盲盒\"}'";
    StartView {
        console: console(empty.then_some(SandboxNotice::ClockMoved), 0),
        api_base: BASE.into(),
        keys_path: "tongbao-sandbox/sandbox.json".into(),
        merchant_name: "沙箱商店".into(),
        commands: vec![
            CommandView { purpose: CommandPurpose::Create, command: create.into() },
            CommandView {
                purpose: CommandPurpose::Listen,
                command: "tongbao listen --forward-to http://localhost:3000/notify".into(),
            },
            CommandView {
                purpose: CommandPurpose::Pay,
                command: "curl -s http://127.0.0.1:8080/sandbox/phone/pay -d @payment.json".into(),
            },
        ],
        payers: payers(),
        payments: if empty { Vec::new() } else { payments },
    }
}

pub(crate) fn phone(empty: bool) -> PhoneView {
    let open = |suffix: &str, description: &str, fen, expires_in_s| OpenPayment {
        id: format!("pay_01k9yq3vx2e8gtm4d6w7zr5{suffix}"),
        merchant_name: "沙箱商店".into(),
        description: description.into(),
        amount: yuan(fen),
        expires_in_s,
    };
    let Step::Confirm(confirm) = confirm(100_000) else { unreachable!() };
    PhoneView {
        console: console((!empty).then_some(SandboxNotice::Paid), 90_000),
        payers: payers(),
        selected_payer: payers()[1].id.clone(),
        methods: confirm.methods,
        code: String::new(),
        next_fault: if empty { Fault::Nothing } else { Fault::ResultLate },
        open_payments: if empty {
            Vec::new()
        } else {
            vec![open("aaa", "盲盒两件", 12_850, 899), open("bbb", "早餐", 990, 3_661)]
        },
        payment_code: (!empty)
            .then(|| PaymentCodeView { digits: "134567890123456789".into(), expires_in_s: 90 }),
    }
}

pub(crate) fn inbox(empty: bool) -> InboxView {
    let message = |code: &str, text: String, seconds: i64| MessageView {
        ways: vec!["SMS 138****0001".to_owned()],
        at: Moment::from_unix_ms(NOW.unix_ms - seconds * 1000),
        masked_phone: "138****0001".into(),
        text,
        code: (!code.is_empty()).then(|| code.to_owned()),
    };
    let messages = vec![
        message("482913", "【通宝】验证码 482913，5 分钟内有效。请勿告诉他人。".into(), 12),
        message("", "【通宝】您在沙箱商店支付 ¥128.50，余额 ¥9,871.50。".into(), 340),
        message("007331", "【通宝】验证码 007331，5 分钟内有效。请勿告诉他人。".into(), 361),
    ];
    InboxView { console: console(None, 0), messages: if empty { Vec::new() } else { messages } }
}

pub(crate) fn signature(empty: bool) -> SignatureView {
    let finding = |code, about: Option<&str>, instruction| FindingRow {
        code,
        about: about.map(str::to_owned),
        instruction,
    };
    let examined = ExaminedView {
        verifies: false,
        mchid: Some("1900000001".into()),
        serial: Some("5157F09EFDC096DE15EBE81A47057A7232F1B8E1".into()),
        findings: vec![
            finding("newline_missing", None, "签名串末尾缺少换行符。"),
            finding("clock_skew", Some("-7200"), "timestamp 与服务器时间相差超过 5 分钟。"),
        ],
        lines: vec![
            ("method", "POST\\n".into()),
            ("url", "/v3/pay/transactions/native\\n".into()),
            ("timestamp", "1795337845\\n".into()),
            ("nonce_str", "593BEC0C930BF1AFEB40B4A08C8FB242\\n".into()),
            ("body", "{\"appid\":\"wx1\",\"description\":\"一壶茶\",\"amount\":{\"total\":100}}\\n".into()),
        ],
        own: Some(OwnTextView {
            is_signed: Some(true),
            difference: Some(DifferenceView {
                line: 5,
                column: 63,
                expected: "\\n".into(),
                found: String::new(),
            }),
        }),
    };
    let refused = RefusedRow {
        address: "/sandbox/signature?number=7".into(),
        at: NOW,
        method: "GET".into(),
        url: "/v3/pay/transactions/out-trade-no/ORDER-0001?mchid=1900000001".into(),
        refused: "错误的签名，验签失败".into(),
    };
    SignatureView {
        console: console(None, 0),
        examined: (!empty).then_some(examined),
        is_forgotten: empty,
        form: SignatureFormView { method: "POST".into(), ..SignatureFormView::default() },
        refused: if empty { Vec::new() } else { vec![refused] },
    }
}

pub(crate) fn timeline(empty: bool) -> TimelineView {
    let row = |kind, title: &str, result: &str, tone, note: &str| TimelineRow {
        at: NOW,
        kind,
        title: title.into(),
        result: result.into(),
        tone,
        note: note.into(),
        blocks: Vec::new(),
    };
    let asked = TimelineRow {
        blocks: vec![
            (BlockName::Asked, "content-type: application/json\n\n{\n  \"amount\": 100\n}".into()),
            (BlockName::Answered, "request-id: 1-0\n\n{\"code_url\":\"weixin://\"}".into()),
        ],
        ..row(LineKind::Exchange, "POST /v3/pay/transactions/native", "200 · 3 ms", "good", "")
    };
    let found = FoundTimeline {
        id: PAYMENT.into(),
        order_no: "20261122-000137".into(),
        transaction_id: Some("4200202611220000000000000001".into()),
        amount: yuan(12_850),
        status: PaymentStatus::Succeeded,
        cashier_url: format!("/cashier/{PAYMENT}"),
        json_url: format!("/sandbox/payments/{PAYMENT}/timeline"),
        is_whole: false,
        rows: vec![
            asked,
            row(LineKind::Change, "place_order", "#12", "busy", "app_01k9yq3vx2e8gtm4d6w7zr5hbn"),
            row(
                LineKind::Posting,
                "payment",
                "¥128.50",
                "idle",
                "payer/a/available/CNY → merchant/b/pending/CNY",
            ),
            row(LineKind::Event, "payment.succeeded", "", "good", "evt_01k9yq3vx2e8gtm4d6w7zr5hbn · 2"),
            row(LineKind::Notification, "http://localhost:3000/notify", "connect · 2 ms", "bad", "dlv_1 · 1"),
        ],
    };
    TimelineView { console: console(None, 0), is_unknown: empty, found: (!empty).then_some(found) }
}

pub(crate) fn notifications(empty: bool) -> NotificationsView {
    let attempt = |http_status, error: Option<&str>, duration_ms| AttemptRow {
        at: NOW,
        http_status,
        error: error.map(str::to_owned),
        duration_ms,
    };
    let delivery = |suffix: &str, event: &str, status, attempts, next| DeliveryRow {
        id: format!("dlv_01k9yq3vx2e8gtm4d6w7zr5{suffix}"),
        event_id: format!("evt_01k9yq3vx2e8gtm4d6w7zr5{suffix}"),
        event_type: event.into(),
        payment_id: Some(PAYMENT.into()),
        url: "http://localhost:3000/notify/tongbao".into(),
        status,
        attempts,
        next_attempt_at: next,
        body: "{\n  \"id\": \"evt_01k9yq3vx2e8gtm4d6w7zr5hbn\",\n  \"type\": \"payment.succeeded\",\n  \
               \"data\": {\n    \
               \"payment\": {\n      \"amount\": 12850,\n      \"currency\": \"CNY\"\n    }\n  }\n}"
            .into(),
    };
    let deliveries = vec![
        delivery("aaa", "payment.succeeded", DeliveryStatus::Done, vec![attempt(Some(200), None, 14)], None),
        delivery(
            "bbb",
            "payment.succeeded",
            DeliveryStatus::Waiting,
            vec![attempt(None, Some("connection refused"), 2), attempt(Some(500), None, 31)],
            Some(NOW),
        ),
        delivery("ccc", "refund.succeeded", DeliveryStatus::Due, Vec::new(), Some(NOW)),
        delivery(
            "ddd",
            "payment.closed",
            DeliveryStatus::GivenUp,
            vec![attempt(None, Some("no answer within 10 s"), 10_000)],
            None,
        ),
    ];
    NotificationsView {
        console: console(None, 3_600),
        deliveries: if empty { Vec::new() } else { deliveries },
        older: (!empty).then(|| "/sandbox/notifications?cursor=abc".to_owned()),
    }
}

pub(crate) fn openapi() -> Value {
    serde_json::from_str(include_str!("openapi.json")).expect("the sample is JSON")
}
