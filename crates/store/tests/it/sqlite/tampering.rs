//! Somebody with the file and enough knowledge changes a row; the verifier says which.

use rusqlite::Connection;
use tongbao_store::{
    Store,
    sqlite::{Options, SqliteReader, SqliteStore},
    verify::verify,
};

use super::Place;
use crate::by_hand::{BANK, after, clean, merchant, payer, post, posting, purse, put, yuan};

/// Makes a store, lets somebody at its tables, and gives what the verifier finds then. All entries are in
/// their tables by then, or all in the tail.
fn found_after(merged: bool, tamper: impl Fn(&Connection)) -> Vec<String> {
    let place = Place::new();
    let generation_entries = if merged { 1 } else { 1_000_000 };
    let options = Options { generation_entries, ..Options::new(&place.file()) };
    let store = SqliteStore::open_with(options).unwrap();
    put(&store, after(0), vec![merchant(1, 1).into(), payer(2, 1, 2).into(), payer(3, 1, 3).into()]);
    post(&store, after(1), vec![posting(BANK, purse(2), yuan(500)), posting(BANK, purse(3), yuan(80))]);
    put(&store, after(2), vec![merchant(1, 2).into()]);
    post(&store, after(3), vec![posting(purse(2), purse(3), yuan(70))]);
    // Commits that merge what the ones before have put off.
    for _ in 0..6 {
        assert_eq!(store.due(after(-100), 1).wait(), Ok(Vec::new()));
    }
    clean(&store);
    drop(store);

    let raw = Connection::open(place.file()).unwrap();
    let triggers: Vec<String> = raw
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    for trigger in triggers {
        raw.execute_batch(&format!("DROP TRIGGER {trigger}")).unwrap();
    }
    let tail: u32 = raw.query_row("SELECT count(*) FROM tail", [], |row| row.get(0)).unwrap();
    assert_eq!(tail == 0, merged, "{tail} rows of the tail");
    tamper(&raw);
    drop(raw);

    let reader = SqliteReader::open(&place.file()).unwrap();
    verify(&reader, &mut |_| ()).unwrap().findings
}

fn run(raw: &Connection, sql: &str) {
    assert!(raw.execute(sql, []).unwrap() > 0, "{sql}");
}

#[track_caller]
fn is_found(sql: &str, says: &str) {
    let findings = found_after(true, |raw| run(raw, sql));
    assert!(findings.iter().any(|finding| finding.contains(says)), "{sql}: {findings:#?}");
}

#[test]
fn nothing_is_found_where_nothing_was_done() {
    assert_eq!(found_after(true, |_| ()), Vec::<String>::new());
    assert_eq!(found_after(false, |_| ()), Vec::<String>::new());
}

#[test]
fn a_changed_amount_of_a_posting_is_found() {
    is_found("UPDATE posting SET amount = 501 WHERE number = 1", "the digest of change 2 does not fit");
    is_found("UPDATE posting SET amount = 501 WHERE number = 1", "it is");
}

#[test]
fn a_posting_that_was_changed_with_all_its_balances_is_found() {
    let findings = found_after(true, |raw| {
        run(
            raw,
            "UPDATE posting SET amount = 600, debit_balance = -600, credit_balance = 600 WHERE number = 1",
        );
        run(raw, "UPDATE posting SET debit_balance = -680 WHERE number = 2");
        run(raw, "UPDATE posting SET debit_balance = 530 WHERE number = 3");
        run(raw, "UPDATE account SET debits = debits + 100 WHERE number = 1");
        run(raw, "UPDATE account SET credits = credits + 100 WHERE number = 2");
    });
    assert!(findings.iter().any(|finding| finding == "the digest of change 2 does not fit"), "{findings:#?}");
}

#[test]
fn a_changed_time_of_a_posting_is_found() {
    is_found(
        "UPDATE posting SET at = at - 1000 WHERE number = 3",
        "posting 3 is not of the moment of change 4",
    );
}

