//! The signature doctor with the keys of an instance: which certificate a request names, which string the platform
//! builds, and what is wrong.
//!
//! **Absent on purpose:** any way to let a request pass, and production: only the doors of a sandbox ask this.

use std::sync::Arc;

use tongbao_channel::wechat::{
    CLOCK_SKEW_S,
    doctor::{
        Case, Difference, Finding, HeaderItems, Mistake, OtherKey, decimal_serial, diagnose, read_header,
        visible,
    },
    message::Request,
    serial::{KeyName, Serial},
    signature::VerifyingKey,
};
use tongbao_core::{List, Record, Time, wechat::merchant::MerchantCertificate};
use tongbao_store::{Fault, Query};

use super::MerchantKeys;
use crate::{Engine, exchange::SignedRequest};

/// Merchants whose keys are tried, beside the one that is named.
const MERCHANTS_TRIED_MAX: u32 = 50;

/// What the five lines are, in their order.
pub const LINE_NAMES: [&str; 5] = ["method", "url", "timestamp", "nonce_str", "body"];

/// What was found about a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Examination {
    /// What the header says.
    pub items: HeaderItems,
    /// The serial number of the certificate whose key was used to verify.
    pub serial: Option<String>,
    /// The string that the platform builds; none if time or nonce is not known.
    pub text: Option<Vec<u8>>,
    /// Whether the door would take the signature. Whether the nonce is new and the time right is another question.
    pub verifies: bool,
    /// What is wrong.
    pub findings: Vec<Finding>,
    /// Whether the developer's own string is what was signed, as it should be signed.
    pub own_is_signed: Option<bool>,
    /// Where that string parts from the platform's.
    pub difference: Option<Difference>,
}

impl Examination {
    /// The lines of the platform's string, each with its line end, made visible.
    pub fn lines(&self) -> Vec<(&'static str, String)> {
        let Some(text) = &self.text else { return Vec::new() };
        // The body may have lines of its own: all of it is the fifth.
        let lines = text.splitn(LINE_NAMES.len(), |byte| *byte == b'\n');
        let shown = LINE_NAMES.iter().zip(lines).enumerate().map(|(at, (name, line))| {
            let line_end = if at + 1 < LINE_NAMES.len() { "\\n" } else { "" };
            (*name, format!("{}{line_end}", visible(line)))
        });
        shown.collect()
    }
}

/// The merchant that a request names, and its certificates.
struct Named<'a> {
    mchid: &'a str,
    keys: &'a MerchantKeys,
    serial: Option<Serial>,
}

impl Engine {
    /// Examines a request that came, or was pasted, at `at` of the world's time.
    pub fn examine_wechat(
        &self,
        request: &SignedRequest,
        at: Time,
        was_refused: bool,
    ) -> Result<Examination, Fault> {
        let values: Vec<&str> = request.authorization.iter().map(String::as_str).collect();
        let (items, mut findings) = read_header(&values);
        let timestamp_s = items.timestamp_s();
        if let Some(off_s) = timestamp_s.map(|signed_s| at.ms().div_euclid(1_000).saturating_sub(signed_s))
            && off_s.unsigned_abs() > CLOCK_SKEW_S.unsigned_abs()
        {
            findings.push(Finding::about(Mistake::ClockSkew, &off_s.to_string()));
        }
        let nonce = items.nonce.clone();
        let signed = timestamp_s.zip(nonce.as_deref()).map(|(timestamp_s, nonce)| Request {
            method: &request.method,
            target: &request.target,
            timestamp_s,
            nonce,
            body: &request.body,
        });
        let text = signed.map(|signed| signed.message());
        let own = request.own.as_deref();
        let difference = text.as_deref().zip(own).and_then(|(text, own)| Difference::first(text, own));
        let mut examination = Examination {
            items,
            serial: None,
            text,
            verifies: false,
            findings,
            own_is_signed: None,
            difference,
        };
        if let Some(signed) = signed {
            self.examine_signature(request, signed, &mut examination)?;
        }
        if was_refused && examination.verifies && examination.findings.is_empty() {
            examination.findings.push(Finding::of(Mistake::NonceUsed));
        }
        Ok(examination)
    }

