//! The figures of a run: a table for people, and one line for whoever collects them.

use std::time::Duration;

use comfy_table::{Table, presets::UTF8_FULL_CONDENSED};

use super::{audit::Found, harm::Harmed};
use crate::{
    book::Book,
    output::{Failure, say},
    receiver::Receiver,
};

/// Prints them.
pub(super) fn print(harmed: &Harmed, book: &Book, found: &Found, receiver: &Receiver) -> Result<(), Failure> {
    let sums = book.sums();
    let notices = receiver.notices();
    let taken: u64 = notices.values().map(|notice| notice.taken).sum();
    let repeated = taken.saturating_sub(u64::try_from(notices.len())?);
    let mut recoveries = harmed.recoveries.clone();
    recoveries.sort_unstable();
    let median = milliseconds(recoveries.get(recoveries.len() / 2));
    let longest = milliseconds(recoveries.last());

    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED);
    let mut row = |name: &str, value: String| {
        table.add_row([name.to_owned(), value]);
    };
    let kills = format!("{}, {} of them while starting", harmed.kills, harmed.kills_while_starting);
    row("SIGKILL", kills);
    row("SIGSTOP and SIGCONT", harmed.freezes.to_string());
    row("SIGTERM", harmed.ends.to_string());
    row("second process refused", harmed.seconds.to_string());
    row("recounts during the run", harmed.verified.to_string());
    row("recovery", format!("median {median} ms, longest {longest} ms"));
    row("answers acknowledged", sums.acknowledged.to_string());
    row("committed, answer lost", sums.unacknowledged.to_string());
    row("payments", format!("{}, {} of them paid", found.payments, found.paid));
    row("refunds", found.refunds.to_string());
    row("answers asked for again", found.replays.to_string());
    row("events", format!("{}, received {taken} times", found.events));
    row("merchant's balance", format!("{} fen", found.pending));
    row("broken promises", (sums.lost + sums.doubled + sums.other).to_string());
    say(table);

    say(format_args!(
        "kill-loop: kills {}, stops {}, acknowledged {}, lost {}, doubled {}, unacknowledged-but-committed {}, \
         notifications {} (repeated {repeated}), recovery p50 {median} ms max {longest} ms",
        harmed.kills,
        harmed.freezes,
        sums.acknowledged,
        sums.lost,
        sums.doubled,
        sums.unacknowledged,
        notices.len(),
    ));
    if sums.other > 0 {
        say(format_args!("kill-loop: {} other broken promises", sums.other));
    }
    Ok(())
}

fn milliseconds(time: Option<&Duration>) -> String {
    time.map_or_else(|| "-".to_owned(), |time| time.as_millis().to_string())
}
