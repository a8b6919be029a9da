//! What the vendor's library and WeCom's servers answer when something is wrong, and what to do about it.

mod code_enum;
mod remedy;
mod sdk_code;
mod server_code;

pub use self::remedy::Language;
pub use self::sdk_code::SdkCode;
pub use self::server_code::ServerCode;
