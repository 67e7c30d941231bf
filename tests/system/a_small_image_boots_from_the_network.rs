//! Where the way to a PC is slow, a small image is read in seconds and fetches the rest over the PC's own network. The script
//! that makes one writes what BIOS and UEFI start from and the URL that was asked for, and a PC starts from it.

use crate::harness::{Demo, Directory, output, run};
use std::{fs, path::Path, process::Command};

const URL: &str = "http://boot.example.com/menu.ipxe?mac=${net0/mac}";

fn script() -> Command {
    let mut command =
        Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/netboot-image"));
    command.env("LC_ALL", "C");
    command
}

#[test]
fn it_holds_what_bios_and_uefi_start_and_a_pc_starts_from_it() {
    let files = Directory::new();
    let image = files.join("netboot.iso");
    let done = output(script().arg("--out").arg(&image).arg(URL));
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{said}");
    assert!(said.contains("viaduct media upload"), "{said}");
    let size = fs::metadata(&image).unwrap().len();
    assert!(size < 3 << 20, "{size} bytes are not small");

    let image = image.to_str().unwrap();
    let catalogue = run("xorriso", ["-indev", image, "-report_el_torito", "plain"]);
    for words in ["BIOS  y   none", "UEFI  y   none", "/isolinux.bin", "/efi.img"] {
        assert!(catalogue.contains(words), "{words}: {catalogue}");
    }
    let cd = files.join("cd");
    run("xorriso", ["-osirrox", "on", "-indev", image, "-extract", "/", cd.to_str().unwrap()]);
    let read = |name: &str| fs::read(cd.join(name)).unwrap();
    let ipxe = |name: &str| fs::read(Path::new("/usr/lib/ipxe").join(name)).unwrap();
    assert!(
        read("ipxe.krn") == ipxe("ipxe.lkrn"),
        "the program for BIOS is the one that was given"
    );
    let boot = String::from_utf8(read("autoexec.ipxe")).unwrap();
    assert!(
        boot.starts_with("#!ipxe\n") && boot.contains(&format!("chain --autofree {URL} ")),
        "{boot}"
    );
    let menu = String::from_utf8(read("isolinux.cfg")).unwrap();
    assert!(menu.contains("kernel /ipxe.krn") && menu.contains("initrd /autoexec.ipxe"), "{menu}");
    let efi = cd.join("efi.img");
    let copy = |name: &str| {
        let to = files.join("copy");
        run(
            "mcopy",
            ["-n", "-o", "-i", efi.to_str().unwrap(), &format!("::{name}"), to.to_str().unwrap()],
        );
        fs::read(to).unwrap()
    };
    assert!(copy("/EFI/BOOT/BOOTX64.EFI") == ipxe("ipxe.efi"));
    assert_eq!(copy("/autoexec.ipxe"), boot.as_bytes());

    let demo = Demo::start(1);
    demo.viaduct(&["media", "upload", image]);
    let started = ["ider", "mount", "pc-01", "--from-library", "netboot.iso", "--boot", "--wait"];
    let mount = demo.viaduct(&[&started[..], &["-o", "json"]].concat());
    let mount: serde_json::Value = serde_json::from_str(&mount).unwrap();
    assert!(mount["bootable"] == true && mount["started"].is_string(), "{mount}");
}

#[test]
fn what_it_cannot_make_it_does_not_make() {
    let files = Directory::new();
    let image = files.join("netboot.iso");
    let refused = |more: &[&str], exit: i32, words: &str| {
        let done = output(script().arg("--out").arg(&image).args(more));
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        assert_eq!(done.status.code(), Some(exit), "{more:?}: {said}");
        assert!(said.contains(words), "{more:?}: {said}");
        assert!(!image.exists(), "{more:?} left something");
    };
    refused(&["ftp://boot.example.com/x"], 2, "neither http:// nor https://");
    refused(&["http://boot.example.com/a b"], 2, "blanks");
    refused(&["http://boot.example.com/a\nshell"], 2, "blanks");
    refused(&[], 2, "usage: ");
    refused(&["--bios", "/nonexistent", "http://boot.example.com/x"], 1, "missing: ipxe");
    let old = files.write("old.efi", "a program that knows of http only");
    refused(&["--efi", old.to_str().unwrap(), "https://boot.example.com/x"], 1, "knows no https");
}
