//! Phone numbers as people type them, and answers whose speed does not tell who has one.

use std::time::Duration;

/// How long an answer takes at least that would otherwise tell by its speed whether a number is known: several times
/// a commit.
const ANSWER_TIME: Duration = Duration::from_millis(100);

/// A phone number as payers are known by it: 11 digits of mainland China, or `+` and up to 15 digits of another
/// country (ITU-T E.164). Spaces, hyphens and the prefix `+86` are taken away.
pub fn phone_number(typed: &str) -> Option<String> {
    let kept: String = typed.chars().filter(|char| !char.is_whitespace() && *char != '-').collect();
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let is_chinese = |text: &str| {
        let mut first = text.bytes();
        text.len() == 11
            && is_digits(text)
            && first.next() == Some(b'1')
            && first.next().is_some_and(|second| second >= b'3')
    };
    let national = kept.strip_prefix("+86").unwrap_or(&kept);
    if is_chinese(national) {
        return Some(national.to_owned());
    }
    let abroad = kept.strip_prefix('+').filter(|rest| !rest.starts_with("86") && !rest.starts_with('0'))?;
    ((7..=15).contains(&abroad.len()) && is_digits(abroad)).then_some(kept)
}

/// Does something whose speed would tell who is known, and answers at a pace that does not.
pub async fn unhurried<T>(work: impl Future<Output = T>) -> T {
    let (done, ()) = tokio::join!(work, tokio::time::sleep(ANSWER_TIME));
    done
}

#[cfg(test)]
mod tests {
    use super::phone_number;

    #[test]
    fn numbers_are_taken_as_people_write_them() {
        for typed in
            ["13800000001", " 138 0000 0001 ", "138-0000-0001", "+8613800000001", "+86 138 0000 0001"]
        {
            assert_eq!(phone_number(typed).as_deref(), Some("13800000001"), "{typed}");
        }
        assert_eq!(phone_number("+44 20 7946 0000").as_deref(), Some("+442079460000"));
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for typed in [
            "",
            "1",
            "12800000001",
            "1380000000",
            "138000000011",
            "+",
            "+86",
            "+86123",
            "+0123456789",
            "+1234567890123456",
            "1380000000x",
            "+44207946000x",
            "１３８００００００００１",
            "<script>",
        ] {
            assert_eq!(phone_number(typed), None, "{typed}");
        }
    }
}
