//! Calls.

use std::time::Duration;

#[cfg(feature = "schema")]
use schemars::JsonSchema;
use serde::Serialize;

use super::content::{Content, FileId};
use super::id::UserId;
use super::lenient::{Fields, Misfit};
use super::newtype::{open_enumeration, string_newtype};
use super::units::EpochSeconds;
#[cfg(feature = "schema")]
use crate::message::schema::as_written;

/// The recording of a voice call (音频存档). The message's time is when the call began.
///
/// Neither size, checksum nor format of the recording are stated. Source: the table of message types in the
/// vendor's documentation, page 91774, `meeting_voice_call`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema), schemars(transform = as_written))]
#[non_exhaustive]
pub struct MeetingVoiceCall {
    /// Which call. Stands beside the body, under `voiceid`.
    #[serde(skip)]
    pub voice_id: Option<CallId>,
    /// When the call ended.
    #[serde(rename = "endtime", skip_serializing_if = "Option::is_none")]
    pub end: Option<EpochSeconds>,
    /// What to fetch the recording by.
    #[serde(rename = "sdkfileid")]
    pub file_id: FileId,
    /// The documents that were shown. The files themselves come as messages of type `voip_doc_share`.
    #[serde(rename = "demofiledata", skip_serializing_if = "Vec::is_empty")]
    pub shown_files: Vec<ShownFile>,
    /// The screens that were shared.
    #[serde(rename = "sharescreendata", skip_serializing_if = "Vec::is_empty")]
    pub shared_screens: Vec<SharedScreen>,
}

impl MeetingVoiceCall {
    pub(in crate::message) fn read(body: &Fields<'_>, beside: &Fields<'_>) -> Result<Self, Misfit> {
        Ok(Self {
            voice_id: beside.optional_text("voiceid"),
            end: body.time_in_seconds("endtime"),
            file_id: body.text("sdkfileid")?,
            shown_files: body.read_all("demofiledata", ShownFile::read),
            shared_screens: body.read_all("sharescreendata", SharedScreen::read),
        })
    }
}

/// A document that was shown during a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema), schemars(transform = as_written))]
#[non_exhaustive]
pub struct ShownFile {
    /// The name of the file.
    #[serde(rename = "filename")]
    pub name: Content,
    /// Who showed it.
    #[serde(rename = "demooperator")]
    pub user: UserId,
    /// From when.
    #[serde(rename = "starttime", skip_serializing_if = "Option::is_none")]
    pub start: Option<EpochSeconds>,
    /// Until when.
    #[serde(rename = "endtime", skip_serializing_if = "Option::is_none")]
    pub end: Option<EpochSeconds>,
}

impl ShownFile {
    pub(in crate::message) fn read(body: &Fields<'_>) -> Self {
        Self {
            name: body.text_or_empty("filename"),
            user: body.text_or_empty("demooperator"),
            start: body.time_in_seconds("starttime"),
            end: body.time_in_seconds("endtime"),
        }
    }
}

/// A screen that was shared during a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema), schemars(transform = as_written))]
#[non_exhaustive]
pub struct SharedScreen {
    /// Who shared it.
    #[serde(rename = "share")]
    pub user: UserId,
    /// From when.
    #[serde(rename = "starttime", skip_serializing_if = "Option::is_none")]
    pub start: Option<EpochSeconds>,
    /// Until when.
    #[serde(rename = "endtime", skip_serializing_if = "Option::is_none")]
    pub end: Option<EpochSeconds>,
}

impl SharedScreen {
    pub(in crate::message) fn read(body: &Fields<'_>) -> Self {
        Self {
            user: body.text_or_empty("share"),
            start: body.time_in_seconds("starttime"),
            end: body.time_in_seconds("endtime"),
        }
    }
}

/// A document that was shared during a voice call (音频共享文档).
///
/// Source: the table of message types in the vendor's documentation, page 91774, `voip_doc_share`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema), schemars(transform = as_written))]
#[non_exhaustive]
pub struct VoipDocShare {
    /// Which call; the same as [`MeetingVoiceCall::voice_id`] (inferred). Stands beside the body, under `voipid`.
    #[serde(skip)]
    pub voip_id: Option<CallId>,
    /// The name of the file. Untrusted, like every file name; its extension is the only hint of the format.
    #[serde(rename = "filename")]
    pub name: Content,
    /// MD5 of the file, in hexadecimal.
    #[serde(rename = "md5sum", skip_serializing_if = "Option::is_none")]
    pub md5: Option<String>,
    /// Bytes.
    #[serde(rename = "filesize", skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// What to fetch the file by.
    #[serde(rename = "sdkfileid")]
    pub file_id: FileId,
}

impl VoipDocShare {
    pub(in crate::message) fn read(body: &Fields<'_>, beside: &Fields<'_>) -> Result<Self, Misfit> {
        Ok(Self {
            voip_id: beside.optional_text("voipid"),
            name: body.text_or_empty("filename"),
            // As a program has it that was made from the documentation of 2020.
            md5: body.optional_text("md5sum").or_else(|| body.optional_text("md5")),
            size: body.number("filesize"),
            file_id: body.text("sdkfileid")?,
        })
    }
}

/// That a call took place (音视频通话): its length, not what was said.
///
/// A call with a user of WeChat gives one message, any other call one for everybody in it.
/// Source: the table of message types in the vendor's documentation, page 91774, `voiptext`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema), schemars(transform = as_written))]
#[non_exhaustive]
pub struct VoipText {
    /// How long it lasted, in whole seconds.
    #[serde(
        rename = "callduration",
        skip_serializing_if = "Option::is_none",
        with = "crate::message::units::seconds"
    )]
    #[cfg_attr(feature = "schema", schemars(with = "Option<u64>"))]
    pub duration: Option<Duration>,
    /// What kind of call it was.
    #[serde(rename = "invitetype", skip_serializing_if = "Option::is_none")]
    pub invite_type: Option<InviteType>,
}

impl VoipText {
    pub(in crate::message) fn read(body: &Fields<'_>) -> Self {
        Self {
            duration: body.seconds("callduration"),
            invite_type: body.number("invitetype").map(InviteType),
        }
    }
}

string_newtype! {
    /// The id of a call: `gr` and 32 hexadecimal digits, as far as is known.
    shown CallId
}

open_enumeration! {
    /// What kind of call it was.
    InviteType {
        /// Video, two people.
        VIDEO = 1,
        /// Voice, two people.
        VOICE = 2,
        /// Video, more than two people.
        GROUP_VIDEO = 3,
        /// Voice, more than two people.
        GROUP_VOICE = 4,
    }
}
