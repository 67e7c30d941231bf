//! The event log and the audit log, as records.

use amt::wsman::Outcome;

use crate::{
    console::host,
    ops::{Host, call, change, get, request_power, restart, results, value},
};

/// All records, a few at a time, as bytes.
async fn events(host: &Host, most: &str) -> Vec<Vec<u8>> {
    let class = "AMT_MessageLog";
    let first = call(host, class, "PositionToFirstRecord", &[]).await;
    let mut at = results(&first, "IterationIdentifier")[0].to_owned();
    let mut all = Vec::new();
    loop {
        let arguments = [("IterationIdentifier", at.as_str()), ("MaxReadRecords", most)];
        let page: Outcome = call(host, class, "GetRecords", &arguments).await;
        for text in results(&page, "RecordArray") {
            all.push(openssl::base64::decode_block(text).unwrap());
        }
        if results(&page, "NoMoreRecords") == ["true"] {
            return all;
        }
        at = results(&page, "IterationIdentifier")[0].to_owned();
    }
}

#[tokio::test]
async fn a_boot_leaves_its_steps_in_the_event_log_newest_first() {
    let host = host();
    let delivered = events(&host, "390").await;
    restart(&host).await;
    let after = events(&host, "390").await;
    assert_eq!(after.len(), delivered.len() + 5);
    assert!(after.iter().all(|record| record.len() == 21));
    // Sensor type 15 is progress; 19 is the start of the operating system.
    assert_eq!((after[0][5], after[0][14]), (15, 19));
    // Sensor type 36: the firmware began.
    assert_eq!(after[4][5], 36);
    let log = get(&host, "AMT_MessageLog").await;
    assert_eq!(log.text("CurrentNumberOfRecords"), Some(after.len().to_string().as_str()));
    assert_eq!(events(&host, "2").await, after, "read in pieces");
}

#[tokio::test]
async fn the_event_log_can_be_frozen_and_cleared() {
    let host = host();
    let freeze =
        async |freeze| value(&host, "AMT_MessageLog", "FreezeLog", &[("Freeze", freeze)]).await;
    assert_eq!(freeze("true").await, 0);
    let before = events(&host, "390").await;
    restart(&host).await;
    assert_eq!(events(&host, "390").await, before);
    assert_eq!(get(&host, "AMT_MessageLog").await.text("IsFrozen"), Some("true"));
    assert_eq!(value(&host, "AMT_MessageLog", "ClearLog", &[]).await, 2);
    assert_eq!(freeze("false").await, 0);
    assert_eq!(value(&host, "AMT_MessageLog", "ClearLog", &[]).await, 0);
    assert_eq!(events(&host, "390").await, Vec::<Vec<u8>>::new());
}

/// Application, event, and who.
async fn audit(host: &Host, start: usize) -> (usize, Vec<(u16, u16, String)>) {
    let start = start.to_string();
    let page = call(host, "AMT_AuditLog", "ReadRecords", &[("StartIndex", &start)]).await;
    let total = results(&page, "TotalRecordCount")[0].parse().unwrap();
    let records = results(&page, "EventRecords").into_iter().map(|text| {
        let bytes = openssl::base64::decode_block(text).unwrap();
        let number = |at: usize| u16::from_be_bytes([bytes[at], bytes[at + 1]]);
        let who = match bytes[4] {
            0 => String::from_utf8(bytes[6..6 + usize::from(bytes[5])].to_vec()).unwrap(),
            other => format!("#{other}"),
        };
        (number(0), number(2), who)
    });
    (total, records.collect())
}

#[tokio::test]
async fn what_administrators_do_is_in_the_audit_log() {
    let host = host();
    assert_eq!(request_power(&host, 8).await, 0);
    assert_eq!(request_power(&host, 10).await, 4097, "refused, so not written down");
    assert_eq!(request_power(&host, 2).await, 0);
    change(&host, "AMT_GeneralSettings", &[("HostName", "renamed")]).await.unwrap();
    let (total, records) = audit(&host, 1).await;
    let admin = || "admin".to_owned();
    let expected = [
        (16, 0, "#2".to_owned()),
        (16, 1, "#2".to_owned()),
        (17, 1, admin()),
        (17, 0, admin()),
        (22, 1, admin()),
    ];
    assert_eq!((total, records), (5, expected.to_vec()));
    let (total, records) = audit(&host, 5).await;
    assert_eq!((total, records), (5, expected[4..].to_vec()));
    let log = get(&host, "AMT_AuditLog").await;
    assert_eq!(log.text("CurrentNumberOfRecords"), Some("5"));
    assert!(log.text("TimeOfLastRecord").unwrap().starts_with("20"));
    let beyond = value(&host, "AMT_AuditLog", "ReadRecords", &[("StartIndex", "6")]).await;
    assert_eq!(beyond, 36);
    assert_eq!(value(&host, "AMT_AuditLog", "ClearLog", &[]).await, 0);
    let (_, records) = audit(&host, 1).await;
    assert_eq!(records, [(20, 0, admin())]);
}

#[tokio::test]
async fn ten_wrong_passwords_are_an_event() {
    let host = host();
    let request = amt::wsman::Request::identify("1");
    for _ in 0..10 {
        let credentials = amt::credentials::Credentials::new("admin", "wrong");
        let login = amt::http::digest::DigestLogin::new(credentials);
        let mut open = async || crate::console::connect(&host, 16992);
        let output = crate::console::run(&request, login, &mut open).await;
        assert!(matches!(output, amt::wsman::Output::Failed(_)), "{output:?}");
    }
    let event = host.event_log()[0];
    assert_eq!((event.sensor_type, event.data[0], event.data[1]), (6, 170, 10));
    let (_, records) = audit(&host, 1).await;
    assert_eq!((records.last().unwrap().0, records.last().unwrap().1), (16, 5));
}
