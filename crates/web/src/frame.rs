//! What every page is told about the request it answers.

use crate::i18n::{Lang, Phrase};

/// Language, text size and one-time tokens of one response.
#[derive(Clone, Debug)]
pub struct Frame {
    /// The language of the page.
    pub lang: Lang,
    /// Whether the reader chose the language by `?lang=`; links then carry the choice on.
    pub lang_chosen: bool,
    /// Whether the reader asked for larger text by `?text=large`; links then carry the choice on.
    pub large_text: bool,
    /// The nonce of this response, the same as in its `Content-Security-Policy` (see [`mod@crate::csp`]).
    pub nonce: String,
    /// The anti-forgery token, sent back in the field `csrf` of every form.
    pub csrf: String,
}

impl Frame {
    /// Reads the reader's choices from the query parameters `lang` and `text` and from `Accept-Language`.
    pub fn new(
        lang: Option<&str>,
        text: Option<&str>,
        accept_language: Option<&str>,
        nonce: impl Into<String>,
        csrf: impl Into<String>,
    ) -> Self {
        let chosen = lang.and_then(Lang::from_tag);
        Self {
            lang: chosen.unwrap_or_else(|| Lang::negotiate(accept_language)),
            lang_chosen: chosen.is_some(),
            large_text: text == Some("large"),
            nonce: nonce.into(),
            csrf: csrf.into(),
        }
    }

    /// `path` with the reader's choices appended, for links, forms and redirects that stay on our pages.
    pub fn href(&self, path: &str) -> String {
        Self::address(path, self.lang_chosen.then_some(self.lang), self.large_text)
    }

    /// `path` in the other language.
    pub(crate) fn href_other_language(&self, path: &str) -> String {
        Self::address(path, Some(self.lang.other()), self.large_text)
    }

    /// `path` with the other size of text.
    pub(crate) fn href_other_size(&self, path: &str) -> String {
        Self::address(path, self.lang_chosen.then_some(self.lang), !self.large_text)
    }

    /// The wording of `phrase` in the page's language.
    pub(crate) fn t<P: Phrase>(&self, phrase: P) -> &'static str {
        phrase.phrase(self.lang)
    }

    fn address(path: &str, lang: Option<Lang>, large_text: bool) -> String {
        let mut address = path.to_owned();
        let mut separator = if path.contains('?') { '&' } else { '?' };
        let lang = lang.map(|lang| ("lang", lang.parameter()));
        for (name, value) in lang.into_iter().chain(large_text.then_some(("text", "large"))) {
            address.push(separator);
            address.push_str(name);
            address.push('=');
            address.push_str(value);
            separator = '&';
        }
        address
    }
}

#[cfg(test)]
mod tests {
    use super::Frame;
    use crate::i18n::Lang;

    #[test]
    fn the_query_beats_the_header() {
        let frame = Frame::new(Some("en"), None, Some("zh-CN"), "n", "c");
        assert_eq!(frame.lang, Lang::En);
        assert_eq!(frame.href("/sandbox"), "/sandbox?lang=en");
    }

    #[test]
    fn an_unknown_language_falls_back_to_the_header() {
        let frame = Frame::new(Some("fr"), Some("large"), Some("en"), "n", "c");
        assert_eq!(frame.lang, Lang::En);
        assert_eq!(frame.href("/sandbox?payer=a"), "/sandbox?payer=a&text=large");
        assert_eq!(frame.href_other_language("/x"), "/x?lang=zh&text=large");
        assert_eq!(frame.href_other_size("/x"), "/x");
    }
}
