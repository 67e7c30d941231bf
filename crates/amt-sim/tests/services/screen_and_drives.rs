//! The screen behind KVM, and the drives behind IDE-R: pictures that move, images that are read.

use std::{sync::Arc, time::Duration};

use amt::{
    redirect::{
        ConsoleStep, Decode, Decoder, Kind, KvmOpen, KvmOpened, StartStatus,
        ider::{
            Answer, Completion, Features, IderConsoleMessage, IderDeviceMessage, IderOpen, Image,
        },
    },
    rfb::{AMT_RLE, DESKTOP_SIZE, Picture, PixelFormat, RAW, Rectangle, Update, ViewerMessage},
};
use amt_sim::services::{BootImage, Host};
use openssl::sha::sha256;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::timeout,
};

use crate::{
    console::{DEADLINE, PASSWORD, host},
    redirection::{Console, power},
};

/// A viewer behind the login.
struct Viewer {
    console: Console,
    picture: Picture,
    updates: Vec<Update>,
}

impl Viewer {
    async fn open(host: &Arc<Host>, format: PixelFormat, encodings: &[i32]) -> Self {
        let mut console = logged_in(host, Kind::Kvm).await;
        let mut out = Vec::new();
        KvmOpen.encode(&mut out);
        out.extend_from_slice(b"RFB 003.008\n\x01\x01");
        console.io.write_all(&out).await.unwrap();
        let mut opened = [0; 8];
        console.io.read_exact(&mut opened).await.unwrap();
        assert!(KvmOpened::decode(&opened).unwrap().is_some());
        let mut greeting = [0; 12 + 2 + 4 + 24];
        console.io.read_exact(&mut greeting).await.unwrap();
        assert_eq!(greeting[..18], *b"RFB 003.008\n\x01\x01\0\0\0\0");
        let init = &greeting[18..];
        let size = |at: usize| u16::from_be_bytes([init[at], init[at + 1]]);
        assert_eq!(PixelFormat::decode(&init[4..]), PixelFormat::RGB565, "AMT's own pixels");
        let mut name = vec![0; usize::from(init[23])];
        console.io.read_exact(&mut name).await.unwrap();
        assert_eq!(name, b"pc-01");
        let picture = Picture::new(size(0), size(2), format).unwrap();
        let mut viewer = Self { console, picture, updates: Vec::new() };
        viewer.say(&ViewerMessage::SetPixelFormat(format)).await;
        viewer.say(&ViewerMessage::SetEncodings(encodings.to_vec())).await;
        viewer
    }

    async fn say(&mut self, message: &ViewerMessage) {
        let mut out = Vec::new();
        message.encode(&mut out);
        self.console.io.write_all(&out).await.unwrap();
    }

    /// Asks, and reads until an update is complete. False when the platform closed instead.
    async fn look(&mut self, incremental: bool) -> bool {
        self.updates.clear();
        let (width, height) = self.picture.size();
        let area = Rectangle::of_size(width, height);
        self.say(&ViewerMessage::UpdateRequest { incremental, area }).await;
        let mut buffer = [0; 4096];
        while !self.updates.contains(&Update::Complete) {
            let read = timeout(DEADLINE, self.console.io.read(&mut buffer)).await;
            match read.expect("an update in time").unwrap() {
                0 => return false,
                n => self.picture.handle_bytes(&buffer[..n], &mut self.updates).unwrap(),
            }
        }
        true
    }

    /// How many pixels are bright, in a part of the screen where nothing moves but what is typed.
    fn typed_pixels(&self) -> usize {
        let (width, height) = self.picture.size();
        let bright = |x, y| self.picture.colour(x, y).1 > 100;
        (height / 2 + 8..height - 20)
            .flat_map(|y| (20..width - 20).map(move |x| (x, y)))
            .filter(|(x, y)| bright(*x, *y))
            .count()
    }
}

async fn logged_in(host: &Arc<Host>, kind: Kind) -> Console {
    let mut console = Console::new(host);
    assert_eq!(console.start(kind).await, StartStatus::Ok);
    assert_eq!(console.log_in(PASSWORD).await, ConsoleStep::Accepted);
    console
}

