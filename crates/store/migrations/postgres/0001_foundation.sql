-- The foundation: lanes, records, keys, lists, the ledger, the change log and the task queue.
--
-- Plain SQL that distributed databases speaking PostgreSQL's protocol have, too: no sequences, no triggers, no
-- extensions. Every statement may run again, so a migration that was interrupted is resumed by starting it anew.
-- Bytes that name records are 17: kind, then UUIDv7. Those of one moment are neighbours, so tables that grow with
-- time begin their keys with `spread`: the low four bits of the last byte, which are random.

-- Who numbers what (see lane.rs): one row for each start of a process.
CREATE TABLE IF NOT EXISTS lane (
    number  integer NOT NULL PRIMARY KEY CHECK (number >= 0),
    opening bytea   NOT NULL CHECK (length(opening) = 32),
    ends    bytea   NOT NULL
);

-- What the platform knows, by id. `body` is the stored form (see the core's records).
CREATE TABLE IF NOT EXISTS record (
    spread  smallint NOT NULL CHECK (spread BETWEEN 0 AND 15),
    id      bytea    NOT NULL CHECK (length(id) = 17),
    version integer  NOT NULL CHECK (version > 0),
    body    bytea    NOT NULL,
    PRIMARY KEY (spread, id)
);

-- Names that one record holds for ever: order numbers, idempotency keys, digests of secret keys.
CREATE TABLE IF NOT EXISTS key (
    digest bytea NOT NULL PRIMARY KEY CHECK (length(digest) = 16),
    record bytea NOT NULL CHECK (length(record) = 17)
);

-- Lists, in the order of making: a merchant's payments, an app's events.
CREATE TABLE IF NOT EXISTS list (
    list bytea NOT NULL CHECK (length(list) = 17),
    uuid bytea NOT NULL CHECK (length(uuid) = 16),
    PRIMARY KEY (list, uuid)
);

-- Accounts, by a digest of their names. The balance is credits minus debits, and the database itself refuses one
-- below the floor. `moved_at` is the time of the last posting.
CREATE TABLE IF NOT EXISTS account (
    digest   bytea  NOT NULL PRIMARY KEY CHECK (length(digest) = 16),
    number   bigint NOT NULL UNIQUE CHECK (number > 0),
    name     text   NOT NULL,
    currency text   NOT NULL,
    debits   bigint NOT NULL CHECK (debits >= 0),
    credits  bigint NOT NULL CHECK (credits >= 0),
    entries  bigint NOT NULL CHECK (entries > 0),
    head     bigint NOT NULL CHECK (head > 0),
    moved_at bigint NOT NULL,
    floor    bigint,
    CHECK (floor IS NULL OR credits - debits >= floor)
);

-- The journal. Each posting points back to the one before it of either account, so an account's statement is a
-- walk and needs no index of its own. Numbers begin with the lane: each process appends at an end of its own.
CREATE TABLE IF NOT EXISTS posting (
    number         bigint   NOT NULL PRIMARY KEY,
    change         bigint   NOT NULL,
    at             bigint   NOT NULL,
    debit          bigint   NOT NULL,
    credit         bigint   NOT NULL,
    amount         bigint   NOT NULL CHECK (amount > 0),
    reason         smallint NOT NULL,
    subject        bytea    NOT NULL CHECK (length(subject) = 17),
    debit_before   bigint   NOT NULL CHECK (debit_before >= 0),
    credit_before  bigint   NOT NULL CHECK (credit_before >= 0),
    debit_balance  bigint   NOT NULL,
    credit_balance bigint   NOT NULL,
    CHECK (debit <> credit)
);

-- Every 128th entry of an account leaves a mark, from which a balance in the past is found. `entry` counts the
-- account's entries up to it; times never go back along them.
CREATE TABLE IF NOT EXISTS mark (
    account bigint NOT NULL,
    at      bigint NOT NULL,
    entry   bigint NOT NULL,
    posting bigint NOT NULL,
    PRIMARY KEY (account, at, entry)
);

-- The change log: who changed what, when and why, chained by digests within a lane.
CREATE TABLE IF NOT EXISTS change (
    number   bigint  NOT NULL PRIMARY KEY,
    at       bigint  NOT NULL,
    actor    text    NOT NULL,
    input    text    NOT NULL,
    touched  bytea   NOT NULL,
    postings integer NOT NULL CHECK (postings >= 0),
    digest   bytea   NOT NULL CHECK (length(digest) = 32)
);

-- Work for later: the outbox and the timers. A lease moves a task to the end of the lease.
CREATE TABLE IF NOT EXISTS task (
    spread smallint NOT NULL CHECK (spread BETWEEN 0 AND 15),
    due_at bigint   NOT NULL,
    id     bytea    NOT NULL CHECK (length(id) = 16),
    work   text     NOT NULL,
    PRIMARY KEY (spread, due_at, id)
);
