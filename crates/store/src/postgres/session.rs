//! The connection that commits, with every statement of a batch prepared.

use deadpool_postgres::{ClientWrapper, Object, Pool};
use tokio_postgres::{Statement, types::ToSql};

use super::connect::{Trouble, connection};

/// Parameters of a statement.
pub(super) type Parameters<'a> = &'a [&'a (dyn ToSql + Sync)];

/// What the committing connection asks for. An answered step survives whatever the database survives; a lock that
/// is not had within this time is taken for a deadlock, which the database itself finds after a second only.
const SETTINGS: [&str; 2] = ["SET synchronous_commit = on", "SET lock_timeout = 500"];

/// Tables are never read whole here. An engine that lacks the setting needs none.
const BY_INDEX: &str = "SET enable_seqscan = off";

/// Removes tasks: spreads, times, ids.
pub(super) const REMOVE_TASKS: &str = "DELETE FROM task t
    USING unnest($1::smallint[], $2::bigint[], $3::bytea[]) AS w(spread, due_at, id)
    WHERE t.spread = w.spread AND t.due_at = w.due_at AND t.id = w.id";

/// Puts tasks: spreads, times, ids, works. One under the same key is replaced.
pub(super) const PUT_TASKS: &str = "INSERT INTO task (spread, due_at, id, work)
    SELECT * FROM unnest($1::smallint[], $2::bigint[], $3::bytea[], $4::text[])
    ON CONFLICT (spread, due_at, id) DO UPDATE SET work = excluded.work";

macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident: $sql:expr;)*) => {
        /// The statements of a batch.
        pub(super) struct Statements { $($(#[$doc])* pub(super) $name: Statement),* }

        impl Statements {
            async fn prepare(client: &ClientWrapper) -> Result<Statements, tokio_postgres::Error> {
                // All at once, in one round trip or two.
                let ($($name),*) = tokio::try_join!($(client.prepare($sql)),*)?;
                Ok(Statements { $($name),* })
            }
        }
    };
}

statements! {
    /// Held for as long as the transaction: whoever gets it later knows that the transaction has ended.
    lock_lane: "SELECT number FROM lane WHERE number = $1 FOR UPDATE";
    change_digest: "SELECT digest FROM change WHERE number = $1";
    records: "SELECT r.id, r.body FROM unnest($1::smallint[], $2::bytea[]) AS w(spread, id)
        JOIN record r ON r.spread = w.spread AND r.id = w.id";
    /// Records that steps read and rarely change: several batches may hold them at once.
    share_records: "SELECT r.id, r.body FROM unnest($1::smallint[], $2::bytea[]) AS w(spread, id)
        JOIN record r ON r.spread = w.spread AND r.id = w.id ORDER BY r.spread, r.id FOR SHARE OF r";
    lock_records: "SELECT r.id, r.body FROM unnest($1::smallint[], $2::bytea[]) AS w(spread, id)
        JOIN record r ON r.spread = w.spread AND r.id = w.id ORDER BY r.spread, r.id FOR UPDATE OF r";
    keys: "SELECT digest, record FROM key WHERE digest = ANY($1::bytea[])";
    /// Accounts as they are; see `hold_accounts`.
    accounts: "SELECT digest, number, debits, credits, entries, head, moved_at FROM account
        WHERE digest = ANY($1::bytea[])";
    /// Those of these accounts that are still as they were read, held.
    hold_accounts: "SELECT a.number FROM unnest($1::bytea[], $2::bigint[]) AS w(digest, entries)
        JOIN account a ON a.digest = w.digest AND a.entries = w.entries ORDER BY a.digest FOR SHARE OF a";
    lock_accounts: "SELECT digest, number, debits, credits, entries, head, moved_at FROM account
        WHERE digest = ANY($1::bytea[]) ORDER BY digest FOR UPDATE";
    tasks: "SELECT t.due_at, t.id FROM unnest($1::smallint[], $2::bigint[], $3::bytea[]) AS w(spread, due_at, id)
        JOIN task t ON t.spread = w.spread AND t.due_at = w.due_at AND t.id = w.id";
    lock_tasks: "SELECT t.due_at, t.id FROM unnest($1::smallint[], $2::bigint[], $3::bytea[]) AS w(spread, due_at, id)
        JOIN task t ON t.spread = w.spread AND t.due_at = w.due_at AND t.id = w.id
        ORDER BY t.spread, t.due_at, t.id FOR UPDATE OF t";
    insert_records: "INSERT INTO record (spread, id, version, body)
        SELECT * FROM unnest($1::smallint[], $2::bytea[], $3::integer[], $4::bytea[])";
    /// Guarded by the version, although the row is locked.
    update_records: "UPDATE record r SET version = w.version, body = w.body
        FROM unnest($1::smallint[], $2::bytea[], $3::integer[], $4::integer[], $5::bytea[])
            AS w(spread, id, before, version, body)
        WHERE r.spread = w.spread AND r.id = w.id AND r.version = w.before";
    insert_keys: "INSERT INTO key (digest, record) SELECT * FROM unnest($1::bytea[], $2::bytea[])";
    insert_listings: "INSERT INTO list (list, uuid) SELECT * FROM unnest($1::bytea[], $2::bytea[])";
    insert_accounts: "INSERT INTO account
            (digest, number, name, currency, floor, debits, credits, entries, head, moved_at)
        SELECT * FROM unnest($1::bytea[], $2::bigint[], $3::text[], $4::text[], $5::bigint[], $6::bigint[],
                             $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[])";
    /// Guarded by the count of entries, although the row is locked.
    update_accounts: "UPDATE account a
        SET debits = w.debits, credits = w.credits, entries = w.entries, head = w.head, moved_at = w.moved_at
        FROM unnest($1::bytea[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[])
            AS w(digest, before, debits, credits, entries, head, moved_at)
        WHERE a.digest = w.digest AND a.entries = w.before";
    insert_postings: "INSERT INTO posting (number, change, at, debit, credit, amount, reason, subject,
                                           debit_before, credit_before, debit_balance, credit_balance)
        SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[],
                             $7::smallint[], $8::bytea[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[])";
    insert_marks: "INSERT INTO mark (account, at, entry, posting)
        SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[])";
    insert_changes: "INSERT INTO change (number, at, actor, input, touched, postings, digest)
        SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::bytea[], $6::integer[],
                             $7::bytea[])";
    remove_tasks: REMOVE_TASKS;
    put_tasks: PUT_TASKS;
}

/// See the module. It belongs to no pool: dropped, it is closed, and with it whatever was not committed is gone.
pub(super) struct Session {
    pub(super) client: ClientWrapper,
    pub(super) statements: Statements,
}

impl Session {
    /// A connection made as those of the pool are, and made ready.
    pub(super) async fn open(pool: &Pool) -> Result<Session, Trouble> {
        let client = Object::take(connection(pool).await?);
        for setting in SETTINGS {
            client.batch_execute(setting).await?;
        }
        if let Err(error) = client.batch_execute(BY_INDEX).await {
            tracing::debug!(%error, "the database has no such setting");
        }
        let statements = Box::pin(Statements::prepare(&client)).await?;
        Ok(Session { client, statements })
    }
}
