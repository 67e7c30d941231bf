//! Viewers of a screen: a WebSocket through the relay of Viaduct as a page opens it, or what a plain relay dials.

use crate::{
    console::Path as Way,
    device::Identity,
    http::Http,
    service::{Area, HANDSHAKE, PIXEL, UPDATE},
    viaduct::Viaduct,
};
use amt::{
    credentials::Credentials,
    redirect::{ConsoleLogin, ConsoleMessage, ConsoleStep, Decoder, DeviceMessage, Kind, KvmOpen},
    rfb::ViewerMessage,
};
use anyhow::{Context, Result, bail, ensure};
use futures_util::{SinkExt, StreamExt};
use serde_json::json;
use std::time::Instant;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Message, client::IntoClientRequest},
};

/// How bytes come to a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    /// A character for each byte, as Open AMT's pages expect.
    Text,
    Binary,
}

/// One viewer, logged in.
#[derive(Debug)]
pub(crate) enum Viewer {
    Page(Box<WebSocketStream<TcpStream>>),
    Plain(TcpStream, Vec<u8>),
}

impl Viewer {
    /// Ticket, WebSocket and login, as a page does it.
    pub(crate) async fn page(
        viaduct: &Viaduct,
        token: &str,
        n: usize,
        framing: Framing,
    ) -> Result<Self> {
        let mut http = Http::new(TcpStream::connect(viaduct.web).await?, Some(token));
        let wish = json!({ "device": Identity::nth(n).name, "mode": "kvm" });
        let (status, ticket) = http.call("POST", "/api/v1/redirections/tickets", &wish).await?;
        ensure!(matches!(status, 200 | 201), "no ticket: {status} {ticket}");
        let path = ticket["path"].as_str().context("no path in the ticket")?;
        let binary = if framing == Framing::Binary { "&binary=1" } else { "" };
        let mut request = format!("ws://{}{path}{binary}", viaduct.web).into_client_request()?;
        let value = ticket["ticket"].as_str().context("no ticket in the ticket")?.parse()?;
        request.headers_mut().insert("sec-websocket-protocol", value);
        let tcp = TcpStream::connect(viaduct.web).await?;
        tcp.set_nodelay(true)?;
        let (socket, _) = client_async(request, tcp).await?;
        let mut viewer = Self::Page(Box::new(socket));
        viewer.log_in().await?;
        Ok(viewer)
    }

    /// The same screen without a login and a WebSocket.
    pub(crate) async fn plain(way: &Way) -> Result<Self> {
        let mut viewer = Self::Plain(way.open().await?, vec![0; 64 << 10]);
        viewer.say(HANDSHAKE.to_vec()).await?;
        Ok(viewer)
    }

    /// Says goodbye and waits for the answer.
    pub(crate) async fn leave(self) -> Result<()> {
        if let Self::Page(mut socket) = self {
            socket.as_mut().close(None).await?;
            while let Some(Ok(_)) = socket.next().await {}
        }
        Ok(())
    }

    async fn log_in(&mut self) -> Result<()> {
        let mut decoder = Decoder::new();
        let mut login = ConsoleLogin::new(Credentials::new("", ""), [0; 16]);
        self.say_amt(&ConsoleMessage::Start(Kind::Kvm)).await?;
        loop {
            let message = loop {
                match decoder.poll_message::<DeviceMessage>()? {
                    Some(message) => break message,
                    None => decoder.handle_bytes(&self.bytes().await?),
                }
            };
            let step = match message {
                DeviceMessage::Started { .. } => ConsoleStep::Send(login.start()),
                DeviceMessage::Login { status, method, data } => {
                    login.handle(status, method, &data)
                }
                other => bail!("the login was answered with {other:?}"),
            };
            match step {
                ConsoleStep::Send(message) => self.say_amt(&message).await?,
                ConsoleStep::Accepted => break,
                other => bail!("the login ended with {other:?}"),
            }
        }
        let mut begin = Vec::new();
        KvmOpen.encode(&mut begin);
        self.say(begin).await?;
        let opened = self.bytes().await?;
        ensure!(opened.first() == Some(&0x41), "the screen was not opened");
        self.say(HANDSHAKE.to_vec()).await
    }

    async fn say_amt(&mut self, message: &ConsoleMessage) -> Result<()> {
        let mut out = Vec::new();
        message.encode(&mut out);
        self.say(out).await
    }

    async fn say(&mut self, bytes: Vec<u8>) -> Result<()> {
        match self {
            Self::Page(socket) => Ok(socket.send(Message::Binary(bytes.into())).await?),
            Self::Plain(tcp, _) => Ok(tcp.write_all(&bytes).await?),
        }
    }

    /// The bytes of the next message.
    async fn bytes(&mut self) -> Result<Vec<u8>> {
        match self {
            Self::Page(socket) => loop {
                match socket.next().await.context("the relay ended")?? {
                    Message::Binary(bytes) => return Ok(bytes.to_vec()),
                    Message::Text(text) => {
                        return text.chars().map(|c| Ok(u8::try_from(c)?)).collect();
                    }
                    Message::Close(frame) => bail!("the relay closed: {frame:?}"),
                    _ => {}
                }
            },
            Self::Plain(..) => bail!("only pages log in"),
        }
    }

    /// How many bytes come next; they are looked at no further.
    async fn take(&mut self) -> Result<usize> {
        match self {
            Self::Page(socket) => loop {
                match socket.next().await.context("the relay ended")?? {
                    Message::Binary(bytes) => return Ok(bytes.len()),
                    // Characters: all bytes but those that continue one.
                    Message::Text(text) => {
                        return Ok(text.bytes().filter(|b| b & 0xc0 != 0x80).count());
                    }
                    Message::Close(frame) => bail!("the relay closed: {frame:?}"),
                    _ => {}
                }
            },
            Self::Plain(tcp, buffer) => match tcp.read(buffer).await? {
                0 => bail!("the relay ended"),
                n => Ok(n),
            },
        }
    }

    /// Asks for a part of the screen again and again, each time when the last one has come: microseconds of each.
    pub(crate) async fn updates(&mut self, area: Area, count: usize) -> Result<Vec<f64>> {
        let mut request = Vec::new();
        ViewerMessage::UpdateRequest { incremental: false, area }.encode(&mut request);
        let bytes = UPDATE + usize::from(area.width) * usize::from(area.height) * PIXEL;
        let mut times = Vec::with_capacity(count);
        for _ in 0..count {
            let start = Instant::now();
            self.say(request.clone()).await?;
            let mut got = 0;
            while got < bytes {
                got += self.take().await?;
            }
            ensure!(got == bytes, "{got} bytes came for {bytes}");
            times.push(start.elapsed().as_secs_f64() * 1e6);
        }
        times.sort_by(f64::total_cmp);
        Ok(times)
    }
}
