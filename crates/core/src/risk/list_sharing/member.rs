//! As a source: what a member has asked, and what it tells.

use std::collections::BTreeMap;

use super::ListMember;
use crate::{ChangeSet, Context, Facts, Key, Stop, limits::LIST_HIT_CATEGORIES_MAX, risk::list::Category};

/// Counts values that a member asks about, before they are evaluated; whether there is still room on this day.
pub fn count_asked(
    facts: &dyn Facts,
    cx: &mut Context,
    name: &str,
    count: u32,
    per_day_max: u32,
) -> Result<(ChangeSet, bool), Stop> {
    let mut member = known(facts, cx, name)?;
    let day = cx.at().china_day();
    if member.day != day {
        (member.day, member.asked_today) = (day, 0);
    }
    let asked_today = member.asked_today.saturating_add(count);
    if asked_today > per_day_max {
        return Ok((ChangeSet::default(), false));
    }
    member.asked_today = asked_today;
    member.asked = member.asked.saturating_add(count.into());
    let mut change = ChangeSet::default();
    change.put(member);
    Ok((change, true))
}

/// Keeps how many of our entries a member has found among its own values. Names of no category are left out.
pub fn take_hits(
    facts: &dyn Facts,
    cx: &mut Context,
    name: &str,
    hits: &BTreeMap<String, u64>,
) -> Result<ChangeSet, Stop> {
    let mut member = known(facts, cx, name)?;
    let named = hits.iter().filter(|(name, _)| Category::named(name).is_some());
    member.hits = named.take(LIST_HIT_CATEGORIES_MAX).map(|(name, count)| (name.clone(), *count)).collect();
    member.told_at = Some(cx.at());
    let mut change = ChangeSet::default();
    change.put(member);
    Ok(change)
}

/// The next version of what is known of a member.
fn known(facts: &dyn Facts, cx: &mut Context, name: &str) -> Result<ListMember, Stop> {
    let known = facts.find::<ListMember>(&Key::ListMember(name.to_owned()))?;
    Ok(match known {
        Some(known) => ListMember { version: known.version.saturating_add(1), ..known.clone() },
        None => ListMember {
            id: cx.draw(),
            version: 1,
            name: name.to_owned(),
            day: cx.at().china_day(),
            asked_today: 0,
            asked: 0,
            hits: BTreeMap::new(),
            told_at: None,
        },
    })
}
