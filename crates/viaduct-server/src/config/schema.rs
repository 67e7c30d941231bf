//! The list of all settings with what each accepts. A test compares it with the structs, so that neither can
//! have a key that the other does not know.

use std::time::Duration;

/// What a setting accepts.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    /// `ADDR:PORT`, or `:PORT` for all addresses.
    Address,
    Bool,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A file; relative ones are relative to the configuration file that names them.
    Path,
    /// DNS names and IP addresses.
    Names,
    /// Origins of web pages: scheme, host and port, and nothing else.
    WebOrigins,
    /// Addresses and networks in CIDR notation.
    Networks,
    /// TCP port numbers.
    Ports,
    Count {
        min: usize,
        max: usize,
    },
    Span {
        min: Duration,
        max: Duration,
        /// The device is told whole seconds.
        whole_seconds: bool,
    },
    Size {
        min: usize,
        max: usize,
    },
    StoreUrl,
    /// A URL with one of these schemes and a host.
    Url(&'static [&'static str]),
    /// Any text that is not empty.
    Text,
    /// Any text that is not empty, never repeated in a message.
    Secret,
    /// Types or families of events.
    EventTypes,
    LogLevel,
    Table(&'static [Field]),
    Tables(&'static [Field]),
}

/// A setting by its dotted key.
#[derive(Debug, Clone, Copy)]
pub(super) struct Key {
    pub(super) path: &'static str,
    pub(super) kind: Kind,
}

/// A setting inside a table that can occur several times.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) required: bool,
}

const PROFILES: Kind = Kind::Choice(&["modern", "default", "legacy"]);
const CLIENT_CERTIFICATES: Kind = Kind::Choice(&["none", "optional", "required"]);

const CERTIFICATE: &[Field] = &[
    Field { name: "certificate", kind: Kind::Path, required: true },
    Field { name: "key", kind: Kind::Path, required: true },
];

const EXTRA: &[Field] = &[
    Field { name: "listen", kind: Kind::Address, required: true },
    Field { name: "profile", kind: PROFILES, required: false },
    Field { name: "tls", kind: Kind::Bool, required: false },
    Field { name: "certificates", kind: Kind::Tables(CERTIFICATE), required: false },
    Field { name: "client_certificates", kind: CLIENT_CERTIFICATES, required: false },
    Field { name: "proxy_protocol", kind: Kind::Networks, required: false },
];

const WEBHOOK: &[Field] = &[
    Field { name: "url", kind: Kind::Url(&["https", "http"]), required: true },
    Field { name: "secret", kind: Kind::Secret, required: false },
    Field { name: "secret_file", kind: Kind::Path, required: false },
    Field { name: "types", kind: Kind::EventTypes, required: false },
    Field { name: "allow_private", kind: Kind::Bool, required: false },
    Field { name: "ca", kind: Kind::Path, required: false },
    Field { name: "veto", kind: Kind::Bool, required: false },
    Field { name: "veto_deadline", kind: DEADLINE, required: false },
    Field { name: "no_verdict", kind: Kind::Choice(&["allow", "refuse"]), required: false },
];

const MQTT: &[Field] = &[
    Field { name: "url", kind: Kind::Url(&["mqtt", "mqtts"]), required: true },
    Field { name: "user", kind: Kind::Text, required: false },
    Field { name: "password", kind: Kind::Secret, required: false },
    Field { name: "password_file", kind: Kind::Path, required: false },
    Field { name: "topic", kind: Kind::Text, required: false },
    Field { name: "client_id", kind: Kind::Text, required: false },
    Field { name: "types", kind: Kind::EventTypes, required: false },
    Field { name: "ca", kind: Kind::Path, required: false },
];

const OIDC_ROLE: &[Field] = &[
    Field { name: "group", kind: Kind::Text, required: true },
    Field {
        name: "role",
        kind: Kind::Choice(&[
            "proxy",
            "viewer",
            "helpdesk",
            "operator",
            "device-admin",
            "auditor",
            "tenant-admin",
            "owner",
        ]),
        required: true,
    },
    Field { name: "tenant", kind: Kind::Text, required: false },
];

