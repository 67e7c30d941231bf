//! Users (AMT_AuthorizationService): the administrator and others, their passwords as digest knows
//! them, and the realms that they may use.

use std::collections::BTreeMap;

use amt::{
    http::digest::{Ha1, Md5Hex, md5_hex},
    wsman::{Fault, Properties, Subcode, Value},
};
use serde::{Deserialize, Serialize};

use super::{
    host::Host,
    identity::HostConfig,
    methods::{INVALID_PARAMETER, number, returned},
};

/// Users beside the administrator.
const USERS: usize = 15;
/// Longest name of a user, in bytes.
const NAME: usize = 16;
/// Realms of redirection and of administration.
const REDIRECTION: u32 = 2;
const ADMINISTRATION: u32 = 3;
/// Highest realm that there is.
const REALMS: u32 = 24;

const LIMIT_REACHED: u32 = 23;
const DUPLICATE: u32 = 2058;
const INVALID_HANDLE: u32 = 2053;
const NOT_PERMITTED: u32 = 16;

/// A user's name and the hash of name, realm and password.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Account {
    name: String,
    hash: String,
}

/// A user other than the administrator.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
struct User {
    #[serde(flatten)]
    account: Account,
    /// 0 at the PC, 1 over the network, 2 both.
    permission: u32,
    realms: Vec<u32>,
    enabled: bool,
}

/// Everybody who may sign in.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Accounts {
    admin: Account,
    users: BTreeMap<u32, User>,
}

impl std::fmt::Debug for Accounts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Accounts").field("admin", &self.admin.name).finish_non_exhaustive()
    }
}

impl Account {
    fn new(name: &str, realm: &str, password: &str) -> Self {
        let parts = [name.as_bytes(), realm.as_bytes(), password.as_bytes()];
        Self { name: name.to_owned(), hash: md5_hex(&parts).as_str().to_owned() }
    }

    fn ha1(&self) -> Option<Ha1> {
        Md5Hex::parse(&self.hash).map(Ha1::from_hash)
    }
}

impl User {
    fn comes_over_the_network(&self) -> bool {
        self.enabled && matches!(self.permission, 1 | 2)
    }
}

impl Accounts {
    /// The one account that a platform is delivered with.
    pub(super) fn new(config: &HostConfig) -> Self {
        let admin = Account::new(&config.amt_user, &config.realm(), &config.amt_password);
        Self { admin, users: BTreeMap::new() }
    }

    /// What digest must know of a user.
    pub(super) fn ha1(&self, name: &str) -> Option<Ha1> {
        if name == self.admin.name {
            return self.admin.ha1();
        }
        self.user(name).and_then(|user| user.account.ha1())
    }

    /// Everybody who may use redirection.
    pub(super) fn of_redirection(&self) -> Vec<(String, Ha1)> {
        let users = self.users.values().filter(|user| {
            user.comes_over_the_network()
                && user.realms.iter().any(|r| [REDIRECTION, ADMINISTRATION].contains(r))
        });
        let accounts = std::iter::once(&self.admin).chain(users.map(|user| &user.account));
        accounts.filter_map(|a| Some((a.name.clone(), a.ha1()?))).collect()
    }

    /// Whether a user may use classes of one of these realms.
    pub(super) fn may_use(&self, name: &str, realms: &[u32]) -> bool {
        name == self.admin.name
            || self.user(name).is_some_and(|user| {
                user.realms.iter().any(|r| *r == ADMINISTRATION || realms.contains(r))
            })
    }

    fn user(&self, name: &str) -> Option<&User> {
        self.users.values().find(|u| u.account.name == name && u.comes_over_the_network())
    }

    fn free_handle(&self) -> Option<u32> {
        (1..).find(|handle| !self.users.contains_key(handle)).filter(|_| self.users.len() < USERS)
    }

    fn is_taken(&self, name: &str, except: Option<u32>) -> bool {
        name == self.admin.name
            || self.users.iter().any(|(h, u)| Some(*h) != except && u.account.name == name)
    }
}

/// Calls a method of AMT_AuthorizationService. Method names differ in case between versions of the
/// documentation and between consoles.
pub(super) fn invoke(
    host: &Host,
    method: &str,
    arguments: &Properties,
) -> Result<Properties, Fault> {
    let mut accounts = host.accounts();
    let output = match method.to_ascii_lowercase().as_str() {
        "getadminaclentry" => with("Username", accounts.admin.name.as_str()),
        "getadminaclentrystatus" | "getadminnetaclentrystatus" => {
            let delivered = Accounts::new(host.config()).admin;
            with("IsDefault", accounts.admin == delivered && host.config().amt_password == "admin")
        }
        "setadminaclentryex" => {
            let account = Account {
                name: text(arguments, "Username")?.to_owned(),
                hash: password(arguments)?,
            };
            if !is_name(&account.name) {
                return Ok(returned(INVALID_PARAMETER));
            }
            if accounts.users.values().any(|user| user.account.name == account.name) {
                return Ok(returned(DUPLICATE));
            }
            accounts.admin = account;
            returned(0)
        }
        "adduseraclentryex" => add(&mut accounts, arguments)?,
        "updateuseraclentryex" => update(&mut accounts, arguments)?,
        "enumerateuseraclentries" => enumerate(&accounts, arguments)?,
        _ => of_handle(&mut accounts, &method.to_ascii_lowercase(), arguments)?,
    };
    Ok(output)
}

