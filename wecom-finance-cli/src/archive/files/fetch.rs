//! One file of a message: from WeCom into its part, from there onto the shelf.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use wecom_finance::{Download, Downloader, Error, IndexToken, Verdict};

use super::outcome::{is_about_the_part, of_error};
use super::queue::{Fetched, Halt, Queue};
use crate::download::{self, Interrupted, disk_failure};
use crate::shelf::{self, FileName, Place};
use crate::store::{Cause, Checkpoint, Content, MediaOutcome, Missed, PendingMedia, StoredFile};

/// How often a file is fetched whole, in one go, to find out whether what its message says about it is wrong, or what
/// came.
const WHOLE_FETCHES: usize = 3;

/// So many bytes may have to be fetched again when the process is killed.
const CHECKPOINT_BYTES: u64 = 16 << 20;

/// Fetches files onto the shelf.
#[derive(Debug)]
pub(super) struct Fetcher {
    downloader: Downloader,
    place: Place,
    queue: Arc<Queue>,
    corp_id: String,
    is_place_made: Mutex<bool>,
}

/// A whole file in its part, synced.
struct Whole {
    content: Content,
    /// Nothing that its message says about it is different.
    is_as_announced: bool,
}

impl Fetcher {
    pub(super) fn new(downloader: Downloader, place: Place, queue: Arc<Queue>, corp_id: &str) -> Self {
        let corp_id = corp_id.to_owned();
        Self { downloader, place, queue, corp_id, is_place_made: Mutex::new(false) }
    }

    /// Fetches a file, unless it is there already.
    pub(super) fn fetch(&self, media: &PendingMedia) -> Result<Fetched<'_>, Halt> {
        self.make_place()?;
        let work = Work { fetcher: self, media, part: self.part(media.seq, media.position) };
        if let Some(outcome) = work.settle_again()? {
            return Ok(outcome.into());
        }
        if let Some(stored) = work.find()? {
            return Ok(work.link(stored)?.into());
        }
        match work.stage()? {
            Ok(content) => work.keep(content),
            Err(outcome) => {
                if !matches!(outcome, MediaOutcome::Missed(_)) {
                    work.remove_parts()?;
                }
                Ok(outcome.into())
            }
        }
    }

    fn make_place(&self) -> Result<(), Halt> {
        let mut is_made = self.is_place_made.lock().unwrap_or_else(PoisonError::into_inner);
        if !*is_made {
            let staging = &self.place.staging;
            staging.make().map_err(|error| disk_failure(staging.root(), &error))?;
            *is_made = true;
        }
        Ok(())
    }

    fn part(&self, seq: u64, position: u64) -> PathBuf {
        self.place.staging.part(&self.corp_id, seq, position)
    }
}

/// The work on one file.
struct Work<'a, 'm> {
    fetcher: &'a Fetcher,
    media: &'m PendingMedia,
    part: PathBuf,
}

