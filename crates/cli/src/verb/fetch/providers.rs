use std::collections::BTreeSet;

use fetch::{Access, AccessKind, Provider};
use serde_json::json;

use crate::args::Common;
use crate::fault::Fault;
use crate::report::{Report, print};

/// Lists the providers that are known.
pub(super) fn list(common: &Common) -> Result<Report, Fault> {
    let mut report = Report::new("fetch");
    let all = fetch::providers();
    if !common.json {
        for provider in &all {
            print(&told(provider))?;
        }
    }
    report.fact("providers", json!(all));
    Ok(report)
}

fn told(provider: &Provider) -> String {
    let secrets: BTreeSet<&str> = provider.access.iter().flat_map(secrets).collect();
    let secrets = if secrets.is_empty() { "none".to_owned() } else { secrets.into_iter().collect::<Vec<_>>().join(", ") };
    let Provider { id, title, api, terms, .. } = provider;
    format!(
        "{id}\n  {title}\n  api      {api}\n  hosts    {}\n  secrets  {secrets}\n  terms    {terms}",
        provider.hosts.join(" ")
    )
}

/// Names of the secrets that an access wants.
fn secrets(access: &Access) -> Vec<&str> {
    match &access.kind {
        AccessKind::Unsigned | AccessKind::Signed { .. } => Vec::new(),
        AccessKind::Bearer { token } => vec![token],
        AccessKind::Basic { user, password } => vec![user, password],
        AccessKind::Oauth2 { client_id, client_secret, user, password, .. } => {
            [client_id, client_secret, user, password].into_iter().filter_map(Option::as_deref).collect()
        }
        AccessKind::S3 { key, secret, .. } => vec![key, secret],
    }
}
