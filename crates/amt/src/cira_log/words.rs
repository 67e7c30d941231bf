//! The numbers of the log and what they mean. Whatever prints, keeps or reads a CIRA log takes them from here.
//!
//! Numbers: rpc-go (`pkg/pthi/types.go`, `internal/commands/diagnostics/cira.go`).

use crate::host_interface::numbered;

numbered! {
    /// Where the PC takes itself to be.
    Surroundings {
        Inside = 0, "inside the company network";
        CorporateOutside = 1, "company network, outside";
        Outside = 2, "outside the company network";
    }
}

numbered! {
    /// Why it dialled, in the log's own numbers.
    LogTrigger {
        User = 0, "the user asked for it";
        Alert = 1, "an alert";
        Periodic = 2, "periodic";
    }
}

numbered! {
    /// How it shows who it is.
    AuthMethod {
        MutualTls = 1, "client certificate";
        Password = 2, "user name and password";
    }
}

numbered! {
    /// A kind of interface.
    Interface {
        Wired = 0, "LAN";
        Wireless = 1, "wireless LAN";
        Absent = 2, "none";
    }
}

numbered! {
    /// How far an attempt came.
    ConnectionResult {
        NotApplicable = 0, "not tried";
        Internal = 1, "internal error";
        Dns = 2, "the server's name was not found";
        Tcp = 3, "no TCP connection";
        Tls = 4, "TLS failed";
        Success = 5, "connected";
        InProgress = 6, "in progress";
    }
}

numbered! {
    /// What TCP said.
    TcpDetail {
        Ok = 0, "no error";
        General = 1, "general error";
        Timeout = 2, "timed out";
        Reset = 3, "reset";
        Unreachable = 4, "unreachable";
    }
}

numbered! {
    /// Who ended a tunnel.
    ClosedBy {
        Amt = 0, "AMT";
        Mps = 1, "the server";
    }
}

numbered! {
    /// Why AMT ended a tunnel.
    AmtReason {
        UserRequest = 0, "user request";
        TunnelTimer = 1, "tunnel timer expired";
        Internal = 2, "internal error";
        KeepAlive = 3, "keep-alive expired";
        Tcp = 4, "TCP socket error";
        InvalidApf = 5, "invalid APF command";
        NotApplicable = 0xff, "not applicable";
    }
}

/// What a DISCONNECT reason means (LMS, `LMS_if.h`; those above 15 as MPS implementations use them).
#[must_use]
pub fn apf_reason(reason: u8) -> &'static str {
    match reason {
        0 => "none",
        1 => "host not allowed to connect",
        2 => "protocol error",
        3 => "key exchange failed",
        5 => "MAC error",
        6 => "compression error",
        7 => "service not available",
        8 => "protocol version not supported",
        9 => "host key not verifiable",
        10 => "connection lost",
        11 => "by application",
        12 => "too many connections",
        13 => "authentication cancelled by user",
        14 => "no more authentication methods available",
        15 => "illegal user name",
        16 => "connection timed out",
        17 => "by policy",
        18 => "temporarily unavailable",
        _ => "a reason without a name",
    }
}
