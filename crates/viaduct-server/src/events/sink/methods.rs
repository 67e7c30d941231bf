//! What Open AMT's MPS calls the things that commands do, in its events.

/// Our verb, its method. What is missing has no counterpart there and keeps its own name.
const METHODS: &[(&str, &str)] = &[
    ("add alarm", "AMT_AddAlarm"),
    ("add certificate", "AMT_AddCertificate"),
    ("alarms", "AMT_AlarmOccurrences"),
    ("audit log", "AMT_AuditLog"),
    ("boot", "AMT_BootSettingData"),
    ("cancel consent", "Cancel_User_Consent_Code"),
    ("certificates", "AMT_GetCertificates"),
    ("change Wi-Fi state", "CIM_WiFiPort"),
    ("change features", "AMT_SetFeatures"),
    ("change wired network", "AMT_EthernetPortSettings"),
    ("deactivate", "AMT_Unprovision"),
    ("event log", "AMT_EventLog"),
    ("features", "AMT_GetFeatures"),
    ("general settings", "AMT_GeneralSettings"),
    ("hardware", "AMT_HardwareInfo"),
    ("link preference", "AMT_LinkPreference"),
    ("network", "AMT_EthernetPortSettings"),
    ("power capabilities", "AMT_BootCapabilities"),
    ("power off", "AMT_PowerAction"),
    ("power on", "AMT_PowerAction"),
    ("power reset", "AMT_PowerAction"),
    ("power saving", "AMT_PowerAction"),
    ("power sleep", "AMT_PowerAction"),
    ("power state", "AMT_PowerState"),
    ("remove Wi-Fi profile", "AMT_WiFiProfiles"),
    ("remove alarm", "AMT_DeleteAlarm"),
    ("remove certificate", "AMT_DeleteCertificate"),
    ("request consent", "Request_User_Consent_Code"),
    ("send consent", "Send_User_Consent_Code"),
    ("share Wi-Fi profiles", "AMT_WiFiPortConfigurationService"),
    ("version", "AMT_Version"),
    ("Wi-Fi profile", "AMT_WiFiProfiles"),
    ("Wi-Fi profiles", "AMT_WiFiProfiles"),
    ("Wi-Fi profiles of the host", "AMT_WiFiPortConfigurationService"),
    ("Wi-Fi state", "CIM_WiFiPort"),
    ("wired network", "AMT_EthernetPortSettings"),
];

/// The name of a command there.
pub(super) fn of(what: &str) -> &str {
    METHODS.iter().find(|(own, _)| *own == what).map_or(what, |(_, method)| method)
}
