//! What happens to a PC reaches the log, webhooks, the stream and a broker: as a trap (PET) always, and pushed by
//! WS-Eventing through a channel that the PC opens, when that is switched on. Neither goes to the address it names.

use crate::harness::{
    Broker, Curl, Foreign, Manner, Platform, Receiver, Server, Settings, Told, clean, free_port,
    viaduct,
};
use serde_json::{Value, json};
use std::process::Command;

const GUID: &str = "5c4c4544-004b-4210-8033-b6c04f504611";
const FOREIGN: &str = "77777777-2222-4333-8444-555555555511";
const CIRA: &str = "Cira1Password";
const AMT: &str = "Amt1Password!";
const FILTER: &str = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_FilterCollection";

/// What a console sends that wants all events, acknowledged, at an address that must never be dialled.
fn subscribe() -> String {
    format!(
        r#"<?xml version="1.0" encoding="utf-8"?>
<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd" xmlns:e="http://schemas.xmlsoap.org/ws/2004/08/eventing"><s:Header><a:Action>http://schemas.xmlsoap.org/ws/2004/08/eventing/Subscribe</a:Action><a:To>/wsman</a:To><w:ResourceURI>{FILTER}</w:ResourceURI><w:SelectorSet><w:Selector Name="InstanceID">Intel(r) AMT:All</w:Selector></w:SelectorSet><a:MessageID>1</a:MessageID><a:ReplyTo><a:Address>http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</a:Address></a:ReplyTo></s:Header><s:Body><e:Subscribe><e:Delivery Mode="http://schemas.dmtf.org/wbem/wsman/1/wsman/PushWithAck"><e:NotifyTo><a:Address>http://198.51.100.7:9971/events</a:Address></e:NotifyTo></e:Delivery></e:Subscribe></s:Body></s:Envelope>"#
    )
}

/// An event as another device words it, with a prefix of its own; with a request for an acknowledgement.
fn event(id: &str, acknowledged: bool) -> String {
    let wanted = if acknowledged { "<w:AckRequested/>" } else { "" };
    format!(
        r#"<?xml version="1.0"?><S:Envelope xmlns:S="http://www.w3.org/2003/05/soap-envelope" xmlns:A="http://schemas.xmlsoap.org/ws/2004/08/addressing" xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd" xmlns:q="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_AlertIndication"><S:Header><A:To>http://10.0.0.9:5989/events</A:To><A:MessageID>uuid:4711</A:MessageID>{wanted}</S:Header><S:Body><q:CIM_AlertIndication><q:MessageID>{id}</q:MessageID><q:PerceivedSeverity>6</q:PerceivedSeverity></q:CIM_AlertIndication></S:Body></S:Envelope>"#
    )
}

fn taken(_: &Told) -> (&'static str, String) {
    ("204 No Content", String::new())
}

fn server(toml: &str) -> Server {
    let server = Server::start(&Settings { toml: toml.to_owned() });
    server.add_device("pc-1", GUID, "pc1user", CIRA);
    server
}

/// A platform to which a console has subscribed through the HTTP proxy.
fn subscribed(server: &Server) -> Platform {
    let root = server.root_certificate();
    let secret = server.data.write("amt.password", AMT);
    let amt = ["--amt-password-file", secret.to_str().unwrap()];
    let listener = &server.device_listeners()[0];
    let platform = Platform::dial_with(listener, &root, GUID, "pc1user", CIRA, &amt).connected();
    let token = format!("token:{}", server.token("console", "proxy"));
    let answer = Curl::new("http://pc-1:16992/wsman")
        .proxy(&server.address("HTTP proxy"), Some(&token))
        .arg("--digest")
        .arg("--user")
        .arg(&format!("admin:{AMT}"))
        .post(&subscribe())
        .run();
    answer.assert_contains("SubscribeResponse");
    platform
}

/// The next alert that a source (`pet`, `ws-eventing`) has told.
fn alert(receiver: &Receiver, source: &str) -> Value {
    loop {
        let event = receiver.next("device.alert").json();
        if event["alert"]["source"] == source {
            return event;
        }
    }
}

