//! Every limit of the core, by name.

use tongbao_money::{Amount, BasisPoints};

/// An amount of yuan in fen.
const fn fen(minor: i64) -> Amount {
    match Amount::new(minor) {
        Some(amount) => amount,
        None => Amount::ZERO,
    }
}

/// The largest single payment: 100 million major units of a currency with two decimals. Above the
/// per-payment limits of every channel known to us; a merchant's own limit is lower.
pub const PAYMENT_AMOUNT_MAX: Amount = match Amount::new(10_000_000_000) {
    Some(amount) => amount,
    None => Amount::ZERO,
};

/// Refunds of one payment. WeChat Pay and Alipay both stop at 50.
pub const REFUNDS_PER_PAYMENT_MAX: u16 = 50;

/// Attempts of one payment; a payer who failed 20 times starts a new order.
pub const ATTEMPTS_PER_PAYMENT_MAX: usize = 20;

/// Characters of a merchant's order or refund number (WeChat Pay: 32, Alipay: 64).
pub const ORDER_NO_CHARS_MAX: usize = 64;

/// Characters of a description (WeChat Pay: 127, Alipay: 256).
pub const DESCRIPTION_CHARS_MAX: usize = 256;

/// Characters of a refund's reason.
pub const REASON_CHARS_MAX: usize = 256;

/// Goods lines of one payment.
pub const ITEMS_MAX: usize = 50;

/// Entries of a payment's metadata, and characters of a key and of a value.
pub const METADATA_ENTRIES_MAX: usize = 20;
/// Characters of a metadata key.
pub const METADATA_KEY_CHARS_MAX: usize = 40;
/// Characters of a metadata value.
pub const METADATA_VALUE_CHARS_MAX: usize = 500;

/// A payment may be open for a minute at least: less cannot be typed in.
pub const EXPIRES_IN_S_MIN: i64 = 60;
/// And for seven days at most, as WeChat Pay allows.
pub const EXPIRES_IN_S_MAX: i64 = 7 * 24 * 3_600;
/// Unless the merchant says otherwise a payment is open for half an hour.
pub const EXPIRES_IN_S_DEFAULT: i64 = 1_800;

/// An order of WeChat Pay's interface may be paid for a minute at least and for 90 days at most; other times
/// are moved there (page 4012791877 of its documents).
pub const WECHAT_EXPIRES_IN_S_MIN: i64 = 60;
/// See [`WECHAT_EXPIRES_IN_S_MIN`].
pub const WECHAT_EXPIRES_IN_S_MAX: i64 = 90 * 24 * 3_600;
/// An order that is not paid is closed after seven days (same page).
pub const WECHAT_EXPIRES_IN_S_DEFAULT: i64 = 7 * 24 * 3_600;
/// An order can be refunded for 365 days after it was paid (same interface).
pub const WECHAT_REFUND_WINDOW_MS: i64 = 365 * 24 * 3_600 * 1_000;
/// Appids bound to one merchant number: 50, by the rules of the same interface.
pub const WECHAT_APPIDS_MAX: usize = 50;
/// A transfer that nobody accepts returns after a day: the figure of the documents for what a user must confirm
/// (page 4015901167 of the same interface).
pub const TRANSFER_OPEN_S: i64 = 24 * 3_600;
/// Characters of the note of a payer's transfer: two lines of a phone.
pub const TRANSFER_NOTE_CHARS_MAX: usize = 50;
/// Payees that a payer may look up by phone number on one day, found or not, names that are checked among them. Few
/// send to so many new people in a day; at this pace the ten thousand numbers behind seven known digits take almost
/// two years.
pub const PAYEE_LOOK_UPS_PER_DAY_MAX: u16 = 15;
/// What static collection codes may take from one payer on one day, in fen: 500 yuan (条码支付业务规范（试行）, annex
/// of 银发〔2017〕296号 of the People's Bank of China).
pub const COLLECTION_PER_DAY_MAX: Amount = match Amount::new(50_000) {
    Some(amount) => amount,
    None => Amount::ZERO,
};
/// Accounts at billers that a payer may look up on one day, found or not: an answer tells what a household owes. A
/// family with three utilities at two homes has room to mistype each of them several times.
pub const BILLER_LOOK_UPS_PER_DAY_MAX: u16 = 30;
/// The most that one utility payment moves, in fen: 50,000 yuan, a default as for top-ups; a household's bill is a
/// hundredth of that.
pub const UTILITY_AMOUNT_MAX: Amount = fen(5_000_000);
/// The most that one ride costs, in fen: 200 yuan, a default. A city's longest ride, its line to the airport, costs a
/// quarter of that; tickets of trains between cities are payments.
pub const FARE_MAX: Amount = fen(20_000);
/// How long a ride waits for its end, in seconds: half a day, a default. No city line takes so long, and an operator
/// whose gates were cut off has until then to tell.
pub const RIDE_OPEN_S: i64 = 12 * 3_600;
/// How late a gate may report a scan, in milliseconds: ten minutes, a default. As long a code that was good then is
/// worth something to who copied it.
pub const REPORT_LATE_MS_MAX: i64 = 10 * 60 * 1_000;
/// How far a gate's clock may be ahead, in milliseconds: a window of transit codes, which one that keeps time by the
/// network stays far below.
pub const CLOCK_AHEAD_MS_MAX: i64 = 60 * 1_000;
/// Characters of a station's name: two lines of a phone.
pub const STATION_CHARS_MAX: usize = 64;
/// A transfer bill can be asked for during 30 days (same interface).
pub const WECHAT_TRANSFER_QUERY_WINDOW_MS: i64 = 30 * 24 * 3_600 * 1_000;
/// Details of one batch of transfers: 1,000 (same interface; older pages say 3,000).
pub const WECHAT_TRANSFER_DETAILS_MAX: usize = 1_000;
/// Details of a batch that end in one step. Each writes what a payment's step writes, and the store takes 512 steps
/// into a commit: a batch is a tenth of that, so nobody waits for it.
pub const WECHAT_TRANSFER_DETAILS_PER_STEP: usize = 50;
/// Certificates of one merchant number. They last five years; a merchant who has used up 32 gets a new number.
pub const WECHAT_CERTIFICATES_MAX: usize = 32;

