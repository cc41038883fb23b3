//! The two languages of the pages, as tables checked by the compiler.
//!
//! Every sentence a person reads stands in one of the tables below, Chinese beside English; a key without both does
//! not build. Sentences with numbers in them are functions in [`phrase`]. Absent on purpose: loading translations at
//! run time, and falling back from one language to the other.

/// Declares an enum whose every variant has a Chinese and an English wording.
macro_rules! texts {
    ($(#[$meta:meta])* $vis:vis $name:ident { $($(#[$doc:meta])* $key:ident: $zh:literal, $en:literal;)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        $vis enum $name {
            $($(#[$doc])* $key,)+
        }

        #[cfg(test)]
        impl $name {
            pub(crate) const ALL: &'static [Self] = &[$(Self::$key),+];
        }

        impl $crate::i18n::Phrase for $name {
            fn phrase(&self, lang: $crate::i18n::Lang) -> &'static str {
                match (self, lang) {
                    $(
                        (Self::$key, $crate::i18n::Lang::Zh) => $zh,
                        (Self::$key, $crate::i18n::Lang::En) => $en,
                    )+
                }
            }
        }
    };
}

pub(crate) mod cashier;
pub(crate) mod common;
pub(crate) mod docs;
pub(crate) mod error;
pub(crate) mod message;
pub(crate) mod money;
pub(crate) mod notice;
pub(crate) mod passkey;
pub(crate) mod phrase;
pub(crate) mod sandbox;
pub(crate) mod send;
pub(crate) mod signature;
#[cfg(test)]
mod tests;
pub(crate) mod timeline;
pub(crate) mod told;
pub(crate) mod transit;
pub(crate) mod utility;
pub(crate) mod wallet;

/// A language in which every page exists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lang {
    /// Simplified Chinese, the first language of the platform.
    #[default]
    Zh,
    /// English.
    En,
}

impl Lang {
    /// The language tag for `<html lang>` and `Content-Language` (BCP 47).
    pub fn tag(self) -> &'static str {
        match self {
            Self::Zh => "zh-CN",
            Self::En => "en",
        }
    }

    /// The value of `?lang=` that selects this language.
    pub fn parameter(self) -> &'static str {
        match self {
            Self::Zh => "zh",
            Self::En => "en",
        }
    }

    /// The other language, where the toggle link leads.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Zh => Self::En,
            Self::En => Self::Zh,
        }
    }

    /// Reads a language tag: `zh`, `zh-CN`, `en-GB`, in any case. `None` for a language without pages.
    pub fn from_tag(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_']).next().unwrap_or_default();
        if primary.eq_ignore_ascii_case("zh") {
            Some(Self::Zh)
        } else if primary.eq_ignore_ascii_case("en") {
            Some(Self::En)
        } else {
            None
        }
    }

    /// Chooses from an `Accept-Language` header (RFC 9110 §12.5.4): the highest quality wins, the earlier of equals.
    ///
    /// Without a header the answer is Chinese; with a header that names neither language it is English, which more
    /// of those readers know.
    pub fn negotiate(accept_language: Option<&str>) -> Self {
        let Some(header) = accept_language.filter(|header| !header.trim().is_empty()) else {
            return Self::default();
        };
        let mut best: Option<(Self, f32)> = None;
        for range in header.split(',') {
            let mut parts = range.trim().split(';');
            let tag = parts.next().unwrap_or_default().trim();
            let quality = parts
                .find_map(|parameter| parameter.trim().strip_prefix("q="))
                .map_or(1.0, |value| value.trim().parse::<f32>().unwrap_or(0.0));
            let lang = if tag == "*" { Some(Self::default()) } else { Self::from_tag(tag) };
            if let Some(lang) = lang
                && quality > 0.0
                && best.is_none_or(|(_, highest)| quality > highest)
            {
                best = Some((lang, quality));
            }
        }
        best.map_or(Self::En, |(lang, _)| lang)
    }
}

/// Something with a fixed wording in each language.
pub(crate) trait Phrase {
    /// The wording in `lang`.
    fn phrase(&self, lang: Lang) -> &'static str;
}

impl<P: Phrase> Phrase for &P {
    fn phrase(&self, lang: Lang) -> &'static str {
        (*self).phrase(lang)
    }
}
