//! Why something was done with a payment, for those who are told.
//!
//! **Invariants.** What payers and merchants read says what to do and nothing of what was noticed: no figure, no
//! limit, none of the words in [`TELLTALES`]. Whoever tests stolen cards learns nothing from it, and nobody is
//! tipped off about a report (反洗钱法 asks for secrecy about reports of suspicious transactions). Reviewers read all
//! of it, with the figures.

use super::{
    kind::Value,
    row::Row,
    schema::{Schema, SlotId},
};

/// A text in both languages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// In Chinese.
    pub zh: String,
    /// In English.
    pub en: String,
}

/// Why something was done with a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// Its stable code.
    pub code: String,
    /// What the payer reads.
    pub payer: Text,
    /// What the merchant reads.
    pub merchant: Text,
    reviewer: [Vec<Part>; 2],
}

/// A piece of a text with figures in it.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Words(String),
    Slot(SlotId),
}

/// Characters of a text for payers and merchants: what fits a telephone's screen.
const TEXT_CHARS_MAX: usize = 200;
/// Characters of a text for reviewers: three lines of a console.
const REVIEWER_CHARS_MAX: usize = 400;

/// Words that tell a thief what was noticed, or a suspect that somebody looks.
const TELLTALES: [&str; 34] = [
    "洗钱",
    "可疑",
    "欺诈",
    "诈骗",
    "盗",
    "风控",
    "风险",
    "规则",
    "模型",
    "评分",
    "名单",
    "监控",
    "举报",
    "上报",
    "套现",
    "赌",
    "作弊",
    "异常",
    "fraud",
    "launder",
    "suspicio",
    "suspect",
    "risk",
    "rule",
    "model",
    "score",
    "blacklist",
    "blocklist",
    "watch list",
    "monitor",
    "report",
    "gambl",
    "stolen",
    "unusual",
];

impl Reason {
    /// Reads the texts; errors say which text is wrong, and how.
    pub(super) fn new(
        code: String,
        payer: Text,
        merchant: Text,
        reviewer: &Text,
        schema: &Schema,
    ) -> Result<Reason, String> {
        let (short, long) = (TEXT_CHARS_MAX, REVIEWER_CHARS_MAX);
        for (reader, text, most) in
            [("payer", &payer, short), ("merchant", &merchant, short), ("reviewer", reviewer, long)]
        {
            languages(text, most).map_err(|wrong| format!("the {reader}'s text {wrong}"))?;
        }
        for (reader, text) in [("payer", &payer), ("merchant", &merchant)] {
            discreet(text).map_err(|wrong| format!("the {reader}'s text {wrong}"))?;
        }
        let reviewer = [parts(&reviewer.zh, schema)?, parts(&reviewer.en, schema)?];
        Ok(Reason { code, payer, merchant, reviewer })
    }

    /// What a reviewer reads, with the figures of a row.
    pub fn reviewer(&self, schema: &Schema, row: &Row) -> Text {
        let [zh, en] = &self.reviewer;
        Text { zh: filled(zh, schema, row, true), en: filled(en, schema, row, false) }
    }
}

fn languages(text: &Text, chars_max: usize) -> Result<(), String> {
    let han = |text: &str| text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
    if text.zh.chars().count().max(text.en.chars().count()) > chars_max {
        return Err(format!("has more than {chars_max} characters"));
    }
    if !han(&text.zh) {
        return Err("has no Chinese in `zh`".to_owned());
    }
    if text.en.trim().is_empty() || han(&text.en) {
        return Err("has no English, or Chinese, in `en`".to_owned());
    }
    Ok(())
}

/// Refuses what tells more than its reader may know.
fn discreet(text: &Text) -> Result<(), String> {
    for text in [&text.zh, &text.en] {
        let small = text.to_lowercase();
        if let Some(word) = TELLTALES.iter().find(|word| small.contains(**word)) {
            return Err(format!("says `{word}`, which tells what was noticed"));
        }
        if text.contains(|c: char| c == '{' || c == '}' || c.is_numeric()) {
            return Err("has a figure, which tells where the limit is".to_owned());
        }
    }
    Ok(())
}

fn parts(text: &str, schema: &Schema) -> Result<Vec<Part>, String> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((words, behind)) = rest.split_once('{') {
        let (spelling, behind) =
            behind.split_once('}').ok_or_else(|| "the reviewer's text has a `{` without `}`".to_owned())?;
        let slot = schema.slot(spelling);
        parts.push(Part::Words(words.to_owned()));
        parts.push(Part::Slot(
            slot.ok_or_else(|| format!("the reviewer's text names no slot: `{{{spelling}}}`"))?,
        ));
        rest = behind;
    }
    parts.push(Part::Words(rest.to_owned()));
    Ok(parts)
}

fn filled(parts: &[Part], schema: &Schema, row: &Row, chinese: bool) -> String {
    let mut text = String::new();
    for part in parts {
        match part {
            Part::Words(words) => text.push_str(words),
            Part::Slot(slot) => text.push_str(&shown(row.get(*slot), schema, chinese)),
        }
    }
    text
}

fn shown(value: Option<Value>, schema: &Schema, chinese: bool) -> String {
    let word = |zh: &str, en: &str| if chinese { zh.to_owned() } else { en.to_owned() };
    match value {
        None => word("未知", "unknown"),
        Some(Value::Bool(true)) => word("是", "yes"),
        Some(Value::Bool(false)) => word("否", "no"),
        Some(Value::Int(number)) => number.to_string(),
        Some(Value::Float(number)) => format!("{number:.1}"),
        Some(Value::Money(amount)) => {
            format!("{}.{:02}", amount.minor() / 100, amount.minor() % 100)
        }
        Some(Value::Duration(s)) => {
            let units = [(86_400, "天", "days"), (3_600, "小时", "hours"), (60, "分钟", "minutes")];
            match units.into_iter().find(|(unit_s, ..)| s >= *unit_s) {
                Some((unit_s, zh, en)) => {
                    format!("{}.{} {}", s / unit_s, s % unit_s * 10 / unit_s, word(zh, en))
                }
                None => format!("{s} {}", word("秒", "seconds")),
            }
        }
        Some(Value::Choice(choice)) => {
            schema.choices(choice.enumeration).get(usize::from(choice.value)).cloned().unwrap_or_default()
        }
    }
}
