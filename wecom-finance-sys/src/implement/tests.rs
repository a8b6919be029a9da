//! The shims, called as C would call them. Runs under Miri.

use super::*;

struct Echo {
    corp_id: Option<String>,
}

impl Implementation for Echo {
    fn new() -> Self {
        Self { corp_id: None }
    }

    fn init(&mut self, corp_id: Option<&CStr>, secret: Option<&CStr>) -> c_int {
        self.corp_id = corp_id.map(|id| id.to_string_lossy().into_owned());
        if self.corp_id.is_some() && secret.is_some() { 0 } else { BAD_PARAMETER }
    }

    fn get_chat_data(
        &mut self,
        seq: u64,
        limit: u32,
        proxy: Option<&CStr>,
        _passwd: Option<&CStr>,
        timeout: c_int,
    ) -> Result<Vec<u8>, c_int> {
        Ok(format!("{:?} {seq} {limit} {proxy:?} {timeout}", self.corp_id).into_bytes())
    }

    fn decrypt_data(encrypt_key: Option<&CStr>, encrypt_msg: Option<&CStr>) -> Result<Vec<u8>, c_int> {
        match (encrypt_key, encrypt_msg) {
            (Some(_), Some(message)) => Ok([message.to_bytes(), b"\0after"].concat()),
            _ => Err(10005),
        }
    }

    fn get_media_data(
        &mut self,
        index_buf: Option<&CStr>,
        _file_id: Option<&CStr>,
        _proxy: Option<&CStr>,
        _passwd: Option<&CStr>,
        _timeout: c_int,
    ) -> Result<MediaReply, c_int> {
        let out_index_buf = index_buf.map(|token| token.to_bytes().to_vec()).unwrap_or_default();
        Ok(MediaReply { out_index_buf, data: vec![0, 1, 2], is_finish: true })
    }
}

fn content(slice: *mut Slice_t) -> Vec<u8> {
    // SAFETY: the slice is live, in this and the next two blocks.
    let len = unsafe { get_slice_len(slice) };
    // SAFETY: see above.
    let buffer = unsafe { get_content_from_slice(slice) };
    // SAFETY: the buffer has that many bytes (C5).
    unsafe { std::slice::from_raw_parts(buffer.cast::<u8>(), usize::try_from(len).unwrap()) }.to_vec()
}

#[test]
#[allow(clippy::multiple_unsafe_ops_per_block, reason = "a C program in Rust's clothes")]
fn a_handle_lives_from_new_to_destroy_and_everything_is_freed() {
    let before = live_objects();
    let table = FunctionTable::implemented_by::<Echo>();
    // SAFETY: the calls follow C1, C4, C5 and C6: everything is made, used by this thread alone, and freed once.
    unsafe {
        let sdk = (table.new_sdk)();
        assert_eq!((table.init)(sdk, c"corp".as_ptr(), ptr::null()), BAD_PARAMETER);
        assert_eq!((table.init)(sdk, c"corp".as_ptr(), c"secret".as_ptr()), 0);

        let slice = (table.new_slice)();
        assert_eq!(content(slice), b"");
        assert_eq!((table.get_chat_data)(sdk, 7, 8, ptr::null(), ptr::null(), 9, slice), 0);
        assert_eq!(content(slice), b"Some(\"corp\") 7 8 None 9");
        assert_eq!((table.decrypt_data)(c"key".as_ptr(), c"text".as_ptr(), slice), 0);
        assert_eq!(content(slice), b"text\0after");
        assert_eq!((table.decrypt_data)(ptr::null(), ptr::null(), slice), 10005);
        (table.free_slice)(slice);

        let media = (table.new_media_data)();
        assert_eq!(
            (table.get_media_data)(
                sdk,
                c"token".as_ptr(),
                c"id".as_ptr(),
                ptr::null(),
                ptr::null(),
                1,
                media
            ),
            0
        );
        assert_eq!((table.get_index_len)(media), 5);
        assert_eq!((table.get_data_len)(media), 3);
        assert_eq!((table.is_media_data_finish)(media), 1);
        assert_eq!(CStr::from_ptr((table.get_out_index_buf)(media)), c"token");
        (table.free_media_data)(media);
        (table.destroy_sdk)(sdk);
    }
    assert_eq!(live_objects(), before);
}

#[test]
#[allow(clippy::multiple_unsafe_ops_per_block, reason = "a C program in Rust's clothes")]
fn null_is_answered_not_read() {
    let table = FunctionTable::implemented_by::<Echo>();
    let none = ptr::null_mut();
    // SAFETY: C6 allows NULL in all of these places.
    unsafe {
        assert_eq!((table.init)(none, c"corp".as_ptr(), c"secret".as_ptr()), BAD_PARAMETER);
        let text = ptr::null();
        assert_eq!((table.get_chat_data)(none, 0, 1, text, text, 1, ptr::null_mut()), BAD_PARAMETER);
        assert_eq!((table.get_media_data)(none, text, text, text, text, 1, ptr::null_mut()), BAD_PARAMETER);
        assert_eq!((table.decrypt_data)(text, text, ptr::null_mut()), BAD_PARAMETER);
        (table.destroy_sdk)(none);
        (table.free_slice)(ptr::null_mut());
        (table.free_media_data)(ptr::null_mut());
        assert_eq!((table.get_slice_len)(ptr::null_mut()), 0);
        assert_eq!((table.get_data_len)(ptr::null_mut()), 0);
        assert_eq!((table.get_index_len)(ptr::null_mut()), 0);
        assert_eq!((table.is_media_data_finish)(ptr::null_mut()), 0);
        assert!(!(table.get_content_from_slice)(ptr::null_mut()).is_null());
        assert!(!(table.get_data)(ptr::null_mut()).is_null());
        assert!(!(table.get_out_index_buf)(ptr::null_mut()).is_null());
    }
}
