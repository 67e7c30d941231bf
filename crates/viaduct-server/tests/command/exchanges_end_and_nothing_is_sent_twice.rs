//! One exchange at a time over pipes whose other end the test plays.

use crate::site::PATIENCE;
use amt::{
    credentials::Credentials,
    wsman::{Answered, Operation, Outcome, Reply, Request, ResourceUri, Target},
};
use std::{sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
    sync::{Mutex, mpsc},
    time::{Instant, timeout},
};
use viaduct_server::command::{
    CommandError,
    exchange::{self, Account, Dial, Envelope, Line},
};

/// The platform's end of each connection that is made.
struct Pipes(mpsc::UnboundedSender<DuplexStream>);

impl Dial for Pipes {
    type Io = DuplexStream;

    async fn dial(&self, _until: Instant) -> Result<DuplexStream, CommandError> {
        let (ours, theirs) = duplex(4096);
        self.0.send(theirs).map_err(|_| CommandError::Busy)?;
        Ok(ours)
    }

    fn host(&self) -> &str {
        "pc-01:16992"
    }
}

type Connections = Arc<Mutex<mpsc::UnboundedReceiver<DuplexStream>>>;

fn line() -> (Line<Pipes>, Connections) {
    let (sender, receiver) = mpsc::unbounded_channel();
    (Line::new(Pipes(sender)), Arc::new(Mutex::new(receiver)))
}

fn account() -> Account {
    Account::new(Credentials::new("admin", "P@ssw0rd"))
}

fn get() -> Envelope {
    let target = Target::class("AMT_GeneralSettings").unwrap();
    Envelope::new(&Request::new("7", target, Operation::Get))
}

fn reset() -> Envelope {
    let target = Target::class("CIM_PowerManagementService").unwrap();
    let method = "RequestPowerStateChange".to_owned();
    let operation = Operation::Invoke { method, arguments: vec![("PowerState".into(), 10.into())] };
    Envelope::new(&Request::new("8", target, operation))
}

async fn ask(
    line: &mut Line<Pipes>,
    account: &Account,
    envelope: Envelope,
    deadline: Instant,
) -> Result<Answered, CommandError> {
    exchange::run(line, account, &envelope, deadline).await
}

fn soon() -> Instant {
    Instant::now() + Duration::from_millis(200)
}

fn later() -> Instant {
    Instant::now() + PATIENCE
}

/// Takes the next connection and reads one request from it.
async fn request(connections: &Connections) -> (DuplexStream, String) {
    let next = timeout(PATIENCE, async { connections.lock().await.recv().await }).await;
    let mut io = next.unwrap().unwrap();
    let text = read(&mut io).await;
    (io, text)
}

async fn read(io: &mut DuplexStream) -> String {
    let mut text = String::new();
    let mut piece = [0; 512];
    while !text.contains("</a:Envelope>") {
        let n = timeout(PATIENCE, io.read(&mut piece)).await.unwrap().unwrap();
        assert_ne!(n, 0, "closed after {text}");
        text.push_str(std::str::from_utf8(&piece[..n]).unwrap());
    }
    text
}

fn unauthorized(nonce: &str) -> String {
    format!(
        "HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nContent-Length: 0\r\n\
         WWW-Authenticate: Digest realm=\"Digest:A4\",nonce=\"{nonce}\",stale=\"false\",qop=\"auth\"\r\n\r\n"
    )
}