/// Methods about one user.
fn of_handle(
    accounts: &mut Accounts,
    method: &str,
    arguments: &Properties,
) -> Result<Properties, Fault> {
    let handle = number(arguments, "Handle")?;
    let Some(user) = accounts.users.get_mut(&handle) else { return Ok(returned(INVALID_HANDLE)) };
    Ok(match method {
        "getuseraclentryex" => {
            let mut output = vec![
                ("DigestUsername".to_owned(), user.account.name.as_str().into()),
                ("AccessPermission".to_owned(), user.permission.into()),
            ];
            output.extend(user.realms.iter().map(|r| ("Realms".to_owned(), (*r).into())));
            output.extend(returned(0));
            output
        }
        "getaclenabledstate" => with("Enabled", user.enabled),
        "setaclenabledstate" => {
            user.enabled = matches!(text(arguments, "Enabled")?, "true" | "1");
            returned(0)
        }
        "removeuseraclentry" => {
            accounts.users.remove(&handle);
            returned(0)
        }
        _ => returned(NOT_PERMITTED),
    })
}

fn add(accounts: &mut Accounts, arguments: &Properties) -> Result<Properties, Fault> {
    let account =
        Account { name: text(arguments, "DigestUsername")?.to_owned(), hash: password(arguments)? };
    let (permission, realms) = rights(arguments)?;
    if !is_name(&account.name) || permission > 2 || realms.iter().any(|r| *r > REALMS) {
        return Ok(returned(INVALID_PARAMETER));
    }
    if accounts.is_taken(&account.name, None) {
        return Ok(returned(DUPLICATE));
    }
    let Some(handle) = accounts.free_handle() else { return Ok(returned(LIMIT_REACHED)) };
    accounts.users.insert(handle, User { account, permission, realms, enabled: true });
    Ok(with("Handle", handle))
}

fn update(accounts: &mut Accounts, arguments: &Properties) -> Result<Properties, Fault> {
    let handle = number(arguments, "Handle")?;
    let Some(old) = accounts.users.get(&handle) else { return Ok(returned(INVALID_HANDLE)) };
    let (permission, realms) = rights(arguments)?;
    let mut account = old.account.clone();
    if let Ok(name) = text(arguments, "DigestUsername") {
        account.name = name.to_owned();
        // The hash has the name in it, so both change together.
        account.hash = password(arguments)?;
    }
    if !is_name(&account.name) || permission > 2 || realms.iter().any(|r| *r > REALMS) {
        return Ok(returned(INVALID_PARAMETER));
    }
    if accounts.is_taken(&account.name, Some(handle)) {
        return Ok(returned(DUPLICATE));
    }
    let enabled = old.enabled;
    accounts.users.insert(handle, User { account, permission, realms, enabled });
    Ok(returned(0))
}

/// Up to 50 handles at once, from a place counted from one.
fn enumerate(accounts: &Accounts, arguments: &Properties) -> Result<Properties, Fault> {
    const PIECE: usize = 50;
    let start = usize::try_from(number(arguments, "StartIndex")?).unwrap_or(usize::MAX);
    let handles: Vec<u32> =
        accounts.users.keys().copied().skip(start.saturating_sub(1)).take(PIECE).collect();
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX).into();
    let mut output = vec![
        ("TotalCount".to_owned(), count(accounts.users.len())),
        ("HandlesCount".to_owned(), count(handles.len())),
    ];
    output.extend(handles.into_iter().map(|handle| ("Handles".to_owned(), handle.into())));
    output.extend(returned(0));
    Ok(output)
}

fn rights(arguments: &Properties) -> Result<(u32, Vec<u32>), Fault> {
    let realms = arguments.iter().filter(|(name, _)| name == "Realms").map(|(_, value)| {
        let number = value.as_text().and_then(|text| text.trim().parse().ok());
        number.ok_or_else(|| bad("a realm is not a number"))
    });
    Ok((number(arguments, "AccessPermission")?, realms.collect::<Result<_, Fault>>()?))
}

/// The password's hash: 16 bytes in base64.
fn password(arguments: &Properties) -> Result<String, Fault> {
    let text = text(arguments, "DigestPassword")?;
    let hash: Option<[u8; 16]> =
        openssl::base64::decode_block(text).ok().and_then(|bytes| bytes.try_into().ok());
    let hash = hash.ok_or_else(|| {
        bad("DigestPassword must be the base64 of 16 bytes: MD5 of name, realm and password")
    })?;
    Ok(hash.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn text<'a>(arguments: &'a Properties, name: &str) -> Result<&'a str, Fault> {
    let found = arguments.iter().find(|(n, _)| n == name).and_then(|(_, v)| v.as_text());
    found.map(str::trim).filter(|t| !t.is_empty()).ok_or_else(|| bad(&format!("{name} is missing")))
}

fn is_name(name: &str) -> bool {
    (1..=NAME).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_graphic() && !b"\"',:;<>&".contains(&b))
}

fn with(name: &str, value: impl Into<Value>) -> Properties {
    let mut output = vec![(name.to_owned(), value.into())];
    output.extend(returned(0));
    output
}

fn bad(reason: &str) -> Fault {
    Fault::sender(Subcode::InvalidParameter, reason)
}
