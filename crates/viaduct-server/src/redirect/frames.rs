//! The console's end: WebSocket messages in and out.
//!
//! Bytes go to a page as text, one character for each byte (U+0000 to U+00FF), which is what Open AMT's pages expect;
//! as binary messages where the page asked for that. From it both are taken.

use super::{End, latin};
use axum::extract::ws::{CloseFrame, Message, WebSocket};
use bytes::Bytes;
use futures_util::{
    SinkExt, StreamExt,
    stream::{SplitSink, SplitStream},
};
use std::time::Duration;
use tokio::time::timeout;

/// What carries bytes to the console.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    Text,
    Binary,
}

/// Close codes of RFC 6455, 7.4.1.
const PROTOCOL: u16 = 1002;
const NOT_UTF8: u16 = 1007;
const TOO_BIG: u16 = 1009;
/// The last word must be out so soon.
const GOODBYE: Duration = Duration::from_secs(2);
/// What the end of a console that was too slow begins with.
pub(crate) const TOOK_NOTHING: &str = "the console took nothing for";

/// To the console.
pub(super) struct ToConsole {
    sink: SplitSink<WebSocket, Message>,
    framing: Framing,
    stall: Duration,
}

/// From the console.
pub(super) struct FromConsole(SplitStream<WebSocket>);

/// Both halves. A console that takes nothing for `stall` is gone.
pub(super) fn split(
    socket: WebSocket,
    framing: Framing,
    stall: Duration,
) -> (ToConsole, FromConsole) {
    let (sink, stream) = socket.split();
    (ToConsole { sink, framing, stall }, FromConsole(stream))
}

impl ToConsole {
    /// Sends bytes; back when the console's socket has taken all of them.
    pub(super) async fn send(&mut self, bytes: &[u8]) -> Result<(), End> {
        if bytes.is_empty() {
            return Ok(());
        }
        let message = match self.framing {
            Framing::Binary => Message::Binary(Bytes::copy_from_slice(bytes)),
            Framing::Text => Message::Text(latin::text_of(bytes).into()),
        };
        self.out(message).await
    }

    /// Asks whether the console is still there.
    pub(super) async fn ping(&mut self) -> Result<(), End> {
        self.out(Message::Ping(Bytes::new())).await
    }

    async fn out(&mut self, message: Message) -> Result<(), End> {
        match timeout(self.stall, self.sink.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(End::ConsoleLeft),
            Err(_) => Err(End::Slow(format!("{TOOK_NOTHING} {} s", self.stall.as_secs()))),
        }
    }

    /// Says why it is over, if the console still listens.
    pub(super) async fn close(mut self, end: &End) {
        let frame = CloseFrame { code: end.close_code(), reason: end.reason().into() };
        // Whoever has left or takes nothing does not read it.
        drop(timeout(GOODBYE, self.sink.send(Message::Close(Some(frame)))).await);
    }
}

/// What the end of the stream with an error means: a console that breaks the protocol is told so, one that is gone is gone.
fn end_of(error: axum::Error) -> End {
    use tungstenite::{Error, error::ProtocolError as Fault};
    let broken =
        |close, why: String| End::Broken(close, format!("what came is no WebSocket: {why}"));
    match error.into_inner().downcast::<Error>().map(|error| *error) {
        Ok(Error::Protocol(
            Fault::ResetWithoutClosingHandshake
            | Fault::ReceivedAfterClosing
            | Fault::SendAfterClosing,
        )) => End::ConsoleLeft,
        Ok(Error::Protocol(fault)) => broken(PROTOCOL, fault.to_string()),
        Ok(Error::Utf8(why)) => broken(NOT_UTF8, why),
        Ok(Error::Capacity(fault)) => broken(TOO_BIG, fault.to_string()),
        _ => End::ConsoleLeft,
    }
}

impl FromConsole {
    /// The next bytes; empty ones only show that the console is there.
    pub(super) async fn next(&mut self) -> Result<Bytes, End> {
        match self.0.next().await {
            None | Some(Ok(Message::Close(_))) => Err(End::ConsoleLeft),
            Some(Err(error)) => Err(end_of(error)),
            Some(Ok(Message::Binary(bytes))) => Ok(bytes),
            Some(Ok(Message::Text(text))) => latin::bytes_of(text.as_str()).ok_or_else(|| {
                End::Nonsense("the console sent characters that are no bytes".into())
            }),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(Bytes::new()),
        }
    }

    /// Takes what comes until the console has closed too, so that the last word is not lost to a reset.
    pub(super) async fn drain(mut self) {
        let rest = async { while let Some(Ok(_)) = self.0.next().await {} };
        drop(timeout(GOODBYE, rest).await);
    }
}
