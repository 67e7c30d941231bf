//! Webhooks and a broker are told what happens: signed, in order, again after a failure, and never where they could do
//! harm. A webhook with a veto decides whether a device comes in.

use crate::harness::{
    Broker, Issued, Platform, Receiver, Server, Settings, Told, eventually, free_port, output, run,
};
use serde_json::json;
use std::{
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

const GUID: &str = "5c4c4544-004b-4210-8033-b6c04f504601";
const PASSWORD: &str = "Cira1Password";
const SECRET: &str = "a secret of some length";

fn fine(_: &Told) -> (&'static str, String) {
    ("204 No Content", String::new())
}

fn server(toml: &str) -> Server {
    let server = Server::start(&Settings { toml: toml.to_owned() });
    server.add_device("pc-1", GUID, "pc1user", PASSWORD);
    server
}

fn dial(server: &Server) -> Platform {
    let root = server.root_certificate();
    Platform::dial(&server.device_listeners()[0], &root, GUID, "pc1user", PASSWORD)
}

/// Until the figure of the events that wait for the webhook is right.
fn waiting(server: &Server, right: impl Fn(u64) -> bool) {
    let url = format!("http://{}/metrics", server.address("metrics"));
    eventually("the figure of what waits", || {
        let text = run("curl", ["-fsS", &url]);
        let name = "viaduct_sink_waiting{sink=\"webhook-1\"} ";
        let figure = text.lines().find_map(|line| line.strip_prefix(name)).ok_or("none")?;
        if right(figure.parse().unwrap()) { Ok(()) } else { Err(figure.to_owned()) }
    });
}

/// By OpenSSL's command line, as somebody would who has no library.
fn signature(told: &Told) -> String {
    let signed = format!(
        "{}.{}.{}",
        told.headers["webhook-id"], told.headers["webhook-timestamp"], told.body
    );
    let script = "printf %s \"$1\" | openssl dgst -sha256 -hmac \"$2\" -binary | openssl base64 -A";
    let mut command = Command::new("sh");
    command.args(["-c", script, "sh", &signed, SECRET]);
    format!("v1,{}", String::from_utf8(output(&mut command).stdout).unwrap())
}

#[test]
fn a_webhook_gets_signed_notices_with_where_to_find_the_device() {
    let receiver = Receiver::start(fine);
    let url = &receiver.url;
    let server = server(&format!(
        "[[events.webhooks]]\nurl = \"{url}\"\nsecret = \"{SECRET}\"\nallow_private = true\n"
    ));
    let platform = dial(&server).connected();
    let ready = receiver.next("tunnel.ready");
    assert_eq!(ready.headers["webhook-signature"], signature(&ready));
    let notice = ready.json();
    assert_eq!((&notice["guid"], &notice["name"]), (&GUID.into(), &"pc-1".into()));
    let mps = &notice["mps"];
    assert_eq!((&mps["state"], &mps["deviceFqdn"]), (&0.into(), &"pc-1".into()));
    assert_eq!(mps["deviceUuid"], GUID);
    assert_eq!(mps["devicePort"][0], 16992);
    assert_eq!((&mps["mpsAddress"], &mps["wantReply"]), (&"127.0.0.1".into(), &false.into()));
    let port = |listener: &str| {
        server.address(listener).rsplit(':').next().unwrap().parse::<u16>().unwrap()
    };
    assert_eq!(mps["mpsHttpPort"], port("HTTP proxy"));
    assert_eq!(mps["mpsSocksPort"], port("SOCKS5"));
    drop(platform);
    let ended = receiver.next("tunnel.ended").json();
    assert_eq!((&ended["mps"]["state"], &ended["mps"]["deviceUuid"]), (&1.into(), &GUID.into()));
    assert!(ended["id"].as_u64() > notice["id"].as_u64());
}

#[test]
fn an_event_is_sent_again_until_it_is_taken_and_the_order_is_kept() {
    let attempts = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&attempts);
    let receiver = Receiver::start(move |_: &Told| match count.fetch_add(1, Ordering::SeqCst) {
        0 => ("503 Service Unavailable", String::new()),
        // A page to sign in, say. It is not followed, and the event waits.
        1 => ("302 Found", String::new()),
        _ => ("200 OK", "taken".to_owned()),
    });
    let url = &receiver.url;
    let server = server(&format!(
        "[[events.webhooks]]\nurl = \"{url}\"\nallow_private = true\ntypes = [\"tunnel\"]\n"
    ));
    let _platform = dial(&server).connected();
    let first = receiver.next("tunnel.opened");
    for _ in 0..2 {
        let again = receiver.next("tunnel.opened");
        assert_eq!(first.headers["webhook-id"], again.headers["webhook-id"]);
        assert_eq!(first.body, again.body);
    }
    receiver.next("tunnel.ready");
    assert_eq!(attempts.load(Ordering::SeqCst), 4);
    waiting(&server, |waiting| waiting == 0);
}

#[test]
fn a_receiver_in_a_private_network_is_not_called_unless_that_is_allowed() {
    let receiver = Receiver::start(fine);
    let https = receiver.url.replace("http:", "https:");
    let server = server(&format!("[[events.webhooks]]\nurl = \"{https}\"\n"));
    let _platform = dial(&server).connected();
    let line = server.process.any_line(|line| line.contains("events wait for it"));
    assert!(line.contains("private") && line.contains("allow_private"), "{line}");
    // What it was not told is counted while it is away, the one that is being tried too.
    waiting(&server, |waiting| waiting >= 2);
}

