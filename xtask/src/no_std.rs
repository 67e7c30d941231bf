//! Proof that `apf` needs no standard library, without asking for another compilation target.
//!
//! A `no_std` library that brings its own panic handler and depends on `apf` is compiled for this
//! machine. As soon as `apf` or anything below it links `std`, two panic handlers meet and the
//! compiler refuses. A bare-metal target would prove the same, but would have to be downloaded.

use anyhow::{Context, Result, bail};
use std::{fs, path::Path, process::Command};

const MANIFEST: &str = r#"[package]
name = "no-std-proof"
version = "0.0.0"
edition = "2024"

[lib]
crate-type = ["staticlib"]

[dependencies]
apf = { path = "APF" }

[profile.dev]
panic = "abort"

[workspace]
"#;

const SOURCE: &str = r#"#![no_std]
extern crate alloc;
extern crate apf;

struct Nothing;

unsafe impl core::alloc::GlobalAlloc for Nothing {
    unsafe fn alloc(&self, _: core::alloc::Layout) -> *mut u8 {
        core::ptr::null_mut()
    }
    unsafe fn dealloc(&self, _: *mut u8, _: core::alloc::Layout) {}
}

#[global_allocator]
static ALLOCATOR: Nothing = Nothing;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
"#;

/// Compiles the proof.
///
/// # Errors
/// When it does not compile; the compiler's words stand on stderr by then.
pub(crate) fn check(root: &Path) -> Result<()> {
    let place = target_directory(root)?.join("no-std-proof");
    fs::create_dir_all(place.join("src"))?;
    let apf = root.join("crates").join("apf");
    let manifest = MANIFEST.replace("APF", &apf.display().to_string().replace('\\', "/"));
    fs::write(place.join("Cargo.toml"), manifest)?;
    fs::write(place.join("src").join("lib.rs"), SOURCE)?;
    // The same versions as the workspace; cargo drops what the proof does not use.
    fs::copy(root.join("Cargo.lock"), place.join("Cargo.lock"))?;

    let status = Command::new(cargo())
        .args(["build", "--quiet", "--manifest-path"])
        .arg(place.join("Cargo.toml"))
        .arg("--target-dir")
        .arg(place.join("target"))
        .current_dir(&place)
        .status()
        .context("cargo does not start")?;
    if !status.success() {
        bail!(
            "apf or a dependency of it links the standard library, which the protocol crate must \
             do without (law 1); look for a dependency whose `std` feature is on"
        );
    }
    Ok(())
}

/// The cargo that runs us.
pub(crate) fn cargo() -> String {
    std::env::var("CARGO").unwrap_or_else(|_| "cargo".into())
}

fn target_directory(root: &Path) -> Result<std::path::PathBuf> {
    let metadata = crate::tidy::metadata(root)?;
    let directory = metadata["target_directory"].as_str().context("no target_directory")?;
    Ok(directory.into())
}
