//! Other institutions with which risk lists are shared: the section `[sharing]` of the configuration.

use serde::Deserialize;
use tongbao_engine::list_sharing::{Member, PULL_INTERVAL_S, Settings, bytes_of};

use crate::output::Failure;

/// Values that one member may ask about in a day, unless the file says otherwise: a first screening of a small
/// institution in a day, of a large one in some weeks, and of all phone numbers in three hundred years.
const PER_MEMBER_PER_DAY: u32 = 100_000;
/// The longest time between two pulls, in seconds: what is taken back must be ended within minutes.
const PULL_INTERVAL_S_MAX: u32 = 300;
/// Characters of a name, which is also the author of its entries.
const NAME_CHARS_MAX: usize = 32;

/// The section.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sharing {
    /// Our name, as all members use it.
    name: String,
    /// Values that one member may ask about in a day.
    #[serde(default = "per_member_per_day")]
    per_member_per_day: u32,
    /// Seconds between two pulls of a source.
    #[serde(default = "pull_interval_s")]
    pull_interval_s: u32,
    /// The others.
    members: Vec<Named>,
}

/// Another institution.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    name: String,
    signing_key: String,
    evaluation_key: String,
    url: Option<String>,
}

const fn per_member_per_day() -> u32 {
    PER_MEMBER_PER_DAY
}

const fn pull_interval_s() -> u32 {
    PULL_INTERVAL_S
}

/// Names go into headers and into what is signed.
fn is_name(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=NAME_CHARS_MAX).contains(&name.len()) && name.bytes().all(is_plain)
}

/// What is asked about is blinded, but who asks how often is not for everybody to see.
fn is_url(url: &str) -> bool {
    let local = ["http://127.0.0.1", "http://localhost", "http://[::1]"];
    (url.starts_with("https://") || local.iter().any(|local| url.starts_with(local))) && !url.ends_with('/')
}

impl Sharing {
    /// The sharing as the file says; the error says what is wrong with it.
    pub(crate) fn settings(&self) -> Result<Settings, Failure> {
        let mut members: Vec<Member> = Vec::new();
        for named in &self.members {
            let member = named.member()?;
            if member.name == self.name || members.iter().any(|known| known.name == member.name) {
                return Err(format!("[sharing] names {} twice", member.name).into());
            }
            members.push(member);
        }
        if !is_name(&self.name) {
            return Err("[sharing] name must be 1 to 32 small letters, digits and hyphens".into());
        }
        if self.per_member_per_day == 0 || !(1..=PULL_INTERVAL_S_MAX).contains(&self.pull_interval_s) {
            return Err(
                "[sharing] per_member_per_day must be at least 1, pull_interval_s from 1 to 300".into()
            );
        }
        let (per_member_per_day, pull_interval_s) = (self.per_member_per_day, self.pull_interval_s);
        Ok(Settings { name: self.name.clone(), members, per_member_per_day, pull_interval_s })
    }
}

impl Named {
    fn member(&self) -> Result<Member, Failure> {
        let wrong = |what: &str| format!("[[sharing.members]] {}: {what}", self.name);
        if !is_name(&self.name) {
            return Err(wrong("the name must be 1 to 32 small letters, digits and hyphens").into());
        }
        if self.url.as_deref().is_some_and(|url| !is_url(url)) {
            return Err(wrong("the url must begin with https:// and have no slash at the end").into());
        }
        let key = |text: &str| bytes_of(text).ok_or_else(|| wrong("a key is 64 hexadecimal digits"));
        let (signing_key, evaluation_key) = (key(&self.signing_key)?, key(&self.evaluation_key)?);
        Ok(Member { name: self.name.clone(), signing_key, evaluation_key, url: self.url.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::Sharing;

    fn settled(text: &str) -> Result<usize, String> {
        let sharing: Sharing = toml::from_str(text).map_err(|error| error.to_string())?;
        sharing.settings().map(|settings| settings.members.len()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_section_says_what_is_wrong_with_it() {
        let key = "0".repeat(64);
        let member = |name: &str, key: &str, url: &str| {
            format!(
                "[[members]]\nname = {name:?}\nsigning_key = {key:?}\nevaluation_key = {key:?}\nurl = {url:?}\n"
            )
        };
        let good = format!("name = \"south\"\n{}", member("north", &key, "https://north.example"));
        assert_eq!(settled(&good), Ok(1));
        let north = member("north", &key, "https://north.example");
        for (text, says) in [
            (good.replace("south", "north"), "names north twice"),
            (format!("{good}{north}"), "names north twice"),
            (good.replace("\"south\"", "\"The South\""), "name must be"),
            (good.replace("https://north.example", "http://north.example"), "the url must begin"),
            (good.replace(&key, "00"), "a key is 64"),
            (format!("pull_interval_s = 3600\n{good}"), "from 1 to 300"),
            (format!("per_member_per_day = 0\n{good}"), "at least 1"),
        ] {
            let said = settled(&text);
            assert!(said.as_ref().is_err_and(|said| said.contains(says)), "{says}: {said:?}");
        }
    }
}
