//! What the SDK hides behind 10001 and 10002.

use std::io::Read as _;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use wecom_finance::{
    Egress, Error, Language, Library, Operation, Proxy, RetryPolicy, Sdk, SdkCode, ServerCode,
    UnreachableKind,
};
use wecom_finance_simulator::{Effect, Fault, Loopback, MediaFile, MediaKind, Scenario, ServerCertificate};

use super::{Place, error_of};

fn refused(code: i64) -> Effect {
    let errmsg = "refused, hint: [1], from ip: 203.0.113.9, more info at https://open.work.weixin.qq.com";
    Effect::Body(format!(r#"{{"errcode":{code},"errmsg":"{errmsg}"}}"#).into())
}

#[test]
fn every_refusal_of_a_token_is_named_and_not_repeated() {
    let Some(library) = super::genuine() else { return };
    for code in [40_001, 40_013, 48_002, 60_020, 301_042, 301_052, 301_053] {
        let place = Place::new(Scenario::new().texts(1).fault(Fault::token(refused(code))));
        let egress = place.egress();
        let sdk = place.builder(library, &egress).retry(RetryPolicy::default()).build().unwrap();
        let error = sdk.page(0).unwrap_err();
        let Error::Server { operation, code: named, message, .. } = &error else { panic!("{code}: {error}") };
        assert_eq!((*operation, named.raw()), (Operation::Token, code));
        assert!(message.starts_with("refused, hint: [1]"), "{message}");
        assert_eq!(place.world.token_calls(), 1);
        assert_eq!(place.world.chat_calls(), 0);
        assert_eq!(error.refused_address(), Some("203.0.113.9".parse().unwrap()));
        let ip_matters = matches!(named, ServerCode::IpNotAllowed | ServerCode::ArchiveIpNotAllowed);
        for language in [Language::English, Language::Chinese] {
            assert_eq!(error.remedy(language).contains("203.0.113.9"), ip_matters);
        }
    }
}

#[test]
fn a_wrong_secret_is_called_one_for_messages_and_files() {
    let Some(library) = super::genuine() else { return };
    let place = Place::new(Scenario::new().media_file(MediaFile::generated("file", MediaKind::File, 100)));
    let egress = place.egress();
    let sdk = Sdk::builder(library, place.world.corp_id(), "wrong").egress(egress).build().unwrap();
    assert_eq!(sdk.page(0).unwrap_err().server_code(), Some(ServerCode::InvalidSecret));
    let file = place.world.media("file").unwrap();
    let error = error_of(sdk.media(file.sdk_file_id()).unwrap().read(&mut [0; 10]).unwrap_err());
    assert!(matches!(
        error,
        Error::Server { operation: Operation::Token, code: ServerCode::InvalidSecret, .. }
    ));
    assert_eq!(place.world.token_calls(), 2);
}

#[test]
fn a_file_fails_with_the_servers_own_code() {
    let Some(library) = super::genuine() else { return };
    let scenario = Scenario::new().media_file(MediaFile::generated("file", MediaKind::File, 100));
    let place = Place::new(scenario);
    let egress = place.egress();
    let sdk = place.sdk(library, &egress);
    let file = place.world.media("file").unwrap();
    let read = |effect| {
        place.world.clear_faults();
        place.world.set_fault(Fault::media(effect));
        error_of(sdk.media(file.sdk_file_id()).unwrap().read(&mut [0; 10]).unwrap_err())
    };
    for code in [-1, 40_007, 45_009, 48_002, 987_654] {
        let error = read(refused(code));
        let Error::Server { operation, code: named, .. } = &error else { panic!("{code}: {error}") };
        assert_eq!((*operation, named.raw()), (Operation::Media, code));
    }
    let error = read(refused(301_042));
    assert_eq!(error.refused_address(), Some("203.0.113.9".parse().unwrap()));
    // The SDK names this one exactly, so it stays what programs know it as.
    assert_eq!(read(refused(301_048)).sdk_code(), Some(SdkCode::Expired));
    let error = read(Effect::Status(503));
    assert!(
        matches!(&error, Error::UnusableReply { operation: Operation::Media, detail, .. } if detail.contains("503")),
        "{error}"
    );
    place.world.clear_faults();
    let mut bytes = Vec::new();
    sdk.media(file.sdk_file_id()).unwrap().read_to_end(&mut bytes).unwrap();
    assert!(bytes == file.bytes());
}

/// The error of a page that goes through this proxy, without a second try.
fn through(library: Library, proxy: Proxy, timeout: Duration) -> Error {
    let sdk = Sdk::builder(library, "wwexample000000001", "secret")
        .verified_tls(wecom_finance::Tls::default())
        .proxy(proxy)
        .timeout(timeout)
        .retry(RetryPolicy::never())
        .build()
        .unwrap();
    sdk.page(0).unwrap_err()
}

#[test]
fn the_end_of_the_way_is_named() {
    let Some(library) = super::genuine() else { return };
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let rude = speaks_no_tls();
    for (url, kind) in [
        ("http://no-such-host.invalid:3128".to_owned(), UnreachableKind::NameNotFound),
        ("socks5://no-such-host.invalid:1080".to_owned(), UnreachableKind::NameNotFound),
        (format!("http://{closed}"), UnreachableKind::Refused),
        (format!("socks5h://{closed}"), UnreachableKind::Refused),
        (format!("http://{}", silent.local_addr().unwrap()), UnreachableKind::TimedOut),
        (rude, UnreachableKind::Tls),
    ] {
        let begin = Instant::now();
        let error = through(library, Proxy::parse(&url).unwrap(), Duration::from_secs(2));
        let Error::Unreachable { operation, kind: named, proxy, .. } = &error else {
            panic!("{url}: {error}")
        };
        assert_eq!((*named, *operation), (kind, Operation::Token), "{url}: {error}");
        assert_eq!(proxy.as_deref(), Some(url.as_str()));
        assert!(error.to_string().contains(&url), "{error}");
        assert!(error.is_retryable());
        assert!(begin.elapsed() < Duration::from_secs(20), "{url}: {:?}", begin.elapsed());
    }
}

/// A proxy that lets everything through, to somebody who speaks no TLS.
fn speaks_no_tls() -> String {
    use std::io::Write as _;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut head = [0; 1024];
            if stream.read(&mut head).is_ok() {
                // The client may be gone by then.
                _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
                _ = stream.read(&mut head);
                _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
            }
        }
    });
    url
}

