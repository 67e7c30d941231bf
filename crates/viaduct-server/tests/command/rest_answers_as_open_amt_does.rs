//! Open AMT's routes through the whole server to a simulated platform: shapes, order of checks, and what is recorded.

use crate::site::{PATIENCE, Site};
use serde_json::{Value, json};
use std::{net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use viaduct_server::{access::Scope, config::Span};

/// A client of the plain listener.
struct Rest {
    address: SocketAddr,
    token: String,
    guid: String,
}

impl Rest {
    async fn of(site: &Site, scope: Scope) -> Self {
        let token = site.running.access().create_token(scope.name(), scope, None).await.unwrap();
        let token = token.expose().clone();
        let address = site.running.addresses().web_plain.unwrap();
        Self { address, token, guid: site.id().to_string() }
    }

    /// Status and body; `{}` in the path is the device.
    async fn call(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let (status, text) = self.send(method, path, "application/json", &body).await;
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    async fn get(&self, path: &str) -> Value {
        let (status, body) = self.call("GET", path, &Value::Null).await;
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    async fn send(&self, method: &str, path: &str, kind: &str, body: &str) -> (u16, String) {
        let path = path.replace("{}", &self.guid);
        let request = format!(
            "{method} /api/v1{path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\
             Content-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            self.token,
            body.len()
        );
        let exchange = async {
            let mut io = TcpStream::connect(self.address).await.unwrap();
            io.write_all(request.as_bytes()).await.unwrap();
            let mut text = Vec::new();
            io.read_to_end(&mut text).await.unwrap();
            String::from_utf8(text).unwrap()
        };
        let text = timeout(PATIENCE, exchange).await.unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        (head[9..12].parse().unwrap(), body.to_owned())
    }
}

#[tokio::test]
async fn what_the_web_page_reads_is_there() {
    let site = Site::start().await;
    let rest = Rest::of(&site, Scope::Admin).await;

    let version = rest.get("/amt/version/{}").await;
    let software = version["CIM_SoftwareIdentity"]["responses"].as_array().unwrap();
    assert!(software.len() > 10, "clients read the eleventh");
    assert!(software[10]["VersionString"].is_string());
    assert!(
        version["AMT_SetupAndConfigurationService"]["response"]["ProvisioningMode"].is_number()
    );

    let general = rest.get("/amt/generalSettings/{}").await;
    assert_eq!(general["Body"]["HostName"], "pc-01");
    assert!(general["Header"]["RelatesTo"].is_number());

    let hardware = rest.get("/amt/hardwareInfo/{}").await;
    for class in ["CIM_Chassis", "CIM_Card", "CIM_BIOSElement"] {
        assert!(hardware[class]["response"]["Manufacturer"].is_string(), "{class}");
    }
    for class in ["CIM_Chip", "CIM_Processor", "CIM_PhysicalMemory", "CIM_MediaAccessDevice"] {
        assert!(hardware[class]["responses"][0].is_object(), "{class}: {}", hardware[class]);
    }
    let date = &hardware["CIM_BIOSElement"]["response"]["ReleaseDate"];
    assert!(date["Datetime"].is_string() && date["Datetime"] == date["DateTime"], "{date}");

    let features = rest.get("/amt/features/{}").await;
    for key in ["redirection", "KVM", "SOL", "IDER", "kvmAvailable", "ocr", "rpe", "rpeSupported"] {
        assert!(features[key].is_boolean(), "{key}");
    }
    assert!(features["userConsent"].is_string() && features["optInState"].is_number());

    let power = rest.get("/amt/power/state/{}").await;
    assert_eq!(power["powerstate"], 2);
    assert!(rest.get("/amt/power/capabilities/{}").await["Reset"] == 10);
    assert!(rest.get("/amt/power/bootSources/{}").await[0]["instanceID"].is_string());

    let events = rest.get("/amt/log/event/{}").await;
    assert!(events[0]["Desc"].is_string() && events[0]["TimeStamp"].is_number(), "{events}");
    let page = rest.get("/amt/log/event/{}?$top=1&$skip=0").await;
    assert_eq!(page["records"].as_array().unwrap().len(), 1);
    assert!(page["hasMoreRecords"].is_boolean());
    let audit = rest.get("/amt/log/audit/{}?startIndex=1").await;
    assert!(audit["totalCnt"].is_number() && audit["records"][0]["Event"].is_string(), "{audit}");

    let network = rest.get("/amt/networkSettings/{}").await;
    assert!(network["wired"]["macAddress"].is_string());
    assert!(rest.get("/amt/certificates/{}").await["profileAssociation"].is_array());
    assert!(rest.get("/amt/kvm/displays/{}").await["displays"][0]["resolutionX"].is_number());
    assert!(rest.get("/amt/tls/{}").await[0]["enabled"].is_boolean());
    assert!(rest.get("/amt/time/{}").await["time"].is_string());
    assert_eq!(rest.get("/amt/users/{}").await[0]["name"], "admin");
}

#[tokio::test]
async fn values_come_before_the_device_and_the_device_before_the_handler() {
    let site = Site::start().await;
    let rest = Rest::of(&site, Scope::Admin).await;
    let stranger = "/amt/power/action/11111111-1111-1111-1111-111111111111";
    let (status, body) = rest.call("POST", stranger, &json!({ "action": 99 })).await;
    assert_eq!((status, &body["errors"][0]["path"]), (400, &json!("action")));
    let (status, body) = rest.call("POST", stranger, &json!({ "action": 10 })).await;
    assert_eq!(status, 404);
    assert_eq!(body["errorDescription"], "guid : 11111111-1111-1111-1111-111111111111");
    let (status, _) = rest.call("GET", "/amt/version/nonsense", &Value::Null).await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn a_reset_resets_and_is_recorded_before_it_is_sent() {
    let site = Site::start().await;
    let rest = Rest::of(&site, Scope::Operate).await;
    let body = json!({ "method": "PowerAction", "action": 8, "useSOL": false });
    let (status, answer) = rest.call("POST", "/amt/power/action/{}", &body).await;
    assert_eq!((status, &answer["Body"]["ReturnValueStr"]), (200, &json!("SUCCESS")), "{answer}");
    assert!(
        answer["Header"]["Action"].as_str().unwrap().ends_with("RequestPowerStateChangeResponse")
    );
    assert_eq!(rest.get("/amt/power/state/{}").await["powerstate"], 8);
    let (status, answer) = rest.call("POST", "/amt/power/action/{}", &json!({ "action": 2 })).await;
    assert_eq!((status, &answer["Body"]["ReturnValue"]), (200, &json!(0)), "{answer}");

    let admin = Rest::of(&site, Scope::Admin).await;
    let rows = admin.get("/audit").await.to_string();
    assert!(rows.contains("power off") && rows.contains("power.off"), "{rows}");

    let reader = Rest::of(&site, Scope::Read).await;
    let (status, _) = reader.call("POST", "/amt/power/action/{}", &json!({ "action": 2 })).await;
    assert_eq!(status, 403);
}

#[tokio::test]
async fn a_boot_from_the_network_chooses_its_source_and_resets() {
    let site = Site::start().await;
    let rest = Rest::of(&site, Scope::Admin).await;
    let body = json!({ "action": 400, "useSOL": false });
    let (status, answer) = rest.call("POST", "/amt/power/bootOptions/{}", &body).await;
    assert_eq!((status, &answer["Body"]["ReturnValue"]), (200, &json!(0)), "{answer}");
    let (status, _) =
        rest.call("POST", "/amt/power/bootOptions/{}", &json!({ "action": 400 })).await;
    assert_eq!(status, 400, "useSOL is needed");
}

#[tokio::test]
async fn consent_is_never_lowered_by_a_request_that_switches_something_on() {
    let site = Site::start().await;
    let rest = Rest::of(&site, Scope::Admin).await;
    let wish = |consent: &str, kvm: bool| json!({ "userConsent": consent, "enableSOL": true, "enableIDER": true, "enableKVM": kvm });
    let path = "/amt/features/{}";
    let (status, answer) = rest.call("POST", path, &wish("all", false)).await;
    assert_eq!((status, &answer["status"]), (200, &json!("AMT Features updated")), "{answer}");
    assert_eq!(rest.get(path).await["userConsent"], "all");
    let (status, answer) = rest.call("POST", path, &wish("none", true)).await;
    assert_eq!((status, &answer["userConsent"]), (200, &json!("all")), "{answer}");
    let now = rest.get(path).await;
    assert_eq!((&now["userConsent"], &now["KVM"]), (&json!("all"), &json!(true)));
    let (status, _) = rest.call("POST", path, &wish("none", true)).await;
    assert_eq!(status, 200);
    assert_eq!(rest.get(path).await["userConsent"], "all", "sent again it is no more meant");
    let mut meant = wish("none", true);
    meant["lowerConsent"] = json!(true);
    let (status, _) = rest.call("POST", path, &meant).await;
    assert_eq!(status, 200);
    assert_eq!(rest.get(path).await["userConsent"], "none", "said in so many words it is done");
    let (status, _) = rest.call("POST", path, &json!({ "userConsent": "none" })).await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn consent_is_not_lowered_by_a_request_that_switches_one_click_recovery() {
    let site = Site::start().await;
    let rest = Rest::of(&site, Scope::Admin).await;
    let path = "/amt/features/{}";
    let wish = |consent: &str, ocr: bool| json!({ "userConsent": consent, "enableSOL": true, "enableIDER": true, "enableKVM": true, "ocr": ocr });
    let before = rest.get(path).await["ocr"] == true;
    let (status, _) = rest.call("POST", path, &wish("all", before)).await;
    assert_eq!(status, 200);
    for _ in ["the first time", "again"] {
        let (status, answer) = rest.call("POST", path, &wish("none", !before)).await;
        assert_eq!((status, &answer["userConsent"]), (200, &json!("all")), "{answer}");
        let now = rest.get(path).await;
        assert_eq!((&now["userConsent"], &now["ocr"]), (&json!("all"), &json!(!before)));
    }
}

#[tokio::test]
async fn alarms_are_added_listed_and_removed() {
    let site = Site::start().await;
    let rest = Rest::of(&site, Scope::Admin).await;
    let path = "/amt/alarmOccurrences/{}";
    let body =
        json!({ "ElementName": "wake", "StartTime": "2099-12-31T06:30:00Z", "Interval": 90 });
    let (status, answer) = rest.call("POST", path, &body).await;
    assert_eq!((status, &answer["ReturnValue"]), (200, &json!(0)), "{answer}");
    let alarms = rest.get(path).await;
    assert_eq!(alarms[0]["InstanceID"], "wake", "{alarms}");
    assert_eq!(alarms[0]["IntervalInMinutes"], 90, "{alarms}");
    let (status, _) = rest.call("DELETE", path, &json!({ "Name": "wake" })).await;
    assert_eq!(status, 200);
    let (status, answer) = rest.call("DELETE", path, &json!({ "Name": "wake" })).await;
    assert_eq!(status, 404, "{answer}");
}

#[tokio::test]
async fn a_silent_device_is_a_504_with_a_problem() {
    let site =
        Site::with(|_| {}, |config| config.limits.command_deadline = Span(Duration::from_secs(5)))
            .await;
    let rest = Rest::of(&site, Scope::Read).await;
    rest.get("/amt/power/state/{}").await;
    site.platform.fault("silence=true").unwrap();
    for path in ["/amt/power/state/{}", "/amt/generalSettings/{}"] {
        let (status, body) = rest.call("GET", path, &Value::Null).await;
        assert_eq!((status, &body["code"]), (504, &json!("E2008")), "{path}: {body}");
    }
}

#[tokio::test]
async fn raw_envelopes_pass_and_writing_needs_its_own_right() {
    let site = Site::start().await;
    let reader = Rest::of(&site, Scope::Read).await;
    let get = amt::wsman::Request::new(
        "42",
        amt::wsman::Target::class("AMT_GeneralSettings").unwrap(),
        amt::wsman::Operation::Get,
    );
    let (status, text) =
        reader.send("POST", "/wsman/{}", "application/soap+xml", &get.to_xml()).await;
    assert_eq!(status, 200);
    assert!(text.contains(">42<") && text.contains("<d:HostName>pc-01</d:HostName>"), "{text}");
    let list = reader.get("/wsman/{}?class=CIM_SoftwareIdentity&operation=enumerate").await;
    assert!(list.as_array().unwrap().len() > 10);

    let call = json!({
        "operation": "invoke", "class": "CIM_PowerManagementService",
        "method": "RequestPowerStateChange", "arguments": { "PowerState": 10 },
    });
    let (status, body) = reader.call("POST", "/wsman/{}", &call).await;
    assert_eq!((status, &body["code"]), (403, &json!("E3004")), "{body}");
    let admin = Rest::of(&site, Scope::Admin).await;
    let (status, body) = admin.call("POST", "/wsman/{}", &call).await;
    assert_eq!((status, &body["ReturnValue"]), (200, &json!(0)), "{body}");
    let put = json!({
        "operation": "put", "class": "AMT_GeneralSettings", "merge": true,
        "properties": { "HostName": "renamed" },
    });
    let (status, body) = admin.call("POST", "/wsman/{}", &put).await;
    assert_eq!((status, &body["HostName"]), (200, &json!("renamed")), "{body}");
}
