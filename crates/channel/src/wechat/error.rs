//! What WeChat Pay answers when the answer is no: a code, a text, a status, and a number for its support.
//!
//! Clients decide by `code`; people read `message`, in Chinese; the number stands behind the dash of
//! `Request-ID`. Codes are those of the tables of 2024 and later; older spellings without underscores are
//! read, and never written.

use std::{borrow::Cow, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::{authorization::SignError, draw, message::Request};

/// The header that names an answer for the support.
pub const REQUEST_ID: &str = "Request-ID";

/// The `message` of `INVALID_REQUEST` when `Accept` or `User-Agent` is missing.
pub const HEADERS_MISSING: &str = "Http头缺少Accept或User-Agent";

/// The `message` of `PARAM_ERROR` when the body's merchant is not the one that signed.
pub const MCHID_MISMATCH: &str = "http header中的mchid与post payload中的mchid不匹配";

/// Characters of a body that a failed signature shows the caller.
const SHOWN_BODY_CHARS: usize = 8;

/// Characters of `message`: string(256).
pub const MESSAGE_CHARS_MAX: usize = 256;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $status:literal;)*) => {
        /// The documented codes.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code { $($(#[$doc])* $name,)* }

        impl Code {
            /// All of them.
            pub const ALL: &[Code] = &[$(Code::$name,)*];

            /// The code as it is written.
            pub const fn as_str(self) -> &'static str {
                match self { $(Code::$name => $text,)* }
            }

            /// The HTTP status that usually goes with it. A few endpoints differ: see [`Refusal::at`].
            pub const fn status(self) -> u16 {
                match self { $(Code::$name => $status,)* }
            }
        }
    };
}

codes! {
    /// The payer is typing the password; ask later.
    UserPaying = "USERPAYING", 202;
    /// A parameter is missing, of the wrong form, or not known.
    ParamError = "PARAM_ERROR", 400;
    /// The request cannot be carried out as it is.
    InvalidRequest = "INVALID_REQUEST", 400;
    /// The app is not bound to the merchant.
    AppidMchidNotMatch = "APPID_MCHID_NOT_MATCH", 400;
    /// There is no such merchant. Refunds answer it with 404.
    MchNotExists = "MCH_NOT_EXISTS", 400;
    /// The order is closed.
    OrderClosed = "ORDER_CLOSED", 400;
    /// The order is paid. No status is documented; 400 is the one of its neighbours.
    OrderPaid = "ORDER_PAID", 400;
    /// The number is taken, by something else.
    AlreadyExists = "ALREADY_EXISTS", 400;
    /// There was nothing to bill on this day.
    NoStatementExist = "NO_STATEMENT_EXIST", 400;
    /// The bill is being made.
    StatementCreating = "STATEMENT_CREATING", 400;
    /// The signature is wrong, or what belongs to it.
    SignError = "SIGN_ERROR", 401;
    /// The merchant may not use this.
    NoAuth = "NO_AUTH", 403;
    /// The order number is taken.
    OutTradeNoUsed = "OUT_TRADE_NO_USED", 403;
    /// A rule of the business forbids it.
    RuleLimit = "RULE_LIMIT", 403;
    /// The trade failed.
    TradeError = "TRADE_ERROR", 403;
    /// There is not enough money. Profit sharing answers it with 400.
    NotEnough = "NOT_ENOUGH", 403;
    /// The account cannot be used.
    AccountError = "ACCOUNT_ERROR", 403;
    /// The payer's account is gone or frozen.
    UserAccountAbnormal = "USER_ACCOUNT_ABNORMAL", 403;
    /// The merchant is blocked.
    RequestBlocked = "REQUEST_BLOCKED", 403;
    /// There is no such order.
    OrderNotExist = "ORDER_NOT_EXIST", 404;
    /// There is no such thing.
    ResourceNotExists = "RESOURCE_NOT_EXISTS", 404;
    /// There is no such transfer.
    NotFound = "NOT_FOUND", 404;
    /// Too many requests.
    FrequencyLimited = "FREQUENCY_LIMITED", 429;
    /// Too many requests, in the words of older endpoints.
    RateLimitExceeded = "RATELIMIT_EXCEEDED", 429;
    /// Something broke; the result is not known.
    SystemError = "SYSTEM_ERROR", 500;
    /// The bank broke; the result is not known.
    BankError = "BANK_ERROR", 500;
    /// The payer is not one of this app.
    OpenidMismatch = "OPENID_MISMATCH", 500;
    /// There is no such transaction, in the words of older endpoints.
    InvalidTransactionId = "INVALID_TRANSACTIONID", 500;
    /// Not now.
    ServiceUnavailable = "SERVICE_UNAVAILABLE", 503;
}

/// A text that is none of the documented codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownCode;

impl fmt::Display for UnknownCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a documented code")
    }
}

impl std::error::Error for UnknownCode {}

impl FromStr for Code {
    type Err = UnknownCode;

