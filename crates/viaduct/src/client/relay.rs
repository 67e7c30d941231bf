//! A redirection through the server's relay: a ticket, a WebSocket, and the login that the server answers.

use super::{Client, stream};
use crate::failure::{Failure, Result};
use amt::{
    credentials::Credentials,
    redirect::{
        ConsoleLogin, ConsoleMessage, ConsoleStep, Decoder, DeviceMessage, Kind, StartStatus,
    },
};
use bytes::Bytes;
use futures_util::{
    SinkExt, StreamExt,
    stream::{SplitSink, SplitStream},
};
use std::time::Duration;
use tokio::time::timeout;
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{self, Message, client::IntoClientRequest, http::HeaderValue},
};
use viaduct_api::{Code, NewTicket, RedirectionMode, Ticket};

/// Ticket, WebSocket and login must be there so soon.
const DEADLINE: Duration = Duration::from_secs(60);

/// Where AMT's redirection is.
const REDIRECTION: u16 = 16994;

type Socket = WebSocketStream<Box<dyn stream::Io>>;

/// To the device.
pub(crate) struct ToDevice(SplitSink<Socket, Message>);

/// From the device.
pub(crate) struct FromDevice {
    stream: SplitStream<Socket>,
    /// Came behind the login.
    first: Bytes,
}

impl Client {
    /// Opens a redirection, logged in: the next bytes are those of the mode's own protocol.
    pub(crate) async fn redirect(
        &self,
        device: &str,
        mode: RedirectionMode,
        take_over: bool,
    ) -> Result<(ToDevice, FromDevice)> {
        match timeout(DEADLINE, self.begin(device, mode, take_over)).await {
            Ok(result) => result,
            Err(_) => {
                Err(Failure::new(Code::DeviceSilent, "the redirection did not begin in time"))
            }
        }
        .map_err(|failure| match failure.code() {
            Some(Code::RedirectionOff) => failure.next(format!(
                "Switch it on: `viaduct amt features {device} --{} on`, then try again.",
                mode.name()
            )),
            _ => failure,
        })
        .map_err(|failure| failure.about(device))
    }

    /// Opens port 5900 of a device, where the server has proven the RFB password: the next bytes are RFB's.
    pub(crate) async fn bare_screen(
        &self,
        device: &str,
        take_over: bool,
    ) -> Result<(ToDevice, FromDevice)> {
        let opening = self.open(device, RedirectionMode::Kvm, take_over, 5900);
        match timeout(DEADLINE, opening).await {
            Ok(result) => result,
            Err(_) => Err(Failure::new(Code::DeviceSilent, "the screen did not open in time")),
        }
    }

    async fn begin(
        &self,
        device: &str,
        mode: RedirectionMode,
        take_over: bool,
    ) -> Result<(ToDevice, FromDevice)> {
        let (mut to, mut from) = self.open(device, mode, take_over, REDIRECTION).await?;
        let kind = match mode {
            RedirectionMode::Kvm => Kind::Kvm,
            RedirectionMode::Sol => Kind::Sol,
            RedirectionMode::Ider => Kind::Ider,
            RedirectionMode::Wsman => return Ok((to, from)),
        };
        log_in(kind, &mut to, &mut from).await?;
        Ok((to, from))
    }

    /// Ticket and WebSocket.
    async fn open(
        &self,
        device: &str,
        mode: RedirectionMode,
        take_over: bool,
        port: u16,
    ) -> Result<(ToDevice, FromDevice)> {
        let wish = NewTicket { device: device.to_owned(), mode, take_over };
        let ticket: Ticket = self.post("/redirections/tickets", &wish).await?;
        let path = ticket.path.replace(&format!("port={REDIRECTION}&"), &format!("port={port}&"));
        let address = format!("ws://{}{path}&binary=1", self.place.host());
        let broken = |error: tungstenite::Error| refused(&error);
        let mut request = address.into_client_request().map_err(broken)?;
        let value = HeaderValue::from_str(&ticket.ticket)
            .map_err(|error| Failure::new(Code::NotViaduct, error.to_string()))?;
        request.headers_mut().insert("sec-websocket-protocol", value);
        let io = stream::connect(&self.place).await?;
        let (socket, _) = client_async(request, io).await.map_err(broken)?;
        let (sink, stream) = socket.split();
        Ok((ToDevice(sink), FromDevice { stream, first: Bytes::new() }))
    }
}

