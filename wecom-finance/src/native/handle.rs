//! `WeWorkFinanceSdk_t`: a handle, and the calls that are made with it.

use std::ffi::{CStr, c_char, c_int};
use std::ptr::{self, NonNull};
use std::time::Duration;

use bytes::Bytes;
use wecom_finance_sys::contracts::SHORTEST_ENCRYPT_MSG;
use wecom_finance_sys::{FunctionTable, WeWorkFinanceSdk_t};

use super::media_buffer::MediaBuffer;
use super::slice::Slice;
use super::strings::{CText, SecretText};
use crate::media::{IndexToken, MediaChunk, SdkFileId};
use crate::{Error, Operation, PageSize, SdkCode};

/// What every network call is made with, in the form that C wants.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    corp_id: CText,
    secret: SecretText,
    proxy: Option<CText>,
    proxy_password: Option<SecretText>,
    timeout_seconds: c_int,
}

impl Connection {
    pub(crate) fn new(
        corp_id: CText,
        secret: SecretText,
        proxy: Option<(CText, Option<SecretText>)>,
        timeout: Duration,
    ) -> Self {
        let (proxy, proxy_password) = match proxy {
            Some((proxy, password)) => (Some(proxy), password),
            None => (None, None),
        };
        let seconds = whole_seconds(timeout);
        Self {
            corp_id,
            secret,
            proxy,
            proxy_password,
            timeout_seconds: c_int::try_from(seconds).unwrap_or(c_int::MAX),
        }
    }

    /// The same by way of this proxy.
    #[cfg(feature = "egress")]
    pub(crate) fn through(&self, (proxy, password): (CText, Option<SecretText>)) -> Self {
        Self { proxy: Some(proxy), proxy_password: password, ..self.clone() }
    }

    fn proxy(&self) -> *const c_char {
        pointer(self.proxy.as_ref().map(CText::as_c_str))
    }

    fn proxy_password(&self) -> *const c_char {
        pointer(self.proxy_password.as_ref().map(SecretText::as_c_str))
    }
}

/// A timeout as the SDK counts it: whole seconds, rounded up, since 0 would wait for ever (C9).
pub(crate) fn whole_seconds(timeout: Duration) -> u64 {
    timeout.as_secs().saturating_add(u64::from(timeout.subsec_nanos() > 0)).max(1)
}

/// NULL means "none" (C6).
fn pointer(text: Option<&CStr>) -> *const c_char {
    text.map_or(ptr::null(), CStr::as_ptr)
}

/// An initialised handle with an access token of its own, destroyed once.
///
/// Calls take `&mut self`: one thread at a time (C2).
pub(crate) struct Handle {
    raw: NonNull<WeWorkFinanceSdk_t>,
    table: &'static FunctionTable,
}

// SAFETY: C2 forbids use by two threads at once, which `&mut self` rules out, and allows moving.
unsafe impl Send for Handle {}

impl Handle {
    pub(crate) fn new(table: &'static FunctionTable, connection: &Connection) -> Result<Self, Error> {
        // SAFETY: takes no arguments and only allocates (C1).
        let raw = unsafe { (table.new_sdk)() };
        let raw = NonNull::new(raw).ok_or(Error::OutOfMemory { operation: Operation::Init })?;
        // Owned from here on, so that it is destroyed when `Init` fails.
        let handle = Self { raw, table };
        let corp_id = connection.corp_id.as_c_str().as_ptr();
        let secret = connection.secret.as_c_str().as_ptr();
        // SAFETY: the handle is live and used here only; the strings end in NUL, outlive the call and are copied (C1).
        let code = unsafe { (table.init)(handle.raw.as_ptr(), corp_id, secret) };
        check(Operation::Init, code)?;
        Ok(handle)
    }

    /// A page of sealed messages: the body of the server's reply, whatever it is.
    pub(crate) fn chat_page(
        &mut self,
        connection: &Connection,
        after: u64,
        limit: PageSize,
    ) -> Result<Bytes, Error> {
        let mut slice = Slice::new(self.table, Operation::Chat)?;
        // SAFETY: the handle is live and borrowed mutably (C2); the slice is live; strings end in NUL or are NULL (C6);
        // the limit is within C10 and the timeout at least 1 (C9).
        let code = unsafe {
            (self.table.get_chat_data)(
                self.raw.as_ptr(),
                after,
                limit.get(),
                connection.proxy(),
                connection.proxy_password(),
                connection.timeout_seconds,
                slice.as_ptr(),
            )
        };
        check(Operation::Chat, code)?;
        slice.into_bytes(Operation::Chat)
    }

    /// A piece of a file: the first one without a token.
    pub(crate) fn media_chunk(
        &mut self,
        connection: &Connection,
        file_id: &SdkFileId,
        token: Option<&IndexToken>,
    ) -> Result<MediaChunk, Error> {
        let file_id = CText::new("file id", file_id.as_str())?;
        let token = token.map(|token| CText::new("index token", &token.to_string())).transpose()?;
        let mut buffer = MediaBuffer::new(self.table)?;
        // SAFETY: the handle is live and borrowed mutably (C2); the buffer is live; strings end in NUL or are NULL
        // (C6), the file id is not empty and the token well-formed by their types; the timeout is at least 1 (C9).
        // C12 remains: only a process of its own survives a hostile reply.
        let code = unsafe {
            (self.table.get_media_data)(
                self.raw.as_ptr(),
                pointer(token.as_ref().map(CText::as_c_str)),
                file_id.as_c_str().as_ptr(),
                connection.proxy(),
                connection.proxy_password(),
                connection.timeout_seconds,
                buffer.as_ptr(),
            )
        };
        check(Operation::Media, code)?;
        let filled = buffer.into_filled()?;
        Ok(MediaChunk::new(filled.data, &filled.out_index_buf, filled.is_finish))
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: made by `NewSdk`, destroyed here and nowhere else (C4), and no call is running: `self` is exclusive.
        unsafe { (self.table.destroy_sdk)(self.raw.as_ptr()) }
    }
}

/// Opens a sealed message with its decrypted random key. Needs no handle, and any number of threads may (C3).
pub(crate) fn open(
    table: &'static FunctionTable,
    encrypt_key: &[u8],
    encrypt_msg: &str,
) -> Result<Bytes, Error> {
    let encrypt_key = SecretText::new("random key", encrypt_key)?;
    let encrypt_msg = CText::new("encrypt_chat_msg", encrypt_msg)?;
    if encrypt_msg.as_c_str().count_bytes() < SHORTEST_ENCRYPT_MSG {
        return Err(Error::InvalidArgument {
            argument: "encrypt_chat_msg",
            problem: "is shorter than 13 bytes",
        });
    }
    let mut slice = Slice::new(table, Operation::Open)?;
    let encrypt_key = encrypt_key.as_c_str().as_ptr();
    // SAFETY: both strings end in NUL and outlive the call; the message is long enough for C7; the slice is live. C8
    // remains: only a process of its own survives a message whose sealed lengths lie.
    let code = unsafe { (table.decrypt_data)(encrypt_key, encrypt_msg.as_c_str().as_ptr(), slice.as_ptr()) };
    check(Operation::Open, code)?;
    slice.into_bytes(Operation::Open)
}

fn check(operation: Operation, code: c_int) -> Result<(), Error> {
    if code == 0 { Ok(()) } else { Err(Error::Sdk { operation, code: SdkCode::from_raw(code) }) }
}
