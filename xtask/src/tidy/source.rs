//! The tree as the rules see it: every text file, and which of its lines are tests.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;

use super::lexer::{code_of, is_word};
use super::modules;

/// Directories that hold no source of ours.
const SKIPPED: [&str; 4] = [".git", "target", "tongbao-data", "node_modules"];

/// What is read as text. Test vectors in other formats may hold any bytes.
const TEXT: [&str; 11] = ["css", "html", "js", "json", "md", "rs", "sh", "sql", "svg", "toml", "yml"];

/// Text files that have no ending to know them by.
const TEXT_NAMES: [&str; 4] = [".editorconfig", ".gitignore", ".ci/run", "LICENSE"];

/// One text file.
pub(crate) struct Source {
    /// Path under the root, with forward slashes.
    pub(crate) path: String,
    pub(crate) text: String,
    /// For Rust: the text without comments and literals, line for line. Otherwise empty.
    pub(crate) code: String,
    /// For Rust: whether each line is compiled for tests only.
    pub(crate) test_lines: Vec<bool>,
}

impl Source {
    fn new(path: &str, text: &str) -> Self {
        let rust = has_ending(path, "rs");
        let code = if rust { code_of(text) } else { String::new() };
        let test_lines = if rust { test_lines(path, &code) } else { Vec::new() };
        Self { path: path.to_owned(), text: text.to_owned(), code, test_lines }
    }

    /// Whether the file's name has this ending.
    pub(crate) fn is(&self, ending: &str) -> bool {
        has_ending(&self.path, ending)
    }

    /// The lines of code that are shipped, with their numbers from 1.
    pub(crate) fn shipped_code(&self) -> impl Iterator<Item = (usize, &str)> {
        self.code_lines().filter(|(number, _)| !self.test_lines[number - 1])
    }

    /// The lines of code with their numbers from 1.
    pub(crate) fn code_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.code.lines().enumerate().map(|(index, line)| (index + 1, line))
    }

    /// The lines of text with their numbers from 1.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(index, line)| (index + 1, line))
    }
}

/// All text files of the repository, sorted by path.
pub(crate) struct Tree {
    pub(crate) sources: Vec<Source>,
}

impl Tree {
    /// Reads the tree under `root`.
    pub(crate) fn read(root: &Path) -> io::Result<Self> {
        let mut files = Vec::new();
        walk(root, "", &mut files)?;
        Ok(Self::of(files.iter().map(|(path, text)| (path.as_str(), text.as_str()))))
    }

    /// A tree made of the given paths and texts.
    pub(crate) fn of<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut sources: Vec<Source> =
            files.into_iter().map(|(path, text)| Source::new(path, text)).collect();
        sources.sort_by(|left, right| left.path.cmp(&right.path));
        let mut tree = Self { sources };
        let test_only = modules::test_only_files(&tree);
        for source in &mut tree.sources {
            if test_only.contains(&source.path) {
                source.test_lines.fill(true);
            }
        }
        tree
    }

    /// The file at this path.
    pub(crate) fn get(&self, path: &str) -> Option<&Source> {
        let index = self.sources.binary_search_by(|source| source.path.as_str().cmp(path)).ok()?;
        self.sources.get(index)
    }

    /// Every Rust file.
    pub(crate) fn rust(&self) -> impl Iterator<Item = &Source> {
        self.sources.iter().filter(|source| source.is("rs"))
    }

    /// The directories of our packages, such as `crates/core`, without the root.
    pub(crate) fn packages(&self) -> BTreeSet<&str> {
        self.sources.iter().filter_map(|source| source.path.strip_suffix("/Cargo.toml")).collect()
    }
}

fn has_ending(path: &str, ending: &str) -> bool {
    Path::new(path).extension().is_some_and(|found| found == ending)
}

fn walk(directory: &Path, under: &str, files: &mut Vec<(String, String)>) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if under.is_empty() { name.clone() } else { format!("{under}/{name}") };
        if entry.file_type()?.is_dir() {
            if !SKIPPED.contains(&name.as_str()) {
                walk(&entry.path(), &path, files)?;
            }
        } else if TEXT.iter().any(|ending| has_ending(&path, ending)) || TEXT_NAMES.contains(&path.as_str()) {
            files.push((path, String::from_utf8_lossy(&fs::read(entry.path())?).into_owned()));
        }
    }
    Ok(())
}

