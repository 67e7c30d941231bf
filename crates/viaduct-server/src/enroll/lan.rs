//! Dialling a PC on the local network: the only code of the server that opens a connection to a place that a caller
//! names. It knows two ports, and is reached from nowhere but a job that an administrator began.

use super::session::{Answer, Ask, answer};
use crate::{
    command::{
        CommandError,
        exchange::{self, Account, Dial, Envelope, Line},
    },
    tls::{self, Rewind, Stream},
};
use amt::{
    credentials::Credentials,
    remote_access::Call,
    wsman::{Instance, Operation, Outcome, Request, Target},
};
use bytes::Bytes;
use std::{
    io,
    net::{IpAddr, SocketAddr},
    time::Duration,
};
use tokio::{
    net::{TcpStream, lookup_host},
    time::{Instant, timeout},
};
use viaduct_api::{Code, Problem};

/// WS-Man in the clear, and over TLS.
const CLEAR: u16 = 16992;
const TLS: u16 = 16993;
/// A PC on the local network that has not answered by then is not there.
const CONNECT: Duration = Duration::from_secs(5);
/// Old firmware needs seconds for an RSA key of its own.
const HANDSHAKE: Duration = Duration::from_secs(15);
/// Addresses of one name that are tried.
const ADDRESSES: usize = 4;
const PULL: u32 = 999;
const ITEMS_MAX: usize = 4096;

/// A PC that answers.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) address: IpAddr,
    /// SHA-256 of the certificate of its TLS port; none without TLS.
    pub(super) fingerprint: Option<[u8; 32]>,
}

/// Finds out at which of its ports the PC answers, and which certificate it shows. Nothing is sent to it yet.
pub(super) async fn find(host: &str) -> Result<Found, Problem> {
    // Who gave an address knows it.
    let of = |address: IpAddr| match host.parse() == Ok(address) {
        true => String::new(),
        false => format!("{address} "),
    };
    let mut tried = Vec::new();
    for address in resolve(host).await? {
        match connect(address, TLS).await {
            Ok(socket) => {
                let (_, fingerprint) =
                    secure(socket).await.map_err(|why| tls_failed(host, &why))?;
                return Ok(Found { address, fingerprint: Some(fingerprint) });
            }
            Err(error) => tried.push(format!("{}port {TLS}: {}", of(address), words(&error))),
        }
        match connect(address, CLEAR).await {
            Ok(_) => return Ok(Found { address, fingerprint: None }),
            Err(error) => tried.push(format!("port {CLEAR}: {}", words(&error))),
        }
    }
    Err(Problem::new(Code::EnrollUnreachable, format!("{host}: {}", tried.join(", "))))
}

async fn resolve(host: &str) -> Result<Vec<IpAddr>, Problem> {
    let unknown = |why: String| {
        Problem::new(Code::EnrollUnreachable, format!("{host} is not known here: {why}"))
            .with_next("Give the PC's IP address, or a name that this server can resolve.")
    };
    let found = match timeout(CONNECT, lookup_host((host, TLS))).await {
        Ok(Ok(found)) => found.map(|address| address.ip().to_canonical()),
        Ok(Err(error)) => return Err(unknown(error.to_string())),
        Err(_) => return Err(unknown("the name service does not answer".into())),
    };
    let mut addresses: Vec<IpAddr> = Vec::new();
    for address in found {
        if !addresses.contains(&address) && addresses.len() < ADDRESSES {
            addresses.push(address);
        }
    }
    Ok(addresses)
}

async fn connect(address: IpAddr, port: u16) -> io::Result<TcpStream> {
    let socket = timeout(CONNECT, TcpStream::connect(SocketAddr::new(address, port)))
        .await
        .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
    socket.set_nodelay(true)?;
    Ok(socket)
}

fn words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "connection refused".to_owned(),
        io::ErrorKind::TimedOut => format!("no answer within {} s", CONNECT.as_secs()),
        _ => error.to_string(),
    }
}

async fn secure(socket: TcpStream) -> Result<(Stream<TcpStream>, [u8; 32]), String> {
    match timeout(HANDSHAKE, tls::inside::connect(socket)).await {
        Ok(done) => {
            done.map(|(stream, shown)| (stream, shown.sha256)).map_err(|error| error.to_string())
        }
        Err(_) => Err(format!("no TLS handshake within {} s", HANDSHAKE.as_secs())),
    }
}

fn tls_failed(host: &str, why: &str) -> Problem {
    let detail = format!("{host} port {TLS}: {why}");
    let no_suite = ["handshake failure", "no cipher", "NO_CIPHER", "alert number 40"];
    if no_suite.iter().any(|sign| why.contains(sign)) {
        return Problem::new(Code::EnrollTls, detail).with_next(
            "Firmware that is restricted to NULL ciphers looks like this; it cannot dial in either. Otherwise update the firmware.",
        );
    }
    Problem::new(Code::EnrollTls, detail)
}

