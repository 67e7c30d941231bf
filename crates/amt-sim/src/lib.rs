//! A simulated Intel AMT platform, and fleets of them.
pub mod services;
