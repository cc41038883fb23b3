//! Type names that say nothing.

use super::Finding;
use super::source::{Source, Tree, name_after};

/// Last words that fit anything and so tell nothing.
const VAGUE: [&str; 8] = ["Data", "Helper", "Helpers", "Info", "Manager", "Service", "Util", "Utils"];

/// The keywords that give a new type its name. `type` is not among them: a trait may ask for it.
const KEYWORDS: [&str; 3] = ["enum", "struct", "trait"];

/// Types whose name ends in a vague word.
pub(crate) fn vague_names(tree: &Tree) -> Vec<Finding> {
    tree.rust().flat_map(vague_names_of).collect()
}

fn vague_names_of(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (number, line) in source.code_lines() {
        let Some(name) = KEYWORDS.iter().find_map(|keyword| name_after(line, keyword)) else { continue };
        if let Some(word) = VAGUE.iter().find(|word| name.ends_with(*word)) {
            let message = format!(
                "`{name}`: a {word} can be anything; find the noun, or make it a function in a module"
            );
            findings.push(Finding::new(&source.path, number, message));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::testing::check_code;
    use super::*;

    #[test]
    fn vague_type_names_are_found() {
        check_code(vague_names, "pub struct PaymentManager;\nenum OrderInfo {}\ntrait Util {}\n", &[1, 2, 3]);
        check_code(vague_names, "pub(crate) struct CardData<'a>(&'a str);\n", &[1]);
        check_code(vague_names, "impl Body for Answer {\n    type Data = Bytes;\n}\n", &[]);
        check_code(vague_names, "struct Metadata;\nstruct Database;\nenum Informed {}\n", &[]);
        check_code(vague_names, "impl tower::Service<Request> for Door {}\nuse tower::Service;\n", &[]);
        check_code(vague_names, "// struct A is a Manager\nlet constructData = 1;\n", &[]);
    }
}
