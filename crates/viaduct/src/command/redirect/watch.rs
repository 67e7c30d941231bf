//! `redirections watch`: what the page of somebody else shows, as a file.

use super::{super::Desk, number, tell};
use crate::{
    failure::{Failure, Result},
    say::{inert, note},
};
use hyper::{Method, StatusCode};
use std::{fs::File, io::Write, path::PathBuf, time::Duration};
use tokio::time::{Instant, sleep};
use viaduct_api::Code;

/// A page sends its first picture within a second of being told that somebody watches.
const PATIENCE: Duration = Duration::from_secs(15);
const PAUSE: Duration = Duration::from_millis(500);

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// As `ls` shows it
    #[arg(value_parser = number)]
    id: u64,
    /// Where the picture goes (JPEG, PNG or WebP, as the page sends it); a file that is there already stays as it is
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
}

pub(super) async fn run(desk: &Desk, Options { id, to }: &Options) -> Result<()> {
    if to.exists() {
        let detail = format!("{} is there already; nothing was asked for", to.display());
        return Err(Failure::usage(detail));
    }
    tell(desk, *id, "watch").await?;
    let picture = format!("/redirections/{id}/picture");
    let end = Instant::now() + PATIENCE;
    while Instant::now() < end {
        let answer = desk.client.call(Method::GET, &picture, None::<&()>, &[]).await?;
        if answer.status == StatusCode::OK {
            let written = File::create_new(to).and_then(|mut file| file.write_all(&answer.body));
            written.map_err(|error| Failure::local(to.display(), error))?;
            note(&inert(&format!("{} holds what the screen showed", to.display())));
            return Ok(());
        }
        sleep(PAUSE).await;
    }
    let detail = format!("no picture came within {} s", PATIENCE.as_secs());
    Err(Failure::new(Code::NoPicture, detail).next(
        "Only a page of the dashboard shows its screen to others; `viaduct redirections ls` tells who has it. Ask for it: \
         `viaduct redirections ask ID`.",
    ))
}
