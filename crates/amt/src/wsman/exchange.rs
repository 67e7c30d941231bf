//! One WS-Man request against a platform, authentication included.

use super::{
    reply::{Reply, ReplyError},
    request::Request,
};
use crate::http::{
    Headers, HttpError, Limits, Message, MessageReader, RequestHead, Response, ResponseHead,
    digest::{Challenge, DigestError, DigestLogin},
};

/// An unauthenticated try, one with an answer, and more when the nonce had become stale: requests beside this one take
/// uses of the same nonce, and whichever arrives first makes those before it stale. Few enough tries would be taken for a
/// wrong password then, which ends it at the second.
const MAX_TRIES: u8 = 12;

/// One request and its answer, over a channel that the caller opens.
///
/// Order of calls: send what [`poll_transmit`](Self::poll_transmit) gives; give what arrives to
/// [`handle_bytes`](Self::handle_bytes), or the end of the stream to
/// [`handle_end`](Self::handle_end); after each, look at [`poll_output`](Self::poll_output) until it
/// gives none and send again. Platforms end the connection with every 401, so
/// [`Output::Reopen`] is the normal course: open a fresh channel, call
/// [`handle_reopened`](Self::handle_reopened), and go on sending.
///
/// ```
/// use amt::{credentials::Credentials, http::digest::DigestLogin};
/// use amt::wsman::{Exchange, Operation, Output, Request, Target};
///
/// let target = Target::class("AMT_GeneralSettings").expect("a class of AMT");
/// let request = Request::new("1", target, Operation::Get);
/// let login = DigestLogin::new(Credentials::new("admin", "P@ssw0rd"));
/// let mut exchange = Exchange::new(&request, "pc-01:16992", login, [0; 16]);
/// let sent = exchange.poll_transmit().expect("the first try");
/// assert!(sent.starts_with(b"POST /wsman HTTP/1.1\r\n"));
/// exchange.handle_bytes(
///     b"HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nContent-Length: 0\r\n\
///       WWW-Authenticate: Digest realm=\"Digest:A4\",nonce=\"n\",qop=\"auth\"\r\n\r\n",
/// );
/// assert!(matches!(exchange.poll_output(), Some(Output::Reopen)));
/// exchange.handle_reopened();
/// let sent = exchange.poll_transmit().expect("the second try");
/// assert!(sent.windows(14).any(|w| w == b"Authorization:"));
/// ```
#[derive(Debug)]
pub struct Exchange {
    body: Vec<u8>,
    message_id: String,
    host: String,
    login: DigestLogin,
    entropy: [u8; 16],
    tries: u8,
    /// The challenge that the last try answered came within this exchange.
    fresh: bool,
    sent: bool,
    refused: bool,
    reader: MessageReader<ResponseHead>,
    state: State,
}

#[derive(Debug)]
enum State {
    Send,
    Wait,
    Reopen { told: bool },
    Finished(Option<Output>),
}

