//! The two sides of a redirection login, as state machines.

use super::{
    ConsoleMessage, DeviceMessage, DigestLoginAnswer, DigestLoginChallenge, LOGIN_URI, LoginError,
    LoginMethod, PlainLogin,
};
use crate::{
    credentials::Credentials,
    http::digest::{Ha1, md5_hex},
};

/// After so many wrong passwords the platform closes.
const MAX_FAILURES: u8 = 3;
/// A login has two rounds and a query; more messages than this only waste time.
const MAX_ROUNDS: u8 = 12;

/// The platform's side. Call [`handle`](Self::handle) with each login message until the verdict is
/// [`Verdict::Accepted`] or [`Verdict::Close`].
#[derive(Debug)]
pub struct DeviceLogin {
    realm: String,
    accounts: Vec<(String, Ha1)>,
    plain_allowed: bool,
    nonce: Option<String>,
    user: Option<String>,
    failures: u8,
    rounds: u8,
}

/// What becomes of a console after one of its login messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Not decided: send the answer and wait for the next message.
    Pending,
    /// It is in.
    Accepted,
    /// Too many failures: send the answer and close.
    Close,
}

impl DeviceLogin {
    /// A login for these accounts. `plain_allowed` accepts passwords in clear text too.
    #[must_use]
    pub const fn new(realm: String, accounts: Vec<(String, Ha1)>, plain_allowed: bool) -> Self {
        Self { realm, accounts, plain_allowed, nonce: None, user: None, failures: 0, rounds: 0 }
    }

    /// Who was accepted.
    #[must_use]
    pub fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    /// What is known of a user; an unknown one costs the same time.
    fn account(&self, user: &str) -> (bool, Ha1) {
        let found = self.accounts.iter().find(|(name, _)| name == user);
        found.map_or_else(|| (false, Ha1::new("", &self.realm, "")), |(_, ha1)| (true, *ha1))
    }

    /// Answers one login message. `entropy` must be 16 fresh random bytes.
    pub fn handle(
        &mut self,
        method: LoginMethod,
        data: &[u8],
        entropy: [u8; 16],
    ) -> (DeviceMessage, Verdict) {
        self.rounds = self.rounds.saturating_add(1);
        let (status, data) = match method {
            LoginMethod::Query => (0, self.offer()),
            LoginMethod::Digest | LoginMethod::DigestQop => {
                match DigestLoginAnswer::parse(method, data) {
                    Ok(answer) if answer.is_first() => (1, self.challenge(method, entropy)),
                    Ok(answer) => self.judge(self.is_right(method, &answer), &answer.user),
                    Err(_) => self.judge(false, ""),
                }
            }
            LoginMethod::Plain if self.plain_allowed => {
                let login = PlainLogin::parse(data).ok();
                let right = login.as_ref().is_some_and(|login| self.is_right_plain(login));
                let user = login.map(|login| login.user).unwrap_or_default();
                self.judge(right, &user)
            }
            LoginMethod::Plain | LoginMethod::Kerberos | LoginMethod::Other(_) => {
                self.judge(false, "")
            }
        };
        let verdict = match status {
            0 if method != LoginMethod::Query => Verdict::Accepted,
            _ if self.failures >= MAX_FAILURES || self.rounds >= MAX_ROUNDS => Verdict::Close,
            _ => Verdict::Pending,
        };
        (DeviceMessage::Login { status, method, data }, verdict)
    }

    fn offer(&self) -> Vec<u8> {
        let plain = self.plain_allowed.then_some(LoginMethod::Plain);
        let offered = plain.into_iter().chain([LoginMethod::Digest, LoginMethod::DigestQop]);
        offered.map(LoginMethod::number).collect()
    }

    fn challenge(&mut self, method: LoginMethod, entropy: [u8; 16]) -> Vec<u8> {
        let nonce = md5_hex(&[b"redirection", &entropy]).as_str().to_owned();
        self.nonce = Some(nonce.clone());
        let challenge = DigestLoginChallenge { realm: self.realm.clone(), nonce };
        challenge.to_data(method).unwrap_or_default()
    }

    fn is_right(&self, method: LoginMethod, answer: &DigestLoginAnswer) -> bool {
        let Ok(proof) = answer.proof() else { return false };
        let (known, ha1) = self.account(&answer.user);
        let proven = proof.matches(&answer.expected(method, ha1));
        proven
            && known
            && answer.realm == self.realm
            && answer.uri == LOGIN_URI
            && self.nonce.as_ref() == Some(&answer.nonce)
            && (method == LoginMethod::Digest || answer.qop.eq_ignore_ascii_case("auth"))
    }

