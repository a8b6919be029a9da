use crate::worker::{WorkerEnd, WorkerStartError};

pub(super) fn start(error: &WorkerStartError) -> String {
    match error {
        WorkerStartError::Unsupported => "工作进程需要 Unix 系统".to_owned(),
        WorkerStartError::Spawn { program, source } => {
            format!("无法启动工作进程 {}：{source}", program.display())
        }
        WorkerStartError::NotAWorker { program, end: ended } => {
            format!("{} 不是工作进程：它{}", program.display(), end(*ended))
        }
        WorkerStartError::Nested => {
            "本进程是作为工作进程启动的，但没有首先调用 wecom_finance::worker::run_if_child()".to_owned()
        }
        WorkerStartError::VersionMismatch { program, worker, own } => {
            format!("工作进程 {} 的协议版本是 {worker}，本程序的是 {own}", program.display())
        }
        WorkerStartError::DiedLoading { program, library, end: ended } => {
            format!("工作进程 {} 在加载 {} 时{}", program.display(), library.display(), end(*ended))
        }
    }
}

/// What a worker process did, as the end of a sentence.
pub(super) fn end(end: WorkerEnd) -> String {
    match end {
        // The signal's name is in the English text.
        WorkerEnd::Signal(_) => {
            let text = end.to_string();
            format!("被信号 {} 终止", text.strip_prefix("was ended by ").unwrap_or(&text))
        }
        WorkerEnd::Exited(status) => format!("以状态 {status} 退出"),
        WorkerEnd::TimedOut(limit) => format!("{} 秒内没有应答，已被终止", limit.as_secs()),
        WorkerEnd::BrokeProtocol => "的应答不符合协议，已被终止".to_owned(),
        WorkerEnd::Unknown => "已结束，系统未说明原因".to_owned(),
    }
}
