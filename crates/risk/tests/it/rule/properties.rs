//! Laws of the language, on made-up texts, trees and rows.

use proptest::{collection::vec, prelude::*};
use tongbao_risk::rule::{
    DIAGNOSTICS_MAX, compile,
    language::{parse, parse_expression},
};

use super::{
    made_up::{Choices, anything, condition, row, without_places},
    schema,
    walk::{walk, yes},
};

/// Pieces of which texts are made that look like rules.
const PIECES: [&str; 48] = [
    "when",
    "then",
    "reason",
    "and",
    "or",
    "not",
    "in",
    "otherwise",
    "known",
    "(",
    ")",
    "[",
    "]",
    ",",
    "==",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
    "+",
    "-",
    "*",
    "/",
    "%",
    "1",
    "2.5",
    "1h",
    "3653d",
    "yuan",
    "fen",
    "true",
    "allow",
    "block",
    "review",
    "challenge",
    "code",
    "R1",
    "amount",
    "n",
    "m",
    "fruit",
    "apple",
    "count",
    "payer",
    "＞",
    "=",
    "99999999999",
];

fn answered_within_bounds(text: &str) {
    match compile(text, &schema()) {
        Ok(compiled) => {
            let printed = compiled.rule.to_string();
            assert_eq!(parse(&printed).expect("what is printed can be read").to_string(), printed);
        }
        Err(diagnostics) => {
            assert!((1..=DIAGNOSTICS_MAX).contains(&diagnostics.len()), "{diagnostics:?}");
            for diagnostic in diagnostics {
                assert!(diagnostic.span.start <= diagnostic.span.end, "{diagnostic:?}");
                assert!(diagnostic.span.end <= text.len(), "{diagnostic:?}");
                assert!(diagnostic.shown(text).to_string().len() < 2_000);
            }
        }
    }
}

proptest! {
    #[test]
    fn any_text_is_answered_within_bounds(text in any::<String>()) {
        answered_within_bounds(&text);
        answered_within_bounds(&format!("when {text} then review reason R"));
    }

    #[test]
    fn texts_that_look_like_rules_are_answered_within_bounds(picks in vec(0..PIECES.len(), 0..120)) {
        let words: Vec<&str> = picks.into_iter().map(|pick| PIECES[pick]).collect();
        answered_within_bounds(&words.join(" "));
        answered_within_bounds(&format!("when {} then review reason R", words.join("")));
    }

    #[test]
    fn what_is_printed_is_read_as_what_it_was(bytes in vec(any::<u8>(), 0..300)) {
        let tree = anything(&mut Choices(&bytes), 5);
        let text = tree.to_string();
        match parse_expression(&text) {
            Ok(read) => prop_assert_eq!(without_places(read), tree, "{}", text),
            Err(wrong) => {
                let bounded = ["too_many_parts", "too_long"].contains(&wrong.code.name());
                prop_assert!(bounded, "{text}: {wrong:?}");
            }
        }
    }

    #[test]
    fn a_program_says_what_its_tree_says(bytes in vec(any::<u8>(), 0..300), values in vec(any::<u8>(), 14)) {
        let schema = schema();
        let tree = condition(&mut Choices(&bytes), 4);
        let text = format!("when {tree} then review reason R");
        match compile(&text, &schema) {
            Ok(compiled) => {
                let row = row(&mut Choices(&values), &schema);
                prop_assert_eq!(compiled.hits(&row), yes(walk(&tree, &schema, &row)), "{}", text);
            }
            Err(wrong) => {
                let bounds = ["too_many_parts", "too_long", "too_costly", "too_deep"];
                let bounded = wrong.iter().all(|wrong| bounds.contains(&wrong.code.name()));
                prop_assert!(bounded, "{}: {:?}", text, wrong);
            }
        }
    }

    #[test]
    fn whatever_compiles_has_kinds_that_go_together(
        // Without 255, which stands for numbers that a whole number and a fraction round differently.
        bytes in vec(0..255_u8, 0..60),
        values in vec(0..255_u8, 14),
    ) {
        let schema = schema();
        let tree = anything(&mut Choices(&bytes), 3);
        if let Ok(compiled) = compile(&format!("when {tree} then review reason R"), &schema) {
            let row = row(&mut Choices(&values), &schema);
            // The walk panics where kinds do not go together.
            prop_assert_eq!(compiled.hits(&row), yes(walk(&tree, &schema, &row)), "{}", tree);
        }
    }
}
