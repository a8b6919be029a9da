//! Why there is no token: what the SDK prints and hides behind 10001.

use std::time::Duration;

use wecom_finance::{Error, Language, Operation, RetryPolicy, SdkCode, SdkFileId, ServerCode};
use wecom_finance_simulator::{Effect, Fault, MediaFile, MediaKind, Scenario};

use crate::site::Site;

fn refused(error: &Error) -> ServerCode {
    let Error::Server { operation: Operation::Token, code, .. } = error else { panic!("{error:?}") };
    *code
}

#[test]
fn a_wrong_secret_is_named_and_not_tried_again() {
    for site in Site::all(&Scenario::new().texts(1).fault(Fault::token(Effect::ErrCode(40_001)))) {
        let error = site.sdk().page(0).unwrap_err();
        assert_eq!(refused(&error), ServerCode::InvalidSecret, "{}", site.name);
        assert!(!error.is_retryable());
        assert!(
            error
                .to_string()
                .starts_with("getting an access token was refused by WeCom: wrong secret (40001)")
        );
        if site.name == "genuine" {
            assert_eq!(site.world.token_calls(), 1);
        }
    }
}

#[test]
fn an_ip_that_is_not_allowed_is_named_with_the_ip_to_allow() {
    let reply = r#"{"errcode":60020,"errmsg":"not allow to access from your ip, hint: [1711432801950112233], from ip: 203.0.113.9, more info at https://open.work.weixin.qq.com/devtool/query?e=60020"}"#;
    let scenario = Scenario::new()
        .texts(1)
        .media_file(MediaFile::generated("file", MediaKind::File, 10))
        .fault(Fault::token(Effect::Body(reply.into())));
    for site in Site::all(&scenario) {
        let sdk = site.sdk();
        let media = site.world.media("file").unwrap();
        let file_id = SdkFileId::new(media.sdk_file_id()).unwrap();
        for error in [sdk.page(0).unwrap_err(), sdk.media_chunk(&file_id, None).unwrap_err()] {
            assert_eq!(refused(&error), ServerCode::IpNotAllowed, "{}", site.name);
            assert_eq!(error.refused_address(), Some([203, 0, 113, 9].into()));
            assert_eq!(error.server_hint(), Some("1711432801950112233"));
            for language in [Language::English, Language::Chinese] {
                assert!(error.remedy(language).contains("203.0.113.9"), "{}", error.remedy(language));
            }
        }
    }
}

/// What was printed for one call is no reason for another one.
#[test]
fn other_failures_stay_what_they_are() {
    let scenario = Scenario::new()
        .texts(1)
        .fault(Fault::token(Effect::ErrCode(48_002)).nth(1))
        .fault(Fault::chat(Effect::Status(502)))
        .fault(Fault::token(Effect::Body("<html>a gateway</html>".into())).nth(2));
    for site in Site::all(&scenario) {
        let sdk = site.builder().retry(RetryPolicy::never()).build().unwrap();
        assert_eq!(refused(&sdk.page(0).unwrap_err()), ServerCode::ApiForbidden, "{}", site.name);
        let html = sdk.page(0).unwrap_err();
        assert_eq!(html.sdk_code(), Some(SdkCode::Network), "{}: {html:?}", site.name);
        let status = sdk.page(0).unwrap_err();
        assert_eq!(status.sdk_code(), Some(SdkCode::Network), "{}: {status:?}", site.name);
    }
}

#[test]
fn a_refusal_that_passes_is_waited_for() {
    let scenario = Scenario::new().texts(3).fault(Fault::token(Effect::ErrCode(45_009)).times(2));
    for site in Site::all(&scenario) {
        let retry = RetryPolicy::default().rate_limit_pause(Duration::from_millis(5)).max_retries(3);
        let sdk = site.builder().retry(retry).build().unwrap();
        assert_eq!(sdk.page(0).unwrap().unwrap().messages().len(), 3, "{}", site.name);
    }
}

/// Many sessions at once, all of them refused: each learns why.
#[test]
fn every_caller_learns_the_reason() {
    let scenario = Scenario::new().texts(1).fault(Fault::token(Effect::ErrCode(60_020)));
    for site in Site::all(&scenario) {
        let sdk = site.sdk();
        std::thread::scope(|scope| {
            let calls: Vec<_> = (0..16).map(|_| scope.spawn(|| sdk.page(0).unwrap_err())).collect();
            for call in calls {
                assert_eq!(refused(&call.join().unwrap()), ServerCode::IpNotAllowed, "{}", site.name);
            }
        });
    }
}
