//! What a device pushes through a channel of its own: HTTP requests that carry events. Nothing is passed on anywhere,
//! whatever address the device has named.

use amt::{
    http::{Limits, MessageReader, Request, RequestHead},
    wsman::Delivery,
};
use bytes::Bytes;

/// Events that one channel may carry before it is closed.
const MOST: usize = 64;

/// The near end of a channel that a device has opened.
#[derive(Debug)]
pub(super) struct Inbox {
    /// Where the device believes to be, for people.
    pub(super) target: String,
    reader: MessageReader<RequestHead>,
    taken: usize,
}

/// What came of a piece of data.
#[derive(Debug, Default)]
pub(super) struct Taken {
    /// Events, in order.
    pub(super) events: Vec<Delivery>,
    /// What to send back.
    pub(super) answers: Vec<u8>,
    /// The channel has served its purpose, or what came is not HTTP; and why.
    pub(super) over: Option<String>,
}

impl Inbox {
    pub(super) fn new(target: String) -> Self {
        Self { target, reader: MessageReader::new(Limits::default()), taken: 0 }
    }

    pub(super) fn take(&mut self, data: &Bytes) -> Taken {
        let mut rest = &data[..];
        let mut all = Taken::default();
        while !rest.is_empty() && all.over.is_none() {
            match self.reader.handle_bytes(rest) {
                Ok((taken, request)) => {
                    rest = rest.get(taken..).unwrap_or_default();
                    if let Some(request) = request {
                        self.answer(&request, &mut all);
                    }
                }
                Err(error) => {
                    all.answers.extend_from_slice(&reply("400 Bad Request", false, ""));
                    all.over = Some(format!("what it sent is not HTTP: {error}"));
                }
            }
        }
        all
    }

    fn answer(&mut self, request: &Request, all: &mut Taken) {
        self.taken += 1;
        let keep = request.head.keep_alive() && self.taken < MOST;
        let mut body = String::new();
        let (status, why) = if request.head.method != "POST" {
            ("405 Method Not Allowed", Some(format!("it sent {}", request.head.method)))
        } else {
            match Delivery::parse(&request.body) {
                Ok(delivery) => {
                    let status = match &delivery.acknowledge {
                        Some(message) => {
                            body = Delivery::acknowledgement(message, self.taken as u64);
                            "200 OK"
                        }
                        None => "202 Accepted",
                    };
                    all.events.push(delivery);
                    (status, None)
                }
                Err(error) => {
                    ("400 Bad Request", Some(format!("what it sent is no event: {error}")))
                }
            }
        };
        all.answers.extend_from_slice(&reply(status, keep && why.is_none(), &body));
        if !keep || why.is_some() {
            all.over = Some(why.unwrap_or_default());
        }
    }
}

fn reply(status: &str, keep: bool, body: &str) -> Vec<u8> {
    let connection = if keep { "keep-alive" } else { "close" };
    let kind = match body {
        "" => "",
        _ => "Content-Type: application/soap+xml;charset=UTF-8\r\n",
    };
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\n{kind}Content-Length: {length}\r\nConnection: {connection}\r\n\r\n{body}"
    )
    .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use amt::wsman::Notification;

    fn post() -> Vec<u8> {
        let event = Notification {
            class: "CIM_AlertIndication".into(),
            properties: vec![("MessageID".into(), "iAMT0036".into())],
        };
        let body = event.to_xml("http://x/", 1);
        format!("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{body}", body.len())
            .into_bytes()
    }

    #[test]
    fn events_are_found_and_answered_however_the_bytes_are_cut() {
        let two = [post(), post()].concat();
        for cut in 0..two.len() {
            let mut inbox = Inbox::new("x:1".into());
            let (mut events, mut answers) = (0, Vec::new());
            for part in [&two[..cut], &two[cut..]] {
                let taken = inbox.take(&Bytes::copy_from_slice(part));
                events += taken.events.len();
                answers.extend(taken.answers);
                assert_eq!(taken.over, None);
            }
            let answers = String::from_utf8(answers).unwrap();
            assert_eq!((events, answers.matches("202 Accepted").count()), (2, 2), "{cut}");
        }
    }

    #[test]
    fn a_push_that_waits_for_an_acknowledgement_gets_it() {
        let event = Notification { class: "CIM_AlertIndication".into(), properties: Vec::new() };
        let body = event.to_xml_for_acknowledgement("http://x/", 7);
        let post = format!("POST / HTTP/1.1\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        let taken = Inbox::new("x:1".into()).take(&Bytes::from(post));
        assert_eq!((taken.events.len(), taken.over), (1, None));
        let answer = String::from_utf8(taken.answers).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200 OK"), "{head}");
        assert!(Delivery::is_acknowledged(body.as_bytes(), 7), "{body}");
    }

    #[test]
    fn what_is_no_event_ends_the_channel_with_the_reason() {
        for (sent, status) in [
            ("GET / HTTP/1.1\r\nHost: x\r\n\r\n", "405"),
            ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx", "400"),
            ("\0\0\0\0 rubbish\r\n\r\n", "400"),
        ] {
            let taken = Inbox::new("x:1".into()).take(&Bytes::copy_from_slice(sent.as_bytes()));
            let answer = String::from_utf8(taken.answers).unwrap();
            assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{answer}");
            assert!(taken.events.is_empty() && taken.over.is_some_and(|why| !why.is_empty()));
        }
    }
}
