//! The known word that a mistyped one was probably meant to be.

/// Words longer than this are nobody's misspelling: comparing takes the product of two lengths.
const COMPARED_CHARS_MAX: usize = 64;

/// The known word with the fewest changes to it, if those are at most a third of the word.
pub(crate) fn nearest<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = wrong.chars().count();
    if length > COMPARED_CHARS_MAX {
        return None;
    }
    let allowed = length.div_ceil(3).max(1);
    let rated = known.into_iter().map(|word| (changes(wrong, word), word));
    rated.filter(|(changes, _)| *changes <= allowed).min().map(|(_, word)| word)
}

/// How many characters are to be inserted, removed or replaced to get from one word to the other (Levenshtein).
fn changes(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.chars().count()).collect();
    for (index, a) in from.chars().enumerate() {
        let mut diagonal = index;
        let mut left = index.saturating_add(1);
        if let Some(first) = row.first_mut() {
            *first = left;
        }
        for (cell, b) in row.iter_mut().skip(1).zip(to.chars()) {
            let replaced = diagonal.saturating_add(usize::from(a != b));
            diagonal = *cell;
            left = replaced.min(cell.saturating_add(1)).min(left.saturating_add(1));
            *cell = left;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_counted() {
        for (from, to, expected) in [
            ("", "", 0),
            ("a", "", 1),
            ("", "ab", 2),
            ("kitten", "sitting", 3),
            ("amuont", "amount", 2),
            ("人", "入", 1),
        ] {
            assert_eq!(changes(from, to), expected, "{from} → {to}");
            assert_eq!(changes(to, from), expected, "{to} → {from}");
        }
    }

    #[test]
    fn only_a_near_word_is_suggested() {
        let known = ["amount", "operation", "hour"];
        assert_eq!(nearest("amuont", known), Some("amount"));
        assert_eq!(nearest("houre", known), Some("hour"));
        assert_eq!(nearest("x", known), None);
        assert_eq!(nearest(&"a".repeat(65), [&*"a".repeat(65)]), None);
    }
}
