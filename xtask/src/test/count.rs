//! Counting tests from the output of `cargo test`.

/// How many tests passed and failed so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
}

impl Count {
    /// Adds what a summary line says; every other line is none of its business.
    ///
    /// The line reads `test result: ok. 12 passed; 0 failed; 0 ignored; …`, one for each test binary.
    pub(crate) fn hear(&mut self, line: &str) {
        let Some(summary) = line.trim().strip_prefix("test result: ") else { return };
        let (_, counts) = summary.split_once(". ").unwrap_or_default();
        for part in counts.split("; ") {
            match part.trim().split_once(' ') {
                Some((number, "passed")) => self.passed += number.parse().unwrap_or(0),
                Some((number, "failed")) => self.failed += number.parse().unwrap_or(0),
                _ => {}
            }
        }
    }

    /// Adds another count.
    pub(crate) fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(lines: &[&str], passed: u64, failed: u64) {
        let mut count = Count::default();
        for line in lines {
            count.hear(line);
        }
        assert_eq!(count, Count { passed, failed });
    }

    #[test]
    fn summaries_of_all_binaries_are_added() {
        let good =
            "test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.10s";
        let bad = "test result: FAILED. 3 passed; 2 failed; 1 ignored; 0 measured; 4 filtered out; finished in 1.00s";
        check(&[good, "", "running 5 tests", bad], 15, 2);
    }

    #[test]
    fn other_lines_count_nothing() {
        check(&["test a ... ok", "9 passed; 9 failed", "test result: "], 0, 0);
    }
}
