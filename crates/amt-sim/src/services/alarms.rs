//! Alarms (AMT_AlarmClockService, IPS_AlarmClockOccurrence): they switch the PC on.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use amt::wsman::{Fault, Instance, Properties, Subcode, Target, Value};
use tokio::{sync::Notify, time::timeout};

use super::{
    clock::{datetime, seconds},
    host::Host,
    live::Live,
    logs::{Event, progress},
    methods::{INVALID_PARAMETER, SUCCESS, argument, returned},
    power,
};

const CLASS: &str = "IPS_AlarmClockOccurrence";
/// Longest sleep between looks at the clock, which consoles may set.
const LOOK: Duration = Duration::from_secs(3600);
const NAME: usize = 64;

/// `AddAlarm`: the alarm is given as an instance within the call.
pub(super) fn add(host: &Arc<Host>, arguments: &Properties) -> Result<Properties, Fault> {
    let Some(Value::Object(alarm)) = argument(arguments, "AlarmTemplate") else {
        let reason = "the argument AlarmTemplate is missing";
        return Err(Fault::sender(Subcode::InvalidParameter, reason));
    };
    let name = alarm.text("InstanceID").unwrap_or_default().trim().to_owned();
    let start = alarm.text("StartTime").and_then(seconds);
    let interval = alarm.text("Interval").map(interval_seconds);
    let (Some(start), false, true) =
        (start, interval == Some(None), (1..=NAME).contains(&name.len()))
    else {
        return Ok(returned(INVALID_PARAMETER));
    };
    // An alarm in the past would never ring.
    if start <= host.clock().now() && interval.flatten().unwrap_or(0) == 0 {
        return Ok(returned(INVALID_PARAMETER));
    }
    let element_name = alarm.text("ElementName").unwrap_or(&name).to_owned();
    let once = alarm.text("DeleteOnCompletion").is_some_and(|t| matches!(t.trim(), "true" | "1"));
    let mut properties: Properties = vec![
        ("DeleteOnCompletion".to_owned(), once.into()),
        ("ElementName".to_owned(), element_name.into()),
        ("InstanceID".to_owned(), name.into()),
        ("StartTime".to_owned(), datetime(start)),
    ];
    if let Some(text) = alarm.text("Interval").filter(|_| interval.flatten().unwrap_or(0) > 0) {
        properties.push(("Interval".to_owned(), Value::DateTime(text.trim().to_owned())));
    }
    let reference = host.store().add(CLASS, properties)?;
    watch(host);
    let mut output = vec![("AlarmClock".to_owned(), reference.into())];
    output.extend(returned(SUCCESS));
    Ok(output)
}

/// Alarms or the clock are others than before.
pub(super) fn changed(host: &Host) {
    host.alarms().notify_one();
}

/// Starts to watch the clock, if there are alarms and nobody does yet.
pub(super) fn watch(host: &Arc<Host>) {
    let none = host.store().list(CLASS, &Live::default()).is_ok_and(|alarms| alarms.is_empty());
    if none {
        return;
    }
    if host.begin_watching_alarms() {
        tokio::spawn(ring(Arc::downgrade(host), Arc::clone(host.alarms())));
    } else {
        changed(host);
    }
}

/// Rings each alarm in its time, as long as there are any.
async fn ring(host: Weak<Host>, notice: Arc<Notify>) {
    loop {
        let Some(host_now) = host.upgrade() else { return };
        let now = host_now.clock().now();
        let mut next = None;
        // A list of its own: the store must not stay locked while an alarm rings.
        let alarms = host_now.store().list(CLASS, &Live::default()).unwrap_or_default();
        for alarm in alarms {
            let Some(at) = alarm.text("StartTime").and_then(seconds) else { continue };
            if at <= now {
                rang(&host_now, &alarm, at, now);
                next = Some(0);
            } else {
                next = Some(next.map_or(at - now, |n: i64| n.min(at - now)));
            }
        }
        let Some(next) = next else {
            host_now.end_watching_alarms();
            return;
        };
        drop(host_now);
        let pause = Duration::from_secs(next.unsigned_abs()).min(LOOK);
        // Told of a change or not, the clock is looked at again.
        drop(timeout(pause, notice.notified()).await);
    }
}

fn rang(host: &Arc<Host>, alarm: &Instance, at: i64, now: i64) {
    let name = alarm.text("InstanceID").unwrap_or_default().to_owned();
    let Some(target) = Target::class(CLASS).map(|target| target.with("InstanceID", name)) else {
        return;
    };
    let interval = alarm.text("Interval").and_then(interval_seconds).unwrap_or(0);
    let once = alarm.text("DeleteOnCompletion") == Some("true");
    if interval > 0 {
        let missed = (now - at).div_euclid(interval).saturating_add(1);
        let following = at.saturating_add(interval.saturating_mul(missed));
        host.store().set(&target, "StartTime", datetime(following));
    } else if once || interval == 0 {
        // An alarm that is over is only in the way, whoever was to delete it.
        drop(host.store().remove(&target));
    }
    host.record(Event::progress(progress::OPERATING_SYSTEM));
    power::wake(host);
    host.changed();
}

/// `P1DT2H3M` in seconds; none for what is no such interval.
fn interval_seconds(text: &str) -> Option<i64> {
    let rest = text.trim().strip_prefix('P')?;
    let (days, time) = rest.split_once('T').unwrap_or((rest, ""));
    let mut total = 0_i64;
    for (part, units) in [(days, &[('D', 86_400)][..]), (time, &[('H', 3600), ('M', 60), ('S', 1)])]
    {
        let mut digits = String::new();
        for character in part.chars() {
            if character.is_ascii_digit() {
                digits.push(character);
                continue;
            }
            let (_, seconds) = units.iter().find(|(unit, _)| *unit == character)?;
            let count: i64 = std::mem::take(&mut digits).parse().ok()?;
            total = total.checked_add(count.checked_mul(*seconds)?)?;
        }
        if !digits.is_empty() {
            return None;
        }
    }
    Some(total)
}

#[cfg(test)]
mod tests {
    use super::interval_seconds;

    #[test]
    fn intervals_are_read_as_consoles_write_them() {
        assert_eq!(interval_seconds("P1DT0H0M"), Some(86_400));
        assert_eq!(interval_seconds("P0DT1H30M"), Some(5400));
        assert_eq!(interval_seconds("PT30S"), Some(30));
        assert_eq!(interval_seconds("P0DT0H0M"), Some(0));
        for wrong in ["", "1D", "P1X", "P1", "PT1D", "P99999999999999999999D"] {
            assert_eq!(interval_seconds(wrong), None, "{wrong}");
        }
    }
}