    /// Compares hashes, so that the time taken tells nothing of the password.
    fn is_right_plain(&self, login: &PlainLogin) -> bool {
        let (known, ha1) = self.account(&login.user);
        let given = Ha1::new(&login.user, &self.realm, &login.password);
        given.hash().matches(ha1.hash()) && known
    }

    /// A nonce is good for one try, right or wrong.
    fn judge(&mut self, right: bool, user: &str) -> (u8, Vec<u8>) {
        self.nonce = None;
        if right {
            self.user = Some(user.to_owned());
        } else {
            self.failures = self.failures.saturating_add(1);
        }
        (u8::from(!right), Vec::new())
    }
}

/// The console's side: [`start`](Self::start), then [`handle`](Self::handle) with each answer.
#[derive(Debug)]
pub struct ConsoleLogin {
    credentials: Credentials,
    entropy: [u8; 16],
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Queried,
    First(LoginMethod),
    Second,
    Over,
}

/// What the console does next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConsoleStep {
    /// Send this and wait for the answer.
    Send(ConsoleMessage),
    /// Logged in.
    Accepted,
    /// Wrong user or password.
    Denied,
    /// The platform offers no digest method. We never send a password in clear text.
    NoMethod,
    /// The platform's answer makes no sense at this point.
    Unexpected,
}

impl ConsoleLogin {
    /// A login with digest. `entropy` must be 16 fresh random bytes.
    #[must_use]
    pub const fn new(credentials: Credentials, entropy: [u8; 16]) -> Self {
        Self { credentials, entropy, state: State::Queried }
    }

    /// The first message: which methods are there?
    #[must_use]
    pub const fn start(&self) -> ConsoleMessage {
        ConsoleMessage::Login { method: LoginMethod::Query, data: Vec::new() }
    }

    /// Answers a login message of the platform.
    pub fn handle(&mut self, status: u8, method: LoginMethod, data: &[u8]) -> ConsoleStep {
        let step = self.step(status, method, data);
        if !matches!(step, ConsoleStep::Send(_)) {
            self.state = State::Over;
        }
        step
    }

    fn step(&mut self, status: u8, method: LoginMethod, data: &[u8]) -> ConsoleStep {
        match self.state {
            State::Queried if method == LoginMethod::Query && status == 0 => {
                let wanted = [LoginMethod::DigestQop, LoginMethod::Digest];
                let Some(best) = wanted.into_iter().find(|m| data.contains(&m.number())) else {
                    return ConsoleStep::NoMethod;
                };
                self.state = State::First(best);
                let first = DigestLoginAnswer::first(self.credentials.user());
                send(best, first.to_data(best))
            }
            State::First(asked) if method == asked && status == 1 => {
                let Ok(challenge) = DigestLoginChallenge::parse(data) else {
                    return ConsoleStep::Unexpected;
                };
                self.state = State::Second;
                send(method, self.answer(method, challenge).to_data(method))
            }
            State::First(_) | State::Second if status == 0 && method != LoginMethod::Query => {
                ConsoleStep::Accepted
            }
            State::Second => ConsoleStep::Denied,
            State::Queried | State::First(_) | State::Over => ConsoleStep::Unexpected,
        }
    }

    fn answer(&self, method: LoginMethod, challenge: DigestLoginChallenge) -> DigestLoginAnswer {
        let user = self.credentials.user();
        let ha1 = Ha1::new(user, &challenge.realm, self.credentials.password());
        let mut answer = DigestLoginAnswer {
            realm: challenge.realm,
            nonce: challenge.nonce,
            cnonce: md5_hex(&[b"cnonce", &self.entropy]).as_str().to_owned(),
            count: "00000001".into(),
            qop: "auth".into(),
            ..DigestLoginAnswer::first(user)
        };
        answer.response = answer.expected(method, ha1).as_str().to_owned();
        answer
    }
}

fn send(method: LoginMethod, data: Result<Vec<u8>, LoginError>) -> ConsoleStep {
    data.map_or(ConsoleStep::Denied, |data| {
        ConsoleStep::Send(ConsoleMessage::Login { method, data })
    })
}
