//! Programs with a worker, each by its name in the first argument. Without one, it is nothing but a worker.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "it is part of a test"
)]

#[path = "worker_host/clash.rs"]
mod clash;
#[path = "worker_host/impostor.rs"]
mod impostor;
#[path = "worker_host/lasting.rs"]
mod lasting;

fn main() {
    impostor::run_if_told();
    if std::env::var_os("WORKER_HOST_FORGETS").is_none() {
        wecom_finance::worker::run_if_child();
    }

    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        [] => {}
        ["hold", library] => lasting::hold(library),
        ["hold-socket", library] => lasting::hold_socket(library),
        ["restarts", library, count] => lasting::restarts(library, count.parse().unwrap()),
        ["clash", how, library, proxy, id, secret, key, ref others @ ..] => {
            let corp = clash::Corp { proxy, id, secret, key };
            clash::archive(how, library, &corp, others);
        }
        ["forgetful", library] => lasting::forgetful(library),
        _ => panic!("{arguments:?}"),
    }
}
