//! An image on this machine as the CD of a PC, served for as long as the command runs.

use super::{
    super::stop::Stop,
    Desk, Wish,
    progress::{BLOCK, Sight, Teller, expected},
};
use crate::{
    age::bytes,
    client::{FromDevice, ToDevice, ended},
    failure::{Failure, Result},
    say::{data, note},
};
use amt::redirect::{
    Decoder,
    ider::{Drive, DriveEvent, IderDeviceMessage, Image, VirtualDrive},
};
use std::{fs::File, io, path::Path, time::Duration};
use tokio::time::interval;
use viaduct_api::{Code, MediaImage, RedirectionMode};
use viaduct_server::redirect::{Disc, ImageFault, ImageReader, RoundTrip, Speed};

/// Progress is shown so often.
const PROGRESS: Duration = Duration::from_millis(500);

/// Serves the image until Ctrl-C, which takes it out in order.
pub(super) async fn mount(desk: &Desk, wish: &Wish, iso: &Path) -> Result<()> {
    let (file, image, size) = open(desk, iso).await?;
    let disc = Disc::look(&file);
    remarks(&disc, iso, size);
    let source =
        ImageReader::new(file, iso, size).map_err(|error| Failure::local(iso.display(), error))?;
    let device = &wish.device;
    let mode = RedirectionMode::Ider;
    let (to, from) = desk.client.redirect(device, mode, wish.manner.take_over).await?;
    let mut stopped = Stop::new()?;
    let mut drive = Virtual {
        to,
        drive: VirtualDrive::new(image, wish.manner.now),
        source,
        progress: Progress::new(size, disc),
        way: RoundTrip::default(),
    };
    drive.flush().await?;
    let how = match wish.manner.boot {
        true => String::new(),
        false => format!(" `viaduct boot ider {device} --power reset` starts from it;"),
    };
    note(&format!("{} is offered to {device};{how} Ctrl-C takes it out", iso.display()));
    let name = iso.file_name().unwrap_or(iso.as_os_str()).to_string_lossy().into_owned();
    let mut teller = Teller::default();
    let result = tokio::select! {
        result = drive.serve(from, wish.start(desk), &mut teller, &name) => result,
        _ = stopped.next() => Ok(()),
    };
    teller.tell(&name, drive.progress.sight());
    teller.end();
    // A goodbye that nobody reads is as good as one that somebody does.
    drive.drive.close();
    drop(drive.flush().await);
    drive.to.close().await;
    data(&format!("{} bytes read", drive.progress.read));
    result.map_err(|failure| failure.about(device))
}

async fn open(desk: &Desk, iso: &Path) -> Result<(File, Image, u64)> {
    let shown = iso.display();
    let wrong = |why: String| {
        Failure::usage(format!("{shown} {why}"))
            .next("Give the path of an ISO file on this machine; `viaduct media ls` shows the server's, for --from-library.")
    };
    let file = match File::open(iso) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let name = iso.to_string_lossy();
            let all: Vec<MediaImage> = desk.client.get("/media").await.unwrap_or_default();
            if all.iter().any(|image| image.name == name || image.id == name) {
                let why = "is no file here, but an image of the server's library".to_owned();
                return Err(wrong(why).next(format!("Say so: --from-library {name}")));
            }
            return Err(wrong("does not exist".to_owned()));
        }
        Err(error) => return Err(wrong(format!("cannot be read: {error}"))),
    };
    let facts = file.metadata().map_err(|error| wrong(format!("cannot be read: {error}")))?;
    if facts.is_dir() {
        return Err(wrong("is a directory".to_owned()));
    }
    let size = facts.len();
    match (size, Image::new(size)) {
        (0, _) => Err(wrong("is empty".to_owned())),
        (_, Some(image)) => Ok((file, image, size)),
        (1..BLOCK, None) => {
            Err(wrong(format!("has {size} bytes; a CD has at least one block of {BLOCK}")))
        }
        (_, None) => Err(wrong(format!("is larger than any CD: {}", bytes(size)))),
    }
}

