//! The redirection port: who may begin, the login, and then serial port, screen or drives.

use std::{io, sync::Arc, time::Duration};

use amt::redirect::{
    ConsoleMessage, Decode, Decoder, DeviceLogin, DeviceMessage, Kind, KvmOpen, KvmOpened,
    LoginMethod, SolSettings, StartStatus, Verdict, ider::IderConsoleMessage,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, split},
    time::{Instant, sleep_until},
};

use super::{
    host::{Host, entropy},
    ider::Ider,
    kvm::{Kvm, Security},
    seats::{BootImage, Seat},
    sol::Sol,
};

/// A console that has not opened anything by then is not waited for.
const LOGIN: Duration = Duration::from_secs(30);
/// Who looks at port 5900 says no name.
const VIEWER: &str = "vnc";
/// Output waiting to be sent; above it no further input is read.
const OUTPUT: usize = 64 * 1024;

/// Serves one console until either side ends.
pub(super) async fn serve<IO>(host: &Arc<Host>, io: IO) -> io::Result<()>
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    run(host, Session::new(host), io).await
}

/// Serves one viewer that speaks RFB from the start.
pub(super) async fn serve_vnc<IO>(host: &Arc<Host>, io: IO) -> io::Result<()>
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    // A second viewer, and one that can prove nothing, see the port close.
    let (Some(password), Some(place)) = (host.vnc_password(), host.take(Seat::Screen, VIEWER))
    else {
        return Ok(());
    };
    let mut session = Session::new(host);
    let kvm = Kvm::open(host, place, Security::Password(password), &mut session.out);
    session.state = State::Kvm(Box::new(kvm));
    run(host, session, io).await
}

