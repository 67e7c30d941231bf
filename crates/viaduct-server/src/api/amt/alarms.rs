//! Alarms: when a PC shall wake up by itself.

use super::{
    features::class,
    json::{flag, text},
    visit::{Asked, Fields},
};
use crate::{api::refusal::Refusal, command::CommandError};
use amt::wsman::{Instance, ResourceUri, Value as Wsman};
use axum::{Json, http::StatusCode};
use serde_json::{Value, json};
use time::{OffsetDateTime, UtcOffset, format_description::well_known::Rfc3339};

const ALARM: &str = "IPS_AlarmClockOccurrence";

/// `GET /amt/alarmOccurrences`.
pub(super) async fn list(asked: Asked) -> Result<Json<Value>, Refusal> {
    let mut device = asked.connected()?.commands("alarms").await?;
    let alarms = super::hardware::list(&mut device, ALARM).await?;
    Ok(Json(alarms.iter().map(alarm).collect()))
}

fn alarm(alarm: &Instance) -> Value {
    let interval = text(alarm, "Interval");
    let minutes = minutes(interval);
    let mut json = json!({
        "ElementName": text(alarm, "ElementName"),
        "InstanceID": text(alarm, "InstanceID"),
        "StartTime": { "Datetime": text(alarm, "StartTime") },
        "DeleteOnCompletion": flag(alarm, "DeleteOnCompletion"),
        // Both spellings are read by clients.
        "InternalInMinutes": minutes,
        "IntervalInMinutes": minutes,
    });
    if interval.starts_with('P') {
        json["Interval"] = json!({ "Interval": interval });
    }
    json
}

/// Minutes of a duration such as `P1DT2H3M`.
fn minutes(duration: &str) -> u64 {
    let mut all = 0_u64;
    let mut number = 0_u64;
    for letter in duration.chars() {
        match letter {
            '0'..='9' => {
                let digit = u64::from(letter.to_digit(10).unwrap_or_default());
                number = number.saturating_mul(10).saturating_add(digit);
                continue;
            }
            'D' => all = all.saturating_add(number.saturating_mul(24 * 60)),
            'H' => all = all.saturating_add(number.saturating_mul(60)),
            'M' => all = all.saturating_add(number),
            _ => {}
        }
        number = 0;
    }
    all
}

/// A duration as AMT writes it.
fn duration(minutes: u64) -> String {
    let (days, hours, minutes) = (minutes / (24 * 60), minutes / 60 % 24, minutes % 60);
    format!("P{days}DT{hours}H{minutes}M")
}

/// `POST /amt/alarmOccurrences`.
pub(super) async fn add(asked: Asked, fields: Fields) -> Result<Json<Value>, Refusal> {
    let name = fields.required::<String>("ElementName", "expected a name")?;
    if name.is_empty() || name.len() > 64 {
        return Err(Fields::bad("ElementName", name.into(), "expected 1 to 64 characters"));
    }
    let id = fields.optional::<String>("InstanceID", "expected a name")?;
    let id = id.filter(|id| !id.is_empty()).unwrap_or_else(|| name.clone());
    let msg = "expected a time, for example 2026-12-31T06:30:00Z";
    let start = fields.required::<String>("StartTime", msg)?;
    let time = point(&start).ok_or_else(|| Fields::bad("StartTime", start.into(), msg))?;
    let interval = fields.optional::<u64>("Interval", "expected minutes")?.unwrap_or_default();
    if interval > 60 * 24 * 366 {
        return Err(Fields::bad("Interval", interval.into(), "expected a year at most"));
    }
    let delete = fields.optional::<bool>("DeleteOnCompletion", "expected true or false")?;
    let visit = asked.connected()?;
    let own = visit.clone();
    let detail = format!("add the alarm {name} at {time}");
    let template = template(&name, &id, &time, interval, delete.unwrap_or(true));
    let work = async move {
        let mut device = own.commands("add alarm").await?;
        let arguments = vec![("AlarmTemplate".to_owned(), Wsman::Object(template))];
        device.call("AMT_AlarmClockService", "AddAlarm", arguments).await.map_err(refused)?;
        Ok(())
    };
    visit.change(detail, work).await?;
    Ok(Json(json!({ "status": "SUCCESS", "ReturnValue": 0 })))
}

