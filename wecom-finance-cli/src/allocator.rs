//! How much memory the allocator may keep for itself.

/// Begins the program anew, as the same process, with an allocator that gives back what is not in use. For runs that are
/// meant to last.
///
/// Once large blocks have been freed, glibc keeps up to 64 MiB for each of many threads, unless it was told before `main` how
/// much: a reply of some megabytes now and then is enough.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub(crate) fn give_memory_back() {
    use std::os::unix::process::CommandExt as _;
    use std::process::Command;

    const TRIM_THRESHOLD: &str = "MALLOC_TRIM_THRESHOLD_";
    /// The variable above may be taken away on the way, from a program with rights of its own.
    const BEGUN_ANEW: &str = "WECOM_FINANCE_BEGUN_ANEW";

    let is_told = |name| std::env::var_os(name).is_some();
    if is_told(TRIM_THRESHOLD) || is_told(BEGUN_ANEW) {
        return;
    }
    let Ok(program) = std::env::current_exe() else { return };
    let mut arguments = std::env::args_os();
    let mut anew = Command::new(program);
    if let Some(name) = arguments.next() {
        anew.arg0(name);
    }
    // It comes back only if it failed. Then this run takes more memory.
    let _not_begun = anew.args(arguments).env(TRIM_THRESHOLD, "131072").env(BEGUN_ANEW, "1").exec();
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(crate) fn give_memory_back() {}
