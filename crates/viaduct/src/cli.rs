//! The command line: every command with its options, as `--help` shows it.

#[cfg(feature = "demo")]
use crate::demo;
use crate::{
    command::{
        amt, audit, bench, cert, config, consent, devices, doctor, enroll, events, explain,
        forward, host, login, media, power, proxy, redirect, remote_access, tokens, users, wsman,
    },
    reference,
    render::Format,
    serve,
};
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

const EXIT_CODES: &str = "\
Exit codes: 0 ok, 1 failed, 2 usage or configuration, 3 server unreachable, 4 not signed in,
5 not found or ambiguous, 6 forbidden, 7 conflict, 8 device away, 9 device refused,
10 consent needed, 11 timeout with unknown outcome, 12 partly done, 13 more than is allowed at once,
14 verification failed. `viaduct explain E2002` tells more about a code.";

/// Management Presence Server for Intel AMT: PCs dial in, consoles reach them
#[derive(Debug, Parser)]
#[command(name = "viaduct", version, propagate_version = true, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options of every command.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// Server to talk to, such as `https://mps.example.com:8443` [env: `VIADUCT_SERVER`]
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) server: Option<String>,
    /// Data directory of the server on this machine [env: `VIADUCT_DATA`]
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// PEM file of the CA that the server's certificate must chain to [env: `VIADUCT_CA`]
    #[arg(long, alias = "ca-file", global = true, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
    /// How data is printed
    #[arg(short, long, global = true, value_enum, default_value_t = Format::Table)]
    pub(crate) output: Format,
    /// Ask nothing
    #[arg(short, long, global = true)]
    pub(crate) yes: bool,
    /// Change nothing; show what would be done
    #[arg(long, global = true)]
    pub(crate) dry_run: bool,
    /// Why it is done; the server's audit log keeps it with what is done
    #[arg(long, global = true, value_name = "TEXT", value_parser = reason)]
    pub(crate) reason: Option<String>,
    /// No colours, also on a terminal
    #[arg(long, global = true)]
    pub(crate) no_color: bool,
}

/// Longest reason that a server takes, in characters.
const REASON_MAX: usize = 200;

