//! The server logs in to the redirection port in the console's place, so that no console ever holds an AMT password.
//!
//! Sans-IO: give it the bytes of both sides, take what is for the other side out of `to_device` and `to_console`. The
//! console runs through the same login as it would without us and is believed whatever it says: its ticket is its
//! right. The device sees one login, with the stored account.

use super::End;
use amt::{
    credentials::Credentials,
    redirect::{
        ConsoleLogin, ConsoleMessage, ConsoleStep, DeviceMessage, DigestLoginAnswer,
        DigestLoginChallenge, Kind, LoginMethod, StartStatus,
    },
};
use viaduct_api::RedirectionMode;

/// Bytes of a side that wait to be understood; a login needs far less.
const WAITING: usize = 16 << 10;

/// A login under way.
#[derive(Debug)]
pub(super) struct Login {
    mode: RedirectionMode,
    /// Out to the device.
    pub(super) to_device: Vec<u8>,
    /// Out to the console.
    pub(super) to_console: Vec<u8>,
    from_device: Vec<u8>,
    from_console: Vec<u8>,
    state: State,
    login: ConsoleLogin,
    methods: Option<Vec<u8>>,
    challenge: Option<(LoginMethod, Vec<u8>)>,
    accepted: bool,
    /// The console's message that is not answered yet.
    question: Option<(LoginMethod, Vec<u8>)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The console has not begun.
    Fresh,
    /// The device has not answered the beginning.
    Starting,
    /// Both sides log in.
    LoggingIn,
    /// Both are in: what comes is passed on.
    In,
}

/// The kind of redirection as it stands in the start message.
pub(super) const fn kind(mode: RedirectionMode) -> Option<Kind> {
    match mode {
        RedirectionMode::Kvm => Some(Kind::Kvm),
        RedirectionMode::Sol => Some(Kind::Sol),
        RedirectionMode::Ider => Some(Kind::Ider),
        RedirectionMode::Wsman => None,
    }
}

/// Whether the device begins a redirection of this kind, and why not.
pub(super) fn began(mode: RedirectionMode, status: StartStatus) -> Result<(), End> {
    match status {
        StartStatus::Ok => Ok(()),
        StartStatus::Busy => Err(End::BusyElsewhere(mode)),
        StartStatus::UnknownKind | StartStatus::Unsupported => Err(End::Off(mode)),
        StartStatus::ConsentNeeded => Err(End::Consent(mode)),
        StartStatus::Failed(number) => {
            Err(End::ByDevice(format!("the device refuses to begin (status {number})")))
        }
    }
}

impl Login {
    /// `entropy` must be 16 fresh random bytes.
    pub(super) fn new(mode: RedirectionMode, account: Credentials, entropy: [u8; 16]) -> Self {
        Self {
            mode,
            to_device: Vec::new(),
            to_console: Vec::new(),
            from_device: Vec::new(),
            from_console: Vec::new(),
            state: State::Fresh,
            login: ConsoleLogin::new(account, entropy),
            methods: None,
            challenge: None,
            accepted: false,
            question: None,
        }
    }

    /// Whether both sides are in. What is left of either side is passed on by [`Self::finish`].
    pub(super) fn is_done(&self) -> bool {
        self.state == State::In
    }

    /// What came behind the login, for the device and for the console.
    pub(super) fn finish(mut self) -> (Vec<u8>, Vec<u8>) {
        self.to_device.append(&mut self.from_console);
        self.to_console.append(&mut self.from_device);
        (self.to_device, self.to_console)
    }

    /// Bytes of the console.
    pub(super) fn handle_console(&mut self, bytes: &[u8]) -> Result<(), End> {
        self.from_console.extend_from_slice(bytes);
        self.run()
    }

    /// Bytes of the device.
    pub(super) fn handle_device(&mut self, bytes: &[u8]) -> Result<(), End> {
        self.from_device.extend_from_slice(bytes);
        self.run()
    }

    fn run(&mut self) -> Result<(), End> {
        while self.console_step()? || self.device_step()? {}
        if self.from_console.len() > WAITING || self.from_device.len() > WAITING {
            return Err(End::Nonsense("more bytes than a login has".into()));
        }
        Ok(())
    }

    /// One message of the console, while one can be handled.
    fn console_step(&mut self) -> Result<bool, End> {
        if self.question.is_some() || matches!(self.state, State::Starting | State::In) {
            return Ok(false);
        }
        let nonsense = |why: &str| End::Nonsense(format!("the console sent {why}"));
        let decoded = ConsoleMessage::decode(&self.from_console)
            .map_err(|error| nonsense(&format!("no redirection: {error}")))?;
        let Some((message, length)) = decoded else { return Ok(false) };
        let bytes: Vec<u8> = self.from_console.drain(..length).collect();
        match (self.state, message) {
            (State::Fresh, ConsoleMessage::Start(asked)) => {
                if Some(asked) != kind(self.mode) {
                    return Err(nonsense(&format!("a start that is not for {}", self.mode)));
                }
                self.to_device.extend_from_slice(&bytes);
                self.state = State::Starting;
            }
            (State::LoggingIn, ConsoleMessage::Login { method, data }) => {
                self.question = Some((method, data));
                self.answer();
            }
            (_, ConsoleMessage::End) => return Err(End::ConsoleLeft),
            _ => return Err(nonsense("a message that does not belong to the login")),
        }
        Ok(true)
    }

