//! Alerts of TLS: their names (RFC 8446 section 6, RFC 5246 section 7.2), and which one OpenSSL sends for what.

use openssl::error::ErrorStack;

/// OpenSSL numbers received alerts from here on (`SSL_AD_REASON_OFFSET`).
const RECEIVED: i32 = 1000;

/// The name of an alert.
pub(crate) fn alert_name(alert: u8) -> &'static str {
    match alert {
        0 => "close_notify",
        10 => "unexpected_message",
        20 => "bad_record_mac",
        21 => "decryption_failed",
        22 => "record_overflow",
        40 => "handshake_failure",
        41 => "no_certificate",
        42 => "bad_certificate",
        43 => "unsupported_certificate",
        44 => "certificate_revoked",
        45 => "certificate_expired",
        46 => "certificate_unknown",
        47 => "illegal_parameter",
        48 => "unknown_ca",
        49 => "access_denied",
        50 => "decode_error",
        51 => "decrypt_error",
        70 => "protocol_version",
        71 => "insufficient_security",
        80 => "internal_error",
        86 => "inappropriate_fallback",
        90 => "user_canceled",
        109 => "missing_extension",
        110 => "unsupported_extension",
        112 => "unrecognized_name",
        115 => "unknown_psk_identity",
        116 => "certificate_required",
        120 => "no_application_protocol",
        _ => "without a name",
    }
}

/// The alert that the peer sent, when that is what an error is about.
pub(crate) fn alert_received(stack: &ErrorStack) -> Option<u8> {
    stack
        .errors()
        .iter()
        .find_map(|error| u8::try_from(error.reason_code().checked_sub(RECEIVED)?).ok())
}

/// The alert that OpenSSL sends for an error of verification (numbers of `x509_vfy.h`).
pub(super) fn for_verify_error(error: i32) -> u8 {
    match error {
        // Issuer unknown, self-signed, path too long, no certificate authority.
        2 | 3 | 18..=22 | 24 | 25 | 33 => 48,
        7 | 8 => 51,
        9 | 13 | 14 | 27 | 28 | 62..=64 | 66..=68 => 42,
        10 | 12 => 45,
        23 => 44,
        26 => 43,
        1 | 17 | 70 | 71 => 80,
        50 => 40,
        _ => 46,
    }
}

/// The alert that goes out when OpenSSL itself finds no way, by the reason it gives.
pub(super) fn for_local_reason(reason: &str) -> Option<u8> {
    match reason {
        "unsupported protocol" | "wrong version number" | "wrong ssl version" => Some(70),
        "wrong signature type" | "wrong cipher returned" | "unknown cipher returned" => Some(47),
        "dh key too small" | "no shared cipher" => Some(40),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alerts_of_verification_are_those_that_people_look_for() {
        // Self-signed in chain, issuer not found; expired; not issued by itself (what a wrong name is told by).
        assert_eq!([19, 20, 10, 29].map(for_verify_error), [48, 48, 45, 46]);
        assert_eq!(alert_name(46), "certificate_unknown");
    }
}
