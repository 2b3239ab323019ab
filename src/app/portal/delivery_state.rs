//! How far the delivery of an event is.

use serde::{Deserialize, Serialize};

/// How far the delivery of an event is, in the order of how much it wants attention.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeliveryState {
    /// It is not to be sent.
    Filtered,
    /// A later update of the same thing made it obsolete before it was sent.
    Superseded,
    /// It arrived, or there is nowhere to send it.
    Delivered,
    /// It was not tried yet.
    Pending,
    /// It failed, and will be tried again.
    Retrying,
    /// It failed for good.
    Failed,
}

impl DeliveryState {
    /// The state that a row of `delivery` tells. `None` where nobody writes such a row.
    #[must_use]
    pub fn of_row(state: &str) -> Option<Self> {
        Some(match state {
            "waiting" => Self::Pending,
            "retrying" => Self::Retrying,
            "delivered" => Self::Delivered,
            "failed" => Self::Failed,
            "superseded" => Self::Superseded,
            _ => return None,
        })
    }

    /// The state as rows tell it.
    #[must_use]
    pub const fn as_row(self) -> &'static str {
        match self {
            Self::Filtered => "filtered",
            Self::Superseded => "superseded",
            Self::Delivered => "delivered",
            Self::Pending => "waiting",
            Self::Retrying => "retrying",
            Self::Failed => "failed",
        }
    }

    /// Reads a state as it stands in the API.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "filtered" => Self::Filtered,
            "superseded" => Self::Superseded,
            "delivered" => Self::Delivered,
            "pending" => Self::Pending,
            "retrying" => Self::Retrying,
            "failed" => Self::Failed,
            _ => return None,
        })
    }
}
