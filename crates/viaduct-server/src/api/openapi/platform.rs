//! What is asked of a device's AMT, in Open AMT's shapes.

use super::operation::{
    Kind::Number,
    Operation,
    Shape::{Bytes, Either, List, Named},
    delete, get, patch, post, put,
};

pub(super) fn operations() -> Vec<Operation> {
    let mut all: Vec<Operation> = [platform(), power(), records(), engine(), networks()]
        .into_iter()
        .flatten()
        .map(Operation::of_device)
        .collect();
    // These ask no device.
    all.extend([
        get("/api/v1/amt/explorer", "Classes that can be looked at.").gives(200, List("ClassName")),
        get("/api/v1/devices/cert/{device}", "The certificate that its TLS ports are known by.")
            .gives(200, Named("Pin")),
        delete("/api/v1/devices/cert/{device}", "The next one that it shows is remembered.")
            .gives_nothing(204),
    ]);
    all
}

fn platform() -> Vec<Operation> {
    vec![
        get("/api/v1/amt/version/{device}", "Versions, and how it is provisioned.")
            .gives(200, Named("AmtVersion")),
        get("/api/v1/amt/generalSettings/{device}", "General settings.")
            .gives(200, Named("AmtInstance")),
        get("/api/v1/amt/hardwareInfo/{device}", "What the PC is made of.")
            .gives(200, Named("AmtHardware")),
        get("/api/v1/amt/diskInfo/{device}", "Its disks.").gives(200, Named("AmtDisks")),
        get("/api/v1/amt/features/{device}", "What is switched on, and what could be.")
            .gives(200, Named("AmtFeatures")),
        post("/api/v1/amt/features/{device}", "Switches features on and off.")
            .takes(Named("AmtFeaturesWish"))
            .gives(200, Named("AmtFeaturesChanged")),
        get("/api/v1/amt/kvm/displays/{device}", "Its displays.").gives(200, Named("Displays")),
        put("/api/v1/amt/kvm/displays/{device}", "Which display is shown first.")
            .takes(Named("DisplayWish"))
            .gives(200, Named("AmtProperties")),
        get("/api/v1/amt/explorer/{device}/{item}", "A class, as it goes over the wire.")
            .gives(200, Named("ExplorerAnswer")),
    ]
}

fn power() -> Vec<Operation> {
    let consent =
        |path, summary| get(path, summary).gives(200, Named("AmtResult")).gives(400, refused());
    vec![
        get("/api/v1/amt/power/state/{device}", "The PC's power state.")
            .gives(200, Named("PowerState")),
        post("/api/v1/amt/power/action/{device}", "Changes it; what it needs beside `power.on` is `power.off`, `power.reset` or `power.sleep`. With an `Idempotency-Key` it is done once however often it comes.")
            .takes(Named("PowerAction"))
            .gives(200, Named("AmtResult")),
        get("/api/v1/amt/power/capabilities/{device}", "What can be asked for.")
            .gives(200, Named("PowerCapabilities")),
        post("/api/v1/amt/power/bootOptions/{device}", "Chooses what boots next, and boots; once for an `Idempotency-Key`.")
            .takes(Named("BootWish"))
            .gives(200, Named("AmtResult")),
        get("/api/v1/amt/power/bootSources/{device}", "What it can boot from.")
            .gives(200, List("BootSource")),
        get("/api/v1/amt/boot/remoteErase/{device}", "What can be erased.")
            .gives(200, Named("EraseParts")),
        post("/api/v1/amt/boot/remoteErase/{device}", "Erases it at the next boot, and boots.")
            .takes(Named("EraseWish"))
            .gives(200, Named("AmtStatus")),
        consent("/api/v1/amt/userConsentCode/{device}", "Shows a code at the PC."),
        consent("/api/v1/amt/userConsentCode/cancel/{device}", "Takes it away."),
        post("/api/v1/amt/userConsentCode/{device}", "Passes the code on.")
            .takes(Named("ConsentCode"))
            .gives(200, Named("AmtResult"))
            .gives(400, refused()),
    ]
}

/// What AMT said, or what was wrong with the request.
fn refused() -> super::operation::Shape {
    Either(vec![Named("AmtResult"), Named("Problem")])
}

