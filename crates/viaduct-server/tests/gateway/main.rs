//! The proxies over real sockets: consoles on one side, a device on the device end of APF on the other.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod a_small_queue_is_no_dead_end;
mod consoles_are_bounded;
mod device;
mod http_connections_outlive_the_devices;
mod http_requests_reach_the_device_in_its_dialect;
mod identities_cannot_be_taken;
mod nobody_is_dialled;
mod rights_that_are_taken_away_end_what_is_open;
mod shapes_that_smuggle_are_refused;
mod sign_in_is_asked_for;
mod site;
mod socks_greetings;
mod wire;
