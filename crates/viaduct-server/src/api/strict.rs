//! A connection whose requests can be read in one way only.
//!
//! hyper lets pass what must be refused: lines that end with LF alone, Content-Length beside Transfer-Encoding, equal
//! Content-Lengths. So the same rules as the HTTP proxy's are applied to the bytes before hyper sees them; what they
//! refuse reaches it as zeros, which it answers with 400, and then it closes the connection.
//!
//! A request may be answered before all of it has come, such as one that is too large. Closing then would reset the
//! connection, and the reset would overtake the answer; so what still comes is read and thrown away for a moment.

use crate::gateway::Follower;
use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep},
};

/// A client that is still sending when its answer is complete gets so long to find that out.
const REST_DEADLINE: Duration = Duration::from_secs(2);
/// And no more than this is taken from it meanwhile, in bytes.
const REST_MAX: usize = 4 << 20;

/// A stream under these rules.
#[derive(Debug)]
pub(super) struct Strict<T> {
    io: T,
    follower: Follower,
    void: bool,
    rest: Option<Rest>,
}

/// What comes after the last answer.
#[derive(Debug)]
struct Rest {
    room: usize,
    deadline: Pin<Box<Sleep>>,
}

impl<T> Strict<T> {
    pub(super) fn new(io: T) -> Self {
        Self { io, follower: Follower::default(), void: false, rest: None }
    }
}

impl<T: AsyncRead + Unpin> Strict<T> {
    /// Throws away what still comes; ready when the client is done, or has had its time.
    fn poll_rest(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let rest = self.rest.get_or_insert_with(|| Rest {
            room: REST_MAX,
            deadline: Box::pin(sleep(REST_DEADLINE)),
        });
        let mut piece = [0; 4 << 10];
        while rest.room > 0 {
            let mut buf = ReadBuf::new(&mut piece);
            match Pin::new(&mut self.io).poll_read(cx, &mut buf) {
                Poll::Ready(Ok(())) if !buf.filled().is_empty() => {
                    rest.room = rest.room.saturating_sub(buf.filled().len());
                }
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => return rest.deadline.as_mut().poll(cx),
            }
        }
        Poll::Ready(())
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Strict<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let result = Pin::new(&mut self.io).poll_read(cx, buf);
        if let Poll::Ready(Ok(())) = &result {
            let this = &mut *self;
            let fresh = buf.filled_mut().get_mut(before..).unwrap_or_default();
            let from = match this.void {
                true => Some(0),
                false => this.follower.take(fresh).err(),
            };
            if let Some(void) = from.and_then(|from| fresh.get_mut(from..)) {
                this.void = true;
                void.fill(0);
            }
        }
        result
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Strict<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.follower.answered(buf);
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.rest.is_none() {
            ready!(Pin::new(&mut self.io).poll_shutdown(cx))?;
            if !self.void && self.follower.is_between_requests() {
                return Poll::Ready(Ok(()));
            }
        }
        self.poll_rest(cx).map(Ok)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
    use tokio::time::{Instant, timeout};

    const HEAD: &[u8] = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n";

    async fn asked(request: &[u8]) -> (DuplexStream, Strict<DuplexStream>) {
        let (mut client, server) = duplex(256);
        let mut server = Strict::new(server);
        client.write_all(request).await.unwrap();
        let mut buf = [0; 256];
        assert_eq!(server.read(&mut buf).await.unwrap(), request.len());
        (client, server)
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_still_sending_can_send_on_for_a_moment() {
        let (mut client, mut server) = asked(HEAD).await;
        let shutdown = tokio::spawn(async move { server.shutdown().await });
        // More than the pipe holds: somebody reads it.
        client.write_all(&[b'x'; 1000]).await.unwrap();
        client.shutdown().await.unwrap();
        shutdown.await.unwrap().unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn who_sends_for_ever_is_cut_off_and_so_is_who_sends_nothing() {
        let (mut client, mut server) = asked(HEAD).await;
        let shutdown = tokio::spawn(async move { server.shutdown().await });
        assert!(client.write_all(&vec![b'x'; 2 * REST_MAX]).await.is_err());
        shutdown.await.unwrap().unwrap();
        let (_client, mut server) = asked(HEAD).await;
        let begun = Instant::now();
        server.shutdown().await.unwrap();
        assert!(begun.elapsed() >= REST_DEADLINE && begun.elapsed() < 2 * REST_DEADLINE);
    }

    #[tokio::test(start_paused = true)]
    async fn between_two_requests_nothing_is_waited_for() {
        let (_client, mut server) = asked(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
        timeout(Duration::from_millis(1), server.shutdown()).await.unwrap().unwrap();
    }
}
