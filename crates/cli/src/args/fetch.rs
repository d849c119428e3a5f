use std::path::PathBuf;

use clap::Args;

/// Arguments of `fetch`.
#[derive(Debug, Args)]
pub(crate) struct Fetch {
    /// A job with a table [fetch], or a file of that table alone (TOML)
    #[arg(required_unless_present = "providers")]
    pub(crate) source: Option<PathBuf>,
    /// Folder of the STAC catalogue; what it holds already is not brought again
    #[arg(short, long, required_unless_present = "providers")]
    pub(crate) out: Option<PathBuf>,
    /// Only say what would be brought, and how many bytes that are
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Host that may be asked over the network, beside those of `[network] hosts`; may be repeated
    #[arg(long, value_name = "HOST")]
    pub(crate) allow_host: Vec<String>,
    /// List the providers that are known, with their hosts and the secrets they want
    #[arg(long, conflicts_with_all = ["source", "out"])]
    pub(crate) providers: bool,
}
