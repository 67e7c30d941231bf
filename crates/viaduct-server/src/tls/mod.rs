//! The only place that names the TLS libraries.
//!
//! OpenSSL serves the device port, because installed firmware needs what rustls does not offer (RSA key
//! exchange, CBC suites, TLS 1.0/1.1 on a legacy listener); rustls serves browsers and API clients. The
//! two never share a key.

mod acceptor;
mod alert;
mod authority;
mod certificates;
mod gather;
mod hello;
pub mod inside;
mod inspect;
mod outgoing;
mod pem;
mod profile;
mod stream;
mod web;

pub use acceptor::{AcceptError, DeviceAcceptor, TlsInfo};
pub use alert::alert_words;
pub use authority::{Authority, AuthorityError, Seal};
pub use certificates::{CertificateInfo, Certificates, TlsError};
pub use hello::HelloFacts;
pub use inspect::{Inspection, inspect, names_of, self_test};
pub use outgoing::OutgoingTls;
pub use pem::{RootCertificate, read_roots, sha256};
pub use stream::{Io, Rewind, Stream};
pub use tokio_rustls::TlsAcceptor as WebAcceptor;
pub use web::WebIdentity;
