//! Misbehaviour on command: what real platforms were seen doing, and what a server must survive.

mod spoil;

pub use spoil::{Spoil, Spoiled};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What a platform does wrong. All off by default.
///
/// What shapes a tunnel (windows, credentials, ports, keep-alive) takes effect with the next one; the rest at once.
/// Counts go down as they are used up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each fault is there or not, whatever the others are"
)]
pub struct Faults {
    /// Bytes in one TLS record, at most; 1 is byte by byte. 0: off.
    pub fragment: usize,
    /// TLS records per second while `fragment` is on. Default 200000, so that 4 MiB byte by byte take some
    /// 20 s and leave the machine usable. 0: no limit.
    pub fragment_rate: u32,
    /// Milliseconds for which output is held back, to leave as few TLS records as possible; the greeting goes out
    /// together with the first request. 0: off.
    pub coalesce: u32,
    /// Window in confirmations, bytes: 0, 1, 499, ... Default: the platform's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window: Option<u32>,
    /// Bytes in one CHANNEL_DATA, at most. Default: the platform's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub piece: Option<usize>,
    /// Close this many of the next channels before any data.
    pub close_first: u32,
    /// Neither read nor send, with the socket left open.
    pub silence: bool,
    /// Fall silent this many milliseconds after each tunnel is settled. 0: off.
    pub silence_after: u32,
    /// Send more than the window allows on this many channels: on open ones at once, else on the next ones.
    pub over_window: u32,
    /// CLOSE for the server's channel 0, this many, after each tunnel is settled. Set on a settled tunnel: at once.
    pub stale_closes: u32,
    /// CLOSE for channels that never existed, likewise.
    pub unknown_closes: u32,
    /// Open a channel to this HOST:PORT, likewise (direct-tcpip, as for event pushes).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub direct: Option<String>,
    /// Keep-alive interval in seconds that no negotiation changes; 90 is one firmware's. 0: off.
    pub stubborn_keepalive: u32,
    /// Ports that are not forwarded.
    pub missing_ports: Vec<u16>,
    /// Refuse this many of the next channels.
    pub refuse_opens: u32,
    /// Reason of these refusals: 1 prohibited, 2 connect failed (default), 4 resource shortage.
    pub refuse_reason: u32,
    /// Channels that can be open at once, 0: none at all. Default: the platform's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel_slots: Option<u32>,
    /// Answer keep-alives and nothing else: requests for channels and what comes through open ones are passed over.
    pub ghost_keepalive: bool,
    /// Dial nobody after a change of remote access until the link was down, as AMT 11 was seen doing.
    pub link_flap: bool,
    /// Dial in with another password than the right one.
    pub wrong_password: bool,
    /// Dial in with somebody else's UUID.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claim_guid: Option<Uuid>,
    /// Qualities of protection that HTTP digest offers: `auth`, `auth-int`, `both`. Default: the firmware's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest_qop: Option<DigestQop>,
    /// Replace all nonces after this many requests: consoles meet `stale`. 0: off.
    pub nonce_uses: u32,
    /// Seconds by which the platform's clock is wrong; years are possible, in both directions.
    pub clock_skew: i64,
    /// Classes whose instances cannot be put: HTTP 400.
    pub refuse_put: Vec<String>,
    /// Classes that this firmware does not have.
    pub missing_classes: Vec<String>,
    /// Milliseconds that each HTTP answer takes longer.
    pub wsman_delay: u32,
    /// Refuse every change of remote access and of certificates, as firmware does whose flash memory was written too
    /// often lately (return code 38).
    pub flash_limit: bool,
    /// Give no answer to this many of the next HTTP requests.
    pub swallow_requests: u32,
    /// Give no answer to calls of these methods (`AddMpServer`), nor to Put of these classes.
    pub swallow_actions: Vec<String>,
    /// Changes that go wrong: ACTION:HOW, where ACTION is a method or a class whose Put and Delete are meant, with #N for
    /// the N-th one on, and HOW is fault, returns-N, status-N, cut, cut-done, silent or silent-done.
    pub spoil_actions: Vec<Spoiled>,
    /// Events in the log have no usable time.
    pub bad_event_times: bool,
    /// The tunnel is dropped when the PC's power goes, as AMT 12 was seen doing.
    pub poweroff_drop: bool,
    /// The screen is offered and never drawn, as on PCs without a monitor.
    pub no_picture: bool,
}

/// What HTTP digest offers to protect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DigestQop {
    /// The request line.
    Auth,
    /// The request line and the body.
    AuthInt,
    /// Either.
    Both,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            fragment: 0,
            fragment_rate: 200_000,
            coalesce: 0,
            window: None,
            piece: None,
            close_first: 0,
            silence: false,
            silence_after: 0,
            over_window: 0,
            stale_closes: 0,
            unknown_closes: 0,
            direct: None,
            stubborn_keepalive: 0,
            missing_ports: Vec::new(),
            refuse_opens: 0,
            refuse_reason: 2,
            channel_slots: None,
            ghost_keepalive: false,
            link_flap: false,
            wrong_password: false,
            claim_guid: None,
            digest_qop: None,
            nonce_uses: 0,
            clock_skew: 0,
            refuse_put: Vec::new(),
            missing_classes: Vec::new(),
            wsman_delay: 0,
            flash_limit: false,
            swallow_requests: 0,
            swallow_actions: Vec::new(),
            spoil_actions: Vec::new(),
            bad_event_times: false,
            poweroff_drop: false,
            no_picture: false,
        }
    }
}

/// A `key=value` that is no fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("fault `{given}`: {why}; faults are {}", Faults::KEYS.join(", "))]
pub struct FaultError {
    /// What was given.
    pub given: String,
    /// What is wrong with it.
    pub why: String,
}

