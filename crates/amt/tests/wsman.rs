//! Envelopes: what is written is read back, in both roles; foreign spellings are understood; and
//! nothing makes the readers panic.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

use amt::wsman::{
    Fault, FaultCode, Identity, Instance, Operation, Outcome, Reference, Reply, Request,
    ResourceUri, Subcode, Target, Value,
};
use proptest::prelude::*;

fn settings() -> Target {
    Target::class("AMT_GeneralSettings").unwrap()
}

fn instance() -> Instance {
    let mut instance = Instance::new(settings().resource);
    instance.set("HostName", ["a <b> & \"c\"".into()]);
    instance.set("LinkPolicy", [1_u32.into(), 14_u32.into()]);
    instance.set("Empty", ["".into()]);
    instance.set("Nothing", [Value::Null]);
    instance.set("When", [Value::DateTime("2024-01-03T00:44:35Z".into())]);
    let chassis = Reference::of_class("CIM_Chassis", &[("Tag", "CIM_Chassis")]).unwrap();
    instance.set("Antecedent", [chassis.into()]);
    instance
}

fn targets() -> Vec<Target> {
    let inner = Reference::of_class("CIM_ComputerSystem", &[("Name", "ManagedSystem")]).unwrap();
    vec![settings(), settings().with("InstanceID", "x & y"), settings().with("Owner", inner)]
}

#[test]
fn every_operation_is_read_back_as_written() {
    let context = "D4020000-0000-0000-0000-000000000000".to_owned();
    let arguments = vec![
        ("PowerState".to_owned(), 8_u32.into()),
        ("ManagedElement".to_owned(), Reference::of_class("CIM_Chassis", &[]).unwrap().into()),
    ];
    for operation in [
        Operation::Get,
        Operation::Put(instance()),
        Operation::Create(instance()),
        Operation::Delete,
        Operation::Enumerate,
        Operation::Pull { context: context.clone(), most: 999 },
        Operation::Release { context },
        Operation::Invoke { method: "RequestStateChange".into(), arguments },
    ] {
        for target in targets() {
            let request = Request::new("uuid:1", target, operation.clone());
            let xml = request.to_xml();
            assert_eq!(Request::parse(xml.as_bytes()).as_ref(), Ok(&request), "{xml}");
        }
    }
    let identify = Request::identify("");
    assert_eq!(Request::parse(identify.to_xml().as_bytes()), Ok(identify));
}

#[test]
fn every_outcome_is_read_back_as_written() {
    let created = Reference::of_class("CIM_Chassis", &[("Tag", "1")]);
    let identity = Identity {
        protocol: "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd".into(),
        vendor: "Intel(r)".into(),
        version: "AMT 16.1.30".into(),
    };
    let output = vec![("UUID".to_owned(), "E67j".into()), ("ReturnValue".to_owned(), 0_u32.into())];
    for result in [
        Ok(Outcome::Got(instance())),
        Ok(Outcome::Put(Some(instance()))),
        Ok(Outcome::Put(None)),
        Ok(Outcome::Created(created)),
        Ok(Outcome::Created(None)),
        Ok(Outcome::Deleted),
        Ok(Outcome::Enumerating("01000000-0000-0000-0000-000000000000".into())),
        Ok(Outcome::Pulled { items: vec![instance(), instance()], next: None }),
        Ok(Outcome::Pulled { items: vec![], next: Some("02000000".into()) }),
        Ok(Outcome::Released),
        Ok(Outcome::Invoked { method: "GetUuid".into(), output }),
        Err(Fault::sender(Subcode::DestinationUnreachable, "no <such> class")),
        Err(Fault::receiver(Subcode::InternalError, "")),
    ] {
        let relates_to = "7".to_owned();
        let reply = Reply { relates_to, resource: Some(settings().resource), result };
        let xml = reply.to_xml(0x10E);
        assert_eq!(Reply::parse(xml.as_bytes()).as_ref(), Ok(&reply), "{xml}");
    }
    let reply = Reply {
        relates_to: String::new(),
        resource: None,
        result: Ok(Outcome::Identity(identity)),
    };
    assert_eq!(Reply::parse(reply.to_xml(1).as_bytes()), Ok(reply));
}

