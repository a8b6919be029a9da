//! Where the archive is kept: the database, the media directory, the clock.

mod watch;

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use wecom_finance::Timestamp;

use super::check::Checks;
use crate::args::{ArchivePlace, CommonArgs};
use crate::connect;
use crate::download::disk_failure;
use crate::language::say;
use crate::shelf;
use crate::store::{Lock, Store, StoreError, now};

pub(super) use watch::clock_against_wecom;

/// 2025-06-01 and 2100-01-01, in seconds: outside of these a clock is wrong.
const CLOCK: std::ops::Range<u64> = 1_748_736_000..4_102_444_800;

const LITTLE_SPACE: u64 = 1 << 30;

/// With less than this a run would stop: SQLite's log of a page of messages alone takes some megabytes.
const TOO_LITTLE_SPACE: u64 = 16 << 20;

/// Checks the place, and gives the cursor that an archive run would begin with.
pub(super) fn check(checks: &mut Checks, common: &CommonArgs, place: &ArchivePlace) -> u64 {
    let corp_id = connect::corp_id(common).ok().flatten().unwrap_or_default();
    let cursor = database(checks, &corp_id, &place.db, common.demo);
    if !place.no_media {
        media(checks, &place.media, &place.db);
    }
    clock(checks);
    cursor
}

fn database(checks: &mut Checks, corp_id: &str, path: &Path, demo: bool) -> u64 {
    let store = match Store::open_for_reading(path) {
        Ok(store) => store,
        Err(StoreError::Missing) => {
            let directory = directory_of(path);
            if is_usable(checks, "database", &directory) {
                let path = path.display();
                checks.ok("database", say(&format!("{path} will be made"), &format!("将创建 {path}")));
            }
            return 0;
        }
        Err(error @ StoreError::Older { .. }) => {
            let failure = error.about(path);
            checks.warn("database", failure.what(), failure.remedy());
            return 0;
        }
        Err(error) => {
            checks.failure("database", &error.about(path));
            return 0;
        }
    };
    let cursor = match store.cursor(corp_id) {
        Ok(cursor) => cursor,
        Err(error) => {
            checks.failure("database", &error.about(path));
            return 0;
        }
    };
    if let Err(detail) = writable(path) {
        checks.fail("database", detail, rights());
    } else if is_usable(checks, "database", &directory_of(path)) {
        let path = path.display();
        let detail =
            say(&format!("{path}, pulled up to seq {cursor}"), &format!("{path}，已拉取至 seq {cursor}"))
                .to_owned();
        checks.ok("database", detail);
    }
    if let Err(error @ StoreError::InUse) = Lock::take_if_there(path) {
        let failure = error.about(path);
        checks.warn("lock", failure.what(), failure.remedy());
    }
    if !demo {
        watch::cursor(checks, &store, corp_id);
        expiring(checks, &store, corp_id);
    }
    watch::gaps(checks, &store, corp_id);
    cursor
}

/// The files that WeCom is about to forget.
fn expiring(checks: &mut Checks, store: &Store, corp_id: &str) {
    const DAY_MILLIS: i64 = 86_400_000;
    let now = now();
    let until = |deadline| store.count_pending_until(corp_id, deadline);
    let (Ok(over), Ok(soon), Ok(pending)) =
        (until(now), until(now.saturating_add(DAY_MILLIS)), until(i64::MAX))
    else {
        return;
    };
    let soon = soon.saturating_sub(over);
    if soon > 0 || over > 0 {
        checks.warn(
            "media queue",
            say(
                &format!(
                    "{pending} media files are pending: the time of {over} is over, that of {soon} within 24 hours"
                ),
                &format!("{pending} 个媒体文件待下载：其中 {over} 个已过期，{soon} 个将在 24 小时内过期"),
            ),
            say(
                "run `archive` now: WeCom forgets files a few days after their message",
                "请立即运行 archive：企业微信仅在消息发送后的数日内保留文件",
            ),
        );
    } else {
        let detail = say(
            &format!("{pending} media files are pending, none expires within 24 hours"),
            &format!("{pending} 个媒体文件待下载，24 小时内无过期"),
        )
        .to_owned();
        checks.ok("media queue", detail);
    }
}

