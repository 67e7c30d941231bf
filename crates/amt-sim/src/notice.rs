//! Events as WS-Eventing delivers them: who is subscribed, and what he is sent.

use crate::pet::Pet;
use amt::wsman::Notification;

/// Sensor type of AMT's own events (OEM).
const OWN: u8 = 0xc1;
/// Physical security (IPMI 2.0, table 42-3).
const CHASSIS: u8 = 0x05;

/// Somebody who is subscribed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listener {
    /// An `http` URL.
    pub(crate) destination: String,
    /// The filter collection that was subscribed to.
    pub(crate) filter: String,
    /// Whether it has to acknowledge each event (`PushWithAck`).
    pub(crate) acknowledges: bool,
}

impl Listener {
    /// Whether its filter lets this event through.
    pub(crate) fn wants(&self, event: &Pet) -> bool {
        let own = event.sensor_type == OWN;
        match self.filter.rsplit(':').next().unwrap_or_default() {
            "User" => own && !is_about_the_tunnel(event),
            "Features" => own,
            "Platform" | "ELR" => !own,
            _ => true,
        }
    }

    /// Host and port of the destination; none where there is no such thing in it.
    pub(crate) fn address(&self) -> Option<(&str, u16)> {
        address(&self.destination)
    }
}

/// Host and port of an `http` URL.
pub(crate) fn address(url: &str) -> Option<(&str, u16)> {
    let rest = url.strip_prefix("http://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let authority = authority.rsplit('@').next()?;
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()?),
        _ => (authority, 80),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    (!host.is_empty() && port != 0).then_some((host, port))
}

fn is_about_the_tunnel(event: &Pet) -> bool {
    event.data[1] == 0x58
}

/// The event for a subscriber with this filter, as CIM has it.
pub(crate) fn indication(event: &Pet, filter: &str) -> Notification {
    let (id, argument, words) = message(event);
    let severity = match event.severity {
        0x08 => "3",
        0x10 => "6",
        0x20 => "7",
        _ => "2",
    };
    let own = event.sensor_type == OWN;
    let all = [
        // 8: Intel's own kind; 5: a device alert.
        ("AlertType", if own { "8" } else { "5" }),
        ("IndicationFilterName", filter),
        ("MessageArguments", argument),
        ("MessageID", id),
        ("Message", words),
        ("OwningEntity", if own || id.is_empty() { "Intel(r) AMT" } else { "DMTF" }),
        ("PerceivedSeverity", severity),
        ("ProbableCause", "0"),
        ("SystemName", "Intel(r) AMT"),
    ];
    let given = all.into_iter().filter(|(_, text)| !text.is_empty());
    Notification {
        class: "CIM_AlertIndication".to_owned(),
        properties: given.map(|(name, text)| (name.to_owned(), text.to_owned())).collect(),
    }
}

/// Number, argument and words of the message; there is no number for everything.
fn message(event: &Pet) -> (&'static str, &'static str, &'static str) {
    match event.sensor_type {
        OWN if is_about_the_tunnel(event) && event.data[3] == 0 => {
            ("iAMT0058", "0", "The tunnel to the MPS is down.")
        }
        OWN if is_about_the_tunnel(event) => ("iAMT0058", "1", "The tunnel to the MPS is up."),
        OWN => ("iAMT0036", "", "The user asked for help."),
        CHASSIS => ("PLAT0004", "", "The chassis was opened."),
        6 => ("", "", "Wrong passwords were tried."),
        30 => ("", "", "There is nothing to boot from."),
        32 => ("", "", "The power was cut."),
        _ => ("", "", "Something happened to the PC."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn destinations_are_read() {
        for (url, found) in [
            ("http://10.0.0.9:9971/x?a=b:1", Some(("10.0.0.9", 9971))),
            ("http://console.example/events", Some(("console.example", 80))),
            ("http://[2001:db8::1]:8080", Some(("2001:db8::1", 8080))),
            ("http://[2001:db8::1]/", Some(("2001:db8::1", 80))),
            ("http://a:99999/", None),
            ("http://:80/", None),
            ("https://a/", None),
        ] {
            assert_eq!(address(url), found, "{url}");
        }
    }

    #[test]
    fn a_filter_lets_through_what_it_is_for() {
        let wants = |filter: &str, event: &Pet| {
            let filter = format!("Intel(r) AMT:{filter}");
            let listener = Listener { destination: String::new(), filter, acknowledges: false };
            listener.wants(event)
        };
        let [call, tunnel, chassis] =
            [Pet::user_call(1), Pet::tunnel(2, true), Pet::chassis_intrusion(3)];
        for (filter, expected) in [
            ("All", [true, true, true]),
            ("AllEvents", [true, true, true]),
            ("User", [true, false, false]),
            ("Features", [true, true, false]),
            ("Platform", [false, false, true]),
        ] {
            assert_eq!([&call, &tunnel, &chassis].map(|e| wants(filter, e)), expected, "{filter}");
        }
    }

    #[test]
    fn events_have_the_numbers_that_consoles_know() {
        let id = |event: &Pet| {
            let indication = indication(event, "Intel(r) AMT:All");
            let argument = indication.text("MessageArguments").map(str::to_owned);
            (indication.text("MessageID").unwrap().to_owned(), argument)
        };
        assert_eq!(id(&Pet::user_call(1)), ("iAMT0036".to_owned(), None));
        assert_eq!(id(&Pet::tunnel(1, false)), ("iAMT0058".to_owned(), Some("0".to_owned())));
        assert_eq!(id(&Pet::chassis_intrusion(1)), ("PLAT0004".to_owned(), None));
        assert_eq!(indication(&Pet::chassis_intrusion(1), "x").severity(), Some("critical"));
    }
}
