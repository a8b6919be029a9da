//! Finding the vendor's library, and loading it.

use std::env;
use std::path::{Path, PathBuf};

use wecom_finance::{Error, Library, LibraryFile};

use super::announce;
use crate::args::CommonArgs;
use crate::failure::Failure;
use crate::language::say;

const FILE_NAME: &str = if cfg!(windows) { "WeWorkFinanceSdk.dll" } else { "libWeWorkFinanceSdk_C.so" };

/// Where the loader looks on the systems that the vendor builds for.
const SYSTEM_DIRECTORIES: &[&str] = if cfg!(windows) {
    &[]
} else {
    &[
        "/usr/local/lib",
        "/usr/local/lib64",
        if cfg!(target_arch = "aarch64") {
            "/usr/lib/aarch64-linux-gnu"
        } else {
            "/usr/lib/x86_64-linux-gnu"
        },
        "/usr/lib64",
        "/usr/lib",
        "/lib64",
        "/lib",
    ]
};

/// The library that the options name, or the first one that lies where libraries lie.
pub(crate) fn find(common: &CommonArgs) -> Result<PathBuf, Failure> {
    if let Some(path) = common.sdk.as_ref().filter(|path| !path.as_os_str().is_empty()) {
        return Ok(path.clone());
    }
    let searched = directories();
    if let Some(path) = searched.iter().map(|directory| directory.join(FILE_NAME)).find(|path| path.is_file())
    {
        return Ok(path);
    }
    let searched: Vec<String> = searched.iter().map(|directory| directory.display().to_string()).collect();
    Err(Failure::usage(
        say(
            &format!("{FILE_NAME} is not found; searched: {}", searched.join(", ")),
            &format!("未找到 {FILE_NAME}；已搜索：{}", searched.join("、")),
        ),
        say(
            "download it from https://developer.work.weixin.qq.com/document/path/91774 and give its path with --sdk or \
             WECOM_FINANCE_SDK, or try --demo, which needs none",
            "请从 https://developer.work.weixin.qq.com/document/path/91774 下载，并用 --sdk 或 WECOM_FINANCE_SDK 指定路径；\
             也可以用 --demo 试用，无需 SDK",
        ),
    )
    .code("sdk_not_given"))
}

fn directories() -> Vec<PathBuf> {
    let beside = env::current_exe().ok().and_then(|program| program.parent().map(Path::to_owned));
    let loader_path = env::var_os(if cfg!(windows) { "PATH" } else { "LD_LIBRARY_PATH" }).unwrap_or_default();
    let named = env::split_paths(&loader_path).filter(|directory| !directory.as_os_str().is_empty());
    let mut all: Vec<PathBuf> = Vec::new();
    for directory in beside.into_iter().chain(named).chain(SYSTEM_DIRECTORIES.iter().map(PathBuf::from)) {
        if !all.contains(&directory) {
            all.push(directory);
        }
    }
    all
}

/// Loads the library that the operator named or installed.
#[allow(
    unsafe_code,
    reason = "loading a library runs its code; here is where the operator's choice is taken at its word"
)]
pub(crate) fn open(path: &Path) -> Result<Library, Failure> {
    // SAFETY: whoever runs this program chose the file as the vendor's SDK, by naming it or by installing it where
    // libraries lie. Its format and its exports are checked, and the log says which build it is.
    let library = unsafe { Library::open(path) }.map_err(Error::from)?;
    if let (Some(path), Some(build)) = (library.path(), library.build()) {
        announce(path, &build);
    }
    Ok(library)
}

/// The same without loading it: that is left to a worker.
pub(crate) fn file(path: &Path) -> Result<LibraryFile, Failure> {
    let file = LibraryFile::at(path).map_err(Error::from)?;
    announce(file.path(), &file.build());
    Ok(file)
}
