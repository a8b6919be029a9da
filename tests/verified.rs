//! The genuine SDK through the verified egress: what holds without it holds with it.
//!
//! Left out are the tests that name the SDK's codes where the egress knows better: `tests/egress` has their like.

use wecom_finance_tests::{Ground, on_ground};

fn verified() -> Option<Ground> {
    match wecom_finance_tests::genuine()? {
        Ground::Genuine(library) => Some(Ground::Verified(library)),
        other => Some(other),
    }
}

on_ground! { crate::verified();
    chat::{
        ten_thousand_messages_under_three_keys_arrive_as_they_were_sealed,
        a_run_resumes_where_another_stopped,
        the_head_of_the_stream_ends_the_iterator,
        holes_in_the_sequence_are_passed_over,
        messages_that_cannot_be_opened_come_out_sealed,
        content_may_hold_nul_and_be_empty,
        a_page_that_fails_ends_the_iterator_and_the_cursor_resumes,
        pages_outlive_their_sdk_and_may_be_dropped_anywhere,
    }
    media::{
        files_of_all_sizes_arrive_whole,
        reading_in_any_way_gives_the_same_bytes,
        a_file_is_resumed_at_any_byte_by_another_sdk,
        verdicts_tell_md5_and_length_apart,
        chunks_that_fail_are_fetched_again,
    }
    sessions::{
        a_token_is_fetched_once_and_kept,
        dead_tokens_are_replaced,
        a_token_that_dies_all_the_time_is_an_error,
        a_page_that_is_too_large_is_asked_for_in_parts,
        refusals_are_named_and_not_repeated,
        too_many_calls_waits_and_goes_on,
        sixteen_threads_share_one_sdk_while_tokens_die,
    }
}
