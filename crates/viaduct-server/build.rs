//! Builds anew when the dashboard was built anew: its files are part of an optimised program. One that is not optimised
//! reads them when it runs.

use std::path::Path;

fn main() {
    let built = "../../web/dist";
    let optimised = std::env::var("PROFILE").is_ok_and(|profile| profile == "release");
    // A path that is missing would make every build start over; the folder around it is watched until then.
    let watched = match (optimised, Path::new(built).exists()) {
        (true, true) => built,
        (true, false) => "../../web",
        (false, _) => "build.rs",
    };
    println!("cargo::rerun-if-changed={watched}");
}
