//! What is remembered of a payee.

use serde::{Deserialize, Serialize};

use super::{DAY_S, HIGH_RATIO, Label, Payment, age_days};
use crate::counters::{decay, elapsed_s};

/// How many features come from the payee.
pub(super) const FEATURES: usize = 13;

/// Time constants of the counts of payments: 1, 7 and 30 days; in seconds.
const COUNT_TAUS_S: [f32; 3] = [DAY_S, 7.0 * DAY_S, 30.0 * DAY_S];

/// Confirmed frauds fade with 7 and with 30 days since they were confirmed.
const FRAUD_TAUS_S: [f32; 2] = [7.0 * DAY_S, 30.0 * DAY_S];

/// High payments to the payee fade with 7 days.
const HIGH_TAU_S: f32 = 7.0 * DAY_S;

/// For the hash of the definitions.
pub(super) const CONSTANTS: [f32; 6] =
    [COUNT_TAUS_S[0], COUNT_TAUS_S[1], COUNT_TAUS_S[2], FRAUD_TAUS_S[0], FRAUD_TAUS_S[1], HIGH_TAU_S];

/// What is remembered of a payee: 64 bytes.
///
/// A *run* is what is confirmed in a row as quiet fraud, in the order in which it was paid: it begins after the last
/// payment that is known to be genuine. Labels may arrive in another order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Payee {
    first_at_s: u32,
    last_at_s: u32,
    payments: u32,
    counts: [f32; COUNT_TAUS_S.len()],
    high: f32,
    run: u32,
    run_first_s: u32,
    run_last_s: u32,
    genuine_at_s: u32,
    is_genuine_known: u32,
    label_at_s: u32,
    frauds: [f32; FRAUD_TAUS_S.len()],
    labels: f32,
}

impl Payee {
    /// The size of [`Payee::to_words`].
    pub(super) const WORDS: usize = 16;

    pub(super) fn features(&self, payment: &Payment, into: &mut [f32]) {
        let now_s = payment.at_s;
        let elapsed = elapsed_s(self.last_at_s, now_s);
        for ((into, count), tau_s) in into[0..3].iter_mut().zip(self.counts).zip(COUNT_TAUS_S) {
            *into = count * decay(elapsed, tau_s);
        }
        into[12] = self.high * decay(elapsed, HIGH_TAU_S);
        if self.payments > 0 {
            into[3] = age_days(self.first_at_s, now_s);
        }
        #[expect(clippy::cast_precision_loss, reason = "nobody is defrauded sixteen million times in a row")]
        let run = self.run as f32;
        into[4] = run;
        if self.run > 0 {
            let before_s = if self.is_genuine_known > 0 { self.genuine_at_s } else { self.first_at_s };
            into[5] = elapsed_s(self.run_first_s, now_s) / DAY_S;
            into[6] = elapsed_s(before_s, now_s) / DAY_S;
            into[7] = elapsed_s(self.run_last_s, now_s) / DAY_S;
        }
        if self.is_genuine_known > 0 {
            into[8] = elapsed_s(self.genuine_at_s, now_s) / DAY_S;
        }
        let elapsed = elapsed_s(self.label_at_s, now_s);
        for ((into, count), tau_s) in into[9..11].iter_mut().zip(self.frauds).zip(FRAUD_TAUS_S) {
            *into = count * decay(elapsed, tau_s);
        }
        if self.labels > 0.0 {
            into[11] = self.frauds[1] / self.labels;
        }
    }

    /// Remembers a payment, of so many times what its payer usually pays.
    pub fn add(&mut self, payment: &Payment, amount_over_mean: f32) {
        let elapsed = elapsed_s(self.last_at_s, payment.at_s);
        for (count, tau_s) in self.counts.iter_mut().zip(COUNT_TAUS_S) {
            *count = *count * decay(elapsed, tau_s) + 1.0;
        }
        let is_high = f32::from(u8::from(amount_over_mean > HIGH_RATIO));
        self.high = self.high * decay(elapsed, HIGH_TAU_S) + is_high;
        if self.payments == 0 {
            self.first_at_s = payment.at_s;
        }
        self.last_at_s = self.last_at_s.max(payment.at_s);
        self.payments = self.payments.saturating_add(1);
    }

