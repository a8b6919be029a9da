//! The C ABI from safe Rust: what a stand-in for the SDK implements.
//!
//! A type that implements [`Implementation`] becomes a [`FunctionTable`] with [`FunctionTable::implemented_by`], or the
//! exported functions of a `cdylib` with [`export_sdk!`](crate::export_sdk). The shims below own all the pointers and
//! behave like the genuine library at its edges: NULL arguments (C6), empty buffers (C5), one thread per handle (C2).

use std::ffi::{CStr, c_char, c_int, c_uint, c_ulonglong};
use std::marker::PhantomData;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use crate::FunctionTable;
use crate::bindings::{MediaData_t, Slice_t, WeWorkFinanceSdk_t};

/// The SDK's own code for an argument it does not accept.
const BAD_PARAMETER: c_int = 10000;

/// What one piece of a file is answered with.
#[derive(Clone, Debug, Default)]
#[allow(clippy::exhaustive_structs, reason = "mirrors the vendor's MediaData_t")]
pub struct MediaReply {
    /// The index token of the next piece.
    pub out_index_buf: Vec<u8>,
    /// The bytes of this piece.
    pub data: Vec<u8>,
    /// Whether this piece is the last.
    pub is_finish: bool,
}

/// A stand-in for the SDK, in safe Rust. One value is one handle.
///
/// An `Err` is the code that the C function returns. The arguments are what the caller passed, `None` for NULL.
pub trait Implementation: Send + 'static {
    /// `NewSdk`.
    fn new() -> Self;

    /// `Init`.
    fn init(&mut self, corp_id: Option<&CStr>, secret: Option<&CStr>) -> c_int;

    /// `GetChatData`.
    ///
    /// # Errors
    ///
    /// The code that the C function is to return.
    fn get_chat_data(
        &mut self,
        seq: u64,
        limit: u32,
        proxy: Option<&CStr>,
        passwd: Option<&CStr>,
        timeout: c_int,
    ) -> Result<Vec<u8>, c_int>;

    /// `DecryptData`, which needs no handle.
    ///
    /// # Errors
    ///
    /// The code that the C function is to return.
    fn decrypt_data(encrypt_key: Option<&CStr>, encrypt_msg: Option<&CStr>) -> Result<Vec<u8>, c_int>;

    /// `GetMediaData`.
    ///
    /// # Errors
    ///
    /// The code that the C function is to return.
    fn get_media_data(
        &mut self,
        index_buf: Option<&CStr>,
        file_id: Option<&CStr>,
        proxy: Option<&CStr>,
        passwd: Option<&CStr>,
        timeout: c_int,
    ) -> Result<MediaReply, c_int>;
}

/// Objects of the C side that were allocated and not yet freed, process-wide (per library for a `cdylib`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LiveObjects {
    /// Handles (`NewSdk` without `DestroySdk`).
    pub handles: i64,
    /// Slices (`NewSlice` without `FreeSlice`).
    pub slices: i64,
    /// Media buffers (`NewMediaData` without `FreeMediaData`).
    pub media: i64,
}

static HANDLES: AtomicI64 = AtomicI64::new(0);
static SLICES: AtomicI64 = AtomicI64::new(0);
static MEDIA: AtomicI64 = AtomicI64::new(0);

/// What implementations in this process have allocated and their callers have not freed: a test's leak check.
#[must_use]
pub fn live_objects() -> LiveObjects {
    LiveObjects {
        handles: HANDLES.load(Ordering::SeqCst),
        slices: SLICES.load(Ordering::SeqCst),
        media: MEDIA.load(Ordering::SeqCst),
    }
}

impl FunctionTable {
    /// The functions that `T` implements, in this process and without a library.
    #[must_use]
    pub fn implemented_by<T: Implementation>() -> &'static Self {
        &TableOf::<T>::TABLE
    }
}

/// Carries the table of `T` as a constant, so that every use of it is the same `'static` one.
struct TableOf<T>(PhantomData<T>);

