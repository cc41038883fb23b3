//! Boosting: each tree learns what those before it got wrong.

use std::fmt;

use super::{
    MICRO, Model, bins::Bins, calibration::Calibration, grow, grow::Slope, micro, probability, tree::Branch,
};
use crate::{
    features::{FEATURES, Vector},
    seeded::Seeded,
};

/// How a model is trained.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// How many trees.
    pub trees: usize,
    /// How many leaves a tree may have.
    pub leaves: usize,
    /// How many comparisons there may be on the way to a leaf.
    pub depth: u8,
    /// How much of each tree's answer is taken.
    pub learning_rate: f64,
    /// How many bins a feature is cut into, 2,048 at most.
    pub bins: u16,
    /// The fewest rows of a leaf.
    pub rows_min: u32,
    /// The least sum of second derivatives of a leaf.
    pub second_min: f64,
    /// The least fall of the loss that is worth a split.
    pub gain_min: f64,
    /// Added to that sum, so that small leaves answer little.
    pub regularisation: f64,
    /// How many of a hundred rows each tree sees.
    pub rows_percent: u8,
    /// How many of a hundred features each tree sees.
    pub features_percent: u8,
    /// What rows and features are drawn by.
    pub seed: u64,
}

/// Chosen on weeks before those that are published: tests that end on 2018-08-01.
impl Default for Settings {
    fn default() -> Self {
        Settings {
            trees: 300,
            leaves: 8,
            depth: 7,
            learning_rate: 0.03,
            bins: 2_048,
            rows_min: 50,
            second_min: 0.001,
            gain_min: 1e-9,
            regularisation: 2.0,
            rows_percent: 80,
            features_percent: 60,
            seed: 1,
        }
    }
}

/// The most bins of a feature.
const BINS_MAX: u16 = 2_048;

/// Why nothing can be learned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Untrainable {
    /// There are not as many labels as rows.
    Lengths,
    /// There is no fraud among the rows, or nothing else.
    OneKind,
    /// There are more rows than a number of 32 bits counts.
    TooMany,
}

impl fmt::Display for Untrainable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Untrainable::Lengths => "there must be one label for each row",
            Untrainable::OneKind => "a model needs both frauds and genuine payments to learn from",
            Untrainable::TooMany => "more rows than can be counted",
        })
    }
}

impl std::error::Error for Untrainable {}

/// Trains a model. Its scores begin at the log-odds of fraud among the rows. `on_tree` hears how many trees there are
/// after each.
pub fn train(
    vectors: &[Vector],
    frauds: &[bool],
    settings: &Settings,
    on_tree: &mut dyn FnMut(usize),
) -> Result<Model, Untrainable> {
    let rows = u32::try_from(vectors.len()).map_err(|_| Untrainable::TooMany)?;
    let found = u32::try_from(frauds.iter().filter(|fraud| **fraud).count()).unwrap_or(u32::MAX);
    if vectors.len() != frauds.len() {
        return Err(Untrainable::Lengths);
    }
    if found == 0 || found >= rows {
        return Err(Untrainable::OneKind);
    }
    let bins = Bins::cut(vectors, settings.bins.clamp(1, BINS_MAX));
    let base = micro(libm::log(f64::from(found) / f64::from(rows - found)));
    let mut scores = vec![i64::from(base); vectors.len()];
    let mut slopes = vec![Slope::default(); vectors.len()];
    let mut trees: Vec<Vec<Branch>> = Vec::with_capacity(settings.trees);
    for number in 0..settings.trees {
        for ((slope, score), fraud) in slopes.iter_mut().zip(&scores).zip(frauds) {
            *slope = slope_of(*score, *fraud);
        }
        let mut seeded = Seeded::of(settings.seed, 0, number as u64);
        let seen: Vec<u32> =
            (0..rows).filter(|_| seeded.below(100) < usize::from(settings.rows_percent)).collect();
        let chosen = choose(&mut seeded, settings.features_percent);
        let tree = grow::grow(&bins, &slopes, seen, &chosen, settings);
        for (score, vector) in scores.iter_mut().zip(vectors) {
            *score += i64::from(answer(&tree, vector));
        }
        trees.push(tree);
        on_tree(number + 1);
    }
    Ok(Model::of(i64::from(base), trees, Calibration::NONE))
}

fn slope_of(score: i64, fraud: bool) -> Slope {
    #[expect(clippy::cast_precision_loss, reason = "scores are millions of millionths, not more")]
    let expected = probability(score as f64 / MICRO);
    Slope { first: expected - f64::from(u8::from(fraud)), second: expected * (1.0 - expected) }
}

/// Some of the features, in their order; at least one.
fn choose(seeded: &mut Seeded, percent: u8) -> Vec<usize> {
    let mut all: Vec<usize> = (0..FEATURES).collect();
    let wanted = (FEATURES * usize::from(percent.min(100))).div_ceil(100).max(1);
    for place in 0..wanted {
        let other = place + seeded.below(FEATURES - place);
        all.swap(place, other);
    }
    all.truncate(wanted);
    all.sort_unstable();
    all
}

fn answer(tree: &[Branch], vector: &Vector) -> i32 {
    let mut at = 0;
    loop {
        let branch = &tree[at];
        if branch.is_leaf() {
            return branch.value;
        }
        at = branch.next as usize + usize::from(vector[usize::from(branch.feature)] > branch.threshold);
    }
}
