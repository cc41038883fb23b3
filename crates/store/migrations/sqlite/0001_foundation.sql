-- The foundation: records, keys, lists, the ledger, the change log and the task queue.
-- Blobs that name records are 17 bytes: kind, then UUIDv7, so new rows go to the end.

-- What the platform knows, by id. `body` is the stored form, a JSON document (see the core's records).
CREATE TABLE record (
    id      BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 17),
    version INTEGER NOT NULL CHECK (version > 0),
    body    BLOB    NOT NULL
) STRICT, WITHOUT ROWID;

-- Names that one record holds for ever: order numbers, idempotency keys, digests of secret keys.
CREATE TABLE key (
    digest BLOB NOT NULL PRIMARY KEY CHECK (length(digest) = 16),
    record BLOB NOT NULL CHECK (length(record) = 17)
) STRICT, WITHOUT ROWID;

-- Lists, in the order of making: a merchant's payments, an app's events.
CREATE TABLE list (
    list BLOB NOT NULL CHECK (length(list) = 17),
    uuid BLOB NOT NULL CHECK (length(uuid) = 16),
    PRIMARY KEY (list, uuid)
) STRICT, WITHOUT ROWID;

-- Accounts, numbered in the order of first use; totals may be behind (see `tail`). The balance is credits
-- minus debits, and the database itself refuses one below the floor.
CREATE TABLE account (
    number  INTEGER PRIMARY KEY,
    name    TEXT    NOT NULL UNIQUE,
    debits  INTEGER NOT NULL CHECK (debits >= 0),
    credits INTEGER NOT NULL CHECK (credits >= 0),
    entries INTEGER NOT NULL CHECK (entries >= 0),
    head    INTEGER NOT NULL CHECK (head >= 0),
    floor   INTEGER,
    CHECK (floor IS NULL OR credits - debits >= floor)
) STRICT;

-- The journal. Each posting points back to the one before it of either account, so an account's
-- statement is a walk and needs no index of its own.
CREATE TABLE posting (
    number         INTEGER PRIMARY KEY,
    change         INTEGER NOT NULL,
    at             INTEGER NOT NULL,
    debit          INTEGER NOT NULL,
    credit         INTEGER NOT NULL,
    amount         INTEGER NOT NULL CHECK (amount > 0),
    reason         INTEGER NOT NULL,
    subject        BLOB    NOT NULL CHECK (length(subject) = 17),
    debit_before   INTEGER NOT NULL CHECK (debit_before < number),
    credit_before  INTEGER NOT NULL CHECK (credit_before < number),
    debit_balance  INTEGER NOT NULL,
    credit_balance INTEGER NOT NULL,
    CHECK (debit <> credit)
) STRICT;

-- Every 128th entry of an account leaves a mark, from which a balance in the past is found.
CREATE TABLE mark (
    account INTEGER NOT NULL,
    at      INTEGER NOT NULL,
    posting INTEGER NOT NULL,
    PRIMARY KEY (account, at, posting)
) STRICT, WITHOUT ROWID;

-- The change log: who changed what, when and why, chained by digests.
CREATE TABLE change (
    number   INTEGER PRIMARY KEY,
    at       INTEGER NOT NULL,
    actor    TEXT    NOT NULL,
    input    TEXT    NOT NULL,
    touched  BLOB    NOT NULL,
    postings INTEGER NOT NULL CHECK (postings >= 0),
    digest   BLOB    NOT NULL CHECK (length(digest) = 32)
) STRICT;

-- Work for later: the outbox and the timers. A lease moves a task to the end of the lease.
CREATE TABLE task (
    due_at INTEGER NOT NULL,
    id     BLOB    NOT NULL CHECK (length(id) = 16),
    work   TEXT    NOT NULL,
    PRIMARY KEY (due_at, id)
) STRICT, WITHOUT ROWID;

-- Index entries and balances that commits have put off: one row per commit, merged into `key`, `list` and
-- `account` behind it, in their order. Until then these rows are what counts.
CREATE TABLE tail (
    number  INTEGER PRIMARY KEY,
    entries BLOB NOT NULL
) STRICT;

-- What was written once stays.
CREATE TRIGGER posting_is_not_changed BEFORE UPDATE ON posting
BEGIN SELECT RAISE(ABORT, 'postings are only appended to'); END;
CREATE TRIGGER posting_is_not_removed BEFORE DELETE ON posting
BEGIN SELECT RAISE(ABORT, 'postings are only appended to'); END;
CREATE TRIGGER change_is_not_changed BEFORE UPDATE ON change
BEGIN SELECT RAISE(ABORT, 'the change log is only appended to'); END;
CREATE TRIGGER change_is_not_removed BEFORE DELETE ON change
BEGIN SELECT RAISE(ABORT, 'the change log is only appended to'); END;
CREATE TRIGGER mark_is_not_changed BEFORE UPDATE ON mark
BEGIN SELECT RAISE(ABORT, 'marks are only appended to'); END;
CREATE TRIGGER mark_is_not_removed BEFORE DELETE ON mark
BEGIN SELECT RAISE(ABORT, 'marks are only appended to'); END;
CREATE TRIGGER record_is_not_removed BEFORE DELETE ON record
BEGIN SELECT RAISE(ABORT, 'records are not removed'); END;
CREATE TRIGGER key_is_not_changed BEFORE UPDATE ON key
BEGIN SELECT RAISE(ABORT, 'a key stays with its record'); END;
