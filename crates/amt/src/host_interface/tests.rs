//! Byte for byte.

use super::{log::*, *};

fn hex(text: &str) -> Vec<u8> {
    let digits: String = text.split_whitespace().collect();
    (0..digits.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap())
        .collect()
}

fn status(network: Network, tunnel: Tunnel, trigger: Trigger, mps: &str) -> Answer {
    Answer::ConnectionStatus(ConnectionStatus { network, tunnel, trigger, mps: mps.into() })
}

#[test]
fn requests_are_what_the_drivers_client_reads() {
    for (command, bytes) in [
        (Command::Open, "01 01 0000 44000004 00000000"),
        (Command::Close, "01 01 0000 45000004 00000000"),
        (Command::ConnectionStatus, "01 01 0000 46000004 00000000"),
        (Command::EnabledInterfaces, "01 01 0000 4d000004 00000000"),
        (Command::CiraLog, "01 01 0000 8e000004 01000000 01"),
    ] {
        assert_eq!(command.request(), hex(bytes), "{command:?}");
        assert_eq!(Command::read_request(&hex(bytes)), Ok(command));
    }
}

#[test]
fn answers_are_read_and_written_alike() {
    let text = hex(
        "0101 0000 46008004 1b000000 00000000 02000000 02000000 03000000 0900 6d70732e636f7270 2e",
    );
    let read = status(Network::Outside, Tunnel::Up, Trigger::Periodic, "mps.corp.");
    for (command, bytes, value) in [
        (Command::Open, hex("0101 0000 44008004 04000000 00000000"), Answer::Done),
        (Command::Close, hex("0101 0000 45008004 04000000 00000000"), Answer::Done),
        (Command::ConnectionStatus, text, read),
        (
            Command::EnabledInterfaces,
            hex("0101 0000 4d008004 08000000 00000000 02000000"),
            Answer::EnabledInterfaces(EnabledInterfaces { bios: false, os: true }),
        ),
    ] {
        assert_eq!(command.read_answer(&bytes).as_ref(), Ok(&value), "{command:?}");
        assert_eq!(answer(command.word(), Ok(&value)), bytes, "{command:?}");
    }
}

#[test]
fn each_refusal_has_words_of_its_own() {
    let numbers =
        [1, 2, 4, 0x10, 0x17, 0x26, 0x2d, 0x2e, 0x200, 0x400, 0x809, 0x80a, 0x80f, 0x814, 0x821];
    let mut said = std::collections::BTreeSet::new();
    for number in numbers {
        let bytes = answer(Command::Open.word(), Err(Status(number)));
        assert_eq!(bytes.len(), HEADER + 4);
        assert_eq!(Command::Open.read_answer(&bytes), Err(AnswerError::Status(Status(number))));
        let (what, next) = Status(number).words();
        assert!(!next.is_empty() && said.insert(what), "{number:#x}: {what}");
    }
    assert_eq!(Status(0x400).to_string(), "AMT is disabled by policy (0x400 DISABLED_BY_POLICY)");
}

#[test]
fn what_is_no_answer_is_refused_at_any_length() {
    let log = Answer::CiraLog(Box::new(CiraLog::empty().unwrap()));
    let full = answer(Command::CiraLog.word(), Ok(&log));
    for length in 0..full.len() {
        let error = Command::CiraLog.read_answer(&full[..length]).unwrap_err();
        assert_eq!(error, AnswerError::Short(length));
    }
    let other = answer(Command::Close.word(), Ok(&Answer::Done));
    assert_eq!(Command::Open.read_answer(&other), Err(AnswerError::Unasked(0x0480_0045)));
    assert_eq!(
        Command::Open.read_answer(&Command::Open.request()),
        Err(AnswerError::Unasked(0x0400_0044))
    );
    let endless = hex("0101 0000 44008004 ffffffff 00000000");
    assert_eq!(Command::Open.read_answer(&endless), Err(AnswerError::TooLong(u32::MAX)));
    // A host name longer than the rest.
    let lies = hex("0101 0000 46008004 12000000 00000000 02000000 02000000 03000000 ffff");
    assert!(matches!(Command::ConnectionStatus.read_answer(&lies), Err(AnswerError::Short(_))));
}

#[test]
fn a_request_that_is_none_is_told_why() {
    for (bytes, refusal) in [
        ("0101", (0, Status::BAD_LENGTH)),
        ("0101 0000 44000004 01000000 00", (0x0400_0044, Status::BAD_LENGTH)),
        ("0101 0000 44000004 01000000", (0x0400_0044, Status::BAD_LENGTH)),
        ("0101 0000 8e000004 00000000", (0x0400_008e, Status::BAD_LENGTH)),
        ("0101 0000 8e000004 01000000 02", (0x0400_008e, Status::INVALID_PARAMETER)),
        ("0201 0000 44000004 00000000", (0x0400_0044, Status::INVALID_PARAMETER)),
        ("0101 0000 99000004 00000000", (0x0400_0099, Status::INVALID_COMMAND)),
    ] {
        assert_eq!(Command::read_request(&hex(bytes)), Err(refusal), "{bytes}");
    }
}

