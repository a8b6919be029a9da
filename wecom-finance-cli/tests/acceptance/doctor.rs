//! What `doctor` finds by a real call, and that the other commands name the same cause, in both languages.

mod keys;
mod library;
mod network;
mod refusals;
mod tls;

use std::process::{Command, Output};

use serde_json::Value;

use crate::office::{Office, result};

/// What a user has to read.
struct Cause {
    /// The check that fails, and those that cannot be tried then.
    check: &'static str,
    skipped: &'static [&'static str],
    code: &'static str,
    /// In the detail and in the remedy.
    english: (&'static [&'static str], &'static [&'static str]),
    chinese: (&'static [&'static str], &'static [&'static str]),
}

impl Cause {
    /// `doctor` names it and says why the rest was not tried; each of the commands names it, too.
    fn is_named(&self, office: &Office, change: &dyn Fn(&mut Command), commands: &[&[&str]]) {
        for (language, (details, remedies)) in [("en", self.english), ("zh", self.chinese)] {
            let run = |arguments: &[&str]| {
                let (name, rest) = arguments.split_first().unwrap();
                let mut command = office.online(name);
                command.args(rest).args(["--lang", language]);
                change(&mut command);
                let output = command.output().unwrap();
                assert_keeps_secrets(office, &output);
                output
            };
            let doctor = run(&["doctor", "--json"]);
            assert_eq!(doctor.status.code(), Some(1), "{}: {}", self.code, text(&doctor));
            let found = result(&doctor);
            assert_eq!((&found["ok"], &found["begin_with"]), (&false.into(), &self.check.into()), "{found}");
            let check = of_name(&found, self.check);
            assert_eq!((&check["status"], &check["code"]), (&"fail".into(), &self.code.into()), "{check}");
            for (field, words) in [("detail", details), ("remedy", remedies)] {
                let text = check[field].as_str().unwrap();
                for word in words {
                    assert!(text.contains(word), "{word} is missing in the {field}: {text}");
                }
            }
            for name in self.skipped {
                let check = of_name(&found, name);
                assert_eq!(check["status"], "skip", "{check}");
                assert!(check["detail"].as_str().unwrap().contains(self.check), "{check}");
            }
            let page = text(&run(&["doctor"]));
            let line = page.lines().find(|line| line.starts_with("FAIL")).unwrap_or_default();
            for word in details.iter().chain(remedies) {
                assert!(line.contains(word), "{word} is missing in {line}");
            }
            for arguments in commands {
                let output = run(arguments);
                let text = text(&output);
                assert_eq!(output.status.code(), Some(1), "{arguments:?}: {text}");
                for word in details.iter().chain(remedies) {
                    assert!(text.contains(word), "{arguments:?}: {word} is missing in {text}");
                }
            }
        }
    }
}

/// Neither the secret nor a token made of it.
fn assert_keeps_secrets(office: &Office, output: &Output) {
    let said = text(output);
    assert!(!said.contains(office.world.secret()) && !said.contains("access_token="), "{said}");
    assert!(!said.contains("PRIVATE KEY"), "{said}");
}

fn text(output: &Output) -> String {
    let [stdout, stderr] = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    format!("{stdout}{stderr}")
}

fn of_name<'a>(result: &'a Value, name: &str) -> &'a Value {
    let mut checks = result["checks"].as_array().unwrap().iter();
    checks.find(|check| check["name"] == name).unwrap_or_else(|| panic!("no check {name}: {result}"))
}

/// `doctor --json`, which must find that a run would work.
fn doctor_is_content(office: &Office) -> Value {
    let output = crate::office::run(office.online("doctor").arg("--json"), 0);
    assert_keeps_secrets(office, &output);
    result(&output)
}
