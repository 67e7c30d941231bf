//! Curves, health, and ways to sign in.

use super::*;
use crate::access::PASSWORD_MIN;

#[tokio::test]
async fn a_page_learns_how_to_sign_in_before_anybody_has() {
    let bench = Bench::new().await;
    let ways = bench.remote("GET", "/api/v1/session", &[], "").await;
    assert_eq!(ways.status, StatusCode::OK);
    assert_eq!(ways.json()["setUp"], false);
    assert_eq!(ways.json()["signedIn"], false);
    let headers = [("cookie", "__Host-viaduct=guess")];
    let guess = bench.remote("GET", "/api/v1/session", &headers, "").await;
    assert_eq!((guess.status, guess.json()["signedIn"].clone()), (StatusCode::OK, false.into()));
    let local = bench.local("GET", "/api/v1/session", "").await;
    assert_eq!(local.json()["signedIn"], true);
    assert_eq!(ways.json()["provider"], false);
    assert_eq!(ways.json()["passwordMin"], PASSWORD_MIN);
}

#[tokio::test]
async fn curves_are_of_an_hour_or_a_week_and_health_names_what_was_looked_at() {
    let bench = Bench::new().await;
    for (range, seconds) in [("", 10), ("?range=hour", 10), ("?range=week", 300)] {
        let reply = bench.local("GET", &format!("/api/v1/stats/history{range}"), "").await;
        assert_eq!(reply.json()["intervalSeconds"], seconds, "{range}");
    }
    let reply = bench.local("GET", "/api/v1/stats/history?range=year", "").await;
    assert_eq!(reply.status, StatusCode::BAD_REQUEST);
    let health = bench.local("GET", "/api/v1/stats/health", "").await.json();
    let verdict = |name: &str| {
        let all = health.as_array().unwrap();
        all.iter().find(|check| check["name"] == name).unwrap_or_else(|| panic!("{name}: {health}"))
            ["verdict"]
            .clone()
    };
    for name in ["store", "audit", "clock", "certificates"] {
        assert_eq!(verdict(name), "ok", "{name}");
    }
    assert_eq!(verdict("users"), "warn", "nobody can sign in yet");
    assert!(health.as_array().unwrap().iter().any(|check| check["name"] == "disk"));
}

#[tokio::test]
async fn availability_is_asked_for_a_day_a_week_or_a_month_and_for_all_devices_at_once() {
    let bench = Bench::new().await;
    let guid = "4c4c4544-004b-4210-8033-b6c04f504633";
    bench.add(guid, "pc-1").await;
    for (range, hours) in [("", 24), ("?range=24h", 24), ("?range=7d", 168), ("?range=30d", 720)] {
        let path = format!("/api/v1/devices/pc-1/availability{range}");
        let reply = bench.local("GET", &path, "").await.json();
        assert_eq!(reply["guid"], guid, "{reply}");
        let time = |key: &str| {
            let text = reply[key].as_str().unwrap();
            OffsetDateTime::parse(text, &time::format_description::well_known::Rfc3339).unwrap()
        };
        assert_eq!((time("until") - time("from")).whole_hours(), hours);
    }
    let reply = bench.local("GET", "/api/v1/devices/pc-1/availability?range=1y", "").await;
    assert_eq!(reply.status, StatusCode::BAD_REQUEST);
    let reply = bench.local("GET", "/api/v1/devices/pc-none/availability", "").await;
    assert_eq!(reply.status, StatusCode::BAD_REQUEST);
    let all = bench.local("GET", "/api/v1/stats/availability", "").await.json();
    assert_eq!(all[0]["hours"].as_str().map(str::len), Some(24), "{all}");
}
