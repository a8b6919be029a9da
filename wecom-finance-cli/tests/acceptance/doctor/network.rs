//! Where the way to WeCom ends.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener};
use std::process::Command;
use std::thread;

use wecom_finance_simulator::{Effect, Fault, Loopback, Scenario};

use super::Cause;
use crate::office::Office;

const SKIPPED: &[&str] = &["access", "call", "key pair"];

fn ends(
    proxy: &str,
    code: &'static str,
    english: (&'static [&'static str], &'static [&'static str]),
    chinese: (&'static [&'static str], &'static [&'static str]),
) {
    let Some(office) = Office::open(Scenario::new()) else { return };
    let through = |command: &mut Command| {
        command.env("WECOM_PROXY", proxy).args(["--timeout", "2"]);
    };
    let cause = Cause { check: "connection", skipped: SKIPPED, code, english, chinese };
    // Other commands are more patient; `archive` names the cause of a refusal in `proxy_login`.
    cause.is_named(&office, &through, &[]);
}

/// Says this to everybody, and hangs up.
fn answers_with(answer: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            // The client may be gone by then.
            _ = stream.read(&mut [0; 1024]);
            _ = stream.write_all(answer);
            _ = stream.shutdown(Shutdown::Write);
            // What it still says is read, or the end would be a reset.
            _ = stream.read(&mut [0; 1024]);
        }
    });
    address.to_string()
}

#[test]
fn a_proxy_that_wants_credentials() {
    let Some(office) = Office::behind(Scenario::new(), Loopback::builder().credentials("user", "password"))
    else {
        return;
    };
    let cause = Cause {
        check: "connection",
        skipped: SKIPPED,
        code: "proxy_login",
        english: (&["the proxy wants other credentials", "status 407", "127.0.0.1"], &["--proxy-auth-file"]),
        chinese: (&["代理要求正确的用户名和密码", "407", "经代理"], &["--proxy-auth-file"]),
    };
    cause.is_named(&office, &|_| (), &[&["archive"]]);
}

#[test]
fn a_proxy_that_forbids() {
    ends(
        &format!("http://{}", answers_with(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")),
        "proxy_refused",
        (&["the proxy refused", "status 403"], &["allow CONNECT to qyapi.weixin.qq.com:443"]),
        (&["代理拒绝了连接", "403"], &["允许 CONNECT 到 qyapi.weixin.qq.com:443"]),
    );
}

#[test]
fn what_is_no_proxy() {
    ends(
        &format!("http://{}", answers_with(b"SSH-2.0-OpenSSH_9.6\r\n")),
        "not_a_proxy",
        (&["no proxy of this kind answers there", "does not speak HTTP"], &["http:// or socks5://"]),
        (&["该地址上不是此类代理"], &["http:// 还是 socks5://"]),
    );
}

#[test]
fn a_proxy_that_is_not_there() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    ends(
        &format!("socks5://{closed}"),
        "connection_refused",
        (
            &["connection refused", "through socks5://127.0.0.1"],
            &["the proxy's address and port, and that it runs"],
        ),
        (&["连接被拒绝", "经代理 socks5://127.0.0.1"], &["代理的地址、端口"]),
    );
}

#[test]
fn a_proxy_without_an_address() {
    ends(
        "http://no-such-host.invalid:3128",
        "name_not_found",
        (&["name not found", "no-such-host.invalid"], &["this machine's DNS"]),
        (&["域名无法解析"], &["DNS"]),
    );
}

#[test]
fn a_way_without_an_answer() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    ends(
        &format!("http://{}", silent.local_addr().unwrap()),
        "timed_out",
        (&["timed out"], &["port 443"]),
        (&["超时"], &["443 端口"]),
    );
}

#[test]
fn a_portal_in_wecoms_place() {
    let Some(office) =
        Office::open(Scenario::new().fault(Fault::token(Effect::Body("<html>Log in</html>".into()))))
    else {
        return;
    };
    let cause = Cause {
        check: "access",
        skipped: &["call", "key pair"],
        code: "unusable_reply",
        english: (
            &["the server's reply cannot be used", "not JSON"],
            &["what stands between this machine and"],
        ),
        chinese: (&["服务器的回复无法使用"], &["代理或网关"]),
    };
    cause.is_named(&office, &|_| (), &[]);
}
