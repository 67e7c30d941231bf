//! Schemathesis reads `/api/v1/openapi.json` and sends what it makes of it, right and wrong, to every route: nothing
//! may fail in the server, and every answer must be one that the document describes.

use crate::harness::{Demo, Directory, succeed};
use std::{path::PathBuf, process::Command};

const VERSION: &str = "schemathesis==4.32.5";
/// What it may not find. That a method is refused where the document has none is part of it.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
    response_schema_conformance,unsupported_method";
/// These take the device, the token or the root away that the rest needs, or are streams, or would dial
/// whatever address was made up.
const LEFT_OUT: &str = "deactivate|disconnect|block|rotation|/session|webrelay|/connect/|/tunnels/|/tokens/|\
    remote-access|^/api/v1/devices/\\{device\\}$|/enroll$";

/// Its program, in an environment of its own beside the other results of builds.
fn schemathesis() -> PathBuf {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("schemathesis");
    let program = directory.join("bin/schemathesis");
    if !program.exists() {
        succeed(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&directory));
        let mut install = Command::new(directory.join("bin/pip"));
        succeed(install.args(["install", "--quiet", "--disable-pip-version-check", VERSION]));
    }
    program
}

#[test]
fn what_the_document_makes_one_send_is_answered_as_it_says() {
    let program = schemathesis();
    let demo = Demo::start(1);
    let directory = Directory::new();
    let config = format!("[parameters]\n\"path.device\" = \"{}\"\n", demo.devices[0].guid);
    std::fs::write(directory.path().join("schemathesis.toml"), config).unwrap();
    let mut command = Command::new(program);
    command.current_dir(directory.path());
    command.arg("run").arg(format!("{}/openapi.json", demo.get("api")));
    command.args(["--tls-verify", demo.get("ca_file")]);
    command.args(["-H", &format!("Authorization: Bearer {}", demo.get("token"))]);
    // Otherwise the events would go on for ever.
    command.args(["-H", "Accept: application/json"]);
    command.args(["--phases", "coverage,fuzzing", "--seed", "7", "--max-examples", "3"]);
    command.args(["--checks", CHECKS, "--exclude-path-regex", LEFT_OUT]);
    command.args(["--max-time", "45", "--request-timeout", "20", "--no-color"]);
    succeed(&mut command);
}