#[test]
fn a_proxy_that_refuses_is_named() {
    let Some(library) = super::genuine() else { return };
    let world = Scenario::new().texts(1).build();
    let server = Loopback::builder()
        .world(&world)
        .credentials("user", "password")
        .certificate(ServerCertificate::Signed)
        .serve()
        .unwrap();
    for url in [server.proxy_url(), server.socks_url()] {
        let proxy = Proxy::parse(&url).unwrap().credentials("user", "wrong").unwrap();
        let error = through(library, proxy, Duration::from_secs(5));
        assert!(
            matches!(&error, Error::Unreachable { kind: UnreachableKind::ProxyLogin, .. }),
            "{url}: {error}"
        );
        assert!(!error.to_string().contains("wrong"), "{error}");
        let error = through(library, Proxy::parse(&url).unwrap(), Duration::from_secs(5));
        assert!(
            matches!(&error, Error::Unreachable { kind: UnreachableKind::ProxyLogin, .. }),
            "{url}, without credentials: {error}"
        );
    }
}

#[test]
fn a_proxy_that_forbids_is_told_from_what_is_no_proxy() {
    use UnreachableKind::{Interrupted, NotAProxy, ProxyRefused};
    let Some(library) = super::genuine() else { return };
    for (scheme, answer, kind) in [
        ("http", &b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"[..], ProxyRefused),
        ("http", b"HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n", NotAProxy),
        ("http", b"SSH-2.0-OpenSSH_9.6\r\n", NotAProxy),
        ("http", b"", Interrupted),
        ("socks5h", b"HTTP/1.1 400 Bad Request\r\n\r\n", NotAProxy),
        // No credentials are wanted; the ruleset does not allow the connection.
        ("socks5h", b"\x05\x00\x05\x02\x00\x01\x00\x00\x00\x00\x00\x00", ProxyRefused),
    ] {
        let address = answers_with(answer);
        let error =
            through(library, Proxy::parse(&format!("{scheme}://{address}")).unwrap(), Duration::from_secs(5));
        let Error::Unreachable { kind: named, .. } = &error else { panic!("{error}") };
        assert_eq!(*named, kind, "{scheme}, {}: {error}", String::from_utf8_lossy(answer));
    }
}

/// Says this to everybody, and hangs up.
fn answers_with(answer: &'static [u8]) -> std::net::SocketAddr {
    use std::io::Write as _;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            // The client may be gone by then.
            _ = stream.read(&mut [0; 1024]);
            _ = stream.write_all(answer);
            _ = stream.shutdown(std::net::Shutdown::Write);
            // What it still says is read, or the end would be a reset.
            _ = stream.read(&mut [0; 1024]);
        }
    });
    address
}