    fn examine_signature(
        &self,
        request: &SignedRequest,
        signed: Request<'_>,
        examination: &mut Examination,
    ) -> Result<(), Fault> {
        let HeaderItems { mchid, serial, signature, .. } = examination.items.clone();
        let Some(mchid) = mchid.filter(|mchid| !mchid.is_empty()) else { return Ok(()) };
        let Some(keys) = self.wechat_merchant(&mchid)? else {
            examination.findings.push(Finding::about(Mistake::MerchantUnknown, &short(&mchid)));
            return Ok(());
        };
        let others = self.other_keys(&mchid)?;
        let named = Named {
            mchid: &mchid,
            keys: &keys,
            serial: serial.as_deref().and_then(|text| text.parse().ok()),
        };
        let world = self.clock.world();
        let found = self.certificate(&named, serial.as_deref(), &others, world, &mut examination.findings)?;
        let Some((certificate, key)) = found else { return Ok(()) };
        examination.serial = Some(certificate.serial.clone());
        let names: Vec<(String, bool, &VerifyingKey)> = named.others(certificate, &others).collect();
        let tried: Vec<OtherKey<'_>> =
            names.iter().map(|(name, is_own, key)| OtherKey { name, is_own: *is_own, key }).collect();
        let case = Case {
            request: signed,
            host: request.host.as_deref(),
            signature: signature.as_deref().unwrap_or_default(),
            key,
            others: &tried,
            own: request.own.as_deref(),
        };
        let diagnosis = diagnose(&case);
        // A header that the door does not read, or a certificate that it does not take, is not verified at all.
        examination.verifies = diagnosis.verifies
            && examination.findings.iter().all(|finding| matches!(finding.mistake, Mistake::ClockSkew));
        examination.findings.extend(diagnosis.findings);
        examination.own_is_signed = diagnosis.own_is_signed;
        Ok(())
    }

    /// The certificate that is named, or else the merchant's newest, with what is wrong with the name.
    fn certificate<'a>(
        &self,
        named: &Named<'a>,
        written: Option<&str>,
        others: &[Arc<MerchantKeys>],
        world: Time,
        findings: &mut Vec<Finding>,
    ) -> Result<Option<(&'a MerchantCertificate, &'a VerifyingKey)>, Fault> {
        let own =
            |serial: Serial| named.keys.certificates().find(|(known, _)| known.serial.parse() == Ok(serial));
        if let Some(found) = named.serial.and_then(own) {
            if !found.0.is_usable_at(world) {
                findings.push(Finding::about(Mistake::CertificateUnusable, &found.0.serial));
            }
            return Ok(Some(found));
        }
        let written = written.unwrap_or_default();
        if let Some(found) = decimal_serial(written).and_then(own) {
            findings.push(Finding::about(Mistake::SerialDecimal, &found.0.serial));
            return Ok(Some(found));
        }
        if !written.is_empty() {
            let is_platform = self.is_platform_key(written, world)?;
            let is_others = others.iter().any(|keys| {
                keys.certificates().any(|(known, _)| Some(known.serial.parse()) == named.serial.map(Ok))
            });
            let mistake = match (is_platform, is_others) {
                (true, _) => Mistake::SerialOfPlatform,
                (false, true) => Mistake::SerialOfOtherMerchant,
                (false, false) => Mistake::SerialUnknown,
            };
            findings.push(Finding::about(mistake, &short(written)));
        }
        Ok(named.keys.certificates().last())
    }

    fn is_platform_key(&self, written: &str, world: Time) -> Result<bool, Fault> {
        let Ok(name) = written.parse::<KeyName>() else { return Ok(false) };
        let Some(platform) = self.wechat_platform()? else { return Ok(false) };
        Ok(match name {
            KeyName::PublicKey(_) => true,
            KeyName::Certificate(serial) => platform.listed(world).any(|known| known.serial() == serial),
        })
    }

    /// Merchants other than this one, and their keys.
    fn other_keys(&self, mchid: &str) -> Result<Vec<Arc<MerchantKeys>>, Fault> {
        let list = List::WechatMerchants;
        let merchants = Query::List { list, after: None, newest_first: false, limit: MERCHANTS_TRIED_MAX };
        let mut found = Vec::new();
        for record in self.store.records(merchants)? {
            if let Record::WechatMerchant(record) = record
                && record.mchid != mchid
            {
                found.extend(self.wechat_merchant(&record.mchid)?);
            }
        }
        Ok(found)
    }
}

impl<'a> Named<'a> {
    /// Every key but that of the certificate in use: its name, and whether it is the merchant's own.
    fn others(
        &self,
        used: &'a MerchantCertificate,
        others: &'a [Arc<MerchantKeys>],
    ) -> impl Iterator<Item = (String, bool, &'a VerifyingKey)> {
        let mchid = self.mchid.to_owned();
        let own = self.keys.certificates().filter(move |(known, _)| known.serial != used.serial);
        let own = own.map(move |(known, key)| (format!("{mchid} {}", known.serial), true, key));
        let foreign = others.iter().flat_map(|keys| {
            let mchid = keys.record.mchid.clone();
            keys.certificates().map(move |(known, key)| (format!("{mchid} {}", known.serial), false, key))
        });
        own.chain(foreign)
    }
}

/// What a stranger wrote, no longer than it has to be.
fn short(text: &str) -> String {
    text.chars().take(64).collect()
}