const DEADLINE: Kind = Kind::Span {
    min: Duration::from_millis(100),
    max: Duration::from_secs(3600),
    whole_seconds: false,
};
/// Firmware fails with very small windows, and a larger one than 1 MiB only costs memory.
const WINDOW: Kind = Kind::Size { min: 4 << 10, max: 1 << 20 };

/// Tokens of others count in whole seconds.
const LIFE: Kind =
    Kind::Span { min: Duration::from_secs(60), max: super::LIFE_MAX, whole_seconds: true };

const fn key(path: &'static str, kind: Kind) -> Key {
    Key { path, kind }
}

const fn count(max: usize) -> Kind {
    Kind::Count { min: 1, max }
}

/// All settings, in the order of the example file.
pub(super) const KEYS: &[Key] = &[
    key("cira.listen", Kind::Address),
    key("cira.profile", PROFILES),
    key("cira.names", Kind::Names),
    key("cira.certificates", Kind::Tables(CERTIFICATE)),
    key("cira.client_certificates", CLIENT_CERTIFICATES),
    key("cira.client_ca", Kind::Path),
    key("cira.proxy_protocol", Kind::Networks),
    key("cira.extra", Kind::Tables(EXTRA)),
    key("web.listen", Kind::Address),
    key("web.plain_listen", Kind::Address),
    key("web.plain_trusted", Kind::Bool),
    key("web.certificate", Kind::Table(CERTIFICATE)),
    key("web.names", Kind::Names),
    key("web.origins", Kind::WebOrigins),
    key("web.redirection_tokens", Kind::Bool),
    key("web.kvm_keep_awake", Kind::Bool),
    key("socks.enabled", Kind::Bool),
    key("socks.listen", Kind::Address),
    key("socks.sign_in", Kind::Bool),
    key("http_proxy.enabled", Kind::Bool),
    key("http_proxy.listen", Kind::Address),
    key("http_proxy.sign_in", Kind::Bool),
    key("metrics.enabled", Kind::Bool),
    key("metrics.listen", Kind::Address),
    key(
        "keepalive.interval",
        Kind::Span {
            min: Duration::from_secs(1),
            max: Duration::from_secs(3600),
            whole_seconds: true,
        },
    ),
    key(
        "keepalive.wait",
        Kind::Span {
            min: Duration::from_secs(1),
            max: Duration::from_secs(24 * 3600),
            whole_seconds: false,
        },
    ),
    key("limits.tunnels", count(1_000_000)),
    key("limits.channels", count(16)),
    key("limits.wsman_channels", count(16)),
    key("limits.pending", count(100_000)),
    key("limits.pending_per_source", count(100_000)),
    key("limits.wsman_window", WINDOW),
    key("limits.redirection_window", WINDOW),
    key("limits.channel_queue", Kind::Size { min: 4 << 10, max: 16 << 20 }),
    key("limits.tls_deadline", DEADLINE),
    key("limits.version_deadline", DEADLINE),
    key("limits.login_deadline", DEADLINE),
    key("limits.open_deadline", DEADLINE),
    key("limits.command_deadline", DEADLINE),
    key("limits.enroll_deadline", DEADLINE),
    key("limits.greeting_deadline", DEADLINE),
    key("limits.stall_deadline", DEADLINE),
    key("limits.unclaimed", count(1_000_000)),
    key("limits.consoles", count(1_000_000)),
    key("limits.images", count(100_000)),
    key("limits.image_size", Kind::Size { min: 1 << 20, max: 1 << 50 }),
    key("limits.interruptions", count(100_000)),
    key("limits.ports", Kind::Ports),
    key("store.url", Kind::StoreUrl),
    key("store.master_key", Kind::Path),
    key("store.previous_master_key", Kind::Path),
    key("vault.url", Kind::Url(&["https", "http"])),
    key("vault.mount", Kind::Text),
    key("vault.token", Kind::Secret),
    key("vault.token_file", Kind::Path),
    key("vault.ca", Kind::Path),
    key("vault.timeout", DEADLINE),
    key(
        "vault.cache",
        Kind::Span {
            min: Duration::from_secs(1),
            max: Duration::from_secs(24 * 3600),
            whole_seconds: false,
        },
    ),
    key("vault.master_key", Kind::Text),
    key("events.history", count(1_000_000)),
    key("events.device_channels", Kind::Bool),
    key("events.webhooks", Kind::Tables(WEBHOOK)),
    key("events.mqtt", Kind::Table(MQTT)),
    key("oidc.issuer", Kind::Url(&["https", "http"])),
    key("oidc.client_id", Kind::Text),
    key("oidc.client_secret", Kind::Secret),
    key("oidc.client_secret_file", Kind::Path),
    key("oidc.redirect", Kind::Url(&["https", "http"])),
    key("oidc.scope", Kind::Text),
    key("oidc.user_claim", Kind::Text),
    key("oidc.groups_claim", Kind::Text),
    key("oidc.ca", Kind::Path),
    key("oidc.roles", Kind::Tables(OIDC_ROLE)),
    key("jwt.secret", Kind::Secret),
    key("jwt.secret_file", Kind::Path),
    key("jwt.issuer", Kind::Text),
    key("jwt.user", Kind::Text),
    key("jwt.life", LIFE),
    key("log.level", Kind::LogLevel),
    key("log.format", Kind::Choice(&["text", "json"])),
];

