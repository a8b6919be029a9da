use std::ffi::{c_char, c_int, c_uint, c_ulonglong};
use std::fmt;

use crate::bindings::{MediaData_t, SdkLibrary, Slice_t, WeWorkFinanceSdk_t};

/// The seventeen functions of the SDK, whoever provides them: the genuine library, or a stand-in.
///
/// Calling one is `unsafe`; [`contracts`](crate::contracts) says what each demands. Fields are named after the C
/// functions.
#[derive(Clone, Copy)]
#[allow(clippy::exhaustive_structs, reason = "the vendor's ABI: a test fills in all of it")]
pub struct FunctionTable {
    /// Allocates a handle (C1).
    #[doc(alias = "NewSdk")]
    pub new_sdk: unsafe extern "C" fn() -> *mut WeWorkFinanceSdk_t,
    /// Stores corp id and secret in a handle (C1, C6).
    #[doc(alias = "Init")]
    pub init: unsafe extern "C" fn(*mut WeWorkFinanceSdk_t, *const c_char, *const c_char) -> c_int,
    /// Asks for a page of sealed messages (C2, C6, C9, C10): handle, seq, limit, proxy, password, timeout, result.
    #[doc(alias = "GetChatData")]
    pub get_chat_data: unsafe extern "C" fn(
        *mut WeWorkFinanceSdk_t,
        c_ulonglong,
        c_uint,
        *const c_char,
        *const c_char,
        c_int,
        *mut Slice_t,
    ) -> c_int,
    /// Opens a sealed message (C7, C8): key, message, result.
    #[doc(alias = "DecryptData")]
    pub decrypt_data: unsafe extern "C" fn(*const c_char, *const c_char, *mut Slice_t) -> c_int,
    /// Asks for a piece of a file (C2, C6, C9, C12): handle, index token, file id, proxy, password, timeout, result.
    #[doc(alias = "GetMediaData")]
    pub get_media_data: unsafe extern "C" fn(
        *mut WeWorkFinanceSdk_t,
        *const c_char,
        *const c_char,
        *const c_char,
        *const c_char,
        c_int,
        *mut MediaData_t,
    ) -> c_int,
    /// Frees a handle (C4).
    #[doc(alias = "DestroySdk")]
    pub destroy_sdk: unsafe extern "C" fn(*mut WeWorkFinanceSdk_t),
    /// Allocates an empty slice.
    #[doc(alias = "NewSlice")]
    pub new_slice: unsafe extern "C" fn() -> *mut Slice_t,
    /// Frees a slice with its buffer (C5).
    #[doc(alias = "FreeSlice")]
    pub free_slice: unsafe extern "C" fn(*mut Slice_t),
    /// The buffer of a slice (C5).
    #[doc(alias = "GetContentFromSlice")]
    pub get_content_from_slice: unsafe extern "C" fn(*mut Slice_t) -> *mut c_char,
    /// The length of a slice's buffer in bytes.
    #[doc(alias = "GetSliceLen")]
    pub get_slice_len: unsafe extern "C" fn(*mut Slice_t) -> c_int,
    /// Allocates an empty media buffer.
    #[doc(alias = "NewMediaData")]
    pub new_media_data: unsafe extern "C" fn() -> *mut MediaData_t,
    /// Frees a media buffer with what it holds (C5).
    #[doc(alias = "FreeMediaData")]
    pub free_media_data: unsafe extern "C" fn(*mut MediaData_t),
    /// The index token of the next piece (C5).
    #[doc(alias = "GetOutIndexBuf")]
    pub get_out_index_buf: unsafe extern "C" fn(*mut MediaData_t) -> *mut c_char,
    /// The bytes of this piece (C5).
    #[doc(alias = "GetData")]
    pub get_data: unsafe extern "C" fn(*mut MediaData_t) -> *mut c_char,
    /// The length of the index token in bytes.
    #[doc(alias = "GetIndexLen")]
    pub get_index_len: unsafe extern "C" fn(*mut MediaData_t) -> c_int,
    /// The length of this piece in bytes.
    #[doc(alias = "GetDataLen")]
    pub get_data_len: unsafe extern "C" fn(*mut MediaData_t) -> c_int,
    /// 1 when this piece is the last.
    #[doc(alias = "IsMediaDataFinish")]
    pub is_media_data_finish: unsafe extern "C" fn(*mut MediaData_t) -> c_int,
}

impl FunctionTable {
    pub(crate) fn of_library(library: &SdkLibrary) -> Self {
        Self {
            new_sdk: library.NewSdk,
            init: library.Init,
            get_chat_data: library.GetChatData,
            decrypt_data: library.DecryptData,
            get_media_data: library.GetMediaData,
            destroy_sdk: library.DestroySdk,
            new_slice: library.NewSlice,
            free_slice: library.FreeSlice,
            get_content_from_slice: library.GetContentFromSlice,
            get_slice_len: library.GetSliceLen,
            new_media_data: library.NewMediaData,
            free_media_data: library.FreeMediaData,
            get_out_index_buf: library.GetOutIndexBuf,
            get_data: library.GetData,
            get_index_len: library.GetIndexLen,
            get_data_len: library.GetDataLen,
            is_media_data_finish: library.IsMediaDataFinish,
        }
    }
}

impl fmt::Debug for FunctionTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FunctionTable").finish_non_exhaustive()
    }
}
