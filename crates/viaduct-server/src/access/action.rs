//! What can be asked for: one word for each right, so that every route and command maps to exactly one.

use std::fmt;

macro_rules! actions {
    ($( $(#[$doc:meta])* $name:ident $id:literal $words:literal; )*) => {
        /// What is asked for.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Action {
            $( $(#[$doc])* $name, )*
        }

        impl Action {
            /// Every action there is.
            pub const ALL: &'static [Self] = &[$( Self::$name, )*];

            /// Its stable name, as the audit log and the table of roles write it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $( Self::$name => $id, )* }
            }

            /// What somebody does who does it, for sentences.
            #[must_use]
            pub const fn words(self) -> &'static str {
                match self { $( Self::$name => $words, )* }
            }
        }
    };
}

actions! {
    /// Sign in, sign out, ask who one is.
    SignIn "sign-in" "signing in";
    /// Devices, tunnels, what is known of them.
    ReadDevices "devices.read" "seeing devices";
    /// Event log and audit log that a PC keeps itself.
    ReadDeviceLogs "devices.logs" "reading a PC's own logs";
    /// Add, approve, block, rename, label.
    ChangeDevices "devices.change" "changing devices";
    /// Forget a device.
    RemoveDevices "devices.remove" "removing devices";
    /// Make a PC dial in.
    Enroll "devices.enroll" "enrolling devices";
    /// The credentials a device signs in with, and its AMT password.
    RotateCredentials "devices.credentials" "changing the credentials of devices";
    /// See a stored AMT password.
    RevealSecrets "devices.secrets" "seeing stored passwords";
    /// Switch on, wake up.
    PowerOn "power.on" "switching PCs on";
    /// Off.
    PowerOff "power.off" "switching PCs off";
    /// Reset, cycle, interrupt: it runs again afterwards.
    PowerReset "power.reset" "resetting PCs";
    /// Sleep, hibernate.
    PowerSleep "power.sleep" "putting PCs to sleep";
    /// Boot from another source or into the BIOS.
    Boot "boot" "choosing what a PC boots";
    /// Erase disks, take AMT out of service.
    Erase "erase" "erasing or deactivating PCs";
    /// Fetch a ticket for a redirection; which ones it opens is asked again when one is opened.
    Redirect "redirect" "redirecting screen, console or disks of a PC";
    /// See and use the screen.
    RedirectKvm "redirect.kvm" "using the screen of a PC";
    /// Serial console.
    RedirectSol "redirect.sol" "using the serial console of a PC";
    /// Mount an image.
    RedirectIder "redirect.ider" "mounting images at a PC";
    /// Ask the person at the PC, and pass on the code.
    Consent "consent" "asking for consent";
    /// AMT's features and its consent policy.
    ChangeFeatures "amt.features" "changing AMT features";
    /// When and where a PC dials in.
    ChangeRemoteAccess "amt.remote-access" "changing remote access";
    /// Other objects of AMT that a verb of ours writes: alarms, certificates, network, users.
    ChangeAmt "amt.change" "changing AMT settings";
    /// Raw WS-Man that changes nothing.
    ReadWsman "wsman.read" "reading raw WS-Man objects";
    /// Raw WS-Man that changes something.
    WriteWsman "wsman.write" "writing raw WS-Man objects";
    /// Reach a device through a proxy.
    UseProxy "proxy" "reaching a device";
    /// End a tunnel; the device dials in again.
    DisconnectTunnel "tunnels.disconnect" "ending tunnels";
    /// What happens, as it happens.
    ReadEvents "events.read" "seeing events";
    /// The root that devices trust, and the listeners' certificates.
    ReadCertificates "certificates.read" "seeing certificates";
    /// Make, replace, reload certificates.
    ChangeCertificates "certificates.change" "changing certificates";
    /// Who has an account, and who may do what.
    ReadUsers "users.read" "seeing users";
    /// Make, change, remove users.
    ManageUsers "users.manage" "managing users";
    /// Which tokens exist.
    ReadTokens "tokens.read" "seeing tokens";
    /// Make and revoke tokens.
    ManageTokens "tokens.manage" "managing tokens";
    /// What oneself did.
    ReadAudit "audit.read" "reading the audit log";
    /// What everybody did.
    ReadAllAudit "audit.read-all" "reading what others did in the audit log";
    /// The effective configuration.
    ReadConfig "config.read" "seeing the configuration";
    /// Settings of the server.
    ChangeConfig "config.change" "changing the configuration";
    /// Drain, back up, change the master key.
    Maintain "maintain" "maintaining the server";
}

impl Action {
    /// Whether it is done with one device, which somebody may see or not.
    #[must_use]
    pub const fn is_about_a_device(self) -> bool {
        match self {
            Self::ReadDevices
            | Self::ReadDeviceLogs
            | Self::ChangeDevices
            | Self::RemoveDevices
            | Self::RotateCredentials
            | Self::RevealSecrets
            | Self::PowerOn
            | Self::PowerOff
            | Self::PowerReset
            | Self::PowerSleep
            | Self::Boot
            | Self::Erase
            | Self::Redirect
            | Self::RedirectKvm
            | Self::RedirectSol
            | Self::RedirectIder
            | Self::Consent
            | Self::ChangeFeatures
            | Self::ChangeRemoteAccess
            | Self::ChangeAmt
            | Self::ReadWsman
            | Self::WriteWsman
            | Self::UseProxy
            | Self::DisconnectTunnel => true,
            Self::SignIn
            | Self::Enroll
            | Self::ReadEvents
            | Self::ReadCertificates
            | Self::ChangeCertificates
            | Self::ReadUsers
            | Self::ManageUsers
            | Self::ReadTokens
            | Self::ManageTokens
            | Self::ReadAudit
            | Self::ReadAllAudit
            | Self::ReadConfig
            | Self::ChangeConfig
            | Self::Maintain => false,
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