#[test]
fn a_subscribed_event_and_its_trap_reach_the_log_the_stream_a_webhook_and_a_broker() {
    let receiver = Receiver::start(taken);
    let broker = Broker::start(free_port(), None);
    let subscriber = broker.subscribe();
    let server = server(&format!(
        "[events]\ndevice_channels = true\n\
         [events.mqtt]\nurl = \"mqtt://127.0.0.1:{}\"\nuser = \"{}\"\npassword = \"{}\"\n\
         [[events.webhooks]]\nurl = \"{}\"\nallow_private = true\ntypes = [\"device.alert\"]\n",
        broker.port,
        Broker::USER,
        Broker::PASSWORD,
        receiver.url
    ));
    let platform = subscribed(&server);
    platform.ask(&["fire", "user"]);
    let call = alert(&receiver, "ws-eventing");
    assert_eq!(call["guid"], GUID);
    assert_eq!(call["alert"]["messageId"], "iAMT0036");
    assert_eq!(call["alert"]["acknowledged"], true);
    assert_eq!(call["alert"]["destination"], "198.51.100.7:9971");
    let follow = {
        let data = server.data.path().to_str().unwrap().to_owned();
        let mut command = Command::new(viaduct());
        command.args(["events", "--follow", "--type", "device.alert", "--since", "0", "-o"]);
        command.args(["ndjson", "--data", &data]);
        crate::harness::Process::start(clean(&mut command))
    };
    follow.line(|line| line.contains("iAMT0036"));
    platform.ask(&["fire", "alert"]);
    let trap = alert(&receiver, "pet");
    assert_eq!(trap["alert"]["sensor"], "physical security (chassis intrusion)", "{trap}");
    assert_eq!(trap["alert"]["severity"], "critical");
    let pushed = alert(&receiver, "ws-eventing");
    assert_eq!(pushed["alert"]["messageId"], "PLAT0004", "{pushed}");
    assert_eq!(pushed["alert"]["severity"], "critical");
    for event in [&trap, &pushed] {
        let number = event["id"].to_string();
        follow.line(|line| line.contains(&number));
    }
    server.process.any_line(|line| line.contains("the chassis was opened (PLAT0004)"));
    server.process.any_line(|line| line.contains("the case was opened"));
    for event in [&call, &trap, &pushed] {
        let (topic, told) = subscriber.about(&event["id"]);
        assert_eq!((topic.as_str(), &told["guid"]), ("mps/events", &json!(GUID)));
        assert_eq!((&told["methods"], &told["event"]), (&json!(["AMT_Alert"]), event));
    }
}

#[test]
fn where_it_is_not_switched_on_the_channel_is_refused_with_the_setting_and_traps_still_come() {
    let receiver = Receiver::start(taken);
    let url = &receiver.url;
    let server = server(&format!(
        "[[events.webhooks]]\nurl = \"{url}\"\nallow_private = true\n\
         types = [\"device.alert\", \"tunnel.odd\"]\n"
    ));
    let platform = subscribed(&server);
    platform.ask(&["fire", "alert"]);
    let odd = receiver.next("tunnel.odd").json();
    let text = odd["text"].as_str().unwrap();
    assert!(
        text.contains("198.51.100.7:9971") && text.contains("events.device_channels"),
        "{text}"
    );
    let alerts = server.cli_json(&["events", "--type", "device.alert"]);
    let sources: Vec<_> =
        alerts.as_array().unwrap().iter().map(|e| &e["alert"]["source"]).collect();
    assert_eq!(sources, ["pet"], "{alerts}");
}

const MANNER: Manner<'_> = Manner { fragments: &[97, 3, 1000], window: 4096, credit: 2048 };

#[test]
fn another_makers_device_pushes_events_one_of_them_acknowledged_and_then_nonsense() {
    let receiver = Receiver::start(taken);
    let url = &receiver.url;
    let server = server(&format!(
        "[events]\ndevice_channels = true\n\
         [[events.webhooks]]\nurl = \"{url}\"\nallow_private = true\ntypes = [\"device.alert\"]\n"
    ));
    let bodies = [&event("iAMT0050", false), &event("iAMT0052", true), "nonsense"];
    let device = Foreign::dial_and_push(&server, "pc-foreign", FOREIGN, &MANNER, &bodies);
    let answer = |number: u8| -> [String; 2] {
        let begin = format!("answer {number} ");
        let line = device.process.line(|line| line.starts_with(&begin));
        serde_json::from_str(line.trim_start_matches(&begin)).unwrap()
    };
    let [head, body] = answer(1);
    assert!(head.starts_with("HTTP/1.1 202 ") && body.is_empty(), "{head}");
    let [head, body] = answer(2);
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    assert!(body.contains("/wsman/Ack<") && body.contains("RelatesTo>uuid:4711<"), "{body}");
    let [head, _] = answer(3);
    assert!(head.starts_with("HTTP/1.1 400 "), "{head}");
    device.process.line(|line| line == "closed");
    device.assert_content();
    for (id, acknowledged) in [("iAMT0050", false), ("iAMT0052", true)] {
        let told = alert(&receiver, "ws-eventing");
        assert_eq!((&told["alert"]["messageId"], &told["guid"]), (&json!(id), &json!(FOREIGN)));
        assert_eq!(told["alert"]["acknowledged"], acknowledged);
        assert_eq!(told["alert"]["destination"], "10.0.0.9:5989");
    }
    // What is no event ends the channel, and only that.
    let devices = server.cli_json(&["devices", "ls"]);
    let foreign = devices.as_array().unwrap().iter().find(|d| d["guid"] == FOREIGN).unwrap();
    assert_eq!(foreign["connectionStatus"], true);
}

#[test]
fn another_makers_device_is_refused_administratively_by_default() {
    let server = server("");
    let body = event("iAMT0050", false);
    let device = Foreign::dial_and_push(&server, "pc-foreign", FOREIGN, &MANNER, &[&body]);
    device.process.line(|line| line == "refused 1");
    device.assert_content();
    let odd = server.cli_json(&["events", "--type", "tunnel.odd"]);
    assert!(odd[0]["text"].as_str().unwrap().contains("device_channels is false"), "{odd}");
}
