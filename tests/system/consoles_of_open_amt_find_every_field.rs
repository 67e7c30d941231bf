//! Every route that Open AMT's web page reads, asked of the real program: each field that the page reads is there, with
//! the JSON type that the page compares with `===`, by every way of writing the path.

use crate::harness::{Answer, Curl, Demo, demo};
use serde_json::{Value, json};

/// What a place must hold.
fn is(kind: char, value: &Value) -> bool {
    match kind {
        's' => value.is_string(),
        'n' => value.is_number(),
        'b' => value.is_boolean(),
        'a' => value.is_array(),
        'o' => value.is_object(),
        // A text that may look like a number, and then is one.
        'v' => value.is_string() || value.is_number(),
        // A text or nothing.
        '?' => value.is_string() || value.is_null(),
        other => panic!("no kind {other}"),
    }
}

/// A path below `/api/v1`, where `G` is the device, and what is in the answer: `PLACE:KIND`, where an empty PLACE is the
/// answer itself.
const READS: &[(&str, &str)] = &[
    ("/devices", ":a"),
    (
        "/devices?$count=true&$top=1",
        ":o /totalCount:n /data:a /data/0/guid:s /data/0/hostname:? /data/0/tags:a /data/0/mpsInstance:? \
         /data/0/connectionStatus:b /data/0/mpsusername:? /data/0/tenantId:s /data/0/friendlyName:? /data/0/dnsSuffix:?",
    ),
    (
        "/devices/G",
        "/guid:s /tags:a /connectionStatus:b /lastConnected:s /lastSeen:? /lastDisconnected:?",
    ),
    ("/devices/stats", "/totalCount:n /connectedCount:n /disconnectedCount:n"),
    ("/devices/tags", ":a /0:s"),
    ("/devices/redirectstatus/G", "/isKVMConnected:b /isSOLConnected:b /isIDERConnected:b"),
    ("/version", "/serviceVersion:s"),
    (
        "/health",
        "/db/name:s /db/status:s /secretStore/name:s /secretStore/status/initialized:b /secretStore/status/sealed:b",
    ),
    ("/authorize/redirection/G", "/token:s"),
    (
        "/amt/version/G",
        "/CIM_SoftwareIdentity/responses/10/VersionString:s /CIM_SoftwareIdentity/responses/6/VersionString:v \
         /CIM_SoftwareIdentity/responses/0/InstanceID:s /CIM_SoftwareIdentity/status:n \
         /AMT_SetupAndConfigurationService/response/DhcpDNSSuffix:s \
         /AMT_SetupAndConfigurationService/response/TrustedDNSSuffix:s \
         /AMT_SetupAndConfigurationService/response/ProvisioningMode:n \
         /AMT_SetupAndConfigurationService/responses/Header/Action:s \
         /AMT_SetupAndConfigurationService/responses/Body:o",
    ),
    (
        "/amt/generalSettings/G",
        "/Header/To:s /Header/RelatesTo:n /Header/ResourceURI:s /Body/HostName:s /Body/DomainName:s \
         /Body/AMTNetworkEnabled:n /Body/SharedFQDN:b",
    ),
    (
        "/amt/hardwareInfo/G",
        "/CIM_ComputerSystemPackage/response:o /CIM_ComputerSystemPackage/responses:a /CIM_SystemPackaging/responses:a \
         /CIM_Chassis/response/Manufacturer:s /CIM_Chassis/response/Model:s /CIM_Chassis/response/SerialNumber:s \
         /CIM_Chassis/response/Version:s /CIM_Card/response/Manufacturer:s /CIM_Card/response/Model:s \
         /CIM_Card/response/SerialNumber:s /CIM_Card/response/Version:s /CIM_BIOSElement/response/Manufacturer:s \
         /CIM_BIOSElement/response/Version:s /CIM_BIOSElement/response/TargetOperatingSystem:n \
         /CIM_BIOSElement/response/ReleaseDate/Datetime:s /CIM_BIOSElement/response/ReleaseDate/DateTime:s \
         /CIM_Chip/responses/0/Tag:s /CIM_Chip/responses/0/Version:s /CIM_Processor/responses/0/DeviceID:s \
         /CIM_Processor/responses/0/CurrentClockSpeed:n /CIM_Processor/responses/0/MaxClockSpeed:n \
         /CIM_PhysicalMemory/responses/0/BankLabel:s /CIM_PhysicalMemory/responses/0/Capacity:n \
         /CIM_PhysicalMemory/responses/0/ConfiguredMemoryClockSpeed:n /CIM_PhysicalMemory/responses/0/MaxMemorySpeed:n \
         /CIM_PhysicalMemory/responses/0/SerialNumber:s /CIM_PhysicalMemory/responses/0/Manufacturer:s \
         /CIM_PhysicalMemory/responses/0/MemoryType:n /CIM_MediaAccessDevice/responses/0:o \
         /CIM_PhysicalPackage/responses/0:o /CIM_PhysicalPackage/status:n",
    ),
    (
        "/amt/features/G",
        "/userConsent:s /redirection:b /KVM:b /SOL:b /IDER:b /optInState:n /kvmAvailable:b /ocr:b /httpsBootSupported:b \
         /winREBootSupported:b /localPBABootSupported:b /remoteErase:b /rpe:b /rpeSupported:b",
    ),
    ("/amt/power/state/G", "/powerstate:n /OSPowerSavingState:n"),
    (
        "/amt/power/bootSources/G",
        "/0/biosBootString:s /0/bootString:s /0/elementName:s /0/failThroughSupported:n /0/instanceID:s \
         /0/structuredBiosBootString:s",
    ),
    ("/amt/power/capabilities/G", "/Power%20up:n /Power%20down:n /Reset:n /Power%20cycle:n"),
    (
        "/amt/log/audit/G?startIndex=1",
        "/totalCnt:n /records/0/AuditAppID:n /records/0/EventID:n /records/0/InitiatorType:n /records/0/AuditApp:s \
         /records/0/Event:s /records/0/Initiator:s /records/0/Time:s /records/0/MCLocationType:n /records/0/NetAddress:s \
         /records/0/Ex:s /records/0/ExStr:s",
    ),
    ("/amt/log/audit/G?startIndex=100000", "/totalCnt:n /records:a"),
    (
        "/amt/log/event/G",
        ":a /0/DeviceAddress:n /0/EventSensorType:n /0/EventType:n /0/EventOffset:n /0/EventSourceType:n \
         /0/EventSeverity:s /0/SensorNumber:n /0/Entity:n /0/EntityInstance:n /0/EventData/7:n /0/TimeStamp:n /0/Time:s \
         /0/EntityStr:s /0/Desc:s",
    ),
    ("/amt/log/event/G?$skip=0&$top=2", "/records:a /records/1/Time:s /hasMoreRecords:b"),
    ("/amt/alarmOccurrences/G", ":a"),
    (
        "/amt/certificates/G",
        "/certificates/keyManagementItems:a /certificates/publicKeyCertificateItems/0/elementName:s \
         /certificates/publicKeyCertificateItems/0/instanceID:s /certificates/publicKeyCertificateItems/0/x509Certificate:s \
         /certificates/publicKeyCertificateItems/0/trustedRootCertificate:b \
         /certificates/publicKeyCertificateItems/0/issuer:s /certificates/publicKeyCertificateItems/0/subject:s \
         /certificates/publicKeyCertificateItems/0/readOnlyCertificate:b \
         /certificates/publicKeyCertificateItems/0/publicKeyHandle:s \
         /certificates/publicKeyCertificateItems/0/associatedProfiles:a \
         /certificates/publicKeyCertificateItems/0/displayName:s /publicKeys/publicPrivateKeyPairItems:a /profileAssociation:a",
    ),
    (
        "/amt/kvm/displays/G",
        "/displays/0/displayIndex:n /displays/0/isActive:b /displays/0/upperLeftX:n /displays/0/upperLeftY:n \
         /displays/0/resolutionX:n /displays/0/resolutionY:n /displays/0/isDefault:b /displays/0/role:s",
    ),
    (
        "/amt/networkSettings/G",
        "/wired/elementName:s /wired/instanceID:s /wired/vlanTag:n /wired/sharedMAC:b /wired/macAddress:s /wired/linkIsUp:b \
         /wired/linkPolicy/0:s /wired/sharedStaticIP:b /wired/sharedDynamicIP:b /wired/ipSyncEnabled:b /wired/dhcpEnabled:b \
         /wired/ipAddress:s /wired/subnetMask:s /wired/defaultGateway:s /wired/primaryDNS:s /wired/secondaryDNS:s \
         /wired/physicalConnectionType:s /wired/physicalNICMedium:s /wired/ieee8021x/enabled:s \
         /wired/ieee8021x/availableInS0:b /wired/ieee8021x/pxeTimeout:n /wireless/linkPreference:s /wireless/linkControl:s \
         /wireless/wlanLinkProtectionLevel:s /wireless/wifiNetworks:a /wireless/ieee8021xSettings:a \
         /wireless/wifiPortConfigService/enabledState:n /wireless/wifiPortConfigService/elementName:s \
         /wireless/wifiPortConfigService/localProfileSynchronizationEnabled:n",
    ),
    ("/amt/networkSettings/wired/G", "/macAddress:s /dhcpEnabled:b /ieee8021x:o"),
    ("/amt/networkSettings/wireless/state/G", "/state:s"),
    (
        "/amt/networkSettings/wireless/profileSync/G",
        "/localProfileSync:b /uefiProfileSync:b /uefiProfileSyncSupported:b",
    ),
    ("/amt/networkSettings/wireless/profile/G", ":a"),
    (
        "/amt/boot/remoteErase/G",
        "/secureEraseAllSSDs:b /tpmClear:b /restoreBIOSToEOM:b /unconfigureCSME:b",
    ),
    ("/amt/explorer", ":a /0:s"),
    ("/amt/explorer/G/CIM_SoftwareIdentity", "/xmlInput:s /xmlOutput:s"),
    (
        "/amt/tls/G",
        "/0/elementName:s /0/instanceID:s /0/mutualAuthentication:b /0/enabled:b /0/acceptNonSecureConnections:b",
    ),
    (
        "/amt/diskInfo/G",
        "/CIM_MediaAccessDevice/responses/0/0/DeviceID:s /CIM_MediaAccessDevice/responses/0/0/MaxMediaSize:n \
         /CIM_PhysicalPackage/responses/0/0:o",
    ),
];

