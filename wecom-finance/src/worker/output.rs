//! What a worker prints: kept away from the program's own output, and searched for what the SDK tells nobody else.
//!
//! The SDK prints a refused token request on stdout, `WeWorkFinanceSdk:access:{"errcode":…}`, and reports 10001. What
//! is printed may hold tokens and texts: of stdout, nothing but refusals is kept, and nothing is logged.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::sync::{Arc, Mutex};
use std::thread;

use rustix::event::{PollFd, PollFlags, poll};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::lock;

/// The most that is kept of either stream.
const KEPT_BYTES: usize = 64 * 1024;

/// The most that a log line says of it.
const LAST_WORDS_BYTES: usize = 1_000;

const ACCESS: &[u8] = b"WeWorkFinanceSdk:access:";

/// Both streams of a worker.
pub(super) struct Output {
    stdout: File,
    stderr: File,
    read: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    refusals: Refusals,
    stderr: Vec<u8>,
    stdout_ended: bool,
    stderr_ended: bool,
}

/// What the server said instead of handing out a token.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Refusal {
    #[serde(rename = "errcode")]
    pub(super) code: i64,
    #[serde(rename = "errmsg", default)]
    pub(super) message: String,
}

impl Output {
    /// Reads both streams from now on, on a thread of its own, until they end.
    pub(super) fn capture(stdout: OwnedFd, stderr: OwnedFd) -> io::Result<Arc<Self>> {
        // Several threads read: none may be left waiting for what another one took.
        rustix::io::ioctl_fionbio(&stdout, true)?;
        rustix::io::ioctl_fionbio(&stderr, true)?;
        let output = Arc::new(Self {
            stdout: stdout.into(),
            stderr: stderr.into(),
            read: Mutex::new(Kept::default()),
        });
        let reader = Arc::clone(&output);
        thread::Builder::new().name("wecom-output".to_owned()).spawn(move || reader.read_to_end())?;
        Ok(output)
    }

    fn read_to_end(&self) {
        loop {
            let (stdout_ended, stderr_ended) = self.read_what_is_there();
            let open = [(&self.stdout, stdout_ended), (&self.stderr, stderr_ended)];
            let mut waiting: Vec<PollFd<'_>> = open
                .iter()
                .filter(|(_, ended)| !ended)
                .map(|(stream, _)| PollFd::from_borrowed_fd(stream.as_fd(), PollFlags::IN))
                .collect();
            if waiting.is_empty() {
                return;
            }
            match poll(&mut waiting, None) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                // Nothing to wait with: what is printed is read when somebody asks.
                Err(_) => return,
            }
        }
    }

    /// Reads without waiting, and tells which streams have ended.
    fn read_what_is_there(&self) -> (bool, bool) {
        let mut kept = lock(&self.read);
        let Kept { refusals, stderr, stdout_ended, stderr_ended } = &mut *kept;
        *stdout_ended = *stdout_ended || read_available(&self.stdout, |bytes| refusals.search(bytes));
        *stderr_ended = *stderr_ended
            || read_available(&self.stderr, |bytes| {
                stderr.extend_from_slice(bytes);
                stderr.drain(..stderr.len().saturating_sub(KEPT_BYTES));
            });
        (*stdout_ended, *stderr_ended)
    }

    /// How many refusals there were so far.
    pub(super) fn refusals(&self) -> u64 {
        self.read_what_is_there();
        lock(&self.read).refusals.count
    }

    /// The last refusal, if there was one beyond the first `seen`.
    ///
    /// Calls that run at the same time have the same secret, so a refusal is the true reason for any of them.
    pub(super) fn refusal_beyond(&self, seen: u64) -> Option<Refusal> {
        self.read_what_is_there();
        let kept = lock(&self.read);
        kept.refusals.last.clone().filter(|_| kept.refusals.count > seen)
    }

    /// The end of stderr, for a log: where the C++ runtime and the allocator say why they give up.
    pub(super) fn last_words(&self) -> String {
        self.read_what_is_there();
        let kept = lock(&self.read);
        let from = kept.stderr.len().saturating_sub(LAST_WORDS_BYTES);
        let text = String::from_utf8_lossy(kept.stderr.get(from..).unwrap_or_default()).into_owned();
        // Replies and messages are JSON, and nobody's last words are.
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.contains(['{', '"']));
        lines.collect::<Vec<_>>().join(" | ")
    }
}

