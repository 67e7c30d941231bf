//! Failed sign-ins, as rows of the audit log: the first ones at once, then what there was in a minute.

use super::{Audit, Outcome};
use crate::access::{Access, Action, Failed, Principal, Scope};
use std::time::Duration;
use tokio::{sync::watch, time::timeout};

/// After some were written, the next ones are gathered for so long.
const GATHER: Duration = Duration::from_secs(60);
/// So many rows at a time; what is beyond is one more row.
const ROWS: usize = 20;

impl Audit {
    /// Records failed sign-ins until `down` is true, and then those that are left.
    pub async fn follow_sign_ins(self, access: Access, mut down: watch::Receiver<bool>) {
        loop {
            let over = tokio::select! {
                () = access.failed_again() => false,
                _ = down.wait_for(|down| *down) => true,
            };
            self.record(access.take_failed()).await;
            if over || timeout(GATHER, down.wait_for(|down| *down)).await.is_ok() {
                return self.record(access.take_failed()).await;
            }
        }
    }

    async fn record(&self, failed: Failed) {
        let mut all: Vec<_> = failed.by.into_iter().collect();
        all.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        let rest = all.split_off(all.len().min(ROWS));
        for ((account, from), count) in all {
            let who = Principal::new(account, Scope::Proxy).at(from);
            self.refused(&who, count).await;
        }
        let beyond = failed.beyond + rest.iter().map(|(_, count)| count).sum::<u64>();
        if beyond > 0 {
            self.refused(&Principal::new("(several)", Scope::Proxy), beyond).await;
        }
    }

    async fn refused(&self, who: &Principal, count: u64) {
        let why = match count {
            1 => "refused".to_owned(),
            count => format!("refused {count} times"),
        };
        let outcome = Outcome::Failed(why);
        let noted = self.note(who, Action::SignIn, None, "sign in", &outcome).await;
        if let Err(error) = noted {
            tracing::warn!(user = who.name, %error, "failed sign-ins are not recorded");
        }
    }
}
