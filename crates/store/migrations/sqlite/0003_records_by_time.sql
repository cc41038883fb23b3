-- Records in the order of their making: `place` is the time of the id with bits that tell apart what was made in
-- the same millisecond (see `records.rs`), so a commit adds its records at the end of the table. A record whose
-- place is taken, and every record written before this migration, stands in `displaced`.
ALTER TABLE record RENAME TO displaced;

CREATE TABLE record (
    place   INTEGER PRIMARY KEY,
    id      BLOB    NOT NULL CHECK (length(id) = 17),
    version INTEGER NOT NULL CHECK (version > 0),
    body    BLOB    NOT NULL
) STRICT;

DROP TRIGGER record_is_not_removed;
CREATE TRIGGER record_is_not_removed BEFORE DELETE ON record
BEGIN SELECT RAISE(ABORT, 'records are not removed'); END;
CREATE TRIGGER displaced_is_not_removed BEFORE DELETE ON displaced
BEGIN SELECT RAISE(ABORT, 'records are not removed'); END;

-- Merchant numbers were found by their ids until now; from here on they stand in a list.
INSERT INTO list (list, uuid)
SELECT CAST(X'11' || zeroblob(16) AS BLOB), CAST(substr(id, 2) AS BLOB) FROM displaced WHERE substr(id, 1, 1) = X'0F';
