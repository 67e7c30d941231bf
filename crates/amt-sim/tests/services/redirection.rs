//! The redirection port: beginning, login, and the shell behind serial-over-LAN.

use std::sync::Arc;

use amt::{
    credentials::Credentials,
    redirect::{
        ConsoleLogin, ConsoleMessage, ConsoleStep, Decoder, DeviceMessage, DigestLoginAnswer,
        DigestLoginChallenge, Kind, LoginMethod, PlainLogin, SolSettings, StartStatus,
    },
    wsman::{Operation, Outcome},
};
use amt_sim::services::Host;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt, DuplexStream},
    time::timeout,
};

use crate::console::{DEADLINE, PASSWORD, ask, class, config, connect, host, read_all};

/// The next message of the platform.
pub(crate) async fn read_message(
    io: &mut (impl AsyncRead + Unpin),
    decoder: &mut Decoder,
) -> DeviceMessage {
    next(io, decoder).await.expect("a message and not the end")
}

async fn next(io: &mut (impl AsyncRead + Unpin), decoder: &mut Decoder) -> Option<DeviceMessage> {
    loop {
        if let Some(message) = decoder.poll_message().unwrap() {
            return Some(message);
        }
        let mut buffer = [0; 64];
        let read = timeout(DEADLINE, io.read(&mut buffer)).await.expect("a message in time");
        match read.unwrap() {
            0 => return None,
            n => decoder.handle_bytes(&buffer[..n]),
        }
    }
}

pub(crate) struct Console {
    pub(crate) io: DuplexStream,
    decoder: Decoder,
    text: String,
}

impl Console {
    pub(crate) fn new(host: &Arc<Host>) -> Self {
        Self { io: connect(host, 16994), decoder: Decoder::new(), text: String::new() }
    }

    async fn send(&mut self, message: &ConsoleMessage) {
        let mut out = Vec::new();
        message.encode(&mut out);
        self.io.write_all(&out).await.unwrap();
    }

    async fn read(&mut self) -> DeviceMessage {
        read_message(&mut self.io, &mut self.decoder).await
    }

