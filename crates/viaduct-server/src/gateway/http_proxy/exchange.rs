//! One request to a device and its answer back, over any pair of streams.
//!
//! A request may be a physical action, so nothing here ever sends one twice: the caller learns whether the stream took
//! any byte of it ([`Trouble::NotSent`]) and decides.

use super::{
    body::{BadChunk, Body, LAST_CHUNK, Piece, write_chunk},
    fields::HeadScan,
    response::{Framing, Response},
};
use crate::gateway::console::{Console, Gone};
use bytes::{BufMut, BytesMut};
use std::time::Duration;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    time::{Instant, timeout},
};

/// Largest head in either direction. Kerberos tickets for AMT are at most 4 KiB; browsers send less.
pub(super) const HEAD_LIMIT: usize = 16 << 10;

/// A console that uploads may pause so long.
pub(super) const BODY_DEADLINE: Duration = Duration::from_secs(30);

/// A device may think so long about an answer, and pause so long within it: twice the 30 s that AMT takes as the
/// shortest OperationTimeout of WS-Management.
const ANSWER_DEADLINE: Duration = Duration::from_secs(60);

/// Answers of the kind 1xx before the real one; more is a device that plays games.
const INTERIM_LIMIT: u8 = 8;

/// Bytes of an answer gathered into one write to the console.
const GATHER: usize = 16 << 10;

/// A device's stream with what was read from it and not used yet.
#[derive(Debug)]
pub(super) struct Link<D> {
    pub(super) stream: D,
    inbox: BytesMut,
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The stream was at its end before it took a byte of the request.
    NotSent,
    /// The console went away.
    Console(Gone),
    /// The stream ended where an answer was due.
    Ended,
    /// What came is no answer; a sentence about the device.
    Bad(&'static str),
    /// The device was silent, or took nothing, for too long.
    Silent,
}

/// An answer broke off; its console can only be told by ending its connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cut;

impl<D: AsyncRead + AsyncWrite + Unpin> Link<D> {
    pub(super) fn new(stream: D) -> Self {
        Self { stream, inbox: BytesMut::new() }
    }

    /// Resolves when an unused stream says anything at all: its end, an error, or bytes that nobody asked for. In each
    /// case it must not be used again.
    pub(super) async fn disturbed(&mut self) {
        if self.inbox.is_empty() {
            let mut byte = [0];
            // Bytes, end and error mean the same here.
            drop(self.stream.read(&mut byte).await);
        }
    }

    /// Sends `first` (the head and what is at hand of the body), then the rest of `body` out of the console, and
    /// returns the head of the answer. Answers that come early end the sending; then the link is not persistent.
    pub(super) async fn ask<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        console: &mut Console<S>,
        first: &[u8],
        body: &mut Body,
        to_head: bool,
        stall: Duration,
    ) -> Result<Response, Trouble> {
        let count = match timeout(stall, self.stream.write(first)).await {
            Ok(Ok(count @ 1..)) => count,
            Ok(Ok(0) | Err(_)) => return Err(Trouble::NotSent),
            Err(_) => return Err(Trouble::Silent),
        };
        let (mut from, mut to) = tokio::io::split(&mut self.stream);
        let mut answer =
            Answer { inbox: &mut self.inbox, scan: HeadScan::default(), interim: 0, to_head };
        let sent = tokio::select! {
            biased;
            sent = send(console, &mut to, &first[count..], body, stall) => sent,
            early = answer.head(&mut from) => {
                return early.map(Response::once);
            }
        };
        let whole = match sent {
            Ok(()) => true,
            // A device that has answered and closed takes no more bytes; its answer may still be on the way.
            Err(Trouble::Ended) => false,
            Err(trouble) => return Err(trouble),
        };
        let response = tokio::select! {
            biased;
            response = timeout(ANSWER_DEADLINE, answer.head(&mut from)) => {
                response.map_err(|_| Trouble::Silent)??
            }
            () = console.left() => return Err(Trouble::Console(Gone::Closed)),
        };
        Ok(if whole { response } else { response.once() })
    }