/// What is strange about the image, before a PC finds out.
fn remarks(disc: &Disc, iso: &Path, size: u64) {
    let shown = iso.display();
    if let Some(whole) = disc.cut_off_from(size) {
        note(&format!(
            "{shown} is cut off: its volume has {whole} bytes, the file {size}; fetch it again"
        ));
    } else if !size.is_multiple_of(BLOCK) {
        note(&format!(
            "{shown} has {size} bytes, which is no multiple of {BLOCK}: the last {} are left out, and the file may be cut off",
            size % BLOCK
        ));
    }
    if !disc.is_bootable() {
        note(&format!("{shown} has no boot record: a PC can read it, but not start from it"));
    }
}

/// The drive, on this side.
struct Virtual {
    to: ToDevice,
    drive: VirtualDrive,
    source: ImageReader,
    progress: Progress,
    way: RoundTrip,
}

impl Virtual {
    async fn serve(
        &mut self,
        mut from: FromDevice,
        start: impl Future<Output = Result<()>>,
        teller: &mut Teller,
        name: &str,
    ) -> Result<()> {
        let mut decoder = Decoder::new();
        let mut tick = interval(PROGRESS);
        let mut start = std::pin::pin!(start);
        let mut starting = true;
        loop {
            let message = decoder.poll_message::<IderDeviceMessage>();
            match message.map_err(|error| Failure::new(Code::AmtUnusable, error.to_string()))? {
                Some(message) => self.handle(message).await?,
                // The PC is told only when its drives are on; `start` begins with waiting for that.
                None => tokio::select! {
                    bytes = from.next() => decoder.handle_bytes(&bytes?.ok_or_else(ended)?),
                    started = &mut start, if starting && self.progress.offered => {
                        started?;
                        starting = false;
                    }
                    _ = tick.tick() => {
                        teller.tell(name, self.progress.sight());
                        if let Some(how) = self.source.watched().changed().await {
                            return Err(changed(name, &how));
                        }
                    }
                },
            }
        }
    }

    async fn handle(&mut self, message: IderDeviceMessage) -> Result<()> {
        self.way.came();
        match self.drive.handle(message) {
            DriveEvent::Nothing => {}
            DriveEvent::Offered => {
                self.progress.offered = true;
                if let Some(way) = self.way.least() {
                    note(&expected(self.progress.size, way));
                }
            }
            DriveEvent::Read { drive, offset, length } => {
                self.read(drive, offset, length).await?;
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

    async fn read(&mut self, drive: Drive, offset: u64, length: u32) -> Result<()> {
        match self.source.read(offset, length).await {
            Ok(bytes) => {
                self.progress.add(offset, length);
                self.drive.give(drive, Some(&bytes));
            }
            Err(ImageFault::Changed(how)) => return Err(changed("the image", &how)),
            Err(ImageFault::Unreadable(error)) => {
                note(&format!("the image cannot be read: {error}"));
                self.drive.give(drive, None);
            }
        }
        Ok(())
    }

    async fn flush(&mut self) -> Result<()> {
        let out = self.drive.poll_output();
        if out.is_empty() {
            return Ok(());
        }
        self.way.sent();
        self.to.send(out).await
    }
}

/// What the PC has read of it and what it would read now do not fit together.
fn changed(name: &str, how: &str) -> Failure {
    let detail = format!("{name} was changed while the PC had it: {how}; its CD is out");
    Failure::new(Code::MediaHash, detail)
        .next("Mount it again when nothing writes to it any more, and start the PC anew.")
}

/// How much the PC has read.
struct Progress {
    size: u64,
    disc: Disc,
    /// The drives of the PC are on.
    offered: bool,
    read: u64,
    speed: Speed,
    started: bool,
}

impl Progress {
    fn new(size: u64, disc: Disc) -> Self {
        let speed = Speed::default();
        Self { size, disc, offered: false, read: 0, speed, started: false }
    }

    fn add(&mut self, offset: u64, length: u32) {
        self.read += u64::from(length);
        self.started |= self.disc.starts(offset, length);
        self.speed.note(self.read);
    }

    fn sight(&self) -> Sight {
        let speed = self.speed.per_second();
        let left = self.size.saturating_sub(self.read) as f64;
        Sight {
            size: self.size,
            read: self.read,
            per_second: (speed / BLOCK as f64).round() as u64,
            seconds_left: (speed > 0.0).then(|| (left / speed).ceil() as u64),
            started: self.started,
            bootable: self.disc.is_bootable(),
        }
    }
}
