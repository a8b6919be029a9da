//! Forms.

#[cfg(feature = "schema")]
use schemars::JsonSchema;
use serde::Serialize;

use crate::message::content::Content;
use crate::message::lenient::Fields;
use crate::message::newtype::string_newtype;
#[cfg(feature = "schema")]
use crate::message::schema::as_written;
use crate::message::units::CivilTime;

/// A form to fill in. The answers are not archived.
///
/// Source: the table of message types in the vendor's documentation, page 91774, `collect`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema), schemars(transform = as_written))]
#[non_exhaustive]
pub struct Collect {
    /// The name of the group.
    pub room_name: Content,
    /// Who made the form: a name, not an id.
    pub creator: Content,
    /// When it was made, as the text `YYYY-MM-DD HH:MM:SS`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub create_time: Option<CivilTime>,
    /// What the form is for.
    pub title: Content,
    /// The questions.
    #[serde(rename = "details")]
    pub questions: Vec<Question>,
}

impl Collect {
    pub(in crate::message) fn read(body: &Fields<'_>) -> Self {
        Self {
            room_name: body.text_or_empty("room_name"),
            creator: body.text_or_empty("creator"),
            create_time: body.optional_text("create_time"),
            title: body.text_or_empty("title"),
            questions: body.read_all("details", Question::read),
        }
    }
}

/// A question of a form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema), schemars(transform = as_written))]
#[non_exhaustive]
pub struct Question {
    /// Its number in the form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<u64>,
    /// The question.
    #[serde(rename = "ques")]
    pub text: Content,
    /// What kind of answer it asks for.
    #[serde(rename = "type")]
    pub question_type: QuestionType,
}

impl Question {
    pub(in crate::message) fn read(body: &Fields<'_>) -> Self {
        Self {
            id: body.number("id"),
            text: body.text_or_empty("ques"),
            question_type: body.text_or_empty("type"),
        }
    }
}

string_newtype! {
    /// What kind of answer a question asks for, as WeCom names it.
    shown QuestionType
}

impl QuestionType {
    /// Text.
    pub const TEXT: &'static str = "Text";
    /// A number.
    pub const NUMBER: &'static str = "Number";
    /// A date.
    pub const DATE: &'static str = "Date";
    /// A time of the day.
    pub const TIME: &'static str = "Time";
}
