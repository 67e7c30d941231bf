//! Devices: Open AMT's shapes and quirks, and ours beside them.

use super::*;
use serde_json::json;

#[tokio::test]
async fn a_device_is_added_shown_listed_counted_and_removed() {
    let bench = Bench::new().await;
    let body = json!({
        "guid": GUID.to_uppercase(), "name": "pc-1", "fqdn": "pc-1.example.com",
        "labels": {"site": "berlin", "lab": ""},
    });
    let added = bench.local("POST", "/api/v1/devices", &body.to_string()).await;
    assert_eq!(added.status, StatusCode::CREATED, "{}", added.text);
    let added = added.json();
    assert_eq!(added["guid"], GUID);
    assert_eq!(added["tags"], json!(["lab", "site=berlin"]));
    assert!(!added["issued"]["password"].as_str().unwrap().is_empty());
    for name in [GUID, &GUID.to_uppercase(), "pc-1", "PC-1", "pc-1.example.com"] {
        let shown = bench.local("GET", &format!("/api/v1/devices/{name}"), "").await;
        assert_eq!(shown.status, StatusCode::OK, "{name}: {}", shown.text);
        assert_eq!(shown.json()["name"], "pc-1");
        assert!(shown.json().get("issued").is_none());
    }
    let list = bench.local("GET", "/api/v1/devices", "").await.json();
    for key in [
        "guid",
        "hostname",
        "tags",
        "mpsInstance",
        "connectionStatus",
        "mpsusername",
        "tenantId",
        "friendlyName",
        "dnsSuffix",
        "deviceInfo",
    ] {
        assert!(list[0].get(key).is_some(), "{key} is missing");
    }
    assert_eq!(list[0]["connectionStatus"], false);
    let stats = bench.local("GET", "/api/v1/devices/stats", "").await.json();
    assert_eq!(stats, json!({"totalCount": 1, "connectedCount": 0, "disconnectedCount": 1}));
    let tags = bench.local("GET", "/api/v1/devices/tags", "").await.json();
    assert_eq!(tags, json!(["lab", "site=berlin"]));
    let gone = bench.local("DELETE", "/api/v1/devices/pc-1", "").await;
    assert_eq!((gone.status, gone.text.as_str()), (StatusCode::NO_CONTENT, ""));
    let gone = bench.local("DELETE", &format!("/api/v1/devices/{GUID}"), "").await;
    assert_eq!(gone.status, StatusCode::NOT_FOUND);
    assert_eq!(gone.json()["error"], "NOT FOUND");
    assert_eq!(gone.json()["message"], format!("Device ID {GUID} not found"));
}

#[tokio::test]
async fn posting_again_merges_and_keeps_what_is_not_said() {
    let bench = Bench::new().await;
    let first = json!({
        "guid": GUID, "hostname": "till-7", "mpsusername": "admin", "mpspassword": "Sup3r-s3cret",
        "tags": ["till", "site=berlin"], "dnsSuffix": "shops.example",
        "deviceInfo": {"fwVersion": "16.1.30", "unknownKey": [1]},
    });
    let reply = bench.local("POST", "/api/v1/devices", &first.to_string()).await;
    assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.text);
    let device = reply.json();
    assert_eq!(
        (&device["name"], &device["fqdn"]),
        (&"till-7".into(), &"till-7.shops.example".into())
    );
    assert_eq!(device["deviceInfo"]["unknownKey"], json!([1]));
    assert!(device.get("issued").is_none(), "the password was given");
    assert!(!reply.text.contains("Sup3r"));
    let again = json!({
        "guid": GUID, "tags": ["till"], "icon": 3, "connectionStatus": true, "mpsInstance": "evil",
        "lastSeen": "2001-01-01T00:00:00Z", "friendlyName": "Till Seven",
    });
    let reply = bench.local("POST", "/api/v1/devices", &again.to_string()).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
    let device = reply.json();
    assert_eq!(device["tags"], json!(["till"]));
    assert_eq!(device["mpsusername"], "admin");
    assert_eq!(device["hostname"], "till-7");
    assert_eq!(device["friendlyName"], "Till Seven");
    assert_eq!(device["connectionStatus"], false);
    assert_eq!(device["mpsInstance"], Value::Null);
    assert_eq!(device["lastSeen"], Value::Null);
    let verdict = bench.api.inventory.verify(GUID.parse().unwrap(), b"admin", b"Sup3r-s3cret");
    assert_eq!(verdict, crate::inventory::Verdict::Admit);
    let patch = json!({"guid": GUID, "deviceInfo": {"fwVersion": "16.1.31"}, "hostname": null});
    let reply = bench.local("PATCH", "/api/v1/devices", &patch.to_string()).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
    assert_eq!(reply.json()["deviceInfo"], json!({"fwVersion": "16.1.31"}));
    assert_eq!(reply.json()["hostname"], Value::Null);
    let unknown = json!({"guid": OTHER, "tags": []});
    let reply = bench.local("PATCH", "/api/v1/devices", &unknown.to_string()).await;
    assert_eq!(reply.status, StatusCode::NOT_FOUND);
    assert_eq!(reply.json()["message"], format!("Device ID {OTHER} not found"));
}