impl<'a> Work<'a, '_> {
    fn queue(&self) -> &'a Queue {
        &self.fetcher.queue
    }

    fn disk(&self) -> impl Fn(io::Error) -> Halt {
        // Not the name that the sender chose: it is part of the message.
        |error| Halt::Failed(disk_failure(&self.part, &error))
    }

    /// Goes on where a run ended between a whole file and its record.
    fn settle_again(&self) -> Result<Option<MediaOutcome>, Halt> {
        let Some(settling) = &self.media.settling else { return Ok(None) };
        let kept = &*self.fetcher.place.shelf;
        let bytes = settling.content.bytes;
        // It was synced before the name was noted. If it is still here, it has not moved yet.
        let is_staged = fs::metadata(&self.part).is_ok_and(|metadata| metadata.len() == bytes);
        if is_staged {
            kept.take(&self.part, &settling.file).map_err(self.disk())?;
        } else if kept.length_of(&settling.file).map_err(self.disk())? != Some(bytes) {
            self.queue().settling(self.media, None)?;
            return Ok(None);
        }
        self.remove_parts()?;
        Ok(Some(MediaOutcome::Stored { stored: settling.clone(), is_link: false }))
    }

    /// The same file, fetched for another message.
    fn find(&self) -> Result<Option<StoredFile>, Halt> {
        for stored in self.queue().stored_like(self.media)? {
            let length = self.fetcher.place.shelf.length_of(&stored.file).map_err(self.disk())?;
            if length == Some(stored.content.bytes) {
                return Ok(Some(stored));
            }
        }
        Ok(None)
    }

    fn link(&self, stored: StoredFile) -> Result<MediaOutcome, Halt> {
        self.remove_parts()?;
        Ok(MediaOutcome::Stored { stored, is_link: true })
    }

    /// Removes this part and those of all references that share its fate: before that is recorded, so that none is
    /// forgotten.
    fn remove_parts(&self) -> Result<(), Halt> {
        download::remove(&self.part).map_err(self.disk())?;
        for (seq, position) in self.queue().others_like(self.media)? {
            download::remove(&self.fetcher.part(seq, position)).map_err(self.disk())?;
        }
        Ok(())
    }

    /// Gives a whole file its place, or finds that another one has the same content.
    fn keep(&self, content: Content) -> Result<Fetched<'a>, Halt> {
        let kept = &*self.fetcher.place.shelf;
        let claim = Some(self.queue().claim(&content));
        for stored in self.queue().stored_with(&content)? {
            // Byte for byte: two contents can be made to have one MD5.
            if kept.holds(&stored.file, &self.part).map_err(self.disk())? {
                return Ok(Fetched { outcome: self.link(stored)?, claim });
            }
        }
        let extension = self.extension().map_err(self.disk())?;
        let name = FileName {
            corp_id: &self.fetcher.corp_id,
            seq: self.media.seq,
            position: self.media.position,
            sender_calls_it: self.media.name.as_deref(),
            extension: &extension,
        };
        let stored = StoredFile { file: name.on_the_shelf(), content };
        self.queue().settling(self.media, Some(&stored))?;
        kept.take(&self.part, &stored.file).map_err(self.disk())?;
        self.remove_parts()?;
        Ok(Fetched { outcome: MediaOutcome::Stored { stored, is_link: false }, claim })
    }

    fn extension(&self) -> io::Result<String> {
        let mut head = Vec::new();
        let most = u64::try_from(shelf::HEAD).unwrap_or(u64::MAX);
        File::open(&self.part)?.take(most).read_to_end(&mut head)?;
        Ok(shelf::extension(&self.media.kind, self.media.extension.as_deref(), &head))
    }

    /// Fetches the whole file into its part, again if it is not what its message says. The same content twice is what
    /// WeCom has, whatever the message says.
    fn stage(&self) -> Result<Result<Content, MediaOutcome>, Halt> {
        let mut seen = Vec::new();
        let mut done = self.media.done.as_ref();
        while seen.len() < WHOLE_FETCHES {
            let whole = match self.fetch_whole(done.take())? {
                Ok(whole) => whole,
                Err(outcome) => return Ok(Err(outcome)),
            };
            if whole.is_as_announced || seen.contains(&whole.content) {
                return Ok(Ok(whole.content));
            }
            seen.push(whole.content);
        }
        self.begin_anew()?;
        Ok(Err(MediaOutcome::Missed(Missed {
            cause: Cause::File,
            reason: format!("fetched {WHOLE_FETCHES} times, it held something else each time"),
            got_further: false,
        })))
    }

    fn fetch_whole(&self, done: Option<&Checkpoint>) -> Result<Result<Whole, MediaOutcome>, Halt> {
        let mut file = self.fetcher.place.staging.open(&self.part).map_err(self.disk())?;
        let mut download = match self.begin() {
            Ok(download) => download,
            Err(error) => return Ok(Err(of_error(&error, false))),
        };
        if let Some(resumed) = done.map(|done| self.resume(&file, done)).transpose()?.flatten() {
            download = resumed;
        } else {
            file.set_len(0).map_err(self.disk())?;
        }
        let began_at = download.position();
        file.seek(SeekFrom::Start(began_at)).map_err(self.disk())?;
        let (mut seen, mut safe) = (began_at, began_at);
        let copied = download::copy(&mut download, &mut file, |download, file| {
            self.queue().arrived(download.position().saturating_sub(seen));
            seen = download.position();
            if seen.saturating_sub(safe) >= CHECKPOINT_BYTES {
                self.checkpoint(download, file)?;
                safe = seen;
            }
            if self.queue().is_interrupted() { Err(Interrupted::Stopped) } else { Ok(()) }
        });
        match copied {
            Ok(()) => Ok(Whole::of(&download)),
            Err(Interrupted::Unavailable(error)) => {
                self.unavailable(&error, &download, &file, began_at).map(Err)
            }
            Err(Interrupted::Stopped) => {
                self.pause(&download, &file)?;
                Err(Halt::Stopped)
            }
            Err(Interrupted::Failed(failure)) => Err(Halt::Failed(failure)),
            Err(Interrupted::Disk(error)) => {
                // Whatever room it takes is needed now. If it cannot be removed, a later run does it.
                fs::remove_file(&self.part).unwrap_or_default();
                Err(self.disk()(error))
            }
        }
    }

    fn begin(&self) -> Result<Download, Error> {
        let md5 = self.media.md5.as_deref().unwrap_or_default();
        let download = self.fetcher.downloader.download(&self.media.sdkfileid)?.expecting_md5(md5);
        Ok(match self.media.size {
            Some(size) => download.expecting_len(size),
            None => download,
        })
    }

    /// Goes on after what is in the part, if that is what was noted of it.
    fn resume(&self, file: &File, done: &Checkpoint) -> Result<Option<Download>, Halt> {
        let Ok(token) = done.token.parse::<IndexToken>() else { return Ok(None) };
        let Ok(download) = self.begin().and_then(|download| download.resume(token, done.bytes)) else {
            return Ok(None);
        };
        if !shelf::resumed(file, done.bytes).map_err(self.disk())? {
            return Ok(None);
        }
        let (seq, position) = (self.media.seq, self.media.position);
        tracing::info!(seq, position, bytes = done.bytes, "a media file is gone on with");
        download.rehash(file).map(Some).map_err(self.disk())
    }

    /// The file cannot be had now: what there is of it is kept for later, unless it may be the reason.
    fn unavailable(
        &self,
        error: &Error,
        download: &Download,
        file: &File,
        began_at: u64,
    ) -> Result<MediaOutcome, Halt> {
        let position = download.position();
        // What was fetched from the beginning may have been there before.
        let got_further = began_at > 0 && position > began_at;
        if began_at > 0 && !got_further && is_about_the_part(error) {
            self.begin_anew()?;
        } else {
            self.pause(download, file)?;
        }
        Ok(of_error(error, got_further))
    }

    /// Leaves the part so that another run can go on with it.
    fn pause(&self, download: &Download, file: &File) -> Result<(), Halt> {
        if download.position() == 0 {
            return self.begin_anew();
        }
        self.checkpoint(download, file).map_err(|interrupted| match interrupted {
            Interrupted::Failed(failure) => Halt::Failed(failure),
            Interrupted::Disk(error) => self.disk()(error),
            Interrupted::Unavailable(_) | Interrupted::Stopped => Halt::Stopped,
        })
    }

    /// First the disk, then the database: what is noted is there.
    fn checkpoint(&self, download: &Download, file: &File) -> Result<(), Interrupted> {
        let Some(token) = download.index_token() else { return Ok(()) };
        file.sync_data().map_err(Interrupted::Disk)?;
        let done = Checkpoint { bytes: download.position(), token: token.to_string() };
        self.queue().checkpoint(self.media, Some(&done)).map_err(Interrupted::Failed)
    }

    fn begin_anew(&self) -> Result<(), Halt> {
        download::remove(&self.part).map_err(self.disk())?;
        Ok(self.queue().checkpoint(self.media, None)?)
    }
}

impl Whole {
    fn of(download: &Download) -> Result<Self, MediaOutcome> {
        let Some(md5) = download.md5() else {
            return Err(MediaOutcome::Missed(Missed {
                cause: Cause::File,
                reason: "the file was not read to its end".to_owned(),
                got_further: false,
            }));
        };
        let is_as_announced =
            !matches!(download.verify(), Verdict::Md5Differs { .. } | Verdict::LengthDiffers { .. });
        Ok(Self { content: Content { md5, bytes: download.position() }, is_as_announced })
    }
}
