//! The client of the REST API: over the local socket or over TLS, one connection a request.

mod context;
mod messages;
mod place;
mod rehearsal;
mod relay;
mod stream;
mod trust;

pub(crate) use context::Context;
pub(crate) use messages::Messages;
pub(crate) use place::{Place, Remote};
pub(crate) use relay::{FromDevice, ToDevice, ended};
pub(crate) use trust::{Trust, fingerprint_of, look, parse_fingerprint, vouched};

use trust::own_root;

use crate::{
    cli::Global,
    failure::{Failure, Result},
    render::Format,
};
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{
    Method, Request, Response, StatusCode,
    body::Incoming,
    client::conn::http1,
    header::{self, HeaderMap, HeaderValue},
    upgrade::Upgraded,
};
use hyper_util::rt::TokioIo;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::time::Duration;
use tokio::time::timeout;
use viaduct_api::{Code, Device, DevicePage, Problem};

/// An answer must be complete so soon.
const DEADLINE: Duration = Duration::from_secs(150);
/// Largest answer that is read: a list of 100,000 devices fits.
const ANSWER_MAX: usize = 256 << 20;

/// A server and who we are there.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    pub(crate) place: Place,
    token: Option<String>,
    /// Why things are done, for the server's audit log.
    reason: Option<String>,
    /// Nothing is changed; what would be is told in this form.
    rehearsal: Option<Format>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Bytes,
}

impl Client {
    /// The server that the options, the environment or an earlier `login` name.
    pub(crate) fn find(global: &Global) -> Result<Self> {
        let (place, token) = place::find(global)?;
        let rehearsal = global.dry_run.then_some(global.output);
        Ok(Self { place, token, reason: global.reason.clone(), rehearsal })
    }

    /// The server that `login` remembered, whatever else is set.
    pub(crate) fn remembered() -> Result<Option<Self>> {
        Ok(place::remembered()?.map(|(place, token)| Self {
            place,
            token: Some(token),
            reason: None,
            rehearsal: None,
        }))
    }

    /// A certain server.
    pub(crate) fn at(place: Place, token: Option<String>) -> Self {
        Self { place, token, reason: None, rehearsal: None }
    }

