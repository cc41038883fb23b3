//! A look over a JSON text before serde sees it, for what serde lets pass or does too late: nesting, names
//! that appear twice in one object, U+0000.
//!
//! Invariant: a text that passes is exactly one JSON value (RFC 8259), save for the insides of escapes and the
//! size of numbers; those are left to `serde_json`, which reads the same text again.

use std::borrow::Cow;

/// Why a text is refused.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    /// Not JSON, at this byte.
    Malformed { offset: usize },
    /// More levels than allowed.
    TooDeep,
    /// This field appears twice in its object.
    Duplicate { path: String },
    /// U+0000, at this byte.
    Nul { offset: usize },
}

/// Looks over a whole text.
pub(super) fn check(text: &str, depth_max: usize) -> Result<(), Flaw> {
    let mut scan = Scan { text, at: 0, names: Vec::new() };
    scan.value(depth_max)?;
    match scan.peek() {
        None => Ok(()),
        Some(_) => Err(scan.malformed()),
    }
}

struct Scan<'a> {
    text: &'a str,
    at: usize,
    /// The names of all objects that are open, one after another, so that objects share one allocation.
    names: Vec<Cow<'a, str>>,
}

impl<'a> Scan<'a> {
    /// The next byte that is not white space.
    fn peek(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = bytes.get(self.at) {
            self.at += 1;
        }
        bytes.get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> Result<(), Flaw> {
        if self.peek() == Some(byte) {
            self.at += 1;
            return Ok(());
        }
        Err(self.malformed())
    }

    fn malformed(&self) -> Flaw {
        Flaw::Malformed { offset: self.at }
    }

    /// One value. `depth` is how many levels it may still open, which also bounds this recursion.
    fn value(&mut self, depth: usize) -> Result<(), Flaw> {
        match self.peek() {
            Some(b'{') => self.object(depth.checked_sub(1).ok_or(Flaw::TooDeep)?),
            Some(b'[') => self.array(depth.checked_sub(1).ok_or(Flaw::TooDeep)?),
            Some(b'"') => self.string().map(|_| ()),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(_) => self.word(),
            None => Err(self.malformed()),
        }
    }

    fn number(&mut self) -> Result<(), Flaw> {
        self.skip_if(b"-");
        // No digit may follow a leading zero.
        if !self.skip_if(b"0") {
            self.digits()?;
        }
        if self.skip_if(b".") {
            self.digits()?;
        }
        if self.skip_if(b"eE") {
            self.skip_if(b"+-");
            self.digits()?;
        }
        Ok(())
    }

    /// One digit or more.
    fn digits(&mut self) -> Result<(), Flaw> {
        let start = self.at;
        while self.skip_if(b"0123456789") {}
        if self.at == start { Err(self.malformed()) } else { Ok(()) }
    }

    fn skip_if(&mut self, any: &[u8]) -> bool {
        let found = self.text.as_bytes().get(self.at).is_some_and(|byte| any.contains(byte));
        self.at += usize::from(found);
        found
    }

    fn word(&mut self) -> Result<(), Flaw> {
        let rest = &self.text.as_bytes()[self.at..];
        for word in ["null", "true", "false"] {
            if rest.starts_with(word.as_bytes()) {
                self.at += word.len();
                return Ok(());
            }
        }
        Err(self.malformed())
    }

    fn array(&mut self, depth: usize) -> Result<(), Flaw> {
        self.take(b'[')?;
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(());
        }
        for index in 0_usize.. {
            self.value(depth).map_err(|flaw| flaw.inside(&format!("[{index}]")))?;
            if self.peek() == Some(b']') {
                break;
            }
            self.take(b',')?;
        }
        self.take(b']')
    }

