//! curl reaches a device through SOCKS5, CONNECT and absolute URI, and signs in to it with digest.

use crate::harness::{Curl, demo, wsman};

const WAYS: [&str; 3] = ["SOCKS5", "absolute URI", "CONNECT"];

#[test]
fn each_way_identifies_the_device() {
    let demo = demo();
    let device = &demo.devices[0];
    for way in WAYS {
        let url = format!("http://{}:16992/wsman", device.name);
        let answer = demo.curl(way, &url).digest(device).post(wsman::IDENTIFY).run();
        answer.assert_contains("IdentifyResponse");
    }
}

#[test]
fn each_way_reads_the_general_settings() {
    let demo = demo();
    let device = &demo.devices[1];
    for way in WAYS {
        let url = format!("http://{}:16992/wsman", device.name);
        let envelope = wsman::get("AMT_GeneralSettings");
        let answer = demo.curl(way, &url).digest(device).post(&envelope).run();
        answer.assert_contains("AMT_GeneralSettings");
        assert!(!answer.body.contains("Fault"), "{way}: {answer:#?}");
    }
}

#[test]
fn a_device_answers_to_each_of_its_names() {
    let demo = demo();
    let device = &demo.devices[2];
    let label = device.fqdn.split('.').next().unwrap();
    let upper = device.guid.to_uppercase();
    for name in [&device.guid, &upper, &device.name, &device.fqdn, label] {
        for way in WAYS {
            let url = format!("http://{name}:16992/wsman");
            let answer = demo.curl(way, &url).digest(device).post(wsman::IDENTIFY).run();
            answer.assert_contains("IdentifyResponse");
        }
    }
}

#[test]
fn each_name_leads_to_its_own_device() {
    let demo = demo();
    for device in &demo.devices {
        let url = format!("http://{}:16992/wsman", device.name);
        let envelope = wsman::get("AMT_GeneralSettings");
        let answer = demo.curl("SOCKS5", &url).digest(device).post(&envelope).run();
        // The passwords differ, so only the right device lets curl in.
        answer.assert_contains("AMT_GeneralSettings");
    }
    let [first, second, ..] = &demo.devices[..] else { panic!("too few devices") };
    assert_ne!(first.password, second.password, "or the test above shows nothing");
}

#[test]
fn the_devices_own_refusal_comes_through_untouched() {
    let demo = demo();
    let mut device = demo.devices[0].clone();
    device.password = "Wrong-1-Password".into();
    for way in WAYS {
        let url = format!("http://{}:16992/wsman", device.name);
        let answer = demo.curl(way, &url).digest(&device).post(wsman::IDENTIFY).run();
        assert_eq!((answer.exit, answer.status), (0, 401), "{way}: {answer:#?}");
        let challenge = answer.header("WWW-Authenticate").unwrap_or_default();
        assert!(challenge.starts_with("Digest realm="), "{way}: {answer:#?}");
        assert_eq!(answer.header("X-Viaduct-Code"), None, "{way}: the device spoke, not we");
    }
}

#[test]
fn one_connection_to_the_proxy_carries_requests_to_several_devices() {
    let demo = demo();
    let [first, second, ..] = &demo.devices[..] else { panic!("too few devices") };
    // The device answers 401 and closes; the console's connection must live on regardless.
    let answer = demo
        .curl("absolute URI", &format!("http://{}:16992/wsman", first.name))
        .digest(first)
        .post(wsman::IDENTIFY)
        .arg("--write-out")
        .arg("\n%{num_connects}\n")
        .arg("--next")
        .arg("--silent")
        .arg("--proxy")
        .arg(&format!("http://{}", demo.get("http_proxy")))
        .arg("--proxy-user")
        .arg(&demo.sign_in())
        .arg("--digest")
        .arg("--user")
        .arg(&format!("{}:{}", second.user, second.password))
        .arg("--header")
        .arg("Content-Type: application/soap+xml;charset=UTF-8")
        .arg("--data-binary")
        .arg(wsman::IDENTIFY)
        .arg("--write-out")
        .arg("\n%{num_connects}\n200 0")
        .arg(&format!("http://{}:16992/wsman", second.name))
        .run();
    let all = format!("{}\n", answer.body);
    assert_eq!(all.matches("IdentifyResponse>").count(), 4, "two answers: {answer:#?}");
    let connects: Vec<&str> = all.lines().filter(|line| line.parse::<u8>().is_ok()).collect();
    assert_eq!(connects, ["1", "0"], "one connection in all: {answer:#?}");
}

#[test]
fn tls_inside_the_tunnel_reaches_the_device() {
    let demo = demo();
    let device = &demo.devices[3];
    for way in ["SOCKS5", "CONNECT"] {
        let url = format!("https://{}:16993/wsman", device.name);
        let curl = demo.curl(way, &url).digest(device).post(wsman::IDENTIFY);
        // The device's certificate carries its own name and is signed by nobody we know.
        curl.arg("--insecure").run().assert_contains("IdentifyResponse");
    }
}

#[test]
fn a_token_signs_a_console_in() {
    let demo = demo();
    let device = &demo.devices[0];
    let sign_in = format!("token:{}", demo.get("token"));
    for way in WAYS {
        let url = format!("http://{}:16992/wsman", device.name);
        let curl = demo.curl_as(way, &url, Some(&sign_in));
        curl.digest(device).post(wsman::IDENTIFY).run().assert_contains("IdentifyResponse");
    }
}

#[test]
fn the_rest_interface_lists_the_devices_of_the_demo() {
    let demo = demo();
    let answer = Curl::new(&format!("{}/devices", demo.get("api")))
        .arg("--cacert")
        .arg(demo.get("ca_file"))
        .arg("--header")
        .arg(&format!("Authorization: Bearer {}", demo.get("token")))
        .run();
    assert_eq!((answer.exit, answer.status), (0, 200), "{answer:#?}");
    for device in &demo.devices {
        assert!(answer.body.contains(&device.guid), "{} in {answer:#?}", device.guid);
    }
}
