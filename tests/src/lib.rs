//! Tests that run on more than one ground: on the stand-in in this process, and on the genuine SDK talking to a WeCom on
//! loopback. A test is a function that takes a [`Ground`]; [`tests_on!`] has the list of them.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_errors_doc,
    clippy::missing_panics_doc,
    clippy::print_stdout,
    clippy::must_use_candidate,
    reason = "these are tests"
)]

pub mod chat;
pub mod download;
pub mod media;
pub mod raw_client;
pub mod sessions;

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use wecom_finance::{
    Egress, KeyRing, Library, LibraryFile, LibrarySource, Proxy, RetryPolicy, Sdk, SdkBuilder, Tls, Worker,
};
use wecom_finance_simulator::{Loopback, MessageSpec, Scenario, Sealing, ServerCertificate, World};

/// What stands behind the SDK's functions.
#[derive(Clone, Copy, Debug)]
pub enum Ground {
    /// The simulator's implementation, in this process.
    StandIn,
    /// The vendor's library, talking to the simulator's server.
    Genuine(Library),
    /// The same through the verified egress.
    Verified(Library),
    /// The same in a worker process.
    Isolated(&'static Isolation),
}

/// What a worker is made of.
#[derive(Debug)]
pub struct Isolation {
    /// The vendor's library.
    pub library: LibraryFile,
    /// The program that is the worker.
    pub program: &'static str,
    /// Whether it reaches WeCom through the verified egress.
    pub is_verified: bool,
}

impl Ground {
    /// A corp with this scenario on this ground.
    pub fn place(&self, scenario: Scenario) -> Place {
        let world = scenario.build();
        if let Self::StandIn = self {
            let library = world.library().into();
            return Place { library, world, worker: None, server: None, egress: None };
        }
        let server = Loopback::builder().world(&world).certificate(ServerCertificate::Signed);
        let server = server.serve().expect("a loopback server");
        let is_verified = match self {
            Self::StandIn | Self::Genuine(_) => false,
            Self::Verified(_) => true,
            Self::Isolated(isolation) => isolation.is_verified,
        };
        let egress = is_verified.then(|| egress(&world, &server).expect("an egress"));
        let (library, worker): (LibrarySource, _) = match self {
            Self::StandIn => (world.library().into(), None),
            Self::Genuine(library) | Self::Verified(library) => ((*library).into(), None),
            Self::Isolated(Isolation { library, program, .. }) => {
                (library.clone().into(), Some(Worker::program(program)))
            }
        };
        Place { library, world, worker, server: Some(server), egress }
    }

    /// Whether the true reason of a failure can be had that the SDK only prints.
    pub fn hears_what_the_sdk_prints(&self) -> bool {
        matches!(self, Self::Isolated(isolation) if !isolation.is_verified)
    }
}

/// An egress that is not in the way of tests which ask more of WeCom than its quotas allow.
fn egress(world: &World, server: &Loopback) -> wecom_finance::Result<Egress> {
    Egress::builder(world.corp_id())
        .tls(Tls::with_roots_pem(server.root_pem())?)
        .proxy(Proxy::parse(&server.proxy_url())?)
        .chat_calls_per_minute(NonZeroU32::MAX)
        .token_calls_per_minute(NonZeroU32::MAX)
        .start()
}

/// A corp that can be called.
#[derive(Debug)]
pub struct Place {
    pub world: World,
    library: LibrarySource,
    worker: Option<Worker>,
    server: Option<Loopback>,
    egress: Option<Egress>,
}

impl Place {
    pub fn builder(&self) -> SdkBuilder {
        self.builder_with_secret(self.world.secret())
    }

    pub fn builder_with_secret(&self, secret: &str) -> SdkBuilder {
        let mut builder = Sdk::builder(self.library.clone(), self.world.corp_id(), secret)
            .timeout(Duration::from_secs(20))
            .retry(RetryPolicy::default().pauses(SHORT, SHORT).rate_limit_pause(SHORT));
        if let Some(worker) = &self.worker {
            builder = builder.isolated(worker.clone());
        }
        match (&self.egress, &self.server) {
            (Some(egress), _) => builder.egress(egress.clone()),
            (None, Some(server)) => builder.proxy(Proxy::parse(&server.proxy_url()).unwrap()),
            (None, None) => builder,
        }
    }

