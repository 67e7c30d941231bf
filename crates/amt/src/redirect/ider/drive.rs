//! A console that serves an image: the drives of a PC as a state machine.

use super::{
    Answer, Completion, Drive, Features, IderConsoleMessage, IderDeviceMessage, IderOpen, Image,
    Sense,
};

/// No platform takes less in one message.
const PIECE_MIN: usize = 512;
/// What message 49 answers to [`Features::Set`], and that it was done.
const FEATURES_SET: u8 = 3;
const DONE: u32 = 1;

/// Serves an image as a PC's CD. Call [`handle`](Self::handle) with each message of the platform, do what it asks for,
/// and send what [`poll_output`](Self::poll_output) gives after every call.
#[derive(Debug)]
pub struct VirtualDrive {
    image: Image,
    features: u32,
    /// Most data in one message; the platform says it.
    piece: usize,
    sequence: u32,
    out: Vec<u8>,
}

/// What is left to do after a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DriveEvent {
    /// Nothing but sending.
    Nothing,
    /// The PC sees the CD, or will from its next start on.
    Offered,
    /// Give these bytes of the image to [`VirtualDrive::give`].
    Read {
        /// The drive that asks.
        drive: Drive,
        /// First byte.
        offset: u64,
        /// How many.
        length: u32,
    },
    /// The platform does not switch its drives on.
    Off,
    /// The platform ended it.
    Closed,
    /// The platform reports an error, with this code.
    Failed([u8; 3]),
}

impl VirtualDrive {
    /// A drive with this image; `now`: at once, not from the next start of the PC on. Its first message is ready.
    #[must_use]
    pub fn new(image: Image, now: bool) -> Self {
        let when = if now { Features::NOW } else { Features::ON_REBOOT };
        let features = Features::ENABLE | when;
        let mut drive = Self { image, features, piece: PIECE_MIN, sequence: 0, out: Vec::new() };
        let open = IderOpen::default();
        drive.say(|sequence| IderConsoleMessage::Open { sequence: Some(sequence), open });
        drive
    }

    /// Takes a message of the platform.
    pub fn handle(&mut self, message: IderDeviceMessage) -> DriveEvent {
        match message {
            IderDeviceMessage::Opened { opened, .. } => {
                self.piece = usize::from(opened.read_buffer).max(PIECE_MIN);
                let features = Features::Set(self.features);
                self.say(|sequence| IderConsoleMessage::Features { sequence, features });
            }
            IderDeviceMessage::Ping { .. } => {
                self.say(|sequence| IderConsoleMessage::Pong { sequence });
            }
            IderDeviceMessage::Reset { .. } => {
                self.say(|sequence| IderConsoleMessage::ResetDone { sequence });
            }
            IderDeviceMessage::Status { status, .. } if status.kind == FEATURES_SET => {
                return if status.value == DONE { DriveEvent::Offered } else { DriveEvent::Off };
            }
            IderDeviceMessage::Command { command, .. } => {
                return self.command(command.drive, command.block);
            }
            IderDeviceMessage::Error { code, .. } => return DriveEvent::Failed(code),
            IderDeviceMessage::Closed { .. } => return DriveEvent::Closed,
            IderDeviceMessage::Pong { .. }
            | IderDeviceMessage::Status { .. }
            | IderDeviceMessage::Heartbeat { .. }
            | IderDeviceMessage::Data { .. } => {}
        }
        DriveEvent::Nothing
    }

    fn command(&mut self, drive: Drive, block: [u8; 12]) -> DriveEvent {
        match self.image.answer(drive, block) {
            Answer::Completed(sense) => self.completed(drive, sense),
            Answer::Data(bytes) => self.give(drive, Some(&bytes)),
            Answer::Read { offset, length } => return DriveEvent::Read { drive, offset, length },
        }
        DriveEvent::Nothing
    }

    /// The bytes that were asked for; None when they cannot be read.
    pub fn give(&mut self, drive: Drive, bytes: Option<&[u8]>) {
        match bytes {
            None => self.completed(drive, Some(Sense::UNREADABLE)),
            Some(bytes) => self.give_part(drive, bytes, true),
        }
    }

