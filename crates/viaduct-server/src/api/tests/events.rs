//! Events as a list: filters, cursors, and who is named in them.

use super::*;
use crate::events::Event;

async fn list(bench: &Bench, query: &str) -> Value {
    let origin = Origin::Local;
    let accept = [("accept", "application/json")];
    let reply = bench.send(origin, "GET", &format!("/api/v1/events{query}"), &accept, "").await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
    reply.json()
}

fn kinds(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|event| event["type"].as_str().unwrap()).collect()
}

async fn busy() -> Bench {
    let bench = Bench::new().await;
    bench.add(GUID, "pc-1").await;
    bench.api.events.name_devices(bench.api.inventory.clone());
    let peer = "192.0.2.9:1".parse().unwrap();
    let device = GUID.parse().unwrap();
    bench.api.events.publish(Event::Unclaimed { device: OTHER.parse().unwrap(), peer });
    bench.api.events.publish(Event::TunnelReady {
        tunnel: crate::tunnel::TunnelId(7),
        device,
        ports: vec![16992, 16994],
    });
    bench.api.events.publish(Event::CertificatesReloaded { listener: "web".into() });
    bench
}

#[tokio::test]
async fn a_list_is_filtered_by_family_type_device_and_cursor() {
    let bench = busy().await;
    let all = list(&bench, "").await;
    assert_eq!(kinds(&all), ["device.unclaimed", "tunnel.ready", "certificates.reloaded"]);
    let ready = &all[1];
    assert_eq!(ready["guid"], GUID);
    assert_eq!((&ready["name"], &ready["tunnel"]), (&"pc-1".into(), &7.into()));
    assert_eq!(ready["ports"], serde_json::json!([16992, 16994]));
    let id = all[0]["id"].as_u64().unwrap();
    for (query, expected) in [
        ("?type=tunnel".to_owned(), vec!["tunnel.ready"]),
        (
            "?type=device.unclaimed,tunnel.ready".to_owned(),
            vec!["device.unclaimed", "tunnel.ready"],
        ),
        (
            "?type=device.unclaimed&type=certificates".to_owned(),
            vec!["device.unclaimed", "certificates.reloaded"],
        ),
        ("?device=PC-1".to_owned(), vec!["tunnel.ready"]),
        (format!("?device={OTHER}"), vec!["device.unclaimed"]),
        ("?limit=1".to_owned(), vec!["certificates.reloaded"]),
        ("?limit=0".to_owned(), vec![]),
        (format!("?since={id}"), vec!["tunnel.ready", "certificates.reloaded"]),
        ("?since=2999-01-01T00:00:00Z".to_owned(), vec![]),
        ("?since=2020-01-01T00:00:00Z&type=tunnel".to_owned(), vec!["tunnel.ready"]),
    ] {
        assert_eq!(kinds(&list(&bench, &query).await), expected, "{query}");
    }
}

#[tokio::test]
async fn what_cannot_be_meant_is_refused_by_name() {
    let bench = busy().await;
    for (query, path) in [
        ("type=tunel", "type"),
        ("since=yesterday", "since"),
        ("limit=-1", "limit"),
        ("device=nobody", "guid"),
    ] {
        let reply = bench.local("GET", &format!("/api/v1/events?{query}"), "").await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{query}: {}", reply.text);
        assert_eq!(reply.json()["errors"][0]["path"], path, "{}", reply.text);
    }
    let headers = [("last-event-id", "x")];
    let reply = bench.send(Origin::Local, "GET", "/api/v1/events", &headers, "").await;
    assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{}", reply.text);
}

#[tokio::test]
async fn a_stream_begins_behind_the_last_id_and_carries_id_type_and_data() {
    let bench = busy().await;
    let all = list(&bench, "").await;
    let id = all[1]["id"].as_u64().unwrap();
    let mut request = Request::builder()
        .uri("/api/v1/events?type=certificates,tunnel&since=0")
        .header("last-event-id", id.to_string())
        .body(Body::empty())
        .unwrap();
    request.extensions_mut().insert(Origin::Local);
    let response = bench.router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    assert_eq!(response.headers()["cache-control"], "no-store");
    bench.api.events.history().close();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let text = String::from_utf8(body.to_vec()).unwrap();
    let expected = format!("id: {}\nevent: certificates.reloaded\ndata: {{", id + 1);
    assert!(text.contains(&expected), "{text}");
    assert!(!text.contains("tunnel.ready"), "{text}");
    assert!(text.contains("event: stream.ended"), "{text}");
}
