//! What a PC is made of, and which AMT it has.

use super::{
    json::{self, object, objects},
    visit::Asked,
};
use crate::{
    api::refusal::Refusal,
    command::{CommandError, DeviceCommands},
};
use amt::wsman::Instance;
use axum::Json;
use serde_json::{Map, Value, json};

/// `GET /amt/version`: clients look the versions up by their place in the list, so nothing is sorted or left out.
pub(super) async fn version(asked: Asked) -> Result<Json<Value>, Refusal> {
    let mut device = asked.connected()?.commands("version").await?;
    let software = device.enumerate("CIM_SoftwareIdentity").await?;
    let mut setup = object(&device.get("AMT_SetupAndConfigurationService").await?);
    // Firmware leaves these out where nothing is set, and Open AMT's page shows them.
    for suffix in ["DhcpDNSSuffix", "TrustedDNSSuffix"] {
        if let Value::Object(fields) = &mut setup {
            fields.entry(suffix).or_insert_with(|| "".into());
        }
    }
    let header = json::header(device.envelope());
    Ok(Json(json!({
        "CIM_SoftwareIdentity": { "responses": objects(&software), "status": 200 },
        "AMT_SetupAndConfigurationService": {
            "response": setup,
            "responses": { "Header": header, "Body": setup },
            "status": 200,
        },
    })))
}

/// `GET /amt/generalSettings`.
pub(super) async fn general(asked: Asked) -> Result<Json<Value>, Refusal> {
    let mut device = asked.connected()?.commands("general settings").await?;
    let settings = object(&device.get("AMT_GeneralSettings").await?);
    Ok(Json(json!({ "Header": json::header(device.envelope()), "Body": settings })))
}

/// `GET /amt/hardwareInfo`.
pub(super) async fn hardware(asked: Asked) -> Result<Json<Value>, Refusal> {
    let mut device = asked.connected()?.commands("hardware").await?;
    let mut all = Map::new();
    for class in ["CIM_ComputerSystemPackage", "CIM_Chassis", "CIM_Card", "CIM_BIOSElement"] {
        let part = single(&mut device, class).await?;
        all.insert(class.to_owned(), part);
    }
    for class in ["CIM_Processor", "CIM_PhysicalMemory", "CIM_MediaAccessDevice"] {
        let items = list(&mut device, class).await?;
        all.insert(class.to_owned(), several(&items));
    }
    // These two list instances of other classes; clients know one class of each.
    for (class, wanted) in
        [("CIM_PhysicalPackage", "CIM_Card"), ("CIM_SystemPackaging", "CIM_ComputerSystemPackage")]
    {
        let mut items = list(&mut device, class).await?;
        items.retain(|item| item.resource.class_name() == wanted);
        all.insert(class.to_owned(), several(&items));
    }
    let chips = list(&mut device, "CIM_Chip").await?;
    all.insert("CIM_Chip".to_owned(), several(&chips));
    Ok(Json(Value::Object(all)))
}

/// `GET /amt/diskInfo`; here the lists are nested once more.
pub(super) async fn disks(asked: Asked) -> Result<Json<Value>, Refusal> {
    let mut device = asked.connected()?.commands("disks").await?;
    let mut all = Map::new();
    for class in ["CIM_MediaAccessDevice", "CIM_PhysicalPackage"] {
        let items = list(&mut device, class).await?;
        all.insert(class.to_owned(), json!({ "responses": [objects(&items)], "status": 200 }));
    }
    Ok(Json(Value::Object(all)))
}

/// All instances; none where the platform does not have the class.
pub(super) async fn list(
    device: &mut DeviceCommands,
    class: &str,
) -> Result<Vec<Instance>, CommandError> {
    match device.enumerate(class).await {
        Err(error) if error.is_absent() => Ok(Vec::new()),
        other => other,
    }
}

/// The only instance; none where the platform does not have it.
pub(super) async fn get(
    device: &mut DeviceCommands,
    class: &str,
) -> Result<Option<Instance>, CommandError> {
    match device.get(class).await {
        Err(error) if error.is_absent() => Ok(None),
        other => other.map(Some),
    }
}

async fn single(device: &mut DeviceCommands, class: &str) -> Result<Value, CommandError> {
    let Some(instance) = get(device, class).await? else {
        return Ok(json!({ "responses": [], "status": 400 }));
    };
    let header = json::header(device.envelope());
    let mut fields = object(&instance);
    // Two spellings of one key are in use; some platforms leave the element around the date out.
    if let Some(date) = fields.get("ReleaseDate").cloned() {
        let time = date.get("Datetime").cloned().unwrap_or(date);
        fields["ReleaseDate"] = json!({ "Datetime": time, "DateTime": time });
    }
    Ok(json!({
        "response": fields, "responses": [{ "Header": header, "Body": fields }], "status": 200,
    }))
}

fn several(items: &[Instance]) -> Value {
    let status = if items.is_empty() { 400 } else { 200 };
    json!({ "responses": objects(items), "status": status })
}