/// A conversation with a PC.
#[derive(Debug)]
pub(super) struct Lan {
    line: Line<Way>,
    account: Account,
    messages: u32,
    /// How long one request and its answer may take.
    patience: Duration,
}

#[derive(Debug)]
struct Way {
    found: Found,
    host: String,
}

impl Dial for Way {
    type Io = Stream<TcpStream>;

    async fn dial(&self, _until: Instant) -> Result<Self::Io, CommandError> {
        let port = if self.found.fingerprint.is_some() { TLS } else { CLEAR };
        let socket = connect(self.found.address, port).await.map_err(|error| {
            CommandError::Away { why: format!("port {port}: {}", words(&error)) }
        })?;
        let Some(known) = self.found.fingerprint else {
            return Ok(Stream::Plain(Rewind::new(Bytes::new(), socket)));
        };
        let (stream, seen) = secure(socket).await.map_err(CommandError::Tls)?;
        if seen != known {
            let (known, seen) = (hex(&known), hex(&seen));
            return Err(CommandError::CertificateChanged { known, seen });
        }
        Ok(stream)
    }

    fn host(&self) -> &str {
        &self.host
    }
}

impl Lan {
    /// Speaks with a PC that was found, with this user and password, and waits so long for each answer.
    pub(super) fn new(
        found: Found,
        host: &str,
        (user, password): (&str, &str),
        patience: Duration,
    ) -> Self {
        let port = if found.fingerprint.is_some() { TLS } else { CLEAR };
        let name = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
        let way = Way { found, host: format!("{name}:{port}") };
        let account = Account::new(Credentials::new(user, password));
        Self { line: Line::new(way), account, messages: 0, patience }
    }

    async fn ask(
        &mut self,
        target: Target,
        operation: Operation,
        verb: &'static str,
    ) -> Result<Outcome, CommandError> {
        let class = target.resource.class_name().to_owned();
        self.messages += 1;
        let request = Request::new(self.messages.to_string(), target, operation);
        let envelope = Envelope::new(&request);
        let deadline = Instant::now() + self.patience;
        let answered = exchange::run(&mut self.line, &self.account, &envelope, deadline).await?;
        answered.reply.result.map_err(|fault| CommandError::Fault { class, operation: verb, fault })
    }
}

impl Ask for Lan {
    async fn read(&mut self, class: &str) -> Result<Instance, CommandError> {
        match self.ask(target(class)?, Operation::Get, "Get").await? {
            Outcome::Got(instance) => Ok(instance),
            _ => Err(unexpected("Get")),
        }
    }

    async fn list(&mut self, class: &str) -> Result<Vec<Instance>, CommandError> {
        let target = target(class)?;
        let begun = self.ask(target.clone(), Operation::Enumerate, "Enumerate").await?;
        let Outcome::Enumerating(mut context) = begun else { return Err(unexpected("Enumerate")) };
        let mut all = Vec::new();
        loop {
            let pull = Operation::Pull { context, most: PULL };
            let pulled = self.ask(target.clone(), pull, "Pull").await?;
            let Outcome::Pulled { items, next } = pulled else { return Err(unexpected("Pull")) };
            let nothing = items.is_empty();
            all.extend(items);
            match next {
                Some(next) if !nothing && all.len() <= ITEMS_MAX => context = next,
                _ => return Ok(all),
            }
        }
    }

    async fn change(&mut self, call: Call) -> Result<Answer, CommandError> {
        let Call { target, operation } = call;
        let verb = match &operation {
            Operation::Invoke { .. } => "Invoke",
            Operation::Put(_) => "Put",
            Operation::Delete => "Delete",
            _ => "a change",
        };
        let outcome = self.ask(target, operation, verb).await?;
        let value = outcome.return_value().unwrap_or(0);
        match outcome {
            Outcome::Invoked { output, .. } => Ok(answer(value, output)),
            Outcome::Put(_) | Outcome::Deleted => Ok(Answer::default()),
            _ => Err(unexpected(verb)),
        }
    }
}

fn target(class: &str) -> Result<Target, CommandError> {
    Target::class(class)
        .ok_or_else(|| CommandError::Unusable(format!("{class} is no class of AMT")))
}

fn unexpected(verb: &str) -> CommandError {
    CommandError::Unusable(format!("the answer is not one to {verb}"))
}

/// A fingerprint as people compare it.
pub(super) fn hex(bytes: &[u8; 32]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
