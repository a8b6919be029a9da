//! The C functions, called safely: the same for the genuine SDK and for the stand-in.
#![allow(unsafe_code, reason = "these tests are the C caller that the crate stands in front of")]

use std::{
    ffi::{CString, c_char, c_int, c_longlong},
    path::PathBuf,
    ptr, slice,
};

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    rsa::{KeyPair, Pkcs1PrivateDecryptingKey, PrivateDecryptingKey},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use rustls::pki_types::{PrivateKeyDer, pem::PemObject};
use wecom_finance_simulator::{Control, World};
use wecom_finance_sys::{FunctionTable, Library, WeWorkFinanceSdk_t};

/// The genuine SDK, where it is installed; otherwise says that a test was skipped.
pub(crate) fn genuine() -> Option<Library> {
    let path = std::env::var_os("WECOM_FINANCE_SDK").map_or_else(
        || {
            let workspace = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
            workspace.join("target/wecom-finance-sdk/libWeWorkFinanceSdk_C.so")
        },
        PathBuf::from,
    );
    if !path.exists() {
        let reason = format!("no genuine SDK at {}: tests/fetch-sdk fetches it", path.display());
        assert!(std::env::var_os("WECOM_FINANCE_REQUIRE_SDK").is_none(), "{reason}");
        println!("skipped: {reason}");
        return None;
    }
    // SAFETY: the vendor's library is trusted to run its initialisers.
    Some(unsafe { Library::open(path) }.expect("the genuine SDK loads"))
}

/// How calls reach a world.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) table: &'static FunctionTable,
    /// How a world in another library is told things; otherwise it is in this process.
    pub(crate) control: Option<ControlFunction>,
    pub(crate) proxy: Option<CString>,
    pub(crate) password: Option<CString>,
}

/// `WecomSimulatorControl` of the `cdylib`.
pub(crate) type ControlFunction = unsafe extern "C" fn(*const c_char, *const c_char) -> c_longlong;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Chunk {
    pub(crate) code: c_int,
    pub(crate) token: String,
    pub(crate) data: Vec<u8>,
    pub(crate) finish: bool,
}

fn c(text: &str) -> CString {
    CString::new(text).unwrap()
}

fn pointer(text: Option<&CString>) -> *const c_char {
    text.map_or(ptr::null(), |text| text.as_ptr())
}

impl Caller {
    pub(crate) fn stand_in(world: &World) -> Self {
        Self { table: world.table(), control: None, proxy: None, password: None }
    }

    pub(crate) fn genuine(library: Library, proxy: &str) -> Self {
        Self { table: library.table(), control: None, proxy: Some(c(proxy)), password: None }
    }

    pub(crate) fn with_password(mut self, password: &str) -> Self {
        self.password = Some(c(password));
        self
    }

    /// The stand-in in a library of its own.
    pub(crate) fn cdylib(library: Library, control: ControlFunction) -> Self {
        Self { table: library.table(), control: Some(control), proxy: None, password: None }
    }

    /// Tells the world, or asks it.
    pub(crate) fn tell(&self, world: &World, order: &Control) -> u64 {
        let Some(control) = self.control else { return world.control(order.clone()) };
        let (corp_id, json) = (c(world.corp_id()), c(&order.to_json().unwrap()));
        // SAFETY: both strings live.
        u64::try_from(unsafe { control(corp_id.as_ptr(), json.as_ptr()) }).unwrap()
    }

    pub(crate) fn handle(&self, world: &World) -> Handle {
        self.handle_for(world.corp_id(), world.secret())
    }

    pub(crate) fn handle_for(&self, corp_id: &str, secret: &str) -> Handle {
        // SAFETY: C1.
        let pointer = unsafe { (self.table.new_sdk)() };
        let (corp_id, secret) = (c(corp_id), c(secret));
        // SAFETY: the handle is fresh, the strings live.
        let code = unsafe { (self.table.init)(pointer, corp_id.as_ptr(), secret.as_ptr()) };
        assert_eq!(code, 0, "Init");
        Handle { caller: self.clone(), pointer }
    }

    pub(crate) fn init(&self, corp_id: Option<&str>, secret: Option<&str>) -> c_int {
        let (corp_id, secret) = (corp_id.map(c), secret.map(c));
        // SAFETY: C1.
        let handle = unsafe { (self.table.new_sdk)() };
        // SAFETY: the handle is fresh, the strings live or are NULL (C6).
        let code = unsafe { (self.table.init)(handle, pointer(corp_id.as_ref()), pointer(secret.as_ref())) };
        // SAFETY: destroyed once (C4).
        unsafe { (self.table.destroy_sdk)(handle) };
        code
    }

    pub(crate) fn decrypt(&self, key: Option<&[u8]>, message: Option<&[u8]>) -> (c_int, Vec<u8>) {
        let key = key.map(|key| CString::new(key).unwrap());
        let message = message.map(|message| CString::new(message).unwrap());
        // SAFETY: no precondition.
        let slice = unsafe { (self.table.new_slice)() };
        // SAFETY: strings live or are NULL, the slice is fresh.
        let code =
            unsafe { (self.table.decrypt_data)(pointer(key.as_ref()), pointer(message.as_ref()), slice) };
        // SAFETY: C5.
        let content = unsafe {
            let content = (self.table.get_content_from_slice)(slice);
            let len = (self.table.get_slice_len)(slice);
            let content = slice::from_raw_parts(content.cast::<u8>(), len as usize).to_vec();
            (self.table.free_slice)(slice);
            content
        };
        (code, content)
    }
}

/// One SDK handle.
pub(crate) struct Handle {
    caller: Caller,
    pointer: *mut WeWorkFinanceSdk_t,
}

