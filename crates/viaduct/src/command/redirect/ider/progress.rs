//! How far a PC is with an image, for people: a bar, and a warning when the link is too slow for what is on the disc.

use crate::{
    age::{bytes, span},
    say::{self, inert, note},
};
use std::time::Instant;
use time::Duration;
use viaduct_api::Mount;

/// Bytes of a block.
pub(super) const BLOCK: u64 = 2048;
/// An image that needs longer is better replaced by a small one.
const LONG: u64 = 600;
/// What a small network boot image has.
const SMALL: u64 = 2 << 20;
/// What makes one; a package has it in /usr/share/doc/viaduct.
const NETBOOT: &str = "scripts/netboot-image";
/// Speed says nothing before so long of reading, and a PC that asks for nothing for so long is not reading.
const ENOUGH: std::time::Duration = std::time::Duration::from_secs(3);
const PAUSE: std::time::Duration = std::time::Duration::from_secs(5);
/// What is under way at once, more or less: a PC asks for 64 KiB when it has the 64 KiB before, and takes them in pieces.
/// Measured with simulated PCs at 0, 40 and 200 ms there and back, the last at 2 Mbit/s: right within a factor of two.
const PIECE: f64 = (8 * BLOCK) as f64;

/// How much of an image a PC has read, and how fast.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sight {
    pub(super) size: u64,
    pub(super) read: u64,
    /// Blocks in each second of late.
    pub(super) per_second: u64,
    pub(super) seconds_left: Option<u64>,
    /// The PC has read what it starts from.
    pub(super) started: bool,
    /// There is something to start from.
    pub(super) bootable: bool,
}

impl From<&Mount> for Sight {
    fn from(mount: &Mount) -> Self {
        Self {
            size: mount.size,
            read: mount.bytes_read,
            per_second: mount.blocks_per_second,
            seconds_left: mount.seconds_left,
            started: mount.started.is_some(),
            bootable: mount.bootable,
        }
    }
}

impl Sight {
    /// Whether the PC has started from it, as far as that can be seen: of an image without a boot record, that all of it
    /// was read.
    pub(super) fn is_over(self) -> bool {
        if self.bootable { self.started } else { self.read >= self.size / BLOCK * BLOCK }
    }

    /// In one line.
    pub(super) fn words(self) -> String {
        let share = (self.read as f64 / self.size.max(1) as f64 * 100.0).min(100.0);
        let left = match self.seconds_left {
            Some(seconds) if seconds > 0 && self.read < self.size / BLOCK * BLOCK => {
                format!(", {} left", span(Duration::seconds(seconds.min(8_640_000) as i64)))
            }
            _ => String::new(),
        };
        let (read, size) = (bytes(self.read), bytes(self.size));
        format!("{share:.0} %  {read} of {size}, {} sectors/s{left}", self.per_second)
    }
}

/// Tells each thing once, and draws the bar.
#[derive(Debug, Default)]
pub(super) struct Teller {
    reads: bool,
    started: bool,
    slow: bool,
    stretch: Option<Stretch>,
}

/// A time in which the PC keeps reading.
#[derive(Debug, Clone, Copy)]
struct Stretch {
    began: Instant,
    /// What it had read by then.
    before: u64,
    /// When it was last seen to have read more, and how much by then.
    last: (Instant, u64),
}

impl Teller {
    pub(super) fn tell(&mut self, name: &str, sight: Sight) {
        if sight.read > 0 && !self.reads {
            self.reads = true;
            line("the PC reads the image");
        }
        if sight.started && !self.started {
            self.started = true;
            line(&format!("the PC starts from {}", inert(name)));
        }
        if let Some(speed) = self.speed(sight.read, Instant::now()).filter(|_| !self.slow)
            && let Some(warning) = slow(sight.size, speed)
        {
            self.slow = true;
            line(&warning);
        }
        if sight.read > 0 {
            let share = sight.read as f64 / sight.size.max(1) as f64;
            say::progress(share, &sight.words());
        }
    }