    /// Reads a code, with or without underscores: `ORDERNOTEXIST` is `ORDER_NOT_EXIST`.
    fn from_str(text: &str) -> Result<Code, UnknownCode> {
        let letters = |text: &'static str| text.bytes().filter(|letter| *letter != b'_');
        let found = Code::ALL
            .iter()
            .find(|code| letters(code.as_str()).eq(text.bytes().filter(|letter| *letter != b'_')));
        found.copied().ok_or(UnknownCode)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The number behind the dash of `Request-ID`; zero is success.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct InternalCode(pub u32);

impl InternalCode {
    /// Nothing went wrong.
    pub const SUCCESS: InternalCode = InternalCode(0);
    /// Something went wrong for which no number is documented. The number is ours: 2^28, the beginning of
    /// the range in which all documented ones lie.
    pub const UNDOCUMENTED: InternalCode = InternalCode(268_435_456);
    /// A parameter is invalid.
    pub const INVALID_PARAMETER: InternalCode = InternalCode(268_435_461);
    /// A parameter is out of range.
    pub const OUT_OF_RANGE: InternalCode = InternalCode(268_435_464);
    /// The signature is wrong.
    pub const SIGNATURE: InternalCode = InternalCode(268_443_699);
    /// The sub-merchant has no acquiring relation with the service provider.
    pub const NO_ACQUIRING_RELATION: InternalCode = InternalCode(268_443_701);
    /// `sub_mchid` is missing.
    pub const SUB_MCHID_MISSING: InternalCode = InternalCode(268_443_704);
    /// `sub_mchid` is the service provider itself.
    pub const SUB_MCHID_IS_OWN: InternalCode = InternalCode(268_443_705);
    /// The merchant is cancelled or cannot be used.
    pub const MERCHANT_UNUSABLE: InternalCode = InternalCode(268_443_715);
    /// The app is not bound to the merchant.
    pub const APPID_MCHID_NOT_MATCH: InternalCode = InternalCode(268_445_527);
    /// Too many requests.
    pub const FREQUENCY_LIMITED: InternalCode = InternalCode(268_447_840);
    /// The order is another merchant's.
    pub const ORDER_OF_OTHER_MERCHANT: InternalCode = InternalCode(268_447_843);
    /// The order is another sub-merchant's.
    pub const ORDER_OF_OTHER_SUB_MERCHANT: InternalCode = InternalCode(268_447_845);
    /// The order is closed or has expired.
    pub const ORDER_NOT_VALID: InternalCode = InternalCode(268_447_914);
    /// The merchant may not receive money at present.
    pub const RECEIVING_RESTRICTED: InternalCode = InternalCode(268_448_010);
    /// The order is paid, said when something else is asked of it.
    pub const ORDER_PAID: InternalCode = InternalCode(268_449_538);
    /// The order was made from a payment code: reverse it instead of closing it.
    pub const CLOSE_NOT_ALLOWED: InternalCode = InternalCode(268_449_641);
    /// The same number was used with other parameters.
    pub const REENTRY_DIFFERS: InternalCode = InternalCode(268_498_688);
    /// The order is paid, said when it is placed again.
    pub const REENTRY_PAID: InternalCode = InternalCode(268_498_689);
    /// JSAPI needs an openid.
    pub const OPENID_MISSING: InternalCode = InternalCode(268_501_013);
    /// There is no such order.
    pub const ORDER_NOT_EXIST: InternalCode = InternalCode(268_512_771);
    /// A parameter that the endpoint does not know.
    pub const EXTRA_PARAMETER: InternalCode = InternalCode(270_924_358);

    /// The number that goes with a code when nothing more is known.
    pub const fn of(code: Code) -> InternalCode {
        match code {
            Code::ParamError => InternalCode::INVALID_PARAMETER,
            Code::SignError => InternalCode::SIGNATURE,
            Code::AppidMchidNotMatch => InternalCode::APPID_MCHID_NOT_MATCH,
            Code::FrequencyLimited | Code::RateLimitExceeded => InternalCode::FREQUENCY_LIMITED,
            Code::OrderNotExist => InternalCode::ORDER_NOT_EXIST,
            Code::OrderClosed => InternalCode::ORDER_NOT_VALID,
            Code::OrderPaid => InternalCode::ORDER_PAID,
            _ => InternalCode::UNDOCUMENTED,
        }
    }
}

/// The value of `Request-ID`: 32 random digits, a dash, the number.
pub fn request_id(random: [u8; 16], number: InternalCode) -> String {
    format!("{}-{}", draw::hex(&random), number.0)
}

/// Where a wrong parameter stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Location {
    /// In the JSON body; `field` is a JSON Pointer (RFC 6901).
    Body,
    /// In the query.
    Query,
    /// In the path.
    Path,
    /// In the `Authorization` header.
    Authorization,
}

/// `detail` of an error body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Detail {
    /// Of a signature that does not fit: what the signature should have been made over.
    Signature {
        /// What is wrong with it.
        detail: Issue,
        /// `signature`.
        field: String,
        /// [`Location::Authorization`].
        location: Location,
        /// What was to be signed.
        sign_information: SignInformation,
    },
    /// Of a wrong parameter.
    Parameter {
        /// Its name, or its JSON Pointer.
        field: String,
        /// What it was, if that may be shown.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        value: Option<serde_json::Value>,
        /// What is wrong with it.
        issue: String,
        /// Where it stood.
        location: Location,
    },
}

