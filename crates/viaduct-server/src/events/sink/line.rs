//! An HTTP connection to a webhook, kept open from one event to the next.

use super::dial::Target;
use crate::tls::OutgoingTls;
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{Request, StatusCode, client::conn::http1};
use hyper_util::rt::TokioIo;
use std::time::Duration;
use tokio::time::timeout;

/// An answer must be complete so soon.
const DEADLINE: Duration = Duration::from_secs(10);
/// So much of an answer is read.
const ANSWER_MAX: usize = 64 << 10;

/// A connection, or the way to one.
#[derive(Debug)]
pub(super) struct Line {
    target: Target,
    tls: Option<OutgoingTls>,
    open: Option<http1::SendRequest<Full<Bytes>>>,
}

/// What came back.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body: Bytes,
}

impl Line {
    pub(super) fn new(target: Target, tls: Option<OutgoingTls>) -> Self {
        Self { target, tls, open: None }
    }

    /// Sends a request. A kept connection may have been closed meanwhile; then a new one is tried at once.
    pub(super) async fn send(&mut self, request: &Request<Full<Bytes>>) -> Result<Answer, String> {
        if let Some(open) = self.open.take().filter(|open| !open.is_closed())
            && let Ok(answer) = self.exchange(open, request.clone()).await
        {
            return Ok(answer);
        }
        let io = self.target.connect(self.tls.as_ref()).await.map_err(|error| error.to_string())?;
        let (sender, connection) =
            http1::handshake(TokioIo::new(io)).await.map_err(|error| error.to_string())?;
        tokio::spawn(async move {
            // An error ends the request too, which is where it is told.
            drop(connection.await);
        });
        self.exchange(sender, request.clone()).await
    }

    async fn exchange(
        &mut self,
        mut sender: http1::SendRequest<Full<Bytes>>,
        request: Request<Full<Bytes>>,
    ) -> Result<Answer, String> {
        let work = async {
            sender.ready().await.map_err(|error| error.to_string())?;
            let answer = sender.send_request(request).await.map_err(|error| error.to_string())?;
            let status = answer.status();
            let body = Limited::new(answer.into_body(), ANSWER_MAX).collect().await;
            let body = body.map_err(|error| format!("its answer cannot be read: {error}"))?;
            Ok::<_, String>(Answer { status, body: body.to_bytes() })
        };
        let answer = timeout(DEADLINE, work)
            .await
            .map_err(|_| format!("it did not answer within {} s", DEADLINE.as_secs()))??;
        self.open = Some(sender);
        Ok(answer)
    }
}
