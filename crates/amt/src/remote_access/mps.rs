//! Entries of the table of management presence servers, and new ones.

use super::step::Call;
use crate::wsman::{Instance, Operation, Properties, Reference, Target};
use std::fmt;

/// Longest address (`AddMpServer`, `AccessInfo`).
const ADDRESS_MAX: usize = 256;
/// Longest user and password that newer firmware takes; the first generations take 16 of each.
const LOGIN_MAX: usize = 64;
const USER_AND_PASSWORD: u32 = 2;

/// How an address is written (`InfoFormat`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum InfoFormat {
    /// 3: an IPv4 address.
    Ipv4,
    /// 4: an IPv6 address.
    Ipv6,
    /// 201: a fully qualified domain name.
    Fqdn,
}

impl InfoFormat {
    /// The format of an address: a colon makes IPv6, digits and dots alone IPv4.
    #[must_use]
    pub fn of(address: &str) -> Self {
        if address.contains(':') {
            Self::Ipv6
        } else if address.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
            Self::Ipv4
        } else {
            Self::Fqdn
        }
    }

    /// The number on the wire.
    #[must_use]
    pub const fn number(self) -> u32 {
        match self {
            Self::Ipv4 => 3,
            Self::Ipv6 => 4,
            Self::Fqdn => 201,
        }
    }
}

/// A management presence server that a platform knows (`AMT_ManagementPresenceRemoteSAP`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MpsEntry {
    /// Its key, `Intel(r) AMT:Management Presence Server N`.
    pub name: String,
    /// Where it dials.
    pub address: String,
    /// The port.
    pub port: u16,
    /// The common name it expects in the server's certificate, when the address is an IP.
    pub common_name: Option<String>,
    /// How to refer to it.
    pub reference: Reference,
}

impl MpsEntry {
    pub(super) fn read(instance: &Instance) -> Option<Self> {
        let text = |name| instance.text(name).map(str::trim).filter(|t| !t.is_empty());
        let name = text("Name")?.to_owned();
        Some(Self {
            reference: keyed(instance, "Name", &name),
            address: text("AccessInfo")?.to_owned(),
            port: text("Port")?.parse().ok()?,
            common_name: text("CN").map(str::to_owned),
            name,
        })
    }

    /// Whether it leads there.
    #[must_use]
    pub fn is_at(&self, address: &str, port: u16) -> bool {
        self.port == port && self.address.eq_ignore_ascii_case(address)
    }
}

impl fmt::Display for MpsEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_place(f, &self.address, self.port)
    }
}

fn write_place(f: &mut fmt::Formatter<'_>, address: &str, port: u16) -> fmt::Result {
    if address.contains(':') {
        return write!(f, "[{address}]:{port}");
    }
    write!(f, "{address}:{port}")
}

/// The reference to an instance of a class whose keys are the four that CIM services have.
pub(super) fn keyed(instance: &Instance, key: &str, value: &str) -> Reference {
    let or = |name: &str, otherwise: &str| {
        (name.to_owned(), instance.text(name).unwrap_or(otherwise).into())
    };
    let class = instance.resource.class_name();
    let selectors: Properties = vec![
        or("CreationClassName", class),
        (key.to_owned(), value.into()),
        or("SystemCreationClassName", "CIM_ComputerSystem"),
        or("SystemName", "Intel(r) AMT"),
    ];
    Reference { resource: instance.resource.clone(), selectors }
}

/// A user with which the platform signs in (`AMT_MPSUsernamePassword`); the password cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MpsLogin {
    /// Its key, `Intel(r) AMT:MPS Username Password N`.
    pub name: String,
    /// The user.
    pub user: String,
}

impl MpsLogin {
    pub(super) fn read(instance: &Instance) -> Option<Self> {
        Some(Self {
            name: instance.text("InstanceID")?.trim().to_owned(),
            user: instance.text("RemoteID").unwrap_or_default().trim().to_owned(),
        })
    }
}

/// A server to add, with the credential for it.
#[derive(Clone, PartialEq, Eq)]
pub struct NewMps {
    /// IP address or fully qualified name.
    pub address: String,
    /// The port, usually 4433.
    pub port: u16,
    /// The common name of the server's certificate; needed when the address is an IP.
    pub common_name: Option<String>,
    /// User.
    pub user: String,
    /// Password.
    pub password: String,
}

impl fmt::Debug for NewMps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewMps")
            .field("address", &self.address)
            .field("port", &self.port)
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for NewMps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_place(f, &self.address, self.port)
    }
}