    /// Passes the answer on. Returns whether the link can be used for another request. `well_ended` tells whether a stream
    /// that is at its end was closed by the device; only then is a body without length complete.
    pub(super) async fn relay<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        console: &mut Console<S>,
        response: &mut Response,
        minor: u8,
        persistent: bool,
        well_ended: impl Fn(&D) -> bool,
    ) -> Result<bool, Cut> {
        let framing = response.framing(minor);
        let mut out = response.to_console(minor, framing, persistent);
        loop {
            match response.body.next(&mut self.inbox).map_err(|BadChunk| Cut)? {
                Piece::Data(data) if framing == Framing::Chunked => write_chunk(&mut out, &data),
                Piece::Data(data) => out.extend_from_slice(&data),
                Piece::End => break,
                Piece::More => {
                    console.send(&out).await.map_err(|_| Cut)?;
                    out.clear();
                    let read = tokio::select! {
                        read = timeout(ANSWER_DEADLINE, fill(&mut self.stream, &mut self.inbox, GATHER)) => read,
                        () = console.left() => return Err(Cut),
                    };
                    match read {
                        Ok(Ok(1..)) => {}
                        Ok(Ok(0))
                            if response.body == Body::UntilClose && well_ended(&self.stream) =>
                        {
                            break;
                        }
                        Ok(Ok(0) | Err(_)) | Err(_) => return Err(Cut),
                    }
                }
            }
            if out.len() >= GATHER {
                console.send(&out).await.map_err(|_| Cut)?;
                out.clear();
            }
        }
        if framing == Framing::Chunked {
            out.extend_from_slice(LAST_CHUNK);
        }
        console.send(&out).await.map_err(|_| Cut)?;
        Ok(response.persistent && self.inbox.is_empty())
    }
}

/// The head of an answer, as far as it has come; survives being interrupted.
struct Answer<'a> {
    inbox: &'a mut BytesMut,
    scan: HeadScan,
    interim: u8,
    to_head: bool,
}

impl Answer<'_> {
    async fn head<R: AsyncRead + Unpin>(&mut self, from: &mut R) -> Result<Response, Trouble> {
        loop {
            let end = self.scan.end(self.inbox);
            let end = end
                .map_err(|_| Trouble::Bad("its answer has a line that does not end with CR LF"))?;
            if let Some(end) = end {
                let head = self.inbox.split_to(end);
                self.scan = HeadScan::default();
                let response = Response::parse(&head, self.to_head).map_err(Trouble::Bad)?;
                if response.status >= 200 {
                    return Ok(response);
                }
                self.interim += 1;
                if response.status == 101 || self.interim > INTERIM_LIMIT {
                    return Err(Trouble::Bad("it answered with an upgrade that nobody asked for"));
                }
                continue;
            }
            if self.inbox.len() >= HEAD_LIMIT {
                return Err(Trouble::Bad("the head of its answer is larger than 16 KiB"));
            }
            match fill(from, self.inbox, HEAD_LIMIT).await {
                Ok(1..) => {}
                Ok(0) if !self.inbox.is_empty() => {
                    return Err(Trouble::Bad(
                        "it ended the connection in the middle of its answer",
                    ));
                }
                Ok(0) | Err(_) => return Err(Trouble::Ended),
            }
        }
    }
}

/// Reads once, so that the inbox holds at most `limit` bytes.
async fn fill<R: AsyncRead + Unpin>(
    from: &mut R,
    inbox: &mut BytesMut,
    limit: usize,
) -> std::io::Result<usize> {
    let room = limit.saturating_sub(inbox.len()).max(1);
    inbox.reserve(room);
    from.read_buf(&mut inbox.limit(room)).await
}

/// Sends the rest of a request: `first`, then what the console still has of the body.
async fn send<S: AsyncRead + AsyncWrite + Unpin, W: AsyncWrite + Unpin>(
    console: &mut Console<S>,
    to: &mut W,
    first: &[u8],
    body: &mut Body,
    stall: Duration,
) -> Result<(), Trouble> {
    write(to, first, stall).await?;
    loop {
        match body.next(&mut console.inbox) {
            Ok(Piece::Data(data)) => write(to, &data, stall).await?,
            Ok(Piece::End) => break,
            Ok(Piece::More) => {
                let until = Instant::now() + BODY_DEADLINE;
                console.fill(HEAD_LIMIT, until).await.map_err(Trouble::Console)?;
            }
            // Chunked bodies are read whole before the device hears of them.
            Err(BadChunk) => return Err(Trouble::Console(Gone::Broken)),
        }
    }
    match timeout(stall, to.flush()).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(Trouble::Ended),
        Err(_) => Err(Trouble::Silent),
    }
}

async fn write<W: AsyncWrite + Unpin>(
    to: &mut W,
    mut bytes: &[u8],
    stall: Duration,
) -> Result<(), Trouble> {
    while !bytes.is_empty() {
        match timeout(stall, to.write(bytes)).await {
            Ok(Ok(count @ 1..)) => bytes = &bytes[count..],
            Ok(Ok(0) | Err(_)) => return Err(Trouble::Ended),
            Err(_) => return Err(Trouble::Silent),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
