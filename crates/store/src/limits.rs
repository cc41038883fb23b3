//! Every limit of the stores, by name.

/// Steps that may wait for the writer. At 25,000 commits a second the last of them waits a sixth of a
/// second; beyond that the caller is better off with a 503 and another try.
pub const QUEUE_STEPS_MAX: usize = 4_096;

/// Steps that share one commit. Measured: beyond about 500 the gain is small and the wait grows.
pub const BATCH_STEPS_MAX: usize = 512;

/// Steps after which a batch is handed over early if the committer waits for one. Fewer would commit more
/// often than the sync is worth.
pub const BATCH_STEPS_MIN: usize = 16;

/// How often a decision may ask for more facts before it is taken for broken.
pub const NEEDS_PER_STEP_MAX: usize = 256;

/// How long a task is leased, in milliseconds: longer than a webhook's deadline of ten seconds.
pub const LEASE_MS: i64 = 60_000;

/// Tasks leased by one call.
pub const DUE_TASKS_MAX: u32 = 256;

/// Rows that one read returns at most.
pub const READ_ROWS_MAX: u32 = 10_000;

/// Records kept in memory for the next step, in two generations of this size, like all that follow: those
/// that many steps read (merchants, apps, payers), some 300 bytes each.
pub const CACHED_RECORDS_MAX: usize = 65_536;
/// Records that come and pass (payments, events, replies): read again soon or not at all, some 1,000 bytes
/// each.
pub const CACHED_PASSING_MAX: usize = 16_384;
/// Keys kept in memory.
pub const CACHED_KEYS_MAX: usize = 32_768;
/// Accounts kept in memory.
pub const CACHED_ACCOUNTS_MAX: usize = 131_072;

/// Every this-many-th entry of an account leaves a mark, so that a balance in the past is found by a
/// look-up and at most this many steps back.
pub const ENTRIES_PER_MARK: u64 = 128;

/// How long a caller is asked to wait when the queue is full, in milliseconds.
pub const RETRY_AFTER_MS: u32 = 1_000;
