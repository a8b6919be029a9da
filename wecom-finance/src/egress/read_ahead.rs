//! The next piece of a file, fetched while the SDK works on the one before.
//!
//! The SDK takes some 20 ms of computing for a piece, and asks for the next one only then. A reader that goes through a file in
//! sequence so waits for WeCom less, or not at all.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::oneshot;
use zeroize::Zeroizing;

use super::http::Request;
use super::upstream::UpstreamReply;

/// Pieces that wait for the SDK, of different files. What comes in addition displaces the oldest.
const WAITING: usize = 8;
/// Files whose readers are known to go through them in sequence.
const READERS: usize = 64;
/// The SDK's own pieces have half of that.
const LARGEST: u64 = 1024 * 1024;

pub(super) struct ReadAhead {
    enabled: bool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// What the SDK is asking for just now.
    asked: Vec<Piece>,
    /// Where those who read in sequence will go on.
    readers: VecDeque<(File, u64)>,
    fetched: VecDeque<(Piece, Fetched)>,
}

/// The reply to a request that the SDK has not made yet, as soon as it is there. Nothing comes if it was no proper one.
pub(super) type Fetched = oneshot::Receiver<UpstreamReply>;

/// A file as requests name it, access token included.
#[derive(Clone, PartialEq, Eq)]
struct File {
    target: Zeroizing<String>,
    body: Bytes,
}

#[derive(Clone, PartialEq, Eq)]
struct Piece {
    file: File,
    first: u64,
    last: u64,
}

/// A piece that the SDK asked for.
pub(super) struct Asked<'a> {
    ahead: &'a ReadAhead,
    piece: Piece,
    in_sequence: bool,
}

impl ReadAhead {
    pub(super) fn new(enabled: bool) -> Self {
        Self { enabled, state: Mutex::default() }
    }

