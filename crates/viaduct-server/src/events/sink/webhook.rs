//! A webhook: every event it wants, in order, until it takes it.

use super::{
    FIRST_PAUSE, Feed, SinkError,
    dial::Target,
    line::{Answer, Line},
    notice::Notices,
    secret,
    sign::Key,
    tls,
};
use crate::{config, tls::OutgoingTls};
use bytes::Bytes;
use http_body_util::Full;
use hyper::{Method, Request, StatusCode, header};
use std::sync::Arc;
use time::OffsetDateTime;
use viaduct_api::WebhookNotice;

/// Where to, and how.
#[derive(Debug, Clone)]
pub(super) struct Receiver {
    /// The URL without its path, which may be a secret.
    pub(super) name: String,
    target: Target,
    tls: Option<OutgoingTls>,
    key: Option<Key>,
}

impl Receiver {
    pub(super) fn new(hook: &config::Webhook) -> Result<Self, SinkError> {
        let target = Target::parse(&hook.url, hook.allow_private);
        let target = target.ok_or_else(|| SinkError::Url { who: hook.url.clone() })?;
        let name = format!("webhook {}", target.authority());
        let tls = tls(&name, &target, hook.ca.as_deref())?;
        let secret = secret(&name, hook.secret.as_ref(), hook.secret_file.as_deref())?;
        Ok(Self { name, target, tls, key: secret.as_ref().map(Key::new) })
    }

    pub(super) fn line(&self) -> Line {
        Line::new(self.target.clone(), self.tls.clone())
    }

    /// The request that carries a notice. The id is the same when it is sent again, the time is not.
    pub(super) fn request(&self, id: &str, notice: &WebhookNotice) -> Option<Request<Full<Bytes>>> {
        let body = serde_json::to_vec(notice).ok()?;
        let timestamp = OffsetDateTime::now_utc().unix_timestamp();
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(self.target.path.as_str())
            .header(header::HOST, self.target.authority())
            .header(header::USER_AGENT, format!("viaduct/{}", config::VERSION))
            .header(header::CONTENT_TYPE, "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", timestamp.to_string());
        if let Some(signature) = self.key.as_ref().and_then(|key| key.sign(id, timestamp, &body)) {
            request = request.header("webhook-signature", signature);
        }
        request.body(Full::new(body.into())).ok()
    }
}

/// What an answer means for the event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Taken,
    /// The receiver does not want it, and will not want it later.
    Refused,
    Again,
}

fn fate(status: StatusCode) -> Fate {
    match status.as_u16() {
        200..=299 => Fate::Taken,
        // Redirects are not followed: the address that was checked is the one that counts. But the receiver is not
        // against the event: a page to sign in, or one that has moved, is mended by somebody, who then gets it.
        300..=399 | 408 | 425 | 429 | 500..=599 => Fate::Again,
        _ => Fate::Refused,
    }
}

/// Sends what the feed gives until the server stops.
pub(super) async fn run(receiver: Receiver, notices: Arc<Notices>, mut feed: Feed) {
    let mut line = receiver.line();
    let mut pause = FIRST_PAUSE;
    let mut failing = false;
    while let Some(record) = feed.next().await {
        let id = format!("evt_{}", record.id);
        let notice = notices.of(&record);
        loop {
            let Some(request) = receiver.request(&id, &notice) else { break };
            let why = match line.send(&request).await {
                Ok(Answer { status, .. }) => match fate(status) {
                    Fate::Taken => {
                        feed.count(0);
                        feed.figures.sent.inc();
                        if std::mem::take(&mut failing) {
                            tracing::info!("{}: events are taken again", receiver.name);
                        }
                        pause = FIRST_PAUSE;
                        break;
                    }
                    Fate::Refused => {
                        feed.count(0);
                        feed.figures.refused.inc();
                        tracing::warn!(
                            "{}: it answers {status} to event {} ({}); the event is not sent again",
                            receiver.name,
                            record.id,
                            record.kind
                        );
                        break;
                    }
                    Fate::Again if status.is_redirection() => format!(
                        "it answers {status}, which leads elsewhere and is not followed (put the URL that takes events itself into the configuration)"
                    ),
                    Fate::Again => format!("it answers {status}"),
                },
                Err(error) => error,
            };
            feed.figures.failed.inc();
            if !std::mem::replace(&mut failing, true) {
                tracing::warn!("{}: {why}; events wait for it", receiver.name);
            }
            if !feed.pause(&mut pause, 1).await {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_help_is_sent_again_and_so_is_what_was_led_elsewhere() {
        for (status, expected) in [
            (200, Fate::Taken),
            (204, Fate::Taken),
            (302, Fate::Again),
            (307, Fate::Again),
            (400, Fate::Refused),
            (410, Fate::Refused),
            (429, Fate::Again),
            (503, Fate::Again),
        ] {
            assert_eq!(fate(StatusCode::from_u16(status).unwrap()), expected, "{status}");
        }
    }
}
