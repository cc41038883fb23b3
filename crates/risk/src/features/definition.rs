//! What the features are called, what they mean, and the hash of all that.

use std::sync::OnceLock;

use super::{AGE_DAYS_MAX, HIGH_RATIO, QUIET_MINOR_MAX, payee, payer};

/// How many features a payment has.
pub const FEATURES: usize = payer::FEATURES + payee::FEATURES;

/// The features of one payment, in the order of [`NAMES`].
pub type Vector = [f32; FEATURES];

/// Stands for a number that is not known.
pub(super) const UNKNOWN: f32 = -1.0;

/// Changes when the code of a feature changes and its words do not.
const VERSION: u32 = 1;

/// One feature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Definition {
    /// Its name; stable.
    pub name: &'static str,
    /// What it is, with its unit.
    pub meaning: &'static str,
}

const fn of(name: &'static str, meaning: &'static str) -> Definition {
    Definition { name, meaning }
}

/// The features in their order: those of amount and payer, then those of the payee.
pub const NAMES: [Definition; FEATURES] = [
    of("amount_yuan", "the amount in yuan"),
    of("payer_mean_yuan", "what the payer usually pays: faded mean, high amounts counted as the mean; yuan"),
    of("amount_over_mean", "the amount over what the payer usually pays"),
    of("amount_deviations", "how many standard deviations the amount is above what the payer usually pays"),
    of("payer_count_10m", "payments of the payer, faded with 10 minutes"),
    of("payer_count_1h", "payments of the payer, faded with an hour"),
    of("payer_count_1d", "payments of the payer, faded with a day"),
    of("payer_count_7d", "payments of the payer, faded with 7 days"),
    of("payer_count_30d", "payments of the payer, faded with 30 days"),
    of("payer_high_3d", "high payments of the payer, faded with 3 days"),
    of("payer_high_10d", "high payments of the payer, faded with 10 days"),
    of("payer_age_days", "days since the payer's first payment, 60 at most"),
    of("payer_idle_days", "days since the payer's last payment"),
    of("payer_frauds_30d", "frauds confirmed of the payer, faded with 30 days since they were"),
    of("payee_count_1d", "payments to the payee, faded with a day"),
    of("payee_count_7d", "payments to the payee, faded with 7 days"),
    of("payee_count_30d", "payments to the payee, faded with 30 days"),
    of("payee_age_days", "days since the first payment to the payee, 60 at most"),
    of("payee_run", "quiet frauds at the payee confirmed in a row, no confirmed genuine payment among them"),
    of("payee_run_days", "days since the first payment of that run"),
    of("payee_run_days_max", "days since the last confirmed genuine payment before that run"),
    of("payee_run_idle_days", "days since the last payment of that run"),
    of("payee_genuine_days", "days since the last payment to the payee that was confirmed as genuine"),
    of("payee_frauds_7d", "quiet frauds confirmed at the payee, faded with 7 days since they were"),
    of("payee_frauds_30d", "quiet frauds confirmed at the payee, faded with 30 days since they were"),
    of("payee_fraud_share_30d", "payee_frauds_30d over all labels of payments to the payee, faded alike"),
    of("payee_high_7d", "high payments to the payee, faded with 7 days"),
];

/// The hash of everything the features are made of: names, meanings, constants, version; 16 hexadecimal digits.
#[must_use]
pub fn definition_hash() -> &'static str {
    static HASH: OnceLock<String> = OnceLock::new();
    HASH.get_or_init(|| {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&VERSION.to_le_bytes());
        for feature in NAMES {
            for text in [feature.name, feature.meaning] {
                hasher.update(text.as_bytes());
                hasher.update(&[0]);
            }
        }
        let constants =
            [HIGH_RATIO, AGE_DAYS_MAX].into_iter().chain(payer::CONSTANTS).chain(payee::CONSTANTS);
        for constant in constants {
            hasher.update(&constant.to_le_bytes());
        }
        hasher.update(&QUIET_MINOR_MAX.to_le_bytes());
        hasher.finalize().to_hex()[..16].to_owned()
    })
}

/// The place of a feature in a [`Vector`], by its name.
#[must_use]
pub fn number(name: &str) -> Option<usize> {
    NAMES.iter().position(|feature| feature.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_feature_has_a_name_of_its_own_and_a_place() {
        for (place, feature) in NAMES.iter().enumerate() {
            assert_eq!(number(feature.name), Some(place), "{}", feature.name);
            assert!(!feature.meaning.is_empty());
        }
        assert_eq!(number("payer_shoe_size"), None);
        assert_eq!(NAMES[payer::FEATURES - 1].name, "payer_frauds_30d");
        assert_eq!(definition_hash().len(), 16);
    }
}