#[tokio::test]
async fn a_credential_can_be_replaced_and_an_empty_password_is_none() {
    let bench = Bench::new().await;
    let id = GUID.parse().unwrap();
    let admit = |password: &str| {
        let verdict = bench.api.inventory.verify(id, b"admin", password.as_bytes());
        verdict == crate::inventory::Verdict::Admit
    };
    for (password, expected) in [
        ("First-pass-1", "First-pass-1"),
        ("Second-pass-2", "Second-pass-2"),
        ("", "Second-pass-2"),
    ] {
        let body =
            json!({"guid": GUID, "name": "pc", "mpsusername": "admin", "ciraPassword": password});
        let reply = bench.local("POST", "/api/v1/devices", &body.to_string()).await;
        assert!(reply.status.is_success(), "{}", reply.text);
        assert!(admit(expected), "{password}");
        assert!(!admit(""));
    }
    assert!(!admit("First-pass-1"));
}

#[tokio::test]
async fn names_made_from_reports_never_stand_in_the_way() {
    let bench = Bench::new().await;
    bench.add(OTHER, "till-7").await;
    for (friendly, host) in [("Max's laptop", "till-8"), ("", "till-7"), ("a b", "ä")] {
        let body = json!({"guid": GUID, "friendlyName": friendly, "hostname": host});
        let reply = bench.local("POST", "/api/v1/devices", &body.to_string()).await;
        assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.text);
        assert_eq!(reply.json()["name"], GUID);
        assert_eq!(reply.json()["hostname"], host);
        bench.local("DELETE", &format!("/api/v1/devices/{GUID}"), "").await;
    }
}

