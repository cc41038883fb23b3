//! JSON Schemas of an OpenAPI 3.1 document as tables of fields, and as examples.
//!
//! References are followed within the document, to a limited depth and never in a circle; what is cut off is named.
//! Absent on purpose: references to other files, which a self-contained document does not have.

use serde_json::{Map, Value, json};

use crate::docs::prose::{Span, spans};
use crate::i18n::Lang;
use crate::i18n::Phrase as _;
use crate::i18n::docs::Text as T;

/// How deep objects are unfolded; deeper ones are named only.
const MAX_DEPTH: usize = 5;
/// How many references in a row are followed before the rest is taken as it stands.
const MAX_REFERENCES: usize = 8;
/// How many rows one table gets; nothing of ours has more, a hostile document might.
const MAX_ROWS: usize = 300;

/// One field of a body.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    /// 0 for the fields of the body itself.
    pub(crate) depth: usize,
    pub(crate) name: String,
    pub(crate) type_text: String,
    pub(crate) required: bool,
    pub(crate) description: Vec<Span>,
    /// Allowed values, bounds, defaults.
    pub(crate) notes: Vec<Span>,
}

/// Reads the schemas of one document in one language.
#[derive(Clone, Copy)]
pub(crate) struct Schemas<'a> {
    pub(crate) document: &'a Value,
    pub(crate) lang: Lang,
}

impl<'a> Schemas<'a> {
    /// The fields of `schema`, parents before their children.
    pub(crate) fn fields(self, schema: &'a Value) -> Vec<Field> {
        let mut fields = Vec::new();
        self.unfold(schema, 0, &mut Vec::new(), &mut fields);
        fields
    }

    /// Allowed values, bounds and defaults of `schema`.
    pub(crate) fn notes(self, schema: &Value) -> Vec<Span> {
        let (schema, _) = self.resolve(schema);
        let mut notes = Vec::new();
        let mut note = |label: &str, text: String| {
            notes.push(Span { text: format!("{label} "), is_code: false });
            notes.push(Span { text, is_code: true });
            notes.push(Span { text: " ".to_owned(), is_code: false });
        };
        if let Some(values) = schema["enum"].as_array() {
            note(T::OneOf.phrase(self.lang), values.iter().map(plain).collect::<Vec<_>>().join(" · "));
        }
        if let Some(value) = schema.get("const") {
            note("=", plain(value));
        }
        for (low, high) in [("minimum", "maximum"), ("minLength", "maxLength"), ("minItems", "maxItems")] {
            let label = match low {
                "minimum" => "",
                "minLength" => T::Length.phrase(self.lang),
                _ => T::Count.phrase(self.lang),
            };
            match (schema.get(low), schema.get(high)) {
                (Some(low), Some(high)) => note(label, format!("{} – {}", plain(low), plain(high))),
                (Some(low), None) => note(label, format!("≥ {}", plain(low))),
                (None, Some(high)) => note(label, format!("≤ {}", plain(high))),
                (None, None) => {}
            }
        }
        if let Some(pattern) = schema["pattern"].as_str() {
            note(T::Pattern.phrase(self.lang), pattern.to_owned());
        }
        if let Some(default) = schema.get("default").filter(|default| !default.is_null()) {
            note(T::Default.phrase(self.lang), plain(default));
        }
        notes
    }

    /// An example of `schema`: the document's own if it has one, else made from the types.
    pub(crate) fn example(self, schema: &Value) -> Value {
        self.example_within(schema, &mut Vec::new())
    }