impl<T: Implementation> TableOf<T> {
    const TABLE: FunctionTable = FunctionTable {
        new_sdk: new_sdk::<T>,
        init: init::<T>,
        get_chat_data: get_chat_data::<T>,
        decrypt_data: decrypt_data::<T>,
        get_media_data: get_media_data::<T>,
        destroy_sdk: destroy_sdk::<T>,
        new_slice,
        free_slice,
        get_content_from_slice,
        get_slice_len,
        new_media_data,
        free_media_data,
        get_out_index_buf,
        get_data,
        get_index_len,
        get_data_len,
        is_media_data_finish,
    };
}

struct Handle<T> {
    in_use: AtomicBool,
    implementation: T,
}

/// Runs `call` on the handle, or gives `None` for NULL. Like the genuine library, a handle in use by another thread
/// does not survive it (C2); unlike there, it is certain and says why.
fn with_handle<T, R>(sdk: *mut WeWorkFinanceSdk_t, call: impl FnOnce(&mut T) -> R) -> Option<R> {
    let handle = sdk.cast::<Handle<T>>();
    if handle.is_null() {
        return None;
    }
    // SAFETY: a handle that is not NULL came from `new_sdk::<T>` and was not destroyed (C4: the caller's duty). Only
    // the flag is borrowed, which threads may share.
    let in_use = unsafe { &(*handle).in_use };
    if in_use.swap(true, Ordering::SeqCst) {
        abort_with("one SDK handle is used by two threads at once");
    }
    // SAFETY: as above, and the flag has just shown that no other thread is inside a call with this handle.
    let implementation = unsafe { &mut (*handle).implementation };
    let result = call(implementation);
    in_use.store(false, Ordering::SeqCst);
    Some(result)
}

#[expect(clippy::print_stderr, reason = "the last words before an abort")]
fn abort_with(why: &str) -> ! {
    eprintln!("wecom-finance-sys: {why}");
    std::process::abort()
}

/// A Rust panic must not unwind into C: `extern "C"` turns it into an abort, as the genuine library does with a C++
/// exception.
unsafe extern "C" fn new_sdk<T: Implementation>() -> *mut WeWorkFinanceSdk_t {
    HANDLES.fetch_add(1, Ordering::SeqCst);
    Box::into_raw(Box::new(Handle { in_use: AtomicBool::new(false), implementation: T::new() })).cast()
}

unsafe extern "C" fn destroy_sdk<T: Implementation>(sdk: *mut WeWorkFinanceSdk_t) {
    let handle = sdk.cast::<Handle<T>>();
    if handle.is_null() {
        return;
    }
    HANDLES.fetch_sub(1, Ordering::SeqCst);
    // SAFETY: the pointer came from `Box::into_raw` in `new_sdk::<T>`, and C4 forbids destroying it twice.
    drop(unsafe { Box::from_raw(handle) });
}

unsafe extern "C" fn init<T: Implementation>(
    sdk: *mut WeWorkFinanceSdk_t,
    corpid: *const c_char,
    secret: *const c_char,
) -> c_int {
    with_handle::<T, _>(sdk, |implementation| implementation.init(borrowed(corpid), borrowed(secret)))
        .unwrap_or(BAD_PARAMETER)
}

unsafe extern "C" fn get_chat_data<T: Implementation>(
    sdk: *mut WeWorkFinanceSdk_t,
    seq: c_ulonglong,
    limit: c_uint,
    proxy: *const c_char,
    passwd: *const c_char,
    timeout: c_int,
    chat_datas: *mut Slice_t,
) -> c_int {
    if chat_datas.is_null() {
        return BAD_PARAMETER;
    }
    let (proxy, passwd) = (borrowed(proxy), borrowed(passwd));
    let reply = with_handle::<T, _>(sdk, |implementation| {
        implementation.get_chat_data(seq, limit, proxy, passwd, timeout)
    });
    answer_slice(reply.unwrap_or(Err(BAD_PARAMETER)), chat_datas)
}

unsafe extern "C" fn decrypt_data<T: Implementation>(
    encrypt_key: *const c_char,
    encrypt_msg: *const c_char,
    msg: *mut Slice_t,
) -> c_int {
    if msg.is_null() {
        return BAD_PARAMETER;
    }
    answer_slice(T::decrypt_data(borrowed(encrypt_key), borrowed(encrypt_msg)), msg)
}

