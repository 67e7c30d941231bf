//! Dialogues with the server's end as a list of steps, played with the device's bytes cut anywhere.

use super::{
    Said, Server, adjust, close, confirmation, data, forward, keepalive, take_apart, version,
};
use super::{cancel, hex, open_failure, password, service};
use apf::message::Service;
use apf::server::{self, Event};
use apf::{ChannelId, DisconnectReason};
use std::collections::BTreeMap;
use std::time::Duration;

#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// The device sends these bytes, which will be cut.
    Bytes(Vec<u8>),
    Admit,
    Refuse,
    Open(u16),
    Send(u32, usize),
    Release(u32, usize),
    Close(u32),
    Abort(u32),
    Disconnect,
    Pass(Duration),
}

/// What a dialogue led to, without what depends on the moment of fetching output: where data is
/// cut into messages, and how control messages and data interleave.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) events: Vec<Event>,
    pub(crate) sent: BTreeMap<ChannelId, usize>,
    pub(crate) control: Vec<Vec<u8>>,
    /// By the device's number: data, with each CLOSE marked by where it came.
    pub(crate) data: BTreeMap<u32, (Vec<u8>, Vec<usize>)>,
    pub(crate) left: usize,
}

impl Outcome {
    fn events(&mut self, events: Vec<Event>) {
        for event in events {
            if let Event::Sent { channel, bytes } = event {
                *self.sent.entry(channel).or_default() += bytes;
            } else {
                self.events.push(event);
            }
        }
    }

    fn said(&mut self, bytes: &[u8]) {
        for said in take_apart(bytes) {
            match said {
                Said::Data { recipient, payload } => {
                    self.data.entry(recipient).or_default().0.extend(payload);
                }
                Said::Control(message) => {
                    if let [97, number @ ..] = message.as_slice() {
                        let number = u32::from_be_bytes(number.try_into().expect("4 bytes"));
                        let (data, closes) = self.data.entry(number).or_default();
                        closes.push(data.len());
                    }
                    self.control.push(message);
                }
            }
        }
    }
}

/// Plays a dialogue. `cut` says how many of the bytes that are left are delivered next; with
/// `eager`, output is fetched after each delivery, else after each step.
pub(crate) fn play(
    config: server::Config,
    steps: &[Step],
    mut cut: impl FnMut(usize) -> usize,
    eager: bool,
) -> Outcome {
    let mut server = Server::new(config, 0);
    let mut outcome = Outcome::default();
    for step in steps {
        let now = server.now;
        match step {
            Step::Bytes(bytes) => {
                let mut rest = bytes.as_slice();
                while !rest.is_empty() {
                    let (part, behind) = rest.split_at(cut(rest.len()).clamp(1, rest.len()));
                    rest = behind;
                    outcome.events(server.feed(part));
                    if eager {
                        let said = server.said();
                        outcome.said(&said);
                    }
                }
            }
            Step::Admit => {
                server.end.admit(now);
                outcome.events(server.resume());
            }
            Step::Refuse => server.end.refuse(now),
            Step::Open(port) => {
                server.end.open(*port, 5000, ("127.0.0.1", 1024), now).expect("open");
            }
            Step::Send(channel, bytes) => {
                let data: Vec<u8> = (0..*bytes).map(|n| n as u8).collect();
                server.end.send(ChannelId(*channel), data.into(), now).expect("open");
            }
            Step::Release(channel, bytes) => server.end.release(ChannelId(*channel), *bytes),
            Step::Close(channel) => server.end.close(ChannelId(*channel)),
            Step::Abort(channel) => server.end.abort(ChannelId(*channel)),
            Step::Disconnect => server.end.disconnect(DisconnectReason::BY_APPLICATION, now),
            Step::Pass(time) => outcome.events(server.after(*time)),
        }
        let said = server.said();
        outcome.said(&said);
        outcome.events(server.events());
    }
    outcome.events = super::joined(std::mem::take(&mut outcome.events));
    outcome.left = server.left();
    outcome
}

fn login() -> Vec<Step> {
    vec![
        Step::Bytes([version(), service(Service::Auth)].concat()),
        Step::Bytes([password(), service(Service::Forwarding), forward(16992)].concat()),
        Step::Admit,
        Step::Bytes([forward(16993), forward(16994), keepalive(7)].concat()),
        Step::Pass(Duration::from_secs(2)),
    ]
}

/// Valid dialogues, each with a name.
pub(crate) fn dialogues() -> Vec<(&'static str, Vec<Step>)> {
    let then = |steps: Vec<Step>| [login(), steps].concat();
    vec![
        ("login", login()),
        (
            "refused",
            vec![
                Step::Bytes([version(), keepalive(1), service(Service::Auth)].concat()),
                Step::Bytes(password()),
                Step::Refuse,
            ],
        ),
        ("all vectors of an open tunnel", then(vec![Step::Bytes(open_vectors())])),
        (
            "two channels, data both ways, closes that cross",
            then(vec![
                Step::Open(16992),
                Step::Open(16994),
                Step::Bytes([confirmation(1, 0, 100), confirmation(2, 1, 3000)].concat()),
                Step::Send(1, 5000),
                Step::Send(2, 2000),
                Step::Bytes(
                    [
                        adjust(1, 499),
                        data(1, &[1; 700]),
                        keepalive(9),
                        data(2, &[2; 1]),
                        adjust(1, 4401),
                    ]
                    .concat(),
                ),
                Step::Release(1, 700),
                Step::Bytes([data(1, &[3; 4300]), data(2, b""), data(2, &[4; 4999])].concat()),
                Step::Release(1, 4300),
                Step::Release(2, 5000),
                Step::Close(1),
                Step::Bytes([data(1, &[5; 10]), close(1), data(2, &[6; 10]), close(2)].concat()),
            ]),
        ),
        (
            "close after queued data, and the number used again at once",
            then(vec![
                Step::Open(16992),
                Step::Open(16992),
                Step::Bytes(confirmation(1, 0, 10)),
                Step::Send(1, 30),
                Step::Close(1),
                Step::Bytes([adjust(1, 10), data(1, b"late"), adjust(1, 10)].concat()),
                Step::Bytes([close(1), confirmation(2, 0, 50), data(2, b"new")].concat()),
                Step::Send(2, 60),
                Step::Abort(2),
                Step::Bytes([data(2, b"dropped"), close(2)].concat()),
            ]),
        ),
        (
            "refusals, time-outs and faults",
            then(vec![
                Step::Open(16992),
                Step::Open(16993),
                Step::Bytes(open_failure(1, 4)),
                Step::Pass(Duration::from_secs(10)),
                Step::Bytes([confirmation(2, 3, 10), data(2, b"x"), close(2), close(2)].concat()),
                Step::Bytes(cancel(16993)),
                Step::Bytes([confirmation(77, 5, 1), data(50, &[0; 300]), adjust(50, 1)].concat()),
                Step::Open(16994),
                Step::Bytes([confirmation(3, 0, u32::MAX), data(3, &[1; 5001])].concat()),
                Step::Bytes([adjust(3, 1), close(3), forward(0), forward(70000)].concat()),
                Step::Disconnect,
            ]),
        ),
    ]
}

/// What a device may say in an open tunnel at any time, in one piece.
fn open_vectors() -> Vec<u8> {
    let vectors = super::vectors();
    [
        "V11", "V13", "V14", "V18", "V19", "V21", "V23", "V20", "V34", "V35", "V09", "M09", "M12",
        "V33",
    ]
    .into_iter()
    .flat_map(|id| hex(&vectors[id].hex))
    .collect()
}
