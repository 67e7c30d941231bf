//! Many devices at once.

use super::{Api, body::Json, change, guard::Authorized, refusal::Refusal};
use crate::inventory::{self, Issued, StoreError};
use axum::extract::State;
use serde_json::{Map, Value};
use std::sync::Arc;
use viaduct_api::{Code, ImportOutcome, NewDevice};

/// So many share one transaction. Few enough that other changes need not wait long, many enough that the disk is
/// asked seldom.
const MOST: usize = 1000;

type Added = Result<(Arc<inventory::Device>, Option<Issued>), StoreError>;

/// One device on its way in.
struct Wish {
    new: inventory::NewDevice,
    profile: Map<String, Value>,
    /// The name was given, not made here.
    named: bool,
}

/// `POST /imports`: adds those devices that can be added, and says of each what became of it, in order. One that is
/// known already is not changed.
pub(super) async fn import(
    State(api): State<Arc<Api>>,
    caller: Authorized,
    Json(wishes): Json<Vec<NewDevice>>,
) -> Result<axum::Json<Vec<ImportOutcome>>, Refusal> {
    if wishes.len() > MOST {
        let detail = format!("{} devices are more than the {MOST} of one request", wishes.len());
        return Err(Refusal::new(Code::TooLarge, detail));
    }
    let checked: Vec<Result<Wish, Refusal>> = wishes.into_iter().map(wish).collect();
    let good: Vec<&Wish> = checked.iter().filter_map(|wish| wish.as_ref().ok()).collect();
    let what = format!("import {} devices", good.len());
    let added = caller.audited(&api, None, what, add(&api, &good)).await?;
    let count = added.iter().filter(|added| added.is_ok()).count();
    tracing::info!(by = caller.principal.name, count, "devices added");
    let mut added = added.into_iter();
    let outcomes = checked.into_iter().filter_map(|wish| {
        Some(match wish {
            Err(refusal) => ImportOutcome::Refused(refusal.problem()),
            Ok(_) => match added.next()? {
                Ok((device, issued)) => {
                    ImportOutcome::Added(Box::new(change::written(&api, &device, issued)))
                }
                Err(error) => ImportOutcome::Refused(Refusal::from(error).problem()),
            },
        })
    });
    Ok(axum::Json(outcomes.collect()))
}

fn wish(mut wish: NewDevice) -> Result<Wish, Refusal> {
    let id = change::checked(&wish)?;
    let named = wish.name.is_some();
    let new = change::device(id, &mut wish);
    Ok(Wish { new, profile: change::profile(Map::new(), wish), named })
}

/// Those that fail only for a name that we made up come in under their UUID.
async fn add(api: &Api, wishes: &[&Wish]) -> Result<Vec<Added>, Refusal> {
    let entries = wishes.iter().map(|wish| (wish.new.clone(), wish.profile.clone())).collect();
    let mut added = api.inventory.add_all(entries).await?;
    let (mut again, mut places) = (Vec::new(), Vec::new());
    for (place, (wish, outcome)) in wishes.iter().zip(&added).enumerate() {
        let name_is_at_fault = matches!(
            outcome,
            Err(StoreError::Exists(_) | StoreError::Invalid { field: "name" | "fqdn", .. })
        );
        if name_is_at_fault && !wish.named && api.inventory.get(wish.new.id).is_none() {
            again.push((change::named_by_id(wish.new.clone()), wish.profile.clone()));
            places.push(place);
        }
    }
    if !again.is_empty() {
        let outcomes = api.inventory.add_all(again).await?;
        for (place, outcome) in places.into_iter().zip(outcomes) {
            if let Some(old) = added.get_mut(place) {
                *old = outcome;
            }
        }
    }
    Ok(added)
}
