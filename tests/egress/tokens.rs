//! One access token for the corp.

use std::io::Read as _;
use std::num::NonZeroU32;
use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use wecom_finance::{Error, Operation, ServerCode};
use wecom_finance_simulator::{Effect, Fault, MediaFile, MediaKind, Scenario};

use super::Place;

#[test]
fn eight_sessions_ask_wecom_once() {
    let Some(library) = super::genuine() else { return };
    let place =
        Place::new(Scenario::new().texts(5).fault(Fault::token(Effect::Delay(Duration::from_millis(100)))));
    let egress = place.egress();
    // Two `Sdk`s, four threads each, all at once: a session for each thread.
    let sdks = [place.sdk(library, &egress), place.sdk(library, &egress)];
    let start = Barrier::new(8);
    thread::scope(|scope| {
        for call in 0..8 {
            let (sdk, start) = (&sdks[call % 2], &start);
            scope.spawn(move || {
                start.wait();
                assert_eq!(sdk.page(0).unwrap().unwrap().messages().len(), 5);
            });
        }
    });
    assert_eq!(place.world.token_calls(), 1);
    let stats = egress.stats();
    assert_eq!((stats.tokens_fetched, stats.chat_requests), (1, 8));
    assert!(stats.token_requests >= 2, "{stats:?}");
}

#[test]
fn eight_sessions_share_a_refusal() {
    let Some(library) = super::genuine() else { return };
    let slow = Fault::token(Effect::Delay(Duration::from_millis(300)));
    let place = Place::new(Scenario::new().texts(1).fault(slow).fault(Fault::token(Effect::ErrCode(40_001))));
    let egress = place.egress();
    let sdk = place.sdk(library, &egress);
    let start = Barrier::new(8);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                start.wait();
                assert_eq!(sdk.page(0).unwrap_err().server_code(), Some(ServerCode::InvalidSecret));
            });
        }
    });
    // Whoever came after the refusal asked again; on a busy machine that may be some.
    assert!(place.world.token_calls() < 8, "{}", place.world.token_calls());
}

#[test]
fn a_token_that_wecom_refuses_is_not_handed_out_again() {
    let Some(library) = super::genuine() else { return };
    let file = MediaFile::generated("file", MediaKind::File, 2_000_000);
    let place = Place::new(Scenario::new().texts(5).media_file(file));
    let egress = place.egress();
    let sdk = place.sdk(library, &egress);
    let file = place.world.media("file").unwrap();
    let mut reader = sdk.media(file.sdk_file_id()).unwrap();
    let mut bytes = vec![0; 524_288];
    reader.read_exact(&mut bytes).unwrap();
    // 40014, which the SDK reports as 10002.
    place.world.revoke_tokens();
    reader.read_to_end(&mut bytes).unwrap();
    assert!(bytes == file.bytes());
    assert_eq!(place.world.token_calls(), 2);
    // 42001, in a reply to a chat request.
    place.world.expire_tokens();
    assert_eq!(sdk.page(0).unwrap().unwrap().messages().len(), 6);
    assert_eq!(place.world.token_calls(), 3);
    // Another `Sdk` gets the new one.
    assert!(place.sdk(library, &egress).page(0).unwrap().is_some());
    assert_eq!(place.world.token_calls(), 3);
}

#[test]
fn a_token_is_kept_as_long_as_it_lives() {
    let Some(library) = super::genuine() else { return };
    let place = Place::new(Scenario::new().texts(1).token_lifetime(Duration::from_secs(3)));
    let egress = place.egress();
    let page = || place.sdk(library, &egress).page(0).unwrap().unwrap();
    page();
    thread::sleep(Duration::from_millis(3_100));
    page();
    assert_eq!(place.world.token_calls(), 2);
    assert_eq!(place.world.chat_calls(), 2, "nobody used a dead token");
}

#[test]
fn another_secret_gets_another_token() {
    let Some(library) = super::genuine() else { return };
    let place = Place::new(Scenario::new().texts(1));
    let egress = place.egress();
    assert!(place.sdk(library, &egress).page(0).is_ok());
    let wrong = wecom_finance::Sdk::builder(library, place.world.corp_id(), "wrong").egress(egress);
    assert_eq!(wrong.build().unwrap().page(0).unwrap_err().server_code(), Some(ServerCode::InvalidSecret));
}

#[test]
fn quotas_are_kept_here() {
    let Some(library) = super::genuine() else { return };
    let place = Place::new(Scenario::new().texts(1));
    let egress = place.egress_builder().chat_calls_per_minute(NonZeroU32::new(3).unwrap()).start().unwrap();
    let sdk = place.builder(library, &egress).timeout(Duration::from_secs(2)).build().unwrap();
    for _ in 0..3 {
        assert!(sdk.page(0).unwrap().is_some());
    }
    let error = sdk.page(0).unwrap_err();
    let Error::Server { operation: Operation::Chat, code: ServerCode::RateLimited, message, .. } = &error
    else {
        panic!("{error}")
    };
    assert!(message.contains("held back here"), "{message}");
    assert_eq!(place.world.chat_calls(), 3);
    assert_eq!(egress.stats().rate_limited, 1);

    let egress = place.egress_builder().token_calls_per_minute(NonZeroU32::new(1).unwrap()).start().unwrap();
    let sdk = place.builder(library, &egress).timeout(Duration::from_secs(2)).build().unwrap();
    assert!(sdk.page(0).unwrap().is_some());
    place.world.revoke_tokens();
    let error = sdk.page(0).unwrap_err();
    assert!(
        matches!(error, Error::Server { operation: Operation::Token, code: ServerCode::RateLimited, .. }),
        "{error}"
    );
}

#[test]
fn members_are_asked_for_with_the_token_of_the_calls() {
    let Some(library) = super::genuine() else { return };
    for members in [0, 250] {
        let place = Place::new(Scenario::new().members_in_scope(members));
        let egress = place.egress();
        assert_eq!(egress.members_in_scope().unwrap(), None, "no token yet");
        let sdk = place.sdk(library, &egress);
        assert!(sdk.page(0).unwrap().is_none());
        assert_eq!(egress.members_in_scope().unwrap(), usize::try_from(members).ok());
        assert_eq!(place.world.token_calls(), 1);
        place.world.revoke_tokens();
        let error = egress.members_in_scope().unwrap_err();
        assert!(
            matches!(
                error,
                Error::Server { operation: Operation::Scope, code: ServerCode::InvalidToken, .. }
            ),
            "{error}"
        );
    }
}
