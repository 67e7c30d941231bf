//! `viaduct ider`: an image as the CD of a PC, from this machine or from the server's library.

mod library;
mod local;
mod progress;

use super::{Desk, live};
use crate::{
    age::since,
    client::segment,
    command::power,
    failure::{Failure, Result},
    say::note,
};
use progress::Sight;
use std::path::PathBuf;
use viaduct_api::{Code, Device, Mount, Redirection, RedirectionMode};

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Put an image into the PC's CD drive: one of this machine until Ctrl-C, or one of the server's library
    Mount {
        /// Device that gets the CD
        device: String,
        /// Image on this machine, served for as long as this command runs
        #[arg(value_name = "ISO")]
        iso: Option<PathBuf>,
        /// Image of the server's library (`viaduct media ls`), which the server itself serves
        #[arg(long, value_name = "NAME", conflicts_with = "iso")]
        from_library: Option<String>,
        #[command(flatten)]
        manner: Manner,
    },
    /// Take the CD out, whoever serves it
    Eject {
        /// Device that has the CD
        device: String,
    },
    /// Show whether a PC has a CD, and what it read
    Status {
        /// Device that is asked about
        device: String,
    },
}

/// How an image is mounted.
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct Manner {
    /// The PC sees the CD at once, not from its next start on
    #[arg(long)]
    now: bool,
    /// Start the PC from it: on, or by a reset when it is on
    #[arg(long)]
    boot: bool,
    /// Show progress until the PC has started from it; with --from-library, Ctrl-C takes it out
    #[arg(long, requires = "from_library")]
    wait: bool,
    /// Wait at most so many seconds; the image stays in the drive
    #[arg(long, value_name = "SECONDS", default_value_t = 3600, requires = "wait")]
    timeout: u64,
    /// Take the drive over from whoever uses it
    #[arg(long)]
    take_over: bool,
}

/// A mount that is wanted.
struct Wish {
    device: String,
    manner: Manner,
}

pub(crate) async fn run(desk: &Desk, command: Command) -> Result<()> {
    match command {
        Command::Mount { device, iso, from_library, manner } => {
            let wish = Wish { device, manner };
            match (iso, from_library) {
                (Some(iso), _) => local::mount(desk, &wish, &iso).await,
                (None, Some(name)) => library::mount(desk, &wish, &name).await,
                (None, None) => Err(Failure::usage(
                    "which image? give the path of an ISO, or --from-library NAME",
                )),
            }
        }
        Command::Eject { device } => match live(desk, &device, RedirectionMode::Ider).await? {
            Some(one) => {
                desk.client.delete(&format!("/redirections/{}", one.id)).await?;
                note(&format!("the CD of {device} is out"));
                Ok(())
            }
            None => Err(nothing(&device)),
        },
        Command::Status { device } => match live(desk, &device, RedirectionMode::Ider).await? {
            Some(one) => status(desk, &device, &one).await,
            None => Err(nothing(&device)),
        },
    }
}

async fn status(desk: &Desk, device: &str, one: &Redirection) -> Result<()> {
    let mounts: Vec<Mount> = desk.client.get("/mounts").await?;
    let (user, since) = (&one.user, since(one.since));
    if let Some(mount) = mounts.iter().find(|mount| mount.id == one.id) {
        return desk.printer.text_or(mount, |mount| {
            let name = &mount.media_name;
            let started = if mount.started.is_some() { "; the PC started from it" } else { "" };
            let far = Sight::from(mount).words();
            format!("{device} has {name} of the library, from {user} since {since}; {far}{started}")
        });
    }
    desk.printer.text_or(one, |one| {
        let sent = one.bytes.to_device;
        format!("{device} has a CD, served by {user} since {since}; {sent} bytes sent")
    })
}

fn nothing(device: &str) -> Failure {
    Failure::new(Code::UnknownRedirection, format!("{device} has no CD of ours"))
}

impl Wish {
    /// Starts the PC from its CD, where that was asked for.
    async fn start(&self, desk: &Desk) -> Result<()> {
        if !self.manner.boot {
            return Ok(());
        }
        let path = format!("/devices/{}", segment(&self.device));
        let device: Device = desk.client.get(&path).await?;
        power::start_from_image(&desk.client, &device).await?;
        note(&format!("{} restarts, from this image", self.device));
        Ok(())
    }
}
