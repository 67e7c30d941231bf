//! Settings that are fine one by one may still contradict each other: the checks across fields.

use super::{Config, ConfigError, Origins, SECRET_MIN};
use std::net::{IpAddr, SocketAddr};

/// A contradiction, with the keys that take part in it.
struct Conflict {
    keys: Vec<String>,
    why: String,
    accepted: String,
}

/// All contradictions. Keys in `failed` are not judged again; they have an error of their own.
pub(super) fn errors(config: &Config, origins: &Origins, failed: &[String]) -> Vec<ConfigError> {
    let mut conflicts = orders(config);
    conflicts.extend(addresses(config));
    conflicts.extend(extras(config));
    conflicts.extend(receivers(config));
    conflicts.extend(vault(config));
    conflicts.extend(jwt(config));
    conflicts
        .into_iter()
        .filter(|c| !c.keys.iter().any(|key| failed.contains(key)))
        .map(|c| {
            // Blame the one that somebody has written, in the order in which the keys are named.
            let blamed = c.keys.iter().find(|key| origins.is_set(key)).unwrap_or(&c.keys[0]);
            ConfigError {
                origin: origins.get(blamed),
                key: Some(blamed.clone()),
                why: c.why,
                accepted: c.accepted,
            }
        })
        .collect()
}

/// Pairs where one value must not be larger than the other.
fn orders(config: &Config) -> Vec<Conflict> {
    let (k, l) = (&config.keepalive, &config.limits);
    let count = |n: usize| n.to_string();
    [
        (
            k.interval.0 <= k.wait.0,
            "keepalive.interval",
            k.interval.to_string(),
            "keepalive.wait",
            k.wait.to_string(),
        ),
        (
            l.wsman_channels <= l.channels,
            "limits.wsman_channels",
            count(l.wsman_channels),
            "limits.channels",
            count(l.channels),
        ),
        (
            l.pending_per_source <= l.pending,
            "limits.pending_per_source",
            count(l.pending_per_source),
            "limits.pending",
            count(l.pending),
        ),
        (
            l.version_deadline <= l.login_deadline,
            "limits.version_deadline",
            l.version_deadline.to_string(),
            "limits.login_deadline",
            l.login_deadline.to_string(),
        ),
    ]
    .into_iter()
    .filter(|(fine, ..)| !fine)
    .map(|(_, small, small_value, large, large_value)| Conflict {
        keys: vec![small.to_owned(), large.to_owned()],
        why: format!("{small} = {small_value} is more than {large} = {large_value}"),
        accepted: format!("lower {small} or raise {large}"),
    })
    .collect()
}

fn listeners(config: &Config) -> Vec<(String, SocketAddr)> {
    let mut all = vec![("cira.listen".to_owned(), config.cira.listen)];
    all.extend(config.cira.extra.iter().map(|extra| ("cira.extra".to_owned(), extra.listen)));
    all.push(("web.listen".to_owned(), config.web.listen));
    all.extend(config.web.plain_listen.map(|a| ("web.plain_listen".to_owned(), a)));
    let proxies = [
        ("socks.listen", config.socks.enabled, config.socks.listen),
        ("http_proxy.listen", config.http_proxy.enabled, config.http_proxy.listen),
        ("metrics.listen", config.metrics.enabled, config.metrics.listen),
    ];
    all.extend(proxies.into_iter().filter(|p| p.1).map(|p| (p.0.to_owned(), p.2)));
    all
}

/// Two listeners on one port, where one address includes the other (`[::]` includes IPv4).
fn addresses(config: &Config) -> Vec<Conflict> {
    let all = listeners(config);
    let overlap = |a: SocketAddr, b: SocketAddr| {
        let covers =
            |x: IpAddr, y: IpAddr| x == y || (x.is_unspecified() && (x.is_ipv6() || y.is_ipv4()));
        a.port() != 0 && a.port() == b.port() && (covers(a.ip(), b.ip()) || covers(b.ip(), a.ip()))
    };
    let mut conflicts = Vec::new();
    for (i, (key, address)) in all.iter().enumerate() {
        for (other, taken) in all[..i].iter().filter(|(_, taken)| overlap(*address, *taken)) {
            conflicts.push(Conflict {
                keys: vec![key.clone(), other.clone()],
                why: format!("{key} = {address} is taken by {other} = {taken}"),
                accepted: "give each listener a port of its own".to_owned(),
            });
        }
    }
    conflicts
}

/// Without TLS there are neither certificates nor a profile that could matter.
fn extras(config: &Config) -> Vec<Conflict> {
    let plain = config.cira.extra.iter().filter(|extra| !extra.tls);
    plain
        .filter(|extra| {
            !extra.certificates.is_empty()
                || extra.client_certificates == super::ClientCertificates::Required
        })
        .map(|extra| Conflict {
            keys: vec!["cira.extra".to_owned()],
            why: format!(
                "the listener {} has tls = false, so it can neither show a certificate nor ask for one",
                extra.listen
            ),
            accepted: "remove certificates and client_certificates there, or switch tls on".to_owned(),
        })
        .collect()
}