async fn run<IO>(host: &Arc<Host>, mut session: Session, io: IO) -> io::Result<()>
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    let (mut reader, mut writer) = split(io);
    let mut power = host.power_state();
    let mut image = host.boot_image();
    let mut buffer = [0; 4096];
    let mut sent = 0;
    while !(session.is_over() && session.out.is_empty()) {
        let wake_at = session.wake_at();
        let waiting = session.out.len() - sent;
        tokio::select! {
            read = reader.read(&mut buffer), if !session.is_over() && waiting < OUTPUT => {
                match read? {
                    0 => return writer.shutdown().await,
                    n => session.handle_bytes(buffer.get(..n).unwrap_or_default()),
                }
            }
            written = writer.write(session.out.get(sent..).unwrap_or_default()), if waiting > 0 => {
                sent += written?;
                if sent >= session.out.len() {
                    session.out.clear();
                    sent = 0;
                    writer.flush().await?;
                }
            }
            Ok(()) = power.changed() => {
                let state = *power.borrow_and_update();
                session.handle_power(state);
            }
            Ok(()) = image.changed() => {
                let news = image.borrow_and_update().clone();
                session.handle_image(&news);
            }
            () = sleep_until(wake_at), if waiting < OUTPUT => session.handle_time(Instant::now()),
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
    /// Who logged in.
    user: String,
    login_until: Instant,
}

enum State {
    /// Nothing begun.
    Fresh,
    /// Begun; who is it?
    LoggingIn(Kind, Box<DeviceLogin>),
    /// Known; nothing opened.
    In(Kind),
    /// The serial port is open.
    Sol(Box<Sol>),
    /// The screen is.
    Kvm(Box<Kvm>),
    /// The drives are.
    Ider(Box<Ider>),
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
            user: String::new(),
            login_until: Instant::now() + LOGIN,
        }
    }

    const fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }

    fn wake_at(&self) -> Instant {
        let later = || Instant::now() + LOGIN;
        match &self.state {
            State::Sol(sol) => sol.wake_at().unwrap_or_else(later),
            State::Ider(ider) => ider.wake_at().unwrap_or_else(later),
            State::Kvm(kvm) => kvm.wake_at(),
            State::Fresh | State::LoggingIn(..) | State::In(_) | State::Over => self.login_until,
        }
    }

    fn handle_time(&mut self, now: Instant) {
        let out = &mut self.out;
        let lives = match &mut self.state {
            State::Sol(sol) => sol.handle_time(now, out),
            State::Kvm(kvm) => kvm.handle_time(now, out).is_ok(),
            State::Ider(ider) => ider.handle_time(now, out).is_ok(),
            State::Fresh | State::LoggingIn(..) | State::In(_) | State::Over => {
                let lives = now < self.login_until;
                if !lives {
                    out.clear();
                }
                lives
            }
        };
        if !lives {
            self.state = State::Over;
        }
    }

    fn handle_power(&mut self, state: u8) {
        match &mut self.state {
            State::Sol(sol) => sol.handle_power(state, &mut self.out),
            State::Ider(ider) => ider.handle_power(state, &mut self.out),
            // A screen is looked at again a moment later.
            State::Kvm(_) | State::Fresh | State::LoggingIn(..) | State::In(_) | State::Over => {}
        }
    }

    fn handle_image(&mut self, image: &BootImage) {
        if let State::Sol(sol) = &mut self.state {
            sol.handle_image(image, &mut self.out);
        }
    }

    fn handle_bytes(&mut self, input: &[u8]) {
        if let State::Kvm(kvm) = &mut self.state {
            if kvm.handle_bytes(input, &mut self.out).is_err() {
                self.state = State::Over;
            }
            return;
        }
        self.decoder.handle_bytes(input);
        while !self.is_over() {
            let went_on = match self.state {
                State::In(Kind::Kvm) => self.open_screen(),
                State::In(Kind::Ider) | State::Ider(_) => self.step(Self::handle_ider),
                _ => self.step(Self::handle),
            };
            if !went_on {
                return;
            }
        }
    }

    /// Handles the next message, if it is whole.
    fn step<M: Decode>(&mut self, handle: impl FnOnce(&mut Self, M)) -> bool {
        match self.decoder.poll_message() {
            Ok(Some(message)) => {
                handle(self, message);
                true
            }
            Ok(None) => false,
            Err(error) => {
                tracing::debug!(%error, "redirection ends");
                self.state = State::Over;
                false
            }
        }
    }

    fn handle(&mut self, message: ConsoleMessage) {
        let state = std::mem::replace(&mut self.state, State::Over);
        self.state = match (state, message) {
            (State::Fresh, ConsoleMessage::Start(kind)) => self.start(kind),
            (State::LoggingIn(kind, login), ConsoleMessage::Login { method, data }) => {
                self.log_in(kind, login, method, &data)
            }
            (State::In(Kind::Sol), ConsoleMessage::SolOpen { settings, .. }) => self.open(settings),
            (State::Sol(sol), message) => self.handle_in_sol(sol, message),
            (State::In(kind), ConsoleMessage::Heartbeat { .. } | ConsoleMessage::Pong { .. }) => {
                State::In(kind)
            }
            // Whatever comes at the wrong time ends it, as End does at any time.
            _ => State::Over,
        };
    }

    fn start(&mut self, kind: Kind) -> State {
        let status = self.host.may_start(kind);
        DeviceMessage::Started { status, oem: Vec::new() }.encode(&mut self.out);
        if status != StartStatus::Ok {
            return State::Over;
        }
        let config = self.host.config();
        let accounts = self.host.accounts().of_redirection();
        let login = DeviceLogin::new(config.realm(), accounts, config.lenient);
        State::LoggingIn(kind, Box::new(login))
    }

    fn log_in(
        &mut self,
        kind: Kind,
        mut login: Box<DeviceLogin>,
        method: LoginMethod,
        data: &[u8],
    ) -> State {
        let (answer, verdict) = login.handle(method, data, entropy());
        answer.encode(&mut self.out);
        match verdict {
            Verdict::Pending => State::LoggingIn(kind, login),
            Verdict::Accepted => {
                self.user = login.user().unwrap_or_default().to_owned();
                State::In(kind)
            }
            Verdict::Close => State::Over,
        }
    }

    /// Somebody else may have been faster since the start: then the port is busy after all.
    fn open(&mut self, settings: SolSettings) -> State {
        if let Some(place) = self.host.take(Seat::Serial, &self.user) {
            return State::Sol(Box::new(Sol::open(&self.host, place, settings, &mut self.out)));
        }
        let status = StartStatus::Busy.number();
        DeviceMessage::SolOpened { status, sequence: 0, settings }.encode(&mut self.out);
        State::Over
    }

    /// Behind the opening message the stream is RFB.
    fn open_screen(&mut self) -> bool {
        self.step(|session, _: KvmOpen| {
            let Some(place) = session.host.take(Seat::Screen, &session.user) else {
                session.state = State::Over;
                return;
            };
            KvmOpened.encode(&mut session.out);
            let out = &mut session.out;
            let mut kvm = Kvm::open(&session.host, place, Security::LoggedIn, out);
            let rest = session.decoder.take_rest();
            let lives = kvm.handle_bytes(&rest, out).is_ok();
            session.state = if lives { State::Kvm(Box::new(kvm)) } else { State::Over };
        });
        false
    }

    fn handle_ider(&mut self, message: IderConsoleMessage) {
        if let State::Ider(ider) = &mut self.state {
            if ider.handle(message, &mut self.out).is_err() {
                self.state = State::Over;
            }
            return;
        }
        self.state = State::Over;
        if let IderConsoleMessage::Open { sequence, open } = message
            && let Some(place) = self.host.take(Seat::Drives, &self.user)
        {
            let ider = Ider::open(&self.host, place, sequence, open, &mut self.out);
            self.state = State::Ider(Box::new(ider));
        }
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
                State::In(Kind::Sol)
            }
            ConsoleMessage::Start(_)
            | ConsoleMessage::End
            | ConsoleMessage::Login { .. }
            | ConsoleMessage::SolOpen { .. } => State::Over,
        }
    }
}
