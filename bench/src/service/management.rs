//! AMT's web service, as far as the power state needs it: digest, and the two classes that tell it.

use super::{AMT_PASSWORD, AMT_USER};
use amt::{
    http::{
        Headers, Limits, Message, MessageReader, Request, RequestHead, ResponseHead,
        digest::{DigestVerifier, Ha1, NonceTable, Qop},
    },
    wsman::{self, Fault, Instance, Operation, Outcome, Reply, Subcode},
};
use bytes::Bytes;
use std::time::Duration;

const REALM: &str = "Digest:B0000000000000000000000000000000";
/// A nonce of one device serves all its channels: this is what each channel would find.
const NONCE: [u8; 16] = [7; 16];

/// One connection.
#[derive(Debug)]
pub(crate) struct Management {
    reader: MessageReader<RequestHead>,
    digest: DigestVerifier,
}

impl Default for Management {
    fn default() -> Self {
        let nonces = NonceTable::new(Duration::from_secs(3600), 1);
        let mut digest = DigestVerifier::new(REALM.into(), vec![Qop::Auth], nonces);
        // What another channel gave out is good here too; counts are looked at within a channel.
        digest.challenge(false, Duration::ZERO, NONCE);
        Self { reader: MessageReader::new(Limits::default()), digest }
    }
}

impl Management {
    pub(super) fn input(&mut self, mut data: &[u8]) -> Option<Bytes> {
        let mut out = Vec::new();
        while !data.is_empty() {
            let (taken, request) = self.reader.handle_bytes(data).ok()?;
            data = data.get(taken..)?;
            let Some(request) = request else { break };
            write(&self.answer(&request), &mut out);
        }
        (!out.is_empty()).then(|| out.into())
    }

    fn answer(&mut self, request: &Request) -> Message<ResponseHead> {
        let head = &request.head;
        let what = (head.method.as_str(), head.target.as_str(), request.body.as_slice());
        let authorization = head.headers.get("Authorization");
        let account = |user: &str| (user == AMT_USER).then(|| Ha1::new(user, REALM, AMT_PASSWORD));
        if self.digest.verify(authorization, what, Duration::ZERO, account).is_err() {
            let challenge = self.digest.challenge(false, Duration::ZERO, NONCE);
            let headers = Headers::new().with("WWW-Authenticate", challenge.to_header());
            return Message { head: ResponseHead::new(401, headers), body: Vec::new() };
        }
        let headers = Headers::new().with("Content-Type", "application/soap+xml; charset=UTF-8");
        let body = envelope(&request.body).into_bytes();
        Message { head: ResponseHead::new(200, headers), body }
    }
}

fn write(message: &Message<ResponseHead>, out: &mut Vec<u8>) {
    let mut head = message.head.clone();
    head.headers.push("Content-Length", message.body.len().to_string());
    head.write(out);
    out.extend_from_slice(&message.body);
}

fn envelope(request: &[u8]) -> String {
    match wsman::Request::parse(request) {
        Ok(request) => {
            let reply = Reply {
                relates_to: request.message_id.clone(),
                resource: Some(request.target.resource.clone()),
                result: perform(request),
            };
            reply.to_xml(1)
        }
        Err(error) => {
            let (relates_to, result) = (error.message_id, Err(error.fault));
            Reply { relates_to, resource: None, result }.to_xml(1)
        }
    }
}

fn perform(request: wsman::Request) -> Result<Outcome, Fault> {
    let mut instance = Instance::new(request.target.resource.clone());
    let mut set = |name: &str, value: u32| instance.set(name, [value.into()]);
    match (request.operation, request.target.resource.class_name()) {
        (Operation::Get, "IPS_PowerManagementService") => {
            set("EnabledState", 5);
            set("OSPowerSavingState", 2);
            Ok(Outcome::Got(instance))
        }
        (Operation::Get, "CIM_AssociatedPowerManagementService") => {
            set("PowerState", 2);
            set("RequestedPowerState", 2);
            Ok(Outcome::Got(instance))
        }
        (_, class) => {
            Err(Fault::sender(Subcode::ActionNotSupported, format!("{class} is not measured")))
        }
    }
}
