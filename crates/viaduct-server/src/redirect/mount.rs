//! An image of the library as the CD of a PC: here the server itself is the console.

use super::{
    Disc, End, Entry, Grant, Mounted, Redirections, RoundTrip, action,
    image_reader::{ImageFault, ImageReader},
    line::{self, Line},
    live::Seat,
    login::began,
    session::outcome,
};
use crate::{events::Event, tunnel::Opener};
use amt::{
    port::ServicePort,
    redirect::{
        ConsoleLogin, ConsoleMessage, ConsoleStep, Decoder, DeviceMessage, Kind,
        ider::{self, DriveEvent, IderDeviceMessage, Image, VirtualDrive},
    },
};
use std::{
    fs::File,
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::oneshot,
    time::{interval, timeout},
};
use viaduct_api::{Code, RedirectionMode};

/// Logged in and drives switched on, so soon.
const BEGIN: Duration = Duration::from_secs(30);
/// Rights are looked at so often.
const REVIEW: Duration = Duration::from_secs(20);
/// And whether the image is still the one that it was.
const LOOK: Duration = Duration::from_secs(2);
/// The last word to the device must be out so soon.
const GOODBYE: Duration = Duration::from_secs(2);
/// A PC may ask for gigabytes in one command; no more than this is at hand at once, in bytes.
const PART: u32 = 32 << 10;
const MODE: RedirectionMode = RedirectionMode::Ider;

/// What is to be mounted.
#[derive(Debug)]
pub struct Mounting {
    /// The image's number and name.
    pub media: (String, String),
    pub file: File,
    /// Where that file is.
    pub path: PathBuf,
    pub size: u64,
    /// The PC sees it at once, not from its next start on.
    pub now: bool,
}

impl Redirections {
    /// Mounts an image. Back when the PC has it; it stays there until somebody ends it.
    ///
    /// # Errors
    /// Why the PC does not get it.
    pub async fn mount(
        &self,
        grant: Grant,
        mounting: Mounting,
        console: Option<SocketAddr>,
    ) -> Result<Arc<Mounted>, End> {
        let image = Image::new(mounting.size)
            .ok_or_else(|| End::Internal("an image without a block".into()))?;
        // Who is away or has no stored password takes no place.
        self.tunnel(grant.device).map_err(|end| self.refused(&grant, console, end))?;
        let seat = self
            .sit_down(&grant, MODE, console)
            .await
            .map_err(|end| self.refused(&grant, console, end))?;
        let entry = Arc::clone(&seat.entry);
        let disc = look(&mounting.file).await;
        let source = ImageReader::new(mounting.file, &mounting.path, mounting.size)
            .map_err(|error| End::Server(Code::Store, error.to_string()))?;
        let mounted = Arc::new(Mounted::new(entry, mounting.media, mounting.size, disc));
        let drive = Drive {
            drive: VirtualDrive::new(image, mounting.now),
            source,
            mounted: Arc::clone(&mounted),
            way: RoundTrip::default(),
        };
        let (ready, offered) = oneshot::channel();
        let (all, task) = (self.clone(), Arc::clone(&mounted));
        // Outside of the request: it outlives whoever asked for it.
        tokio::spawn(async move { task.over(all.hold(seat, drive, ready).await) });
        match offered.await {
            Ok(Ok(())) => {
                self.0.mounts.enter(&mounted);
                Ok(mounted)
            }
            Ok(Err(end)) => Err(end),
            Err(_) => Err(End::Internal("the mount was given up".into())),
        }
    }

    /// All mounts that are live or ended lately, the newest first.
    #[must_use]
    pub fn mounts(&self) -> Vec<Arc<Mounted>> {
        self.0.mounts.list()
    }

    /// The whole life of a mount; `ready` learns whether it began.
    async fn hold(&self, seat: Seat, drive: Drive, ready: oneshot::Sender<Result<(), End>>) -> End {
        let entry = Arc::clone(&seat.entry);
        let what = format!("mount {}", drive.mounted.media_name);
        let who = &entry.principal;
        let intent = match self.0.audit.intent(who, action(MODE), Some(entry.device), what).await {
            Ok(intent) => intent,
            Err(error) => {
                let end = End::Server(Code::AuditUnavailable, error.to_string());
                drop(ready.send(Err(end.clone())));
                return end;
            }
        };
        let mut ready = Some(ready);
        let end = tokio::select! {
            result = self.offer(&entry, drive, &mut ready) => match result { Ok(end) | Err(end) => end },
            end = entry.ended() => end,
        };
        intent.done(outcome(&entry, &end)).await;
        let (from_device, to_device) = entry.transferred();
        self.0.events.publish(Event::RedirectionEnded {
            device: entry.device,
            mode: MODE.name(),
            user: entry.principal.name.clone(),
            reason: end.detail(),
            from_device,
            to_device,
        });
        drop(seat);
        if let Some(ready) = ready.take() {
            drop(ready.send(Err(end.clone())));
        }
        end
    }

