//! A PC that says nothing any more, though its tunnel is not over yet: its last picture is not shown as live.

use crate::harness::{Platform, Scenario, Server, Settings, first_steps, own};

#[test]
fn the_last_picture_of_a_pc_that_fell_silent_is_said_to_be_old_until_it_answers() {
    let server = Server::start(&Settings::default());
    let (guid, password) = ("4c4c4544-004b-4210-8033-5113e7000001", "P@ssw0rd1!");
    let secret = server.data.write("amt.password", password);
    let amt = ["--amt-password-file", secret.to_str().unwrap()];
    let user = ["--cira-user", "quiet", "--cira-password-file", secret.to_str().unwrap()];
    let add = ["devices", "add", "pc-quiet", "--guid", guid];
    server.cli(&[&add[..], &user[..], &amt[..]].concat());
    let (mps, root) = (server.device_listeners().remove(0), server.root_certificate());
    let more = [&["--firmware", "16.1", "--retry", "eager"], &amt[..]].concat();
    let pc = Platform::dial_with(&mps, &root, guid, "quiet", password, &more).connected();
    let mut task = own(&server);
    first_steps(&server, task.clone());
    task["device"] = guid.into();
    task["silent"] = pc.ask_words(&["fault", "silence=true"]).into();
    task["talking"] = pc.ask_words(&["fault", "silence=off"]).into();
    Scenario::start("silent", task).done();
}
