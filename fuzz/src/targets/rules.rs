//! Rules: every text is answered within bounds, and what is read is printed as it was.

use std::sync::OnceLock;

use tongbao_risk::rule::{DIAGNOSTICS_MAX, RuleSet, Schema, Source, compile, language::parse};

use super::Target;
use crate::driver::reached;

/// See the module.
pub const TARGET: Target = Target {
    name: "rules",
    run: target,
    words: &[
        "when ",
        " then ",
        " reason ",
        "R",
        " and ",
        " or ",
        "not ",
        " in [",
        "]",
        " otherwise ",
        "known(",
        "(",
        ")",
        ", ",
        "==",
        ">=",
        "%",
        "/",
        "*",
        "-",
        "yuan(0.50)",
        "fen(1)",
        "1h",
        "9999999d",
        "2.5",
        "999999999999999999",
        "amount",
        "hour",
        "operation",
        "transfer",
        "score",
        "age",
        "mean(payer, 30d)",
        "count(payer, 1h)",
        "challenge(code)",
        "block",
        "＞",
        "[[rule]]\n",
        "id = \"a\"\n",
        "text = \"",
        "hit = [{ amount = \"yuan(1)\" }]\n",
    ],
};

fn schema() -> &'static Schema {
    static SCHEMA: OnceLock<Schema> = OnceLock::new();
    SCHEMA.get_or_init(|| Schema::standard().expect("the standard slots are well declared"))
}

/// Takes an input.
pub fn target(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    match compile(text, schema()) {
        Ok(compiled) => {
            reached(&format!("compiled {}", compiled.program.cost().min(24)));
            let printed = compiled.rule.to_string();
            let again = parse(&printed).expect("what is printed can be read").to_string();
            assert_eq!(printed, again);
            // No row makes a program panic; this one is the everyday one.
            reached(&format!("hit {}", compiled.hits(&schema().everyday())));
        }
        Err(diagnostics) => {
            assert!((1..=DIAGNOSTICS_MAX).contains(&diagnostics.len()), "{diagnostics:?}");
            for diagnostic in diagnostics {
                reached(diagnostic.code.name());
                assert!(diagnostic.span.end <= text.len() && diagnostic.span.start <= diagnostic.span.end);
                assert!(!diagnostic.shown(text).to_string().is_empty());
            }
        }
    }
    let files = [Source { name: "a", text }];
    match RuleSet::load(schema().clone(), &files) {
        Ok(set) => reached(&format!("set of {}", set.rules().len().min(4))),
        Err(flaws) => assert!(!flaws.is_empty()),
    }
}
