//! Tokens of `download_url`: what may be fetched until when, under a keyed digest.
//!
//! ```text
//!   base64url( version, content, gzip, day, until, digest over the merchant number and all of these )
//! ```
//!
//! Base64url without padding has unreserved characters only, which every SDK signs as it sends them. The merchant
//! number is not part of the token: it is that of whoever signs the download, so a token is worth nothing to another.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use tongbao_channel::wechat::bill::{Day, TradeBill};
use tongbao_core::Time;
use tongbao_engine::vault::{Vault, is_equal};

use super::{Bill, Content, FundAccount};

/// What keeps these digests apart from all others of the vault.
const PURPOSE: &str = "wechat bill download";
const VERSION: u8 = 1;

const GRANT_BYTES: usize = 15;
const DIGEST_BYTES: usize = 32;
const TOKEN_BYTES: usize = GRANT_BYTES + DIGEST_BYTES;

/// Why a token gives nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bad {
    /// We have not issued it to this merchant.
    Altered,
    /// Its time is over.
    Expired,
}

/// A token with which this merchant can fetch a bill until then.
pub(super) fn issue(vault: &Vault, mchid: &str, bill: Bill, until: Time) -> String {
    let mut token = Vec::with_capacity(TOKEN_BYTES);
    token.extend([VERSION, code(bill.content), u8::from(bill.gzip)]);
    token.extend(bill.day.number().to_be_bytes());
    token.extend(until.ms().to_be_bytes());
    let digest = digest(vault, mchid, &token);
    token.extend(digest);
    URL_SAFE_NO_PAD.encode(token)
}

/// What a token is good for in the hands of this merchant.
pub(super) fn read(vault: &Vault, mchid: &str, token: &str, now: Time) -> Result<Bill, Bad> {
    let mut bytes = [0; TOKEN_BYTES];
    let length = URL_SAFE_NO_PAD.decode_slice(token, &mut bytes).map_err(|_| Bad::Altered)?;
    let (grant, tag) = bytes.split_at(GRANT_BYTES);
    if length != TOKEN_BYTES || !is_equal(&digest(vault, mchid, grant), tag) {
        return Err(Bad::Altered);
    }
    // What follows was written by us, as the digest says.
    let &[VERSION, kind, gzip, d0, d1, d2, d3, ref until @ ..] = grant else { return Err(Bad::Altered) };
    let until: [u8; 8] = until.try_into().map_err(|_| Bad::Altered)?;
    if now >= Time::from_ms(i64::from_be_bytes(until)) {
        return Err(Bad::Expired);
    }
    let day = Day::from_number(i32::from_be_bytes([d0, d1, d2, d3])).ok_or(Bad::Altered)?;
    let content = content(kind).ok_or(Bad::Altered)?;
    Ok(Bill { content, day, gzip: gzip != 0 })
}

fn digest(vault: &Vault, mchid: &str, grant: &[u8]) -> [u8; DIGEST_BYTES] {
    vault.digest(PURPOSE, &format!("{mchid}.{}", URL_SAFE_NO_PAD.encode(grant)))
}

const fn code(content: Content) -> u8 {
    match content {
        Content::Trades(TradeBill::All) => 1,
        Content::Trades(TradeBill::Success) => 2,
        Content::Trades(TradeBill::Refund) => 3,
        Content::Flows(FundAccount::Basic) => 4,
        Content::Flows(FundAccount::Operation) => 5,
    }
}

const fn content(code: u8) -> Option<Content> {
    Some(match code {
        1 => Content::Trades(TradeBill::All),
        2 => Content::Trades(TradeBill::Success),
        3 => Content::Trades(TradeBill::Refund),
        4 => Content::Flows(FundAccount::Basic),
        5 => Content::Flows(FundAccount::Operation),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNTIL: Time = Time::from_ms(1_800_000_000_000);

    fn bills() -> impl Iterator<Item = Bill> {
        let day = Day::parse("2026-02-28");
        let contents = (0..=u8::MAX).filter_map(content);
        contents
            .zip([false, true].into_iter().cycle())
            .filter_map(move |(content, gzip)| day.map(|day| Bill { content, day, gzip }))
    }

    #[test]
    fn a_token_gives_its_bill_to_its_merchant_in_its_time() {
        let vault = Vault::new(&[7; 32]);
        assert_eq!(bills().count(), 5);
        for bill in bills() {
            let token = issue(&vault, "1900000001", bill, UNTIL);
            assert!(token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
            assert_eq!(read(&vault, "1900000001", &token, UNTIL.plus_ms(-1)), Ok(bill));
            assert_eq!(read(&vault, "1900000001", &token, UNTIL), Err(Bad::Expired));
            assert_eq!(read(&vault, "1900000002", &token, UNTIL.plus_ms(-1)), Err(Bad::Altered));
            let other = Vault::new(&[8; 32]);
            assert_eq!(read(&other, "1900000001", &token, UNTIL.plus_ms(-1)), Err(Bad::Altered));
        }
    }

    #[test]
    fn no_character_of_a_token_can_be_changed() {
        let vault = Vault::new(&[7; 32]);
        for bill in bills().take(1) {
            let token = issue(&vault, "1900000001", bill, UNTIL);
            for at in 0..token.len() {
                for letter in ["A", "z", "-", "=", "%", "é"] {
                    let mut altered = token.clone();
                    altered.replace_range(at..=at, letter);
                    if altered != token {
                        let found = read(&vault, "1900000001", &altered, Time::from_ms(0));
                        assert_eq!(found, Err(Bad::Altered), "{altered}");
                    }
                }
            }
            let now = Time::from_ms(0);
            for text in ["", "A", &token[1..], &format!("{token}A"), &token.repeat(1_000)] {
                assert_eq!(read(&vault, "1900000001", text, now), Err(Bad::Altered));
            }
        }
    }
}
