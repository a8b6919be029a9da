//! One thing that can be wrong, and the list of them.

use std::borrow::Cow;

use serde::Serialize;

use crate::failure::Failure;
use crate::language::say;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Status {
    Ok,
    /// An archive run works all the same.
    Warn,
    /// An archive run would not work.
    Fail,
    /// It could not be tried.
    Skip,
}

#[derive(Debug, Serialize)]
pub(super) struct Check {
    pub(super) name: &'static str,
    pub(super) status: Status,
    /// What is wrong, for programs: stays the same.
    #[serde(skip_serializing_if = "str::is_empty")]
    code: Cow<'static, str>,
    pub(super) detail: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) remedy: String,
}

#[derive(Debug, Default)]
pub(super) struct Checks {
    done: Vec<Check>,
}

impl Checks {
    pub(super) fn ok(&mut self, name: &'static str, detail: impl Into<String>) {
        self.add(name, Status::Ok, Some("".into()), detail.into(), String::new());
    }

    pub(super) fn warn(&mut self, name: &'static str, detail: impl Into<String>, remedy: impl Into<String>) {
        self.add(name, Status::Warn, None, detail.into(), remedy.into());
    }

    /// The same with a code that is not the check's name.
    pub(super) fn warn_of(
        &mut self,
        name: &'static str,
        code: &'static str,
        detail: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.add(name, Status::Warn, Some(code.into()), detail.into(), remedy.into());
    }

    pub(super) fn fail(&mut self, name: &'static str, detail: impl Into<String>, remedy: impl Into<String>) {
        self.add(name, Status::Fail, None, detail.into(), remedy.into());
    }

    pub(super) fn fail_of(
        &mut self,
        name: &'static str,
        code: &'static str,
        detail: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.add(name, Status::Fail, Some(code.into()), detail.into(), remedy.into());
    }

    /// Adds what a command would have ended with.
    pub(super) fn failure(&mut self, name: &'static str, failure: &Failure) {
        let code = failure.named().map(|code| code.to_owned().into());
        self.add(name, Status::Fail, code, failure.what().to_owned(), failure.remedy().to_owned());
    }

    pub(super) fn skip(&mut self, name: &'static str, code: &'static str, detail: impl Into<String>) {
        self.add(name, Status::Skip, Some(code.into()), detail.into(), String::new());
    }

    /// Skips all of these, if one of their needs has failed.
    pub(super) fn skip_without(&mut self, names: &[&'static str], needs: &[&'static str]) -> bool {
        let Some(failed) = needs.iter().find(|need| self.has_failed(need)) else { return false };
        let detail =
            say(&format!("not tried, because `{failed}` failed"), &format!("未检查，因为 {failed} 未通过"))
                .to_owned();
        for name in names {
            self.skip(name, "not_tried", detail.clone());
        }
        true
    }

    /// Without a code it is the check's name: a check that can fail in one way only needs no other.
    fn add(
        &mut self,
        name: &'static str,
        status: Status,
        code: Option<Cow<'static, str>>,
        detail: String,
        remedy: String,
    ) {
        let code = code.unwrap_or_else(|| name.replace(' ', "_").into());
        self.done.push(Check { name, status, code, detail, remedy });
    }

    pub(super) fn all(&self) -> &[Check] {
        &self.done
    }

    pub(super) fn count(&self, status: Status) -> usize {
        self.done.iter().filter(|check| check.status == status).count()
    }

    fn has_failed(&self, name: &str) -> bool {
        self.done.iter().any(|check| check.name == name && check.status == Status::Fail)
    }

    pub(super) fn are_passed(&self) -> bool {
        self.count(Status::Fail) == 0
    }

    /// The first that failed, or else the first warning.
    pub(super) fn first_to_correct(&self) -> Option<&Check> {
        let first = |status| self.done.iter().find(|check| check.status == status);
        first(Status::Fail).or_else(|| first(Status::Warn))
    }
}