#[tokio::test]
async fn of_many_devices_those_come_in_that_can_and_of_each_it_is_said() {
    let bench = Bench::new().await;
    bench.add(GUID, "pc-1").await;
    let guid = |n: u32| format!("4c4c4544-004b-4210-8033-0000000000{n:02}");
    let wishes = json!([
        {"guid": guid(1), "name": "a", "labels": {"site": "berlin"}, "deviceInfo": {"fwVersion": "16.1"}},
        {"guid": GUID, "name": "again"},
        {"guid": "nonsense", "name": "b"},
        {"guid": guid(2), "name": "PC-1"},
        {"guid": guid(3), "name": "A"},
        {"guid": guid(1), "name": "c"},
        {"guid": guid(4), "hostname": "a"},
        {"guid": guid(5), "name": "d", "mpsusername": "admin", "mpspassword": "Sup3r-s3cret"},
    ]);
    let expected = ["added", "E2004", "E1400", "E2004", "E2004", "E2004", "added", "added"];
    let codes = |outcomes: &Value| -> Vec<String> {
        let outcomes = outcomes.as_array().unwrap().iter();
        let code = |o: &Value| o["refused"]["code"].as_str().unwrap_or("added").to_owned();
        outcomes.map(code).collect()
    };
    let planned = bench.local("POST", "/api/v1/imports/check", &wishes.to_string()).await.json();
    assert_eq!(codes(&planned), expected, "what would happen is what happens: {planned:#}");
    assert!(planned[0]["added"].get("issued").is_none(), "a credential that is not kept");
    let kept = bench.local("GET", "/api/v1/devices/stats", "").await.json();
    assert_eq!(kept["totalCount"], 1, "nothing was added");
    let reply = bench.local("POST", "/api/v1/imports", &wishes.to_string()).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
    let outcomes = reply.json();
    assert_eq!(codes(&outcomes), expected, "{outcomes:#}");
    assert!(outcomes[0]["added"]["issued"]["password"].is_string());
    assert_eq!(outcomes[6]["added"]["name"], guid(4), "a name that was made up stands back");
    assert!(outcomes[7]["added"].get("issued").is_none(), "it has one already");
    let shown = bench.local("GET", "/api/v1/devices/a", "").await.json();
    assert_eq!(
        (&shown["tags"], &shown["deviceInfo"]["fwVersion"]),
        (&json!(["site=berlin"]), &json!("16.1"))
    );
    let many: Vec<_> = (0..1001).map(|_| json!({})).collect();
    let reply = bench.local("POST", "/api/v1/imports", &json!(many).to_string()).await;
    assert_eq!(reply.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn what_is_there_already_is_a_conflict() {
    let bench = Bench::new().await;
    bench.add(GUID, "pc-1").await;
    let body = json!({"guid": OTHER, "name": "pc-1"}).to_string();
    let reply = bench.local("POST", "/api/v1/devices", &body).await;
    assert_eq!(
        (reply.status, reply.json()["code"].clone()),
        (StatusCode::CONFLICT, "E2004".into())
    );
    let admin = bench.token(Scope::Admin).await;
    let headers = [("authorization", admin.as_str()), ("if-none-match", "*")];
    let body = json!({"guid": GUID, "name": "pc-9"}).to_string();
    let reply = bench.remote("POST", "/api/v1/devices", &headers, &body).await;
    assert_eq!(
        (reply.status, reply.json()["code"].clone()),
        (StatusCode::CONFLICT, "E2004".into())
    );
}

#[tokio::test]
async fn bad_values_are_refused_in_the_shape_of_the_validators() {
    let bench = Bench::new().await;
    let long = "x".repeat(256);
    for (body, path) in [
        (json!({}), "guid"),
        (json!({"guid": "nonsense"}), "guid"),
        (json!({"guid": 7}), "guid"),
        (json!({"guid": GUID, "hostname": long}), "hostname"),
    ] {
        let reply = bench.local("POST", "/api/v1/devices", &body.to_string()).await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{body}");
        let error = &reply.json()["errors"][0];
        assert_eq!(error["path"], path);
        assert_eq!((&error["type"], &error["location"]), (&"field".into(), &"body".into()));
        assert!(error["msg"].is_string() && error.get("value").is_some());
        assert_eq!(reply.header("content-type"), "application/json");
    }
    let reply = bench.local("GET", "/api/v1/devices?$top=x", "").await;
    assert_eq!(reply.status, StatusCode::BAD_REQUEST);
    assert_eq!(reply.json()["errors"][0]["location"], "query");
    let reply = bench.local("POST", "/api/v1/devices", "{\"guid\"").await;
    assert_eq!(reply.status, StatusCode::BAD_REQUEST);
    assert_eq!(reply.json()["error"], "Incorrect URI or Bad Request");
}

#[tokio::test]
async fn a_guid_that_is_unknown_is_404_and_no_guid_at_all_is_400() {
    let bench = Bench::new().await;
    let unknown = bench.local("GET", &format!("/api/v1/devices/{GUID}"), "").await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    let nonsense = bench.local("GET", "/api/v1/devices/nonsense", "").await;
    assert_eq!(nonsense.status, StatusCode::BAD_REQUEST);
    assert_eq!(nonsense.json()["errors"][0]["location"], "params");
    for reply in [unknown, nonsense] {
        assert_eq!(reply.json()["code"], "E2001");
    }
    bench.add(GUID, "pc-1").await;
    let away = bench.local("DELETE", "/api/v1/devices/disconnect/pc-1", "").await;
    assert_eq!(away.status, StatusCode::NOT_FOUND);
    let expected = "Device not found/connected. Please connect again using CIRA.";
    assert_eq!(away.json()["error"], expected);
    assert_eq!(away.json()["errorDescription"], format!("guid : {GUID}"));
}

#[tokio::test]
async fn lists_are_filtered_before_they_are_paged_and_totals_are_true() {
    let bench = Bench::new().await;
    for n in 0..30 {
        let tags = if n % 3 == 0 { json!(["till", "site=berlin"]) } else { json!(["till"]) };
        let body = json!({
            "guid": format!("4c4c4544-004b-4210-8033-0000000000{n:02}"), "name": format!("pc-{n:02}"),
            "tags": tags, "hostname": format!("host-{}", n % 2),
        });
        let reply = bench.local("POST", "/api/v1/devices", &body.to_string()).await;
        assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.text);
    }
    let list = bench.local("GET", "/api/v1/devices", "").await.json();
    assert_eq!(list.as_array().unwrap().len(), 25);
    for (query, rows, total) in [
        ("$count=true", 25, 30),
        ("$top=5&$skip=28&$count=true", 2, 30),
        ("$top=0&$count=true", 0, 30),
        ("tags=site%3Dberlin&$count=true", 10, 10),
        ("tags=till,site%3Dberlin&method=AND&$top=4&$count=true", 4, 10),
        ("tags=till,site%3Dberlin&method=OR&$top=100&$count=true", 30, 30),
        ("hostname=host-1&$top=3&$count=true", 3, 15),
        ("status=1&$count=true", 0, 0),
        ("status=0&$skip=29&$count=true", 1, 30),
        ("friendlyName=nobody&$count=true", 0, 0),
        ("search=PC-1&$count=true", 10, 10),
        ("search=berlin&$top=3&$count=true", 3, 10),
        ("search=HOST-0&status=0&$count=true", 15, 15),
    ] {
        let page = bench.local("GET", &format!("/api/v1/devices?{query}"), "").await.json();
        assert_eq!(page["data"].as_array().unwrap().len(), rows, "{query}");
        assert_eq!(page["totalCount"], total, "{query}");
    }
    let page = bench.local("GET", "/api/v1/devices?$top=3", "").await.json();
    let names: Vec<_> = page.as_array().unwrap().iter().map(|d| d["name"].clone()).collect();
    assert_eq!(names, ["pc-00", "pc-01", "pc-02"]);
    for (query, expected) in [
        ("sort=-name&$top=2", ["pc-29", "pc-28"]),
        ("sort=hostname&$top=2", ["pc-00", "pc-02"]),
        ("sort=-hostname&$top=2&$skip=14", ["pc-01", "pc-28"]),
        ("sort=NAME&$skip=28", ["pc-28", "pc-29"]),
    ] {
        let page = bench.local("GET", &format!("/api/v1/devices?{query}"), "").await.json();
        let names: Vec<_> = page.as_array().unwrap().iter().map(|d| d["name"].clone()).collect();
        assert_eq!(names, expected, "{query}");
    }
    let refused = bench.local("GET", "/api/v1/devices?sort=colour", "").await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert_eq!(refused.json()["errors"][0]["path"], "sort");
}

#[tokio::test]
async fn a_device_is_renamed_and_labelled() {
    let bench = Bench::new().await;
    bench.add(GUID, "pc-1").await;
    let body = json!({"name": "till-9", "fqdn": "till-9.example", "labels": {"a": "1", "b": ""}});
    let reply = bench.local("PATCH", "/api/v1/devices/pc-1", &body.to_string()).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
    assert_eq!(reply.json()["name"], "till-9");
    assert_eq!(reply.json()["labels"], json!({"a": "1", "b": ""}));
    let body = json!({"labels": {"a": null}, "fqdn": null});
    let reply = bench.local("PATCH", "/api/v1/devices/till-9", &body.to_string()).await.json();
    assert_eq!((&reply["labels"], &reply["fqdn"]), (&json!({"b": ""}), &Value::Null));
    let reply = bench.local("PATCH", "/api/v1/devices/till-9", r#"{"colour":"red"}"#).await;
    assert_eq!(reply.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn nobody_hears_of_an_ignored_device_until_it_is_heeded_again() {
    let bench = Bench::new().await;
    let peer = "192.0.2.7:5000".parse().unwrap();
    let knock = || bench.api.inventory.note_unclaimed(OTHER.parse().unwrap(), peer, None);
    let path = format!("/api/v1/unclaimed/{OTHER}/ignore");
    assert_eq!(bench.local("POST", &path, "").await.status, StatusCode::NOT_FOUND);
    knock();
    let waiting = || async {
        let status = bench.local("GET", "/api/v1/status", "").await.json();
        let told = status["attention"].as_array().unwrap().iter().any(|it| it["code"] == "E2017");
        (status["counts"]["unclaimed"].as_u64().unwrap(), told)
    };
    assert_eq!(waiting().await, (1, true));
    assert_eq!(bench.local("POST", &path, "").await.status, StatusCode::NO_CONTENT);
    knock();
    assert_eq!(waiting().await, (0, false));
    let list = bench.local("GET", "/api/v1/unclaimed", "").await.json();
    assert_eq!((&list[0]["ignored"], &list[0]["count"]), (&json!(true), &json!(2)));
    assert_eq!(bench.local("DELETE", &path, "").await.status, StatusCode::NO_CONTENT);
    assert_eq!(waiting().await, (1, true));
}

#[tokio::test]
async fn a_device_that_knocked_is_approved_blocked_or_forgotten() {
    let bench = Bench::new().await;
    let inventory = &bench.api.inventory;
    let peer = "192.0.2.7:5000".parse().unwrap();
    let knock = || {
        for guid in [GUID, OTHER] {
            inventory.note_unclaimed(guid.parse().unwrap(), peer, Some("admin".into()));
        }
    };
    knock();
    let list = bench.local("GET", "/api/v1/unclaimed", "").await.json();
    assert_eq!(list.as_array().unwrap().len(), 2);
    assert_eq!(list[0]["mpsusername"], "admin");
    let reply = bench.local("DELETE", &format!("/api/v1/unclaimed/{OTHER}"), "").await;
    assert_eq!(reply.status, StatusCode::NO_CONTENT);
    let reply = bench.local("DELETE", &format!("/api/v1/unclaimed/{OTHER}"), "").await;
    assert_eq!(reply.status, StatusCode::NOT_FOUND);
    knock();
    let body = r#"{"name":"till-1","ciraPassword":"Kn0wn-to-us"}"#;
    let path = format!("/api/v1/devices/{GUID}/approve");
    let reply = bench.local("POST", &path, body).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
    assert_eq!(reply.json()["name"], "till-1");
    let verdict = inventory.verify(GUID.parse().unwrap(), b"admin", b"Kn0wn-to-us");
    assert_eq!(verdict, crate::inventory::Verdict::Admit);
    let reply = bench.local("POST", &format!("/api/v1/unclaimed/{OTHER}/block"), "").await;
    assert_eq!(reply.json()["blocked"], true, "{}", reply.text);
    assert!(inventory.unclaimed().is_empty());
    let reply = bench.local("POST", "/api/v1/devices/till-1/block", "").await;
    assert_eq!(reply.json()["blocked"], true);
    let why = bench.local("GET", "/api/v1/devices/till-1/why-offline", "").await.json();
    assert_eq!(why["code"], "E2012");
    let reply = bench.local("POST", "/api/v1/devices/till-1/approve", "").await;
    assert_eq!(reply.json()["blocked"], false);
    let reply = bench.local("POST", "/api/v1/devices/stranger/approve", "").await;
    assert_eq!(
        (reply.status, reply.json()["code"].clone()),
        (StatusCode::NOT_FOUND, "E2001".into())
    );
}