    /// The token in use, if any.
    pub(crate) fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        decode(&self.call(Method::GET, path, None::<&()>, &[]).await?)
    }

    /// The devices that one may see, when all of them come within `patience`: for help that nobody waits long for.
    pub(crate) async fn devices_soon(&self, patience: Duration) -> Option<Vec<Device>> {
        let question = self.get::<DevicePage>("/devices?$top=100000&$count=true");
        timeout(patience, question).await.ok()?.ok().map(|page| page.data)
    }

    /// The same for a route that has other forms as well.
    pub(crate) async fn get_json<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        let json = [(header::ACCEPT, "application/json")];
        decode(&self.call(Method::GET, path, None::<&()>, &json).await?)
    }

    pub(crate) async fn text(&self, path: &str) -> Result<String> {
        let answer = self.call(Method::GET, path, None::<&()>, &[]).await?;
        String::from_utf8(answer.body.to_vec()).map_err(|error| not_viaduct(error.to_string()))
    }

    pub(crate) async fn post<B: Serialize, T: DeserializeOwned>(
        &self,
        path: &str,
        body: &B,
    ) -> Result<T> {
        decode(&self.call(Method::POST, path, Some(body), &[]).await?)
    }

    /// The same under a number of the caller's own: however often it is sent, it is carried out once.
    pub(crate) async fn post_once<B: Serialize, T: DeserializeOwned>(
        &self,
        path: &str,
        body: &B,
        number: Option<&str>,
    ) -> Result<T> {
        let mut request = self.request(Method::POST, path, Some(body))?;
        if let Some(number) = number {
            let value = HeaderValue::from_str(number).map_err(|_| {
                Failure::usage("a request id has visible ASCII characters and no others")
            })?;
            request.headers_mut().insert("idempotency-key", value);
        }
        decode(&self.exchange(request).await?)
    }

    /// Sends bytes as they are.
    pub(crate) async fn post_bytes<T: DeserializeOwned>(
        &self,
        path: &str,
        bytes: Vec<u8>,
    ) -> Result<T> {
        let mut request = self.request(Method::POST, path, None::<&()>)?;
        *request.body_mut() = Full::new(bytes.into());
        decode(&self.exchange(request).await?)
    }

    /// Sends the next bytes of an upload, from `offset` on.
    pub(crate) async fn append<T: DeserializeOwned>(
        &self,
        path: &str,
        offset: u64,
        bytes: Vec<u8>,
    ) -> Result<T> {
        let mut request = self.request(Method::PATCH, path, None::<&()>)?;
        request.headers_mut().insert("upload-offset", HeaderValue::from(offset));
        *request.body_mut() = Full::new(bytes.into());
        decode(&self.exchange(request).await?)
    }

    /// Sends an envelope of WS-Man as it is. What the device answers is the answer, a fault too; a refusal of the server
    /// is a failure.
    pub(crate) async fn soap(&self, path: &str, envelope: Vec<u8>) -> Result<Answer> {
        let mut request = self.request(Method::POST, path, None::<&()>)?;
        let kind = HeaderValue::from_static("application/soap+xml; charset=UTF-8");
        request.headers_mut().insert(header::CONTENT_TYPE, kind);
        *request.body_mut() = Full::new(envelope.into());
        let answer = self.raw(request).await?;
        let is_envelope = answer.body.trim_ascii_start().starts_with(b"<");
        if answer.status.is_success() || is_envelope {
            Ok(answer)
        } else {
            Err(self.refused(&answer))
        }
    }

    pub(crate) async fn patch<B: Serialize, T: DeserializeOwned>(
        &self,
        path: &str,
        body: &B,
    ) -> Result<T> {
        decode(&self.call(Method::PATCH, path, Some(body), &[]).await?)
    }

    pub(crate) async fn delete(&self, path: &str) -> Result<()> {
        self.call(Method::DELETE, path, None::<&()>, &[]).await.map(drop)
    }

    /// Sends a request and reads its answer as JSON, also when its status says no and it is no refusal of the server.
    pub(crate) async fn answer<B: Serialize, T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&B>,
    ) -> Result<T> {
        let answer = self.raw(self.request(method, path, body)?).await?;
        let is_problem = || serde_json::from_slice::<Problem>(&answer.body).is_ok();
        if !answer.status.is_success() && (is_problem() || answer.status != StatusCode::BAD_REQUEST)
        {
            return Err(self.refused(&answer));
        }
        decode(&answer)
    }

    /// Sends a request; a refusal of the server is a failure.
    pub(crate) async fn call<B: Serialize>(
        &self,
        method: Method,
        path: &str,
        body: Option<&B>,
        headers: &[(header::HeaderName, &'static str)],
    ) -> Result<Answer> {
        let mut request = self.request(method, path, body)?;
        for (name, value) in headers {
            request.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        self.exchange(request).await
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<Answer> {
        let answer = self.raw(request).await?;
        if answer.status.is_success() { Ok(answer) } else { Err(self.refused(&answer)) }
    }

    async fn raw(&self, request: Request<Full<Bytes>>) -> Result<Answer> {
        self.pass(rehearsal::tell(self, request).await?).await
    }

    /// What is there, also in a rehearsal.
    async fn look(&self, path: &str) -> Result<Value> {
        let answer = self.pass(self.request(Method::GET, path, None::<&()>)?).await?;
        if answer.status.is_success() { decode(&answer) } else { Err(self.refused(&answer)) }
    }

    async fn pass(&self, request: Request<Full<Bytes>>) -> Result<Answer> {
        let exchange = async {
            let response = self.send(request).await?;
            let status = response.status();
            let body = read(response).await?;
            Ok::<_, Failure>(Answer { status, body })
        };
        match timeout(DEADLINE, exchange).await {
            Ok(answer) => answer,
            Err(_) => {
                let detail =
                    format!("{} did not answer within {} s", self.place, DEADLINE.as_secs());
                Err(Failure::new(Code::Unreachable, detail))
            }
        }
    }

    /// Switches a connection to a byte stream.
    pub(crate) async fn upgrade(&self, path: &str) -> Result<TokioIo<Upgraded>> {
        let exchange = async {
            let mut request = self.request(Method::GET, path, None::<&()>)?;
            let headers = request.headers_mut();
            headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
            headers.insert(header::UPGRADE, HeaderValue::from_static("tcp"));
            let response = self.send(request).await?;
            let status = response.status();
            if status != StatusCode::SWITCHING_PROTOCOLS {
                let body = read(response).await?;
                return Err(self.refused(&Answer { status, body }));
            }
            let upgraded = hyper::upgrade::on(response).await;
            upgraded.map(TokioIo::new).map_err(|error| self.lost(&error))
        };
        match timeout(DEADLINE, exchange).await {
            Ok(result) => result,
            Err(_) => Err(Failure::new(Code::DeviceSilent, "the channel was not opened in time")),
        }
    }

    /// A stream of server-sent events, from behind the event of that number.
    pub(crate) async fn messages(&self, path: &str, last: Option<u64>) -> Result<Messages> {
        let exchange = async {
            let mut request = self.request(Method::GET, path, None::<&()>)?;
            let headers = request.headers_mut();
            headers.insert(header::ACCEPT, HeaderValue::from_static("text/event-stream"));
            if let Some(last) = last {
                headers.insert("last-event-id", HeaderValue::from(last));
            }
            let response = self.send(request).await?;
            let status = response.status();
            if status != StatusCode::OK {
                let body = read(response).await?;
                return Err(self.refused(&Answer { status, body }));
            }
            Ok(Messages::new(response.into_body()))
        };
        match timeout(DEADLINE, exchange).await {
            Ok(result) => result,
            Err(_) => Err(Failure::new(Code::Unreachable, "the stream was not opened in time")),
        }
    }

    fn request<B: Serialize>(
        &self,
        method: Method,
        path: &str,
        body: Option<&B>,
    ) -> Result<Request<Full<Bytes>>> {
        let bytes = match body {
            None => Bytes::new(),
            Some(body) => {
                serde_json::to_vec(body).map_err(|error| Failure::local("JSON", error))?.into()
            }
        };
        let mut headers = HeaderMap::new();
        if body.is_some() {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        if let Some(token) = &self.token {
            let mut value = HeaderValue::from_str(&format!("Bearer {token}"))
                .map_err(|_| Failure::usage("the token has characters that no token has"))?;
            value.set_sensitive(true);
            headers.insert(header::AUTHORIZATION, value);
        }
        if let Some(reason) = &self.reason {
            let value = HeaderValue::from_bytes(reason.as_bytes())
                .map_err(|_| Failure::usage("the reason has characters that no line has"))?;
            headers.insert("x-viaduct-reason", value);
        }
        let host = HeaderValue::from_str(&self.place.host())
            .map_err(|_| Failure::usage("the server's name has characters that no name has"))?;
        headers.insert(header::HOST, host);
        let mut request = Request::builder()
            .method(method)
            .uri(format!("/api/v1{path}"))
            .body(Full::new(bytes))
            .map_err(|error| Failure::local("the request", error))?;
        *request.headers_mut() = headers;
        Ok(request)
    }

    async fn send(&self, request: Request<Full<Bytes>>) -> Result<Response<Incoming>> {
        let io = stream::connect(&self.place).await?;
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(io)).await.map_err(|error| self.lost(&error))?;
        tokio::spawn(async move {
            // An error ends the request too, which is where it is reported.
            drop(connection.with_upgrades().await);
        });
        sender.send_request(request).await.map_err(|error| self.lost(&error))
    }

    /// The server's own words, or the status when it has none.
    fn refused(&self, answer: &Answer) -> Failure {
        let Ok(mut problem) = serde_json::from_slice::<Problem>(&answer.body) else {
            return not_viaduct(format!("it says {}", answer.status));
        };
        problem.status = answer.status.as_u16();
        let failure = Failure::from(problem);
        // Who gave no token wants to know where one comes from, not which header was missing.
        if failure.code() == Some(Code::NotSignedIn) && self.token.is_none() {
            let detail = format!("nobody is signed in here to {}", self.place);
            let next =
                format!("`viaduct login {}`, or put a token into VIADUCT_TOKEN.", self.place);
            return Failure::new(Code::NotSignedIn, detail).next(next);
        }
        match unknown_name(&answer.body) {
            Some(name) if failure.code() == Some(Code::UnknownDevice) => failure.of_unknown(&name),
            _ => failure,
        }
    }

    fn lost(&self, error: &dyn std::error::Error) -> Failure {
        let mut detail = format!("the connection to {} failed: {error}", self.place);
        if let Some(source) = error.source() {
            detail = format!("{detail}: {source}");
        }
        Failure::new(Code::Unreachable, detail)
    }
}

/// The name that no device has, as the server tells it beside its sentence.
fn unknown_name(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    body["said"]["values"]["name"].as_str().map(str::to_owned)
}

async fn read(response: Response<Incoming>) -> Result<Bytes> {
    match Limited::new(response.into_body(), ANSWER_MAX).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) => {
            Err(Failure::new(Code::Unreachable, format!("the answer broke off: {error}")))
        }
    }
}

fn decode<T: DeserializeOwned>(answer: &Answer) -> Result<T> {
    serde_json::from_slice(&answer.body).map_err(|error| not_viaduct(error.to_string()))
}

fn not_viaduct(detail: String) -> Failure {
    Failure::new(Code::NotViaduct, detail)
}

/// A text as one segment of a path.
pub(crate) fn segment(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                escaped.push(char::from(byte));
            }
            other => escaped.push_str(&format!("%{other:02X}")),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_segment() {
        assert_eq!(segment("pc-1.example"), "pc-1.example");
        assert_eq!(segment("a/b?c#d e"), "a%2Fb%3Fc%23d%20e");
        assert_eq!(segment("ä"), "%C3%A4");
    }
}