/// What is wrong with a signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issue {
    /// `sign not match`.
    pub issue: String,
}

/// What a signature should have been made over, shown to whoever holds the merchant's number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignInformation {
    /// The method.
    pub method: String,
    /// The target.
    pub url: String,
    /// The message up to the first characters of its body.
    pub truncated_sign_message: String,
    /// Bytes of the whole message.
    pub sign_message_length: usize,
}

/// An error body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Body {
    /// A [`Code`], or one that is not documented.
    pub code: String,
    /// A text for people.
    pub message: String,
    /// What was wrong where.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub detail: Option<Detail>,
}

impl Body {
    /// Reads the body of an error answer. A `detail` of another form than the documented ones is dropped:
    /// the code must not be lost over it.
    pub fn from_json(body: &[u8]) -> Result<Body, serde_json::Error> {
        #[derive(Deserialize)]
        struct Loose {
            code: String,
            #[serde(default)]
            message: String,
            #[serde(default)]
            detail: serde_json::Value,
        }
        let Loose { code, message, detail } = serde_json::from_slice(body)?;
        Ok(Body { code, message, detail: serde_json::from_value(detail).ok() })
    }
}

/// An answer that is no.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// The code.
    pub code: Code,
    /// The text for people, of at most [`MESSAGE_CHARS_MAX`] characters.
    pub message: Cow<'static, str>,
    /// What was wrong where.
    pub detail: Option<Box<Detail>>,
    /// The number for `Request-ID`.
    pub number: InternalCode,
}

impl Refusal {
    /// An answer with the usual status and number of its code. A longer text is cut off.
    pub fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Refusal {
        let mut message = message.into();
        if let Some((end, _)) = message.char_indices().nth(MESSAGE_CHARS_MAX) {
            message.to_mut().truncate(end);
        }
        Refusal { status: code.status(), code, message, detail: None, number: InternalCode::of(code) }
    }

    /// The same with the status that an endpoint of its own mind has for it.
    #[must_use]
    pub fn at(self, status: u16) -> Refusal {
        Refusal { status, ..self }
    }

    /// The same with a more precise number.
    #[must_use]
    pub fn numbered(self, number: InternalCode) -> Refusal {
        Refusal { number, ..self }
    }

    /// The same with a detail.
    #[must_use]
    pub fn with(self, detail: Detail) -> Refusal {
        Refusal { detail: Some(Box::new(detail)), ..self }
    }

    /// `PARAM_ERROR` about one parameter, with what is wrong as the text.
    pub fn parameter(field: &str, issue: impl Into<Cow<'static, str>>, location: Location) -> Refusal {
        let issue = issue.into();
        let detail =
            Detail::Parameter { field: field.to_owned(), value: None, issue: issue.to_string(), location };
        Refusal::new(Code::ParamError, issue).with(detail)
    }

    /// `PARAM_ERROR` about a parameter that is not there.
    pub fn missing(field: &str, location: Location) -> Refusal {
        let name = field.rsplit('/').next().unwrap_or(field);
        Refusal::parameter(field, format!("参数“{name}”是必填项"), location)
    }

    /// `SIGN_ERROR`, and, if the signature does not fit, what it should have been made over.
    pub fn sign(error: SignError, request: Option<&Request<'_>>) -> Refusal {
        let refusal = Refusal::new(Code::SignError, error.text());
        match (error, request) {
            (SignError::Mismatch, Some(request)) => refusal.with(mismatch(request)),
            _ => refusal,
        }
    }

    /// The body: compact JSON.
    pub fn to_json(&self) -> Vec<u8> {
        let body = Body {
            code: self.code.as_str().to_owned(),
            message: self.message.clone().into_owned(),
            detail: self.detail.as_deref().cloned(),
        };
        serde_json::to_vec(&body).expect("texts and numbers are always JSON")
    }
}

fn mismatch(request: &Request<'_>) -> Detail {
    let body = String::from_utf8_lossy(request.body);
    let shown: String = body.chars().take(SHOWN_BODY_CHARS).collect();
    let Request { method, target, timestamp_s, nonce, .. } = request;
    Detail::Signature {
        detail: Issue { issue: "sign not match".to_owned() },
        field: "signature".to_owned(),
        location: Location::Authorization,
        sign_information: SignInformation {
            method: (*method).to_owned(),
            url: (*target).to_owned(),
            truncated_sign_message: format!("{method}\n{target}\n{timestamp_s}\n{nonce}\n{shown}"),
            sign_message_length: request.message().len(),
        },
    }
}
