//! Why a tunnel ended, in the firmware's words.

use super::Ended;
use crate::{
    cira_log::{AmtReason, ClosedBy},
    engine::HangUp,
};
use apf::{DisconnectReason, EndReason};

/// Translates the protocol's reason; `None` is an end that the platform did not take part in.
pub(super) fn explain(reason: Option<EndReason>) -> Ended {
    let internal = || ours(AmtReason::Internal, "the platform gave up");
    match reason {
        None => internal(),
        Some(EndReason::ByPeer(reason)) => {
            Ended { apf_reason: number(reason), ..theirs("the server ended the tunnel") }
        }
        Some(EndReason::EndOfStream) => theirs("the server closed the connection"),
        Some(EndReason::ByUs(reason)) => Ended {
            apf_reason: number(reason),
            ..ours(AmtReason::UserRequest, "the platform ended the tunnel on request")
        },
        Some(EndReason::Refused) => theirs("the server refused the credentials"),
        Some(EndReason::KeepAliveExpired) => {
            ours(AmtReason::KeepAlive, "the server was silent for too long")
        }
        Some(EndReason::Deadline(phase)) => {
            ours(AmtReason::Internal, &format!("the server did not answer in time: {phase}"))
        }
        Some(EndReason::Decode(error)) => {
            ours(AmtReason::InvalidApf, &format!("the server sent what is no APF: {error}"))
        }
        Some(EndReason::Illegal { message, state }) => ours(
            AmtReason::InvalidApf,
            &format!("the server sent message {message}, which is not legal {state}"),
        ),
        Some(EndReason::FaultBudget) => {
            ours(AmtReason::InvalidApf, "the server made too many mistakes")
        }
        Some(EndReason::PeerNotReading) => {
            ours(AmtReason::Tcp, "the server did not read what the platform sent")
        }
        Some(EndReason::NoCertificate | EndReason::Version { .. } | EndReason::HttpProbe)
        | Some(_) => internal(),
    }
}

/// The platform hung up.
pub(super) fn left(ended: &mut Ended, why: HangUp) {
    let (amt_reason, words) = match why {
        HangUp::LifeTime => (AmtReason::TunnelTimer, "nothing happened for the policy's life time"),
        HangUp::Asked => (AmtReason::UserRequest, "the platform ended the tunnel on request"),
        HangUp::Superseded => {
            (AmtReason::UserRequest, "a trigger of higher priority needs another server")
        }
        HangUp::NotOutside => {
            (AmtReason::UserRequest, "the platform is not outside the company's network any more")
        }
    };
    ended.by = ClosedBy::Amt;
    ended.amt_reason = amt_reason;
    ended.why = words.into();
}

fn number(reason: DisconnectReason) -> u8 {
    u8::try_from(reason.0).unwrap_or(u8::MAX)
}

fn ours(amt_reason: AmtReason, why: &str) -> Ended {
    Ended {
        by: ClosedBy::Amt,
        apf_reason: 0,
        amt_reason,
        tls_alert: None,
        why: why.into(),
        was_admitted: false,
    }
}

fn theirs(why: &str) -> Ended {
    Ended { by: ClosedBy::Mps, ..ours(AmtReason::NotApplicable, why) }
}
