//! The services of a simulated platform, through `Host::serve`, with our own consoles and with
//! programs that we did not write.

mod clients;
mod console;
mod http;
mod redirection;
mod tls;
mod wsman;