#[test]
fn a_server_that_does_not_answer_is_told_from_one_that_cannot_be_reached() {
    let Some(library) = super::genuine() else { return };
    let place = Place::new(Scenario::new().texts(1).fault(Fault::chat(Effect::Hang)));
    let egress = place.egress();
    let sdk = place.builder(library, &egress).timeout(Duration::from_secs(1)).build().unwrap();
    let begin = Instant::now();
    let error = sdk.page(0).unwrap_err();
    let timed_out = |error: &Error| {
        matches!(
            error,
            Error::Unreachable { operation: Operation::Chat, kind: UnreachableKind::TimedOut, .. }
        )
    };
    assert!(timed_out(&error), "{error}");
    assert!(begin.elapsed() < Duration::from_secs(15), "{:?}", begin.elapsed());
    place.world.clear_faults();
    assert_eq!(sdk.page(0).unwrap().unwrap().messages().len(), 1);

    place.world.set_fault(Fault::chat(Effect::Cut { bytes: 0 }));
    let error = sdk.page(0).unwrap_err();
    assert!(matches!(&error, Error::Unreachable { kind: UnreachableKind::Interrupted, .. }), "{error}");
}

#[test]
fn a_reason_is_that_of_its_own_call() {
    let Some(library) = super::genuine() else { return };
    let place = Place::new(Scenario::new().texts(1));
    let egress = place.egress();
    let sdk = place.sdk(library, &egress);
    place.world.set_fault(Fault::chat(Effect::Status(500)));
    assert!(matches!(sdk.page(0).unwrap_err(), Error::UnusableReply { .. }));
    place.world.clear_faults();
    assert!(sdk.page(0).unwrap().is_some());
    // Ends before it reaches the egress: no earlier reason may stand for it.
    let error = error_of(sdk.media("x".repeat(100)).unwrap().read(&mut [0; 10]).unwrap_err());
    assert_eq!(error.sdk_code(), Some(SdkCode::InvalidFileId));
}

#[test]
fn what_contradicts_an_egress_is_refused() {
    let Some(library) = super::genuine() else { return };
    let egress = Egress::builder("ww1").start().unwrap();
    let argument = |builder: wecom_finance::SdkBuilder| match builder.build().unwrap_err() {
        Error::InvalidArgument { argument, .. } => argument,
        other => panic!("{other}"),
    };
    let proxy = || Proxy::parse("http://127.0.0.1:1").unwrap();
    assert_eq!(argument(Sdk::builder(library, "ww2", "s").egress(egress.clone())), "egress");
    assert_eq!(argument(Sdk::builder(library, "ww1", "s").egress(egress).proxy(proxy())), "proxy");
    for corp_id in ["", "a b", "a&b", "a\n"] {
        assert!(
            matches!(Egress::builder(corp_id).start(), Err(Error::InvalidArgument { .. })),
            "{corp_id:?}"
        );
    }
    assert!(Egress::builder("ww1").timeout(Duration::ZERO).start().is_err());
    let long = proxy().credentials("user", "p".repeat(300)).unwrap();
    assert!(Egress::builder("ww1").proxy(long).start().is_ok(), "HTTP has no such limit");
    let long = Proxy::parse("socks5://127.0.0.1:1").unwrap().credentials("user", "p".repeat(300)).unwrap();
    assert!(Egress::builder("ww1").proxy(long).start().is_err());
}
