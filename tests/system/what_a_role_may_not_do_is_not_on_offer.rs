//! Somebody of each role walks all pages of the dashboard and uses all controls there are: nothing that a page asks for
//! or offers, as a button or as a command, is refused for want of a right.

use crate::harness::{Demo, Directory, Platform, Scenario};
use serde_json::json;
use std::path::Path;

/// An image of the library in the drive of the first PC, so that there is something of somebody else to end.
fn mounted(demo: &Demo) {
    let directory = Directory::new();
    let image = directory.write("tools.iso", &"x".repeat(32 << 10));
    demo.viaduct(&["media", "upload", &image.to_string_lossy()]);
    let wish = json!({ "device": demo.devices[0].guid, "media": "tools.iso" });
    let (status, answer) = demo.rest("POST", "/mounts", Some(&wish));
    assert_eq!(status, 201, "{answer}");
}

fn walk(roles: &[&str]) {
    let demo = Demo::start(2);
    let (mps, root) = (demo.get("cira"), Path::new(demo.get("ca_file")));
    let unknown = "4c4c4544-004b-4210-8033-000000000001";
    let _knocks = Platform::dial(mps, root, unknown, "stranger", "Str0ng-Enough!");
    mounted(&demo);
    for role in roles {
        let task = json!({
            "dashboard": demo.get("dashboard"), "token": demo.get("token"), "role": role,
            "device": demo.devices[0].guid, "away": demo.devices[1].guid,
        });
        Scenario::start("roles", task).done();
    }
}

#[test]
fn to_those_who_only_look() {
    walk(&["viewer", "auditor", "proxy"]);
}

#[test]
fn to_those_who_help() {
    walk(&["helpdesk", "operator"]);
}

#[test]
fn to_those_who_manage() {
    walk(&["device-admin", "tenant-admin"]);
}
