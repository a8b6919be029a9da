//! An S3-compatible server on loopback: `rclone serve s3` over a directory.

use std::fs;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

const KEY: &str = "an-access-key";
const SECRET: &str = "a-secret-access-key";
const BUCKET: &str = "archive";

pub(crate) struct Server {
    program: PathBuf,
    port: u16,
    folder: TempDir,
    child: Option<Child>,
}

impl Server {
    /// `None`, with the reason on stdout, without rclone.
    pub(crate) fn start() -> Option<Self> {
        let program = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../target/rclone/rclone"));
        if !program.exists() {
            let reason = format!("no rclone at {}: tests/fetch-rclone fetches it", program.display());
            assert!(std::env::var_os("WECOM_FINANCE_REQUIRE_RCLONE").is_none(), "{reason}");
            println!("skipped: {reason}");
            return None;
        }
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join(BUCKET)).unwrap();
        let mut server = Self { program, port, folder, child: None };
        server.up();
        Some(server)
    }

    pub(crate) fn up(&mut self) {
        let mut command = Command::new(&self.program);
        command.args(["serve", "s3", "--config", "/dev/null", "--addr", &format!("127.0.0.1:{}", self.port)]);
        command.arg("--auth-key").arg(format!("{KEY},{SECRET}")).arg(self.folder.path());
        self.child = Some(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
        let since = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_err() {
            assert!(since.elapsed() < Duration::from_secs(30), "rclone does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub(crate) fn down(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// The bucket as a directory.
    pub(crate) fn bucket(&self) -> PathBuf {
        self.folder.path().join(BUCKET)
    }

    pub(crate) fn address(prefix: &str) -> String {
        format!("s3://{BUCKET}/{prefix}")
    }

    /// Tells a command where the server is, with this secret.
    pub(crate) fn known_to(&self, command: &mut Command, secret: &str) {
        command.env("AWS_ENDPOINT", format!("http://127.0.0.1:{}", self.port)).env("AWS_ALLOW_HTTP", "true");
        command.env("AWS_ACCESS_KEY_ID", KEY).env("AWS_SECRET_ACCESS_KEY", secret);
        command.env("AWS_REGION", "us-east-1");
    }

    pub(crate) fn serves(&self, command: &mut Command) {
        self.known_to(command, SECRET);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.down();
    }
}