    /// Bytes a second while the PC keeps reading; none while it rests, which says nothing of the link.
    fn speed(&mut self, read: u64, now: Instant) -> Option<f64> {
        let fresh = Stretch { began: now, before: read, last: (now, read) };
        let stretch = self.stretch.get_or_insert(fresh);
        if read > stretch.last.1 {
            if now - stretch.last.0 > PAUSE {
                *stretch = fresh;
            }
            stretch.last = (now, read);
        }
        let (last, read) = stretch.last;
        let took = last - stretch.began;
        (took >= ENOUGH).then(|| (read - stretch.before) as f64 / took.as_secs_f64())
    }

    /// The last state stays on the screen.
    pub(super) fn end(&self) {
        if self.reads && say::is_watched() {
            note("");
        }
    }
}

/// A line where the bar was.
fn line(text: &str) {
    say::bar_off();
    note(text);
}

fn slow(size: u64, per_second: f64) -> Option<String> {
    if per_second <= 0.0 || size as f64 / per_second < LONG as f64 {
        return None;
    }
    Some(format!(
        "slow: {:.0} sectors/s ({}/s); {}",
        per_second / BLOCK as f64,
        bytes(per_second as u64),
        needs(size, per_second)
    ))
}

/// What a link of that speed means for an image.
fn needs(size: u64, per_second: f64) -> String {
    let time = |bytes: u64| span(Duration::seconds_f64(bytes as f64 / per_second.max(1.0)));
    format!(
        "this link needs about {} for all of it; use a small netboot image ({}, made by {NETBOOT}), which is there in {}",
        time(size),
        bytes(SMALL),
        time(SMALL)
    )
}

/// What can be said of a link before anything is read, from how long a message to the PC takes there and back.
pub(super) fn expected(size: u64, there_and_back: std::time::Duration) -> String {
    let per_second = PIECE / there_and_back.as_secs_f64().max(0.000_1);
    let seconds = size as f64 / per_second;
    let speed = bytes(per_second as u64);
    let took = match there_and_back.as_millis() {
        0 => "less than 1".to_owned(),
        took => took.to_string(),
    };
    if seconds >= LONG as f64 {
        return format!("link: {took} ms there and back, {}", needs(size, per_second));
    }
    let all = span(Duration::seconds_f64(seconds.max(1.0)));
    format!("link: {took} ms there and back; expect about {speed}/s, {all} for all of it")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_link_is_told_with_what_helps_and_a_quick_one_is_not() {
        let warning = slow(700 << 20, 30.0 * 2048.0).unwrap();
        assert!(warning.starts_with("slow: 30 sectors/s (60.0 KiB/s)"), "{warning}");
        assert!(warning.contains("about 3h 19m for all of it"), "{warning}");
        assert!(warning.contains("use a small netboot image (2.0 MiB"), "{warning}");
        assert_eq!(slow(700 << 20, 3000.0 * 2048.0), None);
    }

    #[test]
    fn a_pc_that_rests_says_nothing_of_its_link() {
        let (mut teller, began) = (Teller::default(), Instant::now());
        let mut at = |seconds: f64, read: u64| {
            teller.speed(read, began + std::time::Duration::from_secs_f64(seconds))
        };
        assert_eq!(at(0.0, 0), None);
        assert_eq!(at(1.0, 1000), None, "too early to say");
        assert_eq!(at(4.0, 4000), Some(1000.0));
        assert_eq!(at(100.0, 4000), Some(1000.0), "as it was when it last read");
        assert_eq!(at(101.0, 5000), None, "begins anew");
        assert_eq!(at(105.0, 9000), Some(1000.0));
    }

    #[test]
    fn what_is_expected_of_a_link_comes_from_its_latency() {
        let quick = expected(2 << 20, std::time::Duration::from_millis(38));
        assert_eq!(quick, "link: 38 ms there and back; expect about 421.0 KiB/s, 4s for all of it");
        let slow = expected(4 << 30, std::time::Duration::from_millis(300));
        assert!(slow.contains("needs about") && slow.contains("21h"), "{slow}");
    }

    #[test]
    fn the_line_has_percentage_speed_and_what_is_left() {
        let sight = Sight {
            size: 100 * BLOCK,
            read: 25 * BLOCK,
            per_second: 5,
            seconds_left: Some(15),
            ..Sight::default()
        };
        assert_eq!(sight.words(), "25 %  50.0 KiB of 200.0 KiB, 5 sectors/s, 15s left");
    }
}