unsafe extern "C" fn get_media_data<T: Implementation>(
    sdk: *mut WeWorkFinanceSdk_t,
    indexbuf: *const c_char,
    sdk_fileid: *const c_char,
    proxy: *const c_char,
    passwd: *const c_char,
    timeout: c_int,
    media_data: *mut MediaData_t,
) -> c_int {
    if media_data.is_null() {
        return BAD_PARAMETER;
    }
    let (token, file_id) = (borrowed(indexbuf), borrowed(sdk_fileid));
    let (proxy, passwd) = (borrowed(proxy), borrowed(passwd));
    let reply = with_handle::<T, _>(sdk, |implementation| {
        implementation.get_media_data(token, file_id, proxy, passwd, timeout)
    });
    let reply = match reply.unwrap_or(Err(BAD_PARAMETER)) {
        Ok(reply) => reply,
        Err(code) => return code,
    };
    // SAFETY: not NULL, so it came from `new_media_data` and is not freed yet (C5); the caller alone uses it.
    let media = unsafe { &mut *media_data };
    replace_buffer(&mut media.outindexbuf, &mut media.out_len, reply.out_index_buf);
    replace_buffer(&mut media.data, &mut media.data_len, reply.data);
    media.is_finish = c_int::from(reply.is_finish);
    0
}

fn answer_slice(reply: Result<Vec<u8>, c_int>, slice: *mut Slice_t) -> c_int {
    match reply {
        Ok(content) => {
            // SAFETY: callers pass a slice that is not NULL: it came from `new_slice` and is not freed yet (C5).
            let slice = unsafe { &mut *slice };
            replace_buffer(&mut slice.buf, &mut slice.len, content);
            0
        }
        Err(code) => code,
    }
}

fn borrowed<'a>(text: *const c_char) -> Option<&'a CStr> {
    // SAFETY: every string argument of the C ABI is NULL or ends in NUL and outlives the call (C6). The lifetime is
    // only ever that of the surrounding shim.
    unsafe { argument(text) }
}

unsafe extern "C" fn new_slice() -> *mut Slice_t {
    SLICES.fetch_add(1, Ordering::SeqCst);
    Box::into_raw(Box::new(Slice_t { buf: ptr::null_mut(), len: 0 }))
}

unsafe extern "C" fn free_slice(slice: *mut Slice_t) {
    if slice.is_null() {
        return;
    }
    SLICES.fetch_sub(1, Ordering::SeqCst);
    // SAFETY: the pointer came from `Box::into_raw` in `new_slice` and is freed once (C5).
    let slice = unsafe { Box::from_raw(slice) };
    free_buffer(slice.buf, slice.len);
}

unsafe extern "C" fn get_content_from_slice(slice: *mut Slice_t) -> *mut c_char {
    // SAFETY: NULL is turned away by `as_ref`; anything else came from `new_slice` and is not freed yet (C5).
    unsafe { slice.as_ref() }.map_or_else(empty_string, |slice| or_empty_string(slice.buf))
}

unsafe extern "C" fn get_slice_len(slice: *mut Slice_t) -> c_int {
    // SAFETY: as in `get_content_from_slice`.
    unsafe { slice.as_ref() }.map_or(0, |slice| slice.len)
}

unsafe extern "C" fn new_media_data() -> *mut MediaData_t {
    MEDIA.fetch_add(1, Ordering::SeqCst);
    Box::into_raw(Box::new(MediaData_t {
        outindexbuf: ptr::null_mut(),
        out_len: 0,
        data: ptr::null_mut(),
        data_len: 0,
        is_finish: 0,
    }))
}

unsafe extern "C" fn free_media_data(media_data: *mut MediaData_t) {
    if media_data.is_null() {
        return;
    }
    MEDIA.fetch_sub(1, Ordering::SeqCst);
    // SAFETY: the pointer came from `Box::into_raw` in `new_media_data` and is freed once (C5).
    let media = unsafe { Box::from_raw(media_data) };
    free_buffer(media.outindexbuf, media.out_len);
    free_buffer(media.data, media.data_len);
}

