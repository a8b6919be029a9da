//! A corp of the stand-in, loaded as the vendor's library would be.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use wecom_finance_simulator::{Fault, Scenario, World};

use crate::{Ran, Workplace};

/// A scenario in a workplace, with the options that connect to it.
pub(crate) struct Corp {
    pub(crate) place: Workplace,
    pub(crate) world: World,
}

impl Corp {
    pub(crate) fn new(scenario: Scenario) -> Self {
        let place = Workplace::new();
        let world = scenario.build();
        fs::write(place.path("secret"), world.secret()).unwrap();
        fs::create_dir(place.path("keys")).unwrap();
        let corp = Self { place, world };
        for version in corp.world.key_versions() {
            corp.add_key(version);
        }
        corp.describe(corp.world.scenario());
        corp
    }

    /// What the next run meets.
    pub(crate) fn describe(&self, scenario: &Scenario) {
        fs::write(self.place.path("scenario.json"), scenario.to_json().unwrap()).unwrap();
    }

    /// From now on nothing goes wrong.
    pub(crate) fn without_faults(&self) {
        self.with_faults([]);
    }

    /// From now on these go wrong.
    pub(crate) fn with_faults(&self, faults: impl IntoIterator<Item = Fault>) {
        let mut scenario = serde_json::to_value(self.world.scenario()).unwrap();
        scenario["faults"] = serde_json::to_value(faults.into_iter().collect::<Vec<_>>()).unwrap();
        self.describe(&serde_json::from_value(scenario).unwrap());
    }

    /// From now on the stand-in has forgotten all messages before this seq, 0 for none.
    pub(crate) fn forget_before(&self, seq: u64) {
        let mut scenario = serde_json::to_value(self.world.scenario()).unwrap();
        scenario["server"]["retained_from"] = seq.into();
        self.describe(&serde_json::from_value(scenario).unwrap());
    }

    /// The database, to look into or to make time pass.
    pub(crate) fn db(&self) -> rusqlite::Connection {
        let db = rusqlite::Connection::open(self.place.path("wecom-archive.db")).unwrap();
        db.busy_timeout(Duration::from_secs(10)).unwrap();
        db
    }

    /// The files of all messages, as they are exported.
    pub(crate) fn media(&self) -> Vec<Value> {
        let media = |message: &Value| message["media"].as_array().unwrap().clone();
        self.export().iter().flat_map(media).collect()
    }

    pub(crate) fn add_key(&self, version: u32) {
        let pem = self.world.key_pem(version).unwrap();
        fs::write(self.place.path(&format!("keys/{version}.pem")), pem).unwrap();
    }

    pub(crate) fn remove_key(&self, version: u32) {
        fs::remove_file(self.place.path(&format!("keys/{version}.pem"))).unwrap();
    }

    /// The program with everything that a real run needs.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.place.command(arguments);
        // The stand-in is told by the environment what to be, of which a worker has none, and it has no network.
        command.args(["--isolation", "none", "--tls", "sdk"]);
        command
            .env("WECOM_SIMULATOR_SCENARIO", self.place.path("scenario.json"))
            .env("WECOM_FINANCE_SDK", library())
            .env("WECOM_CORP_ID", self.world.corp_id())
            .env("WECOM_SECRET_FILE", self.place.path("secret"))
            .env("WECOM_KEYS", self.place.path("keys"));
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(&mut self.command(arguments))
    }

    pub(crate) fn export(&self) -> Vec<Value> {
        self.place.run(["export"]).exits_with(0).lines()
    }

    pub(crate) fn quarantine(&self) -> Vec<Value> {
        self.place.run(["export", "--quarantine"]).exits_with(0).lines()
    }
}

/// The stand-in as a library with the SDK's C interface, which is built together with this program.
pub(crate) fn library() -> PathBuf {
    let beside = Path::new(env!("CARGO_BIN_EXE_wecom-finance")).parent().unwrap();
    let name = "libwecom_finance_simulator.so";
    let found = [beside.join("deps").join(name), beside.join(name)].into_iter().find(|path| path.exists());
    found.unwrap_or_else(|| panic!("{name} is not built"))
}

/// A text message as the archive holds it.
pub(crate) fn text(msgid: &str, content: &str) -> String {
    serde_json::json!({
        "msgid": msgid, "action": "send", "from": "lin.yu", "tolist": ["chen.bo"], "roomid": "",
        "msgtime": 1_711_432_801_950_i64, "msgtype": "text", "text": { "content": content },
    })
    .to_string()
}
