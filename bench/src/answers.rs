//! The yardstick of calls: HAProxy says what the REST API says, and asks nobody for it.

use crate::process::{Server, free_port, wait_for};
use anyhow::Result;
use std::{fs, net::SocketAddr, path::Path, process::Command};

/// A running HAProxy with one thread.
#[derive(Debug)]
pub(crate) struct Answers {
    pub(crate) server: Server,
    pub(crate) address: SocketAddr,
}

impl Answers {
    pub(crate) async fn start(directory: &Path) -> Result<Self> {
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()?));
        let config = format!(
            "global\n  nbthread 1\ndefaults\n  mode http\n  timeout connect 5s\n  timeout client 120s\n  timeout server 120s\n\
             frontend answers\n  bind {address}\n  http-request return status 200 content-type application/json string '{{\"powerstate\":2,\"OSPowerSavingState\":2}}'\n"
        );
        let file = directory.join("answers.cfg");
        fs::write(&file, config)?;
        let mut command = Command::new("haproxy");
        command.arg("-db").arg("-f").arg(&file);
        let server = Server::start(&mut command, &directory.join("answers.log"))?;
        wait_for(address).await?;
        Ok(Self { server, address })
    }
}
