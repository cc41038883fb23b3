//! A view of Rust source in which only code is left.
//!
//! Comments, and the insides of strings and characters, become spaces; every line keeps its number
//! and every character its column. Rules about code read this view, so that a word in a comment or
//! in a message is never taken for code.
//!
//! Absent on purpose: a parser. rustc has already accepted these files.

/// Replaces comments and literals by spaces.
pub(crate) fn code_of(source: &str) -> String {
    let letters: Vec<char> = source.chars().collect();
    let mut view = letters.clone();
    let mut at = 0;
    while at < letters.len() {
        let end = match letters[at] {
            '/' if letters.get(at + 1) == Some(&'/') => line_comment(&letters, at),
            '/' if letters.get(at + 1) == Some(&'*') => block_comment(&letters, at),
            '"' => string(&letters, at),
            'r' if !inside_word(&letters, at) => raw_string(&letters, at, at + 1),
            'b' | 'c' if !inside_word(&letters, at) && letters.get(at + 1) == Some(&'r') => {
                raw_string(&letters, at, at + 2)
            }
            '\'' => character(&letters, at),
            _ => at,
        };
        for letter in &mut view[at..end] {
            if *letter != '\n' {
                *letter = ' ';
            }
        }
        at = end.max(at + 1);
    }
    view.into_iter().collect()
}

// Each function below returns the index after the thing that starts at `at`, or `at` itself when
// nothing of its kind starts there.

fn line_comment(letters: &[char], at: usize) -> usize {
    find(letters, at, |letter| letter == '\n')
}

fn block_comment(letters: &[char], at: usize) -> usize {
    let mut depth = 0_u32;
    let mut here = at;
    while here < letters.len() {
        match (letters[here], letters.get(here + 1)) {
            ('/', Some('*')) => (depth, here) = (depth + 1, here + 2),
            ('*', Some('/')) if depth == 1 => return here + 2,
            ('*', Some('/')) => (depth, here) = (depth - 1, here + 2),
            _ => here += 1,
        }
    }
    here
}

fn string(letters: &[char], at: usize) -> usize {
    let mut here = at + 1;
    while here < letters.len() {
        match letters[here] {
            '\\' => here += 2,
            '"' => return here + 1,
            _ => here += 1,
        }
    }
    letters.len()
}

/// `hash` is where the hashes begin, after `r` or `br`.
fn raw_string(letters: &[char], at: usize, hash: usize) -> usize {
    let open = find(letters, hash, |letter| letter != '#');
    let hashes = open - hash;
    if letters.get(open) != Some(&'"') {
        return at;
    }
    let closes = |quote: usize| {
        letters[quote] == '"'
            && letters[quote + 1..].iter().take_while(|&&letter| letter == '#').count() >= hashes
    };
    match (open + 1..letters.len()).find(|&quote| closes(quote)) {
        Some(quote) => quote + 1 + hashes,
        None => letters.len(),
    }
}

fn character(letters: &[char], at: usize) -> usize {
    match (letters.get(at + 1), letters.get(at + 2)) {
        (Some('\\'), Some(_)) => (find(letters, at + 3, |letter| letter == '\'') + 1).min(letters.len()),
        (Some(_), Some('\'')) => at + 3,
        _ => at,
    }
}

fn find(letters: &[char], from: usize, wanted: impl Fn(char) -> bool) -> usize {
    (from..letters.len()).find(|&here| wanted(letters[here])).unwrap_or(letters.len())
}

fn inside_word(letters: &[char], at: usize) -> bool {
    at > 0 && is_word(letters[at - 1])
}

/// Whether a character can stand inside a Rust name.
pub(crate) fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(source: &str, code: &str) {
        assert_eq!(code_of(source), code);
        assert_eq!(code_of(source).chars().count(), source.chars().count());
    }

    #[test]
    fn only_code_is_left() {
        check("a // b\nc", "a     \nc");
        check("a /* b /* c */ d */ e", "a                   e");
        check(r#"a("x\"y");"#, "a(      );");
        check(r##"a(r#"x"y"#);"##, "a(        );");
        check(r#"a(br"\");"#, "a(     );");
        check(r"('{', '\'', b'}')", r"(   ,     , b   )");
        check("fn f<'a>(x: &'a str)", "fn f<'a>(x: &'a str)");
        check("r#fn + bar", "r#fn + bar");
        check("mod browser; mod crate_a; b r", "mod browser; mod crate_a; b r");
        check("\"two\nlines\" x", "    \n       x");
        check("x '\\u{7d}' y", "x          y");
    }

    #[test]
    fn an_unfinished_thing_ends_with_the_file() {
        check("a \"b", "a   ");
        check("a /* b", "a     ");
        check("a r#\"b\"", "a      ");
    }
}