/// The most that a payment code pays without the password, in fen: 1,000 yuan (rule 1 of the password rules for code
/// payment in WeChat Pay's documents).
pub const PASSWORD_FREE_AMOUNT_MAX: Amount = match Amount::new(100_000) {
    Some(amount) => amount,
    None => Amount::ZERO,
};
/// How long a payer may take to type the password after a code was scanned. A shop asks for thirty seconds and then
/// reverses (same interface); five minutes is what an H5 page has.
pub const WECHAT_CODE_PASSWORD_S: i64 = 5 * 60;
/// An order that was made from a payment code can be reversed for seven days after it was paid (same interface).
pub const WECHAT_REVERSE_WINDOW_MS: i64 = 7 * 24 * 3_600 * 1_000;

/// Orders in one combined order: from 2 to 10 for a merchant who combines its own and others' (same interface).
pub const WECHAT_COMBINED_SUB_ORDERS_MIN: usize = 2;
/// See [`WECHAT_COMBINED_SUB_ORDERS_MIN`].
pub const WECHAT_COMBINED_SUB_ORDERS_MAX: usize = 10;
/// Each of them comes to at most 10 million yuan (same interface).
pub const WECHAT_SUB_ORDER_AMOUNT_MAX: Amount = match Amount::new(1_000_000_000) {
    Some(amount) => amount,
    None => Amount::ZERO,
};

/// Characters of what a payer or a merchant says about a complaint: `response_content` of the same interface.
pub const COMPLAINT_TEXT_CHARS_MAX: usize = 200;
/// Turns of a complaint's history: one page of it, unless more is asked for (same interface).
pub const COMPLAINT_TURNS_MAX: usize = 100;
/// Characters of an appid: string(32) in every table of the same interface.
pub const WECHAT_APPID_CHARS_MAX: usize = 32;

/// Characters of a URL.
pub const URL_CHARS_MAX: usize = 2_048;

/// Webhook endpoints of one app.
pub const ENDPOINTS_PER_APP_MAX: usize = 16;

/// Attempts kept on a delivery; older ones fall off the front.
pub const DELIVERY_ATTEMPTS_KEPT_MAX: usize = 50;

/// An endpoint that failed for this long without one success is disabled.
pub const ENDPOINT_FAILING_MS_MAX: i64 = 5 * 24 * 3_600 * 1_000;

/// Wrong payment passwords before the lock.
pub const PASSWORD_TRIES_MAX: u8 = 5;
/// How long the lock lasts.
pub const PASSWORD_LOCK_MS: i64 = 3 * 3_600 * 1_000;

/// Wrong one-time codes before the code is void.
pub const CODE_TRIES_MAX: u8 = 5;
/// How long a one-time code can be used.
pub const CODE_LIFE_MS: i64 = 5 * 60 * 1_000;
/// How soon another code may be asked for.
pub const CODE_PAUSE_MS: i64 = 30 * 1_000;
/// Codes that a phone number or mail address is sent on one day: a default. Nobody signs in ten times a day, and
/// whoever makes somebody's phone ring is done after ten.
pub const CODES_PER_DAY_MAX: u8 = 10;
/// Wrong codes after which none is right on that day: a default. Six codes can be used up by mistyping; who
/// guesses at one number every day is right once in some ninety years.
pub const CODE_TRIES_PER_DAY_MAX: u8 = 30;