/// The server logs in to the device; what is said here only leads through the protocol.
async fn log_in(kind: Kind, to: &mut ToDevice, from: &mut FromDevice) -> Result<()> {
    let mut decoder = Decoder::new();
    let mut login = ConsoleLogin::new(Credentials::new("", ""), [0; 16]);
    to.say(&ConsoleMessage::Start(kind)).await?;
    loop {
        let message = loop {
            match decoder.poll_message::<DeviceMessage>() {
                Ok(Some(message)) => break message,
                Ok(None) => {
                    let bytes = from.next().await?;
                    decoder.handle_bytes(&bytes.ok_or_else(ended)?);
                }
                Err(error) => return Err(Failure::new(Code::NotViaduct, error.to_string())),
            }
        };
        let step = match message {
            DeviceMessage::Started { status: StartStatus::Ok, .. } => {
                ConsoleStep::Send(login.start())
            }
            // The close frame that follows says why in words.
            DeviceMessage::Started { .. } => continue,
            DeviceMessage::Login { status, method, data } => login.handle(status, method, &data),
            _ => ConsoleStep::Unexpected,
        };
        match step {
            ConsoleStep::Send(message) => to.say(&message).await?,
            ConsoleStep::Accepted => break,
            ConsoleStep::Denied | ConsoleStep::NoMethod | ConsoleStep::Unexpected => {
                return Err(Failure::new(Code::NotViaduct, "the relay's login makes no sense"));
            }
        }
    }
    from.first = decoder.take_rest().into();
    Ok(())
}

impl ToDevice {
    pub(crate) async fn send(&mut self, bytes: Vec<u8>) -> Result<()> {
        self.0.send(Message::Binary(bytes.into())).await.map_err(|error| refused(&error))
    }

    pub(crate) async fn say(&mut self, message: &ConsoleMessage) -> Result<()> {
        let mut out = Vec::new();
        message.encode(&mut out);
        self.send(out).await
    }

    /// Says goodbye.
    pub(crate) async fn close(mut self) {
        // Whoever is gone does not need it.
        drop(timeout(Duration::from_secs(2), self.0.close()).await);
    }
}

impl FromDevice {
    /// The next bytes; none when the redirection ended with nothing to say about it.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>> {
        if !self.first.is_empty() {
            return Ok(Some(std::mem::take(&mut self.first)));
        }
        loop {
            return match self.stream.next().await {
                None => Ok(None),
                Some(Err(error)) => Err(refused(&error)),
                Some(Ok(Message::Binary(bytes))) => Ok(Some(bytes)),
                Some(Ok(Message::Close(Some(frame)))) => match why(frame.reason.as_str()) {
                    Some(failure) => Err(failure),
                    None => Ok(None),
                },
                Some(Ok(Message::Close(None))) => Ok(None),
                Some(Ok(_)) => continue,
            };
        }
    }
}

/// A close reason begins with a code: then it is a failure like any other.
fn why(reason: &str) -> Option<Failure> {
    let (code, detail) = reason.split_once(' ')?;
    Some(Failure::new(code.parse().ok()?, detail))
}

/// The redirection ended without a reason.
pub(crate) fn ended() -> Failure {
    Failure::new(Code::RedirectionEnded, "the connection ended")
}

fn refused(error: &tungstenite::Error) -> Failure {
    match error {
        tungstenite::Error::Http(response) => {
            let body = response.body().as_deref().unwrap_or_default();
            match serde_json::from_slice::<viaduct_api::Problem>(body) {
                Ok(problem) => problem.into(),
                Err(_) => Failure::new(Code::NotViaduct, format!("it says {}", response.status())),
            }
        }
        other => Failure::new(Code::Unreachable, format!("the relay: {other}")),
    }
}
