//! Chromium drives the dashboard of the real program: what people do with it works, and no page complains.

use crate::harness::{
    Curl, Demo, Device, Platform, Process, Scenario, Server, Settings, demo, lan_address,
};
use serde_json::{Value, json};

fn task(demo: &Demo, device: &Device) -> Value {
    json!({
        "dashboard": demo.get("dashboard"), "user": demo.get("user"),
        "password": demo.get("password"), "token": demo.get("token"), "device": device.guid,
    })
}

/// The dashboard of a server in a directory of its own, and its first user.
fn own(server: &Server) -> Value {
    json!({
        "dashboard": format!("https://{}/", server.address("web and API")),
        "user": "ines", "password": "correct horse battery", "token": server.token("test", "admin"),
    })
}

/// Follows the link that the server printed; adds a PC where the task names one.
fn first_steps(server: &Server, mut task: Value) {
    let link = server.process.any_line(|line| line.contains("https://") && line.contains("setup"));
    let link = link.split_whitespace().find(|word| word.starts_with("https://")).unwrap();
    task["link"] = link.into();
    Scenario::start("firstSteps", task).done();
}

#[test]
fn the_setup_link_leads_to_a_pc_of_the_local_network_that_is_online() {
    let (server, address) = (Server::start(&Settings::default()), lan_address());
    let password = "P@ssw0rd1!";
    let _pc = Platform::on_the_local_network("16.1", "pc-door", &address, password, &[]);
    let mut task = own(&server);
    (task["address"], task["amtPassword"]) = (address.into(), password.into());
    task["name"] = "pc-door".into();
    first_steps(&server, task);
}

#[test]
fn ten_thousand_devices_are_filtered_while_typing() {
    let server = Server::start(&Settings::default());
    let devices: Vec<Value> = (0..10_000)
        .map(|number| {
            let guid = format!("00000000-0000-4000-8000-{number:012}");
            json!({ "guid": guid, "name": format!("pc-{number:05}"), "labels": { "site": "north" } })
        })
        .collect();
    let (token, root) = (server.token("import", "admin"), server.root_certificate());
    for part in devices.chunks(500) {
        let answer =
            Curl::new(&format!("https://{}/api/v1/imports", server.address("web and API")))
                .arg("--cacert")
                .arg(&root.to_string_lossy())
                .arg("--header")
                .arg(&format!("Authorization: Bearer {token}"))
                .arg("--header")
                .arg("Content-Type: application/json")
                .arg("--data-binary")
                .arg(&json!(part).to_string())
                .run();
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
    let task = own(&server);
    first_steps(&server, task.clone());
    let said = Scenario::start("many", task).done();
    // How long it took is told, not judged: a busy machine is no fault.
    println!("{said}");
}

#[test]
fn every_page_is_free_of_errors_and_barriers_and_fits_a_phone() {
    let demo = Demo::start(3);
    let mut task = task(&demo, &demo.devices[0]);
    let gone = &demo.devices[2].guid;
    let block = format!("{}/devices/{gone}/block", demo.get("api"));
    Curl::new(&block)
        .arg("--cacert")
        .arg(demo.get("ca_file"))
        .arg("--header")
        .arg(&format!("Authorization: Bearer {}", demo.get("token")))
        .post("")
        .run();
    task["away"] = gone.as_str().into();
    Scenario::start("pages", task).done();
}

#[test]
fn a_pc_is_switched_off_and_on_from_its_page() {
    let demo = Demo::start(1);
    Scenario::start("power", task(&demo, &demo.devices[0])).done();
}

#[test]
fn the_screen_moves_takes_keys_and_never_shows_a_dead_session_as_live() {
    let demo = Demo::start(1);
    Scenario::start("screen", task(&demo, &demo.devices[0])).done();
}

#[test]
fn the_terminal_echoes() {
    let demo = demo();
    Scenario::start("terminal", task(demo, &demo.devices[0])).done();
}

#[test]
fn an_image_of_the_library_is_read_to_its_last_block_by_a_pc() {
    let demo = Demo::start(1);
    let mut task = task(&demo, &demo.devices[0]);
    task["blocks"] = 1_500.into();
    Scenario::start("media", task).done();
}

#[test]
fn a_page_says_that_the_server_is_gone_and_recovers_when_it_is_back() {
    let server = Server::start(&Settings::default());
    let task = own(&server);
    first_steps(&server, task.clone());
    let guid = "4c4c4544-004b-4210-8033-b6c04f50aaaa";
    server.cli(&["devices", "add", "pc-back", "--guid", guid]);
    let page = Scenario::start("comeback", task);
    page.says("ready");
    let address = server.address("web and API");
    let data = server.end(Process::kill);
    page.says("lost");
    let config = data.write("again.toml", "");
    let mut command = Server::command(data.path(), &config);
    // The page comes back to where it was.
    command.args(["--set", &format!("web.listen={address}")]);
    let _again = Process::start(&command);
    page.done();
}
