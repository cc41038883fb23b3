//! What rules can speak of: slots with names and kinds, and enumerations.
//!
//! **Invariants.** Each spelling stands for one slot. A name without arguments is not also a value of an enumeration,
//! so a word means one thing in every rule. The digest covers everything that a program depends on: programs and rows
//! of different schemas do not meet.
//!
//! **Absent on purpose:** how the values are come by. The caller fills a [`super::Row`].

mod standard;

use std::{collections::HashMap, fmt};

use super::{
    kind::{Choice, EnumerationId, Kind, Value},
    language::{
        parse_expression,
        parser::KEYWORDS,
        syntax::{Argument, Expression, Literal, Node},
    },
};

/// Slots of a schema. Two hundred rules need about a hundred.
pub const SLOTS_MAX: usize = 1_024;
/// Values of an enumeration.
pub const CHOICES_MAX: usize = 200;

/// What rules can speak of.
#[derive(Clone, Debug)]
pub struct Schema {
    enumerations: Vec<Enumeration>,
    slots: Vec<Slot>,
    by_spelling: HashMap<(String, Vec<Argument>), u16>,
    required: Vec<u64>,
    digest: [u8; 16],
}

/// A named set of values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enumeration {
    /// Its name.
    pub name: String,
    /// Its values, in their order.
    pub choices: Vec<String>,
}

/// One value that rules can speak of.
#[derive(Clone, Debug, PartialEq)]
pub struct Slot {
    /// The name, without arguments.
    pub name: String,
    /// The arguments; often none.
    pub arguments: Vec<Argument>,
    /// The kind of its values.
    pub kind: Kind,
    /// Whether the value may be unknown.
    pub optional: bool,
    /// The value of an everyday payment, which an example of a rule has unless it says otherwise.
    pub everyday: Option<Value>,
    /// What it is, in a sentence.
    pub meaning: String,
}

/// Where a slot is in the rows of its schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SlotId {
    pub(super) index: u16,
    pub(super) kind: Kind,
}

/// What a schema is made of: spelling, kind, value of an everyday payment, meaning. The kind is `bool`, `int`,
/// `float`, `money`, `duration` or the name of an enumeration, with `?` behind it where the value may be unknown; then
/// the everyday value may be `unknown`.
pub type Declaration<'a> = [&'a str; 4];

/// A declaration that makes no sense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrongDeclaration {
    /// The spelling of the slot, or the name of the enumeration.
    pub of: String,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for WrongDeclaration {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "declaration of `{}`: {}", self.of, self.message)
    }
}

impl std::error::Error for WrongDeclaration {}

