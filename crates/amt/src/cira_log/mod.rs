//! The log that firmware keeps of its own attempts to dial in: its words, and how the log is read in the forms in which
//! people have it.
//!
//! Four forms are read: what `rpc diagnostics cira` of rpc-go writes (`Key = 5 (words)`), JSON with the same names in
//! any spelling, JSON of `amt-sim log`, and firmware's own answer to GET_CIRA_LOG, whose layout is
//! [`host_interface::log`](crate::host_interface::log).

mod bytes;
mod reading;
mod words;

pub use reading::{CiraLog, UnreadableLog};
pub use words::{
    AmtReason, AuthMethod, ClosedBy, ConnectionResult, Interface, LogTrigger, Surroundings,
    TcpDetail, apf_reason,
};
