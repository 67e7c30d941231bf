//! One WS-Man request and its answer over any stream: digest included, with a deadline, and repeated only where that
//! is harmless.
//!
//! The caller says with [`Dial`] how a connection to the platform's WS-Man port is made: a channel of a tunnel, or a
//! TCP connection on the local network.

use super::CommandError;
use amt::{
    credentials::Credentials,
    http::digest::DigestLogin,
    wsman::{Answered, Exchange, ExchangeError, Operation, Output, Request},
};
use std::{
    future::{Future, poll_fn},
    pin::Pin,
    sync::{Mutex, MutexGuard, PoisonError},
    task::Poll,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, timeout_at},
};

/// Bytes of one read.
const PIECE: usize = 8 << 10;

/// Makes connections to the WS-Man port of one platform. A connection that is dropped is closed.
pub trait Dial: Send + Sync {
    /// What a connection is.
    type Io: AsyncRead + AsyncWrite + Unpin + Send;

    /// A fresh connection. Whoever has no more time than `until` hears by then why there is none.
    fn dial(&self, until: Instant) -> impl Future<Output = Result<Self::Io, CommandError>> + Send;

    /// The value of the `Host` header.
    fn host(&self) -> &str;
}

/// The connections of one caller to one platform: at most one at a time, kept while it can be used again.
#[derive(Debug)]
pub struct Line<D: Dial> {
    dial: D,
    spare: Option<D::Io>,
}

impl<D: Dial> Line<D> {
    /// No connection yet.
    pub fn new(dial: D) -> Self {
        Self { dial, spare: None }
    }

    /// How connections are made.
    pub(super) fn dialler(&self) -> &D {
        &self.dial
    }

    /// The connection that is left, when it is still good: the platform has neither closed it nor said anything.
    async fn take_spare(&mut self) -> Option<D::Io> {
        let mut io = self.spare.take()?;
        let mut byte = [0];
        let quiet = poll_fn(|cx| {
            let mut buffer = ReadBuf::new(&mut byte);
            Poll::Ready(Pin::new(&mut io).poll_read(cx, &mut buffer).is_pending())
        })
        .await;
        quiet.then_some(io)
    }
}

/// An AMT account with what is known of the platform's digest challenge. Requests beside each other share it.
#[derive(Debug)]
pub struct Account(Mutex<DigestLogin>);

impl Account {
    /// Nothing known of the platform yet.
    #[must_use]
    pub fn new(credentials: Credentials) -> Self {
        Self(Mutex::new(DigestLogin::new(credentials)))
    }

    /// Whether it is this user with this password.
    #[must_use]
    pub fn is(&self, credentials: &Credentials) -> bool {
        self.login().credentials() == credentials
    }

    /// User and password.
    #[must_use]
    pub fn credentials(&self) -> Credentials {
        self.login().credentials().clone()
    }

    fn login(&self) -> MutexGuard<'_, DigestLogin> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request ready to be sent.
#[derive(Debug, Clone)]
pub struct Envelope {
    bytes: Vec<u8>,
    message_id: String,
    harmless: bool,
}

impl Envelope {
    /// A request of ours.
    #[must_use]
    pub fn new(request: &Request) -> Self {
        Self::foreign(request.to_xml().into_bytes(), request)
    }

