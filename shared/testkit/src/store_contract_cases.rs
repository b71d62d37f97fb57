//! The list of cases, and the macro that makes tests of them.

/// Makes a test of every case of the contract. The argument is the path of an async function that returns a fresh, empty store; the caller
/// has `tokio` among its dependencies.
#[macro_export]
macro_rules! store_contract {
    ($fresh:path) => {
        $crate::store_contract! { @cases $fresh;
            recording: a_new_message_is_found_by_its_id_and_by_the_platforms
                what_is_not_there_is_not_found
                a_duplicate_changes_nothing
                a_duplicate_is_one_whatever_its_summary
                a_stale_summary_writes_nothing
                a_conversation_that_began_elsewhere_is_stale
                a_summary_of_what_is_not_stored_is_stale
                a_summary_alone_is_written_when_it_is_current
                the_same_event_at_once_is_one_message
                a_first_event_at_once_begins_one_conversation
                different_events_at_once_all_stand
                an_event_stands_once_and_is_no_message
                a_stale_summary_writes_no_event
                a_tap_without_a_number_is_recorded_once
                conversations_do_not_know_of_one_another;
            together: several_conversations_are_read_in_their_order
                several_recordings_stand_as_if_each_were_alone
                one_in_the_way_costs_no_other
                a_kept_change_is_taken_among_others
                two_of_one_conversation_are_not_both_written
                more_than_one_transaction_takes_are_written
                what_is_long_is_written_among_others
                the_same_recordings_at_once_are_written_once
                nothing_together_is_nothing;
            changes: a_customers_message_comes_with_what_was_kept_for_it
                an_unsent_message_comes_without_its_words
                our_message_takes_what_was_kept_when_its_platform_id_is_known
                nothing_is_kept_for_what_is_there
                a_flood_of_changes_is_refused_and_the_first_are_kept
                a_stale_recording_leaves_what_is_kept;
            saving: a_change_names_the_revision_that_it_saw
                one_of_several_changes_at_once_is_written
                a_message_that_is_not_there_is_not_made
                a_raw_event_outlives_every_change_but_an_unsend
                a_customers_message_is_never_pending
                what_has_ended_is_not_pending_any_more
                what_has_not_ended_stays_pending_and_due_as_it_was_said
                a_message_that_is_forgotten_and_goes_on_is_pending_again;
            pending: a_conversation_that_is_not_there_cannot_be_opened
                what_was_accepted_is_pending_oldest_first
                a_stale_conversation_accepts_nothing
                a_message_is_accepted_once
                one_of_several_messages_at_once_is_accepted
                accepting_makes_a_summary_stale
                a_request_that_comes_again_makes_no_second_message
                of_a_request_that_comes_twice_at_once_one_message_is_made
                at_most_so_many_pending_messages_are_read
                what_is_forgotten_is_not_pending_and_still_there
                what_a_conversation_waits_for_is_said_and_taken_back
                a_summary_that_was_read_before_the_wait_is_stale
                nobody_waits_where_no_conversation_is
                a_window_closes_where_it_was_thought_to
                a_window_that_opened_again_stays_open
                what_a_request_asked_for_is_known
                only_what_may_be_decided_about_is_found_by_its_id;
            sending: a_queued_message_is_claimed_with_a_lease
                a_claim_makes_what_was_read_before_stale
                a_held_message_is_not_claimed_until_its_lease_ends
                a_waiting_message_is_claimed_again
                an_unconfirmed_message_is_not_claimed
                what_has_ended_is_not_claimed
                what_is_not_there_or_not_ours_is_not_claimed
                one_of_several_claims_at_once_is_granted;
            due: what_is_due_comes_in_order_over_all_conversations
                what_is_due_at_this_moment_is_due_and_the_next_is_not
                the_oldest_come_first_when_there_are_too_many
                what_is_postponed_is_due_later
                a_lost_race_postpones_nothing
                what_is_not_pending_is_not_brought_back;
            unanswered: nobody_waits_where_nobody_wrote
                the_customer_is_known_who_waits_longest
                who_has_an_answer_does_not_wait;
            pages: a_hold_is_written_and_read_back
                a_hold_names_the_revision_that_it_saw
                one_of_several_holds_at_once_is_written
                a_hold_that_changed_is_not_removed
                what_waits_for_a_page_is_listed_and_not_due
                what_is_taken_away_from_its_page_is_due
                a_watch_names_the_revision_that_it_saw;
            inbox: an_empty_inbox_is_empty
                conversations_come_newest_first_and_whole
                new_activity_moves_a_conversation_to_the_top_once
                a_page_shows_its_own_and_all_pages_show_all
                a_status_shows_its_own_and_both_show_all_in_order
                an_assignee_sees_their_own_however_few_they_are
                a_place_between_is_where_the_list_goes_on
                equal_moments_are_told_apart
                nobody_who_stays_is_skipped_while_others_move;
            timeline: messages_come_in_either_order
                pages_of_messages_have_no_gap_and_no_overlap
                a_place_where_no_message_stands_is_a_place
                both_sides_stand_in_one_timeline
                another_conversation_shows_nothing_of_it;
            aside: an_event_of_a_page_stands_once
                an_event_of_a_page_at_once_stands_once
                an_event_of_a_conversation_that_never_was_begins_none
                work_is_parked_as_often_as_one_likes
                parked_work_is_listed_by_its_day_whole_and_page_by_page
                marked_work_is_removed_once
                work_that_was_parked_again_stays;
            erasing: of_an_erased_conversation_nothing_is_found
                an_erasure_that_is_asked_again_changes_nothing
                what_was_erased_is_not_taken_again
                a_new_message_begins_anew_after_an_erasure
                an_erasure_that_was_broken_off_goes_on_and_spares_what_came_since
                a_later_erasure_takes_what_came_since_the_first
                what_is_dated_ahead_is_erased_with_the_rest
                what_is_erased_is_never_sent
                the_key_of_an_erased_request_is_free
                a_summary_that_was_read_before_an_erasure_is_stale
                an_erasure_leaves_everybody_else
                nobody_is_erased_where_nobody_was
                an_export_has_a_line_for_everything_and_every_raw_event_whole;
            templates: what_is_told_of_a_template_is_listed_by_its_page
                a_status_moves_only_forward_in_time
                a_status_alone_leaves_what_is_known_of_the_button;
            deleting: a_request_erases_the_conversations_of_its_id
                a_request_that_comes_again_changes_nothing
                a_request_under_whose_id_nothing_stands_is_noted;
            orders: an_order_is_written_with_its_notices_and_found_by_its_names
                an_order_names_the_revision_that_it_saw
                of_several_first_words_at_once_one_is_written
                a_customers_name_leads_to_their_orders_and_their_thread
                an_order_stands_beside_its_conversation_and_is_named_once_a_message
                a_removed_order_is_found_under_none_of_its_names
                an_event_of_a_parcel_is_kept_once_under_each_of_its_names;
            notices: a_notice_names_the_revision_that_it_saw
                a_request_is_known_again_by_what_it_asks
                what_is_due_is_listed_by_its_moment_and_postponed_once;
            consenting: an_entry_stands_once_and_entries_come_oldest_first
                each_subject_has_its_own_ledger
                what_a_person_says_is_noted_once
                a_start_of_who_never_stopped_is_no_consent
                a_tap_is_noted_with_the_words_that_were_shown
                an_erasure_takes_the_ledger_and_leaves_a_no_without_words
                an_erasure_spares_what_was_agreed_since;
            rollouts: a_rollout_names_the_revision_that_it_saw
                one_of_several_changes_of_a_rollout_at_once_is_written
                a_notice_is_chosen_and_counted_once
                what_happens_to_a_notice_is_counted_once
                many_notices_at_once_are_all_counted
                an_answer_after_seven_days_is_not_counted
                a_notice_stays_in_its_arm_when_the_share_changes
                without_a_rollout_everybody_is_notified
                too_many_blocks_stop_a_rollout_and_a_person_resumes_it;
            announcing: an_endpoint_names_the_revision_that_it_saw
                an_endpoint_that_is_removed_is_gone
                a_delivery_begins_once
                a_delivery_names_the_revision_that_it_saw
                deliveries_come_newest_first_page_by_page
                an_endpoint_has_its_own_deliveries;
            extremes: every_text_comes_back_as_it_went
                a_long_raw_event_is_taken_and_never_read_in_part
                a_long_raw_event_of_no_message_is_taken
                the_longest_ids_are_ids
                details_nest_as_deep_as_they_like
                the_largest_message_fits
                the_longest_reply_fits
                nonsense_moments_sort_as_time_does;
        }
    };
    (@cases $fresh:path; $($subject:ident: $($case:ident)+;)+) => {
        $($(
            #[tokio::test]
            async fn $case() -> $crate::store_contract::Outcome {
                let store = $fresh().await;
                $crate::store_contract::$subject::$case(&store).await
            }
        )+)+
    };
}
