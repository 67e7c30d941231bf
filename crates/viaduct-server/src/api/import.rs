//! Many devices at once.

use super::{Api, body::Json, change, guard::Authorized, refusal::Refusal};
use crate::inventory::{self, Issued, Kept, Sealed, StoreError};
use axum::extract::State;
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value};
use std::sync::Arc;
use viaduct_api::{Code, ImportOutcome, PortableDevice, SealedCredentials, WrittenDevice};

/// So many share one transaction. Few enough that other changes need not wait long, many enough that the disk is
/// asked seldom.
const MOST: usize = 1000;

type Added = Result<(Arc<inventory::Device>, Option<Issued>), StoreError>;

/// One device on its way in.
struct Wish {
    new: inventory::NewDevice,
    profile: Map<String, Value>,
    /// The credentials of the server that it comes from.
    kept: Option<Kept>,
    /// The name was given, not made here.
    named: bool,
}

/// `POST /imports`: adds those devices that can be added, and says of each what became of it, in order. One that is
/// known already is not changed.
pub(super) async fn import(
    State(api): State<Arc<Api>>,
    caller: Authorized,
    Json(wishes): Json<Vec<PortableDevice>>,
) -> Result<axum::Json<Vec<ImportOutcome>>, Refusal> {
    let checked = judged(&api, wishes)?;
    let good = good(&checked);
    let what = format!("import {} devices", good.len());
    let added = caller.audited(&api, None, what, add(&api, &good, Manner::Write)).await?;
    let count = added.iter().filter(|added| added.is_ok()).count();
    tracing::info!(by = caller.principal.name, count, "devices added");
    let shown = |device: &inventory::Device, issued| change::written(&api, device, issued);
    Ok(axum::Json(outcomes(checked, added, shown)))
}

/// `POST /imports/check`: what `POST /imports` would do, of which nothing is kept; so no credential is shown either.
pub(super) async fn check(
    State(api): State<Arc<Api>>,
    Json(wishes): Json<Vec<PortableDevice>>,
) -> Result<axum::Json<Vec<ImportOutcome>>, Refusal> {
    let checked = judged(&api, wishes)?;
    let added = add(&api, &good(&checked), Manner::Plan).await?;
    let shown = |device: &inventory::Device, _| change::written(&api, device, None);
    Ok(axum::Json(outcomes(checked, added, shown)))
}

/// Whether it is done, or only thought through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    Write,
    Plan,
}

fn judged(api: &Api, wishes: Vec<PortableDevice>) -> Result<Vec<Result<Wish, Refusal>>, Refusal> {
    if wishes.len() > MOST {
        let detail = format!("{} devices are more than the {MOST} of one request", wishes.len());
        return Err(Refusal::new(Code::TooLarge, detail));
    }
    Ok(wishes.into_iter().map(|it| wish(api, it)).collect())
}

fn good(checked: &[Result<Wish, Refusal>]) -> Vec<&Wish> {
    checked.iter().filter_map(|wish| wish.as_ref().ok()).collect()
}

fn outcomes(
    checked: Vec<Result<Wish, Refusal>>,
    added: Vec<Added>,
    shown: impl Fn(&inventory::Device, Option<Issued>) -> WrittenDevice,
) -> Vec<ImportOutcome> {
    let mut added = added.into_iter();
    let outcomes = checked.into_iter().filter_map(|wish| {
        Some(match wish {
            Err(refusal) => ImportOutcome::Refused(refusal.problem()),
            Ok(_) => match added.next()? {
                Ok((device, issued)) => ImportOutcome::Added(Box::new(shown(&device, issued))),
                Err(error) => ImportOutcome::Refused(Refusal::from(error).problem()),
            },
        })
    });
    outcomes.collect()
}

fn wish(api: &Api, wish: PortableDevice) -> Result<Wish, Refusal> {
    let PortableDevice { device: mut wish, blocked, sealed } = wish;
    let id = change::checked(&wish)?;
    let named = wish.name.is_some();
    let users = (wish.mpsusername.clone(), wish.amt_user.clone());
    let kept = match sealed {
        Some(sealed) => Some(api.inventory.kept(id, opened(sealed)?, users, blocked)?),
        None => None,
    };
    let new = change::device(id, &mut wish);
    Ok(Wish { new, profile: change::profile(Map::new(), wish), kept, named })
}

fn opened(sealed: SealedCredentials) -> Result<Sealed, Refusal> {
    let SealedCredentials { keys, cira, amt_password } = sealed;
    let bytes = |text: Option<String>| text.map(|text| STANDARD.decode(text)).transpose();
    let broken = |_| {
        Refusal::invalid("sealed", "body", Value::Null, "expected what `GET /exports` gave, base64")
    };
    Ok(Sealed {
        keys,
        cira: bytes(cira).map_err(broken)?,
        amt_password: bytes(amt_password).map_err(broken)?,
    })
}

/// Those that fail only for a name that we made up come in under their UUID.
async fn add(api: &Api, wishes: &[&Wish], manner: Manner) -> Result<Vec<Added>, Refusal> {
    let entries = wishes
        .iter()
        .map(|wish| (wish.new.clone(), wish.profile.clone(), wish.kept.clone()))
        .collect();
    let mut added = add_all(api, entries, manner).await?;
    let (mut again, mut places) = (Vec::new(), Vec::new());
    for (place, (wish, outcome)) in wishes.iter().zip(&added).enumerate() {
        let name_is_at_fault = matches!(
            outcome,
            Err(StoreError::Exists(_) | StoreError::Invalid { field: "name" | "fqdn", .. })
        );
        if name_is_at_fault && !wish.named && api.inventory.get(wish.new.id).is_none() {
            let new = change::named_by_id(wish.new.clone());
            again.push((new, wish.profile.clone(), wish.kept.clone()));
            places.push(place);
        }
    }
    if !again.is_empty() {
        let outcomes = add_all(api, again, manner).await?;
        for (place, outcome) in places.into_iter().zip(outcomes) {
            if let Some(old) = added.get_mut(place) {
                *old = outcome;
            }
        }
    }
    Ok(added)
}

async fn add_all(
    api: &Api,
    entries: Vec<(inventory::NewDevice, Map<String, Value>, Option<Kept>)>,
    manner: Manner,
) -> Result<Vec<Added>, StoreError> {
    match manner {
        Manner::Write => api.inventory.add_all(entries).await,
        Manner::Plan => api.inventory.could_add_all(entries).await,
    }
}
