//! `devices export`: all devices for another server.

use super::super::Desk;
use crate::{
    failure::{Failure, Result},
    say::note,
};
use std::{
    fs::OpenOptions,
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};
use viaduct_api::PortableDevice;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Passwords are not in it: CIRA credentials as keyed hashes, AMT passwords sealed. A server can use them \
that has the same key files. So for a second site: copy DATA/keys to it before its first start, then \
`viaduct devices import FILE` there."
)]
pub(crate) struct Options {
    /// Where the JSON goes, - for standard output
    #[arg(default_value = "-")]
    file: PathBuf,
}

pub(super) async fn export(desk: &Desk, options: Options) -> Result<()> {
    let devices: Vec<PortableDevice> = desk.client.get("/exports").await?;
    let mut text = serde_json::to_string_pretty(&devices).map_err(|error| {
        Failure::usage(format!("the devices cannot be written as JSON: {error}"))
    })?;
    text.push('\n');
    if options.file == Path::new("-") {
        std::io::stdout().write_all(text.as_bytes())?;
    } else {
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&options.file);
        let written = file.and_then(|mut file| file.write_all(text.as_bytes()));
        written.map_err(|error| Failure::local(options.file.display(), error))?;
    }
    note(&format!("{} devices exported", devices.len()));
    Ok(())
}