    /// One message of the device, while one can be handled.
    fn device_step(&mut self) -> Result<bool, End> {
        if matches!(self.state, State::Fresh | State::In) || self.accepted {
            return Ok(false);
        }
        let nonsense =
            |why: String| End::ByDevice(format!("the device's answer makes no sense: {why}"));
        let decoded = DeviceMessage::decode(&self.from_device)
            .map_err(|error| nonsense(error.to_string()))?;
        let Some((message, length)) = decoded else { return Ok(false) };
        let bytes: Vec<u8> = self.from_device.drain(..length).collect();
        match (self.state, message) {
            (State::Starting, DeviceMessage::Started { status, .. }) => {
                self.to_console.extend_from_slice(&bytes);
                began(self.mode, status)?;
                self.state = State::LoggingIn;
                self.login.start().encode(&mut self.to_device);
            }
            (State::LoggingIn, DeviceMessage::Login { status, method, data }) => {
                self.device_login(status, method, data)?;
            }
            _ => return Err(nonsense("a message that does not belong to the login".into())),
        }
        Ok(true)
    }

    fn device_login(&mut self, status: u8, method: LoginMethod, data: Vec<u8>) -> Result<(), End> {
        match self.login.handle(status, method, &data) {
            ConsoleStep::Send(message) => message.encode(&mut self.to_device),
            ConsoleStep::Accepted => self.accepted = true,
            ConsoleStep::Denied => return Err(End::WrongPassword),
            ConsoleStep::NoMethod => {
                return Err(End::ByDevice("the device offers no login by digest".into()));
            }
            ConsoleStep::Unexpected => {
                return Err(End::ByDevice("the device's login makes no sense".into()));
            }
        }
        match (method, status) {
            (LoginMethod::Query, _) => self.methods = Some(data),
            (_, 1) if self.challenge.is_none() => self.challenge = Some((method, data)),
            _ => {}
        }
        self.answer();
        Ok(())
    }

    /// Answers the console as the device would, as soon as its answer is known.
    fn answer(&mut self) {
        let Some((method, data)) = self.question.take() else { return };
        let digest = matches!(method, LoginMethod::Digest | LoginMethod::DigestQop);
        let first =
            digest && DigestLoginAnswer::parse(method, &data).is_ok_and(|answer| answer.is_first());
        let answer = match (method, &self.methods, &self.challenge) {
            (LoginMethod::Query, Some(methods), _) => Some((0, methods.clone())),
            (LoginMethod::Query, None, _) => None,
            (_, _, Some(challenge)) if first => Some((1, converted(challenge, method))),
            _ if self.accepted => {
                self.state = State::In;
                Some((0, Vec::new()))
            }
            _ => None,
        };
        match answer {
            Some((status, data)) => {
                DeviceMessage::Login { status, method, data }.encode(&mut self.to_console);
            }
            None => self.question = Some((method, data)),
        }
    }
}