#[test]
fn a_posting_given_to_another_change_is_found() {
    is_found("UPDATE posting SET change = 2 WHERE number = 3", "posting 3 names change 2, not 4");
}

#[test]
fn a_changed_subject_or_reason_of_a_posting_is_found() {
    is_found("UPDATE posting SET reason = 2 WHERE number = 3", "the digest of change 4 does not fit");
    is_found(
        "UPDATE posting SET subject = (SELECT id FROM record LIMIT 1) WHERE number = 3",
        "the digest of change 4",
    );
}

#[test]
fn a_posting_that_was_removed_is_found() {
    is_found("DELETE FROM posting WHERE number = 3", "the digest of change 4 does not fit");
    is_found("DELETE FROM posting WHERE number = 1", "the digest of change 2 does not fit");
}

#[test]
fn a_posting_that_was_added_is_found() {
    let insert = "INSERT INTO posting SELECT 4, 4, at, debit, credit, 1, reason, subject, 3, 3, 429, 151
                  FROM posting WHERE number = 3";
    is_found(insert, "posting 4 belongs to no change");
}

#[test]
fn a_changed_balance_is_found() {
    is_found("UPDATE account SET credits = credits + 1 WHERE number = 2", "account 2 stores a balance of");
    is_found(
        "UPDATE account SET debits = debits + 1, credits = credits + 1 WHERE number = 2",
        "account 2 stores",
    );
    is_found("UPDATE account SET entries = entries + 1 WHERE number = 2", "account 2 stores");
    is_found("UPDATE account SET head = 1 WHERE number = 3", "account 3 stores");
}

#[test]
fn a_balance_that_was_changed_in_the_tail_is_found() {
    let findings = found_after(false, |raw| {
        // The last bytes of a row are the head, the entries and the credits of its last account.
        let sql = "SELECT number, entries FROM tail ORDER BY number DESC LIMIT 1";
        let (number, mut entries): (i64, Vec<u8>) =
            raw.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        let at = entries.len() - 17;
        entries[at] = entries[at].wrapping_add(1);
        raw.execute("UPDATE tail SET entries = ?2 WHERE number = ?1", (number, entries)).unwrap();
    });
    assert!(findings.iter().any(|finding| finding.contains("stores a balance of")), "{findings:#?}");
}

#[test]
fn a_row_of_the_tail_that_was_removed_is_found() {
    let findings =
        found_after(false, |raw| run(raw, "DELETE FROM tail WHERE number = (SELECT max(number) FROM tail)"));
    assert!(findings.iter().any(|finding| finding.contains("stores a balance of")), "{findings:#?}");
}

#[test]
fn accounts_that_changed_places_are_found() {
    let findings = found_after(true, |raw| {
        let name = |number: u32| -> String {
            raw.query_row("SELECT name FROM account WHERE number = ?1", [number], |row| row.get(0)).unwrap()
        };
        let (second, third) = (name(2), name(3));
        for (number, name) in [(2, "in between"), (3, second.as_str()), (2, third.as_str())] {
            raw.execute("UPDATE account SET name = ?2 WHERE number = ?1", (number, name)).unwrap();
        }
    });
    assert!(findings.iter().any(|finding| finding == "the digest of change 2 does not fit"), "{findings:#?}");
}

#[test]
fn an_account_that_was_removed_is_found() {
    is_found("DELETE FROM account WHERE number = 3", "postings name accounts that do not exist");
}

#[test]
fn a_changed_body_of_a_record_is_found() {
    // Bodies are binary: a digit of the text in them is changed in hexadecimal.
    let sql = "UPDATE record
               SET body = unhex(replace(hex(body), hex(CAST('version 2' AS BLOB)), hex(CAST('version X' AS BLOB))))
               WHERE instr(body, CAST('version 2' AS BLOB)) > 0";
    is_found(sql, "is not as its last change left it");
}

