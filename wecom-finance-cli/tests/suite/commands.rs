use std::fs;

use wecom_finance_simulator::Scenario;

use crate::Workplace;
use crate::corp::{Corp, text};

#[test]
fn a_new_key_opens_what_is_sealed_for_it() {
    let place = Workplace::new();
    let ran = place.run(["keygen", "--out", "new-keys", "--version", "7"]).exits_with(0);
    assert!(ran.stdout.starts_with("-----BEGIN PUBLIC KEY-----\n"), "{}", ran.stdout);
    assert!(ran.stdout.ends_with("-----END PUBLIC KEY-----\n"));
    assert!(!ran.stdout.contains("PRIVATE") && !ran.stderr.contains("BEGIN"));
    let pem = fs::read_to_string(place.path("new-keys/7.pem")).unwrap();
    let scenario = Scenario::new().key(7, pem).unwrap().message(text("1_1", "for the new key"));
    let corp = Corp::new(scenario);
    let keys = place.path("new-keys");
    corp.run(&["archive", "--keys", keys.to_str().unwrap()]).exits_with(0);
    let key = format!("7={}", place.path("new-keys/7.pem").display());
    let mut command = corp.command(&["archive", "--key", &key]);
    crate::Ran::of(command.env_remove("WECOM_KEYS")).exits_with(0);
}

#[test]
fn a_key_is_never_overwritten_and_belongs_to_its_owner() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Workplace::new();
    let keygen = ["keygen", "--out", "keys", "--version", "1", "--json"];
    let result = place.run(keygen).exits_with(0).result();
    assert!(result["public_key_pem"].as_str().unwrap().contains("BEGIN PUBLIC KEY"));
    let mode = |path: &str| fs::metadata(place.path(path)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("keys"), mode("keys/1.pem")), (0o700, 0o600));
    let before = fs::read(place.path("keys/1.pem")).unwrap();
    let ran = place.run(keygen).exits_with(1);
    assert!(ran.stderr.contains("1.pem is there already"), "{}", ran.stderr);
    assert_eq!(fs::read(place.path("keys/1.pem")).unwrap(), before);
}

#[test]
fn what_is_missing_is_named_with_flag_and_variable() {
    let corp = Corp::new(Scenario::new().texts(1));
    for (variable, flag) in [
        ("WECOM_CORP_ID", "--corp-id"),
        ("WECOM_SECRET_FILE", "--secret-file"),
        ("WECOM_KEYS", "--keys"),
        ("WECOM_FINANCE_SDK", "--sdk"),
    ] {
        let mut command = corp.command(&["archive"]);
        let ran = crate::Ran::of(command.env_remove(variable)).exits_with(2);
        assert!(ran.stderr.contains(variable) && ran.stderr.contains(flag), "{}", ran.stderr);
        assert_eq!(ran.stdout, "");
    }
    assert!(!corp.place.path("wecom-archive.db").exists());
}

#[test]
fn what_is_not_there_yet_is_not_pretended() {
    let place = Workplace::new();
    place.run(["serve"]).exits_with(2);
    assert!(place.files("").is_empty());
}

#[test]
fn wrong_places_are_named_and_left_alone() {
    let place = Workplace::new();
    fs::write(place.path("notes.txt"), "no database, and longer than the header of one: ".repeat(40))
        .unwrap();
    fs::create_dir(place.path("empty")).unwrap();
    for (arguments, words) in [
        (vec!["export"], "no such database"),
        (vec!["export", "--db", "empty"], "directory"),
        (vec!["archive", "--demo", "--db", "empty"], "directory"),
        (vec!["archive", "--demo", "--db", "notes.txt"], "not a SQLite database"),
        (vec!["archive", "--demo", "--db", "no/such/place.db"], "place.db"),
    ] {
        let ran = place.run(arguments).exits_with(1);
        assert!(ran.stderr.contains(words) && ran.stderr.contains("→"), "{}", ran.stderr);
    }
    assert_eq!(place.files(""), [place.path("notes.txt")]);
}

#[test]
fn an_empty_variable_is_as_good_as_none() {
    let place = Workplace::new();
    let mut command = place.command(["archive", "--demo", "--no-media"]);
    for name in ["WECOM_FINANCE_SDK", "WECOM_CORP_ID", "WECOM_KEYS", "WECOM_PROXY", "WECOM_CA_FILE"] {
        command.env(name, "");
    }
    crate::Ran::of(&mut command).exits_with(3);
}
