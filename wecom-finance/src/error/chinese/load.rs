use wecom_finance_sys::{Clash, LoadError};

pub(super) fn describe(error: &LoadError) -> String {
    let path = error.path().display();
    match error {
        LoadError::NotFound { .. } => format!(
            "{path} 不存在：请从企业微信开发者中心下载 SDK（https://developer.work.weixin.qq.com/document/path/91774），\
             并指定 libWeWorkFinanceSdk_C.so 的路径"
        ),
        LoadError::NotReadable { source, .. } => format!("无法读取 {path}：{source}"),
        LoadError::NotALibrary { found, .. } => {
            format!("{path} 不是本系统的动态库，而是{}", found_instead(found))
        }
        LoadError::WrongArchitecture { library, host, .. } => {
            format!("{path} 适用于 {library}，而本程序适用于 {host}：请从官方下载包中选用 {host} 版本的 SDK")
        }
        LoadError::Musl { .. } => format!(
            "{path} 需要 glibc 2.17 或更高版本，而本程序是 musl（Alpine）构建：请使用 gnu 构建，并在 glibc 系统（如 Debian 镜像）上运行"
        ),
        LoadError::MissingDependency { library, .. } => {
            let package = if library.starts_with("libz.") {
                "zlib（Debian、Ubuntu：apt-get install zlib1g；CentOS：yum install zlib）"
            } else {
                "包含它的软件包"
            };
            format!("{path} 需要 {library}，但系统未安装：请安装{package}")
        }
        LoadError::OldSystem { version, .. } => {
            format!("{path} 需要 {version}，而本系统的 C 库版本过低：请使用更新的系统")
        }
        LoadError::MissingSymbol { symbol, .. } => format!(
            "{path} 没有导出 {symbol}：它不是企业微信 SDK 的 C 接口库（应为 libWeWorkFinanceSdk_C.so，而非 Java 版本）"
        ),
        LoadError::SymbolClash { clash, .. } => {
            format!("未加载 {path}，否则本进程会崩溃：{}", in_the_way(clash))
        }
        LoadError::AlreadyLoaded { loaded, .. } => {
            format!("本进程已加载 {}，一个进程只能使用一个 SDK，因此不能再加载 {path}", loaded.display())
        }
        LoadError::NotLoadable { detail, .. } if detail.contains("failed to map segment") => {
            format!(
                "无法加载 {path}：{detail}：所在文件系统以 noexec 挂载，或安全策略禁止执行，请移到其他位置"
            )
        }
        LoadError::NotLoadable { detail, .. } => format!("无法加载 {path}：{detail}"),
        // There may be more one day; their English words are better than none.
        other => other.to_string(),
    }
}

/// What [`LoadError::NotALibrary`] found, which is text.
fn found_instead(found: &str) -> String {
    let chinese = match found {
        "an empty file" => "空文件：请重新下载",
        "a Linux library" => "Linux 动态库：官方只提供 Linux 和 Windows 版本",
        "a Windows library" => "Windows 动态库：请从官方下载包中选用 Linux 版本",
        "a gzip archive" | "a zip archive" => "压缩包：请解压后指定其中动态库的路径",
        "an HTML or XML page" => "HTML 或 XML 页面：请指定官方下载包中动态库的路径",
        "an incomplete library" | "the first bytes of a library" => "不完整的动态库：请重新下载",
        "something else" => "其他文件：请指定官方下载包中动态库的路径",
        other => other,
    };
    format!(" {chinese}")
}

fn in_the_way(clash: &Clash) -> String {
    match clash {
        Clash::GlobalProtobuf { library: Some(library) } => {
            format!("全局作用域中已有 protobuf 库（{}）", library.display())
        }
        Clash::GlobalProtobuf { library: None } => "全局作用域中已有 protobuf 库".to_owned(),
        Clash::PrivateLibstdcxx { users, .. } => {
            let users: Vec<String> = users.iter().map(|path| path.display().to_string()).collect();
            format!("进程中已有单独加载的 C++ 运行库（来自 {}）", users.join("、"))
        }
        other => other.to_string(),
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use wecom_finance_sys::LibraryFile;

    use super::*;

    #[test]
    fn whatever_a_file_is_instead_is_said_in_chinese() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("candidate.so");
        let mut cut_short = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        cut_short.truncate(cut_short.len() / 2);
        for content in [&b""[..], b"MZ\x90", b"\x1f\x8b\x08", b"PK\x03\x04", b"<html>", b"hello", &cut_short]
        {
            std::fs::write(&path, content).unwrap();
            let error = LibraryFile::at(&path).unwrap_err();
            let text = describe(&error);
            let (_, instead) = text.split_once("不是本系统的动态库，而是").unwrap();
            assert!(instead.contains("：请"), "{error} has no Chinese: {text}");
        }
    }
}
