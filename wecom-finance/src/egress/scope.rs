//! The one question that the SDK has no call for: whom the archive records.

use std::sync::Arc;
use std::sync::mpsc;

use bytes::Bytes;
use serde::Deserialize;
use serde::de::IgnoredAny;
use zeroize::Zeroizing;

use super::Egress;
use super::failure::Failure;
use super::http::Request;
use super::listener::{Shared, until_stopped};
use super::replies;
use crate::{Operation, Result};

/// The ids of a hundred thousand members, which are names of up to 64 bytes.
const LIMIT: usize = 8 * 1024 * 1024;

impl Egress {
    /// How many members the archive records, as WeCom counts them (`msgaudit/get_permit_user_list`): with none, there are no
    /// messages. Asked with the access token that the SDK's calls use; `None` if none of them has got one yet.
    ///
    /// ```no_run
    /// # fn example(sdk: wecom_finance::Sdk, egress: wecom_finance::Egress) -> wecom_finance::Result<()> {
    /// if sdk.page(0)?.is_none() && egress.members_in_scope()? == Some(0) {
    ///     eprintln!("the archive is on, and nobody is in its scope");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As of the SDK's calls: [`Error::Server`](crate::Error::Server), [`Error::Unreachable`](crate::Error::Unreachable),
    /// [`Error::UnusableReply`](crate::Error::UnusableReply).
    pub fn members_in_scope(&self) -> Result<Option<usize>> {
        let Some(token) = self.shared().tokens.current() else { return Ok(None) };
        let (shared, patience) = (Arc::clone(self.shared()), self.default_session.timeout());
        let (sender, receiver) = mpsc::sync_channel(1);
        self.shared().runtime.spawn(async move {
            let asked = tokio::time::timeout(patience, ask(&shared, &token));
            let outcome = match until_stopped(&shared, asked).await {
                None => Err(Failure::Stopped),
                Some(Err(_elapsed)) => Err(Failure::timed_out("no reply")),
                Some(Ok(outcome)) => outcome,
            };
            // Whoever asked waits for it.
            drop(sender.send(outcome));
        });
        receiver
            .recv()
            .unwrap_or(Err(Failure::Stopped))
            .map(Some)
            .map_err(|failure| failure.into_error(Operation::Scope, self.upstream_proxy()))
    }
}

async fn ask(shared: &Shared, token: &str) -> Result<usize, Failure> {
    let target = format!("/cgi-bin/msgaudit/get_permit_user_list?access_token={token}");
    let request = Request {
        method: "POST".to_owned(),
        target: Zeroizing::new(target),
        authorization: None,
        range: None,
        content_type: Some("application/json".to_owned()),
        body: Bytes::from_static(b"{}"),
    };
    members(&shared.upstream.send(&request, LIMIT).await?.body)
}

/// How many there are. Who they are is read by nobody.
fn members(body: &[u8]) -> Result<usize, Failure> {
    #[derive(Deserialize)]
    struct Permitted {
        ids: Option<Vec<IgnoredAny>>,
    }
    replies::read_refusal(body)?;
    let ids = replies::read::<Permitted>(body)?.ids;
    ids.map(|ids| ids.len()).ok_or_else(|| Failure::unusable("there are no ids in it"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_counted_and_nothing_else_passes_for_a_count() {
        assert_eq!(members(br#"{"errcode":0,"errmsg":"ok","ids":[]}"#).unwrap(), 0);
        assert_eq!(members(br#"{"errcode":0,"errmsg":"ok","ids":["lin.yu","chen.bo"]}"#).unwrap(), 2);
        let refused = members(br#"{"errcode":301053,"errmsg":"not opened","ids":[]}"#);
        assert!(matches!(refused, Err(Failure::Refused { code: 301_053, .. })));
        for other in ["", "<html>", "[]", r#"{"errcode":0,"errmsg":"ok"}"#, r#"{"errcode":0,"ids":{}}"#] {
            assert!(matches!(members(other.as_bytes()), Err(Failure::Unusable { .. })), "{other}");
        }
    }
}
