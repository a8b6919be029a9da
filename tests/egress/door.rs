//! Who is let in, and with what. None of this needs the SDK.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use wecom_finance::Egress;
use wecom_finance_simulator::Scenario;
use wecom_finance_tests::raw_client::{
    CONNECT, authorization, connect, exchange, get, get_token, plainly, post, tls, tunnel,
};

use super::Place;

fn place() -> (Place, Egress) {
    let place = Place::new(Scenario::new().texts(1));
    let egress = place.egress();
    (place, egress)
}

fn status(reply: &[u8]) -> String {
    String::from_utf8_lossy(reply.get(9..12).unwrap_or_default()).into_owned()
}

#[test]
fn only_the_egresss_own_credentials_are_accepted() {
    let (place, egress) = place();
    let (own, other) = (egress.proxy().unwrap(), place.egress());
    let basic = |text: &str| {
        use base64::Engine as _;
        format!("Proxy-Authorization: Basic {}\r\n", base64::engine::general_purpose::STANDARD.encode(text))
    };
    for header in [
        String::new(),
        basic("session1:"),
        basic("user:password"),
        "Proxy-Authorization: Basic\r\n".to_owned(),
        "Proxy-Authorization: Bearer x\r\n".to_owned(),
        authorization(&other.proxy().unwrap()),
    ] {
        let reply = plainly(&own, format!("{CONNECT}{header}\r\n").as_bytes()).unwrap();
        assert!(reply.starts_with("HTTP/1.1 407 ") && reply.contains("Proxy-Authenticate: Basic"), "{reply}");
    }
    let session = egress.session(Duration::from_secs(5)).unwrap();
    let ended = session.proxy().clone();
    assert!(tunnel(&ended).is_ok());
    drop(session);
    let reply = plainly(&own, format!("{CONNECT}{}\r\n", authorization(&ended)).as_bytes()).unwrap();
    assert!(reply.starts_with("HTTP/1.1 407 "), "{reply}");
    assert_eq!(egress.stats().refused_requests, 7);
    assert_eq!(place.server.connections(), 0);
}

#[test]
fn only_wecoms_host_is_reached() {
    let (place, egress) = place();
    let proxy = egress.proxy().unwrap();
    let authorization = authorization(&proxy);
    for (request, expected) in [
        ("CONNECT example.com:443 HTTP/1.1", 403),
        ("CONNECT qyapi.weixin.qq.com:80 HTTP/1.1", 403),
        ("CONNECT qyapi.weixin.qq.com HTTP/1.1", 403),
        ("CONNECT 127.0.0.1:443 HTTP/1.1", 403),
        ("CONNECT qyapi.weixin.qq.com.evil.example:443 HTTP/1.1", 403),
        ("GET http://qyapi.weixin.qq.com/ HTTP/1.1", 405),
        ("GET / HTTP/1.1", 405),
        ("nonsense", 400),
        ("CONNECT", 400),
        ("\u{16}\u{3}\u{1}\u{2}", 400),
    ] {
        let reply =
            plainly(&proxy, format!("{request}\r\nHost: x\r\n{authorization}\r\n").as_bytes()).unwrap();
        assert_eq!(status(reply.as_bytes()), expected.to_string(), "{request:?}: {reply}");
    }
    let early = format!("{CONNECT}{authorization}\r\nmore");
    assert_eq!(status(plainly(&proxy, early.as_bytes()).unwrap().as_bytes()), "400");
    assert_eq!(place.server.connections(), 0);
}

