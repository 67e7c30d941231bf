//! Schemathesis reads `/api/v1/openapi.json` and sends what it makes of it, right and wrong, to every route: nothing
//! may fail in the server, and every answer must be one that the document describes.

use crate::harness::{Demo, Directory, clean, from_python, output, run};
use std::process::Command;

/// What it looks for. That a method is refused where the document has none is part of it.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
    response_schema_conformance,unsupported_method";
/// These take the device, the token or the root away that the rest needs, or are streams, or would dial
/// whatever address was made up.
const LEFT_OUT: &str = "deactivate|disconnect|block|rotation|/session|webrelay|/connect/|/tunnels/|/tokens/|\
    remote-access|^/api/v1/devices/\\{device\\}$|/enroll$";
/// Of each route, so many requests with made-up values beside those that try every edge.
const EXAMPLES: &str = "3";
/// Seconds that both phases may take together.
const AT_MOST: &str = "60";

#[test]
fn what_the_document_makes_one_send_is_answered_as_it_says() {
    let demo = Demo::start(1);
    let directory = Directory::new();
    let config = format!("[parameters]\n\"path.device\" = \"{}\"\n", demo.devices[0].guid);
    directory.write("schemathesis.toml", &config);
    let mut command = Command::new(from_python("schemathesis"));
    clean(&mut command).current_dir(directory.path());
    command.arg("run").arg(format!("{}/openapi.json", demo.get("api")));
    command.args(["--tls-verify", demo.get("ca_file")]);
    command.args(["-H", &format!("Authorization: Bearer {}", demo.get("token"))]);
    // Otherwise the events would go on for ever.
    command.args(["-H", "Accept: application/json"]);
    command.args(["--phases", "coverage,fuzzing", "--seed", "7", "--max-examples", EXAMPLES]);
    command.args(["--checks", CHECKS, "--exclude-path-regex", LEFT_OUT]);
    command.args(["--max-time", AT_MOST, "--request-timeout", "20", "--no-color"]);
    let done = output(&mut command);
    let said = String::from_utf8_lossy(&done.stdout);
    let errors = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{said}\n{errors}");
    let (_, selected) = said.split_once("Tested: ").unwrap_or_else(|| panic!("{said}"));
    let tested: u32 = selected.split_whitespace().next().unwrap().parse().unwrap();
    assert!(tested > 100, "nearly all routes: {said}");
}

#[test]
fn a_client_that_is_still_sending_gets_its_refusal() {
    let demo = crate::harness::demo();
    let directory = Directory::new();
    let large = directory.write("large", &"x".repeat(3 << 20));
    let url = format!("{}/devices", demo.get("api"));
    let body = format!("@{}", large.display());
    let token = format!("Authorization: Bearer {}", demo.get("token"));
    for (header, expected) in [(token.as_str(), "413"), ("Authorization: Bearer wrong", "401")] {
        let status = run(
            "curl",
            [
                "-q",
                "--silent",
                "--show-error",
                "--cacert",
                demo.get("ca_file"),
                "--data-binary",
                &body,
                "--header",
                header,
                "--header",
                "Content-Type: application/json",
                // Without these curl asks first, and stops sending when it is told.
                "--header",
                "Expect:",
                "--output",
                "/dev/null",
                "--write-out",
                "%{http_code}",
                &url,
            ],
        );
        assert_eq!(status, expected);
    }
}
