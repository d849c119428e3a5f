//! `registry init`: a folder for the registries of a country, with a list of what to fetch.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use registry::{Catalogue, Privacy, RegistrySource};

use super::list::counted;
use crate::args::Common;
use crate::fault::{Exit, Fault};
use crate::report::Report;
use crate::run::write_text;
use crate::verb::catalogue;

/// Arguments of `registry init`.
#[derive(Debug, Args)]
pub(crate) struct Init {
    /// Folder to make
    dir: PathBuf,
    /// Country, ISO 3166-1 alpha-2
    #[arg(long, value_name = "CODE")]
    country: String,
}

/// Writes the catalogue, the rules, the folders that the sources go in, and the list.
pub(crate) fn init(arguments: &Init, common: &Common) -> Result<Report, Fault> {
    let country = arguments.country.to_lowercase();
    let known: Vec<&str> = registry::CATALOGUES.iter().map(|(name, _)| *name).filter(|name| *name != "general").collect();
    if !known.contains(&country.as_str()) {
        let message =
            format!("--country {}: there is no catalogue of that country; there are {}", arguments.country, known.join(", "));
        return Err(Fault::usage(message));
    }
    let texts = registry::CATALOGUES.iter().filter(|(name, _)| *name == country || *name == "general").map(|(_, text)| *text);
    let text = texts.collect::<Vec<_>>().join("\n");
    let path = arguments.dir.join("catalogue.toml");
    let sources = catalogue::parse(&text, &path)?;
    if path.exists() && !common.force {
        return Err(Fault::new(Exit::Output, format!("{}: is there already; pass --force to write it anew", path.display())));
    }
    make_folders(&arguments.dir, &sources)?;
    let mut report = Report::new("registry init");
    let mut write = |path: PathBuf, text: &str| {
        write_text(&path, text)?;
        report.output(&path);
        Ok::<_, Fault>(())
    };
    write(path, text.trim_end())?;
    for (name, rules) in registry::RULE_PACKS.iter().filter(|(name, _)| name.starts_with(&country)) {
        write(arguments.dir.join("rules").join(format!("{name}.toml")), rules.trim_end())?;
    }
    write(arguments.dir.join("LISTA.md"), checklist(&sources).trim_end())?;
    let all: Vec<&RegistrySource> = sources.sources.iter().collect();
    report.say(counted(&all));
    report.say(format!("{} says what to fetch and where to put it", arguments.dir.join("LISTA.md").display()));
    Ok(report)
}

fn make_folders(dir: &Path, sources: &Catalogue) -> Result<(), Fault> {
    let folders = sources.sources.iter().filter_map(|source| Path::new(&source.path).parent());
    for folder in folders.chain([Path::new("rules")]) {
        let folder = dir.join(folder);
        std::fs::create_dir_all(&folder)
            .map_err(|error| Fault::new(Exit::Output, format!("{}: cannot be made: {error}", folder.display())))?;
    }
    Ok(())
}

/// What to fetch, where from and where to put it, in Spanish, theme by theme.
fn checklist(catalogue: &Catalogue) -> String {
    let mut text = String::from(
        "# Lista de fuentes oficiales\n\nPara cada fuente: conseguirla, ponerla en la ruta indicada, escribir el día de la copia en \
         `retrieved` del catálogo y correr `atalaya registry check catalogue.toml --suggest`. Una fuente que falta no es una respuesta: \
         las salidas dirán `source_absent`. Los registros marcados `documentation only` no se han visto en un extracto real; ninguna \
         regla se da por cumplida con ellos hasta revisar sus campos.\n",
    );
    let mut theme = "";
    for source in &catalogue.sources {
        if source.theme != theme {
            theme = &source.theme;
            let _ = write!(text, "\n## {theme}\n");
        }
        let _ = write!(text, "\n{}", item(source));
    }
    text
}

fn item(source: &RegistrySource) -> String {
    let told = &source.description;
    let privacy = match source.privacy {
        Privacy::Public => "pública",
        Privacy::Restricted => "restringida",
        Privacy::Personal => "datos personales",
    };
    let mut lines = vec![
        format!("- [ ] **{}** (`{}`), {}", source.title.es, source.id, source.authority),
        format!("  - ruta: `{}`; formato: {}; acceso: {}; {privacy}", source.path, told.format, told.access),
        format!("  - dónde: {}", told.obtain.es),
        format!("  - qué dice: {}", told.meaning.es),
        format!("  - licencia: {}; comprobado: {}", source.licence, source.verified.name()),
    ];
    lines.push(String::new());
    lines.join("\n")
}