/// Hands over what can be read without waiting; `true` at the end of the stream.
fn read_available(mut stream: &File, mut each: impl FnMut(&[u8])) -> bool {
    let mut buffer = Zeroizing::new([0; 4096]);
    // More than a pipe holds, so all that is there now is read; but not for as long as the worker likes to print.
    for _ in 0..32 {
        match stream.read(&mut *buffer) {
            Ok(0) => return true,
            Ok(read) => each(buffer.get(..read).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return error.kind() != io::ErrorKind::WouldBlock,
        }
    }
    false
}

/// The refused token requests in a stream of bytes.
#[derive(Default)]
struct Refusals {
    count: u64,
    last: Option<Refusal>,
    /// What may be the beginning of one.
    unfinished: Zeroizing<Vec<u8>>,
}

impl Refusals {
    fn search(&mut self, bytes: &[u8]) {
        self.unfinished.extend_from_slice(bytes);
        let mut done = 0;
        while let Some(rest) = self.unfinished.get(done..) {
            let Some(start) = memchr::memmem::find(rest, ACCESS) else {
                done = done.saturating_add(rest.len().saturating_sub(ACCESS.len().saturating_sub(1)));
                break;
            };
            let reply = rest.get(start.saturating_add(ACCESS.len())..).unwrap_or_default();
            let mut values = serde_json::Deserializer::from_slice(reply).into_iter::<Refusal>();
            match values.next() {
                Some(Ok(refusal)) => {
                    if refusal.code != 0 {
                        self.count = self.count.saturating_add(1);
                        self.last = Some(refusal);
                    }
                }
                Some(Err(error)) if error.is_eof() && reply.len() < KEPT_BYTES => {
                    done = done.saturating_add(start);
                    break;
                }
                None if reply.is_empty() => {
                    done = done.saturating_add(start);
                    break;
                }
                // A page of HTML, or JSON of another shape.
                Some(Err(_)) | None => {}
            }
            done = done.saturating_add(start).saturating_add(ACCESS.len());
        }
        let done = done.min(self.unfinished.len());
        self.unfinished.drain(..done);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFUSED: &[u8] =
        b"WeWorkFinanceSdk:access:{\"errcode\":60020,\"errmsg\":\"not allow to access from your ip, \
        hint: [1], from ip: 203.0.113.9\"}\xa3\xactime:1711432801\n";
    const GRANTED: &[u8] =
        b"WeWorkFinanceSdk:access:{\"errcode\":0,\"errmsg\":\"ok\",\"access_token\":\"x\",\"expires_in\":7200}\n";

    fn found(pieces: &[&[u8]]) -> (u64, Option<i64>) {
        let mut refusals = Refusals::default();
        for piece in pieces {
            refusals.search(piece);
        }
        assert!(refusals.unfinished.len() < KEPT_BYTES);
        (refusals.count, refusals.last.map(|refusal| refusal.code))
    }

    #[test]
    fn a_refusal_is_found_however_it_arrives() {
        assert_eq!(found(&[REFUSED]), (1, Some(60020)));
        assert_eq!(found(&[b"noise{", REFUSED, GRANTED, b"more", REFUSED]), (2, Some(60020)));
        for cut in 0..REFUSED.len() {
            let (head, tail) = REFUSED.split_at(cut);
            assert_eq!(found(&[b"\x00\xff", head, tail]), (1, Some(60020)), "cut at {cut}");
        }
        let bytes: Vec<&[u8]> = REFUSED.chunks(1).collect();
        assert_eq!(found(&bytes), (1, Some(60020)));
    }

    #[test]
    fn what_is_no_refusal_is_none() {
        for noise in [
            &b""[..],
            GRANTED,
            b"WeWorkFinanceSdk:access:",
            b"WeWorkFinanceSdk:access:<html>",
            b"WeWorkFinanceSdk:access:{\"errcode\":\"x\"}",
            b"WeWorkFinanceSdk:access:[[[[",
        ] {
            assert_eq!(found(&[noise]), (0, None), "{}", String::from_utf8_lossy(noise));
        }
        assert_eq!(
            found(&[b"WeWorkFinanceSdk:access:{\"errmsg\":\"", REFUSED]),
            (1, Some(60020)),
            "after a torn one"
        );
    }

    #[test]
    fn nothing_that_is_printed_fills_the_memory() {
        let mut refusals = Refusals::default();
        refusals.search(b"WeWorkFinanceSdk:access:[\"");
        for _ in 0..1_000 {
            refusals.search(&[b'a'; 4096]);
            assert!(refusals.unfinished.len() <= KEPT_BYTES + 4096);
        }
        refusals.search(REFUSED);
        assert_eq!(refusals.count, 1);
    }
}
