//! A reader of pages, just strict enough to notice what a browser would forgive.

use std::collections::BTreeSet;

/// Elements without an end tag (HTML standard §13.1.2).
const VOID: [&str; 8] = ["br", "hr", "img", "input", "link", "meta", "path", "circle"];

/// Checks that every element is closed in order and that no id stands twice. SVG shapes may close themselves.
pub(crate) fn assert_well_formed(name: &str, html: &str) {
    let mut open: Vec<String> = Vec::new();
    let mut ids = BTreeSet::new();
    for tag in tags(html) {
        if let Some(closed) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(closed), "{name}: </{closed}> closes another element");
            continue;
        }
        let element = tag.split([' ', '\n', '/']).next().unwrap_or_default().to_owned();
        if let Some(id) = attribute(&tag, "id") {
            assert!(ids.insert(id.clone()), "{name}: two elements have the id {id}");
        }
        if !VOID.contains(&element.as_str()) && !element.starts_with('!') {
            open.push(element);
        }
    }
    assert!(open.is_empty(), "{name}: {open:?} stay open");
}

/// Checks what the Content Security Policy would refuse, and that the page loads one sheet and nothing else.
pub(crate) fn assert_obeys_the_policy(name: &str, html: &str, nonce: &str) {
    for tag in tags(html) {
        assert!(attribute(&tag, "style").is_none(), "{name}: inline style in <{tag}>");
        let names: String = tag.split('"').step_by(2).collect();
        let handler =
            names.split_whitespace().skip(1).find(|part| part.starts_with("on") && part.contains('='));
        assert!(handler.is_none(), "{name}: inline handler in <{tag}>");
        if tag.starts_with("script") {
            assert_eq!(attribute(&tag, "nonce").as_deref(), Some(nonce), "{name}: script without the nonce");
        }
        assert!(attribute(&tag, "src").is_none(), "{name}: <{tag}> loads something");
        if tag.starts_with("link") {
            let href = attribute(&tag, "href").unwrap();
            let ours = href.starts_with("/assets/") || href.starts_with("data:");
            assert!(ours, "{name}: <{tag}> loads something");
        }
    }
    let sheets = tags(html).filter(|tag| tag.contains("rel=\"stylesheet\"")).count();
    assert_eq!(sheets, 1, "{name}: one style sheet");
    assert!(!html.contains("<style"), "{name}: inline style sheet");
}

/// Checks that every form that changes something carries the token.
pub(crate) fn assert_forms_carry(name: &str, html: &str, csrf: &str) {
    for form in html.split("<form").skip(1) {
        let form = form.split("</form>").next().unwrap();
        let token = format!("<input type=\"hidden\" name=\"csrf\" value=\"{csrf}\">");
        if form.contains("method=\"get\"") {
            assert!(
                !form.contains("name=\"csrf\""),
                "{name}: a form that only asks puts the token into an address"
            );
            continue;
        }
        assert!(form.contains("method=\"post\""), "{name}: a form that is not POST");
        assert!(form.contains(&token), "{name}: a form without the token");
    }
}

/// Checks that every field has a label, by `for` or by standing inside it.
pub(crate) fn assert_fields_are_labelled(name: &str, html: &str) {
    let is_field = |tag: &String| ["input", "select", "textarea"].iter().any(|field| tag.starts_with(field));
    for tag in tags(html).filter(is_field) {
        let kind = attribute(&tag, "type").unwrap_or_default();
        if kind == "hidden" || kind == "radio" {
            continue;
        }
        let id = attribute(&tag, "id").unwrap_or_else(|| panic!("{name}: <{tag}> has no id"));
        assert!(html.contains(&format!("for=\"{id}\"")), "{name}: no label for {id}");
    }
}

/// The tags of a page, without brackets; contents of scripts are skipped.
fn tags(html: &str) -> impl Iterator<Item = String> {
    let mut rest = html;
    std::iter::from_fn(move || {
        let start = rest.find('<')?;
        let length = rest[start..].find('>').expect("a tag ends");
        let tag = rest[start + 1..start + length].to_owned();
        rest = &rest[start + length + 1..];
        if tag.starts_with("script") {
            rest = &rest[rest.find("</script>").expect("a script ends")..];
        }
        Some(tag)
    })
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let rest = tag.split(&format!(" {name}=\"")).nth(1)?;
    rest.split('"').next().map(str::to_owned)
}
