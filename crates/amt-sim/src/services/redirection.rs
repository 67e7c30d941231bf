//! The redirection port: who may begin, the login, and then serial-over-LAN.

use std::{io, sync::Arc, time::Duration};

use amt::redirect::{
    ConsoleMessage, Decoder, DeviceLogin, DeviceMessage, Kind, LoginMethod, RedirectError,
    SolSettings, StartStatus, Verdict,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, split},
    time::{Instant, sleep_until},
};

use super::{
    host::{Host, entropy},
    sol::Sol,
};

/// A console that has not opened anything by then is not waited for.
const LOGIN: Duration = Duration::from_secs(30);
/// Output waiting to be sent; above it no further input is read.
const OUTPUT: usize = 64 * 1024;

/// Serves one console until either side ends.
pub(super) async fn serve<IO>(host: &Arc<Host>, io: IO) -> io::Result<()>
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    let (mut reader, mut writer) = split(io);
    let mut session = Session::new(host);
    let mut power = host.power_state();
    let mut buffer = [0; 4096];
    while !(session.is_over() && session.out.is_empty()) {
        let wake_at = session.wake_at();
        tokio::select! {
            read = reader.read(&mut buffer), if !session.is_over() && session.out.len() < OUTPUT => {
                match read? {
                    0 => return writer.shutdown().await,
                    n => session.handle_bytes(buffer.get(..n).unwrap_or_default()),
                }
            }
            written = writer.write(&session.out), if !session.out.is_empty() => {
                let written = written?;
                session.out.drain(..written);
                if session.out.is_empty() {
                    writer.flush().await?;
                }
            }
            Ok(()) = power.changed() => {
                let state = *power.borrow_and_update();
                session.handle_power(state);
            }
            () = sleep_until(wake_at) => session.handle_time(Instant::now()),
        }
    }
    writer.shutdown().await
}

/// One console, without its stream. The word is redirection's own.
struct Session {
    host: Arc<Host>,
    decoder: Decoder,
    out: Vec<u8>,
    state: State,
    login_until: Instant,
}

enum State {
    /// Nothing begun.
    Fresh,
    /// Begun; who is it?
    LoggingIn(Box<DeviceLogin>),
    /// Known; nothing opened.
    In,
    /// The serial port is open.
    Sol(Box<Sol>),
    /// Only what is in `out` is still to be sent.
    Over,
}

impl Session {
    fn new(host: &Arc<Host>) -> Self {
        Self {
            host: Arc::clone(host),
            decoder: Decoder::new(),
            out: Vec::new(),
            state: State::Fresh,
            login_until: Instant::now() + LOGIN,
        }
    }

    const fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }

    fn wake_at(&self) -> Instant {
        match &self.state {
            State::Sol(sol) => sol.wake_at().unwrap_or_else(|| Instant::now() + LOGIN),
            State::Fresh | State::LoggingIn(_) | State::In | State::Over => self.login_until,
        }
    }

    fn handle_time(&mut self, now: Instant) {
        match &mut self.state {
            State::Sol(sol) => {
                if !sol.handle_time(now, &mut self.out) {
                    self.state = State::Over;
                }
            }
            State::Fresh | State::LoggingIn(_) | State::In | State::Over => {
                if now >= self.login_until {
                    self.out.clear();
                    self.state = State::Over;
                }
            }
        }
    }

    fn handle_power(&mut self, state: u8) {
        if let State::Sol(sol) = &mut self.state {
            sol.handle_power(state, &mut self.out);
        }
    }

    fn handle_bytes(&mut self, input: &[u8]) {
        self.decoder.handle_bytes(input);
        while !self.is_over() {
            let message: Result<Option<ConsoleMessage>, RedirectError> =
                self.decoder.poll_message();
            match message {
                Ok(Some(message)) => self.handle(message),
                Ok(None) => return,
                Err(error) => {
                    tracing::debug!(%error, "redirection ends");
                    self.state = State::Over;
                }
            }
        }
    }

    fn handle(&mut self, message: ConsoleMessage) {
        let state = std::mem::replace(&mut self.state, State::Over);
        self.state = match (state, message) {
            (State::Fresh, ConsoleMessage::Start(kind)) => self.start(kind),
            (State::LoggingIn(login), ConsoleMessage::Login { method, data }) => {
                self.log_in(login, method, &data)
            }
            (State::In, ConsoleMessage::SolOpen { settings, .. }) => self.open(settings),
            (State::Sol(sol), message) => self.handle_in_sol(sol, message),
            (State::In, ConsoleMessage::Heartbeat { .. } | ConsoleMessage::Pong { .. }) => {
                State::In
            }
            // Whatever comes at the wrong time ends it, as End does at any time.
            (State::Fresh | State::LoggingIn(_) | State::In | State::Over, _) => State::Over,
        };
    }

    fn start(&mut self, kind: Kind) -> State {
        let status = match kind {
            Kind::Sol if !self.host.sol_enabled() => StartStatus::Unsupported,
            Kind::Sol if self.host.serial_port_is_taken() => StartStatus::Busy,
            Kind::Sol => StartStatus::Ok,
            Kind::Ider | Kind::Kvm => StartStatus::Unsupported,
            Kind::Other(_) => StartStatus::UnknownKind,
        };
        DeviceMessage::Started { status, oem: Vec::new() }.encode(&mut self.out);
        if status != StartStatus::Ok {
            return State::Over;
        }
        let config = self.host.config();
        let login = DeviceLogin::new(config.realm(), self.host.credentials(), config.lenient);
        State::LoggingIn(Box::new(login))
    }

    fn log_in(&mut self, mut login: Box<DeviceLogin>, method: LoginMethod, data: &[u8]) -> State {
        let (answer, verdict) = login.handle(method, data, entropy());
        answer.encode(&mut self.out);
        match verdict {
            Verdict::Pending => State::LoggingIn(login),
            Verdict::Accepted => State::In,
            Verdict::Close => State::Over,
        }
    }

    /// Somebody else may have been faster since the start: then the port is busy after all.
    fn open(&mut self, settings: SolSettings) -> State {
        if let Some(port) = self.host.take_serial_port() {
            return State::Sol(Box::new(Sol::open(&self.host, port, settings, &mut self.out)));
        }
        let status = StartStatus::Busy.number();
        DeviceMessage::SolOpened { status, sequence: 0, settings }.encode(&mut self.out);
        State::Over
    }

    fn handle_in_sol(&mut self, mut sol: Box<Sol>, message: ConsoleMessage) -> State {
        sol.handle_sign_of_life();
        match message {
            ConsoleMessage::SolData { data, .. } => {
                if sol.handle_characters(&data, &mut self.out) {
                    return State::Sol(sol);
                }
                sol.close(&mut self.out);
                State::Over
            }
            ConsoleMessage::Ping { .. } => {
                sol.pong(&mut self.out);
                State::Sol(sol)
            }
            ConsoleMessage::Pong { .. }
            | ConsoleMessage::Heartbeat { .. }
            | ConsoleMessage::SolControls { .. } => State::Sol(sol),
            ConsoleMessage::SolClose { .. } => {
                sol.close(&mut self.out);
                self.login_until = Instant::now() + LOGIN;
                State::In
            }
            ConsoleMessage::Start(_)
            | ConsoleMessage::End
            | ConsoleMessage::Login { .. }
            | ConsoleMessage::SolOpen { .. } => State::Over,
        }
    }
}
