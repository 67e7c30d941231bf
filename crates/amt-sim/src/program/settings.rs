//! What a platform is told on the command line or in a file. One struct for both, so that they never differ.

use amt_sim::{
    ClientCertificate, Faults, Firmware, FleetConfig, Identity, Lan, Mps, Provisioning,
    RetryProfile, Setup, Trigger, amt_password, engine::Network,
};
use anyhow::{Context, Result, bail};
use clap::Args;
use serde::Deserialize;
use std::{
    fs,
    io::Read,
    net::IpAddr,
    path::{Path, PathBuf},
    time::Duration,
};
use uuid::Uuid;

#[derive(Debug, Default, Args, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Settings {
    /// Server to dial, HOST:PORT
    #[arg(long, value_name = "HOST:PORT")]
    mps: Option<String>,
    /// A second server, tried after the first
    #[arg(long, value_name = "HOST:PORT", requires = "mps")]
    second_mps: Option<String>,
    /// Root certificate that the servers' must lead to, PEM; several may stand in one file
    #[arg(long, value_name = "FILE")]
    root: Option<PathBuf>,
    /// Common name of the server's certificate, where --mps is an address [default: that address]
    #[arg(long, value_name = "NAME")]
    cn: Option<String>,
    /// Address at which it is a PC on the local network: ports 16992 to 16995, as far as its firmware has them; a fleet
    /// takes the addresses from here on
    #[arg(long, value_name = "ADDRESS")]
    lan: Option<IpAddr>,
    /// How far it is set up: pre (not yet), ccm, acm [default: acm]
    #[arg(long, value_name = "STATE")]
    provisioning: Option<Provisioning>,
    /// Its firmware may not encrypt: no server can be configured
    #[arg(long, num_args = 0, default_missing_value = "true")]
    null_ciphers: Option<bool>,
    /// User name for the server
    #[arg(long)]
    user: Option<String>,
    /// File with the password for the server; - reads stdin
    #[arg(long, value_name = "FILE|-")]
    password_file: Option<PathBuf>,
    /// Client certificate instead of user and password, PEM
    #[arg(long, value_name = "FILE", requires = "client_key")]
    client_cert: Option<PathBuf>,
    /// Its key, PEM
    #[arg(long, value_name = "FILE", requires = "client_cert")]
    client_key: Option<PathBuf>,
    /// Generation of the firmware: 9.1, 11.8, 12.0, 15.0, 16.1, 18.0, 22.0 [default: 15.0]
    #[arg(long, value_name = "VERSION")]
    firmware: Option<String>,
    /// How many platforms [default: 1]
    #[arg(long, value_name = "N")]
    count: Option<usize>,
    /// Host name; of a fleet, what the names begin with [default: pc-01; pc]
    #[arg(long)]
    name: Option<String>,
    /// Domain after the host name [default: none]
    #[arg(long)]
    domain: Option<String>,
    /// AMT UUID of a single platform [default: follows from the name]
    #[arg(long, value_name = "UUID")]
    guid: Option<Uuid>,
    /// User of the platform itself [default: admin]
    #[arg(long)]
    amt_user: Option<String>,
    /// File with its password; - reads stdin [default: a random one, which is printed]
    #[arg(long, value_name = "FILE|-")]
    amt_password_file: Option<PathBuf>,
    /// Trigger of the first dialling: user, alert, periodic [default: periodic]
    #[arg(long)]
    trigger: Option<Trigger>,
    /// Local addresses to dial from, in turn
    #[arg(long, value_name = "IP", value_delimiter = ',')]
    source: Option<Vec<IpAddr>>,
    /// Ports to forward, in this order [default: the firmware's]
    #[arg(long, value_name = "PORT", value_delimiter = ',')]
    ports: Option<Vec<u16>>,
    /// Seconds between keep-alives until the server asks for another interval [default: 30]
    #[arg(long, value_name = "SECONDS")]
    keepalive: Option<u64>,
    /// Bytes that the server may send on a channel at first [default: 32768]
    #[arg(long, value_name = "BYTES")]
    window: Option<u32>,
    /// Bytes in one piece of data, at most [default: 1024]
    #[arg(long, value_name = "BYTES")]
    piece: Option<usize>,
    /// How it takes failures and losses: spec (as Intel writes it), eager (dials again by itself), gives-up
    /// [default: spec]
    #[arg(long, value_name = "PROFILE", value_parser = str::parse::<RetryProfile>)]
    #[serde(default, deserialize_with = "word")]
    retry: Option<RetryProfile>,
    /// Seconds between the diallings of the periodic policy that --mps makes [default: 10]
    #[arg(long, value_name = "SECONDS")]
    interval: Option<u32>,
    /// Seconds without traffic after which the policies that --mps makes drop the tunnel; 0: never [default: 0]
    #[arg(long, value_name = "SECONDS")]
    life_time: Option<u32>,
    /// The network it is in: outside, inside, down, the DNS suffix of one, or an IPv6 address that the platform has there [default: outside]
    #[arg(long, value_name = "NETWORK", value_parser = str::parse::<Network>)]
    #[serde(default, deserialize_with = "word")]
    network: Option<Network>,
    /// Milliseconds between the dialling of one platform and the next [default: 1]
    #[arg(long, value_name = "MS")]
    stagger: Option<u64>,
    /// Port 5900 sends back what it gets
    #[arg(long, num_args = 0, default_missing_value = "true")]
    echo: Option<bool>,
    /// The redirection ports take plain authentication too, for old clients
    #[arg(long, num_args = 0, default_missing_value = "true")]
    lenient: Option<bool>,
    #[arg(skip)]
    pub(super) faults: Faults,
}

