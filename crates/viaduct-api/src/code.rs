//! The stable codes of everything that can go wrong, each with what happened and what to do next.
//!
//! E1xxx: requests, settings and starting. E2xxx: devices. E3xxx: signing in and rights. E4xxx: the server itself.

use serde::{Serialize, Serializer};
use std::{fmt, str::FromStr};

/// The text is no code that this program knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownCode;

impl fmt::Display for UnknownCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a code that this program knows")
    }
}

impl std::error::Error for UnknownCode {}

macro_rules! codes {
    ($( $(#[$doc:meta])* $name:ident $code:literal $title:literal => $next:literal; )*) => {
        /// A stable code. Codes are never given a new meaning.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $( $(#[$doc])* $name, )*
        }

        impl Code {
            /// Every code there is, in order.
            pub const ALL: &'static [Self] = &[$( Self::$name, )*];

            /// The code as it is written: `E` and four digits.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $( Self::$name => $code, )* }
            }

            /// What happened, in general.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $( Self::$name => $title, )* }
            }

            /// What to do next, in general.
            #[must_use]
            pub const fn next(self) -> &'static str {
                match self { $( Self::$name => $next, )* }
            }
        }
    };
}

codes! {
    /// A listener's port is taken by another program.
    PortInUse "E1001" "The port is already used by another program"
        => "Stop that program, or choose another address for the listener in viaduct.toml.";
    /// A second server on one data directory or device address.
    SecondInstance "E1002" "Another Viaduct is already running there"
        => "Use the running one, or stop it first.";
    /// The data directory is missing, unreadable, or open to others.
    DataDirectory "E1007" "The data directory cannot be used"
        => "Give --data a directory that belongs to you and is closed to others (chmod 700).";
    /// A setting is unknown or has a bad value.
    BadConfig "E1012" "The configuration is not valid"
        => "Correct it and check with `viaduct config check`. Nothing was changed.";
    /// A name that devices were told is no longer served.
    NameChanged "E1103" "The server's name changed, and devices were told the old one"
        => "Keep both names in `names = […]` of [cira], or tell the devices first: `viaduct cert rotate --plan`.";
    /// The server could not be reached at all.
    Unreachable "E1110" "The server cannot be reached"
        => "Is it running, and is the address right? On the server's own machine give --data DIR, elsewhere --server https://HOST:8443.";
    /// The server's certificate is not one we trust.
    Untrusted "E1111" "The server's certificate is not trusted"
        => "Give its root with --ca FILE (on the server: `viaduct cert export`), or sign in again with `viaduct login`.";
    /// What came back was not an answer of this API.
    NotViaduct "E1112" "The answer is not one of a Viaduct server"
        => "Check the address; something else answers there.";
    /// The request has bad grammar or a bad value.
    BadRequest "E1400" "The request is not valid"
        => "Correct the value that is named and send it again.";
    /// No such path.
    NoSuchRoute "E1404" "There is nothing at this path"
        => "The API lives under /api/v1; check the spelling.";
    /// The path exists, the method does not.
    MethodNotAllowed "E1405" "This path does not know this method"
        => "The Allow header names the methods it knows.";
    /// The body did not arrive in time.
    SlowRequest "E1408" "The request took too long to arrive"
        => "Send it again.";
    /// The body is larger than the API takes.
    TooLarge "E1413" "The request is too large"
        => "Send at most 1 MiB.";
    /// The client must ask for the connection to be upgraded.
    UpgradeNeeded "E1426" "This path carries a byte stream, not a document"
        => "Send `Connection: Upgrade` and `Upgrade: tcp`, or use `viaduct forward`.";
    /// No such device.
    UnknownDevice "E2001" "There is no such device"
        => "`viaduct devices ls` lists the devices; `viaduct devices ls --unclaimed` those that knocked without being known.";
    /// Known, but it has no tunnel now.
    DeviceAway "E2002" "The device is known but away"
        => "`viaduct devices why-offline DEVICE` says what was seen of it.";
    /// The name fits several devices.
    AmbiguousDevice "E2003" "The name fits several devices"
        => "Use the GUID or the full name.";
    /// GUID or name are taken.
    DeviceExists "E2004" "Such a device exists already"
        => "Choose another name, or change the existing one with PATCH.";
    /// The device does not forward this port, or policy forbids it.
    PortNotForwarded "E2005" "The port is not forwarded"
        => "Use a port that the device forwards; `viaduct devices show DEVICE` lists them.";
    /// The device refuses the channel.
    ChannelRefused "E2006" "The device refused the connection"
        => "Is the service switched on in its AMT settings? Try again in a moment.";
    /// All its channels are taken.
    DeviceBusy "E2007" "All connections of the device are in use"
        => "Close one, or try again in a moment.";
    /// It does not answer.
    DeviceSilent "E2008" "The device did not answer in time"
        => "Try again; if it stays silent, `viaduct devices reconnect DEVICE`.";
    /// No such tunnel.
    UnknownTunnel "E2009" "There is no such tunnel"
        => "It may have ended; `GET /api/v1/tunnels` lists the live ones.";
    /// Its AMT user or password are wrong.
    AmtPasswordRefused "E2010" "The device refuses our AMT password"
        => "It was probably changed at the PC or by another tool. Store the right one: PATCH /api/v1/devices/GUID with amtUser and amtPassword.";
    /// No AMT password is stored.
    AmtPasswordMissing "E2011" "The AMT password of the device is not known"
        => "Store it: PATCH /api/v1/devices/GUID with amtUser and amtPassword, or give it to `viaduct devices add --amt-password-file`.";
    /// Blocked by us.
    DeviceBlocked "E2012" "The device is blocked"
        => "`viaduct devices approve DEVICE` lets it in again.";
    /// AMT answered, and the answer is no.
    AmtRefused "E2013" "AMT refused the request"
        => "The detail has AMT's own reason. See whether the feature is there on this platform, and switched on.";
    /// AMT's answer makes no sense to us.
    AmtUnusable "E2014" "The device gave no usable answer"
        => "Try again; if it stays so, the device may need its power cut for a minute.";
    /// It knocked without being known.
    UnclaimedDevice "E2017" "A device that nobody has added dialled in"
        => "`viaduct devices approve GUID` adds it, `viaduct devices block GUID` turns it away for good.";
    /// It dialled in with a wrong CIRA credential.
    WrongCredential "E2019" "The device gave a wrong CIRA user or password"
        => "Put this server's credential into the PC again; if it is lost, remove the device and add it anew.";
    /// Two machines, one UUID.
    IdentityConflict "E2023" "Two machines use one identity"
        => "Give one of them another UUID (BIOS setup of its maker).";
    /// Somebody else uses it.
    RedirectionInUse "E2030" "Somebody else is using it"
        => "Wait, ask them, or take over (`--take-over`).";
    /// Switched off, or not there.
    RedirectionOff "E2031" "It is switched off on this PC"
        => "Switch it on in the AMT features of the PC, then try again.";
    /// The person at the PC must agree first.
    ConsentNeeded "E2032" "The person at the PC must consent first"
        => "Ask for the six digits that the PC's screen shows: `viaduct consent request DEVICE`, then `viaduct consent submit`.";
    /// The device ended it.
    RedirectionEnded "E2033" "The device ended the redirection"
        => "Open it again; if it ends at once, look at the device's event log.";
    /// Open, and nothing to see.
    NoPicture "E2034" "No picture came, though the session is open"
        => "Plug in a monitor or an HDMI dummy, or boot with the built-in graphics; a PC that is off shows nothing: `viaduct power state DEVICE`.";
    /// Somebody else took it.
    RedirectionTakenOver "E2035" "Somebody else took over"
        => "Ask them before you take it back.";
    /// Ended by an operator.
    RedirectionClosed "E2036" "Somebody ended the redirection"
        => "`viaduct redirections ls` shows who uses what.";
    /// The console takes nothing.
    SlowConsole "E2037" "The console does not keep up"
        => "Is the page hidden or the network slow? Open it again.";
    /// The console says what it may not.
    RedirectionNonsense "E2038" "The console does not speak the redirection it has a ticket for"
        => "Get a ticket for this mode, and begin with AMT's start message.";
    /// No such redirection.
    UnknownRedirection "E2039" "There is no such redirection"
        => "It may have ended; `viaduct redirections ls` lists the live ones.";
    /// Other digits than those on the screen.
    ConsentWrong "E2040" "The consent code was wrong"
        => "Ask the person at the PC to read it again; it is on their screen. After a few wrong ones the PC takes none for a while.";
    /// For want of input.
    RedirectionIdle "E2041" "The device ended the redirection because nobody used it"
        => "Open it again.";
    /// We do not know whether it was done.
    OutcomeUnknown "E2045" "The outcome is unknown"
        => "It is not sent again. Wait for the device to answer, then look at its state.";
    /// Its certificate check turned us down.
    RootUnknown "E2060" "The device does not trust this server's certificate"
        => "Install the root of `viaduct cert export` into the PC as trusted root.";
    /// Its TLS does not meet the listener's profile.
    TlsMismatch "E2061" "Device and listener have no TLS version or cipher in common"
        => "Update its firmware, or give old firmware a listener of its own with profile = \"legacy\".";
    /// Its TLS port shows another certificate.
    AmtCertificateChanged "E2062" "The device's certificate is not the one it had"
        => "Was AMT provisioned anew? Then forget the old one: DELETE /api/v1/devices/cert/GUID. If not, find out who answers there.";
    /// TLS inside the tunnel failed.
    TlsInside "E2063" "TLS with the device's own port failed"
        => "Try again; look at the TLS settings of its AMT if it stays so.";
    /// None of its AMT ports answers on the local network.
    EnrollUnreachable "E2100" "The PC does not answer on its AMT ports"
        => "Is AMT activated and the address right? A PC that dials in already answers through its tunnel only: `viaduct remote-access show DEVICE`.";
    /// TLS on its port fails.
    EnrollTls "E2101" "TLS with the PC's own port failed"
        => "Update its firmware, or look at the TLS settings of its AMT.";
    /// Nobody has said that its certificate is the right one.
    EnrollCertificate "E2102" "Nobody has vouched for the PC's certificate"
        => "Compare the fingerprint, then run it again with --yes, or with --fingerprint.";
    /// Its AMT is not provisioned.
    NotActivated "E2103" "The PC is not activated"
        => "Activate its AMT first (MEBx, `rpc activate`, or a provisioning server); `viaduct enroll script` prints how.";
    /// No room for another MPS.
    MpsTableFull "E2104" "The PC's table of MPS is full"
        => "Remove one that nobody needs: `viaduct remote-access rm-mps DEVICE HOST:PORT`, or in MeshCommander under Remote Access.";
    /// Its firmware takes no MPS at all.
    MpsNotPermitted "E2105" "The PC's firmware takes no MPS"
        => "Firmware that is restricted to NULL ciphers (sold where encryption is not allowed) cannot dial in; another account, or other firmware from its maker, is needed.";
    /// Configured, but it does not come.
    EnrollStuck "E2106" "The PC is configured but has not come through its tunnel"
        => "`viaduct devices why-offline DEVICE` says what was seen of it. Running `viaduct enroll lan` again is safe.";
    /// A step was refused.
    EnrollStep "E2107" "The PC refused a step"
        => "What was done stays done. Running it again resumes the work.";
    /// The change would leave the device without a way back.
    WouldStrand "E2108" "The change would cut the only way back to the device"
        => "If that is what you want, run it again with --yes.";
    /// No such job.
    UnknownEnrollment "E2109" "There is no such enrollment"
        => "`viaduct enroll status` lists those of this server's life.";
    /// Not all devices are ready for new certificates.
    NotCovered "E2110" "Not all devices are ready for the change"
        => "Wait until they were here (`viaduct cert rotate --push`), or use --force and strand those that are missing.";

    /// Nothing on this machine leads to AMT.
    HostDriver "E2120" "This machine has no way to AMT"
        => "`viaduct host` runs on the PC itself, where AMT's driver has the file /dev/mei0; --mei names another.";
    /// The way is there, and closed to this user.
    HostRights "E2121" "You may not use AMT's host interface"
        => "Run it as root (sudo), or have the administrator give you the file.";
    /// AMT is starting or busy.
    HostNotReady "E2122" "AMT cannot do this now"
        => "Try again in a minute.";
    /// Users of the PC may not do this.
    HostNotPermitted "E2123" "Users of this PC may not ask for it"
        => "The administrator of AMT decides whether users may do it.";
    /// Not here, or not now.
    HostNotGranted "E2124" "AMT may not dial in from here"
        => "It must be switched on first, and AMT dials only from outside the company network.";
    /// Switched off.
    HostDisabled "E2125" "AMT is switched off"
        => "Switch on AMT in the BIOS setup of the PC, or ask who manages it.";
    /// Nothing is configured that it could do.
    HostNotConfigured "E2126" "AMT is not configured for this"
        => "Give AMT a server and a policy with the user trigger: `viaduct enroll lan ADDRESS --trigger user`.";
    /// Any other no.
    HostRefused "E2127" "AMT did not do what was asked"
        => "The detail has AMT's own reason.";
    /// No answer.
    HostSilent "E2128" "AMT gave no answer"
        => "Whether it did what was asked is not known: `viaduct host status` shows what there is.";

    /// No such image.
    UnknownMedia "E2200" "There is no such image"
        => "GET /api/v1/media lists those of the library.";
    /// The upload does not continue where it stands.
    UploadOffset "E2201" "The upload goes on somewhere else"
        => "Ask for the image: its `offset` is where to go on, in the header Upload-Offset.";
    /// A PC has it.
    MediaInUse "E2202" "A PC has the image mounted"
        => "Take it out there first: `viaduct ider eject DEVICE`.";
    /// Not what it should be.
    MediaHash "E2203" "The image is not the one it should be"
        => "It was removed. Compare the hash with the one its maker publishes, and upload it again.";
    /// The disk of the server.
    MediaRoom "E2204" "There is no room for the image"
        => "Remove images that nobody needs, or give the data directory a larger disk.";
    /// Not all of it is here.
    MediaIncomplete "E2205" "The image is not complete"
        => "Let its upload finish, or go on with it.";
    /// Two of one name.
    MediaExists "E2206" "There is an image of that name"
        => "Choose another name, or remove the old one.";

    /// No or a wrong credential.
    NotSignedIn "E3001" "You are not signed in"
        => "Send `Authorization: Bearer TOKEN`, or sign in with `viaduct login`.";
    /// The token's time is over.
    Expired "E3002" "The sign-in has expired"
        => "Make a new token with `viaduct tokens create`, or sign in again.";
    /// Too many wrong ones.
    Throttled "E3003" "Too many failed sign-ins"
        => "Wait as long as Retry-After says, then try again.";
    /// Signed in, but not allowed.
    NotAllowed "E3004" "You may not do this"
        => "Ask for a token with a wider scope.";
    /// The setup link is of no use.
    SetupLink "E3005" "The setup link is used, wrong, or too old"
        => "Restart the server for a new link; once a user exists, none is needed.";
    /// A name is taken.
    TokenExists "E3006" "A token or user of this name exists already"
        => "Choose another name, or revoke the old one first.";
    /// No such token.
    UnknownToken "E3007" "There is no such token"
        => "`viaduct tokens ls` lists them.";
    /// The password is right, and not enough.
    SecondFactor "E3008" "A one-time code is needed beside the password"
        => "Send the code of your authenticator, or a recovery code, as `code`; programs use a token instead.";
    /// No such user.
    UnknownUser "E3009" "There is no such user"
        => "`viaduct users ls` lists them.";
    /// A page of somebody else made a browser send this.
    CrossSite "E3010" "The request came from a page of another site"
        => "Use this server's own pages, or send `Authorization: Bearer TOKEN` instead of a cookie.";
    /// Each opens one redirection.
    TicketUsed "E3011" "The ticket was used already"
        => "Get a new ticket for each redirection: POST /api/v1/redirections/tickets.";
    /// Bound to device, mode and user.
    TicketElsewhere "E3012" "The ticket is for something else"
        => "Get a ticket for this device and this kind of redirection, as the user who opens it.";
    /// A fault of ours.
    Internal "E4001" "The server has a fault"
        => "Please report it with the line in the server's log.";
    /// What cannot be recorded does not happen.
    AuditUnavailable "E4002" "The audit log cannot be written, so nothing was done"
        => "Make room on the disk of the data directory, or give it back to the server; reading works meanwhile, and it recovers by itself.";
    /// The database did not take a change.
    Store "E4003" "The database did not take the change"
        => "Is the disk full or the file locked? Live tunnels are not harmed. Try again.";
    /// New certificates are not usable; the old ones stay.
    CertificatesRefused "E4004" "The new certificates were not taken"
        => "Correct the files; the ones in use stay in use.";
    /// The server is ending.
    ShuttingDown "E4005" "The server is shutting down"
        => "Try again when it is back.";
    /// Somebody changed the record of who did what.
    AuditBroken "E4007" "The audit log is not as it was written"
        => "Keep a copy of the data directory, find out who could write to it, and compare with your last export.";
    /// A secret that is kept elsewhere could not be read.
    VaultUnavailable "E4008" "Vault gave no secret"
        => "See whether Vault is up and unsealed, and [vault] names the right mount and a token that may read devices/*. Nothing was done.";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Code {
    type Err = UnknownCode;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.iter().copied().find(|code| code.as_str() == text).ok_or(UnknownCode)
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_in_order_and_used_once() {
        let texts: Vec<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
        let mut sorted = texts.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(texts, sorted);
    }

    #[test]
    fn every_code_has_a_title_and_a_next_step_and_can_be_read_back() {
        for code in Code::ALL {
            assert!(code.as_str().len() == 5 && code.as_str().starts_with('E'));
            assert!(!code.title().is_empty() && !code.next().is_empty());
            assert!(!code.title().ends_with('.') && code.next().ends_with('.'), "{code}");
            assert_eq!(code.as_str().parse(), Ok(*code));
        }
        assert_eq!("E9999".parse::<Code>(), Err(UnknownCode));
    }
}
