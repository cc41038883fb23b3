//! A model as it scores.

use super::calibration::Calibration;
use crate::features::{FEATURES, Vector};

/// How many trees are walked at once: while one waits for memory another goes on.
const LANES: usize = 8;

/// One place of a tree.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Branch {
    /// What is greater goes right. Of a leaf it is infinite: nobody leaves it.
    pub(super) threshold: f32,
    /// Where the left branch stands, the right one behind it; of a leaf, the leaf itself.
    pub(super) next: u32,
    /// What the tree would answer if it ended here, in millionths.
    pub(super) value: i32,
    /// The number of the feature that is compared.
    pub(super) feature: u16,
}

impl Branch {
    /// A leaf. `next` is set when the tree is taken into a model.
    pub(super) fn leaf(value: i32) -> Branch {
        Branch { threshold: f32::INFINITY, next: 0, value, feature: 0 }
    }

    /// Lets it compare, with branches at `next` and behind it.
    pub(super) fn split(&mut self, feature: usize, threshold: f32, next: usize) {
        self.threshold = threshold;
        self.next = u32::try_from(next).unwrap_or(u32::MAX);
        self.feature = u16::try_from(feature).unwrap_or(u16::MAX);
    }

    pub(super) fn is_leaf(&self) -> bool {
        self.threshold.is_infinite()
    }
}

/// Trees that are walked together.
#[derive(Clone, Debug, PartialEq)]
struct Group {
    roots: [u32; LANES],
    depth: u32,
}

/// A trained model.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// The score before any tree, in millionths of log-odds.
    pub(super) base: i64,
    /// The trees, each with places counted from its root.
    pub(super) trees: Vec<Vec<Branch>>,
    /// From scores to 0–999.
    pub(super) calibration: Calibration,
    /// All branches of all trees, with places counted from the first.
    branches: Vec<Branch>,
    groups: Vec<Group>,
}

impl Model {
    /// A model of trees whose branches lead to later places within their tree.
    pub(super) fn of(base: i64, trees: Vec<Vec<Branch>>, calibration: Calibration) -> Model {
        let mut branches = vec![Branch::leaf(0)];
        let mut roots = Vec::new();
        for tree in &trees {
            let root = place(branches.len());
            for (number, branch) in tree.iter().enumerate() {
                let next = if branch.is_leaf() { place(number) } else { branch.next };
                branches.push(Branch { next: root + next, ..*branch });
            }
            roots.push((root, depth(tree)));
        }
        // Trees of like depth are walked together; places without a tree have the leaf that adds nothing.
        roots.sort_by_key(|&(_, depth)| depth);
        let group = |chunk: &[(u32, u32)]| Group {
            roots: std::array::from_fn(|lane| chunk.get(lane).map_or(0, |&(root, _)| root)),
            depth: chunk.iter().map(|&(_, depth)| depth).max().unwrap_or_default(),
        };
        let groups = roots.chunks(LANES).map(group).collect();
        Model { base, trees, calibration, branches, groups }
    }

    /// The score in millionths of log-odds: the higher, the more like fraud.
    #[must_use]
    pub fn log_odds(&self, vector: &Vector) -> i64 {
        let mut sum = self.base;
        for group in &self.groups {
            let mut at = group.roots;
            for _ in 0..group.depth {
                for place in &mut at {
                    let branch = &self.branches[*place as usize];
                    let is_greater = vector[usize::from(branch.feature)] > branch.threshold;
                    *place = branch.next + u32::from(is_greater);
                }
            }
            sum += at.iter().map(|&place| i64::from(self.branches[place as usize].value)).sum::<i64>();
        }
        sum
    }

    /// The score from 0 to 999: thousandths of the probability of fraud.
    #[must_use]
    pub fn score(&self, vector: &Vector) -> u16 {
        self.calibration.score(self.log_odds(vector))
    }

    /// What each feature adds to the score of a payment without features, in millionths of log-odds: at every branch
    /// of the way, the difference that it makes. Together with [`Model::base`] they are [`Model::log_odds`], exactly.
    #[must_use]
    pub fn contributions(&self, vector: &Vector) -> [i64; FEATURES] {
        let mut found = [0; FEATURES];
        for tree in &self.trees {
            let mut here = tree.first();
            while let Some(branch) = here.filter(|branch| !branch.is_leaf()) {
                let feature = usize::from(branch.feature);
                let is_greater = vector[feature] > branch.threshold;
                let next = tree.get(branch.next as usize + usize::from(is_greater));
                found[feature] += next.map_or(0, |next| i64::from(next.value) - i64::from(branch.value));
                here = next;
            }
        }
        found
    }

    /// The score of a payment of which nothing is known, in millionths of log-odds: what contributions are added to.
    #[must_use]
    pub fn base(&self) -> i64 {
        let roots = self.trees.iter().filter_map(|tree| tree.first());
        self.base + roots.map(|root| i64::from(root.value)).sum::<i64>()
    }

    /// How many trees it has.
    #[must_use]
    pub fn trees(&self) -> usize {
        self.trees.len()
    }

    /// The same trees with scores from 0 to 999 by another calibration.
    #[must_use]
    pub fn calibrated(mut self, calibration: Calibration) -> Model {
        self.calibration = calibration;
        self
    }
}

fn place(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn depth(tree: &[Branch]) -> u32 {
    let mut depths = vec![0; tree.len()];
    for (number, branch) in tree.iter().enumerate().filter(|(_, branch)| !branch.is_leaf()) {
        for child in [branch.next as usize, branch.next as usize + 1] {
            depths[child] = depths[number] + 1;
        }
    }
    depths.into_iter().max().unwrap_or_default()
}
