//! What is written twice is compared here: the documents with each other, and with the code.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use wecom_finance_simulator::Scenario;

const READMES: [&str; 2] = ["README.md", "README.zh-CN.md"];
const DOCUMENTS: [&str; 7] = [
    "README.md",
    "README.zh-CN.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "docs/architecture.md",
    "docs/testing.md",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

/// What stands between a fence of this language and the next fence.
fn blocks(text: &str, language: &str) -> Vec<String> {
    text.split(&format!("```{language}\n"))
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap().to_owned())
        .collect()
}

#[test]
fn the_readmes_begin_with_the_two_commands() {
    let commands = "cargo run -p wecom-finance-cli -- archive --demo\ncargo test\n";
    for readme in READMES {
        let text = text(readme);
        assert_eq!(blocks(&text, "sh").first().map(String::as_str), Some(commands), "{readme}");
        let line = text.lines().position(|line| line == "cargo test").unwrap();
        assert!(line < 24, "{readme}: on the first screen");
    }
}

#[test]
fn the_readmes_example_is_the_one_of_the_crate() {
    let crate_doc: String = text("wecom-finance/src/lib.rs")
        .lines()
        .filter_map(|line| line.strip_prefix("//!"))
        .map(|line| line.strip_prefix(' ').unwrap_or(line))
        .filter(|line| !line.starts_with("# Ok::<"))
        .fold(String::new(), |text, line| text + line + "\n");
    for readme in READMES {
        let example = blocks(&text(readme), "rust").remove(0);
        assert!(
            crate_doc.contains(&example),
            "{readme}: its example compiles in wecom-finance/src/lib.rs only"
        );
    }
}

#[test]
fn the_readmes_say_the_same_figures() {
    let figures = |readme: &str| {
        let text = text(readme).replace(',', "");
        let start = text.find("cargo bench").unwrap();
        let table = text.get(start..).unwrap().split("\n## ").next().unwrap().to_owned();
        let number = |word: &&str| {
            word.chars().all(|c| c.is_ascii_digit() || c == '.') && word.contains(char::is_numeric)
        };
        let words = table.lines().filter(|line| line.starts_with('|'));
        words
            .flat_map(|line| {
                line.split(|c: char| !c.is_ascii_digit() && c != '.')
                    .filter(number)
                    .map(str::to_owned)
                    .collect::<Vec<_>>()
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(figures("README.md"), figures("README.zh-CN.md"));
    assert!(figures("README.md").len() > 10);
}

#[test]
fn the_rust_version_is_that_of_the_manifest() {
    let manifest = text("Cargo.toml");
    let version = manifest.split("rust-version = \"").nth(1).unwrap().split('"').next().unwrap();
    for (readme, sentence) in READMES.into_iter().zip(["Rust version is", "Rust 版本是"]) {
        assert!(text(readme).contains(&format!("{sentence} {version}")), "{readme}: {version}");
    }
}

#[test]
fn links_lead_somewhere() {
    for document in DOCUMENTS {
        let folder = root().join(document).parent().unwrap().to_owned();
        for link in text(document).split("](").skip(1).map(|rest| rest.split([')', '#']).next().unwrap()) {
            if !link.is_empty() && !link.contains("://") {
                assert!(folder.join(link).exists(), "{document}: {link}");
            }
        }
    }
}

/// The tree of `docs/architecture.md` names the top-level modules of these packages, all of them and no others.
#[test]
fn the_tree_of_modules_is_true() {
    let trees = blocks(&text("docs/architecture.md"), "text");
    for package in ["wecom-finance-sys", "wecom-finance", "wecom-finance-simulator", "wecom-finance-cli"] {
        let tree = trees.iter().find(|tree| tree.starts_with(&format!("{package}/src/\n"))).unwrap();
        let written: BTreeSet<String> =
            tree.lines().skip(1).map(|line| line.split_whitespace().next().unwrap().to_owned()).collect();
        let there: BTreeSet<String> = fs::read_dir(root().join(package).join("src"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
            .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
            .filter(|name| name != "lib.rs")
            .collect();
        assert_eq!(written, there, "{package}");
    }
}

#[test]
fn the_scenario_file_is_a_scenario() {
    let file = text("docs/scenario.json");
    assert_eq!(
        blocks(&text("docs/testing.md"), "json"),
        [file.as_str()],
        "docs/testing.md shows docs/scenario.json"
    );
    let world = Scenario::from_json(&file).unwrap().build();
    let sdk = world.sdk().unwrap();
    let (opened, failed): (Vec<_>, Vec<_>) = sdk.chat(&world.keys().unwrap()).partition(Result::is_ok);
    assert_eq!((opened.len(), failed.len()), (202, 1));
    assert_eq!(opened.iter().flatten().last().unwrap().media().count(), 1);
    assert_eq!(world.chat_calls(), 3, "the second one was told to wait");
}
