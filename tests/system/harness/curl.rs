//! curl, as consoles' scripts use it.

use super::{Demo, Device, PATIENCE, output, serve::clean};
use serde_json::Value;
use std::process::Command;

/// One call of curl.
pub(crate) struct Curl(Command);

/// What came of it.
#[derive(Debug)]
pub(crate) struct Answer {
    /// curl's own exit code.
    pub(crate) exit: i32,
    /// Status of the last answer; 0 when there was none.
    pub(crate) status: u16,
    /// Status of the proxy's answer to CONNECT; 0 when there was none.
    pub(crate) connect: u16,
    /// All headers, of the proxy as well as of the device.
    pub(crate) headers: String,
    pub(crate) body: String,
    /// What curl said about it.
    pub(crate) said: String,
}

impl Curl {
    pub(crate) fn new(url: &str) -> Self {
        let mut command = Command::new("curl");
        command.args(["-q", "--silent", "--show-error", "--url", url]);
        command.args(["--max-time", &PATIENCE.as_secs().to_string()]);
        command.args(["--dump-header", "/dev/stderr"]);
        command.args(["--write-out", "\n%{http_code} %{http_connect}"]);
        clean(&mut command);
        Self(command)
    }

    /// Through SOCKS5, which resolves the name; `sign_in` is `USER:PASSWORD`.
    pub(crate) fn socks(mut self, address: &str, sign_in: Option<&str>) -> Self {
        self.0.args(["--socks5-hostname", address]);
        if let Some(sign_in) = sign_in {
            self.0.args(["--proxy-user", sign_in]);
        }
        self
    }

    /// Through the HTTP proxy, with the absolute URI.
    pub(crate) fn proxy(mut self, address: &str, sign_in: Option<&str>) -> Self {
        self.0.args(["--proxy", &format!("http://{address}")]);
        if let Some(sign_in) = sign_in {
            self.0.args(["--proxy-user", sign_in]);
        }
        self
    }

    /// Through the HTTP proxy, with CONNECT.
    pub(crate) fn connect(self, address: &str, sign_in: Option<&str>) -> Self {
        self.proxy(address, sign_in).arg("--proxytunnel")
    }

    /// The device's own sign-in.
    pub(crate) fn digest(self, device: &Device) -> Self {
        self.arg("--digest").arg("--user").arg(&format!("{}:{}", device.user, device.password))
    }

    /// Sends a SOAP envelope.
    pub(crate) fn post(self, envelope: &str) -> Self {
        self.arg("--header")
            .arg("Content-Type: application/soap+xml;charset=UTF-8")
            .arg("--data-binary")
            .arg(envelope)
    }

    pub(crate) fn arg(mut self, arg: &str) -> Self {
        self.0.arg(arg);
        self
    }

    pub(crate) fn run(mut self) -> Answer {
        let done = output(&mut self.0);
        let out = String::from_utf8_lossy(&done.stdout).into_owned();
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        let (body, codes) = out.rsplit_once('\n').unwrap_or(("", &out));
        let mut codes = codes.split(' ').map(|code| code.parse().unwrap_or(0));
        Answer {
            exit: done.status.code().unwrap_or(-1),
            status: codes.next().unwrap_or(0),
            connect: codes.next().unwrap_or(0),
            headers: said.clone(),
            body: body.into(),
            said,
        }
    }
}

impl Answer {
    /// The last header of this name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.lines().rev().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// The reply byte of SOCKS5, which curl prints in brackets when it is not 0.
    pub(crate) fn socks_reply(&self) -> Option<u8> {
        let (_, rest) = self.said.rsplit_once("SOCKS5 connection to")?;
        let (_, rest) = rest.rsplit_once('(')?;
        rest.split(')').next()?.parse().ok()
    }

    /// That the device answered as it should.
    #[track_caller]
    pub(crate) fn assert_contains(&self, text: &str) {
        assert!(self.exit == 0 && self.status == 200 && self.body.contains(text), "{self:#?}");
    }
}

impl Demo {
    /// A call of the API with the demo's token: status and body, null when that is no JSON.
    pub(crate) fn rest(&self, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        self.rest_as(&format!("Bearer {}", self.get("token")), method, path, body)
    }

    /// The same with another `Authorization`.
    pub(crate) fn rest_as(
        &self,
        authorization: &str,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> (u16, Value) {
        let mut curl = Curl::new(&format!("{}{path}", self.get("api")))
            .arg("--cacert")
            .arg(self.get("ca_file"))
            .arg("--request")
            .arg(method)
            .arg("--header")
            .arg(&format!("Authorization: {authorization}"));
        if let Some(body) = body {
            curl = curl.arg("--json").arg(&body.to_string());
        }
        let answer = curl.run();
        (answer.status, serde_json::from_str(&answer.body).unwrap_or(Value::Null))
    }

    /// A call that takes this way, signed in to the proxy.
    pub(crate) fn curl(&self, way: &str, url: &str) -> Curl {
        self.curl_as(way, url, Some(&self.sign_in()))
    }

    /// The same with another sign-in, or none.
    pub(crate) fn curl_as(&self, way: &str, url: &str, sign_in: Option<&str>) -> Curl {
        let curl = Curl::new(url);
        match way {
            "SOCKS5" => curl.socks(self.get("socks5"), sign_in),
            "absolute URI" => curl.proxy(self.get("http_proxy"), sign_in),
            "CONNECT" => curl.connect(self.get("http_proxy"), sign_in),
            other => panic!("no way {other}"),
        }
    }
}

/// As sign-ins are sent.
pub(crate) fn base64(text: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in text.as_bytes().chunks(3) {
        let mut bits = [0; 3];
        bits[..chunk.len()].copy_from_slice(chunk);
        let number = u32::from_be_bytes([0, bits[0], bits[1], bits[2]]);
        for at in 0..4 {
            let digit = DIGITS[(number >> (18 - 6 * at)) as usize & 63];
            out.push(if at > chunk.len() { '=' } else { char::from(digit) });
        }
    }
    out
}