/// Balance payments of level I come to 1,000 yuan in all, in fen (非银行支付机构网络支付业务管理办法, People's Bank of
/// China, announcement 2015 no. 43, article 11).
pub const LEVEL_I_TOTAL_MAX: Amount = fen(100_000);
/// Those of level II to 100,000 yuan a year (same article).
pub const LEVEL_II_PER_YEAR_MAX: Amount = fen(10_000_000);
/// Those of level III to 200,000 yuan a year (same article).
pub const LEVEL_III_PER_YEAR_MAX: Amount = fen(20_000_000);
/// Sources that confirm who somebody is, for level I (same article).
pub const LEVEL_I_SOURCES_MIN: u8 = 1;
/// For level II (same article).
pub const LEVEL_II_SOURCES_MIN: u8 = 3;
/// For level III (same article).
pub const LEVEL_III_SOURCES_MIN: u8 = 5;
/// Balance payments with fewer than two proofs come to 1,000 yuan a day (article 24 of the same).
pub const FEWER_FACTORS_PER_DAY_MAX: Amount = fen(100_000);
/// Those with two proofs, none of them a digital certificate or signature, to 5,000 yuan a day (same article).
pub const TWO_FACTORS_PER_DAY_MAX: Amount = fen(500_000);
/// Balance payments of one day with fewer than two proofs: a default, no rule has a figure. Nobody shows a payment code
/// forty times a day; who has found the phone might.
pub const FEWER_FACTORS_COUNT_PER_DAY_MAX: u32 = 40;
/// The same with two proofs: a default. Ten an hour while people are awake, and a bound for a program that has a
/// password.
pub const TWO_FACTORS_COUNT_PER_DAY_MAX: u32 = 200;
/// The most that a payer confirms with the password alone, in fen: what two proofs may pay in a day by the same
/// article. Above it a one-time code for this payment is asked for as well.
pub const CONFIRMED_ONCE_MAX: Amount = TWO_FACTORS_PER_DAY_MAX;
/// The same of a payer of whom one source knows, or none: what fewer proofs may pay in a day.
pub const CONFIRMED_ONCE_WEAK_MAX: Amount = FEWER_FACTORS_PER_DAY_MAX;
/// How long an attempt waits for its proofs: as long as a one-time code can be used.
pub const CHALLENGE_LIFE_MS: i64 = CODE_LIFE_MS;
/// Payers whose attempts at one payment wait for proofs, or came to nothing before them: as many as it may have
/// attempts.
pub const CHALLENGES_PER_PAYMENT_MAX: usize = ATTEMPTS_PER_PAYMENT_MAX;
/// Accounts of one person. The limits of articles 11 and 24 are for all accounts of a customer together; with one
/// account, what is counted for the account is what is counted for the customer.
pub const ACCOUNTS_PER_PERSON_MAX: usize = 1;
/// The age from which somebody may have an account, in years: below eight nobody can act for himself in law (民法典,
/// article 20).
pub const ACCOUNT_AGE_MIN: i16 = 8;
/// Wrong identities before the lock: as many as passwords.
pub const IDENTITY_TRIES_MAX: u8 = PASSWORD_TRIES_MAX;
/// How long that lock lasts: a day, because an identity cannot be changed by who finds that it was guessed.
pub const IDENTITY_LOCK_MS: i64 = 24 * 3_600 * 1_000;
/// Characters of a person's name: bounds what is sealed.
pub const NAME_CHARS_MAX: usize = 50;
/// Passkeys of one payer: a row for each fits a phone's page, and few people have more devices.
pub const PASSKEYS_PER_PAYER_MAX: usize = 10;
/// Characters of a passkey's name: a line of a phone.
pub const PASSKEY_NAME_CHARS_MAX: usize = 30;
/// How long a passkey may take to sign: what Web Authentication Level 3 (section 15.1) recommends where the device
/// must make sure who holds it.
pub const PASSKEY_CHALLENGE_LIFE_MS: i64 = 5 * 60 * 1_000;
/// How long a device stays signed in. Signing in moves no money: each payment has proofs of its own.
pub const SESSION_LIFE_MS: i64 = 30 * 24 * 3_600 * 1_000;
/// How long after its code was typed a new payer may take to choose a password.
pub const SIGN_UP_LIFE_MS: i64 = 15 * 60 * 1_000;
/// Networks remembered of a payer's sign-ins: home, work, the mobile network at the places between, and a journey.
pub const SIGN_IN_NETWORKS_MAX: usize = 20;