fn records() -> Vec<Operation> {
    let csv = |path| get(path, "All of it as a table.").gives(200, Bytes("text/csv"));
    vec![
        get("/api/v1/amt/log/audit/{device}", "AMT's audit log, the newest first.")
            .query(&[("startIndex", Number, "The first record, from 1.")])
            .gives(200, Named("AmtAuditLog")),
        get(
            "/api/v1/amt/log/event/{device}",
            "AMT's event log; in pages when $top or $skip is there.",
        )
        .query(&[
            ("$top", Number, "Records of a page."),
            ("$skip", Number, "Records before the page."),
        ])
        .gives(200, Either(vec![List("AmtEvent"), Named("AmtEventPage")])),
        csv("/api/v1/amt/log/audit/{device}/download"),
        csv("/api/v1/amt/log/event/{device}/download"),
        get("/api/v1/amt/alarmOccurrences/{device}", "When it wakes up by itself.")
            .gives(200, List("Alarm")),
        post("/api/v1/amt/alarmOccurrences/{device}", "Adds an alarm.")
            .takes(Named("AlarmWish"))
            .gives(200, Named("MethodStatus")),
        delete("/api/v1/amt/alarmOccurrences/{device}", "Removes an alarm.")
            .takes(Named("AlarmName"))
            .gives(200, Named("AmtStatus")),
    ]
}

fn engine() -> Vec<Operation> {
    vec![
        delete(
            "/api/v1/amt/deactivate/{device}",
            "Takes AMT out of service and forgets the device.",
        )
        .gives(200, Named("AmtStatus")),
        get("/api/v1/amt/certificates/{device}", "Its certificates and keys, and what uses them.")
            .gives(200, Named("AmtCertificates")),
        post("/api/v1/amt/certificates/{device}", "Adds a certificate.")
            .takes(Named("CertificateWish"))
            .gives(200, Named("CertificateAdded")),
        delete("/api/v1/amt/certificates/{device}/{item}", "Removes a certificate.")
            .gives(200, Named("CertificateRemoved")),
        get("/api/v1/amt/tls/{device}", "How its ports use TLS.").gives(200, List("TlsSetting")),
        get("/api/v1/amt/time/{device}", "Its clock beside ours.").gives(200, Named("AmtTime")),
        post("/api/v1/amt/time/{device}", "Sets its clock by ours.").gives(200, Named("AmtStatus")),
        get("/api/v1/amt/users/{device}", "Who has an account in its AMT.")
            .gives(200, List("AmtUser")),
    ]
}

fn networks() -> Vec<Operation> {
    let state = "/api/v1/amt/networkSettings/wireless/state/{device}";
    let sync = "/api/v1/amt/networkSettings/wireless/profileSync/{device}";
    let profile = "/api/v1/amt/networkSettings/wireless/profile/{device}";
    vec![
        post("/api/v1/amt/network/linkPreference/{device}", "Who has the Wi-Fi link.")
            .takes(Named("LinkPreference"))
            .gives(200, Named("MethodResult")),
        get("/api/v1/amt/networkSettings/{device}", "Its network ports.")
            .gives(200, Named("NetworkSettings")),
        get("/api/v1/amt/networkSettings/wired/{device}", "Its wired port.")
            .gives(200, Named("WiredPort")),
        patch("/api/v1/amt/networkSettings/wired/{device}", "Changes its wired port.")
            .takes(Named("WiredWish"))
            .gives_nothing(204),
        get(state, "Whether its Wi-Fi is on.").gives(200, Named("WifiState")),
        post(state, "Switches it.").takes(Named("WifiStateWish")).gives(200, Named("WifiState")),
        get(sync, "Which Wi-Fi profiles it shares.").gives(200, Named("ProfileSync")),
        post(sync, "Changes that.")
            .takes(Named("ProfileSyncWish"))
            .gives(200, Named("ProfileSync")),
        get(profile, "Its Wi-Fi profiles.").gives(200, List("WifiProfile")),
        post(profile, "Adds one.").takes(Named("WifiProfileWish")).gives_nothing(204),
        patch(profile, "Changes one.").takes(Named("WifiProfileWish")).gives_nothing(204),
        delete("/api/v1/amt/networkSettings/wireless/profile/{device}/{item}", "Removes one.")
            .gives_nothing(204),
    ]
}
