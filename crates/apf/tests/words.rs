//! What people read when something ends: the firmware's own words where it has them.

use apf::{
    ChannelEnd, DecodeError, DisconnectReason, EndReason, Fault, Field, OpenFailure, Trigger,
};

#[test]
fn ends_are_told_in_the_words_of_the_firmwares_log() {
    let by_application = DisconnectReason::BY_APPLICATION;
    let too_long = DecodeError::TooLong { field: Field::Payload, length: 9, limit: 8 };
    for (reason, words) in [
        (EndReason::ByPeer(by_application), "disconnected by the other side: by application"),
        (EndReason::ByUs(by_application), "disconnected by this side: by application"),
        (EndReason::EndOfStream, "connection lost"),
        (EndReason::Refused, "invalid credentials"),
        (EndReason::KeepAliveExpired, "keep alive expired"),
        (EndReason::Version { major: 0, minor: 3 }, "protocol version not supported: 0.3"),
        (EndReason::Deadline("version"), "login took too long: version"),
        (
            EndReason::Decode(too_long),
            "invalid APF command: channel data of 9 bytes, at most 8 are accepted",
        ),
        (
            EndReason::Illegal { message: 80, state: "open" },
            "invalid APF command: message 80 while open",
        ),
        (EndReason::FaultBudget, "invalid APF command: too many faults"),
        (EndReason::PeerNotReading, "the other side stopped reading"),
        (EndReason::HttpProbe, "an HTTP client called the device port"),
    ] {
        assert_eq!(reason.to_string(), words);
    }
}

#[test]
fn every_number_has_words_and_unknown_ones_show_themselves() {
    for known in [1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18] {
        assert!(!DisconnectReason(known).to_string().starts_with("reason"), "{known}");
    }
    assert_eq!(DisconnectReason(4).to_string(), "reason 4", "reserved");
    assert_eq!(DisconnectReason(77).to_string(), "reason 77");
    assert_eq!(OpenFailure::RESOURCE_SHORTAGE.to_string(), "resource shortage");
    assert_eq!(OpenFailure(9).to_string(), "reason 9");
    assert_eq!(Trigger::PERIODIC.to_string(), "periodic");
    assert_eq!(Trigger(9).to_string(), "trigger 9");
}

#[test]
fn faults_and_channel_ends_name_the_channel_and_the_cause() {
    let fault = Fault::WindowExceeded { channel: 4, over: 3 };
    assert_eq!(fault.to_string(), "channel 4 sent 3 bytes more than its window");
    let fault = Fault::UnknownChannel { message: 94, channel: 99 };
    assert_eq!(fault.to_string(), "message 94 for unknown channel 99");
    assert_eq!(ChannelEnd::ByPeer.to_string(), "closed by the other side");
    assert_eq!(ChannelEnd::Stalled.to_string(), "the other side took no data for too long");
}