/// Why firmware would refuse a server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MpsError {
    /// Empty, too long, or with characters that no address has.
    #[error(
        "`{0}` is no address for an MPS: an IP address or a full name of at most {ADDRESS_MAX} characters is needed"
    )]
    Address(String),
    /// Port 0.
    #[error("port 0 cannot be dialled")]
    Port,
    /// An IP address alone says nothing about the certificate.
    #[error(
        "the MPS at {0} is named by an IP address, so the common name of its certificate must be given too"
    )]
    CommonName(String),
    /// Not a user that every firmware takes.
    #[error(
        "the CIRA user has 1 to {LOGIN_MAX} letters, digits and signs, but firmware refuses `@`, `$` and `:` in it"
    )]
    User,
    /// Not a password that firmware takes.
    #[error("the CIRA password has 1 to {LOGIN_MAX} printable characters without blanks")]
    Password,
}

impl NewMps {
    /// Checks what can be checked without the platform.
    ///
    /// # Errors
    /// [`MpsError`] with what is wrong.
    pub fn check(&self) -> Result<(), MpsError> {
        check_address(&self.address)?;
        if self.port == 0 {
            return Err(MpsError::Port);
        }
        let named = self.common_name.as_deref().is_some_and(|name| !name.is_empty());
        if InfoFormat::of(&self.address) != InfoFormat::Fqdn && !named {
            return Err(MpsError::CommonName(self.address.clone()));
        }
        check_login(&self.user, &self.password)
    }

    /// The call of `AMT_RemoteAccessService.AddMpServer`.
    pub(super) fn call(&self) -> Option<Call> {
        let text = |name: &str, value: &str| (name.to_owned(), value.into());
        let number = |name: &str, value: u32| (name.to_owned(), value.into());
        let mut arguments: Properties = vec![
            text("AccessInfo", &self.address),
            number("InfoFormat", InfoFormat::of(&self.address).number()),
            number("Port", u32::from(self.port)),
            number("AuthMethod", USER_AND_PASSWORD),
            text("Username", &self.user),
            text("Password", &self.password),
        ];
        if let Some(name) = self.common_name.as_deref().filter(|n| !n.is_empty()) {
            arguments.push(text("CN", name));
        }
        Some(Call {
            target: Target::class("AMT_RemoteAccessService")?,
            operation: Operation::Invoke { method: "AddMpServer".to_owned(), arguments },
        })
    }
}

fn check_address(address: &str) -> Result<(), MpsError> {
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b':');
    let fine = !address.is_empty()
        && address.len() <= ADDRESS_MAX
        && address.bytes().all(fits)
        && !address.starts_with(['.', '-'])
        && (InfoFormat::of(address) != InfoFormat::Ipv4 || address.split('.').count() == 4);
    if fine { Ok(()) } else { Err(MpsError::Address(address.to_owned())) }
}

pub(super) fn check_login(user: &str, password: &str) -> Result<(), MpsError> {
    let length = |text: &str| (1..=LOGIN_MAX).contains(&text.len());
    let plain = |text: &str| text.bytes().all(|b| b.is_ascii_graphic());
    if !length(user) || !plain(user) || user.contains(['@', '$', ':']) {
        return Err(MpsError::User);
    }
    if !length(password) || !plain(password) {
        return Err(MpsError::Password);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{InfoFormat, MpsError, NewMps};

    fn mps(address: &str) -> NewMps {
        NewMps {
            address: address.into(),
            port: 4433,
            common_name: None,
            user: "u1".into(),
            password: "P1!p".into(),
        }
    }

    #[test]
    fn an_ip_address_needs_the_common_name_and_a_name_does_not() {
        assert_eq!(mps("mps.example.com").check(), Ok(()));
        for address in ["192.0.2.7", "2001:db8::7"] {
            assert_eq!(mps(address).check(), Err(MpsError::CommonName(address.into())));
            let named = NewMps { common_name: Some("mps".into()), ..mps(address) };
            assert_eq!(named.check(), Ok(()));
        }
    }

    #[test]
    fn what_firmware_refuses_is_found_before_it_is_asked() {
        for address in ["", "1.2.3", "a b", "x/y", "-a", &"a".repeat(257)] {
            assert_eq!(mps(address).check(), Err(MpsError::Address(address.into())));
        }
        for user in ["", "a@b", "a$", "a:b", &"u".repeat(65)] {
            let mps = NewMps { user: user.into(), ..mps("mps.example") };
            assert_eq!(mps.check(), Err(MpsError::User), "{user}");
        }
        let silent = NewMps { password: String::new(), ..mps("mps.example") };
        assert_eq!(silent.check(), Err(MpsError::Password));
        assert_eq!(NewMps { port: 0, ..mps("mps.example") }.check(), Err(MpsError::Port));
    }

    #[test]
    fn formats_have_the_numbers_of_the_method() {
        let number = |address| InfoFormat::of(address).number();
        assert_eq!((number("10.0.0.1"), number("fe80::1"), number("mps.example.com")), (3, 4, 201));
    }

    #[test]
    fn debug_output_does_not_contain_the_password() {
        assert!(!format!("{:?}", mps("mps.example")).contains("P1!p"));
    }
}
