//! Others who look on: a PC shows its screen to one console and compresses the picture for that one alone, so the page
//! that has it sends pictures of what it shows as long as somebody watches. The last one is kept, and only so long.

use super::live::lock;
use bytes::Bytes;
use std::{collections::BTreeMap, sync::Mutex, time::Duration};
use tokio::time::Instant;

/// Whoever has not asked for a picture for so long has gone.
const GONE: Duration = Duration::from_secs(10);
/// People who may watch one screen.
const MANY: usize = 16;

/// What a console shows, as its page sent it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Its media type, one of a few kinds of picture.
    pub kind: &'static str,
    pub bytes: Bytes,
}

/// Who watches one screen, and what they see.
#[derive(Debug, Default)]
pub struct Guests(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    watching: BTreeMap<String, Instant>,
    picture: Option<Picture>,
}

impl Inner {
    fn forget_gone(&mut self, now: Instant) {
        self.watching.retain(|_, asked| now.duration_since(*asked) < GONE);
        if self.watching.is_empty() {
            self.picture = None;
        }
    }
}

impl Guests {
    /// Somebody begins to watch; false when too many do.
    #[must_use]
    pub fn welcome(&self, who: &str, now: Instant) -> bool {
        let mut inner = lock(&self.0);
        inner.forget_gone(now);
        if inner.watching.len() >= MANY && !inner.watching.contains_key(who) {
            return false;
        }
        inner.watching.insert(who.to_owned(), now);
        true
    }

    /// Whether somebody watches, and the last picture if one has come.
    pub fn look(&self, who: &str, now: Instant) -> (bool, Option<Picture>) {
        let mut inner = lock(&self.0);
        inner.forget_gone(now);
        let Some(asked) = inner.watching.get_mut(who) else { return (false, None) };
        *asked = now;
        (true, inner.picture.clone())
    }

    /// Keeps a picture for those who watch, and says who they are; none is kept for nobody.
    pub fn show(&self, picture: Picture, now: Instant) -> Vec<String> {
        let mut inner = lock(&self.0);
        inner.forget_gone(now);
        if !inner.watching.is_empty() {
            inner.picture = Some(picture);
        }
        inner.watching.keys().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(text: &'static str) -> Picture {
        Picture { kind: "image/png", bytes: Bytes::from_static(text.as_bytes()) }
    }

    #[test]
    fn a_picture_is_kept_for_those_who_watch_and_for_nobody_else() {
        let (guests, now) = (Guests::default(), Instant::now());
        assert!(guests.show(picture("early"), now).is_empty());
        assert_eq!(guests.look("marek", now), (false, None), "nobody watches by looking");
        assert!(guests.welcome("marek", now));
        assert_eq!(guests.look("marek", now), (true, None), "what came before is not kept");
        assert_eq!(guests.show(picture("now"), now), ["marek"]);
        assert_eq!(guests.look("marek", now), (true, Some(picture("now"))));
        let later = now + GONE;
        assert!(guests.show(picture("later"), later).is_empty());
        assert_eq!(guests.look("marek", later), (false, None));
        assert!(guests.welcome("marek", later));
        assert_eq!(guests.look("marek", later), (true, None), "nothing is left of the last time");
    }

    #[test]
    fn only_so_many_watch_at_once() {
        let (guests, now) = (Guests::default(), Instant::now());
        assert!((0..MANY).all(|n| guests.welcome(&n.to_string(), now)));
        assert!(guests.welcome("0", now), "who watches already may go on");
        assert!(!guests.welcome("one more", now));
        assert!(guests.welcome("one more", now + GONE));
    }
}