/// What the caller must know or do.
#[derive(Debug)]
pub enum Output {
    /// Open a fresh channel to the same port and call [`Exchange::handle_reopened`].
    Reopen,
    /// The platform has answered, perhaps with a fault.
    Done(Answered),
    /// There is no answer to be had.
    Failed(ExchangeError),
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// The reply; a fault is in its `result`.
    pub reply: Reply,
    /// What the platform's `Server` header says: here stands its exact version.
    pub server: Option<String>,
    /// Whether the channel can carry another exchange.
    pub keep_alive: bool,
    /// The HTTP status.
    pub status: u16,
    /// The reply as it came.
    pub envelope: Vec<u8>,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExchangeError {
    /// User or password are wrong.
    #[error("the platform refused the user or the password")]
    Unauthorized,
    /// A 401 with which no login is possible.
    #[error("the platform asks for an unusable login: {0}")]
    Challenge(#[from] DigestError),
    /// An HTTP status without a WS-Man reply.
    #[error("the platform answered with HTTP status {0}")]
    Status(u16),
    /// Not HTTP, or too large.
    #[error("the platform's answer is no acceptable HTTP: {0}")]
    Http(#[from] HttpError),
    /// Not a WS-Man reply.
    #[error("the platform's answer cannot be read: {0}")]
    Reply(#[from] ReplyError),
    /// A reply to another request.
    #[error("the platform's answer belongs to another request")]
    OtherRequest,
    /// The stream ended first.
    #[error("the platform closed the connection before it answered")]
    Closed,
}

impl Exchange {
    /// Begins an exchange. `host` is the value of the `Host` header. `login` is what is known from
    /// earlier exchanges with this platform; take it back with [`into_login`](Self::into_login).
    /// `entropy` must be 16 fresh random bytes.
    pub fn new(request: &Request, host: &str, login: DigestLogin, entropy: [u8; 16]) -> Self {
        Self::of_envelope(request.to_xml().into_bytes(), &request.message_id, host, login, entropy)
    }

    /// As [`new`](Self::new), with an envelope that somebody else wrote; it is sent as it is. `message_id` is the one in
    /// it.
    pub fn of_envelope(
        envelope: Vec<u8>,
        message_id: &str,
        host: &str,
        login: DigestLogin,
        entropy: [u8; 16],
    ) -> Self {
        Self {
            body: envelope,
            message_id: message_id.to_owned(),
            host: host.to_owned(),
            login,
            entropy,
            tries: 0,
            fresh: false,
            sent: false,
            refused: false,
            reader: MessageReader::new(Limits::default()),
            state: State::Send,
        }
    }

    /// Bytes to send now.
    pub fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        if !matches!(self.state, State::Send) {
            return None;
        }
        self.state = State::Wait;
        self.tries = self.tries.saturating_add(1);
        self.sent = true;
        self.refused = false;
        let mut headers = Headers::new()
            .with("Host", self.host.as_str())
            .with("Content-Type", "application/soap+xml; charset=UTF-8");
        let [first, ..] = &mut self.entropy;
        *first = first.wrapping_add(1);
        let answer = self.login.authorize("POST", "/wsman", &self.body, self.entropy);
        if let Some(answer) = answer {
            headers.push("Authorization", answer);
        }
        let head = RequestHead::new("POST", "/wsman", headers);
        Some(Message { head, body: self.body.clone() }.to_bytes())
    }

    /// Whether [`poll_transmit`](Self::poll_transmit) has something.
    #[must_use]
    pub const fn wants_transmit(&self) -> bool {
        matches!(self.state, State::Send)
    }

    /// Brings a challenge of this exchange to what requests beside it share, and takes the next use of the nonce from
    /// there. Call it before each [`poll_transmit`](Self::poll_transmit) where several exchanges share a login.
    pub fn renew_login(&mut self, shared: &mut DigestLogin) {
        if self.fresh {
            shared.settle(self.login.clone());
        }
        self.login = shared.lend();
    }

    /// Bytes from the platform.
    pub fn handle_bytes(&mut self, mut input: &[u8]) {
        while matches!(self.state, State::Wait) && !input.is_empty() {
            match self.reader.handle_bytes(input) {
                Err(error) => self.fail(error.into()),
                Ok((taken, response)) => {
                    input = input.get(taken..).unwrap_or_default();
                    if let Some(response) = response {
                        self.handle_response(response);
                    }
                }
            }
        }
    }

    /// The platform closed the stream.
    pub fn handle_end(&mut self) {
        match self.state {
            State::Wait => match self.reader.handle_end() {
                Ok(Some(response)) => self.handle_response(response),
                Ok(None) => self.fail(ExchangeError::Closed),
                Err(error) => self.fail(error.into()),
            },
            // Closed after a 401 that had promised to stay: nothing is lost.
            State::Send => self.state = State::Reopen { told: false },
            State::Reopen { .. } | State::Finished(_) => {}
        }
    }

    /// There is a fresh channel, as [`Output::Reopen`] had asked.
    pub fn handle_reopened(&mut self) {
        if matches!(self.state, State::Reopen { .. }) {
            self.reader = MessageReader::new(Limits::default());
            self.state = State::Send;
        }
    }

    /// What happened since the last call.
    pub fn poll_output(&mut self) -> Option<Output> {
        match &mut self.state {
            State::Reopen { told } if !*told => {
                *told = true;
                Some(Output::Reopen)
            }
            State::Finished(output) => output.take(),
            State::Send | State::Wait | State::Reopen { .. } => None,
        }
    }

    /// Whether the platform may have done what was asked, though there is no answer: the request
    /// went out and was not refused for its login.
    #[must_use]
    pub const fn may_have_been_done(&self) -> bool {
        self.sent && !self.refused
    }

    /// Whether a byte of the answer to the last try has come.
    #[must_use]
    pub fn is_answering(&self) -> bool {
        !self.reader.is_idle()
    }

    /// What is known of the platform now, for the next exchange.
    #[must_use]
    pub fn into_login(self) -> DigestLogin {
        self.login
    }

    fn fail(&mut self, error: ExchangeError) {
        self.state = State::Finished(Some(Output::Failed(error)));
    }

    fn handle_response(&mut self, response: Response) {
        let keep_alive = response.head.keep_alive();
        if response.head.status == 401 {
            return self.handle_refusal(&response.head, keep_alive);
        }
        let reply = match Reply::parse(&response.body) {
            Ok(reply) => reply,
            Err(_) if response.head.status != 200 => {
                return self.fail(ExchangeError::Status(response.head.status));
            }
            Err(error) => return self.fail(error.into()),
        };
        if !reply.relates_to.is_empty() && reply.relates_to != self.message_id {
            return self.fail(ExchangeError::OtherRequest);
        }
        let server = response.head.headers.get("Server").map(str::to_owned);
        let (status, envelope) = (response.head.status, response.body);
        let answered = Answered { reply, server, keep_alive, status, envelope };
        self.state = State::Finished(Some(Output::Done(answered)));
    }

    fn handle_refusal(&mut self, head: &ResponseHead, keep_alive: bool) {
        self.refused = true;
        let challenge = match Challenge::from_headers(&head.headers) {
            Ok(challenge) => challenge,
            Err(error) => return self.fail(error.into()),
        };
        let wrong = self.fresh && !challenge.stale;
        if wrong || self.tries >= MAX_TRIES {
            return self.fail(ExchangeError::Unauthorized);
        }
        self.fresh = true;
        self.login.handle_challenge(challenge);
        self.state = if keep_alive { State::Send } else { State::Reopen { told: false } };
    }
}
