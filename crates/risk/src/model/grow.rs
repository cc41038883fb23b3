//! One tree: grown leaf by leaf, always where the loss falls most.

use super::{bins::Bins, micro, train::Settings, tree::Branch};
use crate::features::FEATURES;

/// First and second derivative of the loss of one row.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Slope {
    pub(super) first: f64,
    pub(super) second: f64,
}

/// Sums of slopes over the rows of one bin or leaf.
#[derive(Clone, Copy, Default)]
struct Cell {
    slope: Slope,
    rows: u32,
}

impl Cell {
    fn plus(self, other: Cell) -> Cell {
        let first = self.slope.first + other.slope.first;
        let second = self.slope.second + other.slope.second;
        Cell { slope: Slope { first, second }, rows: self.rows + other.rows }
    }

    fn minus(self, other: Cell) -> Cell {
        let first = self.slope.first - other.slope.first;
        let second = self.slope.second - other.slope.second;
        Cell { slope: Slope { first, second }, rows: self.rows - other.rows }
    }

    /// How much the loss falls if this is a leaf.
    fn gain(self, settings: &Settings) -> f64 {
        self.slope.first * self.slope.first / (self.slope.second + settings.regularisation)
    }

    /// The value of this as a leaf, in millionths.
    fn value(self, settings: &Settings) -> i32 {
        let step = -self.slope.first / (self.slope.second + settings.regularisation);
        micro(step.clamp(-STEP_MAX, STEP_MAX) * settings.learning_rate)
    }
}

/// The greatest step of one leaf before the learning rate, in log-odds: where nearly nothing is left to learn, the
/// quotient of two tiny numbers would be anything.
const STEP_MAX: f64 = 20.0;

/// Where a leaf would be split.
#[derive(Clone, Copy)]
struct Cut {
    gain: f64,
    feature: usize,
    /// Bins up to this one go left.
    bin: usize,
}

struct Leaf {
    /// Its place among the branches.
    at: usize,
    depth: u8,
    rows: Vec<u32>,
    sum: Cell,
    cells: Vec<Cell>,
    cut: Option<Cut>,
}

/// Grows a tree over `rows` with the features of `chosen`.
pub(super) fn grow(
    bins: &Bins,
    slopes: &[Slope],
    rows: Vec<u32>,
    chosen: &[usize],
    settings: &Settings,
) -> Vec<Branch> {
    let growing = Growing { bins, slopes, chosen, settings };
    let cells = growing.cells(&rows);
    let sum = rows.iter().fold(Cell::default(), |sum, &row| sum.plus(growing.cell(row)));
    let mut branches = vec![Branch::leaf(sum.value(settings))];
    let mut leaves = vec![growing.leaf(0, 0, rows, sum, cells)];
    while leaves.len() < settings.leaves {
        let gain = |leaf: &Leaf| leaf.cut.map_or(f64::NEG_INFINITY, |cut| cut.gain);
        // Of equal gains the earliest leaf: the order of the leaves follows from the rows alone.
        let best = (0..leaves.len())
            .rev()
            .max_by(|&one, &other| gain(&leaves[one]).total_cmp(&gain(&leaves[other])));
        let Some((number, cut)) = best.and_then(|number| Some((number, leaves[number].cut?))) else { break };
        let leaf = leaves.swap_remove(number);
        let (left, right) = growing.split(leaf, cut, &mut branches);
        leaves.push(left);
        leaves.push(right);
    }
    branches
}

struct Growing<'a> {
    bins: &'a Bins,
    slopes: &'a [Slope],
    chosen: &'a [usize],
    settings: &'a Settings,
}

impl Growing<'_> {
    fn cell(&self, row: u32) -> Cell {
        Cell { slope: self.slopes[row as usize], rows: 1 }
    }

    fn cells(&self, rows: &[u32]) -> Vec<Cell> {
        let mut cells = vec![Cell::default(); self.bins.total];
        for &row in rows {
            let cell = self.cell(row);
            for (bin, offset) in self.bins.rows[row as usize].iter().zip(self.bins.offsets) {
                let found = &mut cells[offset + usize::from(*bin)];
                *found = found.plus(cell);
            }
        }
        cells
    }

    fn leaf(&self, at: usize, depth: u8, rows: Vec<u32>, sum: Cell, cells: Vec<Cell>) -> Leaf {
        let cut = if depth < self.settings.depth { self.best_cut(sum, &cells) } else { None };
        Leaf { at, depth, rows, sum, cells, cut }
    }

    fn best_cut(&self, sum: Cell, cells: &[Cell]) -> Option<Cut> {
        let settings = self.settings;
        let whole = sum.gain(settings);
        let is_enough =
            |cell: &Cell| cell.rows >= settings.rows_min && cell.slope.second >= settings.second_min;
        let mut best: Option<Cut> = None;
        for &feature in self.chosen {
            let offset = self.bins.offsets[feature];
            let mut left = Cell::default();
            for bin in 0..self.bins.ends[feature].len() {
                let here = cells[offset + bin];
                if here.rows == 0 {
                    continue;
                }
                left = left.plus(here);
                let right = sum.minus(left);
                if right.rows < settings.rows_min {
                    break;
                }
                if !is_enough(&left) || !is_enough(&right) {
                    continue;
                }
                let gain = left.gain(settings) + right.gain(settings) - whole;
                if gain > best.map_or(settings.gain_min, |best| best.gain) {
                    best = Some(Cut { gain, feature, bin });
                }
            }
        }
        best
    }

    /// Splits a leaf. The bins of the smaller half are summed, those of the other are what is left.
    fn split(&self, leaf: Leaf, cut: Cut, branches: &mut Vec<Branch>) -> (Leaf, Leaf) {
        let goes_left = |row: &u32| usize::from(self.bins.rows[*row as usize][cut.feature]) <= cut.bin;
        let (left, right): (Vec<u32>, Vec<u32>) = leaf.rows.into_iter().partition(goes_left);
        let is_left_small = left.len() <= right.len();
        let small = self.cells(if is_left_small { &left } else { &right });
        let large: Vec<Cell> = leaf.cells.iter().zip(&small).map(|(all, small)| all.minus(*small)).collect();
        let (left_cells, right_cells) = if is_left_small { (small, large) } else { (large, small) };
        let sum = left.iter().fold(Cell::default(), |sum, &row| sum.plus(self.cell(row)));
        let other = leaf.sum.minus(sum);
        let at = branches.len();
        let threshold = self.bins.ends[cut.feature][cut.bin];
        branches[leaf.at].split(cut.feature, threshold, at);
        branches.push(Branch::leaf(sum.value(self.settings)));
        branches.push(Branch::leaf(other.value(self.settings)));
        let depth = leaf.depth + 1;
        (self.leaf(at, depth, left, sum, left_cells), self.leaf(at + 1, depth, right, other, right_cells))
    }
}

const _: () = assert!(FEATURES < u16::MAX as usize);
