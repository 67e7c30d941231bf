//! Whoever reads the log of a day with ten thousand PCs sees in each line which PC it is about: by its UUID, by its name
//! where it has one, and by the address that it came from.

use crate::harness::{Curl, Directory, Platform, Server, Settings, eventually, wsman};

const KNOWN: &str = "4c4c4544-004b-4210-8033-b6c04f504671";
const STRANGER: &str = "4c4c4544-004b-4210-8033-b6c04f504672";

/// `127.0.0.1:54321` somewhere in the line, behind that word.
fn has_address(line: &str, word: &str) -> bool {
    let start = format!("{word}127.0.0.1:");
    line.split(&start).skip(1).any(|rest| {
        let port = rest.split(|c: char| !c.is_ascii_digit()).next();
        port.is_some_and(|port| port.parse::<u16>().is_ok())
    })
}

#[test]
fn every_line_of_a_run_names_the_pc_and_where_it_came_from() {
    let toml = "[log]\nlevel = \"viaduct_server=debug\"\n".to_owned();
    let server = Server::start(&Settings { toml });
    let mps = server.device_listeners().remove(0);
    let root = server.root_certificate();
    server.add_device("till-7", KNOWN, "till7", "Known1Password");
    let said = |words: &str| {
        let words = words.to_owned();
        server.process.any_line(move |line| line.contains(&words))
    };

    let stranger = Platform::dial(&mps, &root, STRANGER, "u", "Other1Password");
    let line = said("an unknown device knocked");
    assert!(line.contains(STRANGER) && has_address(&line, ""), "{line}");
    drop(stranger);
    let wrong = Platform::dial(&mps, &root, KNOWN, "till7", "Wrong1Password");
    said("E2019");
    drop(wrong);

    let files = Directory::new();
    let amt = files.write("amt", "Office1Password!");
    let amt = ["--amt-password-file", amt.to_str().unwrap()];
    server.cli(&[&["devices", "password", "till-7"][..], &amt].concat());
    let platform = Platform::dial_with(&mps, &root, KNOWN, "till7", "Known1Password", &amt);
    let platform = platform.connected();
    said("tunnel is ready");
    let sign_in = format!("token:{}", server.token("console", "proxy"));
    let proxy = server.address("HTTP proxy");
    let answer =
        Curl::new("http://till-7:16992/").proxy(&proxy, Some(&sign_in)).post(wsman::IDENTIFY).run();
    assert_eq!(answer.status, 401, "{answer:#?}");
    said("channel ended");
    server.cli(&["power", "state", "till-7"]);
    said("power state: ");
    platform.process.kill();
    said("tunnel ended");
    eventually("the end of the tunnel", || {
        let devices = server.cli_json(&["devices", "ls"]);
        if devices[0]["connectionStatus"] == false { Ok(()) } else { Err(devices.to_string()) }
    });

    let all = server.process.all();
    let lines: Vec<&str> = all.lines().filter(|line| line.contains(KNOWN)).collect();
    for words in
        ["dialled in", "tunnel is ready", "channel opened", "channel ended", "tunnel ended"]
    {
        let found = lines.iter().find(|line| line.contains(words));
        assert!(found.is_some(), "no line `{words}` with the UUID:\n{all}");
    }
    // What was ordered by a person, not by a connection, has its own words.
    let of_people = ["device added"];
    for line in lines.iter().filter(|line| !of_people.iter().any(|words| line.contains(words))) {
        assert!(line.contains("till-7"), "no name: {line}");
        let addressed = ["peer=", "address="].iter().any(|word| has_address(line, word));
        assert!(addressed, "no address: {line}");
    }
}
