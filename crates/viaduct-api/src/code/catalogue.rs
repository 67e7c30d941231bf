//! The catalogue: each code with what happened, why, and what to do next. `viaduct explain` and the reference are made
//! of it.

codes! {
    /// A listener's port is taken by another program.
    PortInUse "E1001" "The port is already used by another program"
        : "A listener wants an address that another program has. As long as that lasts, nobody can call in there."
        => "Stop that program, or choose another address for the listener in viaduct.toml.";
    /// A second server on one data directory or device address.
    SecondInstance "E1002" "Another Viaduct is already running there"
        : "One server owns a data directory and a device address; two would take each other's devices away."
        => "Use the running one, or stop it first.";
    /// The data directory is missing, unreadable, or open to others.
    DataDirectory "E1007" "The data directory cannot be used"
        : "It, or a key file in it, can be read by others. It holds the keys of the certificates and passwords."
        => "Give --data a directory that belongs to you and is closed to others (chmod 700).";
    /// A file of the server cannot be used.
    DataUnusable "E1008" "A file or directory of the server cannot be used"
        : "The disk or its permissions are in the way; the detail has what the system said."
        => "Give the directory to the user that the server runs as, see that the disk is there and has room, and start again.";
    /// `demo` on somebody's data.
    NotDemoData "E1009" "The directory holds data that is not of a demonstration"
        : "A demonstration makes up its devices, and would mix them with real ones."
        => "Name an empty or new directory, or none.";
    /// A setting is unknown or has a bad value.
    BadConfig "E1012" "The configuration is not valid"
        : "A setting is unknown or its value is out of range. A server that runs keeps its settings."
        => "Correct it and check with `viaduct config check`. Nothing was changed.";
    /// A name that devices were told is no longer served.
    NameChanged "E1103" "The server's name changed, and devices were told the old one"
        : "PCs look for the name that they were given, in the certificate too; under another they stop calling."
        => "Keep both names in `names = […]` of [cira], or tell the devices first: `viaduct cert rotate --plan`.";
    /// The server could not be reached at all.
    Unreachable "E1110" "The server cannot be reached"
        : "Nothing answers at this address, or no server runs on this data directory."
        => "Is it running, and is the address right? On the server's own machine give --data DIR, elsewhere --server https://HOST:8443.";
    /// The server's certificate is not one we trust.
    Untrusted "E1111" "The server's certificate is not trusted"
        : "The certificate chains to no root that this machine trusts, or is for another name."
        => "Give its root with --ca FILE (on the server: `viaduct cert export`), or sign in again with `viaduct login`.";
    /// What came back was not an answer of this API.
    NotViaduct "E1112" "The answer is not one of a Viaduct server"
        : "Another program answers there, or a proxy in between answers in its place."
        => "Check the address; something else answers there.";
    /// The request has bad grammar or a bad value.
    BadRequest "E1400" "The request is not valid"
        : "A value is missing, misspelt or out of range; the detail names it."
        => "Correct the value that is named and send it again.";
    /// No such path.
    NoSuchRoute "E1404" "There is nothing at this path"
        : "The path is misspelt, or the server is older than the program that asks."
        => "The API lives under /api/v1; check the spelling.";
    /// The path exists, the method does not.
    MethodNotAllowed "E1405" "This path does not know this method"
        : "The request was sent with GET where POST is meant, or the like."
        => "The Allow header names the methods it knows.";
    /// The body did not arrive in time.
    SlowRequest "E1408" "The request took too long to arrive"
        : "The network is slow, or the sender stopped half-way."
        => "Send it again.";
    /// The body is larger than the API takes.
    TooLarge "E1413" "The request is too large"
        : "Bodies are bounded so that nobody can fill the server's memory."
        => "Send at most 1 MiB.";
    /// The client must ask for the connection to be upgraded.
    UpgradeNeeded "E1426" "This path carries a byte stream, not a document"
        : "The route turns the connection into a stream, which needs the client's agreement."
        => "Send `Connection: Upgrade` and `Upgrade: tcp`, or use `viaduct forward`.";
    /// A slip must not stop a whole site.
    TooMany "E1430" "So many devices at once are not touched"
        : "More devices are meant than one command or one person in a minute may interrupt, so that a slip does not stop a whole site."
        => "Look at them with --dry-run; if all of them are meant, allow as many with --max-devices. The server takes limits.interruptions a minute.";
    /// No such device.
    UnknownDevice "E2001" "There is no such device"
        : "No device of this GUID, name or domain name has been added to this server."
        => "`viaduct devices ls` lists the devices; `viaduct devices ls --unclaimed` those that knocked without being known.";
    /// Known, but it has no tunnel now.
    DeviceAway "E2002" "The device is known but away"
        : "It has no tunnel: it has no power or network, it thinks that it is at home, or it is turned away."
        => "`viaduct devices why-offline DEVICE` says what was seen of it.";
    /// The name fits several devices.
    AmbiguousDevice "E2003" "The name fits several devices"
        : "The first label of a domain name counts as a name, and several devices share it."
        => "Use the GUID or the full name.";
    /// GUID or name are taken.
    DeviceExists "E2004" "Such a device exists already"
        : "Each device has a GUID and a name of its own."
        => "Choose another name, or change the existing one: `viaduct devices rename`, `label` or `password`, or PATCH /api/v1/devices/DEVICE.";
    /// The device does not forward this port, or policy forbids it.
    PortNotForwarded "E2005" "The port is not forwarded"
        : "The PC offers only the ports that its firmware has forwarded, and the server's policy may allow fewer."
        => "Use a port that the device forwards; `viaduct devices show DEVICE` lists them.";
    /// The device refuses the channel.
    ChannelRefused "E2006" "The device refused the connection"
        : "The PC took the request for a channel and said no: the service is off, or the firmware is busy."
        => "Is the service switched on in its AMT settings? Try again in a moment.";
    /// All its channels are taken.
    DeviceBusy "E2007" "All connections of the device are in use"
        : "Firmware has few channels, and consoles that hold one without using it count too."
        => "Close one, or try again in a moment.";
    /// It does not answer.
    DeviceSilent "E2008" "The device did not answer in time"
        : "The tunnel stands, but the firmware is busy, restarting, or its network is bad."
        => "Try again; if it stays silent, `viaduct devices reconnect DEVICE`.";
    /// No such tunnel.
    UnknownTunnel "E2009" "There is no such tunnel"
        : "A tunnel has a number of its own, and never comes back under it."
        => "It may have ended; `GET /api/v1/tunnels` lists the live ones.";
    /// Its AMT user or password are wrong.
    AmtPasswordRefused "E2010" "The device refuses our AMT password"
        : "The password was changed on the PC or by another tool. It rests for a minute after the first refusal and an hour after the second; after the third it is not tried until a password is stored, so that the PC raises no alarm of an attack."
        => "It was probably changed at the PC or by another tool. Store the right one: `viaduct devices password DEVICE --amt-password-file FILE`.";
    /// No AMT password is stored.
    AmtPasswordMissing "E2011" "The AMT password of the device is not known"
        : "The device was added without the password of its AMT, and without one its AMT tells nothing."
        => "Store it: `viaduct devices password DEVICE --amt-password-file FILE`, or PATCH /api/v1/devices/DEVICE with amtUser and amtPassword.";
    /// Blocked by us.
    DeviceBlocked "E2012" "The device is blocked"
        : "Somebody here decided that it is turned away."
        => "`viaduct devices approve DEVICE` lets it in again.";
    /// AMT answered, and the answer is no.
    AmtRefused "E2013" "AMT refused the request"
        : "The feature is not there, is switched off, or does not fit the PC's state."
        => "The detail has AMT's own reason. See whether the feature is there on this platform, and switched on.";
    /// AMT's answer makes no sense to us.
    AmtUnusable "E2014" "The device gave no usable answer"
        : "The firmware cut its answer short or sent something else; that happens while it restarts."
        => "Try again; if it stays so, the device may need its power cut for a minute.";
    /// It knocked without being known.
    UnclaimedDevice "E2017" "A device that nobody has added dialled in"
        : "It trusts this server and knows its address, but no entry here has its GUID."
        => "`viaduct devices approve GUID` adds it, `viaduct devices block GUID` turns it away for good.";
    /// It dialled in with a wrong CIRA credential.
    WrongCredential "E2019" "The device gave a wrong CIRA user or password"
        : "The entry exists, so the PC was configured anew, or another machine copies its GUID. A tunnel that stands is not disturbed."
        => "Put this server's credential into the PC again; if it is lost, remove the device and add it anew.";
    /// Two machines, one UUID.
    IdentityConflict "E2023" "Two machines use one identity"
        : "Their maker gave both the same UUID, so that commands could reach the wrong one."
        => "Give one of them another UUID (BIOS setup of its maker); `viaduct devices why-offline DEVICE` names both addresses.";
    /// Somebody else uses it.
    RedirectionInUse "E2030" "Somebody else is using it"
        : "Firmware serves one console at a time for each of screen, serial console and drive."
        => "Wait, ask them, or take over (`--take-over`).";
    /// Switched off, or not there.
    RedirectionOff "E2031" "It is switched off on this PC"
        : "AMT lets each of screen, serial console and drive be switched off, and after activation they often are."
        => "Switch it on: `viaduct amt features DEVICE --kvm on` (--sol, --ider), then try again.";
    /// The person at the PC must agree first.
    ConsentNeeded "E2032" "The person at the PC must consent first"
        : "In client control mode always, in admin control mode by policy: AMT wants the person at the PC to agree."
        => "Ask for the six digits that the PC's screen shows: `viaduct consent request DEVICE`, then `viaduct consent submit DEVICE CODE`.";
    /// The device ended it.
    RedirectionEnded "E2033" "The device ended the redirection"
        : "The PC was reset, its network changed, or somebody in front of it ended the redirection."
        => "Open it again; if it ends at once, look at the device's event log.";
    /// Open, and nothing to see.
    NoPicture "E2034" "No picture came, though the session is open"
        : "Usually no monitor is attached, a separate graphics card is in use, or the PC is off."
        => "Plug in a monitor or an HDMI dummy, or boot with the built-in graphics; a PC that is off shows nothing: `viaduct power state DEVICE`.";
    /// Somebody else took it.
    RedirectionTakenOver "E2035" "Somebody else took over"
        : "Another console asked for the same screen, console or drive, and was allowed to take it."
        => "Ask them before you take it back.";
    /// Ended by an operator.
    RedirectionClosed "E2036" "Somebody ended the redirection"
        : "An operator closed it in the list of redirections."
        => "`viaduct redirections ls` shows who uses what.";
    /// The console takes nothing.
    SlowConsole "E2037" "The console does not keep up"
        : "What the PC sends was not taken for a while, and its buffers are small."
        => "Is the page hidden or the network slow? Open it again.";
    /// The console says what it may not.
    RedirectionNonsense "E2038" "The console does not speak the redirection it has a ticket for"
        : "The bytes are those of another redirection, or do not begin as AMT's protocol does."
        => "Get a ticket for this mode, and begin with AMT's start message.";
    /// No such redirection.
    UnknownRedirection "E2039" "There is no such redirection"
        : "It has ended, or its number is misspelt."
        => "It may have ended; `viaduct redirections ls` lists the live ones.";
    /// Other digits than those on the screen.
    ConsentWrong "E2040" "The consent code was wrong"
        : "The digits are not those on the screen, or the code on the screen is a newer one."
        => "Ask the person at the PC to read it again; it is on their screen. After a few wrong ones the PC takes none for a while.";
    /// For want of input.
    RedirectionIdle "E2041" "The device ended the redirection because nobody used it"
        : "AMT ends a redirection in which nothing happens for some minutes."
        => "Open it again.";
    /// We do not know whether it was done.
    OutcomeUnknown "E2045" "The outcome is unknown"
        : "The PC took the request, and the tunnel or the time was over before its answer came."
        => "It is not sent again. Wait for the device to answer, usually less than two minutes, then look: `viaduct power state DEVICE`.";
    /// Its certificate check turned us down.
    RootUnknown "E2060" "The device does not trust this server's certificate"
        : "It was not given this server's root, or was given another one."
        => "Install the root of `viaduct cert export` into the PC as trusted root.";
    /// Its TLS does not meet the listener's profile.
    TlsMismatch "E2061" "Device and listener have no TLS version or cipher in common"
        : "Firmware before AMT 11.8 offers only TLS 1.0 and 1.1, which the default profile refuses."
        => "Update its firmware, or give old firmware a listener of its own with profile = \"legacy\".";
    /// Its TLS port shows another certificate.
    AmtCertificateChanged "E2062" "The device's certificate is not the one it had"
        : "AMT was provisioned anew, its certificate replaced, or somebody else answers in its place."
        => "Was AMT provisioned anew? Then forget the old one: `viaduct devices certificate DEVICE --forget` (DELETE /api/v1/devices/cert/GUID). If not, find out who answers there.";
    /// TLS inside the tunnel failed.
    TlsInside "E2063" "TLS with the device's own port failed"
        : "The PC's own TLS settings or certificate do not allow it."
        => "Try again; look at the TLS settings of its AMT if it stays so.";
    /// None of its AMT ports answers on the local network.
    EnrollUnreachable "E2100" "The PC does not answer on its AMT ports"
        : "It is off, at another address, not activated, or a firewall is between."
        => "Is AMT activated and the address right? A PC that dials in already answers through its tunnel only: `viaduct remote-access show DEVICE`.";
    /// TLS on its port fails.
    EnrollTls "E2101" "TLS with the PC's own port failed"
        : "Its firmware offers nothing that this server takes, or its certificate is broken."
        => "Update its firmware, or look at the TLS settings of its AMT.";
    /// Nobody has said that its certificate is the right one.
    EnrollCertificate "E2102" "Nobody has vouched for the PC's certificate"
        : "At first contact anybody could answer; the fingerprint tells whether it is the PC."
        => "Compare the fingerprint, then run it again with --yes, or with --fingerprint.";
    /// Its AMT is not provisioned.
    NotActivated "E2103" "The PC is not activated"
        : "AMT is there, but nobody has set a password and switched on its network."
        => "Activate its AMT first (MEBx, `rpc activate`, or a provisioning server); `viaduct enroll script` prints how.";
    /// No room for another MPS.
    MpsTableFull "E2104" "The PC's table of MPS is full"
        : "Firmware keeps at most a few servers, and all places are taken."
        => "Remove one that nobody needs: `viaduct remote-access rm-mps DEVICE HOST:PORT`, or in MeshCommander under Remote Access.";
    /// Its firmware takes no MPS at all.
    MpsNotPermitted "E2105" "The PC's firmware takes no MPS"
        : "The firmware is of a kind without encryption, and servers are reached only over TLS."
        => "Firmware that is restricted to NULL ciphers (sold where encryption is not allowed) cannot dial in; another account, or other firmware from its maker, is needed.";
    /// Configured, but it does not come.
    EnrollStuck "E2106" "The PC is configured but has not come through its tunnel"
        : "It waits for its trigger, thinks that it is at home, or cannot reach the server."
        => "`viaduct devices why-offline DEVICE` says what was seen of it. Running `viaduct enroll lan` again is safe.";
    /// A step was refused.
    EnrollStep "E2107" "The PC refused a step"
        : "AMT refused one of the objects; the detail names which, and why."
        => "What was done stays done. Running it again resumes the work.";
    /// The change would leave the device without a way back.
    WouldStrand "E2108" "The change would cut the only way back to the device"
        : "With it no policy, no server or no root would be left that leads to this server."
        => "If that is what you want, run it again with --yes.";
    /// No such job.
    UnknownEnrollment "E2109" "There is no such enrollment"
        : "The latest 64 are kept."
        => "`viaduct enroll status` lists those that are kept.";
    /// Not all devices are ready for new certificates.
    NotCovered "E2110" "Not all devices are ready for the change"
        : "Devices that were not here since the new root was made do not trust it yet."
        => "Wait until they were here (`viaduct cert rotate --push`), or use --force and strand those that are missing.";
    /// Nothing on this machine leads to AMT.
    HostDriver "E2120" "This machine has no way to AMT"
        : "The driver is not loaded, the PC has no AMT, or this is a virtual machine."
        => "`viaduct host` runs on the PC itself, where AMT's driver has the file /dev/mei0; --mei names another.";
    /// The way is there, and closed to this user.
    HostRights "E2121" "You may not use AMT's host interface"
        : "The file of the driver belongs to the administrator."
        => "Run it as root (sudo), or have the administrator give you the file.";
    /// AMT is starting or busy.
    HostNotReady "E2122" "AMT cannot do this now"
        : "The firmware is starting, updating, or busy with somebody else's request."
        => "Try again in a minute.";
    /// Users of the PC may not do this.
    HostNotPermitted "E2123" "Users of this PC may not ask for it"
        : "The setting of AMT that lets users of the PC do it is off."
        => "The administrator of AMT decides whether users may do it.";
    /// Not here, or not now.
    HostNotGranted "E2124" "AMT may not dial in from here"
        : "AMT takes itself to be inside the company network, or is off."
        => "It must be switched on first, and AMT dials only from outside the company network.";
    /// Switched off.
    HostDisabled "E2125" "AMT is switched off"
        : "The BIOS setup of the PC has it switched off."
        => "Switch on AMT in the BIOS setup of the PC, or ask who manages it.";
    /// Nothing is configured that it could do.
    HostNotConfigured "E2126" "AMT is not configured for this"
        : "It has no server, or no policy that a user may trigger."
        => "Give AMT a server and a policy with the user trigger: `viaduct enroll lan ADDRESS --trigger user`.";
    /// Any other no.
    HostRefused "E2127" "AMT did not do what was asked"
        : "AMT answered with a status that says no."
        => "The detail has AMT's own reason.";
    /// No answer.
    HostSilent "E2128" "AMT gave no answer"
        : "The firmware is hung or restarting."
        => "Whether it did what was asked is not known: `viaduct host status` shows what there is.";
    /// No such image.
    UnknownMedia "E2200" "There is no such image"
        : "The name is misspelt, or the image was removed."
        => "`viaduct media ls` lists those of the library.";
    /// The upload does not continue where it stands.
    UploadOffset "E2201" "The upload goes on somewhere else"
        : "An earlier part is missing, or came twice."
        => "Ask for the image: its `offset` is where to go on, in the header Upload-Offset.";
    /// A PC has it.
    MediaInUse "E2202" "A PC has the image mounted"
        : "An image cannot change or go while a PC reads it."
        => "Take it out there first: `viaduct ider eject DEVICE`.";
    /// Not what it should be.
    MediaHash "E2203" "The image is not the one it should be"
        : "It was changed or damaged on its way, or another one was meant."
        => "Nothing uses it. Compare its hash with the one its maker publishes, and upload it again; if it is still listed, remove it first.";
    /// The disk of the server.
    MediaRoom "E2204" "There is no room for the image"
        : "The disk of the data directory, or the share of it that images may have, is full."
        => "Remove images that nobody needs, or give the data directory a larger disk.";
    /// Not all of it is here.
    MediaIncomplete "E2205" "The image is not complete"
        : "Its upload has begun and not ended."
        => "Let its upload finish, or go on with it.";
    /// Two of one name.
    MediaExists "E2206" "There is an image of that name"
        : "Images are told apart by their names."
        => "Choose another name, or remove the old one.";
    /// No or a wrong credential.
    NotSignedIn "E3001" "You are not signed in"
        : "The request has no credential, or one that this server does not know."
        => "Send `Authorization: Bearer TOKEN`, or sign in with `viaduct login`.";
    /// The token's time is over.
    Expired "E3002" "The sign-in has expired"
        : "Sign-ins and tokens end at their time."
        => "Make a new token with `viaduct tokens create`, or sign in again.";
    /// Too many wrong ones.
    Throttled "E3003" "Too many failed sign-ins"
        : "After several wrong ones from an address, or for a user, the server waits before it looks at more."
        => "Wait as long as Retry-After says, then try again.";
    /// Signed in, but not allowed.
    NotAllowed "E3004" "You may not do this"
        : "Your role, or the scope of your token, does not have this right for this device."
        => "`viaduct users permissions` lists your rights; the missing one needs another role, or a token with a wider scope.";
    /// The setup link is of no use.
    SetupLink "E3005" "The setup link is used, wrong, or too old"
        : "A link is good for one use and 30 minutes."
        => "Restart the server for a new link; once a user exists, none is needed.";
    /// A name is taken.
    TokenExists "E3006" "A token or user of this name exists already"
        : "Users and tokens are told apart by their names."
        => "Choose another name, or revoke the old one first.";
    /// No such token.
    UnknownToken "E3007" "There is no such token"
        : "The name is misspelt, or the token was revoked."
        => "`viaduct tokens ls` lists them.";
    /// The password is right, and not enough.
    SecondFactor "E3008" "A one-time code is needed beside the password"
        : "The user has switched on a second factor."
        => "Send the code of your authenticator, or a recovery code, as `code`; programs use a token instead.";
    /// No such user.
    UnknownUser "E3009" "There is no such user"
        : "The name is misspelt, or the user was removed."
        => "`viaduct users ls` lists them.";
    /// A page of somebody else made a browser send this.
    CrossSite "E3010" "The request came from a page of another site"
        : "A browser sends cookies with requests of any page, so those of other sites are refused."
        => "Use this server's own pages, or send `Authorization: Bearer TOKEN` instead of a cookie.";
    /// Each opens one redirection.
    TicketUsed "E3011" "The ticket was used already"
        : "A ticket opens one redirection, once, so that nobody else can use it after you."
        => "Get a new ticket for each redirection: POST /api/v1/redirections/tickets.";
    /// Bound to device, mode and user.
    TicketElsewhere "E3012" "The ticket is for something else"
        : "A ticket is bound to its device, its kind of redirection and its user."
        => "Get a ticket for this device and this kind of redirection, as the user who opens it.";
    /// Nobody has saved it, or it was forgotten.
    UnknownView "E3013" "You have no such view"
        : "The name is misspelt, or the view was forgotten, or it is somebody else's: each has views of their own."
        => "`viaduct devices views ls` lists yours.";
    /// A fault of ours.
    Internal "E4001" "The server has a fault"
        : "Something happened that the server was not made for. It has nothing to do with what was asked."
        => "Please report it with the line in the server's log.";
    /// What cannot be recorded does not happen.
    AuditUnavailable "E4002" "The audit log cannot be written, so nothing was done"
        : "What cannot be recorded does not happen: the disk is full, or its files are not the server's."
        => "Make room on the disk of the data directory, or give it back to the server; reading works meanwhile, and it recovers by itself.";
    /// The database did not take a change.
    Store "E4003" "The database did not take the change"
        : "The disk is full, or another program has the file locked."
        => "Is the disk full or the file locked? Live tunnels are not harmed. Try again.";
    /// New certificates are not usable; the old ones stay.
    CertificatesRefused "E4004" "The new certificates were not taken"
        : "Key and certificate do not fit, a file cannot be read, or the time is over."
        => "Correct the files; the ones in use stay in use.";
    /// The server is ending.
    ShuttingDown "E4005" "The server is shutting down"
        : "It was told to stop, and takes nothing new meanwhile."
        => "Try again when it is back.";
    /// Somebody changed the record of who did what.
    AuditBroken "E4007" "The audit log is not as it was written"
        : "A record was changed, removed or put in without the server."
        => "Keep a copy of the data directory, find out who could write to it, and compare with your last export.";
    /// A secret that is kept elsewhere could not be read.
    VaultUnavailable "E4008" "Vault gave no secret"
        : "Vault is sealed or away, or the token may not read the secret."
        => "See whether Vault is up and unsealed, and [vault] names the right mount and a token that may read devices/*. Nothing was done.";
}