    pub(crate) async fn start(&mut self, kind: Kind) -> StartStatus {
        self.send(&ConsoleMessage::Start(kind)).await;
        match self.read().await {
            DeviceMessage::Started { status, .. } => status,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn log_in(&mut self, password: &str) -> ConsoleStep {
        let mut login = ConsoleLogin::new(Credentials::new("admin", password), [5; 16]);
        let mut message = login.start();
        loop {
            self.send(&message).await;
            let DeviceMessage::Login { status, method, data } = self.read().await else {
                panic!("no answer to the login")
            };
            match login.handle(status, method, &data) {
                ConsoleStep::Send(more) => message = more,
                end => return end,
            }
        }
    }

    async fn open(&mut self, settings: SolSettings) -> u8 {
        self.send(&ConsoleMessage::SolOpen { sequence: 0, settings }).await;
        match self.read().await {
            DeviceMessage::SolOpened { status, .. } => status,
            other => panic!("{other:?}"),
        }
    }

    /// Reads until the shell has said this, and forgets what came up to there.
    pub(crate) async fn expect(&mut self, wanted: &str) {
        while !self.text.contains(wanted) {
            match self.read().await {
                DeviceMessage::SolData { data, .. } => {
                    self.text.push_str(std::str::from_utf8(&data).unwrap());
                }
                DeviceMessage::Heartbeat { .. } | DeviceMessage::SolControls { .. } => {}
                other => panic!("{other:?} instead of {wanted:?} after {:?}", self.text),
            }
        }
        let end = self.text.find(wanted).unwrap() + wanted.len();
        self.text.drain(..end);
    }

    pub(crate) async fn type_in(&mut self, text: &str) {
        let data = text.as_bytes().to_vec();
        self.send(&ConsoleMessage::SolData { sequence: 1, data }).await;
    }

    /// The whole way to the shell's prompt.
    pub(crate) async fn at_prompt(host: &Arc<Host>) -> Self {
        let mut console = Self::new(host);
        assert_eq!(console.start(Kind::Sol).await, StartStatus::Ok);
        assert_eq!(console.log_in(PASSWORD).await, ConsoleStep::Accepted);
        assert_eq!(console.open(SolSettings::default()).await, 0);
        console.expect("pc-01 login-free shell> ").await;
        console
    }
}

fn lenient() -> Arc<Host> {
    let mut config = config();
    config.lenient = true;
    Host::new(config)
}

pub(crate) async fn power(host: &Arc<Host>, state: u32) -> Option<u32> {
    let arguments = vec![("PowerState".into(), state.into())];
    let invoke = Operation::Invoke { method: "RequestPowerStateChange".into(), arguments };
    let outcome = ask(host, class("CIM_PowerManagementService"), invoke).await.unwrap();
    outcome.return_value()
}

#[tokio::test]
async fn a_console_types_and_the_shell_answers() {
    let mut console = Console::at_prompt(&host()).await;
    console.type_in("echo hello\r").await;
    console.expect("echo hello\r\nhello\r\n").await;
    console.type_in("power\n").await;
    console.expect("power: on (2)\r\n").await;
    for byte in ["h", "e", "l", "p", "\r\n"] {
        console.type_in(byte).await;
    }
    console.expect("commands: help, echo TEXT, printf TEXT, uptime, power, boot, exit").await;
    console.type_in("uptime\r").await;
    console.expect("up ").await;
}

#[tokio::test]
async fn exit_ends_the_session_and_frees_the_port() {
    let host = host();
    let mut console = Console::at_prompt(&host).await;
    console.type_in("exit\r").await;
    console.expect("bye\r\n").await;
    assert!(matches!(console.read().await, DeviceMessage::SolClosed { .. }));
    assert_eq!(read_all(&mut console.io).await, b"");
    Console::at_prompt(&host).await;
}

#[tokio::test]
async fn a_second_console_is_told_that_the_port_is_busy_until_the_first_has_gone() {
    let host = host();
    let first = Console::at_prompt(&host).await;
    let mut second = Console::new(&host);
    assert_eq!(second.start(Kind::Sol).await, StartStatus::Busy);
    assert_eq!(read_all(&mut second.io).await, b"", "closed after the refusal");
    drop(first);
    let freed = async {
        while Console::new(&host).start(Kind::Sol).await != StartStatus::Ok {
            tokio::task::yield_now().await;
        }
    };
    timeout(DEADLINE, freed).await.expect("free again");
}

#[tokio::test]
async fn nobody_holds_the_port_without_having_logged_in() {
    let host = host();
    let mut early = Console::new(&host);
    assert_eq!(early.start(Kind::Sol).await, StartStatus::Ok);
    let mut slower = Console::new(&host);
    assert_eq!(slower.start(Kind::Sol).await, StartStatus::Ok);
    assert_eq!(slower.log_in(PASSWORD).await, ConsoleStep::Accepted);
    let winner = Console::at_prompt(&host).await;
    assert_eq!(slower.open(SolSettings::default()).await, 2, "somebody was faster");
    drop(winner);
}

#[tokio::test]
async fn every_kind_of_redirection_can_begin_and_other_kinds_are_unknown() {
    let host = host();
    for (kind, status) in [
        (Kind::Ider, StartStatus::Ok),
        (Kind::Kvm, StartStatus::Ok),
        (Kind::Other(*b"NONE"), StartStatus::UnknownKind),
    ] {
        let mut console = Console::new(&host);
        assert_eq!(console.start(kind).await, status);
        if status != StartStatus::Ok {
            assert_eq!(read_all(&mut console.io).await, b"");
        }
    }
}

#[tokio::test]
async fn switched_off_by_wsman_it_does_not_begin() {
    let host = host();
    let arguments = vec![("RequestedState".into(), 32769_u32.into())];
    let invoke = Operation::Invoke { method: "RequestStateChange".into(), arguments };
    let outcome = ask(&host, class("AMT_RedirectionService"), invoke).await;
    assert_eq!(outcome.as_ref().ok().and_then(Outcome::return_value), Some(0));
    assert_eq!(Console::new(&host).start(Kind::Sol).await, StartStatus::Unsupported);
}

#[tokio::test]
async fn three_wrong_passwords_close_the_connection() {
    let mut console = Console::new(&host());
    assert_eq!(console.start(Kind::Sol).await, StartStatus::Ok);
    for _ in 0..3 {
        assert_eq!(console.log_in("wrong").await, ConsoleStep::Denied);
    }
    assert_eq!(read_all(&mut console.io).await, b"");
}

#[tokio::test]
async fn after_a_wrong_password_the_right_one_still_works() {
    let mut console = Console::new(&host());
    assert_eq!(console.start(Kind::Sol).await, StartStatus::Ok);
    assert_eq!(console.log_in("wrong").await, ConsoleStep::Denied);
    assert_eq!(console.log_in(PASSWORD).await, ConsoleStep::Accepted);
}

#[tokio::test]
async fn a_query_offers_both_digests_and_clear_text_only_when_lenient() {
    for (host, offered) in [(host(), vec![3, 4]), (lenient(), vec![1, 3, 4])] {
        let mut console = Console::new(&host);
        assert_eq!(console.start(Kind::Sol).await, StartStatus::Ok);
        let query = ConsoleMessage::Login { method: LoginMethod::Query, data: vec![] };
        console.send(&query).await;
        let expected =
            DeviceMessage::Login { status: 0, method: LoginMethod::Query, data: offered };
        assert_eq!(console.read().await, expected);
    }
}

#[tokio::test]
async fn clear_text_works_without_asking_only_when_lenient() {
    for (host, password, status) in [
        (host(), PASSWORD, 1),
        (lenient(), PASSWORD, 0),
        (lenient(), "wrong", 1),
        (lenient(), "", 1),
    ] {
        let mut console = Console::new(&host);
        assert_eq!(console.start(Kind::Sol).await, StartStatus::Ok);
        let plain = PlainLogin { user: "admin".into(), password: password.into() };
        let data = plain.to_data().unwrap();
        console.send(&ConsoleMessage::Login { method: LoginMethod::Plain, data }).await;
        let expected = DeviceMessage::Login { status, method: LoginMethod::Plain, data: vec![] };
        assert_eq!(console.read().await, expected, "{password:?}");
    }
}

#[tokio::test]
async fn a_digest_without_qop_works_and_an_empty_response_does_not() {
    let method = LoginMethod::Digest;
    for cut in [32, 31, 1, 0] {
        let mut console = Console::new(&host());
        assert_eq!(console.start(Kind::Sol).await, StartStatus::Ok);
        let first = DigestLoginAnswer::first("admin");
        let data = first.to_data(method).unwrap();
        console.send(&ConsoleMessage::Login { method, data }).await;
        let DeviceMessage::Login { status: 1, data, .. } = console.read().await else {
            panic!("no challenge")
        };
        let DigestLoginChallenge { realm, nonce } = DigestLoginChallenge::parse(&data).unwrap();
        let ha1 = amt::http::digest::Ha1::new("admin", &realm, PASSWORD);
        let mut answer = DigestLoginAnswer { realm, nonce, ..first };
        answer.response = answer.expected(method, ha1).as_str()[..cut].to_owned();
        let data = answer.to_data(method).unwrap();
        console.send(&ConsoleMessage::Login { method, data }).await;
        let status = u8::from(cut != 32);
        assert_eq!(console.read().await, DeviceMessage::Login { status, method, data: vec![] });
    }
}

#[tokio::test]
async fn the_serial_port_does_not_open_without_login() {
    let mut console = Console::new(&host());
    assert_eq!(console.start(Kind::Sol).await, StartStatus::Ok);
    let settings = SolSettings::default();
    console.send(&ConsoleMessage::SolOpen { sequence: 0, settings }).await;
    assert_eq!(read_all(&mut console.io).await, b"");
}

#[tokio::test]
async fn output_keeps_to_the_size_that_the_console_asked_for() {
    let mut console = Console::new(&host());
    console.start(Kind::Sol).await;
    console.log_in(PASSWORD).await;
    let settings = SolSettings { max_transmit: 5, ..SolSettings::default() };
    assert_eq!(console.open(settings).await, 0);
    let mut text = Vec::new();
    while !text.ends_with(b"shell> ") {
        if let DeviceMessage::SolData { data, .. } = console.read().await {
            assert!((1..=5).contains(&data.len()), "{}", data.len());
            text.extend(data);
        }
    }
}

#[tokio::test]
async fn heartbeats_come_and_pings_are_answered() {
    let mut console = Console::new(&host());
    console.start(Kind::Sol).await;
    console.log_in(PASSWORD).await;
    let settings = SolSettings { heartbeat: 20, ..SolSettings::default() };
    assert_eq!(console.open(settings).await, 0);
    while !matches!(console.read().await, DeviceMessage::Heartbeat { .. }) {}
    console.send(&ConsoleMessage::Ping { sequence: 9 }).await;
    while !matches!(console.read().await, DeviceMessage::Pong { .. }) {}
}

#[tokio::test]
async fn a_console_that_falls_silent_loses_the_port() {
    let host = host();
    let mut console = Console::new(&host);
    console.start(Kind::Sol).await;
    console.log_in(PASSWORD).await;
    let settings = SolSettings { receive_timeout: 20, heartbeat: 0, ..SolSettings::default() };
    assert_eq!(console.open(settings).await, 0);
    read_all(&mut console.io).await;
    Console::at_prompt(&host).await;
}

#[tokio::test]
async fn a_reset_is_seen_on_the_console_and_cutting_the_power_under_it_is_refused() {
    let host = host();
    let mut console = Console::at_prompt(&host).await;
    assert_eq!(power(&host, 8).await, Some(6), "in use");
    assert_eq!(power(&host, 10).await, Some(0));
    console.expect("*** power: off ***").await;
    console.expect("*** power: on ***").await;
    console.expect("pc-01 login-free shell> ").await;
    console.type_in("echo back\r").await;
    console.expect("\r\nback\r\n").await;
}

#[tokio::test]
async fn a_console_that_types_much_before_it_reads_loses_nothing() {
    let mut console = Console::at_prompt(&host()).await;
    let line = format!("echo {}\r", "x".repeat(100));
    let mut typed = Vec::new();
    for _ in 0..300 {
        let data = line.as_bytes().to_vec();
        ConsoleMessage::SolData { sequence: 1, data }.encode(&mut typed);
    }
    let answer = format!("\r\n{}\r\n", "x".repeat(100));
    let (mut reader, mut writer) = tokio::io::split(console.io);
    let writing = tokio::spawn(async move { writer.write_all(&typed).await.map(|()| writer) });
    let mut text = String::new();
    while text.matches(&answer).count() < 300 {
        if let DeviceMessage::SolData { data, .. } =
            read_message(&mut reader, &mut console.decoder).await
        {
            text.push_str(std::str::from_utf8(&data).unwrap());
        }
    }
    writing.await.unwrap().unwrap();
}

#[tokio::test]
async fn bytes_that_are_no_redirection_end_the_connection() {
    for bytes in [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0x13, 0, 0, 0, 4, 255, 255, 255, 255]] {
        let host = host();
        let mut console = Console::new(&host);
        console.io.write_all(bytes).await.unwrap();
        assert_eq!(read_all(&mut console.io).await, b"");
    }
}
