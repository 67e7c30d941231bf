//! Those laws of ARCHITECTURE.md that can be seen in the names a file uses.

use super::{Finding, source::File};

/// Names that stand in one place only, or nowhere, within a part of the sources.
struct Law {
    /// Where the law holds.
    within: &'static [&'static str],
    /// Files and directories below it where the names may stand.
    except: &'static [&'static str],
    names: &'static [&'static str],
    why: &'static str,
    advice: &'static str,
}

const SERVER: &str = "crates/viaduct-server/src/";

const LAWS: [Law; 6] = [
    Law {
        within: &["crates/apf/src/", "crates/amt/src/"],
        except: &[],
        names: &[
            "std::net",
            "core::net",
            "std::fs",
            "std::env",
            "std::thread",
            "std::process",
            "tokio",
            "Instant::now",
            "SystemTime",
            "now_utc",
            "now_local",
        ],
        why: "protocol crates do no I/O, read no clock and spawn nothing (law 1)",
        advice: "take the bytes or the time as an argument",
    },
    Law {
        within: &[SERVER],
        except: &["config.rs", "config/"],
        names: &["std::env", "env::var", "env::vars", "env!("],
        why: "only config reads environment and settings (law 11)",
        advice: "add a field to the configuration",
    },
    Law {
        within: &[SERVER],
        except: &["tls.rs", "tls/"],
        names: &["openssl", "tokio_openssl", "rustls", "tokio_rustls", "aws_lc_rs"],
        why: "only tls/ names the TLS library (law 11)",
        advice: "go through what tls/ offers",
    },
    Law {
        within: &[SERVER],
        except: &[
            "api.rs",
            "api/",
            "events/sink/",
            "fetch.rs",
            "gateway.rs",
            "gateway/",
            "metrics.rs",
            "metrics/",
            "vault/",
        ],
        names: &["StatusCode"],
        why: "only the HTTP edges know status codes (law 11)",
        advice: "return a domain error and let the edge translate it",
    },
    Law {
        within: &["crates/viaduct-server/src/gateway"],
        except: &[],
        names: &[
            "TcpStream::connect",
            "TcpSocket",
            "UdpSocket",
            "UnixStream::connect",
            "lookup_host",
            "ToSocketAddrs",
            "to_socket_addrs",
            "getaddrinfo",
            "socket2",
            "HttpConnector",
        ],
        why: "we never dial an address that a console names (law 9)",
        advice: "open a channel of a tunnel",
    },
    Law {
        within: &[
            "crates/viaduct-server/src/enroll/",
            "crates/viaduct-server/src/command/",
            "crates/viaduct-server/src/remote_access/",
        ],
        except: &["lan.rs"],
        names: &["TcpStream::connect", "TcpSocket", "lookup_host", "ToSocketAddrs"],
        why: "one file dials PCs (law 9)",
        advice: "go through enroll/lan.rs, or through a tunnel",
    },
];

pub(super) fn check(file: &File, findings: &mut Vec<Finding>) {
    if !file.is_rust() {
        return;
    }
    for law in LAWS.iter().filter(|law| law.holds_in(&file.path)) {
        for (number, line) in file.code() {
            if let Some(name) = law.names.iter().find(|name| names(line, name)) {
                findings.push(Finding::error(
                    "laws",
                    &file.path,
                    number,
                    format!("`{name}`; {}; {}", law.why, law.advice),
                ));
            }
        }
    }
}

impl Law {
    fn holds_in(&self, path: &str) -> bool {
        let below = self.within.iter().find_map(|place| path.strip_prefix(place));
        below.is_some_and(|rest| !self.except.iter().any(|place| rest.starts_with(place)))
    }
}

/// Whether the line uses the name as a path, not as a part of a longer word. A string such as
/// `"openssl"` is no use of it.
fn names(line: &str, name: &str) -> bool {
    let part_of_word = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(name).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + name.len()..].chars().next();
        let open_string = line[..at].matches('"').count() % 2 == 1;
        !before.is_some_and(part_of_word)
            && (name.ends_with('(') || !after.is_some_and(part_of_word))
            && !open_string
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken(path: &str, text: &str) -> Vec<String> {
        let mut findings = Vec::new();
        check(&File { path: path.into(), text: text.into() }, &mut findings);
        findings.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn protocol_crates_touch_no_world() {
        for code in ["use std::net::IpAddr;", "tokio::spawn(x)", "let t = Instant::now();"] {
            assert_eq!(broken("crates/apf/src/a.rs", code).len(), 1, "{code}");
            assert_eq!(broken("crates/amt/src/a/b.rs", code).len(), 1, "{code}");
            assert_eq!(broken("crates/amt-sim/src/a.rs", code), [""; 0], "{code}");
        }
        assert_eq!(broken("crates/apf/src/a.rs", "// tokio drives it\nlet a = 1;"), [""; 0]);
    }

    #[test]
    fn what_one_module_may_name_the_others_may_not() {
        for (code, home) in [
            ("std::env::var(\"A\")", "config/mod.rs"),
            ("use openssl::ssl::Ssl;", "tls/profile.rs"),
            ("tokio_rustls::TlsAcceptor", "tls/web.rs"),
            ("StatusCode::NOT_FOUND", "api/error.rs"),
            ("StatusCode::NOT_FOUND", "gateway/http_proxy.rs"),
            ("StatusCode::OK", "metrics.rs"),
        ] {
            assert_eq!(broken(&format!("{SERVER}{home}"), code), [""; 0], "{code}");
            assert_eq!(broken(&format!("{SERVER}registry.rs"), code).len(), 1, "{code}");
        }
    }

    #[test]
    fn the_gateway_dials_nobody_but_its_tests_may() {
        let code = "TcpStream::connect(target)";
        assert_eq!(broken(&format!("{SERVER}gateway/socks5.rs"), code).len(), 1);
        assert_eq!(broken(&format!("{SERVER}gateway.rs"), code).len(), 1);
        let test = format!("//! A.\n#[cfg(test)]\nmod tests {{\n{code}\n}}\n");
        assert_eq!(broken(&format!("{SERVER}gateway/socks5.rs"), &test), [""; 0]);
        assert_eq!(broken(&format!("{SERVER}cluster/link.rs"), code), [""; 0]);
    }

    #[test]
    fn one_file_dials_pcs() {
        let code = "TcpStream::connect(address)";
        assert_eq!(broken(&format!("{SERVER}enroll/run.rs"), code).len(), 1);
        assert_eq!(broken(&format!("{SERVER}enroll/lan.rs"), code), [""; 0]);
    }

    #[test]
    fn a_word_in_a_string_is_no_use_of_the_library() {
        assert_eq!(broken(&format!("{SERVER}registry.rs"), "say(\"openssl s_client\")"), [""; 0]);
    }
}
