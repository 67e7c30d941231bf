//! What AMT's return values are called ("PT status" in the SDK): methods of AMT's own classes end with one of them.

/// Status values with their names, in order.
const NAMES: &[(u32, &str)] = &[
    (0, "SUCCESS"),
    (1, "INTERNAL_ERROR"),
    (2, "NOT_READY"),
    (3, "INVALID_PT_MODE"),
    (4, "INVALID_MESSAGE_LENGTH"),
    (5, "TABLE_FINGERPRINT_NOT_AVAILABLE"),
    (6, "INTEGRITY_CHECK_FAILED"),
    (7, "UNSUPPORTED_ISVS_VERSION"),
    (8, "APPLICATION_NOT_REGISTERED"),
    (9, "INVALID_REGISTRATION_DATA"),
    (10, "APPLICATION_DOES_NOT_EXIST"),
    (11, "NOT_ENOUGH_STORAGE"),
    (12, "INVALID_NAME"),
    (13, "BLOCK_DOES_NOT_EXIST"),
    (14, "INVALID_BYTE_OFFSET"),
    (15, "INVALID_BYTE_COUNT"),
    (16, "NOT_PERMITTED"),
    (17, "NOT_OWNER"),
    (18, "BLOCK_LOCKED_BY_OTHER"),
    (19, "BLOCK_NOT_LOCKED"),
    (20, "INVALID_GROUP_PERMISSIONS"),
    (21, "GROUP_DOES_NOT_EXIST"),
    (22, "INVALID_MEMBER_COUNT"),
    (23, "MAX_LIMIT_REACHED"),
    (24, "INVALID_AUTH_TYPE"),
    (25, "AUTHENTICATION_FAILED"),
    (26, "INVALID_DHCP_MODE"),
    (27, "INVALID_IP_ADDRESS"),
    (28, "INVALID_DOMAIN_NAME"),
    (29, "UNSUPPORTED_VERSION"),
    (30, "REQUEST_UNEXPECTED"),
    (31, "INVALID_TABLE_TYPE"),
    (32, "INVALID_PROVISIONING_STATE"),
    (33, "UNSUPPORTED_OBJECT"),
    (34, "INVALID_TIME"),
    (35, "INVALID_INDEX"),
    (36, "INVALID_PARAMETER"),
    (37, "INVALID_NETMASK"),
    (38, "FLASH_WRITE_LIMIT_EXCEEDED"),
    (39, "INVALID_IMAGE_LENGTH"),
    (40, "INVALID_IMAGE_SIGNATURE"),
    (41, "PROPOSE_ANOTHER_VERSION"),
    (42, "INVALID_PID_FORMAT"),
    (43, "INVALID_PPS_FORMAT"),
    (44, "BIST_COMMAND_BLOCKED"),
    (45, "CONNECTION_FAILED"),
    (46, "CONNECTION_TOO_MANY"),
    (47, "RNG_GENERATION_IN_PROGRESS"),
    (48, "RNG_NOT_READY"),
    (49, "CERTIFICATE_NOT_READY"),
    (1024, "DISABLED_BY_POLICY"),
    (2048, "NETWORK_IF_ERROR_BASE"),
    (2049, "UNSUPPORTED_OEM_NUMBER"),
    (2050, "UNSUPPORTED_BOOT_OPTION"),
    (2051, "INVALID_COMMAND"),
    (2052, "INVALID_SPECIAL_COMMAND"),
    (2053, "INVALID_HANDLE"),
    (2054, "INVALID_PASSWORD"),
    (2055, "INVALID_REALM"),
    (2056, "STORAGE_ACL_ENTRY_IN_USE"),
    (2057, "DATA_MISSING"),
    (2058, "DUPLICATE"),
    (2059, "EVENTLOG_FROZEN"),
    (2060, "PKI_MISSING_KEYS"),
    (2061, "PKI_GENERATING_KEYS"),
    (2062, "INVALID_KEY"),
    (2063, "INVALID_CERT"),
    (2064, "CERT_KEY_NOT_MATCH"),
    (2065, "MAX_KERB_DOMAIN_REACHED"),
    (2066, "UNSUPPORTED"),
    (2067, "INVALID_PRIORITY"),
    (2068, "NOT_FOUND"),
    (2069, "INVALID_CREDENTIALS"),
    (2070, "INVALID_PASSPHRASE"),
    (2072, "NO_ASSOCIATION"),
    (2075, "AUDIT_FAIL"),
    (2076, "BLOCKING_COMPONENT"),
    (2081, "USER_CONSENT_REQUIRED"),
    (4096, "APP_INTERNAL_ERROR"),
    (4097, "NOT_INITIALIZED"),
    (4098, "LIB_VERSION_UNSUPPORTED"),
    (4099, "INVALID_PARAM"),
    (4100, "RESOURCES"),
    (4101, "HARDWARE_ACCESS_ERROR"),
    (4102, "REQUESTOR_NOT_REGISTERED"),
    (4103, "NETWORK_ERROR"),
    (4104, "PARAM_BUFFER_TOO_SHORT"),
    (4105, "COM_NOT_INITIALIZED_IN_THREAD"),
    (4106, "URL_REQUIRED"),
];

/// The name of a status, `UNKNOWN` for one that has none here.
#[must_use]
pub fn name(status: u32) -> &'static str {
    NAMES
        .binary_search_by_key(&status, |(value, _)| *value)
        .ok()
        .and_then(|at| NAMES.get(at))
        .map_or("UNKNOWN", |(_, name)| name)
}

/// What CIM's own methods mean by their return values (DSP1027, DSP1012): power and boot answer with one of these.
const CIM: &[(u32, &str)] = &[
    (0, "COMPLETED_WITH_NO_ERROR"),
    (1, "NOT_SUPPORTED"),
    (2, "UNKNOWN_OR_UNSPECIFIED_ERROR"),
    (3, "CANNOT_COMPLETE_WITHIN_TIMEOUT_PERIOD"),
    (4, "FAILED"),
    (5, "INVALID_PARAMETER"),
    (6, "IN_USE"),
    (4096, "METHOD_PARAMETERS_CHECKED_JOB_STARTED"),
    (4097, "INVALID_STATE_TRANSITION"),
    (4098, "USE_OF_TIMEOUT_PARAMETER_NOT_SUPPORTED"),
    (4099, "BUSY"),
];

/// The name that a method of CIM's schema has for a value, none for one that it does not define.
#[must_use]
pub fn cim_name(value: u32) -> Option<&'static str> {
    CIM.iter().find(|(known, _)| *known == value).map(|(_, name)| *name)
}

/// The name of what a method of this class returned: CIM's own classes have their own values, which some firmware
/// mixes with AMT's.
#[must_use]
pub fn name_for(class: &str, value: u32) -> &'static str {
    let own = if class.starts_with("CIM_") { cim_name(value) } else { None };
    own.unwrap_or_else(|| name(value))
}

#[cfg(test)]
mod tests {
    use super::{NAMES, name};

    #[test]
    fn statuses_are_in_order_and_found() {
        assert!(NAMES.is_sorted_by(|one, other| one.0 < other.0));
        assert_eq!(name(0), "SUCCESS");
        assert_eq!(name(36), "INVALID_PARAMETER");
        assert_eq!(name(2066), "UNSUPPORTED");
        assert_eq!(name(50), "UNKNOWN");
    }
}
