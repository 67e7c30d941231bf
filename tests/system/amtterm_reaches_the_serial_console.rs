//! amtterm 1.4, which knows no proxy, reaches the serial console of a device through proxychains4.

use crate::harness::{Amtterm, demo};

#[test]
fn a_command_typed_in_amtterm_is_answered_by_the_shell() {
    let demo = demo();
    let device = &demo.devices[0];
    let sign_in = (demo.get("user"), demo.get("password"));
    for name in [&device.name, &device.guid] {
        let amtterm = Amtterm::through(demo.get("socks5"), sign_in, name, device);
        // The terminal echoes what is typed; the second time it is the answer.
        let talk = [
            ("serial-over-lan redirection ok", ""),
            ("serial console of a simulated PC", ""),
            ("shell>", "echo over-the-tunnel\r"),
            ("over-the-tunnel", ""),
            ("over-the-tunnel", ""),
        ];
        amtterm.talk(&talk).unwrap_or_else(|said| panic!("{name}:\n{said}"));
    }
}

#[test]
fn a_wrong_password_of_the_device_is_refused_by_the_device() {
    let demo = demo();
    let mut device = demo.devices[1].clone();
    device.password = "Wrong-1-Password".into();
    let sign_in = (demo.get("user"), demo.get("password"));
    let amtterm = Amtterm::through(demo.get("socks5"), sign_in, &device.name, &device);
    amtterm.talk(&[("authentication failed", "")]).unwrap_or_else(|said| panic!("{said}"));
}