    /// Remembers what became known about a payment to it. A loud fraud says nothing about the payee.
    pub fn hear(&mut self, label: &Label) {
        let is_quiet = label.is_quiet();
        if label.fraud && !is_quiet {
            return;
        }
        let elapsed = elapsed_s(self.label_at_s, label.at_s);
        let fraud = f32::from(u8::from(label.fraud));
        for (count, tau_s) in self.frauds.iter_mut().zip(FRAUD_TAUS_S) {
            *count = *count * decay(elapsed, tau_s) + fraud;
        }
        self.labels = self.labels * decay(elapsed, FRAUD_TAUS_S[1]) + 1.0;
        self.label_at_s = self.label_at_s.max(label.at_s);
        let paid_s = label.payment.at_s;
        if !label.fraud {
            if self.run > 0 && paid_s >= self.run_last_s {
                self.run = 0;
            }
            self.genuine_at_s = self.genuine_at_s.max(paid_s);
            self.is_genuine_known = 1;
        } else if self.is_genuine_known == 0 || paid_s > self.genuine_at_s {
            let is_first = self.run == 0;
            self.run = self.run.saturating_add(1);
            self.run_first_s = if is_first { paid_s } else { self.run_first_s.min(paid_s) };
            self.run_last_s = if is_first { paid_s } else { self.run_last_s.max(paid_s) };
        }
    }

    pub(super) fn to_words(self) -> [u32; Self::WORDS] {
        let [c0, c1, c2] = self.counts.map(f32::to_bits);
        let [f0, f1] = self.frauds.map(f32::to_bits);
        let [high, labels] = [self.high, self.labels].map(f32::to_bits);
        let (first, last) = (self.first_at_s, self.last_at_s);
        let (run_first, run_last) = (self.run_first_s, self.run_last_s);
        let (genuine, known, label) = (self.genuine_at_s, self.is_genuine_known, self.label_at_s);
        let payments = self.payments;
        let run = self.run;
        [
            first, last, payments, c0, c1, c2, high, run, run_first, run_last, genuine, known, label, f0, f1,
            labels,
        ]
    }

    pub(super) fn from_words(words: [u32; Self::WORDS]) -> Payee {
        let [first, last, payments, c0, c1, c2, high, words @ ..] = words;
        let [run, run_first, run_last, genuine, known, label, f0, f1, labels] = words;
        Payee {
            first_at_s: first,
            last_at_s: last,
            payments,
            counts: [c0, c1, c2].map(f32::from_bits),
            high: f32::from_bits(high),
            run,
            run_first_s: run_first,
            run_last_s: run_last,
            genuine_at_s: genuine,
            is_genuine_known: known,
            label_at_s: label,
            frauds: [f0, f1].map(f32::from_bits),
            labels: f32::from_bits(labels),
        }
    }
}

/// So that the compiler says so if the sentence about its size becomes untrue.
const _: () = assert!(size_of::<Payee>() == 4 * Payee::WORDS);

#[cfg(test)]
mod tests {
    use tongbao_money::Amount;

    use super::*;
    use crate::features::EntityId;

    const DAY: u32 = 86_400;

    /// Run, age of its first payment, and of the last genuine one before, on day 100, of labels in the order in which
    /// they arrive: the day of the payment, its amount over what is usual, whether it was fraud.
    #[track_caller]
    fn check(labels: &[(u32, f32, bool)], expected: [f32; 3]) {
        let paid = |day: u32| {
            let (payer, payee) = (EntityId(1), EntityId(2));
            Payment { at_s: day * DAY, payer, payee, amount: Amount::new(100).unwrap() }
        };
        let mut payee = Payee::default();
        payee.add(&paid(1), 1.0);
        for &(day, amount_over_mean, fraud) in labels {
            payee.hear(&Label { at_s: 99 * DAY, payment: paid(day), amount_over_mean, fraud });
        }
        let mut features = [-1.0; FEATURES];
        payee.features(&paid(100), &mut features);
        assert_eq!(features[4..7], expected, "{labels:?}");
    }

    #[test]
    fn a_run_is_what_was_paid_after_the_last_genuine_payment() {
        check(&[], [0.0, -1.0, -1.0]);
        check(&[(80, 1.0, true)], [1.0, 20.0, 99.0]);
        check(&[(70, 1.0, false), (80, 1.0, true), (81, 1.0, true)], [2.0, 20.0, 30.0]);
        check(&[(80, 1.0, true), (81, 1.0, false)], [0.0, -1.0, -1.0]);
        check(&[(80, 1.0, true), (81, 1.0, false), (82, 1.0, true)], [1.0, 18.0, 19.0]);
    }

    #[test]
    fn loud_frauds_and_late_labels_do_not_end_or_lengthen_a_run() {
        check(&[(80, 1.0, true), (81, 5.0, true)], [1.0, 20.0, 99.0]);
        check(&[(81, 1.0, true), (80, 1.0, true)], [2.0, 20.0, 99.0]);
        check(&[(80, 1.0, true), (70, 1.0, false)], [1.0, 20.0, 30.0]);
        check(&[(85, 1.0, false), (80, 1.0, true)], [0.0, -1.0, -1.0]);
    }
}
