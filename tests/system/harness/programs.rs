//! Our own programs, built once for this run of the tests, and those that come from Python's registry.

use serde_json::Value;
use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::OnceLock,
};

/// The `viaduct` program.
pub(crate) fn viaduct() -> PathBuf {
    built().viaduct.clone()
}

/// The `amt-sim` program.
pub(crate) fn amt_sim() -> PathBuf {
    built().amt_sim.clone()
}

struct Programs {
    viaduct: PathBuf,
    amt_sim: PathBuf,
}

/// Cargo hands paths of programs only to the tests of their own package, so it is asked here. It
/// builds with the features of the whole workspace, as `cargo test --workspace` has done before.
fn built() -> &'static Programs {
    static BUILT: OnceLock<Programs> = OnceLock::new();
    BUILT.get_or_init(|| {
        let mut build = Command::new(env!("CARGO"));
        build
            .args(["build", "--locked", "--workspace", "--bin", "viaduct", "--bin", "amt-sim"])
            .args(["--message-format", "json-render-diagnostics"])
            .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
            .stderr(Stdio::inherit());
        if !cfg!(debug_assertions) {
            build.arg("--release");
        }
        let output = build.output().expect("cargo starts");
        assert!(output.status.success(), "viaduct and amt-sim do not build");
        let messages = String::from_utf8(output.stdout).expect("cargo writes UTF-8");
        let program = |name: &str| {
            messages
                .lines()
                .filter_map(|line| serde_json::from_str::<Value>(line).ok())
                .find(|message| {
                    message["target"]["name"] == name && message["executable"].is_string()
                })
                .and_then(|message| message["executable"].as_str().map(PathBuf::from))
                .unwrap_or_else(|| panic!("cargo names no program {name}"))
        };
        Programs { viaduct: program("viaduct"), amt_sim: program("amt-sim") }
    })
}

/// A program that `scripts/prerequisites test` takes from Python's registry and puts beside the results of builds:
/// those of `drivers/python.txt`, and the `python` that knows their packages.
pub(crate) fn from_python(name: &str) -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("a directory of builds");
    let program = target.join("python/bin").join(name);
    assert!(
        program.exists(),
        "{} is missing; `scripts/prerequisites test` installs it with pip, which needs its registry",
        program.display()
    );
    program
}
