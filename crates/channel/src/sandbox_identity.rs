//! The sources of identity of the sandbox: test identities with documented answers, and "no match" for all others.
//!
//! Their numbers begin with region 99, which no province has (GB/T 2260), so they are nobody's.

use tongbao_core::payer::{id_number::IdNumber, identity::Said};

/// A test identity.
#[derive(Clone, Copy, Debug)]
pub struct TestIdentity {
    /// Its name.
    pub name: &'static str,
    /// Its ID number.
    pub number: &'static str,
    /// What the sources say of it.
    pub said: Said,
}

/// The test identities, for documentation, too.
pub const TEST_IDENTITIES: [TestIdentity; 5] = [
    TestIdentity { name: "测试甲", number: "990000199001010017", said: Said::Match { sources: 1 } },
    TestIdentity { name: "测试乙", number: "990000199001010033", said: Said::Match { sources: 3 } },
    TestIdentity { name: "测试丙", number: "99000019900101005X", said: Said::Match { sources: 5 } },
    TestIdentity { name: "测试丁", number: "990000199001010076", said: Said::Unknown },
    TestIdentity { name: "测试戊", number: "990000202402290018", said: Said::Match { sources: 1 } },
];

/// What the sources say of a name and a number.
pub fn ask(name: &str, number: &IdNumber) -> Said {
    let is_it = |known: &&TestIdentity| known.name == name && known.number == number.text();
    TEST_IDENTITIES.iter().find(is_it).map_or(Said::NoMatch, |known| known.said)
}

#[cfg(test)]
mod tests {
    use super::{IdNumber, Said, TEST_IDENTITIES, ask};

    #[test]
    fn every_test_identity_has_a_number_that_could_be_somebody_s_and_its_documented_answer() {
        for known in TEST_IDENTITIES {
            let number = IdNumber::parse(known.number).unwrap();
            assert_eq!(ask(known.name, &number), known.said, "{}", known.name);
            assert_eq!(ask("测试", &number), Said::NoMatch);
        }
    }
}
