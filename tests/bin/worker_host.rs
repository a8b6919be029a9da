//! A program with a worker.

fn main() {
    wecom_finance::worker::run_if_child();
}