/// Marks the lines that only a test build compiles: whole files under `tests/` and `benches/`, and
/// every item behind `#[cfg(test)]`.
fn test_lines(path: &str, code: &str) -> Vec<bool> {
    let folder = |name: &str| path.starts_with(&format!("{name}/")) || path.contains(&format!("/{name}/"));
    let apart = folder("tests") || folder("benches") || path.ends_with("/tests.rs");
    let mut marks = vec![apart; code.lines().count()];
    for (start, _) in code.match_indices("#[cfg(test)]") {
        let end = start + item_length(&code[start..]);
        let first = code[..start].matches('\n').count();
        let last = first + code[start..end].matches('\n').count();
        for mark in &mut marks[first..=last] {
            *mark = true;
        }
    }
    marks
}

/// The length in bytes of the item that starts here, with its attributes: up to the closing brace of
/// its body, or to the semicolon if it has none.
pub(crate) fn item_length(code: &str) -> usize {
    let mut round = 0_i32;
    let mut braces = 0_i32;
    for (at, letter) in code.char_indices() {
        match letter {
            '(' | '[' => round += 1,
            ')' | ']' => round -= 1,
            '{' => braces += 1,
            '}' => braces -= 1,
            ';' => {}
            _ => continue,
        }
        if "};".contains(letter) && braces <= 0 && round == 0 {
            return at + 1;
        }
    }
    code.len()
}

/// The name after a keyword such as `fn` or `struct`, if the line has that keyword.
pub(crate) fn name_after<'a>(line: &'a str, keyword: &str) -> Option<&'a str> {
    let found = line.match_indices(keyword).find(|(at, _)| {
        let before = line[..*at].chars().next_back();
        let after = line[at + keyword.len()..].chars().next();
        !before.is_some_and(|letter| is_word(letter) || letter == '#') && after == Some(' ')
    });
    let rest = line[found?.0 + keyword.len()..].trim_start();
    let end = rest.find(|letter| !is_word(letter)).unwrap_or(rest.len());
    (end > 0).then(|| &rest[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, text: &str, test_lines: &[usize]) {
        let tree = Tree::of([(path, text)]);
        let marks = &tree.sources[0].test_lines;
        let marked: Vec<usize> = (1..=marks.len()).filter(|number| marks[number - 1]).collect();
        assert_eq!(marked, test_lines);
    }

    #[test]
    fn lines_behind_cfg_test_are_known() {
        let tail = "fn a() {}\n\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\nfn c() {}\n";
        check("crates/a/src/lib.rs", tail, &[3, 4, 5, 6]);
        check("crates/a/src/lib.rs", "#[cfg(test)]\nmod tests;\nfn a() {}\n", &[1, 2]);
        check(
            "crates/a/src/lib.rs",
            "#[cfg(test)]\nfn a() -> [u8; 1] {\n    [1]\n}\nfn b() {}\n",
            &[1, 2, 3, 4],
        );
        check("crates/a/src/lib.rs", "// #[cfg(test)]\nfn a() {}\n", &[]);
    }

    #[test]
    fn files_apart_are_all_test() {
        check("crates/a/tests/it/main.rs", "fn a() {}\n", &[1]);
        check("fuzz/tests/amounts.rs", "fn a() {}\n", &[1]);
        check("crates/a/src/tests.rs", "fn a() {}\n", &[1]);
        check("crates/a/src/contests.rs", "fn a() {}\n", &[]);
    }

    #[test]
    fn a_name_follows_its_keyword() {
        assert_eq!(name_after("pub(crate) const fn parse(text: &str)", "fn"), Some("parse"));
        assert_eq!(name_after("struct Amount(i64);", "struct"), Some("Amount"));
        assert_eq!(name_after("let f: fn(u8) = g;", "fn"), None);
        assert_eq!(name_after("let restruct = 1;", "struct"), None);
    }
}
