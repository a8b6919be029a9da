//! What the genuine SDK guarantees and demands, numbered so that `SAFETY` comments can cite it.
//!
//! The vendor's documentation is silent about most of this: every entry was measured by calling the library
//! (x86-64, v3 of 2025-02-05), and the suite in `tests/` measures it again.
//!
//! | # | contract |
//! |---|---|
//! | C1 | `NewSdk` only allocates (about 270 bytes); `Init` only copies its two strings. Neither touches the network. |
//! | C2 | One handle must not be used by two threads at once. Moving it between threads is fine. |
//! | C3 | Different handles may be used on different threads at the same time; there is no global lock. |
//! | C4 | `DestroySdk(NULL)` is harmless; destroying a handle twice is a crash. |
//! | C5 | The buffers of `Slice_t` and `MediaData_t` belong to it and live until `FreeSlice`, `FreeMediaData`. Data is by length, may contain NUL, may have length 0. A fresh or empty one answers with a pointer to a static empty string. |
//! | C6 | NULL for `proxy`, `passwd`, `indexbuf` means "none". A NULL or empty `corpid`, `secret`, `sdk_fileid`, a NULL handle and a NULL `chat_datas` return 10000. The Free functions and the accessors accept NULL. |
//! | C7 | `DecryptData` with an `encrypt_msg` shorter than 13 bytes ends the process (an uncaught C++ exception). |
//! | C8 | Even a longer `encrypt_msg` can end the process, when the lengths sealed inside it do not fit. No check outside the library is complete: only a separate process survives it. |
//! | C9 | `timeout` is in seconds and bounds connecting and the whole transfer; 0 or less waits for ever. |
//! | C10 | A `limit` of 0 or above 1000 returns 10000 without a request. |
//! | C11 | Loading is for ever: the library cannot be unloaded (65 `STB_GNU_UNIQUE` symbols). |
//! | C12 | A media reply with some 100,000 nested brackets overflows the stack inside the library. |
//! | C13 | Every reply with an HTTP status from 400 up costs the process two descriptors and 50 to 110 KiB of memory, which `DestroySdk` does not give back. Connections that fail, break or time out cost nothing. |

/// The shortest `encrypt_msg`, in bytes, that `DecryptData` survives (C7).
pub const SHORTEST_ENCRYPT_MSG: usize = 13;

/// The largest number of messages one `GetChatData` call may ask for (C10).
pub const MAX_CHAT_LIMIT: u32 = 1000;

/// The bytes of a file that one `GetMediaData` call asks for: the vendor's maximum and its default.
pub const MEDIA_CHUNK_BYTES: u64 = 512 * 1024;

/// Media are encrypted in blocks of this many bytes; index tokens must cover whole blocks.
pub const MEDIA_BLOCK_BYTES: u64 = 16;