    /// Both results are ends.
    async fn offer(
        &self,
        entry: &Entry,
        mut drive: Drive,
        ready: &mut Option<oneshot::Sender<Result<(), End>>>,
    ) -> Result<End, End> {
        let tunnel = self.tunnel(entry.device)?;
        entry.goes_through(&tunnel);
        let account = self.account(entry).await?;
        let opener = Opener { user: entry.principal.name.clone(), console: entry.console };
        let stores = (&self.0.inventory, &self.0.events);
        let mut line = line::open(&tunnel, ServicePort::Redirection, true, &opener, stores).await?;
        let mut decoder = Decoder::new();
        let login = ConsoleLogin::new(account.clone(), uuid::Uuid::new_v4().into_bytes());
        let beginning = async {
            log_in(&mut line, &mut decoder, login).await.inspect_err(|end| {
                if *end == End::WrongPassword {
                    self.0.commands.note_refusal(entry.device, &account);
                }
                if matches!(end, End::Consent(_)) {
                    self.0.inventory.note_shown(entry.device, |shown| shown.consent = true);
                }
            })?;
            while drive.step(&mut line, &mut decoder, self, entry).await? != DriveEvent::Offered {}
            Ok(())
        };
        timeout(BEGIN, beginning).await.map_err(|_| End::Silent)??;
        if let Some(ready) = ready.take() {
            drop(ready.send(Ok(())));
        }
        let image = drive.mounted.media_name.clone();
        let mut review = interval(REVIEW);
        let reviewed = async {
            loop {
                review.tick().await;
                if !self.0.access.is_current(&entry.principal) {
                    return End::Revoked;
                }
            }
        };
        let watched = drive.source.watched();
        let changed = async {
            let mut look = interval(LOOK);
            loop {
                look.tick().await;
                if let Some(how) = watched.changed().await {
                    return not_the_same(&image, &how);
                }
            }
        };
        let served = async {
            loop {
                if let Err(end) = drive.step(&mut line, &mut decoder, self, entry).await {
                    return end;
                }
            }
        };
        let end = tokio::select! {
            end = served => end,
            end = reviewed => end,
            end = changed => end,
            end = entry.ended() => end,
        };
        drive.drive.close();
        // A device that is gone needs no goodbye.
        drop(timeout(GOODBYE, drive.flush(&mut line, entry)).await);
        Ok(end)
    }
}

/// The image was changed while the PC had it. What it has read of it is worth nothing.
fn not_the_same(name: &str, how: &str) -> End {
    let detail =
        format!("`{name}` was changed on the disk of the server while the PC had it: {how}");
    End::Server(Code::MediaHash, detail)
}

/// What the image says of itself; it is on a disk that may be slow.
async fn look(file: &File) -> Disc {
    let Ok(file) = file.try_clone() else { return Disc::default() };
    tokio::task::spawn_blocking(move || Disc::look(&file)).await.unwrap_or_default()
}

/// The drive with its image.
struct Drive {
    drive: VirtualDrive,
    source: ImageReader,
    mounted: Arc<Mounted>,
    way: RoundTrip,
}

impl Drive {
    /// Sends what waits, takes one message of the device, and does what it asks for.
    async fn step(
        &mut self,
        line: &mut Line,
        decoder: &mut Decoder,
        all: &Redirections,
        entry: &Entry,
    ) -> Result<DriveEvent, End> {
        self.flush(line, entry).await?;
        let message = next::<IderDeviceMessage>(line, decoder, entry).await?;
        self.way.came();
        self.mounted.way(self.way.least());
        entry.heard();
        let event = self.drive.handle(message);
        match event {
            DriveEvent::Nothing | DriveEvent::Offered => {}
            DriveEvent::Off => return Err(End::Off(MODE)),
            DriveEvent::Closed => return Err(End::ByDevice("the device ended IDE-R".into())),
            DriveEvent::Failed(_) => {
                return Err(End::ByDevice("the device reports an error of its drives".into()));
            }
            DriveEvent::Read { drive, offset, length } => {
                self.give(line, (all, entry), drive, (offset, length)).await?;
            }
        }
        self.flush(line, entry).await?;
        Ok(event)
    }

