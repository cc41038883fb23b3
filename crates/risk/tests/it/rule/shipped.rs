//! The rules that are shipped.

use tongbao_risk::rule::{Action, Mode, Schema, compile, language::parse, shipped};

#[test]
fn all_of_them_load_with_their_examples_and_reasons() {
    let set = shipped()
        .unwrap_or_else(|flaws| panic!("{}", flaws.iter().map(|f| f.to_string() + "\n").collect::<String>()));
    assert!(set.rules().len() >= 25, "{}", set.rules().len());
    for rule in set.rules() {
        let again = parse(&rule.compiled.rule.to_string()).unwrap();
        assert_eq!(again.to_string(), rule.compiled.rule.to_string());
        assert!(set.reason(&again.reason).is_some());
        assert!(
            rule.compiled.program.cost() <= 40,
            "{} takes {}",
            rule.record.id,
            rule.compiled.program.cost()
        );
    }
}

#[test]
fn what_refuses_on_a_pattern_alone_is_not_for_everybody_at_once() {
    let set = shipped().unwrap();
    for rule in set.rules().iter().filter(|rule| rule.compiled.rule.then == Action::Block) {
        let lawful = rule.record.owner == "compliance";
        let narrow = rule.record.text.contains("failures(");
        assert!(lawful || narrow || rule.record.mode != Mode::Live(100), "{}", rule.record.id);
    }
}

#[test]
fn every_slot_has_one_spelling_which_is_found_and_compiles() {
    let schema = Schema::standard().unwrap();
    for slot in schema.slots() {
        let spelling = slot.spelling();
        let id = schema.slot(&spelling).unwrap_or_else(|| panic!("{spelling}"));
        assert_eq!(schema.everyday().get(id), slot.everyday, "{spelling}");
        assert_eq!(schema.value(slot.kind, slot.optional, &schema.written(slot.everyday)), Ok(slot.everyday));
        let condition = match (schema.kind_name(slot.kind), slot.optional) {
            (_, true) => format!("known({spelling})"),
            ("bool", _) => spelling,
            ("money", _) => format!("{spelling} > yuan(1)"),
            ("duration", _) => format!("{spelling} > 1d"),
            ("int", _) => format!("{spelling} > 1"),
            _ => format!("{spelling} in [{}]", schema.written(slot.everyday)),
        };
        compile(&format!("when {condition} then allow reason R"), &schema)
            .unwrap_or_else(|wrong| panic!("{wrong:?}"));
    }
}
