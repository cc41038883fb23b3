//! SQLite's locks on a database file, among the connections to one disk
//! (<https://www.sqlite.org/lockingv3.html>).

/// How much of a file a connection holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    #[default]
    None,
    Shared,
    Reserved,
    Pending,
    Exclusive,
}

/// Another connection holds what was asked for.
pub(crate) struct Held;

/// Who holds what.
#[derive(Debug, Default)]
pub(crate) struct Locks {
    holders: Vec<(u64, Level)>,
}

impl Locks {
    fn of(&self, holder: u64) -> Level {
        self.holders.iter().find(|(known, _)| *known == holder).map_or(Level::None, |(_, level)| *level)
    }

    /// The highest level that others hold.
    fn others(&self, holder: u64) -> Level {
        let others = self.holders.iter().filter(|(known, _)| *known != holder);
        others.map(|(_, level)| *level).max().unwrap_or_default()
    }

    fn set(&mut self, holder: u64, level: Level) {
        self.holders.retain(|(known, _)| *known != holder);
        if level != Level::None {
            self.holders.push((holder, level));
        }
    }

    /// Raises what `holder` holds to `level`. Who fails to become exclusive keeps new readers out.
    pub(crate) fn raise(&mut self, holder: u64, level: Level) -> Result<(), Held> {
        if self.of(holder) >= level {
            return Ok(());
        }
        let others = self.others(holder);
        match level {
            Level::Shared if others >= Level::Pending => return Err(Held),
            Level::Reserved | Level::Pending | Level::Exclusive if others >= Level::Reserved => {
                return Err(Held);
            }
            Level::Exclusive if others >= Level::Shared => {
                self.set(holder, Level::Pending);
                return Err(Held);
            }
            Level::None | Level::Shared | Level::Reserved | Level::Pending | Level::Exclusive => {}
        }
        self.set(holder, level);
        Ok(())
    }

    /// Lowers it.
    pub(crate) fn lower(&mut self, holder: u64, level: Level) {
        if self.of(holder) > level {
            self.set(holder, level);
        }
    }

    /// Whether anybody is about to write.
    pub(crate) fn is_reserved(&self) -> bool {
        self.holders.iter().any(|(_, level)| *level >= Level::Reserved)
    }
}