#[test]
fn an_older_version_of_a_record_put_back_is_found() {
    is_found("UPDATE record SET version = 1 WHERE version = 2", "is not as its last change left it");
}

#[test]
fn a_record_that_was_removed_or_added_is_found() {
    is_found("DELETE FROM record WHERE version = 2", "records that changes wrote are gone");
    let nobody = "CAST(substr(id, 1, 16) || x'77' AS BLOB), version, body FROM record LIMIT 1";
    for sql in [
        format!("INSERT INTO record SELECT place + 1, {nobody}"),
        format!("INSERT INTO displaced SELECT {nobody}"),
    ] {
        let findings = found_after(true, |raw| run(raw, &sql));
        assert!(findings.iter().any(|finding| finding.contains("no change wrote")), "{findings:#?}");
    }
    is_found("INSERT INTO displaced SELECT id, version, body FROM record LIMIT 1", "no change wrote");
}

#[test]
fn a_key_that_was_bent_removed_or_added_is_found() {
    is_found(
        "UPDATE key SET record = (SELECT max(record) FROM key) WHERE record = (SELECT min(record) FROM key)",
        "does not lead to it",
    );
    is_found("DELETE FROM key WHERE record = (SELECT min(record) FROM key)", "does not lead to it");
    is_found("INSERT INTO key VALUES (zeroblob(16), (SELECT max(id) FROM record))", "which never named it");
    let nobody = "CAST(substr(record, 1, 16) || x'77' AS BLOB)";
    is_found(
        &format!("INSERT INTO key SELECT zeroblob(16), {nobody} FROM key LIMIT 1"),
        "which never named it",
    );
}

#[test]
fn a_member_of_a_list_that_was_removed_or_added_is_found() {
    is_found("DELETE FROM list WHERE uuid = (SELECT max(uuid) FROM list)", "is missing in a list");
    is_found("INSERT INTO list SELECT list, zeroblob(16) FROM list LIMIT 1", "which does not name it");
}

#[test]
fn a_file_that_was_cut_short_is_noticed() {
    let place = Place::new();
    let store = place.open();
    for number in 1..=200 {
        put(&store, after(0), vec![merchant(number, 1).into()]);
        post(&store, after(0), vec![posting(BANK, purse(number), yuan(5))]);
    }
    drop(store);
    let whole = std::fs::read(place.file()).unwrap();
    for part in 0..10 {
        std::fs::write(place.file(), &whole[..whole.len() * part / 10]).unwrap();
        let noticed = match SqliteReader::open(&place.file()) {
            Err(_) => true,
            Ok(reader) => verify(&reader, &mut |_| ()).map_or(true, |report| !report.is_clean()),
        };
        assert!(noticed, "{part} tenths are left");
    }
    std::fs::write(place.file(), &whole).unwrap();
    clean(&place.open());
}

#[test]
fn a_changed_row_of_the_log_is_found() {
    is_found("UPDATE change SET actor = 'operator' WHERE number = 3", "the digest of change 3 does not fit");
    is_found("UPDATE change SET input = 'other' WHERE number = 1", "the digest of change 1 does not fit");
    is_found("UPDATE change SET at = at + 1 WHERE number = 3", "the digest of change 3 does not fit");
    is_found("UPDATE change SET postings = 0 WHERE number = 4", "the digest of change 4 does not fit");
    is_found(
        "UPDATE change SET touched = zeroblob(0) WHERE number = 3",
        "the digest of change 3 does not fit",
    );
    is_found(
        "UPDATE change SET digest = zeroblob(32) WHERE number = 2",
        "the digest of change 3 does not fit",
    );
}

#[test]
fn a_row_of_the_log_that_was_removed_is_found() {
    is_found("DELETE FROM change WHERE number = 3", "change 3 is missing");
    is_found("DELETE FROM change WHERE number = 4", "posting 3 belongs to");
}