    pub fn sdk(&self) -> Sdk {
        self.builder().build().unwrap()
    }

    pub fn keys(&self) -> KeyRing {
        self.world.keys().unwrap()
    }
}

const SHORT: Duration = Duration::from_millis(2);

/// A message for key version 1 that ends every process it is opened in (C8).
pub fn deadly_message(msgid: &str) -> MessageSpec {
    // Of this length, these lengths make it deadly: measured by the simulator's own suite.
    const LEN: usize = 251;
    let lengths = Sealing::Lengths { pre_len: 206, end_len: 0, s_len: 1 };
    let world = Scenario::new().key_version(1).message(MessageSpec::new([b'x'; 70]).sealing(lengths)).build();
    let page = world.sdk().unwrap().page(0).unwrap().unwrap();
    let [sealed] = page.messages() else { panic!("{page:?}") };
    let mut encrypt_chat_msg = format!("{}{}", sealed.encrypt_chat_msg(), "A".repeat(LEN));
    encrypt_chat_msg.truncate(LEN);
    let encrypt_random_key = sealed.encrypt_random_key().to_owned();
    MessageSpec::new("")
        .msgid(msgid)
        .key_version(1)
        .sealing(Sealing::Given { encrypt_random_key, encrypt_chat_msg })
}

/// The genuine SDK: from the file that `WECOM_FINANCE_SDK` names, or where `tests/fetch-sdk` puts it. `None`, with the
/// reason on stdout, if it is not there; with `WECOM_FINANCE_REQUIRE_SDK` set that is a failure instead.
#[allow(unsafe_code, reason = "loading the vendor's library")]
pub fn genuine() -> Option<Ground> {
    let path = genuine_path()?;
    // SAFETY: the vendor's library, whose sha256 is checked below, is trusted to run its initialisers.
    let library = unsafe { Library::open(&path) }.unwrap_or_else(|error| panic!("{error}"));
    assert!(
        library.build().is_some_and(wecom_finance::SdkBuild::is_known),
        "{}: {:?}",
        path.display(),
        library.build()
    );
    Some(Ground::Genuine(library))
}

/// The genuine SDK in a worker process that `program` becomes. `None` as for [`genuine`].
pub fn isolated(program: &'static str) -> Option<Ground> {
    in_a_worker(program, false)
}

/// The same through the verified egress: how the binary does it.
pub fn isolated_and_verified(program: &'static str) -> Option<Ground> {
    in_a_worker(program, true)
}

fn in_a_worker(program: &'static str, is_verified: bool) -> Option<Ground> {
    static PLAIN: OnceLock<Isolation> = OnceLock::new();
    static VERIFIED: OnceLock<Isolation> = OnceLock::new();
    let path = genuine_path()?;
    let isolation = if is_verified { &VERIFIED } else { &PLAIN }.get_or_init(|| {
        let library = LibraryFile::at(path).unwrap_or_else(|error| panic!("{error}"));
        assert!(library.build().is_known(), "{library:?}");
        Isolation { library, program, is_verified }
    });
    assert_eq!(isolation.program, program, "a test program has one worker");
    Some(Ground::Isolated(isolation))
}

/// Where the genuine SDK is, see [`genuine`].
pub fn genuine_path() -> Option<PathBuf> {
    let path = std::env::var_os("WECOM_FINANCE_SDK").map_or_else(
        || {
            PathBuf::from(env!("CARGO_MANIFEST_DIR"))
                .join("../target/wecom-finance-sdk/libWeWorkFinanceSdk_C.so")
        },
        PathBuf::from,
    );
    if path.exists() {
        return Some(path);
    }
    let reason = format!("no genuine SDK at {}: tests/fetch-sdk fetches it", path.display());
    assert!(std::env::var_os("WECOM_FINANCE_REQUIRE_SDK").is_none(), "{reason}");
    println!("skipped: {reason}");
    None
}

/// Makes a test of each function of this crate, on the ground that the expression gives (`None` skips).
#[macro_export]
macro_rules! on_ground {
    ($ground:expr; $($module:ident::{$($test:ident),* $(,)?})*) => {
        $(mod $module {
            $(#[test]
            fn $test() {
                if let Some(ground) = $ground {
                    $crate::$module::$test(ground);
                }
            })*
        })*
    };
}

/// Makes the tests of all grounds: the one list of them.
#[macro_export]
macro_rules! tests_on {
    ($ground:expr) => {
        $crate::on_ground! { $ground;
            chat::{
                ten_thousand_messages_under_three_keys_arrive_as_they_were_sealed,
                a_run_resumes_where_another_stopped,
                the_head_of_the_stream_ends_the_iterator,
                holes_in_the_sequence_are_passed_over,
                what_wecom_forgot_shows_as_a_gap,
                a_run_that_fails_keeps_the_gaps_that_it_passed,
                messages_that_cannot_be_opened_come_out_sealed,
                content_may_hold_nul_and_be_empty,
                a_page_that_fails_ends_the_iterator_and_the_cursor_resumes,
                what_stands_in_for_a_page_is_retried_then_named,
                pages_outlive_their_sdk_and_may_be_dropped_anywhere,
            }
            download::{
                files_of_all_sizes_arrive_whole,
                several_files_arrive_whole_though_every_fifth_piece_fails,
                a_wrong_size_does_no_harm,
                a_server_that_insists_on_sequence_is_found_out,
                a_download_is_resumed_at_any_byte,
                one_connection_is_enough_for_many_files,
                files_that_are_gone_cost_one_call,
                an_error_loses_nothing_and_reading_on_tries_again,
            }
            media::{
                files_of_all_sizes_arrive_whole,
                reading_in_any_way_gives_the_same_bytes,
                a_file_is_resumed_at_any_byte_by_another_sdk,
                verdicts_tell_md5_and_length_apart,
                chunks_that_fail_are_fetched_again,
                a_last_piece_that_lost_its_end_is_fetched_again,
                broken_ranges_end_in_an_error_not_in_a_broken_file,
                files_that_are_gone_are_not_asked_for_twice,
                an_error_loses_nothing_and_reading_on_tries_again,
                seeks_lead_to_the_true_bytes,
                seeking_costs_calls_only_outside_of_the_piece_at_hand,
                a_seek_from_the_end_needs_the_length,
                beyond_the_end_there_is_nothing_whatever_the_message_says,
                a_failure_after_a_seek_is_not_taken_for_the_end,
            }
            sessions::{
                a_token_is_fetched_once_and_kept,
                dead_tokens_are_replaced,
                a_token_that_dies_all_the_time_is_an_error,
                a_file_refused_for_its_token_gets_a_fresh_session,
                a_page_that_is_too_large_is_asked_for_in_parts,
                refusals_are_named_and_not_repeated,
                a_wrong_secret_has_a_remedy_that_says_so,
                too_many_calls_waits_and_goes_on,
                a_server_that_does_not_answer_costs_the_timeout,
                sixteen_threads_share_one_sdk_while_tokens_die,
            }
        }
    };
}

/// Makes the tests of grounds behind the egress. Left out are those that name the SDK's codes where the egress knows better:
/// `tests/egress.rs` has their like.
#[macro_export]
macro_rules! verified_tests_on {
    ($ground:expr) => {
        $crate::on_ground! { $ground;
            chat::{
                ten_thousand_messages_under_three_keys_arrive_as_they_were_sealed,
                a_run_resumes_where_another_stopped,
                the_head_of_the_stream_ends_the_iterator,
                holes_in_the_sequence_are_passed_over,
                what_wecom_forgot_shows_as_a_gap,
                a_run_that_fails_keeps_the_gaps_that_it_passed,
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
    };
}
