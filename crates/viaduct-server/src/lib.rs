//! Viaduct, the server as a library: `Server::start(Config) -> Running`, `Running::shutdown()`.

pub mod access;
pub mod admission;
pub mod api;
pub mod audit;
pub mod command;
pub mod config;
pub mod enroll;
pub mod events;
mod fetch;
pub mod gateway;
pub mod history;
pub mod inventory;
mod knocks;
pub mod listen;
pub mod media;
pub mod metrics;
mod recent;
pub mod redirect;
pub mod registry;
mod remote_access;
pub mod rotation;
mod server;
pub mod tls;
pub mod tunnel;
mod vault;
mod web;
mod why_offline;

pub use config::Config;
pub use server::{Addresses, Running, Server, StartError};