fn origin(demo: &Demo) -> &str {
    demo.get("dashboard").trim_end_matches('/')
}

fn call(demo: &Demo, method: &str, path: &str, body: &Value) -> Answer {
    // The last one: others of this test process look at the first ones.
    let path = path.replace("/G", &format!("/{}", demo.devices[3].guid));
    let mut curl = Curl::new(&format!("{}{path}", origin(demo)))
        .arg("--cacert")
        .arg(demo.get("ca_file"))
        .arg("--header")
        .arg(&format!("Authorization: Bearer {}", demo.get("token")));
    // Otherwise curl waits for a body until the connection ends.
    curl = if method == "HEAD" { curl.arg("--head") } else { curl.arg("--request").arg(method) };
    if !body.is_null() {
        curl = curl.arg("--header").arg("Content-Type: application/json");
        curl = curl.arg("--data").arg(&body.to_string());
    }
    curl.run()
}

#[test]
fn each_is_there_with_its_type() {
    let demo = demo();
    let mut wrong = Vec::new();
    for (path, places) in READS {
        let answer = call(demo, "GET", &format!("/api/v1{path}"), &Value::Null);
        if answer.status != 200 {
            wrong.push(format!("{path}: {} {}", answer.status, answer.body));
            continue;
        }
        let body: Value = serde_json::from_str(&answer.body).unwrap();
        for place in places.split_whitespace() {
            // A blank in a name is written as in the path of an URL.
            let (pointer, kind) = place.rsplit_once(':').unwrap();
            let pointer = pointer.replace("%20", " ");
            match body.pointer(&pointer) {
                Some(value) if is(kind.chars().next().unwrap(), value) => {}
                found => wrong.push(format!("{path} {pointer} should be {kind}: {found:?}")),
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_path_may_be_written_in_every_way_that_clients_write_it() {
    let demo = demo();
    for path in [
        "/api/v1/devices/G",
        "/mps/api/v1/devices/G",
        "/API/V1/Devices/G/",
        "/mps/api/v1/amt/power/State/G",
        "/api/v1/devices/redirectStatus/G",
    ] {
        let answer = call(demo, "GET", path, &Value::Null);
        assert_eq!(answer.status, 200, "{path}: {answer:#?}");
    }
    let upper = demo.devices[3].guid.to_uppercase();
    let answer = call(demo, "GET", &format!("/api/v1/amt/power/state/{upper}"), &Value::Null);
    assert_eq!(answer.status, 200, "{answer:#?}");
    let head = call(demo, "HEAD", "/api/v1/devices/stats", &Value::Null);
    assert_eq!(head.status, 200);
    // Both pages that ask for boots: one writes bootOptions, the other bootoptions.
    for path in ["/api/v1/amt/power/bootOptions/G", "/api/v1/amt/power/bootoptions/G"] {
        let answer = call(demo, "POST", path, &json!({ "action": 400, "useSOL": true }));
        let body: Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(answer.status, 400, "{answer:#?}");
        assert_eq!(body["errors"][0]["path"], "useSOL", "{body}");
        assert!(body["next"].as_str().unwrap().contains("serial console"), "{body}");
    }
}

#[test]
fn signing_in_and_what_goes_wrong_look_as_they_do_there() {
    let demo = demo();
    let sign_in = json!({ "username": demo.get("user"), "password": demo.get("password") });
    for path in ["/api/v1/authorize", "/mps/login/api/v1/authorize"] {
        let answer = call(demo, "POST", path, &sign_in);
        let body: Value = serde_json::from_str(&answer.body).unwrap();
        let token = body["token"].as_str().unwrap_or_else(|| panic!("{answer:#?}"));
        assert_eq!(token.split('.').count(), 3, "a JWT");
    }
    let wrong = json!({ "username": "nobody-here", "password": "wrong" });
    let refused = call(demo, "POST", "/api/v1/authorize", &wrong);
    assert_eq!(refused.status, 401, "{refused:#?}");
    assert!(refused.body.contains("\"message\":\"Incorrect Username and/or Password!\""));
    let broken = call(demo, "POST", "/api/v1/authorize", &json!({ "username": 7 }));
    let body: Value = serde_json::from_str(&broken.body).unwrap();
    assert_eq!((broken.status, body["errors"].is_array()), (400, true), "{broken:#?}");
    let unknown = "/api/v1/amt/power/state/00000000-0000-4000-8000-000000000000";
    let gone = call(demo, "GET", unknown, &Value::Null);
    let body: Value = serde_json::from_str(&gone.body).unwrap();
    assert_eq!(gone.status, 404, "{gone:#?}");
    assert_eq!(body["error"], "Device not found/connected. Please connect again using CIRA.");
    assert_eq!(body["errorDescription"], "guid : 00000000-0000-4000-8000-000000000000");
    // A value that does not pass goes before a device that is not there.
    let both = unknown.replace("power/state", "power/action");
    let answer = call(demo, "POST", &both, &json!({ "action": "on" }));
    assert_eq!(answer.status, 400, "{answer:#?}");
    let root = call(demo, "GET", "/api/v1/ciracert", &Value::Null);
    assert!(root.body.starts_with("-----BEGIN CERTIFICATE-----"), "{root:#?}");
}
