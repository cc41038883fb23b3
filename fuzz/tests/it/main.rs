//! Every target as a test. `FUZZ_SECONDS` says for how long each looks.

use std::{collections::BTreeSet, fs, path::Path};

use fuzz::{driver::run, targets};

#[test]
fn json_is_read_as_another_reader_reads_it() {
    run(&targets::json::TARGET);
}

#[test]
fn bodies_are_read_as_they_were_written() {
    run(&targets::bodies::TARGET);
}

#[test]
fn queries_are_read_as_they_were_written() {
    run(&targets::queries::TARGET);
}

#[test]
fn cursors_come_back_and_others_are_refused() {
    run(&targets::cursors::TARGET);
}

#[test]
fn ids_have_one_text_each() {
    run(&targets::ids::TARGET);
}

#[test]
fn accounts_have_one_name_each() {
    run(&targets::accounts::TARGET);
}

#[test]
fn amounts_obey_arithmetic() {
    run(&targets::amounts::TARGET);
}

#[test]
fn amounts_are_shown_to_the_last_unit() {
    run(&targets::shown_amounts::TARGET);
}

#[test]
fn times_are_read_as_they_were_written() {
    run(&targets::times::TARGET);
}

#[test]
fn rules_are_answered_within_bounds_and_printed_as_they_were_read() {
    run(&targets::rules::TARGET);
}

#[test]
fn new_payments_are_within_their_limits() {
    run(&targets::new_payments::TARGET);
}

#[test]
fn keys_have_one_text_each_and_stay_secret() {
    run(&targets::keys::TARGET);
}

#[test]
fn webhooks_go_to_no_forbidden_address() {
    run(&targets::webhook_urls::TARGET);
}

#[test]
fn a_signature_holds_for_nothing_else() {
    run(&targets::signatures::TARGET);
}

#[test]
fn headers_that_sign_requests_are_read_as_they_were_written() {
    run(&targets::wechat_authorizations::TARGET);
}

#[test]
fn headers_that_sign_answers_are_read_one_way() {
    run(&targets::wechat_answers::TARGET);
}

#[test]
fn certificates_and_requests_for_them_come_back() {
    run(&targets::wechat_certificates::TARGET);
}

#[test]
fn the_doctor_and_the_door_agree() {
    run(&targets::signature_doctor::TARGET);
}

#[test]
fn records_read_as_they_were_stored() {
    run(&targets::records::TARGET);
}

#[test]
fn pages_keep_texts_texts() {
    run(&targets::pages::TARGET);
}

#[test]
fn whatever_happens_to_two_payments_the_books_balance() {
    run(&targets::actions::TARGET);
}

#[test]
fn two_stores_come_to_the_same() {
    run(&targets::stores::TARGET);
}

/// Programs that never come to a rare state show nothing about it.
#[test]
fn the_corpus_of_actions_raises_every_alarm() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/actions");
    let mut raised = BTreeSet::new();
    for entry in fs::read_dir(corpus).unwrap() {
        let alarms = targets::actions::play(&fs::read(entry.unwrap().path()).unwrap());
        raised.extend(alarms.iter().map(|kind| format!("{kind:?}")));
    }
    let every = [
        "DoublePayment",
        "FailedAfterPaid",
        "LateMoney",
        "RefundFailedAfterPaid",
        "RefundPaidAfterFailed",
        "ReturnFailed",
        "WrongAmount",
    ];
    assert!(raised.iter().eq(every), "{raised:?}");
}