    fn object(&mut self, depth: usize) -> Result<(), Flaw> {
        self.take(b'{')?;
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(());
        }
        let first = self.names.len();
        loop {
            if self.peek() != Some(b'"') {
                return Err(self.malformed());
            }
            let name = self.string()?;
            self.names.push(name);
            let own = self.names.len() - 1;
            self.take(b':')?;
            self.value(depth).map_err(|flaw| flaw.inside(&self.names[own]))?;
            if self.peek() == Some(b'}') {
                break;
            }
            self.take(b',')?;
        }
        self.take(b'}')?;
        let twice = twice(&mut self.names[first..]);
        self.names.truncate(first);
        twice.map_or(Ok(()), |path| Err(Flaw::Duplicate { path }))
    }

    /// A string with its escapes resolved.
    fn string(&mut self) -> Result<Cow<'a, str>, Flaw> {
        self.take(b'"')?;
        let start = self.at;
        let bytes = self.text.as_bytes();
        let mut escaped = false;
        loop {
            match bytes.get(self.at) {
                Some(b'"') => break,
                Some(b'\\') => {
                    if bytes[self.at..].starts_with(b"\\u0000") {
                        return Err(Flaw::Nul { offset: self.at });
                    }
                    escaped = true;
                    // The character after a backslash cannot end the string.
                    self.at += 2;
                }
                Some(0) => return Err(Flaw::Nul { offset: self.at }),
                Some(0..0x20) | None => return Err(Flaw::Malformed { offset: self.at.min(bytes.len()) }),
                Some(_) => self.at += 1,
            }
        }
        let inside = &self.text[start..self.at];
        self.at += 1;
        if !escaped {
            return Ok(Cow::Borrowed(inside));
        }
        serde_json::from_str(&self.text[start - 1..self.at])
            .map(Cow::Owned)
            .map_err(|_| Flaw::Malformed { offset: start })
    }
}

impl Flaw {
    /// Puts the name of the enclosing field before a path.
    fn inside(self, parent: &str) -> Self {
        match self {
            Self::Duplicate { path } if path.starts_with('[') => {
                Self::Duplicate { path: format!("{parent}{path}") }
            }
            Self::Duplicate { path } => Self::Duplicate { path: format!("{parent}.{path}") },
            other => other,
        }
    }
}

/// A name that appears twice. Sorting keeps an object of thousands of names from costing millions of
/// comparisons, whatever the names are.
fn twice(names: &mut [Cow<'_, str>]) -> Option<String> {
    names.sort_unstable();
    names.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0].to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn duplicate(text: &str) -> String {
        match check(text, 16) {
            Err(Flaw::Duplicate { path }) => path,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn a_name_that_appears_twice_is_found_at_any_depth() {
        assert_eq!(duplicate(r#"{"a":1,"b":2,"a":3}"#), "a");
        assert_eq!(duplicate(r#"{"a":1,"\u0061":3}"#), "a");
        assert_eq!(duplicate(r#"{"a":[{}, {"b":{"c":1,"c":1}}]}"#), "a[1].b.c");
        assert_eq!(duplicate(r#"[[{"":1,"":2}]]"#), "[0][0].");
        assert_eq!(check(r#"{"a":{"a":{"b":1}},"b":[{"a":1},{"a":1}]}"#, 16), Ok(()));
    }

    #[test]
    fn depth_is_counted_in_levels() {
        assert_eq!(check("[[[]]]", 3), Ok(()));
        assert_eq!(check("[[[[]]]]", 3), Err(Flaw::TooDeep));
        assert_eq!(check(&"[".repeat(60_000), 16), Err(Flaw::TooDeep));
        assert_eq!(check(&"{\"a\":".repeat(10_000), 16), Err(Flaw::TooDeep));
    }

    #[test]
    fn structure_that_is_not_json_is_refused_where_it_breaks() {
        let table = [
            ("", 0),
            ("{", 1),
            ("{]", 1),
            ("[1,]", 3),
            ("{\"a\":1,}", 7),
            ("{\"a\"1}", 4),
            ("{a:1}", 1),
            ("1 2", 2),
            ("NaN", 0),
            ("Infinity", 0),
            ("tru", 0),
            ("-", 1),
            ("01", 1),
            ("1.", 2),
            ("1e+", 3),
            ("1-1", 1),
            ("[+1]", 1),
            ("\"abc", 4),
            ("\"abc\\", 5),
            ("\"a\nb\"", 2),
            ("\u{feff}{}", 0),
            ("// a comment\n{}", 0),
        ];
        for (text, offset) in table {
            assert_eq!(check(text, 16), Err(Flaw::Malformed { offset }), "{text:?}");
        }
        for number in ["0", "-0", "10", "-1.50", "1e9", "0.1E-7", "1e+99999"] {
            assert_eq!(check(number, 16), Ok(()), "{number}");
        }
        assert_eq!(check(r#"{"a":"x\u0000"}"#, 16), Err(Flaw::Nul { offset: 7 }));
        assert_eq!(check(r#"{"a":"x\\u0000"}"#, 16), Ok(()));
    }

    #[test]
    fn thousands_of_names_are_looked_through_at_once() {
        let fields: Vec<String> = (0..10_000).map(|i| format!("\"{i}\":0")).collect();
        assert_eq!(check(&format!("{{{}}}", fields.join(",")), 16), Ok(()));
    }
}
