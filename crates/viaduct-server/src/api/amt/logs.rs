//! What a PC wrote down itself: its event log and its audit log.

use super::visit::Asked;
use crate::{
    api::refusal::Refusal,
    command::{CommandError, DeviceCommands},
};
use amt::{audit_log::AuditRecord, event_log::EventRecord};
use axum::{
    Json,
    extract::Query,
    http::header,
    response::{IntoResponse, Response},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use std::collections::HashMap;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// As many records as the log holds.
const RECORDS: u32 = 390;
/// Larger audit logs than this are read no further.
const AUDIT_MAX: usize = 10_000;
/// How platforms refuse to begin behind the last record: as an invalid index or an invalid parameter.
const PAST_END: [u32; 2] = [35, 36];
type Pairs = Query<HashMap<String, String>>;

/// `GET /amt/log/event`: a bare array, or pages of an object when paging is asked for.
pub(super) async fn events(asked: Asked, Query(query): Pairs) -> Result<Json<Value>, Refusal> {
    let number = |key: &str| match query.get(key) {
        None => Ok(None),
        Some(text) => text.parse::<usize>().map(Some).map_err(|_| {
            Refusal::invalid(key, "query", text.clone().into(), "expected a number, 0 or more")
        }),
    };
    let (skip, top) = (number("$skip")?, number("$top")?);
    let mut device = asked.connected()?.commands("event log").await?;
    let all: Vec<Value> = read_events(&mut device).await?.iter().map(event).collect();
    if skip.is_none() && top.is_none() {
        return Ok(Json(Value::Array(all)));
    }
    let (skip, top) = (skip.unwrap_or(0), top.unwrap_or(120));
    let more = all.len() > skip.saturating_add(top);
    let page: Vec<Value> = all.into_iter().skip(skip).take(top).collect();
    Ok(Json(json!({ "records": page, "hasMoreRecords": more })))
}

/// All records, the newest first as the platform gives them.
async fn read_events(device: &mut DeviceCommands) -> Result<Vec<EventRecord>, CommandError> {
    let log = "AMT_MessageLog";
    let first = device.call(log, "PositionToFirstRecord", Vec::new()).await?;
    let mut position = first.text("IterationIdentifier").unwrap_or("1").to_owned();
    let mut all = Vec::new();
    loop {
        let arguments = vec![
            ("IterationIdentifier".to_owned(), position.as_str().into()),
            ("MaxReadRecords".to_owned(), RECORDS.into()),
        ];
        let output = device.call(log, "GetRecords", arguments).await?;
        let before = all.len();
        // One record that makes no sense does not hide the others.
        all.extend(
            output
                .texts("RecordArray")
                .filter_map(|text| EventRecord::read(&BASE64_STANDARD.decode(text.trim()).ok()?)),
        );
        let over = output.text("NoMoreRecords").is_none_or(|text| text.trim() != "false");
        match output.text("IterationIdentifier") {
            Some(next) if !over && all.len() > before && all.len() < RECORDS as usize => {
                next.clone_into(&mut position);
            }
            _ => return Ok(all),
        }
    }
}

fn event(record: &EventRecord) -> Value {
    let time = record.time.map(i64::from).and_then(iso).unwrap_or_default();
    json!({
        "DeviceAddress": record.device_address,
        "EventSensorType": record.sensor_type,
        "EventType": record.event_type,
        "EventOffset": record.offset,
        "EventSourceType": record.source_type,
        "EventSeverity": record.severity_name(),
        "SensorNumber": record.sensor,
        "Entity": record.entity,
        "EntityInstance": record.entity_instance,
        "EventData": record.data,
        "TimeStamp": record.time.unwrap_or_default(),
        "Time": time,
        "EntityStr": record.entity_name(),
        "Desc": record.description(),
    })
}

fn iso(seconds: i64) -> Option<String> {
    OffsetDateTime::from_unix_timestamp(seconds).ok()?.format(&Rfc3339).ok()
}

/// `GET /amt/log/audit`.
pub(super) async fn audit(asked: Asked, Query(query): Pairs) -> Result<Json<Value>, Refusal> {
    let start = match query.get("startIndex") {
        None => 0,
        Some(text) => text.parse::<u32>().map_err(|_| {
            let msg = "expected a number, 0 or more";
            Refusal::invalid("startIndex", "query", text.clone().into(), msg)
        })?,
    };
    let mut device = asked.connected()?.commands("audit log").await?;
    let (total, records) = newest(&mut device, start.max(1)).await?;
    let records: Vec<Value> = records.iter().map(audit_record).collect();
    Ok(Json(json!({ "totalCnt": total, "records": records })))
}

/// The platform counts from its oldest record and gives as many as fit; people want the newest first. So the first
/// read tells how many there are, and a second one gets the right ones.
async fn newest(
    device: &mut DeviceCommands,
    start: u32,
) -> Result<(u32, Vec<AuditRecord>), CommandError> {
    let first = match read_audit(device, start).await {
        // A page behind the last one is empty, as it is elsewhere.
        Err(CommandError::Returned { value, .. }) if PAST_END.contains(&value) => {
            let total = if start > 1 { read_audit(device, 1).await?.0 } else { 0 };
            return Ok((total, Vec::new()));
        }
        first => first?,
    };
    let (total, returned, mut records) = first;
    if total > returned {
        let from = total.saturating_sub(start).saturating_sub(returned).saturating_add(2);
        records = read_audit(device, from.max(1)).await?.2;
    }
    records.reverse();
    Ok((total, records))
}

async fn read_audit(
    device: &mut DeviceCommands,
    start: u32,
) -> Result<(u32, u32, Vec<AuditRecord>), CommandError> {
    let arguments = vec![("StartIndex".to_owned(), start.into())];
    let output = device.call("AMT_AuditLog", "ReadRecords", arguments).await?;
    let number = |name| output.text(name).and_then(|text| text.trim().parse().ok()).unwrap_or(0);
    let records: Vec<AuditRecord> = output
        .texts("EventRecords")
        .filter_map(|text| AuditRecord::read(&BASE64_STANDARD.decode(text.trim()).ok()?))
        .collect();
    Ok((number("TotalRecordCount"), number("RecordsReturned"), records))
}

fn audit_record(record: &AuditRecord) -> Value {
    json!({
        "AuditAppID": record.app,
        "EventID": record.event,
        "InitiatorType": record.initiator_type,
        "AuditApp": record.app_name(),
        "Event": record.event_name(),
        "Initiator": record.initiator,
        "Time": iso(record.time.into()).unwrap_or_default(),
        "MCLocationType": record.location_type,
        "NetAddress": record.address,
        "Ex": record.extended.iter().map(|byte| char::from(*byte)).collect::<String>(),
        "ExStr": record.details(),
    })
}

/// `GET /amt/log/event/{device}/download`.
pub(super) async fn events_csv(asked: Asked) -> Result<Response, Refusal> {
    let mut device = asked.connected()?.commands("event log").await?;
    let records = read_events(&mut device).await?;
    let rows = records.iter().map(|record| {
        [
            record.time.map(i64::from).and_then(iso).unwrap_or_default(),
            record.severity_name().to_owned(),
            record.entity_name().to_owned(),
            record.description(),
        ]
    });
    Ok(csv("event_logs.csv", ["Time", "Severity", "Entity", "Description"], rows))
}

/// `GET /amt/log/audit/{device}/download`: all of it.
pub(super) async fn audit_csv(asked: Asked) -> Result<Response, Refusal> {
    let mut device = asked.connected()?.commands("audit log").await?;
    let mut all = Vec::new();
    let mut start = 1;
    loop {
        let (total, returned, records) = read_audit(&mut device, start).await?;
        all.extend(records);
        start = start.saturating_add(returned);
        if returned == 0 || start > total || all.len() >= AUDIT_MAX {
            break;
        }
    }
    let rows = all.iter().rev().map(|record| {
        [
            iso(record.time.into()).unwrap_or_default(),
            record.app_name().to_owned(),
            record.event_name(),
            record.initiator.clone(),
            record.address.clone(),
            record.details(),
        ]
    });
    let head = ["Time", "Part", "Event", "Initiator", "Address", "Details"];
    Ok(csv("audit_logs.csv", head, rows))
}

fn csv<const N: usize>(
    name: &str,
    head: [&str; N],
    rows: impl Iterator<Item = [String; N]>,
) -> Response {
    let mut text = head.join(",");
    text.push_str("\r\n");
    for row in rows {
        let cells: Vec<String> = row.iter().map(|cell| quoted(cell)).collect();
        text.push_str(&cells.join(","));
        text.push_str("\r\n");
    }
    let disposition = format!("attachment; filename=\"{name}\"");
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, disposition),
    ];
    (headers, text).into_response()
}