fn reason(text: &str) -> Result<String, String> {
    let text = text.trim();
    match text.chars().count() {
        0 => Err("it is empty".to_owned()),
        length if length > REASON_MAX => {
            Err(format!("it has {length} characters, and {REASON_MAX} are kept"))
        }
        _ if text.chars().any(char::is_control) => Err("it must be one line".to_owned()),
        _ => Ok(text.to_owned()),
    }
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the server
    Serve(serve::Settings),
    /// Run the server on loopback with simulated PCs
    #[cfg(feature = "demo")]
    Demo(demo::Options),
    /// Show the server at a glance
    Status,
    /// Look for what is wrong with the server and this machine, and say what to do
    Doctor(doctor::Options),
    /// List, add and change devices
    #[command(subcommand)]
    Devices(devices::Command),
    /// Make activated PCs dial in
    #[command(subcommand)]
    Enroll(enroll::Command),
    /// Show and change when and where a connected device dials in
    #[command(subcommand)]
    RemoteAccess(remote_access::Command),
    /// Use the serial console of a PC in this terminal
    Sol(redirect::SolOptions),
    /// Show the screen of a PC to a VNC viewer
    Kvm(redirect::KvmOptions),
    /// Give a PC an image as its CD
    #[command(subcommand)]
    Ider(redirect::IderCommand),
    /// The server's library of images for PCs' CD drives
    #[command(subcommand)]
    Media(media::Command),
    /// Show and end redirections
    #[command(subcommand)]
    Redirections(redirect::Command),
    /// Show what happened, and follow what happens
    Events(events::Options),
    /// Show and change whether PCs are on
    #[command(subcommand)]
    Power(power::Command),
    /// Choose what PCs boot, and boot it
    #[command(subcommand)]
    Boot(power::Boot),
    /// Ask the person at a PC for consent
    #[command(subcommand)]
    Consent(consent::Command),
    /// Show what a PC's management engine says of itself
    #[command(subcommand)]
    Amt(amt::Command),
    /// Read, write and call any class of a PC's management engine (`-o xml` prints envelopes)
    #[command(subcommand)]
    Wsman(wsman::Command),
    /// Open a local TCP port that leads to a port of a device
    Forward(forward::Options),
    /// Reach devices through the server's proxies
    #[command(subcommand)]
    Proxy(proxy::Command),
    /// On a PC with AMT: its status, and asking for help (needs no server)
    Host(host::Options),
    /// Make, list and revoke API tokens
    #[command(subcommand)]
    Tokens(tokens::Command),
    /// Show, export and reload certificates
    #[command(subcommand)]
    Cert(cert::Command),
    /// Make, list and change users, and what each may do
    #[command(subcommand)]
    Users(users::Command),
    /// Show, export and check who did what
    #[command(subcommand)]
    Audit(audit::Command),
    /// Check or show the configuration
    #[command(subcommand)]
    Config(config::Command),
    /// Sign in to a server and remember it
    Login(login::Options),
    /// Forget the server that was signed in to
    Logout,
    /// Show who the server takes you for
    Whoami,
    /// Print the version
    Version,
    /// Print completions for a shell; they know the devices of the server too
    Completions {
        /// The shell
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
    /// Tell what a code means, why it comes, and what to do (also: `viaduct help errors`)
    Explain(explain::Options),
    /// Measure how fast the server and a PC answer
    Bench(bench::Options),
    /// What reference pages and packages are made of
    #[command(subcommand, hide = true)]
    Reference(reference::Command),
}

impl Command {
    /// The name of a command that changes what is on this machine, or serves others from it.
    pub(crate) const fn without_rehearsal(&self) -> Option<&'static str> {
        match self {
            Self::Serve(_) => Some("serve"),
            #[cfg(feature = "demo")]
            Self::Demo(_) => Some("demo"),
            Self::Forward(_) => Some("forward"),
            Self::Login(_) => Some("login"),
            Self::Logout => Some("logout"),
            Self::Host(_) => Some("host"),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;
    use std::path::Path;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn global_options_are_taken_before_and_after_the_command() {
        for line in [
            ["viaduct", "--data", "/d", "-o", "json", "devices", "ls"],
            ["viaduct", "devices", "ls", "--data", "/d", "-o", "json"],
        ] {
            let cli = Cli::try_parse_from(line).unwrap();
            assert_eq!(cli.global.data.as_deref(), Some(Path::new("/d")));
            assert_eq!(cli.global.output, Format::Json);
        }
    }

    #[test]
    fn options_of_devices_add_are_those_of_the_contract() {
        let line = [
            "viaduct",
            "devices",
            "add",
            "pc-1",
            "--guid",
            "4c4c4544-004b-4210-8033-b6c04f504633",
            "--fqdn",
            "pc-1.example.com",
            "--cira-user",
            "u",
            "--cira-password-file",
            "-",
            "--amt-user",
            "admin",
            "--amt-password-file",
            "/f",
            "--label",
            "site=berlin",
            "--label",
            "lab",
        ];
        Cli::try_parse_from(line).unwrap();
        assert!(Cli::try_parse_from(["viaduct", "devices", "add", "pc-1"]).is_err());
        assert!(Cli::try_parse_from(["viaduct", "devices", "add", "pc-1", "--guid", "x"]).is_err());
    }

    #[cfg(feature = "demo")]
    /// Every command's help is kept as a file, so that a change of it is seen. `UPDATE=1` writes the files anew.
    #[test]
    fn help_is_as_it_was() {
        use std::fs;
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/help");
        let update = std::env::var_os("UPDATE").is_some();
        let mut command = crate::examples::shown(Cli::command()).term_width(100);
        command.build();
        let mut pages = Vec::new();
        collect(&mut command, "viaduct", &mut pages);
        if update {
            fs::create_dir_all(&directory).unwrap();
        }
        let mut differing = Vec::new();
        for (name, text) in &pages {
            let file = directory.join(format!("{name}.txt"));
            if update {
                fs::write(&file, text).unwrap();
            } else if fs::read_to_string(&file).ok().as_ref() != Some(text) {
                differing.push(name);
            }
        }
        assert!(differing.is_empty(), "help of {differing:?} changed; look at it, then UPDATE=1");
        let files = fs::read_dir(&directory).unwrap().count();
        assert_eq!(files, pages.len(), "a file is left of a command that is gone");
    }

    #[cfg(feature = "demo")]
    fn collect(command: &mut clap::Command, name: &str, pages: &mut Vec<(String, String)>) {
        pages.push((name.to_owned(), command.render_long_help().to_string()));
        for sub in command.get_subcommands_mut() {
            if sub.get_name() != "help" && !sub.is_hide_set() {
                let name = format!("{name}-{}", sub.get_name());
                collect(sub, &name, pages);
            }
        }
    }
}
