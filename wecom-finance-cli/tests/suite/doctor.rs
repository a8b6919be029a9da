use std::fs;

use serde_json::Value;
use wecom_finance_simulator::{Effect, Fault, Scenario};

use crate::corp::Corp;
use crate::{Ran, Workplace};

fn status(result: &Value, name: &str) -> Vec<String> {
    let checks = result["checks"].as_array().unwrap().iter();
    checks
        .filter(|check| check["name"] == name)
        .map(|check| check["status"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn nothing_given_is_told_piece_by_piece() {
    let place = Workplace::new();
    let ran = place.run(["doctor", "--json"]).exits_with(1);
    let result = ran.result();
    assert_eq!(result["ok"], false);
    for name in ["sdk", "corp id", "secret", "keys"] {
        assert_eq!(status(&result, name), ["fail"], "{name}");
    }
    for check in result["checks"].as_array().unwrap() {
        let needs_none = check["status"] == "ok" || check["status"] == "skip";
        assert!(needs_none || check["remedy"].as_str().is_some_and(|remedy| !remedy.is_empty()), "{check}");
    }
    assert!(place.files("").is_empty());
}

#[test]
fn all_is_well_where_a_run_would_work() {
    let corp = Corp::new(Scenario::new().texts(5));
    let ran = corp.run(&["doctor"]).exits_with(0);
    assert!(ran.stdout.contains("5 new messages"), "{}", ran.stdout);
    assert!(ran.stdout.contains("the keys of these versions open messages: 1"), "{}", ran.stdout);
    assert!(!ran.stdout.contains(corp.world.secret()) && !ran.stderr.contains(corp.world.secret()));
    assert!(!corp.place.path("wecom-archive.db").exists());
    let result = corp.run(&["doctor", "--json"]).exits_with(0).result();
    let check =
        result["checks"].as_array().unwrap().iter().find(|check| check["name"] == "sdk build").unwrap();
    assert_eq!((&check["status"], &check["code"]), (&"warn".into(), &"sdk_build_unknown".into()));
    Workplace::new().run(["doctor", "--demo"]).exits_with(0);
}

#[test]
fn the_real_call_tells_what_nothing_else_can() {
    let corp = Corp::new(Scenario::new().texts(5).fault(Fault::chat(Effect::ErrCode(301_042))));
    let ran = corp.run(&["doctor", "--json"]).exits_with(1);
    assert_eq!(status(&ran.result(), "call"), ["fail"]);
    assert!(ran.stdout.contains("trusted IP"), "{}", ran.stdout);
}

#[test]
fn a_key_that_does_not_fit_is_found() {
    let corp = Corp::new(Scenario::new().texts(5).key_version(1).key_version(2));
    fs::copy(corp.place.path("keys/2.pem"), corp.place.path("keys/1.pem")).unwrap();
    let ran = corp.run(&["doctor", "--json"]).exits_with(1);
    assert!(status(&ran.result(), "key pair").contains(&"fail".to_owned()), "{}", ran.stdout);
}

#[test]
fn a_file_that_is_no_library_is_told_apart() {
    let corp = Corp::new(Scenario::new());
    fs::write(corp.place.path("sdk.so"), "<html>").unwrap();
    let ran = Ran::of(corp.command(&["doctor", "--json"]).env("WECOM_FINANCE_SDK", "sdk.so")).exits_with(1);
    assert_eq!(status(&ran.result(), "sdk"), ["fail"]);
    assert!(ran.stdout.contains("HTML"), "{}", ran.stdout);
}

#[cfg(target_os = "linux")]
mod libraries {
    use std::path::Path;

    use super::*;
    use crate::compiler;
    use crate::corp::library;

    /// A file in the SDK's place, and what a user has to read about it.
    struct Wrong {
        name: &'static str,
        code: &'static str,
        english: &'static str,
        chinese: &'static str,
    }

    fn head(class: u8, machine: u16) -> Vec<u8> {
        let mut head = vec![0; 64];
        head[..5].copy_from_slice(&[0x7f, b'E', b'L', b'F', class]);
        head[18..20].copy_from_slice(&machine.to_le_bytes());
        head
    }

    /// Everything that people give as the SDK.
    fn wrong_files(folder: &Path) -> [Wrong; 9] {
        let write = |name: &str, content: &[u8]| fs::write(folder.join(name), content).unwrap();
        write("text.so", b"download failed");
        write("page.so", b"<html>");
        write("empty.so", b"");
        write("archive.so", b"PK\x03\x04");
        write("other-processor.so", &head(2, if cfg!(target_arch = "x86_64") { 183 } else { 62 }));
        write("32-bit.so", &head(1, 3));
        let whole = fs::read(library()).unwrap();
        write("cut.so", &whole[..whole.len() / 2]);
        compiler::library(folder, "another.so", "int nothing_of_the_sdk(void) { return 0; }", &[]);
        let wrong = |name, code, english, chinese| Wrong { name, code, english, chinese };
        [
            wrong("missing.so", "sdk_not_found", "does not exist", "不存在"),
            wrong("text.so", "sdk_not_a_library", "not a library for this system", "不是本系统的动态库"),
            wrong("page.so", "sdk_not_a_library", "an HTML or XML page", "HTML 或 XML 页面"),
            wrong("empty.so", "sdk_not_a_library", "an empty file", "空文件"),
            wrong("archive.so", "sdk_not_a_library", "unpack it", "请解压"),
            wrong("other-processor.so", "sdk_wrong_architecture", "is built for", "适用于"),
            wrong("32-bit.so", "sdk_wrong_architecture", "a 32-bit processor", "a 32-bit processor"),
            wrong(
                "cut.so",
                "sdk_not_a_library",
                "an incomplete library; download it again",
                "不完整的动态库：请重新下载",
            ),
            wrong("another.so", "sdk_missing_symbol", "does not export NewSdk", "没有导出 NewSdk"),
        ]
    }

    #[test]
    fn whatever_is_no_sdk_is_named_by_every_command() {
        let corp = Corp::new(Scenario::new().texts(2));
        for Wrong { name, code, english, chinese } in wrong_files(&corp.place.path("")) {
            for (language, word) in [("en", english), ("zh", chinese)] {
                let run = |arguments: &[&str]| {
                    let mut command = corp.command(arguments);
                    Ran::of(command.env("WECOM_FINANCE_SDK", name).args(["--lang", language])).exits_with(1)
                };
                let result = run(&["doctor", "--json"]).result();
                assert_eq!(result["begin_with"], "sdk", "{name}");
                let mut checks = result["checks"].as_array().unwrap().iter();
                let check = checks.find(|check| check["name"] == "sdk").unwrap();
                assert_eq!(check["code"], code, "{name}");
                let detail = check["detail"].as_str().unwrap();
                assert!(detail.contains(word) && detail.contains(name), "{name}: {detail}");
                assert!(check["remedy"].as_str().unwrap().contains("WECOM_FINANCE_SDK"), "{check}");
                assert_eq!(status(&result, "call"), ["skip"]);
                let archive = run(&["archive", "--json"]);
                assert!(archive.stderr.contains(word), "{name}: {}", archive.stderr);
                assert_eq!(archive.result()["code"], code);
            }
        }
    }
}
