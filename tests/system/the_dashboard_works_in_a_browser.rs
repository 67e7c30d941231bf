//! Chromium drives the dashboard of the real program: what people do with it works, and no page complains.

use crate::harness::{
    Curl, Demo, Directory, Platform, Process, Scenario, Server, Settings, demo, first_steps,
    lan_address, own, task, viaduct,
};
use serde_json::{Value, json};
use std::{collections::BTreeSet, process::Command};

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
fn an_enrolment_that_the_server_did_not_survive_is_shown_and_gone_on_with() {
    // It is killed while it waits for the PC, however late that is seen on the page.
    let patient = Settings { toml: "[limits]\nenroll_deadline = \"10m\"\n".into() };
    let (server, address) = (Server::start_to_be_replaced(&patient), lan_address());
    let password = "P@ssw0rd1!";
    let stuck = ["--fault", "swallow-actions=AddMpServer"];
    let pc = Platform::on_the_local_network("16.1", "pc-on", &address, password, &stuck);
    let mut task = own(&server);
    first_steps(&server, task.clone());
    (task["address"], task["amtPassword"]) = (address.into(), password.into());
    let page = Scenario::start("goOn", task);
    page.says("stuck");
    let (web, devices) = (server.address("web and API"), server.device_listeners().remove(0));
    let data = server.end(Process::kill);
    pc.ask(&["fault", "swallow-actions=off"]);
    let config = data.write("again.toml", "");
    let mut command = Server::command(data.path(), &config);
    command.args(["--set", &format!("web.listen={web}")]);
    command.args(["--set", &format!("cira.listen={devices}")]);
    let _again = Process::start(&command);
    page.done();
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

/// Looks at every page of this part in this language.
fn look(part: &str, language: &str) {
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
    (task["part"], task["language"]) = (part.into(), language.into());
    Scenario::start("pages", task).done();
}

#[test]
fn every_page_is_free_of_errors_and_barriers_and_fits_a_phone() {
    look("navigation", "en");
}

#[test]
fn every_tab_of_a_device_is_free_of_errors_and_barriers_and_fits_a_phone() {
    look("devices", "en");
}

#[test]
fn every_page_fits_in_german_too() {
    look("navigation", "de");
}

#[test]
fn every_tab_of_a_device_fits_in_german_too() {
    look("devices", "de");
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
    let demo = Demo::start(1);
    Scenario::start("terminal", task(&demo, &demo.devices[0])).done();
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
    let server = Server::start_to_be_replaced(&Settings::default());
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

#[test]
fn a_page_that_was_away_shows_no_old_picture_as_live() {
    let demo = Demo::start(1);
    Scenario::start("awayPage", task(&demo, &demo.devices[0])).done();
}

#[test]
fn a_page_that_the_browser_halted_is_live_again_without_being_asked() {
    let demo = Demo::start(1);
    Scenario::start("halted", task(&demo, &demo.devices[0])).done();
}

#[test]
fn an_address_that_leads_nowhere_says_so_and_accounts_of_amt_are_in_words() {
    let demo = demo();
    Scenario::start("mistyped", task(demo, &demo.devices[0])).done();
}

#[test]
fn a_refusal_is_told_in_german_with_its_facts() {
    let demo = demo();
    Scenario::start("refusedInGerman", task(demo, &demo.devices[1])).done();
}

#[test]
fn a_second_viewer_is_told_who_has_the_screen_and_may_wait_or_take_over() {
    let demo = Demo::start(1);
    let directory = Directory::new();
    let mut task = task(&demo, &demo.devices[0]);
    task["picture"] = json!(directory.join("screen.jpg"));
    task["shell"] = json!({
        "program": viaduct(),
        "env": {
            "VIADUCT_SERVER": demo.get("api").trim_end_matches("/api/v1"), "VIADUCT_CA": demo.get("ca_file"),
        },
    });
    Scenario::start("secondViewer", task).done();
}

#[test]
fn a_session_without_a_picture_lists_the_causes() {
    let demo = Demo::start(1);
    Scenario::start("noPicture", task(&demo, &demo.devices[0])).done();
}

#[test]
fn keys_that_are_down_when_the_keyboard_leaves_the_screen_go_up() {
    let demo = Demo::start(1);
    Scenario::start("heldKeys", task(&demo, &demo.devices[0])).done();
}

#[test]
fn a_text_is_typed_with_the_keys_of_the_layout_of_the_pc() {
    let demo = Demo::start(1);
    Scenario::start("pasted", task(&demo, &demo.devices[0])).done();
}

#[test]
fn more_tabs_than_a_browser_has_connections_follow_what_happens() {
    let demo = Demo::start(1);
    Scenario::start("manyTabs", task(&demo, &demo.devices[0])).done();
}

#[test]
fn every_page_is_used_and_left_without_a_mouse() {
    let demo = Demo::start(2);
    let mut task = task(&demo, &demo.devices[0]);
    task["away"] = demo.devices[1].guid.as_str().into();
    Scenario::start("keyboard", task).done();
}

#[test]
fn a_screen_whose_tunnel_is_gone_says_so_and_can_be_opened_again() {
    let demo = Demo::start(1);
    Scenario::start("lostTunnel", task(&demo, &demo.devices[0])).done();
}

#[test]
fn columns_and_views_of_the_devices_are_kept_and_are_in_the_address() {
    let demo = demo();
    Scenario::start("views", task(demo, &demo.devices[0])).done();
}

#[test]
fn a_pc_that_refuses_the_stored_password_has_a_badge_until_the_right_one_is_stored() {
    let demo = Demo::start(3);
    let mut task = task(&demo, &demo.devices[1]);
    task["amtPassword"] = demo.devices[1].password.as_str().into();
    Scenario::start("badges", task).done();
}

#[test]
fn a_gap_in_the_availability_of_a_pc_says_why() {
    let demo = Demo::start(1);
    Scenario::start("availability", task(&demo, &demo.devices[0])).done();
}

#[test]
fn whoever_may_not_do_something_learns_which_right_is_missing() {
    let demo = Demo::start(1);
    Scenario::start("permissions", task(&demo, &demo.devices[0])).done();
}

#[test]
fn an_upload_that_breaks_off_goes_on_by_itself_and_after_a_reload_with_the_same_file() {
    let demo = Demo::start(1);
    let mut task = task(&demo, &demo.devices[0]);
    task["bytes"] = (20 << 20).into();
    Scenario::start("interrupted", task).done();
}

#[test]
fn a_power_cycle_is_seen_through_from_the_page_of_the_screen() {
    let demo = Demo::start(1);
    Scenario::start("powerCycle", task(&demo, &demo.devices[0])).done();
}

#[test]
fn the_counts_of_the_fleet_follow_pcs_that_leave_and_come() {
    let server = Server::start(&Settings::default());
    let password = "Str0ng-Enough!";
    let (mps, root) = (server.device_listeners().remove(0), server.root_certificate());
    let dial = |number: usize| {
        let guid = format!("4c4c4544-004b-4210-8033-00000000000{number}");
        Platform::dial(&mps, &root, &guid, "live", password)
    };
    for number in 1..3 {
        let guid = format!("4c4c4544-004b-4210-8033-00000000000{number}");
        server.add_device(&format!("pc-live-{number}"), &guid, "live", password);
    }
    let (_stays, leaves) = (dial(1).connected(), dial(2).connected());
    let mut task = own(&server);
    first_steps(&server, task.clone());
    task["connected"] = 2.into();
    let page = Scenario::start("liveCounts", task);
    page.says("ready");
    leaves.process.kill();
    page.says("left");
    let _back = dial(2).connected();
    page.done();
}

#[test]
fn every_action_is_on_offer_as_a_command_that_exists_and_as_curl() {
    let demo = Demo::start(2);
    let unknown =
        ["1", "2", "3"].map(|digit| format!("4c4c4544-004b-4210-8033-00000000000{digit}"));
    let knocking = unknown.each_ref().map(|guid| {
        let root = std::path::Path::new(demo.get("ca_file"));
        Platform::dial(demo.get("cira"), root, guid, "stranger", "Str0ng-Enough!")
    });
    let mut task = task(&demo, &demo.devices[0]);
    task["unknown"] = unknown.to_vec().into();
    let said = Scenario::start("actions", task).done();
    drop(knocking);
    let commands: BTreeSet<String> = said
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter_map(|line| line["command"].as_str().map(str::to_owned))
        .collect();
    assert!(commands.len() > 20, "{commands:?}");
    let program = viaduct();
    for line in commands.iter().flat_map(|command| command.lines()) {
        let rest = line.strip_prefix("viaduct ").unwrap_or_else(|| panic!("`{line}`"));
        // Whatever does not exist is complained about before the help is printed.
        let script = format!("'{}' {rest} --help", program.display());
        let done = Command::new("sh").args(["-c", &script]).output().unwrap();
        assert!(done.status.success(), "{line}: {}", String::from_utf8_lossy(&done.stderr));
    }
}
