//! Development tasks of the workspace.
//!
//! `cargo xtask bindings` writes `wecom-finance-sys/src/bindings.rs` from the header; `--check` only compares and
//! fails on a difference. Both need libclang: `pip install libclang`, then `LIBCLANG_PATH` naming its `native` folder.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

type Outcome = Result<(), Box<dyn std::error::Error>>;

#[expect(clippy::print_stderr, reason = "a command-line tool reports on stderr")]
fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match arguments.as_slice() {
        ["bindings"] => write_bindings(),
        ["bindings", "--check"] => check_bindings(),
        _ => Err("usage: cargo xtask bindings [--check]".into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}

fn write_bindings() -> Outcome {
    fs::write(bindings_path(), generated_bindings()?)?;
    Ok(())
}

fn check_bindings() -> Outcome {
    let path = bindings_path();
    if fs::read_to_string(&path)? == generated_bindings()? {
        return Ok(());
    }
    Err(format!("{} is not what bindgen makes of the header: run `cargo xtask bindings`", path.display())
        .into())
}

fn generated_bindings() -> Result<String, Box<dyn std::error::Error>> {
    let header = sys_crate().join("include/wework_finance_sdk.h");
    let bindings = bindgen::Builder::default()
        .header(header.display().to_string())
        .allowlist_file(".*wework_finance_sdk\\.h")
        .dynamic_library_name("SdkLibrary")
        .dynamic_link_require_all(true)
        .wrap_unsafe_ops(true)
        .layout_tests(true)
        .use_core()
        .rust_edition(bindgen::RustEdition::Edition2024)
        .rust_target(bindgen::RustTarget::stable(85, 0).map_err(|error| error.to_string())?)
        .formatter(bindgen::Formatter::Prettyplease)
        .generate()?;
    Ok(bindings.to_string())
}

fn bindings_path() -> PathBuf {
    sys_crate().join("src/bindings.rs")
}

fn sys_crate() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../wecom-finance-sys")
}
