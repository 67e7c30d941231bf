//! WS-Management as AMT speaks it: requests and replies as values, read tolerantly and written in
//! AMT's own dialect, for both roles.
//!
//! A platform reads [`Request`]s and writes [`Reply`]s; a console does the opposite, most simply
//! through [`Exchange`], which adds HTTP and digest. Elements are told apart by namespace, never by
//! prefix. What is read is bounded in size, depth and number of elements, and no entity but the five
//! of XML itself is ever replaced.

mod contexts;
mod exchange;
mod fault;
mod instance;
pub mod names;
mod notification;
mod reply;
mod request;
mod writer;
mod xml;

pub use contexts::Contexts;
pub use exchange::{Answered, Exchange, ExchangeError, Output};
pub use fault::{Fault, FaultCode, Subcode};
pub use instance::{Instance, Properties, Reference, Value};
pub use names::ResourceUri;
pub use notification::{Delivery, Notification};
pub use reply::{Identity, Outcome, Reply, ReplyError};
pub use request::{Operation, Request, RequestError, Subscription, Target};
pub use xml::{Element, XmlError, XmlLimits};