fn template(name: &str, id: &str, time: &str, interval: u64, delete: bool) -> Instance {
    let mut alarm = Instance::new(ResourceUri::of_class(ALARM).unwrap_or_default());
    alarm.set("InstanceID", [id.into()]);
    alarm.set("ElementName", [name.into()]);
    alarm.set("StartTime", [Wsman::DateTime(time.to_owned())]);
    if interval > 0 {
        alarm.set("Interval", [Wsman::DateTime(duration(interval))]);
    }
    alarm.set("DeleteOnCompletion", [delete.into()]);
    alarm
}

/// A time in any zone as AMT takes it: whole minutes, UTC.
fn point(text: &str) -> Option<String> {
    // Browsers leave the zone out, or give milliseconds.
    let zoned = OffsetDateTime::parse(text, &Rfc3339)
        .or_else(|_| OffsetDateTime::parse(&format!("{text}Z"), &Rfc3339))
        .or_else(|_| OffsetDateTime::parse(&format!("{text}:00Z"), &Rfc3339))
        .ok()?;
    let utc = zoned.to_offset(UtcOffset::UTC).replace_second(0).ok()?.replace_nanosecond(0).ok()?;
    utc.format(&Rfc3339).ok()
}

/// A fault means that the alarm cannot be had like this; more than a few are too many.
fn refused(error: CommandError) -> Refusal {
    match error {
        error @ (CommandError::Fault { .. } | CommandError::Returned { .. }) => {
            let text = error.to_string();
            Refusal::from(error).sent_as(StatusCode::BAD_REQUEST).shaped([
                ("error", "Incorrect URI or Bad Request".into()),
                ("errorDescription", text.into()),
            ])
        }
        error => error.into(),
    }
}

/// `DELETE /amt/alarmOccurrences`.
pub(super) async fn remove(asked: Asked, fields: Fields) -> Result<Json<Value>, Refusal> {
    let name = fields.required::<String>("Name", "expected the alarm's InstanceID")?;
    let visit = asked.connected()?;
    let own = visit.clone();
    let detail = format!("remove the alarm {name}");
    let work = async move {
        let mut device = own.commands("remove alarm").await?;
        let target = class(ALARM)?.with("InstanceID", name.as_str());
        device.delete(target).await.map_err(|error| match error.is_absent() {
            true => Refusal::from(error).sent_as(StatusCode::NOT_FOUND).shaped([
                ("error", "Alarm instance not found".into()),
                ("errorDescription", format!("there is no alarm {name}").into()),
            ]),
            false => error.into(),
        })
    };
    visit.change(detail, work).await?;
    Ok(Json(json!({ "status": "SUCCESS" })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_and_written() {
        for (minutes, text) in [(0, "P0DT0H0M"), (61, "P0DT1H1M"), (1440 + 125, "P1DT2H5M")] {
            assert_eq!(duration(minutes), text);
            assert_eq!(super::minutes(text), minutes);
        }
        assert_eq!(minutes(""), 0);
        assert_eq!(minutes("P99999999999999999999999D"), u64::MAX);
    }

    #[test]
    fn an_alarm_has_both_spellings_of_its_interval() {
        let alarm = alarm(&template("a", "b", "2026-12-31T06:30:00Z", 60, true));
        assert_eq!(alarm["InternalInMinutes"], 60);
        assert_eq!(alarm["IntervalInMinutes"], 60);
        assert_eq!(alarm["Interval"]["Interval"], "P0DT1H0M");
        assert_eq!(alarm["StartTime"]["Datetime"], "2026-12-31T06:30:00Z");
        let once = super::alarm(&template("a", "b", "2026-12-31T06:30:00Z", 0, true));
        assert_eq!((&once["InternalInMinutes"], once.get("Interval")), (&json!(0), None));
    }

    #[test]
    fn times_come_in_the_ways_that_browsers_write_them() {
        for text in [
            "2026-12-31T06:30:00Z",
            "2026-12-31T06:30:59.123Z",
            "2026-12-31T07:30:00+01:00",
            "2026-12-31T06:30:00",
            "2026-12-31T06:30",
        ] {
            assert_eq!(point(text).as_deref(), Some("2026-12-31T06:30:00Z"), "{text}");
        }
        assert_eq!(point("tomorrow"), None);
    }
}
