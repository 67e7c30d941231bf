//! A small HTTP client: one connection, one call after the other.

use anyhow::{Context, Result};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};

/// A connection that is kept.
#[derive(Debug)]
pub(crate) struct Http<IO> {
    io: BufReader<IO>,
    /// Header lines of each call.
    headers: String,
}

impl<IO: AsyncRead + AsyncWrite + Unpin> Http<IO> {
    /// Calls with this bearer token.
    pub(crate) fn new(io: IO, token: Option<&str>) -> Self {
        let headers = token.map_or_else(String::new, |t| format!("Authorization: Bearer {t}\r\n"));
        Self { io: BufReader::new(io), headers }
    }

    /// One call: status and body.
    pub(crate) async fn call(
        &mut self,
        method: &str,
        path: &str,
        body: &Value,
    ) -> Result<(u16, Value)> {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let (headers, length) = (&self.headers, body.len());
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\n{headers}Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        self.io.write_all(request.as_bytes()).await?;
        let (mut line, mut status, mut length) = (String::new(), 0, 0);
        loop {
            line.clear();
            self.io.read_line(&mut line).await?;
            let text = line.trim_end().to_ascii_lowercase();
            if text.is_empty() {
                break;
            }
            if status == 0 {
                status = text.split(' ').nth(1).unwrap_or_default().parse()?;
            } else if let Some(value) = text.strip_prefix("content-length:") {
                length = value.trim().parse().context("Content-Length")?;
            }
        }
        let mut answer = vec![0; length];
        self.io.read_exact(&mut answer).await?;
        Ok((status, serde_json::from_slice(&answer).unwrap_or(Value::Null)))
    }
}
