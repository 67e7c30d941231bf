//! What a job wants, checked before any PC is dialled.

use super::{Parts, fault};
use crate::{
    config::Profile,
    tls::{RootCertificate, read_roots},
};
use amt::remote_access::{
    InfoFormat, Inside, NewMps, Version, WantedPolicy, never_matching, trigger_list,
};
use std::net::IpAddr;
use viaduct_api::{CertificateTrust, Code, EnrollTarget, NewEnrollment, Problem};

const TRIGGERS: &str = "user,periodic=25s,alert";
const MPS_MAX: usize = 2;

/// An MPS as it is named in a wish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) host: String,
    pub(crate) port: Option<u16>,
    pub(crate) common_name: Option<String>,
}

/// A checked job.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) targets: Vec<EnrollTarget>,
    pub(super) places: Vec<Place>,
    pub(super) policies: Vec<WantedPolicy>,
    pub(super) roots: Vec<RootCertificate>,
    pub(super) dry_run: bool,
    pub(super) remove: bool,
    pub(super) new_credential: bool,
    pub(super) trust: CertificateTrust,
    inside: Vec<String>,
    user: String,
    password: Option<String>,
}

impl Wanted {
    pub(super) fn of(wish: NewEnrollment, parts: &Parts) -> Result<Self, Problem> {
        check_targets(&wish)?;
        let triggers = wish.triggers.as_deref().unwrap_or(TRIGGERS);
        let policies = trigger_list(triggers).map_err(|error| fault::bad(error.to_string()))?;
        if policies.is_empty() && !wish.remove {
            return Err(fault::bad("no trigger is given, so no PC would ever dial in"));
        }
        if wish.mps.len() > MPS_MAX {
            let given = wish.mps.len();
            return Err(fault::bad(format!("a policy takes at most {MPS_MAX} MPS, not {given}")));
        }
        let places = wish.mps.iter().map(|text| place(text)).collect::<Result<_, _>>()?;
        let mut roots = own_roots(parts)?;
        for pem in &wish.roots {
            roots.extend(read_roots(pem).map_err(|why| fault::bad(format!("root: {why}")))?);
        }
        if wish.roots.is_empty() && !parts.cira.certificates.is_empty() {
            return Err(fault::bad(
                "this server shows devices certificates of its own files ([cira] certificates), not of its own CA; give the root of those",
            )
            .with_next("Add --root FILE with the root that the configured certificates chain to."));
        }
        Ok(Self {
            targets: wish.devices,
            places,
            policies,
            roots,
            dry_run: wish.dry_run,
            remove: wish.remove,
            new_credential: wish.new_credential,
            trust: wish.certificate,
            inside: wish.inside,
            user: wish.amt_user.unwrap_or_else(|| "admin".to_owned()),
            password: wish.amt_password,
        })
    }

    /// User and password of a PC's AMT.
    pub(super) fn account(&self, target: &EnrollTarget) -> (String, String) {
        let user = target.amt_user.as_ref().unwrap_or(&self.user);
        let password = target.amt_password.as_ref().or(self.password.as_ref());
        (user.clone(), password.cloned().unwrap_or_default())
    }

    /// Where the PC shall be at home.
    pub(super) fn inside(&self) -> Result<Inside, Problem> {
        if !self.inside.is_empty() {
            return Ok(Inside::Under(self.inside.clone()));
        }
        nowhere()
    }

    /// The servers for a PC of this firmware, without a credential yet.
    pub(super) fn servers(
        &self,
        parts: &Parts,
        version: Option<&Version>,
    ) -> Result<Vec<NewMps>, Problem> {
        let own = own_place(parts, version)?;
        if self.places.is_empty() {
            return Ok(vec![own]);
        }
        check_names(&self.places, parts)?;
        Ok(self.places.iter().map(|place| complete(place, &own, parts)).collect())
    }
}

/// The servers that are named, without a credential yet.
pub(crate) fn servers_at(
    parts: &Parts,
    texts: &[String],
    version: Option<&Version>,
) -> Result<Vec<NewMps>, Problem> {
    let own = own_place(parts, version)?;
    texts.iter().map(|text| Ok(complete(&place(text)?, &own, parts))).collect()
}