/// From this amount on a payment is large: its payer is told at once by all media, in fen. 1,000 yuan is what may be
/// paid in a day with fewer than two proofs ([`FEWER_FACTORS_PER_DAY_MAX`]).
pub const LARGE_PAYMENT_MIN: Amount = fen(100_000);
/// Characters of a mail address: a path of RFC 5321 (§4.5.3.1.3) without its brackets.
pub const MAIL_CHARS_MAX: usize = 254;

/// How long the sandbox's bank waits for the word of a card's holder: as long as banks do with 3-D Secure, five minutes
/// and some.
pub const SANDBOX_HOLDER_WAIT_MS: i64 = 5 * 60 * 1_000;
/// Faults that may wait in a sandbox.
pub const SANDBOX_FAULTS_MAX: usize = 100;
/// How far a sandbox clock may be moved in all: ten years.
pub const SANDBOX_ADVANCE_S_MAX: i64 = 10 * 366 * 24 * 3_600;

/// Idempotency keys: visible ASCII, this long at most.
pub const IDEMPOTENCY_KEY_CHARS_MAX: usize = 255;

/// Currencies that payments are taken in, by ISO 4217 code: those that the channels of an aggregating
/// gateway settle in. The list is closed, so that a merchant's balances can be looked up one by one.
pub const CURRENCIES: [&str; 15] =
    ["CNY", "USD", "EUR", "HKD", "JPY", "GBP", "SGD", "KRW", "AUD", "CAD", "CHF", "THB", "MYR", "MOP", "TWD"];
/// The same, as what a currency must be.
pub const CURRENCIES_MUST: &str =
    "one of CNY, USD, EUR, HKD, JPY, GBP, SGD, KRW, AUD, CAD, CHF, THB, MYR, MOP, TWD";

/// Cards that a payer may have bound at once: a row for each fits a phone's page, and few people have more.
pub const CARDS_PER_PAYER_MAX: usize = 10;
/// Checks of cards with a bank, in a day, that may come to nothing: as many as wrong passwords. Whoever tries out which
/// name a card number belongs to gets no further.
pub const CARD_CHECKS_MAX: u8 = 5;
/// The day of [`CARD_CHECKS_MAX`]: from the first of those checks.
pub const CARD_CHECKS_WINDOW_MS: i64 = 24 * 3_600 * 1_000;
/// Characters of the number of a payer's request: 128 bits in hexadecimal fit twice.
pub const REQUEST_NO_CHARS_MAX: usize = 64;
/// The most that one top-up moves, in fen: 50,000 yuan, a default; banks have lower limits of their own.
pub const TOP_UP_AMOUNT_MAX: Amount = fen(5_000_000);
/// The most that one withdrawal moves, in fen: 50,000 yuan, a default as before.
pub const WITHDRAWAL_AMOUNT_MAX: Amount = fen(5_000_000);
/// What a payer withdraws free of charge in a lifetime, in fen: 1,000 yuan, as WeChat's wallet has it since March 2016.
pub const WITHDRAWAL_FREE_SUM: Amount = fen(100_000);
/// What is charged of the rest: 0.1 %, as there.
pub const WITHDRAWAL_FEE_RATE: BasisPoints = match BasisPoints::new(10) {
    Some(rate) => rate,
    None => BasisPoints::ZERO,
};
/// The least fee of a withdrawal that is not free, in fen: 0.10 yuan, as there.
pub const WITHDRAWAL_FEE_MIN: Amount = fen(10);
/// How long after a payout the bank is asked whether it came back, in milliseconds: five days, which has room for a
/// weekend and a holiday before a bank returns what it cannot book.
pub const BOUNCE_WATCH_MS: i64 = 5 * 24 * 3_600 * 1_000;
/// How often it is asked, in seconds.
pub const BOUNCE_QUERY_S: i64 = 24 * 3_600;

/// Entries of one entity that are kept, over or not: a default, several lists from several sources fit.
pub const LIST_ENTRIES_PER_ENTITY_MAX: usize = 32;
/// Characters of the code of a reason: a default; the codes of rules are shorter.
pub const LIST_REASON_CODE_CHARS_MAX: usize = 40;
/// Characters of who wrote an entry of a list: a default.
pub const LIST_AUTHOR_CHARS_MAX: usize = 64;
/// Characters of where the evidence is found: a default, twice what the numbers of courts need.
pub const LIST_EVIDENCE_CHARS_MAX: usize = 128;
/// Categories whose hits a member may tell: more than there are.
pub const LIST_HIT_CATEGORIES_MAX: usize = 32;