#[test]
fn only_the_three_requests_of_the_sdk_are_let_through() {
    let (place, egress) = place();
    let proxy = egress.proxy().unwrap();
    let corp = place.world.corp_id();
    let chat = "/cgi-bin/message/getchatdata?access_token=x";
    for (request, expected) in [
        (get("/"), 403),
        (get("/cgi-bin/user/get?access_token=x"), 403),
        (get(chat), 403),
        (get("/cgi-bin/gettoken/../message/send"), 403),
        (post("/cgi-bin/message/send?access_token=x", "", "{}"), 403),
        (post(&format!("/cgi-bin/gettoken?corpid={corp}&corpsecret=x"), "", ""), 403),
        (get_token("another-corp", "x"), 403),
        (get_token(&format!("{corp}x"), "x"), 403),
        (get(&format!("/cgi-bin/gettoken?corpsecret=x&corpid={corp}")), 403),
        (get("/cgi-bin/gettoken"), 403),
        (post(chat, "Transfer-Encoding: chunked\r\n", "{}"), 400),
        (post(chat, "Content-Length: 2\r\n", "{}"), 400),
        (post(chat, "", "{}").replace("Length: 2", "Length: 1"), 400),
        (post(chat, "", "{}").replace("Length: 2", "Length: -2"), 400),
        (post(chat, "", "{}").replace("Length: 2", "Length: 999999999"), 400),
        (get(&format!("/{}", "x".repeat(20_000))), 400),
        ("GET / HTTP/1.0\r\n".to_owned() + &"A: b\r\n".repeat(100) + "\r\n", 400),
        ("\r\n\r\n".to_owned(), 400),
        (get_token(corp, "wrong"), 200),
        (post(chat, "Expect: 100-continue\r\n", r#"{"seq":0,"limit":1}"#), 100),
    ] {
        let reply = exchange(&proxy, request.as_bytes()).unwrap();
        let start: String = request.chars().take(80).collect();
        assert_eq!(status(&reply), expected.to_string(), "{start}: {}", String::from_utf8_lossy(&reply));
    }
    assert_eq!((place.world.token_calls(), place.world.chat_calls(), place.world.media_calls()), (1, 1, 0));
    assert_eq!(egress.stats().refused_requests, 18);
}

#[test]
fn a_token_is_shared_by_sessions_and_refused_tokens_are_forgotten() {
    let (place, egress) = place();
    let request = get_token(place.world.corp_id(), place.world.secret());
    let ask = || {
        let session = egress.session(Duration::from_secs(20)).unwrap();
        let reply = exchange(session.proxy(), request.as_bytes()).unwrap();
        let reply = String::from_utf8(reply).unwrap();
        let (_, body) = reply.split_once("\r\n\r\n").unwrap();
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        assert!((7000..7200).contains(&body["expires_in"].as_u64().unwrap()), "{body}");
        body["access_token"].as_str().unwrap().to_owned()
    };
    let first = ask();
    assert_eq!((ask(), place.world.token_calls()), (first.clone(), 1));
    place.world.revoke_tokens();
    let chat = |token: &str| {
        let target = format!("/cgi-bin/message/getchatdata?access_token={token}");
        exchange(&egress.proxy().unwrap(), post(&target, "", r#"{"seq":0,"limit":1}"#).as_bytes()).unwrap()
    };
    chat("another");
    assert_eq!(ask(), first, "the refusal of another token says nothing about this one");
    chat(&first);
    assert_ne!(ask(), first);
    assert_eq!(place.world.token_calls(), 2);
}

/// The client's side of a call, ended after every number of bytes.
#[test]
fn a_client_may_leave_at_every_byte() {
    let (place, egress) = place();
    let proxy = egress.proxy().unwrap();
    let hello = format!("{CONNECT}{}\r\n", authorization(&proxy));
    for cut in 0..hello.len() {
        let mut stream = connect(&proxy).unwrap();
        stream.write_all(&hello.as_bytes()[..cut]).unwrap();
        drop(stream);
    }
    let request = get_token(place.world.corp_id(), "wrong");
    for cut in 0..request.len() {
        let mut stream = tls(tunnel(&proxy).unwrap());
        stream.write_all(&request.as_bytes()[..cut]).unwrap();
        stream.flush().unwrap();
        drop(stream);
    }
    // Amidst the TLS handshake, and instead of one.
    for cut in 0..200 {
        let mut stream = tunnel(&proxy).unwrap();
        stream.write_all(&[22, 3, 1, 0, 200, 1].repeat(40)[..cut]).unwrap();
        drop(stream);
    }
    assert_eq!(place.world.token_calls(), 0, "half a request is none");
    let whole = exchange(&proxy, request.as_bytes()).unwrap();
    assert!(String::from_utf8_lossy(&whole).contains("40001"));
}

#[test]
fn slow_strangers_are_shown_out_and_lock_nobody_out() {
    let (_place, egress) = place();
    let proxy = egress.proxy().unwrap();
    // More than there are places, none of which says who it is.
    let strangers: Vec<TcpStream> = (0..300).map(|_| connect(&proxy).unwrap()).collect();
    assert!(tunnel(&proxy).is_ok());
    // One that keeps talking: a timeout that begins anew with every byte would never end it.
    let mut slow = connect(&proxy).unwrap();
    let begin = Instant::now();
    let mut said = 0;
    while slow.write_all(b"C").is_ok() {
        said += 1;
        assert!(begin.elapsed() < Duration::from_secs(60), "still listening after {said} bytes");
        thread::sleep(Duration::from_millis(100));
    }
    // Those who said nothing are gone, too.
    for mut stranger in strangers {
        assert!(matches!(stranger.read(&mut [0]), Ok(0) | Err(_)));
    }
    assert!(tunnel(&proxy).is_ok());
}

#[test]
fn a_slow_session_ends_with_its_time() {
    let (_place, egress) = place();
    let session = egress.session(Duration::from_secs(1)).unwrap();
    let mut stream = tls(tunnel(session.proxy()).unwrap());
    let begin = Instant::now();
    while stream.write_all(b"G").and_then(|()| stream.flush()).is_ok() {
        assert!(begin.elapsed() < Duration::from_secs(60));
        thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn the_end_is_quick_and_complete() {
    let (place, egress) = place();
    place.world.set_fault(wecom_finance_simulator::Fault::token(wecom_finance_simulator::Effect::Hang));
    let proxy = egress.proxy().unwrap();
    let address = egress.address();
    let session = egress.session(Duration::from_secs(600)).unwrap();
    let call = {
        let (proxy, corp) = (session.proxy().clone(), place.world.corp_id().to_owned());
        thread::spawn(move || exchange(&proxy, get_token(&corp, "x").as_bytes()))
    };
    let stranger = connect(&proxy).unwrap();
    while place.world.token_calls() == 0 {
        thread::sleep(Duration::from_millis(5));
    }
    drop(egress.clone());
    drop(egress);
    assert!(tunnel(&proxy).is_ok(), "a session keeps it alive");
    let begin = Instant::now();
    drop(session);
    assert!(begin.elapsed() < Duration::from_secs(30), "{:?}", begin.elapsed());
    assert!(TcpStream::connect(address).is_err(), "the port is closed");
    // The call under way was told, or cut off.
    if let Ok(reply) = call.join().unwrap() {
        assert!(reply.is_empty() || status(&reply) == "503", "{}", String::from_utf8_lossy(&reply));
    }
    drop(stranger);
    place.world.clear_faults();
}
