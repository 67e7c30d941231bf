//! Eight curl and one amtterm use one device at once, and each of them is served.

use crate::harness::{Amtterm, Demo, wsman};
use std::thread;

#[test]
fn eight_curl_and_one_amtterm_at_once() {
    let demo = Demo::start(1);
    let device = &demo.devices[0];
    let url = format!("http://{}:16992/wsman", device.name);
    let envelope = wsman::get("AMT_GeneralSettings");
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
}