impl Schema {
    /// A schema of these enumerations (name, values) and slots.
    pub fn new(
        enumerations: &[(&str, &[&str])],
        declarations: &[Declaration<'_>],
    ) -> Result<Schema, WrongDeclaration> {
        let mut schema = Schema {
            enumerations: Vec::new(),
            slots: Vec::new(),
            by_spelling: HashMap::new(),
            required: vec![0; declarations.len().div_ceil(64)],
            digest: [0; 16],
        };
        for (name, choices) in enumerations {
            let wrong = |message: &str| wrong(name, message);
            let mut known = schema.enumerations.iter();
            let mut names = choices.iter().chain([name]);
            if known.any(|other| other.name == *name) || names.any(|name| !is_name(name)) {
                return Err(wrong("a name is in small letters, no keyword, and used once"));
            }
            if choices.is_empty() || choices.len() > CHOICES_MAX || schema.enumerations.len() >= CHOICES_MAX {
                return Err(wrong("too few or too many values"));
            }
            let choices = choices.iter().map(|choice| (*choice).to_owned()).collect();
            schema.enumerations.push(Enumeration { name: (*name).to_owned(), choices });
        }
        for declaration in declarations {
            schema.declare(declaration).map_err(|message| wrong(declaration[0], &message))?;
        }
        let text = format!("{enumerations:?}{declarations:?}");
        let digest = blake3::hash(text.as_bytes());
        schema.digest.copy_from_slice(&digest.as_bytes()[..16]);
        Ok(schema)
    }

    /// What the platform tells its rules of every payment, transfer, withdrawal, top-up, red packet and sign-in.
    pub fn standard() -> Result<Schema, WrongDeclaration> {
        Schema::new(&standard::ENUMERATIONS, standard::SLOTS)
    }

    fn declare(&mut self, declaration: &Declaration<'_>) -> Result<(), String> {
        let [spelling, kind, everyday, meaning] = declaration;
        let index = u16::try_from(self.slots.len()).ok().filter(|index| usize::from(*index) < SLOTS_MAX);
        let index = index.ok_or_else(|| format!("a schema has at most {SLOTS_MAX} slots"))?;
        let (name, arguments) = match parse_expression(spelling).map_err(|wrong| wrong.message)?.node {
            Node::Name(name) => (name, Vec::new()),
            Node::Call { name, arguments } => (name, arguments),
            _ => return Err("a slot is a name, or a name with arguments".to_owned()),
        };
        let choices = |enumeration: &Enumeration| enumeration.choices.contains(&name);
        if !is_name(&name) || arguments.is_empty() && self.enumerations.iter().any(choices) {
            return Err("a name is in small letters, no keyword, and no value of an enumeration".to_owned());
        }
        let optional = kind.ends_with('?');
        let kind =
            self.kind(kind.trim_end_matches('?')).ok_or_else(|| format!("there is no kind `{kind}`"))?;
        if self.by_spelling.insert((name.clone(), arguments.clone()), index).is_some() {
            return Err("it is declared twice".to_owned());
        }
        let everyday = self.value(kind, optional, everyday)?;
        if !optional && let Some(word) = self.required.get_mut(usize::from(index / 64)) {
            *word |= 1 << (index % 64);
        }
        self.slots.push(Slot { name, arguments, kind, optional, everyday, meaning: (*meaning).to_owned() });
        Ok(())
    }

    fn kind(&self, name: &str) -> Option<Kind> {
        Some(match name {
            "bool" => Kind::Bool,
            "int" => Kind::Int,
            "float" => Kind::Float,
            "money" => Kind::Money,
            "duration" => Kind::Duration,
            _ => {
                let at = self.enumerations.iter().position(|enumeration| enumeration.name == name)?;
                Kind::Choice(EnumerationId(u8::try_from(at).ok()?))
            }
        })
    }

    /// Reads a value of a kind as rules write it: `yuan(50)`, `2h`, `-1`, `transfer`; `unknown` is `None`, where a
    /// value may be unknown. Errors say what was expected.
    pub fn value(&self, kind: Kind, optional: bool, text: &str) -> Result<Option<Value>, String> {
        if text == "unknown" && optional {
            return Ok(None);
        }
        let expression = parse_expression(text).map_err(|wrong| wrong.message)?;
        let value = self.constant(kind, &expression);
        let unknown = if optional { ", or `unknown`" } else { "" };
        value.map(Some).ok_or_else(|| format!("`{text}` where {}{unknown} is expected", self.described(kind)))
    }

    /// A literal, a negative number or a value of an enumeration as a value of this kind.
    fn constant(&self, kind: Kind, expression: &Expression) -> Option<Value> {
        let (literal, sign) = match &expression.node {
            Node::Name(name) => {
                let Kind::Choice(enumeration) = kind else { return None };
                return self.choice(enumeration, name).map(Value::Choice);
            }
            Node::Literal(literal) => (*literal, 1_i32),
            Node::Negate(inner) => match inner.node {
                Node::Literal(literal @ (Literal::Int(_) | Literal::Float(_))) => (literal, -1),
                _ => return None,
            },
            _ => return None,
        };
        match (kind, literal) {
            (Kind::Bool, Literal::Bool(yes)) => Some(Value::Bool(yes)),
            (Kind::Int, Literal::Int(number)) => Some(Value::Int(number * i64::from(sign))),
            (Kind::Float, Literal::Int(number)) => {
                Some(Value::Float(f64::from(i32::try_from(number).ok()?) * f64::from(sign)))
            }
            (Kind::Float, Literal::Float(number)) => Some(Value::Float(number * f64::from(sign))),
            (Kind::Money, Literal::Money(fen)) => tongbao_money::Amount::new(fen).map(Value::Money),
            (Kind::Duration, Literal::Duration(s)) => Some(Value::Duration(s)),
            _ => None,
        }
    }

    /// What a value of this kind looks like, for people.
    pub(super) fn described(&self, kind: Kind) -> String {
        match kind {
            Kind::Bool => "`true` or `false`".to_owned(),
            Kind::Int => "a whole number".to_owned(),
            Kind::Float => "a number".to_owned(),
            Kind::Money => "an amount, as in `yuan(50)`,".to_owned(),
            Kind::Duration => "a time span, as in `2h`,".to_owned(),
            Kind::Choice(enumeration) => format!("one of {}", self.choices(enumeration).join(", ")),
        }
    }

    /// A value as rules write it, so that [`Schema::value`] reads it.
    pub fn written(&self, value: Option<Value>) -> String {
        match value {
            None => "unknown".to_owned(),
            Some(Value::Bool(yes)) => yes.to_string(),
            Some(Value::Int(number)) => number.to_string(),
            Some(Value::Float(number)) => Literal::Float(number).to_string(),
            Some(Value::Money(amount)) => Literal::Money(amount.minor()).to_string(),
            Some(Value::Duration(s)) => Literal::Duration(s).to_string(),
            Some(Value::Choice(Choice { enumeration, value })) => {
                self.choices(enumeration).get(usize::from(value)).cloned().unwrap_or_default()
            }
        }
    }

    /// The name of a kind, as in declarations.
    pub fn kind_name(&self, kind: Kind) -> &str {
        match kind {
            Kind::Bool => "bool",
            Kind::Int => "int",
            Kind::Float => "float",
            Kind::Money => "money",
            Kind::Duration => "duration",
            Kind::Choice(EnumerationId(at)) => {
                self.enumerations.get(usize::from(at)).map_or("enumeration", |enumeration| &enumeration.name)
            }
        }
    }

    /// The enumerations, in the order of their declaration.
    pub fn enumerations(&self) -> &[Enumeration] {
        &self.enumerations
    }

    /// The slots, in the order of their declaration.
    pub fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// The slot with this spelling, as in `count(payer, 1h)`.
    pub fn slot(&self, spelling: &str) -> Option<SlotId> {
        match parse_expression(spelling).ok()?.node {
            Node::Name(name) => self.find(&name, &[]),
            Node::Call { name, arguments } => self.find(&name, &arguments),
            _ => None,
        }
    }

    /// The value of an enumeration by their names.
    pub fn choice_of(&self, enumeration: &str, choice: &str) -> Option<Value> {
        let Kind::Choice(enumeration) = self.kind(enumeration)? else { return None };
        self.choice(enumeration, choice).map(Value::Choice)
    }

    pub(super) fn find(&self, name: &str, arguments: &[Argument]) -> Option<SlotId> {
        let index = *self.by_spelling.get(&(name.to_owned(), arguments.to_vec()))?;
        Some(SlotId { index, kind: self.get(index)?.kind })
    }

    pub(super) fn get(&self, index: u16) -> Option<&Slot> {
        self.slots.get(usize::from(index))
    }

    pub(super) fn choice(&self, enumeration: EnumerationId, name: &str) -> Option<Choice> {
        let at = self.choices(enumeration).iter().position(|choice| choice == name)?;
        Some(Choice { enumeration, value: u8::try_from(at).ok()? })
    }

    pub(super) fn choices(&self, enumeration: EnumerationId) -> &[String] {
        self.enumerations.get(usize::from(enumeration.0)).map_or(&[], |found| &found.choices)
    }

    /// The row of an everyday payment.
    pub fn everyday(&self) -> super::Row {
        let mut row = super::Row::new(self);
        for (index, slot) in (0..).zip(&self.slots) {
            if let Some(value) = slot.everyday {
                row.set(SlotId { index, kind: slot.kind }, value)
                    .expect("a declared value has its slot's kind");
            }
        }
        row
    }

    /// One bit for each slot: whether its value must be known.
    pub(super) fn required(&self) -> &[u64] {
        &self.required
    }

    /// What tells this schema from others.
    pub const fn digest(&self) -> [u8; 16] {
        self.digest
    }
}

impl Slot {
    /// How rules write it.
    pub fn spelling(&self) -> String {
        if self.arguments.is_empty() {
            return self.name.clone();
        }
        let arguments: Vec<String> = self.arguments.iter().map(ToString::to_string).collect();
        format!("{}({})", self.name, arguments.join(", "))
    }
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        && !KEYWORDS.contains(&name)
}

fn wrong(of: &str, message: &str) -> WrongDeclaration {
    WrongDeclaration { of: of.to_owned(), message: message.to_owned() }
}