    /// Some of the bytes that were asked for, in order; `last`: with these it is all of them.
    pub fn give_part(&mut self, drive: Drive, bytes: &[u8], last: bool) {
        let mut pieces = bytes.chunks(self.piece).peekable();
        while let Some(piece) = pieces.next() {
            let (completed, data) = (last && pieces.peek().is_none(), piece.to_vec());
            self.say(|sequence| IderConsoleMessage::Data { sequence, drive, completed, data });
        }
    }

    /// Takes the CD out; nothing is served behind that.
    pub fn close(&mut self) {
        self.say(|sequence| IderConsoleMessage::Close { sequence });
    }

    /// What goes to the platform; empty when there is nothing.
    pub fn poll_output(&mut self) -> Vec<u8> {
        core::mem::take(&mut self.out)
    }

    fn completed(&mut self, drive: Drive, sense: Option<Sense>) {
        let completion = Completion { drive, sense };
        self.say(|sequence| IderConsoleMessage::Completed { sequence, completion });
    }

    fn say(&mut self, message: impl FnOnce(u32) -> IderConsoleMessage) {
        message(self.sequence).encode(&mut self.out);
        self.sequence = self.sequence.wrapping_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redirect::{
        Decode,
        ider::{IderCommand, IderOpened},
    };

    fn said(drive: &mut VirtualDrive) -> Vec<IderConsoleMessage> {
        let bytes = drive.poll_output();
        let (mut rest, mut all) = (&bytes[..], Vec::new());
        while let Some((message, length)) = IderConsoleMessage::decode(rest).unwrap() {
            all.push(message);
            rest = &rest[length..];
        }
        assert!(rest.is_empty());
        all
    }

    fn read(count: u8) -> IderDeviceMessage {
        let mut block = [0; 12];
        [block[0], block[5], block[8]] = [0x28, 1, count];
        let command = IderCommand { drive: Drive::Cd, dma: true, byte_count: 0, block };
        IderDeviceMessage::Command { sequence: 0, command }
    }

    #[test]
    fn a_read_is_answered_in_pieces_that_the_platform_takes_and_the_last_one_says_so() {
        let mut drive = VirtualDrive::new(Image::new(10 * 2048).unwrap(), false);
        assert!(matches!(
            said(&mut drive)[..],
            [IderConsoleMessage::Open { sequence: Some(0), .. }]
        ));
        let opened =
            IderOpened { version: (1, 0), firmware: (1, 0), read_buffer: 3000, write_buffer: 0 };
        assert_eq!(
            drive.handle(IderDeviceMessage::Opened { sequence: 0, opened }),
            DriveEvent::Nothing
        );
        let set = Features::Set(Features::ENABLE | Features::ON_REBOOT);
        assert_eq!(said(&mut drive), [IderConsoleMessage::Features { sequence: 1, features: set }]);
        let wanted = DriveEvent::Read { drive: Drive::Cd, offset: 2048, length: 4096 };
        assert_eq!(drive.handle(read(2)), wanted);
        drive.give(Drive::Cd, Some(&[7; 4096]));
        let pieces: Vec<_> = said(&mut drive)
            .into_iter()
            .map(|message| match message {
                IderConsoleMessage::Data { sequence, completed, data, .. } => {
                    (sequence, completed, data.len())
                }
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(pieces, [(2, false, 3000), (3, true, 1096)]);
        drive.give_part(Drive::Cd, &[7; 2048], false);
        drive.give_part(Drive::Cd, &[7; 2048], true);
        let parts = said(&mut drive);
        let ends = parts
            .iter()
            .map(|part| matches!(part, IderConsoleMessage::Data { completed: true, .. }));
        assert_eq!(ends.collect::<Vec<_>>(), [false, true]);
        drive.give(Drive::Cd, None);
        let failed = said(&mut drive);
        let [IderConsoleMessage::Completed { completion, .. }] = &failed[..] else {
            panic!("{failed:?}")
        };
        assert_eq!(completion.sense, Some(Sense::UNREADABLE));
    }
}