#[test]
fn the_log_lies_where_firmware_puts_it() {
    let mut bytes = vec![0; LENGTH];
    let mut put = |at: usize, value: &[u8]| bytes[at..at + value.len()].copy_from_slice(value);
    put(0, &[1]);
    // Summary: open, outside, keep-alive, interval, connection failed at, tunnel fine, opened, closed.
    put(1, &[1, 2]);
    put(6, &100_u32.to_le_bytes());
    put(10, &30_u32.to_le_bytes());
    put(14, &[1]);
    put(15, &200_u32.to_le_bytes());
    put(20, &300_u32.to_le_bytes());
    put(24, &400_u32.to_le_bytes());
    let tunnel = 28;
    put(tunnel, &[1]);
    put(tunnel + 1, &500_u32.to_le_bytes());
    put(tunnel + 5, &[2]);
    put(tunnel + 9, b"mps.example");
    put(tunnel + 522, &[2, 1]);
    put(tunnel + 527, &600_u32.to_le_bytes());
    put(tunnel + 531, &30_u32.to_le_bytes());
    put(tunnel + 535, &700_u32.to_le_bytes());
    put(tunnel + 539, &[1, 11, 0xff]);
    let attempt = tunnel + 545;
    put(attempt, &[1]);
    put(attempt + 5, &[0]);
    put(attempt + 9, b"second.example");
    put(attempt + 265, &[1]);
    put(attempt + 266, &[1, 1, 2]);
    put(attempt + 272, &[192, 168, 1, 7]);
    put(attempt + 288, b"home.example");
    put(attempt + 266 + 2 * 676, b"office");
    let details = attempt + 1660;
    put(details, &4_u32.to_le_bytes());
    put(details + 265, &48_i32.to_le_bytes());
    put(details + 269, &3_u32.to_le_bytes());
    put(details + 269 + 261, &2_u32.to_le_bytes());
    put(details + 538, &800_u32.to_le_bytes());

    let mut rest = bytes.as_slice();
    let log = CiraLog::read(&mut rest).unwrap();
    assert!(rest.is_empty());
    let Summary { tunnel_open, surroundings, last_keepalive, keepalive_interval, .. } =
        &log.summary;
    assert_eq!(
        (*tunnel_open, *surroundings, *last_keepalive, *keepalive_interval),
        (1, 2, 100, 30)
    );
    let Summary { last_connection, last_connection_at, last_tunnel_opened, .. } = &log.summary;
    assert_eq!((*last_connection, *last_connection_at, *last_tunnel_opened), (1, 200, 300));
    assert_eq!(log.summary.last_tunnel_closed, 400);
    let tunnel = &log.tunnel;
    assert_eq!((tunnel.opened, tunnel.trigger, tunnel.mps.as_str()), (500, 2, "mps.example"));
    assert_eq!((tunnel.authentication, tunnel.interface, tunnel.last_keepalive), (2, 1, 600));
    let Closure { at, by, apf_reason, amt_reason, .. } = &tunnel.closure;
    assert_eq!((*at, *by, *apf_reason, *amt_reason), (700, 1, 11, 0xff));
    let attempt = &log.attempt;
    assert_eq!((attempt.mps.as_str(), attempt.authentication), ("second.example", 1));
    assert_eq!(attempt.interfaces[0].ip.address, [192, 168, 1, 7]);
    assert_eq!((attempt.interfaces[0].ip.dhcp, attempt.interfaces[0].link), (2, 1));
    assert_eq!(attempt.interfaces[0].ip.domain.as_str(), "home.example");
    assert_eq!(attempt.wireless.profile.as_str(), "office");
    assert_eq!((attempt.details[0].outcome, attempt.details[0].tls), (4, 48));
    assert_eq!((attempt.details[1].outcome, attempt.details[1].tcp), (3, 2));
    assert_eq!(attempt.closure.at, 800);

    let written = answer(Command::CiraLog.word(), Ok(&Answer::CiraLog(Box::new(log))));
    assert_eq!(written[..16], hex("0101 0000 8e008004 e10a0000 00000000"));
    assert_eq!(written[16..], bytes);
}

#[test]
fn firmwares_text_is_harmless_on_a_terminal() {
    let mut bytes = vec![0; LENGTH];
    bytes[37..41].copy_from_slice(b"a\x1b[2");
    let log = CiraLog::read(&mut bytes.as_slice()).unwrap();
    assert_eq!(log.tunnel.mps.as_str(), "a?[2");
    assert_eq!(Name::<4>::new("longer").as_str(), "long");
}
