//! What an id looks like.

use super::UserId;

/// What kind of user an id looks like. A hint and no proof: members' ids are free text, and may look like another
/// kind's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum UserKind {
    /// A member of the own corp.
    Member,
    /// A user of WeChat: `wm…`.
    WeChat,
    /// A member of another corp: `wo…`.
    OtherCorp,
    /// A robot: `wb…`.
    Robot,
}

/// External ids have 32 characters, as far as is known. Much shorter ones are members who are called Wolfgang.
const SHORTEST_EXTERNAL: usize = 20;

impl UserId {
    /// What kind of user this is, by the look of the id; `None` for the empty id. See [`UserKind`] for how far to
    /// trust it.
    ///
    /// ```
    /// use wecom_finance::UserId;
    /// use wecom_finance::message::UserKind;
    ///
    /// assert_eq!(UserId::from("wolfgang").kind(), Some(UserKind::Member));
    /// assert_eq!(UserId::from("wmFAKEaQAAh3Jd81kLmNoPqRsTuVwXyZ").kind(), Some(UserKind::WeChat));
    /// ```
    #[must_use]
    pub fn kind(&self) -> Option<UserKind> {
        let id = self.as_str();
        let external = id.len() >= SHORTEST_EXTERNAL
            && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        Some(match id.get(..2) {
            _ if id.is_empty() => return None,
            Some("wm") if external => UserKind::WeChat,
            Some("wo") if external => UserKind::OtherCorp,
            Some("wb") if external => UserKind::Robot,
            _ => UserKind::Member,
        })
    }

    /// Whether the id looks like that of somebody outside of the corp. Robots are not counted.
    #[must_use]
    pub fn looks_external(&self) -> bool {
        matches!(self.kind(), Some(UserKind::WeChat | UserKind::OtherCorp))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds() {
        for (id, kind) in [
            ("lin.yu", Some(UserKind::Member)),
            ("13800000000", Some(UserKind::Member)),
            ("womble", Some(UserKind::Member)),
            ("wm", Some(UserKind::Member)),
            ("林", Some(UserKind::Member)),
            ("wolfgang.amadeus.mozart.of.salzburg", Some(UserKind::Member)),
            ("wmFAKEaQAAh3Jd81kLmNoPqRsTuVwXyZ", Some(UserKind::WeChat)),
            ("woFAKEaQAAn5Op26sTuVwXyZ01234567", Some(UserKind::OtherCorp)),
            ("wbFAKEaQAAs7Rs48uVwXyZ0123456789", Some(UserKind::Robot)),
            ("", None),
        ] {
            assert_eq!(UserId::from(id).kind(), kind, "{id}");
        }
    }
}
