//! What is left of a request's body when its answer is ready.
//!
//! A refusal (not signed in, no such path) is made without reading the body. hyper then closes the connection without a
//! word when the body's bytes had not come by then, and the client's next request on it is lost. So a short rest is read
//! and thrown away first, and for a long one the answer says that the connection ends.

use axum::body::{Body, Bytes, HttpBody};
use http_body_util::{BodyExt, Limited};
use hyper::body::{Frame, Incoming, SizeHint};
use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};
use tokio::{sync::oneshot, time::timeout};

/// Of a body nobody wants so much is read, in bytes.
const MAX: usize = 64 << 10;
/// It must have come so soon after the answer was ready.
const DEADLINE: Duration = Duration::from_secs(1);

/// What was not read of a body by the time it was dropped.
pub(super) struct Leftover<B = Incoming>(oneshot::Receiver<B>);

/// A body that gives what is left of it to its [`Leftover`].
struct Watched<B: HttpBody> {
    body: Option<B>,
    leftover: Option<oneshot::Sender<B>>,
}

/// The same body, and where its rest will be.
pub(super) fn watched<B>(body: B) -> (Body, Leftover<B>)
where
    B: HttpBody<Data = Bytes, Error: Into<axum::BoxError>> + Unpin + Send + 'static,
{
    let (sender, receiver) = oneshot::channel();
    if body.is_end_stream() {
        return (Body::empty(), Leftover(receiver));
    }
    let watched = Watched { body: Some(body), leftover: Some(sender) };
    (Body::new(watched), Leftover(receiver))
}

impl<B> Leftover<B>
where
    B: HttpBody<Data = Bytes, Error: Into<axum::BoxError>> + Unpin,
{
    /// Reads and throws away what is left. False when that is too much, or does not come: then the connection can take
    /// no further request. A client that `waits` to be told to go on (`Expect`) sends nothing after a refusal.
    pub(super) async fn drained(mut self, waits: bool) -> bool {
        let Ok(body) = self.0.try_recv() else { return true };
        if waits || body.size_hint().lower() > MAX as u64 {
            return false;
        }
        let rest = Limited::new(body, MAX).collect();
        matches!(timeout(DEADLINE, rest).await, Ok(Ok(_)))
    }
}

impl<B: HttpBody<Data = Bytes> + Unpin> HttpBody for Watched<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        match &mut self.body {
            Some(body) => Pin::new(body).poll_frame(cx),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(SizeHint::default, HttpBody::size_hint)
    }
}

impl<B: HttpBody> Drop for Watched<B> {
    fn drop(&mut self) {
        if let (Some(body), Some(leftover)) = (self.body.take(), self.leftover.take())
            && !body.is_end_stream()
        {
            // Without a receiver the answer is on its way already.
            drop(leftover.send(body));
        }
    }
}