/// Quoted, and without a beginning that a spreadsheet would take for a formula.
fn quoted(cell: &str) -> String {
    let guard = if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    format!("\"{guard}{}\"", cell.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_has_every_key_that_clients_read() {
        let bytes = BASE64_STANDARD.decode("Y8iYZf8GbwVoEP8mYaoKAAAAAAAA").unwrap();
        let json = event(&EventRecord::read(&bytes).unwrap());
        assert_eq!(json["TimeStamp"], 0x6598_c863);
        assert_eq!(json["Time"], "2024-01-06T03:26:27Z");
        assert_eq!(json["EventSeverity"], "Critical condition");
        assert_eq!(json["EntityStr"], "Intel(r) ME");
        assert_eq!(json["EventData"].as_array().unwrap().len(), 8);
        assert_eq!(json["Desc"], "Authentication failed 10 times; the PC may be under attack");
    }

    #[test]
    fn an_audit_record_has_every_key_that_clients_read() {
        let bytes = BASE64_STANDARD.decode("ABMAAAI/9M1uAgAQAAwAAAAoBZkADAAAACQFlA==").unwrap();
        let json = audit_record(&AuditRecord::read(&bytes).unwrap());
        assert_eq!(json["AuditAppID"], 19);
        assert_eq!(json["Event"], "Firmware Updated");
        assert_eq!(json["Time"], "2004-01-02T01:46:22Z");
        assert_eq!(json["ExStr"], "From 12.0.40.1433 to 12.0.36.1428");
        assert_eq!(json["Ex"].as_str().unwrap().chars().count(), 16);
    }

    #[test]
    fn cells_are_harmless_in_a_spreadsheet() {
        assert_eq!(quoted("=1+1"), "\"'=1+1\"");
        assert_eq!(quoted("a \"b\""), "\"a \"\"b\"\"\"");
    }
}
