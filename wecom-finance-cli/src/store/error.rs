use std::io;
use std::path::Path;

use rusqlite::ErrorCode;

use crate::failure::Failure;
use crate::language::say;

/// Why the database cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    #[error("there is no such database")]
    Missing,
    #[error("it cannot be reached: {0}")]
    Unreachable(io::Error),
    #[error("it is a directory, not a database")]
    IsADirectory,
    #[error("it is not a SQLite database")]
    NotADatabase,
    #[error("it is a database, but not an archive of this program")]
    NotOurs,
    #[error("its layout is version {found}, this program knows versions up to {known}")]
    Newer { found: i32, known: i32 },
    #[error("its layout is version {found}, this program reads version {known}")]
    Older { found: i32, known: i32 },
    #[error("another run of this program is using it")]
    InUse,
    #[error("its lock cannot be taken: {0}")]
    Lock(io::Error),
    #[error("WeCom handed out seq {0}, which no message can have")]
    SeqTooLarge(u64),
    #[error("{0}")]
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => Self::NotADatabase,
            _ => Self::Sqlite(error),
        }
    }
}

impl StoreError {
    /// Whether it failed because SQLite cannot write beside the database.
    pub(super) fn is_about_writing(&self) -> bool {
        let Self::Sqlite(error) = self else { return false };
        matches!(error.sqlite_error_code(), Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly))
    }

    /// Names the database, and says what to do.
    pub(crate) fn about(self, path: &Path) -> Failure {
        let remedy = self.remedy();
        Failure::stop(format!("database {}: {self}", path.display()), remedy)
    }

    fn remedy(&self) -> &'static str {
        match self {
            Self::Missing => say(
                "give the database of an earlier `archive` run with --db",
                "请用 --db 指定之前 archive 命令生成的数据库",
            ),
            Self::Unreachable(_) | Self::Lock(_) => say(
                "check the path given with --db and the rights on its directory",
                "请检查 --db 指定的路径及其目录的权限",
            ),
            Self::IsADirectory => say("give a file with --db", "请用 --db 指定一个文件"),
            Self::NotADatabase | Self::NotOurs => say(
                "give another file with --db; this one is left as it is",
                "请用 --db 指定其他文件；该文件未被改动",
            ),
            Self::Newer { .. } => say(
                "use the version of this program that wrote it, or a later one",
                "请使用写入该数据库的版本或更新版本的本程序",
            ),
            Self::Older { .. } => say(
                "run `archive` once with this version, which brings the database up to date",
                "请先用当前版本运行一次 archive，以升级数据库",
            ),
            Self::InUse => say(
                "wait for the other run to end, or stop it; one at a time may write to a database",
                "请等待另一个运行结束或将其停止；同一数据库同一时间只允许一个写入进程",
            ),
            Self::SeqTooLarge(_) => say(
                "nothing of that page was stored; look at what stands between this machine and WeCom",
                "该页数据未保存；请检查本机与企业微信之间的网络环节",
            ),
            Self::Sqlite(error) => match error.sqlite_error_code() {
                Some(ErrorCode::DiskFull) => say(
                    "make room on its disk, and run the command again; nothing that was stored is lost",
                    "请清理磁盘空间后重新运行；已保存的数据不会丢失",
                ),
                Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied | ErrorCode::ReadOnly) => say(
                    "check that its directory exists and that this user may write there",
                    "请检查其目录是否存在，以及当前用户是否有写入权限",
                ),
                Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => say(
                    "another program holds it locked: end that one, and run the command again",
                    "有其他程序锁定了该数据库：请结束该程序后重新运行",
                ),
                Some(ErrorCode::DatabaseCorrupt) => say(
                    "restore it from a backup, or save what is left with sqlite3's .recover",
                    "请从备份恢复，或使用 sqlite3 的 .recover 抢救数据",
                ),
                _ => say(
                    "check the disk and the rights on the file, and run the command again",
                    "请检查磁盘和文件权限后重新运行",
                ),
            },
        }
    }
}