#[test]
fn a_veto_keeps_a_device_out_and_says_so_where_people_look() {
    let receiver = Receiver::start(|told: &Told| {
        let asked = told.json()["type"] == "tunnel.asked";
        let answer = json!({ "keepConnection": !asked, "reason": "reported stolen" });
        ("200 OK", answer.to_string())
    });
    let url = &receiver.url;
    let server = server(&format!(
        "[[events.webhooks]]\nurl = \"{url}\"\nallow_private = true\nveto = true\n"
    ));
    let _platform = dial(&server);
    let asked = receiver.next("tunnel.asked").json();
    assert_eq!((&asked["guid"], &asked["mps"]["wantReply"]), (&GUID.into(), &true.into()));
    let failed = receiver.next("connection.failed").json();
    assert_eq!((&failed["reason"], &failed["guid"]), (&"verdict".into(), &GUID.into()));
    let why = server.cli(&["devices", "why-offline", "pc-1"]);
    assert!(why.contains("reported stolen") && why.contains("veto"), "{why}");
    let devices = server.cli_json(&["devices", "ls"]);
    assert_eq!(devices[0]["connectionStatus"], false);
}

#[test]
fn without_a_verdict_in_time_the_configured_word_counts() {
    // The system takes the connection, and nobody ever answers on it.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", silent.local_addr().unwrap());
    let hook = |no_verdict: &str| {
        format!(
            "[[events.webhooks]]\nurl = \"{url}\"\nallow_private = true\nveto = true\n\
             veto_deadline = \"300ms\"\nno_verdict = \"{no_verdict}\"\n"
        )
    };
    let open = server(&hook("allow"));
    let _platform = dial(&open).connected();
    open.process.any_line(|line| line.contains("gave no verdict on a new tunnel"));
    let closed = server(&hook("refuse"));
    let _platform = dial(&closed);
    closed.process.any_line(|line| line.contains("no_verdict = \"refuse\""));
}

#[test]
fn a_broker_gets_connects_and_disconnects_as_open_amt_publishes_them_also_after_a_pause() {
    let port = free_port();
    let server = server(&format!(
        "[events.mqtt]\nurl = \"mqtt://127.0.0.1:{port}\"\nuser = \"{}\"\npassword = \"{}\"\n",
        Broker::USER,
        Broker::PASSWORD
    ));
    // The broker is not there yet: what happens meanwhile waits.
    let platform = dial(&server).connected();
    server.process.any_line(|line| line.contains("events wait for it"));
    let broker = Broker::start(port, None);
    let subscriber = broker.subscribe();
    drop(platform);
    let (topic, ended) = subscriber.message("CIRA_Disconnected");
    assert_eq!(topic, "mps/events");
    assert_eq!((&ended["type"], &ended["guid"]), (&"success".into(), &GUID.into()));
    assert!(ended["timestamp"].as_i64() > Some(1_700_000_000_000), "{ended}");
    assert_eq!(ended["event"]["type"], "tunnel.ended");
    assert!(ended["message"].as_str().is_some_and(|text| !text.is_empty()), "{ended}");
    // A new broker in the place of the old one: the server comes back by itself.
    drop(subscriber);
    broker.end();
    let platform = dial(&server).connected();
    let broker = Broker::start(port, None);
    let subscriber = broker.subscribe();
    drop(platform);
    let (_, again) = subscriber.message("CIRA_Disconnected");
    assert!(again["event"]["id"].as_u64() > ended["event"]["id"].as_u64(), "{again}");
}

#[test]
fn a_broker_behind_tls_must_show_a_certificate_that_is_trusted() {
    let certificate = Issued::new("127.0.0.1");
    let broker = Broker::start(free_port(), Some(&certificate));
    let settings = |ca: &str| {
        format!(
            "[events.mqtt]\nurl = \"mqtts://127.0.0.1:{}\"\nuser = \"{}\"\npassword = \"{}\"\n{ca}",
            broker.port,
            Broker::USER,
            Broker::PASSWORD
        )
    };
    let ca = format!("ca = \"{}\"\n", certificate.ca.display());
    let subscriber = broker.subscribe();
    let trusting = server(&settings(&ca));
    let _platform = dial(&trusting).connected();
    let (_, connected) = subscriber.message("CIRA_Connected");
    assert_eq!(connected["guid"], GUID);
    let other = Issued::new("127.0.0.1");
    let doubting = server(&settings(&format!("ca = \"{}\"\n", other.ca.display())));
    let line = doubting.process.any_line(|line| line.contains("events wait for it"));
    assert!(line.contains("certificate"), "{line}");
}

#[test]
fn a_platform_pushes_an_event_through_a_channel_of_its_own_when_that_is_switched_on() {
    let receiver = Receiver::start(fine);
    let url = &receiver.url;
    let server = server(&format!(
        "[events]\ndevice_channels = true\n\
         [[events.webhooks]]\nurl = \"{url}\"\nallow_private = true\ntypes = [\"device.alert\"]\n"
    ));
    let root = server.root_certificate();
    let options = ["--fault", "direct=198.51.100.7:9971"];
    let _platform = Platform::dial_with(
        &server.device_listeners()[0],
        &root,
        GUID,
        "pc1user",
        PASSWORD,
        &options,
    );
    let event = receiver.next("device.alert").json();
    assert_eq!(event["guid"], GUID);
    let alert = &event["alert"];
    assert_eq!(
        (&alert["source"], &alert["messageId"]),
        (&"ws-eventing".into(), &"iAMT0058".into())
    );
    assert_eq!((&alert["arguments"], &alert["severity"]), (&json!(["1"]), &"information".into()));
    assert_eq!(alert["destination"], "198.51.100.7:9971");
    assert!(event["text"].as_str().unwrap().contains("tunnel to the MPS is up"), "{event}");
    let listed = server.cli_json(&["events", "--type", "device.alert"]);
    assert_eq!(listed[0]["id"], event["id"]);
}