unsafe extern "C" fn get_out_index_buf(media_data: *mut MediaData_t) -> *mut c_char {
    // SAFETY: NULL is turned away by `as_ref`; anything else came from `new_media_data` and is not freed yet (C5).
    unsafe { media_data.as_ref() }.map_or_else(empty_string, |media| or_empty_string(media.outindexbuf))
}

unsafe extern "C" fn get_data(media_data: *mut MediaData_t) -> *mut c_char {
    // SAFETY: as in `get_out_index_buf`.
    unsafe { media_data.as_ref() }.map_or_else(empty_string, |media| or_empty_string(media.data))
}

unsafe extern "C" fn get_index_len(media_data: *mut MediaData_t) -> c_int {
    // SAFETY: as in `get_out_index_buf`.
    unsafe { media_data.as_ref() }.map_or(0, |media| media.out_len)
}

unsafe extern "C" fn get_data_len(media_data: *mut MediaData_t) -> c_int {
    // SAFETY: as in `get_out_index_buf`.
    unsafe { media_data.as_ref() }.map_or(0, |media| media.data_len)
}

unsafe extern "C" fn is_media_data_finish(media_data: *mut MediaData_t) -> c_int {
    // SAFETY: as in `get_out_index_buf`.
    unsafe { media_data.as_ref() }.map_or(0, |media| media.is_finish)
}

fn empty_string() -> *mut c_char {
    c"".as_ptr().cast_mut()
}

fn or_empty_string(buffer: *mut c_char) -> *mut c_char {
    if buffer.is_null() { empty_string() } else { buffer }
}

/// Puts `content` behind the pointer, with a NUL after it as the genuine library has, and frees what was there.
fn replace_buffer(buffer: &mut *mut c_char, len: &mut c_int, mut content: Vec<u8>) {
    free_buffer(*buffer, *len);
    let Ok(content_len) = c_int::try_from(content.len()) else {
        abort_with("a reply of more than 2 GiB does not fit the C ABI");
    };
    content.push(0);
    let content: Box<[u8]> = content.into_boxed_slice();
    *buffer = Box::into_raw(content).cast::<c_char>();
    *len = content_len;
}

fn free_buffer(buffer: *mut c_char, len: c_int) {
    let Some(allocated) = usize::try_from(len).ok().and_then(|len| len.checked_add(1)) else {
        abort_with("the length of a buffer was overwritten with a negative one");
    };
    if buffer.is_null() {
        return;
    }
    let content: *mut [u8] = ptr::slice_from_raw_parts_mut(buffer.cast::<u8>(), allocated);
    // SAFETY: `replace_buffer` made this pointer from a box of `len + 1` bytes, and callers read the struct's length
    // but do not write it (C5).
    drop(unsafe { Box::from_raw(content) });
}

/// One exported function of [`export_sdk!`](crate::export_sdk).
#[doc(hidden)]
#[macro_export]
macro_rules! export_one {
    (
        $implementation:ty, $name:ident, $field:ident, ($($argument:ident: $type:ty),*) $(-> $result:ty)?
    ) => {
        #[unsafe(no_mangle)]
        unsafe extern "C" fn $name($($argument: $type),*) $(-> $result)? {
            // SAFETY: the caller's arguments are handed on as they are, with the same contract.
            unsafe { ($crate::FunctionTable::implemented_by::<$implementation>().$field)($($argument),*) }
        }
    };
}