/// One `key=value`, known to be good.
#[derive(Debug, Clone, PartialEq)]
pub struct FaultSetting {
    key: String,
    /// None puts the default back.
    value: Option<toml::Value>,
}

impl FaultSetting {
    /// Reads `key=value`; the value as in TOML, quotes and brackets may be left out. `off` puts the default back.
    ///
    /// # Errors
    /// When the key is unknown or the value has another type or size than the key wants.
    pub fn parse(setting: &str) -> Result<Self, FaultError> {
        let fail = |why: String| FaultError { given: setting.into(), why };
        let (key, value) = setting.split_once('=').ok_or_else(|| fail("needs key=value".into()))?;
        let key = key.trim().replace('_', "-");
        let value = value.trim();
        if value == "off" && Faults::KEYS.contains(&key.as_str()) {
            return Ok(Self { key, value: None });
        }
        let quoted = |text: &str| toml::Value::from(text.trim()).to_string();
        let names: Vec<String> = value.split(',').map(quoted).collect();
        let names = format!("[{}]", names.join(","));
        let mut why = String::new();
        for form in [value.to_owned(), format!("[{value}]"), quoted(value), names] {
            let Ok(table) = format!("{key} = {form}").parse::<toml::Table>() else { continue };
            match table.clone().try_into::<Faults>() {
                Ok(_) => return Ok(Self { value: table.get(&key).cloned(), key }),
                Err(error) if why.is_empty() => why = error.message().into(),
                Err(_) => {}
            }
        }
        Err(fail(why))
    }
}

impl FaultSetting {
    /// Which of `Faults::KEYS` it sets.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl std::str::FromStr for FaultSetting {
    type Err = FaultError;
    fn from_str(setting: &str) -> Result<Self, FaultError> {
        Self::parse(setting)
    }
}

impl Faults {
    /// The names that `FaultSetting::parse` takes.
    pub const KEYS: [&'static str; 34] = [
        "fragment",
        "fragment-rate",
        "coalesce",
        "window",
        "piece",
        "close-first",
        "silence",
        "silence-after",
        "over-window",
        "stale-closes",
        "unknown-closes",
        "direct",
        "stubborn-keepalive",
        "missing-ports",
        "refuse-opens",
        "refuse-reason",
        "channel-slots",
        "ghost-keepalive",
        "link-flap",
        "wrong-password",
        "claim-guid",
        "digest-qop",
        "nonce-uses",
        "clock-skew",
        "refuse-put",
        "missing-classes",
        "wsman-delay",
        "flash-limit",
        "swallow-requests",
        "swallow-actions",
        "spoil-actions",
        "bad-event-times",
        "poweroff-drop",
        "no-picture",
    ];

    /// Puts one setting in place of what was there.
    pub fn apply(&mut self, setting: &FaultSetting) {
        let Ok(mut table) = toml::Table::try_from(&*self) else { return };
        match &setting.value {
            Some(value) => table.insert(setting.key.clone(), value.clone()),
            None => table.remove(&setting.key),
        };
        if let Ok(changed) = table.try_into() {
            *self = changed;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(settings: &[&str]) -> Faults {
        let mut faults = Faults::default();
        for setting in settings {
            faults.apply(&FaultSetting::parse(setting).unwrap());
        }
        faults
    }

    #[test]
    fn settings_are_read_as_people_write_them() {
        let faults = set(&[
            "fragment=1",
            "window = 499",
            "missing-ports=5900,623",
            "silence=true",
            "direct=10.0.0.9:5989",
            "claim_guid=12345678-9abc-def0-1122-334455667788",
            "piece=0x10",
            "missing-classes=CIM_Fan, CIM_Card",
        ]);
        assert_eq!(faults.missing_classes, ["CIM_Fan", "CIM_Card"]);
        assert_eq!(faults.fragment, 1);
        assert_eq!(faults.window, Some(499));
        assert_eq!(faults.missing_ports, [5900, 623]);
        assert!(faults.silence);
        assert_eq!(faults.direct.as_deref(), Some("10.0.0.9:5989"));
        assert_eq!(
            faults.claim_guid,
            Some("12345678-9abc-def0-1122-334455667788".parse().unwrap())
        );
        assert_eq!(faults.piece, Some(16));
        assert_eq!(set(&["missing-ports=5900"]).missing_ports, [5900]);
    }

    #[test]
    fn each_key_of_the_struct_is_named_in_the_help() {
        let all = Faults {
            window: Some(1),
            piece: Some(1),
            direct: Some(String::new()),
            channel_slots: Some(4),
            claim_guid: Some(Uuid::nil()),
            digest_qop: Some(DigestQop::Both),
            ..Faults::default()
        };
        let table = toml::Table::try_from(&all).unwrap();
        assert_eq!(Faults::KEYS.len(), table.len());
        assert!(Faults::KEYS.iter().all(|key| table.contains_key(*key)));
    }

    #[test]
    fn off_puts_the_default_back() {
        let mut faults = set(&["window=1", "fragment=1", "fragment-rate=5"]);
        for key in ["window", "fragment", "fragment-rate"] {
            faults.apply(&FaultSetting::parse(&format!("{key}=off")).unwrap());
        }
        assert_eq!(faults, Faults::default());
    }

    #[test]
    fn what_is_no_fault_is_refused_with_the_reason() {
        for (setting, says) in [
            ("fragment", "needs key=value"),
            ("fragments=1", "unknown field `fragments`"),
            ("window=-1", "invalid value"),
            ("silence=maybe", "expected"),
        ] {
            let error = FaultSetting::parse(setting).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
    }
}
