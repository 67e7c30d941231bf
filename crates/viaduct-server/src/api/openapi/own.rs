//! Devices, tunnels, certificates and the server itself.

use super::{
    operation::{
        Kind::{Flag, Number, OneOf, Text, Time},
        Operation, Parameter,
        Shape::{Bytes, Either, Made, Named},
        delete, get, patch, post, put,
    },
    schemas::Schemas,
};
use crate::api::{kv, wsman};
use std::collections::BTreeSet;
use viaduct_api::{
    AuditEntry, AuditPage, AuditReport, Availability, CertificateInfo, Claim, Device,
    DeviceAvailability, DevicePage, DevicePatch, DeviceStats, EffectiveConfig, EnrollScripts,
    Enrollment, Event, FailedAttempt, HealthCheck, History, ImportOutcome, NewDevice,
    NewEnrollScripts, NewEnrollment, NewTicket, PortableDevice, Redirection, Reloaded,
    RemoteAccess, RemoteAccessChange, RemoteAccessChanged, ResumeEnrollment, RotationActivate,
    RotationActivated, RotationPush, RotationStatus, Status, SupportBundle, Ticket, Tunnel,
    Unclaimed, Version, Watchers, WhyOffline, WrittenDevice,
};

/// Filters and pages of a list of devices.
const DEVICES: [Parameter; 10] = [
    ("$top", Number, "Devices of a page; 25 when not said."),
    ("$skip", Number, "Devices before the page."),
    ("$count", Flag, "Answer with the number of all that fit beside the page."),
    ("tags", Text, "Tags, with commas between them."),
    ("method", OneOf(&["AND", "OR"]), "Whether all tags must fit, or any."),
    ("hostname", Text, "Exactly this host name."),
    ("friendlyName", Text, "Exactly this name for people."),
    ("status", OneOf(&["0", "1"]), "1 for connected ones, 0 for the others."),
    ("search", Text, "Found anywhere in a name, GUID or tag."),
    (
        "sort",
        OneOf(&[
            "guid",
            "name",
            "hostname",
            "friendlyName",
            "lastConnected",
            "lastSeen",
            "connectionStatus",
            "-guid",
            "-name",
            "-hostname",
            "-friendlyName",
            "-lastConnected",
            "-lastSeen",
            "-connectionStatus",
        ]),
        "What the list is sorted by, downwards after a minus.",
    ),
];

const AUDIT: [Parameter; 10] = [
    ("$top", Number, "Rows of a page; 100 when not said, 10000 at most."),
    ("$skip", Number, "Rows before the page."),
    ("$count", Flag, "Answer with the number of all that fit beside the page."),
    ("after", Number, "Rows after this number, the oldest first."),
    ("actor", Text, "Who."),
    ("action", Text, "What, for example power.off."),
    ("device", Text, "GUID of a device."),
    ("result", OneOf(&["intent", "done", "failed", "unknown"]), "How it ended."),
    ("since", Time, "Not before."),
    ("until", Time, "Not after."),
];

const EVENTS: [Parameter; 4] = [
    ("type", Text, "Types or families of types, with commas between them."),
    ("device", Text, "About this device only."),
    ("since", Text, "After the event with this number, or from this time on."),
    ("limit", Number, "Records of a list; 1000 when not said."),
];

pub(super) fn operations() -> Vec<Operation> {
    let mut all = devices();
    all.extend(many_and_unclaimed());
    all.extend(connections());
    all.extend(server());
    all.extend(certificates());
    all.extend(enrollment());
    all.extend(secrets());
    all
}

fn claim(path: &'static str, summary: &'static str) -> Operation {
    post(path, summary)
        .may_take(Made(Schemas::taken::<Claim>))
        .gives(200, Made(Schemas::shown::<WrittenDevice>))
}

fn block(path: &'static str) -> Operation {
    post(path, "Turns a device away from now on, and ends its tunnel.")
        .gives(200, Made(Schemas::shown::<Device>))
}

