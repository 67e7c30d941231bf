//! Tearing a tunnel down loudly: close_notify, FIN, and a reset if the device does not react.
//!
//! Half-dead tunnels are a known complaint: firmware that does not learn of the end keeps what it has and
//! does not dial in again.

use super::Driver;
use crate::tls::Io;
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::timeout,
};

/// The device has so long to take what is left to be said, and then to close its side, before the connection is reset.
pub(super) const PATIENCE: Duration = Duration::from_secs(1);

impl<T: Io> Driver<T> {
    pub(super) async fn farewell(mut self) {
        if self.socket_error.is_some() {
            self.io.reset_on_close();
            return;
        }
        let goodbye = async {
            self.io.shutdown().await?;
            let mut rest = [0; 512];
            while self.io.read(&mut rest).await? > 0 {}
            std::io::Result::Ok(())
        };
        if timeout(PATIENCE, goodbye).await.is_err() {
            self.io.reset_on_close();
        }
    }
}