#[test]
fn a_reply_is_in_the_dialect_of_amt() {
    let mut instance = Instance::new(settings().resource);
    instance.set("HostName", ["pc".into()]);
    let result = Ok(Outcome::Got(instance));
    let xml =
        Reply { relates_to: "0".into(), resource: Some(settings().resource), result }.to_xml(0x10E);
    assert_eq!(
        xml,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
         <a:Envelope xmlns:a=\"http://www.w3.org/2003/05/soap-envelope\" \
         xmlns:b=\"http://schemas.xmlsoap.org/ws/2004/08/addressing\" \
         xmlns:c=\"http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd\" \
         xmlns:d=\"http://intel.com/wbem/wscim/1/amt-schema/1/AMT_GeneralSettings\"><a:Header>\
         <b:To>http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</b:To>\
         <b:RelatesTo>0</b:RelatesTo>\
         <b:Action a:mustUnderstand=\"true\">\
         http://schemas.xmlsoap.org/ws/2004/09/transfer/GetResponse</b:Action>\
         <b:MessageID>uuid:00000000-8086-8086-8086-00000000010E</b:MessageID>\
         <c:ResourceURI>http://intel.com/wbem/wscim/1/amt-schema/1/AMT_GeneralSettings</c:ResourceURI>\
         </a:Header><a:Body><d:AMT_GeneralSettings><d:HostName>pc</d:HostName>\
         </d:AMT_GeneralSettings></a:Body></a:Envelope>"
    );
}

/// The shape in which openwsman writes: other prefixes, white space, a full URL in `To`.
#[test]
fn a_request_with_other_prefixes_and_white_space_is_understood() {
    let xml = "\u{feff}<?xml version='1.0'?>\n<s:Envelope
        xmlns:s='http://www.w3.org/2003/05/soap-envelope'
        xmlns:wsa='http://schemas.xmlsoap.org/ws/2004/08/addressing'
        xmlns:wsman='http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd'
        xmlns:n1='http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_PowerManagementService'>
      <s:Header>
        <wsa:Action s:mustUnderstand='true'>
          http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_PowerManagementService/RequestPowerStateChange
        </wsa:Action>
        <wsa:To s:mustUnderstand='true'>http://pc-01:16992/wsman</wsa:To>
        <wsman:ResourceURI>http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_PowerManagementService</wsman:ResourceURI>
        <wsa:MessageID>uuid:60ee0c2c</wsa:MessageID>
        <wsman:SelectorSet><wsman:Selector Name='Name'>Intel(r) AMT Power Management Service</wsman:Selector></wsman:SelectorSet>
      </s:Header>
      <s:Body><n1:RequestPowerStateChange_INPUT><n1:PowerState>5</n1:PowerState></n1:RequestPowerStateChange_INPUT></s:Body>
    </s:Envelope>";
    let request = Request::parse(xml.as_bytes()).unwrap();
    let name = "Intel(r) AMT Power Management Service";
    assert_eq!(request.target.selector("Name"), Some(name));
    let Operation::Invoke { method, arguments } = request.operation else { panic!("no call") };
    assert_eq!(method, "RequestPowerStateChange");
    assert_eq!(arguments, [("PowerState".to_owned(), Value::from("5"))]);
}

#[test]
fn requests_that_cannot_be_understood_get_a_fault_that_relates_to_them() {
    let whole = Request::new("42", settings(), Operation::Get).to_xml();
    let cut = |from: &str, to: &str| {
        let start = whole.find(from).unwrap();
        let end = whole[start..].find(to).unwrap() + start + to.len();
        format!("{}{}", &whole[..start], &whole[end..])
    };
    for (xml, id, subcode) in [
        (String::new(), "", Subcode::EncodingLimit),
        ("<x/>".into(), "", Subcode::SchemaValidationError),
        (whole.replace("<a:Body/>", ""), "42", Subcode::SchemaValidationError),
        (cut("<b:Action", "</b:Action>"), "42", Subcode::MessageInformationHeaderRequired),
        (
            cut("<c:ResourceURI", "</c:ResourceURI>"),
            "42",
            Subcode::MessageInformationHeaderRequired,
        ),
        (whole.replace("transfer/Get", "transfer/Take"), "42", Subcode::ActionNotSupported),
        (whole.replace("transfer/Get", "transfer/Put"), "42", Subcode::SchemaValidationError),
        (whole.replace("2004/09/transfer/Get", "other"), "42", Subcode::ActionNotSupported),
    ] {
        let error = Request::parse(xml.as_bytes()).unwrap_err();
        assert_eq!((error.message_id.as_str(), error.fault.subcode), (id, subcode), "{xml}");
        assert_eq!(error.fault.code, FaultCode::Sender);
    }
}

#[test]
fn a_foreign_fault_keeps_its_name_and_reason() {
    let xml = "<e:Envelope xmlns:e='http://www.w3.org/2003/05/soap-envelope'><e:Body><e:Fault>\
        <e:Code><e:Value>e:Sender</e:Value><e:Subcode><e:Value>x:Strange</e:Value></e:Subcode></e:Code>\
        <e:Reason><e:Text xml:lang='en'>it is</e:Text></e:Reason></e:Fault></e:Body></e:Envelope>";
    let fault = Reply::parse(xml.as_bytes()).unwrap().result.unwrap_err();
    assert_eq!(fault.subcode, Subcode::Other("Strange".into()));
    assert_eq!((fault.reason.as_str(), fault.http_status()), ("it is", 400));
}

