//! A device written from the protocol description alone, in another language, works through the real server.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use std::{
    net::{Ipv4Addr, SocketAddr},
    process::Stdio,
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines},
    net::TcpStream,
    process::{Child, ChildStdout, Command},
    time::timeout,
};
use viaduct_api::DeviceId;
use viaduct_server::{
    Config, Running, Server,
    access::Scope,
    config::{Secret, Span},
    inventory::NewDevice,
};

const GUID: &str = "12345678-9abc-def0-1122-334455667788";
/// Longer than anything here takes on a loaded machine; only a failure waits for it.
const PATIENCE: Duration = Duration::from_secs(60);

struct Site {
    running: Running,
    token: Secret<String>,
    _data: tempfile::TempDir,
}

impl Site {
    async fn start(adjust: impl FnOnce(&mut Config)) -> Self {
        let data = tempfile::tempdir().unwrap();
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let mut config = Config { data: data.path().join("data"), ..Config::default() };
        config.cira.listen = any;
        config.cira.names = vec!["127.0.0.1".into()];
        config.web.listen = any;
        config.socks.listen = any;
        config.http_proxy.listen = any;
        config.metrics.listen = any;
        adjust(&mut config);
        let running = Server::start(config, String::new()).await.unwrap();
        let device = NewDevice {
            id: GUID.parse::<DeviceId>().unwrap(),
            name: "pc-07".into(),
            fqdn: Some("pc-07.example.com".into()),
            labels: Default::default(),
            cira: Some(("mpsuser".into(), Some(Secret::new("Pa55-w0rd".into())))),
            certificate: None,
            amt: None,
        };
        running.inventory().add(device).await.unwrap();
        let token = running.access().create_token("test", Scope::Proxy, None).await.unwrap();
        Self { running, token, _data: data }
    }

    fn device(&self, extra: &[&str]) -> Device {
        let cira = self.running.addresses().cira[0];
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/foreign/device.py");
        let mut child = Command::new("python3")
            .arg(script)
            .args(["--port", &cira.port().to_string(), "--uuid", GUID, "--user", "mpsuser"])
            .args(["--ca", self.running.ca_file().to_str().unwrap()])
            .args(if extra.contains(&"--password") {
                &[][..]
            } else {
                &["--password", "Pa55-w0rd"]
            })
            .args(extra)
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Device { child, lines }
    }

    /// A SOCKS5 connection to a port of the device, by name.
    async fn socks(&self, host: &str, port: u16) -> Result<TcpStream, u8> {
        let mut io = TcpStream::connect(self.running.addresses().socks.unwrap()).await.unwrap();
        io.write_all(&[5, 1, 2]).await.unwrap();
        let mut answer = [0; 2];
        io.read_exact(&mut answer).await.unwrap();
        assert_eq!(answer, [5, 2]);
        let token = self.token.expose().as_bytes();
        let sign_in = [&[1, 5], &b"token"[..], &[token.len() as u8], token].concat();
        io.write_all(&sign_in).await.unwrap();
        io.read_exact(&mut answer).await.unwrap();
        assert_eq!(answer, [1, 0]);
        let head = [&[5, 1, 0, 3, host.len() as u8], host.as_bytes(), &port.to_be_bytes()].concat();
        io.write_all(&head).await.unwrap();
        let mut reply = [0; 10];
        io.read_exact(&mut reply).await.unwrap();
        if reply[1] == 0 { Ok(io) } else { Err(reply[1]) }
    }
}

struct Device {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Device {
    /// Halts it, or lets it go on.
    async fn signal(&self, name: &str) {
        let id = self.child.id().unwrap().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().await.unwrap().success());
    }

    /// Reads on until the device reports this.
    async fn says(&mut self, event: &str) -> String {
        let wanted = format!("\"event\": \"{event}\"");
        timeout(PATIENCE, async {
            loop {
                let line = self.lines.next_line().await.unwrap();
                let line = line.unwrap_or_else(|| panic!("the device ended without `{event}`"));
                if line.contains(&wanted) {
                    return line;
                }
            }
        })
        .await
        .unwrap_or_else(|_| panic!("the device never said `{event}`"))
    }
}

