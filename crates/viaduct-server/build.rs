//! Builds anew when the dashboard was built anew: its files are part of the program.

use std::path::Path;

fn main() {
    let built = "../../web/dist";
    // A path that is missing would make every build start over; the folder around it is watched until then.
    let watched = if Path::new(built).exists() { built } else { "../../web" };
    println!("cargo::rerun-if-changed={watched}");
}