#[test]
fn names_that_are_typed_by_people_cannot_break_out_of_their_tag() {
    let arguments = vec![("a><b x=\"".to_owned(), "v".into())];
    let operation = Operation::Invoke { method: "Do".into(), arguments };
    let xml = Request::new("1", settings(), operation).to_xml();
    let Operation::Invoke { arguments, .. } = Request::parse(xml.as_bytes()).unwrap().operation
    else {
        panic!("no call")
    };
    assert_eq!(arguments, [("abx".to_owned(), Value::from("v"))]);
}

fn values() -> impl Strategy<Value = Value> {
    let text = || "[ -~éß\t\n\r]{0,20}";
    prop_oneof![
        Just(Value::Null),
        text().prop_map(Value::Text),
        prop::collection::vec(("[A-Za-z]{1,8}", "[ -~]{0,8}"), 0..3).prop_map(|keys| {
            let selectors = keys
                .into_iter()
                .map(|(name, value)| (name, Value::Text(value.trim().to_owned())))
                .collect();
            let resource = ResourceUri::of_class("CIM_Chassis").unwrap();
            Value::Reference(Reference { resource, selectors })
        }),
    ]
}

proptest! {
    #[test]
    fn any_instance_survives_writing_and_reading(
        properties in prop::collection::vec(("[A-Za-z][A-Za-z0-9_]{0,12}", values()), 0..8),
    ) {
        let instance = Instance { resource: settings().resource, properties };
        let reply = Reply {
            relates_to: "1".into(),
            resource: None,
            result: Ok(Outcome::Got(instance)),
        };
        prop_assert_eq!(Reply::parse(reply.to_xml(1).as_bytes()), Ok(reply));
    }

    #[test]
    fn no_bytes_make_the_readers_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        drop((Request::parse(&bytes), Reply::parse(&bytes)));
    }

    #[test]
    fn no_damage_to_an_envelope_makes_the_readers_panic(
        at in 0..1500_usize,
        length in 0..40_usize,
        patch in "[<>/&:a-e\"= ]{0,10}",
    ) {
        let request = Request::new("1", settings(), Operation::Put(instance())).to_xml();
        let result = Ok(Outcome::Pulled { items: vec![instance()], next: None });
        let reply = Reply { relates_to: "1".into(), resource: None, result }.to_xml(1);
        for whole in [request, reply] {
            let mut bytes = whole.into_bytes();
            let start = at.min(bytes.len());
            let end = (start + length).min(bytes.len());
            bytes.splice(start..end, patch.bytes());
            drop((Request::parse(&bytes), Reply::parse(&bytes)));
        }
    }
}

#[test]
fn subscriptions_and_durations_survive_the_way_there_and_back() {
    let subscription = amt::wsman::Subscription {
        notify_to: "http://console.example/a?b&c".into(),
        mode: "http://schemas.dmtf.org/wbem/wsman/1/wsman/PushWithAck".into(),
        expires: "PT1H".into(),
    };
    let target = Target::class("CIM_FilterCollection").unwrap().with("InstanceID", "all");
    for operation in
        [Operation::Subscribe(subscription), Operation::Unsubscribe { identifier: "uuid:1".into() }]
    {
        let request = Request::new("5", target.clone(), operation);
        assert_eq!(Request::parse(request.to_xml().as_bytes()), Ok(request));
    }
    for outcome in [
        Outcome::Subscribed { identifier: "uuid:1".into(), expires: "PT1H".into() },
        Outcome::Unsubscribed,
    ] {
        let resource = Some(target.resource.clone());
        let reply = Reply { relates_to: "5".into(), resource, result: Ok(outcome) };
        assert_eq!(Reply::parse(reply.to_xml(1).as_bytes()), Ok(reply));
    }
    let mut alarm = Instance::new(ResourceUri::of_class("IPS_AlarmClockOccurrence").unwrap());
    alarm.set("Interval", [Value::DateTime("P1DT0H0M".into())]);
    alarm.set("StartTime", [Value::DateTime("2026-01-01T00:00:00Z".into())]);
    let resource = Some(alarm.resource.clone());
    let reply = Reply { relates_to: "6".into(), resource, result: Ok(Outcome::Got(alarm.clone())) };
    let text = reply.to_xml(2);
    assert!(
        text.contains(":Interval>P1DT0H0M</") && text.contains(":Datetime>2026-01-01"),
        "{text}"
    );
    assert_eq!(Reply::parse(text.as_bytes()), Ok(reply));
}
