//! The descriptions of an OpenAPI document as paragraphs with `code` in them.
//!
//! Descriptions are `CommonMark` by the standard; of it, paragraphs, list items and code spans are shown as
//! such and the rest as it stands. Absent on purpose: HTML inside descriptions; the page escapes it.

/// A paragraph or a list item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) is_item: bool,
    pub(crate) spans: Vec<Span>,
}

/// A stretch of text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) text: String,
    pub(crate) is_code: bool,
}

/// Splits `text` into blocks.
pub(crate) fn blocks(text: &str) -> Vec<Block> {
    let mut blocks: Vec<(bool, String)> = Vec::new();
    let mut open = false;
    for line in text.lines().map(str::trim) {
        let item = line.strip_prefix("- ").or_else(|| line.strip_prefix("* "));
        match (line.is_empty(), item, blocks.last_mut()) {
            (true, _, _) => open = false,
            (false, Some(item), _) => {
                blocks.push((true, item.to_owned()));
                open = true;
            }
            (false, None, Some((_, last))) if open => {
                last.push(' ');
                last.push_str(line);
            }
            (false, None, _) => {
                blocks.push((false, line.trim_start_matches('#').trim_start().to_owned()));
                open = true;
            }
        }
    }
    blocks.into_iter().map(|(is_item, text)| Block { is_item, spans: spans(&text) }).collect()
}

/// Splits a line at its backticks; one without a partner stays in the text.
pub(crate) fn spans(text: &str) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut push = |text: &str, is_code| {
        if !text.is_empty() {
            spans.push(Span { text: text.to_owned(), is_code });
        }
    };
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('`') {
        let Some((code, tail)) = after.split_once('`') else { break };
        push(before, false);
        push(code, true);
        rest = tail;
    }
    push(rest, false);
    spans
}

#[cfg(test)]
mod tests {
    use super::{blocks, spans};

    #[test]
    fn lines_join_into_paragraphs_and_items() {
        let blocks = blocks("First line\nsecond line.\n\n- one\n- two\n  more\n\nLast.");
        let texts: Vec<_> =
            blocks.iter().map(|block| (block.is_item, block.spans[0].text.as_str())).collect();
        assert_eq!(
            texts,
            [(false, "First line second line."), (true, "one"), (true, "two more"), (false, "Last.")]
        );
    }

    #[test]
    fn code_spans_are_separated_and_a_lone_backtick_is_text() {
        let spans = spans("use `amount` or ` alone");
        let texts: Vec<_> = spans.iter().map(|span| (span.is_code, span.text.as_str())).collect();
        assert_eq!(texts, [(false, "use "), (true, "amount"), (false, " or ` alone")]);
    }
}
