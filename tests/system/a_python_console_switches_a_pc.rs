//! The Python package amt 0.8, a console of its own that knows only how to dial a name, switches a PC through each proxy.

use crate::harness::{Demo, from_python, succeed};
use std::process::Command;

const SWITCH: &str = include_str!("drivers/switch.py");

#[test]
fn a_pc_is_switched_off_and_boots_from_the_network_through_each_proxy() {
    let demo = Demo::start(1);
    let device = &demo.devices[0];
    for (scheme, address) in [("socks5h", "socks5"), ("http", "http_proxy")] {
        let sign_in = format!("{}:{}", demo.get("user"), demo.get("password"));
        let proxy = format!("{scheme}://{sign_in}@{}", demo.get(address));
        let mut console = Command::new(from_python("python"));
        console.args(["-c", SWITCH, &proxy, &device.name, &device.password]);
        let told = succeed(&mut console);
        assert_eq!(told, "on\noff\non\n", "{scheme}");
    }
}
