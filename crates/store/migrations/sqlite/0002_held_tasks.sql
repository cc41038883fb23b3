-- Tasks that a worker holds: a process that opens the file anew knows that nobody works on them any more.
ALTER TABLE task ADD COLUMN held INTEGER NOT NULL DEFAULT 0 CHECK (held IN (0, 1));
