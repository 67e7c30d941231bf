//! Follows the requests of a connection by the strict rules of this module, beside a reader that is laxer.

use super::{
    body::{Body, Piece},
    fields::HeadScan,
    request,
};
use bytes::{Buf, BytesMut};

/// A head that is longer is not ours to judge: the reader refuses it.
const HEAD_MAX: usize = 64 << 10;

/// Where a connection stands.
#[derive(Debug, Default)]
pub(crate) struct Follower {
    inbox: BytesMut,
    at: At,
    /// The last request asks for another protocol and has no answer: what may follow is not known yet.
    asks: bool,
}

#[derive(Debug)]
enum At {
    Head(HeadScan),
    Body(Body),
    /// The bytes are those of another protocol from here on.
    Opaque,
}

impl Default for At {
    fn default() -> Self {
        Self::Head(HeadScan::default())
    }
}

impl Follower {
    /// Takes the next bytes of the connection.
    ///
    /// # Errors
    ///
    /// From that offset in `bytes` on, two readers could see different requests: nothing from there on is to be read.
    pub(crate) fn take(&mut self, bytes: &[u8]) -> Result<(), usize> {
        if matches!(self.at, At::Opaque) {
            return Ok(());
        }
        self.inbox.extend_from_slice(bytes);
        self.step().map_err(|()| bytes.len().saturating_sub(self.inbox.len()))
    }

    /// The next bytes of our answers. They tell whether a client that asked for another protocol got it; one that did not
    /// speaks HTTP as before, and is judged as before.
    pub(crate) fn answered(&mut self, bytes: &[u8]) {
        if !self.asks || bytes.is_empty() || bytes.starts_with(b"HTTP/1.1 100") {
            return;
        }
        self.asks = false;
        if bytes.starts_with(b"HTTP/1.1 101") {
            self.at = At::Opaque;
        }
    }

    /// Whether no request has begun that has not ended. Of another protocol nothing is known, so nothing is awaited.
    pub(crate) fn is_between_requests(&self) -> bool {
        match self.at {
            At::Head(_) => self.inbox.is_empty(),
            At::Body(_) => false,
            At::Opaque => true,
        }
    }

    fn step(&mut self) -> Result<(), ()> {
        loop {
            match &mut self.at {
                At::Opaque => {
                    self.inbox.clear();
                    return Ok(());
                }
                At::Body(body) => match body.next(&mut self.inbox) {
                    Ok(Piece::Data(_)) => {}
                    Ok(Piece::More) => return Ok(()),
                    Ok(Piece::End) => self.at = At::default(),
                    Err(_) => return Err(()),
                },
                // Who asks for another protocol waits for the answer: what is sent ahead of it could be read as either.
                At::Head(_) if self.asks && !self.inbox.is_empty() => return Err(()),
                At::Head(scan) => {
                    // Old clients send an empty line behind a body (RFC 9112 section 2.2).
                    if self.inbox.starts_with(b"\r\n") {
                        self.inbox.advance(2);
                        *scan = HeadScan::default();
                        continue;
                    }
                    match scan.end(&self.inbox) {
                        Ok(None) if self.inbox.len() > HEAD_MAX => return Err(()),
                        Ok(None) => return Ok(()),
                        Err(_) => return Err(()),
                        Ok(Some(end)) => {
                            let (body, asks) = request::framed(&self.inbox[..end])?;
                            self.inbox.advance(end);
                            (self.at, self.asks) = (At::Body(body), asks);
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FINE: &str = "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc\
        \r\nPOST /b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n\
        GET /c HTTP/1.1\r\nHost: a\r\n\r\n";

    #[test]
    fn what_two_readers_could_read_differently_is_void_from_its_head_on() {
        for head in [
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n",
            "GET / HTTP/1.1\nHost: a\n\n",
            "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
            "GET / HTTP/1.1\r\n\r\n",
        ] {
            assert_eq!(Follower::default().take(head.as_bytes()), Err(0), "{head:?}");
            let behind = format!("{FINE}{head}");
            let void = Follower::default().take(behind.as_bytes());
            assert_eq!(void, Err(FINE.len()), "{head:?}");
        }
        let chunk =
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n";
        assert!(Follower::default().take(chunk.as_bytes()).is_err());
    }

    const SWITCH: &str = "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: tcp\r\nContent-Length: 1\r\n\r\nx";

    #[test]
    fn behind_a_switch_of_protocols_nothing_is_read() {
        let mut follower = Follower::default();
        assert_eq!(follower.take(SWITCH.as_bytes()), Ok(()));
        follower.answered(b"HTTP/1.1 100 Continue\r\n\r\n");
        follower.answered(b"HTTP/1.1 101 Switching Protocols\r\n");
        assert_eq!(follower.take(b"\n\n\0"), Ok(()));
    }

    #[test]
    fn behind_a_switch_that_was_refused_all_is_judged_as_before() {
        let mut follower = Follower::default();
        assert_eq!(follower.take(SWITCH.as_bytes()), Ok(()));
        follower.answered(b"HTTP/1.1 404 Not Found\r\n");
        assert_eq!(follower.take(FINE.as_bytes()), Ok(()));
        assert_eq!(follower.take(b"GET / HTTP/1.1\nHost: a\n\n"), Err(0));
    }

    #[test]
    fn what_is_sent_ahead_of_the_answer_to_a_switch_is_void() {
        let mut follower = Follower::default();
        let ahead = format!("{SWITCH}{FINE}");
        assert_eq!(follower.take(ahead.as_bytes()), Err(SWITCH.len()));
    }

    proptest! {
        #[test]
        fn it_does_not_matter_how_the_bytes_arrive(cuts in prop::collection::vec(1..20_usize, 1..50)) {
            let mut follower = Follower::default();
            let (mut rest, mut cuts) = (FINE.as_bytes(), cuts.iter().cycle());
            while !rest.is_empty() {
                let (now, later) = rest.split_at((*cuts.next().unwrap()).min(rest.len()));
                prop_assert_eq!(follower.take(now), Ok(()));
                rest = later;
            }
            prop_assert!(follower.inbox.is_empty());
        }
    }
}
