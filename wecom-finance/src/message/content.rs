//! Strings that must not appear in a log.

use super::newtype::string_newtype;

string_newtype! {
    /// Something that people wrote: a message's text, a file's name. Private, so `Debug` shows its length
    /// only, and a struct with a `Content` in it can derive `Debug`. `Display` prints it: that is an explicit
    /// act.
    ///
    /// ```
    /// use wecom_finance::message::Content;
    ///
    /// let content = Content::from("明天上午十点发货");
    /// assert_eq!(content.to_string(), "明天上午十点发货");
    /// assert_eq!(format!("{content:?}"), "Content(24 bytes)");
    /// ```
    hidden Content
}

string_newtype! {
    /// The `sdkfileid` of a media file: what the vendor's library fetches it by. It is several hundred
    /// characters long, and holds the file's key in the clear, so `Debug` shows its length only.
    hidden FileId
}
