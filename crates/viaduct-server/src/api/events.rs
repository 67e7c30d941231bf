//! What happens: as a stream of server-sent events that can be resumed, or as a list.

use super::{Api, devices, guard::Authorized, refusal::Refusal};
use crate::{
    access::{Access, Principal},
    events::{Cursor, Followed, notice},
    inventory::{FindError, Inventory},
};
use axum::{
    Json,
    extract::{Query, State},
    http::{HeaderMap, HeaderValue, header},
    response::{
        IntoResponse, Response,
        sse::{self, KeepAlive, Sse},
    },
};
use futures_util::stream::{self, Stream};
use std::{collections::VecDeque, convert::Infallible, sync::Arc, time::Duration};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use tokio::{sync::broadcast::error::RecvError, time::sleep};
use viaduct_api::{DeviceId, EVENT_TYPES, Event, is_event_type};

/// A comment is sent so often, so that nothing on the way takes the line for dead.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Whether whoever follows still may is asked so often when nothing happens, and before each event.
const RIGHTS_ASKED: Duration = Duration::from_secs(4);
/// A client is asked to wait so long before it comes back.
const RETRY: Duration = Duration::from_secs(3);
/// Records of a list when the client does not say.
const LIMIT: usize = 1000;
/// Types that one client asks for.
const TYPES: usize = 64;

/// What a client wants to see.
#[derive(Debug)]
struct Wish {
    types: Vec<String>,
    device: Option<DeviceId>,
    since: Option<Cursor>,
    limit: usize,
}

impl Wish {
    fn parse(api: &Api, pairs: &[(String, String)]) -> Result<Self, Refusal> {
        let mut wish = Self { types: Vec::new(), device: None, since: None, limit: LIMIT };
        for (key, value) in pairs {
            let bad = |msg: &str| Refusal::invalid(key, "query", value.clone().into(), msg);
            match key.as_str() {
                "type" => {
                    wish.types
                        .extend(value.split(',').filter(|t| !t.is_empty()).map(str::to_owned));
                }
                "device" => wish.device = Some(device(api, value)?),
                "since" => {
                    wish.since =
                        Some(cursor(value).ok_or_else(|| {
                            bad("expected the number of an event or a time such as 2026-01-31T12:00:00Z")
                        })?);
                }
                "limit" => {
                    wish.limit = value.parse().map_err(|_| bad("expected a number, 0 or more"))?;
                }
                _ => {}
            }
        }
        if wish.types.len() > TYPES {
            return Err(Refusal::invalid("type", "query", "".into(), "more than 64 types"));
        }
        if let Some(unknown) = wish.types.iter().find(|wanted| !is_event_type(wanted)) {
            let known: Vec<_> = EVENT_TYPES.iter().map(|(kind, _)| *kind).collect();
            let msg = format!("no such type or family; there are {}", known.join(", "));
            return Err(Refusal::invalid("type", "query", unknown.clone().into(), msg));
        }
        Ok(wish)
    }

    fn fits(&self, event: &Event) -> bool {
        (self.types.is_empty() || self.types.iter().any(|wanted| event.is(wanted)))
            && self.device.is_none_or(|device| event.guid == Some(device))
    }
}

/// A device that nobody has added can have events too, so a GUID is good in any case.
fn device(api: &Api, name: &str) -> Result<DeviceId, Refusal> {
    match api.inventory.find(name) {
        Ok(device) => Ok(device.id),
        Err(FindError::Unknown(_)) if name.parse::<DeviceId>().is_ok() => {
            name.parse().map_err(|_| Refusal::invalid("device", "query", name.into(), "no GUID"))
        }
        Err(_) => devices::find(api, name).map(|device| device.id),
    }
}

fn cursor(text: &str) -> Option<Cursor> {
    match text.parse() {
        Ok(0) => Some(Cursor::Start),
        Ok(id) => Some(Cursor::After(id)),
        Err(_) => OffsetDateTime::parse(text, &Rfc3339).ok().map(Cursor::Since),
    }
}