/// What is to be run, and what has to be told because nobody else knows it.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) fleet: FleetConfig,
    /// The platforms' own passwords were made here.
    pub(super) passwords_made: bool,
}

impl Settings {
    /// Reads a file; paths in it are relative to it.
    pub(super) fn read(file: &Path) -> Result<Self> {
        let text = fs::read_to_string(file)
            .with_context(|| format!("{} cannot be read", file.display()))?;
        let mut settings: Self = toml::from_str(&text)
            .with_context(|| format!("{} is not understood", file.display()))?;
        let directory = file.parent().unwrap_or(Path::new("."));
        let paths = [
            &mut settings.root,
            &mut settings.password_file,
            &mut settings.client_cert,
            &mut settings.client_key,
            &mut settings.amt_password_file,
        ];
        for path in paths.into_iter().flatten() {
            if path != Path::new("-") {
                *path = directory.join(&*path);
            }
        }
        Ok(settings)
    }

    /// These settings where they are given, else those below.
    pub(super) fn over(self, below: Self) -> Self {
        Self {
            mps: self.mps.or(below.mps),
            second_mps: self.second_mps.or(below.second_mps),
            root: self.root.or(below.root),
            cn: self.cn.or(below.cn),
            lan: self.lan.or(below.lan),
            provisioning: self.provisioning.or(below.provisioning),
            null_ciphers: self.null_ciphers.or(below.null_ciphers),
            user: self.user.or(below.user),
            password_file: self.password_file.or(below.password_file),
            client_cert: self.client_cert.or(below.client_cert),
            client_key: self.client_key.or(below.client_key),
            firmware: self.firmware.or(below.firmware),
            count: self.count.or(below.count),
            name: self.name.or(below.name),
            domain: self.domain.or(below.domain),
            guid: self.guid.or(below.guid),
            amt_user: self.amt_user.or(below.amt_user),
            amt_password_file: self.amt_password_file.or(below.amt_password_file),
            trigger: self.trigger.or(below.trigger),
            source: self.source.or(below.source),
            ports: self.ports.or(below.ports),
            keepalive: self.keepalive.or(below.keepalive),
            window: self.window.or(below.window),
            piece: self.piece.or(below.piece),
            retry: self.retry.or(below.retry),
            interval: self.interval.or(below.interval),
            life_time: self.life_time.or(below.life_time),
            network: self.network.or(below.network),
            stagger: self.stagger.or(below.stagger),
            echo: self.echo.or(below.echo),
            lenient: self.lenient.or(below.lenient),
            faults: below.faults,
        }
    }

    pub(super) fn plan(&self) -> Result<Plan> {
        let mut fleet = match (&self.mps, &self.lan, &self.root) {
            (Some(mps), _, Some(root)) => {
                let mps: Mps = mps.parse()?;
                FleetConfig::new(self.identities()?, mps, text(root)?)
            }
            (Some(_), _, None) => bail!(
                "no root certificate is given; add --root FILE (`viaduct cert export` prints one)"
            ),
            (None, Some(_), _) => FleetConfig::unconfigured(self.identities()?),
            (None, None, _) => bail!(
                "no server is given; add --mps HOST:PORT, the address of its device listener, or --lan ADDRESS to be \
                 configured over the local network"
            ),
        };
        fleet.sources = self.source.clone().unwrap_or_default();
        if let Some(stagger) = self.stagger {
            fleet.stagger = Duration::from_millis(stagger);
        }
        self.adjust(&mut fleet.setup)?;
        Ok(Plan { fleet, passwords_made: self.amt_password_file.is_none() })
    }

