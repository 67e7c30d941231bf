//! A device that shares no code with the server, written from the protocol notes alone, gets every
//! byte through: in pieces of one byte, with tiny windows and with large ones.

use crate::harness::{Foreign, Manner, Server, Settings, socks};
use std::{
    io::{Read, Write},
    thread,
};

const GUID: &str = "77777777-2222-4333-8444-555555555555";

/// Bytes without a short period, so that a lost or swapped piece shows.
fn pattern(length: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_u32;
    let next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_le_bytes()[1]
    };
    std::iter::repeat_with(next).take(length).collect()
}

/// Sends the bytes and compares what comes back.
fn echo(server: &Server, token: &str, length: usize) {
    let mut console = socks(&server.address("SOCKS5"), token, "pc-foreign", 16994);
    let sent = pattern(length);
    let mut writer = console.try_clone().unwrap();
    thread::scope(|scope| {
        scope.spawn(|| writer.write_all(&sent).unwrap());
        let mut back = vec![0; length];
        console.read_exact(&mut back).unwrap();
        let differs = sent.iter().zip(&back).position(|(a, b)| a != b);
        assert_eq!(differs, None, "first byte that came back wrong");
    });
}

fn served(manner: &Manner<'_>, length: usize) {
    let server = Server::start(&Settings::default());
    let device = Foreign::dial(&server, "pc-foreign", GUID, manner);
    let token = server.token("echo", "proxy");
    echo(&server, &token, length);
    device.assert_content();
}

#[test]
fn byte_by_byte() {
    served(&Manner { fragments: &[1], window: 4096, credit: 2048 }, 64 << 10);
}

#[test]
fn four_mebibytes_in_odd_pieces_with_an_odd_window() {
    let fragments = [1, 2, 3, 5, 8, 13, 1021, 4, 16384, 7, 1];
    served(&Manner { fragments: &fragments, window: 777, credit: 300 }, 4 << 20);
}

#[test]
fn a_window_of_one_byte() {
    served(&Manner { fragments: &[4096], window: 1, credit: 1 }, 4096);
}

#[test]
fn a_large_window() {
    served(&Manner { fragments: &[65536], window: 1 << 30, credit: 1 << 20 }, 8 << 20);
}

#[test]
fn channels_come_and_go_without_a_stray_message() {
    let server = Server::start(&Settings::default());
    let manner = Manner { fragments: &[100, 1], window: 1000, credit: 500 };
    let device = Foreign::dial(&server, "pc-foreign", GUID, &manner);
    let token = server.token("echo", "proxy");
    // Far more than the device has ids, several at a time.
    for _ in 0..8 {
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| echo(&server, &token, 3000));
            }
        });
    }
    device.assert_content();
}

#[test]
fn keep_alive_options_are_asked_for_once() {
    let server = Server::start(&Settings::default());
    let manner = Manner { fragments: &[50], window: 1000, credit: 500 };
    let device = Foreign::dial(&server, "pc-foreign", GUID, &manner);
    let line = device.process.line(|line| line.starts_with("options "));
    assert_eq!(line, "options 30 0", "every 30 s; when to give up is left to the device");
    device.assert_content();
}
