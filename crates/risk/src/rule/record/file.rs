//! Rules and reasons as files: TOML, with tables `[[rule]]` and `[[reason]]`.
//!
//! **Invariant.** A field that nobody knows is a mistake, so a misspelt one is not silently without effect.

use jiff::Timestamp;
use serde::Deserialize;
use toml::value::{Datetime, Table, Value};

use super::{Example, Mode, RuleRecord, Snooze};
use crate::rule::{
    language::parser::is_reason,
    reason::{Reason, Text},
    schema::Schema,
};

/// Bytes of one file: a thousand rules with their examples.
pub(crate) const FILE_BYTES_MAX: usize = 1 << 20;
/// Examples of one kind, and snoozes, of one rule.
const EXAMPLES_MAX: usize = 64;
/// Characters of names, titles and remarks.
const WORDS_CHARS_MAX: usize = 120;

/// What a file holds, or what is wrong with each part of it: whose part, and what.
#[derive(Default)]
pub(crate) struct Contents {
    pub(crate) rules: Vec<RuleRecord>,
    pub(crate) reasons: Vec<Reason>,
    pub(crate) wrong: Vec<(Option<String>, String)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileForm {
    #[serde(default)]
    rule: Vec<RuleForm>,
    #[serde(default)]
    reason: Vec<ReasonForm>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleForm {
    id: String,
    version: u32,
    mode: ModeForm,
    live_percent: Option<u8>,
    owner: String,
    title: TextForm,
    text: String,
    expires: Option<Datetime>,
    #[serde(default)]
    snooze: Vec<SnoozeForm>,
    #[serde(default)]
    hit: Vec<Table>,
    #[serde(default)]
    miss: Vec<Table>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ModeForm {
    Draft,
    Shadow,
    Live,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SnoozeForm {
    entity: String,
    until: Datetime,
    by: String,
    why: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReasonForm {
    code: String,
    payer: TextForm,
    merchant: TextForm,
    reviewer: TextForm,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TextForm {
    zh: String,
    en: String,
}

impl From<TextForm> for Text {
    fn from(form: TextForm) -> Text {
        Text { zh: form.zh, en: form.en }
    }
}

/// Reads a file.
pub(crate) fn read(text: &str, schema: &Schema) -> Contents {
    let mut contents = Contents::default();
    if text.len() > FILE_BYTES_MAX {
        contents
            .wrong
            .push((None, format!("the file has {} bytes, {FILE_BYTES_MAX} are allowed", text.len())));
        return contents;
    }
    let form: FileForm = match toml::from_str(text) {
        Ok(form) => form,
        Err(wrong) => {
            contents.wrong.push((None, wrong.to_string().trim_end().to_owned()));
            return contents;
        }
    };
    for form in form.rule {
        let id = form.id.clone();
        match rule(form) {
            Ok(rule) => contents.rules.push(rule),
            Err(wrong) => contents.wrong.push((Some(format!("rule {id:?}")), wrong)),
        }
    }
    for form in form.reason {
        let code = form.code.clone();
        match reason(form, schema) {
            Ok(reason) => contents.reasons.push(reason),
            Err(wrong) => contents.wrong.push((Some(format!("reason {code:?}")), wrong)),
        }
    }
    contents
}

fn rule(form: RuleForm) -> Result<RuleRecord, String> {
    let id_chars = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if form.id.is_empty() || form.id.len() > WORDS_CHARS_MAX || !form.id.bytes().all(id_chars) {
        return Err("an id is of small letters, digits and `_`".to_owned());
    }
    if form.version == 0 {
        return Err("versions count from 1".to_owned());
    }
    for (what, words) in [("owner", &form.owner), ("title", &form.title.zh), ("title", &form.title.en)] {
        bounded(what, words)?;
    }
    for (what, count) in [("hit", form.hit.len()), ("miss", form.miss.len()), ("snooze", form.snooze.len())] {
        if count > EXAMPLES_MAX {
            return Err(format!("{count} of `{what}`, {EXAMPLES_MAX} are allowed"));
        }
    }
    let expires_ms = form.expires.as_ref().map(milliseconds).transpose()?;
    let snoozes: Result<Vec<Snooze>, String> = form.snooze.into_iter().map(snooze).collect();
    Ok(RuleRecord {
        id: form.id,
        version: form.version,
        mode: mode(form.mode, form.live_percent)?,
        owner: form.owner,
        title_zh: form.title.zh,
        title_en: form.title.en,
        text: form.text.trim().to_owned(),
        expires_ms,
        snoozes: snoozes?,
        hits: form.hit.iter().map(example).collect::<Result<_, _>>()?,
        misses: form.miss.iter().map(example).collect::<Result<_, _>>()?,
    })
}

fn mode(form: ModeForm, percent: Option<u8>) -> Result<Mode, String> {
    match (form, percent) {
        (ModeForm::Draft, None) => Ok(Mode::Draft),
        (ModeForm::Shadow, None) => Ok(Mode::Shadow),
        (ModeForm::Live, None) => Ok(Mode::Live(100)),
        (ModeForm::Live, Some(percent @ 1..=100)) => Ok(Mode::Live(percent)),
        (ModeForm::Live, Some(_)) => Err("`live_percent` is from 1 to 100".to_owned()),
        (ModeForm::Draft | ModeForm::Shadow, Some(_)) => {
            Err("`live_percent` is for rules that are live".to_owned())
        }
    }
}

fn snooze(form: SnoozeForm) -> Result<Snooze, String> {
    for (what, words) in [("entity", &form.entity), ("by", &form.by), ("why", &form.why)] {
        bounded(what, words)?;
    }
    let until_ms = milliseconds(&form.until)?;
    Ok(Snooze { entity: form.entity, until_ms, by: form.by, why: form.why })
}

fn bounded(what: &str, words: &str) -> Result<(), String> {
    let chars = words.chars().count();
    if words.trim().is_empty() || chars > WORDS_CHARS_MAX {
        return Err(format!("`{what}` has from 1 to {WORDS_CHARS_MAX} characters"));
    }
    Ok(())
}

fn milliseconds(time: &Datetime) -> Result<i64, String> {
    let text = time.to_string();
    let read: Result<Timestamp, _> = text.parse();
    read.map(Timestamp::as_millisecond)
        .map_err(|_| format!("`{text}` is no time with its offset, as in 2027-01-01T00:00:00+08:00"))
}

fn example(table: &Table) -> Result<Example, String> {
    let value = |value: &Value| match value {
        Value::String(text) => Ok(text.clone()),
        Value::Integer(number) => Ok(number.to_string()),
        Value::Boolean(yes) => Ok(yes.to_string()),
        Value::Float(number) if number.is_finite() => Ok(format!("{number:?}")),
        other => Err(format!("`{other}` in an example; values are written as in rules, in quotes")),
    };
    let values = table.iter().map(|(name, text)| value(text).map(|text| (name.clone(), text)));
    Ok(Example { values: values.collect::<Result<_, String>>()? })
}

fn reason(form: ReasonForm, schema: &Schema) -> Result<Reason, String> {
    if !is_reason(&form.code) {
        return Err("a code is of capitals, digits and `_`".to_owned());
    }
    Reason::new(form.code, form.payer.into(), form.merchant.into(), &form.reviewer.into(), schema)
}