    /// Notes what the SDK asks for: `first` and `last` byte of a file. With it, the reply, if it was asked for before.
    pub(super) fn asked(&self, request: &Request, (first, last): (u64, u64)) -> (Asked<'_>, Option<Fetched>) {
        let file = File { target: request.target.clone(), body: request.body.clone() };
        let piece = Piece { file, first, last };
        let mut state = self.lock();
        let mut in_sequence = first == 0;
        let place = state.readers.iter().position(|(file, next)| *next == first && *file == piece.file);
        if let Some(place) = place {
            state.readers.remove(place);
            in_sequence = true;
        }
        let place = state.fetched.iter().position(|(fetched, _)| *fetched == piece);
        let fetched = place.and_then(|place| state.fetched.remove(place)).map(|(_, fetched)| fetched);
        state.asked.push(piece.clone());
        drop(state);
        (Asked { ahead: self, piece, in_sequence }, fetched)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Each list is changed in one step, and none has to fit another.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Asked<'_> {
    /// The request for the next piece, if it is worth making, and where its reply goes. `total` is the file's length.
    pub(super) fn next(&self, total: u64) -> Option<(Request, oneshot::Sender<UpstreamReply>)> {
        let Piece { file, first, last } = &self.piece;
        let len = last.checked_sub(*first)?.checked_add(1)?;
        let next = last.checked_add(1)?;
        if !self.ahead.enabled || !self.in_sequence || len > LARGEST || next >= total {
            return None;
        }
        // As the SDK will write it: the last piece ends with the file.
        let next_last = last.checked_add(len)?.min(total.checked_sub(1)?);
        let piece = Piece { file: file.clone(), first: next, last: next_last };
        let mut state = self.ahead.lock();
        if state.readers.len() >= READERS {
            state.readers.pop_front();
        }
        state.readers.push_back((file.clone(), next));
        if state.asked.contains(&piece) || state.fetched.iter().any(|(fetched, _)| *fetched == piece) {
            return None;
        }
        if state.fetched.len() >= WAITING {
            state.fetched.pop_front();
        }
        let (sender, receiver) = oneshot::channel();
        state.fetched.push_back((piece, receiver));
        drop(state);
        let request = Request {
            method: "POST".to_owned(),
            target: file.target.clone(),
            authorization: None,
            range: Some(format!("bytes={next}-{next_last}")),
            content_type: Some("application/x-www-form-urlencoded".to_owned()),
            body: file.body.clone(),
        };
        Some((request, sender))
    }
}

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        let mut state = self.ahead.lock();
        if let Some(place) = state.asked.iter().position(|piece| *piece == self.piece) {
            state.asked.swap_remove(place);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::*;

    fn request(file: &'static str) -> Request {
        Request {
            method: "POST".to_owned(),
            target: Zeroizing::new("/media?access_token=a".to_owned()),
            authorization: None,
            range: None,
            content_type: None,
            body: Bytes::from_static(file.as_bytes()),
        }
    }

    fn reply(body: &'static str) -> UpstreamReply {
        UpstreamReply { body: Bytes::from_static(body.as_bytes()), content_range: None }
    }

    #[test]
    fn a_reader_in_sequence_finds_the_next_piece_ready() {
        let ahead = ReadAhead::new(true);
        let (first, nothing) = ahead.asked(&request("film"), (0, 15));
        assert!(nothing.is_none());
        let (next, sender) = first.next(40).unwrap();
        assert_eq!((next.range.as_deref(), &next.body[..]), (Some("bytes=16-31"), &b"film"[..]));
        drop(first);
        assert!(ahead.asked(&request("another"), (16, 31)).1.is_none());
        sender.send(reply("second")).unwrap();
        let (second, fetched) = ahead.asked(&request("film"), (16, 31));
        assert_eq!(&fetched.unwrap().blocking_recv().unwrap().body[..], b"second");
        let (next, sender) = second.next(40).unwrap();
        assert_eq!(next.range.as_deref(), Some("bytes=32-39"), "the last one ends with the file");
        drop(sender);
        let (third, failed) = ahead.asked(&request("film"), (32, 39));
        assert!(failed.unwrap().blocking_recv().is_err(), "it failed: ask yourself");
        assert!(third.next(40).is_none());
    }

    #[test]
    fn who_jumps_about_gets_nothing_and_no_piece_is_fetched_twice() {
        let ahead = ReadAhead::new(true);
        let (middle, _) = ahead.asked(&request("film"), (32, 47));
        assert!(middle.next(1000).is_none());
        let (first, _) = ahead.asked(&request("film"), (0, 15));
        let (_second, _) = ahead.asked(&request("film"), (16, 31));
        assert!(first.next(1000).is_none(), "somebody else is asking for it");
        let (large, _) = ahead.asked(&request("film"), (0, 2 * LARGEST));
        assert!(large.next(100 * LARGEST).is_none());
    }

    #[test]
    fn it_can_be_turned_off() {
        let ahead = ReadAhead::new(false);
        assert!(ahead.asked(&request("film"), (0, 15)).0.next(40).is_none());
    }

    #[test]
    fn what_waits_is_bounded() {
        static FILMS: LazyLock<Vec<String>> =
            LazyLock::new(|| (0..100_u32).map(|number| format!("film {number}")).collect());
        let ahead = ReadAhead::new(true);
        let films = &*FILMS;
        let senders: Vec<_> =
            films.iter().map(|film| ahead.asked(&request(film), (0, 15)).0.next(1000).unwrap().1).collect();
        assert_eq!(senders.iter().filter(|sender| !sender.is_closed()).count(), WAITING);
        assert_eq!(ahead.lock().readers.len(), READERS);
        assert!(ahead.lock().asked.is_empty());
        assert!(ahead.asked(&request(&films[0]), (16, 31)).1.is_none());
        assert!(ahead.asked(&request(&films[99]), (16, 31)).1.is_some());
    }
}
