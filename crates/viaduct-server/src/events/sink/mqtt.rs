//! A broker: events as Open AMT's MPS publishes them, each until the broker has acknowledged it.

use super::{
    FIRST_PAUSE, Feed, SinkError,
    dial::{Io, Target},
    methods,
    packet::{self, Connect, Packet},
    secret, tls,
};
use crate::{
    config::{self, Secret},
    tls::OutgoingTls,
};
use bytes::BytesMut;
use serde_json::json;
use std::{collections::VecDeque, io, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::{Instant, sleep_until, timeout},
};
use viaduct_api::Event as Record;

/// Sent and not acknowledged yet, at most; a distant broker still takes hundreds a second.
const ON_THE_WAY: usize = 64;
/// A ping is sent after so much silence of ours.
const PING: Duration = Duration::from_secs(20);
/// What we tell the broker about that.
const KEEP_ALIVE: u16 = 45;
/// An acknowledgement or pong must come so soon.
const ANSWER: Duration = Duration::from_secs(20);

/// Where to, and how.
#[derive(Debug)]
pub(super) struct Broker {
    name: String,
    target: Target,
    tls: Option<OutgoingTls>,
    client: String,
    user: Option<String>,
    password: Option<Secret<String>>,
    topic: String,
}

impl Broker {
    pub(super) fn new(mqtt: &config::Mqtt) -> Result<Self, SinkError> {
        // A broker is named by the administrator alone and usually stands in the own network.
        let target = Target::parse(&mqtt.url, true);
        let target = target.ok_or_else(|| SinkError::Url { who: mqtt.url.clone() })?;
        let name = format!("mqtt {}", target.authority());
        let tls = tls(&name, &target, mqtt.ca.as_deref())?;
        let password = secret(&name, mqtt.password.as_ref(), mqtt.password_file.as_deref())?;
        let made = || format!("viaduct-{}", uuid::Uuid::new_v4().simple());
        let client = mqtt.client_id.clone().unwrap_or_else(made);
        let (user, topic) = (mqtt.user.clone(), mqtt.topic.clone());
        Ok(Self { name, target, tls, client, user, password, topic })
    }
}

/// A connection that the broker has accepted.
struct Session<'a> {
    broker: &'a Broker,
    io: Box<dyn Io>,
    input: BytesMut,
    /// Packet number and record number of what is not acknowledged, the oldest first.
    on_the_way: VecDeque<(u16, u64)>,
    number: u16,
    /// When the oldest of them, or a ping, was sent.
    waiting_since: Option<Instant>,
    spoke: Instant,
}

/// Sends what the feed gives until the server stops.
pub(super) async fn run(broker: Broker, mut feed: Feed) {
    let mut pause = FIRST_PAUSE;
    let mut failing = false;
    loop {
        let ended = match Session::open(&broker).await {
            Err(error) => Err(error),
            Ok(mut session) => {
                tracing::info!("{}: connected; events go to `{}`", broker.name, broker.topic);
                (failing, pause) = (false, FIRST_PAUSE);
                let ended = session.serve(&mut feed).await;
                // What was sent and not acknowledged is sent again.
                if let Some((_, oldest)) = session.on_the_way.front() {
                    feed.reader.rewind_before(*oldest);
                }
                ended
            }
        };
        let Err(error) = ended else { return };
        feed.figures.failed.inc();
        if !std::mem::replace(&mut failing, true) {
            tracing::warn!("{}: {error}; events wait for it", broker.name);
        }
        if !feed.pause(&mut pause, 0).await {
            return;
        }
    }
}

impl<'a> Session<'a> {
    async fn open(broker: &'a Broker) -> io::Result<Self> {
        let io = broker.target.connect(broker.tls.as_ref()).await?;
        let now = Instant::now();
        let mut session = Self {
            broker,
            io,
            input: BytesMut::new(),
            on_the_way: VecDeque::new(),
            number: 0,
            waiting_since: None,
            spoke: now,
        };
        let mut out = BytesMut::new();
        packet::connect(
            &mut out,
            Connect {
                client: &broker.client,
                user: broker.user.as_deref(),
                password: broker.password.as_ref().map(|password| password.expose().as_bytes()),
                keep_alive: KEEP_ALIVE,
            },
        );
        session.say(&out).await?;
        match timeout(ANSWER, session.hear()).await {
            Ok(Ok(Packet::ConnAck(0))) => Ok(session),
            Ok(Ok(Packet::ConnAck(code))) => Err(io::Error::other(packet::refusal(code))),
            Ok(Ok(_)) => Err(io::Error::other("it does not greet as MQTT brokers do")),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(io::Error::other("it does not answer the greeting")),
        }
    }

