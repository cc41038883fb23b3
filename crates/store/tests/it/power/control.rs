//! That these tests can fail: bare SQLite on the same disk, without the settings that make it durable.

use rusqlite::{Connection, OpenFlags};
use simdisk::{Chance, Death, Disk, Trouble};

const TRIALS: u64 = 120;

fn open(disk: &Disk, synchronous: &str) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    let connection = Connection::open_with_flags_and_vfs("plain.db", flags, disk.vfs())?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", synchronous)?;
    connection.pragma_update(None, "wal_autocheckpoint", 12)?;
    Ok(connection)
}

/// Counts rows until the disk dies; gives how many were acknowledged, and how many are left.
fn acknowledged_and_left(seed: u64, synchronous: &str, death: Death) -> (i64, i64) {
    let (disk, mut chance) = (Disk::new(seed), Chance::new(seed ^ 0xC0FF_EE00));
    let connection = open(&disk, "FULL").unwrap();
    connection.execute_batch("CREATE TABLE line (number INTEGER PRIMARY KEY, filling BLOB)").unwrap();
    connection.pragma_update(None, "synchronous", synchronous).unwrap();
    disk.fail(20 + chance.below(400), Trouble::Death);
    let insert = "INSERT INTO line VALUES (?1, zeroblob(900))";
    let acknowledged =
        (1..1_000_000).take_while(|number: &i64| connection.execute(insert, [number]).is_ok()).count();
    drop(connection);
    disk.revive(death);
    // A file that cannot be read any more has lost everything.
    let left = open(&disk, "FULL")
        .and_then(|connection| connection.query_row("SELECT count(*) FROM line", [], |row| row.get(0)));
    (i64::try_from(acknowledged).unwrap(), left.unwrap_or(0))
}

fn trials_that_lost(synchronous: &str, death: Death) -> usize {
    let lost = |seed| {
        let (acknowledged, left) = acknowledged_and_left(seed, synchronous, death);
        left < acknowledged
    };
    (0..TRIALS).filter(|seed| lost(*seed)).count()
}

#[test]
fn without_synchronous_full_a_power_cut_loses_what_was_acknowledged() {
    let many = usize::try_from(TRIALS).unwrap() / 3;
    assert!(trials_that_lost("OFF", Death::Power) > many);
    assert!(trials_that_lost("NORMAL", Death::Power) > many);
    assert_eq!(trials_that_lost("FULL", Death::Power), 0);
}

#[test]
fn the_end_of_a_process_loses_nothing_whatever_the_setting() {
    assert_eq!(trials_that_lost("OFF", Death::Process), 0);
}

#[test]
fn the_same_seed_tells_the_same_story() {
    let told = |seed| acknowledged_and_left(seed, "OFF", Death::Power);
    assert_eq!((0..20).map(told).collect::<Vec<_>>(), (0..20).map(told).collect::<Vec<_>>());
}
