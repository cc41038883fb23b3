//! Features cut into bins for training: at most 2,048 for each, equal in count where there are more values.
//!
//! Where frauds are rare, few bins cost precision: with 256 instead of 2,048 several hundredths of average precision.

use crate::features::{FEATURES, Vector};

/// The cuts of every feature, and the bin of every row.
pub(super) struct Bins {
    /// The ends of the bins of each feature, ascending; what is above the last is in one more bin.
    pub(super) ends: Vec<Vec<f32>>,
    /// Where each feature's bins begin among all.
    pub(super) offsets: [usize; FEATURES],
    /// How many bins all features have together.
    pub(super) total: usize,
    /// The bins of each row, feature by feature.
    pub(super) rows: Vec<[u16; FEATURES]>,
}

impl Bins {
    /// Cuts, with `most` bins for a feature.
    pub(super) fn cut(vectors: &[Vector], most: u16) -> Bins {
        let ends: Vec<Vec<f32>> = (0..FEATURES)
            .map(|feature| ends(vectors.iter().map(|vector| vector[feature]).collect(), usize::from(most)))
            .collect();
        let (mut offsets, mut total) = ([0; FEATURES], 0);
        for (offset, ends) in offsets.iter_mut().zip(&ends) {
            *offset = total;
            total += ends.len() + 1;
        }
        let bin = |feature: usize, value: f32| {
            u16::try_from(ends[feature].partition_point(|&end| end < value)).unwrap_or(u16::MAX)
        };
        let rows =
            vectors.iter().map(|vector| std::array::from_fn(|number| bin(number, vector[number]))).collect();
        Bins { ends, offsets, total, rows }
    }
}

/// The ends of a feature's bins: halfway between neighbours of its sorted values, at most `most − 1` of them.
fn ends(mut values: Vec<f32>, most: usize) -> Vec<f32> {
    values.sort_unstable_by(f32::total_cmp);
    let rows = values.len();
    let distinct = values.chunk_by(|one, other| one.total_cmp(other).is_eq()).count();
    let wanted = distinct.min(most).max(1);
    let mut ends: Vec<f32> = Vec::with_capacity(wanted);
    let (mut below, mut taken) = (0, 0);
    for pair in values.chunk_by(|one, other| one.total_cmp(other).is_eq()).collect::<Vec<_>>().windows(2) {
        let [group, next] = pair else { continue };
        below += group.len();
        // All values get a bin if there are few; else one ends where its share of the rows is reached.
        let is_full = distinct <= most || below * wanted >= (taken + 1) * rows;
        if is_full && ends.len() + 1 < wanted {
            ends.push(f32::midpoint(group[0], next[0]).max(group[0]));
            taken = below * wanted / rows;
        }
    }
    ends
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_values_get_a_bin_each_and_many_get_equal_shares() {
        assert_eq!(ends(vec![3.0, 1.0, 1.0, 2.0], 8), [1.5, 2.5]);
        assert_eq!(ends(vec![1.0; 5], 8), [0.0_f32; 0]);
        let many = ends((0..1_000_u16).map(f32::from).collect(), 4);
        assert_eq!(many, [249.5, 499.5, 749.5]);
        assert!(ends((0..1_000_u16).map(f32::from).collect(), 1).is_empty());
    }

    #[test]
    fn a_value_is_in_the_bin_that_its_end_says() {
        let mut low = [0.0; FEATURES];
        let vectors: Vec<Vector> = (0..10_u8)
            .map(|value| {
                low[0] = f32::from(value);
                low
            })
            .collect();
        let bins = Bins::cut(&vectors, 5);
        for (row, vector) in bins.rows.iter().zip(&vectors) {
            let bin = usize::from(row[0]);
            assert!(bins.ends[0].get(bin).is_none_or(|&end| vector[0] <= end));
            assert!(bin == 0 || vector[0] > bins.ends[0][bin - 1]);
        }
        assert_eq!(bins.total, 5 + FEATURES - 1);
        assert_eq!(bins.offsets[1], 5);
    }
}