fn media(checks: &mut Checks, path: &Path, db: &Path) {
    let place = match shelf::place(path, db) {
        Ok(place) => place,
        Err(failure) => return checks.failure("media", &failure),
    };
    // Files for elsewhere grow on this machine.
    let is_elsewhere = place.staging.root() != path;
    if is_elsewhere && let Err(error) = place.shelf.length_of("doctor") {
        return checks.failure("media", &disk_failure(path, &error));
    }
    let path = place.staging.root();
    // It is made when it is needed, with what is missing above it.
    let Some(present) = path.ancestors().map(or_here).find(|path| path.exists()) else { return };
    if !present.is_dir() {
        return checks.fail(
            "media",
            say(
                &format!("{} is not a directory", present.display()),
                &format!("{} 不是目录", present.display()),
            ),
            say("give a directory with --media", "请用 --media 指定一个目录"),
        );
    }
    if !is_usable(checks, "media", &present) {
        return;
    }
    match free_space(&present) {
        Some(free) if free < LITTLE_SPACE => {
            checks.warn("media", only(path, free), say("make room on its disk", "请清理磁盘空间"));
        }
        Some(free) => {
            let (path, free) = (path.display(), free >> 30);
            let detail =
                say(&format!("{path}, {free} GiB free"), &format!("{path}，可用 {free} GiB")).to_owned();
            checks.ok("media", detail);
        }
        None => checks.ok("media", path.display().to_string()),
    }
}

/// Whether a run may write to this directory, and has room there. If not, that is the check.
fn is_usable(checks: &mut Checks, name: &'static str, directory: &Path) -> bool {
    if let Err(detail) = writable(directory) {
        checks.fail(name, detail, rights());
        return false;
    }
    match free_space(directory) {
        Some(free) if free < TOO_LITTLE_SPACE => {
            let remedy = say(
                "make room on its disk, or choose another place with --db and --media",
                "请清理磁盘空间，或用 --db 和 --media 选择其他位置",
            );
            checks.fail(name, only(directory, free), remedy);
            false
        }
        _ => true,
    }
}

fn only(path: &Path, free: u64) -> String {
    let (path, free) = (path.display(), free >> 20);
    say(&format!("{path}: only {free} MiB are free"), &format!("{path}：仅剩 {free} MiB 可用")).to_owned()
}

fn clock(checks: &mut Checks) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    if CLOCK.contains(&now) {
        checks.ok("clock", Timestamp::from_seconds(i64::try_from(now).unwrap_or(i64::MAX)).to_string());
    } else {
        checks.fail(
            "clock",
            say("this machine's clock is wrong by years", "本机时钟偏差数年"),
            say("set it: certificates and tokens depend on it", "请校准时钟：证书和令牌都依赖它"),
        );
    }
}

fn directory_of(path: &Path) -> PathBuf {
    or_here(path.parent().unwrap_or(Path::new("")))
}

fn or_here(path: &Path) -> PathBuf {
    if path.as_os_str().is_empty() { PathBuf::from(".") } else { path.to_owned() }
}

fn rights() -> &'static str {
    say(
        "make the directory, give this user the right to write there, or choose another place with --db and --media",
        "请创建目录并授予当前用户写入权限，或用 --db 和 --media 选择其他位置",
    )
}

#[cfg(unix)]
fn writable(path: &Path) -> Result<(), String> {
    rustix::fs::access(path, rustix::fs::Access::WRITE_OK).map_err(|error| {
        let path = path.display();
        say(&format!("{path} cannot be written: {error}"), &format!("{path} 不可写：{error}")).to_owned()
    })
}

#[cfg(not(unix))]
fn writable(path: &Path) -> Result<(), String> {
    if path.exists() {
        return Ok(());
    }
    let path = path.display();
    Err(say(&format!("{path} does not exist"), &format!("{path} 不存在")).to_owned())
}

#[cfg(unix)]
fn free_space(path: &Path) -> Option<u64> {
    let space = rustix::fs::statvfs(path).ok()?;
    space.f_bavail.checked_mul(space.f_frsize)
}

#[cfg(not(unix))]
fn free_space(_path: &Path) -> Option<u64> {
    None
}