fn devices() -> Vec<Operation> {
    let list =
        || Either(vec![Made(Schemas::shown::<Vec<Device>>), Made(Schemas::shown::<DevicePage>)]);
    vec![
        get("/api/v1/devices", "Devices: filtered, sorted, page by page.")
            .query(&DEVICES)
            .gives(200, list()),
        post("/api/v1/devices", "Adds a device, or merges into the one with this GUID.")
            .takes(Made(Schemas::taken::<NewDevice>))
            .gives(200, Made(Schemas::shown::<Device>))
            .gives(201, Made(Schemas::shown::<WrittenDevice>))
            .refused(&[409]),
        patch("/api/v1/devices", "Merges into a known device.")
            .takes(Made(Schemas::taken::<NewDevice>))
            .gives(200, Made(Schemas::shown::<Device>))
            .refused(&[404, 409]),
        get("/api/v1/devices/stats", "How many devices there are.")
            .gives(200, Made(Schemas::shown::<DeviceStats>)),
        get("/api/v1/devices/tags", "Every tag once.")
            .gives(200, Made(Schemas::shown::<BTreeSet<String>>)),
        get(
            "/api/v1/devices/{device}",
            "A device; nothing when provisioning asks for one of another tenant.",
        )
        .gives(200, Made(Schemas::shown::<Device>))
        .gives_nothing(204),
        patch("/api/v1/devices/{device}", "Changes name, domain name and labels.")
            .takes(Made(Schemas::taken::<DevicePatch>))
            .gives(200, Made(Schemas::shown::<Device>)),
        delete("/api/v1/devices/{device}", "Forgets a device and ends its tunnel.")
            .query(&[(
                "isSecretToBeDeleted",
                Flag,
                "What provisioning keeps among the secrets goes with it.",
            )])
            .gives_nothing(204),
        claim("/api/v1/devices/{device}/approve", "Lets a blocked device in again."),
        block("/api/v1/devices/{device}/block"),
        get("/api/v1/devices/{device}/why-offline", "Why a device is away, and what to try.")
            .gives(200, Made(Schemas::shown::<WhyOffline>)),
        get(
            "/api/v1/devices/{device}/availability",
            "When a device was connected, and what ended each of its tunnels.",
        )
        .query(&[("range", OneOf(&["24h", "7d", "30d"]), "How far back; 24h when not said.")])
        .gives(200, Made(Schemas::shown::<Availability>)),
        post("/api/v1/devices/{device}/why-offline", "The same, with the log that the PC keeps.")
            .takes(Bytes("application/octet-stream"))
            .gives(200, Made(Schemas::shown::<WhyOffline>)),
    ]
}

fn many_and_unclaimed() -> Vec<Operation> {
    vec![
        get("/api/v1/exports", "All devices, their credentials sealed.")
            .gives(200, Made(Schemas::taken::<Vec<PortableDevice>>)),
        post("/api/v1/imports", "Adds many devices and says of each what became of it.")
            .takes(Made(Schemas::taken::<Vec<PortableDevice>>))
            .gives(200, Made(Schemas::shown::<Vec<ImportOutcome>>)),
        post("/api/v1/imports/check", "Says what would become of each; nothing is kept.")
            .takes(Made(Schemas::taken::<Vec<PortableDevice>>))
            .gives(200, Made(Schemas::shown::<Vec<ImportOutcome>>)),
        get(
            "/api/v1/attempts",
            "Attempts to dial in that failed in the last seven days, by address, each with its cause.",
        )
        .query(&[("address", Text, "Of this IP address only.")])
        .gives(200, Made(Schemas::shown::<Vec<FailedAttempt>>))
        .refused(&[400]),
        get("/api/v1/unclaimed", "Devices that knocked and that nobody has added.")
            .gives(200, Made(Schemas::shown::<Vec<Unclaimed>>)),
        delete("/api/v1/unclaimed/{guid}", "Forgets that it knocked.").gives_nothing(204),
        claim("/api/v1/unclaimed/{device}/approve", "Takes a device in that knocked."),
        block("/api/v1/unclaimed/{device}/block"),
        post("/api/v1/unclaimed/{device}/ignore", "It may knock on, and nobody hears of it.")
            .gives_nothing(204),
        delete("/api/v1/unclaimed/{device}/ignore", "It is shown among the others again.")
            .gives_nothing(204),
    ]
}

fn connections() -> Vec<Operation> {
    vec![
        delete("/api/v1/devices/disconnect/{device}", "Ends a device's tunnel; it dials in again.")
            .gives(200, Named("Done")),
        delete("/api/v1/devices/refresh/{device}", "The credentials in store count from here on.")
            .gives(200, Named("Done")),
        get(
            "/api/v1/devices/redirectstatus/{device}",
            "Whether screen, console or drive are in use.",
        )
        .gives(200, Named("RedirectStatus")),
        get("/api/v1/tunnels", "Live tunnels, the oldest first.")
            .gives(200, Made(Schemas::shown::<Vec<Tunnel>>)),
        delete("/api/v1/tunnels/{id}", "Ends this tunnel.").gives_nothing(204),
        get("/api/v1/devices/{device}/connect/{port}", "A byte stream to a port of a device.")
            .gives_nothing(101)
            .refused(&[403, 426]),
        get("/api/v1/redirections", "Screens, serial consoles and drives in use.")
            .gives(200, Made(Schemas::shown::<Vec<Redirection>>)),
        delete("/api/v1/redirections/{id}", "Ends one.").gives_nothing(204),
        post(
            "/api/v1/redirections/{id}/ask",
            "Tells whoever has it that one would like to have it.",
        )
        .gives_nothing(204),
        post(
            "/api/v1/redirections/{id}/keep",
            "Tells those who asked for what one has that one keeps it.",
        )
        .gives_nothing(204),
        post(
            "/api/v1/redirections/{id}/watch",
            "Begins to watch a screen; whoever has it is told.",
        )
        .gives_nothing(204)
        .refused(&[400, 409]),
        get("/api/v1/redirections/{id}/picture", "The last picture for those who watch.")
            .gives(200, Bytes("image/jpeg"))
            .gives_nothing(204)
            .refused(&[400]),
        put(
            "/api/v1/redirections/{id}/picture",
            "What one's own console shows, for those who watch.",
        )
        .takes(Bytes("image/jpeg"))
        .gives(200, Made(Schemas::shown::<Watchers>))
        .refused(&[400, 403, 413]),
        post("/api/v1/redirections/tickets", "The right to open one redirection, once, soon.")
            .takes(Made(Schemas::taken::<NewTicket>))
            .gives(201, Made(Schemas::shown::<Ticket>))
            .refused(&[404, 409]),
        relay("/relay/webrelay.ashx"),
        relay("/ws/relay/webrelay.ashx"),
    ]
}