/// `GET /events`: `text/event-stream`, or the newest records as an array for `Accept: application/json`.
pub(super) async fn events(
    State(api): State<Arc<Api>>,
    caller: Authorized,
    Query(pairs): Query<Vec<(String, String)>>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let wish = Wish::parse(&api, &pairs)?;
    let reader = Reader {
        access: api.access.clone(),
        inventory: api.inventory.clone(),
        principal: caller.principal,
    };
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let accept = text(header::ACCEPT).unwrap_or_default();
    if accept.contains("application/json") && !accept.contains("text/event-stream") {
        let followed = api.events.history().follow(wish.since.unwrap_or(Cursor::Start));
        return Ok(list(&wish, &reader, &followed));
    }
    // What a client says when it comes back goes before what it was started with.
    let resumed = text(header::HeaderName::from_static("last-event-id")).map(str::trim);
    let cursor = match resumed.filter(|id| !id.is_empty()) {
        None => wish.since.unwrap_or(Cursor::Now),
        Some(id) => cursor(id).ok_or_else(|| {
            Refusal::invalid(
                "Last-Event-ID",
                "headers",
                id.into(),
                "expected the number of an event",
            )
        })?,
    };
    let stream = follow(wish, reader, cursor, api.events.history().follow(cursor));
    let heartbeat = KeepAlive::new().interval(HEARTBEAT).text("still here");
    let mut response = Sse::new(stream).keep_alive(heartbeat).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

fn list(wish: &Wish, reader: &Reader, followed: &Followed) -> Response {
    let fits = |event: &&Event| wish.fits(event) && reader.sees(event);
    let fitting = followed.backlog.iter().map(AsRef::as_ref).filter(fits);
    let fitting: Vec<&Event> = fitting.collect();
    Json(&fitting[fitting.len().saturating_sub(wish.limit)..]).into_response()
}

/// Who reads. A stream outlives the check at its beginning, so it asks again.
struct Reader {
    access: Access,
    inventory: Inventory,
    principal: Principal,
}

impl Reader {
    /// Whether the rights of the beginning are still there; those of the data directory's owner always are.
    fn is_current(&self) -> bool {
        self.principal.view().is_none() || self.access.is_current(&self.principal)
    }

    /// Events of devices and tenants of others do not exist; what belongs to neither is for those who see all of the
    /// first tenant.
    fn sees(&self, event: &Event) -> bool {
        let Some(view) = self.principal.view() else { return true };
        match (event.guid.and_then(|id| self.inventory.get(id)), &event.tenant) {
            (Some(device), _) => view.shows(&device),
            (None, Some(tenant)) => view.tenant == *tenant,
            (None, None) => view.tenant.is_empty() && view.labels.is_empty(),
        }
    }
}

/// Why a stream ends whose reader has lost the right to it.
const GONE: &str = "whoever follows here may not see events any more";

/// A stream and where it stands.
struct Stage {
    wish: Wish,
    reader: Reader,
    followed: Followed,
    /// What goes out before anything else.
    notices: VecDeque<sse::Event>,
    /// The number of the last record seen, whether it fitted or not.
    last: u64,
    over: bool,
}

fn follow(
    wish: Wish,
    reader: Reader,
    cursor: Cursor,
    followed: Followed,
) -> impl Stream<Item = Result<sse::Event, Infallible>> {
    let last = match cursor {
        Cursor::After(id) if !followed.gap => id,
        _ => followed.backlog.front().map_or(0, |first| first.id - 1),
    };
    // The first bytes go out at once, so that a client knows that it is connected.
    let mut notices =
        VecDeque::from([sse::Event::default().retry(RETRY).comment("here it begins")]);
    if followed.gap {
        let text =
            "events before this point were not kept; look at the devices to know how they are";
        notices.push_back(message(&notice("events.missed", last, text)));
    }
    let stage = Stage { wish, reader, followed, notices, last, over: false };
    stream::unfold(stage, |mut stage| async {
        let event = stage.next().await?;
        Some((Ok(event), stage))
    })
}

impl Stage {
    async fn next(&mut self) -> Option<sse::Event> {
        loop {
            if let Some(notice) = self.notices.pop_front() {
                return Some(notice);
            }
            if self.over {
                return None;
            }
            let record = match self.followed.backlog.pop_front() {
                Some(record) => record,
                None => match self.live().await {
                    Ok(record) => record,
                    Err(why) => return Some(self.end(&why)),
                },
            };
            self.last = record.id;
            if self.wish.fits(&record) && self.reader.sees(&record) {
                return Some(message(&record));
            }
        }
    }

    async fn live(&mut self) -> Result<Arc<Event>, String> {
        let Followed { live, closed, .. } = &mut self.followed;
        let received = loop {
            tokio::select! {
                biased;
                received = live.recv() => break received,
                _ = closed.wait_for(|closed| *closed) => return Err("the server stops".to_owned()),
                () = sleep(RIGHTS_ASKED) => {}
            }
            if !self.reader.is_current() {
                return Err(GONE.to_owned());
            }
        };
        if !self.reader.is_current() {
            return Err(GONE.to_owned());
        }
        received.map_err(|error| match error {
            RecvError::Lagged(lost) => {
                format!("this client is too slow, {lost} events behind; come back with the last id")
            }
            RecvError::Closed => "the server stops".to_owned(),
        })
    }

    fn end(&mut self, why: &str) -> sse::Event {
        self.over = true;
        tracing::info!("an event stream was ended: {why}");
        message(&notice("stream.ended", self.last, why))
    }
}

fn message(event: &Event) -> sse::Event {
    let message = sse::Event::default().id(event.id.to_string()).event(&event.kind);
    // A record is plain data: there is nothing in it that could fail.
    message.json_data(event).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::{Bus, Event as Happened};
    use futures_util::StreamExt;
    use std::pin::pin;

    fn wish() -> Wish {
        Wish { types: Vec::new(), device: None, since: None, limit: LIMIT }
    }

    /// The owner of the data directory, whom nothing is hidden from.
    async fn reader() -> (Reader, tempfile::TempDir) {
        let data = tempfile::tempdir().unwrap();
        let store = crate::config::Store::default();
        let inventory = Inventory::open(&store, data.path(), 1).await.unwrap();
        let access = Access::open(&inventory, data.path()).await.unwrap();
        (Reader { access, inventory, principal: Principal::local() }, data)
    }

    fn publish(bus: &Bus, count: usize) {
        for n in 0..count {
            bus.publish(Happened::CertificatesReloaded { listener: n.to_string() });
        }
    }

    async fn texts(stream: impl Stream<Item = Result<sse::Event, Infallible>>) -> String {
        stream.map(|event| format!("{event:?}")).collect::<Vec<_>>().await.concat()
    }

    #[tokio::test]
    async fn a_slow_subscriber_is_cut_with_the_reason_and_can_go_on_where_it_was() {
        let bus = Bus::new();
        let cursor = Cursor::Now;
        let (reader, _data) = reader().await;
        let stream = follow(wish(), reader, cursor, bus.history().follow(cursor));
        publish(&bus, 5000);
        let all = texts(stream).await;
        assert!(all.contains("stream.ended") && all.contains("too slow"), "{all}");
        assert!(!all.contains("certificates.reloaded"), "nothing out of order is sent");
    }

    #[tokio::test]
    async fn a_stream_ends_with_the_reason_when_the_server_stops() {
        let bus = Bus::new();
        let cursor = Cursor::Start;
        publish(&bus, 2);
        let (reader, _data) = reader().await;
        let mut stream = pin!(follow(wish(), reader, cursor, bus.history().follow(cursor)));
        for _ in 0..3 {
            assert!(stream.next().await.is_some());
        }
        bus.history().close();
        let last = format!("{:?}", stream.next().await.unwrap().unwrap());
        assert!(last.contains("the server stops"), "{last}");
        assert!(stream.next().await.is_none());
    }
}
