//! Programs that have libraries beside which the SDK cannot live.

use libloading::os::unix::{Library as AnyLibrary, RTLD_GLOBAL, RTLD_LOCAL, RTLD_NOW};
use wecom_finance::{KeyRing, LibraryFile, LibrarySource, OpenOptions, Proxy, RetryPolicy, Sdk, Worker};

pub(crate) struct Corp<'a> {
    pub(crate) proxy: &'a str,
    pub(crate) id: &'a str,
    pub(crate) secret: &'a str,
    pub(crate) key: &'a str,
}

/// Loads the other libraries (`global:PATH` or `private:PATH`), then the SDK, and archives.
#[allow(unsafe_code, reason = "loading libraries is the subject")]
pub(crate) fn archive(how: &str, library: &str, corp: &Corp<'_>, others: &[&str]) {
    let load_others = || {
        for other in others {
            let (scope, path) = other.split_once(':').unwrap();
            let scope = if scope == "global" { RTLD_GLOBAL } else { RTLD_LOCAL };
            // SAFETY: libraries that the test has made; they stay loaded.
            let loaded = unsafe { AnyLibrary::open(Some(path), RTLD_NOW | scope) }.unwrap();
            Box::leak(Box::new(loaded));
        }
    };
    if how != "first" {
        load_others();
    }
    // SAFETY: the vendor's library.
    let open = |options: OpenOptions| unsafe { options.open(library) };
    let source: LibrarySource = match how {
        "plain" => open(OpenOptions::new().accept_clash(true)).unwrap().into(),
        "in-process" | "first" => match open(OpenOptions::new()) {
            Ok(library) => library.into(),
            Err(error) => {
                println!("refused: {error}");
                return;
            }
        },
        "worker" => LibraryFile::at(library).unwrap().into(),
        _ => panic!("{how}"),
    };
    if how == "first" {
        load_others();
    }
    let mut builder = Sdk::builder(source, corp.id, corp.secret)
        .proxy(Proxy::parse(corp.proxy).unwrap())
        .retry(RetryPolicy::never());
    if how == "worker" {
        builder = builder.isolated(Worker::this_program());
    }
    let mut keys = KeyRing::new();
    keys.insert_file(1, corp.key, None).unwrap();
    let sdk = builder.build().unwrap();
    let opened = sdk.chat(&keys).map(Result::unwrap).count();
    println!("opened {opened}");
}