    /// Sends a part of the image, piece by piece as the PC takes it.
    async fn give(
        &mut self,
        line: &mut Line,
        (all, entry): (&Redirections, &Entry),
        which: ider::Drive,
        (offset, length): (u64, u32),
    ) -> Result<(), End> {
        let mut given = 0;
        while given < length {
            let (at, count) = (offset + u64::from(given), PART.min(length - given));
            match self.source.read(at, count).await {
                Ok(bytes) => self.drive.give_part(which, &bytes, given + count == length),
                Err(ImageFault::Changed(how)) => {
                    self.drive.give(which, None);
                    drop(timeout(GOODBYE, self.flush(line, entry)).await);
                    return Err(not_the_same(&self.mounted.media_name, &how));
                }
                Err(ImageFault::Unreadable(error)) => {
                    all.0.events.about(entry.device).in_scope(|| {
                        tracing::warn!(image = self.mounted.media_name, %error, "an image cannot be read");
                    });
                    self.drive.give(which, None);
                    return Ok(());
                }
            }
            self.flush(line, entry).await?;
            self.mounted.read(at, count);
            given += count;
        }
        Ok(())
    }

    async fn flush(&mut self, line: &mut Line, entry: &Entry) -> Result<(), End> {
        let out = self.drive.poll_output();
        if out.is_empty() {
            return Ok(());
        }
        entry.to_device.fetch_add(out.len() as u64, Ordering::Relaxed);
        self.way.sent();
        send(line, &out).await
    }
}

async fn send(line: &mut Line, bytes: &[u8]) -> Result<(), End> {
    let lost = |error: std::io::Error| End::ByDevice(error.to_string());
    line.write_all(bytes).await.map_err(lost)?;
    line.flush().await.map_err(lost)
}

/// The next message of the device.
async fn next<M: amt::redirect::Decode>(
    line: &mut Line,
    decoder: &mut Decoder,
    entry: &Entry,
) -> Result<M, End> {
    let mut buffer = [0; 4096];
    loop {
        let message = decoder.poll_message().map_err(|error| End::ByDevice(error.to_string()))?;
        if let Some(message) = message {
            return Ok(message);
        }
        match line.read(&mut buffer).await {
            Ok(0) => return Err(entry.end_of_bytes()),
            Ok(n) => {
                entry.from_device.fetch_add(n as u64, Ordering::Relaxed);
                decoder.handle_bytes(&buffer[..n]);
            }
            Err(error) => match entry.end_of_bytes() {
                End::ByDevice(_) => return Err(End::ByDevice(error.to_string())),
                end => return Err(end),
            },
        }
    }
}

/// Begins IDE-R with the stored account.
async fn log_in(
    line: &mut Line,
    decoder: &mut Decoder,
    mut login: ConsoleLogin,
) -> Result<(), End> {
    let nonsense = || End::ByDevice("the device's login makes no sense".into());
    let mut out = Vec::new();
    ConsoleMessage::Start(Kind::Ider).encode(&mut out);
    let mut buffer = [0; 2048];
    loop {
        if !out.is_empty() {
            send(line, &std::mem::take(&mut out)).await?;
        }
        let message = decoder.poll_message().map_err(|error| End::ByDevice(error.to_string()))?;
        match message {
            Some(DeviceMessage::Started { status, .. }) => {
                began(MODE, status)?;
                login.start().encode(&mut out);
            }
            Some(DeviceMessage::Login { status, method, data }) => {
                match login.handle(status, method, &data) {
                    ConsoleStep::Send(message) => message.encode(&mut out),
                    ConsoleStep::Accepted => return Ok(()),
                    ConsoleStep::Denied => return Err(End::WrongPassword),
                    ConsoleStep::NoMethod | ConsoleStep::Unexpected => return Err(nonsense()),
                }
            }
            Some(_) => return Err(nonsense()),
            None => match line.read(&mut buffer).await {
                Ok(0) => return Err(End::ByDevice("the device closed during the login".into())),
                Ok(n) => decoder.handle_bytes(&buffer[..n]),
                Err(error) => return Err(End::ByDevice(error.to_string())),
            },
        }
    }
}