/// Exports the seventeen C functions of the SDK from a `cdylib`, implemented by a type that is
/// [`Implementation`](crate::implement::Implementation).
///
/// One more function is exported than the genuine library has: `WecomFinanceLiveObjects(kind)` answers how many handles
/// (0), slices (1) or media buffers (2) are allocated, for leak checks.
#[macro_export]
macro_rules! export_sdk {
    ($implementation:ty) => {
        const _: () = {
            use ::core::ffi::{c_char, c_int, c_longlong, c_uint, c_ulonglong};
            use $crate::{MediaData_t, Slice_t, WeWorkFinanceSdk_t};


            $crate::export_one!($implementation, NewSdk, new_sdk, () -> *mut WeWorkFinanceSdk_t);
            $crate::export_one!($implementation, Init, init,
                (sdk: *mut WeWorkFinanceSdk_t, corpid: *const c_char, secret: *const c_char) -> c_int);
            $crate::export_one!($implementation, GetChatData, get_chat_data,
                (sdk: *mut WeWorkFinanceSdk_t, seq: c_ulonglong, limit: c_uint, proxy: *const c_char,
                 passwd: *const c_char, timeout: c_int, chat_datas: *mut Slice_t) -> c_int);
            $crate::export_one!($implementation, DecryptData, decrypt_data,
                (encrypt_key: *const c_char, encrypt_msg: *const c_char, msg: *mut Slice_t) -> c_int);
            $crate::export_one!($implementation, GetMediaData, get_media_data,
                (sdk: *mut WeWorkFinanceSdk_t, indexbuf: *const c_char, sdk_fileid: *const c_char,
                 proxy: *const c_char, passwd: *const c_char, timeout: c_int,
                 media_data: *mut MediaData_t) -> c_int);
            $crate::export_one!($implementation, DestroySdk, destroy_sdk, (sdk: *mut WeWorkFinanceSdk_t));
            $crate::export_one!($implementation, NewSlice, new_slice, () -> *mut Slice_t);
            $crate::export_one!($implementation, FreeSlice, free_slice, (slice: *mut Slice_t));
            $crate::export_one!($implementation, GetContentFromSlice, get_content_from_slice, (slice: *mut Slice_t) -> *mut c_char);
            $crate::export_one!($implementation, GetSliceLen, get_slice_len, (slice: *mut Slice_t) -> c_int);
            $crate::export_one!($implementation, NewMediaData, new_media_data, () -> *mut MediaData_t);
            $crate::export_one!($implementation, FreeMediaData, free_media_data, (media_data: *mut MediaData_t));
            $crate::export_one!($implementation, GetOutIndexBuf, get_out_index_buf, (media_data: *mut MediaData_t) -> *mut c_char);
            $crate::export_one!($implementation, GetData, get_data, (media_data: *mut MediaData_t) -> *mut c_char);
            $crate::export_one!($implementation, GetIndexLen, get_index_len, (media_data: *mut MediaData_t) -> c_int);
            $crate::export_one!($implementation, GetDataLen, get_data_len, (media_data: *mut MediaData_t) -> c_int);
            $crate::export_one!($implementation, IsMediaDataFinish, is_media_data_finish, (media_data: *mut MediaData_t) -> c_int);

            #[unsafe(no_mangle)]
            extern "C" fn WecomFinanceLiveObjects(kind: c_int) -> c_longlong {
                let live = $crate::implement::live_objects();
                match kind {
                    0 => live.handles,
                    1 => live.slices,
                    2 => live.media,
                    _ => -1,
                }
            }
        };
    };
}

/// Exports one more C function, `long long name(const char *, const char *)`, implemented by a safe one that takes two
/// `Option<&CStr>` (`None` for NULL) and gives an `i64`: for what a stand-in can be told beyond the SDK's interface.
#[macro_export]
macro_rules! export_control {
    ($name:ident, $implementation:expr) => {
        const _: () = {
            #[unsafe(no_mangle)]
            unsafe extern "C" fn $name(
                first: *const ::core::ffi::c_char,
                second: *const ::core::ffi::c_char,
            ) -> ::core::ffi::c_longlong {
                // SAFETY: the caller promises that each is NULL or ends in NUL and outlives the call.
                let first = unsafe { $crate::implement::argument(first) };
                // SAFETY: as above.
                let second = unsafe { $crate::implement::argument(second) };
                $implementation(first, second)
            }
        };
    };
}

/// A string argument of a C function, `None` for NULL.
///
/// # Safety
///
/// The pointer is NULL, or leads to text that ends in NUL and stays as it is for the lifetime `'a`.
#[doc(hidden)]
#[must_use]
pub unsafe fn argument<'a>(text: *const c_char) -> Option<&'a CStr> {
    // SAFETY: the caller's promise.
    (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) })
}

#[cfg(test)]
mod tests;