/// At home nowhere, with a fresh suffix.
pub(crate) fn nowhere() -> Result<Inside, Problem> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(|error| {
        Problem::new(Code::Internal, format!("the system gives no random numbers: {error}"))
    })?;
    Ok(Inside::Nowhere(never_matching(random)))
}

fn check_targets(wish: &NewEnrollment) -> Result<(), Problem> {
    let given = wish.devices.len();
    if given == 0 || given > super::TARGETS_MAX {
        let most = super::TARGETS_MAX;
        return Err(fault::bad(format!("1 to {most} PCs can be enrolled at once, not {given}")));
    }
    for (index, target) in wish.devices.iter().enumerate() {
        let address = target.address.trim();
        if !is_host(address) {
            return Err(fault::bad(format!(
                "`{address}` is no IP address and no host name; the port is always AMT's own, 16993 or 16992"
            )));
        }
        let same = |other: &EnrollTarget| other.address.eq_ignore_ascii_case(address);
        if wish.devices.iter().take(index).any(same) {
            return Err(fault::bad(format!("{address} is named twice")));
        }
        let password = target.amt_password.as_ref().or(wish.amt_password.as_ref());
        if password.is_none_or(String::is_empty) {
            return Err(fault::bad(format!("the AMT password of {address} is missing")));
        }
        let hex = |text: &str| text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
        if target.fingerprint.as_deref().is_some_and(|text| !hex(text)) {
            return Err(fault::bad(format!("the fingerprint for {address} is no SHA-256 in hex")));
        }
    }
    Ok(())
}

fn is_host(text: &str) -> bool {
    text.parse::<IpAddr>().is_ok() || crate::config::is_dns_name(text)
}

/// Reads `HOST[:PORT][=COMMON-NAME]`; an IPv6 address with a port stands in brackets.
pub(crate) fn place(text: &str) -> Result<Place, Problem> {
    let bad =
        || fault::bad(format!("`{text}` is no MPS; HOST, HOST:PORT or HOST:PORT=COMMON-NAME is"));
    let (place, common_name) = match text.split_once('=') {
        Some((place, name)) if !name.is_empty() => (place, Some(name.to_owned())),
        Some(_) => return Err(bad()),
        None => (text, None),
    };
    let (host, port) = match place.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, "")) => (host, None),
        Some((host, port)) => (host, Some(port.strip_prefix(':').ok_or_else(bad)?)),
        None if place.parse::<IpAddr>().is_ok() => (place, None),
        None => match place.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (place, None),
        },
    };
    let port = port.map(str::parse::<u16>).transpose().map_err(|_| bad())?;
    if !is_host(host) || port == Some(0) {
        return Err(bad());
    }
    Ok(Place { host: host.to_owned(), port, common_name })
}

/// This server as a PC of that firmware reaches it. The credential is empty.
pub(super) fn own_place(parts: &Parts, version: Option<&Version>) -> Result<NewMps, Problem> {
    let host = parts.certificates.names().first().cloned().unwrap_or_default();
    let legacy = version.is_some_and(Version::needs_legacy_tls);
    let port = listener_port(parts, legacy).ok_or_else(|| {
        let text = version.map(ToString::to_string).unwrap_or_default();
        Problem::new(
            Code::TlsMismatch,
            format!("AMT {text} dials in with TLS 1.1 at most, and this server has no listener for that"),
        )
        .with_next(
            "Add one to viaduct.toml: [[cira.extra]] with listen = \"[::]:4434\" and profile = \"legacy\"; then run it again. Or update the firmware.",
        )
    })?;
    let common_name = Some(common_name(parts));
    Ok(NewMps { address: host, port, common_name, user: String::new(), password: String::new() })
}

/// The port of the listener for devices whose TLS is old, or of the main one.
fn listener_port(parts: &Parts, legacy: bool) -> Option<u16> {
    let ports = &parts.addresses.cira;
    if !legacy || parts.cira.profile == Profile::Legacy {
        return ports.first().map(std::net::SocketAddr::port);
    }
    let at = parts.cira.extra.iter().position(|e| e.tls && e.profile == Profile::Legacy)?;
    ports.get(at + 1).map(std::net::SocketAddr::port)
}

