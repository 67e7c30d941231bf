//! TLS alerts in words (RFC 5246 §7.2, RFC 8446 §6).

/// What an alert number means, and what an administrator can do about it when a device sent it.
#[must_use]
pub fn alert_words(alert: u8) -> (&'static str, &'static str) {
    match alert {
        10 => {
            ("unexpected message", "the peer is probably no TLS client; check what dials this port")
        }
        20 | 21 | 51 => (
            "decryption failed",
            "a middlebox may have changed the bytes; try from another network",
        ),
        40 => (
            "handshake failure",
            "no common TLS version or cipher suite; see what it offered, and use a `legacy` listener for old firmware",
        ),
        42 => (
            "bad certificate",
            "the device rejects this server's certificate; export the root again (viaduct cert export) and give it to the device",
        ),
        43 => ("unsupported certificate", "the device cannot use this key type or size"),
        44 => ("certificate revoked", "the device believes the certificate is revoked"),
        45 => (
            "certificate expired",
            "check the clock of the device's management engine, and `viaduct cert show`",
        ),
        46 => (
            "certificate unknown",
            "the device does not accept this certificate: AMT 12 and older reject 3072-bit keys; also check the name it was given against the certificate's CN",
        ),
        47 => ("illegal parameter", "the peer found a handshake field that it does not accept"),
        48 => (
            "unknown CA",
            "the device does not hold this server's root certificate; add it to the device (viaduct cert export)",
        ),
        49 => ("access denied", "the device refuses for a reason of its own"),
        50 => ("decode error", "the peer could not read our handshake"),
        70 => (
            "protocol version",
            "no common TLS version; firmware before AMT 12 needs a `legacy` listener",
        ),
        71 => {
            ("insufficient security", "the peer asks for stronger suites than this listener offers")
        }
        80 => ("internal error", "the peer failed for a reason of its own"),
        86 => ("inappropriate fallback", "the peer retried with an older version"),
        90 => ("user cancelled", "the peer gave up"),
        112 => ("unrecognized name", "the peer asked for another server name"),
        116 => ("certificate required", "this listener requires a client certificate"),
        _ => ("unnamed alert", "see the TLS specification"),
    }
}
