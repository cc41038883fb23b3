//! An instance belongs to the first that started on it: its kind and its master key.

use tongbao_core::instance::{self, Claimed, Instance};

use crate::{books::Books, shop::after};

fn claim(books: &mut Books, is_sandbox: bool, key_check: [u8; 32]) -> Claimed {
    books.step(after(0), |facts, cx| instance::claim(facts, cx, is_sandbox, key_check)).unwrap()
}

#[test]
fn the_first_to_start_has_the_store_and_others_are_told_whose_it_is() {
    let (mut books, key, other) = (Books::default(), [7; 32], [8; 32]);
    for (is_sandbox, key_check, expected) in [
        (false, key, Claimed::Ours),
        (false, key, Claimed::Ours),
        (false, other, Claimed::OfAnotherKey),
        (true, key, Claimed::OfTheOtherKind),
        (true, other, Claimed::OfTheOtherKind),
        (false, key, Claimed::Ours),
    ] {
        assert_eq!(claim(&mut books, is_sandbox, key_check), expected);
    }
    let records: Vec<&Instance> = books.all::<Instance>().collect();
    assert_eq!(records.len(), 1);
    assert_eq!((records[0].version, records[0].is_sandbox, records[0].key_check), (1, false, key));
}