/// The device's challenge in the form of the method that the console chose.
fn converted((theirs, data): &(LoginMethod, Vec<u8>), method: LoginMethod) -> Vec<u8> {
    if *theirs == method {
        return data.clone();
    }
    let parsed = DigestLoginChallenge::parse(data).and_then(|challenge| challenge.to_data(method));
    parsed.unwrap_or_else(|_| data.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use amt::{
        http::digest::Ha1,
        redirect::{DeviceLogin, Verdict},
    };

    const REALM: &str = "Digest:A4070000000000000000000000000000";

    fn bytes(message: &ConsoleMessage) -> Vec<u8> {
        let mut out = Vec::new();
        message.encode(&mut out);
        out
    }

    /// A device's end of the login, in memory.
    struct Device {
        login: DeviceLogin,
        status: StartStatus,
    }

    impl Device {
        fn new(password: &str, status: StartStatus) -> Self {
            let account = ("admin".to_owned(), Ha1::new("admin", REALM, password));
            Self { login: DeviceLogin::new(REALM.into(), vec![account], false), status }
        }

        fn answers(&mut self, mut sent: &[u8]) -> Vec<u8> {
            let mut out = Vec::new();
            while let Some((message, length)) = ConsoleMessage::decode(sent).unwrap() {
                sent = &sent[length..];
                match message {
                    ConsoleMessage::Start(_) => {
                        DeviceMessage::Started { status: self.status, oem: vec![7, 7] }
                            .encode(&mut out);
                    }
                    ConsoleMessage::Login { method, data } => {
                        let (answer, verdict) = self.login.handle(method, &data, [9; 16]);
                        assert_ne!(verdict, Verdict::Close);
                        answer.encode(&mut out);
                    }
                    other => panic!("the device got {other:?}"),
                }
            }
            out
        }
    }

    /// Runs a console through the login; what it was told, and the end if it did not get in.
    fn run(
        device: &mut Device,
        console: &[Vec<u8>],
        piece: usize,
    ) -> (Vec<DeviceMessage>, Result<Login, End>) {
        let account = Credentials::new("admin", "P@ssw0rd");
        let mut login = Login::new(RedirectionMode::Sol, account, [3; 16]);
        let mut told = Vec::new();
        let mut go = |login: &mut Login, said: &[u8]| -> Result<(), End> {
            for piece in said.chunks(piece) {
                login.handle_console(piece)?;
            }
            loop {
                let sent = std::mem::take(&mut login.to_device);
                let answers = device.answers(&sent);
                if answers.is_empty() {
                    return Ok(());
                }
                for piece in answers.chunks(piece) {
                    login.handle_device(piece)?;
                }
            }
        };
        let mut result = Ok(());
        for message in console {
            result = go(&mut login, message);
            if result.is_err() {
                break;
            }
        }
        let mut rest = &login.to_console[..];
        while let Some((message, length)) = DeviceMessage::decode(rest).unwrap() {
            told.push(message);
            rest = &rest[length..];
        }
        login.to_console.clear();
        (told, result.map(|()| login))
    }

    fn digest(answer: &DigestLoginAnswer) -> Vec<u8> {
        let method = LoginMethod::DigestQop;
        bytes(&ConsoleMessage::Login { method, data: answer.to_data(method).unwrap() })
    }

    fn console() -> Vec<Vec<u8>> {
        let blank = DigestLoginAnswer::first("");
        // What a page without a password makes of the challenge; its length is right and nothing else.
        let useless = DigestLoginAnswer {
            realm: REALM.into(),
            nonce: "n".into(),
            response: "0".repeat(32),
            ..DigestLoginAnswer::first("")
        };
        vec![
            bytes(&ConsoleMessage::Start(Kind::Sol)),
            bytes(&ConsoleMessage::Login { method: LoginMethod::Query, data: vec![] }),
            digest(&blank),
            digest(&useless),
        ]
    }

    #[test]
    fn a_console_without_password_gets_in_and_the_device_saw_the_stored_one() {
        for piece in [1, 7, 1000] {
            let mut device = Device::new("P@ssw0rd", StartStatus::Ok);
            let (told, login) = run(&mut device, &console(), piece);
            assert!(login.unwrap().is_done());
            let statuses: Vec<_> = told
                .iter()
                .map(|message| match message {
                    DeviceMessage::Started { status, oem } => (status.number(), oem.len()),
                    DeviceMessage::Login { status, data, .. } => (*status, data.len().min(9)),
                    other => panic!("{other:?}"),
                })
                .collect();
            assert_eq!(statuses, [(0, 2), (0, 2), (1, 9), (0, 0)]);
        }
    }

    #[test]
    fn what_comes_behind_the_login_is_passed_on() {
        let mut device = Device::new("P@ssw0rd", StartStatus::Ok);
        let mut said = console();
        said.last_mut().unwrap().extend_from_slice(b"\x40behind");
        let (_, login) = run(&mut device, &said, 1000);
        assert_eq!(login.unwrap().finish(), (b"\x40behind".to_vec(), Vec::new()));
    }

    #[test]
    fn each_refusal_of_the_device_is_an_end_of_its_own_and_its_bytes_reach_the_console() {
        for (status, end) in [
            (StartStatus::Busy, End::BusyElsewhere(RedirectionMode::Sol)),
            (StartStatus::Unsupported, End::Off(RedirectionMode::Sol)),
            (StartStatus::ConsentNeeded, End::Consent(RedirectionMode::Sol)),
        ] {
            let (told, result) = run(&mut Device::new("x", status), &console(), 1000);
            assert_eq!(result.err(), Some(end));
            assert!(matches!(told[..], [DeviceMessage::Started { status: s, .. }] if s == status));
        }
        let (_, result) = run(&mut Device::new("another", StartStatus::Ok), &console(), 1000);
        assert_eq!(result.err(), Some(End::WrongPassword));
    }

    #[test]
    fn a_console_may_begin_only_what_its_ticket_is_for_and_must_log_in() {
        let mut device = Device::new("P@ssw0rd", StartStatus::Ok);
        let other = vec![bytes(&ConsoleMessage::Start(Kind::Kvm))];
        let (told, result) = run(&mut device, &other, 1000);
        assert!(matches!(result, Err(End::Nonsense(_))) && told.is_empty());
        let early = vec![bytes(&ConsoleMessage::Start(Kind::Sol)), vec![0x40; 8]];
        assert!(matches!(run(&mut device, &early, 1000).1, Err(End::Nonsense(_))));
        let leaves = vec![bytes(&ConsoleMessage::Start(Kind::Sol)), bytes(&ConsoleMessage::End)];
        assert_eq!(run(&mut device, &leaves, 1000).1.err(), Some(End::ConsoleLeft));
    }
}
