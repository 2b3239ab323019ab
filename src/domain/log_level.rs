//! How urgent a line of the log is, and which lines are written.

/// How urgent a line is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// What happened, as it should.
    #[default]
    Info,
    /// Someone should look when there is time.
    Warn,
    /// Something was lost, or will be.
    Error,
}

impl Level {
    /// The level as it stands in a line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }

    /// Reads `LOG_LEVEL`.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let level = [Self::Info, Self::Warn, Self::Error].into_iter().find(|level| level.as_str() == text);
        level.ok_or("info, warn or error: lines below it are not written")
    }
}