/// A secret has one source, and what is sent in the clear stays in the house.
fn receivers(config: &Config) -> Vec<Conflict> {
    let mut conflicts = Vec::new();
    let mut conflict = |key: &str, why: String, accepted: &str| {
        let keys = vec![key.to_owned()];
        conflicts.push(Conflict { keys, why, accepted: accepted.to_owned() });
    };
    for hook in &config.events.webhooks {
        let url = &hook.url;
        if hook.secret.is_some() && hook.secret_file.is_some() {
            let why = format!("the webhook {url} has both secret and secret_file");
            conflict("events.webhooks", why, "keep one of them");
        }
        if url.starts_with("http:") && !hook.allow_private {
            let why = format!("the webhook {url} would send what happens in the clear");
            conflict(
                "events.webhooks",
                why,
                "use https, or allow_private = true in your own network",
            );
        }
        let login = config.limits.login_deadline;
        if hook.veto && hook.veto_deadline.0 >= login.0 {
            let why = format!(
                "the webhook {url} may take {} for its verdict, and the device's login must be done in limits.login_deadline = {login}",
                hook.veto_deadline
            );
            conflict("events.webhooks", why, "lower veto_deadline, or raise limits.login_deadline");
        }
    }
    if config
        .events
        .mqtt
        .as_ref()
        .is_some_and(|m| m.password.is_some() && m.password_file.is_some())
    {
        let why = "events.mqtt has both password and password_file".to_owned();
        conflict("events.mqtt", why, "keep one of them");
    }
    conflicts
}

/// Who keeps what, and how Vault is asked.
fn vault(config: &Config) -> Vec<Conflict> {
    let v = &config.vault;
    let conflict = |key: &str, why: String, accepted: &str| Conflict {
        keys: vec![key.to_owned()],
        why,
        accepted: accepted.to_owned(),
    };
    let mut conflicts = Vec::new();
    let tokens = usize::from(v.token.is_some()) + usize::from(v.token_file.is_some());
    if v.url.is_some() && tokens != 1 {
        let why = format!("vault.url is set with {tokens} tokens");
        conflicts.push(conflict("vault.url", why, "set one of vault.token_file and vault.token"));
    }
    if v.url.is_some() && v.timeout.0 >= config.limits.login_deadline.0 {
        let why = format!(
            "vault.timeout = {} leaves a device no time: its login must be done in limits.login_deadline = {}",
            v.timeout, config.limits.login_deadline
        );
        conflicts.push(conflict("vault.timeout", why, "lower it, or raise limits.login_deadline"));
    }
    if v.master_key.is_some() && v.url.is_none() {
        let why = "vault.master_key is set, and no Vault".to_owned();
        conflicts.push(conflict("vault.master_key", why, "set vault.url"));
    }
    let elsewhere = config.store.master_key.is_some() || config.store.master_key_text.is_some();
    if v.master_key.is_some() && elsewhere {
        let why =
            "vault.master_key is set, and a master key is given in another way too".to_owned();
        conflicts.push(conflict("vault.master_key", why, "keep one of them"));
    }
    conflicts
}

/// Whose tokens are believed.
fn jwt(config: &Config) -> Vec<Conflict> {
    let j = &config.jwt;
    let conflict = |keys: &[&str], why: String, accepted: &str| Conflict {
        keys: keys.iter().map(|key| (*key).to_owned()).collect(),
        why,
        accepted: accepted.to_owned(),
    };
    let mut conflicts = Vec::new();
    if j.secret.is_some() && j.secret_file.is_some() {
        let why = "jwt has both secret and secret_file".to_owned();
        conflicts.push(conflict(&["jwt.secret_file", "jwt.secret"], why, "keep one of them"));
    }
    if let Some(secret) = &j.secret
        && secret.expose().len() < SECRET_MIN
    {
        let why = format!("jwt.secret has {} bytes, and could be guessed", secret.expose().len());
        let accepted = "32 bytes or more, as `openssl rand -base64 32` gives them";
        conflicts.push(conflict(&["jwt.secret"], why, accepted));
    }
    if j.user.is_some() && j.secret.is_none() && j.secret_file.is_none() {
        let why = "jwt.user is set, and nobody else can sign tokens".to_owned();
        conflicts.push(conflict(&["jwt.user"], why, "set jwt.secret_file"));
    }
    conflicts
}

/// Not wrong, but worth a line in the log.
pub(super) fn warnings(config: &Config) -> Vec<String> {
    let mut warnings = Vec::new();
    for extra in config.cira.extra.iter().filter(|e| !e.tls && !e.listen.ip().is_loopback()) {
        warnings.push(format!(
            "the device listener {} has tls = false and is reachable from other machines: whoever can connect to it sees device passwords in the clear",
            extra.listen
        ));
    }
    if let Some(address) = config.web.plain_listen.filter(|a| !a.ip().is_loopback()) {
        warnings.push(format!(
            "web.plain_listen = {address} serves passwords and tokens without TLS to other machines"
        ));
    }
    if let (true, Some(address)) = (config.web.plain_trusted, config.web.plain_listen) {
        let who = if address.ip().is_loopback() {
            "every program on this machine"
        } else {
            "EVERYBODY in the network who can connect to it"
        };
        warnings.push(format!(
            "web.plain_trusted = true: {who} may add, change and remove devices through {address} WITHOUT signing in; only Open AMT's RPS should be able to reach it"
        ));
    }
    let (interval, wait) = (config.keepalive.interval.0, config.keepalive.wait.0);
    if interval <= wait && wait < interval * 5 / 2 {
        warnings.push(format!(
            "keepalive.wait = {} is less than 2.5 times keepalive.interval = {}: one lost packet can end a tunnel",
            config.keepalive.wait, config.keepalive.interval
        ));
    }
    for (key, enabled, address, sign_in) in [
        ("socks", config.socks.enabled, config.socks.listen, config.socks.sign_in),
        (
            "http_proxy",
            config.http_proxy.enabled,
            config.http_proxy.listen,
            config.http_proxy.sign_in,
        ),
    ] {
        if enabled && !sign_in && !address.ip().is_loopback() {
            warnings.push(format!(
                "{key}.sign_in = false on {address}: everybody who can connect to it reaches every device"
            ));
        }
    }
    warnings
}
