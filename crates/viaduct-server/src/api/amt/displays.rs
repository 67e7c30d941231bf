//! The PC's displays as KVM sees them.

use super::{
    features::class,
    json::{self, number},
    visit::{Asked, Fields},
};
use crate::api::refusal::Refusal;
use amt::wsman::Instance;
use axum::Json;
use serde_json::{Value, json};

const SETTINGS: &str = "IPS_KVMRedirectionSettingData";
/// More displays AMT does not know.
const DISPLAYS: usize = 4;

/// `GET /amt/kvm/displays`.
pub(super) async fn show(asked: Asked) -> Result<Json<Value>, Refusal> {
    let mut device = asked.connected()?.commands("displays").await?;
    let screens = super::hardware::list(&mut device, "IPS_ScreenSettingData").await?;
    let settings = device.get(SETTINGS).await?;
    let displays =
        screens.first().map(|screen| displays(screen, number(&settings, "DefaultScreen")));
    Ok(Json(json!({ "displays": displays.unwrap_or_default() })))
}

fn displays(screen: &Instance, default: i64) -> Vec<Value> {
    let texts = |name| -> Vec<&str> {
        screen.all(name).map(|value| value.as_text().unwrap_or_default()).collect()
    };
    let active = texts("IsActive");
    let coordinates = ["UpperLeftX", "UpperLeftY", "ResolutionX", "ResolutionY"].map(texts);
    let roles = [
        ("primary", "PrimaryIndex"),
        ("secondary", "SecondaryIndex"),
        ("tertiary", "TertiaryIndex"),
        ("quaternary", "QuadraryIndex"),
    ];
    (0..active.len().min(DISPLAYS))
        .map(|index| {
            let number_at = |values: &Vec<&str>| -> i64 {
                values.get(index).and_then(|text| text.trim().parse().ok()).unwrap_or_default()
            };
            let [x, y, width, height] = coordinates.each_ref().map(number_at);
            let position = i64::try_from(index).unwrap_or_default();
            let mut display = json!({
                "displayIndex": index,
                "isActive": active.get(index).is_some_and(|text| matches!(text.trim(), "true" | "1")),
                "upperLeftX": x, "upperLeftY": y, "resolutionX": width, "resolutionY": height,
                "isDefault": position == default,
            });
            // The platform counts displays from one here.
            let role = roles.iter().find(|(_, key)| {
                screen.get(key).is_some() && number(screen, key) == position + 1
            });
            if let Some((role, _)) = role {
                display["role"] = (*role).into();
            }
            display
        })
        .collect()
}

/// `PUT /amt/kvm/displays`.
pub(super) async fn change(asked: Asked, fields: Fields) -> Result<Json<Value>, Refusal> {
    let msg = "expected a display, 0 to 3";
    let index = fields.required::<u32>("displayIndex", msg)?;
    if index as usize >= DISPLAYS {
        return Err(Fields::bad("displayIndex", index.into(), msg));
    }
    let visit = asked.connected()?;
    let own = visit.clone();
    let work = async move {
        let mut device = own.commands("choose display").await?;
        let mut settings = device.get(SETTINGS).await?;
        // What is secret is never read, and must not be overwritten with nothing.
        settings.properties.retain(|(name, _)| name != "RFBPassword");
        settings.set("DefaultScreen", [index.into()]);
        let put = device.put(class(SETTINGS)?, settings.clone()).await?;
        Ok(json::object(&put.unwrap_or(settings)))
    };
    visit.change(format!("show display {index} first"), work).await.map(Json)
}

#[cfg(test)]
mod tests {
    use super::*;
    use amt::wsman::ResourceUri;

    #[test]
    fn captured_displays_are_shaped() {
        let uri = ResourceUri::of_class("IPS_ScreenSettingData").unwrap();
        let mut screen = Instance::new(uri);
        let values: [(&str, &[&str]); 9] = [
            ("IsActive", &["true", "true", "false", "false"]),
            ("PrimaryIndex", &["1"]),
            ("SecondaryIndex", &["2"]),
            ("TertiaryIndex", &["3"]),
            ("QuadraryIndex", &["4"]),
            ("ResolutionX", &["1920", "1920", "0", "0"]),
            ("ResolutionY", &["1080", "1080", "0", "0"]),
            ("UpperLeftX", &["0", "1920", "-1", "-1"]),
            ("UpperLeftY", &["0", "0", "-1", "-1"]),
        ];
        for (name, texts) in values {
            screen.set(name, texts.iter().map(|text| (*text).into()));
        }
        let all = displays(&screen, 1);
        assert_eq!(all.len(), 4);
        let second = json!({
            "displayIndex": 1, "isActive": true, "upperLeftX": 1920, "upperLeftY": 0,
            "resolutionX": 1920, "resolutionY": 1080, "isDefault": true, "role": "secondary",
        });
        assert_eq!(all[1], second);
        assert_eq!(all[3]["upperLeftX"], -1);
    }
}
