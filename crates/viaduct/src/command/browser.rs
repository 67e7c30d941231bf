//! Signing in at an identity provider by the browser (RFC 8252): it ends at a port of this machine with a code, which
//! the server takes from nobody but the program that began (PKCE).

use crate::{
    client::{Client, Place, Remote},
    failure::{Failure, Result},
    say::note,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::{
    process::{Command, Stdio},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::timeout,
};
use viaduct_api::Code;

/// The server forgets a sign-in that takes longer.
const PATIENCE: Duration = Duration::from_secs(10 * 60);
/// A browser that connects says at once what it wants.
const REQUEST: Duration = Duration::from_secs(10);
/// More of a request is none of a browser that comes back.
const HEAD_MAX: usize = 16 << 10;
const AGAIN: &str = "Begin again: `viaduct login URL`. On a machine without a browser, make a token in the dashboard (Tokens) and use `viaduct login URL --token`.";

/// A token for whoever signs in.
pub(crate) async fn sign_in(remote: &Remote) -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await;
    let listener = listener.map_err(|error| Failure::local("a port of this machine", error))?;
    let port = listener.local_addr().map_err(|error| Failure::local("a port", error))?.port();
    let (verifier, state) = (random()?, random()?);
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
    let url = format!(
        "{}/api/v1/oidc/login?port={port}&challenge={challenge}&state={state}",
        remote.url()
    );
    note(&format!("Sign in with a browser on this machine, at\n  {url}"));
    open(&url);
    let code = timeout(PATIENCE, outcome(&listener, &state)).await.map_err(|_| {
        let minutes = PATIENCE.as_secs() / 60;
        let detail = format!("nobody signed in within {minutes} minutes");
        Failure::new(Code::NotSignedIn, detail).next(AGAIN)
    })??;
    let client = Client::at(Place::Remote(remote.clone()), None);
    let given = json!({ "code": code, "verifier": verifier });
    let answer: Value = client.post("/oidc/token", &given).await?;
    let token = answer["token"].as_str();
    token
        .map(str::to_owned)
        .ok_or_else(|| Failure::new(Code::NotViaduct, "the answer has no token"))
}

/// 256 random bits as text.
fn random() -> Result<String> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| Failure::local("random numbers", error))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// Shows a page to the person at this machine, where there is a screen. Whoever sees none has the address.
fn open(url: &str) {
    let screen = ["DISPLAY", "WAYLAND_DISPLAY"];
    if screen.iter().any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty())) {
        let mut browser = Command::new("xdg-open");
        browser.arg(url).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        drop(browser.spawn());
    }
}

/// Waits for the browser. Others that come to the port are sent away.
async fn outcome(listener: &TcpListener, state: &str) -> Result<String> {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let Ok(Some(found)) = timeout(REQUEST, serve(stream, state)).await else { continue };
        return found;
    }
}

/// One request; none: it is not the browser that comes back.
async fn serve(mut stream: TcpStream, state: &str) -> Option<Result<String>> {
    let target = target(&mut stream).await?;
    let query = target.strip_prefix("/?").unwrap_or_default();
    let get = |name: &str| {
        query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=')).map(decoded)
    };
    if get("state").as_deref() != Some(state) {
        answer(&mut stream, "404 Not Found", "Not here", "Nobody waits for this.").await;
        return None;
    }
    match (get("code"), get("error")) {
        (Some(code), _) => {
            let text = "You are signed in on the command line, and can close this page.";
            answer(&mut stream, "200 OK", "Signed in", text).await;
            Some(Ok(code))
        }
        (None, error) => {
            let why = error.unwrap_or_else(|| "the server gave no code".to_owned());
            answer(&mut stream, "200 OK", "Not signed in", &why).await;
            Some(Err(Failure::new(Code::NotSignedIn, why).next(AGAIN)))
        }
    }
}

/// What a GET asks for.
async fn target(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        let mut piece = [0; 1024];
        let n = stream.read(&mut piece).await.ok().filter(|n| *n > 0)?;
        head.extend_from_slice(piece.get(..n)?);
        if head.len() > HEAD_MAX {
            return None;
        }
    }
    let text = String::from_utf8(head).ok()?;
    let mut words = text.lines().next()?.split(' ');
    (words.next() == Some("GET")).then(|| words.next().map(str::to_owned))?
}

async fn answer(stream: &mut TcpStream, status: &str, title: &str, text: &str) {
    let shown = text.replace('&', "&amp;").replace('<', "&lt;");
    let page = format!(
        "<!doctype html><meta charset=\"utf-8\"><title>{title}</title><h1>{title}</h1><p>{shown}</p>\n"
    );
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\nCache-Control: no-store\r\nContent-Security-Policy: default-src 'none'\r\nReferrer-Policy: no-referrer\r\nConnection: close\r\n\r\n",
        page.len()
    );
    // A browser that has left knows as much as it wants.
    drop(stream.write_all(head.as_bytes()).await);
    drop(stream.write_all(page.as_bytes()).await);
    drop(stream.shutdown().await);
}

/// Text of a query.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, others)) = rest.split_first() {
        rest = others;
        let escaped = others.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        match (first, escaped.and_then(|two| u8::from_str_radix(two, 16).ok())) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = others.get(2..).unwrap_or_default();
            }
            (b'+', _) => bytes.push(b' '),
            (other, _) => bytes.push(*other),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_back_is_read_as_browsers_write_it() {
        assert_eq!(decoded("in+none%20of%C3%A4"), "in none ofä");
        assert_eq!(decoded("100%"), "100%");
    }

    #[tokio::test]
    async fn only_the_browser_that_comes_back_is_heard() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let waits = tokio::spawn(async move { outcome(&listener, "right").await });
        for (request, expected) in [
            ("GET /favicon.ico HTTP/1.1\r\n\r\n", "404"),
            ("GET /?code=evil&state=wrong HTTP/1.1\r\n\r\n", "404"),
            ("GET /?code=good&state=right HTTP/1.1\r\n\r\n", "200"),
        ] {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(request.as_bytes()).await.unwrap();
            let mut said = String::new();
            stream.read_to_string(&mut said).await.unwrap();
            assert!(said.starts_with(&format!("HTTP/1.1 {expected}")), "{said}");
        }
        assert_eq!(waits.await.unwrap().ok().as_deref(), Some("good"));
    }
}
