//! A console for the tests: streams to a platform's ports, and WS-Man exchanges over them.

use std::{sync::Arc, time::Duration};

use amt::{
    credentials::Credentials,
    http::{Limits, MessageReader, Response, ResponseHead, digest::DigestLogin},
    wsman::{Exchange, Fault, Operation, Outcome, Output, Request, Target},
};
use amt_sim::services::{Host, HostConfig};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, duplex},
    time::timeout,
};

pub(crate) const PASSWORD: &str = "P@ssw0rd-1";
/// Longer than anything here takes; a test that needs it has failed.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

pub(crate) fn config() -> HostConfig {
    HostConfig {
        guid: uuid::uuid!("4c4c4544-004b-4210-8033-b6c04f504633"),
        hostname: "pc-01".into(),
        domain: "demo.example".into(),
        amt_user: "admin".into(),
        amt_password: PASSWORD.into(),
        amt_version: "15.0.45.2411".into(),
        lenient: false,
        tls: None,
    }
}

pub(crate) fn host() -> Arc<Host> {
    Host::new(config())
}

pub(crate) fn connect(host: &Arc<Host>, port: u16) -> DuplexStream {
    let (ours, theirs) = duplex(16 * 1024);
    tokio::spawn(Arc::clone(host).serve(port, theirs));
    ours
}

pub(crate) fn login() -> DigestLogin {
    DigestLogin::new(Credentials::new("admin", PASSWORD))
}

pub(crate) fn class(name: &str) -> Target {
    Target::class(name).unwrap()
}

/// One WS-Man operation, with as many channels as it takes.
pub(crate) async fn ask(
    host: &Arc<Host>,
    target: Target,
    operation: Operation,
) -> Result<Outcome, Fault> {
    let mut open = async || connect(host, 16992);
    let request = Request::new("7", target, operation);
    match run(&request, login(), &mut open).await {
        Output::Done(answered) => {
            let server = answered.server.unwrap();
            assert!(server.starts_with("Intel(R) Active Management Technology "), "{server}");
            answered.reply.result
        }
        other => panic!("no answer: {other:?}"),
    }
}

/// Runs an exchange over streams that `open` makes.
pub(crate) async fn run<IO: AsyncRead + AsyncWrite + Unpin>(
    request: &Request,
    login: DigestLogin,
    open: &mut impl AsyncFnMut() -> IO,
) -> Output {
    let mut exchange = Exchange::new(request, "pc-01:16992", login, [3; 16]);
    let mut io = open().await;
    loop {
        if let Some(bytes) = exchange.poll_transmit() {
            io.write_all(&bytes).await.unwrap();
        }
        let mut buffer = [0; 100];
        match timeout(DEADLINE, io.read(&mut buffer)).await.expect("an answer in time").unwrap() {
            0 => exchange.handle_end(),
            n => exchange.handle_bytes(&buffer[..n]),
        }
        match exchange.poll_output() {
            Some(Output::Reopen) => {
                io = open().await;
                exchange.handle_reopened();
            }
            Some(output) => return output,
            None => {}
        }
    }
}

/// Everything until the platform closes.
pub(crate) async fn read_all(io: &mut (impl AsyncRead + Unpin)) -> Vec<u8> {
    let mut all = Vec::new();
    timeout(DEADLINE, io.read_to_end(&mut all)).await.expect("an end in time").unwrap();
    all
}

/// One response, and nothing behind it.
pub(crate) async fn read_response(io: &mut (impl AsyncRead + Unpin)) -> Response {
    let mut reader = MessageReader::<ResponseHead>::new(Limits::default());
    loop {
        let mut byte = [0];
        let n = timeout(DEADLINE, io.read(&mut byte)).await.expect("an answer in time").unwrap();
        assert_eq!(n, 1, "closed before the response was whole");
        if let (_, Some(response)) = reader.handle_bytes(&byte).unwrap() {
            return response;
        }
    }
}
