//! Money, articles, channels.

#[cfg(feature = "schema")]
use schemars::JsonSchema;
use serde::Serialize;

use super::content::Content;
use super::lenient::{Fields, Misfit};
use super::newtype::open_enumeration;
#[cfg(feature = "schema")]
use crate::message::schema::as_written;

/// Money in an envelope (红包): of a `redpacket`, between members, or an `external_redpacket`, with people
/// outside of the corp.
///
/// Source: the table of message types in the vendor's documentation, page 91774, `redpacket` and
/// `external_redpacket`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema), schemars(transform = as_written))]
#[non_exhaustive]
pub struct RedPacket {
    /// What kind it is.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub packet_type: Option<RedPacketType>,
    /// The words that go with it.
    pub wish: Content,
    /// How many shares it has.
    #[serde(rename = "totalcnt", skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// How much it holds in all, in 分: hundredths of 1 CNY.
    #[serde(rename = "totalamount", skip_serializing_if = "Option::is_none")]
    pub amount: Option<u64>,
}

impl RedPacket {
    pub(in crate::message) fn read(body: &Fields<'_>) -> Self {
        Self {
            packet_type: body.number("type").map(RedPacketType),
            wish: body.text_or_empty("wish"),
            count: body.number("totalcnt"),
            amount: body.number("totalamount"),
        }
    }
}

open_enumeration! {
    /// What kind of red packet it is.
    ///
    /// The meanings are those of the documentation from 2020 to 2024. A later one has 1 for a person and 2 for a
    /// group.
    RedPacketType {
        /// An ordinary one.
        ORDINARY = 1,
        /// For a group, in random shares (拼手气).
        RANDOM_SHARES = 2,
        /// For a group, as an incentive (激励).
        INCENTIVE = 3,
    }
}

/// Text in WeCom's Markdown, which robots send.
///
/// Source: the table of message types in the vendor's documentation, page 91774, `markdown`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema), schemars(transform = as_written))]
#[non_exhaustive]
pub struct Markdown {
    /// The text.
    pub content: Content,
}

impl Markdown {
    pub(in crate::message) fn read(body: &Fields<'_>) -> Result<Self, Misfit> {
        Ok(Self { content: body.text("content")? })
    }
}

/// Articles, as a list with pictures (图文).
///
/// Source: the table of message types in the vendor's documentation, page 91774, `news`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema), schemars(transform = as_written))]
#[non_exhaustive]
pub struct News {
    /// The articles.
    #[serde(rename = "item")]
    pub articles: Vec<Article>,
}

impl News {
    pub(in crate::message) fn read(body: &Fields<'_>) -> Self {
        let flat =
            !body.has("item") && ["title", "description", "url", "picurl"].iter().any(|key| body.has(key));
        Self { articles: if flat { vec![Article::read(body)] } else { body.read_all("item", Article::read) } }
    }
}

/// One article of a [`News`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema), schemars(transform = as_written))]
#[non_exhaustive]
pub struct Article {
    /// The headline.
    pub title: Content,
    /// What it is about.
    pub description: Content,
    /// Where it leads.
    pub url: Content,
    /// Its picture: an ordinary URL, not a file of the archive.
    #[serde(rename = "picurl", skip_serializing_if = "Option::is_none")]
    pub picture_url: Option<Content>,
}

impl Article {
    pub(in crate::message) fn read(body: &Fields<'_>) -> Self {
        Self {
            title: body.text_or_empty("title"),
            description: body.text_or_empty("description"),
            url: body.text_or_empty("url"),
            picture_url: body.optional_text("picurl"),
        }
    }
}

/// A post of a channel (视频号). Neither the media nor a link to them are archived.
///
/// Source: the table of message types in the vendor's documentation, page 91774, `sphfeed`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema), schemars(transform = as_written))]
#[non_exhaustive]
pub struct SphFeed {
    /// What the post is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub feed_type: Option<FeedType>,
    /// The name of the channel.
    #[serde(rename = "sph_name")]
    pub channel: Content,
    /// The text of the post.
    #[serde(rename = "feed_desc")]
    pub description: Content,
}

impl SphFeed {
    pub(in crate::message) fn read(body: &Fields<'_>) -> Self {
        Self {
            feed_type: body.number("feed_type").map(FeedType),
            channel: body.text_or_empty("sph_name"),
            description: body.text_or_empty("feed_desc"),
        }
    }
}

open_enumeration! {
    /// What a channel's post is.
    FeedType {
        /// Pictures.
        IMAGE = 2,
        /// A video.
        VIDEO = 4,
        /// A live broadcast.
        LIVE = 9,
    }
}