fn answer(id: &str) -> String {
    let resource = ResourceUri::of_class("AMT_GeneralSettings");
    let outcome = Outcome::Got(amt::wsman::Instance::new(resource.clone().unwrap()));
    let body = Reply { relates_to: id.into(), resource, result: Ok(outcome) }.to_xml(1);
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

fn count_of(request: &str) -> &str {
    let at = request.find("nc=").unwrap();
    &request[at + 3..at + 11]
}

// Pipes know no real time, so the deadline comes when nothing is left to do, however slow the machine is.
#[tokio::test(start_paused = true)]
async fn a_silent_platform_ends_at_the_deadline_and_harms_no_later_call() {
    let (mut line, connections) = line();
    let account = account();
    let silent = async { request(&connections).await };
    let (ended, _held) = tokio::join!(ask(&mut line, &account, get(), soon()), silent);
    assert_eq!(ended.unwrap_err(), CommandError::Silent);

    let platform = async {
        let (mut io, _) = request(&connections).await;
        io.write_all(answer("7").as_bytes()).await.unwrap();
        io
    };
    let (answered, _io) = tokio::join!(ask(&mut line, &account, get(), later()), platform);
    assert!(answered.unwrap().reply.result.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_change_without_an_answer_is_unknown_and_sent_once() {
    let (mut line, connections) = line();
    let platform = async {
        let (io, _) = request(&connections).await;
        drop(io);
    };
    let account = account();
    let (ended, ()) = tokio::join!(ask(&mut line, &account, reset(), later()), platform);
    assert!(matches!(ended, Err(CommandError::Unknown { .. })), "{ended:?}");
    assert!(connections.lock().await.try_recv().is_err(), "nothing was sent again");

    let silent = async { request(&connections).await };
    let (ended, _held) = tokio::join!(ask(&mut line, &account, reset(), soon()), silent);
    assert!(matches!(ended, Err(CommandError::Unknown { .. })), "{ended:?}");
}

#[tokio::test]
async fn a_change_that_was_refused_with_401_is_sent_again_over_a_fresh_connection() {
    let (mut line, connections) = line();
    let platform = async {
        let (mut io, first) = request(&connections).await;
        assert!(!first.contains("Authorization:"));
        io.write_all(unauthorized("n1").as_bytes()).await.unwrap();
        drop(io);
        let (mut io, second) = request(&connections).await;
        assert!(second.contains("username=\"admin\"") && second.contains("nonce=\"n1\""));
        io.write_all(answer("8").as_bytes()).await.unwrap();
        io
    };
    let account = account();
    let (answered, _io) = tokio::join!(ask(&mut line, &account, reset(), later()), platform);
    assert!(answered.is_ok(), "{answered:?}");
}

#[tokio::test]
async fn a_wrong_password_is_tried_once() {
    let (mut line, connections) = line();
    let platform = async {
        for nonce in ["n1", "n2"] {
            let (mut io, _) = request(&connections).await;
            io.write_all(unauthorized(nonce).as_bytes()).await.unwrap();
        }
    };
    let account = account();
    let (ended, ()) = tokio::join!(ask(&mut line, &account, get(), later()), platform);
    assert_eq!(ended.unwrap_err(), CommandError::CredentialRefused);
    assert!(connections.lock().await.try_recv().is_err());
}

#[tokio::test]
async fn a_kept_connection_carries_reads_and_one_that_was_closed_is_replaced() {
    let (mut line, connections) = line();
    let account = account();
    let platform = async {
        let (mut io, _) = request(&connections).await;
        io.write_all(answer("7").as_bytes()).await.unwrap();
        read(&mut io).await;
        io.write_all(answer("7").as_bytes()).await.unwrap();
        // It reads the third request and closes without a byte: only a kept connection does that.
        read(&mut io).await;
        drop(io);
        let (mut io, _) = request(&connections).await;
        io.write_all(answer("7").as_bytes()).await.unwrap();
        io
    };
    let console = async {
        for _ in 0..3 {
            ask(&mut line, &account, get(), later()).await.unwrap();
        }
    };
    let (_io, ()) = tokio::join!(platform, console);
}

#[tokio::test]
async fn what_a_platform_said_before_it_stopped_reading_counts() {
    let (mut line, connections) = line();
    let account = account();
    let target = Target::class("AMT_GeneralSettings").unwrap();
    let long = Operation::Invoke {
        method: "Fill".into(),
        arguments: vec![("Text".into(), "x".repeat(60_000).into())],
    };
    let envelope = Envelope::new(&Request::new("9", target, long));
    let platform = async {
        // It answers as soon as it sees the head, reads no further, and closes.
        let mut io = connections.lock().await.recv().await.unwrap();
        let mut head = [0; 64];
        io.read_exact(&mut head).await.unwrap();
        io.write_all(unauthorized("n1").as_bytes()).await.unwrap();
        drop(io);
        let (mut io, second) = request(&connections).await;
        assert!(second.contains("nonce=\"n1\""));
        io.write_all(answer("9").as_bytes()).await.unwrap();
        io
    };
    let (answered, _io) = tokio::join!(ask(&mut line, &account, envelope, later()), platform);
    assert!(answered.is_ok(), "{answered:?}");
}

#[tokio::test]
async fn calls_beside_each_other_share_one_challenge_and_never_a_count() {
    let account = account();
    let (mut line, connections) = line();
    let warm = async {
        let (mut io, _) = request(&connections).await;
        io.write_all(unauthorized("n1").as_bytes()).await.unwrap();
        drop(io);
        let (mut io, text) = request(&connections).await;
        io.write_all(answer("7").as_bytes()).await.unwrap();
        count_of(&text).to_owned()
    };
    let (first, count) = tokio::join!(ask(&mut line, &account, get(), later()), warm);
    assert!(first.is_ok());
    assert_eq!(count, "00000001");

    let (mut one, ones) = self::line();
    let (mut two, twos) = self::line();
    let platform = async {
        let (mut first, a) = request(&ones).await;
        let (mut second, b) = request(&twos).await;
        let mut counts = [count_of(&a).to_owned(), count_of(&b).to_owned()];
        counts.sort();
        assert_eq!(counts, ["00000002", "00000003"]);
        second.write_all(answer("7").as_bytes()).await.unwrap();
        first.write_all(answer("7").as_bytes()).await.unwrap();
        (first, second)
    };
    let (a, b, _io) = tokio::join!(
        ask(&mut one, &account, get(), later()),
        ask(&mut two, &account, get(), later()),
        platform
    );
    assert!(a.is_ok() && b.is_ok());
}
