//! `errcode` values of WeCom's servers.

use super::code_enum::code_enum;

code_enum! {
    /// The `errcode` of a server's reply, where it is not 0.
    ///
    /// Pages report these although the vendor's library returned success. For media the library turns them
    /// into an [`SdkCode`](crate::SdkCode). The list is the part of WeCom's global table that the archive's
    /// requests are known to meet.
    ///
    /// ```
    /// use wecom_finance::ServerCode;
    ///
    /// assert_eq!(ServerCode::from_raw(60020), ServerCode::IpNotAllowed);
    /// assert!(ServerCode::TokenExpired.needs_new_token());
    /// assert_eq!(ServerCode::from_raw(7).raw(), 7);
    /// ```
    pub enum ServerCode: i64 {
        /// The server is busy.
        Busy = -1, "the server is busy";
        /// The secret does not belong to the corp id, or was reset.
        InvalidSecret = 40001, "wrong secret";
        /// There is no corp with this id.
        InvalidCorpId = 40013, "wrong corp id";
        /// The access token is not valid, most often because it was revoked.
        InvalidToken = 40014, "invalid access token";
        /// The customer has not agreed to being archived.
        CustomerNotConsented = 41053, "the customer has not agreed to archiving";
        /// The access token has expired.
        TokenExpired = 42001, "access token expired";
        /// Too many requests.
        RateLimited = 45009, "too many requests";
        /// The secret is that of another application, not the archive's.
        ApiForbidden = 48002, "this secret may not use the archive";
        /// The IP address may not use this secret.
        IpNotAllowed = 60020, "this IP address is not allowed";
        /// The IP address is not among the archive's trusted IPs.
        ArchiveIpNotAllowed = 301_042, "this IP address is not among the archive's trusted IPs";
        /// The file is too old or gone.
        FileExpired = 301_048, "the file has expired";
        /// The corp's archive service has run out.
        ArchiveExpired = 301_052, "the archive service has expired";
        /// The corp has not opened the archive.
        ArchiveNotEnabled = 301_053, "the archive is not enabled";
        /// The messages asked for are too large for one reply.
        PageTooLarge = 301_058, "the page is too large";
        /// The request is for internal rooms only.
        NotInternalRoom = 301_059, "not an internal room";
    }
}

impl ServerCode {
    /// Whether the same request can succeed later without anybody changing anything: after a pause, or, where
    /// [`needs_new_token`](Self::needs_new_token) says so, with a new access token.
    #[must_use]
    pub const fn is_retryable(self) -> bool {
        match self {
            Self::Busy | Self::InvalidToken | Self::TokenExpired | Self::RateLimited => true,
            Self::InvalidSecret
            | Self::InvalidCorpId
            | Self::CustomerNotConsented
            | Self::ApiForbidden
            | Self::IpNotAllowed
            | Self::ArchiveIpNotAllowed
            | Self::FileExpired
            | Self::ArchiveExpired
            | Self::ArchiveNotEnabled
            | Self::PageTooLarge
            | Self::NotInternalRoom
            | Self::Unknown(_) => false,
        }
    }

    /// Whether a fresh access token cures it, which for the vendor's library means a fresh handle.
    #[must_use]
    pub const fn needs_new_token(self) -> bool {
        match self {
            Self::InvalidToken | Self::TokenExpired => true,
            Self::Busy
            | Self::InvalidSecret
            | Self::InvalidCorpId
            | Self::CustomerNotConsented
            | Self::RateLimited
            | Self::ApiForbidden
            | Self::IpNotAllowed
            | Self::ArchiveIpNotAllowed
            | Self::FileExpired
            | Self::ArchiveExpired
            | Self::ArchiveNotEnabled
            | Self::PageTooLarge
            | Self::NotInternalRoom
            | Self::Unknown(_) => false,
        }
    }

    /// Whether asking for fewer messages at once cures it.
    #[must_use]
    pub const fn needs_smaller_page(self) -> bool {
        match self {
            Self::PageTooLarge => true,
            Self::Busy
            | Self::InvalidSecret
            | Self::InvalidCorpId
            | Self::InvalidToken
            | Self::CustomerNotConsented
            | Self::TokenExpired
            | Self::RateLimited
            | Self::ApiForbidden
            | Self::IpNotAllowed
            | Self::ArchiveIpNotAllowed
            | Self::FileExpired
            | Self::ArchiveExpired
            | Self::ArchiveNotEnabled
            | Self::NotInternalRoom
            | Self::Unknown(_) => false,
        }
    }

    /// Whether the request came too soon after others. The server's block lasts a minute.
    #[must_use]
    pub const fn is_rate_limited(self) -> bool {
        match self {
            Self::RateLimited => true,
            Self::Busy
            | Self::InvalidSecret
            | Self::InvalidCorpId
            | Self::InvalidToken
            | Self::CustomerNotConsented
            | Self::TokenExpired
            | Self::ApiForbidden
            | Self::IpNotAllowed
            | Self::ArchiveIpNotAllowed
            | Self::FileExpired
            | Self::ArchiveExpired
            | Self::ArchiveNotEnabled
            | Self::PageTooLarge
            | Self::NotInternalRoom
            | Self::Unknown(_) => false,
        }
    }

    /// Whether the media file asked for will never be had.
    #[must_use]
    pub const fn is_final_for_file(self) -> bool {
        match self {
            Self::FileExpired => true,
            Self::Busy
            | Self::InvalidSecret
            | Self::InvalidCorpId
            | Self::InvalidToken
            | Self::CustomerNotConsented
            | Self::TokenExpired
            | Self::RateLimited
            | Self::ApiForbidden
            | Self::IpNotAllowed
            | Self::ArchiveIpNotAllowed
            | Self::ArchiveExpired
            | Self::ArchiveNotEnabled
            | Self::PageTooLarge
            | Self::NotInternalRoom
            | Self::Unknown(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_survive_a_round_trip() {
        let known = [
            -1, 40001, 40013, 40014, 41053, 42001, 45009, 48002, 60020, 301_042, 301_048, 301_052, 301_053,
            301_058, 301_059,
        ];
        assert_eq!(ServerCode::ALL.iter().map(|code| code.raw()).collect::<Vec<_>>(), known);
        for raw in known {
            assert!(!matches!(ServerCode::from_raw(raw), ServerCode::Unknown(_)), "{raw}");
            assert_eq!(ServerCode::from_raw(raw).raw(), raw);
        }
        for raw in [0, 1, i64::MIN, i64::MAX] {
            assert_eq!(ServerCode::from_raw(raw), ServerCode::Unknown(raw));
        }
    }

    #[test]
    fn what_a_new_token_cures_is_worth_a_retry() {
        for code in ServerCode::ALL {
            assert!(!code.needs_new_token() || code.is_retryable(), "{code}");
            assert!(!code.is_rate_limited() || code.is_retryable(), "{code}");
            assert!(!code.is_final_for_file() || !code.is_retryable(), "{code}");
        }
    }
}
