//! What a run did: for machines as the contract says, for people with what to do next.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use serde::Serialize;

use super::watch::Watch;
use crate::language::say;
use crate::store::{QuarantineReason, Store};

/// What a run did so far.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) pulled: u64,
    pub(crate) stored: u64,
    pub(crate) duplicates: u64,
    pub(crate) quarantined: u64,
    pub(crate) media_fetched: u64,
    /// Of those, files that another message had brought already.
    pub(crate) media_linked: u64,
    pub(crate) media_failed: u64,
    /// Files that are still to be fetched, whichever run found them.
    pub(crate) media_pending: u64,
    pub(crate) last_seq: u64,
    pub(crate) watch: Watch,
    pub(crate) seconds: f64,
    pub(crate) types: BTreeMap<String, u64>,
}

/// The result of `archive` and `replay`.
#[derive(Debug, Serialize)]
pub(crate) struct ForMachines<'a> {
    corp_id: &'a str,
    pulled: u64,
    stored: u64,
    duplicates: u64,
    quarantined: u64,
    media_fetched: u64,
    media_linked: u64,
    media_failed: u64,
    media_pending: u64,
    last_seq: u64,
    gaps: u64,
    gaps_lost: u64,
    seconds: f64,
    /// Only when the clock is wrong: how many seconds it is ahead of WeCom's.
    #[serde(skip_serializing_if = "Option::is_none")]
    clock_skew_seconds: Option<i64>,
}

impl Tally {
    /// Whether nothing was done at all.
    pub(crate) fn is_empty(&self) -> bool {
        let Self { pulled, stored, duplicates, quarantined, media_fetched, media_failed, .. } = self;
        [pulled, stored, duplicates, quarantined, media_fetched, media_failed]
            .iter()
            .all(|count| **count == 0)
    }

    /// Whether there is nothing that somebody should look after.
    pub(crate) fn is_complete(&self) -> bool {
        let Self { quarantined, media_failed, media_pending, .. } = self;
        [*quarantined, *media_failed, *media_pending, self.watch.lost()].iter().all(|count| *count == 0)
    }

    pub(crate) fn for_machines<'a>(&self, corp_id: &'a str) -> ForMachines<'a> {
        ForMachines {
            corp_id,
            pulled: self.pulled,
            stored: self.stored,
            duplicates: self.duplicates,
            quarantined: self.quarantined,
            media_fetched: self.media_fetched,
            media_linked: self.media_linked,
            media_failed: self.media_failed,
            media_pending: self.media_pending,
            last_seq: self.last_seq,
            gaps: self.watch.gaps(),
            gaps_lost: self.watch.lost(),
            seconds: (self.seconds * 1000.0).round() / 1000.0,
            clock_skew_seconds: self.watch.clock_seconds(),
        }
    }

    pub(crate) fn for_people(
        &self,
        corp_id: &str,
        store: &Store,
        media: Option<&Path>,
        reasons: &[QuarantineReason],
    ) -> String {
        let mut text = String::new();
        // Writing to a String cannot fail.
        self.write(&mut text, corp_id, store, media, reasons).unwrap_or_default();
        text
    }

    fn write(
        &self,
        text: &mut String,
        corp_id: &str,
        store: &Store,
        media: Option<&Path>,
        reasons: &[QuarantineReason],
    ) -> std::fmt::Result {
        writeln!(
            text,
            "{corp_id}: {} pulled in {:.1} s, up to seq {}",
            messages(self.pulled),
            self.seconds,
            self.last_seq
        )?;
        let types: Vec<_> = self.types.iter().map(|(name, messages)| format!("{name} {messages}")).collect();
        let types = if types.is_empty() { String::new() } else { format!("  ({})", types.join(", ")) };
        writeln!(text, "  stored       {}{types}", self.stored)?;
        if self.duplicates > 0 {
            writeln!(text, "  duplicates   {}", self.duplicates)?;
        }
        let in_quarantine: u64 = reasons.iter().map(|reason| reason.messages).sum();
        if self.quarantined > 0 || in_quarantine > 0 {
            writeln!(text, "  quarantined  {} ({in_quarantine} altogether)", self.quarantined)?;
            for reason in reasons {
                let version =
                    reason.publickey_ver.map(|version| format!(" of version {version}")).unwrap_or_default();
                writeln!(text, "    {}{version}: {}", reason.reason, messages(reason.messages))?;
                writeln!(text, "      → {}", remedy(&reason.reason))?;
            }
        }
        let linked = match self.media_linked {
            0 => String::new(),
            linked => format!(" ({linked} were there already)"),
        };
        writeln!(
            text,
            "  media        {} fetched{linked}, {} failed, {} pending",
            self.media_fetched, self.media_failed, self.media_pending
        )?;
        if self.media_failed > 0 {
            let see = "`export` names them, with state \"expired\" or \"failed\"";
            writeln!(text, "      → {}", say(see, "可用 export 查看，状态为 expired 或 failed"))?;
        }
        if self.media_pending > 0 {
            let again = say(
                "a later `archive` tries them again, `archive --retry-now` at once; `export` has the reasons",
                "之后运行 archive 会重试，archive --retry-now 立即重试；原因可用 export 查看",
            );
            writeln!(text, "      → {again}")?;
        }
        self.watch.write(text)?;
        writeln!(text, "database: {}", store.path().display())?;
        if let Some(media) = media {
            writeln!(text, "media:    {}", media.display())?;
        }
        let db = store.path().display();
        writeln!(
            text,
            "{}",
            say("read them with: wecom-finance export --db", "查看消息：wecom-finance export --db")
                .to_owned()
                + &format!(" {db}")
        )
    }
}

fn messages(count: u64) -> String {
    if count == 1 { "1 message".to_owned() } else { format!("{count} messages") }
}

fn remedy(reason: &str) -> &'static str {
    match reason {
        "missing_key" => say(
            "add the private key of this version to the keys, then run `replay`",
            "将该版本的私钥加入密钥目录，然后运行 replay",
        ),
        "cannot_decrypt" => say(
            "check that the private key belongs to the public key of its version in the admin console, then run \
             `replay`",
            "请确认私钥与管理后台中该版本的公钥配对，然后运行 replay",
        ),
        "invalid_json" => say(
            "the text is kept as it is; report its form, so that it can be read",
            "明文已原样保留；请反馈其格式以便支持",
        ),
        _ => say(
            "WeCom sent it damaged; it is kept as it came, nothing else is affected",
            "企业微信下发的数据已损坏；已原样保留，不影响其他消息",
        ),
    }
}
