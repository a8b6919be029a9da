//! The plain messages: one body, nothing nested.

mod degrees;
mod files;

#[cfg(feature = "schema")]
use schemars::JsonSchema;
use serde::Serialize;

use super::content::Content;
use super::id::{MsgId, UserId};
use super::lenient::{Fields, Misfit};
#[cfg(feature = "schema")]
use crate::message::schema::as_written;
use crate::timestamp::Timestamp;

pub use self::degrees::Degrees;
pub use self::files::{Emotion, EmotionType, File, Image, Video, Voice};

/// A text message.
///
/// Source: the table of message types in the vendor's documentation, page 91774, `text`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema), schemars(transform = as_written))]
#[non_exhaustive]
pub struct Text {
    /// The text as it was typed. Built-in emoji are words in brackets (`[微笑]`), mentions are plain text.
    /// For quotes, see [`Text::quote`].
    pub content: Content,
}

impl Text {
    pub(in crate::message) fn read(body: &Fields<'_>) -> Result<Self, Misfit> {
        Ok(Self { content: body.text("content")? })
    }
}

/// A message was taken back. The message itself stays in the archive, unchanged.
///
/// Source: the table of message types in the vendor's documentation, page 91774, `revoke`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema), schemars(transform = as_written))]
#[non_exhaustive]
pub struct Revoke {
    /// The message that was taken back. It may be older than what the archive still hands out.
    pub pre_msgid: MsgId,
}

impl Revoke {
    pub(in crate::message) fn read(body: &Fields<'_>) -> Result<Self, Misfit> {
        Ok(Self { pre_msgid: body.text("pre_msgid")? })
    }
}

/// Somebody outside of the corp agreed that the conversation be archived.
///
/// Source: the table of message types in the vendor's documentation, page 91774, `agree`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema), schemars(transform = as_written))]
#[non_exhaustive]
pub struct Agree {
    /// Who agreed.
    #[serde(rename = "userid")]
    pub user: UserId,
    /// When, in milliseconds.
    #[serde(rename = "agree_time", skip_serializing_if = "Option::is_none")]
    pub time: Option<Timestamp>,
}

impl Agree {
    pub(in crate::message) fn read(body: &Fields<'_>) -> Self {
        Self { user: who_agreed(body), time: body.time_in_millis("agree_time") }
    }
}

/// Somebody outside of the corp refused that the conversation be archived.
///
/// Source: the table of message types in the vendor's documentation, page 91774, `disagree`. That table can be
/// read as if the fields were those of an [`Agree`], so they are read under either name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema), schemars(transform = as_written))]
#[non_exhaustive]
pub struct Disagree {
    /// Who refused.
    #[serde(rename = "userid")]
    pub user: UserId,
    /// When, in milliseconds.
    #[serde(rename = "disagree_time", skip_serializing_if = "Option::is_none")]
    pub time: Option<Timestamp>,
}

impl Disagree {
    pub(in crate::message) fn read(body: &Fields<'_>) -> Self {
        let time = body.time_in_millis("disagree_time").or_else(|| body.time_in_millis("agree_time"));
        Self { user: who_agreed(body), time }
    }
}

fn who_agreed(body: &Fields<'_>) -> UserId {
    // An old table of the documentation calls it `openid`.
    body.optional_text("userid").unwrap_or_else(|| body.text_or_empty("openid"))
}

/// A contact card.
///
/// Source: the table of message types in the vendor's documentation, page 91774, `card`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema), schemars(transform = as_written))]
#[non_exhaustive]
pub struct Card {
    /// The company of the card's owner; the fixed text `微信联系人` for users of WeChat.
    #[serde(rename = "corpname")]
    pub corp_name: Content,
    /// Whose card it is.
    #[serde(rename = "userid")]
    pub user: UserId,
}

impl Card {
    pub(in crate::message) fn read(body: &Fields<'_>) -> Self {
        // Older tables of the documentation spell it with a capital.
        let user = body.optional_text("userid").unwrap_or_else(|| body.text_or_empty("Userid"));
        Self { corp_name: body.text_or_empty("corpname"), user }
    }
}

/// A place on the map.
///
/// Source: the table of message types in the vendor's documentation, page 91774, `location`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema), schemars(transform = as_written))]
#[non_exhaustive]
pub struct Location {
    /// Degrees, east positive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub longitude: Option<Degrees>,
    /// Degrees, north positive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latitude: Option<Degrees>,
    /// The address in words.
    pub address: Content,
    /// The name of the place. May be empty.
    pub title: Content,
    /// The zoom level of the map.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zoom: Option<u32>,
}

impl Location {
    pub(in crate::message) fn read(body: &Fields<'_>) -> Self {
        Self {
            longitude: body.optional_text("longitude"),
            latitude: body.optional_text("latitude"),
            address: body.text_or_empty("address"),
            title: body.text_or_empty("title"),
            zoom: body.number("zoom"),
        }
    }
}

/// A link with a preview. Every field may be empty.
///
/// Source: the table of message types in the vendor's documentation, page 91774, `link`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema), schemars(transform = as_written))]
#[non_exhaustive]
pub struct Link {
    /// The title of the page.
    pub title: Content,
    /// What the page is about.
    pub description: Content,
    /// Where it leads.
    #[serde(rename = "link_url")]
    pub url: Content,
    /// The picture of the preview: an ordinary URL, not a file of the archive.
    pub image_url: Content,
}

impl Link {
    pub(in crate::message) fn read(body: &Fields<'_>) -> Self {
        Self {
            title: body.text_or_empty("title"),
            description: body.text_or_empty("description"),
            url: body.text_or_empty("link_url"),
            image_url: body.text_or_empty("image_url"),
        }
    }
}

/// A mini program.
///
/// Source: the table of message types in the vendor's documentation, page 91774, `weapp`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema), schemars(transform = as_written))]
#[non_exhaustive]
pub struct Weapp {
    /// The title of the shared page.
    pub title: Content,
    /// What the page is about. May be empty.
    pub description: Content,
    /// The original id of the mini program; ends in `@app`.
    pub username: Content,
    /// The name of the mini program.
    #[serde(rename = "displayname")]
    pub display_name: Content,
    /// The app id. Absent from messages before about 2026.
    #[serde(rename = "appid", skip_serializing_if = "Option::is_none")]
    pub app_id: Option<Content>,
    /// The page inside the mini program. Absent from messages before about 2026.
    #[serde(rename = "pagepath", skip_serializing_if = "Option::is_none")]
    pub page_path: Option<Content>,
}

impl Weapp {
    pub(in crate::message) fn read(body: &Fields<'_>) -> Self {
        Self {
            title: body.text_or_empty("title"),
            description: body.text_or_empty("description"),
            username: body.text_or_empty("username"),
            display_name: body.text_or_empty("displayname"),
            app_id: body.optional_text("appid"),
            page_path: body.optional_text("pagepath"),
        }
    }
}

impl Revoke {
    /// The message that was taken back: the same as [`pre_msgid`](Self::pre_msgid), by a name that says so.
    #[must_use]
    pub fn revoked(&self) -> &MsgId {
        &self.pre_msgid
    }
}
