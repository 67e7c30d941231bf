//! Eight curl, one amtterm and a drive for the PC use one tunnel at once, and each of them is served.

use crate::harness::{Amtterm, Demo, Directory, Process, viaduct, wsman};
use std::{process::Command, thread};

#[test]
fn several_consoles_per_tunnel_eight_wsman_sol_and_ider_at_once() {
    let demo = Demo::start(1);
    let device = &demo.devices[0];
    let url = format!("http://{}:16992/wsman", device.name);
    let envelope = wsman::get("AMT_GeneralSettings");
    let directory = Directory::new();
    let image = directory.join("boot.iso");
    std::fs::write(&image, vec![7; 1_500 * 2048]).unwrap();
    let drive = Process::start(&ider(&demo, &["mount", &device.name, image.to_str().unwrap()]));
    drive.any_line(|line| line.contains("is offered to"));
    let reset = demo.curl("absolute URI", &url).digest(device).post(&wsman::power(10)).run();
    reset.assert_contains("ReturnValue>0<");
    drive.any_line(|line| line.contains("the PC reads the image"));
    thread::scope(|scope| {
        let terminal = scope.spawn(|| {
            let sign_in = (demo.get("user"), demo.get("password"));
            let amtterm = Amtterm::through(demo.get("socks5"), sign_in, &device.name, device);
            let mut talk = vec![("serial console of a simulated PC", "")];
            // A long talk, so that it lasts while the others work.
            for _ in 0..10 {
                talk.extend([
                    ("shell>", "echo still-here\r"),
                    ("still-here", ""),
                    ("still-here", ""),
                ]);
            }
            amtterm.talk(&talk)
        });
        let ways = ["SOCKS5", "absolute URI", "CONNECT", "SOCKS5"];
        let consoles: Vec<_> = (0..8)
            .map(|number| {
                let (demo, url, envelope) = (&demo, &url, &envelope);
                scope.spawn(move || {
                    for way in ways.iter().cycle().skip(number).take(4) {
                        let curl = demo.curl(way, url).digest(device).post(envelope);
                        curl.run().assert_contains("AMT_GeneralSettings");
                    }
                })
            })
            .collect();
        for console in consoles {
            console.join().unwrap();
        }
        terminal.join().unwrap().unwrap_or_else(|said| panic!("{said}"));
    });
    let mut eject = ider(&demo, &["eject", &device.name]);
    assert!(eject.status().unwrap().success(), "the drive was there to the end");
}

fn ider(demo: &Demo, args: &[&str]) -> Command {
    let mut command = Command::new(viaduct());
    let server = demo.get("dashboard").trim_end_matches('/').to_owned();
    command.args(["--server", &server, "--ca", demo.get("ca_file"), "ider"]).args(args);
    command.env("VIADUCT_TOKEN", demo.get("token")).env("NO_COLOR", "1");
    command
}
