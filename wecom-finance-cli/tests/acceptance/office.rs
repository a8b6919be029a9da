//! A corp, its WeCom, and the directory on this machine where its archive is kept.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use wecom_finance_simulator::{Loopback, LoopbackBuilder, Scenario, World};

pub(crate) struct Office {
    pub(crate) world: World,
    pub(crate) server: Loopback,
    sdk: PathBuf,
    folder: TempDir,
}

impl Office {
    /// `None`, with the reason on stdout, without the genuine SDK.
    pub(crate) fn open(scenario: Scenario) -> Option<Self> {
        Self::at_a_distance(scenario, Duration::ZERO)
    }

    /// The same, with WeCom this far away.
    pub(crate) fn at_a_distance(scenario: Scenario, round_trip: Duration) -> Option<Self> {
        Self::behind(scenario, Loopback::builder().round_trip(round_trip))
    }

    /// The same, with this server in front of WeCom.
    pub(crate) fn behind(scenario: Scenario, server: LoopbackBuilder) -> Option<Self> {
        let sdk = wecom_finance_tests::genuine_path()?;
        let world = scenario.build();
        let server = server.world(&world).serve().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let office = Self { world, server, sdk, folder };
        fs::write(office.path("secret"), office.world.secret()).unwrap();
        fs::write(office.path("root.pem"), office.server.root_pem()).unwrap();
        fs::create_dir(office.path("keys")).unwrap();
        for version in office.world.key_versions() {
            office.add_key(version);
        }
        Some(office)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn add_key(&self, version: u32) {
        let path = self.path("keys").join(format!("{version}.pem"));
        fs::write(path, self.world.key_pem(version).unwrap()).unwrap();
    }

    /// The vendor's library.
    pub(crate) fn sdk(&self) -> &Path {
        &self.sdk
    }

    pub(crate) fn remove_key(&self, version: u32) {
        fs::remove_file(self.path("keys").join(format!("{version}.pem"))).unwrap();
    }

    pub(crate) fn proxy_url(&self) -> String {
        self.server.proxy_url()
    }

    /// A command that knows nothing but its arguments.
    pub(crate) fn command(&self, name: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wecom-finance"));
        for (variable, _) in std::env::vars_os() {
            let name = variable.to_string_lossy();
            if name.starts_with("WECOM_") || name.ends_with("_proxy") || name.ends_with("_PROXY") {
                command.env_remove(&variable);
            }
        }
        command.arg(name).current_dir(self.folder.path());
        command
    }

    /// The same with all that reaches WeCom.
    pub(crate) fn online(&self, name: &str) -> Command {
        let mut command = self.command(name);
        command.env("WECOM_FINANCE_SDK", &self.sdk);
        command.args(["--secret-file", "secret", "--keys", "keys"]);
        command.env("WECOM_CORP_ID", self.world.corp_id());
        command.env("WECOM_PROXY", self.server.proxy_url());
        command.env("WECOM_CA_FILE", "root.pem");
        command
    }

    pub(crate) fn archive(&self) -> Command {
        let mut command = self.online("archive");
        command.args(["--db", "archive.db", "--media", "media", "--json"]);
        command
    }

    /// Without what trusts the server, which has a meaning with `--tls verify` only.
    pub(crate) fn archive_unverified(&self) -> Command {
        let mut command = self.archive();
        command.env_remove("WECOM_CA_FILE");
        command
    }

    pub(crate) fn export(&self) -> Vec<Value> {
        let output = run(self.command("export").args(["--db", "archive.db"]), 0);
        lines(&output)
    }

    pub(crate) fn export_quarantine(&self) -> Vec<Value> {
        let output = run(self.command("export").args(["--db", "archive.db", "--quarantine"]), 0);
        lines(&output)
    }

    /// So many messages are in the export, and they are all different.
    pub(crate) fn assert_holds(&self, messages: usize) {
        let exported = self.export();
        let seqs: BTreeSet<_> = exported.iter().map(|line| line["seq"].as_u64().unwrap()).collect();
        assert_eq!((exported.len(), seqs.len()), (messages, messages));
    }

    /// Every message of the world is in the export, once, as it was sealed; every file of theirs is whole, and is kept
    /// once, whoever refers to it.
    pub(crate) fn assert_complete(&self) {
        self.assert_complete_but(&BTreeSet::new(), &BTreeSet::new());
    }

    /// The same but for messages that nobody can open, by seq, and files that may be gone, by id.
    pub(crate) fn assert_complete_but(&self, unopened: &BTreeSet<u64>, gone: &BTreeSet<String>) {
        let exported = self.export();
        let mut exported_messages = exported.iter();
        let mut files = BTreeMap::new();
        for (seq, plaintext) in self.world.messages().filter(|(seq, _)| !unopened.contains(seq)) {
            let line = exported_messages.next().unwrap_or_else(|| panic!("seq {seq} is missing"));
            assert_eq!(line["seq"], seq);
            assert_eq!(line["raw"].as_str().unwrap().as_bytes(), plaintext, "seq {seq}");
            for media in line["media"].as_array().unwrap() {
                let expected = self.world.media(media["sdkfileid"].as_str().unwrap()).unwrap();
                if media["state"] == "expired" && gone.contains(expected.id()) {
                    continue;
                }
                assert_eq!(media["state"], "stored", "{}: {}", expected.id(), media["reason"]);
                assert_eq!(media["bytes"], expected.len());
                assert_eq!(media["md5_ok"], true, "{}", expected.id());
                let file = self.path("media").join(media["file"].as_str().unwrap());
                let md5 = expected.md5().to_owned();
                // Whatever was linked to a file that was compared has to be the same content.
                let before = files.entry(file.clone()).or_insert_with(|| {
                    assert!(fs::read(&file).unwrap() == expected.bytes(), "{}", expected.id());
                    md5.clone()
                });
                assert_eq!(*before, md5, "{}", expected.id());
            }
        }
        assert_eq!(exported_messages.next(), None);
        let there: BTreeSet<_> = files_below(&self.path("media")).into_iter().collect();
        assert_eq!(there, files.keys().cloned().collect(), "what is referred to, and nothing temporary");
        let mut contents = BTreeMap::new();
        for (file, md5) in files {
            let twin = contents.insert(md5, file.clone());
            assert_eq!(twin, None, "kept twice: {}", file.display());
        }
    }
}

/// Runs to the end and insists on the exit code.
#[track_caller]
pub(crate) fn run(command: &mut Command, exit: i32) -> Output {
    let output = command.output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(exit), "{command:?}\n{stderr}");
    output
}

/// The result: the last line of stdout.
pub(crate) fn result(output: &Output) -> Value {
    lines(output).pop().expect("a line of JSON")
}

pub(crate) fn lines(output: &Output) -> Vec<Value> {
    let text = std::str::from_utf8(&output.stdout).expect("UTF-8");
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}

pub(crate) fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files
}
