//! AMT counts wrong passwords and closes its administrator's account: whoever finds out that one is refused, the others
//! leave it alone for a while.

use super::site::Site;
use viaduct_server::{command::CommandError, config::Secret, inventory::DeviceChange};

async fn store(site: &Site, password: &str) {
    let amt = Some(("admin".to_owned(), Secret::new(password.to_owned())));
    let change = DeviceChange { amt, ..DeviceChange::default() };
    site.running.inventory().change(site.id(), change).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_a_command_nor_a_relay_tries_what_the_other_was_refused() {
    let site = Site::start().await;
    let right = site.platform.identity().amt_password.clone();
    let commands = site.running.commands();
    store(&site, "Wr0ng-one!").await;
    let refused = site.commands().await.unwrap().get("AMT_GeneralSettings").await;
    assert_eq!(refused.unwrap_err(), CommandError::CredentialRefused);
    // What a relay logs in with is the same account.
    assert_eq!(commands.credentials(site.id()).await.err(), Some(CommandError::CredentialRefused));
    // Another password is another matter, at once.
    store(&site, &right).await;
    let credentials = commands.credentials(site.id()).await.unwrap();
    site.commands().await.unwrap().get("AMT_GeneralSettings").await.unwrap();
    // And the other way round.
    commands.note_refusal(site.id(), &credentials);
    assert_eq!(site.commands().await.err(), Some(CommandError::CredentialRefused));
    commands.forget_refusal(site.id());
    site.commands().await.unwrap().get("AMT_GeneralSettings").await.unwrap();
}
