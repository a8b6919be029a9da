//! `Slice_t`: what `GetChatData` and `DecryptData` answer with.

use std::ptr::NonNull;

use bytes::Bytes;
use wecom_finance_sys::{FunctionTable, Slice_t};

use crate::{Error, Operation};

/// An allocated slice, freed once.
pub(super) struct Slice {
    raw: NonNull<Slice_t>,
    table: &'static FunctionTable,
}

// SAFETY: a slice is memory of its own (C5) and is used by one owner at a time; nothing in it belongs to a thread, as
// C2 says of the handles it comes from. The suite frees slices on other threads than they were filled on.
unsafe impl Send for Slice {}

impl Slice {
    pub(super) fn new(table: &'static FunctionTable, operation: Operation) -> Result<Self, Error> {
        // SAFETY: takes no arguments and only allocates.
        let raw = unsafe { (table.new_slice)() };
        let raw = NonNull::new(raw).ok_or(Error::OutOfMemory { operation })?;
        Ok(Self { raw, table })
    }

    pub(super) fn as_ptr(&mut self) -> *mut Slice_t {
        self.raw.as_ptr()
    }

    /// The content, without a copy: the slice lives as long as the bytes do.
    pub(super) fn into_bytes(self, operation: Operation) -> Result<Bytes, Error> {
        // SAFETY: the slice is live until `drop`.
        let len = unsafe { (self.table.get_slice_len)(self.raw.as_ptr()) };
        // SAFETY: as above.
        let content = unsafe { (self.table.get_content_from_slice)(self.raw.as_ptr()) };
        let content = Content::new(content, len, operation)?;
        Ok(Bytes::from_owner(FilledSlice { content, _slice: self }))
    }
}

impl Drop for Slice {
    fn drop(&mut self) {
        // SAFETY: made by `NewSlice`, freed here and nowhere else (C5).
        unsafe { (self.table.free_slice)(self.raw.as_ptr()) }
    }
}

struct FilledSlice {
    content: Content,
    _slice: Slice,
}

impl AsRef<[u8]> for FilledSlice {
    fn as_ref(&self) -> &[u8] {
        // SAFETY: the content belongs to the slice beside it, which lives as long as `self` and is not written again.
        unsafe { self.content.as_bytes() }
    }
}

/// Where a foreign buffer is and how long. It is only valid as long as the object it belongs to.
#[derive(Clone, Copy)]
pub(super) struct Content {
    start: NonNull<u8>,
    len: usize,
}

// SAFETY: an address and a length; whoever reads it answers for the memory (`as_bytes`).
unsafe impl Send for Content {}

impl Content {
    /// Accepts what the accessors answered: a length that is not negative, and a pointer wherever there is anything
    /// to read.
    pub(super) fn new(
        start: *mut std::ffi::c_char,
        len: std::ffi::c_int,
        operation: Operation,
    ) -> Result<Self, Error> {
        let len = usize::try_from(len)
            .map_err(|_| Error::BrokenReply { operation, detail: "a buffer with a negative length" })?;
        match NonNull::new(start.cast::<u8>()) {
            Some(start) => Ok(Self { start, len }),
            None if len == 0 => Ok(Self { start: NonNull::dangling(), len: 0 }),
            None => Err(Error::BrokenReply { operation, detail: "a buffer with a length but no content" }),
        }
    }

    /// # Safety
    ///
    /// The object that the buffer belongs to must be live, and unchanged since, for the lifetime `'a` (C5).
    pub(super) unsafe fn as_bytes<'a>(&self) -> &'a [u8] {
        // SAFETY: the accessors promise `len` bytes at `start` (C5), the caller promises that they still are there.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }
}
