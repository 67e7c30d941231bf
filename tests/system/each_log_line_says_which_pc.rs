//! Whoever reads the log of a day with ten thousand PCs sees in each line which PC it is about: by its UUID, by its name
//! where it has one, and by the address that it came from.

use crate::harness::{
    Curl, Directory, Platform, Process, Server, Settings, eventually, pages, socks, wsman,
};

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
    consoles_come_and_go(&server, &said);
    platform.process.kill();
    said("tunnel ended");
    eventually("the end of the tunnel", || {
        let devices = server.cli_json(&["devices", "ls"]);
        if devices[0]["connectionStatus"] == false { Ok(()) } else { Err(devices.to_string()) }
    });
    let away = server.try_cli(&["wsman", "identify", "till-7"]);
    assert_eq!(away.status.code(), Some(8), "{away:?}");
    server.cli(&["devices", "rm", "till-7", "--yes"]);
    said("device removed");

    let all = server.process.all();
    let concerns =
        |line: &&str| line.contains(KNOWN) || line.contains("till-7") || is_of_one_pc(line);
    let lines: Vec<&str> = all.lines().filter(|line| is_log(line)).filter(concerns).collect();
    for words in [
        "dialled in",
        "tunnel is ready",
        "channel opened",
        "channel ended",
        "console done",
        "console refused",
        "the right to use the proxy was taken away",
        "redirection opened",
        "redirection ended",
        "a redirection is over",
        "tunnel ended",
        "device removed",
    ] {
        let found = lines.iter().find(|line| line.contains(words));
        assert!(found.is_some(), "no line `{words}`:\n{all}");
    }
    let (added, later) = lines.split_first().unwrap();
    assert!(
        added.contains("device added"),
        "before it came the first time it has no address: {added}"
    );
    for line in later {
        assert!(line.contains(KNOWN), "no UUID: {line}");
        assert!(line.contains("till-7"), "no name: {line}");
        let words = ["peer=", "address=", "last_address="];
        let addressed = words.iter().any(|word| has_address(line, word));
        assert!(addressed, "no address: {line}");
    }
}

/// Consoles of every kind use the PC, are refused, and lose their right.
fn consoles_come_and_go(server: &Server, said: &dyn Fn(&str) -> String) {
    let token = server.token("console", "proxy");
    let sign_in = format!("token:{token}");
    let (http, socks_at) = (server.address("HTTP proxy"), server.address("SOCKS5"));
    let ways = [
        Curl::new("http://till-7:16992/").proxy(&http, Some(&sign_in)),
        Curl::new("http://till-7:16992/").connect(&http, Some(&sign_in)),
        Curl::new("http://till-7:16992/").socks(&socks_at, Some(&sign_in)),
    ];
    for way in ways {
        let answer = way.post(wsman::IDENTIFY).run();
        assert_eq!(answer.status, 401, "{answer:#?}");
    }
    said("channel ended");
    let refused = Curl::new("http://till-7:16999/").proxy(&http, Some(&sign_in)).run();
    assert_eq!(refused.status, 403, "{refused:#?}");
    said("console refused");

    let forward = Process::start(&server.cli_process(&["forward", "till-7:16992", "127.0.0.1:0"]));
    let local = forward.line(|line| line.starts_with("127.0.0.1:"));
    let through = Curl::new(&format!("http://{}/", local.trim())).post(wsman::IDENTIFY).run();
    assert_eq!(through.status, 401, "{through:#?}");

    let page = pages::hold(server, &server.token("page", "admin"), KNOWN);
    said("redirection opened");
    server.cli(&["power", "state", "till-7"]);
    said("power state: ");
    let open = socks(&socks_at, &token, "till-7", 16992);
    server.cli(&["tokens", "revoke", "console", "--yes"]);
    said("the right to use the proxy was taken away");
    drop((open, page));
    said("a redirection is over");
}

/// Whether the server's log says this; the rest is what it tells whoever started it.
fn is_log(line: &str) -> bool {
    ["DEBUG", " INFO", " WARN", "ERROR"].iter().any(|level| line.contains(&format!("{level} ")))
}

/// Whether a line without the name of a PC should have one: its words are those of lines about one.
fn is_of_one_pc(line: &str) -> bool {
    ["console done", "was taken away", "a redirection", "channel "]
        .iter()
        .any(|words| line.contains(words))
}
