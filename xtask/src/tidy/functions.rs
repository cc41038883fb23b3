//! Sizes: functions of at most 70 lines, files of at most 800.

use super::Finding;
use super::source::{Source, Tree, item_length, name_after};

/// A function that fits on one screen can be checked by eye; the number is TigerBeetle's.
const FUNCTION_LINES_MAX: usize = 70;

/// The hard limit for a file without its tests. The aim is 150 and nine files in ten under 400.
const FILE_LINES_MAX: usize = 800;

/// Functions longer than the limit, tests included: a long test is as hard to read.
pub(crate) fn function_length(tree: &Tree) -> Vec<Finding> {
    let too_long = |source: &Source| {
        let mut findings = Vec::new();
        let mut start = 0;
        for (number, line) in source.code_lines() {
            let begin = start;
            start += line.len() + 1;
            let Some(name) = name_after(line, "fn") else { continue };
            let keyword = begin + line.find("fn ").unwrap_or(0);
            let length = source.code[keyword..][..item_length(&source.code[keyword..])].lines().count();
            if length > FUNCTION_LINES_MAX {
                let message = format!(
                    "`{name}` has {length} lines, {FUNCTION_LINES_MAX} are allowed; \
                     keep the branches here and move the leaves into functions of their own"
                );
                findings.push(Finding::new(&source.path, number, message));
            }
        }
        findings
    };
    tree.rust().flat_map(too_long).collect()
}

/// Files longer than the limit, lines that only tests compile left out.
pub(crate) fn file_length(tree: &Tree) -> Vec<Finding> {
    let too_long = |source: &Source| {
        let length = source.test_lines.iter().filter(|test| !**test).count();
        let message = || {
            format!(
                "{length} lines without tests, {FILE_LINES_MAX} are allowed; \
                 turn it into a folder with one file per thing"
            )
        };
        (length > FILE_LINES_MAX).then(|| Finding::new(&source.path, 0, message()))
    };
    tree.rust().filter_map(too_long).collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, check_code};
    use super::*;

    /// A function of so many lines, first and last included.
    fn function(head: &str, lines: usize) -> String {
        format!("{head} {{\n{}}}\n", "    step();\n".repeat(lines - 2))
    }

    #[test]
    fn functions_are_counted_from_their_first_line_to_their_closing_brace() {
        check_code(function_length, &function("pub fn fits()", 70), &[]);
        check_code(function_length, &function("pub fn long()", 71), &[1]);
        check_code(function_length, &format!("\n{}", function("const fn long()", 71)), &[2]);
        check_code(function_length, &function("#[test]\nfn long_test()", 71), &[2]);
        check_code(function_length, &function("mod tests", 90), &[]);
        check_code(
            function_length,
            &format!("trait T {{\n    fn a(x: [u8; 2]);\n{}}}\n", "\n".repeat(80)),
            &[],
        );
        check_code(
            function_length,
            &format!("fn a() {{\n    b(\"}}\"); // }}\n{}}}\n", "\n".repeat(80)),
            &[1],
        );
        check_code(function_length, &format!("// fn a() {{\n{}", "\n".repeat(80)), &[]);
    }

    #[test]
    fn a_function_inside_a_long_one_is_judged_by_itself() {
        let inner = function("fn inner()", 71);
        check_code(function_length, &format!("fn outer() {{\n{inner}}}\n"), &[1, 2]);
    }

    #[test]
    fn files_are_counted_without_their_tests() {
        let fits = "//! A.\n".repeat(800);
        check_code(file_length, &fits, &[]);
        check_code(file_length, &format!("{fits}fn a() {{}}\n"), &[0]);
        check_code(file_length, &format!("{fits}#[cfg(test)]\nmod tests {{}}\n"), &[]);
        check(file_length, &[("crates/core/tests/it/a.rs", &fits.repeat(2))], &[]);
    }
}
