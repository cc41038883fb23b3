//! What every store does, as functions over the port. A new store runs all of it with one line:
//! `conformance::suite!(name, fresh store)`.

pub(crate) mod broken;
pub(crate) mod ledger;
pub(crate) mod log;
pub(crate) mod reads;
pub(crate) mod steps;
pub(crate) mod tasks;

use std::any::Any;

use tongbao_store::Store;

/// An empty store, and whatever must outlive it, such as its folder.
pub(crate) struct Fresh {
    pub(crate) store: Box<dyn Store>,
    _place: Box<dyn Any>,
}

impl Fresh {
    pub(crate) fn new(store: impl Store + 'static, place: impl Any) -> Fresh {
        Fresh { store: Box::new(store), _place: Box::new(place) }
    }
}

/// Declares a module of tests: the whole suite on the store that `$fresh` makes.
macro_rules! suite {
    (@cases $fresh:expr; $($part:ident { $($case:ident),* $(,)? })*) => {
        $(
            mod $part {
                $(
                    #[test]
                    fn $case() {
                        use crate::*;
                        // A store that needs a server may have to say that there is none.
                        let fresh: Option<conformance::Fresh> = $fresh.into();
                        let Some(fresh) = fresh else { return };
                        conformance::$part::$case(fresh.store.as_ref());
                        by_hand::clean(fresh.store.as_ref());
                    }
                )*
            }
        )*
    };
    ($name:ident, $fresh:expr) => {
        mod $name {
            $crate::conformance::suite! {
                @cases $fresh;
                steps {
                    a_commit_has_a_number_and_the_digest_of_its_line,
                    a_refused_step_changes_nothing,
                    a_step_without_changes_is_unchanged,
                    a_decision_is_asked_again_until_it_has_its_facts,
                    what_is_asked_for_together_is_answered_together,
                    what_is_absent_is_a_fact_too,
                    a_step_sees_what_the_step_before_it_did,
                    a_key_that_a_later_version_adds_is_found,
                }
                broken {
                    a_decision_that_panics_changes_nothing,
                    a_decision_that_asks_without_end_changes_nothing,
                    a_new_record_has_version_one,
                    a_version_is_not_skipped,
                    a_version_is_not_written_twice,
                    a_record_is_written_once_in_a_change,
                    a_key_that_is_taken_stays_where_it_is,
                    two_records_of_a_change_cannot_take_one_key,
                    a_posting_of_nothing_is_refused,
                    a_posting_to_its_own_account_is_refused,
                    a_balance_does_not_fall_below_its_floor,
                    an_account_does_not_overflow,
                    a_dip_below_the_floor_within_a_change_is_allowed,
                }
                reads {
                    records_are_found_by_id_and_by_key,
                    lists_are_paged_both_ways,
                    lists_do_not_mix,
                    rows_are_paged_by_number,
                    a_page_is_never_longer_than_its_limit,
                }
                ledger {
                    an_account_starts_at_zero_and_adds_up,
                    entries_are_paged_newest_first,
                    a_cursor_of_another_account_shows_nothing,
                    movements_are_paged_oldest_first,
                    movements_keep_to_their_span,
                    movements_in_one_instant_are_paged,
                    a_balance_in_the_past_is_found_among_many_entries,
                    a_balance_in_the_past_is_found_among_equal_times,
                    a_trial_balance_has_a_line_for_each_currency,
                    one_change_may_touch_an_account_many_times,
                }
                tasks {
                    due_tasks_come_oldest_first_and_no_more_than_asked_for,
                    a_lease_moves_a_task_under_a_new_key,
                    an_expired_lease_is_leased_again,
                    a_task_that_is_done_under_its_old_key_stays,
                    the_key_is_the_fence,
                    a_task_under_the_same_key_is_replaced,
                    removing_a_task_that_is_gone_is_no_error,
                    a_lease_outlasts_a_clock_that_is_behind,
                    the_backlog_counts_what_waits,
                    a_task_can_be_moved_in_one_change,
                }
                log {
                    every_change_leaves_one_line,
                    digests_depend_on_everything_before,
                    digests_cover_who_is_behind_an_account_number,
                    recorded_times_never_decrease,
                }
            }
        }
    };
}
pub(crate) use suite;