#[tokio::test]
async fn a_viewer_sees_a_picture_that_moves_and_what_it_types() {
    let host = host();
    for (format, encodings) in [
        (PixelFormat::RGB565, &[AMT_RLE, RAW, DESKTOP_SIZE][..]),
        (PixelFormat::RGB332, &[AMT_RLE, RAW, DESKTOP_SIZE]),
        (PixelFormat::GRAY8, &[RAW]),
    ] {
        let mut viewer = Viewer::open(&host, format, encodings).await;
        assert!(viewer.look(false).await);
        assert!(viewer.updates.len() > 60, "{format:?}: all of the screen");
        // The clock and the block move without anybody doing anything.
        assert!(viewer.look(true).await);
        assert!(viewer.updates.len() < 60, "{format:?}: {} tiles changed", viewer.updates.len());
        let before = viewer.typed_pixels();
        for key in "hello".bytes() {
            viewer.say(&ViewerMessage::Key { down: true, key: key.into() }).await;
            viewer.say(&ViewerMessage::Key { down: false, key: key.into() }).await;
        }
        let mut tries = 0;
        while viewer.typed_pixels() < before + 50 {
            assert!(viewer.look(true).await && tries < 100, "{format:?}: nothing was typed");
            tries += 1;
        }
    }
}

#[tokio::test]
async fn one_viewer_at_a_time_and_the_next_one_after_it() {
    let host = host();
    let viewer = Viewer::open(&host, PixelFormat::RGB565, &[RAW]).await;
    assert_eq!(Console::new(&host).start(Kind::Kvm).await, StartStatus::Busy);
    assert_eq!(power(&host, 8).await, Some(6), "in use: the power is not cut under a viewer");
    // The others are not concerned.
    let shell = Console::at_prompt(&host).await;
    assert_eq!(Console::new(&host).start(Kind::Ider).await, StartStatus::Ok);
    drop((viewer, shell));
    let freed = async {
        while Console::new(&host).start(Kind::Kvm).await == StartStatus::Busy {
            tokio::task::yield_now().await;
        }
    };
    timeout(DEADLINE, freed).await.expect("free again");
}

#[tokio::test(start_paused = true)]
async fn a_viewer_who_only_looks_is_sent_away_after_three_minutes() {
    let host = host();
    let mut viewer = Viewer::open(&host, PixelFormat::RGB332, &[AMT_RLE]).await;
    let began = tokio::time::Instant::now();
    viewer.say(&ViewerMessage::Pointer { buttons: 0, x: 1, y: 1 }).await;
    while viewer.look(true).await {}
    let lasted = began.elapsed();
    assert!((Duration::from_secs(179)..Duration::from_secs(182)).contains(&lasted), "{lasted:?}");
}

#[tokio::test(start_paused = true)]
async fn the_screen_takes_another_size_when_the_pc_starts_anew() {
    let host = host();
    let mut viewer = Viewer::open(&host, PixelFormat::RGB565, &[AMT_RLE, DESKTOP_SIZE]).await;
    let until = async |viewer: &mut Viewer, size| {
        let seen = async {
            while viewer.picture.size() != size {
                assert!(viewer.look(true).await);
            }
        };
        timeout(DEADLINE, seen).await.expect("the new size in time");
    };
    until(&mut viewer, (800, 600)).await;
    assert_eq!(power(&host, 10).await, Some(0), "a reset is possible under a viewer");
    until(&mut viewer, (640, 480)).await;
    until(&mut viewer, (800, 600)).await;
}

/// A console with an image.
struct Offer {
    console: Console,
    decoder: Decoder,
    image: Vec<u8>,
    sequence: u32,
    read_buffer: usize,
}

impl Offer {
    async fn open(host: &Arc<Host>, image: Vec<u8>) -> Self {
        let console = logged_in(host, Kind::Ider).await;
        let (decoder, read_buffer) = (Decoder::new(), 0);
        let mut offer = Self { console, decoder, image, sequence: 0, read_buffer };
        offer
            .send(|sequence| IderConsoleMessage::Open {
                sequence: Some(sequence),
                open: IderOpen::default(),
            })
            .await;
        let Some(IderDeviceMessage::Opened { opened, .. }) = offer.next().await else {
            panic!("not opened")
        };
        offer.read_buffer = opened.read_buffer.into();
        let features = Features::Set(Features::ENABLE | Features::ON_REBOOT);
        offer.send(|sequence| IderConsoleMessage::Features { sequence, features }).await;
        let Some(IderDeviceMessage::Status { status, .. }) = offer.next().await else {
            panic!("no status")
        };
        assert_eq!((status.kind, status.value), (3, 1));
        offer
    }