fn relay(path: &'static str) -> Operation {
    get(path, "A WebSocket to a device's screen, serial console, drive or WS-Man port.")
        .query(&[
            ("p", OneOf(&["1", "2"]), "1 WS-Man, 2 redirection."),
            ("host", Text, "GUID of the device."),
            ("port", Number, "16992, 16994, 16995 or 5900."),
            ("tls", OneOf(&["0", "1"]), "Whether TLS is spoken inside."),
            ("mode", OneOf(&["kvm", "sol", "ider", "wsman"]), "What it is for."),
        ])
        .gives_nothing(101)
        .refused(&[401, 403, 426])
}

fn server() -> Vec<Operation> {
    let page = || Bytes("text/html");
    let setup = |path| {
        post(path, "Makes the first user with the one-time link.")
            .takes(Made(Schemas::taken::<viaduct_api::SetUp>))
            .gives_nothing(201)
            .refused(&[403])
    };
    let form = |path| {
        get(path, "The form for the first user.")
            .query(&[("secret", Text, "The secret of the link.")])
            .gives(200, page())
            .gives(410, page())
    };
    vec![
        get(super::PATH, "This document.").gives(200, Named("Anything")),
        get("/api/v1/health", "Whether the server can keep what happens.")
            .gives(200, Named("Health"))
            .gives(503, Named("Health")),
        get("/api/v1/version", "The server's version.").gives(200, Made(Schemas::shown::<Version>)),
        get("/api/v1/status", "The server at a glance.").gives(200, Made(Schemas::shown::<Status>)),
        get("/api/v1/stats/history", "How the fleet was, for charts.")
            .query(&[("range", OneOf(&["hour", "week"]), "How far back.")])
            .gives(200, Made(Schemas::shown::<History>)),
        get("/api/v1/stats/availability", "The last 24 hours of all devices, hour by hour.")
            .gives(200, Made(Schemas::shown::<Vec<DeviceAvailability>>)),
        get("/api/v1/stats/health", "Facts about the server, each with a verdict.")
            .gives(200, Made(Schemas::shown::<Vec<HealthCheck>>)),
        get("/api/v1/support-bundle", "For whoever helps from outside, without names and secrets.")
            .gives(200, Made(Schemas::shown::<SupportBundle>)),
        get("/api/v1/config", "The configuration in effect, without secrets.")
            .gives(200, Made(Schemas::shown::<EffectiveConfig>)),
        get(
            "/api/v1/events",
            "What happens, as server-sent events or, when asked for JSON, as a list.",
        )
        .query(&EVENTS)
        .gives(200, Made(Schemas::shown::<Vec<Event>>))
        .refused(&[404, 409]),
        get("/api/v1/audit", "Who did what, the newest first.").query(&AUDIT).gives(
            200,
            Either(vec![
                Made(Schemas::shown::<Vec<AuditEntry>>),
                Made(Schemas::shown::<AuditPage>),
            ]),
        ),
        get("/api/v1/audit/verify", "Whether the audit log is as it was written.")
            .gives(200, Made(Schemas::shown::<AuditReport>)),
        get("/api/v1/audit/export", "All of it, one JSON object a line, the oldest first.")
            .gives(200, Bytes("application/x-ndjson")),
        form("/api/v1/setup"),
        setup("/api/v1/setup"),
        form("/setup"),
        setup("/setup"),
        get("/", "The dashboard.").gives(200, page()),
    ]
}

