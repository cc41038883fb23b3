//! What is remembered of a payer.

use serde::{Deserialize, Serialize};

use super::{DAY_S, HIGH_RATIO, Label, Payment, age_days};
use crate::counters::{Moments, decay, elapsed_s};

/// How many features come from amount and payer.
pub(super) const FEATURES: usize = 14;

/// Time constants of the counts of payments: 10 minutes, an hour, 1, 7 and 30 days; in seconds.
const COUNT_TAUS_S: [f32; 5] = [600.0, 3_600.0, DAY_S, 7.0 * DAY_S, 30.0 * DAY_S];

/// Time constants of the counts of high payments: 3 and 10 days. A leaked card is used for about two weeks.
const HIGH_TAUS_S: [f32; 2] = [3.0 * DAY_S, 10.0 * DAY_S];

/// What is usual for a payer fades with 60 days.
const USUAL_TAU_S: f32 = 60.0 * DAY_S;

/// Confirmed frauds fade with 30 days.
const FRAUD_TAU_S: f32 = 30.0 * DAY_S;

/// From the payment after so many on, one that is far above the mean counts as the mean, so that a leaked card does
/// not change what is usual.
const PAYMENTS_BEFORE_CAP: u32 = 5;

/// How far above the mean that is.
const CAP_RATIO: f32 = 2.5;

/// The least standard deviation that a deviation is measured in: a tenth of the mean, and a fen.
const DEVIATION_SHARE_MIN: f32 = 0.1;
const DEVIATION_YUAN_MIN: f32 = 0.01;

/// For the hash of the definitions.
pub(super) const CONSTANTS: [f32; 12] = [
    COUNT_TAUS_S[0],
    COUNT_TAUS_S[1],
    COUNT_TAUS_S[2],
    COUNT_TAUS_S[3],
    COUNT_TAUS_S[4],
    HIGH_TAUS_S[0],
    HIGH_TAUS_S[1],
    USUAL_TAU_S,
    FRAUD_TAU_S,
    CAP_RATIO,
    DEVIATION_SHARE_MIN,
    DEVIATION_YUAN_MIN,
];

/// What is remembered of a payer: 60 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Payer {
    first_at_s: u32,
    last_at_s: u32,
    payments: u32,
    usual_yuan: Moments,
    counts: [f32; COUNT_TAUS_S.len()],
    highs: [f32; HIGH_TAUS_S.len()],
    fraud_at_s: u32,
    frauds: f32,
}

impl Payer {
    /// The size of [`Payer::to_words`].
    pub(super) const WORDS: usize = 15;

    /// What a payment's amount is over what the payer usually pays; 1 for a first payment.
    #[must_use]
    pub fn amount_over_mean(&self, payment: &Payment) -> f32 {
        if self.payments == 0 || self.usual_yuan.mean <= 0.0 {
            return 1.0;
        }
        payment.yuan() / self.usual_yuan.mean
    }

    pub(super) fn features(&self, payment: &Payment, into: &mut [f32]) {
        let yuan = payment.yuan();
        into[0] = yuan;
        into[2] = self.amount_over_mean(payment);
        if self.payments > 0 {
            let Moments { mean, variance, .. } = self.usual_yuan;
            let least = (mean * DEVIATION_SHARE_MIN).max(DEVIATION_YUAN_MIN);
            into[1] = mean;
            into[3] = (yuan - mean) / variance.sqrt().max(least);
            into[11] = age_days(self.first_at_s, payment.at_s);
            into[12] = elapsed_s(self.last_at_s, payment.at_s) / DAY_S;
        } else {
            into[3] = 0.0;
        }
        let elapsed = elapsed_s(self.last_at_s, payment.at_s);
        for ((into, count), tau_s) in into[4..9].iter_mut().zip(self.counts).zip(COUNT_TAUS_S) {
            *into = count * decay(elapsed, tau_s);
        }
        for ((into, count), tau_s) in into[9..11].iter_mut().zip(self.highs).zip(HIGH_TAUS_S) {
            *into = count * decay(elapsed, tau_s);
        }
        into[13] = self.frauds * decay(elapsed_s(self.fraud_at_s, payment.at_s), FRAUD_TAU_S);
    }

    /// Remembers a payment.
    pub fn add(&mut self, payment: &Payment) {
        let (yuan, ratio) = (payment.yuan(), self.amount_over_mean(payment));
        let elapsed = elapsed_s(self.last_at_s, payment.at_s);
        let is_capped = self.payments >= PAYMENTS_BEFORE_CAP && ratio > CAP_RATIO;
        let counted_yuan = if is_capped { self.usual_yuan.mean } else { yuan };
        self.usual_yuan.add(decay(elapsed, USUAL_TAU_S), counted_yuan);
        for (count, tau_s) in self.counts.iter_mut().zip(COUNT_TAUS_S) {
            *count = *count * decay(elapsed, tau_s) + 1.0;
        }
        let high = f32::from(u8::from(ratio > HIGH_RATIO));
        for (count, tau_s) in self.highs.iter_mut().zip(HIGH_TAUS_S) {
            *count = *count * decay(elapsed, tau_s) + high;
        }
        if self.payments == 0 {
            self.first_at_s = payment.at_s;
        }
        self.last_at_s = self.last_at_s.max(payment.at_s);
        self.payments = self.payments.saturating_add(1);
    }

    /// Remembers what became known about one of its payments.
    pub fn hear(&mut self, label: &Label) {
        if label.fraud {
            self.frauds = self.frauds * decay(elapsed_s(self.fraud_at_s, label.at_s), FRAUD_TAU_S) + 1.0;
            self.fraud_at_s = self.fraud_at_s.max(label.at_s);
        }
    }

    pub(super) fn to_words(self) -> [u32; Self::WORDS] {
        let Moments { weight, mean, variance } = self.usual_yuan;
        let [c0, c1, c2, c3, c4] = self.counts.map(f32::to_bits);
        let [h0, h1] = self.highs.map(f32::to_bits);
        let [weight, mean, variance, frauds] = [weight, mean, variance, self.frauds].map(f32::to_bits);
        let (first, last, at) = (self.first_at_s, self.last_at_s, self.fraud_at_s);
        [first, last, self.payments, weight, mean, variance, c0, c1, c2, c3, c4, h0, h1, at, frauds]
    }

    pub(super) fn from_words(words: [u32; Self::WORDS]) -> Payer {
        let [first_at_s, last_at_s, payments, weight, mean, variance, c0, c1, c2, c3, c4, h0, h1, at, frauds] =
            words;
        let [weight, mean, variance, frauds] = [weight, mean, variance, frauds].map(f32::from_bits);
        Payer {
            first_at_s,
            last_at_s,
            payments,
            usual_yuan: Moments { weight, mean, variance },
            counts: [c0, c1, c2, c3, c4].map(f32::from_bits),
            highs: [h0, h1].map(f32::from_bits),
            fraud_at_s: at,
            frauds,
        }
    }
}

/// So that the compiler says so if the sentence about its size becomes untrue.
const _: () = assert!(size_of::<Payer>() == 4 * Payer::WORDS);