impl Key {
    /// Section and name.
    pub(super) fn parts(&self) -> (&'static str, &'static str) {
        self.path.split_once('.').unwrap_or(("", self.path))
    }

    /// The environment variable that sets it.
    pub(super) fn variable(&self) -> String {
        format!("VIADUCT_{}", self.path.replace('.', "_").to_ascii_uppercase())
    }
}

/// The setting of that dotted key.
pub(super) fn find(path: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.path == path)
}

/// Names of the sections, in order.
pub(super) fn sections() -> Vec<&'static str> {
    let mut sections: Vec<_> = KEYS.iter().map(|key| key.parts().0).collect();
    sections.dedup();
    sections
}

/// The valid keys that look most like what was written, those of the same name in several sections together. A right name in
/// a wrong section counts as near.
pub(super) fn nearest(written: &str) -> Vec<&'static str> {
    let name = written.rsplit('.').next().unwrap_or(written);
    let distance = |key: &Key| {
        let whole = strsim::osa_distance(written, key.path);
        // The section may be wrong as a whole; then the name decides, and a little is added so that
        // an equally near key of the same section is preferred.
        whole.min(strsim::osa_distance(name, key.parts().1) + 1)
    };
    let least = KEYS.iter().map(distance).min();
    KEYS.iter().filter(|key| Some(distance(key)) == least).map(|key| key.path).collect()
}

/// The word of a list that looks most like what was written.
pub(super) fn nearest_of<'a>(written: &str, words: impl IntoIterator<Item = &'a str>) -> &'a str {
    words.into_iter().min_by_key(|word| strsim::osa_distance(written, word)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_key_is_found_for_typing_errors_and_for_wrong_sections() {
        assert_eq!(nearest("cira.listn"), ["cira.listen"]);
        assert_eq!(nearest("keepalive.intervall"), ["keepalive.interval"]);
        assert!(nearest("proxy.sign_in").contains(&"socks.sign_in"));
        let listen = nearest("api.listen");
        assert!(listen.contains(&"web.listen") && listen.contains(&"socks.listen"), "{listen:?}");
        assert_eq!(nearest("cira.login_deadline"), ["limits.login_deadline"]);
        assert_eq!(nearest("limit.tunels"), ["limits.tunnels"]);
    }

    #[test]
    fn every_key_has_a_variable_of_its_own() {
        let variables: std::collections::BTreeSet<_> = KEYS.iter().map(Key::variable).collect();
        assert_eq!(variables.len(), KEYS.len());
    }
}
