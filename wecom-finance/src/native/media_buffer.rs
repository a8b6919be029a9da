//! `MediaData_t`: what `GetMediaData` answers with.

use std::ptr::NonNull;

use bytes::Bytes;
use wecom_finance_sys::{FunctionTable, MediaData_t};

use super::slice::Content;
use crate::{Error, Operation};

/// An allocated media buffer, freed once.
pub(super) struct MediaBuffer {
    raw: NonNull<MediaData_t>,
    table: &'static FunctionTable,
}

// SAFETY: as for a slice: memory of its own (C5), one owner at a time, nothing of a thread's in it.
unsafe impl Send for MediaBuffer {}

/// What one `GetMediaData` call brought.
pub(super) struct Filled {
    /// The bytes of the chunk, in the SDK's own buffer.
    pub(super) data: Bytes,
    /// The index token of the next chunk, as the SDK wrote it.
    pub(super) out_index_buf: Vec<u8>,
    pub(super) is_finish: bool,
}

impl MediaBuffer {
    pub(super) fn new(table: &'static FunctionTable) -> Result<Self, Error> {
        // SAFETY: takes no arguments and only allocates.
        let raw = unsafe { (table.new_media_data)() };
        let raw = NonNull::new(raw).ok_or(Error::OutOfMemory { operation: Operation::Media })?;
        Ok(Self { raw, table })
    }

    pub(super) fn as_ptr(&mut self) -> *mut MediaData_t {
        self.raw.as_ptr()
    }

    /// The content, the chunk without a copy: the buffer lives as long as the chunk does.
    pub(super) fn into_filled(self) -> Result<Filled, Error> {
        let raw = self.raw.as_ptr();
        // SAFETY: the buffer is live until `drop`, in this and the next four calls.
        let index_len = unsafe { (self.table.get_index_len)(raw) };
        // SAFETY: see above.
        let index = unsafe { (self.table.get_out_index_buf)(raw) };
        // SAFETY: see above.
        let data_len = unsafe { (self.table.get_data_len)(raw) };
        // SAFETY: see above.
        let data = unsafe { (self.table.get_data)(raw) };
        // SAFETY: see above.
        let is_finish = unsafe { (self.table.is_media_data_finish)(raw) } == 1;
        let index = Content::new(index, index_len, Operation::Media)?;
        // SAFETY: the buffer is live and unchanged since the accessors answered; the copy is made at once.
        let out_index_buf = unsafe { index.as_bytes() }.to_vec();
        let data = Content::new(data, data_len, Operation::Media)?;
        let data = Bytes::from_owner(FilledMediaBuffer { data, _buffer: self });
        Ok(Filled { data, out_index_buf, is_finish })
    }
}

impl Drop for MediaBuffer {
    fn drop(&mut self) {
        // SAFETY: made by `NewMediaData`, freed here and nowhere else (C5).
        unsafe { (self.table.free_media_data)(self.raw.as_ptr()) }
    }
}

struct FilledMediaBuffer {
    data: Content,
    _buffer: MediaBuffer,
}

impl AsRef<[u8]> for FilledMediaBuffer {
    fn as_ref(&self) -> &[u8] {
        // SAFETY: the content belongs to the buffer beside it, which lives as long as `self` and is not written again.
        unsafe { self.data.as_bytes() }
    }
}