    /// Follows `$ref`, and an `allOf` or nullable union of one, to the schema itself and its name.
    pub(crate) fn resolve<'s>(self, schema: &'s Value) -> (&'s Value, Option<&'s str>)
    where
        'a: 's,
    {
        let mut schema = schema;
        let mut name = None;
        for _ in 0..MAX_REFERENCES {
            if let Some(pointer) = schema["$ref"].as_str().and_then(|target| target.strip_prefix('#')) {
                name = reference_name(schema);
                let Some(target) = self.document.pointer(pointer) else { break };
                schema = target;
                continue;
            }
            let mut variants = variants(schema).filter(|variant| variant["type"] != "null");
            match (variants.next(), variants.next()) {
                (Some(only), None) => schema = only,
                _ => break,
            }
        }
        (schema, name)
    }

    fn unfold<'s>(self, schema: &'s Value, depth: usize, path: &mut Vec<&'s str>, fields: &mut Vec<Field>)
    where
        'a: 's,
    {
        let (schema, name) = self.resolve(schema);
        if let Some(name) = name {
            if path.contains(&name) {
                if let Some(parent) = fields.last_mut() {
                    let text = format!("({})", T::Repeats.phrase(self.lang));
                    parent.notes.push(Span { text, is_code: false });
                }
                return;
            }
            path.push(name);
        }
        if schema["items"].is_object() {
            self.unfold(&schema["items"], depth, path, fields);
        }
        for part in schema["allOf"].as_array().into_iter().flatten() {
            self.unfold(part, depth, path, fields);
        }
        if depth < MAX_DEPTH {
            self.unfold_properties(schema, depth, path, fields);
        }
        if name.is_some() {
            path.pop();
        }
    }

    fn unfold_properties<'s>(
        self,
        schema: &'s Value,
        depth: usize,
        path: &mut Vec<&'s str>,
        fields: &mut Vec<Field>,
    ) where
        'a: 's,
    {
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            if fields.len() >= MAX_ROWS {
                return;
            }
            let (resolved, _) = self.resolve(property);
            let description = property["description"].as_str().or_else(|| resolved["description"].as_str());
            fields.push(Field {
                depth,
                name: name.clone(),
                type_text: type_text(property),
                required: requires(schema, name),
                description: spans(description.unwrap_or_default()),
                notes: self.notes(property),
            });
            self.unfold(property, depth + 1, path, fields);
        }
    }

    /// `path` holds the names of the schemas around this one: an object inside itself becomes empty.
    fn example_within<'s>(self, schema: &'s Value, path: &mut Vec<&'s str>) -> Value
    where
        'a: 's,
    {
        let (resolved, name) = self.resolve(schema);
        if let Some(example) = given_example(schema).or_else(|| given_example(resolved)) {
            return example.clone();
        }
        let kind = match &resolved["type"] {
            Value::Array(names) => names.iter().find(|name| **name != "null").and_then(Value::as_str),
            name => name.as_str(),
        };
        match kind {
            Some("string") => json!(example_text(resolved["format"].as_str())),
            Some("integer" | "number") => resolved.get("minimum").cloned().unwrap_or(json!(1)),
            Some("boolean") => json!(true),
            _ if path.len() >= MAX_DEPTH || name.is_some_and(|name| path.contains(&name)) => json!({}),
            kind => {
                path.push(name.unwrap_or_default());
                let example = self.example_inside(resolved, kind, path);
                path.pop();
                example
            }
        }
    }

    /// An example of an array, an object, or the first variant of a union.
    fn example_inside<'s>(self, schema: &'s Value, kind: Option<&str>, path: &mut Vec<&'s str>) -> Value
    where
        'a: 's,
    {
        if kind == Some("array") {
            return match self.example_within(&schema["items"], path) {
                Value::Object(item) if item.is_empty() => json!([]),
                item => json!([item]),
            };
        }
        let union = schema["oneOf"].get(0).or_else(|| schema["anyOf"].get(0));
        match union {
            Some(first) => self.example_within(first, path),
            None => Value::Object(self.example_object(schema, path)),
        }
    }

    fn example_object<'s>(self, schema: &'s Value, path: &mut Vec<&'s str>) -> Map<String, Value>
    where
        'a: 's,
    {
        let mut object = Map::new();
        for part in schema["allOf"].as_array().into_iter().flatten() {
            if let Value::Object(fields) = self.example_within(part, path) {
                object.extend(fields);
            }
        }
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            object.insert(name.clone(), self.example_within(property, path));
        }
        object
    }
}

/// What a schema is called in one or two words: `string (date-time)`, `Payment`, `array of Item`.
pub(crate) fn type_text(schema: &Value) -> String {
    if let Some(name) = reference_name(schema) {
        return name.to_owned();
    }
    let variants: Vec<_> = variants(schema).map(type_text).filter(|text| !text.is_empty()).collect();
    if !variants.is_empty() {
        return variants.join(" | ");
    }
    let names: Vec<_> = match &schema["type"] {
        Value::String(name) => vec![name.as_str()],
        Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
        _ if schema["properties"].is_object() => vec!["object"],
        _ => Vec::new(),
    };
    let names = names.into_iter().map(|name| match (name, schema["format"].as_str()) {
        ("array", _) => match type_text(&schema["items"]) {
            item if item.is_empty() => "array".to_owned(),
            item => format!("array<{item}>"),
        },
        ("null", _) | (_, None) => name.to_owned(),
        (name, Some(format)) => format!("{name} ({format})"),
    });
    names.collect::<Vec<_>>().join(" | ")
}

/// The example that a schema names itself, in the order of its usefulness.
fn given_example(schema: &Value) -> Option<&Value> {
    let given = schema.get("example").or_else(|| schema["examples"].get(0));
    let given = given.or_else(|| schema.get("const")).or_else(|| schema.get("default"));
    given.or_else(|| schema["enum"].get(0))
}

fn example_text(format: Option<&str>) -> &'static str {
    match format {
        Some("date-time") => "2026-11-22T08:00:00Z",
        Some("date") => "2026-11-22",
        Some("uri" | "url") => "https://shop.example/notify",
        Some("uuid") => "01890a5d-ac96-774b-bcce-b302099a8057",
        _ => "text",
    }
}

fn requires(schema: &Value, name: &str) -> bool {
    schema["required"].as_array().is_some_and(|names| names.iter().any(|required| required == name))
}

/// The last part of a `$ref`.
fn reference_name(schema: &Value) -> Option<&str> {
    schema["$ref"].as_str().and_then(|target| target.rsplit('/').next())
}

/// The members of a union, or of a composition that has no properties of its own.
fn variants(schema: &Value) -> impl Iterator<Item = &Value> {
    let composed = if schema["properties"].is_object() { &Value::Null } else { &schema["allOf"] };
    let unions = [&schema["oneOf"], &schema["anyOf"], composed];
    unions.into_iter().filter_map(Value::as_array).flatten()
}

/// A value as it is written in prose: strings without quotes.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