/// The common name of the certificate that devices are shown.
fn common_name(parts: &Parts) -> String {
    let shown = parts.certificates.show();
    let cira = shown.iter().find(|certificate| certificate.listener == "cira");
    cira.and_then(|certificate| certificate.names.first().cloned()).unwrap_or_default()
}

/// A place with what was not said: this server's port, and the name that its certificate has.
///
/// At an address firmware compares the certificate's common name with the one it was given, never with the address
/// (AMT SDK, AddMpServer, parameter `CN`), and with this server's root it will find no other certificate there.
fn complete(place: &Place, own: &NewMps, parts: &Parts) -> NewMps {
    let is_address = InfoFormat::of(&place.host) != InfoFormat::Fqdn;
    let is_own = is_address || is_own_name(&place.host, parts);
    let name = place.common_name.clone().or_else(|| own.common_name.clone().filter(|_| is_own));
    NewMps {
        address: place.host.clone(),
        port: place.port.unwrap_or(if is_own { own.port } else { 4433 }),
        common_name: name,
        ..own.clone()
    }
}

fn is_own_name(host: &str, parts: &Parts) -> bool {
    parts.certificates.names().iter().any(|name| name.eq_ignore_ascii_case(host))
}

/// A PC that is sent only to names which no certificate of this server has will hang up on it, each time.
fn check_names(places: &[Place], parts: &Parts) -> Result<(), Problem> {
    let may_come = |place: &Place| {
        place.common_name.is_some()
            || InfoFormat::of(&place.host) != InfoFormat::Fqdn
            || is_own_name(&place.host, parts)
    };
    let Some(first) = places.first().filter(|_| !places.iter().any(may_come)) else {
        return Ok(());
    };
    let host = &first.host;
    let names = parts.certificates.names().join(", ");
    Err(fault::bad(format!(
        "PCs would refuse this server under the name `{host}`: its certificate is for {names}"
    ))
    .with_next(format!(
        "Add \"{host}\" to names in [cira] of viaduct.toml and start again, or give one of those names. When another certificate is shown there, say its common name: {host}=NAME."
    )))
}

/// Every address and port under which devices may have been told to reach this server.
pub(crate) fn own_places(parts: &Parts) -> Vec<(String, u16)> {
    let ports: Vec<u16> = parts.addresses.cira.iter().map(std::net::SocketAddr::port).collect();
    let names = parts.certificates.names().iter();
    names.flat_map(|name| ports.iter().map(|port| (name.clone(), *port))).collect()
}

/// The root that devices are to trust so that they find this server.
pub(crate) fn own_roots(parts: &Parts) -> Result<Vec<RootCertificate>, Problem> {
    if !parts.cira.certificates.is_empty() {
        return Ok(Vec::new());
    }
    let unreadable = |why: String| Problem::new(Code::Internal, format!("the root: {why}"));
    let pem = parts.certificates.root_pem().map_err(|error| unreadable(error.to_string()))?;
    let mut roots = read_roots(&pem).map_err(unreadable)?;
    // A PC that is enrolled while another root waits gets both, so that it is not lost when that one is used.
    let next = parts.certificates.next_root().map_err(|error| unreadable(error.to_string()))?;
    roots.extend(next);
    Ok(roots)
}

#[cfg(test)]
mod tests {
    use super::{Place, place};

    fn read(text: &str) -> Option<(String, Option<u16>, Option<String>)> {
        place(text).ok().map(|Place { host, port, common_name }| (host, port, common_name))
    }

    #[test]
    fn an_mps_is_a_host_with_a_port_and_a_common_name_if_wanted() {
        let some = |host: &str, port, name: Option<&str>| {
            Some((host.to_owned(), port, name.map(str::to_owned)))
        };
        assert_eq!(read("mps.example"), some("mps.example", None, None));
        assert_eq!(read("192.0.2.7:4434"), some("192.0.2.7", Some(4434), None));
        assert_eq!(read("192.0.2.7:4434=mps"), some("192.0.2.7", Some(4434), Some("mps")));
        assert_eq!(read("2001:db8::7"), some("2001:db8::7", None, None));
        assert_eq!(read("[2001:db8::7]:1=m"), some("2001:db8::7", Some(1), Some("m")));
        for bad in ["", "a b", "mps:0", "mps:x", "mps=", "[::1]x", "https://mps", "mps:1:2"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
