//! Return values of the vendor's library.

use super::code_enum::code_enum;

code_enum! {
    /// What a function of the vendor's library returned instead of 0.
    ///
    /// The vendor documents these numbers (<https://developer.work.weixin.qq.com/document/path/91774>), the
    /// causes given here were found by provoking them in version 3 of the library. Several are far wider than
    /// their name.
    ///
    /// ```
    /// use wecom_finance::{Language, SdkCode};
    ///
    /// let code = SdkCode::from_raw(10009);
    /// assert_eq!(code, SdkCode::IpNotAllowed);
    /// assert_eq!(code.to_string(), "this IP address is not allowed (10009)");
    /// assert!(!code.is_retryable());
    /// println!("{}", code.remedy(Language::English));
    /// ```
    pub enum SdkCode: i32 {
        /// An argument is empty, missing or malformed; for a page also a limit of 0 or above 1,000, for media
        /// also an index token that is not a byte range of a multiple of 16 bytes.
        InvalidArgument = 10000, "invalid argument";
        /// No network, no proxy, a timeout or an HTTP status of 400 and above; and every failure to get an
        /// access token, whatever the server said about it.
        Network = 10001, "network failure or access token refused";
        /// Media: the server answered with an error code other than the two that have their own number here.
        /// An access token that has expired or was revoked is the most common one.
        UnreadableReply = 10002, "the server's reply could not be used";
        /// Media: the server's reply has no content.
        System = 10003, "the server's reply has no content";
        /// Documented as deprecated; not returned by version 3.
        EncryptionKey = 10004, "encryption key error";
        /// Media: the `sdkfileid` is not one. Opening a message: the lengths sealed inside do not fit the
        /// message.
        InvalidFileId = 10005, "invalid sdkfileid or malformed message";
        /// The message body or the media chunk does not decrypt.
        DecryptionFailed = 10006, "decryption failed";
        /// Documented as deprecated; not returned by version 3.
        NoPrivateKey = 10007, "no private key for this key version";
        /// The decrypted random key of a message is not one.
        InvalidRandomKey = 10008, "the decrypted random key is wrong";
        /// Media: the server does not accept requests from this IP address. For pages the same news arrives
        /// as [`ServerCode::ArchiveIpNotAllowed`](crate::ServerCode::ArchiveIpNotAllowed).
        IpNotAllowed = 10009, "this IP address is not allowed";
        /// Media: the file is too old or gone; WeCom keeps archived data for about five days.
        Expired = 10010, "the file has expired";
        /// The server's certificate is wrong. Version 3 never checks it.
        Certificate = 10011, "certificate error";
    }
}

impl SdkCode {
    /// Whether the same call can succeed later without anybody changing anything.
    #[must_use]
    pub const fn is_retryable(self) -> bool {
        match self {
            Self::Network | Self::UnreadableReply | Self::System => true,
            Self::InvalidArgument
            | Self::EncryptionKey
            | Self::InvalidFileId
            | Self::DecryptionFailed
            | Self::NoPrivateKey
            | Self::InvalidRandomKey
            | Self::IpNotAllowed
            | Self::Expired
            | Self::Certificate
            | Self::Unknown(_) => false,
        }
    }

    /// Whether a stale access token can be behind this code, so that the retry needs a fresh SDK handle.
    #[must_use]
    pub const fn may_need_new_token(self) -> bool {
        match self {
            Self::UnreadableReply => true,
            Self::InvalidArgument
            | Self::Network
            | Self::System
            | Self::EncryptionKey
            | Self::InvalidFileId
            | Self::DecryptionFailed
            | Self::NoPrivateKey
            | Self::InvalidRandomKey
            | Self::IpNotAllowed
            | Self::Expired
            | Self::Certificate
            | Self::Unknown(_) => false,
        }
    }

    /// Whether the media file asked for will never be had: its id is wrong or it has expired.
    #[must_use]
    pub const fn is_final_for_file(self) -> bool {
        match self {
            Self::InvalidFileId | Self::Expired => true,
            Self::InvalidArgument
            | Self::Network
            | Self::UnreadableReply
            | Self::System
            | Self::EncryptionKey
            | Self::DecryptionFailed
            | Self::NoPrivateKey
            | Self::InvalidRandomKey
            | Self::IpNotAllowed
            | Self::Certificate
            | Self::Unknown(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_range_has_names_and_survives_a_round_trip() {
        for raw in 10000..=10011 {
            let code = SdkCode::from_raw(raw);
            assert!(!matches!(code, SdkCode::Unknown(_)), "{raw}");
            assert_eq!(code.raw(), raw);
            assert!(code.to_string().ends_with(&format!(" ({raw})")));
        }
        assert_eq!(SdkCode::ALL.len(), 12);
        for raw in [0, -1, 9999, 10012, i32::MIN, i32::MAX] {
            assert_eq!(SdkCode::from_raw(raw), SdkCode::Unknown(raw));
            assert_eq!(SdkCode::from_raw(raw).raw(), raw);
        }
    }

    #[test]
    fn a_file_that_is_gone_is_never_asked_for_again() {
        for code in SdkCode::ALL {
            assert!(!(code.is_final_for_file() && code.is_retryable()), "{code}");
        }
        assert!(SdkCode::Expired.is_final_for_file());
        assert!(SdkCode::InvalidFileId.is_final_for_file());
    }
}