// SAFETY: C3; a handle is used by one thread at a time, as `&mut self` sees to.
unsafe impl Send for Handle {}

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: destroyed once (C4).
        unsafe { (self.caller.table.destroy_sdk)(self.pointer) };
    }
}

impl Handle {
    pub(crate) fn chat(&mut self, seq: u64, limit: u32) -> (c_int, Vec<u8>) {
        self.chat_within(seq, limit, 20)
    }

    pub(crate) fn chat_within(&mut self, seq: u64, limit: u32, timeout: c_int) -> (c_int, Vec<u8>) {
        let table = self.caller.table;
        let (proxy, password) = (pointer(self.caller.proxy.as_ref()), pointer(self.caller.password.as_ref()));
        // SAFETY: the handle is ours alone (C2), strings live, the slice is fresh; its content is copied before
        // it is freed (C5).
        unsafe {
            let slice = (table.new_slice)();
            let code = (table.get_chat_data)(self.pointer, seq, limit, proxy, password, timeout, slice);
            let len = (table.get_slice_len)(slice) as usize;
            let content =
                slice::from_raw_parts((table.get_content_from_slice)(slice).cast::<u8>(), len).to_vec();
            (table.free_slice)(slice);
            (code, content)
        }
    }

    pub(crate) fn chunk(&mut self, token: Option<&str>, file_id: Option<&str>) -> Chunk {
        self.chunk_within(token, file_id, 20)
    }

    pub(crate) fn chunk_within(
        &mut self,
        token: Option<&str>,
        file_id: Option<&str>,
        timeout: c_int,
    ) -> Chunk {
        let table = self.caller.table;
        let (token, file_id) = (token.map(c), file_id.map(c));
        let (proxy, password) = (pointer(self.caller.proxy.as_ref()), pointer(self.caller.password.as_ref()));
        // SAFETY: as in `chat_within`.
        unsafe {
            let media = (table.new_media_data)();
            let code = (table.get_media_data)(
                self.pointer,
                pointer(token.as_ref()),
                pointer(file_id.as_ref()),
                proxy,
                password,
                timeout,
                media,
            );
            let bytes = |start: *mut c_char, len: c_int| {
                slice::from_raw_parts(start.cast::<u8>(), len as usize).to_vec()
            };
            let data = bytes((table.get_data)(media), (table.get_data_len)(media));
            let token = bytes((table.get_out_index_buf)(media), (table.get_index_len)(media));
            let finish = (table.is_media_data_finish)(media) == 1;
            (table.free_media_data)(media);
            Chunk { code, token: String::from_utf8(token).unwrap(), data, finish }
        }
    }

    /// The whole file, and the number of chunks.
    pub(crate) fn file(&mut self, file_id: &str) -> (Vec<u8>, usize) {
        let mut whole = Vec::new();
        let mut token = String::new();
        for count in 1.. {
            let chunk = self.chunk(Some(&token), Some(file_id));
            assert_eq!(chunk.code, 0, "chunk {count} {token}");
            whole.extend_from_slice(&chunk.data);
            if chunk.finish {
                return (whole, count);
            }
            assert_ne!(token, chunk.token);
            token = chunk.token;
        }
        unreachable!()
    }
}

#[derive(Debug, serde::Deserialize)]
pub(crate) struct Page {
    pub(crate) errcode: i64,
    #[serde(default)]
    pub(crate) chatdata: Vec<SealedMessage>,
}

#[derive(Debug, Clone, serde::Deserialize)]
pub(crate) struct SealedMessage {
    pub(crate) seq: u64,
    pub(crate) msgid: String,
    pub(crate) publickey_ver: u32,
    pub(crate) encrypt_random_key: String,
    pub(crate) encrypt_chat_msg: String,
}

/// The private keys of a world.
pub(crate) struct Keys(Vec<(u32, Pkcs1PrivateDecryptingKey)>);

impl Keys {
    pub(crate) fn of(world: &World) -> Self {
        let read = |version| {
            let pem = world.key_pem(version).unwrap();
            let pkcs8 = match PrivateKeyDer::from_pem_slice(pem.as_bytes()).unwrap() {
                PrivateKeyDer::Pkcs1(der) => {
                    let pair = KeyPair::from_der(der.secret_pkcs1_der()).unwrap();
                    AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).unwrap().as_ref().to_vec()
                }
                other => other.secret_der().to_vec(),
            };
            let key = PrivateDecryptingKey::from_pkcs8(&pkcs8).unwrap();
            (version, Pkcs1PrivateDecryptingKey::new(key).unwrap())
        };
        Self(world.key_versions().into_iter().map(read).collect())
    }

    /// What RSA gives: the key text for `DecryptData`.
    pub(crate) fn unlock(&self, message: &SealedMessage) -> Option<Vec<u8>> {
        let (_, key) = self.0.iter().find(|(version, _)| *version == message.publickey_ver)?;
        let sealed = STANDARD.decode(&message.encrypt_random_key).ok()?;
        let mut opened = vec![0; key.min_output_size()];
        key.decrypt(&sealed, &mut opened).ok().map(|opened| opened.to_vec())
    }
}

/// All pages from the first to the head.
pub(crate) fn pull(handle: &mut Handle, limit: u32) -> Vec<SealedMessage> {
    let mut all: Vec<SealedMessage> = Vec::new();
    loop {
        let (code, body) = handle.chat(all.last().map_or(0, |last| last.seq), limit);
        assert_eq!(code, 0);
        let page: Page = serde_json::from_slice(&body).unwrap();
        assert_eq!(page.errcode, 0);
        if page.chatdata.is_empty() {
            return all;
        }
        all.extend(page.chatdata);
    }
}
