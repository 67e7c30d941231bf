//! `viaduct ider`: an image on this machine as the CD of a PC.

use super::{Desk, live};
use crate::{
    age::since,
    client::{FromDevice, ToDevice, ended},
    failure::{Failure, Result},
    say::{data, note},
};
use amt::redirect::{
    Decoder,
    ider::{Drive, DriveEvent, IderDeviceMessage, Image, VirtualDrive},
};
use std::{
    fs::File,
    io::{self, IsTerminal, Write, stderr},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};
use viaduct_api::{Code, RedirectionMode};
use viaduct_server::redirect::ImageReader;

/// Progress is shown so often.
const PROGRESS: Duration = Duration::from_millis(500);

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Serve an image as the PC's CD until Ctrl-C
    Mount {
        /// Device that gets the CD
        device: String,
        /// Image on this machine
        #[arg(value_name = "ISO")]
        iso: PathBuf,
        /// The PC sees the CD at once, not from its next start on
        #[arg(long)]
        now: bool,
        /// Take the drive over from whoever uses it
        #[arg(long)]
        take_over: bool,
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

pub(crate) async fn run(desk: &Desk, command: Command) -> Result<()> {
    match command {
        Command::Mount { device, iso, now, take_over } => {
            mount(desk, &device, &iso, now, take_over).await
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
            Some(one) => desk.printer.text_or(&one, |one| {
                let read = one.bytes.to_device;
                format!(
                    "{device} has a CD, served by {} since {}; {read} bytes sent",
                    one.user,
                    since(one.since)
                )
            }),
            None => Err(nothing(&device)),
        },
    }
}

fn nothing(device: &str) -> Failure {
    Failure::new(Code::UnknownRedirection, format!("{device} has no CD of ours"))
}

async fn mount(desk: &Desk, device: &str, iso: &Path, now: bool, take_over: bool) -> Result<()> {
    let broken = |error: io::Error| Failure::local(iso.display(), error);
    let file = File::open(iso).map_err(broken)?;
    let size = file.metadata().map_err(broken)?.len();
    let image = Image::new(size).ok_or_else(|| {
        Failure::usage(format!("{} is no image of a CD: {size} bytes", iso.display()))
    })?;
    let (to, from) = desk.client.redirect(device, RedirectionMode::Ider, take_over).await?;
    let mut drive = Virtual {
        to,
        drive: VirtualDrive::new(image, now),
        source: ImageReader::new(file, size),
        progress: Progress::new(size),
    };
    drive.flush().await?;
    note(&format!(
        "{} is offered to {device}; `viaduct boot ider {device} --power reset` starts from it; Ctrl-C takes it out",
        iso.display()
    ));
    let result = tokio::select! {
        result = drive.serve(from) => result,
        stop = tokio::signal::ctrl_c() => stop.map_err(Failure::from),
    };
    drive.progress.end();
    // A goodbye that nobody reads is as good as one that somebody does.
    drive.drive.close();
    drop(drive.flush().await);
    drive.to.close().await;
    data(&format!("{} bytes read", drive.progress.read));
    result
}

/// The drive, on this side.
struct Virtual {
    to: ToDevice,
    drive: VirtualDrive,
    source: ImageReader,
    progress: Progress,
}

impl Virtual {
    async fn serve(&mut self, mut from: FromDevice) -> Result<()> {
        let mut decoder = Decoder::new();
        loop {
            match decoder.poll_message::<IderDeviceMessage>() {
                Ok(Some(message)) => self.handle(message).await?,
                Ok(None) => decoder.handle_bytes(&from.next().await?.ok_or_else(ended)?),
                Err(error) => return Err(Failure::new(Code::AmtUnusable, error.to_string())),
            }
        }
    }

    async fn handle(&mut self, message: IderDeviceMessage) -> Result<()> {
        match self.drive.handle(message) {
            DriveEvent::Nothing | DriveEvent::Offered => {}
            DriveEvent::Read { drive, offset, length } => {
                self.read(drive, offset, length).await;
            }
            DriveEvent::Off => {
                let detail = "the device does not switch its virtual drives on";
                return Err(Failure::new(Code::RedirectionOff, detail));
            }
            DriveEvent::Failed(code) => {
                let detail = format!("the drive reports error {code:?}");
                return Err(Failure::new(Code::AmtUnusable, detail));
            }
            DriveEvent::Closed => return Err(ended()),
        }
        self.flush().await
    }

    async fn read(&mut self, drive: Drive, offset: u64, length: u32) {
        match self.source.read(offset, length).await {
            Ok(bytes) => {
                self.progress.add(length);
                self.drive.give(drive, Some(&bytes));
            }
            Err(error) => {
                note(&format!("the image cannot be read: {error}"));
                self.drive.give(drive, None);
            }
        }
    }

    async fn flush(&mut self) -> Result<()> {
        let out = self.drive.poll_output();
        if out.is_empty() {
            return Ok(());
        }
        self.to.send(out).await
    }
}

/// How much the PC has read.
struct Progress {
    size: u64,
    read: u64,
    began: Instant,
    shown: Option<Instant>,
    terminal: bool,
}

impl Progress {
    fn new(size: u64) -> Self {
        let (began, terminal) = (Instant::now(), stderr().is_terminal());
        Self { size, read: 0, began, shown: None, terminal }
    }

    fn add(&mut self, bytes: u32) {
        if self.read == 0 {
            self.began = Instant::now();
            note("the PC reads the image");
        }
        self.read += u64::from(bytes);
        let due = self.shown.is_none_or(|at| at.elapsed() >= PROGRESS);
        if self.terminal && due {
            self.shown = Some(Instant::now());
            self.show();
        }
    }

    fn show(&self) {
        let seconds = self.began.elapsed().as_secs_f64().max(0.001);
        let per_second = self.read as f64 / seconds / f64::from(1 << 20);
        let line = format!(
            "\r{} of {} MiB sent, {per_second:.1} MiB/s ",
            self.read >> 20,
            self.size >> 20
        );
        let mut out = stderr().lock();
        // Progress is a courtesy; a terminal that is gone is found out elsewhere.
        drop(out.write_all(line.as_bytes()));
        drop(out.flush());
    }

    fn end(&self) {
        if self.shown.is_some() {
            self.show();
            note("");
        }
    }
}
