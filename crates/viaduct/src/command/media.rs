//! `viaduct media`: the images on the server that PCs can have as their CD.

mod upload;

use super::Desk;
use crate::{
    age::{bytes, date, since},
    client::segment,
    failure::Result,
    render::Format,
    say::note,
};
use std::path::PathBuf;
use viaduct_api::{MediaImage, Mount, MountState};

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List the images of the library
    Ls,
    /// Show an image: its hash, how far its upload is, and which PCs have it
    Show {
        /// Its name, or its number
        image: String,
    },
    /// Bring an image of this machine into the library; an upload that broke off goes on where it stopped
    Upload {
        /// Image on this machine
        #[arg(value_name = "ISO")]
        file: PathBuf,
        /// What it is called there; without it as the file
        #[arg(long)]
        name: Option<String>,
        /// What its SHA-256 must be, as its publisher says; another one is not sent
        #[arg(long, value_name = "HEX", value_parser = upload::sha256)]
        sha256: Option<String>,
    },
    /// Remove images from the library
    Rm {
        /// Their names or numbers
        #[arg(required = true)]
        images: Vec<String>,
    },
}

pub(crate) async fn run(desk: &Desk, command: Command) -> Result<()> {
    match command {
        Command::Ls => list(desk).await,
        Command::Show { image } => show(desk, &image).await,
        Command::Upload { file, name, sha256 } => upload::run(desk, &file, name, sha256).await,
        Command::Rm { images } => desk.delete_each("/media", &images, ("image", "removed")).await,
    }
}

async fn list(desk: &Desk) -> Result<()> {
    let images: Vec<MediaImage> = desk.client.get("/media").await?;
    if images.is_empty() && desk.printer.format == Format::Table {
        note("the library is empty; `viaduct media upload ISO` brings an image");
    }
    let mounts = mounts(desk).await?;
    desk.printer.list(
        &images,
        &[
            ("NAME", &|image| image.name.clone()),
            ("SIZE", &|image| bytes(image.size)),
            ("STATE", &state),
            ("IN THE DRIVE OF", &|image| users(image, &mounts)),
            ("FROM", &|image| image.user.clone()),
            ("AGE", &|image| since(image.created)),
            ("SHA-256", &|image| image.sha256.clone().unwrap_or_default()),
        ],
    )
}

async fn show(desk: &Desk, image: &str) -> Result<()> {
    let image: MediaImage = desk.client.get(&format!("/media/{}", segment(image))).await?;
    let mounts = mounts(desk).await?;
    desk.printer.object(
        &image,
        &[
            ("name", &|image| image.name.clone()),
            ("number", &|image| image.id.clone()),
            ("size", &|image| format!("{} ({} bytes)", bytes(image.size), image.size)),
            ("state", &state),
            ("SHA-256", &|image| image.sha256.clone().unwrap_or_default()),
            ("from", &|image| image.user.clone()),
            ("since", &|image| date(image.created)),
            ("in the drive of", &|image| users(image, &mounts)),
        ],
    )
}

/// The mounts, where people are told of them; JSON is the server's object.
async fn mounts(desk: &Desk) -> Result<Vec<Mount>> {
    match desk.printer.format {
        Format::Table | Format::Csv => desk.client.get("/mounts").await,
        _ => Ok(Vec::new()),
    }
}

/// The PCs that have the image now, and which of them have begun to read it.
fn users(image: &MediaImage, mounts: &[Mount]) -> String {
    let here = mounts.iter().filter(|mount| mount.media == image.id && mount.ended.is_none());
    let pcs = here.map(|mount| {
        let name = mount.name.clone().unwrap_or_else(|| mount.guid.to_string());
        match mount.state {
            MountState::Reading => format!("{name} (has read {})", bytes(mount.bytes_read)),
            _ => name,
        }
    });
    pcs.collect::<Vec<_>>().join(", ")
}

fn state(image: &MediaImage) -> String {
    match image.complete {
        true => "complete".to_owned(),
        false => format!("{} % uploaded", image.offset * 100 / image.size.max(1)),
    }
}
