//! The platform's clock, and alarms by it.

use amt::wsman::{Instance, Operation, Outcome, ResourceUri, Subcode, Value};
use amt_sim::services::Host;
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{
    console::{DEADLINE, ask, class, host},
    ops::{call, invoke, list, request_power, results, value},
};

type Shared = std::sync::Arc<Host>;

async fn clock(host: &Shared) -> i64 {
    let time = call(host, "AMT_TimeSynchronizationService", "GetLowAccuracyTimeSynch", &[]).await;
    results(&time, "Ta0")[0].parse().unwrap()
}

#[tokio::test]
async fn the_clock_is_set_and_goes_on_from_there() {
    let host = host();
    let first = clock(&host).await;
    let machine = OffsetDateTime::now_utc().unix_timestamp();
    assert!((first - machine).abs() <= 2, "{first} is not {machine}");
    // The console's clock is an hour ahead; nothing was lost on the way.
    let wanted = (first + 3600).to_string();
    let arguments = [("Ta0", first.to_string()), ("Tm1", wanted.clone()), ("Tm2", wanted)];
    let arguments: Vec<_> = arguments.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let class = "AMT_TimeSynchronizationService";
    assert_eq!(value(&host, class, "SetHighAccuracyTimeSynch", &arguments).await, 0);
    assert!((clock(&host).await - first - 3600).abs() <= 2);
}

/// In so many seconds.
async fn add(
    host: &Shared,
    name: &str,
    seconds: i64,
    interval: Option<&str>,
) -> Result<u32, Subcode> {
    let start = OffsetDateTime::now_utc() + Duration::seconds(seconds);
    let start = start.replace_nanosecond(0).unwrap().format(&Rfc3339).unwrap();
    let mut alarm = Instance::new(ResourceUri::of_class("IPS_AlarmClockOccurrence").unwrap());
    alarm.set("InstanceID", [name.into()]);
    alarm.set("StartTime", [Value::DateTime(start)]);
    if let Some(interval) = interval {
        alarm.set("Interval", [Value::DateTime(interval.into())]);
    }
    alarm.set("DeleteOnCompletion", [true.into()]);
    let arguments = vec![("AlarmTemplate".to_owned(), Value::Object(alarm))];
    let outcome = invoke(host, class("AMT_AlarmClockService"), "AddAlarm", arguments).await;
    outcome.map(|o| o.return_value().unwrap()).map_err(|fault| fault.subcode)
}

#[tokio::test]
async fn alarms_are_listed_deleted_and_no_more_than_five() {
    let host = host();
    for n in 0..5 {
        assert_eq!(add(&host, &format!("alarm {n}"), 3600, Some("P1DT0H0M")).await, Ok(0));
    }
    assert_eq!(add(&host, "one too many", 3600, None).await, Err(Subcode::QuotaLimit));
    assert_eq!(add(&host, "yesterday", -86_400, None).await, Ok(5));
    assert_eq!(add(&host, "odd", 3600, Some("often")).await, Ok(5));
    let alarms = list(&host, "IPS_AlarmClockOccurrence").await;
    assert_eq!(alarms.len(), 5);
    assert_eq!(alarms[0].text("Interval"), Some("P1DT0H0M"));
    assert!(matches!(alarms[0].get("StartTime"), Some(Value::DateTime(_))));
    let target = || class("IPS_AlarmClockOccurrence").with("InstanceID", "alarm 0");
    assert_eq!(ask(&host, target(), Operation::Delete).await, Ok(Outcome::Deleted));
    assert_eq!(list(&host, "IPS_AlarmClockOccurrence").await.len(), 4);
    let fault = ask(&host, target(), Operation::Delete).await.unwrap_err();
    assert_eq!(fault.subcode, Subcode::InvalidSelectors);
}

#[tokio::test]
async fn an_alarm_switches_the_pc_on_and_is_gone() {
    let host = host();
    assert_eq!(request_power(&host, 8).await, 0);
    assert_eq!(add(&host, "wake up", 2, None).await, Ok(0));
    let mut power = host.power_state();
    let on = power.wait_for(|state| *state == 2);
    tokio::time::timeout(DEADLINE, on).await.expect("on in time").unwrap();
    let gone = async {
        while !list(&host, "IPS_AlarmClockOccurrence").await.is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(DEADLINE, gone).await.expect("gone in time");
}
