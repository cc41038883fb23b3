//! What to say about names that nobody declared.

use super::{
    diagnostic::{Code, Diagnostic},
    kind::{EnumerationId, Kind},
    language::syntax::{Argument, Span},
    nearest::nearest,
    schema::{Schema, Slot},
};

/// Spellings listed in one help.
const LISTED_MAX: usize = 8;

/// A slot that is not declared: what there is of its name, or the nearest name.
pub(super) fn unknown_slot(schema: &Schema, span: Span, name: &str, arguments: &[Argument]) -> Diagnostic {
    let asked = Slot { name: name.to_owned(), arguments: arguments.to_vec(), ..nothing() }.spelling();
    let named: Vec<&Slot> = schema.slots().iter().filter(|slot| slot.name == name).collect();
    if named.is_empty() {
        let wrong = Diagnostic::new(Code::UnknownName, span, format!("nothing is called `{name}`"));
        if let Some(slot) = schema.slots().iter().find(|slot| has_value(schema, slot, name)) {
            let slot = slot.spelling();
            return wrong.help(format!("it is a value of `{slot}`, as in `{slot} == {name}`"));
        }
        let near = nearest(name, schema.slots().iter().map(|slot| slot.name.as_str()));
        return match near.and_then(|near| schema.slots().iter().find(|slot| slot.name == near)) {
            Some(slot) => wrong.help(format!("did you mean `{}`?", slot.spelling())),
            None => wrong.help("`tongbao risk rules --slots` lists what there is"),
        };
    }
    let same = |slot: &&&Slot| words(&slot.arguments).eq(words(arguments));
    let windows: Vec<String> = named.iter().filter(same).map(|slot| slot.spelling()).collect();
    if !windows.is_empty() {
        let declared = joined(&windows);
        let near = nearest(&asked, windows.iter().map(String::as_str)).unwrap_or_default();
        let meant = if near.is_empty() { String::new() } else { format!("did you mean `{near}`? ") };
        return Diagnostic::new(Code::UnknownWindow, span, format!("`{asked}` is not counted")).help(
            format!(
                "{meant}Counted are {declared}; a new window is declared among the slots before rules use it"
            ),
        );
    }
    let known: Vec<String> = named.iter().map(|slot| slot.spelling()).collect();
    let wrong = Diagnostic::new(Code::UnknownArguments, span, format!("there is no `{asked}`"));
    wrong.help(format!("there are {}", joined(&known)))
}

/// A word that is no value of an enumeration.
pub(super) fn unknown_value(
    schema: &Schema,
    span: Span,
    enumeration: EnumerationId,
    word: &str,
) -> Diagnostic {
    let choices = schema.choices(enumeration);
    let wrong = Diagnostic::new(Code::UnknownValue, span, format!("`{word}` is none of the values here"));
    match nearest(word, choices.iter().map(String::as_str)) {
        Some(near) => wrong.help(format!("did you mean `{near}`? The values are {}", choices.join(", "))),
        None => wrong.help(format!("the values are {}", choices.join(", "))),
    }
}

fn has_value(schema: &Schema, slot: &Slot, name: &str) -> bool {
    matches!(slot.kind, Kind::Choice(enumeration) if schema.choices(enumeration).iter().any(|choice| choice == name))
}

fn words(arguments: &[Argument]) -> impl Iterator<Item = Option<&str>> {
    arguments.iter().map(|argument| match argument {
        Argument::Word(word) => Some(word.as_str()),
        Argument::Window(_) => None,
    })
}

fn joined(spellings: &[String]) -> String {
    let listed: Vec<String> =
        spellings.iter().take(LISTED_MAX).map(|spelling| format!("`{spelling}`")).collect();
    let more = if spellings.len() > LISTED_MAX { " and others" } else { "" };
    format!("{}{more}", listed.join(", "))
}

fn nothing() -> Slot {
    Slot {
        name: String::new(),
        arguments: Vec::new(),
        kind: Kind::Bool,
        optional: false,
        everyday: None,
        meaning: String::new(),
    }
}
