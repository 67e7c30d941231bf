//! How a PC has its address, and what that means for its dialling in.

use super::session::Ask;
use crate::inventory::Configured;
use amt::{remote_access::Platform, wsman::Instance};
use time::OffsetDateTime;

/// What decides later, when it does not come, which of the usual reasons is the likely one. A platform that does not tell
/// is taken for one with DHCP, as most are.
pub(super) async fn look(ask: &mut impl Ask, platform: &Platform) -> Configured {
    let ports = ask.list("AMT_EthernetPortSettings").await.unwrap_or_default();
    Configured {
        at: OffsetDateTime::now_utc(),
        amt: platform.version.as_ref().map(|version| u64::from(version.major)),
        fixed_address: ports.iter().find(|port| is_wired(port)).is_some_and(is_fixed),
    }
}

/// What to tell whoever adds it.
pub(super) fn hint(seen: &Configured) -> Option<&'static str> {
    match (seen.fixed_address, seen.amt) {
        (false, _) => None,
        (true, Some(..12)) => Some(
            "its AMT has a fixed address: firmware before AMT 12 knows only from DHCP that it is outside, and will probably not call; let it have its address from DHCP",
        ),
        (true, _) => Some(
            "its AMT has a fixed address: firmware knows from DHCP where it is; if this PC does not call, let it have its address from DHCP",
        ),
    }
}

/// AMT counts the port for the cable as 0.
fn is_wired(port: &Instance) -> bool {
    port.text("InstanceID").is_some_and(|id| id.trim().ends_with(" 0"))
}

fn is_fixed(port: &Instance) -> bool {
    port.text("DHCPEnabled").is_some_and(|text| matches!(text.trim(), "false" | "0"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use amt::wsman::{ResourceUri, Value};

    #[test]
    fn a_fixed_address_is_told_by_what_the_firmware_makes_of_it() {
        let port = |id: &str, dhcp: &str| {
            let class = ResourceUri::of_class("AMT_EthernetPortSettings").unwrap();
            let mut port = Instance::new(class);
            port.set("InstanceID", [Value::from(id)]);
            port.set("DHCPEnabled", [Value::from(dhcp)]);
            port
        };
        let wired = "Intel(r) AMT Ethernet Port Settings 0";
        assert!(is_wired(&port(wired, "true")) && !is_wired(&port("Settings 1", "true")));
        assert!(is_fixed(&port(wired, "false")) && !is_fixed(&port(wired, "true")));
        let seen = |amt, fixed_address| {
            hint(&Configured { at: OffsetDateTime::UNIX_EPOCH, amt: Some(amt), fixed_address })
        };
        assert_eq!(seen(11, false), None);
        assert!(seen(11, true).unwrap().contains("will probably not call"));
        assert!(seen(16, true).unwrap().contains("if this PC does not call"));
    }
}
