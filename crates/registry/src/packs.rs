/// Rule packs that come with the program: name and text (TOML).
pub const RULE_PACKS: [(&str, &str); 1] = [("co_ley_2111_2021", include_str!("../rules/co_ley_2111_2021.toml"))];

/// Catalogues that come with the program: country (ISO 3166-1 alpha-2, lower case; `general` for sources of the whole world) and text
/// (TOML).
pub const CATALOGUES: [(&str, &str); 2] =
    [("co", include_str!("../catalogue/co.toml")), ("general", include_str!("../catalogue/general.toml"))];
