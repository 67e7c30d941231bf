//! One request to a device and its answer back to the console.

use super::{
    super::{Refusal, Target},
    body::Pieces,
    head::{Answer, Framing, HEAD_MAX, Head, head_end, parse_answer},
};
use crate::tunnel::Channel;
use bytes::{Bytes, BytesMut};
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// How an exchange ended.
pub(super) enum Exchanged {
    /// The console has its answer; the channel is there if the device takes another request on it.
    Done { channel: Option<Channel>, keeps_alive: bool },
    /// Nothing was said to the console yet.
    Refused(Refusal),
    /// In the middle of an answer: only closing tells the console.
    Broken,
}

/// Bytes a console may send ahead while its request is answered.
const AHEAD_MAX: usize = 64 << 10;

/// Sends a request and relays the answer. A request is sent once: a power command must not be repeated.
pub(super) async fn exchange(
    console: &mut TcpStream,
    ahead: &mut BytesMut,
    mut channel: Channel,
    head: &Head,
    target: &Target,
    body: Bytes,
    stall: Duration,
) -> Exchanged {
    let mut wire = head.for_device(target, body.len());
    wire.extend_from_slice(&body);
    let mut input = BytesMut::new();
    let ask = async {
        // A device may answer, and close, before it took the whole request: its answer counts.
        drop(channel.write_all(&wire).await);
        read_answer(&mut channel, &mut input, &head.method).await
    };
    let answer = tokio::select! {
        answer = timeout(stall, ask) => answer.unwrap_or(Err(Refusal::NoAnswer)),
        () = left(console, ahead) => return Exchanged::Broken,
    };
    let answer = match answer {
        Ok(answer) => answer,
        Err(refusal) => return Exchanged::Refused(refusal),
    };
    let (framing, keeps_alive) = towards_console(&answer, head);
    let no_body = head.method == "HEAD" || answer.status == 204 || answer.status == 304;
    let relay = async {
        let start = answer.for_console(framing, keeps_alive, no_body);
        console.write_all(&start).await.ok()?;
        relay_body(console, &mut channel, input, &answer, framing, stall).await
    };
    match relay.await {
        Some(()) => {
            let keep = answer.keeps_alive && channel.end().is_none();
            Exchanged::Done { channel: keep.then_some(channel), keeps_alive }
        }
        None => Exchanged::Broken,
    }
}

/// Resolves when the console has left; what it sends ahead is kept for later.
async fn left(console: &mut TcpStream, ahead: &mut BytesMut) {
    while ahead.len() < AHEAD_MAX {
        if !matches!(console.read_buf(ahead).await, Ok(1..)) {
            return;
        }
    }
    std::future::pending::<()>().await;
}

async fn read_answer(
    channel: &mut Channel,
    input: &mut BytesMut,
    method: &str,
) -> Result<Answer, Refusal> {
    loop {
        if let Some(end) = head_end(input) {
            let head = input.split_to(end);
            let answer = parse_answer(&head, method).map_err(|why| {
                Refusal::BadAnswer(format!("the device's answer cannot be read: {why}"))
            })?;
            // Interim answers are between the device and us.
            if answer.status >= 200 {
                return Ok(answer);
            }
            continue;
        }
        if input.len() > HEAD_MAX {
            return Err(Refusal::BadAnswer("the head of the device's answer is too long".into()));
        }
        if !matches!(channel.read_buf(input).await, Ok(1..)) {
            let why = channel.end().unwrap_or_else(|| "the device closed the channel".into());
            return Err(Refusal::Refused(format!("no answer came: {why}")));
        }
    }
}

/// The framing towards the console: chunks where the end is not known, unless it speaks HTTP/1.0.
fn towards_console(answer: &Answer, head: &Head) -> (Framing, bool) {
    match answer.body {
        Framing::Length(n) => (Framing::Length(n), head.keeps_alive),
        Framing::Chunked | Framing::Close if head.is_1_0 => (Framing::Close, false),
        Framing::Chunked | Framing::Close => (Framing::Chunked, head.keeps_alive),
    }
}

async fn relay_body(
    console: &mut TcpStream,
    channel: &mut Channel,
    mut input: BytesMut,
    answer: &Answer,
    framing: Framing,
    stall: Duration,
) -> Option<()> {
    let mut pieces = Pieces::new(answer.body);
    loop {
        let mut wire = Vec::new();
        while let Some(piece) = pieces.next(&mut input).ok()? {
            if framing == Framing::Chunked {
                wire.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
            }
            wire.extend_from_slice(&piece);
            if framing == Framing::Chunked {
                wire.extend_from_slice(b"\r\n");
            }
        }
        let mut done = pieces.is_done();
        if wire.is_empty() && !done {
            let read = timeout(stall, channel.read_buf(&mut input)).await.ok()?.ok()?;
            if read == 0 && !pieces.may_end_here() {
                return None;
            }
            done = read == 0;
        }
        if done && framing == Framing::Chunked {
            wire.extend_from_slice(b"0\r\n\r\n");
        }
        timeout(stall, console.write_all(&wire)).await.ok()?.ok()?;
        if done {
            return Some(());
        }
    }
}
