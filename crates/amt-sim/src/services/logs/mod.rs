//! What a platform writes down: events of the PC, and what administrators did.

mod audit;
mod event;
pub(super) mod note;

pub use event::Event;

pub(super) use audit::{AuditLog, Initiator, invoke as invoke_audit_log};
pub(super) use event::{EventLog, invoke as invoke_event_log, progress};