    /// Until the server stops (Ok) or the connection is lost.
    async fn serve(&mut self, feed: &mut Feed) -> io::Result<()> {
        let mut over = false;
        loop {
            if over && self.on_the_way.is_empty() {
                let mut out = BytesMut::new();
                packet::disconnect(&mut out);
                return self.say(&out).await;
            }
            let late = self.waiting_since.map_or(self.spoke + PING, |since| since + ANSWER);
            tokio::select! {
                heard = self.hear() => self.heard(heard?, feed),
                record = feed.next(), if !over && self.on_the_way.len() < ON_THE_WAY => {
                    match record {
                        None => over = true,
                        Some(record) => self.publish(&record).await?,
                    }
                }
                () = sleep_until(late) => {
                    if self.waiting_since.is_some() {
                        return Err(io::Error::other("it does not answer any more"));
                    }
                    let mut out = BytesMut::new();
                    packet::ping(&mut out);
                    self.say(&out).await?;
                    self.waiting_since = Some(Instant::now());
                }
            }
        }
    }

    async fn publish(&mut self, record: &Record) -> io::Result<()> {
        self.number = self.number.checked_add(1).unwrap_or(1);
        // In here before the bytes are out: whatever happens to them, the record is sent again.
        self.on_the_way.push_back((self.number, record.id));
        let mut out = BytesMut::new();
        packet::publish(&mut out, &self.broker.topic, self.number, payload(record).as_bytes());
        self.waiting_since.get_or_insert_with(Instant::now);
        self.say(&out).await
    }

    fn heard(&mut self, packet: Packet, feed: &Feed) {
        match packet {
            Packet::PubAck(number) => {
                let before = self.on_the_way.len();
                self.on_the_way.retain(|(sent, _)| *sent != number);
                feed.figures.sent.inc_by((before - self.on_the_way.len()) as u64);
            }
            Packet::Pong | Packet::ConnAck(_) | Packet::Other => {}
        }
        self.waiting_since = (!self.on_the_way.is_empty()).then(Instant::now);
    }

    async fn say(&mut self, out: &[u8]) -> io::Result<()> {
        self.spoke = Instant::now();
        let work = async {
            self.io.write_all(out).await?;
            self.io.flush().await
        };
        timeout(ANSWER, work).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }

    /// The next packet. Dropping the wait loses nothing.
    async fn hear(&mut self) -> io::Result<Packet> {
        loop {
            if let Some(packet) = packet::take(&mut self.input)? {
                return Ok(packet);
            }
            if self.io.read_buf(&mut self.input).await? == 0 {
                return Err(io::Error::other("it closed the connection"));
            }
        }
    }
}

/// Open AMT's shape, with the whole event beside it.
fn payload(record: &Record) -> String {
    let (outcome, method) = match record.kind.as_str() {
        "tunnel.opened" => ("success", "CIRA_Connected"),
        "tunnel.ended" => ("success", "CIRA_Disconnected"),
        "connection.failed" => ("fail", "CIRA_Connected"),
        "device.alert" => ("success", "AMT_Alert"),
        "command.ended" if record.code.is_some() => {
            ("fail", methods::of(record.reason.as_deref().unwrap_or("")))
        }
        "command.ended" => ("success", methods::of(record.reason.as_deref().unwrap_or(""))),
        other => ("success", other),
    };
    let milliseconds = record.time.map_or(0, |time| time.unix_timestamp_nanos() / 1_000_000);
    let mut message = json!({
        "type": outcome,
        "message": record.text,
        "methods": [method],
        "timestamp": i64::try_from(milliseconds).unwrap_or(i64::MAX),
        "event": record,
    });
    if let Some(guid) = record.guid {
        message["guid"] = json!(guid);
    }
    message.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connect_looks_as_open_amt_publishes_it() {
        let time = time::OffsetDateTime::from_unix_timestamp(1_700_000_000).unwrap();
        let guid = "4c4c4544-004b-4210-8033-b6c04f504633";
        let record = Record {
            id: 7,
            kind: "tunnel.opened".into(),
            time: Some(time),
            text: "dialled in".into(),
            guid: guid.parse().ok(),
            ..Record::default()
        };
        let json: serde_json::Value = serde_json::from_str(&payload(&record)).unwrap();
        assert_eq!(json["type"], "success");
        assert_eq!(json["methods"], json!(["CIRA_Connected"]));
        assert_eq!((&json["guid"], &json["message"]), (&guid.into(), &"dialled in".into()));
        assert_eq!(json["timestamp"], 1_700_000_000_000_i64);
        assert_eq!(json["event"]["id"], 7);
    }

    #[test]
    fn commands_go_by_the_names_of_open_amt() {
        for (what, code, method) in [
            ("power on", None, "AMT_PowerAction"),
            ("power reset", None, "AMT_PowerAction"),
            ("send consent", Some("E2013"), "Send_User_Consent_Code"),
            ("erase", None, "erase"),
        ] {
            let record = Record {
                kind: "command.ended".into(),
                reason: Some(what.into()),
                code: code.map(str::to_owned),
                ..Record::default()
            };
            let json: serde_json::Value = serde_json::from_str(&payload(&record)).unwrap();
            assert_eq!(json["methods"], json!([method]));
            assert_eq!(json["type"], if code.is_some() { "fail" } else { "success" });
        }
    }
}