    fn adjust(&self, setup: &mut Setup) -> Result<()> {
        setup.second_mps = self.second_mps.as_deref().map(str::parse).transpose()?;
        setup.common_name.clone_from(&self.cn);
        if let Some(firmware) = &self.firmware {
            setup.firmware = Firmware::named(firmware)?;
        }
        setup.lan = self.lan.map(Lan::new);
        setup.provisioning = self.provisioning.unwrap_or_default();
        setup.null_ciphers = self.null_ciphers.unwrap_or(false);
        setup.client_certificate = self.client_certificate()?;
        setup.trigger = self.trigger.unwrap_or(setup.trigger);
        setup.ports.clone_from(&self.ports);
        setup.keepalive = self.keepalive.map_or(setup.keepalive, Duration::from_secs);
        setup.window = self.window.unwrap_or(setup.window);
        setup.piece = self.piece.unwrap_or(setup.piece);
        setup.retry = self.retry.unwrap_or_default();
        setup.interval = self.interval.unwrap_or(setup.interval);
        setup.life_time = self.life_time.unwrap_or(setup.life_time);
        setup.network = self.network.clone().unwrap_or_default();
        setup.echo = self.echo.unwrap_or(false);
        setup.lenient = self.lenient.unwrap_or(false);
        setup.faults = self.faults.clone();
        Ok(())
    }

    fn client_certificate(&self) -> Result<Option<ClientCertificate>> {
        match (&self.client_cert, &self.client_key) {
            (Some(certificate), Some(key)) => Ok(Some(ClientCertificate {
                certificate_pem: text(certificate)?,
                key_pem: text(key)?,
            })),
            (None, None) => Ok(None),
            _ => bail!("a client certificate and its key belong together; give both or none"),
        }
    }

    fn identities(&self) -> Result<Vec<Identity>> {
        let domain = self.domain.as_deref().unwrap_or_default();
        let name = self.name.as_deref();
        let mut identities = match self.count.unwrap_or(1) {
            0 => bail!("a fleet of none has nothing to do; give --count 1 or more"),
            1 => vec![Identity::new(SEED, name.unwrap_or("pc-01"), domain)?],
            _ if self.guid.is_some() => {
                bail!("many platforms cannot share one UUID; leave out --guid or --count")
            }
            count => Identity::fleet(count, SEED, name.unwrap_or("pc"), domain)?,
        };
        let login = self.login()?;
        let own = match &self.amt_password_file {
            Some(file) => password(file)?,
            None => amt_password()?,
        };
        for identity in &mut identities {
            if let Some(guid) = self.guid {
                identity.guid = guid;
            }
            if let Some((user, password)) = &login {
                identity.cira_user.clone_from(user);
                identity.cira_password.clone_from(password);
            }
            if let Some(user) = &self.amt_user {
                identity.amt_user.clone_from(user);
            }
            identity.amt_password.clone_from(&own);
        }
        Ok(identities)
    }

    /// User and password for the server; none with a client certificate.
    fn login(&self) -> Result<Option<(String, String)>> {
        match (&self.user, &self.password_file) {
            (Some(user), Some(file)) => Ok(Some((user.clone(), password(file)?))),
            _ if self.client_cert.is_some() || self.mps.is_none() => Ok(None),
            _ => bail!(
                "the platform has no credentials; add --user and --password-file as the server knows them \
                 (`viaduct devices add` prints them), or --client-cert and --client-key"
            ),
        }
    }
}

/// A setting that is one word, as on the command line.
fn word<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: std::str::FromStr<Err: std::fmt::Display>,
{
    let word = String::deserialize(deserializer)?;
    word.parse().map(Some).map_err(serde::de::Error::custom)
}

/// UUIDs follow from it and the name, so that a platform is the same one after a restart.
const SEED: &str = "amt-sim";

fn text(file: &Path) -> Result<String> {
    fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))
}

/// A password is the first line; the end of the line is not part of it.
fn password(file: &Path) -> Result<String> {
    let content = if file == Path::new("-") {
        let mut content = String::new();
        std::io::stdin().read_to_string(&mut content).context("stdin cannot be read")?;
        content
    } else {
        text(file)?
    };
    let password = content.lines().next().unwrap_or_default();
    if password.is_empty() {
        bail!("{} holds no password; its first line must be one", file.display());
    }
    Ok(password.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_win_over_the_file_and_faults_come_from_it() {
        let file: Settings = toml::from_str(
            "mps = 'mps.example:4433'\ncn = 'a'\ncount = 3\necho = true\ntrigger = 'user'\n[faults]\nfragment = 1\n",
        )
        .unwrap();
        let flags = Settings { cn: Some("b".into()), ..Settings::default() };
        let merged = flags.over(file);
        assert_eq!(merged.cn.as_deref(), Some("b"));
        assert_eq!(
            (merged.count, merged.echo, merged.trigger),
            (Some(3), Some(true), Some(Trigger::User))
        );
        assert_eq!(merged.faults.fragment, 1);
        assert!(toml::from_str::<Settings>("nonsense = 1").is_err());
    }

    #[test]
    fn what_is_missing_is_said_with_the_flag_to_give() {
        let error = |settings: Settings| settings.plan().unwrap_err().to_string();
        assert!(error(Settings::default()).contains("--mps"));
        let mps = || Some("127.0.0.1:1".to_owned());
        assert!(error(Settings { mps: mps(), ..Settings::default() }).contains("--root"));
        let root = Some(PathBuf::from("root.pem"));
        assert!(
            error(Settings { mps: mps(), root, ..Settings::default() }).contains("--password-file")
        );
    }
}