    async fn send(&mut self, message: impl FnOnce(u32) -> IderConsoleMessage) {
        let mut out = Vec::new();
        message(self.sequence).encode(&mut out);
        self.sequence += 1;
        self.console.io.write_all(&out).await.unwrap();
    }

    async fn next(&mut self) -> Option<IderDeviceMessage> {
        loop {
            if let Some(message) = self.decoder.poll_message().unwrap() {
                return Some(message);
            }
            let mut buffer = [0; 512];
            match timeout(DEADLINE, self.console.io.read(&mut buffer)).await.unwrap().unwrap() {
                0 => return None,
                n => self.decoder.handle_bytes(&buffer[..n]),
            }
        }
    }

    /// Answers until the platform wants nothing more.
    async fn serve(mut self) {
        let size = self.image.len() as u64;
        let image = Image::new(size).unwrap();
        while let Some(message) = self.next().await {
            match message {
                IderDeviceMessage::Command { command, .. } => {
                    match image.answer(command.drive, command.block) {
                        Answer::Completed(sense) => {
                            let completion = Completion { drive: command.drive, sense };
                            self.send(|sequence| IderConsoleMessage::Completed {
                                sequence,
                                completion,
                            })
                            .await;
                        }
                        Answer::Data(data) => self.give(command.drive, data).await,
                        Answer::Read { offset, length } => {
                            let start = usize::try_from(offset).unwrap();
                            let data = self.image[start..][..length as usize].to_vec();
                            self.give(command.drive, data).await;
                        }
                    }
                }
                IderDeviceMessage::Reset { .. } => {
                    self.send(|sequence| IderConsoleMessage::ResetDone { sequence }).await;
                }
                IderDeviceMessage::Ping { .. } => {
                    self.send(|sequence| IderConsoleMessage::Pong { sequence }).await;
                }
                IderDeviceMessage::Heartbeat { .. } => {}
                other => panic!("{other:?}"),
            }
        }
    }

    async fn give(&mut self, drive: amt::redirect::ider::Drive, data: Vec<u8>) {
        let count = data.chunks(self.read_buffer).count();
        for (at, piece) in data.chunks(self.read_buffer).enumerate() {
            let (completed, data) = (at + 1 == count, piece.to_vec());
            self.send(|sequence| IderConsoleMessage::Data { sequence, drive, completed, data })
                .await;
        }
    }
}

fn image(blocks: usize) -> Vec<u8> {
    (0..blocks * 2048).map(|at| (at * 31 % 251) as u8).collect()
}

#[tokio::test]
async fn a_pc_boots_from_the_image_and_reads_it_to_the_last_block() {
    let host = host();
    // Not a multiple of what one command reads.
    let image = image(101);
    let expected: String = sha256(&image).iter().map(|byte| format!("{byte:02x}")).collect();
    let mut shell = Console::at_prompt(&host).await;
    let offer = Offer::open(&host, image.clone()).await;
    let mut boot = host.boot_image();
    assert_eq!(*boot.borrow(), BootImage::None, "an image alone starts nothing");
    let serving = tokio::spawn(offer.serve());
    assert_eq!(power(&host, 10).await, Some(0));
    let read = boot.wait_for(|image| matches!(image, BootImage::Read { .. }));
    let read = timeout(DEADLINE, read).await.expect("read in time").unwrap().clone();
    assert_eq!(read, BootImage::Read { bytes: image.len() as u64, sha256: expected.clone() });
    shell.expect(&format!("sha256 {expected}")).await;
    serving.abort();
}

#[tokio::test]
async fn a_console_that_goes_away_or_loses_count_is_told_of() {
    let host = host();
    let mut boot = host.boot_image();
    let offer = Offer::open(&host, image(4)).await;
    assert_eq!(power(&host, 10).await, Some(0));
    let reading = boot.wait_for(|image| matches!(image, BootImage::Reading { .. }));
    drop(timeout(DEADLINE, reading).await.expect("it begins").unwrap());
    drop(offer);
    let failed = boot.wait_for(|image| matches!(image, BootImage::Failed(_)));
    drop(timeout(DEADLINE, failed).await.expect("it fails").unwrap());
    let mut offer = Offer::open(&host, image(4)).await;
    offer.sequence = 77;
    offer.send(|sequence| IderConsoleMessage::Ping { sequence }).await;
    assert!(matches!(offer.next().await, Some(IderDeviceMessage::Error { .. })));
    assert_eq!(offer.next().await, None);
}
