//! A console's socket, with the reading that tests need.

use super::device::PATIENCE;
use bytes::BytesMut;
use std::net::SocketAddr;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

pub(crate) struct Wire {
    pub(crate) stream: TcpStream,
    seen: BytesMut,
}

/// An HTTP answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    /// The value of a field.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let matches = |line: &&str| {
            line.split_once(':').is_some_and(|(found, _)| found.eq_ignore_ascii_case(name))
        };
        self.head.lines().find(matches).and_then(|line| line.split_once(": ")).map(|found| found.1)
    }

    pub(crate) fn code(&self) -> Option<&str> {
        self.field("X-Viaduct-Code")
    }
}

impl Wire {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, seen: BytesMut::new() }
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.unwrap();
    }

    async fn fill(&mut self) -> bool {
        let read = timeout(PATIENCE, self.stream.read_buf(&mut self.seen)).await;
        let read = read.unwrap_or_else(|_| panic!("nothing more after {:?}", self.seen));
        read.is_ok_and(|count| count > 0)
    }

    pub(crate) async fn bytes(&mut self, count: usize) -> Vec<u8> {
        while self.seen.len() < count {
            assert!(self.fill().await, "closed after {:?}", self.seen);
        }
        self.seen.split_to(count).to_vec()
    }

    async fn until(&mut self, end: &[u8]) -> String {
        loop {
            if let Some(at) = self.seen.windows(end.len()).position(|window| window == end) {
                return String::from_utf8(self.seen.split_to(at + end.len()).to_vec()).unwrap();
            }
            assert!(self.fill().await, "closed after {:?}", self.seen);
        }
    }

    /// A head alone: of an answer to HEAD or CONNECT, or 100 Continue.
    pub(crate) async fn head(&mut self) -> Answer {
        let head = self.until(b"\r\n\r\n").await;
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { status, head, body: String::new() }
    }

    /// A whole answer.
    pub(crate) async fn answer(&mut self) -> Answer {
        let mut answer = self.head().await;
        if let Some(length) = answer.field("Content-Length") {
            let length = length.parse().unwrap();
            answer.body = String::from_utf8(self.bytes(length).await).unwrap();
        } else if answer.field("Transfer-Encoding") == Some("chunked") {
            loop {
                let line = self.until(b"\r\n").await;
                let size = usize::from_str_radix(line.trim_end(), 16).unwrap();
                let data = self.bytes(size + 2).await;
                answer.body.push_str(std::str::from_utf8(&data[..size]).unwrap());
                if size == 0 {
                    break;
                }
            }
        } else {
            answer.body = String::from_utf8(self.rest().await).unwrap();
        }
        answer
    }

    /// Everything until the other end closes.
    pub(crate) async fn rest(&mut self) -> Vec<u8> {
        while self.fill().await {}
        self.seen.split().to_vec()
    }
}