async fn echo(io: TcpStream, bytes: usize) {
    let data: Vec<u8> = (0..bytes).map(|n| (n % 65_521) as u8 ^ (n >> 12) as u8).collect();
    let (mut read, mut write) = io.into_split();
    let sent = data.clone();
    let writer = tokio::spawn(async move {
        write.write_all(&sent).await.unwrap();
        write
    });
    let mut got = vec![0; bytes];
    timeout(PATIENCE, read.read_exact(&mut got)).await.unwrap().unwrap();
    assert!(got == data, "the bytes came back changed");
    drop(writer.await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn four_mebibytes_come_back_unharmed_whatever_the_window() {
    for window in ["499", "4096", "81920"] {
        let site = Site::start(|_| {}).await;
        let mut device = site.device(&["--window", window]);
        device.says("settled").await;
        let bytes = if window == "499" { 1 << 19 } else { 4 << 20 };
        echo(site.socks("PC-07.example.com", 5900).await.unwrap(), bytes).await;
        device.says("closed").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_sends_each_byte_alone_works() {
    let site = Site::start(|_| {}).await;
    let mut device = site.device(&["--fragment"]);
    device.says("settled").await;
    echo(site.socks(GUID, 16994).await.unwrap(), 64 << 10).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_refused_and_the_live_tunnel_stays() {
    let site = Site::start(|_| {}).await;
    let mut device = site.device(&[]);
    device.says("settled").await;
    let mut other = site.device(&["--password", "wrong"]);
    other.says("refused").await;
    echo(site.socks("pc-07", 5900).await.unwrap(), 1000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_authenticated_tunnel_wins_and_the_old_one_is_told() {
    let site = Site::start(|_| {}).await;
    let mut old = site.device(&[]);
    old.says("settled").await;
    let mut console = site.socks("pc-07", 5900).await.unwrap();
    let mut new = site.device(&[]);
    new.says("settled").await;
    assert!(old.says("disconnect").await.contains("11"));
    // A console on the old tunnel learns of it at once.
    let mut rest = Vec::new();
    timeout(PATIENCE, console.read_to_end(&mut rest)).await.unwrap().unwrap();
    echo(site.socks("pc-07", 5900).await.unwrap(), 1000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_keep_alive_wait_is_configurable_and_a_black_hole_is_dropped_after_it() {
    let site = Site::start(|config| {
        config.keepalive.interval = Span(Duration::from_secs(1));
        config.keepalive.wait = Span(Duration::from_secs(3));
    })
    .await;
    let mut device = site.device(&["--silent"]);
    device.says("settled").await;
    let id = GUID.parse().unwrap();
    let tunnel = site.running.registry().lookup(id).unwrap();
    let end = timeout(PATIENCE, tunnel.ended()).await.unwrap();
    assert_eq!(end.reason, "keep-alive expired");
    device.says("end of stream").await;
    assert_eq!(site.socks("pc-07", 5900).await.unwrap_err(), 3, "known but away");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_whose_keep_alives_are_missing_is_called_silent_until_it_is_heard_again() {
    let site = Site::start(|config| {
        config.keepalive.interval = Span(Duration::from_secs(1));
        // Longer than the test: it is never given up.
        config.keepalive.wait = Span(2 * PATIENCE);
    })
    .await;
    let mut device = site.device(&["--keepalive", "1"]);
    device.says("settled").await;
    device.says("keepalive").await;
    let tunnel = site.running.registry().lookup(GUID.parse().unwrap()).unwrap();
    let becomes = async |silent| {
        let change = async {
            while tunnel.is_silent() != silent {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(PATIENCE, change).await.unwrap();
    };
    device.signal("STOP").await;
    becomes(true).await;
    device.signal("CONT").await;
    becomes(false).await;
    echo(site.socks("pc-07", 5900).await.unwrap(), 1000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_machines_with_one_uuid_raise_an_alarm_with_both_addresses() {
    let site = Site::start(|_| {}).await;
    let mut events = site.running.events().subscribe();
    let mut machines = Vec::new();
    for _ in 0..4 {
        let mut machine = site.device(&[]);
        machine.says("settled").await;
        machines.push(machine);
    }
    let alarm = timeout(PATIENCE, async {
        loop {
            let event = events.recv().await.unwrap();
            if let viaduct_server::events::Event::IdentityConflict { addresses, .. } = &*event {
                return *addresses;
            }
        }
    });
    let [one, other] = alarm.await.unwrap();
    assert_ne!(one, other);
    drop(machines);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_fights_waits_and_is_let_in_when_the_other_has_left() {
    let site = Site::start(|_| {}).await;
    let mut events = site.running.events().subscribe();
    let mut live = site.device(&[]);
    live.says("settled").await;
    for _ in 0..3 {
        let mut next = site.device(&[]);
        next.says("settled").await;
        live = next;
    }
    let mut delayed = async || loop {
        let event = events.recv().await.unwrap();
        if let viaduct_server::events::Event::TakeoverDelayed { seconds, .. } = &*event {
            return *seconds;
        }
    };
    let left = site.device(&[]);
    assert!(timeout(PATIENCE, delayed()).await.unwrap() <= 30);
    let mut waiting = site.device(&[]);
    timeout(PATIENCE, delayed()).await.unwrap();
    // One that waits and goes away takes nothing from anybody.
    drop(left);
    echo(site.socks("pc-07", 5900).await.unwrap(), 1000).await;
    let tunnel = site.running.registry().lookup(GUID.parse().unwrap()).unwrap();
    drop(live);
    timeout(PATIENCE, tunnel.ended()).await.unwrap();
    waiting.says("settled").await;
    echo(site.socks("pc-07", 5900).await.unwrap(), 1000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_console_that_stops_reading_holds_up_nobody_else() {
    let site = Site::start(|_| {}).await;
    let mut device = site.device(&["--window", "65536"]);
    device.says("settled").await;
    let stuck = site.socks("pc-07", 5900).await.unwrap();
    // More than every buffer in between holds: the writes stop when the way back is full.
    let piece = vec![7; 64 << 10];
    let filling = async {
        let mut written = 0;
        while timeout(Duration::from_secs(1), stuck.writable()).await.is_ok() && written < 256 << 20
        {
            match stuck.try_write(&piece) {
                Ok(n) => written += n,
                Err(e) if e.kind() == std::io::ErrorKind::WouldBlock => {}
                Err(e) => panic!("{e}"),
            }
        }
        written
    };
    let written = filling.await;
    assert!(written < 256 << 20, "back-pressure reached the console");
    echo(site.socks("pc-07", 16994).await.unwrap(), 1 << 20).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_table_of_refusals_holds_for_socks() {
    let site = Site::start(|_| {}).await;
    assert_eq!(site.socks("pc-07", 5900).await.unwrap_err(), 3, "known but away");
    let mut device = site.device(&["--ports", "16993,16995"]);
    device.says("settled").await;
    for (host, port, reply) in [
        ("nobody", 16993, 4),
        ("pc-07", 16992, 2),
        ("pc-07", 22, 2),
        ("127.0.0.1", 16993, 8),
        ("localhost", 16993, 8),
        ("a@pc-07", 16993, 8),
    ] {
        assert_eq!(site.socks(host, port).await.unwrap_err(), reply, "{host}:{port}");
    }
    assert!(site.socks("pc-07", 16993).await.is_ok());
}