fn certificates() -> Vec<Operation> {
    let status = || Made(Schemas::shown::<RotationStatus>);
    vec![
        get("/api/v1/ciracert", "The root that devices are to trust, PEM.")
            .gives(200, Bytes("text/plain")),
        get("/api/v1/certificates", "Certificates in use.")
            .gives(200, Made(Schemas::shown::<Vec<CertificateInfo>>)),
        post("/api/v1/certificates/reload", "Reads the files again.")
            .gives(200, Made(Schemas::shown::<Reloaded>))
            .refused(&[409]),
        get("/api/v1/certificates/rotation", "How far a new root or name is.").gives(200, status()),
        post("/api/v1/certificates/rotation", "Brings a new root or name to the devices.")
            .may_take(Made(Schemas::taken::<RotationPush>))
            .gives(200, status())
            .refused(&[409]),
        delete("/api/v1/certificates/rotation", "Gives it up.")
            .gives(200, status())
            .refused(&[409]),
        post("/api/v1/certificates/rotation/activate", "Uses it from now on.")
            .may_take(Made(Schemas::taken::<RotationActivate>))
            .gives(200, Made(Schemas::shown::<RotationActivated>))
            .refused(&[409]),
    ]
}

fn enrollment() -> Vec<Operation> {
    let job = || Made(Schemas::shown::<Enrollment>);
    vec![
        get("/api/v1/enroll", "Jobs that make PCs dial in, the latest first.")
            .gives(200, Made(Schemas::shown::<Vec<Enrollment>>)),
        post("/api/v1/enroll", "Begins one.")
            .takes(Made(Schemas::taken::<NewEnrollment>))
            .gives(202, job())
            .refused(&[409]),
        post(
            "/api/v1/enroll/scripts",
            "What to run on a PC that this server cannot reach; changes nothing.",
        )
        .takes(Made(Schemas::taken::<NewEnrollScripts>))
        .gives(200, Made(Schemas::shown::<EnrollScripts>)),
        get("/api/v1/enroll/{id}", "How far one is.").gives(200, job()),
        delete("/api/v1/enroll/{id}", "Stops one.").gives(200, job()),
        post("/api/v1/enroll/{id}/resume", "Begins one for what is left of one that broke off.")
            .may_take(Made(Schemas::taken::<ResumeEnrollment>))
            .gives(202, job()),
        get("/api/v1/remote-access/{device}", "Remote access as the device keeps it.")
            .gives(200, Made(Schemas::shown::<RemoteAccess>))
            .of_device(),
        patch("/api/v1/remote-access/{device}", "Changes it, over the tunnel.")
            .takes(Made(Schemas::taken::<RemoteAccessChange>))
            .gives(200, Made(Schemas::shown::<RemoteAccessChanged>))
            .of_device(),
        get("/api/v1/wsman/{device}", "Reads or lists a class; further parameters are keys.")
            .query(&[
                ("class", Text, "A class whose name begins with AMT_, CIM_ or IPS_."),
                ("operation", OneOf(&["get", "enumerate", "identify"]), "get when not said."),
            ])
            .gives(200, Named("Anything"))
            .of_device(),
        post(
            "/api/v1/wsman/{device}",
            "A request in JSON, or an envelope as application/soap+xml.",
        )
        .takes(Made(Schemas::taken::<wsman::Wish>))
        .gives(200, Named("Anything"))
        .of_device(),
    ]
}

/// The store of secrets in the shape of Vault's KV v2, with one or two parts in a name.
fn secrets() -> Vec<Operation> {
    const LIST: Parameter = ("list", OneOf(&["true"]), "Names under the path.");
    const VERSION: Parameter = ("version", Number, "0 or the newest; older ones are not kept.");
    let mut all = vec![
        get("/v1/sys/health", "Whether the store is open.").gives(200, Named("SecretsHealth")),
    ];
    let paths = [
        ("/v1/secret/data/{name}", "/v1/secret/metadata/{name}"),
        ("/v1/secret/data/{kind}/{name}", "/v1/secret/metadata/{kind}/{name}"),
    ];
    for (data, metadata) in paths {
        let write = || Made(Schemas::taken::<kv::Write>);
        all.extend([
            get(metadata, "What is known of a secret, or names under a path.")
                .query(&[LIST])
                .gives(200, Named("SecretsAnswer"))
                .gives(404, Named("SecretsErrors")),
            get(data, "Reads a secret.")
                .query(&[VERSION])
                .gives(200, Named("SecretsAnswer"))
                .gives(404, Named("SecretsErrors")),
            post(data, "Writes a secret.").takes(write()).gives(200, Named("SecretsAnswer")),
            put(data, "Writes a secret.").takes(write()).gives(200, Named("SecretsAnswer")),
            delete(data, "Removes a secret.").gives_nothing(204),
            delete(metadata, "Removes a secret.").gives_nothing(204),
        ]);
    }
    all
}
