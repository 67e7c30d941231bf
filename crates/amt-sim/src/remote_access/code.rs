//! What methods of remote access return.

/// A `ReturnValue` of AMT_RemoteAccessService and its neighbours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Code {
    /// Done.
    #[error("done")]
    Ok = 0,
    /// The platform's own trouble.
    #[error("internal error")]
    Internal = 1,
    /// The platform may not do that.
    #[error("not permitted")]
    NotPermitted = 16,
    /// The table is full.
    #[error("the maximum is reached")]
    MaximumReached = 23,
    /// A value is missing or not acceptable.
    #[error("invalid parameter")]
    InvalidParameter = 36,
    /// The flash memory was written too often lately.
    #[error("flash write limit")]
    FlashWriteLimit = 38,
    /// It is there already.
    #[error("duplicate")]
    Duplicate = 2058,
}

impl Code {
    /// The number on the wire.
    #[must_use]
    pub fn number(self) -> u32 {
        self as u32
    }
}