    /// A request that somebody else wrote as `bytes`; `request` is how it was understood.
    #[must_use]
    pub fn foreign(bytes: Vec<u8>, request: &Request) -> Self {
        let message_id = request.message_id.clone();
        Self { bytes, message_id, harmless: !changes(&request.operation) }
    }
}

/// Whether an operation may change something, so that it must not be sent twice.
#[must_use]
pub fn changes(operation: &Operation) -> bool {
    match operation {
        Operation::Identify | Operation::Get | Operation::Enumerate => false,
        // Asking twice for the next items skips some, or ends in a fault; neither changes the platform.
        Operation::Pull { .. } | Operation::Release { .. } => false,
        Operation::Put(_)
        | Operation::Create(_)
        | Operation::Delete
        | Operation::Invoke { .. }
        | Operation::Subscribe(_)
        | Operation::Unsubscribe { .. } => true,
    }
}

/// Sends one request and waits for its answer until `deadline`.
///
/// # Errors
/// Why there is no answer. A fault is an answer.
pub async fn run<D: Dial>(
    line: &mut Line<D>,
    account: &Account,
    envelope: &Envelope,
    deadline: Instant,
) -> Result<Answered, CommandError> {
    loop {
        // A connection that the platform is about to close would leave us in doubt, so what changes something gets a
        // fresh one.
        let spare = if envelope.harmless { line.take_spare().await } else { None };
        line.spare = None;
        let is_used = spare.is_some();
        let mut exchange = Exchange::of_envelope(
            envelope.bytes.clone(),
            &envelope.message_id,
            line.dial.host(),
            account.login().clone(),
            entropy()?,
        );
        let outcome =
            timeout_at(deadline, converse(line, spare, account, &mut exchange, deadline)).await;
        let sent = exchange.may_have_been_done();
        let in_doubt = sent && !envelope.harmless;
        let answering = exchange.is_answering();
        return match outcome {
            Ok(Ok(answered)) => Ok(answered),
            Ok(Err(End::Closed(_))) if is_used && !answering => continue,
            Ok(Err(end)) => Err(end.explain(in_doubt)),
            Err(_) if in_doubt => {
                Err(CommandError::Unknown { why: "no answer came in time".into() })
            }
            Err(_) => Err(CommandError::Silent),
        };
    }
}

/// How an exchange ended without an answer.
enum End {
    /// No connection.
    NoConnection(CommandError),
    /// The connection ended first.
    Closed(String),
    /// The platform said something else than a reply.
    Other(ExchangeError),
}

impl End {
    fn explain(self, in_doubt: bool) -> CommandError {
        match self {
            Self::NoConnection(error) => error,
            Self::Other(ExchangeError::Unauthorized) => CommandError::CredentialRefused,
            Self::Closed(why) if in_doubt => CommandError::Unknown { why },
            Self::Closed(why) => CommandError::Unusable(why),
            Self::Other(error @ ExchangeError::Status(_)) => {
                CommandError::Unusable(error.to_string())
            }
            Self::Other(error) if in_doubt => CommandError::Unknown { why: error.to_string() },
            Self::Other(error) => CommandError::Unusable(error.to_string()),
        }
    }
}

/// Runs the exchange over the spare connection, or fresh ones.
async fn converse<D: Dial>(
    line: &mut Line<D>,
    spare: Option<D::Io>,
    account: &Account,
    exchange: &mut Exchange,
    until: Instant,
) -> Result<Answered, End> {
    let mut io = match spare {
        Some(io) => io,
        None => line.dial.dial(until).await.map_err(End::NoConnection)?,
    };
    loop {
        match step(&mut io, account, exchange).await {
            Output::Reopen => {
                // The platform has few places: the old connection goes first.
                drop(io);
                io = line.dial.dial(until).await.map_err(End::NoConnection)?;
                exchange.handle_reopened();
            }
            Output::Done(answered) => {
                line.spare = answered.keep_alive.then_some(io);
                return Ok(answered);
            }
            Output::Failed(error @ ExchangeError::Closed) => {
                return Err(End::Closed(error.to_string()));
            }
            Output::Failed(error) => return Err(End::Other(error)),
        }
    }
}

/// Writes and reads at the same time until the exchange has something to say.
async fn step<IO>(io: &mut IO, account: &Account, exchange: &mut Exchange) -> Output
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    let mut unsent: Vec<u8> = Vec::new();
    let mut at = 0;
    let mut buffer = vec![0; PIECE];
    loop {
        if let Some(output) = exchange.poll_output() {
            return output;
        }
        if exchange.wants_transmit() {
            exchange.renew_login(&mut account.login());
        }
        if let Some(bytes) = exchange.poll_transmit() {
            (unsent, at) = (bytes, 0);
        }
        let happened = poll_fn(|cx| {
            if at < unsent.len() {
                match Pin::new(&mut *io).poll_write(cx, &unsent[at..]) {
                    Poll::Ready(Ok(n)) if n > 0 => return Poll::Ready(Happened::Wrote(n)),
                    // What the platform said before it stopped listening may still be there to be read.
                    Poll::Ready(_) => return Poll::Ready(Happened::Deaf),
                    Poll::Pending => {}
                }
            } else if let Poll::Ready(Err(_)) = Pin::new(&mut *io).poll_flush(cx) {
                return Poll::Ready(Happened::Deaf);
            }
            let mut into = ReadBuf::new(&mut buffer);
            match Pin::new(&mut *io).poll_read(cx, &mut into) {
                Poll::Ready(Ok(())) => Poll::Ready(Happened::Read(into.filled().len())),
                Poll::Ready(Err(_)) => Poll::Ready(Happened::Read(0)),
                Poll::Pending => Poll::Pending,
            }
        })
        .await;
        match happened {
            Happened::Wrote(n) => at += n,
            Happened::Deaf => drain(io, exchange, &mut buffer).await,
            Happened::Read(0) => exchange.handle_end(),
            Happened::Read(n) => exchange.handle_bytes(buffer.get(..n).unwrap_or_default()),
        }
    }
}

enum Happened {
    Wrote(usize),
    Deaf,
    Read(usize),
}

/// The platform takes no more bytes: what it has said is all there is.
async fn drain<IO: AsyncRead + Unpin>(io: &mut IO, exchange: &mut Exchange, buffer: &mut [u8]) {
    use tokio::io::AsyncReadExt;
    while let Ok(n @ 1..) = io.read(buffer).await {
        exchange.handle_bytes(buffer.get(..n).unwrap_or_default());
    }
    exchange.handle_end();
}

/// 16 fresh random bytes.
fn entropy() -> Result<[u8; 16], CommandError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)
        .map_err(|error| CommandError::Store(format!("no random numbers: {error}")))?;
    Ok(bytes)
}
